//! `resources:`, with `each` and `when` unfolded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::{PluginDecl, ResourceDecl};
use super::options;
use super::read::{Fields, Reader};
use super::yaml::{Entry, Kind, Node, shown};
use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::expr::{Each, Instances, Names, RESERVED, Reference, Scope, Template};
use crate::name::{Address, KindName, PluginName, key_fault, name_fault};
use crate::value::Value;

/// Resources of one stack, after `each` is unfolded: twice what has been measured.
pub const MAX_RESOURCES: usize = 20_000;

/// What `each` and `when` of all resources may cost together, in the steps of
/// [`EVALUATION_BUDGET`](crate::expr::EVALUATION_BUDGET): a thousand for each resource.
pub const UNFOLDING_BUDGET: u64 = 20_000_000;

/// Dependencies of all resources together. Many instances that each wait for many others are
/// their product; one `each` of 10,000 that waits for one more stays far below.
pub const MAX_DEPENDENCIES: usize = 500_000;

/// What is known when resources are unfolded: inputs. Resources are unknown.
struct Beginning<'a>(&'a BTreeMap<String, Value>);

impl Scope for Beginning<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.get(name).cloned(),
            Reference::Resource(..) | Reference::Output(_) => Some(Value::Unknown),
        }
    }
}

/// A resource whose instances are known and whose `with` is not compiled yet.
pub(super) struct Unfolded<'n> {
    entry: &'n Entry,
    fields: Fields<'n>,
    found: Found<'n>,
}

/// The instances of a resource.
enum Found<'n> {
    /// None: its `when` is false.
    Left,
    One,
    Each(Vec<(String, EachValue<'n>)>),
}

/// What `each.value` is.
enum EachValue<'n> {
    /// Written in the file; may refer to resources.
    Written(&'n Node),
    /// Worked out from inputs.
    Known(Value),
}

/// Every resource's name, before it is known which instances it has.
pub(super) fn names(section: Option<&Node>) -> BTreeMap<String, Instances> {
    let entries = match section.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|entry| (entry.key.to_string(), Instances::One)).collect()
}

/// Finds the instances of each resource and tells them to `names`.
pub(super) fn unfold<'n>(
    section: Option<&'n Node>,
    names: &mut Names,
    inputs: &BTreeMap<String, Value>,
    reader: &mut Reader<'_>,
) -> Vec<Unfolded<'n>> {
    const KEYS: &[&str] = &["type", "with", "each", "when", "options"];
    let before = names.clone();
    let mut unfolded = Vec::new();
    let (mut total, mut cost) = (0, 0);
    for entry in section.and_then(|node| reader.map(node, "`resources`")).unwrap_or_default() {
        if !reader.name(&entry.key, &entry.key_span, "a resource") || !is_free(entry, reader) {
            continue;
        }
        let Some(fields) = reader.fields_around(&entry.value, "a resource", KEYS, ("options", options::KEYS)) else {
            continue;
        };
        let mut unfolder = Unfolder { cost: &mut cost, names: &before, scope: Beginning(inputs), reader: &mut *reader };
        let Some(found) = unfolder.instances(fields) else { continue };
        let known = match &found {
            Found::Left => Instances::Left,
            Found::One => Instances::One,
            Found::Each(list) => Instances::Each(list.iter().map(|(key, _)| key.clone()).collect()),
        };
        total += if let Instances::Each(keys) = &known { keys.len() } else { 1 };
        if total > MAX_RESOURCES {
            let message = format!("the stack has more than {MAX_RESOURCES} resources");
            reader.push(
                Diagnostic::error("too-many-resources", message)
                    .at(&entry.key_span)
                    .help("split it into several stacks"),
            );
            break;
        }
        names.resources.insert(entry.key.to_string(), known);
        unfolded.push(Unfolded { entry, fields, found });
    }
    unfolded
}

/// Is the name not one that expressions use for something else?
fn is_free(entry: &Entry, reader: &mut Reader<'_>) -> bool {
    let name = &*entry.key;
    let taken = RESERVED.contains(&name);
    if taken {
        reader.push(
            Diagnostic::error(
                "bad-name",
                format!("`{name}` is no name for a resource: expressions use the word for something else"),
            )
            .at(&entry.key_span)
            .help(format!("call it `{name}_1`, say, or what it is for")),
        );
    }
    !taken
}

struct Unfolder<'a, 'd> {
    cost: &'a mut u64,
    names: &'a Names,
    scope: Beginning<'a>,
    reader: &'a mut Reader<'d>,
}

