//! Lists: `list`, `append`, `concat`, `has`, `uniq`.

use crate::function::Function;

/// What makes and reads lists.
pub const TABLE: &[Function] = &[];
