//! Randomness from the operating system of the host. The `rand` and `getrandom` crates find none here.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::random as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::random as host;

/// So many random bytes, at most 4096.
pub fn bytes(count: u32) -> Vec<u8> {
    host::bytes(count)
}
