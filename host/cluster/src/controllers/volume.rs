//! Claims get volumes: one that is there already, or one that the class's provisioner makes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::node::{NODES, running};
use super::object::{annotation, ensure, is_deleted, items, name, namespace, text, truth, uid, uuid};
use super::protection::{CLAIMS, VOLUMES};
use super::{Controller, Desk, MANAGER, Picks};
use crate::kinds::labels::selects;
use crate::quantity::Quantity;
use crate::status::Refusal;

/// StorageClasses.
pub(super) const CLASSES: Resource = Resource::of("storage.k8s.io", "storageclasses");
/// The annotation by which the scheduler tells where the first user of a claim will run.
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const COMPONENT: &str = "persistentvolume-controller";
const BLOCKS: &str = "dobs.csi.digitalocean.com";
const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
const COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const PROVISIONED: &str = "pv.kubernetes.io/provisioned-by";
/// Virtual milliseconds until a volume is there.
const PATIENCE: u64 = 5_000;

/// Binds and provisions; it remembers since when each volume is being made.
#[derive(Debug, Default)]
pub(super) struct Binding {
    since: HashMap<String, u64>,
}

impl Controller for Binding {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == CLAIMS {
            picks.add(Key::to(&CLAIMS, object));
            if change.new.is_none() {
                self.since.remove(uid(object));
                let volume = text(object, "/spec/volumeName");
                if !volume.is_empty() {
                    picks.add(Key::new(&VOLUMES, "", volume));
                }
            }
        } else if change.resource == VOLUMES {
            picks.add(Key::to(&VOLUMES, object));
            self.pick_waiting(picks);
        } else if change.resource == CLASSES || change.resource == NODES {
            self.pick_waiting(picks);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if key.resource == VOLUMES { look_volume(key, desk) } else { self.look_claim(key, desk) }
    }
}

fn storage(object: &Value, pointer: &str) -> Quantity {
    Quantity::parse(text(object, pointer)).unwrap_or_else(|_| Quantity::zero())
}

/// Whether a volume is one that a claim could have.
fn suits(volume: &Value, claim: &Value) -> bool {
    let reference = volume.pointer("/spec/claimRef").filter(|reference| !reference.is_null());
    if let Some(reference) = reference {
        let known = text(reference, "/uid");
        return text(reference, "/name") == name(claim)
            && text(reference, "/namespace") == namespace(claim)
            && (known.is_empty() || known == uid(claim));
    }
    let modes = items(volume, "/spec/accessModes");
    let chosen = claim.pointer("/spec/selector");
    let labels = volume.pointer("/metadata/labels").cloned().unwrap_or_default();
    !is_deleted(volume)
        && text(volume, "/spec/storageClassName") == text(claim, "/spec/storageClassName")
        && items(claim, "/spec/accessModes").iter().all(|mode| modes.contains(mode))
        && mode(volume) == mode(claim)
        && chosen.is_none_or(|selector| selects(selector, &labels))
        && storage(volume, "/spec/capacity/storage") >= storage(claim, "/spec/resources/requests/storage")
}

