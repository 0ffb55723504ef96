//! What a rule of `kube` allows: verbs on objects by group, resource, namespace and name, and of which step.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::{Map, Value as Json, json};

use super::roles::Escalation;
use super::{MANAGER, Objects, Verb};
use crate::capability::allowance::Changes;
use crate::capability::bind::{Bind, Pointer};
use crate::capability::names::{Names, Shape};
use crate::capability::read::{Reader, under};
use crate::capability::rule::{Effect, Operation, read_operations};

/// What a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeScope {
    /// The operations a write may serve; reads serve every one.
    pub operations: BTreeSet<Operation>,
    /// What it does with objects.
    pub verbs: BTreeSet<Verb>,
    /// API groups; the core group is `core`.
    pub groups: Names,
    /// Resources by their plural, as in RBAC.
    pub resources: Names,
    /// Namespaces: `*` is any, `/` stands for objects that are in none, `**` is both.
    pub namespaces: Names,
    /// Names of objects.
    pub names: Names,
    /// Hosts of API servers.
    pub servers: Names,
    /// Which of its step's objects a write may be about; none is any, as far as `bind` lets it.
    pub objects: Option<BTreeSet<Objects>>,
    /// What must equal the step's values: `/group`, `/resource`, `/kind`, `/namespace`, `/name` of the call, and
    /// places of the object below `/object`.
    pub bind: Bind,
    /// What an object carries in the cluster that is one of `marked`: places of it, as in `bind` below `/object`.
    pub marks: Bind,
    /// In whose name fields are applied: the field manager, which no guest can choose. None is [`MANAGER`], always.
    pub manager: Option<String>,
    /// Where in an object a secret may be opened, beside the data of a Secret.
    pub sinks: BTreeSet<Pointer>,
    /// What a role that is written may let its holder do, of what would undo the rules. What a manifest declares of
    /// it takes effect where the operator names it, in a grant or under `allow`.
    pub escalates: BTreeSet<Escalation>,
}

/// The fields of names, with their shapes.
const NAMES: [(&str, Shape); 4] =
    [("groups", Shape::Domain), ("resources", Shape::Path), ("namespaces", Shape::Path), ("names", Shape::Path)];

/// Bytes of a field manager's name, as the API server allows them.
const MANAGER_BYTES: usize = 128;

/// What somebody may look for and what no rule allows.
const NEVER: [&str; 15] = [
    "watch",
    "update",
    "patch",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
    "use",
    "sign",
    "approve",
    "attest",
    "proxy",
    "exec",
    "portforward",
    "*",
];

impl KubeScope {
    /// The keys that a rule may have for its scope.
    pub(in crate::capability) const KEYS: [&'static str; 13] = [
        "operations",
        "verbs",
        "groups",
        "resources",
        "namespaces",
        "names",
        "servers",
        "objects",
        "bind",
        "marks",
        "manager",
        "sinks",
        "escalates",
    ];

