//! Records as they are listed, and changes as they are looked at.

use http::StatusCode;

use super::batch::{CHANGES, Change};
use super::name::normal;
use super::record::{RecordSet, place};
use super::{answer, invalid, page_size, zone};
use crate::aws::context::Context;
use crate::aws::page;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::Answer;

/// What a page of records holds at most.
const PAGE: usize = 300;

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let zone = zone(context, "route53:ListResourceRecordSets")?;
    let size = page_size(context, PAGE)?;
    let query = |name: &str| context.call.query(name).filter(|value| !value.is_empty());
    let start = match (query("name"), query("type"), query("identifier")) {
        (None, None, None) => String::new(),
        (Some(_), None, Some(_)) | (None, _, _) => {
            return Err(invalid("The type parameter must be used with name, and the identifier parameter with both"));
        }
        (Some(name), kind, identifier) => {
            let name = normal(name).map_err(invalid)?;
            place(&name, kind.unwrap_or_default(), identifier.unwrap_or_default())
        }
    };
    let mut records: Vec<RecordSet> = context.transaction.list(&zone.records())?;
    records.retain(|record| record.key() >= start);
    let page = page::cut(records, size);
    let mut parts = vec![Element::list("ResourceRecordSets", page.items.iter().map(RecordSet::view))];
    parts.push(Element::of("IsTruncated", page.next.is_some()));
    if let Some(next) = page.next {
        parts.extend([Element::of("NextRecordName", next.name), Element::of("NextRecordType", next.kind)]);
        parts.extend(next.identifier.map(|identifier| Element::of("NextRecordIdentifier", identifier)));
    }
    parts.push(Element::of("MaxItems", size));
    Ok(answer(StatusCode::OK, "ListResourceRecordSetsResponse", parts))
}

pub(super) fn get_change(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let id = context.parameter(0);
    context.allow("route53:GetChange", Some(&format!("arn:aws:route53:::change/{id}")))?;
    let change: Option<Change> = context.transaction.get(CHANGES, id)?;
    let missing = || Refusal::missing("NoSuchChange", format!("Could not find resource with ID: {id}"));
    let view = change.ok_or_else(missing)?.view(context.now.virtual_ms);
    Ok(answer(StatusCode::OK, "GetChangeResponse", vec![view]))
}
