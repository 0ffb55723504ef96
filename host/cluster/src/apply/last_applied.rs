//! From kubectl's client-side apply to its server-side apply: the annotation in which the former keeps what it
//! applied allows the latter to take those fields over, and stays up to date.

use serde_json::Value;

use super::compare::Comparison;
use super::update::Conflict;
use super::walk::{fields_of, validate};
use super::{Target, Writer};

/// The manager by whose name kubectl applies, and the only one that all this is for.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How many bytes all annotations may have.
const MOST_ANNOTATIONS: usize = 256 * 1024;

/// The conflicts that the annotation does not allow; `None` where there is none, or where it cannot be used.
pub(super) fn unexpected(
    live: &Value,
    conflicts: Vec<Conflict>,
    target: Target<'_>,
    writer: Writer<'_>,
) -> Option<Vec<Conflict>> {
    let text = annotation(live)?;
    let applied: Value = serde_json::from_str(text).ok()?;
    let api_version = applied.get("apiVersion").and_then(Value::as_str);
    if api_version != Some(writer.api_version) || !validate(&applied, target.of(), false).is_empty() {
        return None;
    }
    let comparison = Comparison::of(&applied, live, target.of()).ok()?;
    let allowed = fields_of(&applied, target.of())
        .difference(&comparison.modified)
        .difference(&comparison.added)
        .difference(&comparison.removed);
    Some(conflicts.into_iter().filter(|conflict| !allowed.has(&conflict.path)).collect())
}

/// Writes the configuration into the annotation, where the object has one.
pub(super) fn refresh(object: &mut Value, config: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let text = format!("{config}\n");
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(ANNOTATION.to_owned(), Value::from(text));
        let size: usize = annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
        if size > MOST_ANNOTATIONS {
            annotations.remove(ANNOTATION);
        }
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(ANNOTATION).and_then(Value::as_str).filter(|text| !text.is_empty())
}
