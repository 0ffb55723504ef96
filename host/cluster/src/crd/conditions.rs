//! The status of definitions: which of their names are theirs, and whether they are served.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The status after the naming and establishing controllers have seen a definition.
///
/// `others` are the other definitions of the cluster; `now` is RFC 3339 in whole seconds.
pub(crate) fn conditions<'a>(crd: &Value, others: impl IntoIterator<Item = &'a Value>, now: &str) -> Value {
    let mut status = crd.get("status").and_then(Value::as_object).cloned().unwrap_or_default();
    let (names, conflict) = names(crd, others);
    status.insert("acceptedNames".to_owned(), names);
    let accepted = match &conflict {
        Some((reason, message)) => condition("NamesAccepted", false, reason, message),
        None => condition("NamesAccepted", true, "NoConflicts", "no conflicts found"),
    };
    let mut status = Value::Object(status);
    set(&mut status, accepted, now);
    let established = find(&status, "Established").cloned();
    let is = established.as_ref().is_some_and(|old| old.get("status").and_then(Value::as_str) == Some("True"));
    let established = match (is, conflict, established) {
        (true, _, Some(old)) => old,
        (_, None, _) => condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted"),
        (_, Some(_), Some(old)) => old,
        (_, Some(_), None) => condition("Established", false, "NotAccepted", "not all names are accepted"),
    };
    set(&mut status, established, now);
    if let Some(approval) = approval_condition(crd) {
        set(&mut status, approval, now);
    }
    status
}

/// Whether a definition is served.
pub(crate) fn is_established(crd: &Value) -> bool {
    is_true(crd, "Established")
}

/// Whether a condition of a definition is `True`.
pub(crate) fn is_true(crd: &Value, kind: &str) -> bool {
    let condition = crd.get("status").and_then(|status| find(status, kind));
    condition.and_then(|condition| condition.get("status")).and_then(Value::as_str) == Some("True")
}

/// How far the deletion of a definition with objects has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It was asked for.
    Pending,
    /// The objects are being deleted.
    InProgress,
    /// No object is left.
    Completed,
}

/// Notes in a status how far the deletion has come.
pub(crate) fn terminating(status: &mut Value, deletion: Deletion, now: &str) {
    let (is, reason, message) = match deletion {
        Deletion::Pending => (
            true,
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        ),
        Deletion::InProgress => (true, "InstanceDeletionInProgress", "CustomResource deletion is in progress"),
        Deletion::Completed => (false, "InstanceDeletionCompleted", "removed all instances"),
    };
    set(status, condition("Terminating", is, reason, message), now);
}

fn condition(kind: &str, is: bool, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": if is { "True" } else { "False" }, "reason": reason, "message": message})
}

fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = status.get("conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

/// Sets a condition; its time changes only with its status.
fn set(status: &mut Value, mut new: Value, now: &str) {
    let kind = new.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let old = find(status, &kind).cloned();
    let same = old.as_ref().filter(|old| old.get("status") == new.get("status"));
    let time = same.and_then(|old| old.get("lastTransitionTime")).cloned().unwrap_or_else(|| now.into());
    let Some(status) = status.as_object_mut() else {
        return;
    };
    if let Some(fields) = new.as_object_mut() {
        fields.insert("lastTransitionTime".to_owned(), time);
    }
    let conditions = status.entry("conditions").or_insert(Value::Null);
    if conditions.is_null() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else {
        return;
    };
    match conditions.iter_mut().find(|old| old.get("type") == new.get("type")) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

type Conflict = Option<(&'static str, String)>;

/// The names that are accepted, and the last conflict.
fn names<'a>(crd: &Value, others: impl IntoIterator<Item = &'a Value>) -> (Value, Conflict) {
    let group = crd.pointer("/spec/group");
    let name = crd.pointer("/metadata/name");
    let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    let accepted = crd.pointer("/status/acceptedNames").cloned().unwrap_or_else(|| json!({}));
    let held = others
        .into_iter()
        .filter(|other| other.pointer("/spec/group") == group && other.pointer("/metadata/name") != name)
        .filter_map(|other| other.pointer("/status/acceptedNames"))
        .chain([&accepted]);
    for names in held {
        let one = |key: &str| names.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
        resources.extend(["plural", "singular"].into_iter().filter_map(one).map(ToOwned::to_owned));
        let short = names.get("shortNames").and_then(Value::as_array).into_iter().flatten();
        resources.extend(short.filter_map(Value::as_str).map(ToOwned::to_owned));
        kinds.extend(["kind", "listKind"].into_iter().filter_map(one).map(ToOwned::to_owned));
    }
    let empty = json!({});
    let requested = crd.pointer("/spec/names").unwrap_or(&empty);
    let mut new = accepted.as_object().cloned().unwrap_or_default();
    let mut conflict: Conflict = None;
    let mut one = |new: &mut Map<String, Value>, key: &str, reason: &'static str, used: &BTreeSet<String>| {
        let wanted = requested.get(key).and_then(Value::as_str).unwrap_or_default();
        let held = accepted.get(key).and_then(Value::as_str).unwrap_or_default();
        if wanted != held && used.contains(wanted) {
            conflict = Some((reason, format!("{wanted:?} is already in use")));
        } else if wanted.is_empty() {
            new.remove(key);
        } else {
            new.insert(key.to_owned(), wanted.into());
        }
    };
    one(&mut new, "plural", "PluralConflict", &resources);
    one(&mut new, "singular", "SingularConflict", &resources);
    let short = |names: &Value| -> Vec<String> {
        let names = names.get("shortNames").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    let (wanted, held) = (short(requested), short(&accepted));
    let mut short_conflict = None;
    if wanted != held {
        let taken = wanted.iter().filter(|name| !held.contains(name) && resources.contains(*name));
        let said: Vec<String> = taken.map(|name| format!("{name:?} is already in use")).collect();
        match said.as_slice() {
            [] if wanted.is_empty() => {
                new.remove("shortNames");
            }
            [] => {
                new.insert("shortNames".to_owned(), wanted.into());
            }
            [one] => short_conflict = Some(one.clone()),
            all => short_conflict = Some(format!("[{}]", all.join(", "))),
        }
    }
    if let Some(said) = short_conflict {
        conflict = Some(("ShortNamesConflict", said));
    }
    let mut one = |new: &mut Map<String, Value>, key: &str, reason: &'static str| {
        let wanted = requested.get(key).and_then(Value::as_str).unwrap_or_default();
        let held = accepted.get(key).and_then(Value::as_str).unwrap_or_default();
        if wanted != held && kinds.contains(wanted) {
            conflict = Some((reason, format!("{wanted:?} is already in use")));
        } else {
            new.insert(key.to_owned(), wanted.into());
        }
    };
    one(&mut new, "kind", "KindConflict");
    one(&mut new, "listKind", "ListKindConflict");
    match requested.get("categories") {
        Some(categories) => new.insert("categories".to_owned(), categories.clone()),
        None => new.remove("categories"),
    };
    for key in ["kind", "plural"] {
        new.entry(key).or_insert_with(|| "".into());
    }
    (Value::Object(new), conflict)
}

/// The annotation by which a definition in a group of the community says where it was approved.
pub(crate) const APPROVED: &str = "api-approved.kubernetes.io";

/// What the annotation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Approval {
    /// Nothing: it is not there.
    Missing,
    /// A URL.
    Approved,
    /// `unapproved…`
    Bypassed,
    /// Something else.
    Invalid,
}

