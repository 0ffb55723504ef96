//! A cluster on the machine where tests run: what a test answers for it.
//!
//! ```
//! use maps_sdk::Secret;
//! use maps_sdk::kube::{Cluster, ObjectReference, TypeMeta};
//! use maps_sdk::testing::kube::{self, Verb};
//! use serde_json::{Value, json};
//!
//! kube::cluster(|call| {
//!     assert_eq!((call.verb, call.kind.as_str()), (Verb::Get, "Namespace"));
//!     Ok(if call.name == "maps" { json!({"metadata": {"name": "maps"}}) } else { Value::Null })
//! });
//! let cluster = Cluster::new(&Secret::<String>::from_handle("kubeconfig"));
//! let namespace = |name: &str| {
//!     let kind = TypeMeta::new("v1", "Namespace");
//!     cluster.get(&ObjectReference { kind, namespace: None, name: name.to_owned() }).unwrap()
//! };
//! assert!(namespace("maps").is_some());
//! assert!(namespace("other").is_none());
//! assert_eq!(kube::calls().len(), 2);
//! ```

use std::cell::RefCell;

use serde_json::{Value, json};

use super::Half;
use crate::bindings::maps::platform::kube_types::{
    ApiResource, ApplyOptions, Deletion, Discovery, ListOptions, ObjectReference, PropagationPolicy, TypeMeta,
};
use crate::bindings::maps::platform::types;
use crate::problem::Problem;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Answered with `{"name": "deployments", "namespaced": true}`, or null where there is no such kind.
    Resolve,
    /// Answered with `{"gitVersion": "v1.33.1", "major": "1", "minor": "33", "kinds": [{"apiVersion": "apps/v1",
    /// "kind": "Deployment", "name": "deployments", "namespaced": true}]}`.
    Discover,
    /// Answered with the object, or null where there is none.
    Get,
    /// Answered with an array of objects.
    List,
    /// Answered with the object as it would be.
    DryRun,
    /// Answered with the object as it then is.
    Apply,
    /// Answered with the object as it then is.
    Create,
    /// Answered with `"absent"`, `"gone"` or `"under-way"`.
    Delete,
}

/// One call that the code under test made: one item of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct KubeCall {
    /// What it does.
    pub verb: Verb,
    /// The handle of the kubeconfig.
    pub kubeconfig: String,
    /// The batch indices that a write claims to serve.
    pub items: Vec<u32>,
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// As given; of an object, its `metadata.namespace`.
    pub namespace: Option<String>,
    /// Empty for `Resolve` and `List`.
    pub name: String,
    /// The object that is applied or created, else null.
    pub object: Value,
    /// Of an apply or a dry run.
    pub force: bool,
    /// Of a list.
    pub label_selector: Option<String>,
    /// Of a list.
    pub field_selector: Option<String>,
    /// Of a delete.
    pub propagation: Option<PropagationPolicy>,
    /// Of a delete.
    pub uid: Option<String>,
    /// Of a delete.
    pub resource_version: Option<String>,
}

impl KubeCall {
    /// Which half of the interface it took.
    pub fn half(&self) -> Half {
        match self.verb {
            Verb::Resolve | Verb::Discover | Verb::Get | Verb::List | Verb::DryRun => Half::Read,
            Verb::Apply | Verb::Create | Verb::Delete => Half::Write,
        }
    }

    fn new(verb: Verb, kubeconfig: &str, items: &[u32], api_version: &str, kind: &str) -> Self {
        Self {
            verb,
            kubeconfig: kubeconfig.to_owned(),
            items: items.to_vec(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: String::new(),
            object: Value::Null,
            force: false,
            label_selector: None,
            field_selector: None,
            propagation: None,
            uid: None,
            resource_version: None,
        }
    }

    fn of_object(verb: Verb, kubeconfig: &str, items: &[u32], object: &str) -> Self {
        let object: Value = serde_json::from_str(object).unwrap_or_default();
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let mut call = Self::new(verb, kubeconfig, items, text("/apiVersion"), text("/kind"));
        call.namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).map(str::to_owned);
        call.name = text("/metadata/name").to_owned();
        call.object = object;
        call
    }

    fn of_reference(verb: Verb, kubeconfig: &str, items: &[u32], object: &ObjectReference) -> Self {
        let mut call = Self::new(verb, kubeconfig, items, &object.api_version, &object.kind);
        call.namespace.clone_from(&object.namespace);
        call.name.clone_from(&object.name);
        call
    }
}

type Responder = Box<dyn FnMut(&KubeCall) -> Result<Value, Problem>>;

thread_local! {
    static RESPONDER: RefCell<Option<Responder>> = const { RefCell::new(None) };
    static CALLS: RefCell<Vec<KubeCall>> = const { RefCell::new(Vec::new()) };
}

/// Answers the calls of clusters of this thread from now on, and forgets those made before.
pub fn cluster(responder: impl FnMut(&KubeCall) -> Result<Value, Problem> + 'static) {
    RESPONDER.with_borrow_mut(|slot| *slot = Some(Box::new(responder)));
    CALLS.with_borrow_mut(Vec::clear);
}

/// The calls of clusters of this thread, in order.
pub fn calls() -> Vec<KubeCall> {
    CALLS.with_borrow(Clone::clone)
}

