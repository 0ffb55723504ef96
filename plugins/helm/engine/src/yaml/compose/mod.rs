//! The parser: from tokens to a value in one go, with anchors, merges and what go-yaml refuses.

mod meaning;

use std::collections::HashMap;

use crate::memory;
use crate::value::{Map, Value};

use super::DEPTH;
use super::reader::read;
use super::scanner::Scanner;
use super::token::{Kind, Problem, Text};

type Result<T> = std::result::Result<T, Problem>;

/// What numbers become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// A float64, as JSON has no other.
    Floats,
    /// What YAML takes them for: int64, uint64 or float64.
    Kept,
}

/// A node that has been read.
struct Node {
    value: Value,
    shape: Shape,
}

/// What a node is to the mapping around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Scalar,
    /// `<<` as a key.
    Merge,
    Mapping,
    Sequence,
}

/// What an anchor stands for.
struct Anchor {
    value: Value,
    shape: Shape,
    /// How many steps decoding it takes; `None` while it is being read, when it can only contain itself.
    steps: Option<usize>,
}

/// Go-yaml composes a whole document before it decodes it, so that what is no YAML is told before what has no
/// meaning: `problem` keeps the first of the latter, and `conversion` the first thing that JSON cannot have.
pub(super) struct Composer<'a> {
    scanner: Scanner<'a>,
    numbers: Numbers,
    tags: Vec<(Vec<u8>, Vec<u8>)>,
    anchors: HashMap<Vec<u8>, Anchor>,
    steps: usize,
    aliased: usize,
    problem: Option<Problem>,
    conversion: Option<String>,
    special: bool,
    depth: usize,
}

/// What a document says, and what keeps it from being JSON.
pub(super) struct Composed {
    pub(super) value: Value,
    /// Why JSON cannot have it: a key that is no text and no number.
    pub(super) conversion: Option<String>,
    /// Some number is infinite or none.
    pub(super) special: bool,
}

/// Reads the first document.
pub(super) fn compose(input: &[u8], numbers: Numbers) -> Result<Composed> {
    let source = read(input);
    let bytes = &source.bytes;
    let mut composer = Composer {
        scanner: Scanner::new(bytes),
        numbers,
        tags: Vec::new(),
        anchors: HashMap::new(),
        steps: 1,
        aliased: 0,
        problem: None,
        conversion: None,
        special: false,
        depth: 0,
    };
    let read = composer.document();
    // The scanner looks up to four characters ahead.
    if let Some(problem) = source.problem
        && composer.scanner.position + 4 >= bytes.len()
    {
        return Err(problem);
    }
    let value = composer.place(read?);
    match composer.problem {
        Some(problem) => Err(problem),
        None => Ok(Composed { value, conversion: composer.conversion, special: composer.special }),
    }
}