impl Unfolder<'_, '_> {
    /// None where something is wrong, and has been told.
    fn instances<'n>(&mut self, fields: Fields<'n>) -> Option<Found<'n>> {
        let when = match fields.get("when") {
            None => None,
            Some(node) => Some((self.early(node, "`when`")?, node)),
        };
        let Some(each) = fields.get("each") else {
            return match when {
                Some((when, node)) if !self.truth(&when, node)? => Some(Found::Left),
                _ => Some(Found::One),
            };
        };
        let mut kept = Vec::new();
        for (key, value) in self.each(each)? {
            if *self.cost > UNFOLDING_BUDGET {
                let diagnostic =
                    Diagnostic::error("expression-too-costly", "`each` and `when` take too many steps together");
                self.reader.push(diagnostic.at(fields.span).help("let `when` look at less"));
                return None;
            }
            let keep = match &when {
                None => true,
                Some((when, node)) => {
                    let value = match &value {
                        // Compiled again once all names are known; that time its faults are told.
                        EachValue::Written(node) => Template::compile(node, self.names, &mut Vec::new()),
                        EachValue::Known(value) => Template::literal(value.clone()),
                    };
                    self.truth(&when.with_each(&Arc::new(Each { key: key.clone(), value })), node)?
                }
            };
            if keep {
                kept.push((key, value));
            }
        }
        Some(Found::Each(kept))
    }

    /// The keys of `each`, and their values.
    fn each<'n>(&mut self, node: &'n Node) -> Option<Vec<(String, EachValue<'n>)>> {
        let mut found: Vec<(String, EachValue<'n>)> = Vec::new();
        let mut seen = BTreeSet::new();
        match &node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    self.key(&entry.key, &entry.key_span)?;
                    found.push((entry.key.to_string(), EachValue::Written(&entry.value)));
                }
            }
            Kind::List(items) => {
                for item in items {
                    let value = self.known(item, "an item of `each`")?;
                    self.item(value, &item.span, &mut seen, &mut found)?;
                }
            }
            _ => match self.known(node, "`each`")? {
                Value::List(items) => {
                    for item in items {
                        self.item(item, &node.span, &mut seen, &mut found)?;
                    }
                }
                Value::Map(map) => {
                    for (key, value) in map {
                        self.key(&key, &node.span)?;
                        found.push((key, EachValue::Known(value)));
                    }
                }
                _ => {
                    self.reader
                        .push(Diagnostic::error("wrong-type", "`each` is a map, or a list of strings").at(&node.span));
                    return None;
                }
            },
        }
        Some(found)
    }

    fn item<'n>(
        &mut self,
        value: Value,
        span: &Span,
        seen: &mut BTreeSet<String>,
        found: &mut Vec<(String, EachValue<'n>)>,
    ) -> Option<()> {
        let Value::String(key) = value else {
            let diagnostic = Diagnostic::error(
                "wrong-type",
                "an item of an `each` list is a string, since it becomes a part of the address",
            );
            self.reader.push(diagnostic.at(span).help("put it in quotes, or write a map of keys to values"));
            return None;
        };
        self.key(&key, span)?;
        if !seen.insert(key.clone()) {
            self.reader.push(Diagnostic::error("duplicate-key", format!("`each` has the key `{key}` twice")).at(span));
            return None;
        }
        found.push((key.clone(), EachValue::Known(Value::String(key))));
        Some(())
    }

    fn key(&mut self, key: &str, span: &Span) -> Option<()> {
        match key_fault(key) {
            None => Some(()),
            Some(fault) => {
                let message = format!("`{}` is no key for `each`: {fault}", shown(key));
                self.reader.push(Diagnostic::error("bad-name", message).at(span));
                None
            }
        }
    }

    /// A template that may use inputs, and refers to no resource.
    fn early(&mut self, node: &Node, what: &str) -> Option<Template> {
        let errors = self.reader.diagnostics.len();
        let template = Template::compile(node, self.names, self.reader.diagnostics);
        if self.reader.diagnostics[errors..].iter().any(Diagnostic::is_error) {
            return None;
        }
        let later = template
            .spanned_references()
            .into_iter()
            .find(|(reference, _)| matches!(reference, Reference::Resource(..)));
        if let Some((Reference::Resource(address, _), span)) = later {
            self.reader.push(
                Diagnostic::error(
                    "not-known-yet",
                    format!("{what} must be known before anything is made, and `{address}` is not"),
                )
                .at(&span)
                .help("use inputs, so that addresses are the same in every run"),
            );
            return None;
        }
        Some(template)
    }

    /// The value of such a template.
    fn known(&mut self, node: &Node, what: &str) -> Option<Value> {
        let template = self.early(node, what)?;
        let value = self.evaluate(&template)?;
        if value.has_unknown() {
            // An input that has no value: told already.
            return None;
        }
        if value.has_secret() {
            self.reader.push(
                Diagnostic::error("secret-in-address", format!("{what} is secret, and addresses are shown"))
                    .at(&node.span),
            );
            return None;
        }
        Some(value)
    }

    fn evaluate(&mut self, template: &Template) -> Option<Value> {
        let (value, cost) = template.evaluate_counted(&self.scope);
        *self.cost = self.cost.saturating_add(cost);
        match value {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.reader.push(*diagnostic);
                None
            }
        }
    }

    fn truth(&mut self, template: &Template, node: &Node) -> Option<bool> {
        let message = match self.evaluate(template)? {
            Value::Bool(truth) => return Some(truth),
            Value::Unknown => "`when` must be known before anything is made",
            Value::Secret(_) => "`when` is secret, and what a stack has is shown",
            _ => "`when` is true or false",
        };
        self.reader.push(Diagnostic::error("bad-when", message).at(&node.span).help("use inputs and `each`"));
        None
    }
}

