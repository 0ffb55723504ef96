//! What makes inputs wrong beyond their types.

use maps_sdk::Report;

use crate::model::{Geolocation, Geoproximity, Inputs, RecordType, ZoneInputs};
use crate::name::ZoneId;
use crate::value;

const LONGEST_TTL: u32 = 2_147_483_647;
const LONGEST_IDENTIFIER: usize = 128;
const HEAVIEST: u32 = 255;
const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];

/// Reports everything that is wrong with a look-up of a zone.
pub(crate) fn zone(inputs: &ZoneInputs, report: &mut Report) {
    match (&inputs.name, &inputs.id) {
        (None, None) => report.across(&["name", "id"], "no-zone", "a zone is looked up by its name, or by its id"),
        (Some(_), Some(_)) => {
            report.across(&["id", "name"], "two-zones", "a zone is looked up by its name or by its id, not by both");
        }
        _ => {}
    }
    if let Some(fault) = inputs.name.as_ref().and_then(|name| name.fault()) {
        report.invalid("name", "bad-name", fault);
    }
    if let Some(id) = &inputs.id {
        zone_id(report, "id", id);
        if inputs.private {
            let message = "`private` chooses among zones of one name; an id means one zone";
            report.across(&["private", "id"], "private-id", message);
        }
    }
}

/// Reports everything that is wrong with a record.
pub(crate) fn record(inputs: &Inputs, report: &mut Report) {
    zone_id(report, "zone", &inputs.zone);
    if let Some(fault) = inputs.name.fault() {
        report.invalid("name", "bad-name", fault);
    }
    values(inputs, report);
    alias(inputs, report);
    policy(inputs, report);
    if let Some(place) = &inputs.geolocation {
        geolocation(report, place);
    }
    if let Some(place) = &inputs.geoproximity {
        geoproximity(report, place);
    }
    if let Some(cidr) = &inputs.cidr {
        let given = [("cidr.collection", &cidr.collection), ("cidr.location", &cidr.location)];
        for (at, _) in given.into_iter().filter(|(_, text)| text.is_empty()) {
            report.invalid(at, "no-cidr", "it needs the id of a CIDR collection, and the name of a location in it");
        }
    }
    if inputs.latency_region.as_deref().is_some_and(|region| !is_region(region)) {
        report.invalid("latency_region", "bad-region", "a region is one of AWS's, such as eu-central-1");
    }
    if inputs.health_check.as_deref().is_some_and(str::is_empty) {
        report.invalid("health_check", "no-health-check", "a health check is given by its id");
    }
}

pub(crate) fn zone_id(report: &mut Report, at: &str, id: &ZoneId) {
    if !id.is_valid() {
        let message = "a zone is given by its id, such as Z0123456789ABCDEFGHIJ: look it up as a dns/zone, and refer \
                       to ${zone.id}";
        report.invalid(at, "bad-zone", message);
    }
}

fn values(inputs: &Inputs, report: &mut Report) {
    let (kind, values) = (inputs.kind, &inputs.values);
    if inputs.ttl.is_some_and(|ttl| ttl > LONGEST_TTL) {
        report.invalid("ttl", "bad-ttl", format!("a time to live is {LONGEST_TTL} seconds at most"));
    }
    if values.is_empty() && inputs.alias.is_none() {
        report.across(&["values", "alias"], "no-values", "a record needs values, or an alias");
    }
    for (index, text) in values.iter().enumerate() {
        let at = format!("values[{index}]");
        if let Some(fault) = value::fault(kind, text) {
            report.across(&[&at, "type"], "bad-value", fault);
            continue;
        }
        let meaning = value::meaning(kind, text);
        if let Some(twin) = values[..index].iter().position(|earlier| value::meaning(kind, earlier) == meaning) {
            let twin = format!("values[{twin}]");
            report.across(&[&at, &twin, "type"], "duplicate-value", "the value is there twice");
        }
    }
    if kind == RecordType::CNAME && values.len() > 1 {
        report.across(&["values", "type"], "several-cnames", "a CNAME has one value: it says what the name really is");
    }
    if inputs.multivalue && values.len() > 1 {
        let message = "with `multivalue` each record has one value, and a record of its own for each other";
        report.across(&["values", "multivalue"], "several-values", message);
    }
}

fn alias(inputs: &Inputs, report: &mut Report) {
    let Some(alias) = &inputs.alias else { return };
    if !inputs.values.is_empty() {
        report.across(&["alias", "values"], "alias-and-values", "a record has values or an alias, not both");
    }
    if inputs.ttl.is_some() {
        let message = "an alias takes its time to live from its target";
        report.across(&["ttl", "alias"], "alias-and-ttl", message);
    }
    if inputs.kind == RecordType::NS {
        report.across(&["type", "alias"], "alias-of-ns", "name servers cannot be an alias");
    }
    if inputs.multivalue {
        report.across(&["multivalue", "alias"], "alias-and-multivalue", "with `multivalue` a record has a value");
    }
    zone_id(report, "alias.zone", &alias.zone);
    if let Some(fault) = alias.name.fault() {
        report.invalid("alias.name", "bad-name", fault);
    }
    let itself = alias.zone == inputs.zone && alias.name == inputs.name && inputs.set_identifier.is_none();
    if itself && !inputs.name.as_str().is_empty() {
        let paths = ["alias.name", "name", "alias.zone", "zone"];
        report.across(&paths, "alias-of-itself", "the alias leads to itself");
    }
}

