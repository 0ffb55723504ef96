//! What a plugin answered, taken for what a test says it was.

use serde_json::Value;

use crate::bindings::exports::maps::platform::provider as wire;
use crate::bindings::maps::platform::types;

/// An object as a prior of a request.
pub fn resource(id: &str, inputs: &Value, outputs: &Value) -> types::Resource {
    types::Resource { id: id.to_owned(), inputs: inputs.to_string(), outputs: outputs.to_string() }
}

/// What was made or changed.
///
/// # Panics
/// When it was not.
#[track_caller]
pub fn done(outcome: wire::MutationOutcome) -> types::Resource {
    match outcome {
        wire::MutationOutcome::Done(object) => object,
        other => panic!("not done: {other:?}"),
    }
}

/// Where it goes on.
///
/// # Panics
/// When it is over.
#[track_caller]
pub fn pending(outcome: wire::MutationOutcome) -> wire::Pending {
    match outcome {
        wire::MutationOutcome::Pending(pending) => pending,
        other => panic!("not pending: {other:?}"),
    }
}

/// Why it failed.
///
/// # Panics
/// When it did not.
#[track_caller]
pub fn failed(outcome: wire::MutationOutcome) -> types::Problem {
    match outcome {
        wire::MutationOutcome::Failed(problem) => problem,
        other => panic!("not failed: {other:?}"),
    }
}

/// What a read found.
///
/// # Panics
/// When it found nothing.
#[track_caller]
pub fn found(outcome: wire::ReadOutcome) -> types::Resource {
    match outcome {
        wire::ReadOutcome::Found(object) => object,
        other => panic!("not found: {other:?}"),
    }
}
