//! Who owns which field: server-side apply and `managedFields`.
//!
//! A reader follows an apply: `types` says what the parts of an object are, `walk` which fields a configuration
//! has, `merge` puts it into the live object, `compare` tells what that changed, `update` whose fields these were,
//! and `managers` writes it all into `managedFields`, whose sets (`set`) are of paths (`element`).

mod compare;
mod element;
mod last_applied;
mod managers;
mod merge;
pub(crate) mod scale;
mod set;
mod types;
mod update;
mod walk;

use http::StatusCode;
use serde_json::{Map, Value, json};

use self::element::shown_path;
use self::managers::{Managed, Manager, Owned, strip};
use self::set::Set;
use self::types::{Type, completed};
use self::update::{Conflict, Failure, Updater, current_operation};
use self::walk::{listed, validate};
use crate::schema::{Node, Shape};
use crate::status::{Refusal, Subject};

/// How a manager came to own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// By server-side apply.
    Apply,
    /// By anything else.
    Update,
}

/// Who writes, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// `fieldManager`, or the first part of the user agent.
    pub(crate) manager: &'a str,
    /// How.
    pub(crate) operation: Operation,
    /// `status`, `scale`; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// The version that is written: `apps/v1`.
    pub(crate) api_version: &'a str,
    /// The moment, as RFC 3339 in whole seconds.
    pub(crate) now: &'a str,
}

impl Writer<'_> {
    fn manager(&self, operation: Operation) -> Manager {
        Manager::new(self.manager, operation, self.api_version, self.subresource)
    }
}

/// What apply needs to know of the resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Its structure.
    pub(crate) node: &'a Node,
    /// Its kind: `Deployment`.
    pub(crate) kind: &'a str,
    /// Fields that this endpoint does not change (`status` on the object itself), by path without a leading dot.
    pub(crate) reset: &'a [&'a str],
    /// For refusals; `resource` is the plural.
    pub(crate) subject: Subject<'a>,
}

impl<'a> Target<'a> {
    fn of(&self) -> Type<'a> {
        Type::root(self.node)
    }

    fn built_in(&self) -> bool {
        matches!(&self.node.shape, Shape::Object(fields) if !fields.name.is_empty())
    }

    /// An object as its encoder would write it: with what Go's types always have.
    fn complete(&self, object: &Value) -> Value {
        match self.built_in() {
            true => completed(object, self.node),
            false => object.clone(),
        }
    }

    /// The object before there was one.
    fn empty(&self, api_version: &str) -> Value {
        self.complete(&json!({"apiVersion": api_version, "kind": self.kind}))
    }
}

/// What is never anybody's.
const NOBODYS: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
];

