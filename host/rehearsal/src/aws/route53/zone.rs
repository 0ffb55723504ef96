//! A hosted zone as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::RecordSet;
use crate::aws::xml::Element;
use crate::clock::Now;
use crate::entropy;
use crate::store::Transaction;

/// Where the store keeps zones, by their id.
pub(super) const ZONES: &str = "aws.route53.zones";

const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A random identifier of a zone or a change.
pub(super) fn identifier(first: char) -> Result<String, getrandom::Error> {
    Ok(format!("{first}{}", entropy::pick(ID_LETTERS, 20)?))
}

/// A public hosted zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct Zone {
    pub(in crate::aws) id: String,
    pub(in crate::aws) name: String,
    pub(super) caller_reference: String,
    pub(in crate::aws) comment: Option<String>,
    pub(in crate::aws) tags: BTreeMap<String, String>,
    pub(super) name_servers: Vec<String>,
    pub(super) created_ms: u64,
}

impl Zone {
    /// A new one, with a normal name.
    pub(super) fn new(name: &str, reference: &str, comment: &str, now: Now) -> Result<Self, getrandom::Error> {
        let mut name_servers = Vec::new();
        for ending in ["org", "co.uk", "com", "net"] {
            let (number, group) = (entropy::below(2048)?, entropy::below(64)?);
            name_servers.push(format!("ns-{number}.awsdns-{group:02}.{ending}"));
        }
        Ok(Self {
            id: identifier('Z')?,
            name: name.to_owned(),
            caller_reference: reference.to_owned(),
            comment: (!comment.is_empty()).then(|| comment.to_owned()),
            tags: BTreeMap::new(),
            name_servers,
            created_ms: now.real_ms,
        })
    }

    /// Where the store keeps this zone's records.
    pub(super) fn records(&self) -> String {
        format!("aws.route53.records.{}", self.id)
    }

    /// Keeps a new zone, with the two records that each has.
    pub(super) fn store(&self, transaction: &mut Transaction<'_>) -> Result<(), serde_json::Error> {
        transaction.put(ZONES, &self.id, self)?;
        let servers = self.name_servers.iter().map(|server| format!("{server}.")).collect();
        let first = self.name_servers.first().map_or("", String::as_str);
        let authority = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        for record in [
            RecordSet::simple(&self.name, "NS", 172_800, servers),
            RecordSet::simple(&self.name, "SOA", 900, vec![authority]),
        ] {
            transaction.put(&self.records(), &record.key(), &record)?;
        }
        Ok(())
    }

    /// As the API shows it.
    pub(super) fn view(&self, records: usize) -> Element {
        let config = Element::new("Config").with_some("Comment", self.comment.as_ref()).with_text("PrivateZone", false);
        Element::new("HostedZone")
            .with_text("Id", format!("/hostedzone/{}", self.id))
            .with_text("Name", &self.name)
            .with_text("CallerReference", &self.caller_reference)
            .with(config)
            .with_text("ResourceRecordSetCount", records)
    }

    /// Its name servers.
    pub(super) fn delegation(&self) -> Element {
        let servers = self.name_servers.iter().map(|server| Element::of("NameServer", server));
        Element::new("DelegationSet").with(Element::list("NameServers", servers))
    }
}
