//! NetworkPolicies.

use serde_json::{Value, json};

use super::labels::{form, label_selector};
use super::{field, ip, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `NetworkPolicy`
#[derive(Debug)]
pub(crate) struct NetworkPolicy;

/// Directions with the name of their peers.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

impl Behaviour for NetworkPolicy {
    fn default(&self, object: &mut Value) {
        for (direction, _) in DIRECTIONS {
            for rule in field::list_mut(object, &format!("/spec/{direction}")) {
                for port in field::list_mut(rule, "/ports") {
                    field::default(port, "/protocol", "TCP");
                }
            }
        }
        if field::list(object, "/spec/policyTypes").is_empty() {
            let types: &[&str] = match field::list(object, "/spec/egress").is_empty() {
                true => &["Ingress"],
                false => &["Ingress", "Egress"],
            };
            field::set(object, "/spec/policyTypes", json!(types));
        }
        field::default(object, "/spec/podSelector", json!({}));
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let selector = object.pointer("/spec/podSelector").unwrap_or(&Value::Null);
        let mut errors = label_selector(selector, &spec.child("podSelector"));
        for (direction, peers) in DIRECTIONS {
            for (index, rule) in field::list(object, &format!("/spec/{direction}")).iter().enumerate() {
                let path = spec.child(direction).index(index);
                for (index, entry) in field::list(rule, "/ports").iter().enumerate() {
                    errors.extend(port(entry, &path.child("ports").index(index)));
                }
                for (index, entry) in field::list(rule, &format!("/{peers}")).iter().enumerate() {
                    errors.extend(peer(entry, &path.child(peers).index(index)));
                }
            }
        }
        let (types, path) = (field::texts(object, "/spec/policyTypes"), spec.child("policyTypes"));
        if types.len() > 2 {
            errors.push(Invalid::invalid(path, &json!(types), "may not specify more than two policyTypes"));
            return errors;
        }
        let known = ["Ingress", "Egress"];
        for (index, kind) in types.iter().enumerate().filter(|(_, kind)| !known.contains(kind)) {
            errors.push(Invalid::not_supported(path.index(index), &json!(kind), &known));
        }
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (direction, peers) in DIRECTIONS {
            for (rule_index, rule) in field::list(object, &format!("/spec/{direction}")).iter().enumerate() {
                for (index, peer) in field::list(rule, &format!("/{peers}")).iter().enumerate() {
                    if !field::has(peer, "/ipBlock") {
                        continue;
                    }
                    let path = format!("spec.{direction}[{rule_index}].{peers}[{index}].ipBlock");
                    let cidr = field::text(peer, "/ipBlock/cidr");
                    warnings.extend(ip::cidr_warnings(&format!("{path}.cidr"), cidr));
                    for (index, except) in field::texts(peer, "/ipBlock/except").into_iter().enumerate() {
                        warnings.extend(ip::cidr_warnings(&format!("{path}.except[{index}]"), except));
                    }
                }
            }
        }
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }
}

fn port(port: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if let Some(protocol) = port.get("protocol").and_then(Value::as_str)
        && !["TCP", "UDP", "SCTP"].contains(&protocol)
    {
        errors.push(Invalid::not_supported(path.child("protocol"), &json!(protocol), &["TCP", "UDP", "SCTP"]));
    }
    let end = port.get("endPort").and_then(Value::as_i64);
    let mut say = |detail: &str| {
        if let Some(end) = end {
            errors.push(Invalid::invalid(path.child("endPort"), &json!(end), detail));
        }
    };
    match port.get("port") {
        None | Some(Value::Null) => say("may not be specified when `port` is not specified"),
        Some(Value::String(name)) => {
            say("may not be specified when `port` is non-numeric");
            errors.extend(form(&path.child("port"), name, name::port_name));
        }
        Some(number) => {
            let number = number.as_i64().unwrap_or_default();
            let wrong = name::port_number(number).into_iter();
            errors.extend(wrong.map(|said| Invalid::invalid(path.child("port"), &json!(number), said)));
            if let Some(end) = end {
                let path = path.child("endPort");
                if end < number {
                    let detail = "must be greater than or equal to `port`";
                    errors.push(Invalid::invalid(&path, &json!(end), detail));
                }
                let wrong = name::port_number(end).into_iter();
                errors.extend(wrong.map(|said| Invalid::invalid(&path, &json!(end), said)));
            }
        }
    }
    errors
}

fn peer(peer: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut count = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(selector) = peer.get(name).filter(|selector| !selector.is_null()) {
            count += 1;
            errors.extend(label_selector(selector, &path.child(name)));
        }
    }
    let block = peer.get("ipBlock").filter(|block| !block.is_null());
    if let Some(block) = block {
        count += 1;
        errors.extend(ip_block(block, &path.child("ipBlock")));
    }
    if count == 0 {
        errors.push(Invalid::required(path, "must specify a peer"));
    } else if count > 1 && block.is_some() {
        errors.push(Invalid::forbidden(path, "may not specify both ipBlock and another peer"));
    }
    errors
}

