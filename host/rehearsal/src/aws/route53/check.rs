//! What one change may do to a zone, given the records that are there by then.

use std::collections::{BTreeMap, BTreeSet};

use super::name::within;
use super::record::{RecordSet, Routing};
use super::value;
use super::zone::Zone;

/// The records of a zone while a batch is applied, by their place in listings.
pub(super) type Working = BTreeMap<String, RecordSet>;

/// What a change asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Upsert,
    Delete,
}

impl Action {
    /// By its name.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "CREATE" => Some(Self::Create),
            "UPSERT" => Some(Self::Upsert),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Upsert => "UPSERT",
            Self::Delete => "DELETE",
        }
    }
}

/// Applies one change, or says why the zone does not take it.
pub(super) fn apply(zone: &Zone, working: &mut Working, action: Action, record: &RecordSet) -> Result<(), String> {
    if !within(&record.name, &zone.name) {
        return Err(format!("RRSet with DNS name {} is not permitted in zone {}", record.name, zone.name));
    }
    let key = record.key();
    if action == Action::Delete {
        let label = record.label();
        return match working.get(&key) {
            None => Err(format!("Tried to delete resource record set {label} but it was not found")),
            Some(kept) if !kept.same(record) => Err(format!(
                "Tried to delete resource record set {label} but the values provided do not match the current values"
            )),
            Some(_) if record.is_required(&zone.name) && record.kind == "SOA" => {
                Err("A HostedZone must contain exactly one SOA record.".to_owned())
            }
            Some(_) if record.is_required(&zone.name) => {
                Err("A HostedZone must contain at least one NS record for the zone itself.".to_owned())
            }
            Some(_) => {
                working.remove(&key);
                Ok(())
            }
        };
    }
    if action == Action::Create && working.contains_key(&key) {
        return Err(format!("Tried to create resource record set {} but it already exists", record.label()));
    }
    check_values(record)?;
    check_alias(zone, working, record)?;
    check_neighbours(zone, working, &key, record)?;
    working.insert(key, record.clone());
    Ok(())
}

fn check_values(record: &RecordSet) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for text in &record.values {
        value::check(&record.kind, text)?;
        if !seen.insert(text) {
            return Err(format!("Duplicate Resource Record: '{text}'"));
        }
    }
    if ["CNAME", "SOA"].contains(&record.kind.as_str()) && record.values.len() > 1 {
        let (kind, name) = (&record.kind, &record.name);
        return Err(format!("RRSet of type {kind} with DNS name {name} may only have one resource record"));
    }
    if record.routing == Some(Routing::Multivalue) && (record.alias.is_some() || record.values.len() != 1) {
        let name = &record.name;
        return Err(format!("Multivalue answer RRSet with DNS name {name} must have exactly one resource record"));
    }
    Ok(())
}

fn check_alias(zone: &Zone, working: &Working, record: &RecordSet) -> Result<(), String> {
    let Some(alias) = &record.alias else { return Ok(()) };
    if ["NS", "SOA"].contains(&record.kind.as_str()) {
        return Err(format!("RRSet of type {} with DNS name {} cannot be an alias", record.kind, record.name));
    }
    if alias.zone != zone.id {
        return Ok(());
    }
    let target = format!(
        "Tried to create an alias that targets {}, type {} in zone {}, but",
        alias.name, record.kind, alias.zone
    );
    if !within(&alias.name, &zone.name) {
        return Err(format!("{target} the alias target name does not lie within the target zone"));
    }
    if !working.values().any(|kept| kept.name == alias.name && kept.kind == record.kind) {
        return Err(format!("{target} that target was not found"));
    }
    Ok(())
}

/// What a name and type may have beside each other.
fn check_neighbours(zone: &Zone, working: &Working, key: &str, record: &RecordSet) -> Result<(), String> {
    let (name, kind, at) = (&record.name, &record.kind, &zone.name);
    if kind == "CNAME" && name == at {
        return Err(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {at}"));
    }
    if kind == "SOA" && name != at {
        return Err(format!("RRSet of type SOA with DNS name {name} is not permitted in zone {at}"));
    }
    for other in working.iter().filter(|(place, other)| *place != key && other.name == *name).map(|(_, other)| other) {
        if other.kind != *kind {
            if kind == "CNAME" {
                return Err(format!(
                    "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with \
                     the same DNS name in zone {at}"
                ));
            }
            if other.kind == "CNAME" {
                return Err(format!(
                    "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type \
                     CNAME with the same DNS name already exists in zone {at}"
                ));
            }
            continue;
        }
        let identifier = record.identifier.as_deref().unwrap_or("null");
        let place = format!("RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier} cannot be created");
        match (&record.routing, &other.routing) {
            (Some(one), Some(two)) if std::mem::discriminant(one) == std::mem::discriminant(two) => {
                let free = matches!(one, Routing::Weight(_) | Routing::Multivalue);
                if one == two && !free {
                    return Err(format!("{place} because an RRSet with the same routing already exists"));
                }
            }
            _ => return Err(format!("{place} because other RRSets exist with the same name and type")),
        }
    }
    Ok(())
}
