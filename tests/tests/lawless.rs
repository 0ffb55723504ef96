//! Every law catches its breaker: a plugin that keeps all laws but the one that its input names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use maps_conformance::{LAWS, Subject, Verdict};
use maps_tests::component;
use maps_tests::conformance::{setup, subject, tried};
use serde_json::json;

fn breaking(breaks: &str) -> Subject {
    let fixture = json!({
        "unique": "name",
        "inputs": {"name": "subject", "breaks": breaks},
        "update": {"size": 2},
        "replace": {"region": "there"},
    });
    subject(&component("guests/lawless"), "lawless/thing", serde_json::from_value(fixture).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_breaks_nothing_keeps_every_law() {
    let (subject, setup) = (breaking(""), setup(&component("guests/lawless")));
    for law in LAWS {
        assert_eq!(law.try_on(&subject, &setup).await, Verdict::Kept, "{}", law.name);
    }
}

/// What is broken, the law that must notice, and what it says.
const BREAKERS: [(&str, &str, &str); 20] = [
    ("check-drifts", "check_is_idempotent", "a second check changes the inputs"),
    ("check-refuses-unknowns", "check_answers_unknowns_at_every_place", "check refuses an unknown at"),
    ("read-tells-another-output", "read_agrees_with_create", "read tells other outputs than the operation"),
    ("read-tells-another-input", "read_agrees_with_create", "read tells other inputs than the operation"),
    ("stays-unknown", "read_agrees_with_create", "unknown"),
    ("not-granted", "read_agrees_with_create", "a call was denied"),
    ("update-does-nothing", "read_agrees_with_update", "read tells other inputs than the operation"),
    ("update-repeats", "read_agrees_with_update", "the same update again writes"),
    ("update-goes-once", "updates_go_on_and_begin_again_from_every_point", "it was begun before"),
    ("delete-goes-once", "deleting_twice_succeeds", "deleted a second time: delete fails"),
    ("delete-leaves-it", "deleting_twice_succeeds", "a delete leaves something"),
    ("ephemeral-withheld", "ephemeral_outputs_come_only_when_asked_for", "key was asked for and does not come"),
    ("ephemeral-unasked", "ephemeral_outputs_come_only_when_asked_for", "nobody asked for the ephemeral output key"),
    ("logs-key", "ephemeral_outputs_come_only_when_asked_for", "a secret is in what the plugin logged"),
    ("find-adopts-nothing", "find_adopts_what_its_token_made", "it was made, and find answers Absent"),
    ("find-adopts-anything", "find_adopts_what_its_token_made", "found by a token that did not make it"),
    ("find-loses-unfinished", "find_goes_on_from_every_point_of_a_create", "it is not found"),
    ("batch-mixes", "batches_answer_in_the_order_of_their_requests", "read"),
    ("batch-loses", "batches_answer_in_the_order_of_their_requests", "read"),
    ("normalises", "what_was_planned_is_what_becomes", "it breaks the contract with the engine"),
];

/// Those that only a whole run shows.
const IN_A_STACK: [(&str, &str, &str); 3] = [
    ("read-tells-another-input", "a_second_plan_is_empty", "a second plan has something to do"),
    ("keeps-key", "no_secret_is_in_state_or_plan", "a secret is in a plan"),
    ("delete-leaves-it", "a_destroy_ends_where_the_first_run_began", "a destroy leaves something"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_law_catches_its_breaker() {
    let setup = setup(&component("guests/lawless"));
    let mut missed = Vec::new();
    for (breaks, law, says) in BREAKERS.into_iter().chain(IN_A_STACK) {
        let verdict = tried(law, &breaking(breaks), &setup).await;
        if !matches!(&verdict, Verdict::Broken(what) if what.contains(says)) {
            missed.push(format!("{breaks}: {law} should say {says:?}, and is {verdict:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let caught: BTreeSet<&str> = BREAKERS.iter().chain(&IN_A_STACK).map(|(_, law, _)| *law).collect();
    assert_eq!(caught, LAWS.iter().map(|law| law.name).collect(), "a law that nothing was seen to break");
}
