//! The instances of a Cluster: a volume claim and a Pod each, made, replaced and taken away one after the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::Said;
use super::{COMPONENT, HEALTHY, MANAGER, OF_CLUSTER, ROLE, is_of, owned, pod};
use crate::controllers::Desk;
use crate::controllers::api::{Api, Deletion, Key, Resource};
use crate::controllers::object::{annotation, integer, is_deleted, label, name, namespace, text, uid};
use crate::controllers::pods::{PODS, is_ready};
use crate::controllers::protection::CLAIMS;
use crate::status::Refusal;

const STATUS: &str = "cnpg.io/pvcStatus";
const SERIAL: &str = "cnpg.io/nodeSerial";
const INSTANCE: &str = "cnpg.io/instanceName";
const SETTING_UP: &str = "Setting up primary";

/// Virtual milliseconds that `initdb`, or a standby's first copy, takes.
const COPY: u64 = 10_000;
/// Virtual milliseconds without a primary until a standby takes over.
const FAILOVER: u64 = 10_000;
/// Virtual milliseconds until Pods that are not ready are looked at again.
const RETRY: u64 = 10_000;

struct Instance {
    claim: Arc<Value>,
    wal: Option<Arc<Value>>,
    pod: Option<Arc<Value>>,
}

/// What there is of a Cluster's instances, by their numbers.
pub(super) struct Instances(BTreeMap<u64, Instance>);

