//! What a rule of a service allows whose actions the host knows: actions, names, what they must equal.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::{Map, Value as Json, json};

use super::allowance::Changes;
use super::bind::{Bind, Pointer};
use super::interface::Family;
use super::names::Names;
use super::read::{Reader, under};
use super::rule::{Effect, Operation, read_operations};
use super::service::{Action, Service};
use crate::diagnostic::suggest;

/// What a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiScope {
    /// Which service.
    pub family: Family,
    /// The operations a write may serve; reads serve every one.
    pub operations: BTreeSet<Operation>,
    /// By their names in the API reference.
    pub actions: BTreeSet<&'static str>,
    /// The names that calls may be about, by the service's field.
    pub fields: BTreeMap<&'static str, Names>,
    /// What must equal the step's values: places of the input. There is no query.
    pub bind: Bind,
    /// Where in the input a secret may be opened.
    pub sinks: BTreeSet<Pointer>,
}

impl ApiScope {
    /// What both allow. None where that is nothing.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if self.family != other.family {
            return None;
        }
        let mut fields = self.fields.clone();
        for (name, theirs) in &other.fields {
            let met = fields.get(name).map_or_else(|| theirs.clone(), |mine| mine.meet(theirs));
            fields.insert(name, met);
        }
        let met = Self {
            family: self.family,
            operations: self.operations.intersection(&other.operations).copied().collect(),
            actions: self.actions.intersection(&other.actions).copied().collect(),
            fields,
            bind: self.bind.meet(&other.bind),
            sinks: self.sinks.intersection(&other.sinks).cloned().collect(),
        };
        (!met.actions.is_empty() && !met.operations.is_empty()).then_some(met)
    }

    /// What the host seals of the answers, whatever the rule says.
    pub fn seals(&self) -> impl Iterator<Item = &'static str> {
        let known = self.family.service().into_iter().flat_map(|service| service.actions);
        known.filter(|action| self.actions.contains(action.name)).flat_map(|action| action.seals).copied()
    }

    /// `PutParameter, names /maps/**`.
    pub(super) fn outline(&self) -> String {
        let actions: Vec<_> = self.actions.iter().copied().collect();
        let names = self.fields.iter().map(|(field, names)| format!(", {field} {names}"));
        format!("{} {}{}", self.family, actions.join(" and "), names.collect::<String>())
    }

    /// The keys that a rule may have for its scope.
    pub(super) fn keys(service: &'static Service) -> Vec<&'static str> {
        let fields = service.fields.iter().map(|field| field.name);
        ["operations", "actions"].into_iter().chain(fields).chain(["bind", "sinks"]).collect()
    }

    /// The fields that differ from another one's, as a grant has them.
    pub(super) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        let theirs = other.fields(Effect::Write);
        let mine = self.fields(Effect::Write).into_iter();
        let mut differ: Vec<_> = mine.filter(|field| !theirs.contains(field)).collect();
        // Left out, it would mean all that is declared.
        if self.sinks.is_empty() && !other.sinks.is_empty() {
            differ.push(("sinks", json!([])));
        }
        differ
    }

    /// The fields that say something, in the order in which manifests have them.
    pub(super) fn fields(&self, effect: Effect) -> Vec<(&'static str, Json)> {
        let mut fields = Vec::new();
        if effect == Effect::Write {
            fields.push(("operations", json!(self.operations)));
        }
        fields.push(("actions", json!(self.actions)));
        fields.extend(self.fields.iter().map(|(name, names)| (*name, json!(names))));
        if !self.bind.is_empty() {
            fields.push(("bind", json!(self.bind.body)));
        }
        if !self.sinks.is_empty() {
            fields.push(("sinks", json!(self.sinks)));
        }
        fields
    }

    /// What differs from what was approved.
    pub(super) fn changes(&self, then: &Self, changes: &mut Changes) {
        changes.set("operations", "serve", &self.operations, &then.operations);
        changes.set("actions", "call", &self.actions, &then.actions);
        let fields: BTreeSet<_> = self.fields.keys().chain(then.fields.keys()).copied().collect();
        for field in fields {
            match (self.fields.get(field), then.fields.get(field)) {
                (Some(now), Some(then)) if now != then => {
                    let message = format!("is about {field} {now} instead of {then}");
                    changes.add(!now.subset_of(then), "names", message);
                }
                // A field that nothing is said of is one that no action of the rule concerns.
                (Some(now), None) => changes.add(true, "names", format!("is about {field} {now}")),
                (None, Some(then)) => changes.add(false, "names", format!("is no longer about {field} {then}")),
                _ => {}
            }
        }
        changes.bound(&self.bind, &then.bind);
        changes.set("sinks", "send secrets at", &self.sinks, &then.sinks);
    }

    /// A scope that stands for itself, as a rule's does: it names actions, and of every field that these
    /// concern the names.
    pub(super) fn read(
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
        family: Family,
        effect: Option<Effect>,
    ) -> Option<Self> {
        let service = family.service()?;
        if !fields.contains_key("actions") {
            reader.missing(path, "actions", Some("the service's actions, as in its API reference"));
        }
        let written = Written::read(reader, path, fields, service);
        let actions = written.actions.unwrap_or_default();
        let known: Vec<_> = actions.iter().filter_map(|name| service.action(name)).collect();
        for action in known.iter().filter(|action| effect.is_some_and(|effect| effect != action.effect)) {
            let help = format!("say `effect: {}`, in a rule of its own", action.effect.name());
            let message = format!("`{}` is a {}", action.name, action.effect.name());
            reader.fault_with_help(&under(path, "actions"), message, help);
        }
        for field in service.fields {
            let concerned = known.iter().any(|action| action.concerns(field.name));
            match (concerned, fields.contains_key(field.name)) {
                (true, false) => {
                    let help = format!("`{}: [\"**\"]` for any, or patterns of those that it needs", field.name);
                    reader.missing(path, field.name, Some(&help));
                }
                (false, true) => {
                    let message = format!("none of the rule's actions is about `{}`", field.name);
                    reader.fault_with_help(&under(path, field.name), message, "take it out");
                }
                _ => {}
            }
        }
        let sinks = written.sinks.unwrap_or_default();
        for sink in sinks.iter().filter(|sink| !takes_secrets(&known, sink)) {
            let message = format!("none of the rule's actions takes a secret at `{sink}`");
            let places: Vec<_> = known.iter().flat_map(|action| action.sinks).copied().collect();
            let help = if places.is_empty() { "take it out".to_owned() } else { places.join(", ") };
            reader.fault_with_help(&under(path, "sinks"), message, help);
        }
        if effect == Some(Effect::Read) {
            for key in ["operations", "sinks"].into_iter().filter(|key| fields.contains_key(*key)) {
                reader.fault(&under(path, key), "a read rule serves every operation, and sends no secret");
            }
        }
        let all = Operation::WORDS.map(|(_, operation)| operation);
        Some(Self {
            family,
            operations: written.operations.unwrap_or_else(|| all.into()),
            actions,
            fields: written.fields,
            bind: written.bind,
            sinks,
        })
    }

    /// What a grant leaves of it, and what it says that is not declared.
    pub(super) fn narrowed(
        &self,
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
    ) -> (Option<Self>, Vec<(&'static str, String)>) {
        let Some(service) = self.family.service() else { return (None, Vec::new()) };
        let written = Written::read(reader, path, fields, service);
        let beyond = written.beyond(self);
        let mut names = self.fields.clone();
        names.extend(written.fields.into_iter().filter(|(field, _)| self.fields.contains_key(field)));
        let granted = Self {
            family: self.family,
            operations: written.operations.unwrap_or_else(|| self.operations.clone()),
            actions: written.actions.unwrap_or_else(|| self.actions.clone()),
            fields: names,
            bind: written.bind,
            sinks: written.sinks.unwrap_or_else(|| self.sinks.clone()),
        };
        (self.meet(&granted), beyond)
    }
}

