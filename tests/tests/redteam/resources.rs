//! Guests that take without end.

use maps_engine::CallError;
use serde_json::json;

use crate::component::{guest, unpackaged};
use crate::world::{World, limits};

#[tokio::test]
async fn rt28_an_endless_loop_in_an_export_is_stopped() {
    let world = World::new();
    for operation in ["check", "find", "create"] {
        world.stopped(operation, &json!({"act": "loop"}), &["one"], "limit", "CPU time limit of 3000 ms").await;
    }
    assert!(world.service.writes().iter().all(|line| line.ends_with("/next")));
}

#[tokio::test]
async fn rt28_an_endless_loop_in_realloc_is_stopped() {
    let world = World::new();
    let act = json!({"act": "loop-in-realloc"});
    world.stopped("read", &act, &["one"], "limit", "CPU time limit of 3000 ms").await;
    // Before any code of the guest has run: while the call's arguments are passed in.
    let bare = json!({"in": "create", "act": "call-allowed", "pad": ""}).to_string().len();
    let fatal = json!({"act": "call-allowed", "pad": "x".repeat(1_000_003 - bare)});
    world.stopped("create", &fatal, &["one"], "limit", "CPU time limit of 3000 ms").await;
}

#[tokio::test]
async fn rt28_an_endless_loop_while_an_answer_is_given_back_is_stopped() {
    let world = World::new();
    let act = json!({"act": "loop-in-free"});
    world.stopped("create", &act, &["one"], "limit", "CPU time limit of 3000 ms").await;
    // The write went out before, so it was announced, and looking back will find it.
    assert_eq!(world.announced()[0], "PUT https://api.red.example/things/one");
    assert!(world.service.has("one"));
}

#[tokio::test]
async fn rt28_an_endless_loop_in_start_is_stopped_when_it_is_packaged_and_when_it_is_not() {
    let module = guest("red-start.module");
    let yaml = std::fs::read_to_string(maps_tests::root().join("tests/guests/red-start/plugin.yaml")).unwrap();
    let packaged = maps_runtime::package::package(&module, &yaml, None, &limits()).await.unwrap_err();
    assert!(packaged.to_string().contains("CPU time limit"), "{packaged}");

    let manifest = json!({
        "maps": "v1", "plugin": "red-start", "version": "0.1.0", "description": "Loops.", "capabilities": {"log": {}},
    });
    let inputs = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let kinds = json!({"kinds": {"red-start/thing": {"description": "A thing.", "inputs": inputs, "outputs": {"type": "object", "properties": {}}}}});
    let component = unpackaged(&module, &manifest.to_string(), &kinds.to_string());
    let world = World::of(&component, "red-start", None);
    for operation in ["check", "create"] {
        let error = world.call(operation, &json!({"act": "loop"}), &["one"]).await.unwrap_err();
        assert!(matches!(error, CallError::Limit { .. }), "{error}");
        world.was_stopped(&error, operation, "limit", "CPU time limit").await;
    }
}

#[tokio::test]
async fn a_guest_that_loops_does_not_hold_up_another_call() {
    let world = World::new();
    let (act, none) = (json!({"act": "loop"}), json!({}));
    // On this one thread the loop would keep the honest call from ever being polled.
    let (looped, honest) = tokio::join!(world.call("find", &act, &["one"]), world.call("create", &none, &["two"]));
    assert!(matches!(looped, Err(CallError::Limit { .. })));
    assert!(honest.unwrap()[0].is_ok());
}

#[tokio::test]
async fn rt29_memory_without_end_is_stopped() {
    World::new().stopped("create", &json!({"act": "memory"}), &["one"], "limit", "memory limit of 256 MiB").await;
}

#[tokio::test]
async fn rt29_recursion_without_end_is_stopped() {
    let world = World::new();
    let error = world.call("create", &json!({"act": "recursion"}), &["one"]).await.unwrap_err();
    // Which stack ends first, the host's or the one that a compiler keeps in memory, is the compiler's choice.
    let (how, says) =
        if let CallError::Limit { .. } = error { ("limit", "stack limit") } else { ("trap", "out of bounds") };
    world.was_stopped(&error, "create", how, says).await;
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt29_a_text_of_hundreds_of_megabytes_is_not_taken() {
    World::new().stopped("create", &json!({"act": "giant-string"}), &["one"], "limit", "transfer limit").await;
}

#[tokio::test]
async fn rt29_more_random_bytes_than_a_call_may_have_are_not_given() {
    World::new().stopped("create", &json!({"act": "random-flood"}), &["one"], "limit", "4096 random bytes").await;
}

#[tokio::test]
async fn rt29_more_calls_in_one_list_than_may_be_are_not_taken() {
    let act = json!({"act": "call", "call": {"times": 1001}});
    World::new().stopped("read", &act, &["one"], "limit", "limit of 1000 items in one list").await;
}

#[tokio::test]
async fn rt29_log_lines_without_end_are_stopped_and_counted() {
    let world = World::new();
    world.stopped("create", &json!({"act": "log-flood"}), &["one"], "limit", "CPU time limit").await;
    let lines = world.lines();
    assert_eq!(lines.len(), 201);
    assert!(lines[200].ends_with("more log lines were dropped"), "{}", lines[200]);
}

#[tokio::test]
async fn rt32_a_trap_after_a_write_leaves_the_write_announced_and_the_plugin_usable() {
    let world = World::new();
    let act = json!({"act": "trap-after-write"});
    let error = world.stopped("create", &act, &["one"], "trap", "a crash after the write").await;
    assert!(matches!(error, CallError::Trap { .. }));
    assert_eq!(world.announced()[0], "PUT https://api.red.example/things/one");
    assert!(world.service.has("one"));
    let log = world.log().await;
    let [sent, answered, trap, ..] = &log[..] else { panic!("{log:?}") };
    assert_eq!([&sent["outcome"], &answered["outcome"], &trap["code"]], ["sent", "answered", "trap"]);
}
