//! CustomResourceDefinitions: whose names are theirs, since when they are served, and that their objects go with them.

use serde_json::Value;

use super::api::{Change, Deletion, Key, Resource};
use super::object::{has_finalizer, is_deleted, name, remove_finalizer, text};
use super::{Controller, Desk, Picks};
use crate::crd::conditions;
use crate::status::Refusal;

/// CustomResourceDefinitions.
pub(super) const DEFINITIONS: Resource = Resource::of("apiextensions.k8s.io", "customresourcedefinitions");

/// The API server itself sees to its definitions.
const SERVER: &str = "kube-apiserver";

/// Establishes definitions, and empties those that are deleted.
#[derive(Debug)]
pub(super) struct Definitions;

impl Controller for Definitions {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == DEFINITIONS {
            let Some(object) = change.object() else { return };
            if let Some(object) = &change.new {
                picks.add(Key::to(&DEFINITIONS, object));
            }
            let accepted = |object: &Option<std::sync::Arc<Value>>| {
                object.as_ref().and_then(|object| object.pointer("/status/acceptedNames").cloned())
            };
            // Names that this one let go may be what another one of the group waits for.
            if change.old.is_some() && accepted(&change.old) != accepted(&change.new) {
                for other in picks.api.list(&DEFINITIONS, None) {
                    if text(&other, "/spec/group") == text(object, "/spec/group") && name(&other) != name(object) {
                        picks.add(Key::to(&DEFINITIONS, &other));
                    }
                }
            }
        } else if change.new.is_none() && change.resource.group.contains('.') {
            let title = format!("{}.{}", change.resource.plural, change.resource.group);
            let key = Key::new(&DEFINITIONS, "", &title);
            if picks.api.get(&key).is_some_and(|definition| is_deleted(&definition)) {
                picks.add(key);
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut definition)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&definition) {
            return empty(key, definition, desk);
        }
        let others = desk.api.list(&DEFINITIONS, None);
        definition["status"] =
            conditions::conditions(&definition, others.iter().map(|other| &**other), &desk.timestamp());
        if definition != *before {
            desk.api.update(&DEFINITIONS, "status", definition, SERVER)?;
        }
        Ok(())
    }
}

/// Deletes the objects of a definition, and lets it go when none is left.
fn empty(key: &Key, mut definition: Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if !has_finalizer(&definition, conditions::CLEANUP) {
        return Ok(());
    }
    let resource = Resource::named(text(&definition, "/spec/group"), text(&definition, "/spec/names/plural"));
    let stage = |definition: &mut Value, stage: conditions::Deletion, now: &str| {
        conditions::terminating(super::object::ensure(definition, &["status"]), stage, now);
    };
    if conditions::is_established(&definition) {
        let before = definition.clone();
        stage(&mut definition, conditions::Deletion::InProgress, &desk.timestamp());
        if definition != before {
            desk.api.update(&DEFINITIONS, "status", definition, SERVER)?;
        }
        for object in desk.api.list(&resource, None) {
            if !is_deleted(&object) {
                match desk.api.delete(&Key::to(&resource, &object), &Deletion::default()) {
                    Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => return Err(refusal),
                    _ => {}
                }
            }
        }
        if !desk.api.list(&resource, None).is_empty() {
            return Ok(());
        }
    }
    let Some((_, mut definition)) = super::fetch(desk, key) else { return Ok(()) };
    stage(&mut definition, conditions::Deletion::Completed, &desk.timestamp());
    let definition = desk.api.update(&DEFINITIONS, "status", definition, SERVER)?;
    let mut definition = Value::clone(&definition);
    remove_finalizer(&mut definition, conditions::CLEANUP);
    desk.api.update(&DEFINITIONS, "", definition, SERVER)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::controllers::object::{condition, is_true};
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    fn definition(plural: &str, kind: &str) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.external-secrets.io"), "finalizers": [conditions::CLEANUP]},
            "spec": {"group": "external-secrets.io", "names": {
                "plural": plural, "singular": plural.trim_end_matches('s'), "kind": kind, "listKind": format!("{kind}List"),
            }},
        })
    }

    #[test]
    fn a_definition_is_established_and_goes_after_its_objects() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Definitions)]));
        let first = api.make(definition("externalsecrets", "ExternalSecret"));
        settle(&mut api, &mut work);
        assert!(is_true(&api.now_of(&first).unwrap(), "Established"));
        let second = api.make(definition("others", "ExternalSecret"));
        settle(&mut api, &mut work);
        let refused = api.now_of(&second).unwrap();
        assert_eq!(condition(&refused, "NamesAccepted").unwrap()["status"], "False");
        let mut object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "x", "namespace": "a"},
        });
        object["metadata"]["finalizers"] = json!(["example.com/hold"]);
        let object = api.make(object);
        api.remove(&first, None);
        settle(&mut api, &mut work);
        let waiting = api.now_of(&first).unwrap();
        assert_eq!(condition(&waiting, "Terminating").unwrap()["reason"], "InstanceDeletionInProgress");
        assert!(is_deleted(&api.now_of(&object).unwrap()));
        api.change(&object, |object| object["metadata"]["finalizers"] = json!([]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&first).is_none());
        assert!(is_true(&api.now_of(&second).unwrap(), "Established"), "the names are free now");
    }
}
