//! From what the user wrote to objects: YAML of many documents, a list, one object, or objects by kind and name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use crate::id::{ObjectId, text};
use crate::is_sealed;

/// Objects by kind, then by `namespace/name` or name.
pub(crate) type Objects = BTreeMap<String, BTreeMap<String, Value>>;

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// In kebab-case.
    pub(crate) code: &'static str,
    /// What, and where in the manifest.
    pub(crate) message: String,
    /// Which input: `manifest`, or a place in it.
    pub(crate) path: String,
}

/// More objects than this are no manifest that anyone applies; several resources can share them.
const MAX_OBJECTS: usize = 5_000;
/// How the host writes bytes that are no text.
const BYTES: &str = "base64";

/// The objects of a manifest; none where something in it is decided later.
pub(crate) fn objects(manifest: &Value) -> Result<Option<Objects>, Vec<Fault>> {
    let mut reader = Reader { found: Objects::new(), faults: Vec::new(), open: false, count: 0, is_checked: false };
    reader.top(manifest);
    match (reader.faults.is_empty(), reader.open) {
        (false, _) => Err(reader.faults),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(reader.found)),
    }
}

struct Reader {
    found: Objects,
    faults: Vec<Fault>,
    /// Is an object's name, or the whole, not known yet?
    open: bool,
    count: usize,
    /// Was the object at hand answered by a check, which has a Secret's values in clear?
    is_checked: bool,
}

impl Reader {
    fn fault(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.faults.push(Fault { code, message: message.into(), path: path.to_owned() });
    }

    fn top(&mut self, manifest: &Value) {
        const PATH: &str = "manifest";
        match manifest {
            _ if is_unknown(manifest) => self.open = true,
            _ if is_sealed(manifest) => {
                let message = "the whole manifest is a secret, so that nothing of it can be read";
                self.fault("secret-manifest", PATH, format!("{message}: let only values in it be secret"));
            }
            Value::String(yaml) => self.yaml(yaml),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.part(item, &format!("{PATH}[{index}]"));
                }
            }
            Value::Object(map) if !map.contains_key("apiVersion") && !map.contains_key("kind") => {
                self.by_name(map);
            }
            Value::Object(_) => self.object(manifest, PATH, ""),
            _ => self.fault("bad-manifest", PATH, "a manifest is YAML, an object, or a list of objects"),
        }
        if self.faults.is_empty() && !self.open && self.found.is_empty() {
            self.fault("empty-manifest", PATH, "the manifest holds no object");
        }
    }

    /// An item of a list: YAML, a list of its own, or an object.
    fn part(&mut self, item: &Value, path: &str) {
        match item {
            _ if is_unknown(item) => self.open = true,
            Value::Null => {}
            Value::String(yaml) if !is_sealed(item) => self.yaml(yaml),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.part(item, &format!("{path}[{index}]"));
                }
            }
            _ => self.object(item, path, ""),
        }
    }

    /// As a check answers it.
    fn by_name(&mut self, kinds: &Map<String, Value>) {
        for (kind, named) in kinds {
            if is_unknown(named) {
                self.open = true;
                continue;
            }
            let Value::Object(named) = named else {
                self.fault("no-kind", "manifest", "an object of a manifest has `apiVersion` and `kind`");
                continue;
            };
            for (name, object) in named {
                self.checked(object, &format!("manifest.{kind}[{name:?}]"));
            }
        }
    }

    fn checked(&mut self, object: &Value, path: &str) {
        self.is_checked = true;
        self.object(object, path, "");
        self.is_checked = false;
    }

    fn yaml(&mut self, yaml: &str) {
        let options = serde_saphyr::options! {
            duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
            with_snippet: false,
        };
        let documents: Vec<Value> = match serde_saphyr::from_multiple_with_options(yaml, options) {
            Ok(documents) => documents,
            Err(error) => {
                let place = error.location().map(|at| format!("line {}, column {}: ", at.line(), at.column()));
                let message = format!("the manifest is no YAML: {}{}", place.unwrap_or_default(), first_line(&error));
                return self.fault("bad-yaml", "manifest", message);
            }
        };
        let lines = starts(yaml);
        for (index, document) in documents.iter().filter(|document| !document.is_null()).enumerate() {
            let line = lines.get(index).map_or_else(String::new, |line| format!(", line {line}"));
            match document {
                Value::Array(items) => items.iter().for_each(|item| self.object(item, "manifest", &line)),
                document => self.object(document, "manifest", &line),
            }
        }
    }

    fn object(&mut self, object: &Value, path: &str, line: &str) {
        if is_unknown(object) {
            self.open = true;
            return;
        }
        let Value::Object(map) = object else {
            return self.fault(
                "no-object",
                path,
                format!("this is no object of Kubernetes, but {}{line}", named(object)),
            );
        };
        if let (Some(kind), Some(Value::Array(items))) = (text(object, "/kind"), map.get("items"))
            && kind.ends_with("List")
        {
            return items.iter().for_each(|item| self.object(item, path, line));
        }
        for (pointer, what) in [
            ("/apiVersion", "apiVersion"),
            ("/kind", "kind"),
            ("/metadata/name", "metadata.name"),
            ("/metadata/namespace", ""),
        ] {
            let there = object.pointer(pointer);
            if there.is_some_and(is_unknown) {
                self.open = true;
                return;
            }
            if what.is_empty() || text(object, pointer).is_some() {
                continue;
            }
            if what == "metadata.name" && object.pointer("/metadata/generateName").is_some() {
                let message = "`generateName` would make another object each time: give it a `name`";
                return self.fault("generated-name", path, format!("{message}{}{line}", of(object)));
            }
            return self.fault("not-an-object", path, format!("`{what}` is missing{}{line}", of(object)));
        }
        let Some(id) = ObjectId::of(object) else { return };
        self.count += 1;
        if self.count > MAX_OBJECTS {
            if self.count == MAX_OBJECTS + 1 {
                self.fault("too-many-objects", path, format!("the manifest holds more than {MAX_OBJECTS} objects"));
            }
            return;
        }
        let object = match cleaned(object, self.is_checked) {
            Ok(object) => object,
            Err(message) => return self.fault("bad-secret", path, format!("{}: {message}{line}", id.shown())),
        };
        let plain = match &id.namespace {
            Some(namespace) => format!("{namespace}/{}", id.name),
            None => id.name.clone(),
        };
        let of_kind = self.found.entry(id.kind.clone()).or_default();
        // Two groups can have kinds of one name: the second one is told by its group.
        let name = match of_kind.get(&plain) {
            Some(there) if text(there, "/apiVersion").map(crate::id::group) != Some(id.group()) => {
                format!("{plain} ({})", id.group())
            }
            _ => plain,
        };
        if of_kind.insert(name, object).is_some() {
            self.fault("object-twice", path, format!("{} stands in the manifest twice{line}", id.shown()));
        }
    }
}

