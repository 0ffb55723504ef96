//! Helm's own: `include`, `tpl`, `required`, `fail`, `lookup`, `getHostByName`, `default` and its kin of Sprig.

use crate::function::Function;

/// What the flow of a chart hangs on.
pub const TABLE: &[Function] = &[];
