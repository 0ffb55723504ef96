//! One rule of `http`: what it allows, why, and its meet with what an operator grants.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::bind::{Bind, Pointer, Template};
use super::pattern::UrlPattern;
use super::read::{Reader, under};
use crate::journal::OpKind;
use crate::name::RuleId;

/// Does a rule's call change anything outside?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// No: it is reached from `http-read`, in a plan too.
    Read,
    /// Yes: it is reached from `http-write`, and only during an operation that it names.
    Write,
}

/// What of an answer becomes a secret. A later one in this order seals more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seal {
    /// The values at these places of a JSON body; may be none.
    At(BTreeSet<Pointer>),
    /// The whole body.
    Body,
}

impl Seal {
    /// Seals nothing.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::At(pointers) if pointers.is_empty())
    }

    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.union(b).cloned().collect()),
            _ => Self::Body,
        }
    }

    /// Does it seal all that `other` seals?
    pub fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Body, _) => true,
            (Self::At(_), Self::Body) => false,
            (Self::At(a), Self::At(b)) => b.is_subset(a),
        }
    }
}

/// What a rule allows: the part that a grant can narrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpScope {
    /// The operations a write may serve; reads serve every one.
    pub operations: BTreeSet<Operation>,
    /// In upper case.
    pub methods: BTreeSet<String>,
    /// Where.
    pub url: UrlPattern,
    /// The query parameters that may be there.
    pub query: BTreeSet<String>,
    /// What must equal the step's values.
    pub bind: Bind,
    /// Where in the body a secret may be opened.
    pub sinks: BTreeSet<Pointer>,
    /// What of the answer becomes a secret.
    pub seal: Seal,
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

/// A rule as the manifest declares it, or as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpRule {
    /// Its name.
    pub id: RuleId,
    /// Does it change anything?
    pub effect: Effect,
    /// What it allows.
    #[serde(flatten)]
    pub scope: HttpScope,
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

impl HttpScope {
    /// What both allow. None where that is nothing.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let met = Self {
            operations: self.operations.intersection(&other.operations).copied().collect(),
            methods: self.methods.intersection(&other.methods).cloned().collect(),
            url: self.url.meet(&other.url)?,
            query: self.query.intersection(&other.query).cloned().collect(),
            bind: self.bind.meet(&other.bind),
            sinks: self.sinks.intersection(&other.sinks).cloned().collect(),
            seal: self.seal.meet(&other.seal),
        };
        (!met.methods.is_empty() && !met.operations.is_empty()).then_some(met)
    }
}

impl HttpScope {
    /// The fields that differ from another one's, as a grant has them.
    pub(super) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        let seal = match &self.seal {
            Seal::Body => json!("body"),
            Seal::At(places) => json!(places),
        };
        let fields = [
            ("operations", self.operations != other.operations, json!(self.operations)),
            ("methods", self.methods != other.methods, json!(self.methods)),
            ("url", self.url != other.url, json!(self.url)),
            ("query", self.query != other.query, json!(self.query)),
            ("bind", self.bind != other.bind, json!(self.bind)),
            ("sinks", self.sinks != other.sinks, json!(self.sinks)),
            ("seal", self.seal != other.seal, seal),
        ];
        fields.into_iter().filter(|(_, differs, _)| *differs).map(|(name, _, value)| (name, value)).collect()
    }
}

/// The fields of a rule that a grant may narrow.
pub(super) const SCOPE_FIELDS: [&str; 7] = ["operations", "methods", "url", "query", "bind", "sinks", "seal"];

/// A scope as somebody wrote it: what is left out is none, and means nothing by itself.
pub(super) struct WrittenScope {
    pub(super) operations: Option<BTreeSet<Operation>>,
    pub(super) methods: Option<BTreeSet<String>>,
    pub(super) url: Option<UrlPattern>,
    pub(super) query: Option<BTreeSet<String>>,
    pub(super) bind: Bind,
    pub(super) sinks: Option<BTreeSet<Pointer>>,
    pub(super) seal: Seal,
}

