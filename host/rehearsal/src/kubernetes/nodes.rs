//! What a cluster of DigitalOcean's has from the start: its nodes and its storage classes.

use serde_json::{Map, Value, json};

use crate::digitalocean::{Played, Worker};

/// The Nodes of a cluster.
pub(super) fn of(cluster: &Played) -> Vec<Value> {
    cluster.workers.iter().map(|worker| node(worker, &cluster.region, &cluster.version)).collect()
}

/// The standing cluster's Nodes.
pub(super) fn standing() -> Vec<Value> {
    let worker = |n: usize| Worker {
        name: format!("standing-{n}"),
        pool: "standing".to_owned(),
        pool_id: "standing".to_owned(),
        size: "s-2vcpu-4gb".to_owned(),
        labels: Map::new(),
        taints: Vec::new(),
        ready: true,
    };
    (1..=2).map(|n| node(&worker(n), "fra1", "1.36.2")).collect()
}

/// Processors and memory in GiB that a size's name tells: `s-2vcpu-4gb`.
fn capacity(size: &str) -> (u64, u64) {
    let number = |unit: &str| {
        let part = size.split('-').find_map(|part| part.strip_suffix(unit))?;
        part.parse().ok()
    };
    (number("vcpu").unwrap_or(2), number("gb").unwrap_or(4))
}

fn node(worker: &Worker, region: &str, version: &str) -> Value {
    let (cpu, memory) = capacity(&worker.size);
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/instance-type": worker.size, "doks.digitalocean.com/node-pool": worker.pool,
        "doks.digitalocean.com/node-pool-id": worker.pool_id, "doks.digitalocean.com/version": version,
        "failure-domain.beta.kubernetes.io/region": region, "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": worker.name, "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": worker.size, "region": region,
        "topology.kubernetes.io/region": region,
    });
    if let Some(labels) = labels.as_object_mut() {
        labels.extend(worker.labels.clone());
    }
    let resources = json!({
        "cpu": cpu.to_string(), "memory": format!("{memory}Gi"), "pods": "110", "ephemeral-storage": "80Gi",
    });
    let ready = if worker.ready { "True" } else { "False" };
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": worker.name, "labels": labels},
        "spec": {"providerID": format!("digitalocean://{}", worker.name), "taints": worker.taints},
        "status": {
            "capacity": resources, "allocatable": resources,
            "conditions": [{
                "type": "Ready", "status": ready, "reason": "KubeletReady",
                "message": "kubelet is posting ready status",
                "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
            "addresses": [{"type": "Hostname", "address": worker.name}],
            "nodeInfo": {
                "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.0.0",
                "kernelVersion": "6.1.0", "kubeProxyVersion": "", "kubeletVersion": format!("v{version}"),
                "machineID": "", "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12 (bookworm)", "systemUUID": "",
            },
        },
    })
}

/// DigitalOcean's storage classes.
pub(super) fn classes() -> Vec<Value> {
    let classes = [
        ("do-block-storage", "Delete", "ext4", true),
        ("do-block-storage-retain", "Retain", "ext4", false),
        ("do-block-storage-xfs", "Delete", "xfs", false),
        ("do-block-storage-xfs-retain", "Retain", "xfs", false),
    ];
    let class = |(name, policy, system, default): (&str, &str, &str, bool)| {
        let annotations =
            if default { json!({"storageclass.kubernetes.io/is-default-class": "true"}) } else { json!({}) };
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": name, "annotations": annotations},
            "provisioner": "dobs.csi.digitalocean.com", "reclaimPolicy": policy, "allowVolumeExpansion": true,
            "volumeBindingMode": "Immediate", "parameters": {"csi.storage.k8s.io/fstype": system},
        })
    };
    classes.into_iter().map(class).collect()
}