/// Compiles what has been unfolded, now that all names are known.
pub(super) fn declare(
    unfolded: Vec<Unfolded<'_>>,
    names: &Names,
    plugins: &BTreeMap<PluginName, PluginDecl>,
    reader: &mut Reader<'_>,
) -> BTreeMap<Address, ResourceDecl> {
    let mut resources = BTreeMap::new();
    let mut dependencies = 0;
    for Unfolded { entry, fields, found } in unfolded {
        let kind = reader
            .required(fields, "type", "a resource")
            .and_then(|node| Some((kind(node, plugins, reader)?, node.span.clone())));
        let with = match fields.get("with") {
            Some(node) => {
                if !matches!(node.kind, Kind::String(_)) {
                    reader.map(node, "`with`");
                }
                Template::compile(node, names, reader.diagnostics)
            }
            None => Template::literal(Value::Map(BTreeMap::new())),
        };
        let options = options::options(fields.get("options"), names, reader);
        if !matches!(found, Found::Each(_)) && with.uses_each() {
            let diagnostic = Diagnostic::error("no-each", format!("`{}` uses `each` and has none", entry.key));
            reader.push(diagnostic.at(&entry.key_span).help("add `each: {…}` to the resource"));
        }
        let Some((kind, kind_span)) = kind else { continue };
        let config = plugins.get(kind.plugin().as_str()).map(|plugin| plugin.config.references()).unwrap_or_default();
        let mut declare = |address: Address, with: Template, options: super::Options| {
            let from_options = options.depends_on.iter().map(|(address, _)| address.clone());
            let mut depends_on: Vec<Address> =
                with.references().iter().chain(&config).filter_map(resource_of).chain(from_options).collect();
            depends_on.sort();
            depends_on.dedup();
            dependencies += depends_on.len();
            let span = entry.key_span.clone();
            let decl = ResourceDecl {
                address: address.clone(),
                kind: kind.clone(),
                with,
                depends_on,
                options,
                span,
                kind_span: kind_span.clone(),
            };
            resources.insert(address, decl);
            dependencies <= MAX_DEPENDENCIES
        };
        let fits = match found {
            Found::Left => true,
            Found::One => declare(Address::new(&*entry.key), with, options),
            Found::Each(instances) => instances.into_iter().all(|(key, value)| {
                let value = match value {
                    EachValue::Written(node) => Template::compile(node, names, reader.diagnostics),
                    EachValue::Known(value) => Template::literal(value),
                };
                let address = Address::instance(&entry.key, &key);
                declare(address, with.with_each(&Arc::new(Each { key, value })), options.clone())
            }),
        };
        if !fits {
            let message = format!("the resources have more than {MAX_DEPENDENCIES} dependencies");
            let help = "refer to one instance, as in `release[each.key]`, rather than to one that is computed";
            reader.push(Diagnostic::error("too-many-dependencies", message).at(&entry.key_span).help(help));
            break;
        }
    }
    resources
}

/// The resource that a reference is to.
pub(super) fn resource_of(reference: &Reference) -> Option<Address> {
    match reference {
        Reference::Resource(address, _) => Some(address.clone()),
        _ => None,
    }
}

fn kind(node: &Node, plugins: &BTreeMap<PluginName, PluginDecl>, reader: &mut Reader<'_>) -> Option<KindName> {
    let text = reader.text(node, "`type`")?;
    if text.starts_with(['.', '/']) || text.starts_with("modules/") {
        let diagnostic = Diagnostic::error("modules-not-supported", "modules are not supported yet");
        reader.push(diagnostic.at(&node.span).help("put the resources into a file of their own and `include` it"));
        return None;
    }
    let Some((plugin, _)) = text.split_once('/').filter(|(_, kind)| name_fault(kind).is_none()) else {
        let message = format!("`{}` is no type", shown(&text));
        reader.push(
            Diagnostic::error("bad-type", message).at(&node.span).help("write `PLUGIN/KIND`, like `doks/cluster`"),
        );
        return None;
    };
    if !plugins.contains_key(plugin) {
        let help = suggest(plugin, plugins.keys().map(PluginName::as_str))
            .unwrap_or_else(|| format!("add it: `plugins: {{{0}: {{source: {0}}}}}`", shown(plugin)));
        let message = format!("there is no plugin `{}`", shown(plugin));
        reader.push(Diagnostic::error("unknown-plugin", message).at(&node.span).help(help));
        return None;
    }
    Some(KindName::new(text))
}
