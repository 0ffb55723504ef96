//! Tags of hosted zones and health checks.

use std::collections::BTreeMap;

use http::StatusCode;

use super::health::{self, HealthCheck};
use super::zone::{ZONES, Zone};
use super::{answer, body, find, invalid, zone_arn};
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

/// What has tags.
enum Tagged {
    Zone(Zone),
    Check(HealthCheck),
}

impl Tagged {
    /// What the request names, once the caller may do this to it.
    fn find(context: &Context<'_, '_>, action: &str) -> Result<Self, Refusal> {
        let id = context.parameter(1);
        match context.parameter(0) {
            "hostedzone" => {
                context.allow(action, Some(&zone_arn(id)))?;
                Ok(Self::Zone(find(context, id)?))
            }
            "healthcheck" => Ok(Self::Check(health::find(context, id, action)?)),
            other => Err(invalid(format!("{other} is not a type of resource that has tags"))),
        }
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        match self {
            Self::Zone(zone) => &mut zone.tags,
            Self::Check(check) => &mut check.tags,
        }
    }

    fn store(&self, context: &mut Context<'_, '_>) -> Result<(), Refusal> {
        match self {
            Self::Zone(zone) => Ok(context.transaction.put(ZONES, &zone.id, zone)?),
            Self::Check(check) => check.store(context),
        }
    }
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut tagged = Tagged::find(context, "route53:ListTagsForResource")?;
    let tags = tagged.tags().iter();
    let tags = tags.map(|(key, value)| Element::new("Tag").with_text("Key", key).with_text("Value", value));
    let set = Element::new("ResourceTagSet")
        .with_text("ResourceType", context.parameter(0))
        .with_text("ResourceId", context.parameter(1))
        .with(Element::list("Tags", tags));
    Ok(answer(StatusCode::OK, "ListTagsForResourceResponse", vec![set]))
}

pub(super) fn change(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut tagged = Tagged::find(context, "route53:ChangeTagsForResource")?;
    let request = body(context, "ChangeTagsForResourceRequest")?;
    let children = |name: &str| request.child(name).map_or(&[][..], Element::children);
    let tags = tagged.tags();
    for tag in children("AddTags") {
        let key = tag.child_text("Key").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| invalid("A tag must have a key"))?;
        tags.insert(key.to_owned(), tag.child_text("Value").unwrap_or_default().to_owned());
    }
    for key in children("RemoveTagKeys") {
        tags.remove(key.text());
    }
    if tags.len() > 50 {
        return Err(invalid("A resource has at most 50 tags"));
    }
    tagged.store(context)?;
    Ok(answer(StatusCode::OK, "ChangeTagsForResourceResponse", Vec::new()))
}
