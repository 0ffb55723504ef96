//! A resource record set: as it is kept, as it is sent, as it is shown.

use serde::{Deserialize, Serialize};

use super::name::{normal, reversed};
use crate::aws::xml::Element;

/// The types that can be made.
const TYPES: &[&str] = &[
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB",
    "TLSA", "TXT",
];

/// Where an alias leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aws) struct Alias {
    pub(in crate::aws) zone: String,
    pub(in crate::aws) name: String,
    pub(in crate::aws) evaluate: bool,
}

/// How an answer is chosen among sets of one name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aws) enum Routing {
    Weight(u8),
    Region(String),
    Geo { continent: Option<String>, country: Option<String>, subdivision: Option<String> },
    Failover(String),
    Multivalue,
    Proximity(Proximity),
}

/// Where the traffic of a set is, and how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aws) struct Proximity {
    pub(in crate::aws) region: Option<String>,
    pub(in crate::aws) local_zones: Option<String>,
    /// Latitude and longitude, as they were written.
    pub(in crate::aws) coordinates: Option<(String, String)>,
    /// From -99 to 99.
    pub(in crate::aws) bias: Option<i8>,
}

/// A record set; either values with a time to live, or an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aws) struct RecordSet {
    pub(in crate::aws) name: String,
    pub(in crate::aws) kind: String,
    pub(in crate::aws) identifier: Option<String>,
    pub(in crate::aws) routing: Option<Routing>,
    pub(in crate::aws) ttl: Option<u32>,
    pub(in crate::aws) values: Vec<String>,
    pub(in crate::aws) alias: Option<Alias>,
    pub(in crate::aws) health_check: Option<String>,
}

/// Why a record set cannot be read; each ends as a refusal of the whole batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The request is not what the schema says.
    Input(String),
    /// A value that no zone takes.
    Change(String),
    /// Something real that is not played here.
    NotPlayed(&'static str),
}

impl RecordSet {
    /// Values without any routing.
    pub(super) fn simple(name: &str, kind: &str, ttl: u32, values: Vec<String>) -> Self {
        let (name, kind) = (name.to_owned(), kind.to_owned());
        Self { name, kind, identifier: None, routing: None, ttl: Some(ttl), values, alias: None, health_check: None }
    }

    /// Its place in listings: reversed name, type, identifier.
    pub(super) fn key(&self) -> String {
        place(&self.name, &self.kind, self.identifier.as_deref().unwrap_or_default())
    }

    /// Whether every zone has to have it.
    pub(super) fn is_required(&self, zone: &str) -> bool {
        self.name == zone && (self.kind == "NS" || self.kind == "SOA")
    }

    /// Whether a deletion that brings this means that one: the order of values is free.
    pub(super) fn same(&self, other: &Self) -> bool {
        let sorted = |record: &Self| {
            let mut record = record.clone();
            record.values.sort();
            record
        };
        sorted(self) == sorted(other)
    }

    /// As messages name it.
    pub(super) fn label(&self) -> String {
        match &self.identifier {
            Some(identifier) => {
                format!("[name='{}', type='{}', set-identifier='{identifier}']", self.name, self.kind)
            }
            None => format!("[name='{}', type='{}']", self.name, self.kind),
        }
    }

