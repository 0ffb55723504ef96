//! A value with expressions in it: compiled once when the stack is read, evaluated many times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compile::{self, Expression, Node as Step, Op, Slot};
use super::eval::Run;
use super::function::scalar_text;
use super::scan::{self, Piece};
use super::{MAX_TEXT, Names, Reference, Scope};
use crate::diagnostic::{Diagnostic, MAX_ERRORS, Span};
use crate::name::Address;
use crate::stack::yaml;
use crate::value::Value;

/// A value with expressions in it, each with its span; parsed and capped when the stack is read.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Template {
    root: Arc<Node>,
    each: Option<Arc<Each>>,
}

/// What `each` stands for in a template.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) key: String,
    pub(crate) value: Template,
}

#[derive(Debug)]
struct Node {
    span: Option<Span>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Literal(Value),
    /// A scalar that is one expression, and keeps its type.
    Expression(Expression),
    /// Text with expressions in it.
    Text(Vec<Part>),
    List(Vec<Node>),
    Map(BTreeMap<String, Member>),
}

#[derive(Debug)]
struct Member {
    key: Span,
    value: Node,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// A value without expressions.
    pub fn literal(value: Value) -> Self {
        Self { root: Arc::new(Node { span: None, kind: Kind::Literal(value) }), each: None }
    }

    /// Compiles a part of a file. What is wrong is added to `diagnostics`, and null stands in its place.
    pub(crate) fn compile(node: &yaml::Node, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> Self {
        Self { root: Arc::new(Compiler { names, diagnostics }.node(node)), each: None }
    }

    /// Compiles a text that is one expression without `${…}` around it.
    pub(crate) fn compile_bare(
        text: &yaml::Text,
        span: &Span,
        names: &Names,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        // Told in the same words as an expression in its brackets, and with the same caps.
        let bracketed: Arc<str> = format!("${{{}}}", text.value).into();
        let whole = yaml::Text { value: bracketed, raw: Some(text.value.clone()) };
        let node = yaml::Node { span: span.clone(), kind: yaml::Kind::String(whole) };
        Self::compile(&node, names, diagnostics)
    }

    /// The same template for one instance of an `each`.
    pub(crate) fn with_each(&self, each: &Arc<Each>) -> Self {
        Self { root: self.root.clone(), each: Some(each.clone()) }
    }

    /// What it refers to, each once, in order.
    pub fn references(&self) -> Vec<Reference> {
        let mut references: Vec<Reference> =
            self.spanned_references().into_iter().map(|(reference, _)| reference).collect();
        references.sort();
        references.dedup();
        references
    }

    /// The resources that the member `name` of a map refers to.
    pub fn member_resources(&self, name: &str) -> BTreeSet<Address> {
        let mut found = Vec::new();
        match &self.root.kind {
            Kind::Map(members) => {
                if let Some(member) = members.get(name) {
                    member.value.expressions(&mut |expression| self.references_of(expression, &mut found));
                }
            }
            // The whole map is one expression: any member may come from anywhere in it.
            _ => found = self.spanned_references(),
        }
        let resources = found.into_iter().filter_map(|(reference, _)| match reference {
            Reference::Resource(address, _) => Some(address),
            Reference::Input(_) | Reference::Output(_) => None,
        });
        resources.collect()
    }

    /// What it refers to, and where.
    pub fn spanned_references(&self) -> Vec<(Reference, Span)> {
        let mut found = Vec::new();
        self.root.expressions(&mut |expression| self.references_of(expression, &mut found));
        found
    }

    /// Does it hold any expression?
    pub fn is_literal(&self) -> bool {
        let mut any = false;
        self.root.expressions(&mut |_| any = true);
        !any
    }

    /// Does an expression in it use `each`?
    pub(crate) fn uses_each(&self) -> bool {
        let mut uses = false;
        self.root.expressions(&mut |expression| {
            expression.root.visit(&mut |step| uses |= matches!(step.op, Op::EachKey | Op::EachValue));
        });
        uses
    }

    fn references_of(&self, expression: &Expression, found: &mut Vec<(Reference, Span)>) {
        let mut used: BTreeSet<Reference> = BTreeSet::new();
        for slot in &expression.slots {
            match slot {
                Slot::Reference(reference) => drop(used.insert(reference.clone())),
                Slot::All { resource, keys, path } => used.extend(instances(resource, keys, path)),
            }
        }
        expression.root.visit(&mut |step| match &step.op {
            Op::Instance { resource, keys, key, path } => match (&key.op, &self.each) {
                // `namespace[each.key]`: for one instance it is known which.
                (Op::EachKey, Some(each)) if keys.contains(&each.key) => {
                    used.insert(Reference::Resource(Address::instance(resource, &each.key), path.clone()));
                }
                _ => used.extend(instances(resource, keys, path)),
            },
            Op::EachValue => {
                if let Some(each) = &self.each {
                    used.extend(each.value.references());
                }
            }
            _ => {}
        });
        found.extend(used.into_iter().map(|reference| (reference, expression.span.clone())));
    }

    /// Its value. Unknown where it depends on an unknown, secret where it depends on a secret.
    ///
    /// # Errors
    /// A diagnostic at the expression that failed.
    #[allow(clippy::result_large_err)] // Failing ends the evaluation; success is what is frequent.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Diagnostic> {
        let run = Run::new(scope, self.each.as_deref());
        self.root.evaluate(&run).map_err(|diagnostic| *diagnostic)
    }

