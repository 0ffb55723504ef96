//! Rules of `kube`: what a plugin may do with objects of a Kubernetes cluster.
//!
//! [`KubeScope`] is what a rule allows, [`decide_kube`] holds a call against the rules, [`roles`] looks into
//! roles that would let their holder out of what the rules say, and [`rbac`] prints what the operator may
//! allow a kubeconfig at most.

mod decide;
mod planned;
pub(super) mod rbac;
mod roles;
mod scope;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::rule::Effect;
use crate::value::Value;

pub(super) use decide::decide_kube;
pub use decide::{KubeFacts, Place, marked_by};
pub use planned::plannable;
pub use roles::Escalation;
pub use scope::KubeScope;

/// Who owns the fields that are applied by a rule that names nobody.
pub const MANAGER: &str = "maps";
/// What the core group is called in rules, where the API has an empty name for it.
const CORE: &str = "core";
/// What stands in rules for the namespace of objects that are in none. No namespace has this name.
const CLUSTER: &str = "/";

/// What a call does with objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads one.
    Get,
    /// Reads all that a selection has.
    List,
    /// Asks what an apply would make; the server keeps nothing.
    DryRun,
    /// Server-side apply.
    Apply,
    /// Makes what is not there.
    Create,
    /// Deletes.
    Delete,
}

impl Verb {
    /// All of them, as rules name them.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("get", Self::Get),
        ("list", Self::List),
        ("dry-run", Self::DryRun),
        ("apply", Self::Apply),
        ("create", Self::Create),
        ("delete", Self::Delete),
    ];

    /// As in plugin.yaml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::DryRun => "dry-run",
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }

    /// Does it change anything? A dry run does not.
    pub fn effect(self) -> Effect {
        match self {
            Self::Get | Self::List | Self::DryRun => Effect::Read,
            Self::Apply | Self::Create | Self::Delete => Effect::Write,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Which of a step's objects a write may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objects {
    /// Those that the step's preview names.
    Planned,
    /// Those that the resource's outputs named before the call, under `objects`.
    Prior,
    /// Those that carry, in the cluster, the marks that the rule names under `marks`.
    Marked,
}

impl Objects {
    /// As rules name them.
    pub const WORDS: [(&'static str, Self); 3] =
        [("planned", Self::Planned), ("prior", Self::Prior), ("marked", Self::Marked)];
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Planned => "planned",
            Self::Prior => "prior",
            Self::Marked => "marked",
        })
    }
}

/// An object by what does not change of it: the version of its kind's group does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// Empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// `Deployment`.
    pub kind: String,
    /// None where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// What a plugin calls an object: `{api_version, kind, namespace, name}`, or the object itself as in a manifest.
    pub fn of(object: &Value) -> Option<Self> {
        let member = |value: &Value, name: &str| {
            let Value::Map(map) = value.peek() else { return None };
            map.get(name).cloned()
        };
        let text = |value: Option<Value>| value?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let metadata = member(object, "metadata");
        let of = |name: &str| match &metadata {
            Some(metadata) => text(member(metadata, name)),
            None => text(member(object, name)),
        };
        let api_version = text(member(object, "apiVersion").or_else(|| member(object, "api_version")))?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Some(Self {
            group: group.to_owned(),
            kind: text(member(object, "kind"))?,
            namespace: of("namespace"),
            name: of("name")?,
        })
    }

    /// Those that are named under `objects` of a resource's outputs.
    pub fn recorded(outputs: &Value) -> BTreeSet<Self> {
        let Value::Map(outputs) = outputs.peek() else { return BTreeSet::new() };
        let Some(Value::List(objects)) = outputs.get("objects").map(Value::peek) else { return BTreeSet::new() };
        objects.iter().filter_map(Self::of).collect()
    }
}

/// The group as rules name it.
fn group_name(group: &str) -> &str {
    if group.is_empty() { CORE } else { group }
}
