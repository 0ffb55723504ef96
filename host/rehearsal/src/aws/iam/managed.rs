//! Managed policies of the account.

use std::collections::BTreeMap;

use super::inline::{NAME, check, length};
use super::model::{ManagedPolicy, POLICIES, PolicyVersion, USERS, User, identifier};
use super::{aws, done, name, pages, path, result, tag_list};
use crate::aws::context::Context;
use crate::aws::form::{Form, invalid};
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;
use crate::store::Transaction;

/// The longest document, without white space.
const SIZE: usize = 6144;

fn view(policy: &ManagedPolicy, name: &str, attached: usize, bounds: usize) -> Element {
    let changed = policy.versions.last().map_or(policy.created_ms, |version| version.created_ms);
    let element = Element::new(name)
        .with_text("PolicyName", &policy.name)
        .with_text("PolicyId", &policy.id)
        .with_text("Arn", &policy.arn)
        .with_text("Path", &policy.path)
        .with_text("DefaultVersionId", format!("v{}", policy.default))
        .with_text("AttachmentCount", attached)
        .with_text("PermissionsBoundaryUsageCount", bounds)
        .with_text("IsAttachable", true)
        .with_some("Description", policy.description.as_ref())
        .with_text("CreateDate", date(policy.created_ms))
        .with_text("UpdateDate", date(changed));
    if policy.tags.is_empty() { element } else { element.with(Element::list("Tags", tag_list(&policy.tags))) }
}

/// A document that a managed policy may have.
pub(super) fn check_document(document: &str) -> Result<(), Refusal> {
    check(document)?;
    if length(document) > SIZE {
        return Err(Refusal::conflict("LimitExceeded", format!("Cannot exceed quota for PolicySize: {SIZE}")));
    }
    Ok(())
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let (name, path, document) = (name(&form, "PolicyName", NAME)?, path(&form)?, form.need("PolicyDocument")?);
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", context.account.id);
    context.allow("iam:CreatePolicy", Some(&arn))?;
    check_document(document)?;
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
        created_ms: context.now.real_ms,
        tags: form.tags()?,
        default: 1,
        versions: vec![PolicyVersion { number: 1, document: document.to_owned(), created_ms: context.now.real_ms }],
        next: 2,
    };
    context.transaction.put(POLICIES, &policy.arn, &policy)?;
    Ok(result(context, "CreatePolicy", [view(&policy, "Policy", 0, 0)]))
}

/// A policy of the account, or one of AWS's.
pub(in crate::aws) fn lookup(
    transaction: &Transaction<'_>,
    arn: &str,
) -> Result<Option<ManagedPolicy>, serde_json::Error> {
    match aws::policy(arn) {
        Some(policy) => Ok(Some(policy)),
        None => transaction.get(POLICIES, arn),
    }
}

/// The same, where it has to be there. AWS has over a thousand of its own; most of them are not known here.
pub(super) fn find(context: &Context<'_, '_>, arn: &str, missing: &str) -> Result<ManagedPolicy, Refusal> {
    match lookup(context.transaction, arn)? {
        Some(policy) => Ok(policy),
        None if aws::is_of(arn) => Err(Refusal::not_played(&format!("the managed policy {arn}"))),
        None => Err(Refusal::missing("NoSuchEntity", missing.replace("{}", arn))),
    }
}

/// The policy that a request names, once the caller may do this to it.
pub(super) fn named(context: &Context<'_, '_>, form: &Form, action: &str) -> Result<ManagedPolicy, Refusal> {
    let arn = form.need("PolicyArn")?;
    context.allow(action, Some(arn))?;
    find(context, arn, "Policy {} was not found.")
}

/// One of the account's own, to be changed.
pub(super) fn own(context: &Context<'_, '_>, form: &Form, action: &str) -> Result<ManagedPolicy, Refusal> {
    let policy = named(context, form, action)?;
    if aws::is_of(&policy.arn) {
        return Err(Refusal::forbidden("AccessDenied", "AWS managed policies cannot be changed or deleted."));
    }
    Ok(policy)
}

