//! What no user has here: groups, second factors, passwords, certificates. Clients look for them before they delete one.

use super::{pages, result, user};
use crate::aws::context::Context;
use crate::aws::form::Form;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

/// An empty list of a user's.
fn none(context: &Context<'_, '_>, operation: &str, list: &str) -> Result<Answer, Refusal> {
    let form = Form(context.call.form());
    user(context, &form, &format!("iam:{operation}"))?;
    Ok(result(context, operation, pages(&form, Vec::new(), list)?))
}

pub(super) fn groups(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    none(context, "ListGroupsForUser", "Groups")
}

pub(super) fn devices(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    none(context, "ListMFADevices", "MFADevices")
}

pub(super) fn public_keys(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    none(context, "ListSSHPublicKeys", "SSHPublicKeys")
}

pub(super) fn certificates(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    none(context, "ListSigningCertificates", "Certificates")
}

pub(super) fn virtual_devices(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("iam:ListVirtualMFADevices", None)?;
    let parts = pages(&Form(context.call.form()), Vec::new(), "VirtualMFADevices")?;
    Ok(result(context, "ListVirtualMFADevices", parts))
}

pub(super) fn credentials(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    user(context, &Form(context.call.form()), "iam:ListServiceSpecificCredentials")?;
    let list = Element::new("ServiceSpecificCredentials");
    Ok(result(context, "ListServiceSpecificCredentials", [list]))
}

fn no_login(context: &Context<'_, '_>, action: &str) -> Result<Answer, Refusal> {
    let user = user(context, &Form(context.call.form()), action)?;
    let message = format!("Login Profile for User {} cannot be found.", user.name);
    Err(Refusal::missing("NoSuchEntity", message))
}

pub(super) fn login(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    no_login(context, "iam:GetLoginProfile")
}

pub(super) fn delete_login(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    no_login(context, "iam:DeleteLoginProfile")
}
