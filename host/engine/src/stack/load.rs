//! The files of a stack: the one named, what it includes, and the overlay of an environment.

use super::embed::embed;
use super::read::Reader;
use super::yaml::{self, Entry, Kind, Node};
use crate::diagnostic::{Diagnostic, Span};
use crate::name;

/// Files that a stack may include.
pub const MAX_INCLUDES: usize = 64;

/// Where the texts come from: a folder, or a map in tests. Paths are relative to the stack's
/// folder, use `/`, and never lead out of it; a folder's implementation follows no symlink out.
pub trait Sources {
    /// The bytes of a file. Reads no more than `limit` bytes: a longer file is [`SourceError::TooLarge`].
    ///
    /// # Errors
    /// Why there are none.
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, SourceError>;
}

/// Files in memory, by path.
impl Sources for std::collections::BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, SourceError> {
        let bytes = self.get(path).ok_or(SourceError::NotFound)?;
        if bytes.len() > limit { Err(SourceError::TooLarge) } else { Ok(bytes.clone()) }
    }
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is not there.
    #[error("there is no such file")]
    NotFound,
    /// It is longer than the limit.
    #[error("the file is too large")]
    TooLarge,
    /// It leads out of the stack's folder, or is no file.
    #[error("{0}")]
    Refused(String),
    /// Anything else, in the system's words.
    #[error("{0}")]
    Unreadable(String),
}

/// The keys of a stack that stand in its own file only.
const ONLY_MAIN: &[&str] = &["maps", "stack", "include", "state", "secrets"];
/// The keys that included files may have as well.
const SHARED: &[&str] = &["inputs", "credentials", "plugins", "resources", "outputs", "checks", "moved", "removed"];

/// Reads and merges all files. None if the stack's own file could not be read.
pub(super) fn load(
    sources: &dyn Sources,
    file: &str,
    environment: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let mut files = Files { sources, bytes: 0, nodes: 0 };
    let mut root = files.read(file, None, diagnostics)?;
    top_level(&root, "a stack", true, diagnostics)?;
    for (path, span) in includes(&root, file, diagnostics) {
        let Some(part) = files.read(&path, Some(&span), diagnostics) else { continue };
        if top_level(&part, "an included file", false, diagnostics).is_some() {
            include(&mut root, part, diagnostics);
        }
    }
    if let Some(environment) = environment {
        overlay_file(&mut files, file, environment, &mut root, diagnostics);
    }
    embed(&mut root, &mut files, diagnostics);
    Some(root)
}

/// The files read so far: what they may cost, they may cost together.
pub(super) struct Files<'a> {
    sources: &'a dyn Sources,
    bytes: usize,
    nodes: usize,
}