impl Instances {
    pub(super) fn of(cluster: &Value, api: &dyn Api) -> Self {
        let ours = |resource: &Resource| {
            let all = api.list(resource, Some(namespace(cluster))).into_iter();
            let is_ours =
                |object: &Arc<Value>| label(object, OF_CLUSTER) == Some(name(cluster)) && is_of(object, cluster);
            all.filter(is_ours).collect::<Vec<_>>()
        };
        let (mut data, mut wal) = (Vec::new(), Vec::new());
        for claim in ours(&CLAIMS) {
            match label(&claim, "cnpg.io/pvcRole") {
                Some("PG_WAL") => wal.push(claim),
                _ => data.push(claim),
            }
        }
        let pods = ours(&PODS);
        let of = |all: &[Arc<Value>], title: &str| all.iter().find(|of| label(of, INSTANCE) == Some(title)).cloned();
        let numbered = data.iter().filter_map(|claim| {
            let serial = annotation(claim, SERIAL)?.parse().ok()?;
            let title = label(claim, INSTANCE)?;
            Some((serial, Instance { claim: Arc::clone(claim), wal: of(&wal, title), pod: of(&pods, title) }))
        });
        Self(numbered.collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.values().map(|instance| name(&instance.claim).to_owned()).collect()
    }

    /// The claims of all of them.
    pub(super) fn claims(&self) -> Vec<String> {
        let claims = self.0.values().flat_map(|instance| [Some(&instance.claim), instance.wal.as_ref()]);
        claims.flatten().map(|claim| name(claim).to_owned()).collect()
    }

    pub(super) fn pod(&self, title: &str) -> Option<&Arc<Value>> {
        self.0.values().filter_map(|instance| instance.pod.as_ref()).find(|pod| name(pod) == title)
    }

    /// The names of those that are ready.
    pub(super) fn ready(&self) -> Vec<String> {
        let pods = self.0.values().filter_map(|instance| instance.pod.as_ref());
        pods.filter(|pod| is_well(pod)).map(|pod| name(pod).to_owned()).collect()
    }

    /// The highest number that was ever given.
    pub(super) fn latest(&self, known: u64) -> u64 {
        self.0.keys().copied().max().unwrap_or_default().max(known)
    }

    /// The image that all of them run; none while they differ.
    pub(super) fn image(&self) -> Option<String> {
        let mut images = self.0.values().filter_map(|instance| instance.pod.as_ref()).map(|pod| pod::image(pod));
        let first = images.next()?;
        images.all(|image| image == first).then(|| first.to_owned())
    }
}

fn is_well(pod: &Value) -> bool {
    is_ready(pod) && !is_deleted(pod)
}

/// One step further, and what is told of that.
pub(super) fn go_on(
    since: &mut HashMap<String, u64>,
    key: &Key,
    cluster: &Arc<Value>,
    desk: &mut Desk<'_>,
) -> Result<Said, Refusal> {
    let there = Instances::of(cluster, desk.api);
    let wanted = u64::try_from(integer(cluster, "/spec/instances").unwrap_or(1)).unwrap_or(1);
    let (title, primary) = (name(cluster), text(cluster, "/status/currentPrimary"));
    let creating = |title: &str| match primary {
        "" => Said::new(SETTING_UP, format!("Creating primary instance {title}")),
        _ => Said::new("Creating a new replica", format!("Creating replica {title}-join")),
    };
    grow(cluster, &there, desk)?;
    mark(&there, primary, desk)?;
    for instance in there.0.values() {
        let own = name(&instance.claim);
        if annotation(&instance.claim, STATUS) != Some("ready") {
            let now = desk.api.now().millis;
            let due = *since.entry(uid(&instance.claim).to_owned()).or_insert(now) + COPY;
            if now < due {
                desk.again_after(due - now, key.clone());
                return Ok(creating(own));
            }
            let mut claim = Value::clone(&instance.claim);
            claim["metadata"]["annotations"][STATUS] = json!("ready");
            desk.api.update(&CLAIMS, "", claim, MANAGER)?;
        }
        if instance.pod.is_none() && !is_deleted(&instance.claim) {
            desk.api.create(&PODS, owned(cluster, pod::pod(cluster, own)), MANAGER)?;
            return Ok(if primary.is_empty() || primary == own { creating(own) } else { waiting() });
        }
    }
    if let Some(said) = fail_over(since, key, cluster, &there, desk)? {
        return Ok(said);
    }
    let pods = || there.0.values().filter_map(|instance| instance.pod.as_ref());
    if let Some(slow) = pods().find(|pod| !is_well(pod)) {
        desk.again_after(RETRY, key.clone());
        return Ok(if primary.is_empty() { creating(name(slow)) } else { waiting() });
    }
    let count = u64::try_from(there.len()).unwrap_or(u64::MAX);
    if count < wanted {
        let serial =
            there.latest(cluster.pointer("/status/latestGeneratedNode").and_then(Value::as_u64).unwrap_or(0)) + 1;
        let own = format!("{title}-{serial}");
        claims(cluster, serial, desk)?;
        let (reason, what) =
            if count == 0 { ("CreatingInstance", "Primary") } else { ("CreatingInstance", "Creating") };
        desk.normal(cluster, COMPONENT, reason, &format!("{what} instance {own}"));
        return Ok(creating(&own));
    }
    if count > wanted {
        let spare = there.0.iter().rev().find(|(_, instance)| name(&instance.claim) != primary);
        if let Some((_, instance)) = spare {
            desk.normal(
                cluster,
                COMPONENT,
                "ScaleDown",
                &format!("Scaling down: removing instance {}", name(&instance.claim)),
            );
            remove(instance, desk)?;
        }
        return Ok(Said::new("Scaling down cluster", format!("{count} instances, {wanted} wanted")));
    }
    if let Some(said) = roll(cluster, &there, primary, desk)? {
        return Ok(said);
    }
    Ok(Said::new(HEALTHY, ""))
}

fn waiting() -> Said {
    Said::new("Waiting for the instances to become active", "Some instances are not yet active. Please wait.")
}

fn delete(resource: &Resource, object: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let options = Deletion { uid: Some(uid(object).to_owned()), ..Deletion::default() };
    if is_deleted(object) { Ok(()) } else { desk.api.delete(&Key::to(resource, object), &options) }
}

/// Takes an instance away with its volumes.
fn remove(instance: &Instance, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for claim in [Some(&instance.claim), instance.wal.as_ref()].into_iter().flatten() {
        delete(&CLAIMS, claim, desk)?;
    }
    instance.pod.as_ref().map_or(Ok(()), |pod| delete(&PODS, pod, desk))
}

/// Makes the claims of an instance.
fn claims(cluster: &Value, serial: u64, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let own = format!("{}-{serial}", name(cluster));
    let parts = [("storage", "PG_DATA", own.clone()), ("walStorage", "PG_WAL", format!("{own}-wal"))];
    for (part, role, title) in parts {
        let Some(storage) = cluster.pointer(&format!("/spec/{part}")) else { continue };
        let mut spec = storage.get("pvcTemplate").cloned().unwrap_or_else(|| json!({}));
        if spec.get("accessModes").is_none() {
            spec["accessModes"] = json!(["ReadWriteOnce"]);
        }
        for (field, place) in [("storageClass", "storageClassName"), ("size", "size")] {
            let Some(value) = storage.get(field) else { continue };
            match field {
                "size" => spec["resources"]["requests"]["storage"] = value.clone(),
                _ => spec[place] = value.clone(),
            }
        }
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": spec,
            "metadata": {
                "name": title, "labels": {"cnpg.io/pvcRole": role, INSTANCE: own},
                "annotations": {SERIAL: serial.to_string(), STATUS: "initializing"},
            },
        });
        if desk.api.get(&Key::new(&CLAIMS, namespace(cluster), &title)).is_none() {
            desk.api.create(&CLAIMS, owned(cluster, claim), MANAGER)?;
        }
    }
    Ok(())
}

