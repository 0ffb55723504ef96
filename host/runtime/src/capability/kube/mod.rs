//! `kube`: objects of Kubernetes clusters.
//!
//! The order is that of [`http`](super::http): the sealed kubeconfig opened and held to what one may say → the
//! kinds found by the server's discovery → decided on, by verb, group, resource, namespace, name and step →
//! secrets opened in the places that have them → rate, journal, audit line → sent by the cluster's own
//! client, which trusts its CA alone → answer read, Secrets sealed, scrubbed. A dry run is a function of the
//! read half, and says so to the server by itself.

mod batch;
mod cluster;
mod discover;
mod kubeconfig;
mod sealed;
mod send;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use maps_engine::capability::{Family, Half, Interface, Verb};
use maps_engine::{Class, Problem, Value};
use serde_json::Value as Json;

pub(super) use cluster::{ApiResource, Clusters};
pub(super) use discover::Discovery;

use super::http::HttpCapability;
use super::outgoing::Line;
use crate::scope::CallScope;
use batch::Batch;

/// Bytes of one object: etcd takes 1.5 MiB.
const OBJECT_BYTES: usize = 2 << 20;
/// A kind as manifests name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TypeMeta {
    pub(super) api_version: String,
    pub(super) kind: String,
}

/// An object as manifests name it.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) kind: TypeMeta,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// What to list.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) kind: TypeMeta,
    pub(super) namespace: Option<String>,
    pub(super) label_selector: Option<String>,
    pub(super) field_selector: Option<String>,
}

/// What to write, or to try.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    pub(super) items: Vec<u32>,
    /// JSON text, in which sealed values may stand.
    pub(super) object: String,
    pub(super) force: bool,
}

/// What to delete.
#[derive(Clone, Debug)]
pub(super) struct Deleting {
    pub(super) items: Vec<u32>,
    pub(super) object: Reference,
    /// As the API spells it.
    pub(super) propagation: Option<&'static str>,
    pub(super) uid: Option<String>,
    pub(super) resource_version: Option<String>,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deleted {
    Absent,
    Gone,
    UnderWay,
}

/// An object that was read from JSON text, and what it is about.
struct Parsed {
    reference: Reference,
    value: Value,
    /// As the guest wrote it: what is sealed is a handle.
    raw: Json,
}

type Answers<T> = Vec<Result<T, Problem>>;

fn internal(message: &str) -> Problem {
    Problem::new(Class::Internal, "kube-internal", format!("the call cannot be made: {message}"))
}

fn invalid(code: &'static str, message: String) -> Problem {
    Problem::new(Class::Invalid, code, message)
}

impl HttpCapability {
    /// What the server knows of kinds.
    pub(super) async fn kube_resolve(
        &self,
        scope: &CallScope,
        handle: &str,
        kinds: Vec<TypeMeta>,
    ) -> Answers<Option<ApiResource>> {
        let wanted = kinds.iter().cloned().collect();
        match self.batch(scope, Half::Read, handle, wanted).await {
            Ok(batch) => kinds.iter().map(|kind| batch.kind(kind)).collect(),
            Err(problem) => kinds.iter().map(|_| Err(problem.clone())).collect(),
        }
    }

    /// What the server is, and all that it serves.
    pub(super) async fn kube_discover(&self, scope: &CallScope, handle: &str) -> Result<Discovery, Problem> {
        self.batch(scope, Half::Read, handle, BTreeSet::new()).await?.discovery().await
    }

    pub(super) async fn kube_get(
        &self,
        scope: &CallScope,
        handle: &str,
        objects: Vec<Reference>,
    ) -> Answers<Option<String>> {
        let kinds = objects.iter().map(|object| object.kind.clone()).collect();
        let batch = self.batch(scope, Half::Read, handle, kinds).await;
        each(batch, &objects, |batch, object| batch.get(object).boxed()).await
    }

    pub(super) async fn kube_list(&self, scope: &CallScope, handle: &str, lists: Vec<Listing>) -> Answers<Vec<String>> {
        let kinds = lists.iter().map(|list| list.kind.clone()).collect();
        let batch = self.batch(scope, Half::Read, handle, kinds).await;
        each(batch, &lists, |batch, list| batch.list(list).boxed()).await
    }

    /// Server-side apply; on the read half what it would make, with nothing kept.
    pub(super) async fn kube_apply(
        &self,
        scope: &CallScope,
        half: Half,
        handle: &str,
        writes: Vec<Writing>,
    ) -> Answers<String> {
        let verb = if half == Half::Read { Verb::DryRun } else { Verb::Apply };
        self.kube_write(scope, verb, handle, writes).await
    }

    pub(super) async fn kube_create(&self, scope: &CallScope, handle: &str, writes: Vec<Writing>) -> Answers<String> {
        self.kube_write(scope, Verb::Create, handle, writes).await
    }

    async fn kube_write(&self, scope: &CallScope, verb: Verb, handle: &str, writes: Vec<Writing>) -> Answers<String> {
        let half = if verb == Verb::DryRun { Half::Read } else { Half::Write };
        let parsed: Vec<_> = writes.iter().map(|write| parse(scope, &write.object)).collect();
        let kinds = parsed.iter().flatten().map(|object| object.reference.kind.clone()).collect();
        let batch = self.batch(scope, half, handle, kinds).await;
        let both: Vec<_> = writes.into_iter().zip(parsed).collect();
        each(batch, &both, |batch, (write, parsed)| batch.write(verb, write, parsed).boxed()).await
    }

