//! From the YAML parser's marks, which count characters, to spans, which count bytes.

use std::sync::Arc;

use saphyr_parser::Marker;

use crate::diagnostic::Span;

/// Where things stand in one text.
pub(crate) struct Positions<'t> {
    file: Arc<str>,
    text: &'t str,
    /// The byte offset of each character; none where every character is one byte.
    bytes: Option<Vec<u32>>,
}

impl<'t> Positions<'t> {
    /// Prepares to find places in `text`.
    pub(crate) fn new(file: &str, text: &'t str) -> Self {
        // Offsets fit, since files are capped far below 4 GiB.
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset as u32).collect());
        Self { file: file.into(), text, bytes }
    }

    /// The span between two marks.
    pub(crate) fn of(&self, marks: &saphyr_parser::Span) -> Span {
        let start = self.byte(marks.start.index());
        Span {
            file: self.file.clone(),
            start,
            end: self.byte(marks.end.index()).max(start),
            line: marks.start.line(),
            column: marks.start.col() + 1,
        }
    }

    /// The place of one mark.
    pub(crate) fn mark(&self, mark: &Marker) -> Span {
        self.of(&saphyr_parser::Span { start: *mark, end: *mark })
    }

    /// The span between two byte offsets. Walks the text: for the rare case.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let before = self.text.get(..start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Span {
            file: self.file.clone(),
            start,
            end,
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            None => character.min(self.text.len()),
            Some(bytes) => bytes.get(character).map_or(self.text.len(), |offset| *offset as usize),
        }
    }
}
