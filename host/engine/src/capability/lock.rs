//! maps.lock: what the plugins of a folder's stacks may do, as somebody approved it.
//!
//! YAML in ASCII alone, so that nothing in it can look like something else, in a fixed order, so
//! that a change of it reads well. Each environment of a stack has its own approvals.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::allowance::{Allowance, AllowedRule};
use super::interface::Family;
use super::read::{Reader, under};
use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::name::PluginName;

/// The file's name, beside the stack file.
pub const LOCK_FILE: &str = "maps.lock";

const HEAD: &str = "\
# What the plugins of the stacks in this folder may do, as somebody approved it.
# `maps plugin approve` writes it. Commit it beside the stack, and read its changes like code.
maps: v1
";

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// By the stack's name, with `@` and the environment's behind it if there is one.
    stacks: BTreeMap<String, BTreeMap<PluginName, Approval>>,
    /// What plugins fetched from elsewhere, each with its digest: `sha256:…`.
    pins: BTreeMap<String, String>,
}

/// One plugin of one stack, as it was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Where it came from: `doks`, `./doks.wasm`.
    pub source: String,
    /// What it called its version.
    pub version: String,
    /// The SHA-256 of its component, in hex.
    pub digest: String,
    /// What it may do.
    pub allowance: Allowance,
}

impl Lock {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each thing at its place.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let Some(document) = Document::parse(file, bytes, &mut diagnostics) else { return Err(diagnostics) };
        let mut reader = Reader::default();
        let lock = read(&mut reader, &document.json());
        reader.finish(lock).map_err(|faults| Document::arranged(faults.diagnostics(&document), file))
    }

    /// What was approved for a plugin of a stack.
    pub fn approval(&self, stack: &str, plugin: &PluginName) -> Option<&Approval> {
        self.stacks.get(stack)?.get(plugin)
    }

    /// Records an approval.
    pub fn approve(&mut self, stack: &str, plugin: PluginName, approval: Approval) {
        self.stacks.entry(stack.to_owned()).or_default().insert(plugin, approval);
    }

    /// What plugins fetched, each with the digest that it had.
    pub fn pins(&self) -> &BTreeMap<String, String> {
        &self.pins
    }

    /// Records what a plugin fetched.
    pub fn pin(&mut self, what: String, digest: String) {
        self.pins.insert(what, digest);
    }

    /// Forgets what the stack no longer has.
    pub fn keep(&mut self, stack: &str, plugins: impl Fn(&PluginName) -> bool) {
        if let Some(approvals) = self.stacks.get_mut(stack) {
            approvals.retain(|name, _| plugins(name));
        }
        self.stacks.retain(|_, approvals| !approvals.is_empty());
    }

    /// As the file's text.
    pub fn render(&self) -> String {
        let mut text = HEAD.to_owned();
        text.push_str("stacks:\n");
        for (stack, approvals) in &self.stacks {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "  {}:", quoted(stack));
            for (plugin, approval) in approvals {
                let _ = writeln!(text, "    {}:", quoted(plugin.as_str()));
                approval.render(&mut text);
            }
        }
        if self.stacks.is_empty() {
            text.truncate(text.trim_end().len());
            text.push_str(" {}\n");
        }
        if !self.pins.is_empty() {
            text.push_str("pins:\n");
        }
        for (what, digest) in &self.pins {
            let _ = writeln!(text, "  {}: {}", quoted(what), quoted(digest));
        }
        text
    }
}

impl Approval {
    fn render(&self, text: &mut String) {
        let head =
            [("source", &self.source), ("version", &self.version), ("digest", &format!("sha256:{}", self.digest))];
        for (key, value) in head {
            let _ = writeln!(text, "      {key}: {}", quoted(value));
        }
        let interfaces: Vec<_> = self.allowance.interfaces.iter().map(|interface| interface.name()).collect();
        if !interfaces.is_empty() {
            let _ = writeln!(text, "      interfaces: {}", flow(&json!(interfaces)));
        }
        if !self.allowance.shown.is_empty() {
            let _ = writeln!(text, "      reveal: {}", flow(&json!(self.allowance.shown)));
        }
        if !self.allowance.private.is_empty() {
            let _ = writeln!(text, "      private: {}", flow(&json!(self.allowance.private)));
        }
        for family in Family::ALL {
            let rules = self.allowance.rules.iter().filter(|(_, rule)| rule.scope.family() == family);
            for (at, (id, rule)) in rules.enumerate() {
                if at == 0 {
                    let _ = writeln!(text, "      {family}:");
                }
                let _ = writeln!(text, "        - id: {}", quoted(id.as_str()));
                for (key, value) in rule_fields(rule) {
                    let _ = writeln!(text, "          {key}: {}", flow(&value));
                }
            }
        }
    }
}

