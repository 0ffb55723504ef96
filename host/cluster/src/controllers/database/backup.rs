//! Backups: base backups in the object store that the Cluster names, and what becomes of old ones.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::instance::Instances;
use super::store::Store;
use super::{BACKUPS, CLUSTERS, COMPONENT, HEALTHY, MANAGER, clock};
use crate::controllers::api::{Deletion, Key};
use crate::controllers::object::{ensure, name, namespace, rfc3339, text, uid};
use crate::controllers::scheduler::put_condition;
use crate::controllers::{Desk, fetch};
use crate::status::Refusal;

/// Virtual milliseconds that a backup takes.
const COPY: u64 = 10_000;
/// Virtual milliseconds until what cannot begin is tried again.
const RETRY: u64 = 30_000;
/// The first segment of the write-ahead log.
const SEGMENT: &str = "000000010000000000000001";
const NO_SECTION: &str = "cannot proceed with the backup as the cluster has no backup section";

/// A moment as Barman names backups: `20261121T120000`.
pub(super) fn compact(moment: i64, between: &str) -> String {
    let at = OffsetDateTime::from_unix_timestamp(moment).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}{month:02}{day:02}{between}{hour:02}{minute:02}{second:02}")
}

/// The moment that a backup's name tells.
fn moment(id: &str) -> Option<i64> {
    let part = |from: usize, to: usize| id.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    crate::controllers::object::unix(&text)
}

pub(super) fn look(
    since: &mut HashMap<String, u64>,
    key: &Key,
    backup: &Arc<Value>,
    desk: &mut Desk<'_>,
) -> Result<(), Refusal> {
    let phase = text(backup, "/status/phase");
    if matches!(phase, "completed" | "failed") {
        return Ok(());
    }
    let title = text(backup, "/spec/cluster/name");
    let Some(cluster) = desk.api.get(&Key::new(&CLUSTERS, &key.namespace, title)) else {
        let message = format!("Unknown cluster {title}, will retry in 30 seconds");
        desk.warning(backup, COMPONENT, "FindingCluster", &message);
        desk.again_after(RETRY, key.clone());
        return put(key, desk, |status| status["phase"] = json!("pending"));
    };
    let method = text(backup, "/spec/method");
    if !matches!(method, "" | "barmanObjectStore") {
        let why = match method {
            "volumeSnapshot" => "Cannot proceed with the backup as the cluster has no VolumeSnapshot CRD installed",
            _ => "the plugin of the backup is not loaded",
        };
        return fail(key, &cluster, why, desk);
    }
    if cluster.pointer("/spec/backup/barmanObjectStore").is_none() {
        return fail(key, &cluster, NO_SECTION, desk);
    }
    let there = Instances::of(&cluster, desk.api);
    let Some(source) = source(backup, &cluster, &there).filter(|_| text(&cluster, "/status/phase") == HEALTHY) else {
        desk.again_after(RETRY, key.clone());
        return put(key, desk, |status| status["phase"] = json!("pending"));
    };
    let now = desk.api.now();
    if phase != "running" {
        since.insert(uid(backup).to_owned(), now.millis);
        desk.again_after(COPY, key.clone());
        desk.normal(backup, COMPONENT, "Starting", &format!("Starting backup for cluster {title}"));
        return put(key, desk, |status| {
            status["phase"] = json!("running");
            status["method"] = json!("barmanObjectStore");
            status["startedAt"] = json!(rfc3339(clock(now)));
            status["instanceID"] = json!({"podName": source});
        });
    }
    let due = *since.entry(uid(backup).to_owned()).or_insert(now.millis) + COPY;
    if now.millis < due {
        desk.again_after(due - now.millis, key.clone());
        return Ok(());
    }
    since.remove(uid(backup));
    let begun = crate::controllers::object::unix(text(backup, "/status/startedAt")).unwrap_or(clock(now));
    match keep(&cluster, begun, clock(now), desk) {
        Ok(id) => complete(key, backup, &cluster, &id, desk),
        Err(why) => fail(key, &cluster, &why, desk),
    }
}

