//! ClusterRoles whose rules are the sum of others'.

use serde_json::json;

use super::api::{Change, Key, Resource};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const ROLES: Resource = Resource::of("rbac.authorization.k8s.io", "clusterroles");

/// Sums up the rules.
#[derive(Debug)]
pub(super) struct Aggregation;

impl Controller for Aggregation {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == ROLES {
            for role in picks.api.list(&ROLES, None) {
                if role.pointer("/aggregationRule").is_some_and(|rule| !rule.is_null()) {
                    picks.add(Key::to(&ROLES, &role));
                }
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((_, role)) = super::fetch(desk, key) else { return Ok(()) };
        let all = desk.api.list(&ROLES, None);
        let Some(rules) = crate::auth::aggregated(&role, &all) else { return Ok(()) };
        let config = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": key.name}, "rules": rules,
        });
        desk.api.apply(&ROLES, config, "clusterrole-aggregation-controller")?;
        Ok(())
    }
}