fn ip_block(block: &Value, path: &Path) -> Vec<Invalid> {
    let cidr = field::text(block, "/cidr");
    if cidr.is_empty() {
        return vec![Invalid::required(path.child("cidr"), "")];
    }
    let Some((network, bits)) = ip::parse_cidr(cidr) else { return ip::valid_cidr(&path.child("cidr"), cidr) };
    let mut errors = Vec::new();
    for (index, except) in field::texts(block, "/except").into_iter().enumerate() {
        let path = path.child("except").index(index);
        let Some((inner, inner_bits)) = ip::parse_cidr(except) else {
            errors.extend(ip::valid_cidr(&path, except));
            continue;
        };
        let within = inner.is_ipv4() == network.is_ipv4() && ip::network(inner, bits) == ip::network(network, bits);
        if !within || bits >= inner_bits {
            errors.push(Invalid::invalid(path, &json!(except), "must be a strict subset of `cidr`"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let mut policy = json!({"spec": {"egress": [{"ports": [{"port": 53}]}]}});
        NetworkPolicy.default(&mut policy);
        assert_eq!(
            policy["spec"],
            json!({
                "egress": [{"ports": [{"port": 53, "protocol": "TCP"}]}], "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
            })
        );
        assert!(NetworkPolicy.validate(&policy).is_empty());
    }

    #[test]
    fn what_is_refused() {
        let policy = json!({"spec": {"podSelector": {}, "policyTypes": ["x"], "ingress": [{
            "ports": [{"port": 0}, {"port": "http", "endPort": 5}, {"port": 9, "endPort": 8}],
            "from": [{}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16", "x"]}},
                     {"podSelector": {}, "ipBlock": {"cidr": "a"}}],
        }]}});
        let said: Vec<String> = NetworkPolicy.validate(&policy).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ingress[0].ports[1].endPort: Invalid value: 5: may not be specified when `port` is non-numeric",
                "spec.ingress[0].ports[2].endPort: Invalid value: 8: must be greater than or equal to `port`",
                "spec.ingress[0].from[0]: Required value: must specify a peer",
                "spec.ingress[0].from[1].ipBlock.except[1]: Invalid value: \"11.0.0.0/16\": must be a strict subset of \
                 `cidr`",
                "spec.ingress[0].from[1].ipBlock.except[2]: Invalid value: \"x\": must be a valid CIDR value, (e.g. \
                 10.9.8.0/24 or 2001:db8::/64)",
                "spec.ingress[0].from[2].ipBlock.cidr: Invalid value: \"a\": must be a valid CIDR value, (e.g. \
                 10.9.8.0/24 or 2001:db8::/64)",
                "spec.ingress[0].from[2]: Forbidden: may not specify both ipBlock and another peer",
                "spec.policyTypes[0]: Unsupported value: \"x\": supported values: \"Ingress\", \"Egress\"",
            ]
        );
    }
}
