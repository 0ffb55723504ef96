//! What is attached to users, and to whom a policy is attached.

use super::managed::{find, named};
use super::model::{USERS, User};
use super::{done, keep, pages, result, user, user_with};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

/// How many a user may have.
const ATTACHED: usize = 10;

pub(super) fn attach(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    let keys = vec![("iam:PolicyARN", vec![arn.to_owned()])];
    let mut user = user_with(context, &form, "iam:AttachUserPolicy", keys)?;
    find(context, arn, "Policy {} does not exist or is not attachable.")?;
    if !user.attached.iter().any(|known| known == arn) {
        if user.attached.len() >= ATTACHED {
            let message = format!("Cannot exceed quota for PoliciesPerUser: {ATTACHED}");
            return Err(Refusal::conflict("LimitExceeded", message));
        }
        user.attached.push(arn.to_owned());
    }
    keep(context, &user)?;
    Ok(done(context, "AttachUserPolicy"))
}

pub(super) fn detach(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    let keys = vec![("iam:PolicyARN", vec![arn.to_owned()])];
    let mut user = user_with(context, &form, "iam:DetachUserPolicy", keys)?;
    let before = user.attached.len();
    user.attached.retain(|known| known != arn);
    if user.attached.len() == before {
        return Err(Refusal::missing("NoSuchEntity", format!("Policy {arn} was not found.")));
    }
    keep(context, &user)?;
    Ok(done(context, "DetachUserPolicy"))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let user = user(context, &form, "iam:ListAttachedUserPolicies")?;
    let items = user.attached.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let member = Element::new("member").with_text("PolicyName", name).with_text("PolicyArn", arn);
        (name.to_owned(), member)
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by(|one, other| one.0.cmp(&other.0));
    let parts = pages(&form, items, "AttachedPolicies")?;
    Ok(result(context, "ListAttachedUserPolicies", parts))
}

pub(super) fn list_entities(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = named(context, &form, "iam:ListEntitiesForPolicy")?;
    let bounds = form.get("PolicyUsageFilter") == Some("PermissionsBoundary");
    let users: Vec<User> = context.transaction.list(USERS)?;
    let has = |user: &&User| match bounds {
        true => user.boundary.as_ref() == Some(&policy.arn),
        false => user.attached.contains(&policy.arn),
    };
    let shown = users.iter().filter(has).map(|user| {
        let member = Element::new("member").with_text("UserName", &user.name).with_text("UserId", &user.id);
        (user.name.clone(), member)
    });
    let mut parts = pages(&form, shown.collect(), "PolicyUsers")?;
    parts.extend(["PolicyGroups", "PolicyRoles"].map(Element::new));
    Ok(result(context, "ListEntitiesForPolicy", parts))
}
