//! What the kinds that make Pods refuse, object by object.

use serde_json::{Value, json};

use super::daemon_set::DaemonSet;
use super::pod_disruption_budget::PodDisruptionBudget;
use super::replica_set::ReplicaSet;
use super::replication_controller::ReplicationController;
use super::runtime_class::RuntimeClass;
use super::stateful_set::StatefulSet;
use crate::object::set;
use crate::registry::Behaviour;

/// A workload of Pods labelled `a: b`, with more in its spec.
fn workload(more: &Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        set(&mut spec, field, value.clone());
    }
    json!({"metadata": {"name": "x"}, "spec": spec})
}

fn made(kind: &dyn Behaviour, more: &Value) -> Value {
    let mut object = workload(more);
    kind.default(&mut object);
    kind.prepare_create(&mut object);
    object
}

fn refused(kind: &dyn Behaviour, object: &Value) -> Vec<String> {
    kind.validate(object).iter().map(ToString::to_string).collect()
}

fn refused_change(kind: &dyn Behaviour, new: &Value, old: &Value) -> Vec<String> {
    kind.validate_update(new, old).iter().map(ToString::to_string).collect()
}

const MISMATCH: &str =
    "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`";

#[test]
fn what_is_right_is_accepted() {
    let kinds: [&dyn Behaviour; 3] = [&StatefulSet, &DaemonSet, &ReplicaSet];
    for kind in kinds {
        let object = made(kind, &json!({}));
        assert_eq!(refused(kind, &object), Vec::<String>::new());
        assert_eq!(refused_change(kind, &object, &object), Vec::<String>::new());
    }
    let controller = made(&ReplicationController, &json!({"selector": null}));
    assert_eq!(controller["spec"]["selector"], json!({"a": "b"}));
    assert_eq!(refused(&ReplicationController, &controller), Vec::<String>::new());
}

#[test]
fn stateful_sets() {
    let cases = [
        (json!({"selector": {"matchLabels": {"a": "c"}}}), vec![MISMATCH]),
        (
            json!({"podManagementPolicy": "None", "replicas": -1}),
            vec![
                "spec.podManagementPolicy: Invalid value: \"None\": must be 'OrderedReady' or 'Parallel'",
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            json!({"updateStrategy": {"type": "Never"}}),
            vec![
                "spec.updateStrategy: Invalid value: {\"Type\":\"Never\",\"RollingUpdate\":null}: must be 'RollingUpdate' \
                 or 'OnDelete'",
            ],
        ),
        (
            json!({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}),
            vec![
                "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed \
                 for updateStrategy 'RollingUpdate'",
            ],
        ),
        (
            json!({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}}),
            vec![
                "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"Keep\": supported values: \
                 \"Retain\", \"Delete\"",
            ],
        ),
    ];
    for (more, expect) in cases {
        assert_eq!(refused(&StatefulSet, &made(&StatefulSet, &more)), expect, "{more}");
    }
    let old = made(&StatefulSet, &json!({"serviceName": "x"}));
    let scaled = made(&StatefulSet, &json!({"serviceName": "x", "replicas": 3}));
    assert_eq!(refused_change(&StatefulSet, &scaled, &old), Vec::<String>::new());
    let renamed = made(&StatefulSet, &json!({"serviceName": "y"}));
    let expect = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                  'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                  'minReadySeconds' are forbidden";
    assert_eq!(refused_change(&StatefulSet, &renamed, &old), [expect]);
}

#[test]
fn claims_stand_for_the_volumes_of_their_names() {
    let container = json!({"name": "c", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}});
    let unknown = made(&StatefulSet, &json!({"template": template}));
    assert_eq!(
        refused(&StatefulSet, &unknown),
        ["spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"data\""]
    );
    let claim = json!({"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }});
    let claimed = made(&StatefulSet, &json!({"template": template, "volumeClaimTemplates": [claim]}));
    assert_eq!(refused(&StatefulSet, &claimed), Vec::<String>::new());
    assert_eq!(claimed["spec"]["volumeClaimTemplates"][0]["kind"], "PersistentVolumeClaim");
}

#[test]
fn daemon_sets() {
    let cases = [
        (json!({"selector": {"matchLabels": {"a": "c"}}}), vec![MISMATCH]),
        (
            json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}),
            vec![
                "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is \
                 non-zero",
            ],
        ),
        (
            json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}),
            vec!["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
        ),
        (
            json!({"updateStrategy": {"type": "Recreate"}}),
            vec![
                "spec.updateStrategy: Unsupported value: {\"Type\":\"Recreate\",\"RollingUpdate\":null}: supported values: \
                 \"RollingUpdate\", \"OnDelete\"",
            ],
        ),
    ];
    for (more, expect) in cases {
        assert_eq!(refused(&DaemonSet, &made(&DaemonSet, &more)), expect, "{more}");
    }
    let old = made(&DaemonSet, &json!({}));
    let mut other = old.clone();
    set(&mut other["spec"]["template"]["spec"], "hostPID", true);
    DaemonSet.prepare_update(&mut other, &old);
    assert_eq!(other["metadata"]["annotations"]["deprecated.daemonset.template.generation"], "2");
}

#[test]
fn replica_sets_and_replication_controllers() {
    let selected = made(&ReplicaSet, &json!({"selector": {}, "replicas": -1}));
    assert_eq!(
        refused(&ReplicaSet, &selected),
        [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ]
    );
    let old = made(&ReplicaSet, &json!({}));
    let more =
        json!({"selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}});
    let expect = "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"a\",\
                  \"operator\":\"Exists\"}]}: field is immutable";
    assert_eq!(refused_change(&ReplicaSet, &made(&ReplicaSet, &more), &old), [expect]);
    let other = made(&ReplicationController, &json!({"selector": {"a": "c"}}));
    assert_eq!(refused(&ReplicationController, &other), [MISMATCH]);
    let bare = json!({"metadata": {"name": "x"}, "spec": {"replicas": 1}});
    assert_eq!(
        refused(&ReplicationController, &bare),
        ["spec.selector: Required value", "spec.template: Required value"]
    );
}

#[test]
fn disruption_budgets() {
    let cases = [
        (
            json!({"minAvailable": 1, "maxUnavailable": "10%"}),
            vec![
                "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":null,\"MaxUnavailable\":\"10%\",\
                 \"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
            ],
        ),
        (
            json!({"minAvailable": "101%", "unhealthyPodEvictionPolicy": "Never"}),
            vec![
                "spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%",
                "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"AlwaysAllow\", \
                 \"IfHealthyBudget\"",
            ],
        ),
        (
            json!({"maxUnavailable": -1}),
            vec!["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"],
        ),
    ];
    for (spec, expect) in cases {
        assert_eq!(refused(&PodDisruptionBudget, &json!({"spec": spec})), expect, "{spec}");
    }
}

#[test]
fn runtime_classes() {
    assert_eq!(refused(&RuntimeClass, &json!({"handler": ""})), ["handler: Required value"]);
    let old = json!({"handler": "runc"});
    assert_eq!(
        refused_change(&RuntimeClass, &json!({"handler": "kata"}), &old),
        ["handler: Invalid value: \"kata\": field is immutable"]
    );
}