    /// What both allow. None where that is nothing.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let met = Self {
            operations: self.operations.intersection(&other.operations).copied().collect(),
            verbs: self.verbs.intersection(&other.verbs).copied().collect(),
            groups: self.groups.meet(&other.groups),
            resources: self.resources.meet(&other.resources),
            namespaces: self.namespaces.meet(&other.namespaces),
            names: self.names.meet(&other.names),
            servers: self.servers.meet(&other.servers),
            objects: match (&self.objects, &other.objects) {
                (Some(one), Some(other)) => Some(one.intersection(other).copied().collect()),
                (one, other) => one.as_ref().or(other.as_ref()).cloned(),
            },
            bind: self.bind.meet(&other.bind),
            marks: self.marks.meet(&other.marks),
            manager: self.manager.clone(),
            sinks: self.sinks.intersection(&other.sinks).cloned().collect(),
            escalates: self.escalates.intersection(&other.escalates).copied().collect(),
        };
        let of_none = met.objects.as_ref().is_some_and(BTreeSet::is_empty);
        let managed = self.manager() == other.manager();
        (!met.verbs.is_empty() && !met.operations.is_empty() && !of_none && managed).then_some(met)
    }

    /// Adds what the operator allows of what the rule declares; answers how many these are.
    pub(in crate::capability) fn allow(&mut self, declared: &Self, words: &BTreeSet<Escalation>) -> usize {
        let allowed: Vec<_> = declared.escalates.intersection(words).copied().collect();
        self.escalates.extend(&allowed);
        allowed.len()
    }

    /// In whose name fields are applied.
    pub fn manager(&self) -> &str {
        self.manager.as_deref().unwrap_or(MANAGER)
    }

    /// `kube apply and delete, groups apps, resources deployments, namespaces maps, names **`.
    pub(in crate::capability) fn outline(&self) -> String {
        let verbs: Vec<_> = self.verbs.iter().map(|verb| verb.name()).collect();
        let names = self.names_by_field().map(|(field, names)| format!(", {field} {names}"));
        format!("kube {}{}", verbs.join(" and "), names.concat())
    }

    /// Is this host one of its servers by name, not by a pattern alone?
    pub(in crate::capability) fn names_server(&self, host: &str) -> bool {
        self.servers.allow(host)
            && self.servers.patterns().any(|pattern| pattern.to_string().eq_ignore_ascii_case(host))
    }

    fn names_by_field(&self) -> [(&'static str, &Names); 4] {
        [
            ("groups", &self.groups),
            ("resources", &self.resources),
            ("namespaces", &self.namespaces),
            ("names", &self.names),
        ]
    }

    /// The fields that differ from another one's, as a grant has them.
    pub(in crate::capability) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        let theirs = other.fields(Effect::Write);
        // What is left out of a grant's `escalates` is not granted, though all of it be declared.
        let says = |field: &(&'static str, Json)| field.0 == "escalates" || !theirs.contains(field);
        let mut differ: Vec<_> = self.fields(Effect::Write).into_iter().filter(says).collect();
        // Left out, it would mean all that is declared.
        if self.sinks.is_empty() && !other.sinks.is_empty() {
            differ.push(("sinks", json!([])));
        }
        differ
    }

    /// The fields that say something, in the order in which manifests have them.
    pub(in crate::capability) fn fields(&self, effect: Effect) -> Vec<(&'static str, Json)> {
        let mut fields = Vec::new();
        if effect == Effect::Write {
            fields.push(("operations", json!(self.operations)));
        }
        fields.push(("verbs", json!(self.verbs)));
        fields.extend(self.names_by_field().map(|(name, names)| (name, json!(names))));
        if !self.servers.is_any() {
            fields.push(("servers", json!(self.servers)));
        }
        fields.extend(self.objects.as_ref().map(|objects| ("objects", json!(objects))));
        if !self.bind.is_empty() {
            fields.push(("bind", json!(self.bind.body)));
        }
        if !self.marks.is_empty() {
            fields.push(("marks", json!(self.marks.body)));
        }
        fields.extend(self.manager.as_ref().map(|manager| ("manager", json!(manager))));
        if !self.sinks.is_empty() {
            fields.push(("sinks", json!(self.sinks)));
        }
        if !self.escalates.is_empty() {
            fields.push(("escalates", json!(self.escalates)));
        }
        fields
    }

    /// What differs from what was approved.
    pub(in crate::capability) fn changes(&self, then: &Self, changes: &mut Changes) {
        changes.set("operations", "serve", &self.operations, &then.operations);
        changes.set("verbs", "call", &self.verbs, &then.verbs);
        let names = self.names_by_field().into_iter().zip(then.names_by_field());
        let names = names.map(|((field, now), (_, then))| (field, now, then));
        for (field, now, then) in names.chain([("servers", &self.servers, &then.servers)]) {
            if now != then {
                let message = format!("is about {field} {now} instead of {then}");
                changes.add(!now.subset_of(then), "names", message);
            }
        }
        match (&self.objects, &then.objects) {
            (Some(now), Some(then)) => changes.set("objects", "be about objects that are", now, then),
            (None, Some(_)) => changes.add(true, "objects", "is no longer held to its step's objects".to_owned()),
            (Some(_), None) => changes.add(false, "objects", "is held to its step's objects".to_owned()),
            (None, None) => {}
        }
        changes.bound(&self.bind, &then.bind);
        changes.bound(&self.marks, &then.marks);
        if self.manager() != then.manager() {
            let message = format!("applies as the field manager `{}` instead of `{}`", self.manager(), then.manager());
            changes.add(true, "manager", message);
        }
        changes.set("sinks", "send secrets at", &self.sinks, &then.sinks);
        changes.set("escalates", "write roles that allow", &self.escalates, &then.escalates);
    }

    /// A scope that stands for itself, as a rule's does.
    pub(in crate::capability) fn read(
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
        effect: Option<Effect>,
    ) -> Option<Self> {
        if !fields.contains_key("verbs") {
            reader.missing(path, "verbs", Some("of a read get, list, dry-run; of a write apply, create, delete"));
        }
        for (field, _) in NAMES.iter().filter(|(field, _)| !fields.contains_key(*field)) {
            let help = format!("`{field}: [\"**\"]` for any, or patterns of those that it needs");
            reader.missing(path, field, Some(&help));
        }
        let written = Written::read(reader, path, fields);
        let verbs = written.verbs.unwrap_or_default();
        for verb in verbs.iter().filter(|verb| effect.is_some_and(|effect| effect != verb.effect())) {
            let help = format!("say `effect: {}`, in a rule of its own", verb.effect().name());
            reader.fault_with_help(&under(path, "verbs"), format!("`{verb}` is a {}", verb.effect().name()), help);
        }
        if effect == Some(Effect::Read) {
            // A dry run sends the object as an apply does, secrets and all, and holds it against the same.
            let tries = verbs.contains(&Verb::DryRun);
            let mut misplaced = vec!["operations", "objects", "marks"];
            misplaced.extend((!tries).then_some(["manager", "sinks", "escalates"]).into_iter().flatten());
            for key in misplaced.into_iter().filter(|key| fields.contains_key(*key)) {
                reader.fault(&under(path, key), format!("a read rule has no `{key}`"));
            }
        }
        let by_marks = written.objects.as_ref().is_some_and(|sources| sources.contains(&Objects::Marked));
        if by_marks == written.marks.is_empty() {
            let message = "`objects: [marked]` and `marks` go together: what an object carries that is the step's own";
            let help = "marks: {/metadata/labels/app.kubernetes.io~1instance: \"{inputs.name}\"}";
            reader.fault_with_help(&under(path, "marks"), message, help);
        }
        let [groups, resources, namespaces, names] = written.names;
        Some(Self {
            operations: written.operations.unwrap_or_else(|| Operation::WORDS.map(|(_, operation)| operation).into()),
            verbs,
            groups: groups?,
            resources: resources?,
            namespaces: namespaces?,
            names: names?,
            servers: written.servers.unwrap_or_else(|| Names::any(Shape::Domain)),
            objects: written.objects,
            bind: written.bind,
            marks: written.marks,
            manager: written.manager,
            sinks: written.sinks.unwrap_or_default(),
            escalates: written.escalates.unwrap_or_default(),
        })
    }

    /// What a grant leaves of it, and what it says that is not declared.
    pub(in crate::capability) fn narrowed(
        &self,
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
    ) -> (Option<Self>, Vec<(&'static str, String)>) {
        let written = Written::read(reader, path, fields);
        let beyond = written.beyond(self);
        let [groups, resources, namespaces, names] = written.names;
        let granted = Self {
            operations: written.operations.unwrap_or_else(|| self.operations.clone()),
            verbs: written.verbs.unwrap_or_else(|| self.verbs.clone()),
            groups: groups.unwrap_or_else(|| self.groups.clone()),
            resources: resources.unwrap_or_else(|| self.resources.clone()),
            namespaces: namespaces.unwrap_or_else(|| self.namespaces.clone()),
            names: names.unwrap_or_else(|| self.names.clone()),
            servers: written.servers.unwrap_or_else(|| self.servers.clone()),
            objects: written.objects.or_else(|| self.objects.clone()),
            bind: written.bind,
            marks: written.marks,
            manager: written.manager.or_else(|| self.manager.clone()),
            sinks: written.sinks.unwrap_or_else(|| self.sinks.clone()),
            escalates: written.escalates.unwrap_or_default(),
        };
        (self.meet(&granted), beyond)
    }
}

impl Serialize for KubeScope {
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
    verbs: Option<BTreeSet<Verb>>,
    names: [Option<Names>; 4],
    servers: Option<Names>,
    objects: Option<BTreeSet<Objects>>,
    bind: Bind,
    marks: Bind,
    manager: Option<String>,
    sinks: Option<BTreeSet<Pointer>>,
    escalates: Option<BTreeSet<Escalation>>,
}

impl Written {
    fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Self {
        let field = |name: &str| fields.get(name).map(|json| (under(path, name), json));
        let mut read = |name: &str, shape| field(name).and_then(|(path, json)| Names::read(reader, &path, json, shape));
        let names = NAMES.map(|(name, shape)| read(name, shape));
        let servers = read("servers", Shape::Domain);
        if let (Some(resources), Some((path, _))) = (&names[1], field("resources")) {
            for pattern in resources.patterns().filter(|pattern| pattern.to_string().contains('/')) {
                let message = format!("`{pattern}` is a subresource, and none of these is ever called");
                reader.fault_with_help(&path, message, "name resources by their plural alone: `deployments`");
            }
        }
        Self {
            operations: field("operations").map(|(path, json)| read_operations(reader, &path, json)),
            verbs: field("verbs").map(|(path, json)| read_verbs(reader, &path, json)),
            names,
            servers,
            objects: field("objects").map(|(path, json)| read_words(reader, &path, json, &Objects::WORDS)),
            bind: field("bind").map(|(path, json)| Bind::read_places(reader, &path, json)).unwrap_or_default(),
            marks: field("marks").map(|(path, json)| Bind::read_places(reader, &path, json)).unwrap_or_default(),
            manager: field("manager").and_then(|(path, json)| read_manager(reader, &path, json)),
            sinks: field("sinks").map(|(path, json)| match is_empty(json) {
                true => BTreeSet::new(),
                false => {
                    let texts = reader.texts(&path, json);
                    texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Pointer::from_str(text))).collect()
                }
            }),
            escalates: field("escalates").map(|(path, json)| match is_empty(json) {
                true => BTreeSet::new(),
                false => read_words(reader, &path, json, &Escalation::WORDS),
            }),
        }
    }

    /// What was written that is not in `declared`: the field, and what there.
    fn beyond(&self, declared: &KubeScope) -> Vec<(&'static str, String)> {
        let mut beyond = Vec::new();
        let mut add = |field, more: Vec<String>| {
            if !more.is_empty() {
                beyond.push((field, format!("`{}`", more.join("`, `"))));
            }
        };
        add("operations", surplus(self.operations.as_ref(), &declared.operations));
        add("verbs", surplus(self.verbs.as_ref(), &declared.verbs));
        let written = self.names.iter().zip(declared.names_by_field()).map(|(names, (field, of))| (field, names, of));
        for (field, names, theirs) in written.chain([("servers", &self.servers, &declared.servers)]) {
            // One that crosses the declared one narrows it all the same.
            if let Some(names) = names.as_ref().filter(|names| theirs.subset_of(names) && theirs != *names) {
                add(field, names.patterns().map(ToString::to_string).collect());
            }
        }
        if let Some(theirs) = &declared.objects {
            add("objects", surplus(self.objects.as_ref(), theirs));
        }
        add("sinks", surplus(self.sinks.as_ref(), &declared.sinks));
        add("escalates", surplus(self.escalates.as_ref(), &declared.escalates));
        beyond
    }
}

