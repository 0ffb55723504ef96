//! Amazon Route 53. Source: its API reference, version 2013-04-01.

use super::super::names::Shape;
use super::{Action, Field, READ, Service, WRITE, list_at, map_at, name, only, word};
use crate::value::{Map, Value};

/// The service.
pub(in super::super) static ROUTE53: Service = Service {
    name: "route53",
    fields: &[
        Field { name: "zones", shape: Shape::Word, canonical: zone },
        Field { name: "names", shape: Shape::Domain, canonical: domain },
        Field { name: "types", shape: Shape::Word, canonical: record_type },
        // Only CREATE leaves alone what somebody else has made.
        Field { name: "changes", shape: Shape::Word, canonical: change },
    ],
    actions: &[
        Action {
            name: "ListHostedZonesByName",
            parameters: &["DNSName", "HostedZoneId", "MaxItems"],
            about: &[name("names", "/DNSName")],
            ..READ
        },
        Action { name: "GetHostedZone", parameters: &["Id"], about: &[name("zones", "/Id")], ..READ },
        Action {
            name: "ListResourceRecordSets",
            parameters: &["HostedZoneId", "StartRecordName", "StartRecordType", "StartRecordIdentifier", "MaxItems"],
            about: &[name("zones", "/HostedZoneId")],
            ..READ
        },
        // A change's id is known only to who made it.
        Action { name: "GetChange", parameters: &["Id"], ..READ },
        Action {
            name: "ChangeResourceRecordSets",
            parameters: &["HostedZoneId", "ChangeBatch"],
            about: &[
                name("zones", "/HostedZoneId"),
                name("names", "/ChangeBatch/Changes/*/ResourceRecordSet/Name"),
                name("types", "/ChangeBatch/Changes/*/ResourceRecordSet/Type"),
                name("changes", "/ChangeBatch/Changes/*/Action"),
            ],
            each: Some("/ChangeBatch/Changes"),
            guard: Some(plain_batch),
            ..WRITE
        },
    ],
};

/// A batch of changes, each of one record set that is said in full.
fn plain_batch(input: &Map) -> Result<(), &'static str> {
    const WHY: &str = "a batch has `Changes`, each with an `Action` and a `ResourceRecordSet`";
    let batch = map_at(input, "ChangeBatch").filter(|batch| only(batch, &["Comment", "Changes"])).ok_or(WHY)?;
    let plain = |change: &Value| match change.peek() {
        Value::Map(change) => only(change, &["Action", "ResourceRecordSet"]),
        _ => false,
    };
    if list_at(batch, "Changes").is_some_and(|changes| changes.iter().all(plain)) { Ok(()) } else { Err(WHY) }
}

fn zone(text: &str) -> Result<String, &'static str> {
    word(text, b"", "a zone is named by its id alone: letters and digits")
}

fn record_type(text: &str) -> Result<String, &'static str> {
    word(text, b"", "a record's type is a word")
}

fn change(text: &str) -> Result<String, &'static str> {
    match text {
        "CREATE" | "UPSERT" | "DELETE" => Ok(text.to_owned()),
        _ => Err("a change is CREATE, UPSERT or DELETE"),
    }
}

/// Route 53 takes `\052` for `*`, a last dot or none, and any case: one name in several spellings.
fn domain(text: &str) -> Result<String, &'static str> {
    let plain = text.strip_suffix('.').unwrap_or(text).replace("\\052", "*").to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*' | b'.' | b'@' | b'/');
    let labels = plain.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    if labels && plain.len() <= 255 && plain.bytes().all(fits) {
        Ok(plain)
    } else {
        Err("a domain name has labels of letters, digits, `-` and `_` between dots, and escapes only `*`")
    }
}
