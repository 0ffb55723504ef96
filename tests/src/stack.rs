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

    /// A copy of `stacks/NAME/stack.yaml`, and of the files that it includes.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::expect_used)] // The repository has it.
    pub fn copy_of(name: &str) -> Self {
        let folder = crate::root().join("stacks").join(name);
        let stack = Self::with("");
        for entry in std::fs::read_dir(folder).expect("the stack is in the repository").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let _ = std::fs::copy(&path, stack.path().join(entry.file_name())).expect("its file can be copied");
            }
        }
        stack
    }

    /// `stacks/maps` without what it includes: the cluster alone, for tests of one long operation.
    ///
    /// # Panics
    /// When it includes nothing, and the test would be about more than it says.
    pub fn cluster() -> Self {
        let stack = Self::copy_of("maps");
        stack.edit("include: [aws.yaml]\n", "");
        stack
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
