//! What the user sets of a rendering, and what comes of it.

use std::collections::BTreeMap;

use maps_sdk::schemars::{Schema, SchemaGenerator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A chart, and how it is rendered. Names are those of `helm template`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A folder or an archive (`.tgz`) below the stack's folder, a chart's name in `repo`, the URL of an archive, or
    /// `oci://…`.
    pub chart: String,
    /// The URL of a chart repository, below which its `index.yaml` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// A version or a constraint, such as `1.2.3` or `^1.2`: the newest stable one without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The release's name.
    #[serde(default = "release_name")]
    pub name: String,
    /// The release's namespace.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Values, or a list of values and of files below the stack's folder; later ones override earlier ones.
    #[serde(default)]
    pub values: Values,
    /// Values one by one, as `--set` takes them: `image.tag=1.2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The same, always as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_string: Vec<String>,
    /// The same, as JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_json: Vec<String>,
    /// The same, with the content of files: `tls.ca=files/ca.pem`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_file: Vec<String>,
    /// The same, taken as it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_literal: Vec<String>,
    /// Files whose content is given here, by the names that `values` and `set_file` have for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The version of Kubernetes that the chart sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_version: Option<String>,
    /// Further API versions that the chart sees: `monitoring.coreos.com/v1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_versions: Vec<String>,
    /// The files of `crds/` too.
    #[serde(default)]
    pub include_crds: bool,
    /// No tests.
    #[serde(default)]
    pub skip_tests: bool,
    /// No hooks.
    #[serde(default)]
    pub no_hooks: bool,
    /// Only the templates that match one of these patterns: `templates/service.yaml`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show_only: Vec<String>,
    /// Whether the chart sees an upgrade and no installation.
    #[serde(default)]
    pub is_upgrade: bool,
    /// Speak to a registry without TLS.
    #[serde(default)]
    pub plain_http: bool,
    /// Leave the chart's values.schema.json aside.
    #[serde(default)]
    pub skip_schema_validation: bool,
}

fn release_name() -> String {
    "release-name".to_owned()
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// Values as the user wrote them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// One set of them.
    One(Map<String, Value>),
    /// Several, the later ones over the earlier ones.
    Many(Vec<Layer>),
    /// Not known yet.
    Unread(Value),
}

/// One set of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Layer {
    /// A file.
    File(String),
    /// The values themselves.
    Values(Map<String, Value>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl JsonSchema for Values {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let values = json!({"type": "object", "additionalProperties": true});
        let layers = json!({"type": "array", "items": {"anyOf": [{"type": "string"}, values]}});
        Schema::try_from(json!({"anyOf": [values, layers]})).unwrap_or_default()
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// What `helm template` prints.
    #[schemars(extend("x-maps-computed" = true))]
    pub manifests: String,
    /// The notes for the user, as `helm install` prints them.
    #[schemars(extend("x-maps-computed" = true))]
    pub notes: String,
    /// The chart's name.
    #[schemars(extend("x-maps-computed" = true))]
    pub chart_name: String,
    /// The chart's version.
    #[schemars(extend("x-maps-computed" = true))]
    pub chart_version: String,
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
}
