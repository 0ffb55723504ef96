//! What would be done, and why: a [`Plan`] of [`Step`]s. Reads only.
//!
//! Outputs that are not made yet are unknown. Of an object that is updated in place the outputs
//! stay known as they are, so that one changed label does not make everything downstream unknown;
//! the exceptions are an output that the kind marks `x-maps-computed` (each write may change it)
//! and one that has the name of an input that changes. Apply holds the provider to this.

mod build;
mod decide;
mod model;
mod remove;
mod renamed;

use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::journal::Recorded;
use crate::refresh::{Survey, survey};
use crate::session::Session;
use crate::state::{State, StateError};
use crate::value::{Map, Value};
use crate::view::Sight;

pub(crate) use build::{check as checked, object};
pub use model::*;

/// Plans what makes the world agree with the stack.
///
/// # Errors
/// When state contradicts itself. Everything else that is wrong is told in the plan.
pub(crate) async fn make(session: &Session<'_>, state: State) -> Result<Plan, StateError> {
    let known = state.outputs.clone();
    let survey = survey(session, state).await?;
    let graph = match Graph::of(session.stack) {
        Ok(graph) => graph,
        Err(diagnostics) => return Ok(Plan { diagnostics, ..Plan::default() }),
    };
    let mut builder = build::Builder::new(session, survey, &graph);
    builder.resources().await;
    builder.removals();
    builder.outputs(&known);
    Ok(builder.finish())
}

/// Plans to take everything down that state knows of.
///
/// # Errors
/// When state contradicts itself.
pub(crate) async fn make_destroy(session: &Session<'_>, state: State) -> Result<Plan, StateError> {
    let known = state.outputs.clone();
    let survey = survey(session, state).await?;
    let graph = Graph::default();
    let mut builder = build::Builder::new(session, survey, &graph);
    builder.destroy = true;
    builder.removals();
    let mut plan = builder.finish();
    plan.outputs = known.as_map().into_iter().flatten().map(gone).collect();
    plan.basis.destroy = true;
    Ok(plan)
}

fn gone((name, value): (&String, &Value)) -> OutputDiff {
    OutputDiff { name: name.clone(), old: Some(value.clone()), new: None }
}

/// The stack's outputs as they will be stored: those that are null or depend on something
/// ephemeral are left out, those not known yet stay unknown.
pub(crate) fn outputs(session: &Session<'_>, stored: &Sight<'_>, full: &Sight<'_>) -> Result<Map, Vec<Diagnostic>> {
    let mut map = Map::new();
    let mut wrong = Vec::new();
    for (name, template) in &session.stack.outputs {
        match (template.evaluate(stored), template.evaluate(full)) {
            (Ok(stored), Ok(full)) if stored.has_unknown() && !full.has_unknown() => {}
            (Ok(Value::Null), _) => {}
            (Ok(value), Ok(_)) => drop(map.insert(name.clone(), value)),
            (Err(diagnostic), _) | (_, Err(diagnostic)) => wrong.push(diagnostic),
        }
    }
    if wrong.is_empty() { Ok(map) } else { Err(wrong) }
}

/// Is the object protected, by the stack or, where the stack says nothing, by state?
fn protected(session: &Session<'_>, address: &crate::Address, object: &Recorded) -> bool {
    session.stack.resources.get(address).map_or(object.protect, |resource| resource.options.protect)
}

/// The survey's part of a plan.
fn basis(survey: Survey) -> (Basis, Vec<Diagnostic>) {
    let Survey { recovered, refreshed, views, configs, ephemeral, diagnostics, .. } = survey;
    (Basis { recovered, refreshed, views, configs, ephemeral, seen: (0, 0), destroy: false }, diagnostics)
}
