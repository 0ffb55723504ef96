//! What CloudNativePG would refuse of a database, told before anything is asked: its own admission rules, by input.

use std::collections::BTreeSet;

use maps_sdk::Report;

use super::model::{
    Affinity, Bootstrap, InitDb, Inputs, Operator, Recovery, Resources, Storage, Target, UpdateStrategy,
};
use super::{image, parameters};
use crate::custom::{check_marks, is_label};
use crate::quantity::{postgres, quantity};
use crate::text::Text;
use crate::{store, time};

/// The longest name: what the operator puts behind it has to fit into a label as well.
const LONGEST_NAME: usize = 50;
/// Roles that the operator uses itself.
const RESERVED_ROLES: [&str; 3] = ["postgres", "streaming_replica", "cnpg_pooler_pgbouncer"];
const HIBERNATION: &str = "cnpg.io/hibernation";

pub(super) fn check(inputs: &Inputs, report: &mut Report) {
    place(inputs, report);
    if inputs.instances == 0 {
        report.invalid("instances", "no-instance", "a database has at least one instance");
    }
    if let Some(fault) = inputs.image.as_deref().and_then(image::fault) {
        report.invalid("image", "bad-image", fault);
    }
    synchronous(inputs, report);
    parameters::check(inputs, report);
    storage(report, "storage", &inputs.storage);
    if let Some(wal) = &inputs.wal_storage {
        storage(report, "wal_storage", wal);
    }
    if let Some(wanted) = &inputs.resources {
        resources(inputs, wanted, report);
    }
    if let Some(affinity) = &inputs.affinity {
        tolerations(affinity, report);
    }
    if let Some(bootstrap) = &inputs.bootstrap {
        self::bootstrap(inputs, bootstrap, report);
    }
    if inputs.superuser.as_ref().is_some_and(|superuser| !superuser.enabled && superuser.secret.is_some()) {
        report.invalid("superuser.secret", "superuser-off", "a Secret is for a superuser that is enabled");
    }
    roles(inputs, report);
    backup(inputs, report);
    let supervised = inputs.primary_update_strategy == Some(UpdateStrategy::Supervised);
    if supervised && inputs.instances == 1 {
        let message = "with one instance nobody could supervise how another takes over: it is `unsupervised`";
        report.across(&["primary_update_strategy", "instances"], "one-instance", message);
    }
    if time::duration(&inputs.timeout).is_none() {
        report.invalid("timeout", "bad-duration", "a duration is written like `20m`, `90s` or `1h30m`");
    }
}

fn place(inputs: &Inputs, report: &mut Report) {
    let name = &inputs.name;
    if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > LONGEST_NAME {
        let message = "a name is up to 50 lower-case letters, digits and dashes; it begins with a letter and ends with none of the dashes";
        report.invalid("name", "bad-name", message);
    }
    if !is_label(&inputs.namespace) {
        let message = "a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with none of the dashes";
        report.invalid("namespace", "bad-namespace", message);
    }
    check_marks(report, &inputs.labels, &inputs.annotations);
    if inputs.annotations.get(HIBERNATION).is_some_and(|value| !matches!(value.as_str(), "on" | "off")) {
        report.invalid(format!("annotations.{HIBERNATION}"), "bad-hibernation", "hibernation is `on` or `off`");
    }
}

fn synchronous(inputs: &Inputs, report: &mut Report) {
    let Some(wanted) = &inputs.synchronous else { return };
    let others = wanted.standby_names_pre.len() + wanted.standby_names_post.len();
    let most = usize::try_from(inputs.instances).unwrap_or(usize::MAX).saturating_add(others);
    if wanted.number == 0 {
        report.invalid(
            "synchronous.number",
            "no-standby",
            "at least one standby is synchronous; leave it out for none",
        );
    } else if usize::try_from(wanted.number).unwrap_or(usize::MAX) >= most {
        let message = format!(
            "{} synchronous standbys need more than {} instances: the primary is none of them",
            wanted.number, inputs.instances
        );
        let paths =
            ["synchronous.number", "instances", "synchronous.standby_names_pre", "synchronous.standby_names_post"];
        report.across(&paths, "too-few-instances", message);
    }
    if wanted.data_durability == Some(super::model::Durability::Preferred) && others > 0 {
        let message = "`preferred` counts the standbys of this database alone, so no others are named";
        report.invalid("synchronous.data_durability", "other-standbys", message);
    }
}