/// Whether a group belongs to the Kubernetes community, where definitions need approval.
pub(crate) fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|tail| group == *tail || group.strip_suffix(tail).is_some_and(|head| head.ends_with('.')))
}

/// What a definition's annotation says, in a word and in a sentence.
pub(crate) fn approval(crd: &Value) -> (Approval, String) {
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    let annotations = crd.pointer("/metadata/annotations").and_then(Value::as_object);
    match annotations.and_then(|annotations| annotations.get(APPROVED)).and_then(Value::as_str) {
        None | Some("") => {
            (Approval::Missing, format!("protected groups must have approval annotation {APPROVED:?}, {see}"))
        }
        Some(text) if text.starts_with("unapproved") => (Approval::Bypassed, format!("not approved: {text:?}")),
        Some(text) => match url::Url::parse(text).is_ok_and(|url| url.has_host()) {
            true => (Approval::Approved, format!("approved in {text}")),
            false => (
                Approval::Invalid,
                format!(
                    "protected groups must have approval annotation {APPROVED:?} with either a URL or a reason starting \
                     with \"unapproved\", {see}"
                ),
            ),
        },
    }
}

fn approval_condition(crd: &Value) -> Option<Value> {
    let group = crd.pointer("/spec/group").and_then(Value::as_str).unwrap_or_default();
    if !is_protected(group) {
        return None;
    }
    let (state, message) = approval(crd);
    let (is, reason) = match state {
        Approval::Missing => (false, "MissingAnnotation"),
        Approval::Approved => (true, "ApprovedAnnotation"),
        Approval::Bypassed => (false, "UnapprovedAnnotation"),
        Approval::Invalid => (false, "InvalidAnnotation"),
    };
    Some(condition("KubernetesAPIApprovalPolicyConformant", is, reason, &message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn crd(plural: &str, kind: &str) -> Value {
        json!({"metadata": {"name": format!("{plural}.example.com")}, "spec": {"group": "example.com", "names": {
            "plural": plural, "singular": "widget", "kind": kind, "listKind": format!("{kind}List"), "shortNames": ["wi"]}},
            "status": {"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": ["v1"]}})
    }

    #[test]
    fn names_are_held_by_the_first() {
        let mut first = crd("widgets", "Widget");
        first["status"] = conditions(&first, [], "t1");
        assert_eq!(
            first["status"],
            json!({"acceptedNames": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wi"]},
                "storedVersions": ["v1"], "conditions": [
                    {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found", "lastTransitionTime": "t1"},
                    {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted", "lastTransitionTime": "t1"}]})
        );
        let again = conditions(&first, [], "t2");
        assert_eq!(again, first["status"]);
        let second = crd("widgetz", "Widget");
        let status = conditions(&second, [&first], "t2");
        assert_eq!(
            status["conditions"],
            json!([
                {"type": "NamesAccepted", "status": "False", "reason": "ListKindConflict", "message": "\"WidgetList\" is already in use", "lastTransitionTime": "t2"},
                {"type": "Established", "status": "False", "reason": "NotAccepted", "message": "not all names are accepted", "lastTransitionTime": "t2"}])
        );
        let mut deleted = first["status"].clone();
        terminating(&mut deleted, Deletion::Pending, "t3");
        assert_eq!(deleted["conditions"][2]["reason"], "InstanceDeletionPending");
    }

    #[test]
    fn groups_of_the_community_need_approval() {
        assert!(is_protected("x.k8s.io") && is_protected("kubernetes.io") && !is_protected("notk8s.io"));
        let mut crd = json!({"spec": {"group": "x.k8s.io"}});
        assert_eq!(approval(&crd).0, Approval::Missing);
        for (text, state) in [
            ("https://x.y/1", Approval::Approved),
            ("unapproved, so far", Approval::Bypassed),
            ("yes", Approval::Invalid),
        ] {
            crd["metadata"] = json!({"annotations": {APPROVED: text}});
            assert_eq!(approval(&crd).0, state);
        }
    }
}