impl<'a> Composer<'a> {
    fn document(&mut self) -> Result<Value> {
        let implicit = match self.scanner.peek()?.kind {
            Kind::StreamEnd => return Ok(Value::Nil),
            Kind::VersionDirective { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => false,
            _ => true,
        };
        self.directives()?;
        let value = if implicit {
            self.node(true, false)?.value
        } else {
            let token = self.scanner.next()?;
            if token.kind != Kind::DocumentStart {
                return Err(Problem::parser("did not find expected <document start>", token.line));
            }
            match self.scanner.peek()?.kind {
                Kind::VersionDirective { .. }
                | Kind::TagDirective { .. }
                | Kind::DocumentStart
                | Kind::DocumentEnd
                | Kind::StreamEnd => self.empty().value,
                _ => self.node(true, false)?.value,
            }
        };
        self.scanner.peek()?;
        Ok(value)
    }

    fn directives(&mut self) -> Result<()> {
        let mut version = false;
        loop {
            let line = self.scanner.peek()?.line;
            match self.scanner.peek()?.kind.clone() {
                Kind::VersionDirective { major, minor } => {
                    if version {
                        return Err(Problem::parser("found duplicate %YAML directive", line));
                    }
                    if (major, minor) != (1, 1) {
                        return Err(Problem::parser("found incompatible YAML document", line));
                    }
                    version = true;
                }
                Kind::TagDirective { handle, prefix } => {
                    if self.tags.iter().any(|(known, _)| *known == *handle) {
                        return Err(Problem::parser("found duplicate %TAG directive", line));
                    }
                    self.tags.push((handle.into_owned(), prefix.into_owned()));
                }
                _ => break,
            }
            self.scanner.next()?;
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            if !self.tags.iter().any(|(known, _)| known == handle.as_bytes()) {
                self.tags.push((handle.into(), prefix.into()));
            }
        }
        Ok(())
    }

    /// A node: in a block, or within `[]` and `{}`; `indentless` where a mapping's dashes stand in its column.
    fn node(&mut self, block: bool, indentless: bool) -> Result<Node> {
        if matches!(self.scanner.peek()?.kind, Kind::Alias(_))
            && let Kind::Alias(name) = self.scanner.next()?.kind
        {
            return self.alias(&name);
        }
        let mut anchor: Option<Text<'a>> = None;
        let mut tag = None;
        loop {
            match &self.scanner.peek()?.kind {
                Kind::Anchor(_) if anchor.is_none() => {
                    if let Kind::Anchor(name) = self.scanner.next()?.kind {
                        anchor = Some(name);
                    }
                }
                Kind::Tag { .. } if tag.is_none() => {
                    let token = self.scanner.next()?;
                    if let Kind::Tag { handle, suffix } = token.kind {
                        tag = Some((handle, suffix, token.line));
                    }
                }
                _ => break,
            }
        }
        let tag = match tag {
            None => Vec::new(),
            Some((handle, suffix, _)) if handle.is_empty() => suffix.into_owned(),
            Some((handle, suffix, line)) => {
                let prefix = self.tags.iter().find(|(known, _)| *known == *handle).map(|(_, prefix)| prefix);
                let full = prefix.map(|prefix| [prefix, &*suffix].concat()).unwrap_or_default();
                if full.is_empty() {
                    return Err(Problem::parser("found undefined tag handle", line));
                }
                full
            }
        };
        let before = self.steps;
        self.step();
        if let Some(name) = &anchor {
            let open = Anchor { value: Value::Nil, shape: Shape::Scalar, steps: None };
            self.anchors.insert(name.to_vec(), open);
        }
        let node = self.content(block, indentless, &tag, anchor.is_some())?;
        if let Some(name) = anchor {
            let steps = self.steps - before;
            // An anchor of this name further in has replaced it.
            if let Some(anchor) = self.anchors.get_mut(&*name).filter(|anchor| anchor.steps.is_none()) {
                *anchor = Anchor { value: node.value.clone(), shape: node.shape, steps: Some(steps) };
            }
        }
        Ok(node)
    }

    fn content(&mut self, block: bool, indentless: bool, tag: &[u8], anchored: bool) -> Result<Node> {
        let token = self.scanner.peek()?;
        let line = token.line;
        match &token.kind {
            Kind::BlockEntry if indentless => self.nested(Self::indentless_sequence, Shape::Sequence),
            Kind::Scalar { .. } => {
                let token = self.scanner.next()?;
                let Kind::Scalar { text, plain } = token.kind else {
                    return Ok(self.empty());
                };
                Ok(self.scalar(&text, tag, (tag.is_empty() && plain) || tag == b"!"))
            }
            Kind::FlowSequenceStart => self.nested(Self::flow_sequence, Shape::Sequence),
            Kind::FlowMappingStart => self.nested(Self::flow_mapping, Shape::Mapping),
            Kind::BlockSequenceStart if block => self.nested(Self::block_sequence, Shape::Sequence),
            Kind::BlockMappingStart if block => self.nested(Self::block_mapping, Shape::Mapping),
            _ if anchored || !tag.is_empty() => Ok(self.scalar(b"", tag, tag.is_empty())),
            _ => Err(Problem::parser("did not find expected node content", line)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value>, shape: Shape) -> Result<Node> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Problem::general(format!("exceeded max depth of {DEPTH}")));
        }
        memory::check(0).map_err(Problem::general)?;
        let value = read(self)?;
        self.depth -= 1;
        Ok(Node { value, shape })
    }

