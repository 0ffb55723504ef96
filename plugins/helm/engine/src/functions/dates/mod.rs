//! Times and spans of time, as Go has them.

mod civil;

use crate::function::Function;

pub(crate) use civil::civil;

/// The functions of this family.
pub const TABLE: &[Function] = &[];
