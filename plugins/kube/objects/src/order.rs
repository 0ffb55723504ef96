//! In which order objects of one batch are written: what others need comes first.

use crate::id::{ObjectId, is_built_in};

/// How many waves there are. Objects of one wave are written side by side.
pub const WAVES: usize = 7;

/// The wave of definitions, after which their kinds have to be served before the next one.
pub const DEFINITIONS: usize = 0;
/// The wave of objects of kinds that are not Kubernetes' own.
const CUSTOM: usize = 5;

/// When an object is written. Finer orders, such as Helm's, come to the same: within a wave nothing needs another.
pub fn wave(id: &ObjectId) -> usize {
    if !is_built_in(id.group()) {
        return CUSTOM;
    }
    match id.kind.as_str() {
        "Namespace" | "CustomResourceDefinition" | "PriorityClass" => DEFINITIONS,
        "NetworkPolicy"
        | "ResourceQuota"
        | "LimitRange"
        | "PodDisruptionBudget"
        | "ServiceAccount"
        | "Secret"
        | "ConfigMap"
        | "StorageClass"
        | "VolumeAttributesClass"
        | "PersistentVolume"
        | "ClusterRole"
        | "Role"
        | "RuntimeClass"
        | "IngressClass"
        | "CSIDriver" => 1,
        "PersistentVolumeClaim" | "ClusterRoleBinding" | "RoleBinding" | "Service" => 2,
        "APIService" => 4,
        "MutatingWebhookConfiguration"
        | "ValidatingWebhookConfiguration"
        | "MutatingAdmissionPolicy"
        | "MutatingAdmissionPolicyBinding"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding" => 6,
        _ => 3,
    }
}