fn storage(report: &mut Report, at: &str, storage: &Storage) {
    if quantity(&storage.size.0).is_none_or(|size| size <= 0) {
        report.invalid(format!("{at}.size"), "bad-size", "a size is written like `100Gi`");
    }
    if storage.class.as_deref() == Some("") {
        report.invalid(
            format!("{at}.class"),
            "empty",
            "name a StorageClass, or leave it out for the cluster's default",
        );
    }
}

fn resources(inputs: &Inputs, wanted: &Resources, report: &mut Report) {
    for (part, all) in [("requests", &wanted.requests), ("limits", &wanted.limits)] {
        for (name, Text(text)) in all {
            if quantity(text).is_none_or(|amount| amount < 0) {
                let message = "a quantity is written like `500m`, `2` or `1Gi`";
                report.invalid(format!("resources.{part}.{name}"), "bad-quantity", message);
            }
        }
    }
    let amount =
        |all: &std::collections::BTreeMap<String, Text>, name: &str| all.get(name).and_then(|of| quantity(&of.0));
    for name in wanted.requests.keys() {
        let (request, limit) = (amount(&wanted.requests, name), amount(&wanted.limits, name));
        if request.zip(limit).is_some_and(|(request, limit)| request > limit) {
            let (here, there) = (format!("resources.requests.{name}"), format!("resources.limits.{name}"));
            report.across(&[&here, &there], "more-than-the-limit", "more is asked for than the limit allows");
        }
    }
    let buffers = inputs.parameters.get("shared_buffers").and_then(|of| postgres(&of.0));
    if amount(&wanted.requests, "memory").zip(buffers).is_some_and(|(memory, buffers)| memory < buffers) {
        let paths = ["resources.requests.memory", "parameters.shared_buffers"];
        report.across(&paths, "less-than-the-buffers", "less memory is asked for than `shared_buffers` takes");
    }
}

fn tolerations(affinity: &Affinity, report: &mut Report) {
    for (index, toleration) in affinity.tolerations.iter().enumerate() {
        let at = |part: &str| format!("affinity.tolerations[{index}].{part}");
        let exists = toleration.operator == Some(Operator::Exists);
        if toleration.key.as_deref().is_none_or(str::is_empty) && !exists {
            report.invalid(
                at("operator"),
                "no-key",
                "without a key the operator is `Exists`, which matches all taints",
            );
        }
        if exists && toleration.value.as_deref().is_some_and(|value| !value.is_empty()) {
            report.invalid(at("value"), "value-unused", "`Exists` looks at no value");
        }
        if toleration.seconds.is_some() && toleration.effect != Some(super::model::Effect::NoExecute) {
            report.invalid(at("seconds"), "seconds-unused", "seconds count for the effect `NoExecute` alone");
        }
    }
}

fn bootstrap(inputs: &Inputs, bootstrap: &Bootstrap, report: &mut Report) {
    match (&bootstrap.initdb, &bootstrap.recovery) {
        (Some(initdb), None) => self::initdb(initdb, report),
        (None, Some(recovery)) => self::recovery(inputs, recovery, report),
        (None, None) => report.invalid("bootstrap", "no-bootstrap", "say `initdb` or `recovery`, or leave it out"),
        (Some(_), Some(_)) => {
            report.invalid(
                "bootstrap",
                "two-bootstraps",
                "a database begins empty or with a backup: `initdb` or `recovery`",
            );
        }
    }
}

