//! base64 and base32.

use crate::function::Function;

/// What encodes.
pub const TABLE: &[Function] = &[];
