//! What is wanted: hosts of Ingresses and Services with the addresses that these have.

use std::net::IpAddr;

use serde_json::Value;

use super::{Endpoint, Settings, duration, is_in_sight};
use crate::controllers::api::Api;
use crate::controllers::endpoints::SERVICES;
use crate::controllers::object::{annotation, is_deleted, items, name, namespace, text};
use crate::controllers::programs::ingress_nginx::INGRESSES;

const PREFIX: &str = "external-dns.alpha.kubernetes.io";

/// An annotation of external-dns.
fn noted<'a>(object: &'a Value, key: &str) -> &'a str {
    annotation(object, &format!("{PREFIX}/{key}")).unwrap_or_default()
}

fn list(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',').map(|part| part.trim().trim_end_matches('.').to_owned()).filter(|part| !part.is_empty())
}

/// All records that the sources ask for.
pub(super) fn endpoints(settings: &Settings, api: &dyn Api) -> Vec<Endpoint> {
    let mut all: Vec<Endpoint> = Vec::new();
    for source in &settings.sources {
        let (resource, kind) = match source.as_str() {
            "ingress" => (&INGRESSES, "ingress"),
            "service" => (&SERVICES, "service"),
            _ => continue,
        };
        for object in api.list(resource, None) {
            let other = noted(&object, "controller");
            let foreign = !other.is_empty() && other != "dns-controller";
            if foreign || is_deleted(&object) || !is_in_sight(settings, &object) {
                continue;
            }
            let (hosts, targets) = match kind {
                "ingress" => (ingress_hosts(settings, &object), addresses(&object)),
                _ => (list(noted(&object, "hostname")).collect(), service_targets(settings, &object)),
            };
            let stated: Vec<String> = list(noted(&object, "target")).collect();
            let targets = if stated.is_empty() { targets } else { stated };
            for host in hosts {
                for endpoint in records(&host, &targets, &object, kind) {
                    if !all.contains(&endpoint) {
                        all.push(endpoint);
                    }
                }
            }
        }
    }
    all
}

fn ingress_hosts(settings: &Settings, ingress: &Value) -> Vec<String> {
    let class = match text(ingress, "/spec/ingressClassName") {
        "" => annotation(ingress, "kubernetes.io/ingress.class").unwrap_or_default(),
        class => class,
    };
    if !settings.classes.is_empty() && !settings.classes.iter().any(|wanted| wanted == class) {
        return Vec::new();
    }
    let mut hosts: Vec<String> = Vec::new();
    let source = noted(ingress, "ingress-hostname-source");
    if source != "annotation-only" {
        if !settings.ignore_rules {
            hosts.extend(items(ingress, "/spec/rules").iter().flat_map(|rule| list(text(rule, "/host"))));
        }
        if !settings.ignore_tls {
            let named = items(ingress, "/spec/tls").iter().flat_map(|tls| items(tls, "/hosts"));
            hosts.extend(named.filter_map(Value::as_str).flat_map(list));
        }
    }
    if source != "defined-hosts-only" && !settings.ignore_annotation {
        hosts.extend(list(noted(ingress, "hostname")));
    }
    hosts
}

/// The addresses and names in a status.
fn addresses(object: &Value) -> Vec<String> {
    let all = items(object, "/status/loadBalancer/ingress").iter();
    all.flat_map(|one| [text(one, "/ip"), text(one, "/hostname")]).flat_map(list).collect()
}

fn service_targets(settings: &Settings, service: &Value) -> Vec<String> {
    let kind = match text(service, "/spec/type") {
        "" => "ClusterIP",
        kind => kind,
    };
    if !settings.service_types.is_empty() && !settings.service_types.iter().any(|wanted| wanted == kind) {
        return Vec::new();
    }
    match kind {
        "LoadBalancer" => {
            let external: Vec<String> =
                items(service, "/spec/externalIPs").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if external.is_empty() { addresses(service) } else { external }
        }
        "ClusterIP" if settings.publish_internal && text(service, "/spec/clusterIP") != "None" => {
            list(text(service, "/spec/clusterIP")).collect()
        }
        "ExternalName" => list(text(service, "/spec/externalName")).collect(),
        _ => Vec::new(),
    }
}

/// The records of one host: addresses as `A` and `AAAA`, a name as `CNAME`.
fn records(host: &str, targets: &[String], object: &Value, kind: &str) -> Vec<Endpoint> {
    let mut by_kind = [("A", Vec::new()), ("AAAA", Vec::new()), ("CNAME", Vec::new())];
    for target in targets {
        let at = match target.parse() {
            Ok(IpAddr::V4(_)) => 0,
            Ok(IpAddr::V6(_)) => 1,
            Err(_) => 2,
        };
        if !by_kind[at].1.contains(target) {
            by_kind[at].1.push(target.clone());
        }
    }
    let ttl = noted(object, "ttl");
    let ttl = ttl.parse().ok().or_else(|| duration(ttl).and_then(|millis| i64::try_from(millis / 1000).ok()));
    let made = by_kind.into_iter().filter(|(_, targets)| !targets.is_empty()).map(|(record, mut targets)| {
        targets.sort();
        Endpoint {
            name: host.to_ascii_lowercase(),
            kind: record.to_owned(),
            targets,
            ttl: ttl.filter(|ttl| *ttl > 0),
            resource: format!("{kind}/{}/{}", namespace(object), name(object)),
            owner: String::new(),
        }
    });
    made.collect()
}
