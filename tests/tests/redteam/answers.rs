//! Answers that break the contract.

use serde_json::json;

use crate::world::World;

const MUTATIONS: [&str; 3] = ["create", "update", "delete"];
const READS: [&str; 5] = ["check", "diff", "preview", "find", "read"];

#[tokio::test]
async fn rt31_too_few_outcomes_are_refused() {
    let world = World::new();
    for operation in MUTATIONS.into_iter().chain(READS) {
        let act = json!({"act": "too-few"});
        world.stopped(operation, &act, &["one", "two"], "contract", "answers 1 outcomes to 2 requests").await;
    }
}

#[tokio::test]
async fn rt31_surplus_outcomes_are_refused() {
    let world = World::new();
    for operation in MUTATIONS.into_iter().chain(READS) {
        let act = json!({"act": "too-many"});
        world.stopped(operation, &act, &["one", "two"], "contract", "answers 4 outcomes to 2 requests").await;
    }
    let act = json!({"act": "million-outcomes", "call": {"times": 10_000}});
    world.stopped("create", &act, &["one"], "contract", "answers 10001 outcomes to 1 requests").await;
    let error = world.call("create", &json!({"act": "million-outcomes"}), &["one"]).await.unwrap_err();
    world.was_stopped(&error, "create", "limit", "limit").await;
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt31_outcomes_in_another_order_are_refused() {
    let world = World::new();
    let act = json!({"act": "reordered"});
    world.stopped("create", &act, &["one", "two"], "contract", "answers out of order").await;
    world.stopped("check", &act, &["one", "two"], "contract", "answers out of order").await;
    world.stopped("find", &act, &["one", "two"], "contract", "answers out of order").await;
    world.stopped("find", &act, &["one", "absent"], "contract", "answers out of order").await;
    for operation in ["update", "read"] {
        let says = "answers for the object \"two\" where \"one\" was asked for";
        world.stopped(operation, &act, &["one", "two"], "contract", says).await;
    }
}

#[tokio::test]
async fn rt31_objects_that_are_none_are_refused() {
    let world = World::new();
    for (act, says) in [
        ("empty-id", "an id is empty"),
        ("bad-json", "outputs: "),
        ("stays-unknown", "outputs: holds an unknown"),
        ("deep-json", "outputs: "),
    ] {
        world.stopped("create", &json!({"act": act}), &["one"], "contract", says).await;
    }
}
