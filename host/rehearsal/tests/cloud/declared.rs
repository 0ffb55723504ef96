//! Services that a plugin's author declares: what they answer, what they keep, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use maps_rehearsal::{Cloud, CloudFile, Declaration, Error, Fault, Options, Running, counts, inventory};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Client;

const HOST: &str = "api.notes.example";

/// Declares these services, whatever hosts they name.
fn declaration(services: &Value) -> Declaration {
    Declaration::parse("notes", &json!({"maps": "v1", "services": services}), &|_| true).unwrap()
}

/// One service with one collection of notes.
fn notes(collection: &Value) -> Declaration {
    let mut collection = collection.clone();
    collection["path"] = "/v1/notes".into();
    declaration(&json!([{"host": HOST, "credential": {"type": "bearer"}, "collections": [collection]}]))
}

/// A caller of one declared service.
struct Caller {
    file: CloudFile,
    control: Client,
    http: reqwest::Client,
    authorization: String,
}

impl Caller {
    fn of(running: &Running) -> Self {
        let file = running.file().clone();
        let control = Client::new(&file);
        let ca = reqwest::Certificate::from_pem(&std::fs::read(&file.ca).unwrap()).unwrap();
        let address = file.hosts[HOST].parse().unwrap();
        let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().resolve(HOST, address).build().unwrap();
        let authorization = format!("Bearer {}", file.token_for(HOST).unwrap_or_default());
        Self { file, control, http, authorization }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let port = self.file.hosts[HOST].rsplit(':').next().unwrap();
        let mut request = self.http.request(method, format!("https://{HOST}:{port}{path}"));
        request = request.header("authorization", &self.authorization);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, Some(body)).await
    }
}

async fn start(dir: &Path, declared: Declaration) -> (Running, Caller) {
    let options = Options { declared: vec![declared], ..Options::new(dir) };
    let running = Cloud::start(options).await.unwrap();
    let caller = Caller::of(&running);
    (running, caller)
}

#[tokio::test]
async fn an_object_is_made_read_changed_and_deleted() {
    let home = tempfile::tempdir().unwrap();
    let collection = json!({
        "unique": ["/title"],
        "required": ["/title"],
        "fixed": ["/region"],
        "hidden": ["/password"],
        "defaults": {"colour": "yellow", "settings": {"wide": true}},
        "computed": {"/created_at": "created", "/self": "path"},
        "secret": {"/token": "once", "/key": "always"},
        "wrap": {"one": "note", "many": "notes"},
    });
    let (_running, caller) = start(home.path(), notes(&collection)).await;
    let sent = json!({"title": "a", "region": "x", "password": "p", "id": "mine", "settings": {"tall": 1}});
    let (status, made) = caller.post("/v1/notes", sent).await;
    assert_eq!(status, 201);
    let note = &made["note"];
    let id = note["id"].as_str().unwrap();
    assert!(id != "mine" && id.len() == 36);
    assert_eq!((&note["colour"], &note["settings"]), (&json!("yellow"), &json!({"tall": 1, "wide": true})));
    assert_eq!((note["token"].as_str().unwrap().len(), note["key"].as_str().unwrap().len()), (40, 40));
    assert_eq!(note["self"], format!("/v1/notes/{id}"));
    assert!(note["created_at"].is_string() && note.get("password").is_none());

    let path = format!("/v1/notes/{id}");
    let (_, read) = caller.get(&path).await;
    assert_eq!((read["note"].get("token"), &read["note"]["key"]), (None, &note["key"]));
    assert_eq!(caller.get("/v1/notes").await.1["notes"], json!([read["note"]]));

    let (status, taken) = caller.post("/v1/notes", json!({"title": "a"})).await;
    assert_eq!((status, taken["message"].as_str()), (409, Some("/title is taken")));
    assert_eq!(caller.post("/v1/notes", json!({"colour": "red"})).await.0, 422);
    assert_eq!(caller.send("PATCH", &path, Some(json!({"region": "y"}))).await.0, 422);
    let (status, patched) = caller.send("PATCH", &path, Some(json!({"settings": {"wide": null}}))).await;
    assert_eq!((status, &patched["note"]["settings"]), (200, &json!({"tall": 1})));
    let (status, put) = caller.send("PUT", &path, Some(json!({"title": "b"}))).await;
    assert_eq!((status, &put["note"]["title"], &put["note"]["settings"]), (200, &json!("b"), &json!({"wide": true})));
    assert_eq!((&put["note"]["id"], &put["note"]["region"]), (&json!(id), &json!("x")));

    assert_eq!(caller.send("DELETE", &path, None).await.0, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(caller.send(method, &path, None).await.0, 404);
    }
    assert_eq!(inventory(home.path()).unwrap().get(HOST), None);
}

