//! From files to a [`Stack`]: the order in which the sections are read.

use super::inputs::{self, Parameters};
use super::load::{self, Sources};
use super::model::{CheckDecl, Stack};
use super::read::Reader;
use super::yaml::{self, Kind, Node, shown};
use super::{credentials, options, resources, settings};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::expr::{Names, Template};
use crate::name::Address;

/// What came of parsing.
#[derive(Debug)]
pub struct Parsed {
    /// The stack, if there is no error among the diagnostics.
    pub stack: Option<Stack>,
    /// All that is wrong or doubtful, errors first, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

impl Stack {
    /// Reads a stack file, what it includes, and the overlay of `environment`.
    pub fn parse(sources: &dyn Sources, file: &str, environment: Option<&str>, parameters: Parameters<'_>) -> Parsed {
        let mut diagnostics = Vec::new();
        let stack = load::load(sources, file, environment, &mut diagnostics)
            .and_then(|root| read(&root, environment, parameters, &mut Reader { diagnostics: &mut diagnostics }));
        let stack = stack.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
        diagnostic::arrange(&mut diagnostics, file);
        Parsed { stack, diagnostics }
    }
}

/// Reads the sections, each after those it needs. None if not even the outline can be read.
fn read(root: &Node, environment: Option<&str>, parameters: Parameters<'_>, reader: &mut Reader<'_>) -> Option<Stack> {
    let section = |name: &str| yaml::get(root, name).map(|entry| &entry.value);
    version(root, reader);
    let name = name(root, reader);

    let values = inputs::inputs(section("inputs"), parameters, reader);
    let mut names = Names {
        inputs: inputs::names(section("inputs")).collect(),
        resources: resources::names(section("resources")),
        outputs: Default::default(),
    };
    let unfolded = resources::unfold(section("resources"), &mut names, &values, reader);

    let state = settings::state(section("state"), reader);
    let secrets = settings::secrets(section("secrets"), reader);
    let credentials = credentials::credentials(section("credentials"), &names, &values, reader);
    let plugins = settings::plugins(section("plugins"), &names, &credentials, reader);
    let declared = resources::declare(unfolded, &names, &plugins, reader);

    let mut outputs = std::collections::BTreeMap::new();
    for entry in section("outputs").and_then(|node| reader.map(node, "`outputs`")).unwrap_or_default() {
        if reader.name(&entry.key, &entry.key_span, "an output") {
            let template = Template::compile(&entry.value, &names, reader.diagnostics);
            outputs.insert(entry.key.to_string(), template);
        }
    }
    names.outputs = outputs.keys().cloned().collect();
    let checks = checks(section("checks"), &names, reader);
    let moved = moved(section("moved"), &names, reader);
    let removed = removed(section("removed"), &names, reader);

    let stack = Stack {
        name: name?,
        environment: environment.map(str::to_owned),
        inputs: values,
        state,
        secrets,
        credentials,
        plugins,
        resources: declared,
        outputs,
        checks,
        moved,
        removed,
    };
    if !reader.diagnostics.iter().any(Diagnostic::is_error)
        && let Err(cycles) = crate::graph::Graph::of(&stack)
    {
        reader.diagnostics.extend(cycles);
    }
    Some(stack)
}

fn version(root: &Node, reader: &mut Reader<'_>) {
    let Some(entry) = yaml::get(root, "maps") else {
        reader.push(
            Diagnostic::error("missing-key", "the stack does not say which version of maps it is for")
                .at(&root.span)
                .help("begin with `maps: v1`"),
        );
        return;
    };
    let version = reader.text(&entry.value, "`maps`");
    if version.as_deref().is_some_and(|version| version != "v1") {
        let message = format!(
            "`{}` is no version of stack files that this maps reads",
            shown(version.as_deref().unwrap_or_default())
        );
        reader.push(Diagnostic::error("unknown-version", message).at(&entry.value.span).help("write `maps: v1`"));
    }
}

fn name(root: &Node, reader: &mut Reader<'_>) -> Option<String> {
    let Some(entry) = yaml::get(root, "stack") else {
        reader
            .push(Diagnostic::error("missing-key", "the stack has no name").at(&root.span).help("write `stack: NAME`"));
        return None;
    };
    let name = reader.text(&entry.value, "`stack`")?;
    reader.name(&name, &entry.value.span, "a stack").then_some(name)
}

fn checks(section: Option<&Node>, names: &Names, reader: &mut Reader<'_>) -> Vec<CheckDecl> {
    let mut checks = Vec::new();
    for item in section.and_then(|node| reader.list(node, "`checks`")).unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a check", &["assert", "message"]) else { continue };
        let assert = reader.required(fields, "assert", "a check");
        let message = reader.required(fields, "message", "a check").and_then(|node| reader.text(node, "`message`"));
        let Some(assert) = assert else { continue };
        let assert = match &assert.kind {
            Kind::String(text) if !text.value.contains("${") => {
                Template::compile_bare(text, &assert.span, names, reader.diagnostics)
            }
            _ => Template::compile(assert, names, reader.diagnostics),
        };
        let Some(message) = message else { continue };
        checks.push(CheckDecl { assert, message, span: item.span.clone() });
    }
    checks
}

