//! The table of built-in resources; what discovery says of them is upstream's of 1.36.

use super::{Kind, Plain, Subresource};
use crate::kinds;
use crate::kinds::deployment::Deployment;

const NAMESPACED: bool = true;
const CLUSTER: bool = false;

/// What may be done with an object that is kept.
const ALL: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What may be done with an object that is a question, answered and forgotten.
const ONLY_CREATE: &[&str] = &["create"];

/// A resource without short names, categories, subresources, field selectors or rules of its own.
const fn kind(
    group: &'static str,
    versions: &'static [(&'static str, &'static str)],
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    namespaced: bool,
) -> Kind {
    Kind {
        group,
        versions,
        kind,
        plural,
        singular,
        short_names: &[],
        categories: &[],
        namespaced,
        verbs: ALL,
        subresources: &[],
        behaviour: &Plain,
        selectable: &[],
    }
}

/// A part of an object that is read and written by itself.
const fn changed(name: &'static str, kind: &'static str) -> Subresource {
    Subresource { name, speaks: None, kind, verbs: &["get", "patch", "update"] }
}

/// `scale`, in `autoscaling/v1`.
const SCALE: Subresource = Subresource {
    name: "scale",
    speaks: Some(("autoscaling", "v1", "Scale")),
    kind: "Scale",
    verbs: &["get", "patch", "update"],
};

/// A part of an object with verbs of its own.
const fn below(name: &'static str, kind: &'static str, verbs: &'static [&'static str]) -> Subresource {
    Subresource { name, speaks: None, kind, verbs }
}

/// What is posted to an object as a kind of another group.
const fn asked(name: &'static str, group: &'static str, version: &'static str, kind: &'static str) -> Subresource {
    Subresource { name, speaks: Some((group, version, kind)), kind, verbs: ONLY_CREATE }
}

/// Group, then versions with the package of their types, then kind, plural, singular, scope; then the fields
/// of [`Kind`] that are not as usual.
macro_rules! kind {
    ($group:literal $($version:literal $package:literal)+: $kind:ident $plural:ident $singular:ident, $namespaced:ident
     $(, $field:ident: $value:expr)* $(,)?) => {
        Kind {
            $($field: $value,)*
            ..kind(
                $group,
                kind!(@versions $kind $($version $package)+),
                stringify!($kind),
                stringify!($plural),
                stringify!($singular),
                $namespaced,
            )
        }
    };
    (@versions $kind:ident $($version:literal $package:literal)+) => {
        &[$(($version, concat!($package, ".", stringify!($kind)))),+]
    };
}