pub(super) fn keep_policy(context: &mut Context<'_, '_>, policy: &ManagedPolicy) -> Result<(), Refusal> {
    Ok(context.transaction.put(POLICIES, &policy.arn, policy)?)
}

/// How many users have a policy, and how many are bounded by it.
fn uses(context: &Context<'_, '_>, arn: &str) -> Result<(usize, usize), Refusal> {
    let users: Vec<User> = context.transaction.list(USERS)?;
    let attached = users.iter().filter(|user| user.attached.iter().any(|known| known == arn)).count();
    Ok((attached, users.iter().filter(|user| user.boundary.as_deref() == Some(arn)).count()))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let policy = named(context, &Form(context.call.form()), "iam:GetPolicy")?;
    let (attached, bounds) = uses(context, &policy.arn)?;
    Ok(result(context, "GetPolicy", [view(&policy, "Policy", attached, bounds)]))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    context.allow("iam:ListPolicies", None)?;
    let mut policies: Vec<ManagedPolicy> = Vec::new();
    let scope = form.get("Scope").unwrap_or("All");
    if !["All", "AWS", "Local"].contains(&scope) {
        let why = format!(
            "Value '{scope}' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: \
             [All, AWS, Local]"
        );
        return Err(invalid(&why));
    }
    if scope != "AWS" {
        policies.extend(context.transaction.list::<ManagedPolicy>(POLICIES)?);
    }
    if scope != "Local" {
        policies.extend(aws::all());
    }
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let (attached_only, usage) = (form.get("OnlyAttached") == Some("true"), form.get("PolicyUsageFilter"));
    let mut items = Vec::new();
    for policy in policies.iter().filter(|policy| policy.path.starts_with(prefix)) {
        let (attached, bounds) = uses(context, &policy.arn)?;
        let used = match usage {
            Some("PermissionsBoundary") => bounds > 0,
            _ => attached > 0,
        };
        if used || !(attached_only || usage.is_some()) {
            // A list tells neither descriptions nor tags.
            let plain = ManagedPolicy { description: None, tags: BTreeMap::new(), ..policy.clone() };
            items.push((policy.arn.clone(), view(&plain, "member", attached, bounds)));
        }
    }
    items.sort_by(|one, other| one.0.cmp(&other.0));
    let parts = pages(&form, items, "Policies")?;
    Ok(result(context, "ListPolicies", parts))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let policy = own(context, &Form(context.call.form()), "iam:DeletePolicy")?;
    if uses(context, &policy.arn)? != (0, 0) {
        return Err(Refusal::conflict("DeleteConflict", "Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                       versions. The default version is deleted with the policy.";
        return Err(Refusal::conflict("DeleteConflict", message));
    }
    context.transaction.remove(POLICIES, &policy.arn);
    Ok(done(context, "DeletePolicy"))
}

pub(super) fn tag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut policy = own(context, &form, "iam:TagPolicy")?;
    policy.tags.extend(form.tags()?);
    if policy.tags.len() > 50 {
        return Err(Refusal::conflict("LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    keep_policy(context, &policy)?;
    Ok(done(context, "TagPolicy"))
}

pub(super) fn untag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut policy = own(context, &form, "iam:UntagPolicy")?;
    for key in form.members("TagKeys") {
        policy.tags.remove(key);
    }
    keep_policy(context, &policy)?;
    Ok(done(context, "UntagPolicy"))
}

pub(super) fn list_tags(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = named(context, &form, "iam:ListPolicyTags")?;
    let items = policy.tags.keys().cloned().zip(tag_list(&policy.tags)).collect();
    let parts = pages(&form, items, "Tags")?;
    Ok(result(context, "ListPolicyTags", parts))
}