/// Merges an applied configuration into what is there (`None`: nothing yet).
///
/// Returns the merged object with its new `managedFields`, not yet defaulted or validated. Fields of others
/// with other values are a conflict (409 with a cause each) unless `force`.
pub(crate) fn apply(
    live: Option<&Value>,
    config: &Value,
    target: Target<'_>,
    writer: Writer<'_>,
    force: bool,
) -> Result<Value, Refusal> {
    check_type(config, target, writer)?;
    if let Some(Value::Array(_)) = config.pointer("/metadata/managedFields") {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let misfits = validate(config, target.of(), false);
    if !misfits.is_empty() {
        let about = object_text(config);
        return Err(failed(format!("failed to create typed patch object ({about}): {}", listed(&misfits))));
    }
    let empty = target.empty(writer.api_version);
    let mut managed = live
        .map_or_else(|| Ok(Managed::default()), Managed::of)
        .map_err(|why| failed(format!("failed to decode managed fields: {why}")))?;
    let mut base = live.map_or_else(|| empty.clone(), |live| target.complete(live));
    strip(&mut base);
    let misfits = validate(&base, target.of(), true);
    if !misfits.is_empty() {
        let about = object_text(&base);
        return Err(failed(format!("failed to create typed live object ({about}): {}", listed(&misfits))));
    }
    if managed.owned.is_empty() {
        let before = Writer { manager: "before-first-apply", operation: Operation::Update, ..writer };
        track(&empty, &base, &mut managed, target, before)
            .map_err(|why| failed(format!("failed to create manager for existing fields: {why}")))?;
    }
    let (mut merged, managed) = match apply_to(&base, config, managed.clone(), target, writer, force) {
        Err(Failure::Conflicts(conflicts)) if writer.manager == last_applied::MANAGER => {
            match last_applied::unexpected(&base, conflicts.clone(), target, writer) {
                Some(left) if left.is_empty() => apply_to(&base, config, managed, target, writer, true),
                Some(left) => Err(Failure::Conflicts(left)),
                None => Err(Failure::Conflicts(conflicts)),
            }
        }
        outcome => outcome,
    }
    .map_err(refusal)?;
    if writer.manager == last_applied::MANAGER {
        last_applied::refresh(&mut merged, config);
    }
    managed.write(&mut merged);
    Ok(merged)
}

/// Notes in `new.metadata.managedFields` who owns what after an update (or a create, without `live`).
///
/// `new` is what the client asked for, decoded and defaulted, before the server sets anything by itself: what it
/// sets afterwards is nobody's. After an apply (`writer.operation`) nothing is left to note. An update that changes
/// nothing keeps what is there.
pub(crate) fn note(live: Option<&Value>, new: &mut Value, target: Target<'_>, writer: Writer<'_>) {
    if writer.operation == Operation::Apply {
        return;
    }
    let mut managed = known(live, new, writer);
    if managed.owned.is_empty() && live.is_some() {
        strip(new);
        return;
    }
    let mut old = live.map_or_else(|| target.empty(writer.api_version), |live| target.complete(live));
    let mut changed = target.complete(new);
    strip(&mut old);
    strip(&mut changed);
    match track(&old, &changed, &mut managed, target, writer) {
        Ok(()) => {
            managed.cap();
            managed.write(new);
        }
        // As upstream, what cannot be compared keeps the owners that it had.
        Err(_) => match live.and_then(|live| live.pointer("/metadata/managedFields")).cloned() {
            Some(entries) => set_entries(new, entries),
            None => strip(new),
        },
    }
}

/// Where nothing but the times of `managedFields` changed: puts the old times back, so that nothing did.
pub(crate) fn keep_times(old: &Value, new: &mut Value) {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
            entry.remove("time");
        }
        object
    };
    if timeless(old) == timeless(new)
        && let Some(entries) = old.pointer("/metadata/managedFields").cloned()
    {
        set_entries(new, entries);
    }
}

/// The entries to go on from: those that the client sent, if it may and they can be read, else those of `live`.
fn known(live: Option<&Value>, new: &Value, writer: Writer<'_>) -> Managed {
    let of_live = || live.and_then(|live| Managed::of(live).ok()).unwrap_or_default();
    if !writer.subresource.is_empty() {
        return of_live();
    }
    let reset = match new.pointer("/metadata/managedFields") {
        Some(Value::Array(entries)) => match entries.as_slice() {
            [] => true,
            [Value::Object(entry)] => entry.values().all(Value::is_null),
            _ => false,
        },
        _ => false,
    };
    if reset {
        return Managed::default();
    }
    Managed::of(new).ok().filter(|managed| !managed.owned.is_empty()).unwrap_or_else(of_live)
}

/// Notes what changed between two objects as the writer's.
fn track(
    old: &Value,
    new: &Value,
    managed: &mut Managed,
    target: Target<'_>,
    writer: Writer<'_>,
) -> Result<(), String> {
    let of = target.of();
    for object in [new, old] {
        let misfits = validate(object, of, true);
        if !misfits.is_empty() {
            return Err(listed(&misfits));
        }
    }
    let ignored = Set::of_fields(target.reset.iter().copied());
    let current = current_operation();
    let updater = Updater { of, ignored: &ignored };
    updater.update(old, new, managed, &current, writer.api_version)?;
    let Some(Owned { set, api_version }) = managed.owned.remove(&current) else { return Ok(()) };
    let set = set.difference(&Set::of_fields(NOBODYS));
    if set.is_empty() {
        return Ok(());
    }
    let manager = writer.manager(Operation::Update);
    let before = managed.owned.get(&manager).map(|owned| owned.set.clone()).unwrap_or_default();
    managed.times.insert(manager.clone(), writer.now.to_owned());
    managed.owned.insert(manager, Owned { set: set.union(&before), api_version });
    Ok(())
}

