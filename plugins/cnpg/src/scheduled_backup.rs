//! The kind `cnpg/scheduled-backup`: base backups of a database, again and again.

use maps_kube_objects::mark;
use maps_kube_objects::ready::Status;
use maps_sdk::{Problem, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::backup::{BackupTarget, Method, check_place};
use crate::custom::{Custom, Texts, text};
use crate::extension::{self, BackupExtension};
use crate::fields::{Field, Form};
use crate::schedule;

/// When a database is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, with which the names of its backups begin.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// The namespace of the database.
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// The database: `${postgres.name}`.
    #[schemars(extend("x-maps-replace" = true))]
    pub cluster: String,
    /// Six fields, of which the first are seconds: `0 0 2 * * *` is two o'clock every day.
    pub schedule: String,
    /// The first backup is made at once.
    #[serde(default)]
    pub immediate: bool,
    /// No backups are made for the time being.
    #[serde(default)]
    pub suspend: bool,
    /// How a backup is made.
    #[serde(default)]
    pub method: Method,
    /// The plugin of the method `plugin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<BackupExtension>,
    /// Which instance is backed up, where it is another than the database says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<BackupTarget>,
    /// With whom the Backup objects go; what is in the object store stays.
    #[serde(default)]
    pub backup_owner_reference: Owner,
    /// Labels, beside those that others set.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub labels: Texts,
    /// Annotations, beside those that others set.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub annotations: Texts,
}

/// With whom the Backup objects go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// They stay.
    #[default]
    None,
    /// With the schedule.
    #[serde(rename = "self")]
    Itself,
    /// With the database.
    Cluster,
}

/// What the cluster tells of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same object.
    pub uid: String,
    /// When the last backup began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub last_schedule: Option<String>,
    /// When the next one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub next_schedule: Option<String>,
}

/// Schedules of backups.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScheduledBackups;

impl Custom for ScheduledBackups {
    const NAME: &'static str = "cnpg/scheduled-backup";
    const DESCRIPTION: &'static str =
        "Base backups of a PostgreSQL database at times of a schedule. An import takes `namespace/name`.";
    const KIND: &'static str = "ScheduledBackup";
    const FIELDS: &'static [Field] = &[
        Field::same("name", "metadata.name"),
        Field::same("namespace", "metadata.namespace"),
        Field::same("labels", "metadata.labels"),
        Field::same("annotations", "metadata.annotations"),
        Field::new("cluster", "spec.cluster", Form::Named),
        Field::same("schedule", "spec.schedule"),
        Field::same("immediate", "spec.immediate"),
        Field::same("suspend", "spec.suspend"),
        Field::same("method", "spec.method"),
        Field::new("plugin", "spec.pluginConfiguration", Form::Object(extension::FIELDS)),
        Field::same("target", "spec.target"),
        Field::same("backup_owner_reference", "spec.backupOwnerReference"),
    ];
    const OWN: &'static [&'static str] = &[];
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        check_place(report, &inputs.namespace, &inputs.name, &inputs.cluster);
        mark::check(report, &inputs.labels, &inputs.annotations);
        extension::check_backup(inputs.plugin.as_ref(), inputs.method == Method::Plugin, report);
        if let Some(fault) = schedule::fault(&inputs.schedule) {
            report.invalid("schedule", "bad-schedule", fault);
        }
    }

    fn place(inputs: &Inputs) -> (&str, &str) {
        (&inputs.namespace, &inputs.name)
    }

    /// It is there as soon as it is applied.
    fn patience(_: &Inputs) -> Option<u64> {
        None
    }

    fn state(_: &Inputs, _: &Value) -> Status {
        Status::Ready
    }

    fn outputs(_: &Inputs, live: &Value) -> Result<Outputs, Problem> {
        let told = |pointer: &str| Some(text(live, pointer)).filter(|text| !text.is_empty());
        let outputs = json!({
            "uid": text(live, "/metadata/uid"), "last_schedule": told("/status/lastScheduleTime"),
            "next_schedule": told("/status/nextScheduleTime"),
        });
        serde_json::from_value(outputs).map_err(|error| Problem::internal("bad-outputs", error.to_string()))
    }
}
