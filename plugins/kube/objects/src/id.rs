//! What an object is called, and where kinds of the API live.

use maps_sdk::Problem;
use maps_sdk::kube::{ObjectReference, TypeMeta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Groups whose kinds Kubernetes itself serves: where they live is known without asking.
const BUILT_IN: [&str; 22] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Kinds of these groups that are in no namespace.
const CLUSTER_SCOPED: [&str; 30] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "StorageVersion",
    "StorageVersionMigration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// Where the objects of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In none.
    Cluster,
}

/// Is the group one of Kubernetes itself?
pub fn is_built_in(group: &str) -> bool {
    BUILT_IN.contains(&group)
}

/// Where a kind is, if that is known without asking.
pub fn scope_of(group: &str, kind: &str) -> Option<Scope> {
    let cluster = CLUSTER_SCOPED.contains(&kind);
    is_built_in(group).then_some(if cluster { Scope::Cluster } else { Scope::Namespaced })
}

/// An object's name in full, as outputs have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectId {
    /// `apps/v1`, or `v1` for the core group.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Left out where the object is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectId {
    /// An object's, as it stands there.
    pub fn of(object: &Value) -> Option<Self> {
        let ObjectReference { kind, namespace, name } = ObjectReference::of(object)?;
        Some(Self { api_version: kind.api_version, kind: kind.kind, namespace, name })
    }

    /// One in a namespace, from `namespace/name`.
    ///
    /// # Errors
    /// A text that names none.
    pub fn parse(kind: TypeMeta, text: &str) -> Result<Self, Problem> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::namespaced(kind, namespace, name))
            }
            _ => {
                let message = format!("`{text}` names no {}", kind.kind);
                Err(Problem::invalid("bad-id", message).help("write `namespace/name`"))
            }
        }
    }

    /// One in a namespace.
    pub fn namespaced(TypeMeta { api_version, kind }: TypeMeta, namespace: &str, name: &str) -> Self {
        Self { api_version, kind, namespace: Some(namespace.to_owned()), name: name.to_owned() }
    }

    /// `namespace/name`, by which [`parse`](Self::parse) knows one in a namespace.
    pub fn place(&self) -> String {
        format!("{}/{}", self.namespace.as_deref().unwrap_or_default(), self.name)
    }

    /// As calls name it.
    pub fn reference(&self) -> ObjectReference {
        ObjectReference { kind: self.type_meta(), namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// Its kind.
    pub fn type_meta(&self) -> TypeMeta {
        TypeMeta::new(&self.api_version, &self.kind)
    }

    /// Empty for the core group.
    pub fn group(&self) -> &str {
        group(&self.api_version)
    }

    /// What tells it from every other object; the version of its group does not.
    pub fn key(&self) -> Key {
        Key {
            group: self.group().to_owned(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// `Deployment default/web`, for people.
    pub fn shown(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

/// An object by what does not change of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// The group of an `apiVersion`.
pub fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The text at a JSON pointer, if there is one and it is not empty.
pub fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// Is a text what names of most kinds may be: a DNS subdomain (RFC 1123)?
pub fn is_subdomain(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.split('.').all(is_label_of_any_length)
}

/// Is a text what names of namespaces may be: a DNS label (RFC 1123)?
pub fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_label_of_any_length(name)
}

fn is_label_of_any_length(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends(name.chars().next())
        && ends(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
