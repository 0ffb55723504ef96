//! What a plugin declares: `plugin.yaml`, converted to JSON and read strictly.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::interface::{Family, Interface};
use super::read::{Faults, Reader, under};
use super::reveal::Reveal;
use super::rule::{Rule, read_rule};
use crate::diagnostic::{Diagnostic, suggest};
use crate::document::{Document, Part};
use crate::name::{PluginName, RuleId};

/// How the host sends a credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Basic …`, of a value `user:password`.
    Basic,
    /// A header of its own.
    Header {
        /// In lower case.
        name: String,
    },
    /// Keys of AWS, which are not sent: the host signs each request with Signature Version 4.
    Aws {
        /// The service's name in signatures; with none, the one that the host name says.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// What may be asked for by a header, a query parameter or a form, where rules do not see it:
        /// `SendMessage`. With none, what the path says is all that can be asked for.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        actions: BTreeSet<String>,
    },
    /// Keys of DigitalOcean's Spaces, which sign as those of AWS do, and calls of `s3` alone.
    Spaces,
}

impl CredentialKind {
    pub(super) fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Option<Self> {
        let words = ["bearer", "basic", "header", "aws", "spaces"].map(|word| (word, word));
        let word = reader.required(path, fields, "type");
        let word = word.and_then(|word| reader.choice(&under(path, "type"), word, &words));
        let header = fields.get("header").and_then(|_| reader.required(path, fields, "header"));
        let service = fields.get("service").and_then(|_| reader.required(path, fields, "service"));
        if let (Some(service), Some(word)) = (service, word) {
            let plain = service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if word != "aws" {
                reader.fault(&under(path, "service"), "only a credential of type `aws` has one");
            } else if !plain {
                let message = format!("`{service}` is no name of a service in signatures");
                reader.fault_with_help(&under(path, "service"), message, "it is like `sqs` or `execute-api`");
            }
        }
        let actions = fields.get("actions").map(|json| read_actions(reader, &under(path, "actions"), json));
        if actions.is_some() && word.is_some_and(|word| word != "aws") {
            reader.fault(&under(path, "actions"), "only a credential of type `aws` has them");
        }
        let actions = actions.unwrap_or_default();
        match (word, header) {
            (Some("header"), Some(header)) => {
                // Framing and routing headers are never a credential's.
                let plain = header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let lower = header.to_ascii_lowercase();
                let framing = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "cookie"];
                if !plain || framing.contains(&lower.as_str()) || lower.starts_with("proxy-") {
                    reader.fault(&under(path, "header"), format!("`{header}` cannot carry a credential"));
                }
                Some(Self::Header { name: lower })
            }
            (Some("header"), None) => {
                reader.missing(path, "header", Some("the name of the header that carries it"));
                None
            }
            (Some(_), Some(_)) => {
                reader.fault(&under(path, "header"), "only a credential of type `header` has one");
                None
            }
            (Some("basic"), None) => Some(Self::Basic),
            (Some("aws"), None) => Some(Self::Aws { service: service.map(str::to_owned), actions }),
            (Some("spaces"), None) => Some(Self::Spaces),
            (Some(_), None) => Some(Self::Bearer),
            (None, _) => None,
        }
    }
}

fn read_actions(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for (path, action) in reader.texts(path, json) {
        if !action.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            reader.fault_with_help(&path, format!("`{action}` is no action of AWS"), "it is like `SendMessage`");
        }
        actions.insert(action.to_owned());
    }
    actions
}

/// A credential that a plugin asks for. It never sees the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// How it is sent.
    #[serde(flatten)]
    pub kind: CredentialKind,
    /// Why it is needed.
    pub reason: String,
    /// May a stack leave it out? Then the rules that need it are not in effect.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A whole manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// The plugin's own name.
    pub plugin: PluginName,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema of the plugin's `config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Json>,
    /// By the name that rules use.
    pub credentials: BTreeMap<String, Credential>,
    /// The interfaces without rules, each with its reason, if it has one.
    pub plain: BTreeMap<Interface, Option<String>>,
    /// What it sees in clear, if `plain` has [`Interface::Reveal`].
    #[serde(skip_serializing_if = "Reveal::is_whole")]
    pub reveal: Reveal,
    /// The rules, family by family, in their order.
    #[serde(serialize_with = "by_family", flatten)]
    pub rules: Vec<Rule>,
}

/// A manifest with the file that it stands in.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it says.
    pub manifest: Manifest,
    /// The same, as a component carries it.
    pub json: Json,
    /// Where things stand in it.
    pub document: Document,
    /// What is doubtful about it.
    pub warnings: Vec<Diagnostic>,
}