#[tokio::test]
async fn nobody_calls_without_the_planted_credential() {
    for (kind, header, scheme) in [("bearer", "authorization", "Bearer "), ("header", "x-key", "")] {
        let home = tempfile::tempdir().unwrap();
        let mut credential = json!({"type": kind});
        if kind == "header" {
            credential["header"] = header.into();
        }
        let service = json!([{"host": HOST, "credential": credential, "error": {"message": "/error/text"},
            "recorded": [{"path": "/", "status": 200}, {"path": "/v1/limits", "body": {"most": 7}}]}]);
        assert!(Declaration::parse("n", &json!({"maps": "v1", "services": service}), &|_| true).is_err());
        let service = json!([{"host": HOST, "credential": credential, "error": {"message": "/error/text"},
            "recorded": [{"path": "/v1/limits", "body": {"most": 7}}]}]);
        let (running, mut caller) = start(home.path(), declaration(&service)).await;
        let secret = running.file().token_for(HOST).unwrap().to_owned();
        let port = running.file().hosts[HOST].rsplit(':').next().unwrap().to_owned();
        let url = format!("https://{HOST}:{port}/v1/limits");
        let answer = caller.http.get(&url).header(header, format!("{scheme}{secret}")).send().await.unwrap();
        assert_eq!(answer.json_body().await, json!({"most": 7}));
        caller.authorization = "Bearer guess".to_owned();
        let (status, refused) = caller.get("/v1/limits").await;
        assert_eq!(status, 401);
        assert!(refused["error"]["text"].is_string() && refused["code"] == "unauthorized", "{refused}");
    }
    // Without a credential, anybody calls; and what is not declared is not there.
    let home = tempfile::tempdir().unwrap();
    let open = json!([{"host": HOST, "recorded": [{"path": "/v1/limits", "query": {"of": "me"}, "status": 418}]}]);
    let (running, caller) = start(home.path(), declaration(&open)).await;
    assert_eq!(running.file().token_for(HOST), None);
    assert_eq!(caller.get("/v1/limits?of=me").await.0, 418);
    for other in ["/v1/limits", "/v1/limits?of=you", "/other", "/v1//limits", "/v1/%2flimits"] {
        assert_eq!(caller.get(other).await.0, 404, "{other}");
    }
}

/// The body of an answer as JSON.
trait JsonBody {
    async fn json_body(self) -> Value;
}

