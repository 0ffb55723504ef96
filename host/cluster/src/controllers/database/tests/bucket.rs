//! Backups in a bucket: written with the Cluster's key, kept as long as its retention says, and refused.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::*;
use crate::outside::Outside;

/// A bucket: its objects by key, and what a refusal says.
#[derive(Debug, Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, String>>,
    denied: Mutex<bool>,
    hosts: Mutex<Vec<String>>,
}

impl Bucket {
    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

impl Outside for Bucket {
    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let region = if authorization.contains("/fra1/") { "fra1" } else { "us-east-1" };
        self.hosts.lock().unwrap().push(request.uri().host().unwrap().to_owned());
        let answer = |status, body: String| {
            let mut answer = Response::new(Bytes::from(body));
            *answer.status_mut() = status;
            Ok(answer)
        };
        let refused = |code: &str, why: &str| {
            answer(StatusCode::FORBIDDEN, format!("<Error><Code>{code}</Code><Message>{why}</Message></Error>"))
        };
        if !authorization.contains("Credential=AKIA/") || *self.denied.lock().unwrap() {
            return refused("AccessDenied", "Access Denied");
        }
        if region != "fra1" {
            let why = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'fra1'";
            return refused("AuthorizationHeaderMalformed", why);
        }
        let key = request.uri().path().trim_start_matches('/').to_owned();
        let mut objects = self.objects.lock().unwrap();
        match request.method().as_str() {
            "PUT" => drop(objects.insert(key, String::from_utf8(request.body().to_vec()).unwrap())),
            "DELETE" => drop(objects.remove(&key).unwrap()),
            _ => {
                let query = request.uri().query().unwrap();
                let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or_default();
                let prefix = value("prefix=").replace("%2F", "/");
                let mut found = String::new();
                for key in objects.keys().filter(|key| key.starts_with(&prefix)) {
                    let rest = &key[prefix.len()..];
                    match rest.split_once('/').filter(|_| query.contains("delimiter=%2F")) {
                        Some((folder, _)) => {
                            let line = format!("<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>");
                            if !found.contains(&line) {
                                found.push_str(&line);
                            }
                        }
                        None => found.push_str(&format!("<Contents><Key>{key}</Key></Contents>")),
                    }
                }
                return answer(StatusCode::OK, format!("<ListBucketResult>{found}</ListBucketResult>"));
            }
        }
        answer(StatusCode::OK, String::new())
    }
}

const DAY: u64 = 86_400_000;

fn backed_up() -> (World, Arc<Bucket>, Arc<Value>) {
    let mut world = World::with_operator();
    let bucket = Arc::new(Bucket::default());
    world.api.outside = Some(Arc::clone(&bucket) as Arc<dyn Outside>);
    world.api.make(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "a"},
        "data": {"ID": "QUtJQQ==", "SECRET": "c2VjcmV0"},
    }));
    let reference = |key: &str| json!({"name": "keys", "key": key});
    let store = json!({
        "destinationPath": "s3://backups/pg/", "endpointURL": "https://fra1.digitaloceanspaces.com",
        "s3Credentials": {"accessKeyId": reference("ID"), "secretAccessKey": reference("SECRET")},
        "wal": {"compression": "gzip"}, "data": {"compression": "gzip"},
    });
    let backup = json!({"barmanObjectStore": store, "retentionPolicy": "3d"});
    let made = world.cluster(json!({"instances": 1, "backup": backup}));
    world.pass(30);
    (world, bucket, made)
}

fn backups(world: &World) -> Vec<String> {
    let all = world.api.all(GROUP, "backups");
    all.iter().map(|of| format!("{} {}", name(of), text(of, "/status/phase"))).collect()
}

#[test]
fn the_log_and_base_backups_are_written_and_old_ones_taken_away() {
    let (mut world, bucket, made) = backed_up();
    assert_eq!(bucket.keys(), ["pg/db/wals/0000000100000000/000000010000000000000001.gz"]);
    assert!(bucket.hosts.lock().unwrap().iter().all(|host| host == "backups.fra1.digitaloceanspaces.com"));
    let archiving =
        |world: &World| condition(&world.api.now_of(&made).unwrap(), "ContinuousArchiving").cloned().unwrap();
    assert_eq!(archiving(&world)["status"], "True");
    world.api.make(json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "ScheduledBackup", "metadata": {"name": "daily", "namespace": "a"},
        "spec": {"schedule": "0 30 2 * * *", "cluster": {"name": "db"}},
    }));
    world.api.pass(&mut world.work, 2 * DAY);
    let first = bucket.keys();
    assert_eq!(first.len(), 5, "{first:?}");
    assert!(first[0].ends_with("T023000/backup.info") && first[1].ends_with("T023000/data.tar.gz"), "{first:?}");
    assert_eq!(backups(&world).len(), 2);
    world.api.pass(&mut world.work, 8 * DAY);
    let kept: Vec<String> = bucket.keys().into_iter().filter(|key| key.ends_with("backup.info")).collect();
    assert_eq!(kept.len(), 4, "those of three days, and the one before them: {kept:?}");
    assert_eq!(backups(&world).len(), 4, "a Backup without its files goes too: {:?}", backups(&world));
    assert!(!text(&world.status(&made), "/lastSuccessfulBackup").is_empty());
    let another = world.api.make(json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "other", "namespace": "a"},
        "spec": {
            "instances": 1, "storage": {"size": "1Gi"}, "bootstrap": {"recovery": {"source": "db"}},
            "externalClusters": [{"name": "db", "barmanObjectStore": made["spec"]["backup"]["barmanObjectStore"]}],
        },
    }));
    world.pass(30);
    assert_eq!(world.status(&another)["phase"], HEALTHY, "it is recovered from what is there");
}

#[test]
fn a_key_that_may_not_write_makes_no_backup() {
    let (mut world, bucket, _) = backed_up();
    *bucket.denied.lock().unwrap() = true;
    let backup = world.api.make(json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Backup", "metadata": {"name": "one", "namespace": "a"},
        "spec": {"cluster": {"name": "db"}},
    }));
    world.pass(30);
    let status = &world.api.now_of(&backup).unwrap()["status"];
    let why = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied";
    assert_eq!((&status["phase"], &status["error"]), (&json!("failed"), &json!(why)));
}

#[test]
fn an_archive_of_another_database_is_not_written_over() {
    let (mut world, bucket, made) = backed_up();
    let written = bucket.keys();
    world.api.remove(&made, None);
    world.pass(1);
    for plural in ["pods", "persistentvolumeclaims"] {
        for of in world.api.all("", plural) {
            world.api.remove(&of, None);
        }
    }
    let again = world.cluster(json!({"instances": 1, "backup": made["spec"]["backup"]}));
    world.pass(30);
    let archiving = condition(&world.api.now_of(&again).unwrap(), "ContinuousArchiving").cloned().unwrap();
    assert_eq!((&archiving["status"], &archiving["message"]), (&json!("False"), &json!("Expected empty archive")));
    assert_eq!(bucket.keys(), written);
}