fn surplus<T: Ord + Display>(written: Option<&BTreeSet<T>>, declared: &BTreeSet<T>) -> Vec<String> {
    written.into_iter().flat_map(|set| set.difference(declared)).map(ToString::to_string).collect()
}

/// A field manager as the API server takes it, and as a query has it without being encoded.
fn read_manager(reader: &mut Reader, path: &str, json: &Json) -> Option<String> {
    let manager = reader.text(path, json)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if manager.is_empty() || manager.len() > MANAGER_BYTES || !manager.bytes().all(plain) {
        let message = format!("a field manager has up to {MANAGER_BYTES} letters, digits, `-`, `.` and `_`");
        reader.fault_with_help(path, message, format!("leave it out for `{MANAGER}`"));
        return None;
    }
    (manager != MANAGER).then(|| manager.to_owned())
}

fn is_empty(json: &Json) -> bool {
    json.as_array().is_some_and(Vec::is_empty)
}

fn read_words<T: Copy + Ord>(reader: &mut Reader, path: &str, json: &Json, words: &[(&'static str, T)]) -> BTreeSet<T> {
    let texts = reader.texts(path, json);
    texts.into_iter().filter_map(|(path, word)| reader.choice(&path, word, words)).collect()
}

fn read_verbs(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<Verb> {
    let mut verbs = BTreeSet::new();
    for (path, word) in reader.texts(path, json) {
        if NEVER.contains(&word) {
            let message = format!("`{word}` is what no plugin may ever do with a cluster");
            reader.fault_with_help(&path, message, "the verbs are get, list, dry-run, apply, create and delete");
            continue;
        }
        verbs.extend(reader.choice(&path, word, &Verb::WORDS));
    }
    verbs
}
