//! Claims and volumes in use: what is deleted while Pods or claims use it stays until they no longer do.

use serde_json::Value;

use super::api::{Change, Key, Resource};
use super::object::{has_finalizer, is_deleted, items, name, namespace, remove_finalizer, text};
use super::pods::{PODS, is_ended};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

/// PersistentVolumeClaims.
pub(super) const CLAIMS: Resource = Resource::of("", "persistentvolumeclaims");
/// PersistentVolumes.
pub(super) const VOLUMES: Resource = Resource::of("", "persistentvolumes");
const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";

/// Lets claims and volumes go that are deleted and not used.
#[derive(Debug)]
pub(super) struct InUse;

/// The claims that a Pod uses, by name.
pub(super) fn claims_of(pod: &Value) -> impl Iterator<Item = String> {
    items(pod, "/spec/volumes").iter().filter_map(|volume| {
        let stated = text(volume, "/persistentVolumeClaim/claimName");
        match stated {
            "" => volume.pointer("/ephemeral").map(|_| format!("{}-{}", name(pod), text(volume, "/name"))),
            stated => Some(stated.to_owned()),
        }
    })
}

impl Controller for InUse {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == CLAIMS || change.resource == VOLUMES {
            if let Some(object) = change.new.as_ref().filter(|object| is_deleted(object)) {
                picks.add(Key::to(&change.resource, object));
            }
        } else if change.resource == PODS {
            let Some(pod) = change.object().filter(|pod| change.new.is_none() || is_ended(pod)) else { return };
            for claim in claims_of(pod) {
                picks.add(Key::new(&CLAIMS, namespace(pod), &claim));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((_, mut object)) = super::fetch(desk, key) else { return Ok(()) };
        let finalizer = if key.resource == CLAIMS { CLAIM_FINALIZER } else { VOLUME_FINALIZER };
        if !is_deleted(&object) || !has_finalizer(&object, finalizer) {
            return Ok(());
        }
        let used = if key.resource == CLAIMS {
            let users = desk.api.list(&PODS, Some(&key.namespace));
            users.iter().any(|pod| !is_ended(pod) && claims_of(pod).any(|claim| claim == key.name))
        } else {
            text(&object, "/status/phase") == "Bound"
        };
        if !used {
            remove_finalizer(&mut object, finalizer);
            desk.api.update(&key.resource, "", object, MANAGER)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_claim_stays_as_long_as_a_pod_uses_it() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(InUse)]));
        let claim = api.make(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "namespace": "a", "finalizers": [CLAIM_FINALIZER]}, "spec": {},
        }));
        let pod = api.make(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
            "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]},
        }));
        api.remove(&claim, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&claim).is_some());
        api.remove(&pod, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&claim).is_none());
    }
}
