//! A small store for tests of controllers: it knows finalizers, grace and generations, but no kind's rules.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::api::{Api, Change, Deletion, Key, Now, Propagation, Resource, Served};
use super::object::{has_finalizer, is_deleted, items, name, namespace, rfc3339, text, uid};
use super::{Controllers, settle};
use crate::outside::{Certify, Outside};
use crate::status::{Refusal, Subject};

/// The store.
#[derive(Debug, Default)]
pub(super) struct Memory {
    objects: BTreeMap<Key, Arc<Value>>,
    log: Vec<(u64, Change)>,
    millis: u64,
    random: u64,
    parameters: BTreeMap<String, String>,
    /// What answers for the world outside; without it only parameters are there.
    pub(super) outside: Option<Arc<dyn Outside>>,
    /// What Pods wrote: `NAMESPACE/POD LINE`.
    pub(super) lines: Vec<String>,
}

/// Group, plural, kind, whether in namespaces.
const SERVED: &[(&str, &str, &str, bool)] = &[
    ("", "configmaps", "ConfigMap", true),
    ("", "endpoints", "Endpoints", true),
    ("", "events", "Event", true),
    ("", "namespaces", "Namespace", false),
    ("", "nodes", "Node", false),
    ("", "persistentvolumeclaims", "PersistentVolumeClaim", true),
    ("", "persistentvolumes", "PersistentVolume", false),
    ("", "pods", "Pod", true),
    ("", "replicationcontrollers", "ReplicationController", true),
    ("", "resourcequotas", "ResourceQuota", true),
    ("", "secrets", "Secret", true),
    ("", "serviceaccounts", "ServiceAccount", true),
    ("", "services", "Service", true),
    ("apps", "controllerrevisions", "ControllerRevision", true),
    ("apps", "daemonsets", "DaemonSet", true),
    ("apps", "deployments", "Deployment", true),
    ("apps", "replicasets", "ReplicaSet", true),
    ("apps", "statefulsets", "StatefulSet", true),
    ("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true),
    ("batch", "cronjobs", "CronJob", true),
    ("batch", "jobs", "Job", true),
    ("discovery.k8s.io", "endpointslices", "EndpointSlice", true),
    ("policy", "poddisruptionbudgets", "PodDisruptionBudget", true),
    ("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", false),
    ("rbac.authorization.k8s.io", "rolebindings", "RoleBinding", true),
    ("rbac.authorization.k8s.io", "roles", "Role", true),
    ("storage.k8s.io", "storageclasses", "StorageClass", false),
    ("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", false),
    ("apiregistration.k8s.io", "apiservices", "APIService", false),
    ("networking.k8s.io", "ingressclasses", "IngressClass", false),
    ("networking.k8s.io", "ingresses", "Ingress", true),
    ("postgresql.cnpg.io", "backups", "Backup", true),
    ("postgresql.cnpg.io", "clusters", "Cluster", true),
    ("postgresql.cnpg.io", "scheduledbackups", "ScheduledBackup", true),
    ("cert-manager.io", "certificaterequests", "CertificateRequest", true),
    ("cert-manager.io", "certificates", "Certificate", true),
    ("cert-manager.io", "clusterissuers", "ClusterIssuer", false),
    ("cert-manager.io", "issuers", "Issuer", true),
    ("acme.cert-manager.io", "challenges", "Challenge", true),
    ("acme.cert-manager.io", "orders", "Order", true),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
    ("external-secrets.io", "externalsecrets", "ExternalSecret", true),
    ("external-secrets.io", "secretstores", "SecretStore", true),
];

impl Memory {
    /// Puts a parameter outside of the cluster; the name is `KEY REGION NAME`.
    pub(super) fn set_parameter(&mut self, name: &str, value: &str) {
        self.parameters.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a parameter away again.
    pub(super) fn forget_parameter(&mut self, name: &str) {
        self.parameters.remove(name);
    }

    /// Answers `GetParameter`, and holds no signature against anything.
    fn parameter(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let scope: Vec<&str> = authorization.split("Credential=").nth(1).unwrap().split('/').collect();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        if let Some(path) = body.get("Path").and_then(Value::as_str) {
            let head = format!("{} {} ", scope[0], scope[2]);
            let named = self.parameters.iter().filter_map(|(name, value)| Some((name.strip_prefix(&head)?, value)));
            let all = named.filter(|(name, _)| name.starts_with(path));
            let all: Vec<Value> = all.map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            return Response::new(Bytes::from(json!({"Parameters": all}).to_string()));
        }
        let full = format!("{} {} {}", scope[0], scope[2], text(&body, "/Name"));
        let (status, body) = match self.parameters.get(&full) {
            Some(value) => (200, json!({"Parameter": {"Value": value}})),
            None => (400, json!({"__type": "ParameterNotFound"})),
        };
        let mut answer = Response::new(Bytes::from(body.to_string()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer
    }

    /// The resource of an object.
    pub(super) fn resource(object: &Value) -> Resource {
        let (group, _) = super::object::group_version(text(object, "/apiVersion"));
        let kind = text(object, "/kind");
        let served = SERVED.iter().find(|served| served.0 == group && served.2 == kind);
        Resource::of(served.unwrap().0, served.unwrap().1)
    }

    /// Makes an object as a client would.
    pub(super) fn make(&mut self, object: Value) -> Arc<Value> {
        self.create(&Self::resource(&object), object, "test").unwrap()
    }

    /// Changes an object as a client would.
    pub(super) fn change(&mut self, object: &Value, change: impl FnOnce(&mut Value)) -> Arc<Value> {
        let resource = Self::resource(object);
        let mut object = Value::clone(&self.get(&Key::to(&resource, object)).unwrap());
        change(&mut object);
        self.update(&resource, "", object, "test").unwrap()
    }

    /// Changes an object's status as a client would.
    pub(super) fn change_status(&mut self, object: &Value, change: impl FnOnce(&mut Value)) -> Arc<Value> {
        let resource = Self::resource(object);
        let mut object = Value::clone(&self.get(&Key::to(&resource, object)).unwrap());
        change(&mut object["status"]);
        self.update(&resource, "status", object, "test").unwrap()
    }

    /// Deletes an object as a client would.
    pub(super) fn remove(&mut self, object: &Value, propagation: Option<Propagation>) {
        let key = Key::to(&Self::resource(object), object);
        self.delete(&key, &Deletion { propagation, ..Deletion::default() }).unwrap();
    }

    /// The object as it is now.
    pub(super) fn now_of(&self, object: &Value) -> Option<Arc<Value>> {
        let key = Key::to(&Self::resource(object), object);
        self.get(&key).filter(|now| uid(now) == uid(object) || uid(object).is_empty())
    }

    /// The objects of a kind.
    pub(super) fn all(&self, group: &'static str, plural: &'static str) -> Vec<Arc<Value>> {
        self.list(&Resource::of(group, plural), None)
    }

    /// Lets virtual time pass, settling whenever something is due.
    pub(super) fn pass(&mut self, work: &mut Controllers, millis: u64) {
        let end = self.millis + millis;
        while let Some(due) = settle(self, work).filter(|due| *due <= end) {
            self.millis = self.millis.max(due);
        }
        self.millis = end;
        settle(self, work);
    }

    fn put(&mut self, key: Key, new: Option<Value>) -> Option<Arc<Value>> {
        let version = self.version() + 1;
        let new = new.map(|mut new| {
            new["metadata"]["resourceVersion"] = json!(version.to_string());
            Arc::new(new)
        });
        let old = match &new {
            Some(new) => self.objects.insert(key.clone(), new.clone()),
            None => self.objects.remove(&key),
        };
        self.log.push((version, Change { resource: key.resource, old, new: new.clone() }));
        new
    }

    fn refuse(key: &Key) -> Refusal {
        Refusal::not_found(Subject { group: &key.resource.group, resource: &key.resource.plural, name: &key.name })
    }
}

impl Api for Memory {
    fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key).cloned()
    }

    fn list(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let all = self.objects.iter().filter(|(key, _)| key.resource == *resource);
        all.filter(|(key, _)| namespace.is_none_or(|place| place == key.namespace)).map(|(_, o)| o.clone()).collect()
    }

    fn served(&self) -> Vec<Served> {
        let verbs: Vec<String> = ["create", "delete", "list"].map(str::to_owned).to_vec();
        let all = SERVED.iter().map(|(group, plural, kind, namespaced)| Served {
            resource: Resource::of(group, plural),
            kind: (*kind).to_owned(),
            versions: vec!["v1".to_owned()],
            namespaced: *namespaced,
            verbs: verbs.clone(),
        });
        all.collect()
    }

    fn find(&self, group: &str, _version: &str, kind: &str) -> Option<Served> {
        self.served().into_iter().find(|served| served.resource.group == group && served.kind == kind)
    }

    fn changes(&self, since: u64) -> Option<(u64, Vec<Change>)> {
        let later = self.log.partition_point(|(version, _)| *version <= since);
        Some((self.version(), self.log[later..].iter().map(|(_, change)| change.clone()).collect()))
    }

    fn version(&self) -> u64 {
        self.log.last().map_or(0, |(version, _)| *version)
    }

    fn create(&mut self, resource: &Resource, mut object: Value, _: &'static str) -> Result<Arc<Value>, Refusal> {
        if name(&object).is_empty() {
            let made = format!("{}{:05}", text(&object, "/metadata/generateName"), self.random() % 100_000);
            object["metadata"]["name"] = json!(made);
        }
        let key = Key::to(resource, &object);
        if self.objects.contains_key(&key) {
            let subject = Subject { group: &resource.group, resource: &resource.plural, name: &key.name };
            return Err(Refusal::already_exists(subject));
        }
        let place = Key::new(&Resource::of("", "namespaces"), "", &key.namespace);
        if self.get(&place).is_some_and(|place| is_deleted(&place)) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden", "namespace is being terminated"));
        }
        let number = self.random();
        object["metadata"]["uid"] = json!(format!("{number:08}-0000-0000-0000-000000000000"));
        object["metadata"]["creationTimestamp"] = json!(rfc3339(self.now().unix));
        object["metadata"]["generation"] = json!(1);
        if object["kind"] == "Namespace" {
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"]["phase"] = json!("Active");
        }
        Ok(self.put(key, Some(object)).unwrap())
    }

    fn update(
        &mut self,
        resource: &Resource,
        subresource: &'static str,
        mut object: Value,
        _: &'static str,
    ) -> Result<Arc<Value>, Refusal> {
        let key = Key::to(resource, &object);
        let Some(old) = self.get(&key) else { return Err(Self::refuse(&key)) };
        if text(&object, "/metadata/resourceVersion") != text(&old, "/metadata/resourceVersion") {
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", "the object has been modified"));
        }
        if subresource == "status" {
            let (status, annotations) = (object["status"].take(), object["metadata"]["annotations"].take());
            object = Value::clone(&old);
            object["status"] = status;
            if !annotations.is_null() {
                object["metadata"]["annotations"] = annotations;
            }
        } else if subresource.is_empty() && old.get("status").is_some() {
            object["status"] = old["status"].clone();
        }
        if object == *old {
            return Ok(old);
        }
        if subresource.is_empty() && object["spec"] != old["spec"] {
            object["metadata"]["generation"] = json!(old["metadata"]["generation"].as_i64().unwrap() + 1);
        }
        let finalized = key.resource.plural != "namespaces" || items(&object, "/spec/finalizers").is_empty();
        let held = super::object::integer(&object, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() > 0;
        if is_deleted(&object) && items(&object, "/metadata/finalizers").is_empty() && finalized && !held {
            self.put(key, None);
            return Ok(Arc::new(object));
        }
        Ok(self.put(key, Some(object)).unwrap())
    }

    fn apply(&mut self, resource: &Resource, config: Value, manager: &'static str) -> Result<Arc<Value>, Refusal> {
        let key = Key::to(resource, &config);
        let subject = Subject { group: &resource.group, resource: &resource.plural, name: &key.name };
        let mut object = Api::get(self, &key).ok_or_else(|| Refusal::not_found(subject))?.as_ref().clone();
        for (field, value) in config.as_object().into_iter().flatten().filter(|(field, _)| *field != "metadata") {
            object[field] = value.clone();
        }
        self.update(resource, "", object, manager)
    }

    fn delete(&mut self, key: &Key, options: &Deletion) -> Result<(), Refusal> {
        let Some(old) = self.get(key) else { return Err(Self::refuse(key)) };
        if options.uid.as_ref().is_some_and(|wanted| wanted != uid(&old)) {
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", "the UID in the precondition differs"));
        }
        let mut object = Value::clone(&old);
        let add = match options.propagation {
            Some(Propagation::Foreground) => Some("foregroundDeletion"),
            Some(Propagation::Orphan) => Some("orphan"),
            _ => None,
        };
        if let Some(add) = add.filter(|add| !has_finalizer(&old, add)) {
            let mut finalizers = items(&old, "/metadata/finalizers").to_vec();
            finalizers.push(json!(add));
            object["metadata"]["finalizers"] = Value::Array(finalizers);
        }
        let bound = !text(&old, "/spec/nodeName").is_empty();
        let grace = match (bound, options.grace_seconds) {
            (false, _) => 0,
            (true, Some(seconds)) => seconds,
            (true, None) => super::object::integer(&old, "/spec/terminationGracePeriodSeconds").unwrap_or(30),
        };
        let namespaces = key.resource.plural == "namespaces";
        let free = items(&object, "/metadata/finalizers").is_empty() && !namespaces;
        if free && grace == 0 {
            self.put(key.clone(), None);
            return Ok(());
        }
        if !is_deleted(&object) {
            object["metadata"]["deletionTimestamp"] = json!(rfc3339(self.now().unix + grace));
        }
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        if namespaces {
            object["status"]["phase"] = json!("Terminating");
        }
        if object != *old {
            self.put(key.clone(), Some(object));
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now { unix: 1_700_000_000 + i64::try_from(self.millis / 1000).unwrap(), millis: self.millis }
    }

    fn random(&mut self) -> u64 {
        self.random += 1;
        self.random
    }

    fn authority(&self) -> String {
        "-----BEGIN CERTIFICATE-----\n".to_owned()
    }

    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        match &self.outside {
            Some(outside) => outside.send(request),
            None => Ok(self.parameter(request)),
        }
    }

    fn resolve(&self, host: &str) -> Vec<std::net::IpAddr> {
        self.outside.as_ref().map(|outside| outside.resolve(host)).unwrap_or_default()
    }

    fn certify(&self, directory: &str, wanted: Option<&Certify<'_>>) -> Result<String, String> {
        self.outside
            .as_ref()
            .map_or_else(|| Err("no such host".to_owned()), |outside| outside.certify(directory, wanted))
    }

    fn log(&mut self, namespace: &str, pod: &str, line: &str) {
        self.lines.push(format!("{namespace}/{pod} {line}"));
    }

    fn token(&mut self, account: &Value, _: &Value) -> String {
        format!("token-of-{}-{}", namespace(account), name(account))
    }
}

/// A ConfigMap with owners, in namespace `a`.
pub(super) fn config_map(name: &str, owners: &[&Value]) -> Value {
    let owners: Vec<Value> = owners.iter().map(|owner| super::object::controlled_by(owner)).collect();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a", "ownerReferences": owners},
    })
}

/// A node that runs Pods.
pub(super) fn node(name: &str) -> Value {
    let ready = json!([{"type": "Ready", "status": "True"}]);
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"conditions": ready}})
}
