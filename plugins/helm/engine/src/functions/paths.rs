//! Paths: `base`, `dir`, `clean`, `ext`, `isAbs` and those of the operating system.

use crate::function::Function;

/// What takes paths apart.
pub const TABLE: &[Function] = &[];
