//! `/v2/account`.

use http::{Method, StatusCode};
use serde_json::json;

use super::answer::Refusal;
use super::{Context, Handler};
use crate::routes::Route;
use crate::service::Answer;

/// The address of the account's owner, who is also the admin of its clusters.
pub(super) const EMAIL: &str = "sammy@rehearsal.invalid";

/// The routes of the account.
pub(super) fn routes() -> Vec<Route<Handler>> {
    vec![Route { method: Method::GET, template: "/v2/account", handler: get }]
}

fn get(_: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let account = json!({
        "droplet_limit": 100,
        "floating_ip_limit": 5,
        "email": EMAIL,
        "name": "Rehearsal",
        "uuid": "0b6f89db0f6d9156cace5f3c78dc9851d957381e",
        "email_verified": true,
        "status": "active",
        "status_message": "",
        "team": { "uuid": "5df3e3004a17e242b7c20ca6c9fc25b701a47ece", "name": "Rehearsal" },
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "account": account })))
}