/// The instance that is backed up: a standby, unless there is none or the primary is asked for.
fn source(backup: &Value, cluster: &Value, there: &Instances) -> Option<String> {
    let primary = text(cluster, "/status/currentPrimary");
    let asked = [text(backup, "/spec/target"), text(cluster, "/spec/backup/target")];
    let standbys = asked.iter().find(|asked| !asked.is_empty()).is_none_or(|asked| *asked != "primary");
    let ready = there.ready();
    let standby = ready.iter().find(|title| *title != primary).filter(|_| standbys);
    standby.or_else(|| ready.iter().find(|title| *title == primary)).cloned()
}

fn put(key: &Key, desk: &mut Desk<'_>, change: impl FnOnce(&mut Value)) -> Result<(), Refusal> {
    let Some((before, mut backup)) = fetch(desk, key) else { return Ok(()) };
    change(ensure(&mut backup, &["status"]));
    if backup != *before {
        desk.api.update(&BACKUPS, "status", backup, MANAGER)?;
    }
    Ok(())
}

/// Notes on the Cluster how its last backup went.
fn note(cluster: &Value, state: &str, message: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some((_, mut new)) = fetch(desk, &Key::to(&CLUSTERS, cluster)) else { return Ok(()) };
    let now = desk.timestamp();
    let reason = if state == "True" { "BackupSucceeded" } else { "LastBackupFailed" };
    put_condition(
        &mut new,
        json!({
            "type": "LastBackupSucceeded", "status": state, "reason": reason, "message": message,
            "lastTransitionTime": now,
        }),
    );
    if state == "True" {
        new["status"]["lastSuccessfulBackup"] = json!(now);
        new["status"]["lastSuccessfulBackupByMethod"] = json!({"barmanObjectStore": now});
    } else {
        new["status"]["lastFailedBackup"] = json!(now);
    }
    desk.api.update(&CLUSTERS, "status", new, MANAGER).map(drop)
}

fn fail(key: &Key, cluster: &Value, why: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let now = desk.timestamp();
    if let Some(backup) = desk.api.get(key) {
        desk.warning(&backup, COMPONENT, "Failed", &format!("Backup failed: {why}"));
    }
    note(cluster, "False", why, desk)?;
    put(key, desk, |status| {
        status["phase"] = json!("failed");
        status["error"] = json!(why);
        status["stoppedAt"] = json!(now);
    })
}

fn complete(key: &Key, backup: &Value, cluster: &Value, id: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let now = desk.timestamp();
    let store = cluster.pointer("/spec/backup/barmanObjectStore").cloned().unwrap_or_default();
    let server = Store::server(cluster).to_owned();
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    put(key, desk, |status| {
        status["phase"] = json!("completed");
        status["backupId"] = json!(id);
        status["backupName"] = json!(format!("backup-{digits}"));
        status["stoppedAt"] = json!(now);
        status["serverName"] = json!(server);
        status["beginWal"] = json!(SEGMENT);
        status["endWal"] = json!(SEGMENT);
        status["beginLSN"] = json!("0/1000028");
        status["endLSN"] = json!("0/1000158");
        for field in ["destinationPath", "endpointURL", "endpointCA", "s3Credentials"] {
            if let Some(value) = store.get(field) {
                status[field] = value.clone();
            }
        }
    })?;
    desk.normal(backup, COMPONENT, "Completed", "Backup completed");
    note(cluster, "True", "Backup was successful", desk)?;
    retain(cluster, desk)
}

