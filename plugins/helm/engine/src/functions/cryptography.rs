//! Keys, certificates, digests and passwords.

use crate::function::Function;

/// What needs cryptography.
pub const TABLE: &[Function] = &[];
