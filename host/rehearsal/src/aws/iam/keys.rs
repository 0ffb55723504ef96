//! Access keys.

use super::model::{AccessKey, KEYS};
use super::{done, pages, result, user};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// How many a user may have.
const PER_USER: usize = 2;

fn view(key: &AccessKey, name: &str) -> Element {
    Element::new(name)
        .with_text("UserName", &key.user)
        .with_text("AccessKeyId", &key.id)
        .with_text("Status", if key.active { "Active" } else { "Inactive" })
        .with_text("CreateDate", date(key.created_ms))
}

fn of_user(context: &Context<'_, '_>, user: &str) -> Result<Vec<AccessKey>, Refusal> {
    let mut keys: Vec<AccessKey> = context.transaction.list(KEYS)?;
    keys.retain(|key| key.user == user);
    Ok(keys)
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let user = user(context, &Form(context.call.form()), "iam:CreateAccessKey")?;
    if of_user(context, &user.name)?.len() >= PER_USER {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {PER_USER}");
        return Err(Refusal::conflict("LimitExceeded", message));
    }
    let key = AccessKey::new(&user.name, context.now)?;
    context.transaction.put(KEYS, &key.id, &key)?;
    let view = view(&key, "AccessKey").with_text("SecretAccessKey", &key.secret);
    Ok(result(context, "CreateAccessKey", [view]))
}

/// A key of the user that the request names.
fn find(context: &Context<'_, '_>, form: &Form, action: &str) -> Result<AccessKey, Refusal> {
    let id = form.need("AccessKeyId")?;
    let user = user(context, form, action)?;
    let key: Option<AccessKey> = context.transaction.get(KEYS, id)?;
    let missing = || Refusal::missing("NoSuchEntity", format!("The Access Key with id {id} cannot be found."));
    key.filter(|key| key.user == user.name).ok_or_else(missing)
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let key = find(context, &Form(context.call.form()), "iam:DeleteAccessKey")?;
    context.transaction.remove(KEYS, &key.id);
    Ok(done(context, "DeleteAccessKey"))
}

pub(super) fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let active = match form.need("Status")? {
        "Active" => true,
        "Inactive" => false,
        other => {
            let why = format!(
                "Value '{other}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: \
                 [Active, Inactive]"
            );
            return Err(crate::aws::form::invalid(&why));
        }
    };
    let key = AccessKey { active, ..find(context, &form, "iam:UpdateAccessKey")? };
    context.transaction.put(KEYS, &key.id, &key)?;
    Ok(done(context, "UpdateAccessKey"))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let user = user(context, &form, "iam:ListAccessKeys")?;
    let keys = of_user(context, &user.name)?;
    let items = keys.iter().map(|key| (key.id.clone(), view(key, "member"))).collect();
    let parts = pages(&form, items, "AccessKeyMetadata")?;
    Ok(result(context, "ListAccessKeys", parts))
}

pub(super) fn last_used(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let id = form.need("AccessKeyId")?;
    let key: Option<AccessKey> = context.transaction.get(KEYS, id)?;
    let arn = key.as_ref().map(|key| super::user_arn(&context.account.id, "/", &key.user));
    context.allow("iam:GetAccessKeyLastUsed", Some(arn.as_deref().unwrap_or("*")))?;
    let missing = || Refusal::missing("NoSuchEntity", format!("The Access Key with id {id} cannot be found."));
    let key = key.ok_or_else(missing)?;
    let used = match context.account.last_use(id) {
        Some(last) => Element::new("AccessKeyLastUsed")
            .with_text("LastUsedDate", date(last.ms))
            .with_text("ServiceName", last.service)
            .with_text("Region", last.region),
        None => Element::new("AccessKeyLastUsed").with_text("ServiceName", "N/A").with_text("Region", "N/A"),
    };
    Ok(result(context, "GetAccessKeyLastUsed", [Element::of("UserName", &key.user), used]))
}
