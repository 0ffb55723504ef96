//! The latest warnings of objects, for messages.

use maps_sdk::kube::{Cluster, ListOptions, TypeMeta};
use serde_json::Value;

use crate::id::{ObjectId, text};

/// The longest message of an event that is shown.
const LONGEST: usize = 300;

/// The latest Warning event of each object, none where there is none or it cannot be read: it only adds to a message.
pub fn warnings(cluster: &Cluster, objects: &[(&ObjectId, &str)]) -> Vec<Option<String>> {
    let lists: Vec<ListOptions> = objects
        .iter()
        .map(|(id, uid)| ListOptions {
            kind: TypeMeta::new("v1", "Event"),
            // Events about objects that are in no namespace are in this one.
            namespace: Some(id.namespace.clone().unwrap_or_else(|| "default".to_owned())),
            label_selector: None,
            field_selector: Some(format!("involvedObject.uid={uid},type=Warning")),
        })
        .collect();
    cluster.list_all(&lists).into_iter().map(|events| latest(&events.ok()?)).collect()
}

fn latest(events: &[Value]) -> Option<String> {
    let time = |event: &Value| {
        let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        times.into_iter().find_map(|pointer| text(event, pointer)).unwrap_or_default().to_owned()
    };
    let event = events.iter().max_by_key(|event| time(event))?;
    let parts: Vec<&str> = ["/reason", "/message"].into_iter().filter_map(|pointer| text(event, pointer)).collect();
    let message: String = parts.join(": ").chars().take(LONGEST).collect();
    (!message.is_empty()).then_some(message)
}
