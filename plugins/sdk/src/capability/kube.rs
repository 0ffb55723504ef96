//! Clusters of Kubernetes through the host, which connects, decides what may be called, and keeps Secrets sealed.
//!
//! A [`Cluster`] is a sealed kubeconfig. Objects are JSON as in a manifest, and are named as there: by
//! `apiVersion`, `kind`, namespace and name. Reads and writes are two halves, as in [`http`](crate::http);
//! every list goes to the host as one call, and the host runs it side by side.
//!
//! A [`Secret`] stands in an object where its value would, in the `data` or `stringData` of a Secret, and the
//! host opens it there; in what comes back, every value of these is a [`Secret`], but for Secrets that the manifest's
//! `reveal` names.
//!
//! The codes of problems are the API's reasons in kebab-case (`already-exists`, `invalid`, `forbidden`), with
//! `kind-unknown` where the server has no such kind and `field-manager-conflict` where an apply would take
//! what another manager owns.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::{kube_read, kube_write};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::kube::{kube_read, kube_write};

use serde::Serialize;
use serde_json::Value;

use crate::batch::only;
use crate::bindings::maps::platform::{kube_types as wire, kube_write as write, types};
use crate::kind::Step;
use crate::problem::Problem;
use crate::secret::Secret;

pub use wire::{ApiResource, Deletion, Discovery, PropagationPolicy};

/// A kind by its `apiVersion` and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeMeta {
    /// `apps/v1`, or `v1` for the core group.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
}

impl TypeMeta {
    /// `TypeMeta::new("apps/v1", "Deployment")`.
    pub fn new(api_version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { api_version: api_version.into(), kind: kind.into() }
    }

    /// The group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectReference {
    /// Its kind.
    pub kind: TypeMeta,
    /// Required where the kind is namespaced, not used where it is not.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectReference {
    /// What a manifest's object is called; `None` without `apiVersion`, `kind` and `metadata.name`.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer)?.as_str().filter(|text| !text.is_empty());
        Some(Self {
            kind: TypeMeta::new(text("/apiVersion")?, text("/kind")?),
            namespace: text("/metadata/namespace").map(str::to_owned),
            name: text("/metadata/name")?.to_owned(),
        })
    }
}

/// Which objects to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// Their kind.
    pub kind: TypeMeta,
    /// `None` is all namespaces.
    pub namespace: Option<String>,
    /// As in `kubectl get -l`.
    pub label_selector: Option<String>,
    /// As in `kubectl get --field-selector`.
    pub field_selector: Option<String>,
}

impl ListOptions {
    /// All objects of a kind.
    pub fn all(kind: TypeMeta) -> Self {
        Self { kind, namespace: None, label_selector: None, field_selector: None }
    }
}

/// An object to apply by server-side apply, in the name of the field manager that the rule says: `maps`, unless it
/// names another.
#[derive(Clone, Debug)]
pub struct Apply {
    wire: wire::ApplyOptions,
}

impl Apply {
    /// The whole object, with `apiVersion`, `kind` and `metadata.name`. With `force` it takes fields that other
    /// managers own, which is a conflict without.
    ///
    /// # Errors
    /// When it has no JSON form: a map whose keys are no texts, a float that is no number.
    pub fn new(object: &impl Serialize, force: bool) -> Result<Self, Problem> {
        Ok(Self { wire: wire::ApplyOptions { object: text(object)?, force } })
    }
}

/// An object to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// Which.
    pub object: ObjectReference,
    /// What becomes of what it owns; `None` is the kind's own default.
    pub propagation: Option<PropagationPolicy>,
    /// Only the object with this uid: another of the same name is a conflict.
    pub uid: Option<String>,
    /// Only while it is at this version.
    pub resource_version: Option<String>,
}

impl Delete {
    /// Whatever object has this name.
    pub fn any(object: ObjectReference) -> Self {
        Self { object, propagation: None, uid: None, resource_version: None }
    }
}

/// A cluster, by a sealed kubeconfig.
#[derive(Clone, Debug)]
pub struct Cluster {
    kubeconfig: Secret,
}

impl Cluster {
    /// The cluster that a kubeconfig is for. Nothing is asked yet.
    pub fn new<T>(kubeconfig: &Secret<T>) -> Self {
        Self { kubeconfig: Secret::from_handle(kubeconfig.handle()) }
    }

    /// What the server knows of these kinds; `None` where it has no such kind.
    pub fn resolve_all(&self, kinds: &[TypeMeta]) -> Vec<Result<Option<ApiResource>, Problem>> {
        if kinds.is_empty() {
            return Vec::new();
        }
        let kinds: Vec<_> = kinds
            .iter()
            .map(|kind| wire::TypeMeta { api_version: kind.api_version.clone(), kind: kind.kind.clone() })
            .collect();
        received(kube_read::resolve(self.kubeconfig.handle(), &kinds))
    }

    /// What the server knows of a kind.
    ///
    /// # Errors
    /// When it could not be asked.
    pub fn resolve(&self, kind: &TypeMeta) -> Result<Option<ApiResource>, Problem> {
        only(self.resolve_all(std::slice::from_ref(kind)))
    }

    /// The server's version and all kinds that it serves by now.
    ///
    /// # Errors
    /// When it could not be asked.
    pub fn discover(&self) -> Result<Discovery, Problem> {
        kube_read::discover(self.kubeconfig.handle()).map_err(Problem::from)
    }

