//! Secrets in clear. A component that uses this shows it in its imports, and the operator is told.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::reveal as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::reveal as host;

use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::secret::Secret;

/// What a secret holds.
///
/// # Errors
/// When the capability is not granted for it, or it does not hold a `T`.
pub fn open<T: DeserializeOwned>(secret: &Secret<T>) -> Result<T, Problem> {
    let opened = host::open(&[secret.handle().to_owned()]).pop();
    let json = opened.unwrap_or_else(|| Ok("null".to_owned())).map_err(Problem::from)?;
    // The parser's own message would quote what it read.
    serde_json::from_str(&json)
        .map_err(|_| Problem::internal("secret-shape", "the secret holds something of another type"))
}
