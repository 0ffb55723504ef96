//! What is wrong with a Service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::service::{SERVICE_PROTOCOLS, has_health_port, is_external, is_headless, kind};
use super::{field, ip, labels, name};
use crate::invalid::Invalid;
use crate::path::Path;

/// A Service by itself.
pub(super) fn validate(service: &Value) -> Vec<Invalid> {
    let spec = Path::new("spec");
    let text = |pointer: &str| field::text(service, pointer);
    let mut errors = Vec::new();
    let annotations = field::map(service, "/metadata/annotations");
    let (hints, mode) = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode");
    if let (Some(hints_value), Some(mode_value)) = (annotations.get(hints), annotations.get(mode))
        && hints_value != mode_value
    {
        let detail = format!("must match annotations[{hints}] when both are specified");
        errors.push(Invalid::invalid(Path::new("metadata.annotations").key(mode), mode_value, detail));
    }
    let ports = field::list(service, "/spec/ports");
    let (kind, headless) = (kind(service), is_headless(service));
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(Invalid::required(spec.child("ports"), ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(Invalid::invalid(spec.child("clusterIPs").index(0), &json!("None"), detail));
        }
        "ExternalName" => errors.extend(external_name(service, &spec)),
        _ => {}
    }
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        errors.extend(service_port(port, ports.len() > 1, &mut names, &spec.child("ports").index(index)));
    }
    if let Some(selector) = service.pointer("/spec/selector") {
        errors.extend(labels::labels(selector, &spec.child("selector")));
    }
    errors.extend(session_affinity(service, &spec));
    errors.extend(addresses_and_families(service));
    for (index, address) in field::texts(service, "/spec/externalIPs").into_iter().enumerate() {
        let path = spec.child("externalIPs").index(index);
        let wrong = ip::valid(&path, address);
        match wrong.is_empty() {
            true => errors.extend(ip::not_special(&path, address)),
            false => errors.extend(wrong),
        }
    }
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if kind.is_empty() {
        errors.push(Invalid::required(spec.child("type"), ""));
    } else if !kinds.contains(&kind) {
        errors.push(Invalid::not_supported(spec.child("type"), &json!(kind), &kinds));
    }
    errors.extend(port_conflicts(ports, kind, &spec.child("ports")));
    errors.extend(source_ranges(service, &spec));
    let allocate = service.pointer("/spec/allocateLoadBalancerNodePorts").is_some();
    if allocate && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.push(Invalid::forbidden(spec.child("allocateLoadBalancerNodePorts"), detail));
    }
    if !allocate && kind == "LoadBalancer" {
        errors.push(Invalid::required("allocateLoadBalancerNodePorts", ""));
    }
    errors.extend(load_balancer_class(service, None));
    errors.extend(external_traffic(service, &spec));
    let policy = text("/spec/internalTrafficPolicy");
    let policies = ["Cluster", "Local"];
    if !field::has(service, "/spec/internalTrafficPolicy") {
        if ["NodePort", "LoadBalancer", "ClusterIP"].contains(&kind) {
            errors.push(Invalid::required(spec.child("internalTrafficPolicy"), ""));
        }
    } else if !policies.contains(&policy) {
        errors.push(Invalid::not_supported(spec.child("internalTrafficPolicy"), &json!(policy), &policies));
    }
    if field::has(service, "/spec/trafficDistribution") {
        let distribution = text("/spec/trafficDistribution");
        let known = ["PreferClose", "PreferSameNode", "PreferSameZone"];
        if !known.contains(&distribution) {
            errors.push(Invalid::not_supported(spec.child("trafficDistribution"), &json!(distribution), &known));
        }
    }
    errors
}

fn external_name(service: &Value, spec: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let detail = "may not be set for ExternalName services";
    for name in ["clusterIPs", "ipFamilies"] {
        if !field::list(service, &format!("/spec/{name}")).is_empty() {
            errors.push(Invalid::forbidden(spec.child(name), detail));
        }
    }
    if field::has(service, "/spec/ipFamilyPolicy") {
        errors.push(Invalid::forbidden(spec.child("ipFamilyPolicy"), detail));
    }
    let name = field::text(service, "/spec/externalName");
    let path = spec.child("externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => errors.push(Invalid::required(path, "")),
        name => errors.extend(labels::form(&path, name, name::subdomain)),
    }
    errors
}