    /// The objects as they are; `None` where there is none.
    pub fn get_all(&self, objects: &[ObjectReference]) -> Vec<Result<Option<Value>, Problem>> {
        if objects.is_empty() {
            return Vec::new();
        }
        let objects: Vec<_> = objects.iter().map(reference).collect();
        let answers = received(kube_read::get(self.kubeconfig.handle(), &objects));
        answers.into_iter().map(|answer| answer?.as_deref().map(parse).transpose()).collect()
    }

    /// An object as it is.
    ///
    /// # Errors
    /// When it could not be asked for, and `kind-unknown` when the server has no such kind.
    pub fn get(&self, object: &ObjectReference) -> Result<Option<Value>, Problem> {
        only(self.get_all(std::slice::from_ref(object)))
    }

    /// The objects of each selection, of all pages.
    pub fn list_all(&self, lists: &[ListOptions]) -> Vec<Result<Vec<Value>, Problem>> {
        if lists.is_empty() {
            return Vec::new();
        }
        let lists: Vec<_> = lists
            .iter()
            .map(|list| wire::ListOptions {
                api_version: list.kind.api_version.clone(),
                kind: list.kind.kind.clone(),
                namespace: list.namespace.clone(),
                label_selector: list.label_selector.clone(),
                field_selector: list.field_selector.clone(),
            })
            .collect();
        let answers = received(kube_read::list(self.kubeconfig.handle(), &lists));
        answers.into_iter().map(|answer| answer?.iter().map(|item| parse(item)).collect()).collect()
    }

    /// The objects of a selection, of all pages.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn list(&self, list: &ListOptions) -> Result<Vec<Value>, Problem> {
        only(self.list_all(std::slice::from_ref(list)))
    }

    /// What [`apply_all`](Self::apply_all) would make of each; nothing is kept.
    pub fn dry_run_all(&self, objects: Vec<Apply>) -> Vec<Result<Value, Problem>> {
        if objects.is_empty() {
            return Vec::new();
        }
        let objects: Vec<_> = objects.into_iter().map(|apply| apply.wire).collect();
        objects_of(kube_read::dry_run(self.kubeconfig.handle(), &objects))
    }

    /// Applies objects side by side, each in the name of the steps that it serves; answers them as they then are.
    pub fn apply_all(&self, writes: Vec<(Vec<Step>, Apply)>) -> Vec<Result<Value, Problem>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let write = |(steps, apply): (Vec<Step>, Apply)| write::ApplyWrite { items: items(steps), apply: apply.wire };
        let writes: Vec<_> = writes.into_iter().map(write).collect();
        objects_of(kube_write::apply(self.kubeconfig.handle(), &writes))
    }

    /// Applies an object in the name of a step.
    ///
    /// # Errors
    /// What the host or the server refuses.
    pub fn apply(&self, step: Step, object: Apply) -> Result<Value, Problem> {
        only(self.apply_all(vec![(vec![step], object)]))
    }

    /// Makes objects side by side that must not be there yet.
    pub fn create_all(&self, writes: Vec<(Vec<Step>, &Value)>) -> Vec<Result<Value, Problem>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let write = |(steps, object): (Vec<Step>, &Value)| write::CreateWrite {
            items: items(steps),
            object: object.to_string(),
        };
        let writes: Vec<_> = writes.into_iter().map(write).collect();
        objects_of(kube_write::create(self.kubeconfig.handle(), &writes))
    }

    /// Makes an object that must not be there yet.
    ///
    /// # Errors
    /// `already-exists`, of class conflict, when it is there; what the host or the server refuses.
    pub fn create(&self, step: Step, object: &Value) -> Result<Value, Problem> {
        only(self.create_all(vec![(vec![step], object)]))
    }

    /// Deletes objects side by side, each in the name of the steps that it serves.
    pub fn delete_all(&self, writes: Vec<(Vec<Step>, Delete)>) -> Vec<Result<Deletion, Problem>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let write = |(steps, delete): (Vec<Step>, Delete)| write::DeleteWrite {
            items: items(steps),
            object: reference(&delete.object),
            propagation: delete.propagation,
            uid: delete.uid,
            resource_version: delete.resource_version,
        };
        let writes: Vec<_> = writes.into_iter().map(write).collect();
        received(kube_write::delete(self.kubeconfig.handle(), &writes))
    }

    /// Deletes an object in the name of a step.
    ///
    /// # Errors
    /// What the host or the server refuses; that it is absent is no error.
    pub fn delete(&self, step: Step, object: Delete) -> Result<Deletion, Problem> {
        only(self.delete_all(vec![(vec![step], object)]))
    }
}

fn reference(object: &ObjectReference) -> wire::ObjectReference {
    wire::ObjectReference {
        api_version: object.kind.api_version.clone(),
        kind: object.kind.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

fn items(steps: Vec<Step>) -> Vec<u32> {
    steps.into_iter().map(|Step(item)| item).collect()
}

fn text(object: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(object)
        .map_err(|error| Problem::internal("not-json", format!("an object has no JSON form: {error}")))
}

fn parse(text: &str) -> Result<Value, Problem> {
    // The parser's own message could quote what it read.
    serde_json::from_str(text).map_err(|_| Problem::internal("unexpected-answer", "the host answered no JSON"))
}

fn received<T>(answers: Vec<Result<T, types::Problem>>) -> Vec<Result<T, Problem>> {
    answers.into_iter().map(|answer| answer.map_err(Problem::from)).collect()
}

fn objects_of(answers: Vec<Result<String, types::Problem>>) -> Vec<Result<Value, Problem>> {
    received(answers).into_iter().map(|answer| parse(&answer?)).collect()
}
