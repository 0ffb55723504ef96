//! What a rule of `http` allows: methods, URLs, parameters, and its meet with what an operator grants.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::allowance::Changes;
use super::bind::{Bind, Pointer};
use super::pattern::UrlPattern;
use super::read::{Reader, under};
use super::rule::{Effect, Operation, read_operations};

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

    fn json(&self) -> Json {
        match self {
            Self::Body => json!("body"),
            Self::At(places) => json!(places),
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
    /// May the plugin send a bearer token of its own: what a registry handed out, in clear or sealed?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bearer: bool,
}

/// Stands for any query parameter: what a service redirects to has names that nobody knows before.
const ANY: &str = "**";

fn met(one: &BTreeSet<String>, other: &BTreeSet<String>) -> BTreeSet<String> {
    match (one.contains(ANY), other.contains(ANY)) {
        (true, _) => other.clone(),
        (_, true) => one.clone(),
        _ => one.intersection(other).cloned().collect(),
    }
}

impl HttpScope {
    /// May this query parameter be there?
    pub(super) fn allows_parameter(&self, name: &str) -> bool {
        self.query.contains(ANY) || self.query.contains(name)
    }

    /// What both allow. None where that is nothing.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let met = Self {
            operations: self.operations.intersection(&other.operations).copied().collect(),
            methods: self.methods.intersection(&other.methods).cloned().collect(),
            url: self.url.meet(&other.url)?,
            query: met(&self.query, &other.query),
            bind: self.bind.meet(&other.bind),
            sinks: self.sinks.intersection(&other.sinks).cloned().collect(),
            seal: self.seal.meet(&other.seal),
            bearer: self.bearer && other.bearer,
        };
        (!met.methods.is_empty() && !met.operations.is_empty()).then_some(met)
    }
}

impl HttpScope {
    /// The fields of a rule that a grant may narrow.
    pub(super) const KEYS: [&str; 8] = ["operations", "methods", "url", "query", "bind", "sinks", "seal", "bearer"];

    /// `POST https://…`.
    pub(super) fn outline(&self) -> String {
        let methods: Vec<_> = self.methods.iter().map(String::as_str).collect();
        format!("{} {}", methods.join(" and "), self.url)
    }

