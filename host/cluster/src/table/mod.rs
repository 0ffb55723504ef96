//! How `kubectl get` shows objects: `meta.k8s.io/v1` Tables.

mod age;
mod autoscaler;
mod cluster;
mod core;
mod label;
mod plain;
mod pod;
mod policy;
mod service;
mod volume;
mod workload;

use serde_json::{Value, json};

use crate::registry::Resource;

/// A column of a Table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The heading.
    pub(crate) name: &'static str,
    /// `string`, `integer`, …
    pub(crate) kind: &'static str,
    /// `name` for the first one, else mostly empty.
    pub(crate) format: &'static str,
    /// 1 for columns that only `-o wide` shows.
    pub(crate) priority: u8,
}

impl Column {
    /// As a Table defines it; what it means is told by its heading alone.
    pub(crate) fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "description": "", "priority": self.priority,
        })
    }
}

/// What shows the objects of a kind.
pub(crate) trait Printer: Sync + std::fmt::Debug {
    /// The columns.
    fn columns(&self) -> &'static [Column];
    /// The cells of an object, one a column; `now` is in seconds since 1970, for ages.
    fn cells(&self, object: &Value, now: i64) -> Vec<Value>;
    /// The `conditions` of an object's row.
    fn conditions(&self, _object: &Value) -> Vec<Value> {
        Vec::new()
    }
}

/// A kind's columns, and how their cells are read off an object.
#[derive(Debug)]
struct Table {
    columns: &'static [Column],
    cells: fn(&Value, i64) -> Vec<Value>,
}

impl Printer for Table {
    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn cells(&self, object: &Value, now: i64) -> Vec<Value> {
        (self.cells)(object, now)
    }
}

/// The column of names, which comes first.
const NAME: Column = Column { name: "Name", kind: "string", format: "name", priority: 0 };
const AGE: Column = text("Age");

const fn text(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0 }
}

const fn boolean(name: &'static str) -> Column {
    Column { name, kind: "boolean", format: "", priority: 0 }
}

/// A column that only `-o wide` shows.
const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1 }
}