const FIELDS: [&str; 7] = ["maps", "plugin", "version", "description", "config", "credentials", "capabilities"];

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its path.
    pub fn parse(json: &Json) -> Result<Self, Faults> {
        let mut reader = Reader::default();
        let value = read(&mut reader, json);
        reader.finish(value)
    }

    /// Reads the text of a plugin.yaml, called `file` in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn written(file: &str, text: &[u8]) -> Result<Written, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let document = Document::parse(file, text, &mut diagnostics);
        let read = document.map(|document| {
            let json = document.json();
            let manifest = Self::parse(&json).map_err(|faults| diagnostics.extend(faults.diagnostics(&document)));
            (document, json, manifest)
        });
        match read {
            Some((document, json, Ok(manifest))) => {
                diagnostics.extend(manifest.unused_credentials(&document));
                let diagnostics = Document::arranged(diagnostics, file);
                Ok(Written { manifest, json, document, warnings: diagnostics })
            }
            _ => Err(Document::arranged(diagnostics, file)),
        }
    }

    fn unused_credentials(&self, document: &Document) -> Vec<Diagnostic> {
        let used: BTreeSet<_> = self.rules.iter().filter_map(|rule| rule.credential.as_deref()).collect();
        let unused = self.credentials.keys().filter(|name| !used.contains(name.as_str()));
        let told = unused.map(|name| {
            Diagnostic::warning("unused-credential", format!("no rule uses the credential `{name}`"))
                .at(document.span(&under("credentials", name), Part::Key))
                .help(format!("add `credential: {name}` to the rules whose calls need it"))
        });
        told.collect()
    }

    /// The rules of one family.
    pub fn rules_of(&self, family: Family) -> impl Iterator<Item = &Rule> + Clone {
        self.rules.iter().filter(move |rule| rule.scope.family() == family)
    }

    /// The interfaces without rules that are in effect where nobody says anything: not what is shown only in part,
    /// or on request.
    pub fn unasked(&self) -> impl Iterator<Item = Interface> {
        self.plain.keys().copied().filter(|interface| *interface != Interface::Reveal || self.reveal.is_whole())
    }

    /// The interfaces that a component with this manifest may import.
    pub fn interfaces(&self) -> BTreeSet<Interface> {
        interfaces(self.plain.keys().copied(), &self.rules)
    }
}

/// The interfaces that rules open: whoever may write may read, so that both halves of what belongs
/// together can be linked.
pub(super) fn interfaces(plain: impl Iterator<Item = Interface>, rules: &[Rule]) -> BTreeSet<Interface> {
    let reads = rules.iter().map(|rule| Interface::Ruled(rule.scope.family(), super::Half::Read));
    plain.chain(rules.iter().map(Rule::interface)).chain(reads).collect()
}

/// Each family under its own key, as plugin.yaml has them.
fn by_family<S: serde::Serializer>(rules: &[Rule], serializer: S) -> Result<S::Ok, S::Error> {
    let of = |family: Family| rules.iter().filter(|rule| rule.scope.family() == family).collect::<Vec<_>>();
    let lists = Family::ALL.map(|family| (family.name(), of(family)));
    // `http` is there in any case, since programs look for it.
    serializer.collect_map(lists.into_iter().filter(|(name, rules)| *name == "http" || !rules.is_empty()))
}

fn read(reader: &mut Reader, json: &Json) -> Option<Manifest> {
    let fields = reader.object("", json, &FIELDS)?;
    match reader.required("", fields, "maps") {
        Some("v1") | None => {}
        Some(other) => reader.fault_with_help("maps", format!("version `{other}` is not known"), "maps: v1"),
    }
    let plugin = reader.required("", fields, "plugin");
    let plugin_is_plain = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        name.len() <= 63 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(plain)
    };
    if plugin.is_some_and(|name| !plugin_is_plain(name)) {
        reader.fault("plugin", "a name has lower-case letters, digits and `-`, and starts with a letter");
    }
    let version = reader.required("", fields, "version");
    let description = reader.required("", fields, "description");
    let config = fields.get("config").cloned();
    if config.as_ref().is_some_and(|schema| !schema.is_object()) {
        reader.fault("config", "`config` must be a JSON Schema, an object");
    }
    let credentials = fields.get("credentials").map(|json| read_credentials(reader, json)).unwrap_or_default();
    let (plain, reveal, rules) = match fields.get("capabilities") {
        Some(json) => read_capabilities(reader, json, fields.get("credentials")),
        None => {
            reader.missing("", "capabilities", Some("`capabilities: {}` for a plugin that needs nothing"));
            Default::default()
        }
    };
    Some(Manifest {
        plugin: PluginName::new(plugin?),
        version: version?.to_owned(),
        description: description?.to_owned(),
        config,
        credentials,
        plain,
        reveal,
        rules,
    })
}

