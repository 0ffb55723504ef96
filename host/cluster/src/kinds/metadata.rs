//! The rules of `metadata`, the same for all kinds.

use serde_json::{Value, json};

use super::field::{self, list, text};
use super::labels::{annotations, form, labels};
use super::name;
use crate::invalid::{Invalid, Why, shown};
use crate::object::at;
use crate::path::Path;

/// What is wrong with the metadata of a new object. `named` is the kind's rule for names.
pub(crate) fn validate(object: &Value, namespaced: bool, named: &dyn Fn(&str) -> Vec<String>) -> Vec<Invalid> {
    let mut errors = common(object, namespaced, named);
    errors.extend(plain_finalizers(object));
    errors
}

fn common(object: &Value, namespaced: bool, named: &dyn Fn(&str) -> Vec<String>) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let prefix = text(object, "/metadata/generateName");
    if !prefix.is_empty() {
        let said = named(&name::masked(prefix));
        errors.extend(said.into_iter().map(|said| Invalid::invalid("metadata.generateName", &json!(prefix), said)));
    }
    match text(object, "/metadata/name") {
        "" => errors.push(Invalid::required("metadata.name", "name or generateName is required")),
        name => {
            errors.extend(named(name).into_iter().map(|said| Invalid::invalid("metadata.name", &json!(name), said)));
        }
    }
    let namespace = text(object, "/metadata/namespace");
    match (namespaced, namespace) {
        (true, "") => errors.push(Invalid::required("metadata.namespace", "")),
        (true, namespace) => {
            let said = name::label(namespace).into_iter();
            errors.extend(said.map(|said| Invalid::invalid("metadata.namespace", &json!(namespace), said)));
        }
        (false, "") => {}
        (false, _) => errors.push(Invalid::forbidden("metadata.namespace", "not allowed on this type")),
    }
    let generation = field::int(object, "/metadata/generation");
    if generation < 0 {
        let detail = "must be greater than or equal to 0";
        errors.push(Invalid::invalid("metadata.generation", &json!(generation), detail));
    }
    errors.extend(free_parts(object));
    errors
}

/// A finalizer without a path has to be one of the server's own, in the groups whose metadata is checked as the core's.
/// Custom resources only warn of it.
fn plain_finalizers(object: &Value) -> Vec<Invalid> {
    const CHECKED: [&str; 15] = [
        "",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    ];
    let version = text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if version.is_empty() || !CHECKED.contains(&group) {
        return Vec::new();
    }
    let plain = |name: &&str| !name.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(name);
    let say = |(index, name): (usize, &str)| {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        Invalid::invalid(Path::new("metadata.finalizers").index(index), &json!(name), detail)
    };
    let finalizers = field::texts(object, "/metadata/finalizers");
    finalizers.into_iter().enumerate().filter(|(_, name)| plain(name)).map(say).collect()
}

/// What a client is warned of where it gives a custom resource finalizers that it had not.
pub(crate) fn finalizer_warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let had = old.map(|old| field::texts(old, "/metadata/finalizers")).unwrap_or_default();
    let mut new = field::texts(object, "/metadata/finalizers");
    new.retain(|name| !had.contains(name));
    new.sort_unstable();
    new.dedup();
    let mut warnings = Vec::new();
    for finalizer in new {
        warnings.extend(name::qualified_name(finalizer).iter().map(|said| format!("{finalizer:?}: {said}")));
        if !finalizer.contains('/') && !["orphan", "foregroundDeletion"].contains(&finalizer) {
            warnings.push(format!(
                "{finalizer:?}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental \
                 conflicts with other finalizer writers"
            ));
        }
    }
    warnings.iter().map(|said| format!("metadata.finalizers: {said}")).collect()
}

/// What a client may write freely: labels, annotations, owners, finalizers, managers of fields.
fn free_parts(object: &Value) -> Vec<Invalid> {
    let metadata = at(object, "metadata");
    let mut errors = labels(at(metadata, "labels"), &Path::new("metadata.labels"));
    errors.extend(annotations(at(metadata, "annotations"), &Path::new("metadata.annotations")));
    errors.extend(owners(list(object, "/metadata/ownerReferences")));
    errors.extend(finalizers(object));
    errors.extend(managed_fields(list(object, "/metadata/managedFields")));
    errors
}

/// What is wrong with the metadata of a changed object, as often as upstream says it: by the common check of all
/// updates and by the kind's own. A message says a thing once, its causes say it each time. Kinds that validate the
/// new object again as a whole add [`validate`] to their own `validate_update`.
pub(crate) fn validate_update(object: &Value, old: &Value) -> Vec<Invalid> {
    let namespaced = !text(old, "/metadata/namespace").is_empty();
    let mut errors = common(object, namespaced, &name::path_segment);
    let changed = changed(object, old);
    errors.extend(changed.iter().cloned());
    errors.extend(changed);
    errors.extend(plain_finalizers(object));
    errors
}