    /// Reads a `ResourceRecordSet` of a change.
    pub(super) fn read(element: &Element, action: &str) -> Result<Self, Unreadable> {
        check_elements(element)?;
        let text = |name: &str| element.child_text(name);
        let name = text("Name").unwrap_or_default();
        let kind = text("Type").unwrap_or_default();
        if !TYPES.contains(&kind) {
            return Err(Unreadable::Input(format!(
                "Invalid XML ; Value '{kind}' is not facet-valid with respect to enumeration '[{}]'. It must be a \
                 value from the enumeration.",
                TYPES.join(", ")
            )));
        }
        let identifier = text("SetIdentifier").map(str::to_owned);
        let place = format!(
            "in Change with [Action={action}, Name={name}, Type={kind}, SetIdentifier={}]",
            identifier.as_deref().unwrap_or("null")
        );
        let invalid = |why: String| Unreadable::Input(format!("Invalid request: {why} {place}"));
        let ttl = match text("TTL") {
            Some(ttl) => Some(
                ttl.parse()
                    .ok()
                    .filter(|ttl| *ttl <= 2_147_483_647)
                    .ok_or_else(|| invalid(format!("Invalid TTL '{ttl}'")))?,
            ),
            None => None,
        };
        let values: Option<Vec<String>> = element.child("ResourceRecords").map(|records| {
            records.children().iter().filter_map(|record| record.child_text("Value")).map(str::to_owned).collect()
        });
        let alias = element.child("AliasTarget").map(|target| read_alias(target).map_err(&invalid)).transpose()?;
        let plain = match (ttl, &values) {
            (Some(_), Some(values)) => !values.is_empty(),
            (None, None) => false,
            (None, Some(_)) if alias.is_none() => return Err(invalid("Missing field 'TTL'".to_owned())),
            _ if alias.is_none() => return Err(invalid("Missing field 'ResourceRecords'".to_owned())),
            _ => true,
        };
        if plain == alias.is_some() {
            let found = if plain { "more than one" } else { "none" };
            return Err(invalid(format!(
                "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
                 TrafficPolicyInstanceId], but found {found}"
            )));
        }
        let routing = read_routing(element, &identifier).map_err(&invalid)?;
        let name = normal(name).map_err(Unreadable::Change)?;
        let (kind, values) = (kind.to_owned(), values.unwrap_or_default());
        let health_check = element.child_text("HealthCheckId").map(str::to_owned);
        Ok(Self { name, kind, identifier, routing, ttl, values, alias, health_check })
    }

    /// As the API shows it.
    pub(super) fn view(&self) -> Element {
        let mut element = Element::new("ResourceRecordSet").with_text("Name", &self.name).with_text("Type", &self.kind);
        element = element.with_some("SetIdentifier", self.identifier.as_ref());
        element = match &self.routing {
            None => element,
            Some(Routing::Weight(weight)) => element.with_text("Weight", weight),
            Some(Routing::Region(region)) => element.with_text("Region", region),
            Some(Routing::Failover(role)) => element.with_text("Failover", role),
            Some(Routing::Multivalue) => element.with_text("MultiValueAnswer", true),
            Some(Routing::Proximity(proximity)) => element.with(proximity.view()),
            Some(Routing::Geo { continent, country, subdivision }) => element.with(
                Element::new("GeoLocation")
                    .with_some("ContinentCode", continent.as_ref())
                    .with_some("CountryCode", country.as_ref())
                    .with_some("SubdivisionCode", subdivision.as_ref()),
            ),
        };
        let element = match &self.alias {
            Some(alias) => element.with(
                Element::new("AliasTarget")
                    .with_text("HostedZoneId", &alias.zone)
                    .with_text("DNSName", &alias.name)
                    .with_text("EvaluateTargetHealth", alias.evaluate),
            ),
            None => {
                let records =
                    self.values.iter().map(|value| Element::list("ResourceRecord", [Element::of("Value", value)]));
                element.with_some("TTL", self.ttl).with(Element::list("ResourceRecords", records))
            }
        };
        element.with_some("HealthCheckId", self.health_check.as_ref())
    }
}

impl Proximity {
    fn read(element: &Element) -> Result<Self, String> {
        let part = |name: &str| element.child_text(name).map(str::to_owned);
        let degrees = |element: &Element, name: &str, most: f64| {
            let text = element.child_text(name).ok_or(format!("Missing field '{name}'"))?;
            let fits = text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most)
                && text.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 2);
            if fits { Ok(text.to_owned()) } else { Err(format!("Invalid {name} '{text}'")) }
        };
        let coordinates = match element.child("Coordinates") {
            Some(at) => Some((degrees(at, "Latitude", 90.0)?, degrees(at, "Longitude", 180.0)?)),
            None => None,
        };
        let bias = match part("Bias") {
            Some(text) => {
                let bias = text.parse().ok().filter(|bias: &i8| (-99..=99).contains(bias));
                Some(bias.ok_or(format!("Invalid Bias '{text}'"))?)
            }
            None => None,
        };
        let found = Self { region: part("AWSRegion"), local_zones: part("LocalZoneGroup"), coordinates, bias };
        let places = [found.region.is_some(), found.local_zones.is_some(), found.coordinates.is_some()];
        if places.into_iter().filter(|is_there| *is_there).count() != 1 {
            return Err("Expected exactly one of [AWSRegion, LocalZoneGroup, Coordinates]".to_owned());
        }
        match &found.region {
            Some(region) if !crate::aws::regions::exists(region) => Err(format!("Invalid AWSRegion '{region}'")),
            _ => Ok(found),
        }
    }

    fn view(&self) -> Element {
        let mut element = Element::new("GeoProximityLocation")
            .with_some("AWSRegion", self.region.as_ref())
            .with_some("LocalZoneGroup", self.local_zones.as_ref());
        if let Some((latitude, longitude)) = &self.coordinates {
            let at = Element::new("Coordinates").with_text("Latitude", latitude).with_text("Longitude", longitude);
            element = element.with(at);
        }
        element.with_some("Bias", self.bias)
    }
}

