//! The RBAC authorizer: from bindings to the rules that someone has, and from rules to a decision.

use std::sync::Arc;

use serde_json::Value;

use super::rule::Rule;
use super::{MASTERS, RBAC, User};
use crate::status::{Refusal, Subject};
use crate::view::View;

/// What is asked for, as authorization sees it.
///
/// The verb is one of get, list, watch, create, update, patch, delete, deletecollection (a list, watch or
/// deletecollection whose field selector says `metadata.name=x` has that name), or the HTTP method in lower
/// case for a path that is no resource.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attributes<'a> {
    /// The verb.
    pub(crate) verb: &'a str,
    /// The API group, empty for the core.
    pub(crate) group: &'a str,
    /// The plural resource.
    pub(crate) resource: &'a str,
    /// `status`; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// The object, empty where it is not known (create) or there are many.
    pub(crate) name: &'a str,
    /// The namespace; empty at the cluster scope.
    pub(crate) namespace: &'a str,
    /// The path, where no resource is meant.
    pub(crate) path: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    /// A request for a path that is no resource.
    pub(crate) fn path(verb: &'a str, path: &'a str) -> Self {
        Self { verb, path: Some(path), ..Self::default() }
    }
}

/// What the authorizer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Yes, and why, as an access review tells it.
    Allowed(String),
    /// No; why is mostly empty, or what went wrong in finding out (`RBAC: role… not found`).
    Denied(String),
}

impl Decision {
    /// Whether it is a yes.
    pub(super) fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Lets a user do something, or refuses it (403).
pub(crate) fn authorize(view: &dyn View, user: &User, asked: &Attributes<'_>) -> Result<(), Refusal> {
    match decide(view, user, asked) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(reason) => Err(forbidden(user, asked, &reason)),
    }
}

/// Decides whether a user may do something.
pub(super) fn decide(view: &dyn View, user: &User, asked: &Attributes<'_>) -> Decision {
    if user.is_in(MASTERS) {
        return Decision::Allowed(String::new());
    }
    let held = held(view, user, asked.namespace);
    for grant in &held.grants {
        if grant.rules.iter().any(|rule| rule.allows(asked)) {
            return Decision::Allowed(format!("RBAC: allowed by {}", grant.source));
        }
    }
    match held.error() {
        Some(error) => Decision::Denied(format!("RBAC: {error}")),
        None => Decision::Denied(String::new()),
    }
}

/// The refusal of what was denied.
pub(super) fn forbidden(user: &User, asked: &Attributes<'_>, reason: &str) -> Refusal {
    let resource = match asked.subresource {
        "" => asked.resource.to_owned(),
        below => format!("{}/{below}", asked.resource),
    };
    let mut why = match (asked.path, asked.namespace) {
        (Some(path), _) => format!("User {:?} cannot {} path {path:?}", user.name, asked.verb),
        (None, namespace) => {
            let scope = match namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {namespace:?}"),
            };
            let (name, verb, group) = (&user.name, asked.verb, asked.group);
            format!("User {name:?} cannot {verb} resource {resource:?} in API group {group:?} {scope}")
        }
    };
    if !reason.is_empty() {
        why = format!("{why}: {reason}");
    }
    Refusal::forbidden(Subject { group: asked.group, resource: asked.resource, name: asked.name }, &why)
}

/// Rules by one binding.
#[derive(Debug)]
pub(super) struct Grant {
    /// `ClusterRoleBinding "b" of ClusterRole "r" to User "u"`
    pub(super) source: String,
    pub(super) rules: Vec<Rule>,
}

/// All that someone holds in a namespace.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) grants: Vec<Grant>,
    /// Roles that bindings name and that are not there.
    errors: Vec<String>,
}

impl Held {
    /// The rules alone.
    pub(super) fn into_rules(self) -> Vec<Rule> {
        self.grants.into_iter().flat_map(|grant| grant.rules).collect()
    }

