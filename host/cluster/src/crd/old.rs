//! What a definition did before it is updated: upstream tightens its rules only for what is new.

use serde_json::Value;

use super::defaults;
use super::props::Props;
use super::rules::{TYPES, atomic_items, keys};
use crate::object::{items, text};

/// What the definition did before an update; it may go on doing so.
#[derive(Debug, Default)]
pub(crate) struct Old {
    /// A version had no schema.
    pub(crate) lacks_schemas: bool,
    /// Versions whose schemas have not changed.
    pub(crate) unchanged: Vec<String>,
    /// A type was none of OpenAPI.
    pub(super) odd_types: bool,
    /// A default had unknown fields.
    pub(super) unpruned: bool,
    /// A set had items that are not atomic.
    pub(super) granular_sets: bool,
    /// A list-map's keys were nullable or optional.
    pub(super) loose_keys: bool,
}

impl Old {
    /// Reads what the old spec did.
    pub(crate) fn read(spec: &Value, old: &Value) -> Self {
        let schema =
            |version: &Value| version.pointer("/schema/openAPIV3Schema").filter(|schema| schema.is_object()).cloned();
        let versions = items(old, "versions");
        let schemas: Vec<Props> = versions.iter().filter_map(schema).map(|schema| Props::read(&schema)).collect();
        let any = |test: &dyn Fn(&Props) -> bool| schemas.iter().any(|schema| schema.any(test));
        let unchanged = items(spec, "versions").iter().filter(|new| {
            let before = versions.iter().find(|old| text(old, "name") == text(new, "name"));
            before.is_some_and(|old| old.get("schema") == new.get("schema"))
        });
        Self {
            lacks_schemas: versions.iter().any(|version| schema(version).is_none()),
            unchanged: unchanged.map(|version| text(version, "name").to_owned()).collect(),
            odd_types: any(&|schema| !schema.kind.is_empty() && !TYPES.contains(&schema.kind.as_str())),
            unpruned: any(&|schema| {
                schema.default.as_ref().is_some_and(|default| defaults::is_unpruned(default, schema))
            }),
            granular_sets: any(&|schema| !atomic_items(schema).is_empty()),
            loose_keys: any(&|schema| !keys("", schema).is_empty()),
        }
    }
}
