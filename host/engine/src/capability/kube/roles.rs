//! Roles that would undo the rules: whoever holds them can do in the cluster what no rule allows.
//!
//! A role is a list of permissions (`rbac.authorization.k8s.io`), each of groups, resources and verbs in which
//! `*` is all. What they allow is worked out, not matched by word: `*` on a custom resource of one's own is
//! ordinary, `*` on roles is the right to have every right.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::value::Value;

/// What a role may allow that its holder could undo the rules with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escalation {
    /// Every resource of the core group, or of all groups.
    All,
    /// Giving roles to somebody that the giver has not got.
    Bind,
    /// Writing roles that allow what the writer may not do.
    Escalate,
    /// Acting as another user, group or service account.
    Impersonate,
    /// Running commands in containers, or joining them.
    Exec,
    /// Reaching nodes, pods and services through the API server.
    Proxy,
    /// Making tokens of service accounts.
    Token,
    /// Taking in other roles by their labels.
    Aggregate,
    /// Binding the role `cluster-admin`.
    ClusterAdmin,
}

impl Escalation {
    /// As rules name them.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("all", Self::All),
        ("bind", Self::Bind),
        ("escalate", Self::Escalate),
        ("impersonate", Self::Impersonate),
        ("exec", Self::Exec),
        ("proxy", Self::Proxy),
        ("token", Self::Token),
        ("aggregate", Self::Aggregate),
        ("cluster-admin", Self::ClusterAdmin),
    ];
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(_, escalation)| escalation == self).map_or("", |(word, _)| *word);
        f.pad(word)
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// What an object would let its holder do of this. Something that is no role lets nobody do anything; a role
/// whose shape cannot be read lets its holder do all.
pub(super) fn escalations(group: &str, resource: &str, object: &Value) -> BTreeSet<Escalation> {
    match (group, resource) {
        (RBAC, "roles" | "clusterroles") => role(object),
        (RBAC, "rolebindings" | "clusterrolebindings") => binding(object),
        _ => BTreeSet::new(),
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let Value::Map(map) = value.peek() else { return None };
    map.get(name).filter(|value| !matches!(value.peek(), Value::Null))
}

fn binding(object: &Value) -> BTreeSet<Escalation> {
    let name = member(object, "roleRef").and_then(|role| member(role, "name")).and_then(Value::as_str);
    match name {
        Some("cluster-admin") | None => BTreeSet::from([Escalation::ClusterAdmin]),
        Some(_) => BTreeSet::new(),
    }
}

fn role(object: &Value) -> BTreeSet<Escalation> {
    let mut found = BTreeSet::new();
    if member(object, "aggregationRule").is_some() {
        found.insert(Escalation::Aggregate);
    }
    match member(object, "rules").map(Value::peek) {
        None => {}
        Some(Value::List(rules)) => rules.iter().for_each(|rule| permission(rule, &mut found)),
        Some(_) => found.extend(Escalation::WORDS.map(|(_, escalation)| escalation)),
    }
    found
}

/// A list of texts; none where it is something else, which may mean anything.
fn texts<'v>(rule: &'v Value, name: &str) -> Option<Vec<&'v str>> {
    match member(rule, name).map(Value::peek) {
        None => Some(Vec::new()),
        Some(Value::List(items)) => items.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

fn permission(rule: &Value, found: &mut BTreeSet<Escalation>) {
    let (Some(groups), Some(resources), Some(verbs)) =
        (texts(rule, "apiGroups"), texts(rule, "resources"), texts(rule, "verbs"))
    else {
        found.extend(Escalation::WORDS.map(|(_, escalation)| escalation));
        return;
    };
    let in_group = |group: &str| groups.iter().any(|of| *of == "*" || *of == group);
    let on = |resource: &str| resources.iter().any(|of| *of == "*" || *of == resource);
    // `pods/exec` is also `*/exec`; a `*` alone is that as well.
    let below = |owners: &[&str], part: &str| {
        owners.iter().any(|owner| on(&format!("{owner}/{part}"))) || on(&format!("*/{part}")) || on("*/*")
    };
    let may = |verb: &str| verbs.iter().any(|of| *of == "*" || *of == verb);
    let mut add = |holds: bool, escalation| {
        if holds {
            found.insert(escalation);
        }
    };
    let (core, any_verb) = (in_group(""), !verbs.is_empty());
    // All that is read of all groups is secrets too.
    add(core && resources.contains(&"*") && any_verb, Escalation::All);
    let roles = in_group(RBAC) && (on("roles") || on("clusterroles"));
    add(roles && may("bind"), Escalation::Bind);
    add(roles && may("escalate"), Escalation::Escalate);
    let people = core && ["users", "groups", "serviceaccounts"].into_iter().any(on);
    let claims = in_group("authentication.k8s.io")
        && resources.iter().any(|of| *of == "*" || *of == "uids" || of.starts_with("userextras"));
    add((people || claims) && may("impersonate"), Escalation::Impersonate);
    let enters = ["exec", "attach", "ephemeralcontainers"].into_iter().any(|part| below(&["pods"], part));
    add(core && any_verb && enters, Escalation::Exec);
    let reaches = below(&["pods", "services", "nodes"], "proxy") || below(&["pods"], "portforward");
    add(core && any_verb && reaches, Escalation::Proxy);
    add(core && any_verb && below(&["serviceaccounts"], "token"), Escalation::Token);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn of(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Vec<String> {
        let rule = json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        words("clusterroles", json!({"rules": [rule]}))
    }

    fn words(resource: &str, object: Json) -> Vec<String> {
        escalations(RBAC, resource, &Value::from(object)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ordinary_roles_of_charts_escalate_nothing() {
        for (groups, resources, verbs) in [
            (&[""][..], &["secrets", "configmaps", "pods/log"][..], &["*"][..]),
            (&["monitoring.coreos.com"], &["*"], &["*"]),
            (&["cert-manager.io"], &["signers"], &["approve"]),
            (&["certificates.k8s.io"], &["signers"], &["sign"]),
            (&["apps"], &["deployments", "deployments/scale"], &["get", "patch"]),
            (&[RBAC], &["roles", "rolebindings"], &["get", "create"]),
            (&[""], &["nodes/metrics", "serviceaccounts"], &["get"]),
        ] {
            assert!(of(groups, resources, verbs).is_empty(), "{groups:?} {resources:?} {verbs:?}");
        }
        assert!(words("rolebindings", json!({"roleRef": {"kind": "Role", "name": "edit"}})).is_empty());
        assert!(escalations("apps", "deployments", &Value::from(json!({"rules": "x"}))).is_empty());
    }

    #[test]
    fn rt16_what_undoes_the_rules_is_found_however_it_is_written() {
        type Words = &'static [&'static str];
        let cases: [(Words, Words, Words, &str); 13] = [
            (&["*"], &["*"], &["*"], "all bind escalate impersonate exec proxy token"),
            (&[""], &["*"], &["get"], "all exec proxy token"),
            (&[RBAC], &["*"], &["*"], "bind escalate"),
            (&[RBAC], &["clusterroles"], &["bind"], "bind"),
            (&["*"], &["roles"], &["escalate"], "escalate"),
            (&["", "apps"], &["serviceaccounts"], &["impersonate"], "impersonate"),
            (&["authentication.k8s.io"], &["userextras/scopes"], &["*"], "impersonate"),
            (&[""], &["pods/exec"], &["create"], "exec"),
            (&[""], &["*/attach"], &["get"], "exec"),
            (&[""], &["pods/ephemeralcontainers"], &["patch"], "exec"),
            (&[""], &["nodes/proxy"], &["get"], "proxy"),
            (&[""], &["pods/portforward"], &["create"], "proxy"),
            (&[""], &["serviceaccounts/token"], &["create"], "token"),
        ];
        for (groups, resources, verbs, expected) in cases {
            assert_eq!(of(groups, resources, verbs).join(" "), expected, "{groups:?} {resources:?} {verbs:?}");
        }
        assert_eq!(words("clusterroles", json!({"aggregationRule": {"clusterRoleSelectors": []}})), ["aggregate"]);
        assert_eq!(words("clusterrolebindings", json!({"roleRef": {"name": "cluster-admin"}})), ["cluster-admin"]);
        assert_eq!(words("rolebindings", json!({})), ["cluster-admin"]);
        assert_eq!(words("roles", json!({"rules": "all of it"})).len(), Escalation::WORDS.len());
        assert_eq!(words("roles", json!({"rules": [{"verbs": "*"}]})).len(), Escalation::WORDS.len());
    }
}