/// Without what the server keeps, and a Secret's values in one form.
fn cleaned(object: &Value, is_checked: bool) -> Result<Value, String> {
    const SERVERS: [&str; 7] =
        ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];
    let mut object = without_nulls(object);
    if let Value::Object(map) = &mut object {
        map.remove("status");
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            metadata.retain(|name, _| !SERVERS.contains(&name.as_str()));
        }
        if map.get("kind") == Some(&json!("Secret")) && map.get("apiVersion") == Some(&json!("v1")) {
            one_data(map, is_checked)?;
        }
    }
    Ok(object)
}

/// `data` and `stringData` become one `data` of values in clear, as the host gives them back.
fn one_data(secret: &mut Map<String, Value>, is_checked: bool) -> Result<(), String> {
    let mut data = Map::new();
    if let Some(Value::Object(encoded)) = secret.remove("data") {
        for (key, value) in encoded {
            let value = match &value {
                Value::String(text) if !is_checked => clear(&key, text)?,
                _ => value,
            };
            data.insert(key, value);
        }
    }
    if let Some(Value::Object(clear)) = secret.remove("stringData") {
        data.extend(clear);
    }
    if !data.is_empty() {
        secret.insert("data".to_owned(), Value::Object(data));
    }
    Ok(())
}

/// What base64 stands for: a text, or bytes that are none.
fn clear(key: &str, encoded: &str) -> Result<Value, String> {
    let packed: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(&packed);
    let bytes = bytes.map_err(|_| format!("`data.{key}` is no base64; `stringData` takes a text as it is"))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Value::String(text),
        Err(_) => json!({BYTES: packed}),
    })
}

/// What is applied: the host encodes sealed values, and what is in clear goes as it stands.
pub(crate) fn for_server(object: &Value) -> Value {
    let mut object = object.clone();
    if let Value::Object(map) = &mut object
        && map.get("kind") == Some(&json!("Secret"))
        && let Some(Value::Object(data)) = map.get_mut("data")
    {
        for value in data.values_mut() {
            let encoded = match &*value {
                Value::String(text) => BASE64.encode(text),
                Value::Object(bytes) => match bytes.get(BYTES).and_then(Value::as_str) {
                    Some(encoded) => encoded.to_owned(),
                    None => continue,
                },
                _ => continue,
            };
            *value = Value::String(encoded);
        }
    }
    object
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect(),
        ),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Is a value decided later?
pub(crate) fn is_unknown(value: &Value) -> bool {
    matches!(value, Value::Object(map) if map.len() == 1 && map.get("$unknown") == Some(&Value::Bool(true)))
}

/// Does anything in a value wait to be decided?
pub(crate) fn has_unknown(value: &Value) -> bool {
    match value {
        Value::Object(map) => is_unknown(value) || map.values().any(has_unknown),
        Value::Array(items) => items.iter().any(has_unknown),
        _ => false,
    }
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// What can be said of an object that lacks something.
fn of(object: &Value) -> String {
    let parts = [text(object, "/kind"), text(object, "/metadata/name")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(" ")) }
}

fn first_line(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}

/// The line on which each document that holds anything begins.
fn starts(yaml: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut within = false;
    for (index, line) in yaml.lines().enumerate() {
        let ends = line == "---" || line.starts_with("--- ") || line == "...";
        let rest = line.strip_prefix("---").filter(|_| ends).unwrap_or(line).trim();
        if ends {
            within = false;
        }
        let says = !rest.is_empty() && !rest.starts_with('#') && !rest.starts_with('%') && rest != "...";
        if says && !within {
            within = true;
            lines.push(index + 1);
        }
    }
    lines
}
