//! Answers of a batch.

use maps_sdk::Problem;

pub(crate) type Answer<T> = Result<T, Problem>;

/// The one answer of a list.
pub(crate) fn only<T>(answers: Vec<Answer<T>>) -> Answer<T> {
    answers.into_iter().next().unwrap_or_else(|| Err(Problem::internal("no-answer", "the host answered nothing")))
}
