//! Owners of `scale`: the object's entries as its Scale has them, and back.

use serde_json::Value;

use super::element::Element;
use super::managers::{Managed, Owned};
use super::set::Set;

const SCALE: &str = "autoscaling/v1";

fn path(replicas: &str) -> Vec<Element> {
    replicas.trim_start_matches('.').split('.').map(Element::field).collect()
}

/// The entries of those who own the replicas, as they stand in the Scale (`None`: nobody does).
///
/// `replicas` is where each served version has them: `("apps/v1", "spec.replicas")`.
pub(crate) fn to_scale(entries: Option<&Value>, replicas: &[(&str, &str)]) -> Option<Value> {
    let parent = entries.map_or_else(|| Ok(Managed::default()), Managed::decode).unwrap_or_default();
    let mut scale = Managed::default();
    for (manager, owned) in &parent.owned {
        let known = replicas.iter().find(|(version, _)| *version == owned.api_version);
        if known.is_some_and(|(_, replicas)| owned.set.has(&path(replicas))) {
            let set = Set::of_fields(["spec.replicas"]);
            scale.owned.insert(manager.clone(), Owned { set, api_version: SCALE.to_owned() });
            if let Some(time) = parent.times.get(manager) {
                scale.times.insert(manager.clone(), time.clone());
            }
        }
    }
    scale.encode()
}

/// The object's entries after its Scale was changed: who lost the replicas, and who has them now.
///
/// `version` is the one that new entries are of; `replicas` as for [`to_scale`].
pub(crate) fn to_parent(
    parent: Option<&Value>,
    scale: Option<&Value>,
    version: &str,
    replicas: &[(&str, &str)],
) -> Option<Value> {
    let decode =
        |entries: Option<&Value>| entries.map_or_else(|| Ok(Managed::default()), Managed::decode).unwrap_or_default();
    let (parent, mut scale) = (decode(parent), decode(scale));
    let mut merged = Managed::default();
    for (manager, owned) in parent.owned {
        let Some((_, replicas)) = replicas.iter().find(|(version, _)| *version == owned.api_version) else { continue };
        let path = path(replicas);
        let owned = if !owned.set.has(&path) || scale.owned.remove(&manager).is_some() {
            owned
        } else {
            let mut lost = Set::default();
            lost.insert(&path);
            Owned { set: owned.set.difference(&lost), ..owned }
        };
        if !owned.set.is_empty() {
            if let Some(time) = parent.times.get(&manager) {
                merged.times.insert(manager.clone(), time.clone());
            }
            merged.owned.insert(manager, owned);
        }
    }
    let Some((_, replicas)) = replicas.iter().find(|(known, _)| *known == version) else { return merged.encode() };
    let of_scale = Set::of_fields(["spec.replicas"]);
    for (manager, owned) in scale.owned {
        if owned.set.intersection(&of_scale).is_empty() {
            continue;
        }
        let mut set = Set::default();
        set.insert(&path(replicas));
        merged.owned.insert(manager, Owned { set, api_version: version.to_owned() });
    }
    merged.encode()
}
