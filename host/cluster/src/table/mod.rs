//! How `kubectl get` shows objects: `meta.k8s.io/v1` Tables.

mod plain;

use serde_json::{Value, json};

use crate::registry::Resource;

pub(crate) use plain::Plain;

/// A column of a Table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The heading.
    pub(crate) name: &'static str,
    /// `string`, `integer`, …
    pub(crate) kind: &'static str,
    /// `name` for the first one, else mostly empty.
    pub(crate) format: &'static str,
    /// 1 for columns that only `-o wide` shows.
    pub(crate) priority: u8,
}

/// What shows the objects of a kind.
pub(crate) trait Printer: Sync + std::fmt::Debug {
    /// The columns.
    fn columns(&self) -> &'static [Column];
    /// The cells of an object, one a column; `now` is in seconds since 1970, for ages.
    fn cells(&self, object: &Value, now: i64) -> Vec<Value>;
}

/// The columns of a resource, as a Table defines them.
pub(crate) fn columns(resource: &Resource, version: &str) -> Vec<Value> {
    let column = |name: &str, kind: &str, format: &str, description: &str, priority: i64| json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority});
    if let Some(kind) = resource.built_in() {
        let columns = kind.printer.columns().iter();
        return columns.map(|one| column(one.name, one.kind, one.format, "", i64::from(one.priority))).collect();
    }
    let own = resource.custom(version).map_or(&[][..], |version| version.columns.as_slice());
    let text = |one: &Value, at: &str| one[at].as_str().unwrap_or_default().to_owned();
    let own = own.iter().map(|one| {
        let priority = one["priority"].as_i64().unwrap_or_default();
        column(&text(one, "name"), &text(one, "type"), &text(one, "format"), &text(one, "description"), priority)
    });
    std::iter::once(column("Name", "string", "name", "", 0)).chain(own).collect()
}

/// The cells of an object, one a column; `now` is in seconds since 1970.
pub(crate) fn cells(resource: &Resource, version: &str, object: &Value, now: i64) -> Vec<Value> {
    if let Some(kind) = resource.built_in() {
        return kind.printer.cells(object, now);
    }
    let own = resource.custom(version).map_or(&[][..], |version| version.columns.as_slice());
    let own = own.iter().map(|column| crate::crd::cell(column, object, now));
    let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
    std::iter::once(name).chain(own).collect()
}
