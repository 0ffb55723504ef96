//! What is found out, on a document small enough to read.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Document, Exchange};

fn document() -> Document {
    let pool = json!({"type": "object", "required": ["size"], "allOf": [
        {"type": "object", "properties": {"size": {"type": "string"}}},
        {"type": "object", "properties": {"count": {"type": "integer"}, "id": {"type": "string", "readOnly": true}}},
    ]});
    let body = json!({"content": {"application/json": {"schema": {
        "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "note": {"type": "string", "nullable": true}, "pools": {"type": "array", "items": pool}},
    }}}});
    Document::new(json!({"paths": {"/things/{id}": {
        "parameters": [{"name": "id", "in": "path"}],
        "put": {"parameters": [{"name": "page", "in": "query"}], "requestBody": body,
            "responses": {"200": body, "204": {}, "default": body}},
    }}}))
}

fn exchange<'a>(path: &'a str, request: &'a [u8], answer: &'a [u8]) -> Exchange<'a> {
    Exchange { method: "PUT", path, request, status: 200, content_type: "application/json; charset=utf-8", answer }
}

fn request(path: &str, body: &Value) -> usize {
    document().request_faults(&exchange(path, body.to_string().as_bytes(), b"")).len()
}

#[test]
fn a_request_names_what_is_documented_and_nothing_else() {
    let good = json!({"name": "a", "note": null, "pools": [{"size": "s", "count": 1}]});
    assert_eq!(request("/things/1?page=2", &good), 0);
    assert_eq!(request("/things/1?pge=2", &good), 1);
    assert_eq!(request("/thing/1", &good), 1);
    for body in [
        json!({}),
        json!({"name": 1}),
        json!({"name": "a", "nmae": "b"}),
        json!({"name": "a", "pools": [{"size": "s", "counts": 1}]}),
        json!({"name": "a", "pools": [{"count": 1}]}),
        json!({"name": "a", "pools": [{"size": "s", "id": "only the service says it"}]}),
    ] {
        assert_eq!(request("/things/1", &body), 1, "{body}");
    }
    assert_eq!(document().request_faults(&exchange("/things/1", b"{", b"")).len(), 1);
}

#[test]
fn an_answer_has_the_documented_status_type_and_members() {
    let good = json!({"name": "a", "pools": [{"size": "s", "id": "1"}]}).to_string();
    let faults = |answer: &Exchange<'_>| document().answer_faults(answer).len();
    let right = exchange("/things/1", b"", good.as_bytes());
    assert_eq!(faults(&right), 0);
    assert_eq!(faults(&Exchange { status: 404, ..right }), 0, "the default is for errors");
    assert_eq!(faults(&Exchange { status: 201, ..right }), 1);
    assert_eq!(faults(&Exchange { status: 204, ..right }), 1, "it has no body");
    assert_eq!(faults(&Exchange { status: 204, answer: b"", ..right }), 0);
    assert_eq!(faults(&Exchange { content_type: "text/html", ..right }), 1);
    assert_eq!(faults(&Exchange { path: "/other", ..right }), 1);
    let odd = json!({"name": "a", "colour": "red"}).to_string();
    assert_eq!(faults(&Exchange { answer: odd.as_bytes(), ..right }), 1);
}
