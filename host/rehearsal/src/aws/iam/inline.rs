//! Inline policies of users.

use super::{done, keep, name, pages, result, user};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::policy::Policy;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::encode;
use crate::aws::xml::Element;
use crate::service::Answer;

/// What the inline policies of a user may come to, without white space.
const SIZE: usize = 2048;
/// The longest name of a policy.
pub(super) const NAME: usize = 128;

/// A policy's length as its limits count it.
pub(super) fn length(document: &str) -> usize {
    document.chars().filter(|char| !char.is_whitespace()).count()
}

/// A document that IAM takes, or its message.
pub(super) fn check(document: &str) -> Result<(), Refusal> {
    Policy::parse(document).map(drop).map_err(|why| Refusal::bad("MalformedPolicyDocument", why))
}

pub(super) fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let (policy, document) = (name(&form, "PolicyName", NAME)?, form.need("PolicyDocument")?);
    form.need("UserName")?;
    let mut user = user(context, &form, "iam:PutUserPolicy")?;
    check(document)?;
    user.inline.insert(policy.to_owned(), document.to_owned());
    if user.inline.values().map(|document| length(document)).sum::<usize>() > SIZE {
        let message = format!("Maximum policy size of {SIZE} bytes exceeded for user {}", user.name);
        return Err(Refusal::conflict("LimitExceeded", message));
    }
    keep(context, &user)?;
    Ok(done(context, "PutUserPolicy"))
}

fn missing(policy: &str) -> Refusal {
    Refusal::missing("NoSuchEntity", format!("The user policy with name {policy} cannot be found."))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = name(&form, "PolicyName", NAME)?;
    let user = user(context, &form, "iam:GetUserPolicy")?;
    let document = user.inline.get(policy).ok_or_else(|| missing(policy))?;
    let parts = [
        Element::of("UserName", &user.name),
        Element::of("PolicyName", policy),
        Element::of("PolicyDocument", encode(document)),
    ];
    Ok(result(context, "GetUserPolicy", parts))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = name(&form, "PolicyName", NAME)?;
    let mut user = user(context, &form, "iam:DeleteUserPolicy")?;
    user.inline.remove(policy).ok_or_else(|| missing(policy))?;
    keep(context, &user)?;
    Ok(done(context, "DeleteUserPolicy"))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let user = user(context, &form, "iam:ListUserPolicies")?;
    let items = user.inline.keys().map(|name| (name.clone(), Element::of("member", name))).collect();
    let parts = pages(&form, items, "PolicyNames")?;
    Ok(result(context, "ListUserPolicies", parts))
}
