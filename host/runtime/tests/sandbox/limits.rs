//! Guests that take without end are stopped, that is recorded, and the next call is served.

use maps_engine::CallError;
use maps_engine::provider::FindOutcome;
use maps_runtime::package::PackageError;

use crate::guest::{MANIFEST, Parts, World, check, find};

/// Runs a `check` that must fail with an error that says `expected`, then an honest call.
async fn stopped(parts: Parts, expected: &str) -> CallError {
    let world = World::new();
    let provider = world.serve(&parts, MANIFEST).await;
    let error = check(&provider).await.unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert_eq!(world.audited(expected).await, 1);
    let honest = find(&provider).await;
    if parts.realloc == Parts::default().realloc {
        assert!(matches!(honest.unwrap()[..], [FindOutcome::Absent]));
    }
    error
}

#[tokio::test]
async fn rt28_an_endless_loop_in_an_export_is_stopped() {
    let error = stopped(Parts { check: "(loop $l (br $l)) (unreachable)", ..Parts::default() }, "CPU time limit").await;
    assert!(matches!(error, CallError::Limit { .. }));
}

#[tokio::test]
async fn rt28_an_endless_loop_in_realloc_is_stopped() {
    let error =
        stopped(Parts { realloc: "(loop $l (br $l)) (unreachable)", ..Parts::default() }, "CPU time limit").await;
    assert!(matches!(error, CallError::Limit { .. }));
}

#[tokio::test]
async fn rt28_an_endless_loop_after_the_answer_is_stopped() {
    let parts = Parts {
        check: "(i32.const 64)",
        more: r#"(func (export "cabi_post_maps:platform/provider@0.1.0#check") (param i32) (loop $l (br $l)))"#,
        ..Parts::default()
    };
    assert!(matches!(stopped(parts, "CPU time limit").await, CallError::Limit { .. }));
}

#[tokio::test]
async fn rt28_an_endless_loop_in_start_is_stopped_at_packaging() {
    let parts = Parts { more: "(func $forever (loop $l (br $l))) (start $forever)", ..Parts::default() };
    let error = parts.package(MANIFEST).await.unwrap_err();
    assert!(matches!(error, PackageError::Describe(CallError::Limit { .. })), "{error}");
}

#[tokio::test]
async fn rt29_memory_without_end_is_stopped() {
    let grow = "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)";
    assert!(matches!(
        stopped(Parts { check: grow, ..Parts::default() }, "memory limit of 64 MiB").await,
        CallError::Limit { .. }
    ));
}

#[tokio::test]
async fn rt29_a_table_without_end_is_stopped() {
    let parts = Parts {
        check: "(loop $l (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $l)) (unreachable)",
        more: "(table $t 1 funcref)",
        ..Parts::default()
    };
    assert!(matches!(stopped(parts, "table limit").await, CallError::Limit { .. }));
}

#[tokio::test]
async fn rt29_deep_recursion_is_stopped() {
    let parts = Parts {
        check: "(call $check (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (drop) (unreachable)",
        ..Parts::default()
    };
    assert!(matches!(stopped(parts, "stack limit").await, CallError::Limit { .. }));
}

/// Answers `ok` with the text at 65536 of so many bytes.
macro_rules! answer_text {
    ($before:literal, $bytes:literal) => {
        concat!(
            $before,
            "(i32.store (i32.const 64) (i32.const 80)) (i32.store (i32.const 68) (i32.const 1))",
            "(i32.store (i32.const 80) (i32.const 0)) (i32.store (i32.const 84) (i32.const 65536))",
            "(i32.store (i32.const 88) (i32.const ",
            $bytes,
            ")) (i32.const 64)"
        )
    };
}

#[tokio::test]
async fn rt29_a_text_too_long_to_hand_over_is_stopped() {
    let parts = Parts { check: answer_text!("(drop (memory.grow (i32.const 512)))", "33000000"), ..Parts::default() };
    assert!(matches!(stopped(parts, "transfer limit").await, CallError::Limit { .. }));
}

#[tokio::test]
async fn rt29_json_a_million_levels_deep_is_refused() {
    let parts = Parts {
        check: answer_text!(
            "(drop (memory.grow (i32.const 32))) (memory.fill (i32.const 65536) (i32.const 0x5b) (i32.const 1000000))",
            "1000000"
        ),
        ..Parts::default()
    };
    assert!(matches!(stopped(parts, "broke the contract").await, CallError::Contract { .. }));
}

#[tokio::test]
async fn rt29_a_million_outcomes_for_one_request_are_refused() {
    let million = "(drop (memory.grow (i32.const 256))) (i32.store (i32.const 64) (i32.const 262144)) (i32.store (i32.const 68) (i32.const 1000000)) (i32.const 64)";
    let many = "(drop (memory.grow (i32.const 256))) (i32.store (i32.const 64) (i32.const 262144)) (i32.store (i32.const 68) (i32.const 100000)) (i32.const 64)";
    let error = stopped(Parts { check: million, ..Parts::default() }, "transfer limit").await;
    assert!(matches!(error, CallError::Limit { .. }));
    let error = stopped(Parts { check: many, ..Parts::default() }, "answers 100000 outcomes to 1 requests").await;
    assert!(matches!(error, CallError::Contract { .. }));
}

#[tokio::test]
async fn rt31_missing_and_surplus_outcomes_are_refused() {
    let none = "(i32.store (i32.const 68) (i32.const 0)) (i32.const 64)";
    let two = "(i32.store (i32.const 64) (i32.const 2048)) (i32.store (i32.const 68) (i32.const 2)) (i32.const 64)";
    stopped(Parts { check: none, ..Parts::default() }, "answers 0 outcomes to 1 requests").await;
    stopped(Parts { check: two, ..Parts::default() }, "answers 2 outcomes to 1 requests").await;
}

#[tokio::test]
async fn rt32_a_trap_leaves_the_plugin_usable() {
    let error = stopped(Parts::default(), "unreachable").await;
    assert!(matches!(error, CallError::Trap { .. }));
}

#[tokio::test]
async fn a_guest_that_computes_lets_others_run() {
    let world = World::new();
    let provider = world.serve(&Parts { check: "(loop $l (br $l)) (unreachable)", ..Parts::default() }, MANIFEST).await;
    // On this one thread the loop would keep the honest call from ever being polled.
    let (looped, honest) = tokio::join!(check(&provider), find(&provider));
    assert!(matches!(looped, Err(CallError::Limit { .. })));
    assert!(honest.is_ok());
}
