//! external-dns (0.15 and later): records in Route53 for hosts of Ingresses and Services, beside TXT records that
//! say whose they are.
//!
//! Left out: other providers and registries than `aws` and `txt`, other sources than `ingress` and `service`, aliases
//! (targets that are load balancers of AWS), routing policies, templates of names, and encrypted TXT records.

mod plan;
mod registry;
mod route53;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use super::{Program, duration, runs};
use crate::controllers::api::{Change, Key};
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::endpoints::SERVICES;
use crate::controllers::object::{namespace, rfc3339, uid};
use crate::controllers::programs::ingress_nginx::INGRESSES;
use crate::controllers::{Controller, Desk, Picks};
use crate::status::Refusal;

const IMAGE: &str = "external-dns";
/// Virtual milliseconds between two runs, where no argument says.
const INTERVAL: u64 = 60_000;
/// Virtual milliseconds from an event to the run that it asks for.
const AFTER_EVENT: u64 = 5_000;
/// Virtual milliseconds until what was throttled is tried again, as the SDK does by itself.
const AFTER_THROTTLE: u64 = 2_000;

/// A record as sources want it, or as a zone has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    /// Without the dot at the end, in small letters.
    name: String,
    /// `A`, `AAAA`, `CNAME` or `TXT`.
    kind: String,
    /// Sorted.
    targets: Vec<String>,
    /// Seconds.
    ttl: Option<i64>,
    /// `ingress/namespace/name`
    resource: String,
    /// Whose it is, by its TXT record.
    owner: String,
}

/// Runs it; it remembers when each Deployment's program runs next, in virtual time.
#[derive(Debug, Default)]
pub(in crate::controllers) struct ExternalDns {
    next: HashMap<String, u64>,
    soft: HashMap<String, u64>,
}