fn answer(call: &KubeCall) -> Result<Value, types::Problem> {
    CALLS.with_borrow_mut(|calls| calls.push(call.clone()));
    // Taken out while it runs, so that it may call what sets it.
    let taken = RESPONDER.with_borrow_mut(Option::take);
    let Some(mut responder) = taken else {
        return Err(Problem::internal("no-responder", "the test answers no calls of clusters").into());
    };
    let answered = responder(call);
    RESPONDER.with_borrow_mut(|slot| {
        slot.get_or_insert(responder);
    });
    answered.map_err(types::Problem::from)
}

fn misfit(expected: &str) -> types::Problem {
    Problem::internal("test-answer", format!("the test answers something else than {expected}")).into()
}

fn resolved(kind: &TypeMeta, answer: &Value) -> Result<Option<ApiResource>, types::Problem> {
    if answer.is_null() {
        return Ok(None);
    }
    let (group, version) = kind.api_version.split_once('/').unwrap_or(("", &kind.api_version));
    let (Some(name), Some(namespaced)) = (answer["name"].as_str(), answer["namespaced"].as_bool()) else {
        return Err(misfit("a name and whether it is namespaced"));
    };
    let verbs = ["create", "delete", "get", "list", "patch"].map(str::to_owned).to_vec();
    Ok(Some(ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.kind.clone(),
        name: name.to_owned(),
        namespaced,
        verbs,
    }))
}

pub(crate) mod kube_read {
    use super::*;

    pub(crate) fn resolve(cluster: &str, kinds: &[TypeMeta]) -> Vec<Result<Option<ApiResource>, types::Problem>> {
        let resolve = |kind: &TypeMeta| {
            let call = KubeCall::new(Verb::Resolve, cluster, &[], &kind.api_version, &kind.kind);
            resolved(kind, &answer(&call)?)
        };
        kinds.iter().map(resolve).collect()
    }

    pub(crate) fn discover(cluster: &str) -> Result<Discovery, types::Problem> {
        let found = answer(&KubeCall::new(Verb::Discover, cluster, &[], "", ""))?;
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        let kinds = found["kinds"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(|kind| {
            let named = |name: &str| kind[name].as_str().unwrap_or_default().to_owned();
            let meta = TypeMeta { api_version: named("apiVersion"), kind: named("kind") };
            resolved(&meta, kind)?.ok_or_else(|| misfit("a kind"))
        });
        Ok(Discovery {
            git_version: text("gitVersion"),
            major: text("major"),
            minor: text("minor"),
            kinds: kinds.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn get(cluster: &str, objects: &[ObjectReference]) -> Vec<Result<Option<String>, types::Problem>> {
        let get = |object: &ObjectReference| {
            let found = answer(&KubeCall::of_reference(Verb::Get, cluster, &[], object))?;
            Ok((!found.is_null()).then(|| found.to_string()))
        };
        objects.iter().map(get).collect()
    }

    pub(crate) fn list(cluster: &str, lists: &[ListOptions]) -> Vec<Result<Vec<String>, types::Problem>> {
        let list = |list: &ListOptions| {
            let mut call = KubeCall::new(Verb::List, cluster, &[], &list.api_version, &list.kind);
            call.namespace.clone_from(&list.namespace);
            call.label_selector.clone_from(&list.label_selector);
            call.field_selector.clone_from(&list.field_selector);
            let answered = answer(&call)?;
            let items = answered.as_array().ok_or_else(|| misfit("an array"))?;
            Ok(items.iter().map(Value::to_string).collect())
        };
        lists.iter().map(list).collect()
    }

    pub(crate) fn dry_run(cluster: &str, objects: &[ApplyOptions]) -> Vec<Result<String, types::Problem>> {
        let apply = |apply: &ApplyOptions| {
            let mut call = KubeCall::of_object(Verb::DryRun, cluster, &[], &apply.object);
            call.force = apply.force;
            Ok(answer(&call)?.to_string())
        };
        objects.iter().map(apply).collect()
    }
}

pub(crate) mod kube_write {
    use super::*;
    use crate::bindings::maps::platform::kube_write::{ApplyWrite, CreateWrite, DeleteWrite};

    pub(crate) fn apply(cluster: &str, writes: &[ApplyWrite]) -> Vec<Result<String, types::Problem>> {
        let apply = |write: &ApplyWrite| {
            let mut call = KubeCall::of_object(Verb::Apply, cluster, &write.items, &write.apply.object);
            call.force = write.apply.force;
            Ok(answer(&call)?.to_string())
        };
        writes.iter().map(apply).collect()
    }

    pub(crate) fn create(cluster: &str, writes: &[CreateWrite]) -> Vec<Result<String, types::Problem>> {
        let create = |write: &CreateWrite| {
            Ok(answer(&KubeCall::of_object(Verb::Create, cluster, &write.items, &write.object))?.to_string())
        };
        writes.iter().map(create).collect()
    }

    pub(crate) fn delete(cluster: &str, writes: &[DeleteWrite]) -> Vec<Result<Deletion, types::Problem>> {
        let delete = |write: &DeleteWrite| {
            let mut call = KubeCall::of_reference(Verb::Delete, cluster, &write.items, &write.object);
            (call.propagation, call.uid, call.resource_version) =
                (write.propagation, write.uid.clone(), write.resource_version.clone());
            match answer(&call)? {
                said if said == json!("absent") => Ok(Deletion::Absent),
                said if said == json!("gone") => Ok(Deletion::Gone),
                said if said == json!("under-way") => Ok(Deletion::UnderWay),
                _ => Err(misfit("absent, gone or under-way")),
            }
        };
        writes.iter().map(delete).collect()
    }
}