fn service_port(port: &Value, named: bool, names: &mut BTreeSet<String>, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    match field::text(port, "/name") {
        "" if named => errors.push(Invalid::required(path.child("name"), "")),
        "" => {}
        name => {
            errors.extend(labels::form(&path.child("name"), name, name::label));
            if !names.insert(name.to_owned()) {
                errors.push(Invalid::duplicate(path.child("name"), &json!(name)));
            }
        }
    }
    let number = field::int(port, "/port");
    let wrong = name::port_number(number).into_iter();
    errors.extend(wrong.map(|said| Invalid::invalid(path.child("port"), &json!(number), said)));
    errors.extend(protocol(field::text(port, "/protocol"), &path.child("protocol")));
    errors.extend(port_or_name(port.get("targetPort"), &path.child("targetPort")));
    if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
        errors.extend(labels::form(&path.child("appProtocol"), protocol, name::qualified_name));
    }
    errors
}

/// A protocol of ports: TCP, UDP or SCTP.
pub(super) fn protocol(protocol: &str, path: &Path) -> Option<Invalid> {
    match protocol {
        "" => Some(Invalid::required(path, "")),
        known if SERVICE_PROTOCOLS.contains(&known) => None,
        other => Some(Invalid::not_supported(path, &json!(other), &SERVICE_PROTOCOLS)),
    }
}

/// A port by its number or its name.
pub(super) fn port_or_name(port: Option<&Value>, path: &Path) -> Vec<Invalid> {
    match port {
        Some(Value::String(name)) => labels::form(path, name, name::port_name).collect(),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or_default();
            let wrong = name::port_number(number).into_iter();
            wrong.map(|said| Invalid::invalid(path, &json!(number), said)).collect()
        }
    }
}

fn session_affinity(service: &Value, spec: &Path) -> Vec<Invalid> {
    let (path, config) = (spec.child("sessionAffinity"), spec.child("sessionAffinityConfig"));
    let known = ["ClientIP", "None"];
    match field::text(service, "/spec/sessionAffinity") {
        "" => vec![Invalid::required(path, "")],
        "ClientIP" => {
            let required = "when session affinity type is ClientIP";
            if !field::has(service, "/spec/sessionAffinityConfig") {
                return vec![Invalid::required(config, required)];
            }
            let path = config.child("clientIP");
            if !field::has(service, "/spec/sessionAffinityConfig/clientIP") {
                return vec![Invalid::required(path, required)];
            }
            let path = path.child("timeoutSeconds");
            match service.pointer("/spec/sessionAffinityConfig/clientIP/timeoutSeconds").and_then(Value::as_i64) {
                None => vec![Invalid::required(path, required)],
                Some(seconds) if (1..=86400).contains(&seconds) => Vec::new(),
                Some(seconds) => {
                    let detail = "must be greater than 0 and less than 86400";
                    vec![Invalid::invalid(path, &json!(seconds), detail)]
                }
            }
        }
        "None" if field::has(service, "/spec/sessionAffinityConfig") => {
            vec![Invalid::forbidden(config, "must not be set when session affinity is None")]
        }
        "None" => Vec::new(),
        other => vec![Invalid::not_supported(path, &json!(other), &known)],
    }
}

