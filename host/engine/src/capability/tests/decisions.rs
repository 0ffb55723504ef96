//! What is decided, denials first.

use serde_json::{Value as Json, json};

use super::super::{Decision, Effective, Facts, Half, HttpFacts, Interface, Operation, RequestUrl, StepScope, decide};
use super::{effective, step};
use crate::value::Value;

fn rules() -> Json {
    json!([
        {"id": "list", "effect": "read", "methods": ["GET"], "url": "https://api.example.com/v2/clusters", "query": ["page"], "credential": "api", "reason": "lists"},
        {"id": "get", "effect": "read", "methods": ["GET"], "url": "https://api.example.com/v2/clusters/{id}", "reason": "reads one"},
        {"id": "make", "effect": "write", "operations": ["create"], "methods": ["POST"], "url": "https://api.example.com/v2/clusters",
         "bind": {"body": {"/name": "{inputs.name}", "/tags/0": "maps-{inputs.name}"}}, "reason": "makes it"},
        {"id": "drop", "effect": "write", "methods": ["DELETE"], "url": "https://api.example.com/v2/clusters/{id}", "reason": "removes it"},
        {"id": "tag", "effect": "write", "methods": ["PUT"], "url": "https://api.example.com/v2/tags",
         "bind": {"query": {"of": "{id}"}}, "reason": "tags it"},
    ])
}

struct Ask<'a> {
    half: Half,
    operation: Option<Operation>,
    method: &'a str,
    url: &'a str,
    body: Option<Json>,
    items: &'a [u32],
    credential: Option<&'a str>,
}

fn read<'a>(method: &'a str, url: &'a str) -> Ask<'a> {
    Ask { half: Half::Read, operation: None, method, url, body: None, items: &[], credential: None }
}

fn write<'a>(operation: Operation, method: &'a str, url: &'a str, items: &'a [u32]) -> Ask<'a> {
    Ask { half: Half::Write, operation: Some(operation), method, url, body: None, items, credential: None }
}

/// The rule that allows it with its steps, or the code that denies it.
fn answer(
    effective: &Effective,
    ask: &Ask<'_>,
    steps: &[StepScope],
) -> Result<(String, Vec<usize>), (&'static str, String)> {
    let url = RequestUrl::parse(ask.url).unwrap();
    let body = ask.body.clone().map(Value::from);
    let facts = Facts::Http(HttpFacts {
        half: ask.half,
        operation: ask.operation,
        method: ask.method,
        url: &url,
        credential: ask.credential,
        body: body.as_ref(),
        items: ask.items,
    });
    match decide(effective, &facts, steps) {
        Decision::Allow { rule, steps } => Ok((rule.unwrap().id.to_string(), steps)),
        Decision::Deny(denial) => Err((denial.code, format!("{}\n{}", denial.message, denial.help))),
    }
}

#[track_caller]
fn denied(ask: &Ask<'_>, code: &str) -> String {
    let steps = [step("one", Some("id-1")), step("two", Some("id-2"))];
    let (found, text) = answer(&effective(rules(), None), ask, &steps).unwrap_err();
    assert_eq!(found, code, "{text}");
    text
}

#[track_caller]
fn allowed(ask: &Ask<'_>, rule: &str, of: &[usize]) {
    let steps = [step("one", Some("id-1")), step("two", Some("id-2"))];
    assert_eq!(answer(&effective(rules(), None), ask, &steps), Ok((rule.to_owned(), of.to_vec())));
}

const CLUSTERS: &str = "https://api.example.com/v2/clusters";

#[test]
fn what_no_rule_names_is_denied_with_the_rule_to_add() {
    let text = denied(&read("GET", "https://api.example.com/v2/droplets?x=secret-thing"), "http-no-rule");
    assert!(text.contains("url: \"https://api.example.com/v2/droplets\""), "{text}");
    assert!(!text.contains("secret-thing"), "{text}");
    denied(&read("GET", "http://api.example.com/v2/clusters"), "http-no-rule");
    denied(&read("GET", "https://api.example.com.evil.com/v2/clusters"), "http-no-rule");
    denied(&read("PUT", CLUSTERS), "http-method");
    denied(&read("GET", "https://api.example.com/v2/clusters?tag=x"), "http-query");
    denied(&Ask { credential: Some("other"), ..read("GET", CLUSTERS) }, "http-credential");
}

#[test]
fn rt10_a_method_is_compared_exactly() {
    denied(&read("get", CLUSTERS), "http-method");
    denied(&read("GET ", CLUSTERS), "http-method");
}