/// Asks for larger volumes where the Cluster does.
fn grow(cluster: &Value, there: &Instances, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for instance in there.0.values() {
        for (part, claim) in [("storage", Some(&instance.claim)), ("walStorage", instance.wal.as_ref())] {
            let wanted = cluster.pointer(&format!("/spec/{part}/size"));
            let (Some(claim), Some(wanted)) = (claim, wanted) else { continue };
            if claim.pointer("/spec/resources/requests/storage") == Some(wanted) || is_deleted(claim) {
                continue;
            }
            let mut larger = Value::clone(claim);
            larger["spec"]["resources"]["requests"]["storage"] = wanted.clone();
            if let Err(refusal) = desk.api.update(&CLAIMS, "", larger, MANAGER) {
                desk.warning(cluster, COMPONENT, "ResizeFailed", &refusal.message);
            }
        }
    }
    Ok(())
}

/// Tells by labels who is written to.
fn mark(there: &Instances, primary: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for pod in there.0.values().filter_map(|instance| instance.pod.as_ref()) {
        let role = if name(pod) == primary { "primary" } else { "replica" };
        if primary.is_empty() || label(pod, ROLE) == Some(role) || is_deleted(pod) {
            continue;
        }
        let mut marked = Value::clone(pod);
        marked["metadata"]["labels"][ROLE] = json!(role);
        marked["metadata"]["labels"]["role"] = json!(role);
        desk.api.update(&PODS, "", marked, MANAGER)?;
    }
    Ok(())
}

/// Names another to be the primary; it becomes so when that is told.
fn appoint(cluster: &Value, title: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut new = cluster.clone();
    new["status"]["targetPrimary"] = json!(title);
    new["status"]["targetPrimaryTimestamp"] = json!(desk.timestamp());
    desk.api.update(&super::CLUSTERS, "status", new, MANAGER).map(drop)
}

/// A standby takes over where the primary is away for long.
fn fail_over(
    since: &mut HashMap<String, u64>,
    key: &Key,
    cluster: &Value,
    there: &Instances,
    desk: &mut Desk<'_>,
) -> Result<Option<Said>, Refusal> {
    let primary = text(cluster, "/status/currentPrimary");
    let away = format!("{} without {primary}", uid(cluster));
    if primary.is_empty() || there.pod(primary).is_some_and(|pod| is_well(pod)) {
        since.remove(&away);
        return Ok(None);
    }
    let Some(next) = there.ready().into_iter().next() else { return Ok(None) };
    let now = desk.api.now().millis;
    let due = *since.entry(away.clone()).or_insert(now) + FAILOVER;
    if now < due {
        desk.again_after(due - now, key.clone());
        return Ok(None);
    }
    since.remove(&away);
    let reason = format!("Failing over from {primary} to {next}");
    desk.normal(cluster, COMPONENT, "FailoverTarget", &reason);
    appoint(cluster, &next, desk)?;
    Ok(Some(Said::new("Failing over", reason)))
}

/// Replaces a Pod that is not as it would be made now: standbys first, the primary last.
fn roll(cluster: &Value, there: &Instances, primary: &str, desk: &mut Desk<'_>) -> Result<Option<Said>, Refusal> {
    let old = |pod: &&Arc<Value>| !pod::is_current(cluster, pod);
    let pods: Vec<&Arc<Value>> = there.0.values().rev().filter_map(|instance| instance.pod.as_ref()).collect();
    let standby = pods.iter().copied().filter(old).find(|pod| name(pod) != primary);
    let Some(pod) = standby.or_else(|| pods.iter().copied().find(|pod| name(pod) == primary && old(pod))) else {
        return Ok(None);
    };
    let others = pods.len() > 1;
    if name(pod) == primary && others && text(cluster, "/spec/primaryUpdateStrategy") == "supervised" {
        let reason = "User must issue a supervised switchover";
        return Ok(Some(Said::new("Waiting for user action", reason)));
    }
    let reason = format!("Restarting instance {}, because: {}", name(pod), pod::difference(cluster, pod));
    if name(pod) == primary && others && text(cluster, "/spec/primaryUpdateMethod") == "switchover" {
        let next = pods.iter().rev().find(|pod| name(pod) != primary).map(|pod| name(pod).to_owned());
        if let Some(next) = next {
            appoint(cluster, &next, desk)?;
            return Ok(Some(Said::new("Switchover in progress", format!("Switching over to {next}"))));
        }
    }
    desk.normal(cluster, COMPONENT, "UpgradingInstance", &reason);
    delete(&PODS, pod, desk)?;
    Ok(Some(Said::new("Upgrading cluster", reason)))
}