impl WrittenScope {
    pub(super) fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Self {
        let field = |name: &str| fields.get(name).map(|json| (under(path, name), json));
        let (operations, methods, url) = (field("operations"), field("methods"), field("url"));
        let (query, bind, sinks, seal) = (field("query"), field("bind"), field("sinks"), field("seal"));
        Self {
            operations: operations.map(|(path, json)| {
                let words = reader.texts(&path, json);
                words.into_iter().filter_map(|(path, word)| reader.choice(&path, word, &Operation::WORDS)).collect()
            }),
            methods: methods.map(|(path, json)| read_methods(reader, &path, json)),
            url: url.and_then(|(path, json)| {
                let text = reader.text(&path, json)?;
                reader.parsed(&path, UrlPattern::from_str(text))
            }),
            // Of parameters and sinks an empty list says what it seems to say: none.
            query: query.map(|(path, json)| match is_empty(json) {
                true => BTreeSet::new(),
                false => reader.texts(&path, json).into_iter().map(|(_, name)| name.to_owned()).collect(),
            }),
            bind: bind.map(|(path, json)| read_bind(reader, &path, json)).unwrap_or_default(),
            sinks: sinks.map(|(path, json)| match is_empty(json) {
                true => BTreeSet::new(),
                false => read_pointers(reader, &path, json),
            }),
            seal: seal.map_or_else(
                || Seal::At(BTreeSet::new()),
                |(path, json)| match json.as_str() {
                    Some("body") => Seal::Body,
                    Some(_) => {
                        reader.fault_with_help(&path, "`seal` must be `body` or a list of JSON pointers", "seal: body");
                        Seal::Body
                    }
                    None => Seal::At(read_pointers(reader, &path, json)),
                },
            ),
        }
    }

    /// What was written that is not in `declared`: the field, and what there.
    pub(super) fn beyond(&self, declared: &HttpScope) -> Vec<(&'static str, String)> {
        let mut beyond = Vec::new();
        let mut add = |field, more: Vec<String>| {
            if !more.is_empty() {
                beyond.push((field, format!("`{}`", more.join("`, `"))));
            }
        };
        let operations = self.operations.iter().flat_map(|set| set.difference(&declared.operations));
        add("operations", operations.map(|operation| operation.name().to_owned()).collect());
        add("methods", self.methods.iter().flat_map(|set| set.difference(&declared.methods)).cloned().collect());
        // One that crosses the declared one narrows it all the same.
        let wider = self.url.iter().filter(|url| declared.url.subset_of(url) && declared.url != **url);
        add("url", wider.map(ToString::to_string).collect());
        add("query", self.query.iter().flat_map(|set| set.difference(&declared.query)).cloned().collect());
        let sinks = self.sinks.iter().flat_map(|set| set.difference(&declared.sinks));
        add("sinks", sinks.map(ToString::to_string).collect());
        beyond
    }

    /// What is left out becomes the other side's: it narrows nothing.
    pub(super) fn within(self, declared: &HttpScope) -> HttpScope {
        // A parameter that the grant binds may be there, if it may be at all.
        let query = self.query.map(|names| names.into_iter().chain(self.bind.query.keys().cloned()).collect());
        HttpScope {
            operations: self.operations.unwrap_or_else(|| declared.operations.clone()),
            methods: self.methods.unwrap_or_else(|| declared.methods.clone()),
            url: self.url.unwrap_or_else(|| declared.url.clone()),
            query: query.unwrap_or_else(|| declared.query.clone()),
            bind: self.bind,
            sinks: self.sinks.unwrap_or_else(|| declared.sinks.clone()),
            seal: self.seal,
        }
    }
}

fn is_empty(json: &Json) -> bool {
    json.as_array().is_some_and(Vec::is_empty)
}

/// Methods that HTTP defines and that a rule may name.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

fn read_methods(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<String> {
    let words = reader.texts(path, json);
    let known = words.into_iter().filter(|(path, word)| {
        let known = METHODS.contains(word);
        if !known {
            let upper = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(word));
            let help = upper.map_or_else(|| METHODS.join(", "), |method| format!("did you mean `{method}`?"));
            reader.fault_with_help(path, format!("`{word}` is no method"), help);
        }
        known
    });
    known.map(|(_, word)| word.to_owned()).collect()
}