fn changed(object: &Value, old: &Value) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if field::has(old, "/metadata/deletionTimestamp") {
        let had = field::texts(old, "/metadata/finalizers");
        let mut new = field::texts(object, "/metadata/finalizers");
        new.retain(|name| !had.contains(name));
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let new: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                new.join(", ")
            );
            errors.push(Invalid::forbidden("metadata.finalizers", detail));
        }
    }
    if text(object, "/metadata/resourceVersion").is_empty() {
        errors.push(Invalid::invalid("metadata.resourceVersion", &json!(""), "must be specified for an update"));
    }
    let generation = field::int(object, "/metadata/generation");
    if generation < field::int(old, "/metadata/generation") {
        errors.push(Invalid::invalid("metadata.generation", &json!(generation), "must not be decremented"));
    }
    let fixed = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
    for name in fixed {
        let pointer = format!("/metadata/{name}");
        errors.extend(immutable(object, old, &pointer, &format!("metadata.{name}")));
    }
    errors.extend(free_parts(object));
    errors
}

/// Takes away owners that stand there twice; returns what a client is to be warned of. `when` is empty, or says after
/// what they stood there twice.
pub(crate) fn single_owners(object: &mut Value, when: &str) -> Option<String> {
    let owners = list(object, "/metadata/ownerReferences");
    let mut single: Vec<Value> = Vec::new();
    let mut twice: Vec<String> = Vec::new();
    for owner in owners {
        match single.contains(owner) {
            false => single.push(owner.clone()),
            true => twice.push(text(owner, "/uid").to_owned()),
        }
    }
    if twice.is_empty() {
        return None;
    }
    field::set(object, "/metadata/ownerReferences", single);
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and may \
         reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
        twice.join(", ")
    ))
}

/// `field is immutable`, if what is there is not what was there.
pub(crate) fn immutable(object: &Value, old: &Value, pointer: &str, path: &str) -> Option<Invalid> {
    let (new, was) = (object.pointer(pointer), old.pointer(pointer));
    if field::same(new, was) {
        return None;
    }
    let empty = match was {
        Some(Value::String(_)) => json!(""),
        _ => Value::Null,
    };
    Some(Invalid::invalid(path, new.unwrap_or(&empty), "field is immutable"))
}

/// Before an update: takes from the object that is there what a client cannot change and need not send.
pub(crate) fn prepare_update(object: &mut Value, old: &Value) {
    field::keep(object, old, "/metadata/generation");
    if text(object, "/metadata/uid").is_empty() {
        field::keep(object, old, "/metadata/uid");
    }
    for pointer in ["/metadata/creationTimestamp", "/metadata/deletionTimestamp"] {
        if field::has(old, pointer) {
            field::keep(object, old, pointer);
        }
    }
    let pointer = "/metadata/deletionGracePeriodSeconds";
    if field::has(old, pointer) && !field::has(object, pointer) {
        field::keep(object, old, pointer);
    }
}

fn owners(owners: &[Value]) -> Vec<Invalid> {
    const PATH: &str = "metadata.ownerReferences";
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    for owner in owners {
        let (version, kind) = (text(owner, "/apiVersion"), text(owner, "/kind"));
        if version.is_empty() || version.ends_with('/') || version.matches('/').count() > 1 {
            let detail = "version must not be empty";
            errors.push(Invalid::invalid(format!("{PATH}.apiVersion"), &json!(version), detail));
        }
        for name in ["kind", "name", "uid"] {
            if text(owner, &format!("/{name}")).is_empty() {
                errors.push(Invalid::invalid(format!("{PATH}.{name}"), &json!(""), "must not be empty"));
            }
        }
        if version == "v1" && kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(refused_owners(owner_printed(owner), detail.to_owned()));
        }
        if field::flag(owner, "/controller") {
            let this = format!("{kind}/{}", text(owner, "/name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                         and {this}"
                    );
                    let printed: Vec<String> = owners.iter().map(owner_printed).collect();
                    errors.push(refused_owners(format!("[{}]", printed.join(",")), detail));
                }
            }
        }
    }
    errors
}

