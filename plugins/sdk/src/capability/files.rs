//! Files of the stack's folder, to be read.
//!
//! Paths are relative to the folder, with `/` between their parts. `plugin.yaml` says which may be read, by
//! patterns, and a stack's grant narrows that. The codes of problems are `no-such-file`, `files-no-rule`,
//! `files-outside` and their like.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::files_read as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::files_read as host;

use crate::batch::only;
use crate::problem::Problem;

/// Files in one call to the host, which takes no more than a thousand.
const CHUNK: usize = 500;

/// The paths that each pattern has, in order: `charts/web/**`. A folder that is not there has none.
pub fn list_all(patterns: &[String]) -> Vec<Result<Vec<String>, Problem>> {
    let chunks = patterns.chunks(CHUNK);
    chunks.flat_map(host::list).map(|answer| answer.map_err(Problem::from)).collect()
}

/// The paths that a pattern has.
///
/// # Errors
/// When no rule allows them, or they cannot be looked up.
pub fn list(pattern: &str) -> Result<Vec<String>, Problem> {
    only(list_all(&[pattern.to_owned()]))
}

/// What the files hold.
pub fn read_all(paths: &[String]) -> Vec<Result<Vec<u8>, Problem>> {
    let chunks = paths.chunks(CHUNK);
    chunks.flat_map(host::read).map(|answer| answer.map_err(Problem::from)).collect()
}

/// What a file holds.
///
/// # Errors
/// `no-such-file`, of class not-found, where there is none; what the host refuses.
pub fn read(path: &str) -> Result<Vec<u8>, Problem> {
    only(read_all(&[path.to_owned()]))
}
