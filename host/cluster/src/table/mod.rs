//! How `kubectl get` shows objects: `meta.k8s.io/v1` Tables.

mod plain;

use serde_json::Value;

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
