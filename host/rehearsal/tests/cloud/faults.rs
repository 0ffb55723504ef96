//! What goes wrong on request, what is limited, and what the control endpoint moves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_rehearsal::{Fault, Options, RateLimits};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Client, MINUTE, cluster_body, start, start_with};

const CLUSTERS: &str = "/v2/kubernetes/clusters";

#[tokio::test]
async fn an_error_and_a_throttle_do_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let empty = client.inventory().await;
    client.faults(&["error@1,throttle@2"]).await;
    let error = client.post(CLUSTERS, cluster_body("one")).await;
    assert_eq!((error.status, error.json()["id"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("server_error")));
    let throttled = client.post(CLUSTERS, cluster_body("one")).await;
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(throttled.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(client.inventory().await, empty);
    client.make_cluster("one").await;
}

#[tokio::test]
async fn a_lost_reply_is_of_a_request_that_was_done() {
    for http2 in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let mut options = Options::new(home.path());
        options.faults = Fault::parse_list(["lost@1"]).unwrap();
        let (running, _) = start_with(options).await;
        let client = Client::built(running.file(), |builder| if http2 { builder } else { builder.http1_only() });
        // No client repeats a POST by itself, so this is the first request and the only one.
        let lost = client.try_send(Method::POST, CLUSTERS, Some(cluster_body("one"))).await;
        let error = lost.unwrap_err();
        assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
        assert_eq!(client.get(CLUSTERS).await.json()["kubernetes_clusters"][0]["name"], "one");
    }
}

#[tokio::test]
async fn a_dripping_answer_arrives_whole() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    client.faults(&["drip@1"]).await;
    assert_eq!(client.get("/v2/account").await.json()["account"]["status"], "active");
}

#[tokio::test]
async fn a_bad_fault_is_named_and_the_old_ones_stay() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    client.faults(&["error@1"]).await;
    let reply = client.control(Method::POST, "/faults", Some(json!({"faults": ["crash-sent@2"]}))).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.json()["error"].as_str().unwrap().contains("`crash-sent@2`"));
    assert_eq!(client.get("/v2/account").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    client.faults(&[]).await;
    assert_eq!(client.get("/v2/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn limits_hold_in_virtual_time_and_are_told() {
    let home = tempfile::tempdir().unwrap();
    let mut options = Options::new(home.path());
    options.limits = RateLimits { hourly: 5, per_minute: 3 };
    let (_running, client) = start_with(options).await;
    for remaining in ["4", "3", "2"] {
        let reply = client.get("/v2/account").await;
        assert_eq!((reply.status, reply.header("ratelimit-remaining")), (StatusCode::OK, remaining));
        assert_eq!(reply.header("ratelimit-limit"), "5");
    }
    let burst = client.get("/v2/account").await;
    assert_eq!((burst.status, burst.json()["id"].as_str()), (StatusCode::TOO_MANY_REQUESTS, Some("too_many_requests")));
    let wait: u64 = burst.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    client.advance(wait * 1000).await;
    assert_eq!(client.get("/v2/account").await.status, StatusCode::OK);
    assert_eq!(client.get("/v2/account").await.status, StatusCode::OK);
    client.advance(MINUTE).await;
    let hourly = client.get("/v2/account").await;
    assert_eq!(hourly.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(hourly.header("retry-after").parse::<u64>().unwrap() > 60);
}

#[tokio::test]
async fn virtual_time_moves_delays_and_not_dates() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let id = client.make_cluster("one").await;
    let made = client.cluster(&id).await["created_at"].clone();
    let before = client.control(Method::GET, "/time", None).await.json();
    client.advance(365 * 24 * 60 * MINUTE).await;
    let after = client.control(Method::GET, "/time", None).await.json();
    assert_eq!(before["offset_ms"], 0);
    assert_eq!(after["offset_ms"], 365 * 24 * 60 * MINUTE);
    assert_eq!(client.cluster(&id).await["created_at"], made);
    let later = client.make_cluster("two").await;
    let year = |date: &serde_json::Value| date.as_str().unwrap()[..4].parse::<i32>().unwrap();
    assert!(year(&client.cluster(&later).await["created_at"]) - year(&made) <= 1 && made.is_string());
    let beyond = client.control(Method::POST, "/advance", Some(json!({"ms": u64::MAX}))).await;
    assert_eq!(beyond.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_advance_waits_for_the_request_in_flight() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let (body, rest) = futures::channel::mpsc::unbounded();
    let poster = client.clone();
    let posting = tokio::spawn(async move { poster.post_stream(CLUSTERS, rest).await });
    // Counted means that its head has arrived; the body has not.
    while client.control(Method::GET, "/counts", None).await.json() == json!({}) {}
    let mover = client.clone();
    let advancing = tokio::spawn(async move { mover.advance(10 * MINUTE).await });
    for _ in 0..20 {
        let time = client.control(Method::GET, "/time", None).await.json();
        assert_eq!(time["offset_ms"], 0, "time moved under a request in flight");
    }
    body.unbounded_send(Ok::<_, std::io::Error>(cluster_body("one").to_string())).unwrap();
    drop(body);
    let reply = posting.await.unwrap();
    assert_eq!(reply.json()["kubernetes_cluster"]["status"]["state"], "provisioning");
    advancing.await.unwrap();
    let listed = client.get(CLUSTERS).await.json();
    assert_eq!(listed["kubernetes_clusters"][0]["status"]["state"], "running");
}

#[tokio::test]
async fn control_is_for_its_owner() {
    let home = tempfile::tempdir().unwrap();
    let (_running, client) = start(home.path()).await;
    let mut stranger = client.clone();
    stranger.file.control_token = "guess".to_owned();
    for (method, path) in [(Method::GET, "/inventory"), (Method::POST, "/advance"), (Method::GET, "/nothing")] {
        assert_eq!(stranger.control(method, path, Some(json!({"ms": 1}))).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(client.control(Method::GET, "/nothing", None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.control(Method::GET, "/advance", None).await.status, StatusCode::METHOD_NOT_ALLOWED);
    for bad in [json!({}), json!({"ms": -1}), json!({"ms": 1, "extra": 2}), json!([])] {
        assert_eq!(client.control(Method::POST, "/advance", Some(bad)).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(client.control(Method::GET, "/time", None).await.json()["offset_ms"], 0);
}
