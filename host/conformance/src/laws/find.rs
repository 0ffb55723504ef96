//! `find`: an interrupted create is taken up, never made twice, never mistaken for another's.

use maps_engine::Token;
use maps_engine::provider::{FindOutcome, Outcome, Pending};

use crate::bench::{Being, Bench, only};
use crate::verdict::{Kept, broken, ensure};

/// A token that made nothing.
fn stranger() -> Token {
    Token::new("5".repeat(32))
}

/// What a look-up did cannot be lost.
fn makes_something(bench: &Bench) -> Kept {
    if bench.fixture().lookup { Err(super::LOOKUP) } else { Ok(()) }
}

async fn find(bench: &Bench, being: &Being, token: &Token) -> Kept<FindOutcome> {
    only(bench.find_all(&[(being, token)]).await?)
}

/// Absent before; found after, as it was made; absent for any other token, and once it is gone.
pub(super) async fn find_adopts_what_its_token_made(bench: &Bench) -> Kept {
    makes_something(bench)?;
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let before = find(bench, &being, &being.token).await?;
    ensure!(matches!(before, FindOutcome::Absent), "it is found before it was made: {before:?}");
    let (made, recalled) = bench.make_and_recall(&being, None).await?;
    bench.settle().await?;
    match find(bench, &recalled, &being.token).await? {
        // Its secret went with the answer.
        FindOutcome::Unusable(found, _) if bench.fixture().told_once => {
            ensure!(found.id == made.id, "find tells of another object than create: {found:?}, {made:?}");
        }
        FindOutcome::Found(found) if !bench.fixture().told_once => {
            let same = (&found.id, &found.inputs) == (&made.id, &made.inputs);
            ensure!(same, "find tells of another object than create: {found:?}, {made:?}");
        }
        other => return Err(broken!("it was made, and find answers {other:?}")),
    }
    if !bench.fixture().untagged {
        let other = find(bench, &being, &stranger()).await?;
        ensure!(matches!(other, FindOutcome::Absent), "it is found by a token that did not make it: {other:?}");
    }
    bench.remove(&being, &made, None).await?;
    let after = find(bench, &recalled, &being.token).await?;
    ensure!(matches!(after, FindOutcome::Absent), "it is found after it was deleted: {after:?}");
    Ok(())
}

/// A create that is cut off after any of its rounds is found by its token and ends as if nothing
/// had happened, without a further write; only where a secret was lost, another object takes its place.
pub(super) async fn find_goes_on_from_every_point_of_a_create(bench: &Bench) -> Kept {
    makes_something(bench)?;
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let undisturbed = bench.make(&being, None).await?;
    let (wanted, writes) = (bench.inventory()?, bench.ledger.calls());
    bench.remove(&being, &undisturbed, None).await?;
    for cut in 1.. {
        let before = bench.ledger.calls().len();
        let mut from: Option<Pending> = None;
        let mut whole = None;
        for _ in 0..cut {
            match only(bench.create(vec![bench.create_request(&being, from.as_ref())]).await?)? {
                Outcome::Done(object) => {
                    whole = Some(object);
                    break;
                }
                Outcome::Pending(pending) => from = Some(bench.waited(pending).await?),
                Outcome::Failed(problem) => return Err(broken!("create fails: {problem}")),
            }
        }
        // Dead here: only the token is left, and what was said last.
        bench.settle().await?;
        let mut anew = false;
        let made = match find(bench, &being.at(from.as_ref()), &being.token).await? {
            // Nothing was lost yet.
            FindOutcome::Absent if bench.ledger.calls().len() == before => bench.make(&being, None).await?,
            FindOutcome::Unusable(object, _) if bench.fixture().told_once => {
                bench.remove(&being, &object, None).await?;
                anew = true;
                bench.make(&being, None).await?
            }
            FindOutcome::Found(object) => object,
            FindOutcome::Unfinished(object, checkpoint) => {
                let pending = Pending { checkpoint, retry_after_ms: 0, id: Some(object.id), note: None };
                bench.make(&being, Some(pending)).await?
            }
            other => return Err(broken!("cut off after {cut} rounds, it is not found: {other:?}")),
        };
        let differs = maps_engine::diff::diff(&bench.schema()?.inputs, &made.inputs, &being.inputs, None);
        ensure!(differs.is_empty(), "cut off after {cut} rounds, it ends as something else: {differs:?}");
        bench.is_still(&wanted, &format!("cut off after {cut} rounds, something else exists"))?;
        let made_calls = bench.ledger.calls().len() - before;
        let again = "it writes another number of times than a create that is left alone";
        ensure!(
            anew || made_calls == writes.len(),
            "cut off after {cut} rounds, {again}: {made_calls}, not {}",
            writes.len()
        );
        bench.remove(&being, &made, None).await?;
        if whole.is_some() {
            break;
        }
    }
    Ok(())
}