    /// Where the value at an input path (`node_pools[0].size`) stands in the stack file; for a path
    /// that leads further than the file does, where the last part that is there stands.
    pub fn span_of(&self, path: &str) -> Option<Span> {
        let mut at = &*self.root;
        let mut span = at.span.clone();
        for key in path_keys(path) {
            at = match &at.kind {
                Kind::Map(members) => match members.get(key) {
                    Some(member) => &member.value,
                    None => break,
                },
                Kind::List(items) => match key.parse::<usize>().ok().and_then(|index| items.get(index)) {
                    Some(item) => item,
                    None => break,
                },
                _ => break,
            };
            span = at.span.clone().or(span);
        }
        span
    }

    /// Where the key at an input path stands; where the value does, if it has none.
    pub fn key_span_of(&self, path: &str) -> Option<Span> {
        let keys: Vec<&str> = path_keys(path).collect();
        let (last, before) = keys.split_last()?;
        let mut at = &*self.root;
        for key in before {
            at = match &at.kind {
                Kind::Map(members) => &members.get(*key)?.value,
                Kind::List(items) => items.get(key.parse::<usize>().ok()?)?,
                _ => return self.span_of(path),
            };
        }
        match &at.kind {
            Kind::Map(members) => members.get(*last).map(|member| member.key.clone()).or_else(|| self.span_of(path)),
            _ => self.span_of(path),
        }
    }
}

fn instances<'a>(
    resource: &'a str,
    keys: &'a BTreeSet<String>,
    path: &'a [String],
) -> impl Iterator<Item = Reference> + 'a {
    keys.iter().map(move |key| Reference::Resource(Address::instance(resource, key), path.to_vec()))
}

/// The keys of a path such as `node_pools[0].labels["a.b"].c`.
pub(crate) fn path_keys(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.is_empty() {
            return None;
        }
        let (key, after) = if let Some(quoted) = rest.strip_prefix("[\"") {
            quoted.split_once("\"]").unwrap_or((quoted, ""))
        } else if let Some(index) = rest.strip_prefix('[') {
            index.split_once(']').unwrap_or((index, ""))
        } else {
            rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))
        };
        rest = after;
        Some(key)
    })
}

/// A path and one key more, so that [`Template::span_of`] finds it again.
pub(crate) fn path_join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && !key.contains(['.', '[', ']', '"']);
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[\"{key}\"]"),
    }
}

impl Node {
    fn evaluate(&self, run: &Run<'_>) -> Result<Value, Box<Diagnostic>> {
        match &self.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Expression(expression) => run.evaluate(expression),
            Kind::Text(parts) => text(parts, run),
            Kind::List(items) => {
                Ok(Value::List(items.iter().map(|item| item.evaluate(run)).collect::<Result<_, _>>()?))
            }
            Kind::Map(members) => {
                let one = |(key, member): (&String, &Member)| Ok((key.clone(), member.value.evaluate(run)?));
                Ok(Value::Map(members.iter().map(one).collect::<Result<_, Box<Diagnostic>>>()?))
            }
        }
    }

    fn expressions<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        match &self.kind {
            Kind::Literal(_) => {}
            Kind::Expression(expression) => visit(expression),
            Kind::Text(parts) => {
                for part in parts {
                    if let Part::Expression(expression) = part {
                        visit(expression);
                    }
                }
            }
            Kind::List(items) => items.iter().for_each(|item| item.expressions(visit)),
            Kind::Map(members) => members.values().for_each(|member| member.value.expressions(visit)),
        }
    }
}

/// Text with expressions: unknown if one is, secret if one is.
fn text(parts: &[Part], run: &Run<'_>) -> Result<Value, Box<Diagnostic>> {
    let (mut whole, mut secret, mut unknown) = (String::new(), false, false);
    for part in parts {
        let expression = match part {
            Part::Text(text) => {
                whole.push_str(text);
                continue;
            }
            Part::Expression(expression) => expression,
        };
        let value = run.evaluate(expression)?;
        secret |= value.has_secret();
        match value.peek() {
            Value::Unknown => unknown = true,
            scalar => match scalar_text(scalar) {
                Some(text) => whole.push_str(&text),
                None => {
                    let message = format!("{} cannot stand within text", super::operator::type_name(scalar));
                    return Err(Box::new(
                        Diagnostic::error("not-text", message)
                            .at(&expression.span)
                            .help("use `json.encode(…)`, or make the expression the whole value"),
                    ));
                }
            },
        }
        if whole.len() > MAX_TEXT {
            let message = format!("the text grows beyond {} KiB", MAX_TEXT >> 10);
            return Err(Box::new(Diagnostic::error("expression-too-costly", message).at(&expression.span)));
        }
    }
    Ok(match (unknown, secret) {
        (true, _) => Value::Unknown,
        (false, true) => Value::String(whole).secret(),
        (false, false) => Value::String(whole),
    })
}

