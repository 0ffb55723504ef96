//! One rule: what it allows, why, and with which credential.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::api_scope::ApiScope;
use super::files::FilesScope;
use super::http_scope::HttpScope;
use super::interface::{Family, Half, Interface};
use super::kube::KubeScope;
use super::read::{Reader, under};
use crate::journal::OpKind;
use crate::name::RuleId;

/// Does a rule's call change anything outside?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// No: it is reached from the read half, in a plan too.
    Read,
    /// Yes: it is reached from the write half, and only during an operation that it names.
    Write,
}

impl Effect {
    /// As in plugin.yaml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// [`OpKind`], in an order so that sets of it print equally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
}

impl Operation {
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("create", Self::Create), ("update", Self::Update), ("delete", Self::Delete)];

    /// As in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl From<OpKind> for Operation {
    fn from(kind: OpKind) -> Self {
        match kind {
            OpKind::Create => Self::Create,
            OpKind::Update => Self::Update,
            OpKind::Delete => Self::Delete,
        }
    }
}

/// The operations of a rule that serves no write.
static NONE: BTreeSet<Operation> = BTreeSet::new();

/// What a rule allows: the part that a grant can narrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Scope {
    /// Of `http`.
    Http(HttpScope),
    /// Of a service whose actions the host knows.
    Api(ApiScope),
    /// Of `kube`.
    Kube(KubeScope),
    /// Of `files`.
    Files(FilesScope),
}

impl Scope {
    /// Which interfaces it is of.
    pub fn family(&self) -> Family {
        match self {
            Self::Http(_) => Family::Http,
            Self::Api(scope) => scope.family,
            Self::Kube(_) => Family::Kube,
            Self::Files(_) => Family::Files,
        }
    }

    /// The operations a write may serve; reads serve every one.
    pub fn operations(&self) -> &BTreeSet<Operation> {
        match self {
            Self::Http(scope) => &scope.operations,
            Self::Api(scope) => &scope.operations,
            Self::Kube(scope) => &scope.operations,
            // Nothing is ever written.
            Self::Files(_) => &NONE,
        }
    }

    /// What both allow. None where that is nothing.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Http(one), Self::Http(other)) => one.meet(other).map(Self::Http),
            (Self::Api(one), Self::Api(other)) => one.meet(other).map(Self::Api),
            (Self::Kube(one), Self::Kube(other)) => one.meet(other).map(Self::Kube),
            (Self::Files(one), Self::Files(other)) => Some(Self::Files(one.meet(other))),
            _ => None,
        }
    }

    /// May the plugin send a bearer token of its own?
    pub fn sends_bearer(&self) -> bool {
        matches!(self, Self::Http(scope) if scope.bearer)
    }

    /// `POST https://…`, or `PutParameter of /maps/**`.
    pub fn outline(&self) -> String {
        match self {
            Self::Http(scope) => scope.outline(),
            Self::Api(scope) => scope.outline(),
            Self::Kube(scope) => scope.outline(),
            Self::Files(scope) => scope.outline(),
        }
    }

    /// The fields that differ from another one's, as a grant has them.
    pub(super) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        match (self, other) {
            (Self::Http(one), Self::Http(other)) => one.beside(other),
            (Self::Api(one), Self::Api(other)) => one.beside(other),
            (Self::Kube(one), Self::Kube(other)) => one.beside(other),
            (Self::Files(one), Self::Files(other)) => one.beside(other),
            _ => Vec::new(),
        }
    }

    /// All that it says, in the order in which manifests have it.
    pub(super) fn fields(&self, effect: Effect) -> Vec<(&'static str, Json)> {
        match self {
            Self::Http(scope) => scope.fields(effect),
            Self::Api(scope) => scope.fields(effect),
            Self::Kube(scope) => scope.fields(effect),
            Self::Files(scope) => scope.fields(),
        }
    }

    /// The keys that a rule of a family may have for its scope.
    pub(super) fn keys(family: Family) -> Vec<&'static str> {
        match family.service() {
            None if family == Family::Kube => KubeScope::KEYS.to_vec(),
            None if family == Family::Files => FilesScope::KEYS.to_vec(),
            None => HttpScope::KEYS.to_vec(),
            Some(service) => ApiScope::keys(service),
        }
    }

    /// Reads one that stands for itself, as a rule's does.
    pub(super) fn read(
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
        family: Family,
        effect: Option<Effect>,
    ) -> Option<Self> {
        match family.service() {
            None if family == Family::Kube => KubeScope::read(reader, path, fields, effect).map(Self::Kube),
            None if family == Family::Files => FilesScope::read(reader, path, fields, effect).map(Self::Files),
            None => HttpScope::read(reader, path, fields, effect).map(Self::Http),
            Some(_) => ApiScope::read(reader, path, fields, family, effect).map(Self::Api),
        }
    }

    /// Reads what a grant says of a declared one: what it leaves, and what it says too much.
    pub(super) fn narrowed(
        &self,
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
    ) -> (Option<Self>, Vec<(&'static str, String)>) {
        match self {
            Self::Http(declared) => {
                let (left, beyond) = declared.narrowed(reader, path, fields);
                (left.map(Self::Http), beyond)
            }
            Self::Api(declared) => {
                let (left, beyond) = declared.narrowed(reader, path, fields);
                (left.map(Self::Api), beyond)
            }
            Self::Kube(declared) => {
                let (left, beyond) = declared.narrowed(reader, path, fields);
                (left.map(Self::Kube), beyond)
            }
            Self::Files(declared) => {
                let (left, beyond) = declared.narrowed(reader, path, fields);
                (left.map(Self::Files), beyond)
            }
        }
    }
}

