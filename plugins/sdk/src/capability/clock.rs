//! The wall clock. Nothing waits in a plugin: an operation that must wait answers `Pending`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::clock as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::clock as host;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub fn now() -> u64 {
    host::now()
}
