//! Handles that are forged, replayed or sent elsewhere, and secrets that come back.

use base64::Engine as _;
use maps_engine::Class;
use serde_json::json;

use crate::service::Manner;
use crate::world::{SECRET, TOKEN, World};

#[tokio::test]
async fn rt19_a_handle_that_nobody_minted_is_refused() {
    let world = World::new();
    let act = json!({"act": "forged-handle"});
    world.stopped("create", &act, &["one"], "contract", "the handle was not given to this call").await;
}

#[tokio::test]
async fn rt19_a_handle_of_an_earlier_call_is_refused() {
    let world = World::new();
    let error = world.stopped("create", &json!({"act": "panic"}), &["one"], "trap", "$sealed").await.to_string();
    let handle = error.rsplit_once("$sealed").unwrap().1.chars().filter(char::is_ascii_hexdigit).take(32);
    let handle: String = handle.collect();
    assert_eq!(handle.len(), 32, "{error}");
    let act = json!({"act": "replayed-handle", "text": handle});
    let problem = world.refused("create", &act, &["one"], "sealed-handle", None).await;
    assert!(problem.message.contains("not given to this call"), "{problem:?}");
}

#[tokio::test]
async fn rt26_a_handle_goes_nowhere_but_to_a_sink() {
    let world = World::new();
    for (act, code, rule) in [
        ("handle-at-no-sink", "sealed-elsewhere", Some("create-thing")),
        ("handle-in-string", "sealed-handle", None),
        ("handle-in-base64", "sealed-handle", None),
        ("handle-in-url", "sealed-handle", None),
        ("handle-in-header", "sealed-handle", None),
    ] {
        world.refused("create", &json!({"act": act}), &["one"], code, rule).await;
    }
    // The honest twin: at the sink the service gets the secret itself.
    let asked = world.service.asked().pop().unwrap();
    assert!(asked.text.contains(SECRET) && asked.text.contains(TOKEN), "{asked:?}");
}

#[tokio::test]
async fn rt24_what_a_service_echoes_does_not_reach_the_guest() {
    let world = World::new();
    world.service.answers(Manner::Echo);
    // The guest puts all that it hears into its log and into outputs. Of the credential it hears nothing;
    // of the secret it hears a handle, which is refused inside of text.
    assert!(world.call("read", &json!({"act": "echo"}), &["one"]).await.unwrap()[0].is_ok());
    let error = world.call("create", &json!({"act": "echo"}), &["one"]).await.unwrap_err();
    world.was_stopped(&error, "create", "contract", "a handle stands inside of text").await;
    let heard = world.service.asked().pop().unwrap().text;
    assert!(heard.contains(TOKEN) && heard.contains(SECRET), "the service heard both");
    let seen = world.lines();
    assert!(seen.len() == 2 && seen.iter().all(|line| line.contains("heard")), "{seen:?}");
    assert!(!seen.concat().contains(TOKEN) && !seen.concat().contains(SECRET), "{seen:?}");
    world.service.answers(Manner::Honest);
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt25_a_panic_tells_no_secret() {
    let world = World::new();
    let encoded = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let act = json!({"act": "panic", "text": format!("it was {SECRET}, or {encoded}")});
    let error = world.stopped("create", &act, &["one"], "trap", "it was").await.to_string();
    let seen = format!("{error} {:?} {:?}", world.lines(), world.log().await);
    assert!(!seen.contains(SECRET) && !seen.contains(&encoded), "{seen}");
}

#[tokio::test]
async fn rt35_nothing_that_deceives_a_terminal_reaches_the_operator() {
    let world = World::new();
    let answers = world.call("create", &json!({"act": "escapes"}), &["one"]).await.unwrap();
    let problem = answers[0].as_ref().unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Internal, "escapes"));
    let seen = format!("{}{}", problem.message, world.lines().concat());
    assert!(seen.contains("all is well"));
    let deceiving =
        |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    assert!(!seen.contains(deceiving), "{seen:?}");
    world.serves_the_next_call().await;
}
