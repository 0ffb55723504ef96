//! A batch of one.

use crate::problem::Problem;

/// The first of the answers to a list, which for a list of one is the answer.
///
/// # Errors
/// That answer's own, or that there is none: every list is answered with one of the same length.
pub fn only<T>(answers: impl IntoIterator<Item = Result<T, Problem>>) -> Result<T, Problem> {
    answers.into_iter().next().unwrap_or_else(|| Err(Problem::internal("no-answer", "the host answered nothing")))
}