impl JsonBody for reqwest::Response {
    async fn json_body(self) -> Value {
        assert_eq!(self.status(), StatusCode::OK);
        serde_json::from_slice(&self.bytes().await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn states_pass_in_virtual_time() {
    let home = tempfile::tempdir().unwrap();
    let states = json!({"field": "status", "creating": "pending", "updating": "busy", "ready": "active",
        "deleting": "leaving", "after": "30s"});
    let collection = json!({"states": states, "status": {"created": 202, "deleted": 202}, "unique": ["/title"]});
    let (_running, caller) = start(home.path(), notes(&collection)).await;
    let (status, made) = caller.post("/v1/notes", json!({"title": "a", "status": "active"})).await;
    assert_eq!((status, made["status"].as_str()), (202, Some("pending")));
    let path = format!("/v1/notes/{}", made["id"].as_str().unwrap());
    let shown = inventory(home.path()).unwrap()[HOST].clone();
    assert_eq!(shown, json!({"/v1/notes": [{"title": "a", "status": "active"}]}));
    caller.control.advance(30_000).await;
    assert_eq!(caller.get(&path).await.1["status"], "active");
    assert_eq!(caller.send("PATCH", &path, Some(json!({"title": "b"}))).await.1["status"], "busy");
    caller.control.advance(30_000).await;
    for _ in 0..2 {
        assert_eq!(caller.send("DELETE", &path, None).await.0, 202);
    }
    assert_eq!(caller.get(&path).await.1["status"], "leaving");
    assert_eq!(caller.send("PATCH", &path, Some(json!({"title": "c"}))).await.0, 409);
    assert_eq!(caller.post("/v1/notes", json!({"title": "b"})).await.0, 409);
    assert_eq!(inventory(home.path()).unwrap().get(HOST), None);
    caller.control.advance(30_000).await;
    assert_eq!(caller.get(&path).await.0, 404);
    assert_eq!(caller.post("/v1/notes", json!({"title": "b"})).await.0, 202);
}

#[tokio::test]
async fn lists_come_in_pages_and_filtered() {
    let home = tempfile::tempdir().unwrap();
    let by_page = json!({"id": {"like": "number"}, "wrap": {"many": "notes"}, "filters": {"tag": "/tags"},
        "paging": {"size": "size", "default": 2, "most": 3, "total": "/meta/total"}});
    let (running, caller) = start(home.path(), notes(&by_page)).await;
    for n in 0..5 {
        caller.post("/v1/notes", json!({"n": n, "tags": [format!("t{}", n % 2)]})).await;
    }
    let numbers = |list: &Value| list.as_array().unwrap().iter().map(|i| i["n"].as_u64().unwrap()).collect::<Vec<_>>();
    let (_, first) = caller.get("/v1/notes").await;
    assert_eq!((numbers(&first["notes"]), &first["meta"]["total"]), (vec![0, 1], &json!(5)));
    assert_eq!(numbers(&caller.get("/v1/notes?page=2&size=99").await.1["notes"]), [3, 4]);
    assert_eq!(numbers(&caller.get("/v1/notes?page=18446744073709551615").await.1["notes"]), [0; 0]);
    assert_eq!(caller.get("/v1/notes?page=x").await.0, 400);
    let (_, tagged) = caller.get("/v1/notes?tag=t1").await;
    assert_eq!((numbers(&tagged["notes"]), &tagged["meta"]["total"]), (vec![1, 3], &json!(2)));
    assert_eq!(caller.get("/v1/notes/3").await.1["n"], 2);
    running.shutdown().await.unwrap();

    let by_cursor = json!({"wrap": {"many": "notes"}, "paging": {"cursor": "after", "next": "/next", "default": 2}});
    let (_running, caller) = start(home.path(), notes(&by_cursor)).await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let (_, page) = caller.get(&format!("/v1/notes{after}")).await;
        seen.extend(numbers(&page["notes"]));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("?after={next}");
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn what_is_below_an_object_goes_with_it() {
    let home = tempfile::tempdir().unwrap();
    let service = json!([{"host": HOST, "collections": [
        {"path": "/zones", "id": {"from": "/name"}},
        {"path": "/zones/{zone}/records", "create": "put", "id": {"field": "name"}},
    ]}]);
    let (running, caller) = start(home.path(), declaration(&service)).await;
    let put = async |path: &str| caller.send("PUT", path, Some(json!({"ttl": 60}))).await.0;
    assert_eq!(put("/zones/a.example/records/www").await, 404);
    assert_eq!(caller.post("/zones", json!({"name": "a.example"})).await.0, 201);
    assert_eq!(caller.post("/zones", json!({"name": "a.example"})).await.0, 409);
    for wrong in [json!({}), json!({"name": "a/b"}), json!({"name": ""}), json!({"name": [1]})] {
        assert_eq!(caller.post("/zones", wrong).await.0, 422);
    }
    assert_eq!(put("/zones/a.example/records/www").await, 201);
    assert_eq!(put("/zones/a.example/records/www").await, 200);
    assert_eq!(put("/zones/a.example/records/a%20b").await, 201);
    assert_eq!(caller.post("/zones/a.example/records", json!({})).await.0, 405);
    assert_eq!(caller.get("/zones/a.example/records/a%20b").await.1, json!({"name": "a b", "ttl": 60}));
    let shown = inventory(home.path()).unwrap()[HOST].clone();
    assert_eq!(shown["/zones/{zone}/records"], json!([{"name": "a b", "ttl": 60}, {"name": "www", "ttl": 60}]));
    assert_eq!(caller.send("DELETE", "/zones/a.example", None).await.0, 204);
    assert_eq!(caller.get("/zones/a.example/records/www").await.0, 404);
    assert_eq!(inventory(home.path()).unwrap().get(HOST), None);
    running.shutdown().await.unwrap();
    let counted = serde_json::to_value(counts(home.path()).unwrap()).unwrap()[HOST].clone();
    assert_eq!(counted["write"]["PUT /zones/{zone}/records/{id}"], 4);
    assert_eq!(counted["read"]["GET /zones/{zone}/records/{id}"], 2);
}

#[tokio::test]
async fn everything_answered_is_there_after_a_restart_under_the_same_credential() {
    let home = tempfile::tempdir().unwrap();
    let options = || Options { declared: vec![notes(&json!({}))], ..Options::new(home.path()) };
    let running = Cloud::start(options()).await.unwrap();
    let caller = Caller::of(&running);
    let (_, made) = caller.post("/v1/notes", json!({"title": "a"})).await;
    let authorization = caller.authorization.clone();
    // Dropped, not shut down: what was answered is on the disk already.
    drop((running, caller));
    let running = loop {
        match Cloud::start(options()).await {
            Err(Error::AlreadyRunning { .. }) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    let caller = Caller::of(&running);
    assert_eq!(caller.authorization, authorization);
    assert_eq!(caller.get("/v1/notes").await.1, json!([made]));
}

#[tokio::test]
async fn faults_befall_a_declared_service_too() {
    let home = tempfile::tempdir().unwrap();
    let faults = Fault::parse_list(["error@1,throttle@2,lost@3,drip@4"]).unwrap();
    let options = Options { declared: vec![notes(&json!({}))], faults, ..Options::new(home.path()) };
    let running = Cloud::start(options).await.unwrap();
    let caller = Caller::of(&running);
    assert_eq!(caller.post("/v1/notes", json!({})).await.0, 500);
    assert_eq!(caller.post("/v1/notes", json!({})).await.0, 429);
    let port = running.file().hosts[HOST].rsplit(':').next().unwrap();
    let lost = caller.http.post(format!("https://{HOST}:{port}/v1/notes")).body("{}");
    assert!(lost.header("authorization", &caller.authorization).send().await.is_err());
    // Done all the same, and told late.
    assert_eq!(caller.get("/v1/notes").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_host_is_played_by_one_plugin() {
    let home = tempfile::tempdir().unwrap();
    let mut options = Options::new(home.path());
    options.declared = vec![notes(&json!({})), notes(&json!({}))];
    Cloud::start(options.clone()).await.unwrap().shutdown().await.unwrap();
    let json = json!({"maps": "v1", "services": [{"host": HOST}]});
    options.declared[1] = Declaration::parse("other", &json, &|_| true).unwrap();
    let error = Cloud::start(options).await.unwrap_err();
    assert!(matches!(&error, Error::HostTaken { host, .. } if host == HOST), "{error}");
    assert!(error.to_string().contains("the plugin notes and the plugin other"), "{error}");
}

/// Every fault of a declaration, as it is shown.
fn faults(json: &Value) -> Vec<String> {
    let named = |host: &str| host.ends_with(".example") || host.ends_with(".com") || host == "localhost";
    match Declaration::parse("notes", json, &named) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn hosts_that_are_not_the_plugins_own_are_refused() {
    for (host, why) in [
        ("api.digitalocean.com", "is played by maps itself"),
        ("digitalocean.com", "is played by maps itself"),
        ("s3.eu-west-1.amazonaws.com", "is played by maps itself"),
        ("127.0.0.1", "is an address"),
        ("10.1", "is an address"),
        ("[::1]", "is an address"),
        ("::1", "is an address"),
        ("localhost", "is this machine itself"),
        ("a.localhost", "is this machine itself"),
        ("api.notes.example:8443", "is an address"),
        ("Api.notes.example", "no host name"),
        ("*.notes.example", "no host name"),
        ("notes", "no host name"),
        ("a..example", "no host name"),
        ("api.other.org", "no http rule of plugin.yaml names"),
    ] {
        let told = faults(&json!({"maps": "v1", "services": [{"host": host}]}));
        assert!(told.len() == 1 && told[0].starts_with("services[0].host: ") && told[0].contains(why), "{told:?}");
    }
    assert!(faults(&json!({"maps": "v1", "services": [{"host": "notdigitalocean.com"}]})).is_empty());
}

#[test]
fn every_mistake_of_a_declaration_has_its_place() {
    let host = "api.notes.example";
    let collection = |more: Value| {
        let mut collection = json!({"path": "/v1/notes"});
        collection.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"maps": "v1", "services": [{"host": host, "collections": [collection]}]})
    };
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let cases = [
        (json!([]), "the document: it must be an object"),
        (json!({"maps": "v2", "services": [{"host": host}]}), "maps: version `v2`"),
        (json!({"maps": "v1"}), "services: it plays no service"),
        (json!({"maps": "v1", "services": [{"host": host}], "run": "rm"}), "run: there is no such field"),
        (json!({"maps": "v1", "services": [{"host": host}, {"host": host}]}), "services[1].host: "),
        (json!({"maps": "v1", "services": vec![json!({"host": host}); 17]}), "services: it has 17 items"),
        (collection(json!({"pth": 1})), "services[0].collections[0].pth: there is no such field"),
        (collection(json!({"path": "v1"})), "services[0].collections[0].path: "),
        (collection(json!({"path": "/v1/{a}/b"})), "services[0].collections[0].path: there is no collection /v1"),
        (collection(json!({"unique": ["title"]})), "services[0].collections[0].unique[0]: `title` does not begin"),
        (collection(json!({"unique": "/title"})), "services[0].collections[0].unique: it must be a list"),
        (collection(json!({"defaults": {"a": deep}})), "services[0].collections[0].defaults: it is more than 32"),
        (collection(json!({"secret": {"/token": "never"}})), "services[0].collections[0].secret./token: `never`"),
        (collection(json!({"id": {"like": "uuid", "from": "/a"}})), "services[0].collections[0].id.like: "),
        (collection(json!({"create": "put", "id": {"from": "/a"}})), "services[0].collections[0].id.from: "),
        (collection(json!({"paging": {"total": "/t"}})), "services[0].collections[0].paging: a list that is no"),
        (collection(json!({"paging": {"cursor": "c"}})), "services[0].collections[0].paging: `next` is missing"),
        (collection(json!({"paging": {"most": 0}})), "services[0].collections[0].paging.most: "),
        (
            collection(json!({"states": {"field": "s", "ready": "r", "creating": "c", "after": "2d"}})),
            "services[0].collections[0].states.after: ",
        ),
        (
            collection(json!({"states": {"field": "s", "ready": "r", "after": "1s"}})),
            "services[0].collections[0].states: ",
        ),
        (collection(json!({"status": {"created": 404}})), "services[0].collections[0].status.created: "),
        (
            json!({"maps": "v1", "services": [{"host": host, "recorded": [{"path": "/x", "method": "TRACE"}]}]}),
            "services[0].recorded[0].method: `TRACE`",
        ),
        (
            json!({"maps": "v1", "services": [{"host": host, "recorded": [
                {"path": "/x", "headers": {"Transfer-Encoding": "chunked"}}]}]}),
            "services[0].recorded[0].headers.Transfer-Encoding: ",
        ),
        (
            json!({"maps": "v1", "services": [{"host": host, "recorded": [
                {"path": "/x", "headers": {"x": "a\r\nset-cookie: b"}}]}]}),
            "services[0].recorded[0].headers.x: ",
        ),
        (
            json!({"maps": "v1", "services": [{"host": host, "credential": {"type": "header", "header": "a b"}}]}),
            "services[0].credential.header: ",
        ),
        (
            json!({"maps": "v1", "services": [{"host": host, "recorded": [{"path": "/x", "body": "x".repeat(300_000)}]}]}),
            "the document: it has ",
        ),
    ];
    for (json, expected) in cases {
        let told = faults(&json);
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}: {told:?}");
    }
    // All at once, and never without end.
    let many: Vec<Value> = (0..50).map(|n| json!({"path": format!("x{n}"), "y": 1})).collect();
    let told = faults(&json!({"maps": "v1", "services": [{"host": host, "collections": many}]}));
    assert_eq!(told.len(), 50);
}