    /// What went wrong, as an aggregate of errors says it.
    pub(super) fn error(&self) -> Option<String> {
        let mut said: Vec<&str> = Vec::new();
        for error in &self.errors {
            if !said.contains(&error.as_str()) {
                said.push(error);
            }
        }
        match said.as_slice() {
            [] => None,
            [one] => Some((*one).to_owned()),
            all => Some(format!("[{}]", all.join(", "))),
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What someone holds by ClusterRoleBindings and, in a namespace, by its RoleBindings.
pub(super) fn held(view: &dyn View, user: &User, namespace: &str) -> Held {
    let mut held = Held::default();
    for binding in view.list("rbac.authorization.k8s.io/clusterrolebindings", "") {
        held.add(view, user, &binding, "");
    }
    if !namespace.is_empty() {
        for binding in view.list("rbac.authorization.k8s.io/rolebindings", namespace) {
            held.add(view, user, &binding, namespace);
        }
    }
    held
}

impl Held {
    fn add(&mut self, view: &dyn View, user: &User, binding: &Value, namespace: &str) {
        let subjects = binding.get("subjects").and_then(Value::as_array);
        let Some(subject) = subjects.into_iter().flatten().find(|subject| applies(user, subject, namespace)) else {
            return;
        };
        let (kind, name) = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
        match role(view, kind, name, namespace) {
            Ok(role) => {
                let binding = text(binding, "/metadata/name");
                let binding = match namespace {
                    "" => format!("ClusterRoleBinding {binding:?}"),
                    _ => format!("RoleBinding {:?}", format!("{binding}/{namespace}")),
                };
                let source = format!("{binding} of {kind} {name:?} to {}", described(subject, namespace));
                self.grants.push(Grant { source, rules: Rule::read_all(&role) });
            }
            Err(error) => self.errors.push(error),
        }
    }
}

/// The role that a binding refers to, or an error as the authorizer words it.
fn role(view: &dyn View, kind: &str, name: &str, namespace: &str) -> Result<Arc<Value>, String> {
    match kind {
        "Role" => view
            .get("rbac.authorization.k8s.io/roles", namespace, name)
            .ok_or_else(|| format!("role.{RBAC} {name:?} not found")),
        "ClusterRole" => view
            .get("rbac.authorization.k8s.io/clusterroles", "", name)
            .ok_or_else(|| format!("clusterrole.{RBAC} {name:?} not found")),
        other => Err(format!("unsupported role reference kind: {other:?}")),
    }
}

/// Whether a binding's subject is this user; a ServiceAccount without a namespace is of the binding's.
fn applies(user: &User, subject: &Value, namespace: &str) -> bool {
    let name = text(subject, "/name");
    match text(subject, "/kind") {
        "User" => user.name == name,
        "Group" => user.is_in(name),
        "ServiceAccount" => {
            let namespace = match text(subject, "/namespace") {
                "" => namespace,
                own => own,
            };
            let parts = user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            !namespace.is_empty() && parts == Some((namespace, name))
        }
        _ => false,
    }
}

/// A subject as a reason names it; an account's name stands before its namespace.
fn described(subject: &Value, namespace: &str) -> String {
    let (kind, name) = (text(subject, "/kind"), text(subject, "/name"));
    match (kind, text(subject, "/namespace")) {
        ("ServiceAccount", "") => format!("{kind} {:?}", format!("{name}/{namespace}")),
        ("ServiceAccount", own) => format!("{kind} {:?}", format!("{name}/{own}")),
        _ => format!("{kind} {name:?}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;
    use crate::view::testing::Objects;

    fn objects() -> Objects {
        let mut objects = Objects::default();
        let reads = json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]);
        objects
            .add("rbac.authorization.k8s.io/roles", json!({"metadata": {"name": "r", "namespace": "a"}, "rules": reads}))
            .add("rbac.authorization.k8s.io/clusterroles", json!({"metadata": {"name": "cr"}, "rules": reads}))
            .add(
                "rbac.authorization.k8s.io/rolebindings",
                json!({"metadata": {"name": "b", "namespace": "a"}, "roleRef": {"kind": "Role", "name": "r"},
                    "subjects": [{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "bot"}]}),
            )
            .add(
                "rbac.authorization.k8s.io/rolebindings",
                json!({"metadata": {"name": "gone", "namespace": "c"}, "roleRef": {"kind": "Role", "name": "no"},
                    "subjects": [{"kind": "Group", "name": "devs"}]}),
            )
            .add(
                "rbac.authorization.k8s.io/rolebindings",
                json!({"metadata": {"name": "gone2", "namespace": "c"}, "roleRef": {"kind": "ClusterRole", "name": "no"},
                    "subjects": [{"kind": "Group", "name": "devs"}]}),
            )
            .add(
                "rbac.authorization.k8s.io/clusterrolebindings",
                json!({"metadata": {"name": "cb"}, "roleRef": {"kind": "ClusterRole", "name": "cr"},
                    "subjects": [{"kind": "ServiceAccount", "name": "ops", "namespace": "z"}]}),
            );
        objects
    }

    #[test]
    fn decisions() {
        let view = objects();
        let gone = r#"RBAC: [role.rbac.authorization.k8s.io "no" not found, clusterrole.rbac.authorization.k8s.io "no" not found]"#;
        let by_role =
            |subject| Decision::Allowed(format!("RBAC: allowed by RoleBinding \"b/a\" of Role \"r\" to {subject}"));
        let no = || Decision::Denied(String::new());
        let cases = [
            (User::new("jane", &[]), "get", "a", by_role("User \"jane\"")),
            (User::new("jane", &[]), "get", "b", no()),
            (User::new("jane", &[]), "get", "", no()),
            (User::new("jane", &[]), "delete", "a", no()),
            (User::service_account("a", "bot"), "list", "a", by_role("ServiceAccount \"bot/a\"")),
            (User::service_account("b", "bot"), "list", "a", no()),
            (
                User::service_account("z", "ops"),
                "list",
                "",
                Decision::Allowed(
                    "RBAC: allowed by ClusterRoleBinding \"cb\" of ClusterRole \"cr\" to ServiceAccount \"ops/z\""
                        .to_owned(),
                ),
            ),
            (User::new("x", &["devs"]), "get", "c", Decision::Denied(gone.to_owned())),
            (User::new("x", &[MASTERS]), "delete", "c", Decision::Allowed(String::new())),
        ];
        for (user, verb, namespace, expect) in cases {
            let asked = Attributes { verb, resource: "pods", namespace, ..Attributes::default() };
            assert_eq!(decide(&view, &user, &asked), expect, "{user:?} {asked:?}");
        }
    }

    #[test]
    fn refusals() {
        let jane = User::new("jane", &[]);
        let cases = [
            (
                Attributes { verb: "list", resource: "configmaps", namespace: "x", ..Attributes::default() },
                "",
                r#"configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "x""#,
            ),
            (
                Attributes { verb: "get", resource: "nodes", name: "n", ..Attributes::default() },
                "",
                r#"nodes "n" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope"#,
            ),
            (
                Attributes {
                    verb: "update",
                    group: "apps",
                    resource: "deployments",
                    subresource: "scale",
                    name: "d",
                    namespace: "x",
                    path: None,
                },
                r#"RBAC: role.rbac.authorization.k8s.io "r" not found"#,
                r#"deployments.apps "d" is forbidden: User "jane" cannot update resource "deployments/scale" in API group "apps" in the namespace "x": RBAC: role.rbac.authorization.k8s.io "r" not found"#,
            ),
            (Attributes::path("get", "/metrics"), "", r#"forbidden: User "jane" cannot get path "/metrics""#),
        ];
        for (asked, reason, expect) in cases {
            assert_eq!(forbidden(&jane, &asked, reason).message, expect);
        }
    }
}
