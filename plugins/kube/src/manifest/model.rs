//! What the user sets of a manifest, what the cluster tells, and where a wait goes on.

use maps_sdk::schemars::{Schema, SchemaGenerator};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::read::{self, Fault, Objects};
use crate::id::ObjectId;
use crate::taken::Taken;

/// Objects of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// YAML of any number of documents, an object, or a list of these. In the plan the objects stand by kind and name.
    pub manifest: Manifest,
    /// The namespace of objects that name none and are in one.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Wait until the objects are ready, as their kinds mean it.
    #[serde(default = "yes")]
    pub ready: bool,
    /// What else to wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wait: Vec<Wait>,
    /// How long a create, an update or a delete may take: `90s`, `10m`, `1h`.
    #[serde(default = "ten_minutes")]
    pub timeout: String,
    /// Delete objects that the manifest no longer holds.
    #[serde(default = "yes")]
    pub prune: bool,
    /// Take fields that other field managers own, and objects that other stacks made.
    #[serde(default)]
    pub force: bool,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

fn yes() -> bool {
    true
}

/// A condition to wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// As `kubectl wait --for` has it: `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Running`.
    #[serde(rename = "for")]
    pub condition: String,
    /// An object of the manifest: `Deployment/web`, `Deployment/apps/web` with its namespace.
    pub on: String,
}

/// What the user wrote, by kind and name where it could be read.
#[derive(Clone, Debug)]
pub struct Manifest(State);

#[derive(Clone, Debug)]
enum State {
    /// Read.
    Read(Objects),
    /// Not known yet, or wrong: it goes back as it came.
    Kept(Value, Vec<Fault>),
}

impl Manifest {
    pub(crate) fn new(manifest: Value) -> Self {
        Self(match read::objects(&manifest) {
            Ok(Some(objects)) => State::Read(objects),
            Ok(None) => State::Kept(manifest, Vec::new()),
            Err(faults) => State::Kept(manifest, faults),
        })
    }

    pub(crate) fn of(objects: Objects) -> Self {
        Self(State::Read(objects))
    }

    /// The objects, if they are known.
    pub(crate) fn objects(&self) -> Option<&Objects> {
        match &self.0 {
            State::Read(objects) => Some(objects),
            State::Kept(..) => None,
        }
    }

    pub(crate) fn faults(&self) -> &[Fault] {
        match &self.0 {
            State::Read(_) => &[],
            State::Kept(_, faults) => faults,
        }
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            State::Read(objects) => objects.serialize(serializer),
            State::Kept(manifest, _) => manifest.serialize(serializer),
        }
    }
}

impl JsonSchema for Manifest {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Manifest".into()
    }

    /// Whoever wrote a Secret's values in clear, they are secret from the first check on.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let secret = json!({"type": "object", "properties": {
            "data": {"type": "object", "additionalProperties": {"x-maps-secret": true}},
        }, "additionalProperties": true});
        let by_name = json!({
            "type": "object",
            "properties": {"Secret": {"type": "object", "additionalProperties": secret}},
            "additionalProperties": true,
        });
        Schema::try_from(json!({"anyOf": [{"type": "string"}, {"type": "array"}, by_name]})).unwrap_or_default()
    }
}

/// What the cluster tells.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The objects of the manifest, in the order in which they are applied.
    #[schemars(extend("x-maps-computed" = true))]
    pub objects: Vec<ObjectId>,
    /// What is there of each, in the same order.
    #[schemars(extend("x-maps-computed" = true))]
    pub live: Vec<Live>,
}

/// An object as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// Empty where there is none.
    pub uid: String,
    /// Of the fields that maps owns and their values: what differs from it has been changed by others.
    pub digest: String,
}

/// Where a wait goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How long the operation takes so far.
    pub(crate) taken: Taken,
    /// How many waves are done.
    pub(crate) waves: usize,
    /// How long it had taken when the last object was written, in milliseconds.
    pub(crate) written: u64,
}
