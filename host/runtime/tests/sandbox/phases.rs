//! What a phase may not do is connected to a refusal, which is recorded.

use crate::guest::{LOGGING, Parts, World, check, find};

const WRITES: &str = "{maps: v1, plugin: tiny, version: 0.1.0, description: A tiny plugin., capabilities: {http: [{id: make, effect: write, methods: [POST], url: \"https://api.example.com/things\", bind: {body: {/name: \"{inputs.name}\"}}, reason: makes things}]}}";

#[tokio::test]
async fn rt14_a_write_outside_of_create_update_and_delete_is_refused_and_recorded() {
    // One write of zeros: no items, an empty request.
    let attempt = "(call $send (i32.const 3072) (i32.const 1) (i32.const 96))";
    let parts = Parts {
        imports: r#"(import "maps:platform/http-write@0.1.0" "send" (func $send (param i32 i32 i32)))"#,
        find: attempt,
        check: "(call $send (i32.const 3072) (i32.const 1) (i32.const 96)) (unreachable)",
        ..Parts::default()
    };
    let world = World::new();
    let provider = world.serve(&parts, WRITES).await;
    assert!(find(&provider).await.is_ok());
    assert_eq!(world.audited("write-outside-apply").await, 1);
    assert!(check(&provider).await.is_err());
    assert_eq!(world.audited("access-in-pure-call").await, 1);
}

#[tokio::test]
async fn rt35_log_lines_reach_the_operator_without_what_deceives_a_terminal() {
    let parts = Parts {
        imports: r#"(import "maps:platform/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#,
        find: "(call $log (i32.const 1) (i32.const 3072) (i32.const 14))",
        more: r#"(data (i32.const 3072) "\1b[31mred\1b[0m\0d\0a")"#,
        ..Parts::default()
    };
    let world = World::new();
    let provider = world.serve(&parts, LOGGING).await;
    find(&provider).await.unwrap();
    assert_eq!(*world.lines.0.lock().unwrap(), ["red  "]);
}

#[tokio::test]
async fn rt29_log_lines_without_end_are_dropped_and_counted() {
    let parts = Parts {
        imports: r#"(import "maps:platform/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#,
        find: "(loop $l (call $log (i32.const 1) (i32.const 4096) (i32.const 5)) (local.set 6 (i32.add (local.get 6) (i32.const 1))) (br_if $l (i32.lt_u (local.get 6) (i32.const 1000))))",
        ..Parts::default()
    };
    let world = World::new();
    find(&world.serve(&parts, LOGGING).await).await.unwrap();
    let lines = world.lines.0.lock().unwrap();
    assert_eq!(lines.len(), 201);
    assert_eq!(lines[200], "800 more log lines were dropped");
}
