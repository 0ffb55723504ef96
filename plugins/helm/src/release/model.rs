//! What the user sets of a release, what the cluster tells of it, and where an operation goes on.

use std::collections::BTreeMap;

use maps_kube_objects::id::ObjectId;
use maps_kube_objects::taken::Taken;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Values;

/// The versions of a release that are kept, as `helm upgrade` keeps them.
const HISTORY: u64 = 10;
/// What is told under `changed` of the release as a whole: the version that is there is not the recorded one.
pub(crate) const RELEASE: &str = "release";
/// What is told under `changed` of the files that the release was made from.
pub(crate) const FILES: &str = "files";

/// A chart, installed. Names are those of `helm upgrade --install`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A folder or an archive (`.tgz`) below the stack's folder, a chart's name in `repo`, the URL of an archive, or
    /// `oci://…`.
    pub chart: String,
    /// The URL of a chart repository, below which its `index.yaml` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// A version or a constraint, such as `1.2.3` or `^1.2`: without it the newest stable one, when the release is
    /// installed or upgraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The release's name: the chart's own without it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// The release's namespace.
    #[serde(default = "default_namespace")]
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// Make the namespace, if it is not there. It stays when the release goes.
    #[serde(default)]
    pub create_namespace: bool,
    /// Values, or a list of values and of files below the stack's folder; later ones override earlier ones.
    #[serde(default)]
    pub values: Values,
    /// Values by their paths, over `values`: `{"image.tag": "1.2", "replicas": 2}`. A text stays a text.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// The content of files by the values' paths: `{"tls.ca": "files/ca.pem"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_file: BTreeMap<String, String>,
    /// Leave the files of `crds/` out.
    #[serde(default)]
    pub skip_crds: bool,
    /// Run no hooks.
    #[serde(default)]
    pub disable_hooks: bool,
    /// Wait until all objects are ready, as their kinds mean it.
    #[serde(default = "yes")]
    pub wait: bool,
    /// Wait for Jobs too until they are complete.
    #[serde(default)]
    pub wait_for_jobs: bool,
    /// How long an operation may take: `90s`, `10m`, `1h`.
    #[serde(default = "five_minutes")]
    pub timeout: String,
    /// Go back to what was deployed when an upgrade fails, and uninstall when an installation does.
    #[serde(default)]
    pub rollback_on_failure: bool,
    /// The versions of the release that are kept; 0 keeps all.
    #[serde(default = "history")]
    pub history_max: u64,
    /// Take objects over that other releases or people made.
    #[serde(default)]
    pub take_ownership: bool,
    /// Take fields that other field managers own.
    #[serde(default)]
    pub force_conflicts: bool,
    /// Keep the record of the release when it is uninstalled.
    #[serde(default)]
    pub keep_history: bool,
    /// What `helm history` shows of the version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels of the release's record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Leave the chart's values.schema.json aside.
    #[serde(default)]
    pub skip_schema_validation: bool,
    /// Speak to a registry without TLS.
    #[serde(default)]
    pub plain_http: bool,
    /// Told by a refresh, never set: what in the cluster or in the stack's files is no longer as it was installed, field
    /// by field.
    // It is there though it be empty, so that each of its members is a difference by itself.
    #[serde(default)]
    pub changed: BTreeMap<String, String>,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn five_minutes() -> String {
    "5m".to_owned()
}

fn history() -> u64 {
    HISTORY
}

fn yes() -> bool {
    true
}

impl Inputs {
    /// The name that a release has which is given none: its chart's, as far as the reference tells it.
    pub(crate) fn name_of_chart(chart: &str) -> String {
        let path = chart.split(['?', '#', '@']).next().unwrap_or(chart).trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or(path);
        let packed = [".tgz", ".tar.gz"].into_iter().find_map(|end| last.strip_suffix(end));
        let Some(packed) = packed else {
            return last.split(':').next().unwrap_or(last).to_owned();
        };
        // The version begins at the first part that begins with a digit: `cert-manager-v1.19.1`.
        let parts = packed.match_indices('-').map(|(at, _)| at);
        let is_version = |at: &usize| {
            let rest = packed.get(at + 1..).unwrap_or_default();
            let rest = rest.strip_prefix('v').unwrap_or(rest);
            rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('.')
        };
        packed.get(..parts.into_iter().find(is_version).unwrap_or(packed.len())).unwrap_or(packed).to_owned()
    }