/// An owner as JSON: its fields stand in the order in which Go has them.
fn owner_printed(owner: &Value) -> String {
    let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"].into_iter();
    let fields = fields.filter_map(|field| Some(format!("\"{field}\":{}", shown(owner.get(field)?))));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn refused_owners(printed: String, detail: String) -> Invalid {
    Invalid { why: Why::Invalid, path: "metadata.ownerReferences".to_owned(), value: Some(printed), detail }
}

fn finalizers(object: &Value) -> Vec<Invalid> {
    const PATH: &str = "metadata.finalizers";
    let finalizers = field::texts(object, "/metadata/finalizers");
    let path = Path::new(PATH);
    let mut errors: Vec<Invalid> =
        finalizers.iter().flat_map(|finalizer| form(&path, finalizer, name::qualified_name)).collect();
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(Invalid::invalid(PATH, &json!(finalizers), detail));
    }
    errors
}

fn managed_fields(entries: &[Value]) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("metadata.managedFields[{index}]");
        let operation = text(entry, "/operation");
        if !["Apply", "Update"].contains(&operation) {
            let detail = "must be `Apply` or `Update`";
            errors.push(Invalid::invalid(format!("{path}.operation"), &json!(operation), detail));
        }
        let kind = text(entry, "/fieldsType");
        if !["", "FieldsV1"].contains(&kind) {
            errors.push(Invalid::invalid(format!("{path}.fieldsType"), &json!(kind), "must be `FieldsV1`"));
        }
        errors.extend(field_manager(text(entry, "/manager"), &format!("{path}.manager")));
        if text(entry, "/subresource").len() > 256 {
            errors.push(Invalid::too_long(format!("{path}.subresource"), 256));
        }
    }
    errors
}

/// A field manager's name: 128 bytes, printable.
pub(crate) fn field_manager(manager: &str, path: &str) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if manager.len() > 128 {
        errors.push(Invalid::too_long(path, 128));
    }
    for (at, letter) in manager.char_indices().filter(|(_, letter)| letter.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {at})", u32::from(letter));
        errors.push(Invalid::invalid(path, &json!(manager), detail));
    }
    errors
}

/// A number that may not be less than 0.
pub(crate) fn nonnegative(value: i64, path: &str) -> Option<Invalid> {
    (value < 0).then(|| Invalid::invalid(path, &json!(value), "must be greater than or equal to 0"))
}

/// `metav1.Condition`s, as statuses hold them.
pub(crate) fn conditions(conditions: &[Value], path: &str) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let kind = text(condition, "/type");
        match seen.contains(&kind) {
            true => errors.push(Invalid::duplicate(format!("{path}.type"), &json!(kind))),
            false => seen.push(kind),
        }
        errors.extend(form(&Path::new(format!("{path}.type")), kind, name::qualified_name));
        let status = text(condition, "/status");
        let known = ["False", "True", "Unknown"];
        if !known.contains(&status) {
            errors.push(Invalid::not_supported(format!("{path}.status"), &json!(status), &known));
        }
        let generation = field::int(condition, "/observedGeneration");
        if generation < 0 {
            let detail = "must be greater than or equal to zero";
            errors.push(Invalid::invalid(format!("{path}.observedGeneration"), &json!(generation), detail));
        }
        if text(condition, "/lastTransitionTime").is_empty() {
            errors.push(Invalid::required(format!("{path}.lastTransitionTime"), "must be set"));
        }
        errors.extend(condition_reason(text(condition, "/reason"), &format!("{path}.reason")));
        if text(condition, "/message").len() > 32 * 1024 {
            errors.push(Invalid::too_long(format!("{path}.message"), 32 * 1024));
        }
    }
    errors
}

fn condition_reason(reason: &str, path: &str) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if reason.is_empty() {
        return vec![Invalid::required(path, "must be set")];
    }
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let right = reason.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && reason.ends_with(word)
        && reason.chars().all(|letter| word(letter) || letter == ',' || letter == ':');
    if !right {
        let words = "a condition reason must start with alphabetic character, optionally followed by a string of \
                     alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
        let examples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];
        let detail = name::regex_error(words, "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", &examples);
        errors.push(Invalid::invalid(path, &json!(reason), detail));
    }
    if reason.len() > 1024 {
        errors.push(Invalid::too_long(path, 1024));
    }
    errors
}

