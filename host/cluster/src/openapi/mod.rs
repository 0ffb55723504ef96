//! STUBS of the lead until K1 lands his.

use serde_json::{Value, json};

use crate::registry::Registry;

/// The paths of the root.
pub(crate) fn paths(_: &Registry) -> Vec<String> {
    Vec::new()
}
/// `/openapi/v2`
pub(crate) fn v2(_: &Registry) -> Value {
    json!({"swagger": "2.0"})
}
/// `/openapi/v3`
pub(crate) fn v3_index(_: &Registry) -> Value {
    json!({"paths": {}})
}
/// `/openapi/v3/apis/GROUP/VERSION`
pub(crate) fn v3(_: &Registry, _group: &str, _version: &str) -> Option<Value> {
    None
}
