//! Keys and aliases: made, shown, taken away.

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{ALIASES, Alias, KEYS, Key, State, place, resolve};
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
    key_usage: Option<String>,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    origin: Option<String>,
    multi_region: Option<bool>,
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("kms:CreateKey", None)?;
    let wanted: Create = input(context)?;
    if wanted.policy.is_some() {
        return Err(Refusal::not_played("key policies other than the default one"));
    }
    let other = |given: &Option<String>, known: &str| given.as_deref().is_some_and(|given| given != known);
    if other(&wanted.key_usage, "ENCRYPT_DECRYPT")
        || other(&wanted.key_spec, "SYMMETRIC_DEFAULT")
        || other(&wanted.customer_master_key_spec, "SYMMETRIC_DEFAULT")
        || other(&wanted.origin, "AWS_KMS")
        || wanted.multi_region == Some(true)
    {
        return Err(Refusal::not_played("keys that are not symmetric, of AWS's making and of one region"));
    }
    let key = Key { description: wanted.description, tags: tags(wanted.tags), ..Key::new(context, None)? };
    keep(context, &key)?;
    Ok(output(&json!({ "KeyMetadata": key.metadata(&context.account.id) })))
}

fn keep(context: &mut Context<'_, '_>, key: &Key) -> Result<(), Refusal> {
    Ok(context.transaction.put(KEYS, &place(&context.region, &key.id), key)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    key_id: Option<String>,
    pending_window_in_days: Option<u64>,
}

/// The key that the input names, once the caller may do this to it.
fn key(context: &mut Context<'_, '_>, named: &Named, action: &str) -> Result<Key, Refusal> {
    let key = resolve(context, need(&named.key_id, "keyId")?)?;
    context.allow(action, Some(&key.arn))?;
    Ok(key)
}

pub(super) fn describe(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let key = key(context, &named, "kms:DescribeKey")?;
    Ok(output(&json!({ "KeyMetadata": key.metadata(&context.account.id) })))
}

/// A key of the customer's, to be changed.
fn own(context: &mut Context<'_, '_>, action: &str) -> Result<(Key, Named), Refusal> {
    let named: Named = input(context)?;
    let key = key(context, &named, action)?;
    match &key.managed_for {
        None => Ok((key, named)),
        Some(_) => Err(Refusal::bad("AccessDeniedException", "AWS managed keys cannot be changed.")),
    }
}

fn switch(context: &mut Context<'_, '_>, action: &str, state: State) -> Result<Answer, Refusal> {
    let (mut key, _) = own(context, action)?;
    if let State::PendingDeletion(_) = key.state {
        let message = format!("{} is pending deletion.", key.arn);
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
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
    let (mut key, named) = own(context, "kms:ScheduleKeyDeletion")?;
    let days = named.pending_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        let why = format!("Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: 7 to 30 days");
        return Err(crate::aws::json::invalid(&why));
    }
    if let State::PendingDeletion(_) = key.state {
        let message = format!("{} is pending deletion.", key.arn);
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
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
    let (mut key, _) = own(context, "kms:CancelKeyDeletion")?;
    if !matches!(key.state, State::PendingDeletion(_)) {
        let message = format!("{} is not pending deletion.", key.arn);
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
    key.state = State::Disabled;
    keep(context, &key)?;
    Ok(output(&json!({ "KeyId": key.arn })))
}

pub(super) fn list_tags(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let named: Named = input(context)?;
    let key = key(context, &named, "kms:ListResourceTags")?;
    let tags = key.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value }));
    Ok(output(&json!({ "Tags": tags.collect::<Vec<_>>(), "Truncated": false })))
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
    context.allow("kms:CreateAlias", Some(&key.arn))?;
    let at = place(&context.region, &name);
    if context.transaction.get::<Alias>(ALIASES, &at)?.is_some() {
        let message = format!("An alias with the name {arn} already exists");
        return Err(Refusal::bad("AlreadyExistsException", message));
    }
    let alias = Alias { name, key: key.id, region: context.region.clone() };
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
