//! What runs in a cluster reaches the cloud as anybody does: with its own key, which may be wrong, and with faults.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, MINUTE, start_with};
use maps_rehearsal::Options;

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

async fn begin() -> (tempfile::TempDir, maps_rehearsal::Running, Client) {
    let dir = tempfile::tempdir().unwrap();
    let (running, client) = start_with(Options { standing_cluster: true, ..Options::new(dir.path()) }).await;
    (dir, running, client)
}

fn deployment(name: &str, container: &Value) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
}

/// external-dns with a key, in a Secret of the Deployment's name.
async fn external_dns(client: &Client, name: &str, id: &str, secret: &str) {
    let made = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"id": id, "secret": secret},
    });
    client.made("/api/v1/namespaces/default/secrets", made).await;
    let variable = |variable: &str, key: &str| json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}});
    let container = json!({
        "name": "dns", "image": "registry.k8s.io/external-dns/external-dns:v0.21.0",
        "args": ["--provider=aws", "--source=ingress", "--registry=txt", "--txt-owner-id=maps"],
        "env": [variable("AWS_ACCESS_KEY_ID", "id"), variable("AWS_SECRET_ACCESS_KEY", "secret")],
    });
    client.made(DEPLOYMENTS, deployment(name, &container)).await;
    client.advance(2 * MINUTE).await;
}

/// The zone's records of this type.
async fn records(client: &Client, kind: &str) -> Vec<Value> {
    let inventory = client.inventory().await;
    let zones = inventory["aws"]["hosted_zones"].as_array().unwrap().clone();
    let records = zones.iter().flat_map(|zone| zone["records"].as_array().unwrap().clone());
    records.filter(|record| record["kind"] == kind).collect()
}

#[tokio::test]
async fn external_dns_keeps_records_with_the_key_that_it_has() {
    let (_dir, _running, client) = begin().await;
    let zone = client.inventory().await["aws"]["hosted_zones"][0]["name"].as_str().unwrap().to_owned();
    let host = format!("app.{}", zone.trim_end_matches('.'));
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "app", "annotations": {"external-dns.alpha.kubernetes.io/target": "k8s.example.com"}},
        "spec": {"rules": [{"host": host}]},
    });
    client.made(INGRESSES, ingress).await;
    let key = client.file.credentials.aws.clone().unwrap();
    external_dns(&client, "wrong", &key.access_key_id, "no such secret").await;
    assert_eq!(records(&client, "CNAME").await.len(), 0);
    let pods = client.kube(Method::GET, "/api/v1/namespaces/default/pods", None).await.json();
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let log = client.kube(Method::GET, &format!("/api/v1/namespaces/default/pods/{pod}/log?tailLines=1"), None).await;
    let refused = "failed to list hosted zones: operation error Route 53: ListHostedZones, https response error";
    assert!(log.text.contains(refused) && log.text.contains("SignatureDoesNotMatch"), "{}", log.text);
    client.kube(Method::DELETE, &format!("{DEPLOYMENTS}/wrong"), None).await;

    external_dns(&client, "right", &key.access_key_id, &key.secret_access_key).await;
    assert_eq!(records(&client, "CNAME").await.len(), 1);
    let texts = json!(records(&client, "TXT").await).to_string();
    assert!(texts.contains("external-dns/owner=maps,external-dns/resource=ingress/default/app"), "{texts}");
    // A fault of the service hits one round, and the next one makes up for it.
    client.faults(&["controllers:error@1"]).await;
    client.kube(Method::DELETE, &format!("{INGRESSES}/app"), None).await;
    client.advance(MINUTE).await;
    assert_eq!(records(&client, "CNAME").await.len(), 1);
    client.advance(MINUTE).await;
    assert_eq!((records(&client, "CNAME").await.len(), records(&client, "TXT").await.len()), (0, 0));
    let counts = client.control(Method::GET, "/counts", None).await.json();
    assert!(counts.to_string().contains("route53 ChangeResourceRecordSets"), "{counts}");
}

#[tokio::test]
async fn a_webhook_is_lost_on_request() {
    let (_dir, _running, client) = begin().await;
    client.made(DEPLOYMENTS, deployment("hook", &json!({"name": "hook", "image": "example.com/hook:v1"}))).await;
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
        "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443}]},
    });
    client.made("/api/v1/namespaces/default/services", service).await;
    client.advance(MINUTE).await;
    let hooks = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hook"},
        "webhooks": [{
            "name": "v.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "hook", "namespace": "default"}},
            "rules": [{
                "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
            }],
        }],
    });
    client.made("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", hooks).await;
    client.faults(&["webhooks:error@2-3"]).await;
    let mut codes = Vec::new();
    for number in 1..=4 {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("map-{number}")}});
        let reply = client.kube(Method::POST, "/api/v1/namespaces/default/configmaps", Some(map)).await;
        if reply.status == StatusCode::INTERNAL_SERVER_ERROR {
            let message = reply.json()["message"].as_str().unwrap().to_owned();
            let head = "Internal error occurred: failed calling webhook \"v.example.com\": failed to call webhook: Post \
                        \"https://hook.default.svc:443/?timeout=10s\": dial tcp ";
            assert!(message.starts_with(head) && message.ends_with(":443: connect: connection refused"), "{message}");
        }
        codes.push(reply.status.as_u16());
    }
    assert_eq!(codes, [201, 500, 500, 201]);
}
