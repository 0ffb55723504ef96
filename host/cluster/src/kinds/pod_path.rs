//! Paths inside of volumes: relative, and not out of them again.

use serde_json::Value;

use crate::invalid::Invalid;
use crate::path::Path;

/// Refuses `..` as a part of a path.
pub(super) fn no_backsteps(value: &str, path: &Path) -> Option<Invalid> {
    let back = value.split('/').any(|part| part == "..");
    back.then(|| Invalid::invalid(path, &Value::from(value), "must not contain '..'"))
}

/// Refuses paths that are not relative, or go upwards.
pub(super) fn descending(value: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if value.starts_with('/') {
        errors.push(Invalid::invalid(path, &Value::from(value), "must be a relative path"));
    }
    errors.extend(no_backsteps(value, path));
    errors
}

/// Refuses also names that begin with `..`, which the kubelet keeps for itself.
pub(super) fn not_reserved(value: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = descending(value, path);
    if value.starts_with("..") && !value.starts_with("../") && value != ".." {
        errors.push(Invalid::invalid(path, &Value::from(value), "must not start with '..'"));
    }
    errors
}