    fn block_sequence(&mut self) -> Result<Value> {
        self.scanner.next()?;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.next()?;
            match token.kind {
                Kind::BlockEntry => match self.scanner.peek()?.kind {
                    Kind::BlockEntry | Kind::BlockEnd => items.push(self.nothing()),
                    _ => items.push(self.item(true)?),
                },
                Kind::BlockEnd => return Ok(Value::list(items)),
                _ => return Err(Problem::parser("did not find expected '-' indicator", token.line)),
            }
        }
    }

    fn indentless_sequence(&mut self) -> Result<Value> {
        let mut items = Vec::new();
        while self.scanner.peek()?.kind == Kind::BlockEntry {
            self.scanner.next()?;
            match self.scanner.peek()?.kind {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => items.push(self.nothing()),
                _ => items.push(self.item(true)?),
            }
        }
        Ok(Value::list(items))
    }

    fn block_mapping(&mut self) -> Result<Value> {
        self.scanner.next()?;
        let map = Map::new();
        loop {
            let token = self.scanner.peek()?;
            let line = token.line;
            let key = match token.kind {
                Kind::Key => {
                    self.scanner.next()?;
                    match self.scanner.peek()?.kind {
                        Kind::Key | Kind::Value | Kind::BlockEnd => self.empty_node(),
                        _ => self.node(true, true)?,
                    }
                }
                Kind::BlockEnd => {
                    self.scanner.next()?;
                    return Ok(map.into());
                }
                _ => return Err(Problem::parser("did not find expected key", line)),
            };
            self.check_key(&key);
            let value = if self.scanner.peek()?.kind == Kind::Value {
                self.scanner.next()?;
                match self.scanner.peek()?.kind {
                    Kind::Key | Kind::Value | Kind::BlockEnd => self.empty_node(),
                    _ => self.node(true, true)?,
                }
            } else {
                self.empty_node()
            };
            self.entry(&map, &key, value);
        }
    }

    fn flow_sequence(&mut self) -> Result<Value> {
        self.scanner.next()?;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            if token.kind != Kind::FlowSequenceEnd && !items.is_empty() {
                if token.kind != Kind::FlowEntry {
                    return Err(Problem::parser("did not find expected ',' or ']'", token.line));
                }
                self.scanner.next()?;
            }
            match self.scanner.peek()?.kind {
                Kind::FlowSequenceEnd => {
                    self.scanner.next()?;
                    return Ok(Value::list(items));
                }
                Kind::Key => items.push(self.nested(Self::flow_pair, Shape::Mapping)?.value),
                _ => items.push(self.item(false)?),
            }
        }
    }

    /// `[key: value]`: a mapping of one entry within a sequence.
    fn flow_pair(&mut self) -> Result<Value> {
        self.scanner.next()?;
        self.step();
        let map = Map::new();
        let key = match self.scanner.peek()?.kind {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                // go-yaml takes the token behind an empty key with it.
                self.scanner.next()?;
                self.empty_node()
            }
            _ => self.node(false, false)?,
        };
        self.check_key(&key);
        let mut value = None;
        if self.scanner.peek()?.kind == Kind::Value {
            self.scanner.next()?;
            if !matches!(self.scanner.peek()?.kind, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                value = Some(self.node(false, false)?);
            }
        }
        let value = value.unwrap_or_else(|| self.empty_node());
        self.entry(&map, &key, value);
        Ok(map.into())
    }

    fn flow_mapping(&mut self) -> Result<Value> {
        self.scanner.next()?;
        let map = Map::new();
        let mut first = true;
        loop {
            let token = self.scanner.peek()?;
            if token.kind != Kind::FlowMappingEnd && !first {
                if token.kind != Kind::FlowEntry {
                    return Err(Problem::parser("did not find expected ',' or '}'", token.line));
                }
                self.scanner.next()?;
            }
            first = false;
            match self.scanner.peek()?.kind {
                Kind::FlowMappingEnd => {
                    self.scanner.next()?;
                    return Ok(map.into());
                }
                Kind::Key => {
                    self.scanner.next()?;
                    let ends = |kind: &Kind<'_>| matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd);
                    let next = &self.scanner.peek()?.kind;
                    let key =
                        if ends(next) || *next == Kind::Value { self.empty_node() } else { self.node(false, false)? };
                    self.check_key(&key);
                    let mut value = None;
                    if self.scanner.peek()?.kind == Kind::Value {
                        self.scanner.next()?;
                        if !ends(&self.scanner.peek()?.kind) {
                            value = Some(self.node(false, false)?);
                        }
                    }
                    let value = value.unwrap_or_else(|| self.empty_node());
                    self.entry(&map, &key, value);
                }
                _ => {
                    let key = self.node(false, false)?;
                    self.check_key(&key);
                    // Errors of the scanner come before the entry's.
                    self.scanner.peek()?;
                    let value = self.empty_node();
                    self.entry(&map, &key, value);
                }
            }
        }
    }

    /// An item of a sequence.
    fn item(&mut self, block: bool) -> Result<Value> {
        let value = self.node(block, false)?.value;
        Ok(self.place(value))
    }
}
