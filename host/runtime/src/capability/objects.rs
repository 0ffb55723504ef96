//! `kube-read` and `kube-write` as the contract spells them, handed to [`HttpCapability`].
//!
//! [`HttpCapability`]: crate::capability::http::HttpCapability

use std::sync::Arc;

use maps_engine::Problem;
use maps_engine::capability::{Family, Half, Interface};

use crate::bindings::maps::platform::kube_types::{
    ApiResource, ApplyOptions, Deletion, Discovery, ListOptions, ObjectReference, PropagationPolicy, TypeMeta,
};
use crate::bindings::maps::platform::kube_write::{ApplyWrite, CreateWrite, DeleteWrite};
use crate::bindings::maps::platform::{kube_read, kube_write, types};
use crate::capability::http::HttpCapability;
use crate::capability::kube::{self, Deleted, Deleting, Listing, Reference, Writing};
use crate::capability::refused::refuse;
use crate::guest::Guest;
use crate::limits::{Exceeded, LIST_ITEMS};
use crate::scope::CallScope;

type Answers<T> = wasmtime::Result<Vec<Result<T, types::Problem>>>;

/// A plugin's way out, and what its call is held against.
type Reach = (Arc<CallScope>, Arc<HttpCapability>);

impl Guest {
    /// What carries a list of calls out, or the refusal of all of them.
    fn reach<T>(&self, half: Half, items: usize) -> wasmtime::Result<Result<Reach, Vec<Result<T, types::Problem>>>> {
        if items > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        if let (Some(scope), Some(http)) = (&self.scope, &self.http) {
            return Ok(Ok((Arc::clone(scope), Arc::clone(http))));
        }
        let interface = Interface::Ruled(Family::Kube, half);
        Ok(Err(refuse(self.scope.as_deref(), interface.name(), items, &self.not_granted(interface))))
    }
}

fn told<T, W: From<T>>(answers: Vec<Result<T, Problem>>) -> Vec<Result<W, types::Problem>> {
    answers.into_iter().map(|answer| answer.map(W::from).map_err(Into::into)).collect()
}

impl kube_read::Host for Guest {
    async fn resolve(&mut self, cluster: String, kinds: Vec<TypeMeta>) -> Answers<Option<ApiResource>> {
        let (scope, http) = match self.reach(Half::Read, kinds.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        let found = http.kube_resolve(&scope, &cluster, kinds.into_iter().map(Into::into).collect()).await;
        Ok(found.into_iter().map(|answer| answer.map(|found| found.map(Into::into)).map_err(Into::into)).collect())
    }

    async fn discover(&mut self, cluster: String) -> wasmtime::Result<Result<Discovery, types::Problem>> {
        let (scope, http) = match self.reach::<()>(Half::Read, 1)? {
            Ok(reach) => reach,
            Err(refused) => {
                let first = refused.into_iter().next().and_then(Result::err);
                let interface = Interface::Ruled(Family::Kube, Half::Read);
                return Ok(Err(first.unwrap_or_else(|| self.not_granted(interface).into())));
            }
        };
        Ok(http.kube_discover(&scope, &cluster).await.map(Into::into).map_err(Into::into))
    }

    async fn get(&mut self, cluster: String, objects: Vec<ObjectReference>) -> Answers<Option<String>> {
        let (scope, http) = match self.reach(Half::Read, objects.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        Ok(told(http.kube_get(&scope, &cluster, objects.into_iter().map(Into::into).collect()).await))
    }

    async fn list(&mut self, cluster: String, lists: Vec<ListOptions>) -> Answers<Vec<String>> {
        let (scope, http) = match self.reach(Half::Read, lists.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        Ok(told(http.kube_list(&scope, &cluster, lists.into_iter().map(Into::into).collect()).await))
    }

    async fn dry_run(&mut self, cluster: String, objects: Vec<ApplyOptions>) -> Answers<String> {
        let (scope, http) = match self.reach(Half::Read, objects.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        let tries = objects.into_iter().map(|apply| writing(Vec::new(), apply)).collect();
        Ok(told(http.kube_apply(&scope, Half::Read, &cluster, tries).await))
    }
}

impl kube_write::Host for Guest {
    async fn apply(&mut self, cluster: String, writes: Vec<ApplyWrite>) -> Answers<String> {
        let (scope, http) = match self.reach(Half::Write, writes.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        let writes = writes.into_iter().map(|write| writing(write.items, write.apply)).collect();
        Ok(told(http.kube_apply(&scope, Half::Write, &cluster, writes).await))
    }

    async fn create(&mut self, cluster: String, writes: Vec<CreateWrite>) -> Answers<String> {
        let (scope, http) = match self.reach(Half::Write, writes.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        let each = writes.into_iter().map(|CreateWrite { items, object }| Writing { items, object, force: false });
        Ok(told(http.kube_create(&scope, &cluster, each.collect()).await))
    }

    async fn delete(&mut self, cluster: String, writes: Vec<DeleteWrite>) -> Answers<Deletion> {
        let (scope, http) = match self.reach(Half::Write, writes.len())? {
            Ok(reach) => reach,
            Err(refused) => return Ok(refused),
        };
        Ok(told(http.kube_delete(&scope, &cluster, writes.into_iter().map(Into::into).collect()).await))
    }
}

fn writing(items: Vec<u32>, apply: ApplyOptions) -> Writing {
    Writing { items, object: apply.object, force: apply.force }
}

impl From<TypeMeta> for kube::TypeMeta {
    fn from(TypeMeta { api_version, kind }: TypeMeta) -> Self {
        Self { api_version, kind }
    }
}

impl From<ObjectReference> for Reference {
    fn from(object: ObjectReference) -> Self {
        let ObjectReference { api_version, kind, namespace, name } = object;
        Self { kind: kube::TypeMeta { api_version, kind }, namespace, name }
    }
}

impl From<ListOptions> for Listing {
    fn from(list: ListOptions) -> Self {
        let ListOptions { api_version, kind, namespace, label_selector, field_selector } = list;
        Self { kind: kube::TypeMeta { api_version, kind }, namespace, label_selector, field_selector }
    }
}

impl From<DeleteWrite> for Deleting {
    fn from(write: DeleteWrite) -> Self {
        let propagation = write.propagation.map(|policy| match policy {
            PropagationPolicy::Background => "Background",
            PropagationPolicy::Foreground => "Foreground",
            PropagationPolicy::Orphan => "Orphan",
        });
        let (uid, resource_version) = (write.uid, write.resource_version);
        Self { items: write.items, object: write.object.into(), propagation, uid, resource_version }
    }
}

impl From<kube::ApiResource> for ApiResource {
    fn from(found: kube::ApiResource) -> Self {
        let kube::ApiResource { group, version, kind, name, namespaced, verbs } = found;
        Self { group, version, kind, name, namespaced, verbs }
    }
}

impl From<kube::Discovery> for Discovery {
    fn from(found: kube::Discovery) -> Self {
        let kube::Discovery { git_version, major, minor, kinds } = found;
        Self { git_version, major, minor, kinds: kinds.into_iter().map(Into::into).collect() }
    }
}

impl From<Deleted> for Deletion {
    fn from(deleted: Deleted) -> Self {
        match deleted {
            Deleted::Absent => Self::Absent,
            Deleted::Gone => Self::Gone,
            Deleted::UnderWay => Self::UnderWay,
        }
    }
}
