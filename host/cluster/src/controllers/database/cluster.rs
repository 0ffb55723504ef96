//! One Cluster: what is done for it next, and what is told of it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::instance::Instances;
use super::{CLUSTERS, COMPONENT, HEALTHY, MANAGER, belongings, instance, secret};
use crate::controllers::api::Key;
use crate::controllers::object::{ensure, is_true, name, set, text};
use crate::controllers::pods::is_ready;
use crate::controllers::scheduler::put_condition;
use crate::controllers::{Desk, fetch};
use crate::status::Refusal;

/// Virtual milliseconds until what is missing is looked for again.
const RETRY: u64 = 10_000;
/// Virtual milliseconds until a log that cannot be archived is tried again.
const ARCHIVE: u64 = 300_000;
/// What runs where the Cluster names no image.
pub(super) const IMAGE: &str = "ghcr.io/cloudnative-pg/postgresql:18.1-system-trixie";

/// What is told of a Cluster.
pub(super) struct Said {
    pub(super) phase: &'static str,
    pub(super) reason: String,
}

impl Said {
    pub(super) fn new(phase: &'static str, reason: impl Into<String>) -> Self {
        Self { phase, reason: reason.into() }
    }
}

/// The image that a Cluster is to run.
pub(super) fn image(cluster: &Value) -> &str {
    match text(cluster, "/spec/imageName") {
        "" => IMAGE,
        stated => stated,
    }
}

pub(super) fn look(
    since: &mut HashMap<String, u64>,
    key: &Key,
    cluster: &Arc<Value>,
    desk: &mut Desk<'_>,
) -> Result<(), Refusal> {
    belongings::put_all(cluster, desk)?;
    let begins = text(cluster, "/status/currentPrimary").is_empty();
    let missing = secret::missing(cluster, desk.api)
        .or_else(|| if begins { super::backup::unrecoverable(cluster, desk) } else { None });
    let said = match &missing {
        None => instance::go_on(since, key, cluster, desk)?,
        Some(why) => {
            if text(cluster, "/status/phaseReason") != *why {
                desk.warning(cluster, COMPONENT, "CannotBegin", why);
            }
            desk.again_after(RETRY, key.clone());
            match begins {
                true => Said::new("Setting up primary", why.clone()),
                // A database that is there goes on with the password that it has.
                false => instance::go_on(since, key, cluster, desk)?,
            }
        }
    };
    tell(key, &said, desk)
}

/// Writes the status.
fn tell(key: &Key, said: &Said, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some((before, mut cluster)) = fetch(desk, key) else { return Ok(()) };
    let there = Instances::of(&cluster, desk.api);
    let (title, now) = (name(&before).to_owned(), desk.timestamp());
    let primary = text(&before, "/status/currentPrimary").to_owned();
    let target = match text(&before, "/status/targetPrimary") {
        "" => format!("{title}-1"),
        known => known.to_owned(),
    };
    let target_ready = there.pod(&target).is_some_and(|pod| is_ready(pod));
    let ready = there.ready();
    let healthy = said.phase == HEALTHY;
    let status = ensure(&mut cluster, &["status"]);
    if text(status, "/targetPrimary").is_empty() {
        status["targetPrimary"] = json!(target);
        status["targetPrimaryTimestamp"] = json!(now);
    }
    if primary != target && target_ready {
        status["currentPrimary"] = json!(target);
        status["currentPrimaryTimestamp"] = json!(now);
    }
    status["phase"] = json!(said.phase);
    set(&mut cluster, &["status", "phaseReason"], (!said.reason.is_empty()).then(|| json!(said.reason)));
    let status = ensure(&mut cluster, &["status"]);
    status["instances"] = json!(there.len());
    status["readyInstances"] = json!(ready.len());
    status["instanceNames"] = json!(there.names());
    status["instancesStatus"] = if ready.is_empty() { json!({}) } else { json!({"healthy": ready}) };
    status["latestGeneratedNode"] = json!(there.latest(status["latestGeneratedNode"].as_u64().unwrap_or_default()));
    status["pvcCount"] = json!(there.claims().len());
    status["healthyPVC"] = json!(there.claims());
    status["writeService"] = json!(format!("{title}-rw"));
    status["readService"] = json!(format!("{title}-r"));
    status["selector"] = json!(format!("cnpg.io/cluster={title},cnpg.io/podRole=instance"));
    status["certificates"] = json!({
        "clientCASecret": format!("{title}-ca"), "serverCASecret": format!("{title}-ca"),
        "serverTLSSecret": format!("{title}-server"), "replicationTLSSecret": format!("{title}-replication"),
        "serverAltDNSNames": secret::hosts(&before),
    });
    let runs = there.image().unwrap_or_else(|| image(&before).to_owned());
    status["image"] = json!(runs);
    let (state, reason, message) = match healthy {
        true => ("True", "ClusterIsReady", "Cluster is Ready"),
        false => ("False", "ClusterIsNotReady", "Cluster Is Not Ready"),
    };
    let told = |kind: &str, state: &str, reason: &str, message: &str| json!({"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": now});
    put_condition(&mut cluster, told("Ready", state, reason, message));
    if healthy && before.pointer("/spec/backup/barmanObjectStore").is_some() && !is_true(&before, "ContinuousArchiving")
    {
        let condition = match super::backup::archive(&before, desk) {
            Ok(()) => {
                let message = "Continuous archiving is working";
                told("ContinuousArchiving", "True", "ContinuousArchivingSuccess", message)
            }
            Err(why) => {
                desk.again_after(ARCHIVE, key.clone());
                told("ContinuousArchiving", "False", "ContinuousArchivingFailing", &why)
            }
        };
        put_condition(&mut cluster, condition);
    }
    if cluster != *before {
        if healthy && text(&before, "/status/phase") != HEALTHY {
            let text = format!("{} instances are ready", ready.len());
            desk.normal(&before, COMPONENT, "ClusterReady", &text);
        }
        desk.api.update(&CLUSTERS, "status", cluster, MANAGER)?;
    }
    Ok(())
}
