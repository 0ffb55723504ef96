//! Parameters: put and deleted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::{arn, check};
use super::parameter::{Kind, Parameter, Tier, Version, find, keep, missing, remove};
use crate::aws::context::Context;
use crate::aws::json::{Tag, encoded, input, invalid, need, output, tags};
use crate::aws::kms::{self, KmsError};
use crate::aws::refusal::Refusal;
use crate::service::Answer;

/// The key of those who name none.
const DEFAULT_KEY: &str = "alias/aws/ssm";
/// How many versions are kept.
const VERSIONS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    name: Option<String>,
    value: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    key_id: Option<String>,
    #[serde(default)]
    overwrite: bool,
    description: Option<String>,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal::bad("ValidationException", message)
}

pub(super) fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let put: Put = input(context)?;
    let name = need(&put.name, "name")?;
    let tag_keys = put.tags.iter().map(|tag| tag.key.clone()).collect::<Vec<_>>();
    let mut keys = vec![("ssm:Overwrite", vec![put.overwrite.to_string()])];
    if !tag_keys.is_empty() {
        keys.push(("aws:TagKeys", tag_keys));
    }
    context.allow_with("ssm:PutParameter", Some(&arn(context, name)), keys)?;
    check(name)?;
    let value = need(&put.value, "value")?;
    let existing = find(context, name)?;
    if !put.tags.is_empty() && put.overwrite {
        return Err(refuse(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    if put.policies.as_deref().is_some_and(|policies| !["", "[]", "{}"].contains(&policies)) {
        return Err(Refusal::not_played("parameter policies"));
    }
    if put.data_type.as_deref().is_some_and(|kind| kind != "text") {
        return Err(Refusal::not_played("data types other than text"));
    }
    if existing.is_some() && !put.overwrite {
        let message =
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(Refusal::bad("ParameterAlreadyExists", message));
    }
    let kind = kind(&put, existing.as_ref())?;
    let tier = tier(&put, existing.as_ref(), value)?;
    check_value(&put, value)?;
    let (value, key) = protect(context, &put, kind, name, value)?;

    let fresh = || Parameter {
        name: name.to_owned(),
        region: context.region.clone(),
        kind,
        tier,
        pattern: None,
        tags: BTreeMap::new(),
        versions: Vec::new(),
    };
    let mut parameter = existing.unwrap_or_else(fresh);
    let last = parameter.versions.last();
    let number = last.map_or(1, |version| version.number + 1);
    let description = put.description.clone().or_else(|| last.and_then(|version| version.description.clone()));
    parameter.versions.push(Version {
        number,
        value,
        key,
        description,
        modified_ms: context.now.real_ms,
        user: context.caller.arn(context.account),
    });
    if parameter.versions.len() > VERSIONS {
        parameter.versions.remove(0);
    }
    parameter.tier = tier;
    parameter.pattern = put.allowed_pattern.filter(|pattern| !pattern.is_empty());
    parameter.tags.extend(tags(put.tags));
    if parameter.tags.len() > 50 {
        return Err(Refusal::bad("TooManyTagsError", "A parameter can have at most 50 tags."));
    }
    keep(context, &parameter)?;
    Ok(output(&json!({ "Version": number, "Tier": tier.as_str() })))
}

fn kind(put: &Put, existing: Option<&Parameter>) -> Result<Kind, Refusal> {
    let given = match put.kind.as_deref() {
        Some(text) => Some(Kind::read(text).ok_or_else(|| {
            invalid(&format!(
                "Value '{text}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: \
                 [SecureString, StringList, String]"
            ))
        })?),
        None => None,
    };
    let kind = match (given, existing) {
        (Some(given), Some(existing)) if given != existing.kind => {
            let message = "The type of an existing parameter can't be changed.";
            return Err(Refusal::bad("HierarchyTypeMismatchException", message));
        }
        (Some(given), _) => given,
        (None, Some(existing)) => existing.kind,
        (None, None) => return Err(refuse("A parameter type is required when you create a parameter.")),
    };
    if put.key_id.is_some() && kind != Kind::SecureString {
        return Err(refuse("KeyId is only valid for parameters of type SecureString."));
    }
    Ok(kind)
}

fn tier(put: &Put, existing: Option<&Parameter>, value: &str) -> Result<Tier, Refusal> {
    let before = existing.map(|parameter| parameter.tier);
    let fitting = if value.len() > Tier::Standard.bytes() { Tier::Advanced } else { Tier::Standard };
    let tier = match put.tier.as_deref() {
        None => before.unwrap_or(Tier::Standard),
        Some("Intelligent-Tiering") if before == Some(Tier::Advanced) => Tier::Advanced,
        Some("Intelligent-Tiering") => fitting,
        Some("Advanced") => Tier::Advanced,
        Some("Standard") if before == Some(Tier::Advanced) => {
            return Err(refuse(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                 advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced \
                 parameter and recreate it as a standard parameter.",
            ));
        }
        Some("Standard") => Tier::Standard,
        Some(other) => {
            return Err(invalid(&format!(
                "Value '{other}' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: \
                 [Standard, Advanced, Intelligent-Tiering]"
            )));
        }
    };
    if value.len() <= tier.bytes() {
        return Ok(tier);
    }
    Err(refuse(match tier {
        Tier::Standard => {
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier."
        }
        Tier::Advanced => "Advanced tier parameters support a maximum parameter value of 8192 characters.",
    }))
}

fn check_value(put: &Put, value: &str) -> Result<(), Refusal> {
    if value.is_empty() {
        return Err(invalid(
            "Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    if value.contains("{{") && value.contains("}}") {
        let message = "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.";
        return Err(refuse(message));
    }
    if put.description.as_ref().is_some_and(|text| text.chars().count() > 1024) {
        return Err(invalid(
            "Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024",
        ));
    }
    if let Some(pattern) = put.allowed_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
        let expression = regex_lite::Regex::new(pattern)
            .map_err(|_| Refusal::bad("InvalidAllowedPatternException", "The pattern is no regular expression."))?;
        if !expression.is_match(value) {
            let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
            return Err(Refusal::bad("ParameterPatternMismatchException", message));
        }
    }
    Ok(())
}

/// A secure value under its key; any other as it is.
fn protect(
    context: &mut Context<'_, '_>,
    put: &Put,
    kind: Kind,
    name: &str,
    value: &str,
) -> Result<(String, Option<String>), Refusal> {
    if kind != Kind::SecureString {
        return Ok((value.to_owned(), None));
    }
    let named = put.key_id.as_deref().unwrap_or(DEFAULT_KEY);
    let key = kms::resolve(context, named).map_err(|error| unusable(error, named))?;
    if !key.is_open_through("ssm") {
        let via = format!("ssm.{}.amazonaws.com", context.region);
        key.allow(context, "kms:Encrypt", vec![("kms:ViaService", vec![via])])?;
    }
    let key = key.usable().map_err(|error| unusable(error, named))?;
    let sealed = kms::seal(&key, &bound(context, name), value.as_bytes())?;
    Ok((encoded(&sealed), Some(named.to_owned())))
}

/// What the value of a parameter is bound to besides its key.
pub(super) fn bound(context: &Context<'_, '_>, name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("PARAMETER_ARN".to_owned(), arn(context, name))])
}

/// As SSM tells of a key that is of no use.
pub(super) fn unusable(error: KmsError, named: &str) -> Refusal {
    match error {
        KmsError::NotFound(_) => Refusal::bad("InvalidKeyId", format!("Invalid keyId {named}")),
        KmsError::Unusable(refusal) => Refusal::bad("InvalidKeyId", refusal.message),
        KmsError::Other(refusal) => refusal,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    name: Option<String>,
    #[serde(default)]
    names: Vec<String>,
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let wanted: Delete = input(context)?;
    let name = need(&wanted.name, "name")?;
    context.allow("ssm:DeleteParameter", Some(&arn(context, name)))?;
    find(context, name)?.ok_or_else(missing)?;
    remove(context, name);
    Ok(output(&json!({})))
}

pub(super) fn delete_several(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let wanted: Delete = input(context)?;
    super::get::check_count(&wanted.names)?;
    for name in &wanted.names {
        context.allow("ssm:DeleteParameters", Some(&arn(context, name)))?;
    }
    let (mut deleted, mut unknown): (Vec<Value>, Vec<Value>) = Default::default();
    for name in &wanted.names {
        match find(context, name)? {
            Some(_) => {
                remove(context, name);
                deleted.push(json!(name));
            }
            None => unknown.push(json!(name)),
        }
    }
    Ok(output(&json!({ "DeletedParameters": deleted, "InvalidParameters": unknown })))
}