/// The fields that say something, in the order in which manifests have them.
fn rule_fields(rule: &AllowedRule) -> Vec<(&'static str, Json)> {
    let mut fields = vec![("effect", json!(rule.effect))];
    fields.extend(rule.scope.fields(rule.effect));
    if let Some(credential) = &rule.credential {
        let mut given = json!({"name": credential.name, "from": credential.from, "hosts": credential.hosts});
        if let (Json::Object(given), Ok(Json::Object(kind))) = (&mut given, serde_json::to_value(&credential.kind)) {
            // A header's own `name` goes by the word that manifests use.
            given.extend(
                kind.into_iter().map(|(key, value)| (if key == "name" { "header".to_owned() } else { key }, value)),
            );
        }
        fields.push(("credential", given));
    }
    fields
}

/// A value on one line.
fn flow(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// Text as YAML has it in quotes, in ASCII; words that mean nothing else stand without quotes.
fn quoted(text: &str) -> String {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let lower = text.to_ascii_lowercase();
    let scalar = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&lower.as_str());
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(word) && !scalar {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            c if c.is_ascii_graphic() || c == ' ' => write!(quoted, "{c}"),
            c if u32::from(c) <= 0xffff => write!(quoted, "\\u{:04X}", u32::from(c)),
            c => write!(quoted, "\\U{:08X}", u32::from(c)),
        };
    }
    quoted.push('"');
    quoted
}

fn read(reader: &mut Reader, json: &Json) -> Option<Lock> {
    let fields = reader.object("", json, &["maps", "stacks", "pins"])?;
    match reader.required("", fields, "maps") {
        Some("v1") | None => {}
        Some(other) => {
            let help = "a newer maps wrote it; this one writes `maps: v1`";
            reader.fault_with_help("maps", format!("version `{other}` is not known"), help);
        }
    }
    let mut lock = Lock::default();
    if let Some(json) = fields.get("pins") {
        let pins = reader.any_object("pins", json).into_iter().flatten();
        for what in pins.map(|(what, _)| what) {
            let digests = json.as_object().map(|pins| read_digest_of(reader, "pins", pins, what));
            if let Some(digest) = digests.flatten() {
                lock.pin(what.clone(), format!("sha256:{digest}"));
            }
        }
    }
    let Some(stacks) = fields.get("stacks") else {
        reader.missing("", "stacks", None);
        return None;
    };
    for (stack, json) in reader.any_object("stacks", stacks)? {
        let path = under("stacks", stack);
        for (plugin, json) in reader.any_object(&path, json).into_iter().flatten() {
            let Some(approval) = read_approval(reader, &under(&path, plugin), json) else { continue };
            lock.approve(stack, PluginName::new(plugin), approval);
        }
    }
    Some(lock)
}

fn read_approval(reader: &mut Reader, path: &str, json: &Json) -> Option<Approval> {
    let own = ["source", "version", "digest", "interfaces", "reveal", "private"];
    let known: Vec<_> = own.into_iter().chain(Family::ALL.map(Family::name)).collect();
    let fields = reader.object(path, json, &known)?;
    let mut text = |key| reader.required(path, fields, key).map(str::to_owned);
    let (source, version, digest) = (text("source"), text("version"), read_digest(reader, path, fields));
    let allowance = Allowance::read(reader, path, fields);
    Some(Approval { source: source?, version: version?, digest: digest?, allowance })
}

fn read_digest(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Option<String> {
    read_digest_of(reader, path, fields, "digest")
}

fn read_digest_of(reader: &mut Reader, path: &str, fields: &Map<String, Json>, key: &str) -> Option<String> {
    let text = reader.required(path, fields, key)?;
    let digest = text.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    });
    if digest.is_none() {
        reader.fault(&under(path, key), "must be `sha256:` and 64 hex digits");
    }
    digest.map(str::to_owned)
}
