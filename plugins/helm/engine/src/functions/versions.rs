//! Semantic versions: `semver`, `semverCompare`.

use crate::function::Function;

/// What compares versions.
pub const TABLE: &[Function] = &[];
