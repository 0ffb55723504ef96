//! How a database begins: empty, out of a backup, or as a copy of another; and the other databases that it begins with.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::named;
use super::model::Inputs;
use crate::extension::Extension;
use crate::store::{self, KeyOf, ObjectStore};
use crate::text::Text;
use crate::time;

/// Where the first data comes from: one of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// A new, empty database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initdb: Option<InitDb>,
    /// A backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// Another database that runs, of the same major version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg_basebackup: Option<BaseBackup>,
}

/// The application's part in a beginning: its database, its role, and the Secret with the role's password.
pub(super) struct Application<'b> {
    pub(super) database: Option<&'b String>,
    pub(super) owner: Option<&'b String>,
    pub(super) secret: Option<&'b String>,
}

impl Bootstrap {
    /// The first beginning that is given, by its input, with the application's part in it.
    fn chosen(&self) -> Option<(&'static str, Application<'_>)> {
        macro_rules! of {
            ($($name:ident),*) => {
                [$(self.$name.as_ref().map(|given| {
                    let (database, owner) = (given.database.as_ref(), given.owner.as_ref());
                    (stringify!($name), Application { database, owner, secret: given.secret.as_ref() })
                })),*]
            };
        }
        of!(initdb, recovery, pg_basebackup).into_iter().flatten().next()
    }

    /// The application's part.
    pub(super) fn application(&self) -> Option<Application<'_>> {
        Some(self.chosen()?.1)
    }

    /// Leaves out what counts later too: the password of the application's role is taken from whatever Secret is named.
    pub(super) fn forget_secrets(&mut self) {
        let Self { initdb, recovery, pg_basebackup } = self;
        initdb.iter_mut().for_each(|given| given.secret = None);
        recovery.iter_mut().for_each(|given| given.secret = None);
        pg_basebackup.iter_mut().for_each(|given| given.secret = None);
    }
}

/// A copy of a database that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseBackup {
    /// One of `external_clusters`, which is connected to.
    pub source: String,
    /// The application's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The application's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A Secret with the owner's `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A new database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitDb {
    /// The application's database; `app` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The application's role, which owns it; `app` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A Secret with the owner's `username` and `password`; without one, the operator makes them up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Its encoding; UTF8 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Its locale, where collation and character class say no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How texts are sorted; C without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale_collate: Option<String>,
    /// What is a letter; C without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale_ctype: Option<String>,
    /// Pages carry checksums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_checksums: Option<bool>,
    /// Megabytes of a segment of the write-ahead log: a power of two up to 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_segment_size: Option<u32>,
    /// Statements for the database `postgres`, once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_init_sql: Vec<String>,
    /// Statements for the application's database, once, as superuser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_init_application_sql: Vec<String>,
    /// Statements for the template of new databases, once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_init_template_sql: Vec<String>,
}

/// A database out of a backup: either `backup` or `source`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// A Backup of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// One of `external_clusters`, whose object store is read, or whose plugin reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How far to go; to the end of the log without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The application's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The application's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A Secret with the owner's `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Where a recovery stops: at one of `time`, `lsn`, `name`, `xid` and `immediate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// At a moment: `2026-11-21T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// At a place of the log: `0/3000028`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
    /// At a restore point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xid: Option<Text>,
    /// As soon as the data is consistent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immediate: Option<bool>,
    /// The timeline: a number, or `latest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Text>,
    /// The base backup to begin with; a target that is no moment and no place needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_id: Option<Text>,
    /// Stop before the target and not after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<bool>,
}

/// Another database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalCluster {
    /// What this database calls it; the folder of its backups too, unless `server_name` says another.
    pub name: String,
    /// Where its backups are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_store: Option<ObjectStore>,
    /// The plugin of the operator that knows its backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Extension>,
    /// How it is connected to, in the words of libpq: `{host: db-rw.shop.svc, user: postgres, dbname: postgres}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connection_parameters: BTreeMap<String, Text>,
    /// Where the password of that connection is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<KeyOf>,
    /// The authority that its servers' certificates are from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_root_cert: Option<KeyOf>,
    /// The certificate that is shown to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_cert: Option<KeyOf>,
    /// The key of that certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_key: Option<KeyOf>,
}

