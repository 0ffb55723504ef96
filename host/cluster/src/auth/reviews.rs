//! Reviews: what clients ask about who they are, whom a token stands for, and what somebody may do.

use serde_json::{Map, Value, json};

use super::authenticate::{Accounts, by_token};
use super::rbac::{self, Attributes, Decision};
use super::rule::Rule;
use super::{User, stamp};
use crate::invalid::Invalid;
use crate::object::{at, items, set, text};
use crate::status::{Refusal, Subject};
use crate::view::View;

/// The group of access reviews.
const AUTHORIZATION: &str = "authorization.k8s.io";

/// Answers a review. `object` is the body, decoded, with its namespace set from the path where there is one; what
/// is returned is the answer with its `status`. `None` for a kind that is no review.
///
/// Whoever calls notes `managedFields` in the body first; reviews that are made anew drop them, as they should.
pub(crate) fn review(
    accounts: &Accounts<'_>,
    user: &User,
    kind: &str,
    object: Value,
) -> Option<Result<Value, Refusal>> {
    Some(match kind {
        "SelfSubjectReview" => Ok(json!({
            "kind": kind, "apiVersion": at(&object, "apiVersion"),
            "metadata": {"creationTimestamp": stamp(accounts.view.now())},
            "status": {"userInfo": user.info()},
        })),
        "TokenReview" => token(accounts, object),
        "SelfSubjectAccessReview" => own_access(accounts.view, user, object),
        "SubjectAccessReview" => access(accounts.view, object, false),
        "LocalSubjectAccessReview" => access(accounts.view, object, true),
        "SelfSubjectRulesReview" => own_rules(accounts.view, user, &object),
        _ => return None,
    })
}

fn token(accounts: &Accounts<'_>, mut object: Value) -> Result<Value, Refusal> {
    let spec = at(&object, "spec");
    let given = text(spec, "token");
    if given.is_empty() {
        return Err(Refusal::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences: Vec<String> = items(spec, "audiences").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let status = match by_token(accounts, given, &audiences) {
        Ok(known) => json!({"authenticated": true, "user": known.user.info(), "audiences": known.audiences}),
        Err(error) => json!({"user": {}, "error": error}),
    };
    set(&mut object, "status", status);
    Ok(object)
}

/// What is asked about: `resourceAttributes` or `nonResourceAttributes`.
fn attributes(spec: &Value) -> Attributes<'_> {
    let resource = at(spec, "resourceAttributes");
    if resource.is_null() {
        let path = at(spec, "nonResourceAttributes");
        return Attributes::path(text(path, "verb"), text(path, "path"));
    }
    Attributes {
        verb: text(resource, "verb"),
        group: text(resource, "group"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        name: text(resource, "name"),
        namespace: text(resource, "namespace"),
        path: None,
    }
}

fn answered(view: &dyn View, user: &User, mut object: Value) -> Value {
    let (allowed, reason) = match rbac::decide(view, user, &attributes(at(&object, "spec"))) {
        Decision::Allowed(reason) => (true, reason),
        Decision::Denied(reason) => (false, reason),
    };
    let mut status = Map::from_iter([("allowed".to_owned(), Value::from(allowed))]);
    if !reason.is_empty() {
        status.insert("reason".to_owned(), Value::from(reason));
    }
    set(&mut object, "status", Value::Object(status));
    object
}

/// What is wrong with what is asked about.
fn wrong_attributes(spec: &Value) -> Vec<Invalid> {
    let (resource, path) = (at(spec, "resourceAttributes"), at(spec, "nonResourceAttributes"));
    match (resource.is_null(), path.is_null()) {
        (false, false) => {
            vec![wrong_path(path, "cannot be specified in combination with resourceAttributes")]
        }
        (true, true) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            vec![Invalid::invalid("spec.resourceAttributes", &Value::Null, why)]
        }
        _ => Vec::new(),
    }
}

/// A path where there may be none; the value is shown as the server has it inside.
fn wrong_path(path: &Value, why: &str) -> Invalid {
    let mut error = Invalid::invalid("spec.nonResourceAttributes", path, why);
    let (asked, verb) = (text(path, "path"), text(path, "verb"));
    error.value = Some(format!("{{\"Path\":{asked:?},\"Verb\":{verb:?}}}"));
    error
}

/// Metadata in the order of its Go type.
fn ordered(metadata: &Value) -> String {
    const FIELDS: [&str; 12] = [
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
    ];
    const ENTRY: [&str; 7] = ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];
    let owners: Vec<String> = items(metadata, "managedFields").iter().map(|entry| listed(entry, &ENTRY)).collect();
    let mut said = listed(metadata, &FIELDS);
    if metadata.get("managedFields").is_some() {
        said.pop();
        let comma = if said.len() > 1 { "," } else { "" };
        said = format!("{said}{comma}\"managedFields\":[{}]}}", owners.join(","));
    }
    said
}

