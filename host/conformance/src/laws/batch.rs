//! Several requests in one call are answered one by one, in their order.

use maps_engine::provider::{FindOutcome, Object, Outcome, ReadOutcome};
use maps_engine::{Token, Value};

use crate::bench::{Being, Bench};
use crate::verdict::{Kept, broken, ensure};

/// Makes all of them, a call for each round.
async fn make_all(bench: &Bench, beings: &mut [Being]) -> Kept<Vec<Object>> {
    let mut made: Vec<Option<Object>> = beings.iter().map(|_| None).collect();
    let mut open: Vec<(usize, Option<_>)> = (0..beings.len()).map(|index| (index, None)).collect();
    while !open.is_empty() {
        let requests = open.iter().map(|(index, from)| bench.create_request(&beings[*index], from.as_ref()));
        let outcomes = bench.create(requests.collect()).await?;
        ensure!(outcomes.len() == open.len(), "create does not answer each request");
        let mut next = Vec::new();
        for ((index, _), outcome) in open.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done(object) => made[index] = Some(object),
                Outcome::Pending(pending) => {
                    beings[index] = beings[index].at(Some(&pending));
                    next.push((index, Some(bench.waited(pending).await?)));
                }
                Outcome::Failed(problem) => return Err(broken!("create fails: {problem}")),
            }
        }
        open = next;
    }
    Ok(made.into_iter().flatten().collect())
}

/// For `check`, `create`, `read`, `find` and `delete`, with a refusal or an absence among them.
pub(super) async fn batches_answer_in_the_order_of_their_requests(bench: &Bench) -> Kept {
    let unique = bench.fixture().unique.as_ref().ok_or(super::LOOKUP)?;
    let before = bench.inventory()?;
    let good = bench.fixture().with(None);
    let checked = bench.check_all(vec![good.clone(), Value::Map(Default::default()), good.clone()]).await?;
    let passed: Vec<bool> = checked.iter().map(Result::is_ok).collect();
    ensure!(passed == [true, false, true], "check mixes its answers up, or takes inputs with nothing in them");

    let mut beings = Vec::new();
    for index in 1..=3 {
        beings.push(bench.being(index, good.clone()).await?);
    }
    let made = make_all(bench, &mut beings).await?;
    ensure!(made.len() == beings.len(), "create does not make each object");
    for (being, object) in beings.iter().zip(&made) {
        ensure!(object.inputs.get(unique) == being.inputs.get(unique), "create mixes its answers up");
    }

    bench.remove(&beings[1], &made[1], None).await?;
    let these: Vec<(&Being, &Object)> = [2, 1, 0].map(|index| (&beings[index], &made[index])).to_vec();
    match bench.read_all(&these, &[]).await?.as_slice() {
        [ReadOutcome::Found(third), ReadOutcome::Absent, ReadOutcome::Found(first)]
            if (&third.id, &first.id) == (&made[2].id, &made[0].id) => {}
        other => return Err(broken!("read mixes its answers up: {other:?}")),
    }

    let stranger = Token::new("5".repeat(32));
    let other = beings[0].at(None);
    let nobody = if bench.fixture().untagged { (&beings[1], &beings[1].token) } else { (&other, &stranger) };
    let these = [(&beings[2], &beings[2].token), nobody, (&beings[0], &beings[0].token)];
    bench.settle().await?;
    let is = |outcome: &FindOutcome, made: &Object| match outcome {
        FindOutcome::Found(found) => found.id == made.id && !bench.fixture().told_once,
        FindOutcome::Unusable(found, _) => found.id == made.id && bench.fixture().told_once,
        _ => false,
    };
    match bench.find_all(&these).await?.as_slice() {
        [third, FindOutcome::Absent, first] if is(third, &made[2]) && is(first, &made[0]) => {}
        other => return Err(broken!("find mixes its answers up: {other:?}")),
    }

    let mut open: Vec<(usize, Option<_>)> = vec![(2, None), (1, None), (0, None)];
    while !open.is_empty() {
        let requests =
            open.iter().map(|(index, from)| bench.delete_request(&beings[*index], &made[*index], from.as_ref()));
        let outcomes = bench.delete(requests.collect()).await?;
        ensure!(outcomes.len() == open.len(), "delete does not answer each request");
        let mut next = Vec::new();
        for ((index, _), outcome) in open.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done(()) => {}
                Outcome::Pending(pending) => next.push((index, Some(bench.waited(pending).await?))),
                Outcome::Failed(problem) => return Err(broken!("delete fails: {problem}")),
            }
        }
        open = next;
    }
    bench.is_still(&before, "something is left")
}
