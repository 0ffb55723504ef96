//! Tags of objects.

use std::collections::BTreeMap;

use http::StatusCode;

use super::settings::{add_tag, malformed, tag_set};
use super::{body, object, xml};
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

/// How many an object may have.
const MOST: usize = 10;

/// The tags that come with new content: `a=1&b=2`.
pub(super) fn of_header(text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
        add_tag(&mut tags, &key, &value)?;
    }
    if tags.len() > MOST {
        return Err(Refusal::bad("BadRequest", format!("Object tags cannot be greater than {MOST}")));
    }
    Ok(tags)
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let found = object::found(context, "s3:GetObjectTagging", "s3:GetObjectVersionTagging")?;
    let tags = found.version().about.tags.iter();
    let tags = tags.map(|(key, value)| Element::new("Tag").with_text("Key", key).with_text("Value", value));
    let answer = xml(Element::new("Tagging").with(Element::list("TagSet", tags)));
    Ok(found.with_version_id(answer))
}

pub(super) fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut found = object::found(context, "s3:PutObjectTagging", "s3:PutObjectVersionTagging")?;
    let document = Element::parse(&body::plain(context)?)?;
    if document.name() != "Tagging" {
        return Err(malformed());
    }
    let tags = tag_set(&document, MOST)?;
    found.change(context, |about| about.tags = tags)?;
    Ok(found.with_version_id(Answer::empty(StatusCode::OK)))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut found = object::found(context, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging")?;
    found.change(context, |about| about.tags.clear())?;
    Ok(found.with_version_id(Answer::empty(StatusCode::NO_CONTENT)))
}
