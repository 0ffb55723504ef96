//! Where a stack and everything that belongs to it lie on the disk.
//!
//! ```text
//! stack.yaml
//! .maps/maps/                          the state of the stack `maps`
//! .maps/maps@prod/                     its state in the environment `prod`
//! .maps/rehearsal/maps/state/          its state in rehearsals with a cloud of its own
//! .maps/rehearsal/maps/cloud/          that cloud
//! .maps/rehearsal/maps/served-1f…/     its state in rehearsals against a served cloud
//! ```
//!
//! A state describes what exists in one cloud, so a rehearsal's state is named after its cloud: by
//! the cloud's certificate authority, which it keeps for life. Two stacks may share a served cloud,
//! one stack may visit several, and the same command after a crash finds the same state.

use std::path::{Path, PathBuf};

use maps_engine::stack::Stack;
use sha2::{Digest as _, Sha256};

use crate::error::Failure;

/// A stack's place.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    file: PathBuf,
    folder: PathBuf,
}

impl Layout {
    /// From what the user named: a stack file, or a folder with a `stack.yaml`.
    pub(crate) fn find(named: &Path) -> Result<Self, Failure> {
        let file = if named.is_dir() { named.join("stack.yaml") } else { named.to_path_buf() };
        if !file.is_file() {
            return Err(Failure::usage_help(
                format!("there is no stack at {}", file.display()),
                "name a stack file or its folder: maps run stacks/hello",
            ));
        }
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        refuse_links(&folder.join(".maps"))?;
        Ok(Self { file, folder })
    }

    /// The stack file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The folder that it lies in; relative paths in the stack start here.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The state of real runs.
    pub(crate) fn state(&self, stack: &Named<'_>) -> PathBuf {
        self.folder.join(".maps").join(stack.folder())
    }

    /// The cloud that a rehearsal has for itself.
    pub(crate) fn own_cloud(&self, stack: &Named<'_>) -> PathBuf {
        self.rehearsal(stack).join("cloud")
    }

    /// The state of rehearsals with a cloud of their own.
    pub(crate) fn own_cloud_state(&self, stack: &Named<'_>) -> PathBuf {
        self.rehearsal(stack).join("state")
    }

    /// The state of rehearsals against a served cloud.
    pub(crate) fn served_cloud_state(&self, stack: &Named<'_>, authority: &[u8]) -> PathBuf {
        let digest = Sha256::digest(authority);
        let name: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        self.rehearsal(stack).join(format!("served-{name}"))
    }

    fn rehearsal(&self, stack: &Named<'_>) -> PathBuf {
        self.folder.join(".maps").join("rehearsal").join(stack.folder())
    }
}

/// Refuses a link at a path or anywhere below it. maps makes none there; a folder that came from
/// somebody else, a cloned repository, could bring one that has a file of the user's overwritten.
fn refuse_links(path: &Path) -> Result<(), Failure> {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::file(path)(error)),
    };
    if found.is_symlink() {
        return Err(Failure::usage_help(
            format!("{} is a link, and maps keeps nothing where a link leads", path.display()),
            "look where it leads, and who put it there; then remove it",
        ));
    }
    if found.is_dir() {
        for entry in std::fs::read_dir(path).map_err(Failure::file(path))? {
            refuse_links(&entry.map_err(Failure::file(path))?.path())?;
        }
    }
    Ok(())
}

/// A stack in an environment: each has its own state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// The environment's, if one was chosen.
    pub(crate) environment: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Of a stack that was read.
    pub(crate) fn of(stack: &'a Stack) -> Self {
        Self { stack: &stack.name, environment: stack.environment.as_deref() }
    }

    /// The name of both: `maps@prod`.
    pub(crate) fn folder(&self) -> String {
        match self.environment {
            // No name holds an `@`, so none can be taken for another.
            Some(environment) => format!("{}@{environment}", self.stack),
            None => self.stack.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_folder_stands_for_its_stack_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stack.yaml"), "").unwrap();
        let by_folder = Layout::find(dir.path()).unwrap();
        let by_file = Layout::find(&dir.path().join("stack.yaml")).unwrap();
        assert_eq!(by_folder.file(), by_file.file());
        assert_eq!(by_folder.folder(), dir.path());
        assert!(Layout::find(&dir.path().join("none.yaml")).is_err());
    }

    #[test]
    fn rt36_a_link_among_the_state_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stack.yaml"), "").unwrap();
        let state = dir.path().join(".maps/rehearsal/maps/cloud");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(state.join("cloud.json"), "").unwrap();
        assert!(Layout::find(dir.path()).is_ok());
        std::os::unix::fs::symlink(dir.path().join("stack.yaml"), state.join("cloud.json.new")).unwrap();
        assert!(Layout::find(dir.path()).unwrap_err().to_string().contains("is a link"));
    }

    #[test]
    fn every_cloud_and_environment_has_a_state_of_its_own() {
        let layout = Layout { file: "stack.yaml".into(), folder: ".".into() };
        let named = |stack, environment| Named { stack, environment };
        let maps = named("maps", None);
        let one = layout.served_cloud_state(&maps, b"one");
        assert_eq!(one, layout.served_cloud_state(&maps, b"one"));
        assert_ne!(one, layout.served_cloud_state(&maps, b"two"));
        assert_ne!(one, layout.served_cloud_state(&named("hello", None), b"one"));
        assert_ne!(layout.own_cloud_state(&maps), layout.state(&maps));
        assert_eq!(layout.state(&maps), Path::new("./.maps/maps"));
        assert_eq!(layout.state(&named("maps", Some("prod"))), Path::new("./.maps/maps@prod"));
    }
}
