//! Records as users write them and as Route 53 tells them, and when both are the same.

use maps_sdk::Resource;

use crate::model::{Alias, Cidr, Coordinates, Failover, Geolocation, Geoproximity, Inputs, Outputs, RecordType};
use crate::name::{Name, ZoneId};
use crate::record::Record;
use crate::value;
use crate::wire::{self, RecordSet};

/// What makes a record one among those of its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) name: Name,
    pub(crate) kind: RecordType,
    pub(crate) set: Option<String>,
}

impl Key {
    pub(crate) fn of(inputs: &Inputs) -> Self {
        Self { name: inputs.name.clone(), kind: inputs.kind, set: inputs.set_identifier.clone() }
    }

    /// That of a live record; none for an SOA, which no user can set.
    pub(crate) fn told(set: &RecordSet) -> Option<Self> {
        let kind = RecordType::named(&set.kind)?;
        Some(Self { name: Name::new(&set.name), kind, set: set.set_identifier.clone() })
    }

    /// The id of the record: `ZONE/name/TYPE`, with `/set-identifier` if there is one.
    pub(crate) fn id(&self, zone: &ZoneId) -> String {
        match &self.set {
            Some(set) => format!("{zone}/{}/{}/{set}", self.name, self.kind),
            None => format!("{zone}/{}/{}", self.name, self.kind),
        }
    }

    /// Reads what [`id`](Self::id) writes; blanks may stand in place of the slashes. Of the zone the id
    /// or the name.
    pub(crate) fn parse(id: &str) -> Option<(&str, Self)> {
        let (zone, rest) = id.split_once(['/', ' '])?;
        // A name may have a slash in it, but no part in capitals that is a type.
        let upper = rest.match_indices(['/', ' ']).find_map(|(at, _)| {
            let behind = rest.get(at + 1..)?;
            let (kind, set) = match behind.split_once(['/', ' ']) {
                Some((kind, set)) => (kind, Some(set.to_owned())),
                None => (behind, None),
            };
            let kind = RecordType::named(kind)?;
            Some(Self { name: Name::new(rest.get(..at)?), kind, set })
        })?;
        (!zone.is_empty() && upper.name.fault().is_none()).then_some((zone, upper))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.set {
            Some(set) => write!(f, "{} {} ({set})", self.name, self.kind),
            None => write!(f, "{} {}", self.name, self.kind),
        }
    }
}

/// The record as it goes out.
pub(crate) fn sent(inputs: &Inputs) -> RecordSet {
    let Inputs {
        zone: _,
        name,
        kind,
        ttl,
        values,
        alias,
        set_identifier,
        weight,
        latency_region,
        failover,
        geolocation,
        geoproximity,
        cidr,
        multivalue,
        health_check,
    } = inputs.clone();
    let records = values.iter().map(|value| wire::ResourceRecord { value: value::sent(kind, value) });
    RecordSet {
        name: name.as_str().to_owned(),
        kind: kind.to_string(),
        set_identifier,
        weight,
        region: latency_region,
        geo_location: geolocation.map(|place| wire::GeoLocation {
            continent_code: place.continent,
            country_code: place.country,
            subdivision_code: place.subdivision,
        }),
        failover: failover.map(|role| role_name(role).to_owned()),
        multi_value_answer: multivalue.then_some(true),
        ttl,
        resource_records: alias.is_none().then(|| records.collect()),
        alias_target: alias.map(|alias| wire::AliasTarget {
            hosted_zone_id: alias.zone.as_str().to_owned(),
            dns_name: alias.name.as_str().to_owned(),
            evaluate_target_health: alias.evaluate_target_health,
        }),
        health_check_id: health_check,
        traffic_policy_instance_id: None,
        cidr_routing_config: cidr
            .map(|cidr| wire::CidrRoutingConfig { collection_id: cidr.collection, location_name: cidr.location }),
        geo_proximity_location: geoproximity.map(|place| wire::GeoProximityLocation {
            aws_region: place.region,
            local_zone_group: place.local_zone_group,
            coordinates: place
                .coordinates
                .map(|at| wire::Coordinates { latitude: at.latitude, longitude: at.longitude }),
            bias: place.bias,
        }),
    }
}

