//! Every law of the conformance suite, for every kind of every plugin.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use maps_engine::KindName;
use maps_tests::conformance::{Bench, fixtures, kinds, laws, subjects};

#[test]
fn every_kind_has_a_fixture_and_every_fixture_a_kind() {
    let kinds: BTreeSet<KindName> = kinds().into_keys().collect();
    assert!(!kinds.is_empty(), "there are plugins");
    assert_eq!(fixtures(), kinds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_goes_over_the_wire_is_seen_by_whoever_holds_it_against_the_document() {
    for subject in subjects() {
        let bench = Bench::set_up(&subject).await;
        let _ = bench.exchanges();
        let being = bench.being(1, bench.subject().fixture.with(None)).await;
        let made = bench.make(&being, None).await;
        let _ = bench.here(&being, &made).await;
        let seen: Vec<String> = bench.exchanges().into_iter().map(|one| one.method).collect();
        for method in ["GET", "POST"] {
            assert!(seen.iter().any(|seen| seen == method), "{}: no {method} in {seen:?}", subject.kind);
        }
        bench.close().await;
    }
}

macro_rules! laws {
    ($($law:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $law() {
            for subject in subjects() {
                laws::$law(&subject).await;
            }
        }
    )*};
}

laws! {
    check_is_idempotent
    check_answers_unknowns_at_every_place
    read_agrees_with_create
    read_agrees_with_update
    updates_go_on_and_begin_again_from_every_point
    deleting_twice_succeeds
    ephemeral_outputs_come_only_when_asked_for
    find_adopts_what_its_token_made
    find_goes_on_from_every_point_of_a_create
    batches_answer_in_the_order_of_their_requests
    what_was_planned_is_what_becomes
    a_second_plan_is_empty
    no_secret_is_in_state_or_plan
    a_destroy_ends_where_the_first_run_began
}
