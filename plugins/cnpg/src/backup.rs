//! The kind `cnpg/backup`: one base backup of a database.

use maps_kube_objects::id::{is_label, is_subdomain};
use maps_kube_objects::mark;
use maps_kube_objects::ready::Status;
use maps_kube_objects::taken::duration;
use maps_sdk::{Problem, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::custom::{Custom, Texts, text};
use crate::extension::{self, BackupExtension};
use crate::fields::{Field, Form};

pub use crate::cluster::model::BackupTarget;

/// A base backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// The namespace of the database.
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// The database: `${postgres.name}`.
    #[schemars(extend("x-maps-replace" = true))]
    pub cluster: String,
    /// How it is made.
    #[serde(default)]
    #[schemars(extend("x-maps-replace" = true))]
    pub method: Method,
    /// The plugin of the method `plugin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub plugin: Option<BackupExtension>,
    /// Which instance is backed up, where it is another than the database says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub target: Option<BackupTarget>,
    /// Labels, beside those that others set.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub labels: Texts,
    /// Annotations, beside those that others set.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub annotations: Texts,
    /// Wait until it is made.
    #[serde(default = "crate::cluster::model::yes")]
    pub wait: bool,
    /// How long that may take: `1h`.
    #[serde(default = "an_hour")]
    pub timeout: String,
}

fn an_hour() -> String {
    "1h".to_owned()
}

/// How a backup is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Method {
    /// Into the object store that the database names.
    #[default]
    #[serde(rename = "barmanObjectStore")]
    BarmanObjectStore,
    /// As snapshots of its volumes.
    #[serde(rename = "volumeSnapshot")]
    VolumeSnapshot,
    /// By a plugin of the operator.
    #[serde(rename = "plugin")]
    Plugin,
}

/// What the cluster tells of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same object.
    pub uid: String,
    /// How far it is: `completed`.
    #[schemars(extend("x-maps-computed" = true))]
    pub phase: String,
    /// What Barman calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub backup_id: Option<String>,
}

/// Backups.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backups;

impl Custom for Backups {
    const NAME: &'static str = "cnpg/backup";
    const DESCRIPTION: &'static str = "One base backup of a PostgreSQL database, done when it is made. Deleting it \
                                       leaves what is in the object store. An import takes `namespace/name`.";
    const KIND: &'static str = "Backup";
    const FIELDS: &'static [Field] = &[
        Field::same("name", "metadata.name"),
        Field::same("namespace", "metadata.namespace"),
        Field::same("labels", "metadata.labels"),
        Field::same("annotations", "metadata.annotations"),
        Field::new("cluster", "spec.cluster", Form::Named),
        Field::same("method", "spec.method"),
        Field::new("plugin", "spec.pluginConfiguration", Form::Object(extension::FIELDS)),
        Field::same("target", "spec.target"),
    ];
    const OWN: &'static [&'static str] = &["wait", "timeout"];
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        check_place(report, &inputs.namespace, &inputs.name, &inputs.cluster);
        mark::check(report, &inputs.labels, &inputs.annotations);
        extension::check_backup(inputs.plugin.as_ref(), inputs.method == Method::Plugin, report);
        if duration(&inputs.timeout).is_none() {
            report.invalid("timeout", "bad-duration", "a duration is written like `1h`, `20m` or `90s`");
        }
    }

    fn place(inputs: &Inputs) -> (&str, &str) {
        (&inputs.namespace, &inputs.name)
    }

    fn patience(inputs: &Inputs) -> Option<u64> {
        inputs.wait.then(|| duration(&inputs.timeout)).flatten()
    }

    fn state(_: &Inputs, live: &Value) -> Status {
        let error = match text(live, "/status/error") {
            "" => String::new(),
            error => format!(": {}", error.chars().filter(|c| !c.is_control()).take(500).collect::<String>()),
        };
        match text(live, "/status/phase") {
            "completed" => Status::Ready,
            "" => Status::Silent,
            "failed" => Status::Failed(format!("the backup failed{error}")),
            phase => Status::Waits(format!("the backup is {phase}{error}")),
        }
    }

    fn outputs(_: &Inputs, live: &Value) -> Result<Outputs, Problem> {
        let id = Some(text(live, "/status/backupId")).filter(|id| !id.is_empty());
        let outputs =
            json!({"uid": text(live, "/metadata/uid"), "phase": text(live, "/status/phase"), "backup_id": id});
        serde_json::from_value(outputs).map_err(|error| Problem::internal("bad-outputs", error.to_string()))
    }
}

/// Reports names that Kubernetes would not take.
pub(crate) fn check_place(report: &mut Report, namespace: &str, name: &str, cluster: &str) {
    if !is_subdomain(name) {
        let message = "a name is lower-case letters, digits, dashes and dots, and each part begins and ends with a letter or digit";
        report.invalid("name", "bad-name", message);
    }
    if !is_label(namespace) {
        let message = "a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with none of the dashes";
        report.invalid("namespace", "bad-namespace", message);
    }
    if !is_label(cluster) {
        report.invalid("cluster", "bad-name", "name the database: `${postgres.name}`");
    }
}
