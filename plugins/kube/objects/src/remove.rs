//! Deletions: how an object goes, when that is over, and what holds it back.

use maps_sdk::kube::{Delete, PropagationPolicy};
use maps_sdk::{Class, Problem};
use serde_json::Value;

use crate::cluster::is_unknown_kind;
use crate::id::{ObjectId, text};

/// The deletion of the object that has this uid. What it owns goes before it where that holds something that runs.
pub fn removal(id: &ObjectId, uid: &str) -> Delete {
    let runs = matches!(
        (id.group(), id.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job" | "CronJob")
            | ("", "ReplicationController")
    );
    let propagation = runs.then_some(PropagationPolicy::Foreground);
    let uid = (!uid.is_empty()).then(|| uid.to_owned());
    Delete { object: id.reference(), propagation, uid, resource_version: None }
}

/// Does the refusal mean that there is nothing of ours to delete? Its kind is gone and all objects with it, or another
/// object has the name by now.
pub fn is_over(id: &ObjectId, problem: &Problem) -> bool {
    if problem.class == Class::Conflict {
        maps_sdk::warn!("{} stays: it is no longer the object that was made ({})", id.shown(), problem.message);
        return true;
    }
    is_unknown_kind(problem)
}

/// Is an object being deleted?
pub fn is_going(live: &Value) -> bool {
    text(live, "/metadata/deletionTimestamp").is_some()
}

/// What keeps an object from going: its finalizers, and what a namespace says of its contents.
pub fn holds(live: &Value) -> String {
    let texts = |pointer: &str| -> Vec<String> {
        let items = live.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let told = conditions.filter(|condition| text(condition, "/status") == Some("True"));
    let told = told.filter(|condition| {
        matches!(text(condition, "/type"), Some("NamespaceContentRemaining" | "NamespaceFinalizersRemaining"))
    });
    let mut held: Vec<String> = told.filter_map(|condition| text(condition, "/message").map(str::to_owned)).collect();
    let finalizers = texts("/metadata/finalizers");
    if !finalizers.is_empty() {
        held.push(format!("finalizers {}", finalizers.join(", ")));
    }
    if held.is_empty() { String::new() } else { format!(" ({})", held.join("; ")) }
}
