//! URLs: `urlParse`, `urlJoin`.

use crate::function::Function;

/// What takes URLs apart.
pub const TABLE: &[Function] = &[];
