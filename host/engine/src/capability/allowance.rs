//! What a plugin may do in one stack, in the form in which somebody approves it, and its order:
//! what is in effect must lie within what was approved.
//!
//! The order is that of the meet: `a` lies within `b` exactly where `a.meet(b)` is `a`. Each rule
//! stands for itself, by its id; what several rules allow together is what each of them allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::bind::{Bind, Template};
use super::grant::Effective;
use super::interface::{Family, Interface};
use super::manifest::{CredentialKind, Manifest};
use super::read::{Reader, under};
use super::reveal::Shown;
use super::rule::{Effect, Rule, Scope, read_effect};
use crate::name::RuleId;
use crate::stack::{PluginDecl, Stack};

/// What a plugin may do in one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// The interfaces without rules.
    pub interfaces: BTreeSet<Interface>,
    /// Secrets of clusters that it sees in clear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
    /// Hosts that it may reach at private addresses.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub private: BTreeSet<String>,
    /// The rules.
    pub rules: BTreeMap<RuleId, AllowedRule>,
}

/// A rule in effect, without its reason: that is for people to read, and allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AllowedRule {
    /// Does it change anything?
    pub effect: Effect,
    /// What it allows.
    #[serde(flatten)]
    pub scope: Scope,
    /// What the host adds to its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialUse>,
}

/// A credential as a stack gives it to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CredentialUse {
    /// What the manifest calls it.
    pub name: String,
    /// How it is sent.
    pub kind: CredentialKind,
    /// What the stack calls it.
    pub from: String,
    /// The hosts that the stack lets it be sent to.
    pub hosts: BTreeSet<String>,
}

/// One thing that differs between two allowances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Is more allowed than before?
    pub widened: bool,
    /// The rule, if it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// What of it: `interface`, `rule`, `methods`, `url`, …
    pub what: &'static str,
    /// In plain words, beginning with what the plugin may do or no longer may.
    pub message: String,
}

impl Allowance {
    /// Of a plugin as a stack uses it.
    pub fn of(effective: &Effective, declared: &PluginDecl, stack: &Stack) -> Self {
        let given = |name: &String| {
            let kind = effective.credentials.get(name)?.kind.clone();
            let from = declared.credentials.get(name)?.clone();
            let hosts = stack.credentials.get(&from)?.hosts.iter().cloned().collect();
            Some(CredentialUse { name: name.clone(), kind, from, hosts })
        };
        let rules = effective.rules.iter().map(|rule| {
            let credential = rule.credential.as_ref().and_then(given);
            (rule.id.clone(), AllowedRule { effect: rule.effect, scope: rule.scope.clone(), credential })
        });
        let (shown, private) = (effective.shown.clone(), effective.private.clone());
        Self { interfaces: effective.plain.clone(), shown, private, rules: rules.collect() }
    }

