//! The garbage collector: objects go when their last owner is gone, before it (`foregroundDeletion`), or not at
//! all (`orphan`).

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::api::{Change, Deletion, Key, Propagation};
use super::definition::DEFINITIONS;
use super::object::{group_version, has_finalizer, is_deleted, namespace, owners, remove_finalizer, text, truth, uid};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Who owns whom, by uid; and the owners of kinds that nobody serves yet.
#[derive(Debug, Default)]
pub(super) struct Collector {
    present: HashMap<String, Key>,
    dependents: HashMap<String, BTreeSet<Key>>,
    unresolved: HashSet<Key>,
}

impl Controller for Collector {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        // Events are never collected.
        if change.resource.plural == "events" {
            return;
        }
        let Some(object) = change.object() else { return };
        let key = Key::to(&change.resource, object);
        let before: &[Value] = change.old.as_deref().map(owners).unwrap_or_default();
        let after: &[Value] = change.new.as_deref().map(owners).unwrap_or_default();
        for owner in before.iter().filter(|old| !after.iter().any(|new| uid_of(new) == uid_of(old))) {
            self.leave(uid_of(owner), &key);
        }
        for owner in after {
            self.dependents.entry(uid_of(owner).to_owned()).or_default().insert(key.clone());
        }
        if before != after {
            // An owner that waits for its dependents may have lost one that blocked it.
            for owner in before {
                if let Some(owner) = self.present.get(uid_of(owner)) {
                    picks.add(owner.clone());
                }
            }
            if !after.is_empty() {
                picks.add(key.clone());
            }
        }
        let Some(object) = &change.new else {
            self.present.remove(uid(object));
            self.unresolved.remove(&key);
            for dependent in self.dependents.get(uid(object)).into_iter().flatten() {
                picks.add(dependent.clone());
            }
            return;
        };
        self.present.insert(uid(object).to_owned(), key.clone());
        if is_deleted(object) && [FOREGROUND, ORPHAN].iter().any(|finalizer| has_finalizer(object, finalizer)) {
            picks.add(key);
        }
        if change.resource == DEFINITIONS {
            for key in self.unresolved.drain() {
                picks.add(key);
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(object) = desk.api.get(key) else { return Ok(()) };
        if is_deleted(&object) {
            return match () {
                () if has_finalizer(&object, ORPHAN) => self.orphan(key, &object, desk),
                () if has_finalizer(&object, FOREGROUND) => self.wait(key, &object, desk),
                () => Ok(()),
            };
        }
        self.collect(key, &object, desk)
    }
}

/// What has become of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Solid,
    Dangling,
    /// It is there until its dependents are gone.
    Waiting,
    /// Nobody can tell: its kind is not served, or it lives in a namespace and the dependent in none.
    Unknown,
}

