//! Events, in two forms: of the core, in which they are stored, and of `events.k8s.io`.

use serde_json::{Value, json};

use super::labels::form;
use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Event` of the core, which is lenient to old clients.
pub(crate) static CORE: Event = Event { strict: false };
/// `Event` of `events.k8s.io`.
pub(crate) static EVENTS: Event = Event { strict: true };

/// `Event`
#[derive(Debug)]
pub(crate) struct Event {
    strict: bool,
}

/// Names of fields of `events.k8s.io`, each with the core's.
const NAMES: [(&str, &str); 7] = [
    ("note", "message"),
    ("regarding", "involvedObject"),
    ("deprecatedCount", "count"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedSource", "source"),
    ("reportingController", "reportingComponent"),
];

impl Behaviour for Event {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = self.legacy(object);
        if !self.strict {
            return errors;
        }
        let has = |name: &str| field::has(object, &format!("/{name}"));
        if field::has(object, "/series") {
            errors.extend(series(object));
        }
        if !has("eventTime") {
            errors.push(Invalid::required("eventTime", ""));
        }
        let kind = field::text(object, "/type");
        if !["Normal", "Warning"].contains(&kind) {
            errors.push(Invalid::invalid("type", &json!(""), format!("has invalid value: {kind}")));
        }
        let source =
            ["component", "host"].iter().any(|name| !field::text(object, &format!("/source/{name}")).is_empty());
        let set = [
            ("firstTimestamp", has("firstTimestamp")),
            ("lastTimestamp", has("lastTimestamp")),
            ("count", field::int(object, "/count") != 0),
            ("source", source),
        ];
        for (name, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            errors.push(Invalid::invalid(name, &json!(""), "needs to be unset"));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.legacy(object);
        if !self.strict {
            return errors;
        }
        if !field::same(object.get("series"), old.get("series")) {
            errors.extend(series(object));
        }
        let fixed = [
            ("involvedObject", "involvedObject"),
            ("reason", "reason"),
            ("message", "message"),
            ("source", "source"),
            ("firstTimestamp", "firstTimestamp"),
            ("lastTimestamp", "lastTimestamp"),
            ("count", "count"),
            ("type", "type"),
            ("eventTime", "eventTime"),
            ("action", "action"),
            ("related", "related"),
            ("reportingComponent", "reportingController"),
            ("reportingInstance", "reportingInstance"),
        ];
        for (name, path) in fixed {
            errors.extend(metadata::immutable(object, old, &format!("/{name}"), path));
        }
        errors
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn to_stored(&self, object: &mut Value, _version: &str) {
        if self.strict {
            rename(object, NAMES.map(|(from, to)| (from, to)), "v1");
        }
    }

    fn from_stored(&self, object: &mut Value, _version: &str) {
        if self.strict {
            rename(object, NAMES.map(|(to, from)| (from, to)), "events.k8s.io/v1");
        }
    }
}

fn rename(object: &mut Value, names: [(&str, &str); 7], api_version: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
    fields.insert("apiVersion".to_owned(), json!(api_version));
}

fn series(object: &Value) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if !field::has(object, "/series") {
        return errors;
    }
    if field::int(object, "/series/count") < 2 {
        errors.push(Invalid::invalid("series.count", &json!(""), "should be at least 2"));
    }
    if !field::has(object, "/series/lastObservedTime") {
        errors.push(Invalid::required("series.lastObservedTime", ""));
    }
    errors
}

impl Event {
    /// What is asked of all events.
    fn legacy(&self, object: &Value) -> Vec<Invalid> {
        let text = |pointer: &str| field::text(object, pointer);
        let (namespace, involved) = (text("/metadata/namespace"), text("/involvedObject/namespace"));
        let mut errors = Vec::new();
        let old_style = !field::has(object, "/eventTime");
        let matches = match (old_style, involved) {
            (true, "") => ["", "default"].contains(&namespace),
            (true, involved) => involved == namespace,
            (false, "") => ["default", "kube-system"].contains(&namespace),
            (false, _) => true,
        };
        if !matches {
            let detail = "does not match event.namespace";
            errors.push(Invalid::invalid("involvedObject.namespace", &json!(involved), detail));
        }
        if !old_style {
            let controller = if self.strict { "reportingController" } else { "reportingComponent" };
            let reporter = text("/reportingComponent");
            if reporter.is_empty() {
                errors.push(Invalid::required(controller, ""));
            }
            errors.extend(form(&Path::new(controller), reporter, name::qualified_name));
            for name in ["reportingInstance", "action", "reason"] {
                let value = text(&format!("/{name}"));
                if value.is_empty() {
                    errors.push(Invalid::required(name, ""));
                }
                if value.len() > 128 {
                    errors.push(Invalid::invalid(name, &json!(""), "can have at most 128 characters"));
                }
            }
            if text("/message").len() > 1024 {
                errors.push(Invalid::invalid("message", &json!(""), "can have at most 1024 characters"));
            }
        }
        errors.extend(form(&Path::new("namespace"), namespace, name::subdomain));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_forms() {
        let mut event = json!({"apiVersion": "events.k8s.io/v1", "note": "n", "regarding": {"name": "p"}});
        EVENTS.to_stored(&mut event, "v1");
        assert_eq!(event, json!({"apiVersion": "v1", "message": "n", "involvedObject": {"name": "p"}}));
        EVENTS.from_stored(&mut event, "v1");
        assert_eq!(event, json!({"apiVersion": "events.k8s.io/v1", "note": "n", "regarding": {"name": "p"}}));
    }

    #[test]
    fn namespaces_match() {
        let event = json!({"metadata": {"namespace": "a"}, "involvedObject": {"namespace": "b"}});
        assert_eq!(
            CORE.validate(&event)[0].to_string(),
            "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"
        );
        let event = json!({"metadata": {"namespace": "b"}, "involvedObject": {"namespace": "b"}});
        assert!(CORE.validate(&event).is_empty());
        let said: Vec<String> = EVENTS.validate(&event).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["eventTime: Required value", "type: Invalid value: \"\": has invalid value: "]);
    }
}
