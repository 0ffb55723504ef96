//! What outlives a stop, a kill, and a second server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use maps_rehearsal::{Cloud, CloudFile, Error, Options, counts, inventory};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Client, cluster_body, start};

const CLUSTERS: &str = "/v2/kubernetes/clusters";
/// Tells this test's own binary, started again, to serve a cloud.
const SERVE: &str = "MAPS_REHEARSAL_SERVE";

/// A cloud in a process of its own, to be killed.
struct Served {
    child: Child,
    client: Client,
}

impl Served {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["persistence::serve_when_asked", "--exact", "--nocapture"])
            .env(SERVE, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("serving")), "the server did not start");
        Self { child, client: Client::new(&CloudFile::read(dir).unwrap()) }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Serves until killed or until its standard input ends, when started by [`Served`]; nothing otherwise.
#[tokio::test]
async fn serve_when_asked() {
    let Some(dir) = std::env::var_os(SERVE) else { return };
    let running = Cloud::start(Options::new(dir)).await.unwrap();
    #[expect(clippy::print_stdout, reason = "the parent waits for this line")]
    let () = println!("serving");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await;
    assert_eq!(ended.unwrap(), 0);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn everything_answered_outlives_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path());
    let token = served.client.file.credentials.digitalocean.token.clone();
    let one = served.client.make_cluster("one").await;
    served.client.advance(600_000).await;
    let two = served.client.make_cluster("two").await;
    served.client.delete(&format!("{CLUSTERS}/{one}")).await;
    let (seen, offset) =
        (served.client.cluster(&two).await, served.client.control(Method::GET, "/time", None).await.json());
    let shown = served.client.inventory().await;
    let counted = served.client.control(Method::GET, "/counts", None).await.json();
    served.kill();

    assert_eq!(inventory(home.path()).unwrap(), shown, "the inventory of a stopped cloud");
    assert_eq!(serde_json::to_value(counts(home.path()).unwrap()).unwrap(), counted);
    let served = Served::start(home.path());
    assert_eq!(served.client.file.credentials.digitalocean.token, token);
    assert_eq!(served.client.cluster(&two).await, seen);
    assert_eq!(served.client.cluster(&one).await["status"]["state"], "deleting");
    let again = served.client.control(Method::GET, "/time", None).await.json();
    assert_eq!(again["offset_ms"], offset["offset_ms"]);
    assert_eq!(served.client.inventory().await, shown);
    served.kill();
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_whole_clusters_and_all_that_were_answered() {
    let home = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..4 {
        let served = Served::start(home.path());
        let bodies: Vec<_> = (0..6).map(|n| cluster_body(&format!("c{round}-{n}"))).collect();
        let mut requests: futures::stream::FuturesUnordered<_> =
            bodies.into_iter().map(|body| served.client.try_send(Method::POST, CLUSTERS, Some(body))).collect();
        // Killed after some of the answers, with the others at whatever point they are.
        for _ in 0..=round {
            let reply = futures::StreamExt::next(&mut requests).await.unwrap().unwrap();
            assert_eq!(reply.status, StatusCode::CREATED);
            answered.push(reply.json()["kubernetes_cluster"]["id"].as_str().unwrap().to_owned());
        }
        drop(requests);
        served.kill();
    }
    let served = Served::start(home.path());
    let listed = served.client.get(&format!("{CLUSTERS}?per_page=200")).await.json();
    let clusters = listed["kubernetes_clusters"].as_array().unwrap();
    for id in answered {
        assert!(clusters.iter().any(|cluster| cluster["id"] == id), "{id} was answered and is lost");
    }
    served.kill();
}

#[tokio::test]
async fn a_directory_has_one_server() {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    assert!(matches!(Cloud::start(Options::new(home.path())).await, Err(Error::AlreadyRunning { .. })));
    client.make_cluster("one").await;
    assert_eq!(inventory(home.path()).unwrap(), client.inventory().await, "the inventory of a running cloud");
    running.shutdown().await.unwrap();
    assert!(!CloudFile::path(home.path()).exists());
    let (_running, client) = start(home.path()).await;
    assert_eq!(client.get(CLUSTERS).await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn files_are_private() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("cloud");
    let (_running, client) = start(&dir).await;
    client.make_cluster("one").await;
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["ca-key.pem", "ca.pem", "cloud.json", "counts.log", "lock", "state.log"]);
}

#[tokio::test]
async fn two_clouds_differ_in_their_secrets_and_agree_in_their_inventory() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut inventories = Vec::new();
    let mut secrets = Vec::new();
    for (home, names) in [(&one, ["a", "b"]), (&two, ["b", "a"])] {
        let (running, client) = start(home.path()).await;
        for name in names {
            let mut body = cluster_body(name);
            body["tags"] = json!(["maps", format!("maps:token:{}", &client.file.control_token[..32])]);
            let id = client.post(CLUSTERS, body).await.json()["kubernetes_cluster"]["id"].clone();
            let id = id.as_str().unwrap();
            client.advance(600_000).await;
            secrets.push(client.get(&format!("{CLUSTERS}/{id}/credentials")).await.json()["token"].clone());
        }
        secrets.push(json!(client.file.credentials.digitalocean.token));
        inventories.push(client.inventory().await);
        running.shutdown().await.unwrap();
    }
    assert_eq!(inventories[0], inventories[1]);
    assert_eq!(inventories[0]["digitalocean"]["kubernetes_clusters"][0]["node_pools"][0]["count"], 2);
    let text = inventories[0].to_string();
    for (n, secret) in secrets.iter().enumerate() {
        let secret = secret.as_str().unwrap();
        assert!(secret.starts_with("dop_v1_") && secret.len() == 71);
        assert!(!text.contains(secret));
        assert!(secrets.iter().skip(n + 1).all(|other| other != secret));
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_effect() {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    let id = client.make_cluster("one").await;
    for _ in 0..3 {
        client.cluster(&id).await;
    }
    client.get("/v2/made/up").await;
    client.with_token("wrong").get("/v2/account").await;
    let expected = json!({"digitalocean": {
        "read": {
            "GET /v2/kubernetes/clusters/{cluster}": 3,
            "GET (no such route)": 1,
            "GET /v2/account": 1,
        },
        "write": { "POST /v2/kubernetes/clusters": 1 },
    }});
    assert_eq!(client.control(Method::GET, "/counts", None).await.json(), expected);
    running.shutdown().await.unwrap();
    assert_eq!(serde_json::to_value(counts(home.path()).unwrap()).unwrap(), expected);
}