/// Writes a base backup; answers its name.
fn keep(cluster: &Value, begun: i64, ended: i64, desk: &mut Desk<'_>) -> Result<String, String> {
    let store = Store::of(cluster, desk.api)?;
    let id = compact(begun, "T");
    let suffix = store.suffix("data");
    let info = format!(
        "backup_id={id}\nbackup_name=backup-{}\nbegin_time={}\nend_time={}\nbegin_wal={SEGMENT}\nend_wal={SEGMENT}\n\
         mode=concurrent\nserver_name=cloud\nstatus=DONE\nsystemid=7000000000000000000\ntimeline=1\n",
        compact(begun, ""),
        rfc3339(begun),
        rfc3339(ended)
    );
    let data = format!("the files of {} as they were at {}\n", name(cluster), rfc3339(begun));
    // As Barman does: what names a backup comes when all of it is there.
    store.put(&format!("base/{id}/data.tar{suffix}"), data, desk)?;
    store.put(&format!("base/{id}/backup.info"), info, desk)?;
    Ok(id)
}

/// Archives the log's first segment, so that it is known whether that works.
pub(super) fn archive(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), String> {
    let store = Store::of(cluster, desk.api)?;
    // A log of another history must not be written over.
    if store.has("wals/", desk)? {
        return Err("Expected empty archive".to_owned());
    }
    let suffix = store.suffix("wal");
    let folder = SEGMENT.get(..16).unwrap_or_default();
    store.put(&format!("wals/{folder}/{SEGMENT}{suffix}"), "a segment of the write-ahead log\n".to_owned(), desk)
}

/// Why a database cannot begin with the backup that it is to begin with.
pub(super) fn unrecoverable(cluster: &Value, desk: &Desk<'_>) -> Option<String> {
    let recovery = cluster.pointer("/spec/bootstrap/recovery")?;
    let title = text(recovery, "/backup/name");
    if !title.is_empty() {
        let backup = desk.api.get(&Key::new(&BACKUPS, namespace(cluster), title));
        return match backup.as_deref().map(|backup| text(backup, "/status/phase")) {
            None => Some(format!("Missing backup {title}")),
            Some("completed") => None,
            Some(_) => Some(format!("Backup {title} is not completed")),
        };
    }
    let source = text(recovery, "/source");
    let found = Store::of_another(cluster, source, &*desk.api).and_then(|store| store.folders("base/", desk));
    match found {
        Ok(backups) if backups.is_empty() => Some("no target backup found".to_owned()),
        Ok(_) => None,
        Err(why) => Some(why),
    }
}

/// Takes away base backups that no recovery within the retention needs, and the Backups that tell of them.
fn retain(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some(seconds) = period(text(cluster, "/spec/backup/retentionPolicy")) else { return Ok(()) };
    let Ok(store) = Store::of(cluster, desk.api) else { return Ok(()) };
    let Ok(mut ids) = store.folders("base/", desk) else { return Ok(()) };
    ids.sort();
    let begin = clock(desk.api.now()) - seconds;
    let old: Vec<&String> = ids.iter().filter(|id| moment(id).is_some_and(|moment| moment < begin)).collect();
    // A recovery to the beginning of the window starts with the last backup before it.
    let Some((_, needless)) = old.split_last() else { return Ok(()) };
    let server = Store::server(cluster);
    for id in needless {
        if store.remove(&format!("base/{id}/"), desk).is_err() {
            continue;
        }
        for backup in desk.api.list(&BACKUPS, Some(namespace(cluster))) {
            let of = text(&backup, "/status/backupId") == id.as_str() && text(&backup, "/status/serverName") == server;
            if of && text(&backup, "/spec/cluster/name") == name(cluster) {
                desk.api.delete(&Key::to(&BACKUPS, &backup), &Deletion::default())?;
            }
        }
    }
    Ok(())
}

/// The seconds of `30d`, `4w` or `6m`.
fn period(text: &str) -> Option<i64> {
    let (figure, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "m" => 31,
        _ => return None,
    };
    figure.parse::<i64>().ok()?.checked_mul(days * 86_400)
}
