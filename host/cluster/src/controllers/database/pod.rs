//! The Pod of an instance.

use serde_json::{Map, Value, json};

use super::{OF_CLUSTER, ROLE, cluster};
use crate::controllers::object::{annotation, ensure, fields, items, name, text, truth};

/// The annotation with the specification that a Pod was made with.
const SPEC: &str = "cnpg.io/podSpec";
/// Seconds that an instance may take to stop, unless the Cluster says another.
const STOP_DELAY: i64 = 1800;

/// The Pod of an instance of this name.
pub(super) fn pod(cluster: &Value, title: &str) -> Value {
    let spec = specification(cluster, title);
    json!({
        "apiVersion": "v1", "kind": "Pod", "spec": spec,
        "metadata": {
            "name": title,
            "labels": {
                "cnpg.io/instanceName": title, "cnpg.io/podRole": "instance", ROLE: "replica", "role": "replica",
                "app.kubernetes.io/name": "postgresql", "app.kubernetes.io/component": "database",
                "app.kubernetes.io/instance": name(cluster),
            },
            "annotations": {
                SPEC: spec.to_string(), "cnpg.io/nodeSerial": title.rsplit('-').next().unwrap_or_default(),
                "cnpg.io/operatorVersion": "1.30.0",
            },
        },
    })
}

/// Would the Pod be made the same now?
pub(super) fn is_current(cluster: &Value, pod: &Value) -> bool {
    annotation(pod, SPEC) == Some(specification(cluster, name(pod)).to_string().as_str())
}

/// What would be made another way now, in the operator's words.
pub(super) fn difference(cluster: &Value, pod: &Value) -> String {
    let (old, new) = (image(pod), cluster::image(cluster));
    if old == new {
        return "original and target PodSpec differ in containers".to_owned();
    }
    format!("the instance is using a different image: {old} -> {new}")
}

/// The image that an instance runs.
pub(super) fn image(pod: &Value) -> &str {
    items(pod, "/spec/containers").first().map(|container| text(container, "/image")).unwrap_or_default()
}

fn specification(cluster: &Value, title: &str) -> Value {
    let image = cluster::image(cluster);
    let confined = json!({
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "privileged": false,
        "readOnlyRootFilesystem": true, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let mut mounts = vec![
        json!({"name": "pgdata", "mountPath": "/var/lib/postgresql/data"}),
        json!({"name": "scratch-data", "mountPath": "/run"}),
        json!({"name": "scratch-data", "mountPath": "/controller"}),
        json!({"name": "shm", "mountPath": "/dev/shm"}),
    ];
    let mut volumes = vec![
        json!({"name": "pgdata", "persistentVolumeClaim": {"claimName": title}}),
        json!({"name": "scratch-data", "emptyDir": {}}),
        json!({"name": "shm", "emptyDir": {"medium": "Memory"}}),
    ];
    if cluster.pointer("/spec/walStorage").is_some() {
        mounts.push(json!({"name": "pg-wal", "mountPath": "/var/lib/postgresql/wal"}));
        volumes.push(json!({"name": "pg-wal", "persistentVolumeClaim": {"claimName": format!("{title}-wal")}}));
    }
    let ports = [("postgresql", 5432), ("metrics", 9187), ("status", 8000)];
    let ports = ports.map(|(name, port)| json!({"name": name, "containerPort": port, "protocol": "TCP"}));
    let stop = cluster.pointer("/spec/stopDelay").and_then(Value::as_i64).unwrap_or(STOP_DELAY);
    let mut spec = json!({
        "containers": [{
            "name": "postgres", "image": image, "command": ["/controller/manager", "instance", "run"],
            "env": [
                {"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"}, {"name": "POD_NAME", "value": title},
                {"name": "CLUSTER_NAME", "value": name(cluster)}, {"name": "PGPORT", "value": "5432"},
            ],
            "ports": ports, "volumeMounts": mounts, "securityContext": confined,
            "resources": cluster.pointer("/spec/resources").cloned().unwrap_or_else(|| json!({})),
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8000, "scheme": "HTTPS"}},
        }],
        "volumes": volumes, "hostname": title, "serviceAccountName": name(cluster),
        "securityContext": {
            "runAsNonRoot": true, "runAsUser": 26, "runAsGroup": 26, "fsGroup": 26,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": stop, "restartPolicy": "Always",
        "affinity": affinity(cluster),
    });
    let copied = [
        ("/spec/affinity/nodeSelector", "nodeSelector"),
        ("/spec/affinity/tolerations", "tolerations"),
        ("/spec/imagePullSecrets", "imagePullSecrets"),
        ("/spec/priorityClassName", "priorityClassName"),
        ("/spec/topologySpreadConstraints", "topologySpreadConstraints"),
    ];
    for (from, to) in copied {
        if let Some(value) = cluster.pointer(from) {
            spec[to] = value.clone();
        }
    }
    spec
}

/// Instances keep away from one another, unless the Cluster says otherwise.
fn affinity(cluster: &Value) -> Value {
    let mut affinity = Value::Object(Map::new());
    if let Some(node) = fields(cluster, "/spec/affinity/nodeAffinity") {
        affinity["nodeAffinity"] = json!(node);
    }
    let on = cluster.pointer("/spec/affinity/enablePodAntiAffinity").is_none()
        || truth(cluster, "/spec/affinity/enablePodAntiAffinity");
    if on {
        let topology = match text(cluster, "/spec/affinity/topologyKey") {
            "" => "kubernetes.io/hostname",
            stated => stated,
        };
        let term = json!({
            "labelSelector": {"matchExpressions": [
                {"key": OF_CLUSTER, "operator": "In", "values": [name(cluster)]},
                {"key": "cnpg.io/podRole", "operator": "In", "values": ["instance"]},
            ]},
            "topologyKey": topology,
        });
        let (field, terms) = match text(cluster, "/spec/affinity/podAntiAffinityType") {
            "required" => ("requiredDuringSchedulingIgnoredDuringExecution", json!([term])),
            _ => {
                let weighted = json!([{"weight": 100, "podAffinityTerm": term}]);
                ("preferredDuringSchedulingIgnoredDuringExecution", weighted)
            }
        };
        *ensure(&mut affinity, &["podAntiAffinity", field]) = terms;
    }
    affinity
}
