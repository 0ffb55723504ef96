//! What is wrong in a manifest is said with its path, all at once.

use serde_json::{Value as Json, json};

use super::super::{Effective, Family, Half, Interface, Manifest, Weight};
use super::{effective, manifest};

#[track_caller]
fn faults(json: &Json, expected: &[&str]) {
    let found: Vec<_> = Manifest::parse(json).unwrap_err().0.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

fn rule(change: impl FnOnce(&mut Json)) -> Json {
    let mut rule =
        json!({"id": "list", "effect": "read", "methods": ["GET"], "url": "https://h.example/v2", "reason": "lists"});
    change(&mut rule);
    manifest(json!([rule]))
}

#[test]
fn unknown_fields_are_errors_with_what_was_probably_meant() {
    faults(
        &rule(|rule| rule["method"] = json!(["GET"])),
        &["capabilities.http[0].method: unknown field `method` (did you mean `methods`?)"],
    );
    let mut json = manifest(json!([]));
    json["capabilites"] = json!({});
    faults(&json, &["capabilites: unknown field `capabilites` (did you mean `capabilities`?)"]);
}

#[test]
fn every_fault_is_found_at_once() {
    let json = rule(|rule| {
        rule["effect"] = json!("look");
        rule["methods"] = json!(["get"]);
        rule["url"] = json!("https://*.example/");
        rule["credential"] = json!("apu");
        rule["reason"] = json!(" ");
    });
    faults(
        &json,
        &[
            "capabilities.http[0].credential: there is no credential `apu` (did you mean `api`?)",
            "capabilities.http[0].effect: `look` is none of read, write",
            "capabilities.http[0].reason: `reason` is empty",
            "capabilities.http[0].methods[0]: `get` is no method (did you mean `GET`?)",
            "capabilities.http[0].url: in a host, `*` stands only for the whole first label, with at least two labels after it: `*.example.com`",
        ],
    );
    faults(
        &rule(|rule| rule["credential"] = json!("apo")),
        &["capabilities.http[0].credential: there is no credential `apo` (did you mean `api`?)"],
    );
}

#[test]
fn rt20_an_empty_list_is_not_any() {
    faults(
        &rule(|rule| rule["methods"] = json!([])),
        &["capabilities.http[0].methods: the list is empty (leave the field out, or name something)"],
    );
}

#[test]
fn rt14_a_read_rule_cannot_hold_a_write() {
    let help = "say `effect: write`; a read may be GET, HEAD, or POST where a service searches with it";
    faults(
        &rule(|rule| rule["methods"] = json!(["DELETE"])),
        &[&format!("capabilities.http[0].methods: a read rule cannot allow DELETE ({help})")],
    );
    let json = rule(|rule| rule["sinks"] = json!(["/token"]));
    assert_eq!(Manifest::parse(&json).unwrap_err().0[0].path, "capabilities.http[0].sinks");
}

#[test]
fn patterns_placeholders_and_pointers_are_checked() {
    for url in [
        "https://h.example/v2/a*",
        "https://h.example/**/x",
        "https://h.example/{x}",
        "https://h.example/{inputs}",
        "https://{id}.example/",
        "https://h.example/x-{id}",
        "https://a.*.example.com/",
        "https://h.example/a?b",
        "ftp://h.example/",
        "https://h.example/../x",
        "https://u@h.example/",
        "https://H.example./",
    ] {
        assert!(Manifest::parse(&rule(|rule| rule["url"] = json!(url))).is_err(), "{url}");
    }
    for bind in [
        json!({"body": {"name": "{id}"}}),
        json!({"body": {"/a": "constant"}}),
        json!({"body": {"/a": "{id"}}),
        json!({"header": {"x": "{id}"}}),
        json!({"query": {"q": 1}}),
    ] {
        assert!(Manifest::parse(&rule(|rule| rule["bind"] = bind.clone())).is_err(), "{bind}");
    }
}

#[test]
fn imports_follow_from_rules() {
    let read = json!({"id": "r", "effect": "read", "methods": ["GET"], "url": "https://h.example/", "reason": "reads"});
    let write =
        json!({"id": "w", "effect": "write", "methods": ["POST"], "url": "https://h.example/", "reason": "writes"});
    let of = |rules| Manifest::parse(&manifest(rules)).unwrap().interfaces().into_iter().collect::<Vec<_>>();
    assert_eq!(of(json!([])), [Interface::Log]);
    assert_eq!(of(json!([read])), [Interface::Log, Interface::Ruled(Family::Http, Half::Read)]);
    assert_eq!(
        of(json!([read, write])),
        [Interface::Log, Interface::Ruled(Family::Http, Half::Read), Interface::Ruled(Family::Http, Half::Write)]
    );
}

#[test]
fn rt20_a_grant_names_what_is_declared() {
    let read =
        json!([{"id": "list", "effect": "read", "methods": ["GET"], "url": "https://h.example/v2", "reason": "lists"}]);
    let manifest = Manifest::parse(&manifest(read)).unwrap();
    let faults = |grant: Json| Effective::meet(&manifest, Some(&grant)).unwrap_err().to_string();
    assert_eq!(
        faults(json!({"http": [{"id": "lits"}]})),
        "grant.http[0].id: plugin `doks` has no rule `lits` (did you mean `list`?)"
    );
    assert_eq!(faults(json!({"clock": {}})), "grant.clock: plugin `doks` does not declare `clock`");
    assert!(faults(json!({"htpp": []})).contains("did you mean `http`?"));
    assert!(faults(json!({"http": [{"id": "list", "effect": "write"}]})).contains("unknown field `effect`"));
    assert!(faults(json!({"http": [{"id": "list", "methods": ["POST"]}]})).contains("nothing is both declared"));
    assert!(
        faults(json!({"http": [{"id": "list", "url": "https://evil.example/v2"}]}))
            .contains("nothing is both declared")
    );
    assert!(faults(json!({"http": [{"id": "list"}, {"id": "list"}]})).contains("granted twice"));
}

#[test]
fn what_is_wide_is_marked() {
    let rules = json!([
        {"id": "a", "effect": "write", "methods": ["POST"], "url": "https://h.example/**", "reason": "writes"},
        {"id": "b", "effect": "read", "methods": ["POST"], "url": "http://*.h.example/x", "reason": "searches"},
        {"id": "c", "effect": "write", "methods": ["POST"], "url": "https://h.example/{id}", "reason": "writes"},
    ]);
    let risks = effective(rules, None).risks();
    let marks: Vec<_> =
        risks.iter().map(|risk| (risk.weight, risk.code, risk.rule.as_ref().unwrap().as_str())).collect();
    assert_eq!(
        marks,
        [
            (Weight::Loud, "unbound-write", "a"),
            (Weight::Loud, "post-read", "b"),
            (Weight::Loud, "not-encrypted", "b"),
            (Weight::Wide, "open-path", "a"),
            (Weight::Wide, "any-host", "b"),
        ]
    );
}

#[test]
fn what_is_missing_is_printed_as_the_lines_to_add() {
    let all = [Interface::Log, Interface::Ruled(Family::Http, Half::Read), Interface::Ruled(Family::Http, Half::Write)];
    assert_eq!(
        Interface::declarations(&all.into()),
        "log: {reason: …}\nhttp:\n  \
         - {id: …, effect: read, methods: [GET], url: \"https://…\", reason: …}\n  \
         - {id: …, effect: write, methods: [POST], url: \"https://…\", reason: …}"
    );
    assert_eq!(Interface::declarations(&[Interface::Reveal].into()), "reveal: {reason: …}");
}

#[test]
fn what_opens_doors_is_marked() {
    let read = |id: &str, url: &str, seal: Json| {
        let mut rule = json!({"id": id, "effect": "read", "methods": ["GET"], "url": url, "reason": "reads"});
        if !seal.is_null() {
            rule["seal"] = seal;
        }
        rule
    };
    let rules = json!([
        read("a", "https://h.example/v2/{id}/kubeconfig", json!("body")),
        read("b", "https://h.example/v2/{id}/*", Json::Null),
        read("c", "https://h.example/Secrets", Json::Null),
        read("d", "https://10.0.0.1/x", Json::Null),
        read("e", "https://vault.internal/x", Json::Null),
        read("f", "https://internal.example/tokens", Json::Null),
    ]);
    let risks = effective(rules, None).risks();
    let marks: Vec<_> = risks.iter().map(|risk| (risk.code, risk.rule.as_ref().unwrap().as_str())).collect();
    assert_eq!(
        marks,
        [("unsealed-beside", "b"), ("unsealed-secret", "c"), ("near-address", "d"), ("near-address", "e")]
    );
}

#[test]
fn rt35_a_name_that_looks_like_another_is_refused() {
    let found = Manifest::parse(&rule(|rule| rule["id"] = json!("l\u{456}st"))).unwrap_err();
    assert_eq!(found.0[0].path, "capabilities.http[0].id");
    assert!(found.0[0].message.contains("U+0456"), "{found}");
    let mut json = manifest(json!([]));
    json["credentials"] = json!({"\u{430}pi": {"type": "bearer", "reason": "it takes one"}});
    assert!(Manifest::parse(&json).unwrap_err().to_string().contains("U+0430"));
}

#[test]
fn scopes_belong_to_a_credential_and_are_words() {
    let scopes = |credential: bool, scopes: Json| {
        let json = rule(|rule| {
            if credential {
                rule["credential"] = json!("api");
            }
            rule["scopes"] = scopes;
        });
        Manifest::parse(&json).map(|manifest| manifest.rules[0].scopes.iter().cloned().collect::<Vec<_>>())
    };
    assert_eq!(scopes(true, json!(["kubernetes:read"])).unwrap(), ["kubernetes:read"]);
    assert!(scopes(false, json!(["kubernetes:read"])).unwrap_err().to_string().contains("has no credential"));
    assert!(scopes(true, json!(["two words"])).is_err());
    assert!(scopes(true, json!([])).is_err());
}
