//! Kinds without a table of their own: the name, and when it was created.

use serde_json::{Value, json};

use super::{Column, Printer};

/// Upstream's default: `Name` and `Created At`.
#[derive(Debug)]
pub(crate) struct Plain;

impl Printer for Plain {
    fn columns(&self) -> &'static [Column] {
        &[
            Column { name: "Name", kind: "string", format: "name", priority: 0 },
            Column { name: "Created At", kind: "date", format: "", priority: 0 },
        ]
    }

    fn cells(&self, object: &Value, _now: i64) -> Vec<Value> {
        let metadata = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        vec![json!(metadata("name")), json!(metadata("creationTimestamp"))]
    }
}
