//! Endpoints and EndpointSlices.

use serde_json::{Value, json};

use super::labels::form;
use super::service::SERVICE_PROTOCOLS;
use super::service_rules::protocol;
use super::{field, ip, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Endpoints`
#[derive(Debug)]
pub(crate) struct Endpoints;

impl Behaviour for Endpoints {
    fn default(&self, object: &mut Value) {
        for subset in field::list_mut(object, "/subsets") {
            for port in field::list_mut(subset, "/ports") {
                field::default_text(port, "/protocol", "TCP");
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        for (index, subset) in field::list(object, "/subsets").iter().enumerate() {
            let path = Path::new("subsets").index(index);
            let names = ["addresses", "notReadyAddresses"];
            if names.iter().all(|name| field::list(subset, &format!("/{name}")).is_empty()) {
                errors.push(Invalid::required(&path, "must specify `addresses` or `notReadyAddresses`"));
            }
            for name in names {
                for (index, entry) in field::list(subset, &format!("/{name}")).iter().enumerate() {
                    errors.extend(address(entry, &path.child(name).index(index)));
                }
            }
            let ports = field::list(subset, "/ports");
            for (index, entry) in ports.iter().enumerate() {
                errors.extend(port(entry, ports.len() > 1, &path.child("ports").index(index)));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, true, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn address(address: &Value, path: &Path) -> Vec<Invalid> {
    let (number, host) = (field::text(address, "/ip"), field::text(address, "/hostname"));
    let mut errors = ip::valid(&path.child("ip"), number);
    if !host.is_empty() {
        errors.extend(form(&path.child("hostname"), host, name::label));
    }
    if let Some(node) = address.get("nodeName").and_then(Value::as_str) {
        errors.extend(form(&path.child("nodeName"), node, name::subdomain));
    }
    errors.extend(ip::not_special(&path.child("ip"), number));
    errors
}

fn port(port: &Value, named: bool, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    match field::text(port, "/name") {
        "" if named => errors.push(Invalid::required(path.child("name"), "")),
        "" => {}
        name => errors.extend(form(&path.child("name"), name, name::label)),
    }
    let number = field::int(port, "/port");
    let wrong = name::port_number(number).into_iter();
    errors.extend(wrong.map(|said| Invalid::invalid(path.child("port"), &json!(number), said)));
    errors.extend(protocol(field::text(port, "/protocol"), &path.child("protocol")));
    if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
        errors.extend(form(&path.child("appProtocol"), protocol, name::qualified_name));
    }
    errors
}

/// `EndpointSlice`
#[derive(Debug)]
pub(crate) struct EndpointSlice;

impl Behaviour for EndpointSlice {
    fn default(&self, object: &mut Value) {
        for port in field::list_mut(object, "/ports") {
            field::default(port, "/name", "");
            field::default(port, "/protocol", "TCP");
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let known = ["FQDN", "IPv4", "IPv6"];
        let kind = field::text(object, "/addressType");
        let mut errors = Vec::new();
        if kind.is_empty() {
            errors.push(Invalid::required("addressType", ""));
        } else if !known.contains(&kind) {
            errors.push(Invalid::not_supported("addressType", &json!(kind), &known));
        }
        errors.extend(slice_endpoints(field::list(object, "/endpoints"), kind));
        errors.extend(slice_ports(field::list(object, "/ports")));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, true, &name::subdomain);
        errors.extend(self.validate(object));
        errors.extend(metadata::immutable(object, old, "/addressType", "addressType"));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn slice_endpoints(endpoints: &[Value], kind: &str) -> Vec<Invalid> {
    let path = Path::new("endpoints");
    if endpoints.len() > 1000 {
        return vec![Invalid::too_many(path, endpoints.len(), 1000)];
    }
    let mut errors = Vec::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let path = path.index(index);
        let (addresses, at) = (field::texts(endpoint, "/addresses"), path.child("addresses"));
        if addresses.is_empty() {
            errors.push(Invalid::required(&at, "must contain at least 1 address"));
        } else if addresses.len() > 100 {
            errors.push(Invalid::too_many(&at, addresses.len(), 100));
        }
        for (index, address) in addresses.into_iter().enumerate() {
            let path = at.index(index);
            let six = ip::parse(address).map(ip::is_v6);
            match kind {
                "IPv4" | "IPv6" => {
                    if six != Some(kind == "IPv6") {
                        let detail = format!("must be a valid {kind} address");
                        errors.push(Invalid::invalid(&path, &json!(address), detail));
                    }
                    errors.extend(ip::not_special(&path, address));
                }
                "FQDN" => errors.extend(qualified_domain(address, &path)),
                _ => {}
            }
        }
        let zone = field::map(endpoint, "/deprecatedTopology");
        if zone.len() > 16 {
            errors.push(Invalid::too_many(path.child("deprecatedTopology"), zone.len(), 16));
        }
        if let Some(node) = endpoint.get("nodeName").and_then(Value::as_str) {
            errors.extend(form(&path.child("nodeName"), node, name::subdomain));
        }
        if let Some(host) = endpoint.get("hostname").and_then(Value::as_str) {
            errors.extend(form(&path.child("hostname"), host, name::label));
        }
        errors.extend(hints(endpoint, &path.child("hints")));
    }
    errors
}

fn hints(endpoint: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (field, most) in [("forZones", 8), ("forNodes", 8)] {
        let (entries, path) = (field::list(endpoint, &format!("/hints/{field}")), path.child(field));
        if entries.len() > most {
            errors.push(Invalid::too_many(path, entries.len(), most));
            continue;
        }
        for (index, entry) in entries.iter().enumerate() {
            let (path, name) = (path.index(index).child("name"), field::text(entry, "/name"));
            if entries[..index].iter().any(|other| field::text(other, "/name") == name) {
                errors.push(Invalid::duplicate(&path, &json!(name)));
            }
            let check = if field == "forZones" { name::label_value } else { name::subdomain };
            errors.extend(form(&path, name, check));
        }
    }
    errors
}

fn qualified_domain(address: &str, path: &Path) -> Vec<Invalid> {
    let name = address.strip_suffix('.').unwrap_or(address);
    if address.is_empty() {
        return vec![Invalid::required(path, "")];
    }
    let wrong = name::subdomain(name);
    if !wrong.is_empty() {
        return vec![Invalid::invalid(path, &json!(name), wrong.join(","))];
    }
    if !name.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        return vec![Invalid::invalid(path, &json!(name), detail)];
    }
    let wrong =
        name.split('.').find_map(|label| Some((label, name::label(label))).filter(|(_, wrong)| !wrong.is_empty()));
    wrong.map(|(label, wrong)| Invalid::invalid(path, &json!(label), wrong.join(","))).into_iter().collect()
}

fn slice_ports(ports: &[Value]) -> Vec<Invalid> {
    let path = Path::new("ports");
    if ports.len() > 20_000 {
        return vec![Invalid::too_many(path, ports.len(), 20_000)];
    }
    let mut errors = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        let name = field::text(port, "/name");
        if !name.is_empty() {
            errors.extend(form(&path.child("name"), name, name::label));
        }
        if ports[..index].iter().any(|other| field::text(other, "/name") == name) {
            errors.push(Invalid::duplicate(path.child("name"), &json!(name)));
        }
        match port.get("protocol").and_then(Value::as_str) {
            None => errors.push(Invalid::required(path.child("protocol"), "")),
            Some(known) if SERVICE_PROTOCOLS.contains(&known) => {}
            Some(other) => {
                errors.push(Invalid::not_supported(path.child("protocol"), &json!(other), &SERVICE_PROTOCOLS));
            }
        }
        if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
            errors.extend(form(&path.child("appProtocol"), protocol, name::qualified_name));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn subsets() {
        let mut object = json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]});
        Endpoints.default(&mut object);
        assert_eq!(object["subsets"][0]["ports"], json!([{"port": 80, "protocol": "TCP"}]));
        assert!(Endpoints.validate(&object).is_empty());
        let object =
            json!({"subsets": [{"ports": [{"port": 0, "protocol": "x"}]}, {"addresses": [{"ip": "127.0.0.1"}]}]});
        assert_eq!(
            said(&Endpoints.validate(&object)),
            [
                "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
                "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[0].ports[0].protocol: Unsupported value: \"x\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range \
                 (127.0.0.0/8, ::1/128)",
            ]
        );
    }

    #[test]
    fn slices() {
        let mut object =
            json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]});
        EndpointSlice.default(&mut object);
        assert_eq!(object["ports"], json!([{"name": "", "port": 80, "protocol": "TCP"}]));
        assert!(EndpointSlice.validate(&object).is_empty());
        let object = json!({"addressType": "IPv6", "endpoints": [{"addresses": ["10.0.0.1"]}, {}]});
        assert_eq!(
            said(&EndpointSlice.validate(&object)),
            [
                "endpoints[0].addresses[0]: Invalid value: \"10.0.0.1\": must be a valid IPv6 address",
                "endpoints[1].addresses: Required value: must contain at least 1 address",
            ]
        );
    }
}
