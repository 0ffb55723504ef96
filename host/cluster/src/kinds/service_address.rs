//! What a Service is given: addresses from the cluster's range and ports of the nodes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::service::{has_health_port, has_node_ports, is_headless, kind};
use super::service_rules::addresses_and_families;
use super::{field, ip};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::status::{Refusal, Subject};

/// The range of addresses: 10.96.0.0/16, the first one of which is the API server's.
pub(crate) const RANGE: (u32, u32) = (0x0a60_0000, 1 << 16);

/// The ports of nodes, the last one included.
pub(crate) const PORTS: (u16, u16) = (30_000, 32_767);

/// What other Services have.
#[derive(Debug, Default, Clone)]
pub(crate) struct Used {
    /// Addresses.
    pub(crate) ips: BTreeSet<String>,
    /// Ports of nodes, those for health checks among them.
    pub(crate) ports: BTreeSet<u16>,
}

impl Used {
    /// What these Services have.
    pub(crate) fn of<'a>(services: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut used = Self::default();
        for service in services {
            let ips = field::texts(service, "/spec/clusterIPs").into_iter().filter(|address| *address != "None");
            used.ips.extend(ips.map(str::to_owned));
            let ports = field::list(service, "/spec/ports").iter().map(|port| field::int(port, "/nodePort"));
            let ports = ports.chain([field::int(service, "/spec/healthCheckNodePort")]);
            used.ports.extend(ports.filter_map(|port| u16::try_from(port).ok()).filter(|port| *port != 0));
        }
        used
    }

    /// Takes a port that was asked for; in upstream's words if it cannot be had.
    fn take_port(&mut self, port: i64) -> Result<(), String> {
        let (first, last) = PORTS;
        match u16::try_from(port).ok().filter(|port| (first..=last).contains(port)) {
            None => {
                let range = "The range of valid ports is";
                Err(format!("provided port is not in the valid range. {range} {first}-{last}"))
            }
            Some(port) if self.ports.insert(port) => Ok(()),
            Some(_) => Err("provided port is already allocated".to_owned()),
        }
    }

    /// Takes any port. The lowest 86 are left to those who ask for one, as upstream does.
    fn any_port(&mut self, seed: u64) -> Result<u16, String> {
        let (first, last) = PORTS;
        let free = |used: &BTreeSet<u16>, first: u16, last: u16| {
            let count = u64::from(last - first) + 1;
            (0..count)
                .filter_map(|step| u16::try_from(seed.wrapping_add(step) % count).ok())
                .map(|offset| first + offset)
                .find(|port| !used.contains(port))
        };
        let found = free(&self.ports, first + 86, last).or_else(|| free(&self.ports, first, first + 85));
        let port = found.ok_or("range is full")?;
        self.ports.insert(port);
        Ok(port)
    }

    /// Takes an address that was asked for.
    fn take_ip(&mut self, address: &str) -> Result<(), String> {
        let Some(std::net::IpAddr::V4(parsed)) = ip::parse(address) else {
            return Err("the provided network does not match the current range".to_owned());
        };
        let (base, size) = RANGE;
        match u32::from(parsed).checked_sub(base) {
            Some(offset) if offset < size => {
                if offset == 0 || offset == size - 1 {
                    let range = "The range of valid IPs is 10.96.0.0/16";
                    return Err(format!("the provided IP ({parsed}) is not in the valid range. {range}"));
                }
            }
            _ => return Err("the provided network does not match the current range".to_owned()),
        }
        match self.ips.insert(parsed.to_string()) {
            true => Ok(()),
            false => Err("provided IP is already allocated".to_owned()),
        }
    }

    /// Takes any address. The lowest 256 are left to those who ask for one.
    fn any_ip(&mut self, seed: u64) -> Result<String, String> {
        let (base, size) = RANGE;
        let free = |used: &BTreeSet<String>, first: u32, last: u32| {
            let count = u64::from(last - first) + 1;
            (0..count)
                .filter_map(|step| u32::try_from(seed.wrapping_add(step) % count).ok())
                .map(|offset| std::net::Ipv4Addr::from(base + first + offset).to_string())
                .find(|address| !used.contains(address))
        };
        let found = free(&self.ips, 257, size - 2).or_else(|| free(&self.ips, 1, 256));
        let address = found.ok_or("range is full")?;
        self.ips.insert(address.clone());
        Ok(address)
    }
}

