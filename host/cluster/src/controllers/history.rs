//! ControllerRevisions: what the templates of StatefulSets and DaemonSets were.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Deletion, Key, Resource};
use super::object::{controlled_by, ensure, integer, is_deleted, name, namespace};
use super::{Desk, MANAGER, pods};
use crate::status::Refusal;

/// ControllerRevisions.
pub(super) const REVISIONS: Resource = Resource::of("apps", "controllerrevisions");

/// The revisions of an owner, oldest first. Those that an owner of before left behind are adopted.
fn all(owner: &Value, desk: &mut Desk<'_>) -> Result<Vec<Arc<Value>>, Refusal> {
    let mut all = pods::claim(desk, owner, &REVISIONS)?;
    all.retain(|held| !is_deleted(held));
    all.sort_by_key(|held| integer(held, "/revision"));
    Ok(all)
}

/// The revision of the template that is asked for, made or counted up where needed; `label` names its hash.
pub(super) fn current(owner: &Value, label: &str, desk: &mut Desk<'_>) -> Result<Arc<Value>, Refusal> {
    let mut template = owner.pointer("/spec/template").cloned().unwrap_or_default();
    template["$patch"] = json!("replace");
    let data = json!({"spec": {"template": template}});
    let held = all(owner, desk)?;
    let next = held.last().and_then(|last| integer(last, "/revision")).unwrap_or_default() + 1;
    if let Some(same) = held.iter().find(|held| held.get("data") == Some(&data)) {
        if integer(same, "/revision") == Some(next - 1) {
            return Ok(same.clone());
        }
        let mut newest = Value::clone(same);
        newest["revision"] = json!(next);
        return desk.api.update(&REVISIONS, "", newest, MANAGER);
    }
    let collisions = integer(owner, "/status/collisionCount").unwrap_or_default();
    let hash = pods::hash(&data, collisions);
    let mut labels = owner.pointer("/spec/template/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    labels[label] = json!(hash);
    let revision = json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": next, "data": data,
        "metadata": {
            "name": format!("{}-{hash}", name(owner)), "namespace": namespace(owner), "labels": labels,
            "ownerReferences": [controlled_by(owner)],
        },
    });
    desk.api.create(&REVISIONS, revision, MANAGER)
}

/// A revision by its name, with the template that it holds.
pub(super) fn template(owner: &Value, revision: &str, desk: &Desk<'_>) -> Option<Value> {
    let held = desk.api.get(&Key::new(&REVISIONS, namespace(owner), revision))?;
    let mut template = held.pointer("/data/spec/template").cloned()?;
    if let Some(fields) = template.as_object_mut() {
        fields.remove("$patch");
    }
    Some(template)
}

/// Deletes the oldest revisions beyond `revisionHistoryLimit` that are not in use.
pub(super) fn truncate(owner: &Value, used: &[&str], desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let limit = usize::try_from(integer(owner, "/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or_default();
    let mut spare = all(owner, desk)?;
    spare.retain(|held| !used.contains(&name(held)));
    let surplus = spare.len().saturating_sub(limit);
    for held in spare.iter().take(surplus) {
        desk.api.delete(&Key::to(&REVISIONS, held), &Deletion::default())?;
    }
    Ok(())
}

/// Labels a Pod with the revision that it is of.
pub(super) fn mark(pod: &mut Value, revision: &str) {
    *ensure(pod, &["metadata", "labels", "controller-revision-hash"]) = json!(revision);
}
