//! Holding a guest's answer against the contract, before anything else looks at it.

use std::collections::HashSet;

use maps_engine::Value;
use maps_engine::provider::{Object, Pending};

use crate::bindings::exports::maps::platform::provider as wit;
use crate::bindings::maps::platform::types;
use crate::convert::text;
use crate::limits::{ID_BYTES, RETRY_AFTER_MS};
use crate::plugin::KindFacts;
use crate::seal::Seals;

/// May a value hold what is decided only during apply?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknowns {
    /// In planned values.
    Allowed,
    /// In what an object is said to be.
    Refused,
}

/// Reads a guest's answer to one call.
pub(crate) struct Reader<'a> {
    pub(crate) seals: &'a Seals,
}

impl Reader<'_> {
    /// JSON text as a value, with the call's secrets back in their places.
    pub(crate) fn value(&self, what: &str, json: &str, unknowns: Unknowns) -> Result<Value, String> {
        // The parser itself ends at 128 levels; `from_guest` at the host's own limit.
        let json: serde_json::Value = serde_json::from_str(json).map_err(|error| format!("{what}: {error}"))?;
        let value = self.seals.from_guest(json).map_err(|error| format!("{what}: {error}"))?;
        if unknowns == Unknowns::Refused && value.has_unknown() {
            return Err(format!("{what}: holds an unknown, and what is done is known"));
        }
        Ok(value)
    }

    /// As `value`, and an object.
    pub(crate) fn map(&self, what: &str, json: &str, unknowns: Unknowns) -> Result<Value, String> {
        let value = self.value(what, json, unknowns)?;
        if matches!(value, Value::Map(_)) { Ok(value) } else { Err(format!("{what}: is not a JSON object")) }
    }

    /// An object, with what its kind's schema calls secret marked so.
    pub(crate) fn object(&self, kind: &KindFacts, resource: &types::Resource) -> Result<Object, String> {
        Ok(Object {
            id: self.id(&resource.id)?,
            inputs: kind.schema.inputs.mark_secrets(self.map("inputs", &resource.inputs, Unknowns::Refused)?),
            outputs: kind.schema.prepare_outputs(self.map("outputs", &resource.outputs, Unknowns::Refused)?),
        })
    }

    /// An object that must be the one that was asked for.
    pub(crate) fn same_object(
        &self,
        kind: &KindFacts,
        asked: &str,
        resource: &types::Resource,
    ) -> Result<Object, String> {
        let object = self.object(kind, resource)?;
        if !asked.is_empty() && object.id != asked {
            return Err(format!("answers for the object {:?} where {asked:?} was asked for", object.id));
        }
        Ok(object)
    }

    /// What a read found: the object that was asked for. Where nothing is known of it, as for an import,
    /// it may be asked for by a name, and answers with its id.
    pub(crate) fn read_object(
        &self,
        kind: &KindFacts,
        prior: &Object,
        resource: &types::Resource,
    ) -> Result<Object, String> {
        let nothing = |value: &Value| matches!(value, Value::Map(map) if map.is_empty());
        let is_import = nothing(&prior.inputs) && nothing(&prior.outputs);
        self.same_object(kind, if is_import { "" } else { &prior.id }, resource)
    }

    /// A pending, with its wait bounded.
    pub(crate) fn pending(&self, asked: Option<&str>, pending: wit::Pending) -> Result<Pending, String> {
        let id = pending.id.as_deref().map(|id| self.id(id)).transpose()?;
        if let (Some(asked), Some(id)) = (asked, &id)
            && asked != id
        {
            return Err(format!("is pending on the object {id:?} where {asked:?} was asked for"));
        }
        Ok(Pending {
            checkpoint: self.value("checkpoint", &pending.checkpoint, Unknowns::Refused)?,
            retry_after_ms: pending.retry_after_ms.min(RETRY_AFTER_MS),
            id,
            note: pending.note.map(|note| text(self.seals, &note)),
        })
    }

    fn id(&self, id: &str) -> Result<String, String> {
        if id.is_empty() {
            return Err("an id is empty".to_owned());
        }
        if id.len() > ID_BYTES {
            return Err(format!("an id has {} bytes, more than the limit of {ID_BYTES}", id.len()));
        }
        if crate::printable::printable(id, ID_BYTES) != id {
            return Err("an id holds control characters or marks that cannot be seen".to_owned());
        }
        if self.seals.scrub(id) != id {
            return Err("an id repeats a secret".to_owned());
        }
        Ok(id.to_owned())
    }
}