/// These fields of an object, in this order.
fn listed(object: &Value, fields: &[&str]) -> String {
    let known = fields.iter().filter_map(|field| Some(format!("\"{field}\":{}", object.get(field)?)));
    format!("{{{}}}", known.collect::<Vec<_>>().join(","))
}

/// A review names nothing, so its metadata is to be empty but for these fields.
fn wrong_metadata(object: &Value, but: &[&str], why: &str) -> Option<Invalid> {
    let metadata = at(object, "metadata");
    let given = metadata.as_object()?.iter().filter(|(key, value)| {
        let empty = value.is_null() || value.as_str() == Some("") || value.as_object().is_some_and(Map::is_empty);
        !empty && key.as_str() != "managedFields" && !but.contains(&key.as_str())
    });
    (given.count() > 0)
        .then(|| Invalid { value: Some(ordered(metadata)), ..Invalid::invalid("metadata", metadata, why) })
}

/// The server leaves the kind out of these refusals.
fn refuse(errors: &[Invalid]) -> Result<(), Refusal> {
    match errors {
        [] => Ok(()),
        errors => Err(Refusal::invalid(Subject { group: AUTHORIZATION, resource: "", name: "" }, errors)),
    }
}

fn own_access(view: &dyn View, user: &User, object: Value) -> Result<Value, Refusal> {
    let mut errors = wrong_attributes(at(&object, "spec"));
    errors.extend(wrong_metadata(&object, &[], "must be empty"));
    refuse(&errors)?;
    Ok(answered(view, user, object))
}

fn access(view: &dyn View, object: Value, local: bool) -> Result<Value, Refusal> {
    let spec = at(&object, "spec");
    let mut errors = wrong_attributes(spec);
    let groups: Vec<String> = items(spec, "groups").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if text(spec, "user").is_empty() && groups.is_empty() {
        let why = "at least one of user or group must be specified";
        errors.push(Invalid::invalid("spec.user", &Value::from(""), why));
    }
    if local {
        errors.extend(wrong_metadata(&object, &["namespace"], "must be empty except for namespace"));
        let resource = at(spec, "resourceAttributes");
        let namespace = at(resource, "namespace");
        if !resource.is_null() && text(resource, "namespace") != text(at(&object, "metadata"), "namespace") {
            let shown = if namespace.is_null() { &Value::from("") } else { namespace };
            let why = "must match metadata.namespace";
            errors.push(Invalid::invalid("spec.resourceAttributes.namespace", shown, why));
        }
        let path = at(spec, "nonResourceAttributes");
        if !path.is_null() {
            errors.push(wrong_path(path, "disallowed on this kind of request"));
        }
    } else {
        errors.extend(wrong_metadata(&object, &[], "must be empty"));
    }
    refuse(&errors)?;
    let user = User { name: text(spec, "user").to_owned(), groups, ..User::default() };
    Ok(answered(view, &user, object))
}

fn own_rules(view: &dyn View, user: &User, object: &Value) -> Result<Value, Refusal> {
    let namespace = text(at(object, "spec"), "namespace");
    if namespace.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let held = rbac::held(view, user, namespace);
    let error = held.error();
    let rules = held.into_rules();
    let resources = rules.iter().filter(|rule| !rule.resources.is_empty()).map(resource_rule);
    let paths = rules.iter().filter(|rule| !rule.urls.is_empty());
    let mut status = json!({
        "resourceRules": resources.collect::<Vec<Value>>(),
        "nonResourceRules":
            paths.map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.urls})).collect::<Vec<Value>>(),
        "incomplete": false,
    });
    if let Some(error) = error {
        set(&mut status, "evaluationError", error);
    }
    let (kind, version) = (at(object, "kind"), at(object, "apiVersion"));
    Ok(json!({"kind": kind, "apiVersion": version, "metadata": {}, "spec": {}, "status": status}))
}

