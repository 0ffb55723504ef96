//! Where the operator runs, and what it looks at.

use serde_json::Value;

use crate::controllers::api::Api;
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::object::{integer, is_deleted, items, namespace, text};

/// The image's name, behind its registry and before its tag.
const IMAGE: &str = "cloudnative-pg";

/// The container of the operator in a Deployment.
fn container(deployment: &Value) -> Option<&Value> {
    items(deployment, "/spec/template/spec/containers").iter().find(|container| {
        let image = text(container, "/image").split('@').next().unwrap_or_default();
        image.rsplit('/').next().and_then(|last| last.split(':').next()) == Some(IMAGE)
    })
}

/// Does a Deployment run the operator, ready or not?
pub(super) fn runs(deployment: &Value) -> bool {
    container(deployment).is_some()
}

/// Does an operator that is up look at a namespace?
pub(super) fn is_up(api: &dyn Api, place: &str) -> bool {
    let is_up = |deployment: &Value| {
        let up = !is_deleted(deployment) && integer(deployment, "/status/availableReplicas") > Some(0);
        up && container(deployment).is_some_and(|container| looks_at(deployment, container, place))
    };
    api.list(&DEPLOYMENTS, None).iter().any(|deployment| is_up(deployment))
}

/// `WATCH_NAMESPACE` names the namespaces, all of them where it is not there.
fn looks_at(deployment: &Value, container: &Value, place: &str) -> bool {
    let watched = items(container, "/env").iter().find(|variable| text(variable, "/name") == "WATCH_NAMESPACE");
    let value = watched.map(|variable| match text(variable, "/valueFrom/fieldRef/fieldPath") {
        "metadata.namespace" => namespace(deployment),
        _ => text(variable, "/value"),
    });
    value.is_none_or(|names| names.is_empty() || names.split(',').any(|name| name.trim() == place))
}
