//! Who may do what: budgets, bindings, certificates, admission.

use serde_json::{Value, json};

use super::age::{age, human};
use super::label::{or, or_none, selector};
use super::{AGE, NAME, Table, integer, text, wide};
use crate::controllers::object::{integer as number, items, name, text as at};

pub(super) static POD_DISRUPTION_BUDGET: Table = Table {
    columns: &[NAME, text("Min Available"), text("Max Unavailable"), integer("Allowed Disruptions"), AGE],
    cells: |object, now| {
        let bound = |field: &str| match object.pointer(field) {
            Some(Value::String(text)) => json!(text),
            Some(Value::Number(number)) => json!(number.to_string()),
            _ => json!("N/A"),
        };
        vec![
            json!(name(object)),
            bound("/spec/minAvailable"),
            bound("/spec/maxUnavailable"),
            json!(number(object, "/status/disruptionsAllowed").unwrap_or_default()),
            age(object, now),
        ]
    },
};

pub(super) static BINDING: Table = Table {
    columns: &[NAME, text("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")],
    cells: |object, now| {
        let subjects = |kind: &str| {
            let all = items(object, "/subjects").iter().filter(|subject| at(subject, "/kind") == kind);
            let names = all.map(|subject| match at(subject, "/namespace") {
                namespace if kind == "ServiceAccount" && !namespace.is_empty() => {
                    format!("{namespace}/{}", at(subject, "/name"))
                }
                _ => at(subject, "/name").to_owned(),
            });
            json!(names.collect::<Vec<_>>().join(", "))
        };
        vec![
            json!(name(object)),
            json!(format!("{}/{}", at(object, "/roleRef/kind"), at(object, "/roleRef/name"))),
            age(object, now),
            subjects("User"),
            subjects("Group"),
            subjects("ServiceAccount"),
        ]
    },
};

pub(super) static CERTIFICATE_SIGNING_REQUEST: Table = Table {
    columns: &[NAME, AGE, text("SignerName"), text("Requestor"), text("RequestedDuration"), text("Condition")],
    cells: |object, now| {
        let has = |kind: &str| items(object, "/status/conditions").iter().any(|held| at(held, "/type") == kind);
        let mut status = match () {
            () if has("Denied") => "Denied".to_owned(),
            () if has("Approved") => "Approved".to_owned(),
            () => "Pending".to_owned(),
        };
        if has("Failed") {
            status.push_str(",Failed");
        }
        if !at(object, "/status/certificate").is_empty() {
            status.push_str(",Issued");
        }
        let duration = number(object, "/spec/expirationSeconds").map(human).unwrap_or_default();
        vec![
            json!(name(object)),
            age(object, now),
            json!(or_none(at(object, "/spec/signerName").to_owned())),
            json!(at(object, "/spec/username")),
            json!(or_none(duration)),
            json!(status),
        ]
    },
};

pub(super) static WEBHOOKS: Table = Table {
    columns: &[NAME, integer("Webhooks"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(items(object, "/webhooks").len()), age(object, now)],
};

fn parameters(object: &Value) -> Value {
    let kind = object.pointer("/spec/paramKind").filter(|kind| !kind.is_null());
    let kind = kind.map(|kind| format!("{}/{}", at(kind, "/apiVersion"), at(kind, "/kind")));
    json!(or(kind.unwrap_or_default(), "<unset>"))
}

pub(super) static VALIDATING_POLICY: Table = Table {
    columns: &[NAME, integer("Validations"), text("ParamKind"), AGE],
    cells: |object, now| {
        let rules = items(object, "/spec/validations").len();
        vec![json!(name(object)), json!(rules), parameters(object), age(object, now)]
    },
};

pub(super) static MUTATING_POLICY: Table = Table {
    columns: &[NAME, integer("Mutations"), text("ParamKind"), AGE],
    cells: |object, now| {
        let rules = items(object, "/spec/mutations").len();
        vec![json!(name(object)), json!(rules), parameters(object), age(object, now)]
    },
};

pub(super) static POLICY_BINDING: Table = Table {
    columns: &[NAME, text("PolicyName"), text("ParamRef"), AGE],
    cells: |object, now| {
        let reference = object.pointer("/spec/paramRef").filter(|reference| !reference.is_null());
        let reference = reference.map(|reference| match (at(reference, "/namespace"), at(reference, "/name")) {
            (_, "") => selector(reference.pointer("/selector")),
            ("", name) => format!("*/{name}"),
            (namespace, name) => format!("{namespace}/{name}"),
        });
        let reference = or(reference.unwrap_or_default(), "<unset>");
        vec![json!(name(object)), json!(at(object, "/spec/policyName")), json!(reference), age(object, now)]
    },
};
