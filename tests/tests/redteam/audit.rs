//! `maps audit`: what it tells of a plugin, and what it makes of a log that somebody tampered with.

use std::path::PathBuf;

use maps_tests::StackDir;
use serde_json::{Value as Json, json};

use crate::approval::{Operator, yaml};
use crate::component::guest;

/// The rule's event.
fn rule<'e>(events: &'e [Json], id: &str) -> &'e Json {
    let found = events.iter().find(|event| event["event"] == "audited-rule" && event["rule"] == id);
    found.unwrap_or_else(|| panic!("no rule {id} in {events:?}"))
}

#[tokio::test]
async fn an_audit_tells_what_is_imported_declared_granted_used_and_denied() {
    let red = Operator::new().await;
    let less = json!({"log": {}, "random": {}, "http": [{"id": "list-things", "url": "https://api.red.example/things"},
        {"id": "update-thing", "bind": {"body": {"/name": "{inputs.name}"}}, "operations": ["update"]}]});
    red.order(&less, &["api.red.example"]);
    let wide = yaml().replace("url: https://api.red.example/things/{id}/key", "url: https://api.red.example/*/*/key");
    red.install(&wide.replace("      seal: [/key]\n", "")).await;
    let denied = red.maps("run --rehearse --yes");
    assert_eq!(denied.code, Some(3), "{}{}", denied.stdout, denied.stderr);
    let told = red.maps("audit stack.yaml --rehearse").expect(0).stdout;
    let told = told.replace(&red.stack.path().display().to_string(), "[DIR]");
    let stable: String = told.lines().map(|line| format!("{}\n", without_digits(line))).collect();
    insta::assert_snapshot!(stable);
    let events = red.maps("audit stack.yaml --rehearse --output json").expect(0).events();
    let create = rule(&events, "create-thing");
    assert_eq!(
        [&create["imported"], &create["declared"], &create["granted"]],
        [&json!(true), &json!(true), &json!("no")]
    );
    assert_eq!([&create["used"], &create["denied"]], [&json!(0), &json!(1)]);
    assert_eq!(create["uses"]["denials"][0]["code"], "http-not-granted");
    let update = rule(&events, "update-thing");
    assert_eq!((&update["granted"], &update["never_used"]), (&json!("narrowed"), &json!(true)));
    let log = events.iter().find(|event| event["event"] == "audit-log").unwrap();
    assert_eq!((&log["fault"], &log["anchor_found"]), (&Json::Null, &json!(true)));
    assert_eq!(red.maps("audit stack.yaml --rehearse --output json").summary()["exit"], 0);
}