fn mode(object: &Value) -> &str {
    match text(object, "/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    }
}

impl Binding {
    fn pick_waiting(&self, picks: &mut Picks<'_>) {
        for claim in picks.api.list(&CLAIMS, None).iter().filter(|claim| text(claim, "/status/phase") != "Bound") {
            picks.add(Key::to(&CLAIMS, claim));
        }
    }

    fn look_claim(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(claim) = desk.api.get(key) else { return Ok(()) };
        let stated = text(&claim, "/spec/volumeName").to_owned();
        if !stated.is_empty() {
            let Some(volume) = desk.api.get(&Key::new(&VOLUMES, "", &stated)) else { return Ok(()) };
            if text(&claim, "/status/phase") == "Bound" {
                return grow(&claim, &volume, desk);
            }
            return if suits(&volume, &claim) { bind(&claim, &volume, desk) } else { Ok(()) };
        }
        if is_deleted(&claim) {
            return Ok(());
        }
        let class = text(&claim, "/spec/storageClassName").to_owned();
        let found = (!class.is_empty()).then(|| desk.api.get(&Key::new(&CLASSES, "", &class))).flatten();
        let waits = found.as_ref().is_some_and(|class| text(class, "/volumeBindingMode") == "WaitForFirstConsumer");
        let selected = annotation(&claim, SELECTED_NODE).is_some();
        let mut volumes: Vec<_> = desk.api.list(&VOLUMES, None);
        volumes.retain(|volume| suits(volume, &claim));
        volumes.sort_by_key(|volume| {
            (volume.pointer("/spec/claimRef").is_none(), storage(volume, "/spec/capacity/storage"))
        });
        let reserved = volumes.first().is_some_and(|volume| volume.pointer("/spec/claimRef").is_some());
        if let Some(volume) = volumes.first().filter(|_| !waits || selected || reserved) {
            return bind(&claim, &volume.clone(), desk);
        }
        let Some(found) = found else {
            let (reason, message) = match class.as_str() {
                "" => {
                    let why = "no persistent volumes available for this claim and no storage class is set";
                    desk.normal(&claim, COMPONENT, "FailedBinding", why);
                    return Ok(());
                }
                class => ("ProvisioningFailed", format!("storageclass.storage.k8s.io {class:?} not found")),
            };
            desk.warning(&claim, COMPONENT, reason, &message);
            return Ok(());
        };
        if waits && !selected {
            let why = "waiting for first consumer to be created before binding";
            desk.normal(&claim, COMPONENT, "WaitForFirstConsumer", why);
            return Ok(());
        }
        self.provision(key, &claim, &found, desk)
    }

    fn provision(&mut self, key: &Key, claim: &Arc<Value>, class: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let provisioner = text(class, "/provisioner").to_owned();
        if provisioner == "kubernetes.io/no-provisioner" {
            return Ok(());
        }
        let mut noted = Value::clone(claim);
        for name in ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"] {
            *ensure(&mut noted, &["metadata", "annotations", name]) = json!(provisioner);
        }
        if noted != **claim {
            desk.api.update(&CLAIMS, "", noted, MANAGER)?;
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by \
                 the system administrator. If volume creation is delayed, please verify that the provisioner is \
                 running and correctly registered."
            );
            desk.normal(claim, COMPONENT, "ExternalProvisioning", &message);
            return Ok(());
        }
        if provisioner != BLOCKS || running(desk.api).is_empty() {
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due = *self.since.entry(uid(claim).to_owned()).or_insert(now) + PATIENCE;
        if now < due {
            desk.again_after(due - now, key.clone());
            return Ok(());
        }
        let title = format!("pvc-{}", uid(claim));
        let handle = uuid(desk.api.random(), desk.api.random());
        let policy = match text(class, "/reclaimPolicy") {
            "" => "Delete",
            policy => policy,
        };
        let file_system = match text(class, "/parameters/csi.storage.k8s.io~1fstype") {
            "" => "ext4",
            stated => stated,
        };
        let volume = json!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {
                "name": title,
                "annotations": {PROVISIONED: provisioner},
                "finalizers": ["external-provisioner.volume.kubernetes.io/finalizer", "kubernetes.io/pv-protection"],
            },
            "spec": {
                "accessModes": claim["spec"]["accessModes"], "volumeMode": mode(claim),
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "storageClassName": name(class), "persistentVolumeReclaimPolicy": policy,
                "claimRef": reference(claim),
                "csi": {"driver": provisioner, "volumeHandle": handle, "fsType": file_system},
            },
        });
        match desk.api.create(&VOLUMES, volume, "csi-provisioner") {
            Err(refusal) if refusal.reason != "AlreadyExists" => return Err(refusal),
            _ => {}
        }
        let component = format!("{provisioner}_provisioner");
        desk.normal(claim, &component, "ProvisioningSucceeded", &format!("Successfully provisioned volume {title}"));
        Ok(())
    }
}

