//! `metadata.managedFields`: who owns which fields since when.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Operation;
use super::set::Set;

/// Who owns fields: what tells one entry of `managedFields` from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manager {
    /// The name.
    pub(super) name: String,
    /// How it came to own them.
    pub(super) operation: Operation,
    /// `apps/v1`; empty for appliers, which have one entry whatever version they apply.
    pub(super) api_version: String,
    /// `status`, `scale`, or empty.
    pub(super) subresource: String,
}

impl Manager {
    /// The manager of an operation; one without a name is `unknown`.
    pub(super) fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let api_version = match operation {
            Operation::Apply => "",
            Operation::Update => api_version,
        };
        Self {
            name: if name.is_empty() { "unknown" } else { name }.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    /// As a conflict names it: `"editor" with subresource "scale" using apps/v1`.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("{:?}", self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// The fields of a manager.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    /// Which.
    pub(super) set: Set,
    /// In the terms of which version.
    pub(super) api_version: String,
}

/// All entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Managed {
    /// The fields of each manager.
    pub(super) owned: BTreeMap<Manager, Owned>,
    /// When each last changed what it owns, RFC 3339; not all say.
    pub(super) times: BTreeMap<Manager, String>,
}

impl Managed {
    /// From an object; what is wrong where they cannot be read.
    pub(super) fn of(object: &Value) -> Result<Self, String> {
        match object.pointer("/metadata/managedFields") {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(entries) => Self::decode(entries),
        }
    }

    /// From `managedFields`.
    pub(super) fn decode(entries: &Value) -> Result<Self, String> {
        let mut managed = Self::default();
        for (index, entry) in entries.as_array().into_iter().flatten().enumerate() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            if text("apiVersion").is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text("fieldsType") {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {index}")),
                other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {index}")),
            }
            let set = match entry.get("fieldsV1").filter(|fields| !fields.is_null()) {
                None => Set::default(),
                Some(fields) => Set::from_json(fields).ok_or("error decoding set: malformed fieldsV1")?,
            };
            let api_version = text("apiVersion").to_owned();
            let mut manager = Manager::new(text("manager"), operation, &api_version, text("subresource"));
            manager.name = text("manager").to_owned();
            if let Some(time) = entry.get("time").and_then(Value::as_str) {
                managed.times.insert(manager.clone(), time.to_owned());
            }
            managed.owned.insert(manager, Owned { set, api_version });
        }
        Ok(managed)
    }

    /// As `managedFields`: appliers first, each by time and then by name. `None` where there are no entries.
    pub(super) fn encode(&self) -> Option<Value> {
        let mut entries: Vec<(&Manager, &Owned, Option<&String>)> =
            self.owned.iter().map(|(manager, owned)| (manager, owned, self.times.get(manager))).collect();
        entries.sort_by(|(one, a, one_time), (other, b, other_time)| {
            (one.operation, one_time, &one.name, &a.api_version, &one.subresource).cmp(&(
                other.operation,
                other_time,
                &other.name,
                &b.api_version,
                &other.subresource,
            ))
        });
        let entries: Vec<Value> =
            entries.into_iter().map(|(manager, owned, time)| entry(manager, owned, time)).collect();
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    /// Writes the entries into an object.
    pub(super) fn write(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        match self.encode() {
            Some(entries) => {
                let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
                if let Some(metadata) = metadata.as_object_mut() {
                    metadata.insert("managedFields".to_owned(), entries);
                }
            }
            None => strip(object),
        }
    }

    /// Merges the oldest of more than ten updaters into one entry a version, `ancient-changes`.
    pub(super) fn cap(&mut self) {
        let mut updaters: Vec<Manager> =
            self.owned.keys().filter(|manager| manager.operation == Operation::Update).cloned().collect();
        updaters.sort_by_cached_key(|manager| (self.times.get(manager).cloned(), manager.clone()));
        let mut left = updaters.len();
        let mut first_of: BTreeMap<String, Manager> = BTreeMap::new();
        for manager in updaters {
            if left <= MOST_UPDATERS {
                break;
            }
            let Some(owned) = self.owned.get(&manager).cloned() else { continue };
            let Some(first) = first_of.get(&owned.api_version) else {
                first_of.insert(owned.api_version, manager);
                continue;
            };
            let bucket = Manager::new("ancient-changes", Operation::Update, &owned.api_version, "");
            if !self.owned.contains_key(&bucket)
                && let Some(oldest) = self.owned.remove(first)
            {
                self.owned.insert(bucket.clone(), oldest);
            }
            if let Some(merged) = self.owned.get_mut(&bucket) {
                merged.set = owned.set.union(&merged.set);
            }
            self.owned.remove(&manager);
            left -= 1;
            match self.times.get(&manager).cloned() {
                Some(time) => self.times.insert(bucket, time),
                None => self.times.remove(&bucket),
            };
        }
    }
}

/// How many entries of updaters there may be.
const MOST_UPDATERS: usize = 10;

fn entry(manager: &Manager, owned: &Owned, time: Option<&String>) -> Value {
    let operation = match manager.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let mut entry = Map::new();
    let texts = [
        ("manager", manager.name.as_str()),
        ("operation", operation),
        ("apiVersion", owned.api_version.as_str()),
        ("time", time.map_or("", String::as_str)),
        ("fieldsType", "FieldsV1"),
        ("subresource", manager.subresource.as_str()),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        entry.insert(name.to_owned(), Value::from(text));
    }
    entry.insert("fieldsV1".to_owned(), owned.set.to_json());
    Value::Object(entry)
}

/// Takes `managedFields` out of an object.
pub(super) fn strip(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
