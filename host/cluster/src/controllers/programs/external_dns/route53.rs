//! Route53, as external-dns calls it.

use bytes::Bytes;
use http::Method;

use super::plan::{Action, Edit};
use super::{Endpoint, Settings};
use crate::controllers::api::Api;
use crate::controllers::aws::{self, AwsKey, Call, Element, Failed, Service};

const HOST: &str = "route53.amazonaws.com";
const VERSION: &str = "2013-04-01";
/// Seconds that a record without a TTL gets.
const TTL: i64 = 300;
/// Pages of a list that are read at most.
const PAGES: usize = 1000;

/// A zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// Without `/hostedzone/`.
    pub(super) id: String,
    /// Without the dot at the end.
    pub(super) name: String,
}

/// Calls with the program's own key.
#[derive(Debug)]
pub(super) struct Client {
    key: Option<AwsKey>,
}

impl Client {
    pub(super) fn new(key: Option<AwsKey>) -> Self {
        Self { key }
    }

    fn call(
        &self,
        api: &dyn Api,
        operation: &str,
        path: &str,
        query: String,
        body: Option<String>,
    ) -> Result<Element, Failed> {
        let key = self.key.as_ref().ok_or_else(|| Failed {
            code: String::new(),
            message: format!(
                "operation error Route 53: {operation}, get identity: get credentials: failed to refresh cached \
                 credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, request canceled, context \
                 deadline exceeded"
            ),
        })?;
        let call = Call {
            service: Service::Route53,
            operation,
            region: "us-east-1",
            method: if body.is_some() { Method::POST } else { Method::GET },
            host: HOST,
            path: format!("/{VERSION}/{path}"),
            query,
            headers: body.iter().map(|_| ("content-type", "application/xml".to_owned())).collect(),
            body: body.map(Bytes::from).unwrap_or_default(),
        };
        let answer = aws::send(api, key, &call)?;
        Element::read(answer.body()).ok_or_else(|| Failed {
            code: String::new(),
            message: format!("operation error Route 53: {operation}, deserialization failed"),
        })
    }

    /// The zones that the arguments let it touch.
    pub(super) fn zones(&self, settings: &Settings, api: &dyn Api) -> Result<Vec<Zone>, Failed> {
        let (mut zones, mut query) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let page = self.call(api, "ListHostedZones", "hostedzone", query, None)?;
            for zone in page.child("HostedZones").into_iter().flat_map(|all| all.all("HostedZone")) {
                let id = zone.text("Id").trim_start_matches("/hostedzone/").to_owned();
                let name = plain(zone.text("Name"));
                let private = zone.child("Config").is_some_and(|config| config.text("PrivateZone") == "true");
                let typed = match settings.zone_type.as_str() {
                    "public" => !private,
                    "private" => private,
                    _ => true,
                };
                let listed = settings.zones.is_empty()
                    || settings.zones.iter().any(|wanted| id.ends_with(wanted.trim_start_matches("/hostedzone/")));
                if typed && listed && settings.covers(&name) {
                    zones.push(Zone { id, name });
                }
            }
            if page.text("IsTruncated") != "true" {
                break;
            }
            query = format!("marker={}", page.text("NextMarker"));
        }
        Ok(zones)
    }

    /// All records of a zone that are of a type it knows.
    pub(super) fn records(&self, zone: &Zone, api: &dyn Api) -> Result<Vec<Endpoint>, Failed> {
        let (mut all, mut from) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let path = format!("hostedzone/{}/rrset", zone.id);
            let page = self.call(api, "ListResourceRecordSets", &path, format!("maxitems=300{from}"), None)?;
            for set in page.child("ResourceRecordSets").into_iter().flat_map(|all| all.all("ResourceRecordSet")) {
                let records = set.child("ResourceRecords");
                let mut targets: Vec<String> = records
                    .into_iter()
                    .flat_map(|records| records.all("ResourceRecord"))
                    .map(|record| record.text("Value").to_owned())
                    .collect();
                if set.text("Type") == "CNAME" {
                    targets.iter_mut().for_each(|target| *target = target.trim_end_matches('.').to_owned());
                }
                targets.sort();
                all.push(Endpoint {
                    name: plain(set.text("Name")),
                    kind: set.text("Type").to_owned(),
                    targets,
                    ttl: set.text("TTL").parse().ok(),
                    resource: String::new(),
                    owner: String::new(),
                });
            }
            if page.text("IsTruncated") != "true" {
                break;
            }
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("name", page.text("NextRecordName"))
                .append_pair("type", page.text("NextRecordType"))
                .finish();
            from = format!("&{query}");
        }
        Ok(all)
    }

    /// Sends changes as one.
    pub(super) fn change(&self, zone: &Zone, edits: &[&Edit], api: &dyn Api) -> Result<(), Failed> {
        let changes: String = edits.iter().map(|edit| change(edit)).collect();
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/{VERSION}/\"><ChangeBatch>\
             <Changes>{changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        let path = format!("hostedzone/{}/rrset", zone.id);
        self.call(api, "ChangeResourceRecordSets", &path, String::new(), Some(body)).map(drop)
    }
}

fn change(edit: &Edit) -> String {
    let Edit { action, endpoint, .. } = edit;
    let ttl = endpoint.ttl.unwrap_or(TTL);
    let values: String = endpoint
        .targets
        .iter()
        .map(|target| format!("<ResourceRecord><Value>{}</Value></ResourceRecord>", aws::escape(target)))
        .collect();
    format!(
        "<Change><Action>{}</Action><ResourceRecordSet><Name>{}</Name><Type>{}</Type><TTL>{ttl}</TTL>\
         <ResourceRecords>{values}</ResourceRecords></ResourceRecordSet></Change>",
        action.name(),
        aws::escape(&endpoint.name),
        endpoint.kind
    )
}

/// A name of Route53's as others write it.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').replacen("\\052", "*", 1).to_ascii_lowercase()
}

/// Whether a name's records are in this zone: the one with the longest name that the name ends with.
pub(super) fn holds(zone: &Zone, zones: &[Zone], name: &str) -> bool {
    let within = |zone: &Zone| name == zone.name || name.ends_with(&format!(".{}", zone.name));
    let longest = zones.iter().filter(|zone| within(zone)).map(|zone| zone.name.len()).max();
    within(zone) && longest == Some(zone.name.len())
}

/// Changes in pieces of at most so many, with those of one record together.
pub(super) fn batches<'a>(edits: &[&'a Edit], most: usize) -> Vec<Vec<&'a Edit>> {
    let mut batches: Vec<Vec<&Edit>> = Vec::new();
    for group in by_owned(edits) {
        match batches.last_mut() {
            Some(last) if last.len() + group.len() <= most => last.extend(group),
            _ => batches.push(group),
        }
    }
    for batch in &mut batches {
        batch.sort_by_key(|edit| edit.action);
    }
    batches
}

/// Changes by the record that they belong to.
pub(super) fn by_owned<'a>(edits: &[&'a Edit]) -> Vec<Vec<&'a Edit>> {
    let mut groups: Vec<Vec<&Edit>> = Vec::new();
    for edit in edits {
        match groups.iter_mut().find(|group| group[0].owned == edit.owned) {
            Some(group) => group.push(edit),
            None => groups.push(vec![edit]),
        }
    }
    // A record that another type replaces goes first.
    for group in &mut groups {
        group.sort_by_key(|edit| matches!(edit.action, Action::Create | Action::Upsert));
    }
    groups
}