    /// The fields that differ from another one's, as a grant has them.
    pub(super) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        let fields = [
            ("operations", self.operations != other.operations, json!(self.operations)),
            ("methods", self.methods != other.methods, json!(self.methods)),
            ("url", self.url != other.url, json!(self.url)),
            ("query", self.query != other.query, json!(self.query)),
            ("bind", self.bind != other.bind, json!(self.bind)),
            ("sinks", self.sinks != other.sinks, json!(self.sinks)),
            ("seal", self.seal != other.seal, self.seal.json()),
            ("bearer", self.bearer != other.bearer, json!(self.bearer)),
        ];
        fields.into_iter().filter(|(_, differs, _)| *differs).map(|(name, _, value)| (name, value)).collect()
    }

    /// The fields that say something, in the order in which manifests have them.
    pub(super) fn fields(&self, effect: Effect) -> Vec<(&'static str, Json)> {
        let fields = [
            ("operations", effect == Effect::Write, json!(self.operations)),
            ("methods", true, json!(self.methods)),
            ("url", true, json!(self.url)),
            ("query", !self.query.is_empty(), json!(self.query)),
            ("bind", !self.bind.is_empty(), json!(self.bind)),
            ("sinks", !self.sinks.is_empty(), json!(self.sinks)),
            ("seal", !self.seal.is_nothing(), self.seal.json()),
            ("bearer", self.bearer, json!(self.bearer)),
        ];
        fields.into_iter().filter(|(_, says, _)| *says).map(|(name, _, value)| (name, value)).collect()
    }

    /// What differs from what was approved.
    pub(super) fn changes(&self, then: &Self, changes: &mut Changes) {
        let now = self;
        changes.set("operations", "serve", &now.operations, &then.operations);
        changes.set("methods", "send", &now.methods, &then.methods);
        if now.url != then.url {
            changes.add(!now.url.subset_of(&then.url), "url", format!("reaches {} instead of {}", now.url, then.url));
        }
        // Where any was allowed, no name is more.
        let before = if then.query.contains(ANY) { met(&now.query, &then.query) } else { then.query.clone() };
        changes.set("query", "set the query parameter", &now.query, &before);
        changes.bound(&now.bind, &then.bind);
        changes.set("sinks", "send secrets at", &now.sinks, &then.sinks);
        if now.bearer != then.bearer {
            let may = if now.bearer { "may" } else { "no longer may" };
            changes.add(now.bearer, "bearer", format!("{may} send a bearer token of its own"));
        }
        if now.seal != then.seal {
            let widened = !now.seal.holds(&then.seal);
            let sees = if widened { "sees" } else { "no longer sees" };
            let message =
                format!("{sees} in clear what was{} sealed of its answers", if widened { "" } else { " not" });
            changes.add(widened, "seal", message);
        }
    }

    /// A scope that stands for itself, as a rule's does: it says at least methods and a URL.
    pub(super) fn read(
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
        effect: Option<Effect>,
    ) -> Option<Self> {
        for name in ["methods", "url"].into_iter().filter(|name| !fields.contains_key(*name)) {
            reader.missing(path, name, None);
        }
        let written = Written::read(reader, path, fields);
        let methods = written.methods.unwrap_or_default();
        if effect == Some(Effect::Read) {
            read_only(reader, path, fields, &methods);
        }
        let all = Operation::WORDS.map(|(_, operation)| operation);
        let mut query = written.query.unwrap_or_default();
        query.extend(written.bind.query.keys().cloned());
        Some(Self {
            operations: written.operations.unwrap_or_else(|| all.into()),
            methods,
            url: written.url?,
            query,
            bind: written.bind,
            sinks: written.sinks.unwrap_or_default(),
            seal: written.seal,
            bearer: written.bearer.unwrap_or_default(),
        })
    }

    /// What a grant leaves of it, and what it says that is not declared.
    pub(super) fn narrowed(
        &self,
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
    ) -> (Option<Self>, Vec<(&'static str, String)>) {
        let written = Written::read(reader, path, fields);
        let beyond = written.beyond(self);
        (self.meet(&written.within(self)), beyond)
    }
}

/// A scope as somebody wrote it: what is left out is none, and means nothing by itself.
struct Written {
    operations: Option<BTreeSet<Operation>>,
    methods: Option<BTreeSet<String>>,
    url: Option<UrlPattern>,
    query: Option<BTreeSet<String>>,
    bind: Bind,
    sinks: Option<BTreeSet<Pointer>>,
    seal: Seal,
    bearer: Option<bool>,
}

impl Written {
    fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Self {
        let field = |name: &str| fields.get(name).map(|json| (under(path, name), json));
        let (operations, methods, url) = (field("operations"), field("methods"), field("url"));
        let (query, bind, sinks, seal) = (field("query"), field("bind"), field("sinks"), field("seal"));
        Self {
            operations: operations.map(|(path, json)| read_operations(reader, &path, json)),
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
            bind: bind.map(|(path, json)| Bind::read(reader, &path, json)).unwrap_or_default(),
            sinks: sinks.map(|(path, json)| match is_empty(json) {
                true => BTreeSet::new(),
                false => read_pointers(reader, &path, json),
            }),
            bearer: field("bearer").and_then(|(path, json)| reader.truth(&path, json)),
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
    fn beyond(&self, declared: &HttpScope) -> Vec<(&'static str, String)> {
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
        let names = self.query.iter().flatten().filter(|name| !declared.allows_parameter(name));
        add("query", names.cloned().collect());
        let sinks = self.sinks.iter().flat_map(|set| set.difference(&declared.sinks));
        add("sinks", sinks.map(ToString::to_string).collect());
        let bearer = self.bearer == Some(true) && !declared.bearer;
        add("bearer", bearer.then(|| "bearer".to_owned()).into_iter().collect());
        beyond
    }

    /// What is left out becomes the other side's: it narrows nothing.
    fn within(self, declared: &HttpScope) -> HttpScope {
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
            bearer: self.bearer.unwrap_or(declared.bearer),
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
