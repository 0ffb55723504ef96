//! New secrets, which the plugin itself never sees.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::secrets as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::secrets as host;

pub use crate::bindings::maps::platform::secrets::{Alphabet, Recipe};
use crate::problem::Problem;
use crate::secret::Secret;

/// A new secret of so many characters.
///
/// # Errors
/// When the length is outside 8 to 1024, or the capability is not granted.
pub fn generate(length: u32, alphabet: Alphabet) -> Result<Secret, Problem> {
    generate_many(&[Recipe { length, alphabet }])
        .pop()
        .unwrap_or_else(|| Err(Problem::internal("no-secret", "the host made no secret")))
}

/// New secrets, one for each recipe.
pub fn generate_many(recipes: &[Recipe]) -> Vec<Result<Secret, Problem>> {
    host::generate(recipes).into_iter().map(|made| made.map(Secret::from_handle).map_err(Problem::from)).collect()
}