/// A live record as a user would write it. Where a value of `prior` says the same, it is told as that
/// spells it, and in that order.
fn told(zone: &ZoneId, key: &Key, set: &RecordSet, prior: Option<&Inputs>) -> Inputs {
    let set = set.clone();
    let live = set.resource_records.into_iter().flatten().map(|record| value::told(key.kind, &record.value));
    let mut live: Vec<String> = live.collect();
    let mut values = Vec::with_capacity(live.len());
    for known in prior.into_iter().flat_map(|prior| &prior.values) {
        let meaning = value::meaning(key.kind, known);
        if let Some(at) = live.iter().position(|value| value::meaning(key.kind, value) == meaning) {
            live.remove(at);
            values.push(known.clone());
        }
    }
    values.append(&mut live);
    Inputs {
        zone: zone.clone(),
        name: key.name.clone(),
        kind: key.kind,
        ttl: set.ttl,
        values,
        alias: set.alias_target.map(|target| Alias {
            zone: ZoneId::new(&target.hosted_zone_id),
            name: Name::new(&target.dns_name),
            evaluate_target_health: target.evaluate_target_health,
        }),
        set_identifier: set.set_identifier,
        weight: set.weight,
        latency_region: set.region,
        failover: set.failover.and_then(|role| match role.as_str() {
            "PRIMARY" => Some(Failover::Primary),
            "SECONDARY" => Some(Failover::Secondary),
            _ => None,
        }),
        geolocation: set.geo_location.map(|place| Geolocation {
            continent: place.continent_code,
            country: place.country_code,
            subdivision: place.subdivision_code,
        }),
        geoproximity: set.geo_proximity_location.map(|place| Geoproximity {
            region: place.aws_region,
            local_zone_group: place.local_zone_group,
            coordinates: place.coordinates.map(|at| Coordinates { latitude: at.latitude, longitude: at.longitude }),
            bias: place.bias,
        }),
        cidr: set.cidr_routing_config.map(|cidr| Cidr { collection: cidr.collection_id, location: cidr.location_name }),
        multivalue: set.multi_value_answer.unwrap_or_default(),
        health_check: set.health_check_id,
    }
}

/// A live record, as far as possible as `prior` says it.
pub(crate) fn resource(zone: &ZoneId, key: &Key, set: &RecordSet, prior: Option<&Inputs>) -> Resource<Record> {
    made(told(zone, key, set, prior))
}

/// A record that is as its inputs say.
pub(crate) fn made(inputs: Inputs) -> Resource<Record> {
    let key = Key::of(&inputs);
    Resource { id: key.id(&inputs.zone), outputs: Outputs { fqdn: key.name.to_string() }, inputs }
}

/// Is the live record as the inputs say? The order of values and how they are spelled mean nothing.
pub(crate) fn same(set: &RecordSet, wanted: &Inputs) -> bool {
    set.traffic_policy_instance_id.is_none()
        && Key::told(set).is_some_and(|key| told(&wanted.zone, &key, set, Some(wanted)) == *wanted)
}

/// What a record holds, in a few words.
pub(crate) fn holds(set: &RecordSet) -> String {
    const SHOWN: usize = 3;
    if let Some(target) = &set.alias_target {
        return format!("an alias of {}", Name::new(&target.dns_name));
    }
    let values: Vec<&str> = set.resource_records.iter().flatten().map(|record| record.value.as_str()).collect();
    match values.len() {
        0 => "no value of its own".to_owned(),
        count if count > SHOWN => format!("{}, and {} more", values[..SHOWN].join(", "), count - SHOWN),
        _ => values.join(", "),
    }
}

fn role_name(role: Failover) -> &'static str {
    match role {
        Failover::Primary => "PRIMARY",
        Failover::Secondary => "SECONDARY",
    }
}