/// Gives a Service what its type asks for and it does not have: before it is prepared and validated, as upstream
/// does it. `old` is the Service that is there, `used` what all Services (the old one too) have.
pub(crate) fn allocate(service: &mut Value, old: Option<&Value>, used: &Used) -> Result<(), Refusal> {
    let name = field::text(service, "/metadata/name").to_owned();
    let invalid =
        |errors: &[Invalid]| Err(Refusal::invalid(Subject { group: "", resource: "Service", name: &name }, errors));
    if let Some(old) = old {
        patch_allocated(service, old);
    }
    match_addresses(service, old);
    let mut used = used.clone();
    let seed = seed(service);
    let errors = families(service, old);
    if !errors.is_empty() {
        return invalid(&errors);
    }
    match addresses(service, old, &mut used, seed) {
        Ok(()) => {}
        Err(Wrong::Field(error)) => return invalid(&[error]),
        Err(Wrong::Server(said)) => return Err(Refusal::internal(said)),
    }
    match ports(service, old, &mut used, seed) {
        Ok(()) => Ok(()),
        Err(Wrong::Field(error)) => invalid(&[error]),
        Err(Wrong::Server(said)) => Err(Refusal::internal(said)),
    }
}

enum Wrong {
    Field(Invalid),
    Server(String),
}

