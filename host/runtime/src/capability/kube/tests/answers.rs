//! What comes back: Secrets sealed wherever they stand, echoes scrubbed, pages put together.

use maps_engine::Class;

use super::*;

fn secret(data: Json) -> Json {
    object("v1", "Secret", json!({"data": data}))
}

#[tokio::test]
async fn rt15_what_a_secret_holds_comes_back_sealed_from_every_call() {
    let stored = |_: &Asked| {
        let mut found = secret(
            json!({"password": STANDARD.encode("correct horse"), "key": STANDARD.encode([0xff, 0xfe, 0]), "odd": "%%"}),
        );
        found["stringData"] = json!({"more": "battery staple"});
        found["metadata"]["annotations"] = json!({
            "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"password\":\"Y29ycmVjdCBob3JzZQ==\"}}", "a": "b",
        });
        (200, found)
    };
    let server = Server::start(stored).await;
    let bench = bench(&server, Operation::Update);
    let found = bench.get(reference(kind("v1", "Secret"), Some("maps"), "settings")).await.unwrap().unwrap();
    let applied = bench.apply(&secret(json!({}))).await.unwrap();
    let tried = bench.dry_run(&secret(json!({}))).await.unwrap();
    for answer in [found, applied, tried] {
        let text = answer.to_string();
        for clear in ["horse", "battery", &STANDARD.encode("correct horse"), "%%", "//4A"] {
            assert!(!text.contains(clear), "{clear} in {text}");
        }
        assert_eq!(bench.opened(&answer["data"]["password"]), Value::from("correct horse"));
        assert_eq!(bench.opened(&answer["data"]["key"]), Value::from(json!({"base64": "//4A"})));
        assert_eq!(bench.opened(&answer["data"]["odd"]), Value::from("%%"));
        assert_eq!(bench.opened(&answer["stringData"]["more"]), Value::from("battery staple"));
        assert!(
            answer["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]["$sealed"]
                .is_string()
        );
        assert_eq!(answer["metadata"]["annotations"]["a"], "b");
    }
}

#[tokio::test]
async fn lists_are_whole_their_items_named_and_their_secrets_sealed() {
    let server = Server::start(|asked| {
        let item = |name: &str| json!({"metadata": {"name": name}, "data": {"p": STANDARD.encode(format!("secret of {name}"))}});
        let (items, next) = match asked.line.split_once("continue=") {
            None => (json!([item("a"), item("b")]), "t%2F1"),
            Some((_, "t%252F1")) => (json!([item("c")]), ""),
            Some(_) => (json!("wrong"), ""),
        };
        (200, json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"continue": next}, "items": items}))
    })
    .await;
    let bench = bench(&server, Operation::Read);
    let listing = Listing {
        kind: kind("v1", "Secret"),
        namespace: Some("maps".to_owned()),
        label_selector: Some("app=web".to_owned()),
        field_selector: None,
    };
    let found = bench.list(listing).await.unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|item| {
            (
                item["metadata"]["name"].as_str().unwrap(),
                item["kind"].as_str().unwrap(),
                item["apiVersion"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(names, [("a", "Secret", "v1"), ("b", "Secret", "v1"), ("c", "Secret", "v1")]);
    for item in &found {
        let held = bench.opened(&item["data"]["p"]);
        assert_eq!(held, Value::from(format!("secret of {}", item["metadata"]["name"].as_str().unwrap())));
    }
    assert!(
        server.lines()[1].starts_with("GET /api/v1/namespaces/maps/secrets?limit=500&labelSelector=app%3Dweb"),
        "{:?}",
        server.lines()
    );
}

#[tokio::test]
async fn a_secret_is_opened_in_a_secret_s_data_and_nowhere_else() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Create);
    let password = bench.sealed("correct horse battery");
    let bytes = bench.sealed(json!({"base64": "//4A"}));
    let mut whole = secret(json!({"a": password, "b": bytes, "plain": "cGxhaW4="}));
    whole["stringData"] = json!({"c": password, "d": "text", "a/b~c": password});
    let made = bench.apply(&whole).await.unwrap();
    assert!(!made.to_string().contains("horse"));
    let sent = server.asked().pop().unwrap().body;
    let encoded = STANDARD.encode("correct horse battery");
    assert_eq!(
        sent["data"],
        json!({"a": encoded, "b": "//4A", "plain": "cGxhaW4=", "c": encoded, "d": STANDARD.encode("text"), "a/b~c": encoded})
    );
    assert!(sent.get("stringData").is_none());
    // What repeats a secret in base64 by itself is a text like any other there: it is not encoded twice.
    bench.apply(&secret(json!({"a": encoded}))).await.unwrap();
    assert_eq!(server.asked().pop().unwrap().body["data"]["a"], encoded);
    let before = server.asked().len();
    let mut named = secret(json!({}));
    named["metadata"]["labels"] = json!({"x": password});
    for misplaced in [
        object("v1", "ConfigMap", json!({"data": {"a": password}})),
        object("apps/v1", "Deployment", json!({"spec": {"x": password}})),
        object("v1", "ConfigMap", json!({"data": {"a": "it is correct horse battery"}})),
        object("v1", "ConfigMap", json!({"data": {"a": encoded}})),
        named,
        secret(json!(password)),
    ] {
        let problem = bench.apply(&misplaced).await.unwrap_err();
        assert_eq!(problem.class, Class::Denied, "{misplaced}: {problem:?}");
    }
    assert_eq!(server.asked().len(), before + 1, "but for a discovery");
    for (forged, code) in [
        (json!({"a": {"$sealed": "0".repeat(32)}}), "sealed-handle"),
        (json!({"a": format!("x{}", password["$sealed"].as_str().unwrap())}), "sealed-handle"),
    ] {
        assert_eq!(bench.apply(&secret(forged)).await.unwrap_err().code, code);
    }
    assert_eq!(bench.apply(&secret(json!({"a": 7}))).await.unwrap_err().code, "secret-not-text");
}

