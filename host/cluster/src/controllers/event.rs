//! Events: what `kubectl describe` tells of an object's life.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::api::{Api, Key, Resource};
use super::object::{name, namespace, rfc3339, text, uid};

const EVENTS: Resource = Resource::of("", "events");

/// Names of events remembered for counting; past this the oldest knowledge is dropped.
const REMEMBERED: usize = 4096;

/// What is said.
pub(super) struct Said<'a> {
    /// `Normal` or `Warning`
    pub(super) kind: &'a str,
    /// Who says it.
    pub(super) component: &'a str,
    /// Why, in one word.
    pub(super) reason: &'a str,
    /// What happened.
    pub(super) message: &'a str,
}

/// Writes events, and counts one that repeats instead of writing it twice.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    written: HashMap<(String, String, String), Key>,
}

impl Recorder {
    /// Writes an event. One that cannot be written is lost, as upstream's are: nothing depends on it.
    pub(super) fn record(&mut self, api: &mut dyn Api, about: &Value, said: &Said<'_>) {
        let now = rfc3339(api.now().unix);
        let same = (uid(about).to_owned(), said.reason.to_owned(), said.message.to_owned());
        if let Some(key) = self.written.get(&same)
            && let Some(event) = api.get(key)
        {
            let mut event = Value::clone(&event);
            event["count"] = json!(event["count"].as_i64().unwrap_or(1) + 1);
            event["lastTimestamp"] = json!(now);
            let _lost = api.update(&EVENTS, "", event, manager(said.component));
            return;
        }
        // Events about what lives in no namespace are kept in `default`.
        let place = match namespace(about) {
            "" => "default",
            place => place,
        };
        let mut involved = json!({
            "kind": text(about, "/kind"), "apiVersion": text(about, "/apiVersion"), "name": name(about), "uid": uid(about),
            "resourceVersion": text(about, "/metadata/resourceVersion"),
        });
        if !namespace(about).is_empty() {
            involved["namespace"] = json!(namespace(about));
        }
        let title = format!("{}.{:016x}", name(about), api.random() | 1 << 60);
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": title, "namespace": place},
            "involvedObject": involved, "reason": said.reason, "message": said.message,
            "source": {"component": said.component}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
            "type": said.kind, "eventTime": null, "reportingComponent": said.component, "reportingInstance": "",
        });
        if let Ok(event) = api.create(&EVENTS, event, manager(said.component)) {
            if self.written.len() >= REMEMBERED {
                self.written.clear();
            }
            self.written.insert(same, Key::to(&EVENTS, &event));
        }
    }
}

/// The program that a component is part of.
fn manager(component: &str) -> &'static str {
    match component {
        "kubelet" => "kubelet",
        "default-scheduler" => "kube-scheduler",
        _ => super::MANAGER,
    }
}
