//! ClusterRoles that gather the rules of others (`aggregationRule`).

use std::borrow::Borrow;

use serde_json::Value;

use crate::kinds::labels::selects;
use crate::object::{at, items, text};

/// The rules that an aggregating ClusterRole is to have, if they are others than it has. `roles` are all
/// ClusterRoles, sorted by name. Nothing is returned for a role that gathers nothing.
pub(crate) fn aggregated(role: &Value, roles: &[impl Borrow<Value>]) -> Option<Vec<Value>> {
    let aggregation = at(role, "aggregationRule");
    if aggregation.is_null() {
        return None;
    }
    let metadata = |role| at(role, "metadata");
    let own = text(metadata(role), "name");
    let mut rules: Vec<Value> = Vec::new();
    for selector in items(aggregation, "clusterRoleSelectors") {
        let others = roles.iter().map(Borrow::borrow).filter(|other| text(metadata(other), "name") != own);
        for other in others.filter(|other| selects(selector, at(metadata(other), "labels"))) {
            for rule in items(other, "rules") {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    (items(role, "rules") != rules).then_some(rules)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn gathers() {
        let rule = |resource: &str| json!({"verbs": ["get"], "apiGroups": [""], "resources": [resource]});
        let mut gathering = json!({
            "metadata": {"name": "all", "labels": {"to": "all"}}, "rules": [rule("old")],
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "all"}}, {"matchLabels": {"too": "x"}}]}
        });
        let roles = [
            json!({"metadata": {"name": "a", "labels": {"to": "all", "too": "x"}}, "rules": [rule("pods")]}),
            gathering.clone(),
            json!({"metadata": {"name": "b", "labels": {"too": "x"}}, "rules": [rule("pods"), rule("nodes")]}),
            json!({"metadata": {"name": "c"}, "rules": [rule("secrets")]}),
        ];
        assert_eq!(aggregated(&gathering, &roles), Some(vec![rule("pods"), rule("nodes")]));
        gathering["rules"] = json!([rule("pods"), rule("nodes")]);
        assert_eq!(aggregated(&gathering, &roles), None);
        assert_eq!(aggregated(&roles[0], &roles), None);
    }
}