/// A rule as the manifest declares it, or as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name, the only one of this name in the manifest.
    pub id: RuleId,
    /// Does it change anything?
    pub effect: Effect,
    /// What it allows.
    #[serde(flatten)]
    pub scope: Scope,
    /// The manifest's credential that the host adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What the service calls the permissions that the credential needs for this rule, so that an
    /// operator can make a token with these and no more. Told, never enforced.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
    /// Why, in plain words.
    pub reason: String,
}

impl Rule {
    /// The interface that its calls come through.
    pub fn interface(&self) -> Interface {
        let half = if self.effect == Effect::Write { Half::Write } else { Half::Read };
        Interface::Ruled(self.scope.family(), half)
    }

    /// Its scope, if it is a rule of `http`.
    pub fn http(&self) -> Option<&HttpScope> {
        match &self.scope {
            Scope::Http(scope) => Some(scope),
            Scope::Api(_) | Scope::Kube(_) | Scope::Files(_) => None,
        }
    }
}

/// A rule of a manifest, under the key of its family.
pub(super) fn read_rule(reader: &mut Reader, path: &str, json: &Json, family: Family) -> Option<Rule> {
    let mut known = vec!["id", "effect", "credential", "scopes", "reason"];
    known.extend(Scope::keys(family));
    let fields = reader.object(path, json, &known)?;
    let id = reader.name(path, fields, "id");
    let effect = read_effect(reader, path, fields);
    let reason = reader.required(path, fields, "reason");
    let credential = reader.optional(path, fields, "credential").map(str::to_owned);
    if credential.is_some() && family == Family::Kube {
        let help = "take it out: every call names a sealed kubeconfig, which has its own";
        reader.fault_with_help(&under(path, "credential"), "a rule of `kube` takes no credential", help);
    }
    if credential.is_some() && family == Family::Files {
        reader.fault(&under(path, "credential"), "a rule of `files` takes no credential");
    }
    if credential.is_none() && family.service().is_some() && !fields.contains_key("credential") {
        let help = "the name of one of type `aws`: every call is signed with it";
        reader.missing(path, "credential", Some(help));
    }
    let scopes = fields.get("scopes").map(|json| read_scopes(reader, &under(path, "scopes"), json));
    if scopes.is_some() && credential.is_none() {
        let message = "`scopes` are what the rule's credential needs, and the rule has no credential";
        reader.fault_with_help(&under(path, "scopes"), message, "name it: `credential: …`");
    }
    let scope = Scope::read(reader, path, fields, family, effect);
    Some(Rule {
        id: RuleId::new(id?),
        effect: effect?,
        scope: scope?,
        credential,
        scopes: scopes.unwrap_or_default(),
        reason: reason?.to_owned(),
    })
}

pub(super) fn read_effect(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Option<Effect> {
    let word = reader.required(path, fields, "effect")?;
    reader.choice(&under(path, "effect"), word, &[("read", Effect::Read), ("write", Effect::Write)])
}

pub(super) fn read_operations(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<Operation> {
    let words = reader.texts(path, json);
    words.into_iter().filter_map(|(path, word)| reader.choice(&path, word, &Operation::WORDS)).collect()
}

fn read_scopes(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<String> {
    let mut scopes = BTreeSet::new();
    for (path, scope) in reader.texts(path, json) {
        // They are printed to be pasted into a form.
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic()) {
            reader.fault(&path, "a scope is one word of ASCII characters: `kubernetes:read`");
        }
        scopes.insert(scope.to_owned());
    }
    scopes
}
