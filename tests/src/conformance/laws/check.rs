//! `check` is pure, settles, and passes on what is not known yet.

use maps_engine::Value;

use crate::conformance::place::{at, places, put};
use crate::conformance::{Bench, Subject};

/// What a check answers passes a check and stays what it is.
pub async fn check_is_idempotent(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    for inputs in subject.fixture.all() {
        let once = bench.check(&inputs).await.unwrap_or_else(|problems| panic!("{inputs:?}: {problems:?}"));
        let twice = bench.check(&once).await.unwrap_or_else(|problems| panic!("{once:?}: {problems:?}"));
        assert_eq!(once, twice, "a second check changes the inputs");
    }
    bench.close().await;
}

/// Any input, and any part of one, may be known only during apply: a check takes it and leaves it.
pub async fn check_answers_unknowns_at_every_place(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    for inputs in subject.fixture.all() {
        for place in places(&inputs) {
            let unknown = put(&inputs, &place, &Value::Unknown);
            let checked = bench.check(&unknown).await;
            let checked = checked.unwrap_or_else(|problems| panic!("unknown at {place:?}: {problems:?}"));
            assert_eq!(at(&checked, &place), Some(&Value::Unknown), "the unknown at {place:?} is lost");
            let known = bench.check(&inputs).await.expect("inputs that pass");
            // Everything else is as it would be.
            assert_eq!(put(&known, &place, &Value::Unknown), checked, "an unknown at {place:?} changes other inputs");
        }
    }
    bench.close().await;
}
