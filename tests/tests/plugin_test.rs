//! `maps plugin test`, as an author runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use maps_tests::{Finished, Maps, component};
use serde_json::{Value, json};

const HOST: &str = "api.lawless.example";

/// A folder with a fixture of the lawless guest.
fn folder(breaks: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("conformance")).unwrap();
    let fixture = json!({
        "unique": "name",
        "inputs": {"name": "subject", "breaks": breaks},
        "update": {"size": 2},
        "replace": {"region": "there"},
    });
    std::fs::write(dir.path().join("conformance/thing.json"), fixture.to_string()).unwrap();
    dir
}

fn test(dir: &Path, more: &[&str]) -> Finished {
    let component = component("guests/lawless").display().to_string();
    let args = ["plugin", "test", &component].into_iter().chain(more.iter().copied());
    Maps::at(dir).env("FAKE_TOKEN", "let-me-in").run(args)
}

#[test]
fn a_plugin_that_keeps_every_law_passes() {
    let dir = folder("");
    let finished = test(dir.path(), &[]).expect(0);
    assert_eq!(finished.stdout.matches("✓ lawless/thing").count(), 14, "{}", finished.stdout);
    assert!(finished.stdout.contains("14 kept\n"), "{}", finished.stdout);
}

#[test]
fn a_broken_law_is_told_with_what_was_seen_and_fails() {
    let dir = folder("delete-goes-once");
    let finished = test(dir.path(), &["--law", "deleting_twice_succeeds", "--output", "json"]).expect(1);
    let law = &finished.events()[0];
    assert_eq!([&law["kind"], &law["law"], &law["verdict"]], ["lawless/thing", "deleting_twice_succeeds", "broken"]);
    assert!(law["why"].as_str().unwrap().contains("deleted a second time"), "{law}");
    let laws = &finished.events()[1];
    assert_eq!((&laws["broken"], &laws["kept"]), (&json!(1), &json!(0)));
    let finished = test(dir.path(), &["--law", "deleting_twice_succeeds"]).expect(1);
    assert!(finished.stdout.contains("✗ lawless/thing deleting twice succeeds: broken"), "{}", finished.stdout);
}

#[test]
fn an_author_brings_a_fake_of_their_own() {
    let dir = folder("");
    let fake = Fake::start();
    let at = format!("{HOST}=http://{}", fake.address);
    let finished = test(dir.path(), &["--at", &at, "--credential", "api=FAKE_TOKEN", "--output", "json"]).expect(0);
    let verdicts: BTreeMap<String, Value> = finished
        .events()
        .into_iter()
        .filter(|event| event["event"] == "law")
        .map(|event| (event["law"].as_str().unwrap().to_owned(), event))
        .collect();
    assert_eq!(verdicts.len(), 14);
    let destroy = &verdicts["a_destroy_ends_where_the_first_run_began"];
    assert_eq!(destroy["verdict"], "skipped", "{destroy}");
    assert!(destroy["why"].as_str().unwrap().contains("only a rehearsal's cloud can tell"), "{destroy}");
    let second = &verdicts["a_second_plan_is_empty"];
    assert_eq!(second["verdict"], "kept");
    assert!(second["why"].as_str().unwrap().contains("as far as can be seen"), "{second}");
    assert!(fake.served() > 0);
    // A wrong credential is refused by the fake, and so nothing can be made.
    let finished = test(dir.path(), &["--at", &at, "--law", "read_agrees_with_create"]).expect(1);
    assert!(finished.stdout.contains("broken") && finished.stdout.contains("401"), "{}", finished.stdout);
}

#[test]
fn what_cannot_be_tried_says_why() {
    let dir = folder("");
    for (more, says) in [
        (&["--at", "api.lawless.example=http://10.0.0.1:80"][..], "is not on this machine"),
        (&["--at", "api.lawless.example=https://127.0.0.1:1"], "--ca FILE"),
        (&["--at", "other.example=http://127.0.0.1:1"], "no http rule of the plugin names other.example"),
        (&["--law", "no_such_law"], "there is no law no_such_law"),
        (&["--fixtures", "nowhere"], "there are no fixtures at nowhere"),
    ] {
        let finished = test(dir.path(), more).expect(1);
        assert!(finished.stderr.contains(says), "{more:?}: {}", finished.stderr);
    }
    std::fs::write(dir.path().join("conformance/other.json"), "{}").unwrap();
    assert!(test(dir.path(), &[]).expect(1).stderr.contains("is the fixture of no kind; the plugin has thing"));
    std::fs::write(dir.path().join("conformance/thing.json"), r#"{"unique": "size", "inputs": {"size": 1}}"#).unwrap();
    assert!(test(dir.path(), &[]).expect(1).stderr.contains("`unique` names the input size"));
    std::fs::remove_file(dir.path().join("conformance/thing.json")).unwrap();
    assert!(test(dir.path(), &[]).expect(1).stderr.contains("lawless/thing has no fixture"));
}

/// The lawless guest's service as an author might fake it: HTTP in clear, things in memory.
struct Fake {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut things, mut served) = (BTreeMap::new(), 0);
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                if serve(stream.unwrap(), &mut things, served).is_some() {
                    served += 1;
                }
            }
            served
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Ends it, and tells how many requests it had.
    fn served(&self) -> usize {
        // Each test asks once more before the end; the count itself comes with the thread's end.
        usize::from(TcpStream::connect(self.address).is_ok())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let served = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(std::thread::panicking() || matches!(served, Some(Ok(number)) if number > 20), "{served:?}");
    }
}

/// Answers one request; none came if nothing was sent.
fn serve(mut stream: TcpStream, things: &mut BTreeMap<String, Value>, number: usize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, target) = (line.split(' ').next()?.to_owned(), line.split(' ').nth(1)?.to_owned());
    let (mut length, mut allowed, mut host) = (0, false, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => allowed = value == "Bearer let-me-in",
            "host" => value.clone_into(&mut host),
            _ => {}
        }
    }
    assert_eq!(host, HOST, "the plugin's own host is asked for, whatever answers");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let id = path.strip_prefix("/v1/things").unwrap_or_default().trim_start_matches('/').to_owned();
    let put = |things: &mut BTreeMap<String, Value>, id: &str, sent: Value| {
        let fresh = json!({"id": id, "status": "active", "made_at": format!("the {number}th"), "key": "k".repeat(20)});
        let thing = things.entry(id.to_owned()).or_insert(fresh);
        thing.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
        thing.clone()
    };
    let (status, answer) = match (method.as_str(), id.as_str()) {
        _ if !allowed => (401, json!({})),
        ("GET", "") => {
            let token = query.strip_prefix("token=").map(Value::from);
            let asked = |thing: &&Value| token.as_ref().is_none_or(|token| thing["token"] == *token);
            (200, json!({"things": things.values().filter(asked).collect::<Vec<_>>()}))
        }
        ("POST", "") => (201, put(things, &format!("thing-{number}"), sent)),
        (_, id) if !things.contains_key(id) => (404, json!({})),
        ("GET", id) => (200, things[id].clone()),
        ("PATCH", id) => (200, put(things, id, sent)),
        ("DELETE", id) => (200, things.remove(id).unwrap_or_default()),
        _ => (405, json!({})),
    };
    let answer = answer.to_string();
    let head = "content-type: application/json\r\nconnection: close";
    write!(stream, "HTTP/1.1 {status} x\r\n{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len()).ok()
}
