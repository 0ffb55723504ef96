//! A DigitalOcean small enough for unit tests: it keeps clusters, and changes their states only when a
//! test says so.

use std::cell::RefCell;
use std::rc::Rc;

use maps_sdk::http::Response;
use maps_sdk::testing::{self, Call};
use serde_json::{Value, json};

/// The clusters of an account, as DigitalOcean's JSON. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Cloud {
    clusters: Rc<RefCell<Vec<Value>>>,
    made: Rc<RefCell<u32>>,
    /// What the controllers of any cluster made, as the list of it.
    associated: Rc<RefCell<Value>>,
}

impl Cloud {
    /// A cloud that answers this thread's calls.
    pub(super) fn start() -> Self {
        let cloud = Self::default();
        cloud.associate(&[], &[]);
        let answering = cloud.clone();
        testing::http(move |call| Ok(answering.answer(call)));
        cloud
    }

    /// Lets everything that is under way come to its end.
    pub(super) fn settle(&self) {
        let mut clusters = self.clusters.borrow_mut();
        clusters.retain(|cluster| cluster["status"]["state"] != "deleting");
        for cluster in clusters.iter_mut() {
            if matches!(cluster["status"]["state"].as_str(), Some("provisioning" | "upgrading")) {
                cluster["status"]["state"] = "running".into();
                cluster["endpoint"] = "https://one.k8s.ondigitalocean.com".into();
            }
            let pools = cluster["node_pools"].as_array_mut().unwrap();
            pools.retain(|pool| {
                pool["nodes"].as_array().unwrap().iter().any(|node| node["status"]["state"] != "deleting")
            });
            pools.iter_mut().for_each(|pool| pool["nodes"] = nodes(pool, "running"));
        }
    }