/// Which of several records answers: by one policy, and among those of one name by an identifier.
fn policy(inputs: &Inputs, report: &mut Report) {
    const POLICIES: &str = "weight, latency_region, failover, geolocation, geoproximity, cidr or multivalue";
    let given = [
        ("weight", inputs.weight.is_some()),
        ("latency_region", inputs.latency_region.is_some()),
        ("failover", inputs.failover.is_some()),
        ("geolocation", inputs.geolocation.is_some()),
        ("geoproximity", inputs.geoproximity.is_some()),
        ("cidr", inputs.cidr.is_some()),
        ("multivalue", inputs.multivalue),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
    match (given.as_slice(), &inputs.set_identifier) {
        ([one, two, ..], _) => {
            let message = format!("a record is chosen by one policy, and here are {}", given.join(" and "));
            report.across(&[two, one], "several-policies", message);
        }
        ([one], None) => {
            let message =
                format!("with `{one}` there are several records of one name: set_identifier tells them apart");
            report.across(&[one, "set_identifier"], "no-set-identifier", message);
        }
        ([], Some(_)) => {
            let message = format!("set_identifier tells records apart that a policy chooses among: add {POLICIES}");
            let paths = [
                "set_identifier",
                "weight",
                "latency_region",
                "failover",
                "geolocation",
                "geoproximity",
                "cidr",
                "multivalue",
            ];
            report.across(&paths, "no-policy", message);
        }
        _ => {}
    }
    if let Some(identifier) = &inputs.set_identifier {
        let fits = (1..=LONGEST_IDENTIFIER).contains(&identifier.chars().count());
        if !fits || identifier.chars().any(char::is_control) {
            let message = format!("a set_identifier has 1 to {LONGEST_IDENTIFIER} characters, on one line");
            report.invalid("set_identifier", "bad-set-identifier", message);
        }
    }
    if inputs.weight.is_some_and(|weight| weight > HEAVIEST) {
        report.invalid("weight", "bad-weight", format!("a weight is a number from 0 to {HEAVIEST}"));
    }
}

fn geolocation(report: &mut Report, place: &Geolocation) {
    const AT: [&str; 3] = ["geolocation.continent", "geolocation.country", "geolocation.subdivision"];
    let Geolocation { continent, country, subdivision } = place;
    if continent.is_some() == country.is_some() {
        report.across(&AT[..2], "bad-geolocation", "a place is a continent, or a country, and one of both");
    }
    if subdivision.is_some() && country.is_none() {
        report.across(&[AT[2], AT[1]], "no-country", "a subdivision needs its country beside it");
    }
    if let Some(continent) = continent.as_deref().filter(|continent| !CONTINENTS.contains(continent)) {
        let message = format!("a continent is one of {}, not `{continent}`", CONTINENTS.join(", "));
        report.invalid(AT[0], "bad-continent", message);
    }
    let is_country = |text: &str| text == "*" || text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if country.as_deref().is_some_and(|country| !is_country(country)) {
        report.invalid(AT[1], "bad-country", "a country is two capital letters, such as IT, or `*` for all others");
    }
}

fn geoproximity(report: &mut Report, place: &Geoproximity) {
    const AT: [&str; 3] = ["geoproximity.region", "geoproximity.local_zone_group", "geoproximity.coordinates"];
    let given = [place.region.is_some(), place.local_zone_group.is_some(), place.coordinates.is_some()];
    if given.into_iter().filter(|given| *given).count() != 1 {
        report.across(&AT, "bad-geoproximity", "a place is a region, a local_zone_group, or coordinates: one of them");
    }
    if place.bias.is_some_and(|bias| !(-99..=99).contains(&bias)) {
        report.invalid("geoproximity.bias", "bad-bias", "a bias is a number from -99 to 99");
    }
    if let Some(at) = &place.coordinates {
        for (path, text, most) in [
            ("geoproximity.coordinates.latitude", &at.latitude, 90.0),
            ("geoproximity.coordinates.longitude", &at.longitude, 180.0),
        ] {
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let fits = text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most);
            if !fits || decimals > 2 {
                let message = format!("a coordinate is a number from -{most} to {most}, with two decimals at most");
                report.invalid(path, "bad-coordinate", message);
            }
        }
    }
}

fn is_region(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.contains('-') && text.bytes().all(inside)
}
