//! Types: `typeOf`, `kindOf`, `kindIs`, `deepEqual`, `deepCopy`.

use crate::function::Function;

/// What asks for types.
pub const TABLE: &[Function] = &[];
