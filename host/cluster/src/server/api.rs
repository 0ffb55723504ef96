//! The store as controllers use it.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::query::DeleteOptions;
use super::remove;
use super::state::State;
use super::write::{self, Write};
use crate::apply::Operation;
use crate::auth::{MASTERS, User};
use crate::controllers::{Api, Change, Deletion, Key, Now, Propagation, Resource, Served};
use crate::outside::Certify;
use crate::registry;
use crate::status::{Refusal, Subject};
use crate::store::Happened;

/// Who controllers are for admission: their Pods are completed and counted like everybody's.
static CONTROLLERS: LazyLock<User> =
    LazyLock::new(|| User::new("system:kube-controller-manager", &[MASTERS, "system:authenticated"]));

/// A resource's name among controllers as the registry's.
fn name_of(resource: &Resource) -> String {
    format!("{}/{}", resource.group, resource.plural)
}

impl State {
    fn resource(&self, resource: &Resource) -> Result<Arc<registry::Resource>, Refusal> {
        let found = self.registry.by_name(&name_of(resource)).cloned();
        let subject = Subject { group: &resource.group, resource: &resource.plural, name: "" };
        found.ok_or_else(|| Refusal::not_found(subject))
    }
}

/// What is served, as controllers see it.
fn served(resource: &registry::Resource) -> Served {
    Served {
        resource: Resource::named(&resource.group, &resource.plural),
        kind: resource.kind.clone(),
        versions: resource.versions.iter().map(|version| version.name.clone()).collect(),
        namespaced: resource.namespaced,
        verbs: resource.verbs().iter().map(|verb| (*verb).to_owned()).collect(),
    }
}

/// A Pod with the node that `new` names, and the conditions that say so; all else may only change by other ways.
fn bound(old: &Value, new: &Value) -> Value {
    let mut pod = old.clone();
    if let Some(node) = new.pointer("/spec/nodeName") {
        pod["spec"]["nodeName"] = node.clone();
    }
    if let Some(conditions) = new.pointer("/status/conditions") {
        pod["status"]["conditions"] = conditions.clone();
    }
    pod
}

