//! The roles of Kubernetes that a kubeconfig needs for the rules in effect, and nothing beyond what RBAC can say.
//!
//! RBAC knows no patterns: a group, resource or name that is one becomes all of them, a namespace that is one
//! a ClusterRole, and each such place is told. A server-side apply is authorised as `patch`, and as `create`
//! of that name where there is no such object yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{CLUSTER, CORE, KubeScope, Verb};
use crate::capability::grant::Effective;
use crate::capability::names::Names;
use crate::capability::rule::{Rule, Scope};

/// Roles to apply, and where they allow more than the rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rbac {
    /// Objects of `rbac.authorization.k8s.io/v1`.
    pub roles: Vec<Json>,
    /// What RBAC cannot say as narrowly, in plain words.
    pub wider: BTreeSet<String>,
}

/// The roles that a plugin's rules need, each called `name`.
pub fn rbac(effective: &Effective, name: &str) -> Rbac {
    let mut said = Rbac::default();
    // By namespace; none is the ClusterRole.
    let mut needed: BTreeMap<Option<String>, Vec<Json>> = BTreeMap::new();
    for rule in &effective.rules {
        let Scope::Kube(scope) = &rule.scope else { continue };
        let namespaces = exact(&scope.namespaces).filter(|namespaces| !namespaces.contains(CLUSTER));
        let places: Vec<Option<String>> = match namespaces {
            Some(namespaces) => namespaces.into_iter().map(Some).collect(),
            None => {
                let only_cluster = exact(&scope.namespaces).is_some_and(|names| names.len() == 1);
                if !scope.namespaces.is_any() && !only_cluster {
                    tell(&mut said, rule, "namespaces", &scope.namespaces, "a ClusterRole is for all of them");
                }
                vec![None]
            }
        };
        let permissions = permissions(rule, scope, &mut said);
        for place in places {
            let of_place = needed.entry(place).or_default();
            of_place.extend(
                permissions.iter().filter(|permission| !of_place.contains(permission)).cloned().collect::<Vec<_>>(),
            );
        }
    }
    said.roles = needed.into_iter().map(|(namespace, rules)| role(name, namespace, &rules)).collect();
    said
}

fn role(name: &str, namespace: Option<String>, rules: &[Json]) -> Json {
    let (kind, metadata) = match namespace {
        Some(namespace) => ("Role", json!({"name": name, "namespace": namespace})),
        None => ("ClusterRole", json!({"name": name})),
    };
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules})
}

fn permissions(rule: &Rule, scope: &KubeScope, said: &mut Rbac) -> Vec<Json> {
    let mut all_or = |field: &'static str, names: &Names| {
        exact(names).map_or_else(
            || {
                if !names.is_any() {
                    tell(said, rule, field, names, "RBAC knows no patterns");
                }
                BTreeSet::from(["*".to_owned()])
            },
            |names| names.into_iter().map(|name| if name == CORE { String::new() } else { name }).collect(),
        )
    };
    let (groups, resources) = (all_or("groups", &scope.groups), exact(&scope.resources));
    let resources = resources.unwrap_or_else(|| all_or("resources", &scope.resources));
    let names = exact(&scope.names);
    if names.is_none() && !scope.names.is_any() {
        tell(said, rule, "names", &scope.names, "RBAC knows no patterns");
    }
    // By whether a name can be said of the request.
    let (mut named, mut nameless) = (BTreeSet::new(), BTreeSet::new());
    for verb in &scope.verbs {
        match verb {
            Verb::Get => named.extend(["get"]),
            Verb::List => nameless.extend(["list"]),
            Verb::DryRun | Verb::Apply => named.extend(["create", "get", "patch"]),
            Verb::Create => nameless.extend(["create"]),
            Verb::Delete => named.extend(["delete"]),
        }
    }
    let permission = |verbs: &BTreeSet<&str>| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let Some(names) = names else {
        named.extend(nameless);
        return vec![permission(&named)];
    };
    let mut permissions = Vec::new();
    if !named.is_empty() {
        let mut of_names = permission(&named);
        of_names["resourceNames"] = json!(names);
        permissions.push(of_names);
    }
    if !nameless.is_empty() {
        permissions.push(permission(&nameless));
    }
    permissions
}

fn tell(said: &mut Rbac, rule: &Rule, field: &str, names: &Names, why: &str) {
    said.wider.insert(format!("rule `{}` has {field} {names}, and {why}", rule.id));
}

/// The names without a pattern among them; of several sets, the first that is so.
fn exact(names: &Names) -> Option<BTreeSet<String>> {
    let plain = |set: &BTreeSet<super::super::names::Name>| {
        set.iter()
            .map(|name| Some(name.to_string()).filter(|name| !name.contains('*')))
            .collect::<Option<BTreeSet<String>>>()
    };
    let found = names.sets().find_map(plain)?;
    // Another set may have fewer of them.
    Some(found.into_iter().filter(|name| names.allow(name)).collect())
}
