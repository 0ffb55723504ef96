//! Services: their defaults, what follows from their type, and warnings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::service_rules::{addresses_kept, families_kept, load_balancer_class, load_balancer_status, validate};
use super::{field, ip, name};
use crate::invalid::Invalid;
use crate::registry::Behaviour;

/// `Service`
#[derive(Debug)]
pub(crate) struct Service;

/// The protocols of ports.
pub(super) const SERVICE_PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// Whether nodes forward a port of their own to it.
pub(super) fn has_node_ports(service: &Value) -> bool {
    ["NodePort", "LoadBalancer"].contains(&kind(service))
}

/// Whether load balancers ask a port of their own for its health.
pub(super) fn has_health_port(service: &Value) -> bool {
    kind(service) == "LoadBalancer" && field::text(service, "/spec/externalTrafficPolicy") == "Local"
}

/// `spec.type`
pub(super) fn kind(service: &Value) -> &str {
    field::text(service, "/spec/type")
}

/// Whether it has no address of its own.
pub(super) fn is_headless(service: &Value) -> bool {
    field::texts(service, "/spec/clusterIPs") == ["None"]
}

/// Whether it can be reached from outside of the cluster.
pub(super) fn is_external(service: &Value) -> bool {
    has_node_ports(service) || (kind(service) == "ClusterIP" && !field::list(service, "/spec/externalIPs").is_empty())
}

