//! A stack in a folder of its own, so that every test has its own state.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Maps;

/// A temporary folder with a `stack.yaml`.
#[derive(Debug)]
pub struct StackDir {
    dir: TempDir,
}

impl StackDir {
    /// With this text.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    #[allow(clippy::expect_used)] // Without its folder the test has nothing to say.
    pub fn with(text: &str) -> Self {
        let dir = TempDir::with_prefix("maps-test-").expect("a temporary folder can be made");
        let stack = Self { dir };
        stack.write(text);
        stack
    }

    /// A copy of `stacks/NAME`, with all that it includes, without what a run left there.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::expect_used)] // The repository has it.
    pub fn copy_of(name: &str) -> Self {
        let stack = Self::with("");
        copy_folder(&crate::root().join("stacks").join(name), stack.path()).expect("the stack is in the repository");
        stack
    }

    /// The cluster of `stacks/maps` alone, for tests of one long operation.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    pub fn cluster() -> Self {
        Self::with(include_str!("../stacks/cluster.yaml"))
    }

    /// The stack's text now.
    pub fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap_or_default()
    }

    /// Writes the stack anew.
    ///
    /// # Panics
    /// When it cannot be written.
    #[allow(clippy::expect_used)] // Without its stack the test has nothing to say.
    pub fn write(&self, text: &str) {
        std::fs::write(self.file(), text).expect("the test's own folder can be written");
    }

    /// Replaces a part of the stack that must be there.
    ///
    /// # Panics
    /// When it is not: the test would pass without what it names.
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.text();
        assert!(text.contains(from), "the stack has no {from:?}");
        self.write(&text.replacen(from, to, 1));
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `stack.yaml`.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("stack.yaml")
    }

    /// `maps` in its folder.
    pub fn maps(&self) -> Maps {
        Maps::at(self.path())
    }
}

/// Copies what is in a folder, and all below it; what `maps` keeps of its own (`.maps`) is left out.
///
/// # Errors
/// What cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".maps" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&into)?;
            copy_folder(&path, &into)?;
        } else {
            let _ = std::fs::copy(&path, &into)?;
        }
    }
    Ok(())
}