    pub(super) async fn kube_delete(
        &self,
        scope: &CallScope,
        handle: &str,
        deletes: Vec<Deleting>,
    ) -> Answers<Deleted> {
        let kinds = deletes.iter().map(|delete| delete.object.kind.clone()).collect();
        let batch = self.batch(scope, Half::Write, handle, kinds).await;
        each(batch, &deletes, |batch, delete| batch.delete(delete).boxed()).await
    }

    /// Opens the cluster and finds the kinds of a list of calls, one request a group's version.
    async fn batch<'a>(
        &'a self,
        scope: &'a CallScope,
        half: Half,
        handle: &str,
        kinds: BTreeSet<TypeMeta>,
    ) -> Result<Batch<'a>, Problem> {
        let line = Line { scope, interface: Interface::Ruled(Family::Kube, half).name() };
        let cluster = self.cluster(scope, half, handle);
        let cluster = cluster.map_err(|refused| line.refuse(refused, || "opening a kubeconfig".to_owned()))?;
        let mut batch = Batch {
            http: self,
            scope,
            half,
            cluster,
            kept: AtomicUsize::new(0),
            shown: AtomicUsize::new(0),
            kinds: BTreeMap::new(),
        };
        let mut versions: BTreeMap<&str, Vec<&TypeMeta>> = BTreeMap::new();
        kinds.iter().for_each(|kind| versions.entry(&kind.api_version).or_default().push(kind));
        let asked = versions.into_iter().map(|(version, kinds)| {
            let batch = &batch;
            async move { (kinds.clone(), batch.discover(version, &kinds).await) }.boxed()
        });
        let asked: Vec<BoxFuture<'_, _>> = asked.collect();
        let found: Vec<_> = stream::iter(asked).buffered(self.limits.concurrency.max(1)).collect().await;
        let mut known = BTreeMap::new();
        for (kinds, resources) in found {
            for kind in kinds {
                let of =
                    |resources: &Arc<Vec<ApiResource>>| resources.iter().find(|item| item.kind == kind.kind).cloned();
                known.insert(kind.clone(), resources.as_ref().map(of).map_err(Clone::clone));
            }
        }
        batch.kinds = known;
        Ok(batch)
    }
}

/// Runs a list of calls side by side; answers come in the order of the calls.
async fn each<'i, I: Sync, T: Send>(
    batch: Result<Batch<'_>, Problem>,
    items: &'i [I],
    call: impl for<'b> Fn(&'b Batch<'b>, &'b I) -> BoxFuture<'b, Result<T, Problem>>,
) -> Answers<T> {
    let batch = match batch {
        Ok(batch) => batch,
        Err(problem) => return items.iter().map(|_| Err(problem.clone())).collect(),
    };
    let calls: Vec<BoxFuture<'_, _>> = items.iter().map(|item| call(&batch, item)).collect();
    let answers: Answers<T> = stream::iter(calls).buffered(batch.http.limits.concurrency.max(1)).collect().await;
    // Recorded before the guest sees a single one; if it cannot be, it sees none.
    match batch.shown.load(Ordering::Relaxed) {
        0 => answers,
        shown => match batch.scope.record_reveal(shown).await {
            Ok(()) => answers,
            Err(problem) => items.iter().map(|_| Err(problem.clone())).collect(),
        },
    }
}

/// An object with its handles opened and marked as secrets, and what it is.
fn parse(scope: &CallScope, text: &str) -> Result<Parsed, Problem> {
    if text.len() > OBJECT_BYTES {
        let message = format!("the object is larger than {} MiB", OBJECT_BYTES >> 20);
        return Err(Problem::new(Class::Denied, "kube-object-size", message));
    }
    let raw: Json = serde_json::from_str(text).map_err(|error| {
        Problem::new(Class::Internal, "kube-object-json", format!("the object is not JSON: {error}"))
    })?;
    let value = scope.seals().from_guest(raw.clone()).map_err(|why| {
        Problem::new(Class::Denied, "sealed-handle", format!("the object is refused: {why}"))
            .help("a sealed value is a whole value of the object, and its handle lives for one guest call")
    })?;
    if value.has_unknown() {
        let message = "the object holds a value that is not known yet";
        return Err(Problem::new(Class::Internal, "kube-object-unknown", message));
    }
    let text = |pointer: &str| raw.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty());
    if raw.pointer("/metadata/generateName").is_some_and(|name| !name.is_null()) {
        let message = "the object has a `generateName`: a name that nobody knows before belongs to no step";
        return Err(invalid("kube-generate-name", message.to_owned()).help("give it a `name`"));
    }
    let (Some(version), Some(kind), Some(name)) = (text("/apiVersion"), text("/kind"), text("/metadata/name")) else {
        let message = "the object lacks `apiVersion`, `kind` or `metadata.name`, or one of them is sealed";
        return Err(invalid("kube-object", message.to_owned()));
    };
    let reference = Reference {
        kind: TypeMeta { api_version: version.to_owned(), kind: kind.to_owned() },
        namespace: text("/metadata/namespace").map(str::to_owned),
        name: name.to_owned(),
    };
    Ok(Parsed { reference, value, raw })
}
