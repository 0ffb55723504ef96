//! What an operator grants, and the meet of that with what a manifest declares.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::allow::Allow;
use super::interface::{Family, Half, Interface};
use super::manifest::{Credential, Manifest, interfaces};
use super::read::{Fault, Faults, Reader, SURPLUS, under};
use super::reveal::Shown;
use super::rule::{Rule, Scope};
use crate::diagnostic::suggest;
use crate::name::RuleId;

/// What a plugin may do in one stack: declared ∩ granted, computed once. The manifest stays at
/// hand only so that a refusal can say on which side it is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effective {
    /// The interfaces without rules.
    pub plain: BTreeSet<Interface>,
    /// Secrets of clusters that come back in clear, beside all others where `plain` has [`Interface::Reveal`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
    /// Hosts that the operator lets have private addresses.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub private: BTreeSet<String>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The manifest's credentials.
    pub credentials: BTreeMap<String, Credential>,
    /// Where the grant says more than the manifest declares: that part has no effect.
    #[serde(skip)]
    pub surplus: Vec<Fault>,
    /// The manifest's rules.
    #[serde(skip)]
    pub(super) declared_rules: Vec<Rule>,
    #[serde(skip)]
    pub(super) declared: BTreeSet<Interface>,
    /// Does the manifest ask for secrets that only the operator can show?
    #[serde(skip)]
    on_request: bool,
}

impl Effective {
    /// The meet of a manifest and a grant. No grant at all (`grant` is none) leaves what is
    /// declared; a grant that is there holds nothing but what it names.
    ///
    /// # Errors
    /// Whatever is malformed, unknown, or would widen nothing and still grant nothing.
    pub fn meet(manifest: &Manifest, grant: Option<&Json>) -> Result<Self, Faults> {
        let mut effective = Self {
            plain: manifest.unasked().collect(),
            shown: manifest.reveal.secrets.clone(),
            private: BTreeSet::new(),
            rules: manifest.rules.iter().cloned().map(unescalated).collect(),
            credentials: manifest.credentials.clone(),
            surplus: Vec::new(),
            declared_rules: manifest.rules.clone(),
            declared: manifest.interfaces(),
            on_request: manifest.reveal.on_request.is_some(),
        };
        let Some(grant) = grant else { return Ok(effective) };
        let mut reader = Reader::default();
        effective.plain.clear();
        effective.shown.clear();
        effective.rules.clear();
        read(&mut reader, grant, manifest, &mut effective);
        reader.finish(Some(effective))
    }

    /// With what the operator turns on beside the grant.
    ///
    /// # Errors
    /// When the manifest does not ask for it: then nothing would come of it.
    pub fn allowing(mut self, allow: &Allow, manifest: &Manifest) -> Result<Self, &'static str> {
        if allow.reveal {
            if manifest.reveal.on_request.is_none() {
                return Err("reveal");
            }
            self.plain.insert(Interface::Reveal);
        }
        if !allow.private.is_empty() && manifest.rules_of(Family::Http).next().is_none() {
            return Err("private");
        }
        if !allow.escalates.is_empty() {
            let mut allowed = 0;
            for rule in &mut self.rules {
                let declared = self.declared_rules.iter().find(|declared| declared.id == rule.id);
                if let (Scope::Kube(scope), Some(Scope::Kube(declared))) =
                    (&mut rule.scope, declared.map(|declared| &declared.scope))
                {
                    allowed += scope.allow(declared, &allow.escalates);
                }
            }
            if allowed == 0 {
                return Err("escalates");
            }
        }
        self.private.clone_from(&allow.private);
        Ok(self)
    }

    /// Without the rules whose credential may be left out and is: `given` says which are there.
    #[must_use]
    pub fn with_credentials(mut self, given: impl Fn(&str) -> bool) -> Self {
        let Self { rules, credentials, .. } = &mut self;
        let optional = |name: &String| credentials.get(name).is_some_and(|credential| credential.optional);
        rules.retain(|rule| rule.credential.as_ref().is_none_or(|name| given(name) || !optional(name)));
        self
    }

    /// What to write at the plugin in the stack to grant an interface, or all rules of one.
    pub fn grant_lines(&self, interface: Interface) -> String {
        if interface == Interface::Reveal && self.on_request {
            return "allow:\n  reveal: true".to_owned();
        }
        let Interface::Ruled(family, half) = interface else { return format!("grant:\n  {interface}: {{}}") };
        let rules = self.declared_rules.iter();
        let rules = rules.filter(|rule| rule.scope.family() == family && rule.effect == half.effect());
        rules.fold(format!("grant:\n  {family}:"), |lines, rule| format!("{lines}\n    - {{id: {}}}", rule.id))
    }

    /// The interfaces that hold anything.
    pub fn interfaces(&self) -> BTreeSet<Interface> {
        interfaces(self.plain.iter().copied(), &self.rules)
    }

    /// The rules of one family.
    pub fn rules_of(&self, family: Family) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.scope.family() == family)
    }

    /// Has the stack's grant named this host of a cluster, where the manifest has only patterns or another? Then the
    /// operator knows it, and it may be in a network of theirs.
    pub fn names_server(&self, host: &str) -> bool {
        let names = |rule: &Rule| matches!(&rule.scope, Scope::Kube(scope) if scope.names_server(host));
        let declared = |id: &RuleId| self.declared_rules.iter().any(|rule| rule.id == *id && names(rule));
        self.rules.iter().any(|rule| names(rule) && !declared(&rule.id))
    }

    /// Is there a rule for this half of a family?
    pub fn opens(&self, family: Family, half: Half) -> bool {
        self.rules_of(family).any(|rule| rule.effect == half.effect())
    }
}

