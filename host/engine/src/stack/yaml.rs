//! YAML 1.2 text into a tree in which every key and value knows where it stands.
//!
//! Built from the parser's events, so that what a file may cost is decided here: size, depth and
//! the number of nodes after aliases are expanded are capped, duplicate keys are errors, and the
//! features that make YAML surprising (merge keys, tags, several documents) are refused with help.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::Number;

use super::position::Positions;
use crate::diagnostic::{Diagnostic, Span};

/// A file larger than this is refused before it is parsed. 10,000 resources take about 2 MiB.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// Deeper than any Kubernetes manifest, and shallow enough that walking the tree needs little stack.
pub const MAX_DEPTH: usize = 64;
/// Keys and values of one file, after aliases are expanded: a bomb of nested aliases ends here.
pub const MAX_NODES: usize = 500_000;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A string, and its form in the file where that differs: offsets into it can then be told.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: Arc<str>,
    /// As written, with quotes and escapes, where it holds expressions: their spans are found in it.
    pub(crate) raw: Option<Arc<str>>,
}

/// One key of a map with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Parses one file. What can be read is answered even when something is wrong with it, so that
/// all that is wrong is told at once; nothing is answered when the text is not YAML at all.
pub(crate) fn parse(file: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let text = match decode(file, bytes) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    let mut builder = Builder {
        positions: Positions::new(file, text),
        text,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
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
            return None;
        }
    }
    builder.root
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
    root: Option<Node>,
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
                if self.documents > 1 {
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
            self.root = Some(node);
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
                format!("with its aliases the file holds more than {MAX_NODES} values"),
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

/// A plain scalar by the core schema of YAML 1.2; none if it is a string.
fn plain(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => Kind::Number(number(text)?),
    })
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // A leading zero makes version-like and phone-like strings; they stay what was written.
    let first = digits.bytes().next()?;
    if let Some(hex) = text.strip_prefix("0x") {
        return all(hex, |b| b.is_ascii_hexdigit()).then(|| u64::from_str_radix(hex, 16).ok())?.map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return all(octal, |b| (b'0'..=b'7').contains(&b))
            .then(|| u64::from_str_radix(octal, 8).ok())?
            .map(Number::from);
    }
    if digits.len() > 1 && first == b'0' && digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if all(digits, |b| b.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        // Larger than 64 bits: a string, since a float would silently lose digits.
        return unsigned.parse::<i64>().map(Number::from).or_else(|_| unsigned.parse::<u64>().map(Number::from)).ok();
    }
    let float_like = (first.is_ascii_digit() || first == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if float_like { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(test)
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

/// A piece of the file for a message: short, and without what would act on a terminal.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String =
        text.chars().take(LONGEST).map(|c| if crate::name::is_deceptive(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// The entry of a map.
pub(crate) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().find(|entry| &*entry.key == key),
        _ => None,
    }
}

/// Text as it is meant where it holds no expression: `$${` is an escape everywhere.
pub(crate) fn unescaped(text: &str) -> String {
    text.replace("$${", "${")
}

/// Does a text hold an expression?
pub(crate) fn has_expression(text: &str) -> bool {
    text.contains("${") && text.replace("$${", "").contains("${")
}

/// A value without expressions as JSON.
pub(crate) fn to_json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.kind {
        Kind::Null => Json::Null,
        Kind::Bool(truth) => Json::Bool(*truth),
        Kind::Number(number) => Json::Number(number.clone()),
        Kind::String(text) => Json::String(unescaped(&text.value)),
        Kind::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Kind::Map(entries) => Json::Object(entries.iter().map(|e| (unescaped(&e.key), to_json(&e.value))).collect()),
    }
}

/// The first text in a value that holds an expression.
pub(crate) fn first_expression(node: &Node) -> Option<&Span> {
    match &node.kind {
        Kind::String(text) if has_expression(&text.value) => Some(&node.span),
        Kind::List(items) => items.iter().find_map(first_expression),
        Kind::Map(entries) => entries.iter().find_map(|entry| first_expression(&entry.value)),
        _ => None,
    }
}

/// An error if a map is one that stands for something else where values cross as JSON.
pub(crate) fn reserved(entries: &[Entry]) -> Option<Diagnostic> {
    let [entry] = entries else { return None };
    let key = super::RESERVED_KEYS.iter().find(|key| **key == &*entry.key)?;
    Some(
        Diagnostic::error("reserved-key", format!("a map whose only key is `{key}` has a meaning of its own in maps"))
            .at(&entry.key_span)
            .help("give the key another name, or the map a second key"),
    )
}
