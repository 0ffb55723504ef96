//! Health checks: made, told, changed, deleted. Nothing is checked, since nothing is answered by name here.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{answer, body, invalid, page_size};
use crate::aws::context::Context;
use crate::aws::page;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::xml::Element;
use crate::entropy;
use crate::service::Answer;
use crate::store::Documents;

/// Where the store keeps health checks, by their id.
const HEALTH_CHECKS: &str = "aws.route53.health";
/// What a page of health checks holds at most.
const PAGE: usize = 100;

/// What a configuration may say, in the order in which it is told.
const FIELDS: [&str; 14] = [
    "IPAddress",
    "Port",
    "Type",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "MeasureLatency",
    "Inverted",
    "Disabled",
    "HealthThreshold",
    "EnableSNI",
    "Regions",
];
const CHILDREN: &str = "ChildHealthChecks";
/// What an update cannot change.
const FIXED: [&str; 4] = ["Type", "RequestInterval", "MeasureLatency", "CallerReference"];

/// A health check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    id: String,
    caller_reference: String,
    version: u64,
    /// Fields of one text, and lists of several.
    config: BTreeMap<String, Vec<String>>,
    pub(super) tags: BTreeMap<String, String>,
}

impl HealthCheck {
    fn view(&self) -> Element {
        let mut config = Element::new("HealthCheckConfig");
        for (name, item) in FIELDS.iter().map(|name| (*name, "Region")).chain([(CHILDREN, "ChildHealthCheck")]) {
            let Some(values) = self.config.get(name) else { continue };
            config = match is_list(name) {
                true => config.with(Element::list(name, values.iter().map(|value| Element::of(item, value)))),
                false => config.with_some(name, values.first()),
            };
        }
        Element::new("HealthCheck")
            .with_text("Id", &self.id)
            .with_text("CallerReference", &self.caller_reference)
            .with(config)
            .with_text("HealthCheckVersion", self.version)
    }

    pub(super) fn store(&self, context: &mut Context<'_, '_>) -> Result<(), Refusal> {
        Ok(context.transaction.put(HEALTH_CHECKS, &self.id, self)?)
    }
}

fn is_list(name: &str) -> bool {
    name == "Regions" || name == CHILDREN
}

fn arn(id: &str) -> String {
    format!("arn:aws:route53:::healthcheck/{id}")
}

/// Whether there is one of this id.
pub(super) fn exists(context: &Context<'_, '_>, id: &str) -> Result<bool, Refusal> {
    Ok(context.transaction.get::<HealthCheck>(HEALTH_CHECKS, id)?.is_some())
}

/// There is none of this id.
pub(super) fn none(id: &str) -> Refusal {
    Refusal::missing("NoSuchHealthCheck", format!("A health check with id {id} does not exist."))
}

/// The one of an id, once the caller may do this to it.
pub(super) fn find(context: &Context<'_, '_>, id: &str, action: &str) -> Result<HealthCheck, Refusal> {
    context.allow(action, Some(&arn(id)))?;
    context.transaction.get(HEALTH_CHECKS, id)?.ok_or_else(|| none(id))
}

/// The fields of a request's element, each text or list.
fn read(element: &Element) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut config = BTreeMap::new();
    for child in element.children() {
        let name = child.name();
        if ["AlarmIdentifier", "InsufficientDataHealthStatus", "RoutingControlArn"].contains(&name) {
            return Err(Refusal::not_played("health checks of alarms and routing controls"));
        }
        if !FIELDS.contains(&name) && name != CHILDREN {
            return Err(invalid(format!("Invalid XML ; Invalid content was found starting with element '{name}'")));
        }
        let values = match is_list(name) {
            true => child.children().iter().map(|item| item.text().to_owned()).collect(),
            false => vec![child.text().to_owned()],
        };
        config.insert(name.to_owned(), values);
    }
    Ok(config)
}

