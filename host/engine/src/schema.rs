//! A kind's schema: JSON Schema 2020-12 plus the `x-maps-…` annotations that steer the engine.

use std::collections::BTreeMap;

use crate::name::KindName;

/// What the engine needs to know of a kind, read from its schema without executing the plugin.
#[derive(Clone, Debug)]
pub struct KindSchema {
    /// The kind.
    pub kind: KindName,
    /// The whole document: `{"inputs": SCHEMA, "outputs": SCHEMA, "x-maps-…": …}`.
    pub document: serde_json::Value,
}

/// The kinds of a plugin.
pub type Kinds = BTreeMap<KindName, KindSchema>;