/// As many outcomes as requests.
pub(crate) fn same_length(requests: usize, outcomes: usize) -> Result<(), String> {
    if requests == outcomes {
        return Ok(());
    }
    Err(format!("answers {outcomes} outcomes to {requests} requests"))
}

/// No two requests of one kind may be answered with one object.
pub(crate) fn distinct<'a>(ids: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for (kind, id) in ids {
        if !seen.insert((kind, id)) {
            return Err(format!("answers two requests with the one object {id:?}"));
        }
    }
    Ok(())
}

/// What was asked for and what was answered, of one item.
pub(crate) struct Pair<'a> {
    pub(crate) kind: &'a str,
    pub(crate) asked: &'a Value,
    pub(crate) answered: Option<&'a Value>,
}

/// Outcomes in another order than their requests. An id that the host knows shows it; where the
/// plugin gives the id, an outcome is taken for another's if it lacks what its own request says
/// and has all that another request of its kind says.
pub(crate) fn in_order(pairs: &[Pair<'_>]) -> Result<(), String> {
    for (at, pair) in pairs.iter().enumerate() {
        let Some(answered) = pair.answered else { continue };
        if covers(answered, pair.asked) {
            continue;
        }
        let other = pairs
            .iter()
            .enumerate()
            .find(|(other_at, other)| *other_at != at && other.kind == pair.kind && covers(answered, other.asked));
        if let Some((other, _)) = other {
            return Err(format!("answers out of order: outcome {at} belongs to request {other}"));
        }
    }
    Ok(())
}

/// Does the answer have every setting that the request names? Secrets are left out, since services
/// that were given one seldom tell it again.
fn covers(answered: &Value, asked: &Value) -> bool {
    let told = asked.as_map().into_iter().flatten().filter(|(_, value)| !value.has_secret());
    let mut told = told.peekable();
    told.peek().is_some() && told.all(|(key, value)| value.has_unknown() || answered.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(asked: &[serde_json::Value], answered: &[serde_json::Value]) -> Result<(), String> {
        let asked: Vec<_> = asked.iter().cloned().map(Value::from).collect();
        let answered: Vec<_> = answered.iter().cloned().map(Value::from).collect();
        let pairs: Vec<_> = asked
            .iter()
            .zip(&answered)
            .map(|(asked, answered)| Pair { kind: "p/k", asked, answered: Some(answered) })
            .collect();
        in_order(&pairs)
    }

    #[test]
    fn rt31_swapped_outcomes_are_seen_and_normalised_ones_are_not_mistaken() {
        let (a, b) = (json!({"name": "a", "size": 1}), json!({"name": "b", "size": 1}));
        assert_eq!(order(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), Ok(()));
        assert!(order(&[a.clone(), b.clone()], &[b.clone(), a.clone()]).is_err());
        let normalised = json!({"name": "a", "size": 2, "region": "fra1"});
        assert_eq!(order(&[a.clone(), b.clone()], &[normalised, b.clone()]), Ok(()));
        assert_eq!(order(&[a.clone(), a.clone()], &[a.clone(), a]), Ok(()));
        assert_eq!(order(&[json!({}), b.clone()], &[json!({"x": 1}), b]), Ok(()));
    }

    #[test]
    fn rt31_a_secret_that_no_service_tells_hides_no_swap() {
        let asked = ["a", "b"].map(|name| {
            let mut map = maps_engine::value::Map::new();
            map.insert("name".to_owned(), Value::from(name));
            map.insert("password".to_owned(), Value::from("hunter-2-hunter-2").secret());
            Value::Map(map)
        });
        let answered = ["b", "a"].map(|name| Value::from(json!({"name": name})));
        let pair =
            |at: usize, answer: usize| Pair { kind: "p/k", asked: &asked[at], answered: Some(&answered[answer]) };
        assert!(in_order(&[pair(0, 0), pair(1, 1)]).is_err());
        assert_eq!(in_order(&[pair(0, 1), pair(1, 0)]), Ok(()));
    }

    #[test]
    fn rt31_one_object_cannot_answer_two_requests() {
        assert!(distinct([("p/k", "1"), ("p/k", "2"), ("p/l", "1")].into_iter()).is_ok());
        assert!(distinct([("p/k", "1"), ("p/k", "1")].into_iter()).is_err());
    }
}
