//! What becomes of a bucket's objects with time: as a setting, and as S3's API has it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What becomes of objects with time. Days count from an object's making, or from when another version
/// took its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Tells rules apart.
    pub id: String,
    /// Is it carried out?
    #[serde(default = "on")]
    pub enabled: bool,
    /// What the keys of its objects begin with; all objects if empty.
    #[serde(default)]
    pub prefix: String,
    /// After so many days objects go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_days: Option<u32>,
    /// After so many days old versions go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration_days: Option<u32>,
    /// After so many days uploads in parts go that were never completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_multipart_days: Option<u32>,
    /// Where objects move.
    #[serde(default)]
    pub transitions: Vec<Transition>,
    /// Where old versions move.
    #[serde(default)]
    pub noncurrent_transitions: Vec<Transition>,
}

/// A move to another storage class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// After so many days.
    pub days: u32,
    /// Where to.
    pub storage_class: StorageClass,
}

/// Where S3 keeps objects that are seldom read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StorageClass {
    /// Seldom read.
    StandardIa,
    /// Seldom read, in one zone.
    OnezoneIa,
    /// S3 watches how often they are read.
    IntelligentTiering,
    /// Archived, and read at once.
    GlacierIr,
    /// Archived, and read within hours.
    Glacier,
    /// Archived, and read within half a day.
    DeepArchive,
}

fn on() -> bool {
    true
}

/// A rule of `LifecycleConfiguration`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecycleRule {
    #[serde(rename = "ID", default)]
    id: String,
    status: String,
    filter: Filter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<Days>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_expiration: Option<NoncurrentDays>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_incomplete_multipart_upload: Option<DaysAfterInitiation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitions: Vec<Move>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    noncurrent_version_transitions: Vec<NoncurrentMove>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    #[serde(default)]
    prefix: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Days {
    days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NoncurrentDays {
    noncurrent_days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DaysAfterInitiation {
    days_after_initiation: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Move {
    days: u32,
    storage_class: StorageClass,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NoncurrentMove {
    noncurrent_days: u32,
    storage_class: StorageClass,
}

impl From<&Rule> for LifecycleRule {
    fn from(rule: &Rule) -> Self {
        let days = |transition: &Transition| (transition.days, transition.storage_class);
        let moves = |(days, storage_class)| Move { days, storage_class };
        let noncurrent = |(noncurrent_days, storage_class)| NoncurrentMove { noncurrent_days, storage_class };
        Self {
            id: rule.id.clone(),
            status: if rule.enabled { "Enabled" } else { "Disabled" }.to_owned(),
            filter: Filter { prefix: rule.prefix.clone() },
            expiration: rule.expiration_days.map(|days| Days { days }),
            noncurrent_version_expiration: rule
                .noncurrent_expiration_days
                .map(|noncurrent_days| NoncurrentDays { noncurrent_days }),
            abort_incomplete_multipart_upload: rule
                .abort_multipart_days
                .map(|days_after_initiation| DaysAfterInitiation { days_after_initiation }),
            transitions: rule.transitions.iter().map(days).map(moves).collect(),
            noncurrent_version_transitions: rule.noncurrent_transitions.iter().map(days).map(noncurrent).collect(),
        }
    }
}

impl LifecycleRule {
    fn into_rule(self) -> Rule {
        Rule {
            id: self.id,
            enabled: self.status == "Enabled",
            prefix: self.filter.prefix,
            expiration_days: self.expiration.map(|expiration| expiration.days),
            noncurrent_expiration_days: self.noncurrent_version_expiration.map(|expiration| expiration.noncurrent_days),
            abort_multipart_days: self.abort_incomplete_multipart_upload.map(|abort| abort.days_after_initiation),
            transitions: self
                .transitions
                .into_iter()
                .map(|Move { days, storage_class }| Transition { days, storage_class })
                .collect(),
            noncurrent_transitions: self
                .noncurrent_version_transitions
                .into_iter()
                .map(|NoncurrentMove { noncurrent_days, storage_class }| Transition {
                    days: noncurrent_days,
                    storage_class,
                })
                .collect(),
        }
    }
}

/// A live rule as a setting. One that says more than a setting can is told under a name that none has, so
/// that it is seen as somebody else's.
pub fn rule(live: &Value) -> Rule {
    let mut live = live.clone();
    // Services that tell a rule in its old form have the prefix beside the filter's place.
    let prefix = live.as_object_mut().and_then(|live| live.remove("Prefix"));
    // An element without members is no object.
    if live["Filter"] == "" {
        live["Filter"] = Value::Object(Map::new());
    } else if let (Value::Null, Some(prefix)) = (&live["Filter"], prefix) {
        live["Filter"] = json!({ "Prefix": prefix });
    }
    let read = serde_json::from_value::<LifecycleRule>(live.clone()).ok();
    let whole = read.filter(|read| {
        let again = serde_json::to_value(read).unwrap_or_default();
        plain(&again) == plain(&live)
    });
    whole.map(LifecycleRule::into_rule).unwrap_or_else(|| {
        let id = live["ID"].as_str().unwrap_or_default();
        Rule {
            id: format!("{id} (with what maps cannot say)"),
            enabled: live["Status"] == "Enabled",
            prefix: String::new(),
            expiration_days: None,
            noncurrent_expiration_days: None,
            abort_multipart_days: None,
            transitions: Vec::new(),
            noncurrent_transitions: Vec::new(),
        }
    })
}

/// Without the empty members that a service may leave out or not.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept =
                members.iter().filter(|(_, member)| !matches!(member, Value::Null) && member.as_str() != Some(""));
            kept.map(|(key, member)| (key.clone(), plain(member))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// Puts rules into the order in which they were known: a service may tell them in another.
pub fn order<R>(rules: &mut [R], known: Option<&Vec<R>>, id: fn(&R) -> &str) {
    let known = known.map(Vec::as_slice).unwrap_or_default();
    rules.sort_by_key(|rule| known.iter().position(|known| id(known) == id(rule)).unwrap_or(usize::MAX));
}

/// Rules are told apart by their ids, and their order means nothing.
pub(crate) fn same<R: PartialEq>(one: &[R], other: &[R]) -> bool {
    one.len() == other.len() && one.iter().all(|rule| other.contains(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_rule_for_all_objects_are_one() {
        let expected =
            rule(&json!({"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}));
        assert_eq!((expected.id.as_str(), expected.expiration_days), ("a", Some(3)));
        for filter in [json!({"Filter": ""}), json!({"Prefix": ""}), json!({"Filter": {}})] {
            let mut live = json!({"ID": "a", "Status": "Enabled", "Expiration": {"Days": 3}});
            for (name, value) in filter.as_object().into_iter().flatten() {
                live[name] = value.clone();
            }
            assert_eq!(rule(&live), expected, "{live}");
        }
    }

    #[test]
    fn a_rule_that_says_more_is_told_as_anothers() {
        let more = json!({"ID": "a", "Status": "Enabled", "Filter": {"Tag": {"Key": "k"}}, "Expiration": {"Days": 3}});
        assert!(rule(&more).id.contains("cannot say"));
    }
}