/// Where to begin to look for what is free: told by the name, so that the same cluster is made twice alike.
fn seed(service: &Value) -> u64 {
    let (namespace, name) = (field::text(service, "/metadata/namespace"), field::text(service, "/metadata/name"));
    namespace
        .bytes()
        .chain([b'/'])
        .chain(name.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Keeps what was given before where a client sends none.
fn patch_allocated(service: &mut Value, old: &Value) {
    if kind(old) != "ExternalName" && kind(service) != "ExternalName" {
        if field::text(service, "/spec/clusterIP").is_empty() {
            field::keep(service, old, "/spec/clusterIP");
        }
        if field::list(service, "/spec/clusterIPs").is_empty() {
            field::keep(service, old, "/spec/clusterIPs");
        }
    }
    if has_node_ports(old) && has_node_ports(service) {
        let ports = |service: &Value| -> BTreeSet<i64> {
            let ports = field::list(service, "/spec/ports").iter();
            ports.map(|port| field::int(port, "/nodePort")).filter(|port| *port != 0).collect()
        };
        let taken: BTreeSet<i64> = ports(old).intersection(&ports(service)).copied().collect();
        for port in field::list_mut(service, "/spec/ports") {
            let name = field::text(port, "/name");
            let was = field::list(old, "/spec/ports").iter().rev().find(|old| field::text(old, "/name") == name);
            let was = was.map_or(0, |old| field::int(old, "/nodePort"));
            if field::int(port, "/nodePort") == 0 && was != 0 && !taken.contains(&was) {
                field::set(port, "/nodePort", was);
            }
        }
    }
    if has_health_port(old) && has_health_port(service) && field::int(service, "/spec/healthCheckNodePort") == 0 {
        field::keep(service, old, "/spec/healthCheckNodePort");
    }
}

/// Makes `clusterIPs` follow `clusterIP`, which is all that older clients know.
fn match_addresses(service: &mut Value, old: Option<&Value>) {
    let one = field::text(service, "/spec/clusterIP").to_owned();
    let all = field::texts(service, "/spec/clusterIPs").len();
    let Some(old) = old else {
        if !one.is_empty() && all == 0 {
            field::set(service, "/spec/clusterIPs", json!([one]));
        }
        return;
    };
    let was = field::text(old, "/spec/clusterIP");
    if all == 0 && was == one && !field::list(old, "/spec/clusterIPs").is_empty() {
        field::keep(service, old, "/spec/clusterIPs");
    }
    let same = field::texts(service, "/spec/clusterIPs") == field::texts(old, "/spec/clusterIPs");
    match was != one && same {
        true if !was.is_empty() && one.is_empty() => drop(field::remove(service, "/spec/clusterIPs")),
        true => field::set(service, "/spec/clusterIPs", json!([one])),
        false => {}
    }
}

/// Settles `ipFamilies` and `ipFamilyPolicy` for a cluster that has IPv4 alone.
fn families(service: &mut Value, old: Option<&Value>) -> Vec<Invalid> {
    if kind(service) == "ExternalName" {
        return Vec::new();
    }
    let policy_path = "spec.ipFamilyPolicy";
    let list = |service: &Value, name: &str| -> Vec<String> {
        field::texts(service, &format!("/spec/{name}")).into_iter().map(str::to_owned).collect()
    };
    if let Some(old) = old {
        let prefer = |service: &Value| field::text(service, "/spec/ipFamilyPolicy") == "PreferDualStack";
        let alike = ["clusterIPs", "ipFamilies"].iter().all(|name| list(service, name) == list(old, name));
        if kind(old) == kind(service) && prefer(service) && prefer(old) && alike {
            return Vec::new();
        }
    }
    let selectorless =
        field::text(service, "/spec/clusterIP") == "None" && field::map(service, "/spec/selector").is_empty();
    if !field::has(service, "/spec/ipFamilyPolicy") {
        let was = old.and_then(|old| old.pointer("/spec/ipFamilyPolicy")).cloned();
        let inferred = if selectorless { "RequireDualStack" } else { "SingleStack" };
        field::set(service, "/spec/ipFamilyPolicy", was.unwrap_or_else(|| json!(inferred)));
    }
    let errors = addresses_and_families(service);
    if !errors.is_empty() {
        return errors;
    }
    let mut errors = Vec::new();
    let policy = service.pointer("/spec/ipFamilyPolicy").cloned().unwrap_or_default();
    let single = policy == json!("SingleStack");
    if let Some(old) = old {
        for (name, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
            let (new, was) = (list(service, name), list(old, name));
            if single && new == was && new.len() > 1 {
                field::set(service, &format!("/spec/{name}"), json!(new[..1]));
            } else if !single && !new.is_empty() && new.len() < was.len() {
                let detail = format!("must be 'SingleStack' to release the secondary {what}");
                errors.push(Invalid::invalid(policy_path, &policy, detail));
            }
        }
    }
    if single {
        for (name, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
            if list(service, name).len() == 2 {
                let detail =
                    format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
                errors.push(Invalid::invalid(policy_path, &policy, detail));
            }
        }
    }
    let mut families = list(service, "ipFamilies");
    for (index, address) in list(service, "clusterIPs").iter().enumerate().skip(families.len()) {
        let Some(address) = ip::parse(address) else { break };
        match ip::family(address) {
            "IPv4" => families.push("IPv4".to_owned()),
            family => {
                let all = service.pointer("/spec/clusterIPs").cloned().unwrap_or_default();
                let path = Path::new("spec.clusterIPs").index(index);
                errors.push(Invalid::invalid(path, &all, format!("{family} is not configured on this cluster")));
            }
        }
    }
    if !errors.is_empty() {
        return errors;
    }
    if selectorless {
        if families.is_empty() {
            families.push("IPv4".to_owned());
        }
        if let ([one], false) = (families.as_slice(), single) {
            let other = if one == "IPv4" { "IPv6" } else { "IPv4" };
            families.push(other.to_owned());
        }
        field::set(service, "/spec/ipFamilies", families);
        return Vec::new();
    }
    if policy == json!("RequireDualStack") {
        let detail = "this cluster is not configured for dual-stack services";
        errors.push(Invalid::invalid(policy_path, &policy, detail));
    }
    for (index, family) in families.iter().enumerate().filter(|(_, family)| *family != "IPv4") {
        let path = Path::new("spec.ipFamilies").index(index);
        errors.push(Invalid::invalid(path, &json!(family), "not configured on this cluster"));
    }
    if errors.is_empty() {
        if families.is_empty() {
            families.push("IPv4".to_owned());
        }
        field::set(service, "/spec/ipFamilies", families);
    }
    errors
}

fn addresses(service: &mut Value, old: Option<&Value>, used: &mut Used, seed: u64) -> Result<(), Wrong> {
    let is_new = old.is_none_or(|old| kind(old) == "ExternalName");
    if kind(service) == "ExternalName" || is_headless(service) || !is_new {
        return Ok(());
    }
    let wanted = field::texts(service, "/spec/clusterIPs").first().map(|&address| address.to_owned());
    match wanted.filter(|address| !address.is_empty()) {
        Some(address) => used.take_ip(&address).map_err(|said| {
            let all = service.pointer("/spec/clusterIPs").cloned().unwrap_or_default();
            let detail = format!("failed to allocate IP {address}: {said}");
            Wrong::Field(Invalid::invalid("spec.clusterIPs", &all, detail))
        }),
        None => {
            let address =
                used.any_ip(seed).map_err(|said| Wrong::Server(format!("failed to allocate a serviceIP: {said}")))?;
            field::set(service, "/spec/clusterIP", address.as_str());
            field::set(service, "/spec/clusterIPs", json!([address]));
            Ok(())
        }
    }
}

fn ports(service: &mut Value, old: Option<&Value>, used: &mut Used, seed: u64) -> Result<(), Wrong> {
    let had: BTreeSet<i64> = match old.filter(|old| has_node_ports(old)) {
        Some(old) => field::list(old, "/spec/ports").iter().map(|port| field::int(port, "/nodePort")).collect(),
        None => BTreeSet::new(),
    };
    if has_node_ports(service) {
        let gives = kind(service) == "NodePort" || field::flag(service, "/spec/allocateLoadBalancerNodePorts");
        let all = field::list(service, "/spec/ports").to_vec();
        let mut given: Vec<(i64, i64)> = Vec::new();
        for (index, port) in field::list_mut(service, "/spec/ports").iter_mut().enumerate() {
            let (number, asked) = (field::int(port, "/port"), field::int(port, "/nodePort"));
            if asked == 0 && !gives {
                continue;
            }
            // One port of a node serves the same port of another protocol too.
            let before = given.iter().find(|(other, _)| *other == number).map(|(_, node_port)| *node_port);
            let same =
                all.iter().find(|other| field::int(other, "/port") == number && field::int(other, "/nodePort") != 0);
            let wanted = match asked {
                0 if old.is_none() => before.or_else(|| same.map(|other| field::int(other, "/nodePort"))),
                0 => None,
                asked => Some(asked),
            };
            let node_port = match wanted {
                Some(wanted) => {
                    if !had.contains(&wanted) && !given.iter().any(|(_, node_port)| *node_port == wanted) {
                        used.take_port(wanted).map_err(|said| {
                            let path = Path::new("spec.ports").index(index).child("nodePort");
                            Wrong::Field(Invalid::invalid(path, &json!(wanted), said))
                        })?;
                    }
                    wanted
                }
                None => {
                    let seed = seed.wrapping_add(index as u64);
                    let found = used.any_port(seed);
                    i64::from(found.map_err(|said| Wrong::Server(format!("failed to allocate a nodePort: {said}")))?)
                }
            };
            given.push((number, node_port));
            field::set(port, "/nodePort", node_port);
        }
    }
    if has_health_port(service) && !old.is_some_and(has_health_port) {
        match field::int(service, "/spec/healthCheckNodePort") {
            0 => {
                let found = used.any_port(seed.wrapping_add(97));
                let said = |said| Wrong::Server(format!("failed to allocate a HealthCheck NodePort 0: {said}"));
                field::set(service, "/spec/healthCheckNodePort", found.map_err(said)?);
            }
            port => used.take_port(port).map_err(|said| {
                Wrong::Server(format!("failed to allocate requested HealthCheck NodePort {port}: {said}"))
            })?,
        }
    }
    Ok(())
}
