//! Managed policies of the account, and what is attached to users.

use std::collections::BTreeMap;

use super::inline::{NAME, check, length};
use super::model::{ManagedPolicy, POLICIES, USERS, User, identifier};
use super::{done, keep, name, pages, path, result, tag_list, user_with};
use crate::aws::account::ADMINISTRATOR;
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::encode;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// The longest document, without white space.
const SIZE: usize = 6144;
/// How many a user may have.
const ATTACHED: usize = 10;

fn view(policy: &ManagedPolicy, attached: usize, bounds: usize) -> Element {
    let element = Element::new("Policy")
        .with_text("PolicyName", &policy.name)
        .with_text("PolicyId", &policy.id)
        .with_text("Arn", &policy.arn)
        .with_text("Path", &policy.path)
        .with_text("DefaultVersionId", "v1")
        .with_text("AttachmentCount", attached)
        .with_text("PermissionsBoundaryUsageCount", bounds)
        .with_text("IsAttachable", true)
        .with_some("Description", policy.description.as_ref())
        .with_text("CreateDate", date(policy.created_ms))
        .with_text("UpdateDate", date(policy.created_ms));
    if policy.tags.is_empty() { element } else { element.with(Element::list("Tags", tag_list(&policy.tags))) }
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let (name, path, document) = (name(&form, "PolicyName", NAME)?, path(&form)?, form.need("PolicyDocument")?);
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", context.account.id);
    context.allow("iam:CreatePolicy", Some(&arn))?;
    check(document)?;
    if length(document) > SIZE {
        return Err(Refusal::conflict("LimitExceeded", format!("Cannot exceed quota for PolicySize: {SIZE}")));
    }
    let policies: Vec<ManagedPolicy> = context.transaction.list(POLICIES)?;
    if policies.iter().any(|policy| policy.name.eq_ignore_ascii_case(name)) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(Refusal::conflict("EntityAlreadyExists", message));
    }
    let policy = ManagedPolicy {
        arn,
        name: name.to_owned(),
        path: path.to_owned(),
        id: identifier("ANPA", 17)?,
        description: form.get("Description").map(str::to_owned),
        document: document.to_owned(),
        created_ms: context.now.real_ms,
        tags: form.tags()?,
    };
    context.transaction.put(POLICIES, &policy.arn, &policy)?;
    Ok(result(context, "CreatePolicy", [view(&policy, 0, 0)]))
}

/// A policy of the account, or AWS's one that is known here.
fn find(context: &Context<'_, '_>, arn: &str) -> Result<ManagedPolicy, Refusal> {
    let aws = (arn == ADMINISTRATOR).then(|| ManagedPolicy {
        arn: arn.to_owned(),
        name: "AdministratorAccess".to_owned(),
        path: "/".to_owned(),
        id: "ANPAIWMBCKSKIEE64ZLYK".to_owned(),
        description: Some("Provides full access to AWS services and resources.".to_owned()),
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.to_owned(),
        created_ms: 1_423_247_986_000,
        tags: BTreeMap::new(),
    });
    let found = aws.map_or_else(|| context.transaction.get(POLICIES, arn), |policy| Ok(Some(policy)))?;
    found.ok_or_else(|| Refusal::missing("NoSuchEntity", format!("Policy {arn} was not found.")))
}

/// How many users have a policy, and how many are bounded by it.
fn uses(context: &Context<'_, '_>, arn: &str) -> Result<(usize, usize), Refusal> {
    let users: Vec<User> = context.transaction.list(USERS)?;
    let attached = users.iter().filter(|user| user.attached.iter().any(|known| known == arn)).count();
    Ok((attached, users.iter().filter(|user| user.boundary.as_deref() == Some(arn)).count()))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    context.allow("iam:GetPolicy", Some(arn))?;
    let policy = find(context, arn)?;
    let (attached, bounds) = uses(context, arn)?;
    Ok(result(context, "GetPolicy", [view(&policy, attached, bounds)]))
}

fn version(policy: &ManagedPolicy, name: &str) -> Element {
    Element::new(name)
        .with_text("VersionId", "v1")
        .with_text("IsDefaultVersion", true)
        .with_text("CreateDate", date(policy.created_ms))
}

pub(super) fn get_version(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let (arn, wanted) = (form.need("PolicyArn")?, form.need("VersionId")?);
    context.allow("iam:GetPolicyVersion", Some(arn))?;
    let policy = find(context, arn)?;
    if wanted != "v1" {
        let message = format!("Policy {arn} version {wanted} does not exist or is not attachable.");
        return Err(Refusal::missing("NoSuchEntity", message));
    }
    let version = version(&policy, "PolicyVersion").with_text("Document", encode(&policy.document));
    Ok(result(context, "GetPolicyVersion", [version]))
}

pub(super) fn list_versions(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    context.allow("iam:ListPolicyVersions", Some(arn))?;
    let policy = find(context, arn)?;
    let parts = pages(&form, vec![("v1".to_owned(), version(&policy, "member"))], "Versions")?;
    Ok(result(context, "ListPolicyVersions", parts))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    context.allow("iam:DeletePolicy", Some(arn))?;
    find(context, arn)?;
    if arn == ADMINISTRATOR {
        return Err(Refusal::forbidden("AccessDenied", "AWS managed policies cannot be deleted."));
    }
    if uses(context, arn)? != (0, 0) {
        let message = "Cannot delete a policy attached to entities.";
        return Err(Refusal::conflict("DeleteConflict", message));
    }
    context.transaction.remove(POLICIES, arn);
    Ok(done(context, "DeletePolicy"))
}

pub(super) fn attach(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let arn = form.need("PolicyArn")?;
    let keys = vec![("iam:PolicyARN", vec![arn.to_owned()])];
    let mut user = user_with(context, &form, "iam:AttachUserPolicy", keys)?;
    find(context, arn)
        .map_err(|_| Refusal::missing("NoSuchEntity", format!("Policy {arn} does not exist or is not attachable.")))?;
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

pub(super) fn list_attached(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let user = super::user(context, &form, "iam:ListAttachedUserPolicies")?;
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
