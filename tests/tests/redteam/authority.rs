//! What a guest may change: nothing while it reads, and only the object of its own step.

use serde_json::{Value as Json, json};

use crate::world::World;

/// A call by the write half, as the guest's own would be but for what is said here.
fn write(more: &Json) -> Json {
    let mut call = json!({"write": true, "method": "PUT", "body": {"name": "one", "size": 2}});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"act": "call", "call": call})
}

#[tokio::test]
async fn rt14_a_write_while_reading_is_refused() {
    let world = World::new();
    let act = json!({"act": "write-in-read"});
    for operation in ["read", "find", "preview"] {
        let problem = world.refused(operation, &act, &["one"], "write-outside-apply", None).await;
        assert!(problem.message.contains(&format!("refused in {operation}")), "{problem:?}");
        let log = world.log().await;
        let line = log.iter().rfind(|line| line["code"] == "write-outside-apply").unwrap();
        assert_eq!([&line["phase"], &line["interface"]], ["read", "http-write"]);
    }
    for operation in ["check", "diff"] {
        world.refused(operation, &act, &["one"], "access-in-pure-call", None).await;
    }
    assert!(world.announced().iter().all(|call| call.ends_with("/next")), "{:?}", world.announced());
}

#[tokio::test]
async fn rt14_a_read_while_checking_is_refused() {
    let world = World::new();
    let read = json!({"act": "call", "call": {"url": "https://api.red.example/things/one"}});
    for operation in ["check", "diff"] {
        let problem = world.refused(operation, &read, &["one"], "access-in-pure-call", None).await;
        assert!(problem.message.contains("http-read"), "{problem:?}");
    }
}

#[tokio::test]
async fn rt14_a_change_by_the_read_half_is_refused() {
    let world = World::new();
    world.refused("read", &json!({"act": "post-by-read"}), &["one"], "http-method", Some("find-thing")).await;
    // The rule for this change is there; it is the half that is wrong, in whatever operation.
    for operation in ["read", "find", "create"] {
        let put = json!({"act": "call", "call": {"method": "PUT", "body": {"name": "one"}}});
        let problem = world.call(operation, &put, &["one"]).await.unwrap().remove(0).unwrap_err();
        assert!(["http-effect", "http-method"].contains(&problem.code.as_str()), "{problem:?}");
    }
    assert!(world.service.writes().iter().all(|line| line.ends_with("/next")));
}

#[tokio::test]
async fn rt18_an_index_that_is_not_in_the_batch_is_refused() {
    let world = World::new();
    let act = json!({"act": "foreign-index"});
    let problem = world.refused("create", &act, &["one"], "write-unknown-item", None).await;
    assert!(problem.message.contains("item 1 is not in this batch of 1"), "{problem:?}");
    world.refused("update", &act, &["one", "two"], "write-unknown-item", None).await;
    // One index of its own does not carry a foreign one along.
    world.refused("create", &write(&json!({"items": [0, 7]})), &["one"], "write-unknown-item", None).await;
    world.refused("create", &write(&json!({"items": [0, 0]})), &["one"], "write-repeated-item", None).await;
    world.refused("create", &json!({"act": "no-index"}), &["one"], "write-serves-nothing", None).await;
}

#[tokio::test]
async fn rt18_the_object_of_another_step_is_refused() {
    let world = World::new();
    let act = json!({"act": "foreign-object"});
    world.refused("create", &act, &["one"], "http-binding", Some("create-thing")).await;
    world.refused("update", &act, &["one"], "http-binding", Some("update-thing")).await;
    // The other step's object is in the same batch, under the first one's index.
    let two = json!({"url": "https://api.red.example/things/two", "body": {"name": "two"}});
    world.refused("create", &write(&two), &["one", "two"], "http-binding", Some("create-thing")).await;
    let both = json!({"items": [0, 1]});
    world.refused("create", &write(&both), &["one", "two"], "http-binding", Some("create-thing")).await;
    // The URL is right, and the body names another; then no body at all.
    let body = json!({"body": {"name": "two"}});
    world.refused("create", &write(&body), &["one"], "http-binding", Some("create-thing")).await;
    world.refused("create", &write(&json!({"body": null})), &["one"], "http-binding", Some("create-thing")).await;
    let delete = json!({"method": "DELETE", "url": "https://api.red.example/things/two", "body": null});
    world.refused("delete", &write(&delete), &["one"], "http-binding", Some("delete-thing")).await;
    assert!(world.announced().iter().all(|call| call.ends_with("/next")), "{:?}", world.announced());
}

#[tokio::test]
async fn rt18_a_write_of_another_operation_is_refused() {
    let world = World::new();
    let delete = json!({"method": "DELETE", "body": null});
    world.refused("create", &write(&delete), &["one"], "http-operation", Some("delete-thing")).await;
    world.refused("update", &write(&delete), &["one"], "http-operation", Some("delete-thing")).await;
}

#[tokio::test]
async fn rt20_what_the_stack_does_not_grant_is_refused_with_the_line_to_add() {
    let grant = json!({"log": {}, "random": {}, "http": [{"id": "create-thing"}, {"id": "read-thing"}]});
    let world = World::granting(Some(&grant));
    let delete = write(&json!({"method": "DELETE", "body": null}));
    let problem = world.refused("delete", &delete, &["one"], "http-not-granted", Some("delete-thing")).await;
    assert!(problem.help.unwrap().contains("- {id: delete-thing}"));
}

#[tokio::test]
async fn the_honest_twin_of_each_attempt_is_allowed_and_announced() {
    let world = World::new();
    for operation in ["create", "update", "read", "find", "check", "diff", "preview", "delete"] {
        let answers = world.call(operation, &json!({"act": "call", "in": "none"}), &["one", "two"]).await;
        // `call` without more is an honest GET of the first thing, which only a pure call may not make.
        let refused = matches!(operation, "check" | "diff");
        assert_eq!(
            answers.unwrap()[0].as_ref().unwrap_err().code,
            if refused { "access-in-pure-call" } else { "not-refused" }
        );
    }
    let allowed = json!({"act": "call-allowed", "call": {"write": true, "method": "PUT", "body": {"name": "one"}}});
    assert!(world.call("create", &allowed, &["one", "two"]).await.unwrap().iter().all(Result::is_ok));
    let one = "PUT https://api.red.example/things/one";
    assert_eq!(world.announced(), [one, one, "PUT https://api.red.example/things/two"]);
    assert_eq!(world.service.writes().len(), 3, "what was announced is what was sent");
}