/// Every built-in resource: groups in the order in which discovery prefers them, resources by name.
///
/// `events` of the core and of `events.k8s.io` are the same objects in two forms.
pub(super) static KINDS: &[Kind] = &[
    // core
    kind!("" "v1" "io.k8s.api.core.v1": Binding bindings binding, NAMESPACED,
        verbs: ONLY_CREATE),
    kind!("" "v1" "io.k8s.api.core.v1": ComponentStatus componentstatuses componentstatus, CLUSTER,
        short_names: &["cs"], verbs: &["get", "list"]),
    kind!("" "v1" "io.k8s.api.core.v1": ConfigMap configmaps configmap, NAMESPACED,
        behaviour: &kinds::config_map::ConfigMap,
        short_names: &["cm"]),
    kind!("" "v1" "io.k8s.api.core.v1": Endpoints endpoints endpoints, NAMESPACED,
        behaviour: &kinds::endpoints::Endpoints,
        short_names: &["ep"]),
    kind!("" "v1" "io.k8s.api.core.v1": Event events event, NAMESPACED,
        behaviour: &kinds::event::CORE,
    short_names: &["ev"],
    selectable: &[
        "involvedObject.apiVersion", "involvedObject.fieldPath", "involvedObject.kind",
        "involvedObject.name", "involvedObject.namespace", "involvedObject.resourceVersion",
        "involvedObject.uid", "reason", "reportingComponent", "source", "type",
    ]),
    kind!("" "v1" "io.k8s.api.core.v1": LimitRange limitranges limitrange, NAMESPACED,
        behaviour: &kinds::resource_quota::LimitRange,
        short_names: &["limits"]),
    kind!("" "v1" "io.k8s.api.core.v1": Namespace namespaces namespace, CLUSTER,
        behaviour: &kinds::namespace::Namespace,
        short_names: &["ns"], verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
        subresources: &[below("finalize", "Namespace", &["update"]), changed("status", "Namespace")],
        selectable: &["status.phase"]),
    kind!("" "v1" "io.k8s.api.core.v1": Node nodes node, CLUSTER,
        behaviour: &kinds::node::Node,
        short_names: &["no"],
        subresources: &[
            below("proxy", "NodeProxyOptions", &["create", "delete", "get", "patch", "update"]),
            changed("status", "Node"),
        ],
        selectable: &["spec.unschedulable"]),
    kind!("" "v1" "io.k8s.api.core.v1": PersistentVolumeClaim persistentvolumeclaims persistentvolumeclaim, NAMESPACED,
        behaviour: &kinds::persistent_volume_claim::PersistentVolumeClaim,
        short_names: &["pvc"], subresources: &[changed("status", "PersistentVolumeClaim")]),
    kind!("" "v1" "io.k8s.api.core.v1": PersistentVolume persistentvolumes persistentvolume, CLUSTER,
        behaviour: &kinds::persistent_volume::PersistentVolume,
        short_names: &["pv"], subresources: &[changed("status", "PersistentVolume")]),
    kind!("" "v1" "io.k8s.api.core.v1": Pod pods pod, NAMESPACED, behaviour: &kinds::pod::Pod,
    short_names: &["po"], categories: &["all"],
    subresources: &[
        below("attach", "PodAttachOptions", &["create", "get"]),
        below("binding", "Binding", ONLY_CREATE),
        changed("ephemeralcontainers", "Pod"),
        asked("eviction", "policy", "v1", "Eviction"),
        below("exec", "PodExecOptions", &["create", "get"]),
        below("log", "Pod", &["get"]),
        below("portforward", "PodPortForwardOptions", &["create", "get"]),
        below("proxy", "PodProxyOptions", &["create", "delete", "get", "patch", "update"]),
        changed("resize", "Pod"),
        changed("status", "Pod"),
    ],
    selectable: &[
        "spec.host", "spec.hostNetwork", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "status.nominatedNodeName", "status.phase", "status.podIP",
        "status.podIPs",
    ]),
    kind!("" "v1" "io.k8s.api.core.v1": PodTemplate podtemplates podtemplate, NAMESPACED, behaviour: &kinds::pod_template::PodTemplate),
    kind!("" "v1" "io.k8s.api.core.v1": ReplicationController replicationcontrollers replicationcontroller, NAMESPACED, behaviour: &kinds::replication_controller::ReplicationController,
        short_names: &["rc"], categories: &["all"],
        subresources: &[SCALE, changed("status", "ReplicationController")], selectable: &["status.replicas"]),
    kind!("" "v1" "io.k8s.api.core.v1": ResourceQuota resourcequotas resourcequota, NAMESPACED,
        behaviour: &kinds::resource_quota::ResourceQuota,
        short_names: &["quota"], subresources: &[changed("status", "ResourceQuota")]),
    kind!("" "v1" "io.k8s.api.core.v1": Secret secrets secret, NAMESPACED,
        behaviour: &kinds::secret::Secret,
        selectable: &["type"]),
    kind!("" "v1" "io.k8s.api.core.v1": ServiceAccount serviceaccounts serviceaccount, NAMESPACED,
        behaviour: &kinds::service_account::ServiceAccount,
        short_names: &["sa"], subresources: &[asked("token", "authentication.k8s.io", "v1", "TokenRequest")]),
    kind!("" "v1" "io.k8s.api.core.v1": Service services service, NAMESPACED,
        behaviour: &kinds::service::Service,
        short_names: &["svc"], categories: &["all"],
        subresources: &[
            below("proxy", "ServiceProxyOptions", &["create", "delete", "get", "patch", "update"]),
            changed("status", "Service"),
        ],
        selectable: &["spec.clusterIP", "spec.type"]),
    // apiregistration.k8s.io
    kind!("apiregistration.k8s.io" "v1" "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1": APIService apiservices apiservice, CLUSTER,
        behaviour: &kinds::api_service::ApiService,
        categories: &["api-extensions"], subresources: &[changed("status", "APIService")]),
    // apps
    kind!("apps" "v1" "io.k8s.api.apps.v1": ControllerRevision controllerrevisions controllerrevision, NAMESPACED, behaviour: &kinds::controller_revision::ControllerRevision),
    kind!("apps" "v1" "io.k8s.api.apps.v1": DaemonSet daemonsets daemonset, NAMESPACED, behaviour: &kinds::daemon_set::DaemonSet,
        short_names: &["ds"], categories: &["all"], subresources: &[changed("status", "DaemonSet")]),
    kind!("apps" "v1" "io.k8s.api.apps.v1": Deployment deployments deployment, NAMESPACED,
        short_names: &["deploy"], categories: &["all"], behaviour: &Deployment, subresources: &[SCALE, changed("status", "Deployment")]),
    kind!("apps" "v1" "io.k8s.api.apps.v1": ReplicaSet replicasets replicaset, NAMESPACED, behaviour: &kinds::replica_set::ReplicaSet,
        short_names: &["rs"], categories: &["all"], subresources: &[SCALE, changed("status", "ReplicaSet")]),
    kind!("apps" "v1" "io.k8s.api.apps.v1": StatefulSet statefulsets statefulset, NAMESPACED, behaviour: &kinds::stateful_set::StatefulSet,
        short_names: &["sts"], categories: &["all"], subresources: &[SCALE, changed("status", "StatefulSet")]),
    // events.k8s.io
    kind!("events.k8s.io" "v1" "io.k8s.api.events.v1": Event events event, NAMESPACED,
        behaviour: &kinds::event::EVENTS,
    short_names: &["ev"],
    selectable: &[
        "reason", "regarding.apiVersion", "regarding.fieldPath", "regarding.kind", "regarding.name",
        "regarding.namespace", "regarding.resourceVersion", "regarding.uid", "reportingController", "type",
    ]),
    // authentication.k8s.io
    kind!("authentication.k8s.io" "v1" "io.k8s.api.authentication.v1": SelfSubjectReview selfsubjectreviews selfsubjectreview, CLUSTER,
        verbs: ONLY_CREATE),
    kind!("authentication.k8s.io" "v1" "io.k8s.api.authentication.v1": TokenReview tokenreviews tokenreview, CLUSTER,
        verbs: ONLY_CREATE),
    // authorization.k8s.io
    kind!("authorization.k8s.io" "v1" "io.k8s.api.authorization.v1": LocalSubjectAccessReview localsubjectaccessreviews localsubjectaccessreview, NAMESPACED,
        verbs: ONLY_CREATE),
    kind!("authorization.k8s.io" "v1" "io.k8s.api.authorization.v1": SelfSubjectAccessReview selfsubjectaccessreviews selfsubjectaccessreview, CLUSTER,
        verbs: ONLY_CREATE),
    kind!("authorization.k8s.io" "v1" "io.k8s.api.authorization.v1": SelfSubjectRulesReview selfsubjectrulesreviews selfsubjectrulesreview, CLUSTER,
        verbs: ONLY_CREATE),
    kind!("authorization.k8s.io" "v1" "io.k8s.api.authorization.v1": SubjectAccessReview subjectaccessreviews subjectaccessreview, CLUSTER,
        verbs: ONLY_CREATE),
    // autoscaling
    kind!("autoscaling" "v2" "io.k8s.api.autoscaling.v2" "v1" "io.k8s.api.autoscaling.v1": HorizontalPodAutoscaler horizontalpodautoscalers horizontalpodautoscaler, NAMESPACED, behaviour: &kinds::horizontal_pod_autoscaler::HorizontalPodAutoscaler,
        short_names: &["hpa"], categories: &["all"], subresources: &[changed("status", "HorizontalPodAutoscaler")]),
    // batch
    kind!("batch" "v1" "io.k8s.api.batch.v1": CronJob cronjobs cronjob, NAMESPACED, behaviour: &kinds::cron_job::CronJob,
        short_names: &["cj"], categories: &["all"], subresources: &[changed("status", "CronJob")]),
    kind!("batch" "v1" "io.k8s.api.batch.v1": Job jobs job, NAMESPACED, behaviour: &kinds::job::Job,
        categories: &["all"], subresources: &[changed("status", "Job")], selectable: &["status.successful"]),
    // certificates.k8s.io
    kind!("certificates.k8s.io" "v1" "io.k8s.api.certificates.v1": CertificateSigningRequest certificatesigningrequests certificatesigningrequest, CLUSTER,
        behaviour: &kinds::certificate_request::CertificateRequest,
        short_names: &["csr"],
        subresources: &[
            changed("approval", "CertificateSigningRequest"),
            changed("status", "CertificateSigningRequest"),
        ],
        selectable: &["spec.signerName"]),
    // networking.k8s.io
    kind!("networking.k8s.io" "v1" "io.k8s.api.networking.v1": IngressClass ingressclasses ingressclass, CLUSTER,
        behaviour: &kinds::ingress::IngressClass),
    kind!("networking.k8s.io" "v1" "io.k8s.api.networking.v1": Ingress ingresses ingress, NAMESPACED,
        behaviour: &kinds::ingress::Ingress,
        short_names: &["ing"], subresources: &[changed("status", "Ingress")]),
    kind!("networking.k8s.io" "v1" "io.k8s.api.networking.v1": IPAddress ipaddresses ipaddress, CLUSTER,
        behaviour: &kinds::service_cidr::IpAddress,
        short_names: &["ip"]),
    kind!("networking.k8s.io" "v1" "io.k8s.api.networking.v1": NetworkPolicy networkpolicies networkpolicy, NAMESPACED,
        behaviour: &kinds::network_policy::NetworkPolicy,
        short_names: &["netpol"]),
    kind!("networking.k8s.io" "v1" "io.k8s.api.networking.v1": ServiceCIDR servicecidrs servicecidr, CLUSTER,
        behaviour: &kinds::service_cidr::ServiceCidr,
        subresources: &[changed("status", "ServiceCIDR")]),
    // policy
    kind!("policy" "v1" "io.k8s.api.policy.v1": PodDisruptionBudget poddisruptionbudgets poddisruptionbudget, NAMESPACED, behaviour: &kinds::pod_disruption_budget::PodDisruptionBudget,
        short_names: &["pdb"], subresources: &[changed("status", "PodDisruptionBudget")]),
    // rbac.authorization.k8s.io
    kind!("rbac.authorization.k8s.io" "v1" "io.k8s.api.rbac.v1": ClusterRoleBinding clusterrolebindings clusterrolebinding, CLUSTER,
        behaviour: &kinds::rbac::CLUSTER_ROLE_BINDING),
    kind!("rbac.authorization.k8s.io" "v1" "io.k8s.api.rbac.v1": ClusterRole clusterroles clusterrole, CLUSTER,
        behaviour: &kinds::rbac::CLUSTER_ROLE),
    kind!("rbac.authorization.k8s.io" "v1" "io.k8s.api.rbac.v1": RoleBinding rolebindings rolebinding, NAMESPACED,
        behaviour: &kinds::rbac::ROLE_BINDING),
    kind!("rbac.authorization.k8s.io" "v1" "io.k8s.api.rbac.v1": Role roles role, NAMESPACED,
        behaviour: &kinds::rbac::ROLE),
    // storage.k8s.io
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": CSIDriver csidrivers csidriver, CLUSTER,
        behaviour: &kinds::storage::CsiDriver),
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": CSINode csinodes csinode, CLUSTER,
        behaviour: &kinds::storage::CsiNode),
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": CSIStorageCapacity csistoragecapacities csistoragecapacity, NAMESPACED,
        behaviour: &kinds::storage::CsiStorageCapacity),
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": StorageClass storageclasses storageclass, CLUSTER,
        behaviour: &kinds::storage::StorageClass,
        short_names: &["sc"]),
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": VolumeAttachment volumeattachments volumeattachment, CLUSTER,
        behaviour: &kinds::storage::VolumeAttachment,
        subresources: &[changed("status", "VolumeAttachment")]),
    kind!("storage.k8s.io" "v1" "io.k8s.api.storage.v1": VolumeAttributesClass volumeattributesclasses volumeattributesclass, CLUSTER,
        behaviour: &kinds::storage::VolumeAttributesClass,
        short_names: &["vac"]),
    // admissionregistration.k8s.io
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": MutatingAdmissionPolicy mutatingadmissionpolicies mutatingadmissionpolicy, CLUSTER,
        behaviour: &kinds::admission_policy::MUTATING,
        categories: &["api-extensions"]),
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings mutatingadmissionpolicybinding, CLUSTER,
        behaviour: &kinds::admission_policy::MUTATING_BINDING,
        categories: &["api-extensions"]),
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": MutatingWebhookConfiguration mutatingwebhookconfigurations mutatingwebhookconfiguration, CLUSTER,
        behaviour: &kinds::webhook::MUTATING,
        categories: &["api-extensions"]),
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": ValidatingAdmissionPolicy validatingadmissionpolicies validatingadmissionpolicy, CLUSTER,
        behaviour: &kinds::admission_policy::VALIDATING,
        categories: &["api-extensions"], subresources: &[changed("status", "ValidatingAdmissionPolicy")]),
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings validatingadmissionpolicybinding, CLUSTER,
        behaviour: &kinds::admission_policy::VALIDATING_BINDING,
        categories: &["api-extensions"]),
    kind!("admissionregistration.k8s.io" "v1" "io.k8s.api.admissionregistration.v1": ValidatingWebhookConfiguration validatingwebhookconfigurations validatingwebhookconfiguration, CLUSTER,
        behaviour: &kinds::webhook::VALIDATING,
        categories: &["api-extensions"]),
    // apiextensions.k8s.io
    kind!("apiextensions.k8s.io" "v1" "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1": CustomResourceDefinition customresourcedefinitions customresourcedefinition, CLUSTER,
        short_names: &["crd", "crds"], categories: &["api-extensions"],
        subresources: &[changed("status", "CustomResourceDefinition")],
        behaviour: &crate::crd::definition::Definitions),
    // scheduling.k8s.io
    kind!("scheduling.k8s.io" "v1" "io.k8s.api.scheduling.v1": PriorityClass priorityclasses priorityclass, CLUSTER, behaviour: &kinds::priority_class::PriorityClass,
        short_names: &["pc"]),
    // coordination.k8s.io
    kind!("coordination.k8s.io" "v1" "io.k8s.api.coordination.v1": Lease leases lease, NAMESPACED,
        behaviour: &kinds::lease::Lease),
    // node.k8s.io
    kind!("node.k8s.io" "v1" "io.k8s.api.node.v1": RuntimeClass runtimeclasses runtimeclass, CLUSTER, behaviour: &kinds::runtime_class::RuntimeClass),
    // discovery.k8s.io
    kind!("discovery.k8s.io" "v1" "io.k8s.api.discovery.v1": EndpointSlice endpointslices endpointslice, NAMESPACED,
        behaviour: &kinds::endpoints::EndpointSlice),
    // resource.k8s.io
    kind!("resource.k8s.io" "v1" "io.k8s.api.resource.v1": DeviceClass deviceclasses deviceclass, CLUSTER),
    kind!("resource.k8s.io" "v1" "io.k8s.api.resource.v1": ResourceClaim resourceclaims resourceclaim, NAMESPACED,
        subresources: &[changed("status", "ResourceClaim")]),
    kind!("resource.k8s.io" "v1" "io.k8s.api.resource.v1": ResourceClaimTemplate resourceclaimtemplates resourceclaimtemplate, NAMESPACED),
    kind!("resource.k8s.io" "v1" "io.k8s.api.resource.v1": ResourceSlice resourceslices resourceslice, CLUSTER,
        selectable: &["spec.driver", "spec.nodeName"]),
    // flowcontrol.apiserver.k8s.io
    kind!("flowcontrol.apiserver.k8s.io" "v1" "io.k8s.api.flowcontrol.v1": FlowSchema flowschemas flowschema, CLUSTER,
        behaviour: &kinds::flow_control::FlowSchema,
        subresources: &[changed("status", "FlowSchema")]),
    kind!("flowcontrol.apiserver.k8s.io" "v1" "io.k8s.api.flowcontrol.v1": PriorityLevelConfiguration prioritylevelconfigurations prioritylevelconfiguration, CLUSTER,
        behaviour: &kinds::flow_control::PriorityLevel,
        subresources: &[changed("status", "PriorityLevelConfiguration")]),
];

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn names_are_told_apart_and_sorted() {
        let mut seen = std::collections::BTreeSet::new();
        for pair in KINDS.windows(2) {
            assert!(pair[0].group != pair[1].group || pair[0].plural < pair[1].plural, "{}", pair[1].plural);
        }
        for kind in KINDS {
            assert!(seen.insert((kind.group, kind.plural)), "{} twice", kind.plural);
            assert!(kind.verbs.is_sorted(), "{}", kind.plural);
            assert!(kind.subresources.is_sorted_by_key(|sub| sub.name), "{}", kind.plural);
            assert!(kind.versions.iter().all(|(version, name)| name.ends_with(&format!(".{version}.{}", kind.kind))));
        }
    }

    #[test]
    fn groups_are_those_of_a_1_36_server() {
        let groups: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.group).collect();
        assert_eq!(groups.len(), 21, "20 groups and the core");
        let preferred: Vec<_> =
            KINDS.iter().filter(|kind| kind.group == "autoscaling").map(|kind| kind.versions[0].0).collect();
        assert_eq!(preferred, ["v2"]);
    }
}
