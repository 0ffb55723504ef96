//! Every law of the conformance suite, for every kind of every plugin.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;

use maps_conformance::{LAWS, Setup, Verdict};
use maps_tests::component;
use maps_tests::conformance::{fixtures, setup, subjects, tried, watched};

#[test]
fn every_kind_has_a_fixture_and_every_fixture_a_kind() {
    // That each kind has one, and each in a plugin's folder a kind, is seen to where they are read.
    let plugins: BTreeSet<String> = subjects().iter().map(|subject| subject.kind.plugin().to_string()).collect();
    assert!(!plugins.is_empty(), "there are plugins");
    let folders = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(folders.map(|name| name.into_string().unwrap()).collect::<BTreeSet<_>>(), plugins);
}

fn place(plugin: &str) -> Setup {
    setup(&component(&Path::new("plugins").join(plugin).display().to_string()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_goes_over_the_wire_is_seen_by_whoever_holds_it_against_the_document() {
    // Charts are rendered without asking anybody, where they lie beside the stack.
    for subject in subjects().into_iter().filter(|subject| subject.kind.plugin().as_str() != "helm") {
        let setup = place(subject.kind.plugin().as_str());
        let (verdict, seen) = watched("read_agrees_with_create", &subject, &setup).await;
        assert_eq!(verdict, Verdict::Kept);
        // Some services are asked by POST alone, others are changed by PUT, and a look-up writes nothing.
        let has = |methods: &[&str]| seen.iter().any(|exchange| methods.contains(&exchange.method.as_str()));
        assert!(has(&["GET", "HEAD", "POST"]), "{}: no read", subject.kind);
        assert!(has(&["POST", "PUT", "PATCH"]) || subject.fixture.lookup, "{}: no write", subject.kind);
    }
}

macro_rules! laws {
    ($($law:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                for subject in subjects() {
                    let setup = place(subject.kind.plugin().as_str());
                    let verdict = tried(stringify!($law), &subject, &setup).await;
                    // Of what is only looked up, nothing can be changed or lost.
                    let skips = subject.fixture.lookup && matches!(verdict, Verdict::Skipped(_));
                    assert!(skips || verdict == Verdict::Kept, "{}: {verdict:?}", subject.kind);
                }
            }
        )*

        #[test]
        fn no_law_is_left_out() {
            let tried = [$(stringify!($law)),*];
            assert_eq!(LAWS.iter().map(|law| law.name).collect::<Vec<_>>(), tried);
        }
    };
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
