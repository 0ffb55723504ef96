//! Arithmetic: `add`, `mul`, `max`, `floor`, `round`, `seq`, `until`.

use crate::function::Function;

/// What counts.
pub const TABLE: &[Function] = &[];