impl Controller for ExternalDns {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == DEPLOYMENTS {
            if runs(object, IMAGE) {
                picks.add(Key::to(&DEPLOYMENTS, object));
                if change.new.is_none() {
                    self.next.remove(uid(object));
                    self.soft.remove(uid(object));
                }
            }
        } else if !self.next.is_empty() && (change.resource == INGRESSES || change.resource == SERVICES) {
            let now = picks.api.now().millis;
            for program in Program::all(picks.api, IMAGE).iter().filter(|program| program.has("--events")) {
                let next = self.next.entry(uid(&program.deployment).to_owned()).or_insert(now);
                *next = (*next).min(now + AFTER_EVENT);
                picks.add(Key::to(&DEPLOYMENTS, &program.deployment));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(deployment) = desk.api.get(key) else { return Ok(()) };
        let Some(program) = Program::of(desk.api, &deployment, IMAGE) else {
            self.next.remove(uid(&deployment));
            self.soft.remove(uid(&deployment));
            return Ok(());
        };
        let (own, now) = (uid(&deployment).to_owned(), desk.api.now().millis);
        let next = self.next.entry(own.clone()).or_insert(now);
        if now < *next {
            let wait = *next - now;
            desk.again_after(wait, key.clone());
            return Ok(());
        }
        let settings = Settings::read(&program);
        let mut wait = settings.interval;
        match run_once(&program, &settings, desk) {
            Ok(()) => {
                self.soft.remove(&own);
            }
            Err(failure) => {
                let count = self.soft.entry(own).or_default();
                *count += 1;
                let text = format!("Failed to do run once: {} (consecutive soft errors: {count})", failure.message);
                say(&program, "error", &text, desk);
                if failure.throttled {
                    wait = wait.min(AFTER_THROTTLE);
                }
            }
        }
        *next = now + wait;
        desk.again_after(wait, key.clone());
        Ok(())
    }
}

/// Why a run came to nothing, or to less than all.
#[derive(Debug)]
struct Failure {
    message: String,
    throttled: bool,
}

/// What the arguments say.
#[derive(Debug)]
struct Settings {
    sources: Vec<String>,
    namespace: String,
    domains: Vec<String>,
    excluded: Vec<String>,
    zones: Vec<String>,
    zone_type: String,
    policy: String,
    registry: String,
    owner: String,
    prefix: String,
    suffix: String,
    wildcard: String,
    kinds: Vec<String>,
    classes: Vec<String>,
    service_types: Vec<String>,
    interval: u64,
    batch: usize,
    dry_run: bool,
    publish_internal: bool,
    ignore_rules: bool,
    ignore_tls: bool,
    ignore_annotation: bool,
}

impl Settings {
    fn read(program: &Program) -> Self {
        // Every flag may come from the environment too.
        let variable = |name: &str| {
            let name = format!("EXTERNAL_DNS_{}", name.replace('-', "_").to_ascii_uppercase());
            program.environment.get(&name).map(String::as_str)
        };
        let one = |name: &str, usual: &str| program.option(name).or(variable(name)).unwrap_or(usual).to_owned();
        let many = |name: &str| -> Vec<String> {
            let given = program.options(name);
            let given =
                if given.is_empty() { variable(name).into_iter().flat_map(str::lines).collect() } else { given };
            given.into_iter().filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        let flag = |name: &str| {
            program.has(&format!("--{name}")) || [program.option(name), variable(name)].contains(&Some("true"))
        };
        let mut kinds = many("managed-record-types");
        if kinds.is_empty() {
            kinds = ["A", "AAAA", "CNAME"].map(str::to_owned).to_vec();
        }
        Self {
            sources: many("source"),
            namespace: one("namespace", ""),
            domains: many("domain-filter"),
            excluded: many("exclude-domains"),
            zones: many("zone-id-filter"),
            zone_type: one("aws-zone-type", ""),
            policy: one("policy", "sync"),
            registry: one("registry", "txt"),
            owner: one("txt-owner-id", "default"),
            prefix: one("txt-prefix", "").to_ascii_lowercase(),
            suffix: one("txt-suffix", "").to_ascii_lowercase(),
            wildcard: one("txt-wildcard-replacement", "").to_ascii_lowercase(),
            kinds,
            classes: many("ingress-class"),
            service_types: many("service-type-filter"),
            interval: duration(&one("interval", "")).filter(|interval| *interval > 0).unwrap_or(INTERVAL),
            batch: one("aws-batch-change-size", "").parse().ok().filter(|size| *size > 0).unwrap_or(1000),
            dry_run: flag("dry-run"),
            publish_internal: flag("publish-internal-services"),
            ignore_rules: flag("ignore-ingress-rules-spec"),
            ignore_tls: flag("ignore-ingress-tls-spec"),
            ignore_annotation: flag("ignore-hostname-annotation"),
        }
    }

    /// Whether a name is in the domains that it may touch.
    fn covers(&self, name: &str) -> bool {
        let within = |domain: &String| {
            let domain = domain.to_ascii_lowercase();
            let domain = domain.trim_end_matches('.');
            match domain.strip_prefix('.') {
                Some(_) => name.ends_with(domain),
                None => name == domain || name.ends_with(&format!(".{domain}")),
            }
        };
        (self.domains.is_empty() || self.domains.iter().any(within)) && !self.excluded.iter().any(within)
    }
}

/// Writes a line as logrus does.
fn say(program: &Program, level: &str, message: &str, desk: &mut Desk<'_>) {
    let line = format!("time=\"{}\" level={level} msg={message:?}", rfc3339(desk.api.now().unix));
    program.log(desk.api, &line);
}

/// One round: what the zones have, what is wanted, and what makes the one the other.
fn run_once(program: &Program, settings: &Settings, desk: &mut Desk<'_>) -> Result<(), Failure> {
    if program.option("provider").unwrap_or_default() != "aws" {
        return Err(Failure { message: "only the provider aws is played here".to_owned(), throttled: false });
    }
    let key = program.aws_key(desk.api);
    let client = route53::Client::new(key);
    let soft = |failed: crate::controllers::aws::Failed, what: &str| Failure {
        message: format!("soft error\nrecords retrieval failed: soft error\n{what}: {}", failed.message),
        throttled: ["Throttling", "ThrottlingException"].contains(&failed.code.as_str()),
    };
    let zones = client.zones(settings, desk.api).map_err(|failed| soft(failed, "failed to list hosted zones"))?;
    let mut records = Vec::new();
    for zone in &zones {
        let held = client.records(zone, desk.api);
        records.extend(held.map_err(|failed| {
            soft(failed, &format!("failed to list resource records sets for zone {} using aws profile \"\"", zone.id))
        })?);
    }
    let (current, labelled) = registry::read(records, settings);
    let wanted = source::endpoints(settings, desk.api);
    let mut changes = plan::calculate(settings, &current, wanted);
    registry::add(&mut changes, &labelled, settings);
    if changes.is_empty() {
        say(program, "info", "All records are already up to date", desk);
        return Ok(());
    }
    let mut failed = Vec::new();
    let mut throttled = false;
    for zone in &zones {
        let own: Vec<&plan::Edit> =
            changes.iter().filter(|edit| route53::holds(zone, &zones, &edit.endpoint.name)).collect();
        for edit in &own {
            let text = format!("Desired change: {} {} {}", edit.action.name(), edit.endpoint.name, edit.endpoint.kind);
            say(program, "info", &text, desk);
        }
        if own.is_empty() || settings.dry_run {
            continue;
        }
        for batch in route53::batches(&own, settings.batch) {
            let Err(error) = client.change(zone, &batch, desk.api) else {
                say(program, "info", &format!("{} record(s) were successfully updated", batch.len()), desk);
                continue;
            };
            throttled |= error.code.starts_with("Throttling");
            let text = format!("Failure in zone {}. when submitting change batch: {}", zone.name, error.message);
            say(program, "error", &text, desk);
            let mut lost = route53::by_owned(&batch);
            if lost.len() > 1 && !error.code.is_empty() {
                lost.retain(|part| client.change(zone, part, desk.api).is_err());
            }
            if !lost.is_empty() && !failed.contains(&zone.id) {
                failed.push(zone.id.clone());
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => {
            let zones = failed.join(" ");
            let message =
                format!("soft error\nfailed to submit all changes for the following zones: [/hostedzone/{zones}]");
            Err(Failure { message, throttled })
        }
    }
}

/// Whether an object is in the namespace that it looks at.
fn is_in_sight(settings: &Settings, object: &Value) -> bool {
    settings.namespace.is_empty() || settings.namespace == namespace(object)
}
