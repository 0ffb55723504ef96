//! Nobody grants more than they hold: the checks before a Role or a binding is stored.

use serde_json::Value;

use super::rbac::{self, Attributes};
use super::rule::{Rule, merged, quoted, uncovered};
use super::{MASTERS, RBAC, User};
use crate::status::{Refusal, Subject};
use crate::view::View;

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Refuses (403) a Role, ClusterRole, RoleBinding or ClusterRoleBinding with which the user would grant what
/// they do not hold. For other resources nothing is asked.
///
/// `asked` is the request as it was authorized (verb create, update or patch), `object` what is to be stored,
/// after mutating admission and before validation. Whoever may `escalate` a role or `bind` it is let through.
pub(crate) fn check_escalation(
    view: &dyn View,
    user: &User,
    asked: &Attributes<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    if asked.group != RBAC || user.is_in(MASTERS) {
        return Ok(());
    }
    match asked.resource {
        "roles" | "clusterroles" => role(view, user, asked, object, old),
        "rolebindings" | "clusterrolebindings" => binding(view, user, asked, object, old),
        _ => Ok(()),
    }
}

fn refused(asked: &Attributes<'_>, object: &Value, why: &str) -> Refusal {
    Refusal::forbidden(Subject { group: RBAC, resource: asked.resource, name: text(object, "/metadata/name") }, why)
}

fn role(
    view: &dyn View,
    user: &User,
    asked: &Attributes<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    // Of an object that is to be made no name is known to the authorizer.
    let name = if asked.verb == "create" { "" } else { asked.name };
    let escalate = Attributes { verb: "escalate", subresource: "", name, ..*asked };
    if rbac::decide(view, user, &escalate).is_allowed() || old.is_some_and(|old| only_collected(object, old)) {
        return Ok(());
    }
    confirm(view, user, asked.namespace, &Rule::read_all(object)).map_err(|why| refused(asked, object, &why))?;
    // Who picks the roles to be gathered could gather anything.
    let aggregates = |role: &Value| role.get("aggregationRule").is_some_and(|rule| !rule.is_null());
    if aggregates(object) || old.is_some_and(aggregates) {
        let all = Rule::full_authority();
        let why = "must have cluster-admin privileges to use an aggregationRule";
        confirm(view, user, asked.namespace, &all).map_err(|_| refused(asked, object, why))?;
    }
    Ok(())
}

fn binding(
    view: &dyn View,
    user: &User,
    asked: &Attributes<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    if old.is_some_and(|old| only_collected(object, old)) {
        return Ok(());
    }
    let name = text(object, "/roleRef/name");
    let (resource, namespace) = match text(object, "/roleRef/kind") {
        "Role" => ("roles", asked.namespace),
        "ClusterRole" => ("clusterroles", ""),
        // Validation says what is wrong with it.
        _ => return Ok(()),
    };
    let bind = Attributes { verb: "bind", resource, subresource: "", name, ..*asked };
    if rbac::decide(view, user, &bind).is_allowed() {
        return Ok(());
    }
    let Some(role) = view.get(&format!("{RBAC}/{resource}"), namespace, name) else {
        return Err(Refusal::not_found(Subject { group: RBAC, resource, name }));
    };
    confirm(view, user, asked.namespace, &Rule::read_all(&role)).map_err(|why| refused(asked, object, &why))
}

/// Whether an update touches nothing but what the garbage collector needs: owners and finalizers, if anything.
fn only_collected(object: &Value, old: &Value) -> bool {
    let without = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["ownerReferences", "finalizers", "selfLink", "managedFields"] {
                metadata.remove(field);
            }
        }
        object
    };
    without(object) == without(old)
}

/// Whether someone holds all of these rules; the error is the text of the refusal.
fn confirm(view: &dyn View, user: &User, namespace: &str, rules: &[Rule]) -> Result<(), String> {
    let held = rbac::held(view, user, namespace);
    let error = held.error();
    let missing = merged(uncovered(&held.into_rules(), rules));
    if missing.is_empty() {
        return Ok(());
    }
    let mut missing: Vec<String> = missing.iter().map(Rule::compact).collect();
    missing.sort();
    missing.dedup();
    let mut why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        quoted(&user.groups),
        missing.join("\n"),
    );
    if let Some(error) = error {
        why = format!("{why}; resolution errors: [{error}]");
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;
    use crate::view::testing::Objects;

    const GRANT: &str = "is attempting to grant RBAC permissions not currently held:";

    fn rules(verbs: &[&str]) -> Value {
        json!([{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}])
    }

    fn view() -> Objects {
        let mut view = Objects::default();
        let roles = "rbac.authorization.k8s.io/clusterroles";
        view.add(roles, json!({"metadata": {"name": "reads"}, "rules": rules(&["get"])}));
        view.add(roles, json!({"metadata": {"name": "writes"}, "rules": rules(&["get", "update", "delete"])}));
        let bind = json!([{"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["bind"], "resourceNames": ["writes"]}]);
        view.add(roles, json!({"metadata": {"name": "binds"}, "rules": bind}));
        for (role, user) in [("reads", "jane"), ("binds", "bob")] {
            view.add(
                "rbac.authorization.k8s.io/clusterrolebindings",
                json!({"metadata": {"name": role}, "roleRef": {"kind": "ClusterRole", "name": role},
                    "subjects": [{"kind": "User", "name": user}]}),
            );
        }
        view
    }

    #[test]
    fn grants() {
        let view = view();
        let role = |verbs: &[&str]| json!({"metadata": {"name": "r", "namespace": "a"}, "rules": rules(verbs)});
        let binding = |to: &str| json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": to}});
        let gathers = json!({"metadata": {"name": "g"}, "aggregationRule": {"clusterRoleSelectors": []}});
        let missing = |verbs: &str| format!("{GRANT}\n{{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[{verbs}]}}");
        let cases = [
            ("jane", "roles", role(&["get"]), None, String::new()),
            (
                "jane",
                "roles",
                role(&["get", "list", "watch"]),
                None,
                format!(
                    "roles.{RBAC} \"r\" is forbidden: user \"jane\" (groups=[\"devs\" \"qa\"]) {}",
                    missing("\"list\" \"watch\"")
                ),
            ),
            ("jane", "roles", role(&["list"]), Some(role(&["list"])), String::new()),
            ("jane", "rolebindings", binding("reads"), None, String::new()),
            (
                "jane",
                "rolebindings",
                binding("writes"),
                None,
                format!(
                    "rolebindings.{RBAC} \"b\" is forbidden: user \"jane\" (groups=[\"devs\" \"qa\"]) {}",
                    missing("\"update\" \"delete\"")
                ),
            ),
            ("bob", "rolebindings", binding("writes"), None, String::new()),
            ("jane", "rolebindings", binding("no"), None, format!("clusterroles.{RBAC} \"no\" not found")),
            (
                "jane",
                "clusterroles",
                gathers,
                None,
                format!(
                    "clusterroles.{RBAC} \"g\" is forbidden: must have cluster-admin privileges to use an aggregationRule"
                ),
            ),
        ];
        for (user, resource, object, old, expect) in cases {
            let namespace = if resource.starts_with("cluster") { "" } else { "a" };
            let asked = Attributes { verb: "create", group: RBAC, resource, namespace, ..Attributes::default() };
            let user = User::new(user, &["devs", "qa"]);
            let said = check_escalation(&view, &user, &asked, &object, old.as_ref()).err();
            assert_eq!(said.map(|refusal| refusal.message).unwrap_or_default(), expect, "{user:?} {object}");
        }
    }
}