/// A place in listings. What separates the parts sorts before everything in them.
pub(super) fn place(name: &str, kind: &str, identifier: &str) -> String {
    format!("{}\u{1}{kind}\u{1}{identifier}", reversed(name))
}

fn check_elements(element: &Element) -> Result<(), Unreadable> {
    const KNOWN: [&str; 13] = [
        "Name",
        "Type",
        "SetIdentifier",
        "Weight",
        "Region",
        "GeoLocation",
        "Failover",
        "MultiValueAnswer",
        "TTL",
        "ResourceRecords",
        "AliasTarget",
        "HealthCheckId",
        "GeoProximityLocation",
    ];
    for child in element.children() {
        match child.name() {
            "TrafficPolicyInstanceId" => return Err(Unreadable::NotPlayed("traffic policies")),
            "CidrRoutingConfig" => return Err(Unreadable::NotPlayed("CIDR routing")),
            name if !KNOWN.contains(&name) => {
                let why = format!("Invalid XML ; Invalid content was found starting with element '{name}'");
                return Err(Unreadable::Input(why));
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_alias(target: &Element) -> Result<Alias, String> {
    let part = |name: &str| target.child_text(name).ok_or(format!("Missing field '{name}'"));
    let evaluate = match part("EvaluateTargetHealth")? {
        "true" => true,
        "false" => false,
        other => return Err(format!("Invalid EvaluateTargetHealth '{other}'")),
    };
    Ok(Alias { zone: part("HostedZoneId")?.to_owned(), name: normal(part("DNSName")?)?, evaluate })
}

fn read_routing(element: &Element, identifier: &Option<String>) -> Result<Option<Routing>, String> {
    let text = |name: &str| element.child_text(name);
    let mut found = Vec::new();
    if let Some(weight) = text("Weight") {
        found.push(Routing::Weight(weight.parse().map_err(|_| format!("Invalid Weight '{weight}'"))?));
    }
    if let Some(region) = text("Region") {
        if !crate::aws::regions::exists(region) {
            return Err(format!("Invalid Region '{region}'"));
        }
        found.push(Routing::Region(region.to_owned()));
    }
    if let Some(geo) = element.child("GeoLocation") {
        let part = |name: &str| geo.child_text(name).map(str::to_owned);
        let (continent, country, subdivision) = (part("ContinentCode"), part("CountryCode"), part("SubdivisionCode"));
        if continent.is_some() == country.is_some() || (subdivision.is_some() && country.is_none()) {
            return Err(
                "Invalid GeoLocation: either a continent, or a country with or without a subdivision".to_owned()
            );
        }
        found.push(Routing::Geo { continent, country, subdivision });
    }
    if let Some(place) = element.child("GeoProximityLocation") {
        found.push(Routing::Proximity(Proximity::read(place)?));
    }
    match text("Failover") {
        Some(role @ ("PRIMARY" | "SECONDARY")) => found.push(Routing::Failover(role.to_owned())),
        Some(other) => return Err(format!("Invalid Failover '{other}'")),
        None => {}
    }
    if text("MultiValueAnswer") == Some("true") {
        found.push(Routing::Multivalue);
    }
    let expected = "Expected exactly one of [Weight, Region, Failover, GeoLocation, GeoProximityLocation, \
                    MultiValueAnswer, CidrRoutingConfig]";
    match (identifier, found.len()) {
        (None, 0) => Ok(None),
        (Some(text), _) if text.is_empty() || text.chars().count() > 128 => {
            Err("Invalid SetIdentifier: it has 1 to 128 characters".to_owned())
        }
        (Some(_), 1) => Ok(found.pop()),
        (None, _) => Err("Missing field 'SetIdentifier'".to_owned()),
        (Some(_), 0) => Err(format!("{expected}, but found none")),
        (Some(_), _) => Err(format!("{expected}, but found more than one")),
    }
}
