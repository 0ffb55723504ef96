//! One object of a manifest with its name in full and its place in the order.

use std::collections::BTreeSet;

use maps_sdk::Problem;
use maps_sdk::kube::Apply;
use serde_json::{Value, json};

use super::model::{Inputs, Live, Outputs};
use super::read::{self, Objects};
use crate::cluster::Scopes;
use crate::id::ObjectId;
use crate::is_sealed;
use crate::mark::{self, Maker};
use crate::order;
use crate::owned::digest;
use crate::problem::told;

/// The field manager that the host writes as.
const MANAGER: &str = "maps";

/// An object that is to be there.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) id: ObjectId,
    pub(super) wave: usize,
    /// Where it stands in the inputs.
    pub(super) place: (&'a str, &'a str),
    /// As in the inputs.
    pub(super) object: &'a Value,
}

impl Item<'_> {
    /// What is sent to the server.
    pub(super) fn to_apply(&self, maker: Maker<'_>, force: bool) -> Result<Apply, Problem> {
        let mut object = read::for_server(self.object);
        match (&self.id.namespace, object.get_mut("metadata")) {
            (Some(namespace), Some(Value::Object(metadata))) => {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            (None, Some(Value::Object(metadata))) => drop(metadata.remove("namespace")),
            _ => {}
        }
        mark::mark(&mut object, maker);
        Apply::new(&object, force)
    }

    /// The input that it stands in: `manifest.Deployment["default/web"]`, as the engine writes paths.
    pub(super) fn path(&self) -> String {
        let part = |name: &str| {
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if plain { format!(".{name}") } else { format!("[{name:?}]") }
        };
        format!("manifest{}{}", part(self.place.0), part(self.place.1))
    }

    /// Is a path of an input the object's own, in it, or around it?
    pub(super) fn meets(&self, path: &str) -> bool {
        let own = self.path();
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        within(path, &own) || within(&own, path)
    }

    /// A problem of the server's as one of this object.
    pub(super) fn told(&self, problem: Problem) -> Problem {
        told(&self.id, problem).at(self.path())
    }
}

/// The objects' names as they stand there.
pub(super) fn ids(objects: &Objects) -> impl Iterator<Item = ObjectId> + '_ {
    objects.values().flat_map(|named| named.values()).filter_map(ObjectId::of)
}

/// The objects of inputs, in the order in which they are written; none where they are not known yet.
pub(super) fn items<'a>(inputs: &'a Inputs, scopes: &Scopes) -> Result<Option<Vec<Item<'a>>>, Problem> {
    let Some(objects) = inputs.manifest.objects() else { return Ok(None) };
    let mut items = Vec::new();
    let mut seen = BTreeSet::new();
    for (kind, named) in objects {
        for (name, object) in named {
            let Some(id) = scopes.place(object, &inputs.namespace) else { continue };
            if !seen.insert(id.key()) {
                let message = format!("{} stands in the manifest twice, once with its namespace", id.shown());
                return Err(Problem::invalid("object-twice", message).at("manifest"));
            }
            items.push(Item { wave: order::wave(&id), id, place: (kind, name), object });
        }
    }
    items.sort_by_key(|item| item.wave);
    Ok(Some(items))
}

/// All objects of several inputs, for their scopes.
pub(super) fn all<'a>(inputs: impl Iterator<Item = &'a Inputs> + Clone) -> impl Iterator<Item = &'a Value> + Clone {
    inputs.filter_map(|inputs| inputs.manifest.objects()).flat_map(|objects| objects.values()).flat_map(|o| o.values())
}

/// The outputs when these are there, in the order of the items.
pub(super) fn outputs<'a>(items: impl Iterator<Item = (&'a ObjectId, Option<&'a Value>)>) -> Outputs {
    let (objects, live) = items.map(|(id, live)| (id.clone(), seen(live))).unzip();
    Outputs { objects, live }
}

/// What is remembered of a live object.
pub(super) fn seen(live: Option<&Value>) -> Live {
    let Some(live) = live else { return Live::default() };
    Live { uid: uid(live).to_owned(), digest: digest(live, MANAGER) }
}

pub(super) fn uid(live: &Value) -> &str {
    crate::id::text(live, "/metadata/uid").unwrap_or_default()
}

/// Are two objects the same, as far as can be told? What is sealed cannot be compared here.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        _ if is_sealed(one) && is_sealed(other) => true,
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|there| is_same(value, there)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => one == other,
    }
}

/// Does a value hold anything that cannot be compared here?
pub(super) fn has_sealed(value: &Value) -> bool {
    match value {
        Value::Object(map) => is_sealed(value) || map.values().any(has_sealed),
        Value::Array(items) => items.iter().any(has_sealed),
        _ => false,
    }
}

/// The object at the same place of other inputs.
pub(super) fn at<'o>(objects: Option<&'o Objects>, place: (&str, &str)) -> Option<&'o Value> {
    objects?.get(place.0)?.get(place.1)
}