impl Api for State {
    fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.store.get(&name_of(&key.resource), &key.namespace, &key.name).cloned()
    }

    fn list(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let name = name_of(resource);
        let objects = self.store.list(&name, namespace.unwrap_or_default());
        objects.map(|(_, object)| Arc::clone(object)).collect()
    }

    fn served(&self) -> Vec<Served> {
        // Events of events.k8s.io are those of the core.
        let own = self.registry.all().filter(|resource| *resource.key == *resource.name() && resource.allows("list"));
        own.map(|resource| served(resource)).collect()
    }

    fn find(&self, group: &str, version: &str, kind: &str) -> Option<Served> {
        self.registry.of_kind(group, version, kind).map(|resource| served(resource))
    }

    fn changes(&self, since: u64) -> Option<(u64, Vec<Change>)> {
        let events = self.store.after(since)?;
        let changes = events.map(|event| {
            let (group, plural) = event.resource.split_once('/').unwrap_or(("", &event.resource));
            let new = (event.happened != Happened::Deleted).then(|| Arc::clone(&event.object));
            let old = match event.happened {
                Happened::Deleted => event.before.clone().or_else(|| Some(Arc::clone(&event.object))),
                Happened::Added | Happened::Modified => event.before.clone(),
            };
            Change { resource: Resource::named(group, plural), old, new }
        });
        Some((self.store.revision(), changes.collect()))
    }

    fn version(&self) -> u64 {
        self.store.revision()
    }

    fn create(&mut self, resource: &Resource, mut object: Value, manager: &'static str) -> Result<Arc<Value>, Refusal> {
        let resource = self.resource(resource)?;
        let version = resource.stored.clone();
        resource.decode(&mut object, &version)?;
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        let write = Write {
            resource: &resource,
            version: &version,
            namespace: &namespace,
            subresource: "",
            manager,
            operation: Operation::Update,
            user: Some(&CONTROLLERS),
            dry_run: false,
        };
        write::create(self, write, object).map(|written| written.object)
    }

    fn update(
        &mut self,
        resource: &Resource,
        subresource: &'static str,
        mut object: Value,
        manager: &'static str,
    ) -> Result<Arc<Value>, Refusal> {
        let resource = self.resource(resource)?;
        let version = resource.stored.clone();
        resource.decode(&mut object, &version)?;
        let name = write::name_of(&object).to_owned();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        let old = self.store.get(&resource.key, &namespace, &name).cloned();
        let old = old.ok_or_else(|| Refusal::not_found(resource.subject(&name)))?;
        if subresource == "binding" {
            return Ok(self.put(&resource, &namespace, &name, bound(&old, &object)));
        }
        let write = Write {
            resource: &resource,
            version: &version,
            namespace: &namespace,
            subresource,
            manager,
            operation: Operation::Update,
            user: Some(&CONTROLLERS),
            dry_run: false,
        };
        write::update(self, write, &old, object).map(|written| written.object)
    }

    fn apply(&mut self, resource: &Resource, config: Value, manager: &'static str) -> Result<Arc<Value>, Refusal> {
        let resource = self.resource(resource)?;
        let version = resource.stored.clone();
        let name = write::name_of(&config).to_owned();
        let namespace = config.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        let old = self.store.get(&resource.key, &namespace, &name).cloned();
        let old = old.ok_or_else(|| Refusal::not_found(resource.subject(&name)))?;
        let write = Write {
            resource: &resource,
            version: &version,
            namespace: &namespace,
            subresource: "",
            manager,
            operation: Operation::Apply,
            user: Some(&CONTROLLERS),
            dry_run: false,
        };
        let merged = write.apply(Some(&old), &config, true, &self.moment.stamp())?;
        write::update(self, write, &old, merged).map(|written| written.object)
    }

    fn delete(&mut self, key: &Key, options: &Deletion) -> Result<(), Refusal> {
        let resource = self.resource(&key.resource)?;
        let old = self.store.get(&resource.key, &key.namespace, &key.name).cloned();
        let old = old.ok_or_else(|| Refusal::not_found(resource.subject(&key.name)))?;
        let propagation = options.propagation.map(|propagation| match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        });
        let options = DeleteOptions {
            dry_run: false,
            propagation: propagation.map(str::to_owned),
            grace: options.grace_seconds,
            uid: options.uid.clone(),
            revision: options.resource_version.clone(),
        };
        remove::remove(self, &resource, &key.namespace, &old, &options).map(|_| ())
    }

    fn now(&self) -> Now {
        Now { unix: self.moment.seconds(), millis: self.moment.virtual_ms }
    }

    fn random(&mut self) -> u64 {
        self.random.bits()
    }

    fn authority(&self) -> String {
        self.authority.clone()
    }

    fn token(&mut self, account: &Value, secret: &Value) -> String {
        crate::auth::secret_token(&self.keys, account, secret)
    }

    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        match &self.outside {
            Some(outside) => outside.send(request),
            None => {
                let host = request.uri().host().unwrap_or_default();
                Err(format!("dial tcp: lookup {host}: no such host"))
            }
        }
    }

    fn resolve(&self, host: &str) -> Vec<std::net::IpAddr> {
        self.outside.as_ref().map(|outside| outside.resolve(host)).unwrap_or_default()
    }

    fn certify(&self, directory: &str, wanted: Option<&Certify<'_>>) -> Result<String, String> {
        match &self.outside {
            Some(outside) => outside.certify(directory, wanted),
            None => Err("dial tcp: no such host".to_owned()),
        }
    }

    fn log(&mut self, namespace: &str, pod: &str, line: &str) {
        let store = &self.store;
        self.logs.add(namespace, pod, line, |namespace, pod| store.get("/pods", namespace, pod).is_some());
    }
}