    /// May nothing that `approved` does not allow?
    pub fn within(&self, approved: &Self) -> bool {
        self.changes(approved).iter().all(|change| !change.widened)
    }

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let rules = self.rules.iter().filter_map(|(id, rule)| Some((id.clone(), rule.meet(other.rules.get(id)?)?)));
        Self {
            interfaces: self.interfaces.intersection(&other.interfaces).copied().collect(),
            shown: self.shown.iter().filter(|shown| other.shown.contains(shown)).cloned().collect(),
            private: self.private.intersection(&other.private).cloned().collect(),
            rules: rules.collect(),
        }
    }

    /// What differs from an earlier one, what was widened first.
    pub fn changes(&self, since: &Self) -> Vec<Change> {
        let mut changes = Changes::default();
        for interface in self.interfaces.difference(&since.interfaces) {
            changes.add(true, "interface", format!("may use `{interface}`"));
        }
        for interface in since.interfaces.difference(&self.interfaces) {
            changes.add(false, "interface", format!("no longer uses `{interface}`"));
        }
        for shown in self.shown.iter().filter(|shown| !since.shown.contains(shown)) {
            changes.add(true, "reveal", format!("may see in clear {}", shown.outline()));
        }
        for shown in since.shown.iter().filter(|shown| !self.shown.contains(shown)) {
            changes.add(false, "reveal", format!("no longer sees in clear {}", shown.outline()));
        }
        changes.set("private", "reach at private addresses", &self.private, &since.private);
        for (id, rule) in &self.rules {
            changes.rule = Some(id.clone());
            match since.rules.get(id) {
                None => changes.add(true, "rule", format!("may {}", rule.outline())),
                Some(before) => rule.changes(before, &mut changes),
            }
        }
        for (id, rule) in since.rules.iter().filter(|(id, _)| !self.rules.contains_key(*id)) {
            changes.rule = Some(id.clone());
            changes.add(false, "rule", format!("no longer may {}", rule.outline()));
        }
        let mut found = changes.found;
        found.sort_by_key(|change| !change.widened);
        found
    }

    /// All that a manifest declares, outside of any stack: its credentials go by their own names, to
    /// the hosts of their rules.
    pub fn declared(manifest: &Manifest) -> Self {
        let rules = manifest.rules.iter().map(|rule| {
            let given = |name: &String| {
                let kind = manifest.credentials.get(name)?.kind.clone();
                let hosts = rule.http().map(|scope| scope.url.host()).into_iter().collect();
                Some(CredentialUse { name: name.clone(), kind, from: name.clone(), hosts })
            };
            let credential = rule.credential.as_ref().and_then(given);
            (rule.id.clone(), AllowedRule { effect: rule.effect, scope: rule.scope.clone(), credential })
        });
        let (shown, private) = (manifest.reveal.secrets.clone(), BTreeSet::new());
        Self { interfaces: manifest.unasked().collect(), shown, private, rules: rules.collect() }
    }

    /// All that a manifest declares, with the credentials that `granted` was given.
    pub fn all(manifest: &Manifest, granted: &Self) -> Self {
        let mut all = Self::declared(manifest);
        for (id, rule) in &mut all.rules {
            rule.credential = granted.rules.get(id).and_then(|granted| granted.credential.clone());
        }
        all
    }

    /// The `grant:` that leaves just this of what a manifest declares. What it says beyond that has
    /// no effect; which credential a plugin is given is no matter of grants.
    pub fn grant(&self, manifest: &Manifest) -> Json {
        let interfaces = self.interfaces.iter().map(|interface| (interface.name().to_owned(), json!({})));
        let mut grant: Map<_, _> = interfaces.collect();
        if !self.shown.is_empty() {
            grant.insert(Interface::Reveal.name().to_owned(), json!({}));
        }
        for family in Family::ALL {
            let of_family = manifest.rules_of(family).filter_map(|rule: &Rule| {
                let allowed = &self.rules.get(&rule.id)?.scope;
                let mut entry = Map::from_iter([("id".to_owned(), json!(rule.id))]);
                entry.extend(allowed.beside(&rule.scope).into_iter().map(|(key, value)| (key.to_owned(), value)));
                Some(Json::Object(entry))
            });
            let entries: Vec<Json> = of_family.collect();
            if !entries.is_empty() {
                grant.insert(family.name().to_owned(), Json::Array(entries));
            }
        }
        Json::Object(grant)
    }

    /// Reads one from a lock file.
    pub(super) fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Self {
        let mut allowance = Self::default();
        if let Some(json) = fields.get("interfaces") {
            let words = Interface::PLAIN.map(|interface| (interface.name(), interface));
            for (path, word) in reader.texts(&under(path, "interfaces"), json) {
                allowance.interfaces.extend(reader.choice(&path, word, &words));
            }
        }
        if let Some(json) = fields.get("reveal") {
            allowance.shown = Shown::read_all(reader, &under(path, "reveal"), json);
        }
        if let Some(json) = fields.get("private") {
            let hosts = reader.texts(&under(path, "private"), json);
            allowance.private = hosts.into_iter().map(|(_, host)| host.to_owned()).collect();
        }
        for family in Family::ALL {
            let path = under(path, family.name());
            let list = fields.get(family.name()).and_then(|json| reader.list(&path, json)).unwrap_or_default();
            for (at, json) in list.iter().enumerate() {
                let path = format!("{path}[{at}]");
                let Some((id, rule)) = AllowedRule::read(reader, &path, json, family) else { continue };
                if allowance.rules.insert(id.clone(), rule).is_some() {
                    reader.fault(&under(&path, "id"), format!("the rule `{id}` stands here twice"));
                }
            }
        }
        allowance
    }
}

/// Differences as they are found.
#[derive(Default)]
pub(super) struct Changes {
    rule: Option<RuleId>,
    found: Vec<Change>,
}

impl Changes {
    pub(super) fn add(&mut self, widened: bool, what: &'static str, message: String) {
        self.found.push(Change { widened, rule: self.rule.clone(), what, message });
    }

    /// A set of which more allows more.
    pub(super) fn set<T: Ord + Display>(
        &mut self,
        what: &'static str,
        verb: &str,
        now: &BTreeSet<T>,
        then: &BTreeSet<T>,
    ) {
        for (widened, may, all) in [(true, "may", now.difference(then)), (false, "no longer may", then.difference(now))]
        {
            let items: Vec<_> = all.map(|item| format!("`{item}`")).collect();
            if !items.is_empty() {
                self.add(widened, what, format!("{may} {verb} {}", items.join(", ")));
            }
        }
    }

