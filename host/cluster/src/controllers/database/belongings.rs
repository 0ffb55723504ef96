//! What a Cluster has beside its instances: Services, an account for its Pods, budgets, and Secrets.

use serde_json::{Value, json};

use super::{ROLE, put, secret};
use crate::controllers::Desk;
use crate::controllers::api::{Deletion, Key, Resource};
use crate::controllers::endpoints::SERVICES;
use crate::controllers::object::{integer, items, name, namespace};
use crate::status::Refusal;

const ACCOUNTS: Resource = Resource::of("", "serviceaccounts");
const BUDGETS: Resource = Resource::of("policy", "poddisruptionbudgets");
const ROLES: Resource = Resource::of("rbac.authorization.k8s.io", "roles");
const BINDINGS: Resource = Resource::of("rbac.authorization.k8s.io", "rolebindings");

/// Makes whatever of it is not there.
pub(super) fn put_all(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    account(cluster, desk)?;
    services(cluster, desk)?;
    budgets(cluster, desk)?;
    secret::put_all(cluster, desk)
}

/// Pods read their own Cluster and its Secrets as this account.
fn account(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let title = name(cluster);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": title}});
    put(&ACCOUNTS, cluster, account, desk)?;
    let rule = |group: &str, resources: &[&str], names: &[String], verbs: &[&str]| {
        let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    let own = [title.to_owned()];
    let secrets: Vec<String> =
        ["replication", "server", "ca", "app", "superuser"].map(|part| format!("{title}-{part}")).to_vec();
    let group = super::GROUP;
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": title},
        "rules": [
            rule("", &["secrets"], &secrets, &["get", "watch"]),
            rule(group, &["clusters"], &own, &["get", "list", "watch"]),
            rule(group, &["clusters/status"], &own, &["get", "patch", "update", "watch"]),
            rule(group, &["backups"], &[], &["delete", "get", "list", "watch"]),
            rule(group, &["backups/status"], &[], &["get", "patch", "update"]),
            rule("", &["events"], &[], &["create", "patch"]),
        ],
    });
    put(&ROLES, cluster, role, desk)?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": title},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": title},
        "subjects": [{"kind": "ServiceAccount", "name": title, "namespace": namespace(cluster)}],
    });
    put(&BINDINGS, cluster, binding, desk)
}

fn services(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let off = items(cluster, "/spec/managed/services/disabledDefaultServices");
    let own = name(cluster);
    for (part, label, role) in [("rw", ROLE, "primary"), ("ro", ROLE, "replica"), ("r", "cnpg.io/podRole", "instance")]
    {
        if off.iter().any(|off| off == part) {
            continue;
        }
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("{own}-{part}")},
            "spec": {
                "type": "ClusterIP", "selector": {"cnpg.io/cluster": own, label: role},
                "ports": [{"name": "postgres", "port": 5432, "protocol": "TCP", "targetPort": 5432}],
            },
        });
        put(&SERVICES, cluster, service, desk)?;
    }
    Ok(())
}

/// A drained node waits for the primary, and leaves a standby.
fn budgets(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let on = cluster.pointer("/spec/enablePDB") != Some(&Value::Bool(false));
    let instances = integer(cluster, "/spec/instances").unwrap_or(1);
    let own = name(cluster);
    for (title, role, least, wanted) in
        [(format!("{own}-primary"), "primary", 1, on), (own.to_owned(), "replica", instances - 2, on && instances > 2)]
    {
        let key = Key::new(&BUDGETS, namespace(cluster), &title);
        if !wanted {
            if desk.api.get(&key).is_some_and(|budget| super::is_of(&budget, cluster)) {
                desk.api.delete(&key, &Deletion::default())?;
            }
            continue;
        }
        let budget = json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": title},
            "spec": {"minAvailable": least, "selector": {"matchLabels": {"cnpg.io/cluster": own, ROLE: role}}},
        });
        match desk.api.get(&key) {
            Some(there) if integer(&there, "/spec/minAvailable") != Some(least) => {
                let mut there = Value::clone(&there);
                there["spec"]["minAvailable"] = json!(least);
                desk.api.update(&BUDGETS, "", there, super::MANAGER)?;
            }
            Some(_) => {}
            None => put(&BUDGETS, cluster, budget, desk)?,
        }
    }
    Ok(())
}
