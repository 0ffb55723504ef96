//! Tags of parameters.

use serde::Deserialize;
use serde_json::json;

use super::name::arn;
use super::parameter::{Parameter, find, keep};
use crate::aws::context::Context;
use crate::aws::json::{Tag, input, need, output, tags};
use crate::aws::refusal::Refusal;
use crate::service::Answer;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagging {
    resource_type: Option<String>,
    resource_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// The parameter that is tagged, once the caller may do this to it.
fn parameter(context: &Context<'_, '_>, tagging: &Tagging, action: &str) -> Result<Parameter, Refusal> {
    match need(&tagging.resource_type, "resourceType")? {
        "Parameter" => {}
        other => return Err(Refusal::not_played(&format!("tags of a {other}"))),
    }
    let id = need(&tagging.resource_id, "resourceId")?;
    let keys = tagging.tags.iter().map(|tag| tag.key.clone()).chain(tagging.tag_keys.clone()).collect::<Vec<_>>();
    let keys = if keys.is_empty() { Vec::new() } else { vec![("aws:TagKeys", keys)] };
    context.allow_with(action, Some(&arn(context, id)), keys)?;
    find(context, id)?.ok_or_else(|| Refusal::bad("InvalidResourceId", ""))
}

pub(super) fn add(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let tagging: Tagging = input(context)?;
    let mut parameter = parameter(context, &tagging, "ssm:AddTagsToResource")?;
    parameter.tags.extend(tags(tagging.tags));
    if parameter.tags.len() > 50 {
        return Err(Refusal::bad("TooManyTagsError", "A parameter can have at most 50 tags."));
    }
    keep(context, &parameter)?;
    Ok(output(&json!({})))
}

pub(super) fn remove(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let tagging: Tagging = input(context)?;
    let mut parameter = parameter(context, &tagging, "ssm:RemoveTagsFromResource")?;
    parameter.tags.retain(|key, _| !tagging.tag_keys.contains(key));
    keep(context, &parameter)?;
    Ok(output(&json!({})))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let parameter = parameter(context, &input(context)?, "ssm:ListTagsForResource")?;
    let tags = parameter.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(output(&json!({ "TagList": tags.collect::<Vec<_>>() })))
}
