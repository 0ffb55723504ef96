//! Answers of a batch.

pub(crate) type Answer<T> = Result<T, maps_sdk::Problem>;