#[tokio::test]
async fn rt24_what_the_server_repeats_of_the_token_is_blotted_out() {
    let server = Server::start(|asked| match asked.line.as_str() {
        line if line.contains("/configmaps/settings") => (
            200,
            object("v1", "ConfigMap", json!({"data": {"a": format!("you are {TOKEN}"), "b": STANDARD.encode(TOKEN)}})),
        ),
        _ => (403, json!({"kind": "Status", "reason": "Forbidden", "message": format!("{TOKEN} may not")})),
    })
    .await;
    let bench = bench(&server, Operation::Read);
    let found = bench.get(reference(kind("v1", "ConfigMap"), Some("maps"), "settings")).await.unwrap().unwrap();
    assert!(
        found["data"]["a"] == "you are «secret»" && !found.to_string().contains(&STANDARD.encode(TOKEN)[..20]),
        "{found}"
    );
    let problem = bench.get(reference(kind("v1", "ConfigMap"), Some("maps"), "other")).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "forbidden"));
    assert!(
        !problem.message.contains(TOKEN) && problem.message.contains("get configmaps maps/other"),
        "{}",
        problem.message
    );
}

#[tokio::test]
async fn answers_that_are_none_of_the_api_are_told_and_a_kind_that_vanished_is_forgotten() {
    let server = Server::start(|asked| match asked.line.as_str() {
        line if line.contains("/odd") => (200, json!("what")),
        line if line.contains("limit") => (200, json!({"items": 7})),
        _ => (404, json!("404 page not found")),
    })
    .await;
    let bench = bench(&server, Operation::Read);
    let get = |name: &str| bench.get(reference(kind("v1", "ConfigMap"), Some("maps"), name));
    assert_eq!(get("odd").await.unwrap_err().code, "kube-answer");
    let all = Listing { kind: kind("v1", "ConfigMap"), namespace: None, label_selector: None, field_selector: None };
    assert_eq!(bench.list(all).await.unwrap_err().code, "kube-answer");
    assert_eq!(get("settings").await.unwrap_err().code, "kind-unknown");
    get("settings").await.unwrap_err();
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /api/v1").count(), 2);
}