impl Files<'_> {
    /// A file's bytes, counted; none where that has been told.
    pub(super) fn bytes(
        &mut self,
        path: &str,
        asked_at: Option<&Span>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Vec<u8>> {
        match self.sources.read(path, yaml::MAX_FILE_BYTES - self.bytes) {
            Ok(bytes) => {
                self.bytes = (self.bytes + bytes.len()).min(yaml::MAX_FILE_BYTES);
                Some(bytes)
            }
            Err(error) => {
                let code = if error == SourceError::TooLarge { "file-too-large" } else { "unreadable-file" };
                let message = format!("`{}` cannot be read: {error}", yaml::shown(path));
                let diagnostic = Diagnostic::error(code, message);
                diagnostics.push(match asked_at {
                    Some(span) => diagnostic.at(span),
                    None => diagnostic,
                });
                None
            }
        }
    }

    /// The documents of a file that hold anything.
    pub(super) fn documents(&mut self, path: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Vec<Node> {
        let documents = yaml::parse_documents(path, bytes, &mut self.nodes, diagnostics);
        documents.into_iter().filter(|document| !matches!(document.kind, Kind::Null)).collect()
    }

    fn read(&mut self, path: &str, asked_at: Option<&Span>, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
        let bytes = self.bytes(path, asked_at, diagnostics)?;
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let root = yaml::parse_counted(path, &bytes, &mut self.nodes, diagnostics);
        if root.is_none() && errors == diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count() {
            let start = Span { file: path.into(), start: 0, end: 0, line: 1, column: 1 };
            diagnostics.push(
                Diagnostic::error("empty-file", "the file is empty")
                    .at(&start)
                    .help("begin with `maps: v1` and `stack: NAME`"),
            );
        }
        root
    }
}

/// Is it a map with known keys?
fn top_level(root: &Node, what: &str, main: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<()> {
    let mut reader = Reader { diagnostics };
    let entries = reader.map(root, what)?;
    for entry in entries {
        let key = &*entry.key;
        if SHARED.contains(&key) || (main && ONLY_MAIN.contains(&key)) {
            continue;
        }
        if ONLY_MAIN.contains(&key) {
            reader.push(
                Diagnostic::error("not-in-include", format!("`{key}` stands in the stack's own file, not in {what}"))
                    .at(&entry.key_span),
            );
            continue;
        }
        let known = SHARED.iter().chain(if main { ONLY_MAIN } else { &[] }).copied();
        reader.unknown_key(entry, what, known);
    }
    Some(())
}

fn includes(root: &Node, file: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<(String, Span)> {
    let Some(node) = yaml::get(root, "include") else { return Vec::new() };
    let mut reader = Reader { diagnostics };
    let mut paths: Vec<(String, Span)> = Vec::new();
    for item in reader.list(&node.value, "`include`").unwrap_or_default() {
        let Some(text) = reader.text(item, "a path") else { continue };
        match relative_path(&text) {
            Ok(path) if path == file || paths.iter().any(|(known, _)| *known == path) => {
                reader.push(
                    Diagnostic::error("included-twice", format!("`{}` is read already", yaml::shown(&path)))
                        .at(&item.span),
                );
            }
            Ok(path) if paths.len() < MAX_INCLUDES => paths.push((path, item.span.clone())),
            Ok(_) => {
                reader.push(
                    Diagnostic::error("too-many-includes", format!("more than {MAX_INCLUDES} files are included"))
                        .at(&item.span),
                );
                break;
            }
            Err(why) => reader.push(
                Diagnostic::error("path-outside", format!("`{}` cannot be included: {why}", yaml::shown(&text)))
                    .at(&item.span)
                    .help("name a file beside the stack file or below it"),
            ),
        }
    }
    paths
}

/// A path within the stack's folder, in its shortest form; or why it is none.
pub(super) fn relative_path(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("the path is empty");
    }
    if text.starts_with(['/', '~']) || text.contains('\\') || text.get(1..2) == Some(":") {
        return Err("the path is not relative");
    }
    if text.chars().any(name::is_deceptive) {
        return Err("the path holds a control character");
    }
    if text.ends_with('/') {
        return Err("the path names a folder");
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "." => {}
            ".." => return Err("the path leads out of the stack's folder"),
            "" => return Err("the path has an empty part"),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err("the path names a folder") } else { Ok(parts.join("/")) }
}

/// Adds the sections of an included file. What both define is an error, not a silent override.
fn include(root: &mut Node, part: Node, diagnostics: &mut Vec<Diagnostic>) {
    let (Kind::Map(sections), Kind::Map(added)) = (&mut root.kind, part.kind) else { return };
    for entry in added {
        if !SHARED.contains(&&*entry.key) {
            continue;
        }
        let Some(section) = sections.iter_mut().find(|known| known.key == entry.key) else {
            sections.push(entry);
            continue;
        };
        match (&mut section.value.kind, entry.value.kind) {
            (Kind::Map(known), Kind::Map(more)) => extend(known, more, &entry.key, diagnostics),
            (Kind::List(known), Kind::List(more)) => known.extend(more),
            (Kind::Null, kind) => section.value = Node { span: entry.value.span, kind },
            (_, Kind::Null) => {}
            (known, other) => diagnostics.push(
                Diagnostic::error(
                    "wrong-type",
                    format!("`{}` is {} here and {} in the stack", entry.key, other.describe(), known.describe()),
                )
                .at(&entry.value.span)
                .related(&section.value.span, "the stack's"),
            ),
        }
    }
}

fn extend(known: &mut Vec<Entry>, more: Vec<Entry>, section: &str, diagnostics: &mut Vec<Diagnostic>) {
    let index: std::collections::HashMap<_, _> =
        known.iter().map(|entry| (entry.key.clone(), entry.key_span.clone())).collect();
    for entry in more {
        match index.get(&entry.key) {
            None => known.push(entry),
            Some(first) => diagnostics.push(
                Diagnostic::error(
                    "duplicate-key",
                    format!("`{}` is defined twice in `{section}`", yaml::shown(&entry.key)),
                )
                .at(&entry.key_span)
                .related(first, "first defined here"),
            ),
        }
    }
}

fn overlay_file(
    files: &mut Files<'_>,
    file: &str,
    environment: &str,
    root: &mut Node,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(fault) = name::name_fault(environment) {
        diagnostics.push(Diagnostic::error(
            "bad-name",
            format!("`{}` is no name of an environment: {fault}", yaml::shown(environment)),
        ));
        return;
    }
    let path = match file.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{environment}.{extension}"),
        None => format!("{file}.{environment}"),
    };
    let Some(part) = files.read(&path, None, diagnostics) else {
        if let Some(missing) = diagnostics.last_mut().filter(|diagnostic| diagnostic.code == "unreadable-file") {
            missing.help = Some(format!("what is different in the environment `{environment}` stands there"));
        }
        return;
    };
    if top_level(&part, "an overlay", true, diagnostics).is_none() {
        return;
    }
    for key in ["maps", "stack", "include"] {
        if let Some(entry) = yaml::get(&part, key) {
            diagnostics.push(
                Diagnostic::error("not-in-overlay", format!("an overlay cannot change `{key}`"))
                    .at(&entry.key_span)
                    .help("the state of each environment is kept apart by the environment's name"),
            );
        }
    }
    overlay(root, part);
}

/// Deep merge: maps key by key, anything else is replaced.
fn overlay(base: &mut Node, over: Node) {
    match (&mut base.kind, over.kind) {
        (Kind::Map(known), Kind::Map(changes)) => {
            let index: std::collections::HashMap<_, _> =
                known.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
            for change in changes {
                match index.get(&change.key) {
                    Some(at) => overlay(&mut known[*at].value, change.value),
                    None => known.push(change),
                }
            }
        }
        (_, kind) => *base = Node { span: over.span, kind },
    }
}