fn resource_rule(rule: &Rule) -> Value {
    let mut shown = json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources});
    if !rule.names.is_empty() {
        set(&mut shown, "resourceNames", json!(rule.names));
    }
    shown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::auth::{Keys, MASTERS};
    use crate::view::testing::Objects;

    fn keys() -> Keys {
        Keys { tokens: vec![("root".to_owned(), User::new("admin", &[MASTERS]))], signing: [7; 32] }
    }

    fn view() -> Objects {
        let mut view = Objects::default();
        view.add(
            "rbac.authorization.k8s.io/roles",
            json!({"metadata": {"name": "r", "namespace": "a"}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["p"]}]}),
        );
        view.add(
            "rbac.authorization.k8s.io/rolebindings",
            json!({"metadata": {"name": "b", "namespace": "a"}, "roleRef": {"kind": "Role", "name": "r"},
                "subjects": [{"kind": "User", "name": "jane"}]}),
        );
        view
    }

    #[test]
    fn answers() {
        let (keys, view) = (keys(), view());
        let accounts = Accounts { view: &view, keys: &keys };
        let get_pod = json!({"resourceAttributes": {"verb": "get", "resource": "pods", "name": "p", "namespace": "a"}});
        let by_binding = "RBAC: allowed by RoleBinding \"b/a\" of Role \"r\" to User \"jane\"";
        let cases = [
            ("SelfSubjectAccessReview", json!({"spec": get_pod}), json!({"allowed": true, "reason": by_binding})),
            (
                "SelfSubjectAccessReview",
                json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}}),
                json!({"allowed": false}),
            ),
            (
                "SubjectAccessReview",
                json!({"spec": {"groups": [MASTERS], "nonResourceAttributes": {"verb": "get", "path": "/x"}}}),
                json!({"allowed": true}),
            ),
            (
                "SelfSubjectRulesReview",
                json!({"spec": {"namespace": "a"}}),
                json!({"incomplete": false, "nonResourceRules": [], "resourceRules": [
                    {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["p"]}]}),
            ),
            ("SelfSubjectReview", json!({}), json!({"userInfo": {"username": "jane", "groups": ["devs"]}})),
            (
                "TokenReview",
                json!({"spec": {"token": "root"}}),
                json!({"authenticated": true, "audiences": ["https://kubernetes.default.svc.cluster.local"],
                    "user": {"username": "admin", "groups": [MASTERS, "system:authenticated"]}}),
            ),
            ("TokenReview", json!({"spec": {"token": "wrong"}}), json!({"user": {}, "error": "invalid bearer token"})),
        ];
        for (kind, object, expect) in cases {
            let jane = User::new("jane", &["devs"]);
            let answer = review(&accounts, &jane, kind, object.clone()).unwrap().unwrap();
            assert_eq!(answer["status"], expect, "{kind} {object}");
        }
        assert!(review(&accounts, &User::default(), "Pod", json!({})).is_none());
    }

    #[test]
    fn refusals() {
        let (keys, view) = (keys(), view());
        let accounts = Accounts { view: &view, keys: &keys };
        let pods = json!({"verb": "get", "resource": "pods"});
        let cases = [
            (
                "SelfSubjectAccessReview",
                json!({"spec": {}}),
                r#".authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"#,
            ),
            (
                "SubjectAccessReview",
                json!({"spec": {"resourceAttributes": pods}}),
                r#".authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified"#,
            ),
            (
                "SelfSubjectAccessReview",
                json!({"metadata": {"name": "x", "managedFields": []}, "spec": {"resourceAttributes": pods}}),
                r#".authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"x","managedFields":[]}: must be empty"#,
            ),
            (
                "LocalSubjectAccessReview",
                json!({"metadata": {"namespace": "a"}, "spec": {"user": "u", "resourceAttributes": pods}}),
                r#".authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace"#,
            ),
            (
                "SelfSubjectAccessReview",
                json!({"spec": {"resourceAttributes": pods, "nonResourceAttributes": {"verb": "get", "path": "/x"}}}),
                r#".authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes"#,
            ),
            ("SelfSubjectRulesReview", json!({"spec": {}}), "no namespace on request"),
            ("TokenReview", json!({"spec": {}}), "token is required for TokenReview in authentication"),
        ];
        for (kind, object, expect) in cases {
            let refusal = review(&accounts, &User::new("jane", &[]), kind, object.clone()).unwrap().unwrap_err();
            assert_eq!(refusal.message, expect, "{kind} {object}");
        }
    }
}
