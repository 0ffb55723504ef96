//! Sprig's conversions: `int`, `int64`, `float64`, `toString`, `toStrings`, `toDecimal`, `atoi`.

use crate::function::Function;

/// What casts.
pub const TABLE: &[Function] = &[];
