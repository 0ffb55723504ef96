//! What plugins share that apply objects of Kubernetes clusters: names, reads of many objects in few requests, the
//! order of writes, readiness, and what of a live object was changed by others.

pub mod cluster;
pub mod compare;
pub mod events;
pub mod id;
pub mod mark;
pub mod order;
pub mod owned;
pub mod problem;
pub mod ready;
pub mod remove;
pub mod taken;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

use serde_json::Value;

/// Is a value a secret's handle?
pub fn is_sealed(value: &Value) -> bool {
    matches!(value, Value::Object(map) if map.len() == 1 && map.contains_key("$sealed"))
}
