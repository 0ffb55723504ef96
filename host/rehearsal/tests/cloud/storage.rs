//! Keys of Spaces, load balancers and volumes, each exchange held against DigitalOcean's document.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Client, start};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const KEYS: &str = "/v2/spaces/keys";

fn full(name: &str) -> Value {
    json!({"name": name, "grants": [{"bucket": "", "permission": "fullaccess"}]})
}

async fn key(client: &Client, name: &str) -> String {
    let reply = client.post(KEYS, full(name)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let key = reply.json()["key"].clone();
    assert!(!key["secret_key"].as_str().unwrap().is_empty(), "told once, when it is made");
    key["access_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_of_spaces_are_made_told_renamed_and_deleted() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let id = key(&client, "one").await;
    let one = format!("{KEYS}/{id}");

    // The document gives one key the shape of a list; DigitalOcean's own clients read `key`, as after a change.
    let got = client.try_raw(Method::GET, &one, None).await.unwrap();
    let told = got.json();
    assert_eq!((got.status, &told["key"]["name"]), (StatusCode::OK, &json!("one")));
    for (method, name) in [(Method::PUT, "two"), (Method::PATCH, "three")] {
        let changed = client.send(method, &one, Some(json!({ "name": name }))).await;
        let mut expected = told.clone();
        expected["key"]["name"] = json!(name);
        assert_eq!((changed.status, changed.json()), (StatusCode::OK, expected), "and no secret");
    }
    let scoped = json!({"bucket": "not-there", "permission": "read"});
    let mixed = json!({"name": "m", "grants": [{"bucket": "", "permission": "fullaccess"}, scoped]});
    let refused = [
        (Method::POST, KEYS, mixed),
        (Method::POST, KEYS, json!({"name": "m", "grants": [scoped]})),
        (Method::POST, KEYS, json!({"name": "m", "grants": [{"bucket": "b", "permission": "fullaccess"}]})),
        (Method::POST, KEYS, json!({"name": "m", "grants": [{"bucket": "", "permission": "everything"}]})),
        (Method::POST, KEYS, json!({"grants": []})),
        (Method::PUT, one.as_str(), json!({"name": "three", "grants": []})),
    ];
    for (method, path, body) in refused {
        let reply = client.send(method, path, Some(body.clone())).await;
        assert_eq!((reply.status, &reply.json()["id"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{body}");
    }
    let gone = |reply: &crate::support::Reply| (reply.status, reply.json()["id"] == "not_found");
    assert_eq!(client.delete(&one).await.status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(gone(&client.send(method, &one, None).await), (StatusCode::NOT_FOUND, true));
    }
    for method in [Method::PUT, Method::PATCH] {
        let reply = client.send(method, &one, Some(json!({"name": "x"}))).await;
        assert_eq!(gone(&reply), (StatusCode::NOT_FOUND, true));
    }
}

#[tokio::test]
async fn keys_of_spaces_are_listed_by_what_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    for name in ["b", "c", "a"] {
        key(&client, name).await;
    }
    let names = |listed: &Value| -> Vec<String> {
        let keys = listed["keys"].as_array().unwrap().iter();
        assert!(keys.clone().all(|key| key["secret_key"].is_null()), "a secret is told once");
        keys.map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    };
    // The operator's own key is there from the start.
    let all = client.get(&format!("{KEYS}?sort=name&sort_direction=asc")).await.json();
    assert_eq!(names(&all), ["a", "b", "c", "rehearsal-operator"]);
    assert_eq!(names(&client.get(&format!("{KEYS}?name=b")).await.json()), ["b"]);
    assert_eq!(names(&client.get(&format!("{KEYS}?permission=read")).await.json()), [""; 0]);
    assert_eq!(names(&client.get(&format!("{KEYS}?bucket=b")).await.json()), [""; 0]);
    // A page's link leads to the next one of the same list.
    let (mut path, mut found) = (format!("{KEYS}?sort=name&sort_direction=desc&per_page=3"), Vec::new());
    for _ in 0..2 {
        let page = client.get(&path).await.json();
        assert_eq!(page["meta"]["total"], 4);
        found.extend(names(&page));
        path = page["links"]["pages"]["next"].as_str().unwrap_or_default().replace("https://api.digitalocean.com", "");
    }
    assert_eq!((found, path.as_str()), (["rehearsal-operator", "c", "b", "a"].map(str::to_owned).to_vec(), ""));
}

fn service(name: &str, settings: &[(&str, &str)]) -> Value {
    let annotations: serde_json::Map<String, Value> = settings
        .iter()
        .map(|(name, value)| (format!("service.beta.kubernetes.io/do-loadbalancer-{name}"), json!(value)))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [
            {"name": "http", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443, "protocol": "TCP"},
        ]},
    })
}

#[tokio::test]
async fn load_balancers_of_services_are_told_and_deleted() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let id = client.running_cluster("one").await;
    let settings: [(&str, &[(&str, &str)]); 3] = [
        ("plain", &[]),
        (
            "web",
            &[
                ("name", "web"),
                ("protocol", "http"),
                ("tls-ports", "443"),
                ("certificate-id", "892071a0-bb95-49bc-8021-3afd67a210bf"),
                ("redirect-http-to-https", "true"),
                ("sticky-sessions-type", "cookies"),
                ("sticky-sessions-cookie-name", "lb"),
                ("size-unit", "3"),
                ("allow-rules", "ip:1.2.3.4,cidr:2.3.4.0/24"),
            ],
        ),
        (
            "inner",
            &[("network", "INTERNAL"), ("size-slug", "lb-medium"), ("tls-ports", "443"), ("tls-passthrough", "true")],
        ),
    ];
    for (name, settings) in settings {
        let made = service(name, settings);
        let reply =
            client.kube_of(home.path(), &id, Method::POST, "/api/v1/namespaces/default/services", Some(made)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    }
    let orphan = json!({"cluster": "one", "kind": "load_balancers", "name": "orphan"});
    assert_eq!(client.control(Method::POST, "/associated", Some(orphan)).await.status, StatusCode::OK);

    let listed = client.get("/v2/load_balancers?per_page=200").await.json();
    let all = listed["load_balancers"].as_array().unwrap();
    assert_eq!((all.len(), &listed["meta"]["total"]), (4, &json!(4)));
    let web = all.iter().find(|one| one["name"] == "web").unwrap();
    assert_eq!((&web["size_unit"], &web["sticky_sessions"]["type"]), (&json!(3), &json!("cookies")));
    for one in all {
        assert_eq!(one["region"]["slug"], "fra1");
        let path = format!("/v2/load_balancers/{}", one["id"].as_str().unwrap());
        assert_eq!(&client.get(&path).await.json()["load_balancer"], one);
        assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(client.send(method, &path, None).await.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn volumes_are_told_and_deleted_by_id_and_by_name() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let id = client.running_cluster("one").await;
    let volume = |name: &str, handle: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Delete",
                "csi": {"driver": "dobs.csi.digitalocean.com", "volumeHandle": handle, "fsType": "ext4"}},
        })
    };
    for (name, handle) in
        [("pvc-1", "7724db7c-e098-11e5-b522-000f53304e51"), ("pvc-2", "506f78a4-e098-11e5-ad9f-000f53306ae1")]
    {
        let made = volume(name, handle);
        let reply = client.kube_of(home.path(), &id, Method::POST, "/api/v1/persistentvolumes", Some(made)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    }
    let orphan = json!({"cluster": "one", "kind": "volumes", "name": "orphan"});
    assert_eq!(client.control(Method::POST, "/associated", Some(orphan)).await.status, StatusCode::OK);

    let total = async |query: &str| client.get(&format!("/v2/volumes{query}")).await.json()["meta"]["total"].clone();
    for (query, expected) in [
        ("", 3),
        ("?region=fra1", 3),
        ("?region=nyc1", 0),
        ("?name=pvc-1", 1),
        ("?name=pvc-1&region=fra1", 1),
        ("?name=pvc-1&region=nyc1", 0),
    ] {
        assert_eq!(total(query).await, expected, "{query}");
    }
    let first = client.get("/v2/volumes?name=pvc-1").await.json()["volumes"][0].clone();
    let path = format!("/v2/volumes/{}", first["id"].as_str().unwrap());
    assert_eq!((&client.get(&path).await.json()["volume"], &first["size_gigabytes"]), (&first, &json!(5)));

    assert_eq!(client.delete("/v2/volumes?name=pvc-2").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.delete("/v2/volumes?name=pvc-2&region=nyc1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.delete("/v2/volumes?name=pvc-2&region=fra1").await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.delete("/v2/volumes?name=pvc-2&region=fra1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(client.send(method, &path, None).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(total("").await, 1);
}
