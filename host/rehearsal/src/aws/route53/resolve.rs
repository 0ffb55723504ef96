//! What the world's name servers would answer from the zones that are kept.

use std::net::IpAddr;

use super::record::RecordSet;
use super::zone::{ZONES, Zone};
use crate::store::Documents;

/// How many names may stand for the next one.
const STEPS: usize = 8;

/// The addresses of a host, through `CNAME` records and aliases; wildcards count where nothing is nearer. Of sets that
/// are chosen by routing, all count.
pub(crate) fn resolve(documents: &Documents, host: &str) -> Result<Vec<IpAddr>, serde_json::Error> {
    let zones: Vec<Zone> = documents.list(ZONES)?;
    let mut name = format!("{}.", host.trim_end_matches('.').to_ascii_lowercase());
    for _ in 0..STEPS {
        let within = |zone: &&Zone| name == zone.name || name.ends_with(&format!(".{}", zone.name));
        let Some(zone) = zones.iter().filter(within).max_by_key(|zone| zone.name.len()) else { return Ok(Vec::new()) };
        let records: Vec<RecordSet> = documents.list(&zone.records())?;
        let mut held: Vec<&RecordSet> = records.iter().filter(|record| record.name == name).collect();
        if held.is_empty() {
            let parent = name.split_once('.').map(|(_, rest)| rest).unwrap_or_default();
            let stars = [format!("*.{parent}"), format!("\\052.{parent}")];
            held = records.iter().filter(|record| stars.contains(&record.name)).collect();
        }
        let plain = held.iter().filter(|record| record.kind == "A" || record.kind == "AAAA");
        let addresses: Vec<IpAddr> =
            plain.flat_map(|record| &record.values).filter_map(|value| value.parse().ok()).collect();
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        let next = held.iter().find_map(|record| match (&record.alias, record.kind.as_str()) {
            (Some(alias), _) => Some(alias.name.clone()),
            (None, "CNAME") => record.values.first().cloned(),
            _ => None,
        });
        match next {
            Some(next) => name = format!("{}.", next.trim_end_matches('.').to_ascii_lowercase()),
            None => return Ok(Vec::new()),
        }
    }
    Ok(Vec::new())
}