/// A rule as it is without the operator's word: it writes no role that would undo the rules.
fn unescalated(mut rule: Rule) -> Rule {
    if let Scope::Kube(scope) = &mut rule.scope {
        scope.escalates.clear();
    }
    rule
}

fn read(reader: &mut Reader, grant: &Json, manifest: &Manifest, effective: &mut Effective) {
    let known: Vec<_> =
        Interface::PLAIN.map(Interface::name).into_iter().chain(Family::ALL.map(Family::name)).collect();
    let Some(fields) = reader.object("grant", grant, &known) else { return };
    for interface in Interface::PLAIN {
        let Some(json) = fields.get(interface.name()) else { continue };
        let path = under("grant", interface.name());
        if !manifest.plain.contains_key(&interface) {
            reader.fault(&path, format!("plugin `{}` does not declare `{interface}`", manifest.plugin));
        } else if reader.object(&path, json, &[]).is_some_and(Map::is_empty) {
            effective.shown.extend(manifest.reveal.secrets.iter().filter(|_| interface == Interface::Reveal).cloned());
            effective.plain.extend(manifest.unasked().filter(|unasked| *unasked == interface));
        }
    }
    for family in Family::ALL {
        let path = under("grant", family.name());
        let list = fields.get(family.name()).and_then(|json| reader.list(&path, json)).unwrap_or_default();
        for (at, json) in list.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let Some(rule) = read_entry(reader, &path, json, family, manifest, &mut effective.surplus) else {
                continue;
            };
            if effective.rules.iter().any(|earlier| earlier.id == rule.id) {
                reader.fault(&path, format!("rule `{}` is granted twice", rule.id));
                continue;
            }
            effective.rules.push(rule);
        }
    }
}

fn read_entry(
    reader: &mut Reader,
    path: &str,
    json: &Json,
    family: Family,
    manifest: &Manifest,
    surplus: &mut Vec<Fault>,
) -> Option<Rule> {
    let known: Vec<_> = ["id"].into_iter().chain(Scope::keys(family)).collect();
    let fields = reader.object(path, json, &known)?;
    let id = reader.required(path, fields, "id")?;
    let Some(declared) = manifest.rules_of(family).find(|rule| rule.id.as_str() == id) else {
        let help = suggest(id, manifest.rules_of(family).map(|rule| rule.id.as_str()))
            .unwrap_or_else(|| "a grant can only narrow what is declared".to_owned());
        reader.fault_with_help(&under(path, "id"), format!("plugin `{}` has no rule `{id}`", manifest.plugin), help);
        return None;
    };
    let (scope, more) = declared.scope.narrowed(reader, path, fields);
    let Some(scope) = scope else {
        let message = format!("nothing is both declared by rule `{id}` and granted here");
        reader.fault_with_help(path, message, "a grant can only narrow; to grant nothing, leave the rule out");
        return None;
    };
    for (field, what) in more {
        let message = format!("rule `{id}` does not declare {what}, so granting it has no effect");
        let help = "a grant can only narrow what plugin.yaml declares; take it out".to_owned();
        surplus.push(Fault { code: SURPLUS, path: under(path, field), message, help: Some(help) });
    }
    Some(Rule { scope, ..declared.clone() })
}
