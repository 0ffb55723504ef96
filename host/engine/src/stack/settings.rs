//! `state:`, `secrets:` and `plugins:`.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{CredentialDecl, PluginDecl, SecretSettings, StateSettings};
use super::read::Reader;
use super::yaml::{self, Kind, Node, shown};
use crate::capability::{Allow, Escalation};
use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::document::Document;
use crate::expr::{Names, Template};
use crate::name::PluginName;
use crate::value::Value;

/// `state:`
pub(super) fn state(section: Option<&Node>, reader: &mut Reader<'_>) -> StateSettings {
    let store =
        section.and_then(|node| reader.fields(node, "`state`", &["store"])).and_then(|fields| fields.get("store"));
    let store = store.and_then(|node| {
        let text = reader.text(node, "`store`")?;
        let known = text == "file" || text.strip_prefix("s3://").is_some_and(|rest| !rest.is_empty());
        if !known {
            let message = format!("`{}` is no place for state", shown(&text));
            reader.push(
                Diagnostic::error("bad-store", message).at(&node.span).help("use `file` or `s3://bucket/prefix`"),
            );
        }
        known.then_some(text)
    });
    StateSettings { store }
}

/// `secrets:`
pub(super) fn secrets(section: Option<&Node>, reader: &mut Reader<'_>) -> SecretSettings {
    let key = section.and_then(|node| reader.fields(node, "`secrets`", &["key"])).and_then(|fields| fields.get("key"));
    let key = key.and_then(|node| {
        let text = reader.text(node, "`key`")?;
        let known = matches!(text.as_str(), "key-file" | "passphrase") || text.starts_with("awskms://");
        if !known {
            let message = format!("`{}` is no key for secrets", shown(&text));
            let help = "use `key-file`, `passphrase` or `awskms://alias/NAME`";
            reader.push(Diagnostic::error("bad-key", message).at(&node.span).help(help));
        }
        known.then_some(text)
    });
    SecretSettings { key }
}

/// `plugins:`
pub(super) fn plugins(
    section: Option<&Node>,
    names: &Names,
    credentials: &BTreeMap<String, CredentialDecl>,
    reader: &mut Reader<'_>,
) -> BTreeMap<PluginName, PluginDecl> {
    let mut plugins = BTreeMap::new();
    for entry in section.and_then(|node| reader.map(node, "`plugins`")).unwrap_or_default() {
        if !reader.name(&entry.key, &entry.key_span, "a plugin") {
            continue;
        }
        const KEYS: &[&str] = &["source", "config", "credentials", "grant", "allow"];
        let Some(fields) = reader.fields(&entry.value, "a plugin", KEYS) else { continue };
        let source = reader.required(fields, "source", "a plugin").and_then(|node| source(node, reader));
        let config = match fields.get("config") {
            Some(node) => {
                reader.map(node, "`config`");
                Template::compile(node, names, reader.diagnostics)
            }
            None => Template::literal(Value::Map(BTreeMap::new())),
        };
        let used =
            fields.get("credentials").map(|node| used_credentials(node, credentials, reader)).unwrap_or_default();
        let grant = fields.get("grant").and_then(|node| grant(node, reader));
        if fields.is_bare("grant") {
            reader.push(
                Diagnostic::error("empty-grant", "an empty `grant` says neither all nor nothing")
                    .at(&entry.key_span)
                    .help("leave it out to grant what the plugin declares, or write `grant: {}` to grant nothing"),
            );
        }
        let allow = fields.get("allow").and_then(|node| allow(node, reader));
        let Some(source) = source else { continue };
        let decl = PluginDecl { source, config, credentials: used, grant, allow, span: entry.key_span.clone() };
        plugins.insert(PluginName::new(&*entry.key), decl);
    }
    plugins
}