    /// Changes the first cluster behind maps' back.
    pub(super) fn meddle(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.clusters.borrow_mut()[0]);
    }

    /// Has the clusters' controllers make these load balancers and volumes, by name.
    pub(super) fn associate(&self, load_balancers: &[&str], volumes: &[&str]) {
        let shown = |names: &[&str]| -> Value {
            names.iter().map(|name| json!({"id": format!("id-of-{name}"), "name": name})).collect()
        };
        let list = json!({"load_balancers": shown(load_balancers), "volumes": shown(volumes), "volume_snapshots": []});
        *self.associated.borrow_mut() = list;
    }

    /// The first cluster.
    pub(super) fn cluster(&self) -> Value {
        self.clusters.borrow()[0].clone()
    }

    /// How many clusters there are.
    pub(super) fn count(&self) -> usize {
        self.clusters.borrow().len()
    }

    fn id(&self, prefix: &str) -> String {
        *self.made.borrow_mut() += 1;
        format!("{prefix}-{:04}", self.made.borrow())
    }

    fn pool(&self, body: &Value) -> Value {
        let mut pool =
            json!({"auto_scale": false, "min_nodes": 0, "max_nodes": 0, "labels": null, "taints": [], "tags": []});
        merge(&mut pool, body);
        pool["id"] = self.id("pool").into();
        pool["nodes"] = nodes(&pool, "provisioning");
        pool
    }

    fn answer(&self, call: &Call) -> Response {
        let (path, _) = call.url.split_once('?').unwrap_or((&call.url, ""));
        let path = path.strip_prefix("https://api.digitalocean.com/v2/kubernetes/").unwrap();
        let segments: Vec<&str> = path.split('/').collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("GET", ["options"]) => {
                let versions = ["1.32.7-do.1", "1.33.1-do.9", "1.33.1-do.10", "1.34.0-do.1", "1.35.2-do.0"]
                    .map(|slug| json!({"slug": slug}));
                testing::json(200, json!({"options": {"versions": versions}}))
            }
            ("GET", ["clusters"]) => {
                let clusters = self.clusters.borrow();
                testing::json(200, json!({"kubernetes_clusters": *clusters, "meta": {"total": clusters.len()}}))
            }
            ("POST", ["clusters"]) => self.create(&call.body),
            (method @ ("POST" | "DELETE"), [kind @ ("registry" | "registries")]) => {
                self.registry(method == "POST", kind == &"registry", &call.body)
            }
            (method, ["clusters", id, rest @ ..]) => self.on_cluster(method, id, rest, &call.body),
            _ => testing::json(404, json!({"id": "not_found", "message": "no such path"})),
        }
    }

    fn create(&self, body: &Value) -> Response {
        if self.clusters.borrow().iter().any(|cluster| cluster["name"] == body["name"]) {
            let message = "a cluster with this name already exists";
            return testing::json(422, json!({"id": "unprocessable_entity", "message": message}));
        }
        let mut cluster = body.clone();
        let id = self.id("cluster");
        cluster["tags"].as_array_mut().unwrap().extend([json!("k8s"), json!(format!("k8s:{id}"))]);
        cluster["id"] = id.into();
        cluster["status"] = json!({"state": "provisioning"});
        cluster["vpc_uuid"] = "vpc-default".into();
        cluster["ipv4"] = "".into();
        (cluster["registry_enabled"], cluster["registries"]) = (false.into(), json!([]));
        if cluster.get("maintenance_policy").is_none() {
            cluster["maintenance_policy"] = json!({"start_time": "02:00", "day": "any", "duration": "4h0m0s"});
        }
        let pools = body["node_pools"].as_array().unwrap().iter().map(|pool| self.pool(pool)).collect();
        cluster["node_pools"] = Value::Array(pools);
        self.clusters.borrow_mut().push(cluster.clone());
        testing::json(201, json!({"kubernetes_cluster": cluster}))
    }

    fn registry(&self, wanted: bool, whole: bool, body: &Value) -> Response {
        for cluster in self.clusters.borrow_mut().iter_mut() {
            if body["cluster_uuids"] != json!([cluster["id"]]) {
                continue;
            }
            if whole {
                cluster["registry_enabled"] = wanted.into();
                continue;
            }
            let named = body["registries"].as_array().unwrap();
            let registries = cluster["registries"].as_array_mut().unwrap();
            registries.retain(|name| !named.contains(name));
            if wanted {
                registries.extend(named.iter().cloned());
            }
            cluster["registry_enabled"] = (!registries.is_empty()).into();
        }
        testing::json(204, Value::Null)
    }

    fn on_cluster(&self, method: &str, id: &str, rest: &[&str], body: &Value) -> Response {
        let mut clusters = self.clusters.borrow_mut();
        let Some(cluster) = clusters.iter_mut().find(|cluster| cluster["id"] == id) else {
            return testing::json(404, json!({"id": "not_found", "message": "no such cluster"}));
        };
        match (method, rest) {
            ("GET", []) => testing::json(200, json!({"kubernetes_cluster": cluster})),
            ("GET", ["kubeconfig"]) => testing::json(200, json!({"$sealed": format!("kubeconfig of {id}")})),
            ("GET", ["upgrades"]) => {
                let offered = match cluster["version"].as_str() {
                    Some(version) if version.starts_with("1.33") => {
                        json!([{"slug": "1.34.0-do.1"}, {"slug": "1.34.0-do.0"}])
                    }
                    Some(version) if version.starts_with("1.34") => json!([{"slug": "1.35.2-do.0"}]),
                    _ => Value::Null,
                };
                testing::json(200, json!({"available_upgrade_versions": offered}))
            }
            ("GET", ["destroy_with_associated_resources"]) => testing::json(200, &*self.associated.borrow()),
            ("DELETE", ["destroy_with_associated_resources", "selective" | "dangerous"]) => {
                cluster["status"]["state"] = "deleting".into();
                testing::json(204, Value::Null)
            }
            ("PUT", []) => {
                merge(cluster, body);
                testing::json(202, json!({"kubernetes_cluster": cluster}))
            }
            ("POST", ["upgrade"]) => {
                cluster["version"] = body["version"].clone();
                cluster["status"]["state"] = "upgrading".into();
                testing::json(202, json!({}))
            }
            ("DELETE", []) if cluster["status"]["state"] == "deleting" => {
                testing::json(412, json!({"id": "precondition_failed", "message": "it is being deleted"}))
            }
            ("DELETE", []) => {
                cluster["status"]["state"] = "deleting".into();
                testing::json(204, Value::Null)
            }
            ("POST", ["node_pools"])
                if cluster["node_pools"].as_array().unwrap().iter().any(|pool| pool["name"] == body["name"]) =>
            {
                let message = "validation error: the node pool name is already in use";
                testing::json(422, json!({"id": "unprocessable_entity", "message": message}))
            }
            ("POST", ["node_pools"]) => {
                let pool = self.pool(body);
                cluster["node_pools"].as_array_mut().unwrap().push(pool.clone());
                testing::json(201, json!({"node_pool": pool}))
            }
            ("PUT" | "DELETE", ["node_pools", pool]) => {
                let pools = cluster["node_pools"].as_array_mut().unwrap();
                let Some(pool) = pools.iter_mut().find(|there| there["id"] == *pool) else {
                    return testing::json(404, json!({"id": "not_found", "message": "no such pool"}));
                };
                match method {
                    "PUT" => merge(pool, body),
                    _ => pool["nodes"] = nodes(pool, "deleting"),
                }
                testing::json(202, json!({"node_pool": pool}))
            }
            _ => testing::json(404, json!({"id": "not_found", "message": "no such path"})),
        }
    }
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}

fn nodes(pool: &Value, state: &str) -> Value {
    (0..pool["count"].as_u64().unwrap()).map(|_| json!({"status": {"state": state}})).collect()
}
