//! The calls of Route 53 that the plugin makes, with their answers.

use maps_sdk::aws::{Call, route53};
use maps_sdk::{Class, Problem};
use serde::{Deserialize, Serialize};

use crate::name::{Name, ZoneId};
use crate::wire::RecordSet;

/// A zone as a list shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HostedZone {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) config: Config,
    #[serde(default)]
    pub(crate) resource_record_set_count: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) private_zone: bool,
}

/// A zone by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OneZone {
    pub(crate) hosted_zone: HostedZone,
    #[serde(default)]
    pub(crate) delegation_set: DelegationSet,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DelegationSet {
    #[serde(default)]
    pub(crate) name_servers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Zones {
    hosted_zones: Vec<HostedZone>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default, rename = "NextDNSName")]
    next_dns_name: Option<String>,
    #[serde(default)]
    next_hosted_zone_id: Option<String>,
}

/// Where a listing of records begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Start {
    #[serde(rename = "StartRecordName", skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(rename = "StartRecordType", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "StartRecordIdentifier", skip_serializing_if = "Option::is_none")]
    pub(crate) set: Option<String>,
}

/// A page of records.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) resource_record_sets: Vec<RecordSet>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_record_name: Option<String>,
    #[serde(default)]
    next_record_type: Option<String>,
    #[serde(default)]
    next_record_identifier: Option<String>,
}

impl Page {
    /// Where the next page begins; none if this is the last.
    pub(crate) fn next(&self) -> Option<Start> {
        self.is_truncated.then(|| Start {
            name: self.next_record_name.clone(),
            kind: self.next_record_type.clone(),
            set: self.next_record_identifier.clone(),
        })
    }
}

/// A change that Route 53 has taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChangeInfo {
    pub(crate) id: String,
    status: String,
}

impl ChangeInfo {
    /// Has it reached every name server?
    pub(crate) fn is_in_sync(&self) -> bool {
        self.status == "INSYNC"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Changed {
    change_info: ChangeInfo,
}

/// One change of a batch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) resource_record_set: RecordSet,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Action {
    Create,
    Upsert,
    Delete,
}

/// Every zone of this name, in the order in which they are listed.
pub(crate) fn zones_named(name: &Name) -> Result<Vec<HostedZone>, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct From<'a> {
        #[serde(rename = "DNSName")]
        dns_name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hosted_zone_id: Option<String>,
    }
    let mut found = Vec::new();
    let mut from_id = None;
    loop {
        let from = From { dns_name: name.as_str(), hosted_zone_id: from_id.clone() };
        let page: Zones = route53::read(Call::new("ListHostedZonesByName", &from)?)?.json()?;
        found.extend(page.hosted_zones.into_iter().filter(|zone| Name::new(&zone.name) == *name));
        // The list goes on with other names, which nobody asked for.
        let same = page.next_dns_name.is_some_and(|next| Name::new(&next) == *name);
        match page.next_hosted_zone_id.map(|id| ZoneId::new(&id).to_string()) {
            Some(next) if page.is_truncated && same && from_id.as_ref() != Some(&next) => from_id = Some(next),
            _ => return Ok(found),
        }
    }
}

/// Zones by their ids, asked for side by side; none where there is no such zone.
pub(crate) fn zones<'i>(ids: impl Iterator<Item = &'i ZoneId>) -> Vec<Result<Option<OneZone>, Problem>> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct ById<'a> {
        id: &'a str,
    }
    all(ids.map(|id| Call::new("GetHostedZone", &ById { id: id.as_str() })))
        .into_iter()
        .map(|answer| match answer {
            Ok(answer) => answer.json().map(Some),
            Err(problem) if problem.code == NO_ZONE => Ok(None),
            Err(problem) => Err(problem),
        })
        .collect()
}

/// The code of AWS for a zone that is not there.
pub(crate) const NO_ZONE: &str = "no-such-hosted-zone";

/// Pages of a zone's records from these places on, asked for side by side.
pub(crate) fn pages<'s>(zone: &ZoneId, starts: impl Iterator<Item = &'s Start>) -> Vec<Result<Page, Problem>> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct List<'a> {
        hosted_zone_id: &'a str,
        #[serde(flatten)]
        start: &'a Start,
    }
    all(starts.map(|start| Call::new("ListResourceRecordSets", &List { hosted_zone_id: zone.as_str(), start })))
        .into_iter()
        .map(|answer| answer?.json())
        .collect()
}

/// How far changes are, asked for side by side.
pub(crate) fn changes<'i>(ids: impl Iterator<Item = &'i str>) -> Vec<Result<ChangeInfo, Problem>> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct ById<'a> {
        id: &'a str,
    }
    let answers = all(ids.map(|id| Call::new("GetChange", &ById { id })));
    answers.into_iter().map(|answer| answer?.json().map(|Changed { change_info }| change_info)).collect()
}

/// The call that changes records of a zone, whole or not at all.
pub(crate) fn change(zone: &ZoneId, changes: &[Change]) -> Result<Call, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Batch<'a> {
        changes: &'a [Change],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input<'a> {
        hosted_zone_id: &'a str,
        change_batch: Batch<'a>,
    }
    Call::new("ChangeResourceRecordSets", &Input { hosted_zone_id: zone.as_str(), change_batch: Batch { changes } })
}

/// What a call that changes records was answered.
pub(crate) fn changed(answer: Result<maps_sdk::aws::Answer, Problem>) -> Result<ChangeInfo, Problem> {
    match answer {
        Ok(answer) => answer.json().map(|Changed { change_info }| change_info),
        // Route 53 takes one change of a zone after the other, and says so by a code of its own.
        Err(problem) if problem.code == "prior-request-not-complete" => {
            Err(Problem { class: Class::Throttled, ..problem })
        }
        Err(problem) => Err(problem),
    }
}

/// Sends those calls that could be made.
fn all(calls: impl Iterator<Item = Result<Call, Problem>>) -> Vec<Result<maps_sdk::aws::Answer, Problem>> {
    let mut sent = Vec::new();
    let kept: Vec<Option<Problem>> = calls.map(|call| call.map(|call| sent.push(call)).err()).collect();
    let mut answers = route53::read_all(sent).into_iter();
    let none = || Err(Problem::internal("no-answer", "the host answered nothing"));
    kept.into_iter().map(|problem| problem.map_or_else(|| answers.next().unwrap_or_else(none), Err)).collect()
}