impl Collector {
    fn leave(&mut self, owner: &str, key: &Key) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.remove(key);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }

    /// The dependents of an owner that are still there.
    fn dependents(&self, owner: &Value, desk: &Desk<'_>) -> Vec<(Key, Value)> {
        let keys = self.dependents.get(uid(owner)).into_iter().flatten();
        keys.filter_map(|key| Some((key.clone(), Value::clone(&*desk.api.get(key)?))))
            .filter(|(_, object)| owners(object).iter().any(|reference| uid_of(reference) == uid(owner)))
            .collect()
    }

    /// Frees the dependents of an owner that is deleted without them.
    fn orphan(&self, key: &Key, owner: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        for (dependent, mut object) in self.dependents(owner, desk) {
            drop_owners(&mut object, &[uid(owner).to_owned()]);
            desk.api.update(&dependent.resource, "", object, MANAGER)?;
        }
        let mut owner = owner.clone();
        remove_finalizer(&mut owner, ORPHAN);
        desk.api.update(&key.resource, "", owner, MANAGER)?;
        Ok(())
    }

    /// Lets go of an owner that was waiting for its dependents, when none is left that blocks it.
    fn wait(&self, key: &Key, owner: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let mut blocked = false;
        for (dependent, object) in self.dependents(owner, desk) {
            let reference = owners(&object).iter().find(|reference| uid_of(reference) == uid(owner));
            blocked |= reference.is_some_and(|reference| truth(reference, "/blockOwnerDeletion"));
            if !is_deleted(&object) {
                desk.again(dependent);
            }
        }
        if !blocked {
            let mut owner = owner.clone();
            remove_finalizer(&mut owner, FOREGROUND);
            desk.api.update(&key.resource, "", owner, MANAGER)?;
        }
        Ok(())
    }

    /// Deletes an object whose owners are all gone; takes away the references of those that are.
    fn collect(&mut self, key: &Key, object: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let mut stands = false;
        let mut waiting = false;
        let mut gone = Vec::new();
        for reference in owners(object) {
            match self.classify(object, reference, desk) {
                Owner::Solid => stands = true,
                Owner::Dangling => gone.push(uid_of(reference).to_owned()),
                Owner::Waiting => {
                    waiting = true;
                    gone.push(uid_of(reference).to_owned());
                }
                Owner::Unknown => {
                    self.unresolved.insert(key.clone());
                    return Ok(());
                }
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        if stands {
            let mut object = object.clone();
            drop_owners(&mut object, &gone);
            desk.api.update(&key.resource, "", object, MANAGER)?;
            return Ok(());
        }
        let dependents = self.dependents(object, desk);
        let propagation = if waiting && !dependents.is_empty() {
            // In a circle, everybody would wait for the next one.
            let circle = |(_, dependent): &(Key, Value)| is_deleted(dependent) && has_finalizer(dependent, FOREGROUND);
            if dependents.iter().any(circle) {
                let mut object = object.clone();
                for reference in items_mut(&mut object) {
                    reference["blockOwnerDeletion"] = Value::Bool(false);
                }
                desk.api.update(&key.resource, "", object, MANAGER)?;
            }
            Propagation::Foreground
        } else if has_finalizer(object, ORPHAN) {
            Propagation::Orphan
        } else if has_finalizer(object, FOREGROUND) {
            Propagation::Foreground
        } else {
            Propagation::Background
        };
        let uid = Some(uid(object).to_owned());
        let options = Deletion { uid, propagation: Some(propagation), ..Deletion::default() };
        match desk.api.delete(key, &options) {
            Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => Err(refusal),
            _ => Ok(()),
        }
    }

    fn classify(&self, object: &Value, reference: &Value, desk: &mut Desk<'_>) -> Owner {
        let (group, version) = group_version(text(reference, "/apiVersion"));
        let Some(served) = desk.api.find(group, version, text(reference, "/kind")) else { return Owner::Unknown };
        let place = if served.namespaced { namespace(object) } else { "" };
        if served.namespaced && place.is_empty() {
            self.complain(object, reference, desk);
            return Owner::Unknown;
        }
        let there = desk.api.get(&Key::new(&served.resource, place, text(reference, "/name")));
        match there.filter(|owner| uid(owner) == uid_of(reference)) {
            Some(owner) if is_deleted(&owner) && has_finalizer(&owner, FOREGROUND) => Owner::Waiting,
            Some(_) => Owner::Solid,
            None => {
                self.complain(object, reference, desk);
                Owner::Dangling
            }
        }
    }

    /// Says so where an owner is not gone but in another namespace, since that is easily done by mistake.
    fn complain(&self, object: &Value, reference: &Value, desk: &mut Desk<'_>) {
        let Some(owner) = self.present.get(uid_of(reference)) else { return };
        if owner.namespace.is_empty() || owner.namespace == namespace(object) {
            return;
        }
        let place = namespace(object);
        let (api_version, kind) = (text(reference, "/apiVersion"), text(reference, "/kind"));
        let message = format!(
            "ownerRef [{api_version}/{kind}, namespace: {place}, name: {}, uid: {}] does not exist in namespace {place:?}",
            text(reference, "/name"),
            uid_of(reference),
        );
        desk.warning(object, "garbage-collector-controller", "OwnerRefInvalidNamespace", &message);
    }
}

fn uid_of(reference: &Value) -> &str {
    text(reference, "/uid")
}

fn items_mut(object: &mut Value) -> &mut [Value] {
    let references = object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
    references.map(Vec::as_mut_slice).unwrap_or_default()
}

fn drop_owners(object: &mut Value, gone: &[String]) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(references) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else { return };
    references.retain(|reference| !gone.iter().any(|uid| uid == uid_of(reference)));
    if references.is_empty() {
        metadata.remove("ownerReferences");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::controllers::testing::{Memory, config_map};
    use crate::controllers::{Controllers, settle};

    fn begin() -> (Memory, Controllers) {
        (Memory::default(), Controllers::only(vec![Box::new(Collector::default())]))
    }

    #[test]
    fn dependents_follow_their_owner() {
        let (mut api, mut work) = begin();
        let owner = api.make(config_map("owner", &[]));
        let child = api.make(config_map("child", &[&owner]));
        let grandchild = api.make(config_map("grandchild", &[&child]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&grandchild).is_some());
        api.remove(&owner, Some(Propagation::Background));
        assert!(api.now_of(&owner).is_none());
        settle(&mut api, &mut work);
        assert!(api.now_of(&child).is_none());
        assert!(api.now_of(&grandchild).is_none());
    }

    #[test]
    fn with_orphan_they_stay_and_forget_it() {
        let (mut api, mut work) = begin();
        let owner = api.make(config_map("owner", &[]));
        let child = api.make(config_map("child", &[&owner]));
        api.remove(&owner, Some(Propagation::Orphan));
        settle(&mut api, &mut work);
        assert!(api.now_of(&owner).is_none());
        assert!(owners(&api.now_of(&child).unwrap()).is_empty());
    }

    #[test]
    fn in_the_foreground_the_owner_waits_for_those_that_block_it() {
        let (mut api, mut work) = begin();
        let owner = api.make(config_map("owner", &[]));
        let mut child = config_map("child", &[&owner]);
        child["metadata"]["finalizers"] = json!(["example.com/hold"]);
        let child = api.make(child);
        let free = api.make(config_map("free", &[&owner]));
        api.remove(&owner, Some(Propagation::Foreground));
        settle(&mut api, &mut work);
        assert!(is_deleted(&api.now_of(&owner).unwrap()));
        assert!(is_deleted(&api.now_of(&child).unwrap()));
        assert!(api.now_of(&free).is_none());
        api.change(&child, |child| child["metadata"]["finalizers"] = json!([]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&child).is_none());
        assert!(api.now_of(&owner).is_none());
    }

    #[test]
    fn a_dependent_that_does_not_block_lets_the_owner_go_first() {
        let (mut api, mut work) = begin();
        let owner = api.make(config_map("owner", &[]));
        let mut child = config_map("child", &[&owner]);
        child["metadata"]["finalizers"] = json!(["example.com/hold"]);
        child["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = json!(false);
        let child = api.make(child);
        api.remove(&owner, Some(Propagation::Foreground));
        settle(&mut api, &mut work);
        assert!(api.now_of(&owner).is_none());
        assert!(is_deleted(&api.now_of(&child).unwrap()));
    }

    #[test]
    fn the_last_of_two_owners_decides() {
        let (mut api, mut work) = begin();
        let one = api.make(config_map("one", &[]));
        let two = api.make(config_map("two", &[]));
        let child = api.make(config_map("child", &[&one, &two]));
        api.remove(&one, None);
        settle(&mut api, &mut work);
        let left = api.now_of(&child).unwrap();
        assert_eq!(owners(&left).iter().map(|owner| text(owner, "/name")).collect::<Vec<_>>(), ["two"]);
        api.remove(&two, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&child).is_none());
    }

    #[test]
    fn an_owner_that_never_was_is_gone_and_one_of_an_unknown_kind_is_not() {
        let (mut api, mut work) = begin();
        let mut never = config_map("never", &[]);
        never["metadata"]["uid"] = json!("never");
        let child = api.make(config_map("child", &[&never]));
        never["kind"] = json!("Unheard");
        let other = api.make(config_map("other", &[&never]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&child).is_none());
        assert!(api.now_of(&other).is_some());
    }

    #[test]
    fn an_owner_in_another_namespace_is_none_and_an_event_says_so() {
        let (mut api, mut work) = begin();
        let mut owner = config_map("owner", &[]);
        owner["metadata"]["namespace"] = json!("b");
        let owner = api.make(owner);
        let child = api.make(config_map("child", &[&owner]));
        settle(&mut api, &mut work);
        assert!(api.now_of(&owner).is_some());
        assert!(api.now_of(&child).is_none());
        let events = api.all("", "events");
        let expected = format!(
            "ownerRef [v1/ConfigMap, namespace: a, name: owner, uid: {}] does not exist in namespace \"a\"",
            uid(&owner)
        );
        assert_eq!(events.iter().map(|event| text(event, "/message")).collect::<Vec<_>>(), [expected]);
    }
}
