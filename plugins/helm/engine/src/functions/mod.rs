//! The functions that templates call: Go's own, Sprig's and Helm's, a module for each family.

use std::collections::HashMap;

use crate::function::Function;

mod arguments;
pub mod builtins;
pub mod convert;
pub mod cryptography;
pub mod dates;
pub mod defaults;
pub mod dicts;
pub mod documents;
pub mod encoding;
pub mod helm;
pub mod lists;
pub mod math;
pub mod paths;
pub mod random;
pub mod reflect;
pub mod regex;
pub mod strings;
#[cfg(test)]
pub(crate) mod testing;
pub mod urls;
pub mod versions;

/// Every family, in no order that matters: no name stands twice.
const TABLES: &[&[Function]] = &[
    builtins::TABLE,
    convert::TABLE,
    cryptography::TABLE,
    dates::TABLE,
    defaults::TABLE,
    dicts::TABLE,
    documents::TABLE,
    encoding::TABLE,
    helm::TABLE,
    lists::TABLE,
    math::TABLE,
    paths::TABLE,
    random::TABLE,
    reflect::TABLE,
    regex::TABLE,
    strings::TABLE,
    urls::TABLE,
    versions::TABLE,
];

/// All functions by name.
pub fn by_name() -> HashMap<&'static str, &'static Function> {
    TABLES.iter().flat_map(|table| table.iter()).map(|function| (function.name, function)).collect()
}