fn reference(claim: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace(claim), "name": name(claim),
        "uid": uid(claim), "resourceVersion": text(claim, "/metadata/resourceVersion"),
    })
}

fn bind(claim: &Arc<Value>, volume: &Arc<Value>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut held = Value::clone(volume);
    if text(&held, "/spec/claimRef/uid").is_empty() {
        let reserved = held.pointer("/spec/claimRef").is_some();
        held["spec"]["claimRef"] = reference(claim);
        if !reserved {
            *ensure(&mut held, &["metadata", "annotations", BY_CONTROLLER]) = json!("yes");
        }
        held = Value::clone(&*desk.api.update(&VOLUMES, "", held, MANAGER)?);
    }
    if text(&held, "/status/phase") != "Bound" {
        *ensure(&mut held, &["status", "phase"]) = json!("Bound");
        desk.api.update(&VOLUMES, "status", held.clone(), MANAGER)?;
    }
    let mut bound = Value::clone(claim);
    if text(&bound, "/spec/volumeName").is_empty() {
        bound["spec"]["volumeName"] = json!(name(volume));
        *ensure(&mut bound, &["metadata", "annotations", BY_CONTROLLER]) = json!("yes");
    }
    *ensure(&mut bound, &["metadata", "annotations", COMPLETED]) = json!("yes");
    if bound != **claim {
        bound = Value::clone(&*desk.api.update(&CLAIMS, "", bound, MANAGER)?);
    }
    let status = ensure(&mut bound, &["status"]);
    status["phase"] = json!("Bound");
    status["accessModes"] = held["spec"]["accessModes"].clone();
    status["capacity"] = json!({"storage": held["spec"]["capacity"]["storage"]});
    desk.api.update(&CLAIMS, "status", bound, MANAGER)?;
    Ok(())
}

/// Lets a bound volume grow with what its claim requests.
fn grow(claim: &Value, volume: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let wanted = claim.pointer("/spec/resources/requests/storage").cloned().unwrap_or_default();
    let class = desk.api.get(&Key::new(&CLASSES, "", text(claim, "/spec/storageClassName")));
    let may = class.is_some_and(|class| truth(&class, "/allowVolumeExpansion"));
    if !may || storage(claim, "/spec/resources/requests/storage") <= storage(claim, "/status/capacity/storage") {
        return Ok(());
    }
    if annotation(volume, PROVISIONED) != Some(BLOCKS) {
        return Ok(());
    }
    let mut volume = volume.clone();
    volume["spec"]["capacity"]["storage"] = wanted.clone();
    desk.api.update(&VOLUMES, "", volume, "csi-resizer")?;
    let mut claim = claim.clone();
    claim["status"]["capacity"]["storage"] = wanted;
    desk.api.update(&CLAIMS, "status", claim, "csi-resizer")?;
    Ok(())
}