/// A configuration that can be, with what is assumed where it says nothing.
fn check(config: &mut BTreeMap<String, Vec<String>>) -> Result<(), Refusal> {
    let text = |config: &BTreeMap<String, Vec<String>>, name: &str| {
        config.get(name).and_then(|values| values.first()).filter(|value| !value.is_empty()).cloned()
    };
    let kind = text(config, "Type").ok_or_else(|| invalid("The Type element is missing"))?;
    let needs =
        |name: &str| invalid(format!("Invalid parameter : {name} must be specified for health checks of type {kind}"));
    let (secure, port) = match kind.as_str() {
        "HTTP" | "HTTP_STR_MATCH" => (false, Some("80")),
        "HTTPS" | "HTTPS_STR_MATCH" => (true, Some("443")),
        "TCP" => (false, None),
        "CALCULATED" => {
            if config.get(CHILDREN).is_none_or(Vec::is_empty) || text(config, "HealthThreshold").is_none() {
                return Err(needs("ChildHealthChecks and HealthThreshold"));
            }
            (false, None)
        }
        "CLOUDWATCH_METRIC" | "RECOVERY_CONTROL" => return Err(Refusal::not_played("health checks of this type")),
        other => {
            return Err(invalid(format!("Invalid XML ; Value '{other}' is not a type of health check")));
        }
    };
    let mut assume = |name: &str, value: &str| {
        config.entry(name.to_owned()).or_insert_with(|| vec![value.to_owned()]);
    };
    for (name, value) in [("MeasureLatency", "false"), ("Inverted", "false"), ("Disabled", "false")] {
        assume(name, value);
    }
    if kind != "CALCULATED" {
        assume("RequestInterval", "30");
        assume("FailureThreshold", "3");
        assume("EnableSNI", if secure { "true" } else { "false" });
        if let Some(port) = port {
            assume("Port", port);
        }
        if text(config, "IPAddress").is_none() && text(config, "FullyQualifiedDomainName").is_none() {
            return Err(needs("IPAddress or FullyQualifiedDomainName"));
        }
        if kind == "TCP" && text(config, "Port").is_none() {
            return Err(needs("Port"));
        }
        if kind.ends_with("STR_MATCH") != text(config, "SearchString").is_some() {
            return Err(invalid(
                "Invalid parameter : SearchString is for checks that look for a text, and only for these",
            ));
        }
    }
    let number = |name: &str, fits: fn(u32) -> bool| match text(config, name) {
        Some(given) if !given.parse().is_ok_and(fits) => Err(invalid(format!("Invalid parameter : {name} is {given}"))),
        _ => Ok(()),
    };
    number("Port", |port| (1..=65_535).contains(&port))?;
    number("RequestInterval", |seconds| seconds == 10 || seconds == 30)?;
    number("FailureThreshold", |times| (1..=10).contains(&times))?;
    number("HealthThreshold", |count| count <= 256)
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:CreateHealthCheck", None)?;
    let request = body(context, "CreateHealthCheckRequest")?;
    let reference = request.child_text("CallerReference").filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| invalid("The CallerReference element is missing"))?;
    let config = request.child("HealthCheckConfig");
    let mut config = read(config.ok_or_else(|| invalid("The HealthCheckConfig element is missing"))?)?;
    check(&mut config)?;
    let known: Vec<HealthCheck> = context.transaction.list(HEALTH_CHECKS)?;
    let check = match known.into_iter().find(|known| known.caller_reference == reference) {
        // A repetition is answered as the first time.
        Some(known) if known.config == config => known,
        Some(_) => {
            let message = "A health check with the same caller reference and other settings exists.";
            return Err(Refusal::conflict("HealthCheckAlreadyExists", message));
        }
        None => HealthCheck {
            id: entropy::uuid()?,
            caller_reference: reference.to_owned(),
            version: 1,
            config,
            tags: BTreeMap::new(),
        },
    };
    check.store(context)?;
    let answer = answer(StatusCode::CREATED, "CreateHealthCheckResponse", vec![check.view()]);
    let location = format!("https://route53.amazonaws.com/2013-04-01/healthcheck/{}", check.id);
    Ok(with_header(answer, "location", &location))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let check = find(context, context.parameter(0), "route53:GetHealthCheck")?;
    Ok(answer(StatusCode::OK, "GetHealthCheckResponse", vec![check.view()]))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:ListHealthChecks", None)?;
    let size = page_size(context, PAGE)?;
    let marker = context.call.query("marker").unwrap_or_default().to_owned();
    let mut checks: Vec<HealthCheck> = context.transaction.list(HEALTH_CHECKS)?;
    checks.retain(|check| check.id >= marker);
    let page = page::cut(checks, size);
    let mut parts = vec![
        Element::list("HealthChecks", page.items.iter().map(HealthCheck::view)),
        Element::of("Marker", marker),
        Element::of("IsTruncated", page.next.is_some()),
    ];
    parts.extend(page.next.map(|check| Element::of("NextMarker", check.id)));
    parts.push(Element::of("MaxItems", size));
    Ok(answer(StatusCode::OK, "ListHealthChecksResponse", parts))
}

pub(super) fn count(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("route53:GetHealthCheckCount", None)?;
    let checks: Vec<HealthCheck> = context.transaction.list(HEALTH_CHECKS)?;
    let parts = vec![Element::of("HealthCheckCount", checks.len())];
    Ok(answer(StatusCode::OK, "GetHealthCheckCountResponse", parts))
}

pub(super) fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut known = find(context, context.parameter(0), "route53:UpdateHealthCheck")?;
    let request = body(context, "UpdateHealthCheckRequest")?;
    if let Some(version) = request.child_text("HealthCheckVersion")
        && version != known.version.to_string()
    {
        let message = format!("The health check has version {}, and not {version}.", known.version);
        return Err(Refusal::conflict("HealthCheckVersionMismatch", message));
    }
    let (mut changes, mut reset) = (Element::new("HealthCheckConfig"), BTreeSet::new());
    for child in request.children() {
        match child.name() {
            "HealthCheckVersion" => {}
            "ResetElements" => reset.extend(child.children().iter().map(|element| element.text().to_owned())),
            name if FIXED.contains(&name) => return Err(invalid(format!("{name} cannot be changed"))),
            _ => changes = changes.with(child.clone()),
        }
    }
    known.config.retain(|name, _| !reset.contains(name));
    known.config.extend(read(&changes)?);
    check(&mut known.config)?;
    known.version += 1;
    known.store(context)?;
    Ok(answer(StatusCode::OK, "UpdateHealthCheckResponse", vec![known.view()]))
}

/// A check goes even while records name it; they then count as healthy.
pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let check = find(context, context.parameter(0), "route53:DeleteHealthCheck")?;
    context.transaction.remove(HEALTH_CHECKS, &check.id);
    Ok(answer(StatusCode::OK, "DeleteHealthCheckResponse", Vec::new()))
}

/// Every health check, without its id.
pub(in crate::aws) fn inventory(documents: &Documents) -> Result<Vec<Value>, serde_json::Error> {
    let checks: Vec<HealthCheck> = documents.list(HEALTH_CHECKS)?;
    let mut shown: Vec<Value> =
        checks.iter().map(|check| json!({ "config": check.config, "tags": check.tags })).collect();
    // Their own order is that of their random ids.
    shown.sort_by_key(Value::to_string);
    Ok(shown)
}
