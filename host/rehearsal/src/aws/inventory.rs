//! What the account has, without ids, times and secrets.

use serde_json::{Value, json};

use super::account::{OPERATOR, number};
use super::iam::model::{AccessKey, KEYS, ManagedPolicy, POLICIES, USERS, User};
use super::realm::Realm;
use super::route53::Shown;
use super::{kms, route53, s3, ssm};
use crate::store::Documents;

/// Everything that exists; the operator, who always does, is left out.
pub(crate) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let zones = route53::inventory(documents)?;
    let mut value = json!({
        "hosted_zones": zones.iter().map(|shown| shown.value.clone()).collect::<Vec<_>>(),
        "health_checks": route53::health_checks(documents)?,
        "parameters": ssm::inventory(documents)?,
        "users": users(documents)?,
        "policies": policies(documents)?,
        "keys": kms::inventory(documents)?,
        "buckets": s3::inventory(documents, Realm::Aws)?,
    });
    // Policies and aliases name zones and the account: what is random in them is told by what it means.
    let mut names: Vec<(String, String)> =
        zones.into_iter().map(|Shown { id, name, .. }| (id, format!("«zone {name}»"))).collect();
    names.extend(number(documents)?.map(|account| (account, "«account»".to_owned())));
    replace(&mut value, &names);
    Ok(value)
}

fn users(documents: &Documents) -> Result<Vec<Value>, serde_json::Error> {
    let users: Vec<User> = documents.list(USERS)?;
    let keys: Vec<AccessKey> = documents.list(KEYS)?;
    let shown = users.iter().filter(|user| user.name != OPERATOR).map(|user| {
        let states =
            keys.iter().filter(|key| key.user == user.name).map(|key| if key.active { "active" } else { "inactive" });
        json!({
            "name": user.name,
            "path": user.path,
            "inline_policies": user.inline,
            "attached_policies": user.attached,
            "permissions_boundary": user.boundary,
            "tags": user.tags,
            "access_keys": states.collect::<Vec<_>>(),
        })
    });
    Ok(shown.collect())
}

fn policies(documents: &Documents) -> Result<Vec<Value>, serde_json::Error> {
    let policies: Vec<ManagedPolicy> = documents.list(POLICIES)?;
    let shown = policies.iter().map(|policy| {
        json!({
            "name": policy.name,
            "path": policy.path,
            "description": policy.description,
            "document": policy.document(),
            "tags": policy.tags,
        })
    });
    Ok(shown.collect())
}

fn replace(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (random, meant) in names {
                if text.contains(random.as_str()) {
                    *text = text.replace(random.as_str(), meant);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, names)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
