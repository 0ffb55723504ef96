//! STS: who a key belongs to, and sessions of a user.

use serde::{Deserialize, Serialize};

use super::api::{Dispatch, Operation, Surface};
use super::context::Context;
use super::form::Form;
use super::iam::model::{identifier, secret};
use super::protocol::Protocol;
use super::refusal::Refusal;
use super::regions;
use super::xml::Element;
use crate::clock::date;
use crate::entropy;
use crate::service::Answer;

/// Where the store keeps sessions, by their access key id.
pub(super) const SESSIONS: &str = "aws.sts.sessions";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How long a session of a user may last, in seconds.
const SHORTEST: usize = 900;
const LONGEST: usize = 129_600;
const DEFAULT: usize = 43_200;

const OPERATIONS: &[Operation] = &[
    Operation::read("GetCallerIdentity", identity),
    Operation::read("GetAccessKeyInfo", key_info),
    Operation::write("GetSessionToken", session),
];

/// Temporary credentials; they expire in real time, as dates do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) expires_ms: u64,
}

/// The service.
pub(super) fn api() -> Surface {
    let mut hosts = vec!["sts.amazonaws.com".to_owned()];
    hosts.extend(regions::hosts("sts"));
    Surface {
        name: "sts",
        protocol: Protocol::Xml { namespace: NAMESPACE },
        hosts,
        global: false,
        dispatch: Dispatch::Query("2011-06-15", OPERATIONS),
        per_second: 0,
    }
}

/// Needs no permission, as with AWS.
fn identity(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let result = Element::new("GetCallerIdentityResult")
        .with_text("Arn", context.caller.arn(context.account))
        .with_text("UserId", &context.caller.user.id)
        .with_text("Account", &context.account.id);
    Ok(context.query("GetCallerIdentity", NAMESPACE, Some(result)))
}

fn key_info(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("sts:GetAccessKeyInfo", None)?;
    let result = Element::new("GetAccessKeyInfoResult").with_text("Account", &context.account.id);
    Ok(context.query("GetAccessKeyInfo", NAMESPACE, Some(result)))
}

fn session(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    if context.caller.session {
        let message = "Cannot call GetSessionToken with session credentials";
        return Err(Refusal::forbidden("AccessDenied", message));
    }
    let form = Form(context.call.form());
    let seconds = form.number("DurationSeconds", DEFAULT, SHORTEST..=LONGEST)?;
    let id = identifier("ASIA", 16)?;
    let session = Session {
        user: context.caller.user.name.clone(),
        secret: secret()?,
        token: entropy::pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 356)?,
        expires_ms: context.now.real_ms.saturating_add(seconds as u64 * 1000),
    };
    context.transaction.put(SESSIONS, &id, &session)?;
    let credentials = Element::new("Credentials")
        .with_text("AccessKeyId", id)
        .with_text("SecretAccessKey", &session.secret)
        .with_text("SessionToken", &session.token)
        .with_text("Expiration", date(session.expires_ms));
    let result = Element::new("GetSessionTokenResult").with(credentials);
    Ok(context.query("GetSessionToken", NAMESPACE, Some(result)))
}
