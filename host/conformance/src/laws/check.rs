//! `check` is pure, settles, and passes on what is not known yet.

use maps_engine::Value;

use crate::bench::{Bench, shown};
use crate::place::{at, places, put};
use crate::verdict::{Kept, broken, ensure};

pub(super) async fn check_is_idempotent(bench: &Bench) -> Kept {
    for inputs in bench.fixture().all() {
        let once = bench.passes(&inputs).await?;
        let twice = bench.passes(&once).await?;
        ensure!(once == twice, "a second check changes the inputs: {} becomes {}", shown(&once), shown(&twice));
    }
    Ok(())
}

pub(super) async fn check_answers_unknowns_at_every_place(bench: &Bench) -> Kept {
    for inputs in bench.fixture().all() {
        for place in places(&inputs) {
            let unknown = put(&inputs, &place, &Value::Unknown);
            let checked = bench.check(&unknown).await?.map_err(|problems| {
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                broken!("check refuses an unknown at {place:?}: {}", told.join("; "))
            })?;
            ensure!(at(&checked, &place) == Some(&Value::Unknown), "check loses the unknown at {place:?}");
            let known = bench.passes(&inputs).await?;
            // Everything else is as it would be.
            let same = put(&known, &place, &Value::Unknown) == checked;
            ensure!(same, "an unknown at {place:?} changes other inputs: {}", shown(&checked));
        }
    }
    Ok(())
}
