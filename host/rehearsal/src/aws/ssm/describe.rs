//! Parameters without their values, filtered.

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::arn;
use super::parameter::{Parameter, Version, all};
use crate::aws::context::Context;
use crate::aws::json::{bounded, input, output, place, timestamp, token};
use crate::aws::page;
use crate::aws::refusal::Refusal;
use crate::service::Answer;

/// A filter of `ParameterFilters`, or one of the older `Filters`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// Whether a parameter passes all filters, of which only those with these keys are taken.
pub(super) fn passes(parameter: &Parameter, filters: &[Filter], known: &[&str]) -> Result<bool, Refusal> {
    for filter in filters {
        let tag = filter.key.strip_prefix("tag:").filter(|_| known.contains(&"tag"));
        if tag.is_none() && !known.contains(&filter.key.as_str()) {
            let message = format!("The filter key {} is not valid.", filter.key);
            return Err(Refusal::bad("InvalidFilterKey", message));
        }
        if !fits(parameter, filter, tag)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn fits(parameter: &Parameter, filter: &Filter, tag: Option<&str>) -> Result<bool, Refusal> {
    let newest = parameter.newest()?;
    let option = filter.option.as_deref();
    let wrong = || {
        let message = format!("The filter option {} is not valid for {}.", option.unwrap_or_default(), filter.key);
        Refusal::bad("InvalidFilterOption", message)
    };
    if filter.key == "Path" {
        let recursive = match option {
            Some("Recursive") => true,
            None | Some("OneLevel") => false,
            Some(_) => return Err(wrong()),
        };
        return Ok(filter.values.iter().any(|path| {
            let below = parameter.name.strip_prefix(&format!("{}/", path.trim_end_matches('/')));
            below.is_some_and(|rest| recursive || !rest.contains('/'))
        }));
    }
    let given = match (tag, filter.key.as_str()) {
        (Some(tag), _) => match parameter.tags.get(tag) {
            Some(value) if !filter.values.is_empty() => value.as_str(),
            found => return Ok(found.is_some()),
        },
        (None, "Name") => &parameter.name,
        (None, "Type") => parameter.kind.as_str(),
        (None, "Tier") => parameter.tier.as_str(),
        (None, "DataType") => "text",
        (None, _) => newest.key.as_deref().unwrap_or_default(),
    };
    // A name may be given with or without its first slash.
    let bare = |text: &str| text.trim_start_matches('/').to_owned();
    match option {
        None | Some("Equals") => Ok(filter.values.iter().any(|value| value == given)),
        Some("BeginsWith") => Ok(filter.values.iter().any(|value| bare(given).starts_with(&bare(value)))),
        Some("Contains") if filter.key == "Name" => {
            Ok(filter.values.iter().any(|value| given.contains(value.as_str())))
        }
        Some(_) => Err(wrong()),
    }
}

/// A version of a parameter without its value.
pub(super) fn entry(context: &Context<'_, '_>, parameter: &Parameter, version: &Version) -> Value {
    let mut entry = json!({
        "Name": parameter.name,
        "ARN": arn(context, &parameter.name),
        "Type": parameter.kind.as_str(),
        "LastModifiedDate": timestamp(version.modified_ms),
        "LastModifiedUser": version.user,
        "Version": version.number,
        "Tier": parameter.tier.as_str(),
        "Policies": [],
        "DataType": "text",
    });
    for (name, value) in
        [("KeyId", &version.key), ("Description", &version.description), ("AllowedPattern", &parameter.pattern)]
    {
        if let Some(value) = value {
            entry[name] = json!(value);
        }
    }
    entry
}

pub(super) fn describe(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("ssm:DescribeParameters", Some(&context.arn("ssm", "*")))?;
    let wanted: Describe = input(context)?;
    if !wanted.filters.is_empty() && !wanted.parameter_filters.is_empty() {
        let message = "You can use either Filters or ParameterFilters in a single request.";
        return Err(Refusal::bad("ValidationException", message));
    }
    let size = bounded(wanted.max_results, "maxResults", 50, 50)?;
    let from = place(wanted.next_token.as_ref(), "InvalidNextToken")?;
    let mut kept = Vec::new();
    for parameter in all(context)? {
        let known = ["Name", "Type", "KeyId", "Path", "Tier", "DataType", "tag"];
        if parameter.name >= from
            && passes(&parameter, &wanted.parameter_filters, &known)?
            && passes(&parameter, &wanted.filters, &known[..3])?
        {
            kept.push(parameter);
        }
    }
    let page = page::cut(kept, size);
    let mut shown = Vec::new();
    for parameter in &page.items {
        shown.push(entry(context, parameter, parameter.newest()?));
    }
    let mut body = json!({ "Parameters": shown });
    if let Some(next) = page.next {
        body["NextToken"] = json!(token(&next.name));
    }
    Ok(output(&body))
}
