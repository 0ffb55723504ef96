//! Route 53's wire format: REST with XML. Source: its API reference, version 2013-04-01.

use maps_engine::Problem;
use maps_engine::capability::Action;
use serde_json::{Map, Value as Json};

use super::wire::{Wire, encoded, malformed, text};
use super::xml::Forms;

const BASE: &str = "/2013-04-01";
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

const FORMS: Forms = Forms {
    wrapped: &[
        ("Changes", "Change"),
        ("HostedZones", "HostedZone"),
        ("NameServers", "NameServer"),
        ("ResourceRecords", "ResourceRecord"),
        ("ResourceRecordSets", "ResourceRecordSet"),
        ("VPCs", "VPC"),
    ],
    flat: &[],
    numbers: &["Bias", "ResourceRecordSetCount", "TTL", "Weight"],
    truths: &["EvaluateTargetHealth", "IsTruncated", "MultiValueAnswer", "PrivateZone"],
};

pub(super) fn request(action: &Action, input: &Map<String, Json>, host: &str) -> Result<Wire, Problem> {
    let id = |name: &str| text(input, name).map(encoded);
    let queried = |pairs: &[(&str, &str)]| {
        let said = pairs.iter().filter_map(|(parameter, name)| {
            let value = match input.get(*parameter)? {
                Json::String(text) => text.clone(),
                Json::Null => return None,
                other => other.to_string(),
            };
            Some(format!("{name}={}", encoded(&value)))
        });
        said.collect::<Vec<_>>().join("&")
    };
    let (method, path, query) = match action.name {
        "ListHostedZonesByName" => {
            let query = queried(&[("DNSName", "dnsname"), ("HostedZoneId", "hostedzoneid"), ("MaxItems", "maxitems")]);
            ("GET", "/hostedzonesbyname".to_owned(), query)
        }
        "GetHostedZone" => ("GET", format!("/hostedzone/{}", id("Id")?), String::new()),
        "ListResourceRecordSets" => {
            let query = queried(&[
                ("StartRecordName", "name"),
                ("StartRecordType", "type"),
                ("StartRecordIdentifier", "identifier"),
                ("MaxItems", "maxitems"),
            ]);
            ("GET", format!("/hostedzone/{}/rrset", id("HostedZoneId")?), query)
        }
        "GetChange" => ("GET", format!("/change/{}", id("Id")?), String::new()),
        "ChangeResourceRecordSets" => ("POST", format!("/hostedzone/{}/rrset/", id("HostedZoneId")?), String::new()),
        other => return Err(malformed(&format!("{other} has no form"))),
    };
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let url = format!("https://{host}{BASE}{path}{query}");
    if method == "GET" {
        return Ok(Wire { method, url, headers: Vec::new(), body: Vec::new() });
    }
    let mut body = format!("<ChangeResourceRecordSetsRequest xmlns=\"{NAMESPACE}\">");
    FORMS.write(&mut body, "ChangeBatch", input.get("ChangeBatch").unwrap_or(&Json::Null));
    body.push_str("</ChangeResourceRecordSetsRequest>");
    Ok(Wire { method, url, headers: vec![("content-type", "application/xml".into())], body: body.into_bytes() })
}

/// Ids come with the path that leads to them, which no call takes back as it is judged.
pub(super) fn answer(text: &str) -> Result<Json, String> {
    let (_, mut root) = FORMS.read(text)?;
    bare_ids(&mut root);
    Ok(root)
}

fn bare_ids(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(bare_ids),
        Json::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Json::String(id) if name == "Id" || name == "HostedZoneId" => {
                        let bare = id.strip_prefix("/hostedzone/").or_else(|| id.strip_prefix("/change/"));
                        if let Some(bare) = bare.map(str::to_owned) {
                            *id = bare;
                        }
                    }
                    other => bare_ids(other),
                }
            }
        }
        _ => {}
    }
}
