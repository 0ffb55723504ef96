//! A stack's folder on the machine where tests run: what a test puts there.
//!
//! ```
//! use maps_sdk::files;
//! use maps_sdk::testing::files::folder;
//!
//! folder([("charts/web/Chart.yaml", "name: web\n")]);
//! assert_eq!(files::list("charts/**").unwrap(), ["charts/web/Chart.yaml"]);
//! assert_eq!(files::read("charts/web/Chart.yaml").unwrap(), b"name: web\n");
//! assert_eq!(files::read("values.yaml").unwrap_err().code, "no-such-file");
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::bindings::maps::platform::types;
use crate::problem::{Class, Problem};

thread_local! {
    static FILES: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Puts these files into this thread's folder, in place of those that were there.
pub fn folder<P: Into<String>, C: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, C)>) {
    let files = files.into_iter().map(|(path, content)| (path.into(), content.into())).collect();
    FILES.with_borrow_mut(|folder| *folder = files);
}

pub(crate) fn list(patterns: &[String]) -> Vec<Result<Vec<String>, types::Problem>> {
    let matching = |pattern: &String| {
        FILES.with_borrow(|files| Ok(files.keys().filter(|path| matches(pattern, path)).cloned().collect()))
    };
    patterns.iter().map(matching).collect()
}

pub(crate) fn read(paths: &[String]) -> Vec<Result<Vec<u8>, types::Problem>> {
    let content = |path: &String| {
        let missing = || Problem::new(Class::NotFound, "no-such-file", format!("there is no file `{path}`")).into();
        FILES.with_borrow(|files| files.get(path).cloned().ok_or_else(missing))
    };
    paths.iter().map(content).collect()
}

/// `**` is one or more characters, `*` one or more within a part, as in rules.
fn matches(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return (1..=path.len()).any(|at| path.is_char_boundary(at) && matches(rest, &path[at..]));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let end = path.find('/').unwrap_or(path.len());
        return (1..=end).any(|at| path.is_char_boundary(at) && matches(rest, &path[at..]));
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => matches(&pattern[a.len_utf8()..], &path[b.len_utf8()..]),
        _ => false,
    }
}