/// `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` held against each other.
pub(super) fn addresses_and_families(service: &Value) -> Vec<Invalid> {
    if kind(service) == "ExternalName" {
        return Vec::new();
    }
    let spec = Path::new("spec");
    let (addresses_path, families_path) = (spec.child("clusterIPs"), spec.child("ipFamilies"));
    let addresses = field::texts(service, "/spec/clusterIPs");
    let all = service.pointer("/spec/clusterIPs").unwrap_or(&Value::Null);
    let mut errors = Vec::new();
    match (field::text(service, "/spec/clusterIP"), addresses.first()) {
        ("", None) => {}
        ("", Some(_)) => {
            let detail = "must be empty when `clusterIP` is not specified";
            errors.push(Invalid::invalid(&addresses_path, all, detail));
        }
        (_, None) => errors.push(Invalid::required(&addresses_path, "")),
        (one, Some(first)) if *first != one => {
            errors.push(Invalid::invalid(&addresses_path, all, "first value must match `clusterIP`"));
        }
        _ => {}
    }
    let families = field::texts(service, "/spec/ipFamilies");
    for (index, family) in families.iter().enumerate() {
        let path = families_path.index(index);
        if !["IPv4", "IPv6"].contains(family) {
            errors.push(Invalid::not_supported(&path, &json!(family), &["IPv4", "IPv6"]));
        }
        if families[..index].contains(family) {
            errors.push(Invalid::duplicate(&path, &json!(family)));
        }
    }
    if let Some(policy) = service.pointer("/spec/ipFamilyPolicy").filter(|policy| !policy.is_null()) {
        let known = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        if !known.contains(&policy.as_str().unwrap_or_default()) {
            errors.push(Invalid::not_supported(spec.child("ipFamilyPolicy"), policy, &known));
        }
    }
    let mut wrong = false;
    for (index, address) in addresses.iter().enumerate() {
        if index == 0 && *address == "None" {
            if addresses.len() > 1 {
                wrong = true;
                errors.push(Invalid::invalid(&addresses_path, all, "'None' must be the first and only value"));
            }
            continue;
        }
        let said = ip::valid(&addresses_path.index(index), address);
        wrong |= !said.is_empty();
        errors.extend(said);
    }
    if addresses.len() > 2 {
        errors.push(Invalid::invalid(&addresses_path, all, "may only hold up to 2 values"));
    }
    if wrong {
        return errors;
    }
    let six: Vec<bool> = addresses.iter().filter_map(|address| ip::parse(address)).map(ip::is_v6).collect();
    if addresses.len() > 1 && !(six.contains(&true) && six.contains(&false)) {
        let detail = "may specify no more than one IP for each IP family";
        errors.push(Invalid::invalid(&addresses_path, all, detail));
    }
    if !is_headless(service) {
        for (index, (six, family)) in six.iter().zip(&families).enumerate() {
            let expected = match (*six, *family) {
                (true, "IPv4") => "IPv4",
                (false, "IPv6") => "IPv6",
                _ => continue,
            };
            let detail = format!("expected an {expected} value as indicated by `ipFamilies[{index}]`");
            errors.push(Invalid::invalid(addresses_path.index(index), &json!(addresses[index]), detail));
        }
    }
    errors
}

