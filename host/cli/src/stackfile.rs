//! From what the user named to a parsed stack: reads the files, and keeps their texts for diagnostics.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use maps_engine::Diagnostic;
use maps_engine::expr::{Reference, Template};
use maps_engine::stack::{Parameters, SourceError, Sources as Files, Stack};

use crate::args::{Input, Settings};
use crate::error::Failure;
use crate::layout::Layout;
use crate::render::diagnostics::Sources;

/// A stack that was read, with what diagnostics about it need.
#[derive(Debug)]
pub(crate) struct StackFile {
    /// The stack.
    pub(crate) stack: Stack,
    /// The texts it was read from.
    pub(crate) sources: Sources,
    /// What is doubtful about it.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Where values come from that the files do not hold.
pub(crate) enum Outside<'a> {
    /// The environment of the process.
    Environment,
    /// Secrets are planted, and the environment is asked for none.
    Planted(&'a dyn Fn(&str) -> String),
}

impl StackFile {
    /// Reads it, or says everything that is wrong with it.
    pub(crate) fn read(layout: &Layout, settings: &Settings, outside: &Outside<'_>) -> Result<Self, Failure> {
        let files = Folder::of(layout.folder());
        let given = settings.inputs.iter().map(|Input { name, value }| (name.clone(), value.clone())).collect();
        let file = layout.file().file_name().unwrap_or_default().to_string_lossy();
        let environment = settings.environment.as_deref();
        let variable = |name: &str| std::env::var(name).ok();
        let parsed = match outside {
            Outside::Environment => {
                let parameters = Parameters { given: &given, environment: &variable, plant: None };
                Stack::parse(&files, &file, environment, parameters)
            }
            Outside::Planted(plant) => {
                let plant = |input: &str, _: Option<&str>| plant(input);
                let parameters = Parameters { given: &given, environment: &variable, plant: Some(&plant) };
                Stack::parse(&files, &file, environment, parameters)
            }
        };
        let sources = files.sources.into_inner();
        match parsed.stack {
            Some(stack) => Ok(Self { stack, sources, warnings: parsed.diagnostics }),
            None => Err(Failure::Diagnostics { diagnostics: parsed.diagnostics, sources }),
        }
    }
}

/// For each input that feeds a credential, the hosts that the credential may be sent to.
pub(crate) fn inputs_of_credentials(stack: &Stack) -> BTreeMap<String, Vec<String>> {
    let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for credential in stack.credentials.values() {
        for reference in credential.templates().flat_map(Template::references) {
            if let Reference::Input(name) = reference {
                hosts.entry(name).or_default().extend(credential.hosts.iter().cloned());
            }
        }
    }
    hosts
}

/// A stack's folder.
struct Folder {
    root: PathBuf,
    sources: RefCell<Sources>,
}

impl Folder {
    fn of(root: &Path) -> Self {
        Self { root: root.to_path_buf(), sources: RefCell::default() }
    }

    /// The file's real path, once it is sure that no link leads out of the folder.
    fn resolved(&self, path: &str) -> Result<PathBuf, SourceError> {
        let root = self.root.canonicalize().map_err(|error| unreadable(&error))?;
        let file = self.root.join(path).canonicalize().map_err(|error| unreadable(&error))?;
        match file.starts_with(&root) {
            true => Ok(file),
            false => Err(SourceError::Refused("it lies outside of the stack's folder".to_owned())),
        }
    }
}

impl Files for Folder {
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, SourceError> {
        let resolved = self.resolved(path)?;
        let file = std::fs::File::open(resolved).map_err(|error| unreadable(&error))?;
        if !file.metadata().map_err(|error| unreadable(&error))?.is_file() {
            return Err(SourceError::Refused("it is no file".to_owned()));
        }
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() > limit {
            return Err(SourceError::TooLarge);
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            self.sources.borrow_mut().add(path, text);
        }
        Ok(bytes)
    }
}

fn unreadable(error: &std::io::Error) -> SourceError {
    match error.kind() {
        std::io::ErrorKind::NotFound => SourceError::NotFound,
        _ => SourceError::Unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn rt36_a_link_out_of_the_folder_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), dir.path().join("link")).unwrap();
        std::fs::write(dir.path().join("own"), "text").unwrap();
        std::os::unix::fs::symlink(dir.path().join("own"), dir.path().join("inside")).unwrap();
        let folder = Folder::of(dir.path());
        assert!(matches!(folder.read("link", 10), Err(SourceError::Refused(_))));
        assert!(matches!(folder.read("../secret", 10), Err(SourceError::Refused(_) | SourceError::NotFound)));
        assert_eq!(folder.read("inside", 10).unwrap(), b"text");
    }

    #[test]
    fn the_stacks_of_the_repository_read_without_a_word() {
        let settings = Settings { environment: None, inputs: Vec::new(), rehearse: None };
        for name in ["hello", "maps"] {
            let named = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks").join(name);
            let layout = Layout::find(&named).unwrap();
            let plant = |input: &str| format!("planted {input}");
            let read = StackFile::read(&layout, &settings, &Outside::Planted(&plant)).unwrap();
            assert_eq!(read.stack.name, name);
            assert!(read.warnings.is_empty(), "{:?}", read.warnings);
            let feeding = inputs_of_credentials(&read.stack);
            let token = feeding.iter().find(|(name, _)| name.contains("token")).map(|(_, hosts)| hosts.as_slice());
            assert_eq!(token, Some(&["api.digitalocean.com".to_owned()][..]), "{feeding:?}");
        }
    }

    #[test]
    fn a_long_file_a_folder_and_a_missing_one_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("long"), "x".repeat(11)).unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        let folder = Folder::of(dir.path());
        assert_eq!(folder.read("long", 10), Err(SourceError::TooLarge));
        assert_eq!(folder.read("long", 11).unwrap().len(), 11);
        assert!(matches!(folder.read("folder", 10), Err(SourceError::Refused(_))));
        assert_eq!(folder.read("none", 10), Err(SourceError::NotFound));
    }
}