/// Reports what no database can begin with.
pub(super) fn check(inputs: &Inputs, bootstrap: &Bootstrap, report: &mut Report) {
    let Bootstrap { initdb, recovery, pg_basebackup } = bootstrap;
    let given = usize::from(initdb.is_some()) + usize::from(recovery.is_some()) + usize::from(pg_basebackup.is_some());
    let Some((name, Application { database, owner, secret })) = bootstrap.chosen().filter(|_| given == 1) else {
        let (code, message) = match given {
            0 => ("no-bootstrap", "say `initdb`, `recovery` or `pg_basebackup`, or leave it out"),
            _ => ("two-bootstraps", "a database begins in one way: `initdb`, `recovery` or `pg_basebackup`"),
        };
        return report.invalid("bootstrap", code, message);
    };
    let at = format!("bootstrap.{name}");
    both(report, &at, database, owner);
    named(report, &format!("{at}.secret"), secret.map(String::as_str));
    if let Some(initdb) = initdb {
        self::initdb(initdb, report);
    }
    if let Some(recovery) = recovery {
        self::recovery(inputs, recovery, report);
    }
    if let Some(copy) = pg_basebackup
        && let Some(from) = source(inputs, &at, &copy.source, report)
        && from.connection_parameters.is_empty()
    {
        let message = format!("`{}` is copied over a connection: give it `connection_parameters`", copy.source);
        report.across(&[&format!("{at}.source"), "external_clusters"], "no-connection", message);
    }
}

/// The other database of this name.
fn source<'i>(inputs: &'i Inputs, at: &str, name: &str, report: &mut Report) -> Option<&'i ExternalCluster> {
    let found = inputs.external_clusters.iter().find(|cluster| cluster.name == name);
    if found.is_none() {
        let message = format!("`{name}` is none of `external_clusters`");
        report.across(&[&format!("{at}.source"), "external_clusters"], "unknown-source", message);
    }
    found
}

fn initdb(initdb: &InitDb, report: &mut Report) {
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

fn recovery(inputs: &Inputs, recovery: &Recovery, report: &mut Report) {
    const AT: &str = "bootstrap.recovery";
    match (&recovery.backup, &recovery.source) {
        (Some(_), None) => named(report, "bootstrap.recovery.backup", recovery.backup.as_deref()),
        (None, Some(name)) => {
            let from = source(inputs, AT, name, report);
            if from.is_some_and(|from| from.object_store.is_none() && from.plugin.is_none()) {
                let message = format!("`{name}` is read from its backups: give it an `object_store` or a `plugin`");
                report.across(&["bootstrap.recovery.source", "external_clusters"], "no-backups", message);
            }
        }
        (None, None) => {
            report.invalid(AT, "no-source", "recover from a `backup`, or from a `source` of `external_clusters`");
        }
        (Some(_), Some(_)) => {
            report.invalid(AT, "two-sources", "recover either from a `backup` or from a `source`");
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

/// Reports other databases that cannot be reached, or are there twice.
pub(super) fn check_external(inputs: &Inputs, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, cluster) in inputs.external_clusters.iter().enumerate() {
        let at = format!("external_clusters[{index}]");
        if cluster.name.is_empty() {
            report.invalid(format!("{at}.name"), "empty", "another database has a name here");
        } else if !seen.insert(&cluster.name) {
            report.invalid(format!("{at}.name"), "cluster-twice", format!("`{}` stands there twice", cluster.name));
        }
        if let Some(store) = &cluster.object_store {
            store::check(report, &format!("{at}.object_store"), store);
        }
        if let Some(plugin) = &cluster.plugin {
            plugin.check(report, &format!("{at}.plugin"));
        }
        if cluster.object_store.is_none() && cluster.plugin.is_none() && cluster.connection_parameters.is_empty() {
            let message = "another database has an `object_store`, a `plugin` or `connection_parameters`";
            report.invalid(&at, "no-way-there", message);
        }
        let ExternalCluster { password, ssl_root_cert, ssl_cert, ssl_key, .. } = cluster;
        let keys =
            [("password", password), ("ssl_root_cert", ssl_root_cert), ("ssl_cert", ssl_cert), ("ssl_key", ssl_key)];
        for (part, key) in keys {
            if let Some(key) = key {
                store::check_key(report, &format!("{at}.{part}"), key);
            }
        }
    }
    // The same object store under the same server name would mix two histories, which Barman refuses when it is too late.
    let own = inputs.backup.as_ref().map(|backup| {
        let store = &backup.object_store;
        (&store.destination, store.server_name.as_ref().unwrap_or(&inputs.name))
    });
    let source = inputs.bootstrap.as_ref().and_then(|of| of.recovery.as_ref()).and_then(|of| of.source.as_ref());
    let from = inputs.external_clusters.iter().find(|cluster| Some(&cluster.name) == source);
    let read = from.and_then(|cluster| {
        let store = cluster.object_store.as_ref()?;
        Some((&store.destination, store.server_name.as_ref().unwrap_or(&cluster.name)))
    });
    if own.is_some() && own == read {
        let message = "the recovered database would write its log over that of the one that it is recovered from: give it another `server_name`";
        let paths = ["backup.object_store.server_name", "backup.object_store.destination", "external_clusters", "name"];
        report.across(&paths, "same-archive", message);
    }
}
