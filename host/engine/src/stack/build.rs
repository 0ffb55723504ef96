//! YAML 1.2 text into a tree, from the parser's events, so that what a file may cost is decided
//! here: size, depth and the number of nodes after aliases are expanded are capped, duplicate keys
//! are errors, and the features that make YAML surprising (merge keys, tags, several documents)
//! are refused with help.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::position::Positions;
use super::scalar::plain;
use super::yaml::{Entry, Kind, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, Node, Text, has_expression, shown};
use crate::diagnostic::{Diagnostic, Span};

/// Parses one file. What can be read is answered even when something is wrong with it, so that
/// all that is wrong is told at once; nothing is answered when the text is not YAML at all.
pub(crate) fn parse(file: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    parse_counted(file, bytes, &mut 0, diagnostics)
}

/// As [`parse`], for one of several files whose values are counted together.
pub(crate) fn parse_counted(
    file: &str,
    bytes: &[u8],
    counted: &mut usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    parse_as(Extent::One, file, bytes, counted, diagnostics).pop()
}

/// As [`parse_counted`], for a file that may hold any number of documents.
pub(crate) fn parse_documents(
    file: &str,
    bytes: &[u8],
    counted: &mut usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Node> {
    parse_as(Extent::Any, file, bytes, counted, diagnostics)
}

/// How many documents a file may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    One,
    Any,
}

fn parse_as(
    extent: Extent,
    file: &str,
    bytes: &[u8],
    counted: &mut usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Node> {
    let text = match decode(file, bytes) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return Vec::new();
        }
    };
    let mut builder = Builder {
        positions: Positions::new(file, text),
        text,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: *counted,
        roots: Vec::new(),
        extent,
        documents: 0,
        diagnostics,
    };
    let mut events = Parser::new_from_str(text);
    while let Some(event) = events.next_event() {
        let step = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => Err(builder.scan_error(&error)),
        };
        if let Err(fatal) = step {
            builder.diagnostics.push(*fatal);
            return Vec::new();
        }
    }
    *counted = builder.nodes;
    builder.roots
}

/// Bytes to text: refuses what no stack file needs and no editor shows.
fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    let at = |line: usize, offset: usize| Span { file: file.into(), start: offset, end: offset, line, column: 1 };
    if bytes.len() > MAX_FILE_BYTES {
        let mebibytes = MAX_FILE_BYTES >> 20;
        return Err(Box::new(
            Diagnostic::error("file-too-large", format!("the file is larger than {mebibytes} MiB"))
                .at(&at(1, 0))
                .help("split it with `include`, or generate fewer resources with `each`"),
        ));
    }
    let line_of = |offset: usize| 1 + bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let help = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            "it looks like UTF-16: save it as UTF-8"
        } else {
            "save it as UTF-8"
        };
        Box::new(Diagnostic::error("not-utf8", "the file is not UTF-8").at(&at(line_of(offset), offset)).help(help))
    })?;
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    if let Some((offset, c)) = text.char_indices().find(|(_, c)| forbidden(*c)) {
        return Err(Box::new(
            Diagnostic::error("control-character", format!("the file holds the control character U+{:04X}", c as u32))
                .at(&Positions::new(file, text).span(offset, offset + c.len_utf8()))
                .help("remove it; in a double-quoted string it can be written as an escape, `\\x1B`"),
        ));
    }
    Ok(text)
}

/// A list or map whose end has not come yet.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<Arc<str>, usize>, key: Option<PendingKey> },
}

/// A key whose value has not come yet; none inside is one that was wrong, its value is dropped.
struct PendingKey(Option<(Arc<str>, Span)>);

