//! IAM: users with their policies, boundaries and access keys, by the query protocol of 2010-05-08.
//!
//! A key works from the moment it is answered; the real service takes some
//! seconds until every region knows it. `GetAccessKeyLastUsed` tells of uses
//! since the cloud was started.

mod absent;
mod attached;
mod aws;
mod inline;
mod keys;
pub(super) mod managed;
pub(super) mod model;
mod users;
mod versions;

use super::api::{Dispatch, Operation, Surface};
use super::context::Context;
use super::form::{Form, invalid};
use super::protocol::Protocol;
use super::refusal::Refusal;
use super::xml::Element;
use crate::service::Answer;
use model::{USERS, User, key_of, user_arn};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

const OPERATIONS: &[Operation] = &[
    Operation::write("CreateUser", users::create),
    Operation::read("GetUser", users::get),
    Operation::read("ListUsers", users::list),
    Operation::write("UpdateUser", users::update),
    Operation::write("DeleteUser", users::delete),
    Operation::write("TagUser", users::tag),
    Operation::write("UntagUser", users::untag),
    Operation::read("ListUserTags", users::list_tags),
    Operation::write("PutUserPermissionsBoundary", users::put_boundary),
    Operation::write("DeleteUserPermissionsBoundary", users::delete_boundary),
    Operation::read("ListGroupsForUser", absent::groups),
    Operation::read("ListMFADevices", absent::devices),
    Operation::read("ListVirtualMFADevices", absent::virtual_devices),
    Operation::read("ListSSHPublicKeys", absent::public_keys),
    Operation::read("ListSigningCertificates", absent::certificates),
    Operation::read("ListServiceSpecificCredentials", absent::credentials),
    Operation::read("GetLoginProfile", absent::login),
    Operation::write("DeleteLoginProfile", absent::delete_login),
    Operation::write("PutUserPolicy", inline::put),
    Operation::read("GetUserPolicy", inline::get),
    Operation::write("DeleteUserPolicy", inline::delete),
    Operation::read("ListUserPolicies", inline::list),
    Operation::write("CreatePolicy", managed::create),
    Operation::read("GetPolicy", managed::get),
    Operation::read("ListPolicies", managed::list),
    Operation::write("DeletePolicy", managed::delete),
    Operation::write("TagPolicy", managed::tag),
    Operation::write("UntagPolicy", managed::untag),
    Operation::read("ListPolicyTags", managed::list_tags),
    Operation::write("CreatePolicyVersion", versions::create),
    Operation::read("GetPolicyVersion", versions::get),
    Operation::read("ListPolicyVersions", versions::list),
    Operation::write("SetDefaultPolicyVersion", versions::set_default),
    Operation::write("DeletePolicyVersion", versions::delete),
    Operation::write("AttachUserPolicy", attached::attach),
    Operation::write("DetachUserPolicy", attached::detach),
    Operation::read("ListAttachedUserPolicies", attached::list),
    Operation::read("ListEntitiesForPolicy", attached::list_entities),
    Operation::write("CreateAccessKey", keys::create),
    Operation::write("DeleteAccessKey", keys::delete),
    Operation::write("UpdateAccessKey", keys::update),
    Operation::read("ListAccessKeys", keys::list),
    Operation::read("GetAccessKeyLastUsed", keys::last_used),
];

/// The service.
pub(super) fn api() -> Surface {
    Surface {
        name: "iam",
        protocol: Protocol::Xml { namespace: NAMESPACE },
        hosts: vec!["iam.amazonaws.com".to_owned()],
        global: true,
        dispatch: Dispatch::Query("2010-05-08", OPERATIONS),
        per_second: 0,
    }
}

fn done(context: &Context<'_, '_>, operation: &str) -> Answer {
    context.query(operation, NAMESPACE, None)
}

fn result(context: &Context<'_, '_>, operation: &str, children: impl IntoIterator<Item = Element>) -> Answer {
    let result = Element::list(format!("{operation}Result"), children);
    context.query(operation, NAMESPACE, Some(result))
}

/// A name of letters, digits and `+=,.@_-`.
fn name<'f>(form: &'f Form, field: &str, longest: usize) -> Result<&'f str, Refusal> {
    let name = form.need(field)?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)) {
        let message = format!(
            "The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-"
        );
        return Err(Refusal::bad("ValidationError", message));
    }
    if name.len() > longest {
        return Err(invalid(&format!(
            "Value '{name}' at '{field}' failed to satisfy constraint: Member must have length less than or equal to {longest}"
        )));
    }
    Ok(name)
}

/// A path: `/` or `/a/b/`.
fn path(form: &Form) -> Result<&str, Refusal> {
    let path = form.get("Path").unwrap_or("/");
    let fits = path.len() <= 512
        && path.starts_with('/')
        && path.ends_with('/')
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if fits {
        return Ok(path);
    }
    let message = "The specified value for path is invalid. It must begin and end with / and contain only \
                   alphanumeric characters and/or / characters.";
    Err(Refusal::bad("ValidationError", message))
}

/// The user that a request names, or the one who asks; allowed before anybody learns whether it exists.
fn user(context: &Context<'_, '_>, form: &Form, action: &str) -> Result<User, Refusal> {
    user_with(context, form, action, Vec::new())
}

fn user_with(
    context: &Context<'_, '_>,
    form: &Form,
    action: &str,
    mut keys: Vec<(&str, Vec<String>)>,
) -> Result<User, Refusal> {
    let wanted = match form.get("UserName") {
        Some(_) => name(form, "UserName", 128)?.to_owned(),
        None => context.caller.user.name.clone(),
    };
    let found: Option<User> = context.transaction.get(USERS, &key_of(&wanted))?;
    let arn = match &found {
        Some(user) => user.arn(&context.account.id),
        None => user_arn(&context.account.id, "/", &wanted),
    };
    if let Some(boundary) = found.as_ref().and_then(|user| user.boundary.clone())
        && keys.iter().all(|(key, _)| *key != BOUNDARY_KEY)
    {
        keys.push((BOUNDARY_KEY, vec![boundary]));
    }
    context.allow_with(action, Some(&arn), keys)?;
    found.ok_or_else(|| Refusal::missing("NoSuchEntity", format!("The user with name {wanted} cannot be found.")))
}

/// The condition key that says which boundary a user has or is to have.
const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

fn keep(context: &mut Context<'_, '_>, user: &User) -> Result<(), Refusal> {
    Ok(context.transaction.put(USERS, &key_of(&user.name), user)?)
}

/// A page of names, with the elements that say whether there are more.
fn pages(form: &Form, mut items: Vec<(String, Element)>, name: &str) -> Result<Vec<Element>, Refusal> {
    let size = form.number("MaxItems", 100, 1..=1000)?;
    if let Some(marker) = form.get("Marker") {
        items.retain(|(key, _)| key.as_str() >= marker);
    }
    let page = super::page::cut(items, size);
    let members = page.items.into_iter().map(|(_, element)| element);
    let mut parts = vec![Element::list(name, members), Element::of("IsTruncated", page.next.is_some())];
    parts.extend(page.next.map(|(key, _)| Element::of("Marker", key)));
    Ok(parts)
}

fn tag_list(tags: &std::collections::BTreeMap<String, String>) -> Vec<Element> {
    tags.iter().map(|(key, value)| Element::new("member").with_text("Key", key).with_text("Value", value)).collect()
}
