//! How built-in kinds behave: upstream's defaults, strategies and validation, one family a module.

pub(crate) mod field;
pub(crate) mod labels;
pub(crate) mod metadata;
pub(crate) mod name;