    /// What must equal the step's values: more of it allows less.
    pub(super) fn bound(&mut self, now: &Bind, then: &Bind) {
        let places: BTreeSet<_> = now.body.keys().chain(then.body.keys()).collect();
        for place in places {
            self.part(&place.to_string(), now.body.get(place), then.body.get(place));
        }
        let names: BTreeSet<_> = now.query.keys().chain(then.query.keys()).collect();
        for name in names {
            self.part(&format!("?{name}"), now.query.get(name), then.query.get(name));
        }
    }

    fn part(&mut self, part: &str, now: Option<&BTreeSet<Template>>, then: Option<&BTreeSet<Template>>) {
        let none = BTreeSet::new();
        let (now, then) = (now.unwrap_or(&none), then.unwrap_or(&none));
        for template in then.difference(now) {
            self.add(true, "bind", format!("is no longer bound to have {template} at `{part}`"));
        }
        for template in now.difference(then) {
            self.add(false, "bind", format!("is bound to have {template} at `{part}`"));
        }
    }
}

impl AllowedRule {
    /// `write POST https://…`.
    pub fn outline(&self) -> String {
        format!("{} {}", self.effect.name(), self.scope.outline())
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        if self.effect != other.effect {
            return None;
        }
        let scope = self.scope.meet(&other.scope)?;
        let credential = match (&self.credential, &other.credential) {
            (Some(one), Some(other)) => one.meet(other),
            _ => None,
        };
        Some(Self { effect: self.effect, scope, credential })
    }

    fn changes(&self, before: &Self, changes: &mut Changes) {
        if self.effect != before.effect {
            changes.add(true, "effect", format!("may {}, and was approved to {}", self.outline(), before.outline()));
        }
        match (&self.scope, &before.scope) {
            (Scope::Http(now), Scope::Http(then)) => now.changes(then, changes),
            (Scope::Api(now), Scope::Api(then)) if now.family == then.family => now.changes(then, changes),
            (Scope::Kube(now), Scope::Kube(then)) => now.changes(then, changes),
            (Scope::Files(now), Scope::Files(then)) => now.changes(then, changes),
            _ => changes.add(true, "rule", format!("may {}, and was approved to {}", self.outline(), before.outline())),
        }
        match (&self.credential, &before.credential) {
            (Some(now), Some(then)) if now.is_same(then) => {
                changes.set("credential", &format!("send `{}` to", now.from), &now.hosts, &then.hosts);
            }
            (Some(now), _) => changes.add(true, "credential", format!("is sent with {now}")),
            (None, Some(then)) => changes.add(false, "credential", format!("is no longer sent with {then}")),
            (None, None) => {}
        }
    }

    fn read(reader: &mut Reader, path: &str, json: &Json, family: Family) -> Option<(RuleId, Self)> {
        let mut known = vec!["id", "effect", "credential"];
        known.extend(Scope::keys(family));
        let fields = reader.object(path, json, &known)?;
        let id = reader.name(path, fields, "id");
        let effect = read_effect(reader, path, fields);
        let scope = Scope::read(reader, path, fields, family, effect);
        let credential = match fields.get("credential") {
            Some(json) => Some(CredentialUse::read(reader, &under(path, "credential"), json)?),
            None => None,
        };
        Some((RuleId::new(id?), Self { effect: effect?, scope: scope?, credential }))
    }
}

impl CredentialUse {
    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.from == other.from
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let hosts: BTreeSet<_> = self.hosts.intersection(&other.hosts).cloned().collect();
        (self.is_same(other) && !hosts.is_empty()).then(|| Self { hosts, ..self.clone() })
    }

    fn read(reader: &mut Reader, path: &str, json: &Json) -> Option<Self> {
        let fields = reader.object(path, json, &["name", "type", "header", "service", "actions", "from", "hosts"])?;
        let kind = CredentialKind::read(reader, path, fields);
        let hosts = match fields.get("hosts") {
            Some(json) => reader.texts(&under(path, "hosts"), json),
            None => {
                reader.missing(path, "hosts", None);
                Vec::new()
            }
        };
        let name = reader.name(path, fields, "name");
        Some(Self {
            from: reader.name(path, fields, "from")?.to_owned(),
            hosts: hosts.into_iter().map(|(_, host)| host.to_owned()).collect(),
            name: name?.to_owned(),
            kind: kind?,
        })
    }
}

impl Display for CredentialUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(String::as_str).collect();
        let goes = if matches!(self.kind, CredentialKind::Aws { .. } | CredentialKind::Spaces) {
            "signs calls"
        } else {
            "goes"
        };
        write!(f, "the credential `{}`, which {goes} to {}", self.from, hosts.join(", "))
    }
}
