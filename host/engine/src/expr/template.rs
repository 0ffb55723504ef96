//! A value with expressions in it: compiled once when the stack is read, evaluated many times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::Compiler;
use super::eval::Run;
use super::function::scalar_text;
use super::op::{Expression, Op, Slot};
use super::path::path_keys;
use super::{MAX_TEXT, Names, Reference, Scope};
use crate::diagnostic::{Diagnostic, Span};
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
pub(super) struct Node {
    pub(super) span: Option<Span>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value),
    /// A scalar that is one expression, and keeps its type.
    Expression(Expression),
    /// Text with expressions in it.
    Text(Vec<Part>),
    List(Vec<Node>),
    Map(BTreeMap<String, Member>),
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: Span,
    pub(super) value: Node,
}

#[derive(Debug)]
pub(super) enum Part {
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

    /// As [`evaluate`](Self::evaluate), and what it cost.
    pub(crate) fn evaluate_counted(&self, scope: &dyn Scope) -> (Result<Value, Box<Diagnostic>>, u64) {
        let run = Run::new(scope, self.each.as_deref());
        (self.root.evaluate(&run), run.spent())
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
