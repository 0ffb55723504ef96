//! The Roles and bindings that every cluster begins with.
//!
//! A rule stands as `verbs | groups | resources | names`, or `verbs | paths`, a line each. `core` is the group
//! without a name, `READ`, `WRITE` and `ALL` are the usual verbs, `EVENTS` is the rule of who writes Events.

mod controllers;
mod roles;

use serde_json::{Map, Value, json};

use super::aggregate::aggregated;
use crate::object::{at, set, text};

/// A role with its labels for aggregation and its rules.
type Role = (&'static str, &'static str);

fn verbs(field: &str) -> Vec<&str> {
    match field {
        "READ" => vec!["get", "list", "watch"],
        "WRITE" => vec!["create", "delete", "deletecollection", "patch", "update"],
        "ALL" => vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        field => field.split_whitespace().collect(),
    }
}

fn rule(line: &str) -> Value {
    if line == "EVENTS" {
        return rule("create patch update | core events.k8s.io | events");
    }
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let words = |field: &str| field.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let groups = |field: &str| {
        field.split_whitespace().map(|group| if group == "core" { "" } else { group }.to_owned()).collect::<Vec<_>>()
    };
    match fields.as_slice() {
        [asked, paths] => json!({"nonResourceURLs": words(paths), "verbs": verbs(asked)}),
        [asked, of, resources] => {
            json!({"apiGroups": groups(of), "resources": words(resources), "verbs": verbs(asked)})
        }
        [asked, of, resources, names, ..] => json!({
            "apiGroups": groups(of), "resources": words(resources), "resourceNames": words(names), "verbs": verbs(asked),
        }),
        _ => Value::Null,
    }
}

fn rules(lines: &str) -> Vec<Value> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(rule).collect()
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let mut metadata = json!({
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "name": name,
    });
    if !namespace.is_empty() {
        set(&mut metadata, "namespace", namespace);
    }
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata})
}

fn cluster_role((name, lines): Role) -> Value {
    let mut role = object("ClusterRole", "", name);
    set(&mut role, "rules", rules(lines));
    role
}

/// A role that gathers the rules of others, which the label of another role may gather in turn.
fn gathering(name: &str) -> Value {
    let mut role = object("ClusterRole", "", name);
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
    let labels = Map::from_iter([(label, Value::from("true"))]);
    set(&mut role, "aggregationRule", json!({"clusterRoleSelectors": [{"matchLabels": labels}]}));
    role
}

fn label(role: &mut Value, to: &str) {
    role["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{to}")] = Value::from("true");
}

fn binding(namespace: &str, name: &str, (kind, role): (&str, &str), subjects: &str) -> Value {
    let of = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    let mut binding = object(of, namespace, name);
    set(&mut binding, "roleRef", json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}));
    let subjects: Vec<Value> = subjects
        .split_whitespace()
        .filter_map(|subject| subject.split_once('='))
        .map(|(kind, name)| match kind {
            "account" => json!({"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}),
            "user" => json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}),
            _ => json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}),
        })
        .collect();
    if !subjects.is_empty() {
        set(&mut binding, "subjects", subjects);
    }
    binding
}