#[test]
fn rt14_a_read_cannot_reach_a_write_rule() {
    denied(&read("POST", CLUSTERS), "http-effect");
    denied(&read("DELETE", "https://api.example.com/v2/clusters/id-1"), "http-effect");
    let outside = Ask { operation: None, ..write(Operation::Create, "POST", CLUSTERS, &[0]) };
    denied(&outside, "write-outside-apply");
    denied(&write(Operation::Create, "GET", CLUSTERS, &[0]), "http-effect");
}

#[test]
fn rt18_a_write_is_about_every_step_that_it_claims() {
    let body = Some(json!({"name": "one", "tags": ["maps-one"]}));
    let make = |items: &'static [u32]| Ask { body: body.clone(), ..write(Operation::Create, "POST", CLUSTERS, items) };
    allowed(&make(&[0]), "make", &[0]);
    let text = denied(&make(&[1]), "http-binding");
    assert!(text.contains("`/name` in the body is not {inputs.name} of two"), "{text}");
    denied(&make(&[0, 1]), "http-binding");
    denied(&make(&[]), "write-serves-nothing");
    denied(&make(&[2]), "write-unknown-item");
    denied(&make(&[u32::MAX]), "write-unknown-item");
    denied(&make(&[0, 0]), "write-repeated-item");
    denied(&Ask { body: Some(json!({"name": "one"})), ..make(&[0]) }, "http-binding");
    denied(&Ask { body: Some(json!({"name": "one", "tags": ["maps-two"]})), ..make(&[0]) }, "http-binding");
    denied(&Ask { body: None, ..make(&[0]) }, "http-binding");
    denied(&Ask { operation: Some(Operation::Update), ..make(&[0]) }, "http-operation");
    allowed(&write(Operation::Delete, "DELETE", "https://api.example.com/v2/clusters/id-2", &[1]), "drop", &[1]);
    denied(&write(Operation::Delete, "DELETE", "https://api.example.com/v2/clusters/id-2", &[0]), "http-binding");
    denied(&write(Operation::Delete, "DELETE", "https://api.example.com/v2/clusters/", &[0]), "http-no-rule");
}

#[test]
fn a_bound_query_parameter_is_there_once_and_equal() {
    let tag = |url| write(Operation::Update, "PUT", url, &[0]);
    allowed(&tag("https://api.example.com/v2/tags?of=id-1"), "tag", &[0]);
    allowed(&tag("https://api.example.com/v2/tags?of=id%2D1"), "tag", &[0]);
    denied(&tag("https://api.example.com/v2/tags"), "http-binding");
    denied(&tag("https://api.example.com/v2/tags?of=id-2"), "http-binding");
    denied(&tag("https://api.example.com/v2/tags?of=id-1&of=id-2"), "http-binding");
}

#[test]
fn a_bound_read_serves_one_request_of_the_batch() {
    allowed(&read("GET", "https://api.example.com/v2/clusters/id-2"), "get", &[1]);
    denied(&read("GET", "https://api.example.com/v2/clusters/id-3"), "http-binding");
    allowed(
        &Ask { credential: Some("api"), ..read("GET", "https://api.example.com/v2/clusters?page=2") },
        "list",
        &[0, 1],
    );
    let nobody = answer(&effective(rules(), None), &read("GET", "https://api.example.com/v2/clusters/id-1"), &[]);
    assert_eq!(nobody.unwrap_err().0, "http-binding");
    let unmade = answer(
        &effective(rules(), None),
        &read("GET", "https://api.example.com/v2/clusters/id-1"),
        &[step("new", None)],
    );
    assert_eq!(unmade.unwrap_err().0, "http-binding");
}

#[test]
fn rt18_a_body_that_programs_read_differently_is_not_about_the_step() {
    let put = |body: Json| Ask {
        body: Some(body),
        ..write(Operation::Update, "PUT", "https://api.example.com/v2/size", &[0])
    };
    let rules = json!([{"id": "size", "effect": "write", "methods": ["PUT"], "url": "https://api.example.com/v2/size",
        "bind": {"body": {"/size/name": "{inputs.name}", "/note": "{inputs.note}"}}, "reason": "sizes it"}]);
    let decided = |body: Json| answer(&effective(rules.clone(), None), &put(body), &[step("one", None)]);
    assert!(decided(json!({"size": {"name": "one"}, "other": 1})).is_ok());
    for body in [
        // Keys that some take for the bound one, and the last one of them counts.
        json!({"size": {"name": "one", "Name": "two"}}),
        json!({"size": {"name": "one"}, "SIZE": {"name": "two"}}),
        json!({"size": {"name": "one"}, "\u{17f}ize": {"name": "two"}}),
        // An optional field that is left out, of something that is no object.
        json!([{"note": "x"}]),
        json!("note=x"),
        // Left out, and said by another name.
        json!({"size": {"name": "one"}, "Note": "x"}),
    ] {
        assert_eq!(decided(body.clone()).map_err(|(code, _)| code), Err("http-binding"), "{body}");
    }
}

