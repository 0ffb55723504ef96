//! `find`: an interrupted create is taken up, never made twice, never mistaken for another's.

use maps_engine::Token;
use maps_engine::provider::{FindOutcome, Outcome, Pending};

use crate::conformance::{Being, Bench, Subject};

/// A token that made nothing.
fn stranger() -> Token {
    Token::new("5".repeat(32))
}

async fn find(bench: &Bench, being: &Being, token: &Token) -> FindOutcome {
    bench.find_all(&[(being, token)]).await.remove(0)
}

/// Absent before; found after, as it was made; absent for any other token, and once it is gone.
pub async fn find_adopts_what_its_token_made(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let being = bench.being(1, subject.fixture.with(None)).await;
    let before = find(&bench, &being, &being.token).await;
    assert!(matches!(before, FindOutcome::Absent), "found before it was made: {before:?}");
    let made = bench.make(&being, None).await;
    bench.clock.advance(bench.schema().settle_ms).await;
    match find(&bench, &being, &being.token).await {
        FindOutcome::Found(found) => {
            assert_eq!((&found.id, &found.inputs), (&made.id, &made.inputs), "find tells another object than create");
        }
        other => panic!("made and not found: {other:?}"),
    }
    let other = find(&bench, &being, &stranger()).await;
    assert!(matches!(other, FindOutcome::Absent), "found by a token that did not make it: {other:?}");
    bench.remove(&being, &made, None).await;
    let after = find(&bench, &being, &being.token).await;
    assert!(matches!(after, FindOutcome::Absent), "found after it was deleted: {after:?}");
    bench.close().await;
}

/// A create that is cut off after any of its rounds is found by its token and ends as if nothing
/// had happened, without a further write.
pub async fn find_goes_on_from_every_point_of_a_create(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let being = bench.being(1, subject.fixture.with(None)).await;
    let undisturbed = bench.make(&being, None).await;
    let (wanted, writes) = (bench.inventory(), bench.ledger.calls());
    bench.remove(&being, &undisturbed, None).await;
    for cut in 1.. {
        let before = bench.ledger.calls().len();
        let mut from: Option<Pending> = None;
        let mut whole = None;
        for _ in 0..cut {
            match bench.create(vec![bench.create_request(&being, from.as_ref())]).await.remove(0) {
                Outcome::Done(object) => {
                    whole = Some(object);
                    break;
                }
                Outcome::Pending(pending) => from = Some(bench.waited(pending).await),
                Outcome::Failed(problem) => panic!("create fails: {problem}"),
            }
        }
        // Dead here: only the token is left.
        bench.clock.advance(bench.schema().settle_ms).await;
        let made = match find(&bench, &being, &being.token).await {
            FindOutcome::Found(object) => object,
            FindOutcome::Unfinished(object, checkpoint) => {
                let pending = Pending { checkpoint, retry_after_ms: 0, id: Some(object.id), note: None };
                bench.make(&being, Some(pending)).await
            }
            other => panic!("cut off after {cut} rounds and not found: {other:?}"),
        };
        let differs = maps_engine::diff::diff(&bench.schema().inputs, &made.inputs, &being.inputs, None);
        assert!(differs.is_empty(), "cut off after {cut} rounds, it ends as something else: {differs:?}");
        assert_eq!(bench.inventory(), wanted, "cut off after {cut} rounds, the inventory differs");
        let made_calls = bench.ledger.calls().len() - before;
        assert_eq!(made_calls, writes.len(), "cut off after {cut} rounds, it writes again");
        bench.remove(&being, &made, None).await;
        if whole.is_some() {
            break;
        }
    }
    bench.close().await;
}
