//! Hostile and hurried clients.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, cluster_body, start};

const CLUSTERS: &str = "/v2/kubernetes/clusters";

#[tokio::test]
async fn both_protocols_are_spoken() {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    assert_eq!(client.open("/v2/account").await.version(), reqwest::Version::HTTP_2);
    let old = Client::built(running.file(), reqwest::ClientBuilder::http1_only);
    assert_eq!(old.open("/v2/account").await.version(), reqwest::Version::HTTP_11);
}

#[tokio::test]
async fn of_many_creates_with_one_name_one_wins() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let requests = (0..12).map(|_| client.post(CLUSTERS, cluster_body("one")));
    let replies = futures::future::join_all(requests).await;
    let made = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
    let refused = replies.iter().filter(|reply| reply.status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert_eq!((made, refused), (1, 11));
    assert_eq!(client.get(CLUSTERS).await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn bodies_that_are_not_json_or_too_large_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "{", "{\"name\":\"x\"} trailing", "\u{0}", "nul", &deep] {
        let reply = client.try_raw(Method::POST, CLUSTERS, Some(body.as_bytes().to_vec())).await.unwrap();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert_eq!(reply.json()["id"], "bad_request");
    }
    let invalid = client.try_raw(Method::POST, CLUSTERS, Some(vec![b'"', 0xff, b'"'])).await.unwrap();
    assert_eq!(invalid.status, StatusCode::BAD_REQUEST);
    let huge = client.try_raw(Method::POST, CLUSTERS, Some(vec![b' '; 2 << 20])).await;
    // The server may close before the client has sent it all.
    assert!(huge.map_or(true, |reply| reply.status == StatusCode::PAYLOAD_TOO_LARGE));
    assert_eq!(client.get(CLUSTERS).await.json()["meta"]["total"], 0);
}

#[tokio::test]
async fn what_is_not_tls_is_dropped_and_an_idle_connection_does_not_stop_time() {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    let address = running.file().hosts["api.digitalocean.com"].clone();
    let mut plain = TcpStream::connect(&address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    // A TLS alert, or nothing, and then the end.
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP/"));
    let idle = TcpStream::connect(&address).await.unwrap();
    client.get("/v2/account").await;
    client.advance(1).await;
    drop(idle);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_what_it_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    client.get("/v2/account").await;
    let mut posting = Box::pin(client.post(CLUSTERS, cluster_body("one")));
    // One look at the future sends nothing or all of it; either way it is then dropped.
    assert!(futures::FutureExt::now_or_never(&mut posting).is_none());
    drop(posting);
    client.advance(1).await;
    let listed = client.get(CLUSTERS).await.json();
    let clusters = listed["kubernetes_clusters"].as_array().unwrap();
    assert!(clusters.iter().all(|cluster| cluster["node_pools"][0]["count"] == 2));
    client.running_cluster("two").await;
}