fn takes_secrets(actions: &[&'static Action], sink: &Pointer) -> bool {
    let text = sink.to_string();
    actions.iter().any(|action| action.sinks.contains(&text.as_str()))
}

impl Serialize for ApiScope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields(Effect::Write);
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in &fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A scope as somebody wrote it: what is left out is none, and means nothing by itself.
struct Written {
    operations: Option<BTreeSet<Operation>>,
    actions: Option<BTreeSet<&'static str>>,
    fields: BTreeMap<&'static str, Names>,
    bind: Bind,
    sinks: Option<BTreeSet<Pointer>>,
}

impl Written {
    fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>, service: &'static Service) -> Self {
        let field = |name: &str| fields.get(name).map(|json| (under(path, name), json));
        let mut names = BTreeMap::new();
        for known in service.fields {
            let Some((path, json)) = field(known.name) else { continue };
            names.extend(Names::read(reader, &path, json, known.shape).map(|read| (known.name, read)));
        }
        Self {
            operations: field("operations").map(|(path, json)| read_operations(reader, &path, json)),
            actions: field("actions").map(|(path, json)| read_actions(reader, &path, json, service)),
            fields: names,
            bind: field("bind").map(|(path, json)| Bind::read_places(reader, &path, json)).unwrap_or_default(),
            sinks: field("sinks").map(|(path, json)| match json.as_array().is_some_and(Vec::is_empty) {
                true => BTreeSet::new(),
                false => {
                    let texts = reader.texts(&path, json);
                    texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Pointer::from_str(text))).collect()
                }
            }),
        }
    }

    /// What was written that is not in `declared`: the field, and what there.
    fn beyond(&self, declared: &ApiScope) -> Vec<(&'static str, String)> {
        let mut beyond = Vec::new();
        let mut add = |field, more: Vec<String>| {
            if !more.is_empty() {
                beyond.push((field, format!("`{}`", more.join("`, `"))));
            }
        };
        let operations = self.operations.iter().flat_map(|set| set.difference(&declared.operations));
        add("operations", operations.map(|operation| operation.name().to_owned()).collect());
        let actions = self.actions.iter().flat_map(|set| set.difference(&declared.actions));
        add("actions", actions.map(|action| (*action).to_owned()).collect());
        for (field, names) in &self.fields {
            match declared.fields.get(field) {
                None => add(field, names.patterns().map(ToString::to_string).collect()),
                // One that crosses the declared one narrows it all the same.
                Some(theirs) if theirs.subset_of(names) && theirs != names => {
                    add(field, names.patterns().map(ToString::to_string).collect());
                }
                Some(_) => {}
            }
        }
        let sinks = self.sinks.iter().flat_map(|set| set.difference(&declared.sinks));
        add("sinks", sinks.map(ToString::to_string).collect());
        beyond
    }
}

fn read_actions(reader: &mut Reader, path: &str, json: &Json, service: &'static Service) -> BTreeSet<&'static str> {
    let mut actions = BTreeSet::new();
    for (path, word) in reader.texts(path, json) {
        match service.action(word) {
            Some(action) => drop(actions.insert(action.name)),
            None => {
                let names = service.actions.iter().map(|action| action.name);
                let help = suggest(word, names.clone()).unwrap_or_else(|| names.collect::<Vec<_>>().join(", "));
                reader.fault_with_help(
                    &path,
                    format!("`{word}` is no action of {} that maps knows", service.name),
                    help,
                );
            }
        }
    }
    actions
}