fn initdb(initdb: &InitDb, report: &mut Report) {
    both(report, "bootstrap.initdb", initdb.database.as_ref(), initdb.owner.as_ref());
    named(report, "bootstrap.initdb.secret", initdb.secret.as_deref());
    if initdb.wal_segment_size.is_some_and(|size| !size.is_power_of_two() || size > 1024) {
        let message = "a segment is a power of two of megabytes, up to 1024";
        report.invalid("bootstrap.initdb.wal_segment_size", "bad-segment", message);
    }
    if initdb.locale.is_some() && (initdb.locale_collate.is_some() || initdb.locale_ctype.is_some()) {
        let message = "a locale is both collation and character class: give it, or these two";
        report.invalid("bootstrap.initdb.locale", "two-locales", message);
    }
}

/// A database and its owner are named together.
fn both(report: &mut Report, at: &str, database: Option<&String>, owner: Option<&String>) {
    let given = |name: Option<&String>| name.is_some_and(|name| !name.is_empty());
    let (database_at, owner_at) = (format!("{at}.database"), format!("{at}.owner"));
    match (given(database), given(owner)) {
        (true, false) => report.across(&[&owner_at, &database_at], "no-owner", "name the role that owns the database"),
        (false, true) => report.across(&[&database_at, &owner_at], "no-database", "name the database that it owns"),
        _ => {}
    }
}

fn named(report: &mut Report, at: &str, name: Option<&str>) {
    if name == Some("") {
        report.invalid(at, "empty", "name the object, or leave it out");
    }
}

fn recovery(inputs: &Inputs, recovery: &Recovery, report: &mut Report) {
    both(report, "bootstrap.recovery", recovery.database.as_ref(), recovery.owner.as_ref());
    named(report, "bootstrap.recovery.secret", recovery.secret.as_deref());
    match (&recovery.backup, &recovery.source) {
        (Some(_), None) => named(report, "bootstrap.recovery.backup", recovery.backup.as_deref()),
        (None, Some(source)) => {
            if !inputs.external_clusters.iter().any(|cluster| cluster.name == *source) {
                let message = format!("`{source}` is none of `external_clusters`");
                let paths = ["bootstrap.recovery.source", "external_clusters"];
                report.across(&paths, "unknown-source", message);
            }
        }
        (None, None) => {
            report.invalid(
                "bootstrap.recovery",
                "no-source",
                "recover from a `backup`, or from a `source` of `external_clusters`",
            );
        }
        (Some(_), Some(_)) => {
            report.invalid("bootstrap.recovery", "two-sources", "recover either from a `backup` or from a `source`");
        }
    }
    if let Some(target) = &recovery.target {
        self::target(target, report);
    }
}

fn target(target: &Target, report: &mut Report) {
    const AT: &str = "bootstrap.recovery.target";
    let immediate = target.immediate == Some(true);
    let labelled = target.name.is_some() || target.xid.is_some() || immediate;
    let chosen = [target.time.is_some(), target.lsn.is_some(), target.name.is_some(), target.xid.is_some(), immediate];
    if chosen.into_iter().filter(|chosen| *chosen).count() > 1 {
        report.invalid(AT, "two-targets", "a recovery stops at one of `time`, `lsn`, `name`, `xid` and `immediate`");
    }
    if target.time.as_deref().is_some_and(|time| !time::is_moment(time)) {
        report.invalid(format!("{AT}.time"), "bad-time", "a moment is written like `2026-11-21T12:00:00Z`");
    }
    let is_hex = |text: &str| !text.is_empty() && text.len() <= 8 && text.chars().all(|c| c.is_ascii_hexdigit());
    let is_lsn = |lsn: &str| lsn.split_once('/').is_some_and(|(high, low)| is_hex(high) && is_hex(low));
    if target.lsn.as_deref().is_some_and(|lsn| !is_lsn(lsn)) {
        report.invalid(format!("{AT}.lsn"), "bad-lsn", "a place of the log is written like `0/3000028`");
    }
    if labelled && target.backup_id.is_none() {
        let message = "only a moment or a place of the log tells which base backup to begin with: name one";
        report.invalid(format!("{AT}.backup_id"), "no-backup-id", message);
    }
    let timeline = target.timeline.as_ref().map(|timeline| timeline.0.as_str());
    if timeline.is_some_and(|timeline| timeline != "latest" && !timeline.parse::<u32>().is_ok_and(|of| of > 0)) {
        report.invalid(format!("{AT}.timeline"), "bad-timeline", "a timeline is `latest`, or a number from 1 on");
    }
}

