//! Tags of hosted zones.

use http::StatusCode;

use super::zone::{ZONES, Zone};
use super::{answer, body, find, invalid, zone_arn};
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

fn zone(context: &Context<'_, '_>, action: &str) -> Result<Zone, Refusal> {
    match context.parameter(0) {
        "hostedzone" => {}
        "healthcheck" => return Err(Refusal::not_played("health checks")),
        other => return Err(invalid(format!("{other} is not a type of resource that has tags"))),
    }
    let id = context.parameter(1);
    context.allow(action, Some(&zone_arn(id)))?;
    find(context, id)
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let zone = zone(context, "route53:ListTagsForResource")?;
    let tags = zone.tags.iter();
    let tags = tags.map(|(key, value)| Element::new("Tag").with_text("Key", key).with_text("Value", value));
    let set = Element::new("ResourceTagSet")
        .with_text("ResourceType", "hostedzone")
        .with_text("ResourceId", &zone.id)
        .with(Element::list("Tags", tags));
    Ok(answer(StatusCode::OK, "ListTagsForResourceResponse", vec![set]))
}

pub(super) fn change(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut zone = zone(context, "route53:ChangeTagsForResource")?;
    let request = body(context, "ChangeTagsForResourceRequest")?;
    let children = |name: &str| request.child(name).map_or(&[][..], Element::children);
    for tag in children("AddTags") {
        let key = tag.child_text("Key").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| invalid("A tag must have a key"))?;
        zone.tags.insert(key.to_owned(), tag.child_text("Value").unwrap_or_default().to_owned());
    }
    for key in children("RemoveTagKeys") {
        zone.tags.remove(key.text());
    }
    if zone.tags.len() > 50 {
        return Err(invalid("A resource has at most 50 tags"));
    }
    context.transaction.put(ZONES, &zone.id, &zone)?;
    Ok(answer(StatusCode::OK, "ChangeTagsForResourceResponse", Vec::new()))
}