fn read_credentials(reader: &mut Reader, json: &Json) -> BTreeMap<String, Credential> {
    let mut credentials = BTreeMap::new();
    for (name, json) in reader.any_object("credentials", json).into_iter().flatten() {
        let path = under("credentials", name);
        reader.is_name(&path, name);
        let Some(fields) = reader.object(&path, json, &["type", "header", "service", "actions", "reason", "optional"])
        else {
            continue;
        };
        let kind = CredentialKind::read(reader, &path, fields);
        let reason = reader.required(&path, fields, "reason");
        let optional = fields.get("optional").and_then(|json| reader.truth(&under(&path, "optional"), json));
        if let (Some(kind), Some(reason)) = (kind, reason) {
            let optional = optional.unwrap_or_default();
            credentials.insert(name.clone(), Credential { kind, reason: reason.to_owned(), optional });
        }
    }
    credentials
}

fn read_capabilities(
    reader: &mut Reader,
    json: &Json,
    credentials: Option<&Json>,
) -> (BTreeMap<Interface, Option<String>>, Reveal, Vec<Rule>) {
    let known: Vec<_> =
        Interface::PLAIN.map(Interface::name).into_iter().chain(Family::ALL.map(Family::name)).collect();
    let Some(fields) = reader.object("capabilities", json, &known) else { return Default::default() };
    let (mut plain, mut reveal) = (BTreeMap::new(), Reveal::default());
    for interface in Interface::PLAIN {
        let Some(json) = fields.get(interface.name()) else { continue };
        let path = under("capabilities", interface.name());
        let reveals = interface == Interface::Reveal;
        let mut known = vec!["reason"];
        known.extend(Reveal::KEYS.iter().filter(|_| reveals));
        let Some(inside) = reader.object(&path, json, &known) else { continue };
        if reveals {
            reveal = Reveal::read(reader, &path, inside);
        }
        let reason = reader.optional(&path, inside, "reason");
        if reveals && reason.is_none() {
            reader.fault_with_help(&path, "`reveal` shows secrets in clear and must say why", "reveal: {reason: …}");
        }
        plain.insert(interface, reason.map(str::to_owned));
    }
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids = BTreeSet::<RuleId>::new();
    for family in Family::ALL {
        let path = under("capabilities", family.name());
        let list = fields.get(family.name()).and_then(|json| reader.list(&path, json)).unwrap_or_default();
        for (at, json) in list.iter().enumerate() {
            let path = format!("{path}[{at}]");
            names_a_credential(reader, &path, json, family, credentials);
            let Some(rule) = read_rule(reader, &path, json, family) else { continue };
            if !ids.insert(rule.id.clone()) {
                reader.fault(&under(&path, "id"), format!("the id `{}` is taken by an earlier rule", rule.id));
            }
            rules.push(rule);
        }
    }
    (plain, reveal, rules)
}

/// A rule's credential must be there, whatever else is wrong with either.
fn names_a_credential(reader: &mut Reader, path: &str, rule: &Json, family: Family, credentials: Option<&Json>) {
    let known = credentials.and_then(Json::as_object);
    let Some(name) = rule.get("credential").and_then(Json::as_str) else { return };
    if !known.is_some_and(|known| known.contains_key(name)) {
        let names = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        let help = suggest(name, names.iter().copied()).unwrap_or_else(|| "declare it under `credentials`".to_owned());
        reader.fault_with_help(&under(path, "credential"), format!("there is no credential `{name}`"), help);
    }
    let kind = known.and_then(|known| known.get(name)?.get("type")?.as_str());
    if family != Family::S3 && kind == Some("spaces") {
        let message = format!("the credential `{name}` has keys of Spaces, which sign no call of {family}");
        reader.fault_with_help(&under(path, "credential"), message, "they are for the rules of `s3`");
    } else if family != Family::Http && kind.is_some_and(|kind| kind != "aws" && kind != "spaces") {
        let message = format!("the credential `{name}` cannot sign a call of {family}");
        reader.fault_with_help(&under(path, "credential"), message, "such a one is of `type: aws`");
    }
}
