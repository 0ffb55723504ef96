//! Backups by a schedule: six fields, of which the first are seconds, in UTC.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{BACKUPS, CLUSTERS, COMPONENT, MANAGER, SCHEDULES, clock};
use crate::controllers::Desk;
use crate::controllers::api::Key;
use crate::controllers::cron_job::Schedule;
use crate::controllers::object::{controlled_by, ensure, label, name, namespace, rfc3339, text, truth, unix};
use crate::status::Refusal;

/// The label with the name of the ScheduledBackup that made a Backup.
pub(super) const PARENT: &str = "cnpg.io/scheduled-backup";
const IMMEDIATE: &str = "cnpg.io/immediateBackup";

/// A schedule with its seconds.
pub(super) struct Seconds {
    seconds: Vec<u8>,
    minutes: Schedule,
}

impl Seconds {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('@') {
            return Some(Self { seconds: vec![0], minutes: Schedule::parse(text)? });
        }
        let (seconds, rest) = text.trim().split_once(char::is_whitespace)?;
        // The seconds are chosen in the same words as minutes.
        let seconds = (0..60).filter(|second| chooses(seconds, *second)).collect::<Vec<u8>>();
        if seconds.is_empty() { None } else { Some(Self { seconds, minutes: Schedule::parse(rest)? }) }
    }

    /// The first moment after `unix`.
    pub(super) fn after(&self, unix: i64) -> Option<i64> {
        let minute = unix.div_euclid(60) * 60;
        let of = |minute: i64| self.seconds.iter().map(move |second| minute + i64::from(*second));
        let this = self.minutes.after(minute - 1).filter(|first| *first == minute);
        let here = this.and_then(|minute| of(minute).find(|moment| *moment > unix));
        here.or_else(|| of(self.minutes.after(minute)?).next())
    }
}

/// Is a second among those that a field chooses?
fn chooses(field: &str, second: u8) -> bool {
    let number = |text: &str| text.parse::<u8>().ok().filter(|number| *number < 60);
    field.split(',').any(|part| {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)),
            None => (part, Some(1)),
        };
        let bounds = match (range, range.split_once('-')) {
            ("*" | "?", _) => Some((0, 59)),
            (_, Some((first, last))) => number(first).zip(number(last)),
            (one, None) => number(one).map(|first| (first, if part.contains('/') { 59 } else { first })),
        };
        bounds.zip(step).is_some_and(|((first, last), step)| {
            (first..=last).contains(&second) && (second - first).is_multiple_of(step)
        })
    })
}

pub(super) fn look(key: &Key, scheduled: &Arc<Value>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if truth(scheduled, "/spec/suspend") {
        return Ok(());
    }
    let Some(schedule) = Seconds::parse(text(scheduled, "/spec/schedule")) else {
        desk.warning(scheduled, COMPONENT, "InvalidSchedule", "Detected an invalid schedule");
        return Ok(());
    };
    let unfinished = |backup: &Arc<Value>| {
        let ours = label(backup, PARENT) == Some(name(scheduled));
        ours && !matches!(text(backup, "/status/phase"), "completed" | "failed")
    };
    if desk.api.list(&BACKUPS, Some(namespace(scheduled))).iter().any(unfinished) {
        // Its end is a change that brings us here again.
        return Ok(());
    }
    let now = clock(desk.api.now());
    let Some(checked) = unix(text(scheduled, "/status/lastCheckTime")) else {
        let at_once = truth(scheduled, "/spec/immediate");
        if at_once {
            desk.normal(scheduled, COMPONENT, "BackupSchedule", "Scheduled immediate backup now");
            make(scheduled, now, true, desk)?;
        }
        return tell(key, at_once.then_some(now), schedule.after(now), desk);
    };
    match schedule.after(checked) {
        Some(due) if due <= now => {
            make(scheduled, now, false, desk)?;
            tell(key, Some(now), schedule.after(now), desk)
        }
        Some(due) => {
            let left = u64::try_from(due - now).unwrap_or_default();
            desk.again_after(left.saturating_mul(1000), key.clone());
            Ok(())
        }
        None => Ok(()),
    }
}

fn tell(key: &Key, last: Option<i64>, next: Option<i64>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some((_, mut scheduled)) = crate::controllers::fetch(desk, key) else { return Ok(()) };
    let now = clock(desk.api.now());
    let status = ensure(&mut scheduled, &["status"]);
    status["lastCheckTime"] = json!(rfc3339(now));
    if let Some(last) = last {
        status["lastScheduleTime"] = json!(rfc3339(last));
    }
    if let Some(next) = next {
        status["nextScheduleTime"] = json!(rfc3339(next));
        desk.again_after(u64::try_from(next - now).unwrap_or_default().saturating_mul(1000), key.clone());
    }
    desk.api.update(&SCHEDULES, "status", scheduled, MANAGER).map(drop)
}

/// Makes the Backup of a moment.
fn make(scheduled: &Value, moment: i64, immediate: bool, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let cluster = text(scheduled, "/spec/cluster/name");
    let title = format!("{}-{}", name(scheduled), super::backup::compact(moment, ""));
    let mut backup = json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Backup",
        "metadata": {
            "name": title, "namespace": namespace(scheduled),
            "labels": {
                "cnpg.io/cluster": cluster, PARENT: name(scheduled),
                IMMEDIATE: if immediate { "true" } else { "false" },
            },
        },
        "spec": {"cluster": {"name": cluster}},
    });
    for field in ["method", "target", "online", "onlineConfiguration", "pluginConfiguration"] {
        if let Some(value) = scheduled.pointer(&format!("/spec/{field}")) {
            backup["spec"][field] = value.clone();
        }
    }
    let owner = match text(scheduled, "/spec/backupOwnerReference") {
        "self" => Some(controlled_by(scheduled)),
        "cluster" => desk.api.get(&Key::new(&CLUSTERS, namespace(scheduled), cluster)).map(|of| controlled_by(&of)),
        _ => None,
    };
    if let Some(owner) = owner {
        backup["metadata"]["ownerReferences"] = json!([owner]);
    }
    let key = Key::new(&BACKUPS, namespace(scheduled), &title);
    if desk.api.get(&key).is_none() {
        desk.api.create(&BACKUPS, backup, MANAGER)?;
    }
    Ok(())
}