/// What shows the objects of a built-in kind.
pub(crate) fn printer(group: &str, kind: &str) -> &'static dyn Printer {
    match (group, kind) {
        ("", "Pod") => &pod::POD,
        ("", "PodTemplate") => &workload::POD_TEMPLATE,
        ("", "ReplicationController") => &workload::REPLICATION_CONTROLLER,
        ("", "Service") => &service::SERVICE,
        ("", "Endpoints") => &service::ENDPOINTS,
        ("", "ConfigMap") => &core::CONFIG_MAP,
        ("", "Secret") => &core::SECRET,
        ("", "ServiceAccount") => &core::SERVICE_ACCOUNT,
        ("", "Namespace") => &core::NAMESPACE,
        ("", "Node") => &core::NODE,
        ("" | "events.k8s.io", "Event") => &core::EVENT,
        ("", "ResourceQuota") => &core::RESOURCE_QUOTA,
        ("", "ComponentStatus") => &core::COMPONENT_STATUS,
        ("", "PersistentVolume") => &volume::PERSISTENT_VOLUME,
        ("", "PersistentVolumeClaim") => &volume::PERSISTENT_VOLUME_CLAIM,
        ("apps", "Deployment") => &workload::DEPLOYMENT,
        ("apps", "ReplicaSet") => &workload::REPLICA_SET,
        ("apps", "StatefulSet") => &workload::STATEFUL_SET,
        ("apps", "DaemonSet") => &workload::DAEMON_SET,
        ("apps", "ControllerRevision") => &workload::CONTROLLER_REVISION,
        ("batch", "Job") => &workload::JOB,
        ("batch", "CronJob") => &workload::CRON_JOB,
        ("autoscaling", "HorizontalPodAutoscaler") => &autoscaler::HORIZONTAL_POD_AUTOSCALER,
        ("autoscaling", "Scale") => &autoscaler::SCALE,
        ("policy", "PodDisruptionBudget") => &policy::POD_DISRUPTION_BUDGET,
        ("networking.k8s.io", "Ingress") => &service::INGRESS,
        ("networking.k8s.io", "IngressClass") => &service::INGRESS_CLASS,
        ("networking.k8s.io", "NetworkPolicy") => &service::NETWORK_POLICY,
        ("networking.k8s.io", "ServiceCIDR") => &service::SERVICE_CIDR,
        ("networking.k8s.io", "IPAddress") => &service::IP_ADDRESS,
        ("discovery.k8s.io", "EndpointSlice") => &service::ENDPOINT_SLICE,
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &policy::BINDING,
        ("certificates.k8s.io", "CertificateSigningRequest") => &policy::CERTIFICATE_SIGNING_REQUEST,
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            &policy::WEBHOOKS
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => &policy::VALIDATING_POLICY,
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => &policy::MUTATING_POLICY,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding") => {
            &policy::POLICY_BINDING
        }
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => &cluster::FLOW_SCHEMA,
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => &cluster::PRIORITY_LEVEL,
        ("apiregistration.k8s.io", "APIService") => &cluster::API_SERVICE,
        ("coordination.k8s.io", "Lease") => &cluster::LEASE,
        ("scheduling.k8s.io", "PriorityClass") => &cluster::PRIORITY_CLASS,
        ("node.k8s.io", "RuntimeClass") => &cluster::RUNTIME_CLASS,
        ("resource.k8s.io", "DeviceClass" | "ResourceClaimTemplate") => &cluster::NAME_AND_AGE,
        ("resource.k8s.io", "ResourceClaim") => &cluster::RESOURCE_CLAIM,
        ("resource.k8s.io", "ResourceSlice") => &cluster::RESOURCE_SLICE,
        ("storage.k8s.io", "StorageClass") => &volume::STORAGE_CLASS,
        ("storage.k8s.io", "VolumeAttributesClass") => &volume::VOLUME_ATTRIBUTES_CLASS,
        ("storage.k8s.io", "VolumeAttachment") => &volume::VOLUME_ATTACHMENT,
        ("storage.k8s.io", "CSINode") => &volume::CSI_NODE,
        ("storage.k8s.io", "CSIDriver") => &volume::CSI_DRIVER,
        ("storage.k8s.io", "CSIStorageCapacity") => &volume::CSI_STORAGE_CAPACITY,
        _ => &plain::Plain,
    }
}

/// The columns of a resource, as a Table defines them.
pub(crate) fn columns(resource: &Resource, version: &str) -> Vec<Value> {
    if resource.built_in().is_some() {
        return printer(&resource.group, &resource.kind).columns().iter().map(Column::definition).collect();
    }
    let own = resource.custom(version).map_or(&[][..], |version| version.columns.as_slice());
    let own = own.iter().map(|column| {
        let text = |field: &str| column[field].as_str().unwrap_or_default();
        json!({
            "name": text("name"), "type": text("type"), "format": text("format"), "description": text("description"),
            "priority": column["priority"].as_i64().unwrap_or_default(),
        })
    });
    std::iter::once(NAME.definition()).chain(own).collect()
}

/// The cells of an object, one a column; `now` is in seconds since 1970.
pub(crate) fn cells(resource: &Resource, version: &str, object: &Value, now: i64) -> Vec<Value> {
    if resource.built_in().is_some() {
        return printer(&resource.group, &resource.kind).cells(object, now);
    }
    let own = resource.custom(version).map_or(&[][..], |version| version.columns.as_slice());
    let own = own.iter().map(|column| crate::crd::cell(column, object, now));
    let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
    std::iter::once(name).chain(own).collect()
}

/// The `conditions` of an object's row.
pub(crate) fn conditions(resource: &Resource, object: &Value) -> Vec<Value> {
    match resource.built_in() {
        Some(_) => printer(&resource.group, &resource.kind).conditions(object),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