fn roles(inputs: &Inputs, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, role) in inputs.managed_roles.iter().enumerate() {
        let at = |part: &str| format!("managed_roles[{index}].{part}");
        if role.name.is_empty() {
            report.invalid(at("name"), "empty", "a role has a name");
        } else if RESERVED_ROLES.contains(&role.name.as_str()) {
            report.invalid(at("name"), "reserved-role", "the operator uses this role itself");
        } else if !seen.insert(&role.name) {
            report.invalid(at("name"), "role-twice", format!("`{}` stands there twice", role.name));
        }
        if role.connection_limit.is_some_and(|limit| limit < -1) {
            report.invalid(at("connection_limit"), "bad-number", "a limit is a number from 0 on, or -1 for none");
        }
        named(report, &at("secret"), role.secret.as_deref());
    }
}

fn backup(inputs: &Inputs, report: &mut Report) {
    if let Some(backup) = &inputs.backup {
        store::check(report, "backup.object_store", &backup.object_store);
        let is_period = |text: &str| {
            text.strip_suffix(['d', 'w', 'm']).is_some_and(|figure| {
                !figure.starts_with('0') && !figure.is_empty() && figure.chars().all(|c| c.is_ascii_digit())
            })
        };
        if backup.retention.as_deref().is_some_and(|retention| !is_period(retention)) {
            report.invalid("backup.retention", "bad-retention", "a retention is written like `30d`, `4w` or `6m`");
        }
    }
    let mut seen = BTreeSet::new();
    for (index, cluster) in inputs.external_clusters.iter().enumerate() {
        let at = format!("external_clusters[{index}]");
        if cluster.name.is_empty() {
            report.invalid(format!("{at}.name"), "empty", "another database has a name here");
        } else if !seen.insert(&cluster.name) {
            report.invalid(format!("{at}.name"), "cluster-twice", format!("`{}` stands there twice", cluster.name));
        }
        store::check(report, &format!("{at}.object_store"), &cluster.object_store);
    }
    for (index, query) in inputs.monitoring.iter().flat_map(|of| &of.custom_queries).enumerate() {
        store::check_key(report, &format!("monitoring.custom_queries[{index}]"), query);
    }
    // The same object store under the same server name would mix two histories, which Barman refuses when it is too late.
    let own = inputs.backup.as_ref().map(|backup| {
        let store = &backup.object_store;
        (&store.destination, store.server_name.as_ref().unwrap_or(&inputs.name))
    });
    let source = inputs.bootstrap.as_ref().and_then(|of| of.recovery.as_ref()).and_then(|of| of.source.as_ref());
    let from = inputs.external_clusters.iter().position(|cluster| Some(&cluster.name) == source);
    let read = from.and_then(|index| inputs.external_clusters.get(index)).map(|cluster| {
        (&cluster.object_store.destination, cluster.object_store.server_name.as_ref().unwrap_or(&cluster.name))
    });
    if own.is_some() && own == read {
        let message = "the recovered database would write its log over that of the one that it is recovered from: give it another `server_name`";
        let paths = ["backup.object_store.server_name", "backup.object_store.destination", "external_clusters", "name"];
        report.across(&paths, "same-archive", message);
    }
}