/// Every role and binding that a new cluster has, with the key of its resource; rules are gathered already.
pub(crate) fn bootstrap() -> Vec<(&'static str, Value)> {
    let mut cluster_roles: Vec<Value> = roles::ROLES.iter().copied().map(cluster_role).collect();
    for role in &mut cluster_roles {
        let name = text(at(role, "metadata"), "name").to_owned();
        if let Some(to) = name.strip_prefix("system:aggregate-to-") {
            label(role, to);
        }
    }
    for (name, to) in [("admin", None), ("edit", Some("admin")), ("view", Some("edit"))] {
        let mut role = gathering(name);
        to.into_iter().for_each(|to| label(&mut role, to));
        cluster_roles.push(role);
    }
    let controllers = controllers::CONTROLLERS.iter();
    cluster_roles.extend(controllers.map(|(name, lines)| {
        let name = format!("system:controller:{name}");
        let mut role = object("ClusterRole", "", &name);
        set(&mut role, "rules", rules(lines));
        role
    }));
    cluster_roles.sort_by(|a, b| text(at(a, "metadata"), "name").cmp(text(at(b, "metadata"), "name")));
    // View before edit before admin, as each gathers the one before.
    for name in ["view", "edit", "admin"] {
        let at = cluster_roles.iter().position(|role| role["metadata"]["name"] == name);
        let gathered = at.and_then(|at| Some((at, aggregated(&cluster_roles[at], &cluster_roles)?)));
        if let Some((at, rules)) = gathered {
            set(&mut cluster_roles[at], "rules", rules);
        }
    }

    let mut all: Vec<(&'static str, Value)> = Vec::new();
    all.extend(cluster_roles.into_iter().map(|role| ("rbac.authorization.k8s.io/clusterroles", role)));
    let mut bindings: Vec<Value> = roles::BINDINGS
        .iter()
        .map(|(name, role, subjects)| binding("", name, ("ClusterRole", role), subjects))
        .collect();
    bindings.extend(controllers::CONTROLLERS.iter().map(|(name, _)| {
        let role = format!("system:controller:{name}");
        binding("", &role, ("ClusterRole", &role), &format!("account={name}"))
    }));
    all.extend(bindings.into_iter().map(|binding| ("rbac.authorization.k8s.io/clusterrolebindings", binding)));
    for (namespace, name, lines) in roles::NAMESPACED {
        let mut role = object("Role", namespace, name);
        set(&mut role, "rules", rules(lines));
        all.push(("rbac.authorization.k8s.io/roles", role));
    }
    for (namespace, name, role, subjects) in roles::NAMESPACED_BINDINGS {
        let binding = binding(namespace, name, ("Role", role), subjects);
        all.push(("rbac.authorization.k8s.io/rolebindings", binding));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::auth::rbac::{Attributes, decide};
    use crate::auth::{MASTERS, User};
    use crate::object::items;
    use crate::view::testing::Objects;

    #[test]
    fn everything_has_rules_that_read_well() {
        let mut names = std::collections::BTreeSet::new();
        for (key, object) in bootstrap() {
            let name = text(at(&object, "metadata"), "name").to_owned();
            for rule in items(&object, "rules") {
                assert!(!items(rule, "verbs").is_empty(), "{name}: {rule}");
                assert!(
                    !items(rule, "resources").is_empty() || !items(rule, "nonResourceURLs").is_empty(),
                    "{name}: {rule}"
                );
            }
            assert!(key.ends_with("bindings") || !items(&object, "rules").is_empty(), "{name} has no rules");
            assert!(
                names.insert((key, text(at(&object, "metadata"), "namespace").to_owned(), name)),
                "twice: {object}"
            );
        }
    }

    #[test]
    fn what_the_first_roles_allow() {
        let mut view = Objects::default();
        for (key, object) in bootstrap() {
            view.add(key, object);
        }
        for (name, role) in [("ed", "edit"), ("ad", "admin"), ("vi", "view")] {
            view.add(
                "rbac.authorization.k8s.io/rolebindings",
                json!({"metadata": {"name": name, "namespace": "a"}, "roleRef": {"kind": "ClusterRole", "name": role},
                    "subjects": [{"kind": "User", "name": name}]}),
            );
        }
        let anonymous = User::new("system:anonymous", &["system:unauthenticated"]);
        let known = User::new("x", &["system:authenticated"]);
        let paths = [
            (&anonymous, "/version", true),
            (&anonymous, "/readyz", true),
            (&anonymous, "/api", false),
            (&anonymous, "/openapi/v3", false),
            (&known, "/api", true),
            (&known, "/apis/apps/v1", true),
            (&known, "/openapi/v3", true),
            (&known, "/metrics", false),
        ];
        for (user, path, expect) in paths {
            assert_eq!(decide(&view, user, &Attributes::path("get", path)).is_allowed(), expect, "{user:?} {path}");
        }
        let cases = [
            ("vi", "get", "", "pods", true),
            ("vi", "get", "", "secrets", false),
            ("vi", "create", "", "pods", false),
            ("ed", "create", "apps", "deployments", true),
            ("ed", "get", "", "secrets", true),
            ("ed", "create", "rbac.authorization.k8s.io", "roles", false),
            ("ad", "create", "rbac.authorization.k8s.io", "roles", true),
            ("ad", "get", "", "pods", true),
            ("ad", "update", "", "resourcequotas", false),
        ];
        for (name, verb, group, resource, expect) in cases {
            let asked = Attributes { verb, group, resource, namespace: "a", ..Attributes::default() };
            let user = User::new(name, &[]);
            assert_eq!(decide(&view, &user, &asked).is_allowed(), expect, "{asked:?}");
        }
        let root = User::new("root", &[MASTERS]);
        assert!(decide(&view, &root, &Attributes::path("post", "/x")).is_allowed());
    }
}
