//! Randomness: `randAlphaNum`, `randBytes`, `uuidv4`, `shuffle`.

use crate::function::Function;

/// What differs from run to run.
pub const TABLE: &[Function] = &[];
