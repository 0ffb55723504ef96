//! Parameters with their values: one, several, a hierarchy, a history.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::describe::{Filter, passes};
use super::name::{Selected, arn};
use super::parameter::{Kind, Parameter, Version, all, find, missing};
use super::put::{bound, unusable};
use crate::aws::context::Context;
use crate::aws::json::{blob, bounded, input, invalid, need, output, place, timestamp, token};
use crate::aws::kms;
use crate::aws::page;
use crate::aws::refusal::Refusal;
use crate::service::Answer;

/// How many names one request may hold.
const NAMES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: Option<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
    path: Option<String>,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// One to ten names.
pub(super) fn check_count(names: &[String]) -> Result<(), Refusal> {
    if (1..=NAMES).contains(&names.len()) {
        return Ok(());
    }
    Err(invalid("Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10"))
}

/// A value as the caller may see it.
fn value(
    context: &mut Context<'_, '_>,
    parameter: &Parameter,
    version: &Version,
    decrypt: bool,
) -> Result<String, Refusal> {
    if parameter.kind != Kind::SecureString || !decrypt {
        return Ok(version.value.clone());
    }
    let via = format!("ssm.{}.amazonaws.com", context.region);
    let bound = bound(context, &parameter.name);
    let opened = kms::open(context, &bound, &blob(&version.value)?, |context, key| match key.is_open_through("ssm") {
        true => Ok(()),
        false => key.allow(context, "kms:Decrypt", vec![("kms:ViaService", vec![via])]),
    });
    let (_, plain) = opened.map_err(|error| unusable(error, version.key.as_deref().unwrap_or_default()))?;
    String::from_utf8(plain).map_err(|_| Refusal::internal())
}

fn view(
    context: &mut Context<'_, '_>,
    parameter: &Parameter,
    version: &Version,
    decrypt: bool,
) -> Result<Value, Refusal> {
    Ok(json!({
        "Name": parameter.name,
        "Type": parameter.kind.as_str(),
        "Value": value(context, parameter, version, decrypt)?,
        "Version": version.number,
        "LastModifiedDate": timestamp(version.modified_ms),
        "ARN": arn(context, &parameter.name),
        "DataType": "text",
    }))
}

/// The version that a selector means.
fn version<'p>(parameter: &'p Parameter, selected: &Selected) -> Result<&'p Version, Refusal> {
    let Some(selector) = &selected.selector else { return parameter.newest() };
    let number: Option<u64> = selector.trim_start_matches(':').parse().ok();
    let found = parameter.versions.iter().find(|version| Some(version.number) == number);
    found.ok_or_else(|| {
        let message = format!("Systems Manager could not find version {selector} of {}.", parameter.name);
        Refusal::bad("ParameterVersionNotFound", message)
    })
}

fn selected(context: &mut Context<'_, '_>, text: &str, decrypt: bool) -> Result<Value, Refusal> {
    let selected = Selected::read(context, text);
    let parameter = find(context, &selected.name)?.ok_or_else(missing)?;
    let mut shown = view(context, &parameter, version(&parameter, &selected)?, decrypt)?;
    if let Some(selector) = selected.selector {
        shown["Selector"] = json!(selector);
    }
    Ok(shown)
}

fn allow(context: &Context<'_, '_>, action: &str, text: &str) -> Result<(), Refusal> {
    let selected = Selected::read(context, text);
    context.allow(action, Some(&arn(context, &selected.name)))
}

pub(super) fn one(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let get: Get = input(context)?;
    let name = need(&get.name, "name")?;
    allow(context, "ssm:GetParameter", name)?;
    let shown = selected(context, name, get.with_decryption)?;
    Ok(output(&json!({ "Parameter": shown })))
}

pub(super) fn several(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let get: Get = input(context)?;
    check_count(&get.names)?;
    let different: BTreeSet<&String> = get.names.iter().collect();
    if different.len() < get.names.len() {
        return Err(Refusal::bad("ValidationException", "Duplicate parameters are not allowed."));
    }
    for name in &get.names {
        allow(context, "ssm:GetParameters", name)?;
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in &get.names {
        match selected(context, name, get.with_decryption) {
            Ok(shown) => found.push(shown),
            Err(refusal) if refusal.code.starts_with("Parameter") => unknown.push(name),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(output(&json!({ "Parameters": found, "InvalidParameters": unknown })))
}

pub(super) fn by_path(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let get: Get = input(context)?;
    let path = need(&get.path, "path")?;
    let keys = vec![("ssm:Recursive", vec![get.recursive.to_string()])];
    context.allow_with("ssm:GetParametersByPath", Some(&arn(context, path)), keys)?;
    if !path.starts_with('/') || (path.len() > 1 && path.contains("//")) {
        let message = format!(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward \
             slash \"/\". It can't be prefixed with \\\"aws\\\" or \\\"ssm\\\" (case-insensitive). It must use only \
             letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Path: {path}"
        );
        return Err(Refusal::bad("ValidationException", message));
    }
    let size = bounded(get.max_results, "maxResults", 10, 10)?;
    let from = place(get.next_token.as_ref(), "InvalidNextToken")?;
    let folder = format!("{}/", path.trim_end_matches('/'));
    let mut parameters = all(context)?;
    parameters.retain(|parameter| {
        let below = parameter.name.strip_prefix(&folder);
        below.is_some_and(|rest| get.recursive || !rest.contains('/')) && parameter.name >= from
    });
    let mut kept = Vec::new();
    for parameter in parameters {
        if passes(&parameter, &get.parameter_filters, &["Type", "KeyId"])? {
            kept.push(parameter);
        }
    }
    let page = page::cut(kept, size);
    let mut shown = Vec::new();
    for parameter in &page.items {
        shown.push(view(context, parameter, parameter.newest()?, get.with_decryption)?);
    }
    let mut body = json!({ "Parameters": shown });
    if let Some(next) = page.next {
        body["NextToken"] = json!(token(&next.name));
    }
    Ok(output(&body))
}

pub(super) fn history(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let get: Get = input(context)?;
    let name = need(&get.name, "name")?;
    context.allow("ssm:GetParameterHistory", Some(&arn(context, name)))?;
    let size = bounded(get.max_results, "maxResults", 50, 50)?;
    let from = place(get.next_token.as_ref(), "InvalidNextToken")?.parse().unwrap_or(0);
    let parameter = find(context, name)?.ok_or_else(missing)?;
    let versions = parameter.versions.iter().filter(|version| version.number >= from).collect();
    let page = page::cut(versions, size);
    let mut shown = Vec::new();
    for version in page.items {
        let mut entry = super::describe::entry(context, &parameter, version);
        entry["Value"] = json!(value(context, &parameter, version, get.with_decryption)?);
        entry["Labels"] = json!([]);
        shown.push(entry);
    }
    let mut body = json!({ "Parameters": shown });
    if let Some(next) = page.next {
        body["NextToken"] = json!(token(&next.number.to_string()));
    }
    Ok(output(&body))
}
