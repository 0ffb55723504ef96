//! Route53: hosted zones and their records, by its REST of 2013-04-01.
//!
//! A change is `PENDING` for a minute of virtual time. A batch is applied whole
//! or not at all, in order, and every mistake in it is told. Health checks are
//! kept and check nothing. Private zones, delegation sets, traffic policies and
//! CIDR routing are not played.

mod batch;
mod check;
mod health;
mod name;
mod record;
mod records;
mod resolve;
mod tags;
mod value;
mod zone;
mod zones;

use http::{Method, StatusCode};
pub(crate) use resolve::resolve;
use serde_json::{Value, json};

use super::account::PlantError;
use super::api::{Dispatch, Operation, Surface};
use super::context::Context;
use super::protocol::Protocol;
use super::refusal::Refusal;
use super::xml::{Element, Malformed};
use crate::clock::Now;
use crate::routes::Route;
use crate::service::Answer;
use crate::store::{Documents, Transaction};
pub(super) use health::inventory as health_checks;
use record::RecordSet;
use zone::{ZONES, Zone};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// The service.
pub(super) fn api(per_second: u32) -> Surface {
    const ZONES: &str = "/2013-04-01/hostedzone";
    const ZONE: &str = "/2013-04-01/hostedzone/{zone}";
    const RECORDS: &str = "/2013-04-01/hostedzone/{zone}/rrset";
    const HEALTH: &str = "/2013-04-01/healthcheck";
    const ONE_HEALTH: &str = "/2013-04-01/healthcheck/{check}";
    const TAGS: &str = "/2013-04-01/tags/{type}/{resource}";
    let table = [
        (Method::GET, ZONES, Operation::read("ListHostedZones", zones::list)),
        (Method::POST, ZONES, Operation::write("CreateHostedZone", zones::create)),
        (Method::GET, "/2013-04-01/hostedzonesbyname", Operation::read("ListHostedZonesByName", zones::list_by_name)),
        (Method::GET, "/2013-04-01/hostedzonecount", Operation::read("GetHostedZoneCount", zones::count)),
        (Method::GET, ZONE, Operation::read("GetHostedZone", zones::get)),
        (Method::POST, ZONE, Operation::write("UpdateHostedZoneComment", zones::update_comment)),
        (Method::DELETE, ZONE, Operation::write("DeleteHostedZone", zones::delete)),
        (Method::GET, "/2013-04-01/hostedzone/{zone}/dnssec", Operation::read("GetDNSSEC", zones::dnssec)),
        (Method::GET, RECORDS, Operation::read("ListResourceRecordSets", records::list)),
        (Method::POST, RECORDS, Operation::write("ChangeResourceRecordSets", batch::change)),
        (Method::GET, "/2013-04-01/change/{change}", Operation::read("GetChange", records::get_change)),
        (Method::GET, HEALTH, Operation::read("ListHealthChecks", health::list)),
        (Method::POST, HEALTH, Operation::write("CreateHealthCheck", health::create)),
        (Method::GET, "/2013-04-01/healthcheckcount", Operation::read("GetHealthCheckCount", health::count)),
        (Method::GET, ONE_HEALTH, Operation::read("GetHealthCheck", health::get)),
        (Method::POST, ONE_HEALTH, Operation::write("UpdateHealthCheck", health::update)),
        (Method::DELETE, ONE_HEALTH, Operation::write("DeleteHealthCheck", health::delete)),
        (Method::GET, TAGS, Operation::read("ListTagsForResource", tags::list)),
        (Method::POST, TAGS, Operation::write("ChangeTagsForResource", tags::change)),
    ];
    let routes = table.map(|(method, template, handler)| Route { method, template, handler });
    Surface {
        name: "route53",
        protocol: Protocol::Xml { namespace: NAMESPACE },
        hosts: vec!["route53.amazonaws.com".to_owned()],
        global: true,
        dispatch: Dispatch::Rest(routes.into()),
        per_second,
    }
}

/// The zone that stacks find and never make.
pub(super) fn plant(transaction: &mut Transaction<'_>, name: &str, now: Now) -> Result<(), PlantError> {
    let zone = Zone::new(&format!("{name}."), "planted", "A prerequisite of the stacks: looked up, never made.", now)?;
    zone.store(transaction)?;
    Ok(())
}

/// A zone as the inventory shows it.
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) value: Value,
}

/// Every zone with its records, but for those that each has with random name servers in them.
pub(super) fn inventory(documents: &Documents) -> Result<Vec<Shown>, serde_json::Error> {
    let zones: Vec<Zone> = documents.list(ZONES)?;
    let shown = zones.into_iter().map(|zone| {
        let records: Vec<RecordSet> = documents.list(&zone.records())?;
        let changed = records.iter().filter(|record| !record.is_required(&zone.name));
        let records = changed.map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        let value = json!({ "name": zone.name, "comment": zone.comment, "tags": zone.tags, "records": records });
        Ok(Shown { id: zone.id, name: zone.name, value })
    });
    shown.collect()
}

/// The zone that a request names, once the caller may do this to it.
fn zone(context: &Context<'_, '_>, action: &str) -> Result<Zone, Refusal> {
    let id = context.parameter(0);
    context.allow(action, Some(&zone_arn(id)))?;
    find(context, id)
}

fn zone_arn(id: &str) -> String {
    format!("arn:aws:route53:::hostedzone/{id}")
}

fn find(context: &Context<'_, '_>, id: &str) -> Result<Zone, Refusal> {
    let missing = || Refusal::missing("NoSuchHostedZone", format!("No hosted zone found with ID: {id}"));
    context.transaction.get(ZONES, id)?.ok_or_else(missing)
}

fn answer(status: StatusCode, name: &'static str, children: Vec<Element>) -> Answer {
    Answer::of(status, "text/xml", Element::list(name, children).within(NAMESPACE).document())
}

/// The request's document, which has to have this root.
fn body(context: &Context<'_, '_>, root: &str) -> Result<Element, Refusal> {
    let parsed = Element::parse(&context.call.body);
    let element = parsed.map_err(|Malformed(why)| Refusal::bad("MalformedInput", format!("Invalid XML ; {why}")))?;
    if element.name() == root {
        return Ok(element);
    }
    Err(Refusal::bad("MalformedInput", format!("{} is not valid, expected {root}", element.name())))
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::bad("InvalidInput", why)
}

/// `maxitems`, at most what a page holds.
fn page_size(context: &Context<'_, '_>, most: usize) -> Result<usize, Refusal> {
    match context.call.query("maxitems").map(str::parse::<usize>) {
        None => Ok(most),
        Some(Ok(size)) if size > 0 => Ok(size.min(most)),
        Some(_) => Err(invalid("The maxitems parameter is not a positive number")),
    }
}
