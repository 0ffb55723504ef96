//! Hosted zones: made, found, listed, deleted.

use http::StatusCode;

use super::batch::pending;
use super::name::{normal, reversed};
use super::record::RecordSet;
use super::zone::{ZONES, Zone};
use super::{answer, body, find, invalid, page_size, zone, zone_arn};
use crate::aws::context::Context;
use crate::aws::page;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::xml::Element;
use crate::service::Answer;

/// What a page of zones holds at most.
const PAGE: usize = 100;

fn records(context: &Context<'_, '_>, zone: &Zone) -> Result<Vec<RecordSet>, Refusal> {
    Ok(context.transaction.list(&zone.records())?)
}

fn views(context: &Context<'_, '_>, zones: &[Zone]) -> Result<Element, Refusal> {
    let views = zones.iter().map(|zone| Ok(zone.view(records(context, zone)?.len())));
    Ok(Element::list("HostedZones", views.collect::<Result<Vec<_>, Refusal>>()?))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:ListHostedZones", None)?;
    let size = page_size(context, PAGE)?;
    let marker = context.call.query("marker");
    let mut zones: Vec<Zone> = context.transaction.list(ZONES)?;
    zones.retain(|zone| marker.is_none_or(|marker| zone.id.as_str() >= marker));
    let page = page::cut(zones, size);
    let mut parts = vec![views(context, &page.items)?];
    parts.extend(marker.map(|marker| Element::of("Marker", marker)));
    parts.push(Element::of("IsTruncated", page.next.is_some()));
    parts.extend(page.next.map(|zone| Element::of("NextMarker", zone.id)));
    parts.push(Element::of("MaxItems", size));
    Ok(answer(StatusCode::OK, "ListHostedZonesResponse", parts))
}

pub(super) fn list_by_name(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:ListHostedZonesByName", None)?;
    let size = page_size(context, PAGE)?;
    let (from, from_id) = (context.call.query("dnsname"), context.call.query("hostedzoneid"));
    if from_id.is_some() && from.is_none() {
        return Err(invalid("The hostedzoneid parameter must be used with the dnsname parameter"));
    }
    let start = match from {
        Some(name) => {
            let name = normal(name).map_err(|why| Refusal::bad("InvalidDomainName", why))?;
            (reversed(&name), from_id.unwrap_or_default().to_owned())
        }
        None => Default::default(),
    };
    let key = |zone: &Zone| (reversed(&zone.name), zone.id.clone());
    let mut zones: Vec<Zone> = context.transaction.list(ZONES)?;
    zones.retain(|zone| key(zone) >= start);
    zones.sort_by_cached_key(key);
    let page = page::cut(zones, size);
    let mut parts = vec![views(context, &page.items)?];
    parts.extend(from.map(|name| Element::of("DNSName", name)));
    parts.extend(from_id.map(|id| Element::of("HostedZoneId", id)));
    parts.push(Element::of("IsTruncated", page.next.is_some()));
    if let Some(next) = page.next {
        parts.extend([Element::of("NextDNSName", next.name), Element::of("NextHostedZoneId", next.id)]);
    }
    parts.push(Element::of("MaxItems", size));
    Ok(answer(StatusCode::OK, "ListHostedZonesByNameResponse", parts))
}

pub(super) fn count(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:GetHostedZoneCount", None)?;
    let zones: Vec<Zone> = context.transaction.list(ZONES)?;
    let parts = vec![Element::of("HostedZoneCount", zones.len())];
    Ok(answer(StatusCode::OK, "GetHostedZoneCountResponse", parts))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let zone = zone(context, "route53:GetHostedZone")?;
    let parts = vec![zone.view(records(context, &zone)?.len()), zone.delegation()];
    Ok(answer(StatusCode::OK, "GetHostedZoneResponse", parts))
}

/// No zone is signed here; clients ask before they empty one.
pub(super) fn dnssec(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    zone(context, "route53:GetDNSSEC")?;
    let status = Element::list("Status", [Element::of("ServeSignature", "NOT_SIGNING")]);
    let parts = vec![status, Element::new("KeySigningKeys")];
    Ok(answer(StatusCode::OK, "GetDNSSECResponse", parts))
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:CreateHostedZone", None)?;
    let request = body(context, "CreateHostedZoneRequest")?;
    let known = ["Name", "VPC", "CallerReference", "HostedZoneConfig", "DelegationSetId"];
    if let Some(stranger) = request.stranger(&known) {
        return Err(invalid(format!(
            "Invalid XML ; Invalid content was found starting with element '{}'",
            stranger.name()
        )));
    }
    let config = request.child("HostedZoneConfig");
    let private = config.and_then(|config| config.child_text("PrivateZone")) == Some("true");
    if private || request.child("VPC").is_some() {
        return Err(Refusal::not_played("private hosted zones"));
    }
    if request.child("DelegationSetId").is_some() {
        return Err(Refusal::not_played("reusable delegation sets"));
    }
    let reference = request.child_text("CallerReference").filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| invalid("The CallerReference element is missing"))?;
    let name = request.child_text("Name").ok_or_else(|| invalid("The Name element is missing"))?;
    let name = normal(name).map_err(|why| Refusal::bad("InvalidDomainName", why))?;
    let zones: Vec<Zone> = context.transaction.list(ZONES)?;
    if zones.iter().any(|zone| zone.caller_reference == reference) {
        let message = "A hosted zone has already been created with the specified caller reference.";
        return Err(Refusal::conflict("HostedZoneAlreadyExists", message));
    }
    let comment = config.and_then(|config| config.child_text("Comment")).unwrap_or_default();
    let zone = Zone::new(&name, reference, comment, context.now)?;
    zone.store(context.transaction)?;
    let parts = vec![zone.view(2), pending(context, None)?, zone.delegation()];
    let answer = answer(StatusCode::CREATED, "CreateHostedZoneResponse", parts);
    let location = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id);
    Ok(with_header(answer, "location", &location))
}

pub(super) fn update_comment(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut zone = zone(context, "route53:UpdateHostedZoneComment")?;
    let request = body(context, "UpdateHostedZoneCommentRequest")?;
    zone.comment = request.child_text("Comment").map(str::to_owned);
    context.transaction.put(ZONES, &zone.id, &zone)?;
    let parts = vec![zone.view(records(context, &zone)?.len())];
    Ok(answer(StatusCode::OK, "UpdateHostedZoneCommentResponse", parts))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:DeleteHostedZone", Some(&zone_arn(context.parameter(0))))?;
    let zone = find(context, context.parameter(0))?;
    let records = records(context, &zone)?;
    if records.iter().any(|record| !record.is_required(&zone.name)) {
        let message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(Refusal::bad("HostedZoneNotEmpty", message));
    }
    for record in records {
        context.transaction.remove(&zone.records(), &record.key());
    }
    context.transaction.remove(ZONES, &zone.id);
    let parts = vec![pending(context, None)?];
    Ok(answer(StatusCode::OK, "DeleteHostedZoneResponse", parts))
}
