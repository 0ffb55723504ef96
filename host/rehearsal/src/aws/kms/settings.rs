//! What a key is set to: description, policy, rotation, tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::keys::{check_alive, keep, key, own};
use super::model::{Key, State};
use crate::aws::context::Context;
use crate::aws::json::{Tag, input, invalid, need, output, tags};
use crate::aws::policy::Policy;
use crate::aws::refusal::Refusal;
use crate::service::Answer;

/// The only name that a key policy may have.
const POLICY: &str = "default";
/// The longest key policy, in bytes.
const POLICY_BYTES: usize = 32_768;
/// A rotation comes once a year where nothing else is said.
const ROTATION_DAYS: u16 = 365;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Setting {
    key_id: Option<String>,
    description: Option<String>,
    policy_name: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    rotation_period_in_days: Option<u16>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// Changes a key of the customer's that is not about to go.
fn change(
    context: &mut Context<'_, '_>,
    action: &str,
    change: impl FnOnce(&mut Key, Setting) -> Result<(), Refusal>,
) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    let mut key = own(context, &setting.key_id, action)?;
    check_alive(&key)?;
    change(&mut key, setting)?;
    keep(context, &key)?;
    Ok(output(&json!({})))
}

pub(super) fn update_description(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, "kms:UpdateKeyDescription", |key, setting| {
        key.description = need(&setting.description, "description")?.to_owned();
        Ok(())
    })
}

/// A policy that the key can have, by which whoever puts it can put another.
pub(super) fn check_policy(context: &Context<'_, '_>, key: &Key, locks_out: bool) -> Result<(), Refusal> {
    let Some(text) = &key.policy else { return Ok(()) };
    let malformed = |why: String| Refusal::bad("MalformedPolicyDocumentException", why);
    if text.len() > POLICY_BYTES {
        return Err(Refusal::bad("LimitExceededException", "The key policy is longer than 32768 bytes."));
    }
    let policy = Policy::parse_resource(text).map_err(malformed)?;
    if !policy.all_fit(|action| action == "*" || action.starts_with("kms:"), |_| true)[0] {
        return Err(malformed("Policy contains an action that is not of KMS.".to_owned()));
    }
    if !locks_out && key.allow(context, "kms:PutKeyPolicy", Vec::new()).is_err() {
        let why = "The new key policy will not allow you to update the key policy in the future.";
        return Err(malformed(why.to_owned()));
    }
    Ok(())
}

fn check_name(setting: &Setting) -> Result<(), Refusal> {
    match setting.policy_name.as_deref() {
        None | Some(POLICY) => Ok(()),
        Some(other) => Err(Refusal::bad("NotFoundException", format!("No such policy exists: {other}"))),
    }
}

pub(super) fn get_policy(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    let key = key(context, &setting.key_id, "kms:GetKeyPolicy")?;
    check_name(&setting)?;
    Ok(output(&json!({ "Policy": key.policy(&context.account.id), "PolicyName": POLICY })))
}

pub(super) fn list_policies(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    key(context, &setting.key_id, "kms:ListKeyPolicies")?;
    Ok(output(&json!({ "PolicyNames": [POLICY], "Truncated": false })))
}

pub(super) fn put_policy(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    let mut key = own(context, &setting.key_id, "kms:PutKeyPolicy")?;
    check_alive(&key)?;
    check_name(&setting)?;
    key.policy = Some(need(&setting.policy, "policy")?.to_owned());
    check_policy(context, &key, setting.bypass_policy_lockout_safety_check)?;
    keep(context, &key)?;
    Ok(output(&json!({})))
}

pub(super) fn rotation(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    let key = key(context, &setting.key_id, "kms:GetKeyRotationStatus")?;
    // What AWS manages, AWS rotates every year.
    let days = key.rotation_days.or_else(|| key.managed_for.as_ref().map(|_| ROTATION_DAYS));
    let mut body = json!({ "KeyId": key.arn, "KeyRotationEnabled": days.is_some() });
    if let Some(days) = days {
        body["RotationPeriodInDays"] = json!(days);
    }
    Ok(output(&body))
}

fn check_enabled(key: &Key) -> Result<(), Refusal> {
    match key.state {
        State::Enabled => Ok(()),
        _ => Err(Refusal::bad("DisabledException", format!("{} is disabled.", key.arn))),
    }
}

pub(super) fn enable_rotation(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, "kms:EnableKeyRotation", |key, setting| {
        check_enabled(key)?;
        let days = setting.rotation_period_in_days.unwrap_or(ROTATION_DAYS);
        if !(90..=2560).contains(&days) {
            let why = format!("Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: 90 to 2560 days");
            return Err(invalid(&why));
        }
        key.rotation_days = Some(days);
        Ok(())
    })
}

pub(super) fn disable_rotation(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, "kms:DisableKeyRotation", |key, _| {
        check_enabled(key)?;
        key.rotation_days = None;
        Ok(())
    })
}

pub(super) fn list_tags(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting: Setting = input(context)?;
    let key = key(context, &setting.key_id, "kms:ListResourceTags")?;
    let tags = key.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value }));
    Ok(output(&json!({ "Tags": tags.collect::<Vec<Value>>(), "Truncated": false })))
}

pub(super) fn tag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, "kms:TagResource", |key, setting| {
        key.tags.extend(tags(setting.tags));
        match key.tags.len() {
            0..=50 => Ok(()),
            _ => Err(Refusal::bad("LimitExceededException", "A key has at most 50 tags.")),
        }
    })
}

pub(super) fn untag(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, "kms:UntagResource", |key, setting| {
        key.tags.retain(|name, _| !setting.tag_keys.contains(name));
        Ok(())
    })
}
