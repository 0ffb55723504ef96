//! Keys and aliases: made, shown, taken away.

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{ALIASES, Alias, KEYS, Key, State, place, resolve};
use super::settings::check_policy;
use crate::aws::context::Context;
use crate::aws::json::{Tag, bounded, input, need, output, tags, timestamp};
use crate::aws::page;
use crate::aws::refusal::Refusal;
use crate::service::Answer;

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 3_600_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Tag>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    key_usage: Option<String>,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    origin: Option<String>,
    multi_region: Option<bool>,
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("kms:CreateKey", None)?;
    let wanted: Create = input(context)?;
    let other = |given: &Option<String>, known: &str| given.as_deref().is_some_and(|given| given != known);
    if other(&wanted.key_usage, "ENCRYPT_DECRYPT")
        || other(&wanted.key_spec, "SYMMETRIC_DEFAULT")
        || other(&wanted.customer_master_key_spec, "SYMMETRIC_DEFAULT")
        || other(&wanted.origin, "AWS_KMS")
        || wanted.multi_region == Some(true)
    {
        return Err(Refusal::not_played("keys that are not symmetric, of AWS's making and of one region"));
    }
    let (description, tags) = (wanted.description, tags(wanted.tags));
    let key = Key { description, tags, policy: wanted.policy, ..Key::new(context, None)? };
    check_policy(context, &key, wanted.bypass_policy_lockout_safety_check)?;
    keep(context, &key)?;
    Ok(output(&json!({ "KeyMetadata": key.metadata(&context.account.id) })))
}

pub(super) fn keep(context: &mut Context<'_, '_>, key: &Key) -> Result<(), Refusal> {
    Ok(context.transaction.put(KEYS, &place(&context.region, &key.id), key)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    key_id: Option<String>,
    pending_window_in_days: Option<u64>,
}

/// The key of a name, once the caller may do this to it.
pub(super) fn key(context: &mut Context<'_, '_>, named: &Option<String>, action: &str) -> Result<Key, Refusal> {
    let key = resolve(context, need(named, "keyId")?)?;
    key.allow(context, action, Vec::new())?;
    Ok(key)
}

pub(super) fn describe(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let key = key(context, &named.key_id, "kms:DescribeKey")?;
    Ok(output(&json!({ "KeyMetadata": key.metadata(&context.account.id) })))
}

/// A key of the customer's, to be changed.
pub(super) fn own(context: &mut Context<'_, '_>, named: &Option<String>, action: &str) -> Result<Key, Refusal> {
    let key = key(context, named, action)?;
    match &key.managed_for {
        None => Ok(key),
        Some(_) => Err(Refusal::bad("AccessDeniedException", "AWS managed keys cannot be changed.")),
    }
}

/// What cannot be done to a key that is to be deleted.
pub(super) fn check_alive(key: &Key) -> Result<(), Refusal> {
    match key.state {
        State::PendingDeletion(_) => {
            Err(Refusal::bad("KMSInvalidStateException", format!("{} is pending deletion.", key.arn)))
        }
        State::Enabled | State::Disabled => Ok(()),
    }
}

fn switch(context: &mut Context<'_, '_>, action: &str, state: State) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let mut key = own(context, &named.key_id, action)?;
    check_alive(&key)?;
    key.state = state;
    keep(context, &key)?;
    Ok(output(&json!({})))
}

pub(super) fn enable(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    switch(context, "kms:EnableKey", State::Enabled)
}

pub(super) fn disable(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    switch(context, "kms:DisableKey", State::Disabled)
}

pub(super) fn schedule_deletion(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let mut key = own(context, &named.key_id, "kms:ScheduleKeyDeletion")?;
    let days = named.pending_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        let why = format!("Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: 7 to 30 days");
        return Err(crate::aws::json::invalid(&why));
    }
    check_alive(&key)?;
    let at = context.now.virtual_ms.saturating_add(days * DAY_MS);
    key.state = State::PendingDeletion(at);
    keep(context, &key)?;
    Ok(output(&json!({
        "KeyId": key.arn,
        "DeletionDate": timestamp(at),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    })))
}

