//! Every documented Kubernetes path, over real TLS, each exchange held against DigitalOcean's document.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Client, MINUTE, cluster_body, start};
use reqwest::{Method, StatusCode};
use serde_json::json;

async fn cloud() -> (tempfile::TempDir, maps_rehearsal::Running, Client) {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    (home, running, client)
}

#[tokio::test]
async fn a_cluster_is_provisioned_in_virtual_time() {
    let (_home, _running, client) = cloud().await;
    let id = client.make_cluster("one").await;
    let cluster = client.cluster(&id).await;
    assert_eq!(cluster["status"]["state"], "provisioning");
    assert_eq!(cluster["version"], "1.33.9-do.3");
    assert_eq!((&cluster["endpoint"], &cluster["ipv4"]), (&json!(""), &json!("")));
    let node = &cluster["node_pools"][0]["nodes"][0];
    assert_eq!((&node["status"]["state"], &node["name"]), (&json!("provisioning"), &json!("")));
    let early = client.get(&format!("/v2/kubernetes/clusters/{id}/kubeconfig")).await;
    assert_eq!(early.status, StatusCode::PRECONDITION_FAILED);

    client.advance(4 * MINUTE).await;
    let cluster = client.cluster(&id).await;
    assert_eq!(cluster["status"]["state"], "running");
    assert_eq!(cluster["endpoint"], format!("https://{id}.k8s.ondigitalocean.com"));
    assert_eq!(cluster["node_pools"][0]["nodes"][1]["status"]["state"], "provisioning");
    assert_eq!(cluster["tags"], json!(["maps", "maps:stack:test", "k8s", format!("k8s:{id}")]));

    client.advance(MINUTE).await;
    let cluster = client.cluster(&id).await;
    let node = &cluster["node_pools"][0]["nodes"][1];
    assert_eq!(node["status"]["state"], "running");
    assert!(node["name"].as_str().unwrap().starts_with("workers-"));
}