fn source(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(node, "`source`")?;
    let path = text.starts_with("./") || text.starts_with("../") || text.starts_with('/');
    let good = if let Some(image) = text.strip_prefix("oci://") {
        image.rsplit_once("@sha256:").is_some_and(|(name, digest)| {
            !name.is_empty() && digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    } else {
        (path && text.ends_with(".wasm") && !text.chars().any(crate::name::is_deceptive))
            || crate::name::name_fault(&text).is_none()
    };
    if !good {
        let help = if text.starts_with("oci://") {
            "pin its digest: `oci://HOST/NAME@sha256:…`"
        } else {
            "name a plugin (`doks`), a path (`./plugin.wasm`) or `oci://HOST/NAME@sha256:…`"
        };
        let message = format!("`{}` is no source of a plugin", shown(&text));
        reader.push(Diagnostic::error("bad-source", message).at(&node.span).help(help));
    }
    good.then_some(text)
}

fn used_credentials(
    node: &Node,
    known: &BTreeMap<String, CredentialDecl>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, String> {
    let mut used = BTreeMap::new();
    for entry in reader.map(node, "`credentials` of a plugin").unwrap_or_default() {
        let Some(name) = reader.text(&entry.value, "the name of a credential") else { continue };
        if known.contains_key(&name) {
            used.insert(entry.key.to_string(), name);
        } else {
            let message = format!("there is no credential `{}`", shown(&name));
            let help = suggest(&name, known.keys().map(String::as_str));
            reader.push(Diagnostic::error("unknown-credential", message).at(&entry.value.span).maybe_help(help));
        }
    }
    used
}

/// What the operator turns on: `allow: {reveal: true, private: [charts.corp.example], escalates: [token]}`.
fn allow(node: &Node, reader: &mut Reader<'_>) -> Option<(Allow, Span)> {
    if let Some(span) = yaml::first_expression(node) {
        let help = "what a plugin may do is to be read from the file as it stands";
        reader.push(Diagnostic::error("no-expression-here", "`allow` cannot hold an expression").at(span).help(help));
        return None;
    }
    let fields = reader.fields(node, "`allow`", &["reveal", "private", "escalates"])?;
    let reveal = fields.get("reveal").and_then(|node| reader.truth(node, "`reveal`")).unwrap_or_default();
    let mut private = BTreeSet::new();
    let hosts = fields.get("private").map(|node| reader.texts(node, "`private`")).unwrap_or_default();
    for (host, span) in hosts {
        let host = host.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        // An address of version 6 stands in brackets, as in a URL; anything else with a colon has a port.
        let ported = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
        if host.is_empty() || ported || !host.bytes().all(plain) {
            let message = format!("`{}` is no host", shown(&host));
            let help = "a name or an address, without scheme, port or pattern: `charts.corp.example`, `10.1.2.3`";
            reader.push(Diagnostic::error("bad-host", message).at(&span).help(help));
            continue;
        }
        private.insert(host);
    }
    let words = fields.get("escalates").map(|node| reader.texts(node, "`escalates`")).unwrap_or_default();
    let mut escalates = BTreeSet::new();
    for (text, span) in words {
        let known = Escalation::WORDS.iter().find(|(word, _)| *word == text);
        escalates.extend(known.map(|(_, escalation)| *escalation));
        if known.is_none() {
            let message = format!("`{}` is nothing that a role could undo the rules with", shown(&text));
            let words = Escalation::WORDS.map(|(word, _)| word);
            let help = suggest(&text, words).unwrap_or_else(|| format!("it is one of {}", words.join(", ")));
            reader.push(Diagnostic::error("unknown-escalation", message).at(&span).help(help));
        }
    }
    Some((Allow { reveal, private, escalates }, node.span.clone()))
}

fn grant(node: &Node, reader: &mut Reader<'_>) -> Option<Document> {
    if let Some(span) = yaml::first_expression(node) {
        let message = "a grant cannot hold an expression";
        let help = "what a plugin may do is to be read from the file as it stands";
        reader.push(Diagnostic::error("no-expression-here", message).at(span).help(help));
        return None;
    }
    match &node.kind {
        Kind::Map(_) => Some(Document::part("grant", node)),
        _ => {
            reader.map(node, "`grant`");
            None
        }
    }
}
