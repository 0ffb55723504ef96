//! A document whose code blocks are followed: commands are run, code is held against files.

use std::path::{Path, PathBuf};

/// One code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `sh`, `rust`, `yaml`.
    pub language: String,
    /// The file that it is of, if it names one.
    pub file: Option<PathBuf>,
    /// What stands in it.
    pub text: String,
}

/// The code blocks of a document, in order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let (language, file) = info.split_once(' ').map_or((info, None), |(language, file)| (language, Some(file)));
        let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        blocks.push(Block { language: language.to_owned(), file: file.map(PathBuf::from), text });
    }
    blocks
}

impl Block {
    /// Holds the block against the file that it is of, in one of `folders`. A file that is in none
    /// of them is written into the first: the document tells to make it.
    ///
    /// # Panics
    /// When the file says something else, or cannot be written.
    pub fn hold(&self, folders: &[&Path]) {
        let file = self.file.as_ref().unwrap_or_else(|| panic!("a block of {} names no file", self.language));
        match folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(file)).ok()) {
            Some(there) => assert!(there.contains(&self.text), "{} does not have\n{}", file.display(), self.text),
            None => {
                let path = folders.first().unwrap_or_else(|| panic!("no folder")).join(file);
                let written = std::fs::create_dir_all(path.parent().unwrap_or(&path))
                    .and_then(|()| std::fs::write(&path, &self.text));
                written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
        }
    }
}