struct Builder<'t, 'd> {
    positions: Positions<'t>,
    text: &'t str,
    open: Vec<Open>,
    /// What an anchor stands for, and how many nodes that is.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    /// One for each document that holds anything.
    roots: Vec<Node>,
    extent: Extent,
    documents: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

type Step = Result<(), Box<Diagnostic>>;

impl Builder<'_, '_> {
    fn event(&mut self, event: Event<'_>, marks: &saphyr_parser::Span) -> Step {
        let span = self.positions.of(marks);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 && self.extent == Extent::One {
                    return Err(Box::new(
                        Diagnostic::error("several-documents", "a file holds one YAML document")
                            .at(&span)
                            .help("remove `---`, or put the second document into a file of its own and `include` it"),
                    ));
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, &span),
            Event::Scalar(value, style, anchor, tag) => {
                self.count(1, &span)?;
                let kind = self.scalar(&value, style, tag.as_deref(), &span);
                self.value(Node { span, kind }, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", &span);
                self.open(span, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", &span);
                self.open(span, anchor, Content::Map { entries: Vec::new(), seen: HashMap::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, content: Content) -> Step {
        self.count(1, &span)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(
                Diagnostic::error("too-deep", format!("lists and maps are nested more than {MAX_DEPTH} deep"))
                    .at(&span),
            ));
        }
        self.open.push(Open { span, anchor, content });
        Ok(())
    }

    fn close(&mut self, end: &Span) -> Step {
        // The parser pairs every end with a start.
        let Some(Open { mut span, anchor, content }) = self.open.pop() else { return Ok(()) };
        // A whole block is too much to point at: its first line says where it is.
        let first = self.text.get(span.start..end.end).and_then(|held| held.lines().next());
        span.end = first.map_or(span.end, |line| span.start + line.trim_end().len());
        let kind = match content {
            Content::List(items) => Kind::List(items),
            Content::Map { entries, .. } => Kind::Map(entries),
        };
        let node = Node { span, kind };
        let size = if anchor == 0 { 0 } else { size(&node) };
        self.value(node, anchor, size)
    }

    /// A complete value: the next item, key or value of what is open.
    fn value(&mut self, node: Node, anchor: usize, size: usize) -> Step {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, seen, key } => match key.take() {
                Some(PendingKey(Some((name, key_span)))) => {
                    seen.insert(name.clone(), entries.len());
                    entries.push(Entry { key: name, key_span, value: node });
                }
                Some(PendingKey(None)) => {}
                None => {
                    let checked = check_key(&node).and_then(|name| match seen.get(&name) {
                        None => Ok(name),
                        Some(index) => Err(Box::new(
                            Diagnostic::error("duplicate-key", format!("the key `{}` is given twice", shown(&name)))
                                .at(&node.span)
                                .related(&entries[*index].key_span, "first given here"),
                        )),
                    });
                    *key = Some(PendingKey(match checked {
                        Ok(name) => Some((name, node.span)),
                        Err(diagnostic) => {
                            self.diagnostics.push(*diagnostic);
                            None
                        }
                    }));
                }
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Step {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Box::new(
                Diagnostic::error("alias-in-itself", "an alias stands within what it stands for").at(span),
            ));
        };
        let size = *size;
        // Counted before it is copied: the copy is what a bomb is after.
        let depth = self.open.len() + depth(node);
        if depth > MAX_DEPTH {
            return Err(Box::new(
                Diagnostic::error(
                    "too-deep",
                    format!("with its aliases the file is nested more than {MAX_DEPTH} deep"),
                )
                .at(span),
            ));
        }
        self.nodes = self.nodes.saturating_add(size);
        self.check_count(span)?;
        let node = self.anchors[&anchor].0.clone();
        self.value(node, 0, 0)
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Step {
        self.nodes += nodes;
        self.check_count(span)
    }

    fn check_count(&self, span: &Span) -> Step {
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Box::new(
            Diagnostic::error(
                "too-many-values",
                format!("with its aliases the stack holds more than {MAX_NODES} values"),
            )
            .at(span),
        ))
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Kind {
        let string = || {
            let raw = value.contains("${").then(|| self.text.get(span.start..span.end).unwrap_or_default().into());
            Kind::String(Text { value: value.into(), raw })
        };
        let core = |name: &str| Tag { handle: "tag:yaml.org,2002:".to_owned(), suffix: name.to_owned() };
        match tag {
            None if style == ScalarStyle::Plain => {
                let kind = plain(value).unwrap_or_else(string);
                // A key is a string to everybody.
                let is_key = matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }));
                if !is_key {
                    self.warn_of_yaml_1_1(value, span);
                }
                kind
            }
            None => string(),
            // The non-specific tag `!` and `!!str` both say: it is a string.
            Some(tag) if (tag.handle.is_empty() && tag.suffix == "!") || *tag == core("str") => string(),
            Some(tag) if ["int", "float", "bool", "null"].iter().any(|name| *tag == core(name)) => {
                match (plain(value), tag.suffix.as_str()) {
                    (Some(kind @ Kind::Bool(_)), "bool") | (Some(kind @ Kind::Null), "null") => kind,
                    (Some(Kind::Number(n)), "int") if !n.is_f64() => Kind::Number(n),
                    (Some(Kind::Number(n)), "float") => Kind::Number(n),
                    _ => {
                        // Told, and then left out.
                        let message = format!("`{}` is not what its tag `!!{}` says", shown(value), tag.suffix);
                        self.diagnostics.push(Diagnostic::error("bad-tag", message).at(span));
                        Kind::Null
                    }
                }
            }
            Some(tag) => {
                self.refuse_tag(tag, span);
                string()
            }
        }
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, span: &Span) {
        match tag {
            None => {}
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => {}
            Some(tag) => self.refuse_tag(tag, span),
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, span: &Span) {
        self.diagnostics.push(
            Diagnostic::error("unknown-tag", format!("the tag `{}` is not supported", shown(&tag.to_string())))
                .at(span)
                .help("remove it; values computed from others are written as `${…}`"),
        );
    }

    /// What YAML 1.1 took for a boolean or an octal number and 1.2 does not: probably not meant.
    fn warn_of_yaml_1_1(&mut self, value: &str, span: &Span) {
        let lower = value.to_ascii_lowercase();
        if value.len() <= 3 && matches!(lower.as_str(), "yes" | "no" | "on" | "off") {
            let meant = if matches!(lower.as_str(), "yes" | "on") { "true" } else { "false" };
            self.diagnostics.push(
                Diagnostic::warning("yaml-1.1-boolean", format!("`{value}` is a string in YAML 1.2"))
                    .at(span)
                    .help(format!("write `{meant}` for a truth value, or \"{value}\" for the string")),
            );
        } else if value.len() > 1 && value.starts_with('0') && value.bytes().all(|b| b.is_ascii_digit()) {
            self.diagnostics.push(
                Diagnostic::warning("leading-zero", format!("`{value}` is read as the string \"{value}\""))
                    .at(span)
                    .help(format!("write \"{value}\" for the string, or 0o… for an octal number")),
            );
        }
    }

    fn scan_error(&self, error: &saphyr_parser::ScanError) -> Box<Diagnostic> {
        let span = self.positions.mark(error.marker());
        let line = self.text.lines().nth(span.line.saturating_sub(1)).unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        let help = if indent.contains('\t') || error.info().contains("tab") {
            Some("YAML is indented with spaces, never with tabs".to_owned())
        } else if line.contains(": {{") || line.contains(": %") || line.contains(": @") || line.contains(": `") {
            Some("put the value in quotes".to_owned())
        } else if [": ${", "[${", ", ${"].iter().any(|bare| line.contains(bare)) {
            Some("put an expression in quotes: \"${…}\"".to_owned())
        } else {
            None
        };
        Box::new(
            Diagnostic::error("bad-yaml", format!("this is not YAML: {}", error.info())).at(&span).maybe_help(help),
        )
    }
}

/// A key must be a string that can be shown; the merge key and expressions are refused.
fn check_key(node: &Node) -> Result<Arc<str>, Box<Diagnostic>> {
    let text = match &node.kind {
        Kind::String(text) => &text.value,
        // `8080: …` and `true: …` are strings to whoever wrote them; say so rather than guess.
        other => {
            return Err(Box::new(
                Diagnostic::error("key-not-string", format!("a key is a string, and this is {}", other.describe()))
                    .at(&node.span)
                    .help("put the key in quotes"),
            ));
        }
    };
    if &**text == "<<" {
        return Err(Box::new(
            Diagnostic::error("merge-key", "the merge key `<<` is not part of YAML 1.2")
                .at(&node.span)
                .help("write the keys out, or use `each` for resources that differ in little"),
        ));
    }
    if has_expression(text) {
        return Err(Box::new(
            Diagnostic::error("expression-in-key", "a key cannot hold an expression")
                .at(&node.span)
                .help("make the whole map one expression: `${{\"key\": value}}`"),
        ));
    }
    Ok(text.clone())
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
        _ => 0,
    }
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}
