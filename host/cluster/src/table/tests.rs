//! Cells against what upstream prints for such objects.

use serde_json::{Value, json};

use super::age::human;
use super::*;

const NOW: i64 = 1_700_000_000;

fn shows(group: &str, kind: &str, mut object: Value, expected: &[Value]) {
    object["metadata"]["name"] = json!("x");
    object["metadata"]["creationTimestamp"] = json!("2023-11-14T22:08:20Z");
    let printer = printer(group, kind);
    let cells = printer.cells(&object, NOW);
    assert_eq!(cells.len(), printer.columns().len(), "{kind} has a cell for each column");
    assert_eq!(cells, expected, "{kind}");
}

#[test]
fn ages_have_one_unit_or_two() {
    let (minute, hour, day) = (60, 3600, 86_400);
    let cases = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (199, "3m19s"),
        (10 * minute + 5, "10m"),
        (179 * minute, "179m"),
        (3 * hour, "3h"),
        (3 * hour + 5 * minute, "3h5m"),
        (8 * hour + 59 * minute, "8h"),
        (47 * hour, "47h"),
        (2 * day, "2d"),
        (2 * day + hour, "2d1h"),
        (8 * day + hour, "8d"),
        (729 * day, "729d"),
        (730 * day, "2y"),
        (731 * day, "2y1d"),
        (8 * 365 * day + day, "8y"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(human(seconds), expected, "{seconds}");
    }
}

#[test]
fn pods_show_what_their_containers_do() {
    let rest = |cells: [&str; 4]| {
        let mut all: Vec<Value> = vec![json!("x")];
        all.extend(cells.map(|cell| json!(cell)));
        all.extend(["<none>"; 4].map(|cell| json!(cell)));
        all
    };
    let two = json!({"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}, {"name": "j"}]});
    let pod = |status: Value| json!({"metadata": {}, "spec": two, "status": status});
    let running = json!({"ready": true, "restartCount": 1, "state": {"running": {}}});
    let cases = [
        (json!({"phase": "Pending"}), ["0/2", "Pending", "0", "5m"]),
        (json!({"phase": "Running", "containerStatuses": [running, running]}), ["2/2", "Running", "2", "5m"]),
        (
            json!({"phase": "Running", "containerStatuses": [running, {"restartCount": 3,
                "lastState": {"terminated": {"finishedAt": "2023-11-14T22:12:20Z"}},
                "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
            ["1/2", "CrashLoopBackOff", "4 (60s ago)", "5m"],
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}, {"state": {"running": {}}}]}),
            ["0/2", "Init:1/2", "0", "5m"],
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]}),
            ["0/2", "Init:Error", "0", "5m"],
        ),
        (
            json!({"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]}),
            ["0/2", "Completed", "0", "5m"],
        ),
        (json!({"phase": "Failed", "reason": "Evicted"}), ["0/2", "Evicted", "0", "5m"]),
    ];
    for (status, expected) in cases {
        shows("", "Pod", pod(status), &rest(expected));
    }
    let mut leaving = pod(json!({"phase": "Running"}));
    leaving["metadata"]["deletionTimestamp"] = json!("2023-11-14T22:13:20Z");
    shows("", "Pod", leaving, &rest(["0/2", "Terminating", "0", "5m"]));
}

#[test]
fn workloads_count_their_pods() {
    let template = json!({"spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j:2"}]}});
    let selector = json!({
        "matchLabels": {"app": "x"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "old", "operator": "DoesNotExist"}],
    });
    let deployment = json!({
        "spec": {"replicas": 3, "template": template, "selector": selector},
        "status": {"readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 1},
    });
    let said = "app=x,!old,tier in (a,b)";
    let expected =
        [json!("x"), json!("1/3"), json!(3), json!(1), json!("5m"), json!("a,b"), json!("i:1,j:2"), json!(said)];
    shows("apps", "Deployment", deployment, &expected);
    let job = json!({
        "spec": {"completions": 2, "template": template},
        "status": {"succeeded": 1, "startTime": "2023-11-14T22:10:00Z", "conditions": [{"type": "Suspended", "status": "False"}]},
    });
    let expected = [
        json!("x"),
        json!("Running"),
        json!("1/2"),
        json!("3m20s"),
        json!("5m"),
        json!("a,b"),
        json!("i:1,j:2"),
        json!("<none>"),
    ];
    shows("batch", "Job", job, &expected);
}

#[test]
fn services_show_their_ways_in() {
    let service = json!({
        "spec": {
            "type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "selector": {"b": "2", "a": "1"},
            "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
        },
    });
    let mut expected =
        ["x", "LoadBalancer", "10.0.0.1", "<pending>", "80:30080/TCP,53/UDP", "5m", "a=1,b=2"].map(|cell| json!(cell));
    shows("", "Service", service.clone(), &expected);
    let mut balanced = service;
    balanced["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}});
    expected[3] = json!("192.0.2.7");
    shows("", "Service", balanced, &expected);
    let rules = ["a", "b", "c", "d"].map(|host| json!({"host": host}));
    let ingress = json!({"spec": {"rules": rules, "tls": [{}]}});
    let expected = ["x", "<none>", "a,b,c + 1 more...", "", "80, 443", "5m"].map(|cell| json!(cell));
    shows("networking.k8s.io", "Ingress", ingress, &expected);
}

#[test]
fn volumes_and_quotas() {
    let claim = json!({
        "spec": {"volumeName": "pv", "storageClassName": "fast", "volumeMode": "Filesystem"},
        "status": {"phase": "Bound", "accessModes": ["ReadWriteMany", "ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
    });
    let expected =
        ["x", "Bound", "pv", "1Gi", "RWO,RWX", "fast", "<unset>", "5m", "Filesystem"].map(|cell| json!(cell));
    shows("", "PersistentVolumeClaim", claim, &expected);
    let quota = json!({"status": {
        "hard": {"pods": "3", "limits.cpu": "2", "cpu": "1"}, "used": {"pods": "1", "limits.cpu": "500m", "cpu": "0"},
    }});
    let expected = ["x", "cpu: 0/1, pods: 1/3", "limits.cpu: 500m/2", "5m"].map(|cell| json!(cell));
    shows("", "ResourceQuota", quota, &expected);
}

#[test]
fn every_printer_has_a_cell_for_each_column_of_an_empty_object() {
    for kind in crate::registry::built_in() {
        let printer = printer(kind.group, kind.kind);
        assert_eq!(printer.cells(&json!({}), NOW).len(), printer.columns().len(), "{}", kind.kind);
    }
}