impl Behaviour for Service {
    fn default(&self, object: &mut Value) {
        field::default_text(object, "/spec/sessionAffinity", "None");
        match field::text(object, "/spec/sessionAffinity") {
            "None" => drop(field::remove(object, "/spec/sessionAffinityConfig")),
            "ClientIP" if !field::has(object, "/spec/sessionAffinityConfig/clientIP/timeoutSeconds") => {
                field::set(object, "/spec/sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
            }
            _ => {}
        }
        field::default_text(object, "/spec/type", "ClusterIP");
        for port in field::list_mut(object, "/spec/ports") {
            field::default_text(port, "/protocol", "TCP");
            let target = port.get("targetPort").unwrap_or(&Value::Null);
            if target.is_null() || *target == json!(0) || *target == json!("") {
                let number = field::int(port, "/port");
                field::set(port, "/targetPort", number);
            }
        }
        if is_external(object) {
            field::default_text(object, "/spec/externalTrafficPolicy", "Cluster");
        }
        if ["NodePort", "LoadBalancer", "ClusterIP"].contains(&kind(object)) {
            field::default(object, "/spec/internalTrafficPolicy", "Cluster");
        }
        if kind(object) == "LoadBalancer" {
            field::default(object, "/spec/allocateLoadBalancerNodePorts", true);
            for ingress in field::list_mut(object, "/status/loadBalancer/ingress") {
                if !field::text(ingress, "/ip").is_empty() {
                    field::default(ingress, "/ipMode", "VIP");
                }
            }
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({"loadBalancer": {}}));
    }

    fn prepare_update(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/status");
        drop_what_the_type_lacks(object, old);
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = addresses_kept(object, old);
        errors.extend(families_kept(object, old));
        errors.extend(load_balancer_class(object, Some(old)));
        let port = "/spec/healthCheckNodePort";
        if has_health_port(old) && has_health_port(object) && field::int(old, port) != field::int(object, port) {
            errors.push(Invalid::forbidden("spec.healthCheckNodePort", "field is immutable"));
        }
        errors.extend(validate(object));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        load_balancer_status(object)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings(object)
    }

    /// A label that may start with a digit: `RelaxedServiceNameValidation` is on by default since 1.36.
    fn validate_name(&self, name: &str) -> Vec<String> {
        name::label(name)
    }

    fn has_status(&self) -> bool {
        true
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

/// Takes away what the old type needed and the new one lacks, unless it was changed too.
fn drop_what_the_type_lacks(object: &mut Value, old: &Value) {
    let same = |object: &Value, pointer: &str| field::same(object.pointer(pointer), old.pointer(pointer));
    if kind(old) != "ExternalName" && kind(object) == "ExternalName" {
        if same(object, "/spec/clusterIP") && same(object, "/spec/clusterIPs") {
            field::remove(object, "/spec/clusterIP");
            field::remove(object, "/spec/clusterIPs");
        }
        for pointer in ["/spec/ipFamilies", "/spec/ipFamilyPolicy"] {
            if same(object, pointer) {
                field::remove(object, pointer);
            }
        }
    }
    let ports = |service: &Value| -> BTreeSet<i64> {
        let ports = field::list(service, "/spec/ports").iter();
        ports.map(|port| field::int(port, "/nodePort")).filter(|port| *port != 0).collect()
    };
    if has_node_ports(old) && !has_node_ports(object) && ports(old).is_superset(&ports(object)) {
        for port in field::list_mut(object, "/spec/ports") {
            field::remove(port, "/nodePort");
        }
    }
    if has_health_port(old) && !has_health_port(object) && same(object, "/spec/healthCheckNodePort") {
        field::remove(object, "/spec/healthCheckNodePort");
    }
    if kind(old) == "LoadBalancer" && kind(object) != "LoadBalancer" {
        for pointer in ["/spec/allocateLoadBalancerNodePorts", "/spec/loadBalancerClass"] {
            if same(object, pointer) {
                field::remove(object, pointer);
            }
        }
    }
    if is_external(old) && !is_external(object) && same(object, "/spec/externalTrafficPolicy") {
        field::remove(object, "/spec/externalTrafficPolicy");
    }
    if kind(object) != "LoadBalancer" {
        field::set(object, "/status/loadBalancer", json!({}));
    }
}

fn warnings(service: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let text = |name: &str| field::text(service, &format!("/spec/{name}"));
    let hints = "service.kubernetes.io/topology-aware-hints";
    if field::map(service, "/metadata/annotations").contains_key(hints) {
        let better = "service.kubernetes.io/topology-mode";
        warnings.push(format!("annotation {hints} is deprecated, please use {better} instead"));
    }
    if !["", "None"].contains(&text("clusterIP")) {
        for (index, address) in field::texts(service, "/spec/clusterIPs").into_iter().enumerate() {
            warnings.extend(ip::warning(&format!("spec.clusterIPs[{index}]"), address));
        }
    }
    let headless = kind(service) == "ClusterIP" && text("clusterIP") == "None";
    let external = field::texts(service, "/spec/externalIPs");
    if headless {
        if !text("loadBalancerIP").is_empty() {
            warnings.push("spec.loadBalancerIP is ignored for headless services".to_owned());
        }
        if !external.is_empty() {
            warnings.push("spec.externalIPs is ignored for headless services".to_owned());
        }
        if text("sessionAffinity") != "None" {
            warnings.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
    }
    for (index, address) in external.iter().enumerate() {
        warnings.extend(ip::warning(&format!("spec.externalIPs[{index}]"), address));
    }
    if !external.is_empty() && !headless && kind(service) != "ExternalName" {
        warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    if !text("loadBalancerIP").is_empty() {
        warnings.extend(ip::warning("spec.loadBalancerIP", text("loadBalancerIP")));
    }
    for (index, range) in field::texts(service, "/spec/loadBalancerSourceRanges").into_iter().enumerate() {
        warnings.extend(ip::cidr_warnings(&format!("spec.loadBalancerSourceRanges[{index}]"), range));
    }
    if kind(service) == "ExternalName" && !external.is_empty() {
        warnings.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if kind(service) != "ExternalName" && !text("externalName").is_empty() {
        warnings.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if text("trafficDistribution") == "PreferClose" {
        let said = "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        warnings.push(said.to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::service_address::{Used, allocate};
    use super::*;

    fn made(spec: Value) -> Value {
        let mut service = json!({"metadata": {"name": "a", "namespace": "b"}});
        field::set(&mut service, "/spec", spec);
        Service.default(&mut service);
        service
    }

    /// As the server makes it: what it is, or what is said of it.
    fn create(spec: Value, used: &Used) -> Result<Value, String> {
        let mut service = made(spec);
        allocate(&mut service, None, used).map_err(|refusal| refusal.message)?;
        Service.prepare_create(&mut service);
        match Service.validate(&service).as_slice() {
            [] => Ok(service),
            errors => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }

    fn update(old: &Value, spec: Value) -> Result<Value, String> {
        let mut service = made(spec);
        field::keep(&mut service, old, "/status");
        allocate(&mut service, Some(old), &Used::of([old])).map_err(|refusal| refusal.message)?;
        Service.prepare_update(&mut service, old);
        match Service.validate_update(&service, old).as_slice() {
            [] => Ok(service),
            errors => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }

    #[test]
    fn defaults() {
        let service = create(json!({"ports": [{"port": 80}], "selector": {"a": "b"}}), &Used::default()).unwrap();
        let address = field::text(&service, "/spec/clusterIP").to_owned();
        assert!(address.starts_with("10.96."), "{address}");
        assert_eq!(
            service["spec"],
            json!({
                "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster",
                "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "selector": {"a": "b"},
                "sessionAffinity": "None", "type": "ClusterIP",
            })
        );
        assert_eq!(service["status"], json!({"loadBalancer": {}}));
        let headless = create(json!({"clusterIP": "None", "ports": [{"port": 80}]}), &Used::default()).unwrap();
        assert_eq!(headless["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
        assert_eq!(headless["spec"]["ipFamilyPolicy"], json!("RequireDualStack"));
        let balanced = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "sessionAffinity": "ClientIP",
            "ports": [{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]});
        let balanced = create(balanced, &Used::default()).unwrap();
        assert_eq!(balanced["spec"]["ports"][0]["nodePort"], balanced["spec"]["ports"][1]["nodePort"]);
        assert!(balanced["spec"]["healthCheckNodePort"].as_i64().unwrap() >= 30000);
        assert_eq!(balanced["spec"]["sessionAffinityConfig"], json!({"clientIP": {"timeoutSeconds": 10800}}));
        assert_eq!(balanced["spec"]["allocateLoadBalancerNodePorts"], json!(true));
    }

    #[test]
    fn what_is_refused() {
        let used = Used::of([&json!({"spec": {"clusterIPs": ["10.96.0.1"], "ports": [{"nodePort": 30000}]}})]);
        let cases = [
            (json!({}), "spec.ports: Required value"),
            (
                json!({"ports": [{"port": 70000}]}),
                "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive; \
                 spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            ),
            (
                json!({"ports": [{"port": 80}, {"port": 80, "name": "b"}]}),
                "spec.ports[0].name: Required value; spec.ports[1]: Duplicate value: \
                 {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}",
            ),
            (
                json!({"type": "Nope", "ports": [{"port": 80}]}),
                "spec.type: Unsupported value: \"Nope\": supported values: \"ClusterIP\", \"ExternalName\", \
                 \"LoadBalancer\", \"NodePort\"",
            ),
            (json!({"type": "ExternalName"}), "spec.externalName: Required value"),
            (
                json!({"ports": [{"port": 80, "nodePort": 30001}]}),
                "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
            ),
            (
                json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30000}]}),
                "Service \"a\" is invalid: spec.ports[0].nodePort: Invalid value: 30000: provided port is already \
                 allocated",
            ),
            (
                json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
                "Service \"a\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the \
                 valid range. The range of valid ports is 30000-32767",
            ),
            (
                json!({"clusterIP": "10.96.0.1", "ports": [{"port": 80}]}),
                "Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.1\"]: failed to allocate IP \
                 10.96.0.1: provided IP is already allocated",
            ),
            (
                json!({"clusterIP": "1.2.3.4", "ports": [{"port": 80}]}),
                "Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"1.2.3.4\"]: failed to allocate IP \
                 1.2.3.4: the provided network does not match the current range",
            ),
            (
                json!({"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]}),
                "Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is \
                 not configured for dual-stack services",
            ),
        ];
        for (spec, expect) in cases {
            assert_eq!(create(spec, &used).unwrap_err(), expect);
        }
    }

    #[test]
    fn what_an_update_keeps_and_drops() {
        let ports = json!([{"port": 80}]);
        let old = create(json!({"type": "NodePort", "ports": ports}), &Used::default()).unwrap();
        let same = update(&old, json!({"type": "NodePort", "ports": ports})).unwrap();
        assert_eq!(same, old);
        let inner = update(&old, {
            let mut spec = old["spec"].clone();
            field::set(&mut spec, "/type", "ClusterIP");
            spec
        })
        .unwrap();
        assert_eq!(inner["spec"]["ports"], json!([{"port": 80, "protocol": "TCP", "targetPort": 80}]));
        assert_eq!(inner["spec"].get("externalTrafficPolicy"), None);
        assert_eq!(inner["spec"]["clusterIP"], old["spec"]["clusterIP"]);
        let outer = update(&old, json!({"type": "ExternalName", "externalName": "example.com"})).unwrap();
        assert_eq!(
            outer["spec"],
            json!({"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"})
        );
        assert_eq!(
            update(&old, json!({"clusterIP": "10.96.9.9", "ports": ports})).unwrap_err(),
            "spec.clusterIPs[0]: Invalid value: [\"10.96.9.9\"]: may not change once set"
        );
    }

    #[test]
    fn what_is_warned_of() {
        let spec = json!({"externalIPs": ["08.8.8.8"], "externalName": "a.b", "trafficDistribution": "PreferClose"});
        assert_eq!(
            warnings(&made(spec)),
            [
                "spec.externalIPs[0]: non-standard IP address \"08.8.8.8\" will be considered invalid in a future \
                 Kubernetes release: use \"8.8.8.8\"",
                "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
                "spec.externalName is ignored when spec.type is not \"ExternalName\"",
                "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
            ]
        );
    }
}
