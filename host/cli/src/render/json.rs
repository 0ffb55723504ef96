//! The same rows as JSON, one event a line.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::rows::{FieldRow, OutputRow, PlanView, StepRow};
use super::text;
use super::value::Shown;

/// One event as its line. What a terminal would act upon is escaped, so that a line is safe to look at.
pub(crate) fn line(event: &impl Serialize) -> String {
    match serde_json::to_string(event) {
        Ok(json) => text::json_line(&json).into_owned(),
        // Only a map with keys that are no strings fails, and no event has one.
        Err(error) => json!({"event": "error", "code": "unserialisable", "message": error.to_string()}).to_string(),
    }
}

/// A plan: one event a step, one an output.
pub(crate) fn plan(view: &PlanView) -> Vec<Json> {
    let mut events = steps(view);
    events.extend(view.outputs.iter().map(output));
    events
}

/// One event a step, those that the tree hides included.
pub(crate) fn steps(view: &PlanView) -> Vec<Json> {
    view.steps.iter().map(step).collect()
}

fn step(row: &StepRow) -> Json {
    json!({
        "event": "step",
        "address": row.address,
        "kind": row.kind,
        "action": row.action,
        "reasons": row.reasons,
        "diff": row.fields.iter().map(field).collect::<Vec<_>>(),
        "depends_on": row.depends_on,
        "offline": row.offline,
        "loses": row.loses,
    })
}

fn field(row: &FieldRow) -> Json {
    json!({
        "path": row.path,
        "old": row.old.as_ref().map(|old| &old.json),
        "new": row.new.as_ref().map(|new| &new.json),
        "replaces": row.replaces,
        "reason": row.reason,
    })
}

fn output(row: &OutputRow) -> Json {
    let json = |shown: &Option<Shown>| shown.as_ref().map(|shown| shown.json.clone());
    json!({"event": "planned-output", "name": row.name, "old": json(&row.old), "new": json(&row.new)})
}