/// The merged object, without `managedFields`, and who then owns what.
fn apply_to(
    base: &Value,
    config: &Value,
    mut managed: Managed,
    target: Target<'_>,
    writer: Writer<'_>,
    force: bool,
) -> Result<(Value, Managed), Failure> {
    let ignored = Set::of_fields(target.reset.iter().copied());
    let updater = Updater { of: target.of(), ignored: &ignored };
    let manager = writer.manager(Operation::Apply);
    let merged = updater.apply(base, config, &mut managed, &manager, writer.api_version, force)?;
    if let Some(owned) = managed.owned.remove(&manager) {
        let set = owned.set.difference(&Set::of_fields(NOBODYS));
        if !set.is_empty() {
            managed.owned.insert(manager.clone(), Owned { set, ..owned });
        }
    }
    if merged.is_some() {
        managed.times.insert(manager, writer.now.to_owned());
    }
    let mut merged = merged.unwrap_or_else(|| base.clone());
    drop_nulls(&mut merged, target.node);
    Ok((merged, managed))
}

/// Takes away the nulls that are no values: what pruning has emptied.
fn drop_nulls(value: &mut Value, node: &Node) {
    match (value, &node.shape) {
        (Value::Object(object), Shape::Object(fields)) => {
            object.retain(|name, value| match fields.fields.get(name.as_str()) {
                Some(field) if value.is_null() => {
                    field.node.get().nullable || field.go.absent == crate::schema::Absent::Null
                }
                Some(field) => {
                    drop_nulls(value, field.node.get());
                    true
                }
                None => true,
            });
        }
        (Value::Object(object), Shape::Map { values, .. }) => {
            object.values_mut().for_each(|value| drop_nulls(value, values.get()));
        }
        (Value::Array(list), Shape::List { items, .. }) => {
            list.iter_mut().for_each(|item| drop_nulls(item, items.get()));
        }
        _ => {}
    }
}

fn check_type(config: &Value, target: Target<'_>, writer: Writer<'_>) -> Result<(), Refusal> {
    let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("apiVersion") == writer.api_version && text("kind") == target.kind {
        true => Ok(()),
        false => Err(Refusal::bad_request(format!("invalid object type: {}", kind_text(config)))),
    }
}

/// `apps/v1, Kind=Deployment`; `/v1, Kind=ConfigMap` in the core.
fn kind_text(object: &Value) -> String {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let api_version = text("apiVersion");
    let slash = if api_version.contains('/') { "" } else { "/" };
    format!("{slash}{api_version}, Kind={}", text("kind"))
}

/// `kd/name; apps/v1, Kind=Deployment`
fn object_text(object: &Value) -> String {
    let text = |name: &str| object.pointer(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}; {}", text("/metadata/namespace"), text("/metadata/name"), kind_text(object))
}

/// 500, without a reason: an error that upstream's server does not wrap.
fn failed(message: String) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
}

fn refusal(failure: Failure) -> Refusal {
    match failure {
        Failure::Other(why) => failed(why),
        Failure::Conflicts(conflicts) => conflict(&conflicts),
    }
}

/// 409, with a cause for each field.
fn conflict(conflicts: &[Conflict]) -> Refusal {
    let message = match conflicts {
        [one] => {
            format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager.shown(), shown_path(&one.path))
        }
        all => {
            let mut lines = Vec::new();
            let mut manager = None;
            for conflict in all {
                if manager != Some(&conflict.manager) {
                    lines.push(format!("conflicts with {}:", conflict.manager.shown()));
                    manager = Some(&conflict.manager);
                }
                lines.push(format!("- {}", shown_path(&conflict.path)));
            }
            format!("Apply failed with {} conflicts: {}", all.len(), lines.join("\n"))
        }
    };
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|conflict| {
            json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {}", conflict.manager.shown()),
                "field": shown_path(&conflict.path),
            })
        })
        .collect();
    let mut refusal = Refusal::new(StatusCode::CONFLICT, "Conflict", message);
    refusal.details = Some(Map::from_iter([("causes".to_owned(), Value::Array(causes))]));
    refusal
}

fn set_entries(object: &mut Value, entries: Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), entries);
    }
}

#[cfg(test)]
mod tests;