impl Step {
    /// Visits this step and all within it.
    fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Step)) {
        see(self);
        match &self.op {
            Op::Literal(_) | Op::Slot(_) | Op::EachKey | Op::EachValue | Op::Variable(_) => {}
            Op::Instance { key: of, .. }
            | Op::Select { from: of, .. }
            | Op::Has { from: of, .. }
            | Op::Defined(of)
            | Op::Not(of)
            | Op::Negate(of) => of.visit(see),
            Op::Index { from: a, index: b } | Op::And(a, b) | Op::Or(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Op::List(steps) | Op::Call(_, steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Map(entries) => {
                for (key, value) in entries {
                    key.visit(see);
                    value.visit(see);
                }
            }
            Op::If(steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Operator(_, steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Loop(looped) => {
                looped.range.visit(see);
                looped.predicate.iter().chain(&looped.item).for_each(|step| step.visit(see));
            }
        }
    }
}

struct Compiler<'a> {
    names: &'a Names,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn node(&mut self, node: &yaml::Node) -> Node {
        let kind = match &node.kind {
            yaml::Kind::Null => Kind::Literal(Value::Null),
            yaml::Kind::Bool(truth) => Kind::Literal(Value::Bool(*truth)),
            yaml::Kind::Number(number) => Kind::Literal(Value::Number(number.clone())),
            yaml::Kind::String(text) => self.text(text, &node.span),
            yaml::Kind::List(items) => Kind::List(items.iter().map(|item| self.node(item)).collect()),
            yaml::Kind::Map(entries) => {
                if let Some(diagnostic) = yaml::reserved(entries) {
                    self.diagnostics.push(diagnostic);
                }
                let member = |entry: &yaml::Entry| {
                    let member = Member { key: entry.key_span.clone(), value: self.node(&entry.value) };
                    (yaml::unescaped(&entry.key), member)
                };
                Kind::Map(entries.iter().map(member).collect())
            }
        };
        Node { span: Some(node.span.clone()), kind }
    }

    fn text(&mut self, text: &yaml::Text, span: &Span) -> Kind {
        if !text.value.contains("${") {
            return Kind::Literal(Value::String(text.value.to_string()));
        }
        // More errors than anyone reads: looking for what each might have meant would take long.
        if self.diagnostics.len() >= MAX_ERRORS
            && self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).nth(MAX_ERRORS - 1).is_some()
        {
            return Kind::Literal(Value::Null);
        }
        let mut locator = Locator { raw: text.raw.as_deref().unwrap_or_default(), from: 0, span };
        let pieces = match scan::split(&text.value) {
            Ok(pieces) => pieces,
            Err(fault) => {
                let (at, _) = locator
                    .find(text.value.get(fault.offset..).and_then(|rest| rest.lines().next()).unwrap_or_default());
                self.diagnostics.push(Diagnostic::error(fault.code, fault.message).at(&at));
                return Kind::Literal(Value::Null);
            }
        };
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Expression { source, .. } => {
                    let (at, exact) = locator.find(source);
                    match compile::compile(source, &at, exact, self.names) {
                        Ok(expression) => parts.push(Part::Expression(expression)),
                        Err(diagnostic) => self.diagnostics.push(*diagnostic),
                    }
                }
            }
        }
        match parts.pop() {
            Some(Part::Expression(expression)) if parts.is_empty() => Kind::Expression(expression),
            Some(Part::Text(text)) if parts.is_empty() => Kind::Literal(Value::String(text)),
            Some(last) => {
                parts.push(last);
                Kind::Text(parts)
            }
            None => Kind::Literal(Value::Null),
        }
    }
}

/// Finds expressions in a scalar as it is written, with its quotes, escapes and line breaks.
struct Locator<'a> {
    raw: &'a str,
    from: usize,
    span: &'a Span,
}

impl Locator<'_> {
    /// Where `source` stands, and whether offsets within it hold there.
    fn find(&mut self, source: &str) -> (Span, bool) {
        let rest = self.raw.get(self.from..).unwrap_or_default();
        // In a block the lines are indented: the first is found, and points well enough.
        let first = source.lines().next().unwrap_or_default();
        let exact = rest.contains(source);
        let source = if exact { source } else { first };
        let Some(found) = rest.find(source).filter(|_| !source.trim().is_empty()) else {
            // Escaped or folded: the whole scalar is the place.
            return (self.span.clone(), false);
        };
        let start = self.from + found;
        self.from = start + source.len();
        let before = &self.raw[..start];
        let mut span = self.span.clone();
        span.start += start;
        span.end = span.start + source.len();
        match before.rsplit_once('\n') {
            Some((above, line)) => {
                span.line += above.matches('\n').count() + 1;
                span.column = 1 + line.chars().count();
            }
            None => span.column += before.chars().count(),
        }
        (span, exact)
    }
}