pub(super) fn cancel_deletion(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let mut key = own(context, &named.key_id, "kms:CancelKeyDeletion")?;
    if !matches!(key.state, State::PendingDeletion(_)) {
        let message = format!("{} is not pending deletion.", key.arn);
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
    key.state = State::Disabled;
    keep(context, &key)?;
    Ok(output(&json!({ "KeyId": key.arn })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    limit: Option<usize>,
    marker: Option<String>,
    key_id: Option<String>,
}

fn paged(listing: &Listing, mut items: Vec<(String, Value)>, most: usize, name: &str) -> Result<Answer, Refusal> {
    let size = bounded(listing.limit, "limit", most.min(100), most)?;
    if let Some(marker) = &listing.marker {
        items.retain(|(place, _)| place >= marker);
    }
    let page = page::cut(items, size);
    let shown: Vec<Value> = page.items.into_iter().map(|(_, shown)| shown).collect();
    let mut body = json!({ name: shown, "Truncated": page.next.is_some() });
    if let Some((place, _)) = page.next {
        body["NextMarker"] = json!(place);
    }
    Ok(output(&body))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("kms:ListKeys", None)?;
    let listing: Listing = input(context)?;
    let prefix = context.arn("kms", "");
    let keys: Vec<Key> = context.transaction.list(KEYS)?;
    let alive = keys.iter().filter(|key| key.arn.starts_with(&prefix));
    let alive = alive.filter(|key| key.state_at(context.now.virtual_ms).is_some());
    let items = alive.map(|key| (key.id.clone(), json!({ "KeyId": key.id, "KeyArn": key.arn })));
    paged(&listing, items.collect(), 1000, "Keys")
}

pub(super) fn list_aliases(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("kms:ListAliases", None)?;
    let listing: Listing = input(context)?;
    let wanted = match &listing.key_id {
        Some(named) => Some(resolve(context, named)?.id),
        None => None,
    };
    let mut aliases: Vec<Alias> = context.transaction.list(ALIASES)?;
    aliases.retain(|alias| alias.region == context.region && wanted.as_ref().is_none_or(|id| alias.key == *id));
    let items = aliases.into_iter().map(|alias| {
        let arn = context.arn("kms", &alias.name);
        let shown = json!({ "AliasName": alias.name, "AliasArn": arn, "TargetKeyId": alias.key });
        (alias.name, shown)
    });
    paged(&listing, items.collect(), 100, "Aliases")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Aliasing {
    alias_name: Option<String>,
    target_key_id: Option<String>,
}

/// The name of an alias that a customer may have.
fn alias_name(aliasing: &Aliasing) -> Result<&str, Refusal> {
    let name = need(&aliasing.alias_name, "aliasName")?;
    let rest = name.strip_prefix("alias/").filter(|rest| !rest.is_empty() && name.len() <= 256);
    match rest {
        Some(rest) if rest.starts_with("aws/") => {
            Err(Refusal::bad("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved."))
        }
        Some(rest) if rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte)) => Ok(name),
        Some(_) => Err(Refusal::bad("InvalidAliasNameException", "An alias name has letters, digits and /_- only.")),
        None => Err(Refusal::bad(
            "ValidationException",
            "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/",
        )),
    }
}

pub(super) fn create_alias(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let aliasing: Aliasing = input(context)?;
    let name = alias_name(&aliasing)?.to_owned();
    let arn = context.arn("kms", &name);
    context.allow("kms:CreateAlias", Some(&arn))?;
    let target = need(&aliasing.target_key_id, "targetKeyId")?;
    let key = resolve(context, target)?;
    key.allow(context, "kms:CreateAlias", Vec::new())?;
    let at = place(&context.region, &name);
    if context.transaction.get::<Alias>(ALIASES, &at)?.is_some() {
        let message = format!("An alias with the name {arn} already exists");
        return Err(Refusal::bad("AlreadyExistsException", message));
    }
    let alias = Alias { name, key: key.id, region: context.region.clone() };
    context.transaction.put(ALIASES, &at, &alias)?;
    Ok(output(&json!({})))
}

pub(super) fn update_alias(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let aliasing: Aliasing = input(context)?;
    let name = alias_name(&aliasing)?;
    let arn = context.arn("kms", name);
    context.allow("kms:UpdateAlias", Some(&arn))?;
    let at = place(&context.region, name);
    let alias: Option<Alias> = context.transaction.get(ALIASES, &at)?;
    let mut alias = alias.ok_or_else(|| Refusal::bad("NotFoundException", format!("Alias {arn} is not found.")))?;
    // Both keys have a say: the one that loses the name and the one that gains it.
    if let Ok(before) = resolve(context, &alias.key) {
        before.allow(context, "kms:UpdateAlias", Vec::new())?;
    }
    let key = resolve(context, need(&aliasing.target_key_id, "targetKeyId")?)?;
    key.allow(context, "kms:UpdateAlias", Vec::new())?;
    check_alive(&key)?;
    alias.key = key.id;
    context.transaction.put(ALIASES, &at, &alias)?;
    Ok(output(&json!({})))
}

pub(super) fn delete_alias(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let aliasing: Aliasing = input(context)?;
    let name = alias_name(&aliasing)?;
    let arn = context.arn("kms", name);
    context.allow("kms:DeleteAlias", Some(&arn))?;
    let at = place(&context.region, name);
    if context.transaction.get::<Alias>(ALIASES, &at)?.is_none() {
        return Err(Refusal::bad("NotFoundException", format!("Alias {arn} is not found.")));
    }
    context.transaction.remove(ALIASES, &at);
    Ok(output(&json!({})))
}
