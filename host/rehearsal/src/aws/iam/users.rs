//! Users, their tags and boundaries.

use super::managed::find;
use super::model::{AccessKey, KEYS, USERS, User, key_of, user_arn};
use super::{BOUNDARY_KEY, done, keep, name, pages, path, result, tag_list, user, user_with};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// The longest name of a user.
const NAME: usize = 64;

fn view(user: &User, account: &str, name: &str) -> Element {
    Element::new(name)
        .with_text("Path", &user.path)
        .with_text("UserName", &user.name)
        .with_text("UserId", &user.id)
        .with_text("Arn", user.arn(account))
        .with_text("CreateDate", date(user.created_ms))
}

/// With what only some answers tell.
fn whole(user: &User, account: &str) -> Element {
    let mut element = view(user, account, "User");
    if let Some(arn) = &user.boundary {
        let boundary = Element::new("PermissionsBoundary")
            .with_text("PermissionsBoundaryType", "Policy")
            .with_text("PermissionsBoundaryArn", arn);
        element = element.with(boundary);
    }
    if user.tags.is_empty() { element } else { element.with(Element::list("Tags", tag_list(&user.tags))) }
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let (name, path, tags) = (name(&form, "UserName", NAME)?, path(&form)?, form.tags()?);
    let boundary = form.get("PermissionsBoundary");
    let mut keys = request_tags(&tags);
    keys.extend(boundary.map(|arn| (BOUNDARY_KEY.to_owned(), vec![arn.to_owned()])));
    let keys = keys.iter().map(|(key, values)| (key.as_str(), values.clone())).collect();
    let arn = user_arn(&context.account.id, path, name);
    context.allow_with("iam:CreateUser", Some(&arn), keys)?;
    if context.transaction.get::<User>(USERS, &key_of(name))?.is_some() {
        return Err(Refusal::conflict("EntityAlreadyExists", format!("User with name {name} already exists.")));
    }
    if let Some(arn) = boundary {
        check_boundary(context, arn)?;
    }
    let user = User { tags, boundary: boundary.map(str::to_owned), ..User::new(name, path, context.now)? };
    keep(context, &user)?;
    Ok(result(context, "CreateUser", [whole(&user, &context.account.id)]))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let found = user(context, &Form(context.call.form()), "iam:GetUser")?;
    Ok(result(context, "GetUser", [whole(&found, &context.account.id)]))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let prefix = form.get("PathPrefix").unwrap_or("/");
    context.allow("iam:ListUsers", Some(&user_arn(&context.account.id, prefix, "")))?;
    let users: Vec<User> = context.transaction.list(USERS)?;
    let items = users.iter().filter(|user| user.path.starts_with(prefix));
    let items = items.map(|user| (key_of(&user.name), view(user, &context.account.id, "member")));
    let parts = pages(&form, items.collect(), "Users")?;
    Ok(result(context, "ListUsers", parts))
}

pub(super) fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let before = user(context, &form, "iam:UpdateUser")?;
    let mut changed = before.clone();
    if let Some(new) = form.get("NewPath") {
        let moved = Form(vec![("Path".to_owned(), new.to_owned())]);
        changed.path = path(&moved)?.to_owned();
    }
    if form.get("NewUserName").is_some() {
        name(&form, "NewUserName", NAME)?.clone_into(&mut changed.name);
    }
    if changed.arn(&context.account.id) != before.arn(&context.account.id) {
        // Who renames a user has to have the right to both names.
        context.allow("iam:UpdateUser", Some(&changed.arn(&context.account.id)))?;
    }
    if key_of(&changed.name) != key_of(&before.name) {
        if context.transaction.get::<User>(USERS, &key_of(&changed.name))?.is_some() {
            let message = format!("User with name {} already exists.", changed.name);
            return Err(Refusal::conflict("EntityAlreadyExists", message));
        }
        context.transaction.remove(USERS, &key_of(&before.name));
    }
    let keys: Vec<AccessKey> = context.transaction.list(KEYS)?;
    for key in keys.into_iter().filter(|key| key.user == before.name) {
        let key = AccessKey { user: changed.name.clone(), ..key };
        context.transaction.put(KEYS, &key.id, &key)?;
    }
    keep(context, &changed)?;
    Ok(done(context, "UpdateUser"))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    form.need("UserName")?;
    let user = user(context, &form, "iam:DeleteUser")?;
    let keys: Vec<AccessKey> = context.transaction.list(KEYS)?;
    let conflict =
        |what: &str| Err(Refusal::conflict("DeleteConflict", format!("Cannot delete entity, must {what} first.")));
    if !user.inline.is_empty() {
        return conflict("delete policies");
    }
    if !user.attached.is_empty() {
        return conflict("detach all policies");
    }
    if keys.iter().any(|key| key.user == user.name) {
        return conflict("delete access keys");
    }
    context.transaction.remove(USERS, &key_of(&user.name));
    Ok(done(context, "DeleteUser"))
}

fn request_tags(tags: &std::collections::BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    let mut keys: Vec<(String, Vec<String>)> =
        tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()])).collect();
    if !tags.is_empty() {
        keys.push(("aws:TagKeys".to_owned(), tags.keys().cloned().collect()));
    }
    keys
}

pub(super) fn tag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let tags = form.tags()?;
    let keys = request_tags(&tags);
    let keys = keys.iter().map(|(key, values)| (key.as_str(), values.clone())).collect();
    let mut user = user_with(context, &form, "iam:TagUser", keys)?;
    user.tags.extend(tags);
    if user.tags.len() > 50 {
        return Err(Refusal::conflict("LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    keep(context, &user)?;
    Ok(done(context, "TagUser"))
}

pub(super) fn untag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut user = user(context, &form, "iam:UntagUser")?;
    for key in form.members("TagKeys") {
        user.tags.remove(key);
    }
    keep(context, &user)?;
    Ok(done(context, "UntagUser"))
}

pub(super) fn list_tags(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let user = user(context, &form, "iam:ListUserTags")?;
    let items = user.tags.keys().cloned().zip(tag_list(&user.tags)).collect();
    let parts = pages(&form, items, "Tags")?;
    Ok(result(context, "ListUserTags", parts))
}

pub(super) fn put_boundary(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PermissionsBoundary")?;
    let keys = vec![(BOUNDARY_KEY, vec![arn.to_owned()])];
    let mut user = user_with(context, &form, "iam:PutUserPermissionsBoundary", keys)?;
    check_boundary(context, arn)?;
    user.boundary = Some(arn.to_owned());
    keep(context, &user)?;
    Ok(done(context, "PutUserPermissionsBoundary"))
}

pub(super) fn delete_boundary(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut user = user(context, &Form(context.call.form()), "iam:DeleteUserPermissionsBoundary")?;
    if user.boundary.take().is_none() {
        let message = format!("The user {} does not have a permissions boundary.", user.name);
        return Err(Refusal::missing("NoSuchEntity", message));
    }
    keep(context, &user)?;
    Ok(done(context, "DeleteUserPermissionsBoundary"))
}

fn check_boundary(context: &Context<'_, '_>, arn: &str) -> Result<(), Refusal> {
    find(context, arn, "Scope ARN: {} does not exist or is not attachable.").map(drop)
}
