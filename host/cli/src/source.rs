//! From a plugin's `source:` to the file that holds its component.

use std::path::{Path, PathBuf};

use crate::error::Failure;

/// The environment variable that names a folder of components.
const FOLDER_VARIABLE: &str = "MAPS_PLUGINS";

/// Where components that go by a bare name may lie, in the order in which they are tried.
fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    let executable = std::env::current_exe().ok();
    // Installed, they lie in a folder beside the binary; in a build tree, beside `target/debug`.
    let beside = executable.iter().flat_map(|path| path.ancestors().skip(1).take(2)).map(|dir| dir.join("plugins"));
    named.into_iter().chain(beside).collect()
}

/// Is this a plugin's name, and not a path?
fn is_bare(source: &str) -> bool {
    !source.is_empty() && source.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The component's file. A path is taken from `folder`, the stack's own.
pub(crate) fn component(source: &str, folder: &Path) -> Result<PathBuf, Failure> {
    if source.contains("://") {
        return Err(Failure::usage_help(
            format!("the plugin source {source} is remote"),
            "give a plugin's name or the path of a component",
        ));
    }
    if !is_bare(source) {
        let path = folder.join(source);
        return match path.is_file() {
            true => Ok(path),
            false => Err(Failure::usage(format!("there is no component at {}", path.display()))),
        };
    }
    let folders = folders();
    let tried = || folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    folders.iter().map(|folder| folder.join(format!("{source}.wasm"))).find(|path| path.is_file()).ok_or_else(|| {
        Failure::usage_help(
            format!("there is no plugin {source} in {}", tried()),
            format!("build it with `cargo xtask plugins`, or set {FOLDER_VARIABLE} to the folder of {source}.wasm"),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_path_starts_at_the_stack_and_a_remote_source_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("own.wasm"), "").unwrap();
        assert_eq!(component("./own.wasm", dir.path()).unwrap(), dir.path().join("./own.wasm"));
        assert!(component("./other.wasm", dir.path()).is_err());
        assert!(component("oci://example.com/doks", dir.path()).unwrap_err().to_string().contains("remote"));
    }

    #[test]
    fn a_missing_plugin_names_the_folders_that_were_tried() {
        let failure = component("no-such-plugin", Path::new(".")).unwrap_err();
        assert!(failure.to_string().contains("plugins"), "{failure}");
        assert!(failure.help().unwrap().contains(FOLDER_VARIABLE));
    }

    #[test]
    fn names_are_told_from_paths() {
        assert!(is_bare("doks") && is_bare("a-1"));
        assert!(!is_bare("./doks") && !is_bare("doks.wasm") && !is_bare("../doks") && !is_bare(""));
    }
}