/// Digests and times, which differ each time.
fn without_digits(line: &str) -> String {
    let words = line.split(' ').map(|word| match word {
        _ if word.starts_with("sha256:") => "sha256:[DIGEST]",
        _ if word.starts_with("20") && word.ends_with('Z') => "[TIME]",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_audit_counts_what_a_rehearsal_did_and_nothing_of_it_in_earnest() {
    let stack = StackDir::copy_of("hello");
    let _ = stack.maps().run(["run", "--rehearse", "--yes"]).expect(0);
    let rehearsed = stack.maps().run(["audit", "stack.yaml", "--rehearse", "--output", "json"]).expect(0).events();
    assert_eq!(rule(&rehearsed, "create-cluster")["used"], 1);
    assert!(rule(&rehearsed, "read-cluster")["used"].as_u64().unwrap() > 1);
    assert_eq!(rule(&rehearsed, "delete-cluster")["never_used"], true);
    let earnest = stack.maps().run(["audit", "stack.yaml", "--output", "json"]).expect(0).events();
    assert_eq!(rule(&earnest, "create-cluster")["used"], 0);
    let plugin = earnest.iter().find(|event| event["event"] == "audited-plugin").unwrap();
    assert_eq!((&plugin["plugin"], &plugin["standing"]), (&json!("doks"), &json!("new")));
}

/// A stack that was rehearsed, and its log.
fn rehearsed() -> (StackDir, PathBuf) {
    let stack = StackDir::copy_of("hello");
    let _ = stack.maps().run(["run", "--rehearse", "--yes"]).expect(0);
    let log = stack.path().join(".maps/rehearsal/hello/state/audit.jsonl");
    assert!(log.is_file());
    (stack, log)
}

/// What the next run, plan and audit say of the log, and that a restart is the way out.
fn tampered(stack: &StackDir, expected: &str) {
    let maps = |line: &str| stack.maps().run(line.split_whitespace());
    let refused = maps("audit stack.yaml --rehearse --log verify").expect(1);
    assert!(refused.stderr.contains(expected) && refused.stderr.contains("--log restart"), "{}", refused.stderr);
    let _ = maps("audit stack.yaml --rehearse --log restart").expect(0);
    let whole = maps("audit stack.yaml --rehearse --log verify").expect(0);
    assert!(whole.stdout.contains("Whole"), "{}", whole.stdout);
    let again = maps("run --rehearse --yes --output json").expect(0);
    assert_eq!(again.changes(), [0; 4]);
    let _ = maps("audit stack.yaml --rehearse --log verify").expect(0);
}

#[test]
fn rt37_a_log_that_was_emptied_cut_or_taken_away_stops_the_next_run() {
    let (stack, log) = rehearsed();
    let text = std::fs::read_to_string(&log).unwrap();
    let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    for bad in [Some(String::new()), Some(cut), None] {
        match &bad {
            Some(bad) => std::fs::write(&log, bad).unwrap(),
            None => std::fs::remove_file(&log).unwrap(),
        }
        for command in ["run", "plan", "destroy"] {
            let yes = if command == "plan" { "--parallelism=1" } else { "--yes" };
            let refused = stack.maps().run([command, "--rehearse", yes]).expect(1);
            assert!(refused.stderr.contains("emptied, cut or replaced"), "{command}: {}", refused.stderr);
        }
        tampered(&stack, "emptied, cut or replaced");
    }
    let whole = stack.maps().run(["audit", "stack.yaml", "--rehearse", "--log", "restart"]).expect(1);
    assert!(whole.stderr.contains("is whole"), "{}", whole.stderr);
}

#[test]
fn rt37_a_line_that_was_changed_is_named() {
    let (stack, log) = rehearsed();
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("GET", "PUT", 1)).unwrap();
    let audited = stack.maps().run(["audit", "stack.yaml", "--rehearse"]).expect(0);
    assert!(audited.stdout.contains("line 1 was changed"), "{}", audited.stdout);
    tampered(&stack, "line 1 was changed");
}

#[tokio::test]
async fn two_components_differ_with_2_where_the_second_may_do_more() {
    let red = Operator::new().await;
    let old = red.stack.path().join("old.wasm");
    std::fs::write(&old, guest("red")).unwrap();
    let same = red.maps("audit --diff ./old.wasm ./red.wasm").expect(0);
    assert!(same.stdout.contains("It may do the same"), "{}", same.stdout);
    red.install(&yaml().replace("methods: [DELETE]", "methods: [DELETE, POST]")).await;
    let wider = red.maps("audit --diff ./old.wasm ./red.wasm").expect(2);
    assert!(wider.stdout.contains("delete-thing may send `POST`"), "{}", wider.stdout);
    let events = red.maps("audit --diff ./old.wasm ./red.wasm --output json").expect(2).events();
    assert_eq!(events[0]["widened"], true);
    let narrower = red.maps("audit --diff ./red.wasm ./old.wasm").expect(0);
    assert!(narrower.stdout.contains("It may do less"), "{}", narrower.stdout);
}

#[tokio::test]
async fn the_scopes_of_a_token_are_those_of_the_rules_in_effect_and_no_more() {
    let red = Operator::new().await;
    let scopes = |hosts: &[&str], grant: &Json| {
        red.order(grant, hosts);
        let emitted = red.maps("audit stack.yaml --emit do-scopes").expect(0);
        (emitted.stdout.lines().map(str::to_owned).collect::<Vec<_>>(), emitted.stderr)
    };
    let rules = "
    - {id: list-clusters, effect: read, methods: [GET], url: 'https://api.digitalocean.com/v2/kubernetes/clusters', credential: api, scopes: ['kubernetes:read'], reason: lists}
    - {id: drop-cluster, effect: write, methods: [DELETE], url: 'https://api.digitalocean.com/v2/kubernetes/clusters/{id}', credential: api, scopes: ['kubernetes:delete', 'kubernetes:read'], reason: removes}
";
    red.install(&(yaml() + rules)).await;
    let host = ["api.digitalocean.com"];
    let all = scopes(&host, &Json::Null);
    assert_eq!(all, (vec!["kubernetes:delete".to_owned(), "kubernetes:read".to_owned()], String::new()));
    let less = json!({"log": {}, "random": {}, "http": [{"id": "list-clusters"}]});
    assert_eq!(scopes(&host, &less).0, ["kubernetes:read"]);
    red.install(&(yaml() + &rules.replace("scopes: ['kubernetes:read'], ", ""))).await;
    let silent = scopes(&host, &less);
    assert!(silent.0.is_empty() && silent.1.contains("list-clusters of red does not say"), "{silent:?}");
}

#[test]
fn every_rule_of_doks_says_what_its_token_needs() {
    let stack = StackDir::copy_of("hello");
    let emitted = stack.maps().run(["audit", "stack.yaml", "--emit", "do-scopes"]).expect(0);
    assert_eq!(emitted.stderr, "");
    for scope in ["kubernetes:access_cluster", "kubernetes:create", "kubernetes:delete", "kubernetes:read"] {
        assert!(emitted.stdout.lines().any(|line| line == scope), "{scope}\n{}", emitted.stdout);
    }
}

#[test]
fn an_audit_shows_the_private_hosts_that_the_stack_allows() {
    let stack = StackDir::with(
        "maps: v1\nstack: inside\nplugins:\n  helm: {source: helm, allow: {private: [127.0.0.1]}}\nresources: {}\n",
    );
    let told = stack.maps().run(["audit", "stack.yaml"]).expect(0).stdout;
    assert!(told.contains("private-address: reaches 127.0.0.1 at private addresses too"), "{told}");
    let events = stack.maps().run(["audit", "stack.yaml", "--output", "json"]).expect(0).events();
    let plugin = events.iter().find(|event| event["event"] == "audited-plugin").unwrap();
    assert_eq!(plugin["risks"][0]["code"], "private-address");
}