#[test]
fn rt18_every_item_of_a_bound_list_is_about_the_step() {
    let rules = json!([{"id": "join", "effect": "write", "methods": ["POST"], "url": "https://api.example.com/v2/join",
        "bind": {"body": {"/clusters/*": "{id}", "/nodes/*/of": "{id}"}}, "reason": "joins it"}]);
    let decided = |body: Json| {
        let ask = Ask { body: Some(body), ..write(Operation::Update, "POST", "https://api.example.com/v2/join", &[0]) };
        answer(&effective(rules.clone(), None), &ask, &[step("one", Some("id-1"))]).map_err(|(code, _)| code)
    };
    assert!(decided(json!({"clusters": ["id-1"], "nodes": [{"of": "id-1"}, {"of": "id-1"}]})).is_ok());
    let nodes = json!([{"of": "id-1"}]);
    for clusters in [
        json!(["id-1", "id-2"]),
        json!(["id-1", null]),
        json!([]),
        json!(null),
        json!("id-1"),
        json!({"*": "id-1", "0": "id-2"}),
        json!([["id-1"]]),
    ] {
        let body = json!({"clusters": clusters, "nodes": nodes});
        assert_eq!(decided(body.clone()), Err("http-binding"), "{body}");
    }
    for nodes in
        [json!([{"of": "id-1"}, {"of": "id-2"}]), json!([{"of": "id-1"}, {}]), json!([{"of": "id-1", "OF": "id-2"}])]
    {
        let body = json!({"clusters": ["id-1"], "nodes": nodes});
        assert_eq!(decided(body.clone()), Err("http-binding"), "{body}");
    }
    assert_eq!(decided(json!({"nodes": nodes})), Err("http-binding"));
}

#[test]
fn rt18_an_id_or_an_output_that_the_step_has_not_got_is_never_left_out() {
    let rule = |placeholder: &str| {
        json!([{"id": "tag", "effect": "write", "methods": ["PUT"], "url": "https://api.example.com/v2/tags",
            "bind": {"body": {"/of": placeholder}}, "reason": "tags it"}])
    };
    let ask = |body: Json| Ask {
        body: Some(body),
        ..write(Operation::Create, "PUT", "https://api.example.com/v2/tags", &[0])
    };
    for placeholder in ["{id}", "{outputs.project}"] {
        for body in [json!({}), json!({"of": null})] {
            let decided = answer(&effective(rule(placeholder), None), &ask(body), &[step("one", None)]);
            assert_eq!(decided.map_err(|(code, _)| code), Err("http-binding"), "{placeholder}");
        }
    }
    assert!(answer(&effective(rule("{id}"), None), &ask(json!({"of": "id-1"})), &[step("one", Some("id-1"))]).is_ok());
    assert!(answer(&effective(rule("{inputs.note}"), None), &ask(json!({})), &[step("one", None)]).is_ok());
}

#[test]
fn a_secret_input_binds_by_what_it_holds() {
    let mut secret = step("one", None);
    secret.inputs = Value::from(crate::value::Map::from([("name".to_owned(), Value::from("one").secret())]));
    let ask = Ask {
        body: Some(json!({"name": "one", "tags": ["maps-one"]})),
        ..write(Operation::Create, "POST", CLUSTERS, &[0])
    };
    assert!(answer(&effective(rules(), None), &ask, &[secret.clone()]).is_ok());
    secret.inputs = Value::from(crate::value::Map::from([("name".to_owned(), Value::Unknown)]));
    assert!(answer(&effective(rules(), None), &ask, &[secret]).is_err());
}

#[test]
fn what_is_declared_and_not_granted_says_what_to_grant() {
    let withheld = effective(rules(), Some(json!({"http": [{"id": "get"}]})));
    let (code, text) = answer(&withheld, &read("GET", CLUSTERS), &[]).unwrap_err();
    assert_eq!(code, "http-not-granted");
    assert!(text.contains("- {id: list}"), "{text}");
    let plain = |effective: &Effective, interface| match decide(effective, &Facts::Plain(interface), &[]) {
        Decision::Allow { .. } => "allowed",
        Decision::Deny(denial) => denial.code,
    };
    assert_eq!(plain(&withheld, Interface::Log), "capability-not-granted");
    assert_eq!(plain(&withheld, Interface::Reveal), "capability-not-declared");
    assert_eq!(plain(&effective(rules(), None), Interface::Log), "allowed");
}