fn moved(section: Option<&Node>, names: &Names, reader: &mut Reader<'_>) -> Vec<(Address, Address, Span)> {
    let mut moved: Vec<(Address, Address, Span)> = Vec::new();
    for item in section.and_then(|node| reader.list(node, "`moved`")).unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a move", &["from", "to"]) else { continue };
        let from = reader.required(fields, "from", "a move").and_then(|node| options::address(node, "`from`", reader));
        let to = reader.required(fields, "to", "a move");
        let (Some(from), Some(to_node)) = (from, to) else { continue };
        let Some(to) = options::address(to_node, "`to`", reader) else { continue };
        let targets = options::addresses(to.as_str(), &to_node.span, names, reader);
        for (from, to) in pairs(&from, &to, targets) {
            add_move(&mut moved, from, to, &item.span, reader);
        }
    }
    moved
}

/// A move of a whole `each` is one of every instance.
fn pairs(from: &Address, to: &Address, targets: Vec<Address>) -> Vec<(Address, Address)> {
    let whole = targets.first().is_some_and(|target| target != to);
    let one = |target: Address| match target.parts().1 {
        Some(key) if whole => (Address::instance(from.as_str(), key), target),
        _ => (from.clone(), target),
    };
    targets.into_iter().map(one).collect()
}

fn add_move(
    moved: &mut Vec<(Address, Address, Span)>,
    from: Address,
    to: Address,
    span: &Span,
    reader: &mut Reader<'_>,
) {
    if from == to {
        reader.push(Diagnostic::error("bad-move", format!("`{from}` is moved to itself")).at(span));
    } else if let Some((_, _, first)) = moved.iter().find(|(known, target, _)| *known == from || *target == to) {
        let diagnostic = Diagnostic::error("bad-move", "two moves have the same `from` or the same `to`");
        reader.push(diagnostic.at(span).related(first, "the other one"));
    } else {
        moved.push((from, to, span.clone()));
    }
}

fn removed(section: Option<&Node>, names: &Names, reader: &mut Reader<'_>) -> Vec<(Address, Span)> {
    let mut removed = Vec::new();
    for item in section.and_then(|node| reader.list(node, "`removed`")).unwrap_or_default() {
        let Some(address) = options::address(item, "an address", reader) else { continue };
        if names.resources.contains_key(address.parts().0) && still_there(&address, names) {
            reader.push(
                Diagnostic::error("still-there", format!("`{address}` is removed and still among the resources"))
                    .at(&item.span)
                    .help("take it out of `resources`, or out of `removed`"),
            );
        } else {
            removed.push((address, item.span.clone()));
        }
    }
    removed
}

fn still_there(address: &Address, names: &Names) -> bool {
    use crate::expr::Instances;
    let (name, key) = address.parts();
    match (names.resources.get(name), key) {
        (Some(Instances::One), None) => true,
        (Some(Instances::Each(keys)), Some(key)) => keys.contains(key),
        _ => false,
    }
}