fn port_conflicts(ports: &[Value], kind: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let number = |port: &Value, name: &str| field::int(port, name);
    if kind == "ClusterIP" {
        for (index, _) in ports.iter().enumerate().filter(|(_, port)| number(port, "/nodePort") != 0) {
            let path = path.index(index).child("nodePort");
            errors.push(Invalid::forbidden(path, "may not be used when `type` is 'ClusterIP'"));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate().filter(|(_, port)| number(port, "/nodePort") != 0) {
        let node_port = number(port, "/nodePort");
        if !seen.insert((field::text(port, "/protocol"), node_port)) {
            errors.push(Invalid::duplicate(path.index(index).child("nodePort"), &json!(node_port)));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let (protocol, number) = (field::text(port, "/protocol"), number(port, "/port"));
        if !seen.insert((protocol, number)) {
            // The internal type is printed, with the names and the order of its fields in Go.
            let mut error = Invalid::duplicate(path.index(index), &Value::Null);
            error.value = Some(format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\"NodePort\":0}}",
                json!(protocol)
            ));
            errors.push(error);
        }
    }
    errors
}

fn source_ranges(service: &Value, spec: &Path) -> Vec<Invalid> {
    const ANNOTATION: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let detail = "may only be used when `type` is 'LoadBalancer'";
    let fits = kind(service) == "LoadBalancer";
    let mut errors = Vec::new();
    let ranges = field::texts(service, "/spec/loadBalancerSourceRanges");
    let annotation = field::map(service, "/metadata/annotations").get(ANNOTATION).and_then(Value::as_str);
    if !ranges.is_empty() {
        let path = spec.child("LoadBalancerSourceRanges");
        if !fits {
            errors.push(Invalid::forbidden(&path, detail));
        }
        for (index, range) in ranges.iter().enumerate() {
            errors.extend(ip::valid_cidr(&path.index(index), range.trim()));
        }
    } else if let Some(annotation) = annotation {
        let path = Path::new("metadata.annotations").key(ANNOTATION);
        if !fits {
            errors.push(Invalid::forbidden(&path, detail));
        }
        if !annotation.trim().is_empty() {
            errors.extend(annotation.trim().split(',').flat_map(|range| ip::valid_cidr(&path, range.trim())));
        }
    }
    errors
}

/// `loadBalancerClass`, which stays as it is.
pub(super) fn load_balancer_class(service: &Value, old: Option<&Value>) -> Vec<Invalid> {
    let (pointer, path) = ("/spec/loadBalancerClass", Path::new("spec.loadBalancerClass"));
    let class = service.pointer(pointer).filter(|class| !class.is_null());
    let balanced = kind(service) == "LoadBalancer";
    let mut errors = Vec::new();
    if let Some(old) = old.filter(|old| balanced && kind(old) == "LoadBalancer")
        && old.pointer(pointer).filter(|class| !class.is_null()) != class
    {
        let none = json!("null");
        errors.push(Invalid::invalid(&path, class.unwrap_or(&none), "may not change once set"));
    }
    match class {
        Some(class) if balanced => {
            errors.extend(labels::form(&path, class.as_str().unwrap_or_default(), name::qualified_name));
        }
        Some(_) => errors.push(Invalid::forbidden(&path, "may only be used when `type` is 'LoadBalancer'")),
        None => {}
    }
    errors
}

fn external_traffic(service: &Value, spec: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let path = spec.child("externalTrafficPolicy");
    let known = ["Cluster", "Local"];
    match (is_external(service), field::text(service, "/spec/externalTrafficPolicy")) {
        (false, "") => {}
        (false, policy) => {
            let detail = "may only be set for externally-accessible services";
            errors.push(Invalid::invalid(path, &json!(policy), detail));
        }
        (true, "") => errors.push(Invalid::required(path, "")),
        (true, policy) if !known.contains(&policy) => {
            errors.push(Invalid::not_supported(path, &json!(policy), &known));
        }
        _ => {}
    }
    let path = spec.child("healthCheckNodePort");
    match (has_health_port(service), field::int(service, "/spec/healthCheckNodePort")) {
        (false, 0) => {}
        (false, port) => {
            let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(Invalid::invalid(path, &json!(port), detail));
        }
        (true, 0) => errors.push(Invalid::required(path, "")),
        (true, port) => {
            let wrong = name::port_number(port).into_iter();
            errors.extend(wrong.map(|said| Invalid::invalid(&path, &json!(port), said)));
        }
    }
    errors
}

/// Addresses stay, but a second one may come and go.
pub(super) fn addresses_kept(service: &Value, old: &Value) -> Vec<Invalid> {
    if kind(service) == "ExternalName" || kind(old) == "ExternalName" || (is_headless(service) && is_headless(old)) {
        return Vec::new();
    }
    let (new, was) = (field::texts(service, "/spec/clusterIPs"), field::texts(old, "/spec/clusterIPs"));
    let (path, value) = (Path::new("spec.clusterIPs"), service.pointer("/spec/clusterIPs").unwrap_or(&Value::Null));
    let changed = |index: usize| Invalid::invalid(path.index(index), value, "may not change once set");
    let mut errors = Vec::new();
    if new.len() == was.len() {
        errors.extend((0..new.len()).filter(|index| new[*index] != was[*index]).map(changed));
        return errors;
    }
    if new.is_empty() {
        errors.push(Invalid::invalid(path.index(0), value, "primary clusterIP can not be unset"));
    }
    if let (Some(new), Some(was)) = (new.first(), was.first())
        && new != was
    {
        errors.push(changed(0));
    }
    if new.len() == 1 && was.len() > 1 {
        errors.extend(released(service, "must be set to 'SingleStack' when releasing the secondary clusterIP"));
    }
    errors
}

/// So do families.
pub(super) fn families_kept(service: &Value, old: &Value) -> Vec<Invalid> {
    let external = kind(service) == "ExternalName" || kind(old) == "ExternalName";
    if external || is_headless(service) || is_headless(old) {
        return Vec::new();
    }
    let (new, was) = (field::texts(service, "/spec/ipFamilies"), field::texts(old, "/spec/ipFamilies"));
    let (path, value) = (Path::new("spec.ipFamilies").index(0), |name: &str| {
        service.pointer(&format!("/spec/{name}")).cloned().unwrap_or_default()
    });
    let mut errors = Vec::new();
    if new.len() == was.len() {
        let changed = new.iter().zip(&was).filter(|(new, was)| new != was);
        errors.extend(changed.map(|_| Invalid::invalid(&path, &value("ipFamilies"), "may not change once set")));
        return errors;
    }
    if new.len() < was.len() && field::list(service, "/spec/clusterIPs").is_empty() {
        errors.push(Invalid::invalid(&path, &value("ipFamilies"), "primary ipFamily can not be unset"));
    }
    if let (Some(new), Some(was)) = (new.first(), was.first())
        && new != was
    {
        errors.push(Invalid::invalid(&path, &value("clusterIPs"), "may not change once set"));
    }
    if new.len() == 1 && was.len() > 1 {
        errors.extend(released(service, "must be set to 'SingleStack' when releasing the secondary ipFamily"));
    }
    errors
}

fn released(service: &Value, detail: &str) -> Option<Invalid> {
    let policy = service.pointer("/spec/ipFamilyPolicy").cloned().unwrap_or_else(|| json!("null"));
    (policy != json!("SingleStack")).then(|| Invalid::invalid("spec.ipFamilyPolicy", &policy, detail))
}

/// Its status.
pub(super) fn load_balancer_status(service: &Value) -> Vec<Invalid> {
    let path = Path::new("status.loadBalancer.ingress");
    let ingresses = field::list(service, "/status/loadBalancer/ingress");
    let mut errors = Vec::new();
    if !ingresses.is_empty() && kind(service) != "LoadBalancer" {
        errors.push(Invalid::forbidden(&path, "may only be used when `spec.type` is \"LoadBalancer\""));
        return errors;
    }
    for (index, ingress) in ingresses.iter().enumerate() {
        let path = path.index(index);
        let address = field::text(ingress, "/ip");
        if !address.is_empty() {
            errors.extend(ip::valid(&path.child("ip"), address));
        }
        let (mode, known) = (ingress.get("ipMode").and_then(Value::as_str), ["Proxy", "VIP"]);
        match mode {
            None if !address.is_empty() => {
                errors.push(Invalid::required(path.child("ipMode"), "must be specified when `ip` is set"));
            }
            Some(_) if address.is_empty() => {
                errors.push(Invalid::forbidden(path.child("ipMode"), "may not be specified when `ip` is not set"));
            }
            Some(mode) if !known.contains(&mode) => {
                errors.push(Invalid::not_supported(path.child("ipMode"), &json!(mode), &known));
            }
            _ => {}
        }
        let host = field::text(ingress, "/hostname");
        if !host.is_empty() {
            errors.extend(labels::form(&path.child("hostname"), host, name::subdomain));
            if ip::parse(host).is_some() {
                let detail = "must be a DNS name, not an IP address";
                errors.push(Invalid::invalid(path.child("hostname"), &json!(host), detail));
            }
        }
    }
    errors
}