/// An error of the server's own making within a field.
pub(crate) fn internal(path: &str, detail: impl Into<String>) -> Invalid {
    Invalid { why: Why::Internal, path: path.to_owned(), value: None, detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(metadata: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "a", "namespace": "b", "resourceVersion": "1", "uid": "u"}});
        for (name, value) in metadata.as_object().into_iter().flatten() {
            field::set(&mut object, &format!("/metadata/{name}"), value.clone());
        }
        object
    }

    fn check(metadata: &Value, expect: &[&str]) {
        let said: Vec<String> =
            validate(&object(metadata), true, &name::subdomain).iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), expect.len(), "{said:?}");
        for (said, expect) in said.iter().zip(expect) {
            assert!(said.starts_with(expect), "{said}\n{expect}");
        }
    }

    #[test]
    fn finalizers_without_a_path() {
        let of = |version: &str| {
            let metadata = json!({"name": "a", "finalizers": ["nope", "orphan", "a.b/c"]});
            json!({"apiVersion": version, "metadata": metadata})
        };
        let said = validate(&of("apps/v1"), false, &name::subdomain);
        assert_eq!(
            said.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["metadata.finalizers[0]: Invalid value: \"nope\": name is neither a standard finalizer name nor is it \
              fully qualified"]
        );
        assert!(validate(&of("a.com/v1"), false, &name::subdomain).is_empty());
        assert_eq!(
            finalizer_warnings(&of("a.com/v1"), None),
            ["metadata.finalizers: \"nope\": prefer a domain-qualified finalizer name including a path (/) to avoid \
              accidental conflicts with other finalizer writers"]
        );
        assert!(finalizer_warnings(&of("a.com/v1"), Some(&of("a.com/v1"))).is_empty());
    }

    #[test]
    fn create() {
        check(&json!({"labels": {"a.b/c": "d"}, "annotations": {"A.b/c": "any thing"}}), &[]);
        check(&json!({"name": ""}), &["metadata.name: Required value: name or generateName is required"]);
        check(&json!({"generateName": "a-", "name": "a-x"}), &[]);
        check(
            &json!({"generateName": "AB-", "name": "AB-x"}),
            &["metadata.generateName: Invalid value: \"AB-\": a low", "metadata.name: Invalid value: \"AB-x\": a low"],
        );
        check(&json!({"labels": {"a": "no!"}}), &["metadata.labels: Invalid value: \"no!\": a valid label must be"]);
        check(
            &json!({"labels": {"/a": ""}}),
            &["metadata.labels: Invalid value: \"/a\": prefix part must be non-empty"],
        );
        check(
            &json!({"annotations": {"a": "x".repeat(262_145)}}),
            &["metadata.annotations: Too long: may not be more than 262144 bytes"],
        );
        check(
            &json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]}),
            &["metadata.ownerReferences.uid: Invalid value: \"\": must not be empty"],
        );
        check(
            &json!({"ownerReferences": [
                {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1", "controller": true},
                {"apiVersion": "v1", "kind": "Pod", "name": "q", "uid": "2", "controller": true},
            ]}),
            &["metadata.ownerReferences: Invalid value: [{\"apiVersion\":\"v1\""],
        );
        check(
            &json!({"finalizers": ["bad name", "orphan", "foregroundDeletion"]}),
            &[
                "metadata.finalizers: Invalid value: \"bad name\": name part must consist of",
                "metadata.finalizers: Invalid value: [\"bad name\",\"orphan\",\"foregroundDeletion\"]: finalizer orphan",
            ],
        );
        check(
            &json!({"managedFields": [{"operation": "x", "manager": "m"}]}),
            &["metadata.managedFields[0].operation: Invalid value: \"x\": must be `Apply` or `Update`"],
        );
    }

    #[test]
    fn an_owner_stands_there_once() {
        let (a, b) = (json!({"kind": "Pod", "uid": "1"}), json!({"kind": "Pod", "uid": "2"}));
        let mut twice = object(&json!({"ownerReferences": [a, b, a]}));
        let said = single_owners(&mut twice, " after mutating admission happens");
        assert_eq!(twice["metadata"]["ownerReferences"], json!([a, b]));
        assert_eq!(
            said.as_deref(),
            Some(
                ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server \
                 dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your \
                 requests; duplicate UID(s) observed: 1"
            )
        );
        assert_eq!(single_owners(&mut twice, ""), None);
    }

    #[test]
    fn update() {
        let cases: &[(Value, Value, &str)] = &[
            (json!({"name": "z"}), json!({}), "metadata.name: Invalid value: \"z\": field is immutable"),
            (json!({"uid": "z"}), json!({}), "metadata.uid: Invalid value: \"z\": field is immutable"),
            (
                json!({"finalizers": ["a.b/c"]}),
                json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}),
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, \
                 found new finalizers []string{\"a.b/c\"}",
            ),
            (
                json!({"resourceVersion": ""}),
                json!({}),
                "metadata.resourceVersion: Invalid value: \"\": must be specified for an update",
            ),
        ];
        for (new, old, expect) in cases {
            let (mut new, old) = (object(new), object(old));
            prepare_update(&mut new, &old);
            let said = validate_update(&new, &old);
            assert_eq!(said.iter().filter(|said| said.to_string() == *expect).count(), 2, "{said:?}");
            assert_eq!(said.len(), 2, "{said:?}");
        }
        let bad = object(&json!({"labels": {"a": "no!"}}));
        assert_eq!(validate_update(&bad, &object(&json!({}))).len(), 3);
    }
}
