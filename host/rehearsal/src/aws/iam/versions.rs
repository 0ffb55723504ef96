//! Versions of managed policies.

use super::managed::{check_document, keep_policy, named, own};
use super::model::{ManagedPolicy, PolicyVersion};
use super::{done, pages, result};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::encode;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// How many a policy may have.
const VERSIONS: usize = 5;

fn view(policy: &ManagedPolicy, version: &PolicyVersion, name: &str) -> Element {
    Element::new(name)
        .with_text("VersionId", format!("v{}", version.number))
        .with_text("IsDefaultVersion", version.number == policy.default)
        .with_text("CreateDate", date(version.created_ms))
}

/// The version that a request names.
fn asked<'p>(policy: &'p ManagedPolicy, form: &Form) -> Result<&'p PolicyVersion, Refusal> {
    let wanted = form.need("VersionId")?;
    let found = policy.versions.iter().find(|version| format!("v{}", version.number) == wanted);
    found.ok_or_else(|| {
        let message = format!("Policy {} version {wanted} does not exist or is not attachable.", policy.arn);
        Refusal::missing("NoSuchEntity", message)
    })
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut policy = own(context, &form, "iam:CreatePolicyVersion")?;
    let document = form.need("PolicyDocument")?;
    check_document(document)?;
    if policy.versions.len() >= VERSIONS {
        let message = format!(
            "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must delete an \
             existing version."
        );
        return Err(Refusal::conflict("LimitExceeded", message));
    }
    let version = PolicyVersion { number: policy.next, document: document.to_owned(), created_ms: context.now.real_ms };
    if form.get("SetAsDefault") == Some("true") {
        policy.default = version.number;
    }
    policy.next += 1;
    policy.versions.push(version.clone());
    keep_policy(context, &policy)?;
    Ok(result(context, "CreatePolicyVersion", [view(&policy, &version, "PolicyVersion")]))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = named(context, &form, "iam:GetPolicyVersion")?;
    let version = asked(&policy, &form)?;
    let shown = view(&policy, version, "PolicyVersion").with_text("Document", encode(&version.document));
    Ok(result(context, "GetPolicyVersion", [shown]))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let policy = named(context, &form, "iam:ListPolicyVersions")?;
    // The newest comes first; markers sort by how far down the list an entry is.
    let shown = policy.versions.iter().rev().enumerate();
    let items = shown.map(|(at, version)| (at.to_string(), view(&policy, version, "member")));
    let parts = pages(&form, items.collect(), "Versions")?;
    Ok(result(context, "ListPolicyVersions", parts))
}

pub(super) fn set_default(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut policy = own(context, &form, "iam:SetDefaultPolicyVersion")?;
    policy.default = asked(&policy, &form)?.number;
    keep_policy(context, &policy)?;
    Ok(done(context, "SetDefaultPolicyVersion"))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    let mut policy = own(context, &form, "iam:DeletePolicyVersion")?;
    let number = asked(&policy, &form)?.number;
    if number == policy.default {
        return Err(Refusal::conflict("DeleteConflict", "Cannot delete the default version of a policy."));
    }
    policy.versions.retain(|version| version.number != number);
    keep_policy(context, &policy)?;
    Ok(done(context, "DeletePolicyVersion"))
}