fn read_pointers(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<Pointer> {
    let texts = reader.texts(path, json);
    texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Pointer::from_str(text))).collect()
}

fn read_bind(reader: &mut Reader, path: &str, json: &Json) -> Bind {
    let mut bind = Bind::default();
    let Some(fields) = reader.object(path, json, &["body", "query"]) else { return bind };
    for (part, entries) in fields {
        let path = under(path, part);
        for (name, json) in reader.any_object(&path, entries).into_iter().flatten() {
            let path = under(&path, name);
            // A list is what a grant's own binding beside the manifest's comes to.
            let texts = match json {
                Json::Array(_) => reader.texts(&path, json),
                one => reader.text(&path, one).map(|text| (path.clone(), text)).into_iter().collect(),
            };
            let templates: BTreeSet<Template> =
                texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Template::from_str(text))).collect();
            if templates.is_empty() {
                continue;
            }
            if part == "query" {
                bind.query.entry(name.clone()).or_default().extend(templates);
                continue;
            }
            let Some(pointer) = reader.parsed(&path, Pointer::from_str(name)) else { continue };
            bind.body.entry(pointer).or_default().extend(templates);
        }
    }
    bind
}

/// A rule of a manifest.
pub(super) fn read_rule(reader: &mut Reader, path: &str, json: &Json) -> Option<HttpRule> {
    let known: Vec<_> = ["id", "effect", "credential", "scopes", "reason"].into_iter().chain(SCOPE_FIELDS).collect();
    let fields = reader.object(path, json, &known)?;
    let id = reader.name(path, fields, "id");
    let effect = read_effect(reader, path, fields);
    let reason = reader.required(path, fields, "reason");
    let credential = reader.optional(path, fields, "credential").map(str::to_owned);
    let scopes = fields.get("scopes").map(|json| read_scopes(reader, &under(path, "scopes"), json));
    if scopes.is_some() && credential.is_none() {
        let message = "`scopes` are what the rule's credential needs, and the rule has no credential";
        reader.fault_with_help(&under(path, "scopes"), message, "name it: `credential: …`");
    }
    let scope = read_whole_scope(reader, path, fields, effect);
    Some(HttpRule {
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

/// A scope that stands for itself, as a rule's does: it says at least methods and a URL.
pub(super) fn read_whole_scope(
    reader: &mut Reader,
    path: &str,
    fields: &Map<String, Json>,
    effect: Option<Effect>,
) -> Option<HttpScope> {
    for name in ["methods", "url"].into_iter().filter(|name| !fields.contains_key(*name)) {
        reader.missing(path, name, None);
    }
    let written = WrittenScope::read(reader, path, fields);
    let methods = written.methods.unwrap_or_default();
    if effect == Some(Effect::Read) {
        read_only(reader, path, fields, &methods);
    }
    let all = Operation::WORDS.map(|(_, operation)| operation);
    let mut query = written.query.unwrap_or_default();
    query.extend(written.bind.query.keys().cloned());
    Some(HttpScope {
        operations: written.operations.unwrap_or_else(|| all.into()),
        methods,
        url: written.url?,
        query,
        bind: written.bind,
        sinks: written.sinks.unwrap_or_default(),
        seal: written.seal,
    })
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

/// What a read rule cannot say: then it would be no read.
fn read_only(reader: &mut Reader, path: &str, fields: &Map<String, Json>, methods: &BTreeSet<String>) {
    for method in methods.iter().filter(|method| matches!(method.as_str(), "PUT" | "PATCH" | "DELETE")) {
        let help = "say `effect: write`; a read may be GET, HEAD, or POST where a service searches with it";
        reader.fault_with_help(&under(path, "methods"), format!("a read rule cannot allow {method}"), help);
    }
    if fields.contains_key("operations") {
        reader.fault(&under(path, "operations"), "a read rule serves every operation");
    }
    if fields.contains_key("sinks") {
        let message = "a read rule opens no secret in a body: what is sent in a plan could be kept";
        reader.fault_with_help(&under(path, "sinks"), message, "say `effect: write`");
    }
}