#[tokio::test]
async fn every_part_of_a_request_comes_back() {
    let (_home, _running, client) = cloud().await;
    let mut body = cluster_body("full");
    for (field, value) in [
        ("ha", json!(true)),
        ("auto_upgrade", json!(true)),
        ("surge_upgrade", json!(true)),
        ("isolated_workers", json!(true)),
        ("cluster_subnet", json!("10.10.0.0/16")),
        ("service_subnet", json!("10.11.0.0/20")),
        ("maintenance_policy", json!({"start_time": "12:30", "day": "sunday"})),
        ("control_plane_firewall", json!({"enabled": true, "allowed_addresses": ["1.2.3.4/32", "1.2.3.4"]})),
        (
            "cluster_autoscaler_configuration",
            json!({"scale_down_utilization_threshold": 0.65, "scale_down_unneeded_time": "1m0s", "expanders": ["least_waste"]}),
        ),
        ("sso", json!({"enabled": true, "required": false, "issuer_url": "https://sso.example.com", "client_id": "c"})),
        ("routing_agent", json!({"enabled": true})),
        ("coredns_autoscaler", json!({"enabled": false})),
    ] {
        body[field] = value;
    }
    body["node_pools"] = json!([
        {"name": "a", "size": "g-4vcpu-16gb", "count": 2, "auto_scale": true, "min_nodes": 2, "max_nodes": 5,
         "tags": ["backend"], "labels": {"service": "backend"},
         "taints": [{"key": "priority", "value": "high", "effect": "NoSchedule"}]},
        {"name": "b", "size": "s-1vcpu-2gb", "count": 1},
    ]);
    let reply = client.post("/v2/kubernetes/clusters", body.clone()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let made = reply.json()["kubernetes_cluster"].clone();
    for (field, value) in body.as_object().unwrap() {
        match field.as_str() {
            "version" | "tags" | "node_pools" => {}
            "maintenance_policy" => {
                assert_eq!(made[field], json!({"start_time": "12:30", "day": "sunday", "duration": "4h0m0s"}));
            }
            _ => assert_eq!(&made[field], value, "{field}"),
        }
    }
    let id = made["id"].as_str().unwrap();
    let pool = &made["node_pools"][0];
    for (field, value) in body["node_pools"][0].as_object().unwrap().iter().filter(|(field, _)| *field != "tags") {
        assert_eq!(&pool[field], value, "{field}");
    }
    assert_eq!(pool["tags"], json!(["backend", "k8s", format!("k8s:{id}"), "k8s:worker"]));
    assert_eq!(made["node_pools"][1]["labels"], json!(null));

    client.advance(10 * MINUTE).await;
    let cluster = client.cluster(id).await;
    assert_eq!(cluster["ipv4"], "", "a highly available control plane has no address of its own");
    let config = client.get(&format!("/v2/kubernetes/clusters/{id}/kubeconfig?type=sso")).await;
    assert!(config.text.contains("exec-credential") && !config.text.contains("token:"));
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let path = format!("/v2/kubernetes/clusters/{id}");
    let reply = client.put(&path, json!({"name": "two", "tags": ["k8s", "x"], "ha": true})).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let reply = client.put(&path, json!({"name": "two", "auto_upgrade": true})).await;
    let cluster = reply.json()["kubernetes_cluster"].clone();
    assert_eq!((&cluster["name"], &cluster["ha"]), (&json!("two"), &json!(true)));
    assert_eq!(cluster["tags"], json!(["x", "k8s", format!("k8s:{id}")]));
    assert_eq!(cluster["auto_upgrade"], true);

    let refused = client.put(&path, json!({"name": "two", "ha": false})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = client.put(&path, json!({"auto_upgrade": true})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(client.cluster(&id).await, cluster, "a refused update changes nothing");
}

#[tokio::test]
async fn pools_grow_shrink_come_and_go() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let pools = format!("/v2/kubernetes/clusters/{id}/node_pools");
    let first = client.cluster(&id).await["node_pools"][0]["id"].as_str().unwrap().to_owned();
    let states = async |pool: &str| -> Vec<String> {
        let pool = client.get(&format!("{pools}/{pool}")).await.json()["node_pool"].clone();
        let nodes = pool["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["status"]["state"].as_str().unwrap().to_owned()).collect()
    };

    let reply = client.put(&format!("{pools}/{first}"), json!({"name": "workers", "count": 3})).await;
    assert_eq!((reply.status, &reply.json()["node_pool"]["count"]), (StatusCode::ACCEPTED, &json!(3)));
    assert_eq!(states(&first).await, ["running", "running", "provisioning"]);
    client.advance(2 * MINUTE).await;
    client.put(&format!("{pools}/{first}"), json!({"name": "workers", "count": 1})).await;
    assert_eq!(states(&first).await, ["running", "draining", "draining"]);
    client.advance(2 * MINUTE).await;
    assert_eq!(states(&first).await, ["running"]);

    let last = client.delete(&format!("{pools}/{first}")).await;
    assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY, "the last pool stays");
    let body = json!({"name": "more", "size": "s-4vcpu-8gb", "count": 1, "labels": {"a": "b"}});
    let reply = client.post(&pools, body.clone()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let second = reply.json()["node_pool"]["id"].as_str().unwrap().to_owned();
    assert_eq!(client.post(&pools, body).await.status, StatusCode::UNPROCESSABLE_ENTITY, "the name is taken");
    let clash = client.put(&format!("{pools}/{second}"), json!({"name": "workers", "count": 1})).await;
    assert_eq!(clash.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(client.get(&pools).await.json()["node_pools"].as_array().unwrap().len(), 2);
    assert_eq!(client.delete(&format!("{pools}/{second}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.delete(&format!("{pools}/{second}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nodes_are_replaced_and_removed() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let pool = client.cluster(&id).await["node_pools"][0].clone();
    let base = format!("/v2/kubernetes/clusters/{id}/node_pools/{}", pool["id"].as_str().unwrap());
    let node = |n: usize| pool["nodes"][n]["id"].as_str().unwrap().to_owned();

    let replaced = client.delete(&format!("{base}/nodes/{}?replace=1&skip_drain=1", node(0))).await;
    assert_eq!(replaced.status, StatusCode::ACCEPTED);
    let now = client.get(&base).await.json()["node_pool"].clone();
    assert_eq!(now["count"], 2);
    assert_eq!(now["nodes"][0]["status"]["state"], "deleting");
    assert_eq!(now["nodes"].as_array().unwrap().len(), 3);
    let recycled = client.post(&format!("{base}/recycle"), json!({"nodes": [node(1)]})).await;
    assert_eq!(recycled.status, StatusCode::ACCEPTED);
    client.advance(5 * MINUTE).await;
    let now = client.get(&base).await.json()["node_pool"].clone();
    let left: Vec<&str> = now["nodes"].as_array().unwrap().iter().map(|n| n["id"].as_str().unwrap()).collect();
    assert!(left.len() == 2 && !left.contains(&node(0).as_str()) && !left.contains(&node(1).as_str()));

    assert_eq!(client.delete(&format!("{base}/nodes/{}", left[0])).await.status, StatusCode::ACCEPTED);
    assert_eq!(client.get(&base).await.json()["node_pool"]["count"], 1);
    let last = client.delete(&format!("{base}/nodes/{}", left[1])).await;
    assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = client.delete(&format!("{base}/nodes/{}", node(0))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_running_cluster_hands_out_its_kubeconfig() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let config = client.get(&format!("/v2/kubernetes/clusters/{id}/kubeconfig")).await;
    assert_eq!(config.status, StatusCode::OK);
    let credentials = client.get(&format!("/v2/kubernetes/clusters/{id}/credentials")).await.json();
    let token = credentials["token"].as_str().unwrap();
    assert_eq!(token.len(), "dop_v1_".len() + 64);
    for needed in [
        format!("    token: {token}\n"),
        format!("certificate-authority-data: {}\n", credentials["certificate_authority_data"].as_str().unwrap()),
        format!("server: https://{id}.k8s.ondigitalocean.com\n"),
        "current-context: do-fra1-one\n".to_owned(),
    ] {
        assert!(config.text.contains(&needed), "{needed} is not in\n{}", config.text);
    }
    assert_ne!(token, client.file.credentials.digitalocean.token);
    let user = client.get(&format!("/v2/kubernetes/clusters/{id}/user")).await;
    assert_eq!(user.json()["kubernetes_cluster_user"]["groups"], json!(["k8saas:authenticated"]));
}

#[tokio::test]
async fn an_upgrade_takes_its_time() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let base = format!("/v2/kubernetes/clusters/{id}");
    let available = client.get(&format!("{base}/upgrades")).await.json();
    let to = available["available_upgrade_versions"][0]["slug"].as_str().unwrap().to_owned();
    let bad = client.post(&format!("{base}/upgrade"), json!({"version": "1.32"})).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reply = client.post(&format!("{base}/upgrade"), json!({"version": to})).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let during = client.cluster(&id).await;
    assert_eq!((&during["status"]["state"], &during["version"]), (&json!("upgrading"), &json!("1.33.9-do.3")));
    let twice = client.post(&format!("{base}/upgrade"), json!({"version": to})).await;
    assert_eq!(twice.status, StatusCode::PRECONDITION_FAILED);
    client.advance(10 * MINUTE).await;
    let after = client.cluster(&id).await;
    assert_eq!((&after["status"]["state"], &after["version"]), (&json!("running"), &json!(to)));
    client.post(&format!("{base}/upgrade"), json!({"version": "latest"})).await;
    client.advance(10 * MINUTE).await;
    assert_eq!(client.get(&format!("{base}/upgrades")).await.json(), json!({"available_upgrade_versions": null}));
}

#[tokio::test]
async fn a_deleted_cluster_is_shown_deleting_and_then_gone() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let path = format!("/v2/kubernetes/clusters/{id}");
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.cluster(&id).await["status"]["state"], "deleting");
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    let taken = client.post("/v2/kubernetes/clusters", cluster_body("one")).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    client.advance(MINUTE).await;
    assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.delete(&path).await.status, StatusCode::NOT_FOUND);
    client.make_cluster("one").await;
}

#[tokio::test]
async fn the_remaining_paths_answer_as_documented() {
    let (_home, _running, client) = cloud().await;
    assert_eq!(client.get("/v2/account").await.json()["account"]["status"], "active");
    assert_eq!(client.get("/v2/kubernetes/options").await.status, StatusCode::OK);
    let id = client.running_cluster("one").await;
    let base = format!("/v2/kubernetes/clusters/{id}");
    assert_eq!(client.get(&format!("{base}/status_messages")).await.json(), json!({"messages": []}));

    assert_eq!(client.get(&format!("{base}/clusterlint")).await.status, StatusCode::NOT_FOUND);
    let run = client.post(&format!("{base}/clusterlint"), json!({"include_groups": ["basic"]})).await;
    assert_eq!(run.status, StatusCode::ACCEPTED);
    let results = client.get(&format!("{base}/clusterlint")).await;
    assert_eq!(results.json()["run_id"], run.json()["run_id"]);

    let registries = json!({"cluster_uuids": [id], "registries": ["r1", "r2"]});
    assert_eq!(client.post("/v2/kubernetes/registries", registries).await.status, StatusCode::NO_CONTENT);
    let cluster = client.cluster(&id).await;
    assert_eq!((&cluster["registry_enabled"], &cluster["registries"]), (&json!(true), &json!(["r1", "r2"])));
    for (method, path) in [
        (Method::DELETE, "/v2/kubernetes/registries"),
        (Method::POST, "/v2/kubernetes/registry"),
        (Method::DELETE, "/v2/kubernetes/registry"),
    ] {
        let reply = client.send(method, path, Some(json!({"cluster_uuids": [id]}))).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
    }
    let unknown = json!({"cluster_uuids": ["bd5f5959-5e1e-4205-a714-a914373942af"]});
    assert_eq!(client.post("/v2/kubernetes/registry", unknown).await.status, StatusCode::NOT_FOUND);

    let associated = client.get(&format!("{base}/destroy_with_associated_resources")).await;
    assert_eq!(associated.json(), json!({"load_balancers": [], "volumes": [], "volume_snapshots": []}));
    let foreign = json!({"volumes": ["ba49449a-7435-11ea-b89e-0a58ac14480f"]});
    let selective = format!("{base}/destroy_with_associated_resources/selective");
    let refused = client.send(Method::DELETE, &selective, Some(foreign)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(client.cluster(&id).await["status"]["state"], "running");
    let destroyed = client.send(Method::DELETE, &selective, Some(json!({"volumes": []}))).await;
    assert_eq!(destroyed.status, StatusCode::NO_CONTENT);
    let other = client.running_cluster("two").await;
    let dangerous = format!("/v2/kubernetes/clusters/{other}/destroy_with_associated_resources/dangerous");
    assert_eq!(client.delete(&dangerous).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get("/v2/kubernetes/clusters").await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn what_controllers_made_goes_with_a_cluster_or_stays() {
    let (_home, _running, client) = cloud().await;
    let id = client.running_cluster("one").await;
    let make = async |cluster: &str, kind: &str, name: &str| {
        client.control(Method::POST, "/associated", Some(json!({"cluster": cluster, "kind": kind, "name": name}))).await
    };
    assert_eq!(make("none", "volumes", "a").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(make("one", "droplets", "a").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let volume = make("one", "volumes", "a").await.json()["id"].clone();
    for (cluster, kind, name) in [("one", "volumes", "b"), (id.as_str(), "load_balancers", "lb")] {
        assert_eq!(make(cluster, kind, name).await.status, StatusCode::OK);
    }
    let base = format!("/v2/kubernetes/clusters/{id}/destroy_with_associated_resources");
    let listed = client.get(&base).await.json();
    assert_eq!(listed["volumes"].as_array().unwrap().len(), 2);
    assert_eq!(client.inventory().await["digitalocean"]["load_balancers"], json!([{"name": "lb", "cluster": "one"}]));
    let destroyed = client.send(Method::DELETE, &format!("{base}/selective"), Some(json!({"volumes": [volume]}))).await;
    assert_eq!(destroyed.status, StatusCode::NO_CONTENT);
    let left = client.inventory().await["digitalocean"].clone();
    assert_eq!(left["volumes"], json!([{"name": "b", "cluster": null}]));
    assert_eq!(left["load_balancers"], json!([{"name": "lb", "cluster": null}]));

    let other = client.running_cluster("two").await;
    make("two", "volume_snapshots", "s").await;
    let dangerous = format!("/v2/kubernetes/clusters/{other}/destroy_with_associated_resources/dangerous");
    assert_eq!(client.delete(&dangerous).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.inventory().await["digitalocean"]["volume_snapshots"], json!([]));
}

#[tokio::test]
async fn lists_are_paginated() {
    let (_home, _running, client) = cloud().await;
    for n in 0..5 {
        client.make_cluster(&format!("c{n}")).await;
    }
    let mut names = Vec::new();
    for page in 1..=3 {
        let reply = client.get(&format!("/v2/kubernetes/clusters?page={page}&per_page=2")).await.json();
        assert_eq!(reply["meta"]["total"], 5);
        assert_eq!(reply["links"]["pages"]["next"].is_string(), page < 3);
        let clusters = reply["kubernetes_clusters"].as_array().unwrap().clone();
        names.extend(clusters.iter().map(|cluster| cluster["name"].as_str().unwrap().to_owned()));
    }
    names.sort();
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4"]);
    let bad = client.get("/v2/kubernetes/clusters?per_page=0").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_leaves_nothing() {
    let (_home, _running, client) = cloud().await;
    let empty = client.inventory().await;
    let with = |field: &str, value: serde_json::Value| {
        let mut body = cluster_body("one");
        body[field] = value;
        body
    };
    for body in [
        with("region", json!("nowhere1")),
        with("version", json!("1.12.1-do.2")),
        with("version", json!("1.33.9")),
        with("name", json!("Not A Name")),
        with("name", json!(null)),
        with("node_pools", json!([])),
        with("node_pools", json!([{"name": "p", "size": "s-2vcpu-4gb", "count": 0}])),
        with("node_pools", json!([{"name": "p", "size": "huge", "count": 1}])),
        with("node_pools", json!([{"name": "p", "size": "s-2vcpu-4gb"}])),
        with("node_pools", json!([{"name": "p", "size": "s-2vcpu-4gb", "count": 513}])),
        with("node_pools", json!([{"name": "p", "size": "s-2vcpu-4gb", "count": 1, "auto_scale": true}])),
        with(
            "node_pools",
            json!([{"name": "p", "size": "s-2vcpu-4gb", "count": 1}, {"name": "p", "size": "s-2vcpu-4gb", "count": 1}]),
        ),
        with(
            "node_pools",
            json!([{"name": "p", "size": "s-2vcpu-4gb", "count": 0, "auto_scale": true, "min_nodes": 0, "max_nodes": 3}]),
        ),
        with("tags", json!(["no spaces"])),
        with("cluster_subnet", json!("10.0.0.0")),
        with("cluster_subnet", json!("10.245.0.0/12")),
        with("vpc_uuid", json!("c33931f2-a26a-4e61-b85c-4e95a2ec431b")),
        with("worker_subnet_uuid", json!("c33931f2-a26a-4e61-b85c-4e95a2ec431b")),
        with("maintenance_policy", json!({"start_time": "25:00", "day": "any"})),
        with("control_plane_firewall", json!({"enabled": true, "allowed_addresses": ["x"]})),
    ] {
        let reply = client.post("/v2/kubernetes/clusters", body.clone()).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", reply.text);
        assert_eq!(reply.json()["id"], "unprocessable_entity");
    }
    for body in [
        with("maintenance_policy", json!({"start_time": "12:00", "day": "someday"})),
        with("node_pools", json!({})),
        with("node_pools", json!([{"name": "p", "size": "s-2vcpu-4gb", "count": -1}])),
        with("ha", json!("yes")),
        json!([]),
        json!(null),
        json!("x"),
    ] {
        let reply = client.post("/v2/kubernetes/clusters", body.clone()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}: {}", reply.text);
    }
    assert_eq!(client.inventory().await, empty);
    client.make_cluster("one").await;
    let twice = client.post("/v2/kubernetes/clusters", cluster_body("one")).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.json()["message"].as_str().unwrap().contains("already exists"));
}

#[tokio::test]
async fn strangers_and_strange_paths_are_refused() {
    let (_home, _running, client) = cloud().await;
    for token in ["", "dop_v1_", &format!("{}0", client.file.credentials.digitalocean.token)] {
        let reply = client.with_token(token).get("/v2/account").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.json()["id"], "unauthorized");
    }
    assert_eq!(client.get("/v2/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/v2/kubernetes/clusters/none").await.json()["id"], "not_found");
    let patch = client.send(Method::PATCH, "/v2/kubernetes/clusters", None).await;
    assert_eq!(patch.status, StatusCode::METHOD_NOT_ALLOWED);
}
