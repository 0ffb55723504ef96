//! Regular expressions, in Go's syntax.

use crate::function::Function;

/// What matches.
pub const TABLE: &[Function] = &[];

/// Compiled expressions of one rendering, by their text.
#[derive(Default)]
pub struct Cache {}