/// A volume's phase, and its end with its claim where its policy says so.
fn look_volume(key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some((before, mut volume)) = super::fetch(desk, key) else { return Ok(()) };
    let claim = volume.pointer("/spec/claimRef").filter(|claim| !claim.is_null()).cloned();
    let known = claim.as_ref().map(|claim| text(claim, "/uid")).unwrap_or_default().to_owned();
    let owner = claim
        .as_ref()
        .and_then(|claim| desk.api.get(&Key::new(&CLAIMS, text(claim, "/namespace"), text(claim, "/name"))));
    let owned = owner.is_some_and(|owner| known.is_empty() || uid(&owner) == known);
    let phase = match (&claim, known.as_str(), owned) {
        (None, ..) | (Some(_), "", _) => "Available",
        (Some(_), _, true) => return Ok(()),
        (Some(_), _, false) => "Released",
    };
    if text(&volume, "/status/phase") != phase {
        *ensure(&mut volume, &["status", "phase"]) = json!(phase);
        volume = Value::clone(&*desk.api.update(&VOLUMES, "status", volume, MANAGER)?);
    }
    let made_here = annotation(&volume, PROVISIONED) == Some(BLOCKS) && !running(desk.api).is_empty();
    if phase != "Released" || text(&volume, "/spec/persistentVolumeReclaimPolicy") != "Delete" || !made_here {
        return Ok(());
    }
    if !is_deleted(&before) {
        desk.api.delete(key, &Deletion::default())?;
    }
    let Some((_, mut volume)) = super::fetch(desk, key) else { return Ok(()) };
    super::object::remove_finalizer(&mut volume, "external-provisioner.volume.kubernetes.io/finalizer");
    desk.api.update(&VOLUMES, "", volume, "csi-provisioner")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::kubelet::Kubelet;
    use crate::controllers::protection::InUse;
    use crate::controllers::scheduler::Scheduler;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    fn begin() -> (Memory, Controllers) {
        let all: Vec<Box<dyn Controller>> = vec![
            Box::new(Binding::default()),
            Box::new(InUse),
            Box::new(Scheduler::default()),
            Box::new(Kubelet::default()),
        ];
        (Memory::default(), Controllers::only(all))
    }

    fn claim(class: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "namespace": "a", "finalizers": ["kubernetes.io/pvc-protection"]},
            "spec": {
                "storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            },
            "status": {"phase": "Pending"},
        })
    }

    #[test]
    fn a_claim_gets_the_smallest_volume_that_suits_it() {
        let (mut api, mut work) = begin();
        for (name, size) in [("large", "5Gi"), ("fitting", "2Gi"), ("small", "1Mi")] {
            api.make(json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
                "spec": {
                    "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": {"storage": size},
                    "persistentVolumeReclaimPolicy": "Retain",
                },
            }));
        }
        let claim = api.make(claim(""));
        settle(&mut api, &mut work);
        let bound = api.now_of(&claim).unwrap();
        assert_eq!((text(&bound, "/spec/volumeName"), text(&bound, "/status/phase")), ("fitting", "Bound"));
        assert_eq!(text(&bound, "/status/capacity/storage"), "2Gi");
        let phases = |api: &Memory| {
            let all = api.all("", "persistentvolumes");
            all.iter().map(|volume| text(volume, "/status/phase").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(phases(&api), ["Bound", "Available", "Available"]);
        api.remove(&claim, None);
        settle(&mut api, &mut work);
        assert_eq!(phases(&api), ["Released", "Available", "Available"]);
    }

    #[test]
    fn block_storage_is_made_for_the_first_user_and_goes_with_its_claim() {
        let (mut api, mut work) = begin();
        api.make(crate::controllers::testing::node("n"));
        api.make(json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "do-block-storage"},
            "provisioner": BLOCKS, "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
        }));
        let claim = api.make(claim("do-block-storage"));
        api.pass(&mut work, 60_000);
        assert_eq!(text(&api.now_of(&claim).unwrap(), "/status/phase"), "Pending");
        let pod = api.make(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
            "spec": {
                "restartPolicy": "Always", "containers": [{"name": "c", "image": "i"}],
                "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
            },
        }));
        api.pass(&mut work, 14_000);
        assert_eq!(text(&api.now_of(&pod).unwrap(), "/spec/nodeName"), "");
        api.pass(&mut work, 1_000);
        assert_eq!(text(&api.now_of(&claim).unwrap(), "/status/phase"), "Bound");
        assert_eq!(text(&api.now_of(&pod).unwrap(), "/status/phase"), "Running");
        api.remove(&claim, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&claim).is_some(), "it is in use");
        api.remove(&pod, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&claim).is_none());
        assert!(api.all("", "persistentvolumes").is_empty());
    }
}