    /// What the objects are called together.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// What the cluster tells.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The release's name.
    #[schemars(extend("x-maps-computed" = true))]
    pub name: String,
    /// Its namespace.
    #[schemars(extend("x-maps-computed" = true))]
    pub namespace: String,
    /// Its version, from 1.
    #[schemars(extend("x-maps-computed" = true))]
    pub revision: u64,
    /// `deployed`.
    #[schemars(extend("x-maps-computed" = true))]
    pub status: String,
    /// The chart's name.
    #[schemars(extend("x-maps-computed" = true))]
    pub chart: String,
    /// The chart's version.
    #[schemars(extend("x-maps-computed" = true))]
    pub version: String,
    /// The version of what the chart installs.
    #[schemars(extend("x-maps-computed" = true))]
    pub app_version: String,
    /// Where the archive came from, if from elsewhere than the stack's folder.
    #[schemars(extend("x-maps-computed" = true))]
    pub origin: String,
    /// `sha256:…` of the archive, or of the files of the chart's folder.
    #[schemars(extend("x-maps-computed" = true))]
    pub digest: String,
    /// The archive, where it was fetched, with its digest: what maps.lock pins.
    #[schemars(extend("x-maps-computed" = true, "x-maps-pins" = true))]
    pub pins: BTreeMap<String, String>,
    /// `sha256:…` of all that was read below the stack's folder.
    #[schemars(extend("x-maps-computed" = true))]
    pub sources: String,
    /// The notes for the user, as `helm install` prints them; lines that a chart makes anew each time are left out.
    #[schemars(extend("x-maps-computed" = true))]
    pub notes: String,
    /// The objects of the release, its hooks among them.
    #[schemars(extend("x-maps-computed" = true))]
    pub objects: Vec<ObjectId>,
    /// What is there of each, in the same order; empty for hooks.
    #[schemars(extend("x-maps-computed" = true))]
    pub live: Vec<Live>,
    /// What tells the installed content from any other, whatever version it has.
    #[schemars(extend("x-maps-computed" = true))]
    pub content: String,
}

/// An object as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// Empty where there is none.
    pub uid: String,
    /// Of the fields that the release owns and their values: what differs from it has been changed by others.
    pub digest: String,
}

/// How far an operation on a release is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Nothing is written of it but definitions and the namespace.
    #[default]
    Prepare,
    /// Its record is there.
    Before,
    /// The hooks before are done.
    Apply,
    /// The objects are applied.
    Wait,
    /// The objects are ready.
    After,
    /// The hooks after are done.
    Record,
    /// An installation that failed is taken away.
    Undo,
}

/// How far the hook that is next is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HookState {
    /// Nothing is done for it.
    #[default]
    Next,
    /// The object of an earlier run is on its way out.
    Clearing,
    /// A run that died had begun it: it is applied, perhaps once more, which changes nothing of an object that runs.
    Begun,
    /// It runs.
    Running,
}

/// Where an operation goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How long it takes so far.
    pub(crate) taken: Taken,
    /// The version that it makes; 0 before its record is there.
    pub(crate) revision: u64,
    pub(crate) stage: Stage,
    /// How far the release is taken away, where it is.
    #[serde(default)]
    pub(crate) removal: Stage,
    /// Hooks of the stage that are done.
    pub(crate) hooks: usize,
    pub(crate) hook: HookState,
    /// Waves of objects that are applied or deleted.
    pub(crate) waves: usize,
    /// Why it goes back.
    pub(crate) failure: Option<Failure>,
}

impl Checkpoint {
    /// How far it is, as a record says it.
    pub(crate) fn progress(&self) -> String {
        let stage = match self.stage {
            Stage::After => "after",
            _ => "before",
        };
        format!("{stage}/{}", self.hooks)
    }

    /// Where an operation goes on that died, by what its record says. Its hook may have begun to run.
    pub(crate) fn of_progress(revision: u64, progress: &str) -> Self {
        let mut checkpoint = Self { taken: Taken::begin(), revision, stage: Stage::Before, ..Self::default() };
        if let Some((stage, hooks)) = progress.split_once('/') {
            checkpoint.stage = if stage == "after" { Stage::After } else { Stage::Before };
            checkpoint.hooks = hooks.parse().unwrap_or(0);
            checkpoint.hook = HookState::Begun;
        }
        checkpoint
    }

    /// The next stage, which has its own time.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.begin();
    }

    /// The next stage of taking it away.
    pub(crate) fn remove(&mut self, stage: Stage) {
        self.removal = stage;
        self.begin();
    }

    fn begin(&mut self) {
        (self.hooks, self.hook, self.waves) = (0, HookState::Next, 0);
        self.taken = Taken::begin();
    }
}

/// A problem that is told once what it led to is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Of the problem.
    pub(crate) code: String,
    /// Of the problem.
    pub(crate) message: String,
    /// Is it about the inputs?
    pub(crate) invalid: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_called_after_its_chart() {
        for (chart, name) in [
            ("cert-manager", "cert-manager"),
            ("charts/web/", "web"),
            ("charts/cert-manager-v1.19.1.tgz", "cert-manager"),
            ("https://example.com/a/ingress-nginx-4.13.3.tgz?x=1", "ingress-nginx"),
            ("oci://ghcr.io/stefan/podinfo:6.1.0", "podinfo"),
            ("oci://ghcr.io/stefan/podinfo@sha256:ab", "podinfo"),
            ("plain.tgz", "plain"),
            ("k8s-1-x.tgz", "k8s-1-x"),
        ] {
            assert_eq!(Inputs::name_of_chart(chart), name, "{chart}");
        }
    }
}
