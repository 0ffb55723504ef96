//! What controllers ask of the API server: one store, without the network, authorization or waiting.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::outside::Certify;
use crate::status::Refusal;

/// A resource by its group and plural; versions do not matter to controllers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Resource {
    /// The API group, empty for the core.
    pub(crate) group: Cow<'static, str>,
    /// `deployments`
    pub(crate) plural: Cow<'static, str>,
}

impl Resource {
    /// A resource that is known by its name.
    pub(crate) const fn of(group: &'static str, plural: &'static str) -> Self {
        Self { group: Cow::Borrowed(group), plural: Cow::Borrowed(plural) }
    }

    /// A resource that a CustomResourceDefinition names.
    pub(crate) fn named(group: &str, plural: &str) -> Self {
        Self { group: Cow::Owned(group.to_owned()), plural: Cow::Owned(plural.to_owned()) }
    }
}

/// An object by its resource, namespace (empty: none) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Its resource.
    pub(crate) resource: Resource,
    /// Its namespace, empty for what lives in none.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

impl Key {
    /// A key.
    pub(crate) fn new(resource: &Resource, namespace: &str, name: &str) -> Self {
        Self { resource: resource.clone(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of an object of this resource.
    pub(crate) fn to(resource: &Resource, object: &Value) -> Self {
        Self::new(resource, super::object::namespace(object), super::object::name(object))
    }
}

/// What a served resource is, as far as controllers care: one entry a resource, whatever versions it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    /// Its name.
    pub(crate) resource: Resource,
    /// `Deployment`
    pub(crate) kind: String,
    /// The versions served.
    pub(crate) versions: Vec<String>,
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
    /// What may be done: `delete`, `list`, ….
    pub(crate) verbs: Vec<String>,
}

/// A change of one object. Objects have `apiVersion` and `kind`, in the stored version.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Of which resource.
    pub(crate) resource: Resource,
    /// The object before; `None` for a new one.
    pub(crate) old: Option<Arc<Value>>,
    /// The object after; `None` for one that is gone.
    pub(crate) new: Option<Arc<Value>>,
}

impl Change {
    /// The object as it was last.
    pub(crate) fn object(&self) -> Option<&Arc<Value>> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

/// What happens to dependents: `propagationPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

/// How to delete: `metav1.DeleteOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// The uid that it has to have.
    pub(crate) uid: Option<String>,
    /// The resourceVersion that it has to have.
    pub(crate) resource_version: Option<String>,
    /// `propagationPolicy`; the resource's default where there is none.
    pub(crate) propagation: Option<Propagation>,
    /// `gracePeriodSeconds`; the object's own where there is none.
    pub(crate) grace_seconds: Option<i64>,
}

/// Now, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Seconds since 1970: what timestamps in objects say.
    pub(crate) unix: i64,
    /// Virtual milliseconds since the cluster began: what controllers wait by.
    pub(crate) millis: u64,
}

/// The store, as controllers see it. Reads are of what was committed last; writes go through the kind's
/// defaulting, strategy and validation, admission of what belongs to every object, and `managedFields`, but
/// through no authorization.
pub(crate) trait Api {
    /// The object, if it is there.
    fn get(&self, key: &Key) -> Option<Arc<Value>>;

    /// All objects of a resource, in one namespace or in all, by namespace and name.
    fn list(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Arc<Value>>;

    /// Every resource with objects of its own, CustomResourceDefinitions' included (those that are terminating too).
    fn served(&self) -> Vec<Served>;

    /// The resource of a kind, by the group and the version that are served.
    fn find(&self, group: &str, version: &str, kind: &str) -> Option<Served>;

    /// Changes after a resourceVersion, oldest first, with the resourceVersion of the last one. `None` where they
    /// are no longer known: then everything is read anew.
    fn changes(&self, since: u64) -> Option<(u64, Vec<Change>)>;

    /// The latest resourceVersion.
    fn version(&self) -> u64;

    /// Makes an object; `metadata.namespace` says where, `metadata.generateName` works.
    fn create(&mut self, resource: &Resource, object: Value, manager: &'static str) -> Result<Arc<Value>, Refusal>;

    /// Replaces an object, or what its subresource (`status`, `finalize`, `binding`; else empty) may change.
    ///
    /// A `resourceVersion` in it has to be the latest. An update that changes nothing makes no new version. One that
    /// leaves a deleted object without finalizers (a Namespace: and `finalize` without `spec.finalizers`) removes it.
    /// `binding` takes the Pod itself with `spec.nodeName` set (and `status.conditions`), and checks nothing more.
    fn update(
        &mut self,
        resource: &Resource,
        subresource: &'static str,
        object: Value,
        manager: &'static str,
    ) -> Result<Arc<Value>, Refusal>;

    /// Applies a configuration to an object that is there, as server-side apply does with force.
    fn apply(&mut self, resource: &Resource, config: Value, manager: &'static str) -> Result<Arc<Value>, Refusal>;

    /// Deletes an object as a client would: finalizers and grace periods hold it.
    fn delete(&mut self, key: &Key, options: &Deletion) -> Result<(), Refusal>;

    /// Now.
    fn now(&self) -> Now;

    /// Sixty-four random bits.
    fn random(&mut self) -> u64;

    /// The cluster's certificate authority, as PEM.
    fn authority(&self) -> String;

    /// A token without an end for a ServiceAccount, as `kubernetes.io/service-account-token` Secrets hold it.
    fn token(&mut self, account: &Value, secret: &Value) -> String;

    /// Sends one request to the world outside; see [`crate::Outside::send`].
    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String>;

    /// The addresses of a host in public DNS; see [`crate::Outside::resolve`].
    fn resolve(&self, host: &str) -> Vec<std::net::IpAddr>;

    /// A certificate of an ACME server; see [`crate::Outside::certify`].
    fn certify(&self, directory: &str, wanted: Option<&Certify<'_>>) -> Result<String, String>;

    /// Adds a line to what a Pod's `log` gives.
    fn log(&mut self, namespace: &str, pod: &str, line: &str);
}
