//! From a plugin's `source:` to its component: a file, or bytes that this binary carries.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::PluginName;
use maps_runtime::inspect::ComponentDigest;
use maps_runtime::{Host, Plugin};

use crate::error::Failure;

/// The environment variable that names a folder of components. It comes before everything else
/// that goes by a bare name, so that a plugin under development can stand in for a bundled one.
const FOLDER_VARIABLE: &str = "MAPS_PLUGINS";

/// A component that rides inside the binary.
#[derive(Debug)]
struct Bundled {
    name: &'static str,
    bytes: &'static [u8],
    /// Their SHA-256.
    digest: &'static str,
}

/// What `MAPS_BUNDLE` named when this binary was built; nothing in development.
static BUNDLE: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// Where a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// In a file.
    File(PathBuf),
    /// In this binary.
    Bundled {
        /// Its name.
        name: &'static str,
        /// All of it.
        bytes: &'static [u8],
        /// Their SHA-256, in hex.
        digest: &'static str,
    },
}

impl Component {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> Result<Cow<'static, [u8]>, Failure> {
        match self {
            Self::File(path) => Ok(Cow::Owned(std::fs::read(path).map_err(Failure::file(path))?)),
            Self::Bundled { bytes, .. } => Ok(Cow::Borrowed(bytes)),
        }
    }
}

impl Component {
    /// Loads it.
    pub(crate) fn load(&self, host: &Host, plugin: &PluginName) -> Result<Arc<Plugin>, Failure> {
        let loaded = match self {
            Self::File(_) => host.load(&self.bytes()?),
            Self::Bundled { bytes, digest, .. } => host.load_known(bytes, ComponentDigest::known(digest)),
        };
        loaded.map_err(|error| Failure::Plugin { plugin: plugin.clone(), from: self.clone(), error })
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Bundled { name, .. } => write!(f, "this maps, which carries {name}"),
        }
    }
}

/// The component of a plugin's source. A path is taken from `folder`, the stack's own.
pub(crate) fn component(source: &str, folder: &Path) -> Result<Component, Failure> {
    if source.contains("://") {
        return Err(Failure::usage_help(
            format!("the plugin source {source} is remote"),
            "give a plugin's name or the path of a component",
        ));
    }
    if !is_bare(source) {
        let path = folder.join(source);
        return match path.is_file() {
            true => Ok(Component::File(path)),
            false => Err(Failure::usage(format!("there is no component at {}", path.display()))),
        };
    }
    let named = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    bare(source, named.as_deref(), BUNDLE, &beside())
}

/// Is this a plugin's name, and not a path?
pub(crate) fn is_bare(source: &str) -> bool {
    !source.is_empty() && source.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The folders of components that belong to this binary: installed, one beside it; in a build
/// tree, the one beside `target/debug`.
fn beside() -> Vec<PathBuf> {
    let executable = std::env::current_exe().ok();
    executable.iter().flat_map(|path| path.ancestors().skip(1).take(2)).map(|dir| dir.join("plugins")).collect()
}

/// A component by its bare name: from the named folder, the bundle, the folders beside the binary.
fn bare(name: &str, named: Option<&Path>, bundle: &[Bundled], beside: &[PathBuf]) -> Result<Component, Failure> {
    let in_folder = |folder: &Path| {
        let path = folder.join(format!("{name}.wasm"));
        path.is_file().then_some(Component::File(path))
    };
    let bundled = || {
        let found = bundle.iter().find(|bundled| bundled.name == name);
        found.map(|Bundled { name, bytes, digest }| Component::Bundled { name, bytes, digest })
    };
    let found =
        named.and_then(in_folder).or_else(bundled).or_else(|| beside.iter().find_map(|folder| in_folder(folder)));
    found.ok_or_else(|| {
        let carried = bundle.iter().map(|bundled| bundled.name.to_owned());
        let folders =
            named.into_iter().chain(beside.iter().map(PathBuf::as_path)).map(|folder| folder.display().to_string());
        match bundle.is_empty() {
            true => Failure::usage_help(
                format!("there is no plugin {name} in {}", listed(folders)),
                format!("build it with `cargo xtask plugins`, or set {FOLDER_VARIABLE} to the folder of {name}.wasm"),
            ),
            false => Failure::usage_help(
                format!("this maps carries no plugin {name}, and there is none in {}", listed(folders)),
                format!("it carries {}; set {FOLDER_VARIABLE} to the folder of {name}.wasm", listed(carried)),
            ),
        }
    })
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_path_starts_at_the_stack_and_a_remote_source_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("own.wasm"), "").unwrap();
        assert_eq!(component("./own.wasm", dir.path()).unwrap(), Component::File(dir.path().join("./own.wasm")));
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
    fn a_bundled_plugin_needs_no_file_and_a_named_folder_overrides_it() {
        static BUNDLE: [Bundled; 1] = [Bundled { name: "own", bytes: b"carried", digest: "" }];
        let dir = tempfile::tempdir().unwrap();
        let beside = [dir.path().to_path_buf()];
        std::fs::write(dir.path().join("own.wasm"), "beside").unwrap();
        std::fs::write(dir.path().join("other.wasm"), "beside too").unwrap();
        let bytes =
            |name, named: Option<&Path>| bare(name, named, &BUNDLE, &beside).unwrap().bytes().unwrap().into_owned();
        assert_eq!(bytes("own", None), b"carried");
        assert_eq!(bytes("own", Some(Path::new("/nowhere"))), b"carried");
        assert_eq!(bytes("own", Some(dir.path())), b"beside");
        assert_eq!(bytes("other", None), b"beside too");
        let failure = bare("none", None, &BUNDLE, &beside).unwrap_err();
        assert!(failure.to_string().contains("carries no plugin none"), "{failure}");
        assert!(failure.help().unwrap().contains("it carries own"));
    }

    #[test]
    fn names_are_told_from_paths() {
        assert!(is_bare("doks") && is_bare("a-1"));
        assert!(!is_bare("./doks") && !is_bare("doks.wasm") && !is_bare("../doks") && !is_bare(""));
    }
}
