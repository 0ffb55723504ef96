//! Where an object is, and who made it.

use maps_sdk::kube::{ObjectReference, TypeMeta};
use maps_sdk::{Context, Problem, Report};
use serde_json::{Value, json};

use super::{API, Answer, Texts, text};

const STACK: &str = "maps.dev/stack";
const ADDRESS: &str = "maps.dev/address";
const TOKEN: &str = "maps.dev/token";
/// What the keys of all of them begin with.
const PREFIX: &str = "maps.dev/";

/// A namespace and a name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Place {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// From `namespace/name`, as ids are.
    pub(super) fn parse(id: &str) -> Answer<Self> {
        match id.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::new(namespace, name))
            }
            _ => Err(Problem::invalid("bad-id", format!("`{id}` names no object")).help("write `namespace/name`")),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub(super) fn of(&self, kind: &str) -> ObjectReference {
        let (namespace, name) = (Some(self.namespace.clone()), self.name.clone());
        ObjectReference { kind: TypeMeta::new(API, kind), namespace, name }
    }
}

/// Writes who makes an object into it, as `kube/manifest` does.
pub(super) fn mark(object: &mut Value, context: &Context, address: &str, token: &str) {
    for (key, value) in [(STACK, context.stack.as_str()), (ADDRESS, address), (TOKEN, token)] {
        object["metadata"]["annotations"][key] = json!(value);
    }
}

/// Is a key of an annotation one of ours?
pub(super) fn is_mark(key: &str) -> bool {
    key.starts_with(PREFIX)
}

fn annotation<'v>(live: &'v Value, key: &str) -> Option<&'v str> {
    live.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// The token that an object carries.
pub(super) fn token(live: &Value) -> Option<&str> {
    annotation(live, TOKEN)
}

/// Whose an object is, in words.
pub(super) fn owner(live: &Value) -> String {
    match (annotation(live, ADDRESS), annotation(live, STACK)) {
        (None, None) => "made without maps".to_owned(),
        (address, stack) => format!("\"{}\" of the stack {}", address.unwrap_or("?"), stack.unwrap_or("?")),
    }
}

/// Is it being deleted?
pub(super) fn is_going(live: &Value) -> bool {
    !text(live, "/metadata/deletionTimestamp").is_empty()
}

/// Is it a label of DNS, as namespaces and names of Pods are?
pub(crate) fn is_label(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 63 && name.starts_with(plain) && name.ends_with(plain) && name.chars().all(|c| plain(c) || c == '-')
}

/// Reports labels and annotations that maps sets itself.
pub(crate) fn check_marks(report: &mut Report, labels: &Texts, annotations: &Texts) {
    for (name, texts) in [("labels", labels), ("annotations", annotations)] {
        for key in texts.keys().filter(|key| is_mark(key)) {
            report.invalid(format!("{name}.{key}"), "reserved-key", "keys that begin with `maps.dev/` are set by maps");
        }
    }
}
