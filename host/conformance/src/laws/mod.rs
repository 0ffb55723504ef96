//! The laws. Each is tried on a bench of its own.

mod batch;
mod check;
mod find;
mod life;
mod whole;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use crate::bench::Bench;
use crate::fixture::Subject;
use crate::setup::Setup;
use crate::verdict::{Kept, Stop, Verdict};

/// Why a law about making is not tried.
const LOOKUP: Stop = Stop::Skipped("the kind looks up what is there, and makes nothing");

/// One law.
#[derive(Clone, Copy)]
pub struct Law {
    /// Stable: `a_second_plan_is_empty`.
    pub name: &'static str,
    /// What it asks, in one sentence.
    pub says: &'static str,
    keep: for<'b> fn(&'b Bench) -> LocalBoxFuture<'b, Kept>,
}

impl std::fmt::Debug for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Law {
    /// Tries it on a kind.
    pub async fn try_on(&self, subject: &Subject, setup: &Setup) -> Verdict {
        let trial = async {
            let bench = Bench::set_up(subject, setup).await?;
            let kept = (self.keep)(&bench).await;
            let given_back = bench.give_back().await;
            kept.and(given_back)?;
            bench.close().await
        };
        match trial.await {
            Ok(true) => Verdict::Kept,
            Ok(false) => Verdict::KeptUnseen,
            Err(Stop::Broken(what)) => Verdict::Broken(what),
            Err(Stop::Skipped(why)) => Verdict::Skipped(why.to_owned()),
            Err(Stop::Untried(why)) => Verdict::Untried(why),
        }
    }
}

macro_rules! laws {
    ($($module:ident::$name:ident: $says:literal)*) => {
        /// All laws, in the order in which they are told.
        pub const LAWS: &[Law] = &[$(Law {
            name: stringify!($name),
            says: $says,
            keep: |bench| $module::$name(bench).boxed_local(),
        }),*];
    };
}

laws! {
    check::check_is_idempotent: "what check answers passes a check and stays what it is"
    check::check_answers_unknowns_at_every_place: "any input, and any part of one, may be unknown in a check"
    life::read_agrees_with_create: "what create answers is what read sees, for every set of inputs"
    life::read_agrees_with_update: "what update answers is what read sees, and the same update again writes nothing"
    life::updates_go_on_and_begin_again_from_every_point: "an update that is cut off anywhere ends the same way"
    life::deleting_twice_succeeds: "a delete of what is gone is done, and the first one leaves nothing"
    life::ephemeral_outputs_come_only_when_asked_for: "ephemeral outputs come sealed, and only when they are asked for"
    find::find_adopts_what_its_token_made: "find adopts what its token made, and nothing else"
    find::find_goes_on_from_every_point_of_a_create: "a create that is cut off anywhere is found and ends without a further write"
    batch::batches_answer_in_the_order_of_their_requests: "several requests in one call are answered one by one, in their order"
    whole::what_was_planned_is_what_becomes: "a create, an update and a replacement end as they were planned, with nothing unknown"
    whole::a_second_plan_is_empty: "after each kind of change a second plan is empty and writes nothing"
    whole::no_secret_is_in_state_or_plan: "credentials and ephemeral outputs are neither in state nor in a plan"
    whole::a_destroy_ends_where_the_first_run_began: "what a run makes, a destroy removes"
}
