//! Plugins of the operator (CNPG-I), of which Barman Cloud is one.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::Field;
use crate::text::Text;

/// A plugin of the operator, as a database uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Its name: `barman-cloud.cloudnative-pg.io`.
    pub name: String,
    /// It is used; true unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// It stores the write-ahead log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_wal_archiver: Option<bool>,
    /// What it is told: `{barmanObjectName: backups}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Text>,
}

/// A plugin of the operator that makes a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupExtension {
    /// Its name: `barman-cloud.cloudnative-pg.io`.
    pub name: String,
    /// What it is told of this backup.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Text>,
}

/// Their members, as `plugins` has them; `pluginConfiguration` has the first and the last.
pub(crate) const FIELDS: &[Field] = &[
    Field::same("name", "name"),
    Field::same("enabled", "enabled"),
    Field::same("is_wal_archiver", "isWALArchiver"),
    Field::same("parameters", "parameters"),
];

impl Extension {
    /// Does it store the write-ahead log?
    pub(crate) fn archives(&self) -> bool {
        self.is_wal_archiver == Some(true) && self.enabled != Some(false)
    }

    /// Reports one without a name.
    pub(crate) fn check(&self, report: &mut Report, at: &str) {
        check_name(report, at, &self.name);
    }
}

/// Reports plugins that are there twice, or in each other's way.
pub(crate) fn check_all(plugins: &[Extension], has_store: bool, report: &mut Report) {
    let (mut seen, mut archiver) = (BTreeSet::new(), has_store.then_some("backup.object_store"));
    for (index, plugin) in plugins.iter().enumerate() {
        let at = format!("plugins[{index}]");
        plugin.check(report, &at);
        if !seen.insert(&plugin.name) {
            report.invalid(format!("{at}.name"), "plugin-twice", format!("`{}` stands there twice", plugin.name));
        }
        if plugin.archives() {
            if let Some(other) = archiver {
                let message = "the write-ahead log is stored in one way: by `backup.object_store` or by one plugin";
                report.across(&[&format!("{at}.is_wal_archiver"), other], "two-archives", message);
            }
            archiver = Some("plugins");
        }
    }
}

/// Reports a backup whose method and plugin do not fit.
pub(crate) fn check_backup(plugin: Option<&BackupExtension>, by_plugin: bool, report: &mut Report) {
    match plugin {
        Some(plugin) if by_plugin => check_name(report, "plugin", &plugin.name),
        None if by_plugin => report.across(&["plugin", "method"], "no-plugin", "name the plugin that makes the backup"),
        Some(_) => report.across(&["method", "plugin"], "plugin-unused", "a plugin is for the method `plugin`"),
        None => {}
    }
}

fn check_name(report: &mut Report, at: &str, name: &str) {
    if name.is_empty() {
        report.invalid(format!("{at}.name"), "empty", "name the plugin: `barman-cloud.cloudnative-pg.io`");
    }
}
