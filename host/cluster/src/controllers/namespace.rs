//! Namespaces that are deleted: their contents go first, and conditions tell what holds them up.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Propagation, Resource, Served};
use super::object::{is_deleted, items, namespace, text};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const NAMESPACES: Resource = Resource::of("", "namespaces");
const PODS: Resource = Resource::of("", "pods");
const FINALIZER: &str = "kubernetes";

/// Empties namespaces and finalizes them.
#[derive(Debug)]
pub(super) struct Lifecycle;

impl Controller for Lifecycle {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == NAMESPACES {
            if let Some(object) = change.new.as_ref().filter(|object| is_deleted(object)) {
                picks.add(Key::to(&NAMESPACES, object));
            }
            return;
        }
        // Whatever moves in a namespace that is on its way out may be what it waits for.
        let place = change.object().map(|object| namespace(object)).unwrap_or_default();
        if !place.is_empty() {
            let key = Key::new(&NAMESPACES, "", place);
            if picks.api.get(&key).is_some_and(|object| is_deleted(&object)) {
                picks.add(key);
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(object) = desk.api.get(key).filter(|object| is_deleted(object)) else { return Ok(()) };
        if !items(&object, "/spec/finalizers").iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(());
        }
        let before = Value::clone(&object);
        let mut object = before.clone();
        object["status"]["phase"] = json!("Terminating");
        if object != before {
            desk.api.update(&NAMESPACES, "status", object, MANAGER)?;
        }
        let refused = empty(key, desk);
        let left = Remainder::of(key, desk);
        // What was just deleted may have changed the namespace's object itself (its status), so it is read again.
        let Some((before, mut object)) = super::fetch(desk, key) else { return Ok(()) };
        left.tell(&mut object, &refused, &desk.timestamp());
        if object != *before {
            desk.api.update(&NAMESPACES, "status", object, MANAGER)?;
        }
        match refused.into_iter().next() {
            Some(refusal) => return Err(refusal),
            None if !left.is_empty() => return Ok(()),
            None => {}
        }
        let Some((_, mut object)) = super::fetch(desk, key) else { return Ok(()) };
        if let Some(finalizers) = object.pointer_mut("/spec/finalizers").and_then(Value::as_array_mut) {
            finalizers.retain(|finalizer| finalizer != FINALIZER);
        }
        desk.api.update(&NAMESPACES, "finalize", object, MANAGER)?;
        Ok(())
    }
}

/// Deletes everything in a namespace that is not being deleted already; as long as there are Pods, only these.
fn empty(key: &Key, desk: &mut Desk<'_>) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut all: Vec<_> = desk.api.served().into_iter().filter(is_content).collect();
    all.sort_by_key(|served| served.resource != PODS);
    for (index, served) in all.into_iter().enumerate() {
        if index == 1 && !desk.api.list(&PODS, Some(&key.name)).is_empty() {
            break;
        }
        for object in desk.api.list(&served.resource, Some(&key.name)) {
            if is_deleted(&object) {
                continue;
            }
            let options = Deletion { propagation: Some(Propagation::Background), ..Deletion::default() };
            match desk.api.delete(&Key::to(&served.resource, &object), &options) {
                Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => refused.push(refusal),
                _ => {}
            }
        }
    }
    refused
}

/// Whether objects of it are in namespaces, and go with them.
fn is_content(served: &Served) -> bool {
    served.namespaced && served.verbs.iter().any(|verb| verb == "delete")
}

/// What is left in a namespace.
struct Remainder {
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
}

impl Remainder {
    fn of(key: &Key, desk: &Desk<'_>) -> Self {
        let mut left = Self { resources: BTreeMap::new(), finalizers: BTreeMap::new() };
        let pods = !desk.api.list(&PODS, Some(&key.name)).is_empty();
        for served in desk.api.served().into_iter().filter(is_content) {
            // As long as there are Pods, nobody looks further.
            if pods && served.resource != PODS {
                continue;
            }
            for object in desk.api.list(&served.resource, Some(&key.name)) {
                let resource = format!("{}.{}", served.resource.plural, served.resource.group);
                *left.resources.entry(resource).or_default() += 1;
                for finalizer in items(&object, "/metadata/finalizers").iter().filter_map(Value::as_str) {
                    *left.finalizers.entry(finalizer.to_owned()).or_default() += 1;
                }
            }
        }
        left
    }

    fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Sets the five conditions, of which only those that changed get a new time.
    fn tell(&self, object: &mut Value, refused: &[Refusal], now: &str) {
        let joined = |list: Vec<String>| list.join(", ");
        let resources = || {
            let each = self.resources.iter().map(|(name, count)| format!("{name} has {count} resource instances"));
            format!("Some resources are remaining: {}", joined(each.collect()))
        };
        let finalizers = || {
            let each = self.finalizers.iter().map(|(name, count)| format!("{name} in {count} resource instances"));
            format!("Some content in the namespace has finalizers remaining: {}", joined(each.collect()))
        };
        let errors = || {
            let mut each: Vec<String> = refused.iter().map(|refusal| refusal.message.clone()).collect();
            each.sort();
            format!("Failed to delete all resource types, {} remaining: {}", each.len(), joined(each))
        };
        let removed = ("ContentRemoved", "All content successfully removed".to_owned());
        let deleted = ("ContentDeleted", "All content successfully deleted, may be waiting on finalization".to_owned());
        let conditions = [
            (
                "NamespaceDeletionDiscoveryFailure",
                None,
                ("ResourcesDiscovered", "All resources successfully discovered".to_owned()),
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                None,
                ("ParsedGroupVersions", "All legacy kube types successfully parsed".to_owned()),
            ),
            (
                "NamespaceDeletionContentFailure",
                (!refused.is_empty()).then(|| ("ContentDeletionFailed", errors())),
                deleted,
            ),
            (
                "NamespaceContentRemaining",
                (!self.resources.is_empty()).then(|| ("SomeResourcesRemain", resources())),
                removed.clone(),
            ),
            (
                "NamespaceFinalizersRemaining",
                (!self.finalizers.is_empty()).then(|| ("SomeFinalizersRemain", finalizers())),
                removed,
            ),
        ];
        let list = super::object::ensure(object, &["status", "conditions"]);
        if !list.is_array() {
            *list = json!([]);
        }
        let Some(list) = list.as_array_mut() else { return };
        for (kind, bad, good) in conditions {
            let (status, (reason, message)) = match bad {
                Some(bad) => ("True", bad),
                None => ("False", good),
            };
            let mut new = json!({
                "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now,
            });
            match list.iter_mut().find(|old| text(old, "/type") == kind) {
                Some(old) => {
                    if text(old, "/status") == status {
                        new["lastTransitionTime"] = old["lastTransitionTime"].clone();
                    }
                    *old = new;
                }
                None => list.push(new),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::object::condition;
    use crate::controllers::testing::{Memory, config_map};
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_deleted_namespace_goes_when_its_contents_have_gone() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Lifecycle)]));
        let place = api.make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}));
        let mut held = config_map("held", &[]);
        held["metadata"]["finalizers"] = json!(["example.com/hold"]);
        let held = api.make(held);
        let free = api.make(config_map("free", &[]));
        api.remove(&place, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&free).is_none());
        let seen = api.now_of(&place).unwrap();
        let expected = [
            (
                "NamespaceDeletionDiscoveryFailure",
                "False",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "False",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (
                "NamespaceContentRemaining",
                "True",
                "SomeResourcesRemain",
                "Some resources are remaining: configmaps. has 1 resource instances",
            ),
            (
                "NamespaceFinalizersRemaining",
                "True",
                "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
            ),
        ];
        for (kind, status, reason, message) in expected {
            let seen = condition(&seen, kind).unwrap();
            assert_eq!((text(seen, "/status"), text(seen, "/reason")), (status, reason), "{kind}");
            assert_eq!(text(seen, "/message"), message);
        }
        api.change(&held, |held| held["metadata"]["finalizers"] = json!([]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&held).is_none());
        assert!(api.now_of(&place).is_none());
    }

    #[test]
    fn a_namespace_that_nobody_deletes_is_left_alone() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Lifecycle)]));
        let place = api.make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}));
        let content = api.make(config_map("free", &[]));
        assert_eq!(settle(&mut api, &mut work), None);
        assert_eq!(api.now_of(&place).unwrap(), place);
        assert_eq!(api.now_of(&content).unwrap(), content);
    }
}
