//! The ranges of Services' addresses, and the addresses as objects.

use serde_json::{Value, json};

use super::labels::form;
use super::{field, ip, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `ServiceCIDR`
#[derive(Debug)]
pub(crate) struct ServiceCidr;

impl Behaviour for ServiceCidr {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let path = Path::new("spec.cidrs");
        let ranges = field::texts(object, "/spec/cidrs");
        if ranges.is_empty() {
            return vec![Invalid::required(path, "at least one CIDR required")];
        }
        if ranges.len() > 2 {
            let mut error = Invalid::invalid(path, &Value::Null, "may only hold up to 2 values");
            error.value = Some(format!("{{\"CIDRs\":{}}}", json!(ranges)));
            return vec![error];
        }
        let mut errors: Vec<Invalid> =
            ranges.iter().enumerate().flat_map(|(index, range)| ip::valid_cidr(&path.index(index), range)).collect();
        let families: Vec<bool> =
            ranges.iter().filter_map(|range| ip::parse_cidr(range)).map(|(ip, _)| ip::is_v6(ip)).collect();
        if let [one, other] = families.as_slice()
            && one == other
        {
            let detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
            errors.push(Invalid::invalid(path, &json!(ranges), detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let path = Path::new("spec.cidrs");
        let (new, was) = (field::texts(object, "/spec/cidrs"), field::texts(old, "/spec/cidrs"));
        let fixed = |index: usize| Invalid::invalid(path.index(index), &json!(new[index]), "field is immutable");
        if new.len() == was.len() {
            return (0..new.len()).filter(|index| new[*index] != was[*index]).map(fixed).collect();
        }
        if (was.len(), new.len()) == (1, 2) {
            let mut errors: Vec<Invalid> = (new[0] != was[0]).then(|| fixed(0)).into_iter().collect();
            errors.extend(self.validate(object));
            return errors;
        }
        vec![Invalid::invalid(path, &json!(new), "field is immutable")]
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// `IPAddress`
#[derive(Debug)]
pub(crate) struct IpAddress;

impl Behaviour for IpAddress {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let path = Path::new("spec.parentRef");
        let Some(parent) = object.pointer("/spec/parentRef").filter(|parent| !parent.is_null()) else {
            return vec![Invalid::required(path, "")];
        };
        let text = |pointer: &str| field::text(parent, pointer);
        let mut errors = Vec::new();
        if !text("/group").is_empty() {
            errors.extend(form(&path.child("group"), text("/group"), name::subdomain));
        }
        for name in ["resource", "name"] {
            match text(&format!("/{name}")) {
                "" => errors.push(Invalid::required(path.child(name), "")),
                text => errors.extend(form(&path.child(name), text, name::path_segment)),
            }
        }
        if !text("/namespace").is_empty() {
            errors.extend(form(&path.child("namespace"), text("/namespace"), name::path_segment));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        metadata::immutable(object, old, "/spec/parentRef", "spec.parentRef").into_iter().collect()
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        match name.parse::<std::net::IpAddr>() {
            Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
            Ok(address) if address.to_string() != name => {
                vec![format!("must be in canonical form ({:?})", address.to_string())]
            }
            Ok(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |ranges: &[&str]| json!({"spec": {"cidrs": ranges}});
        let cases: &[(&[&str], usize)] = &[
            (&["10.0.0.0/16"], 0),
            (&["10.0.0.0/16", "fd00::/112"], 0),
            (&["10.0.0.0/16", "10.1.0.0/16"], 1),
            (&["x"], 1),
            (&[], 1),
        ];
        for (ranges, count) in cases {
            assert_eq!(ServiceCidr.validate(&of(ranges)).len(), *count, "{ranges:?}");
        }
        let old = of(&["10.0.0.0/16"]);
        assert!(ServiceCidr.validate_update(&of(&["10.0.0.0/16", "fd00::/112"]), &old).is_empty());
        assert_eq!(
            ServiceCidr.validate_update(&of(&["10.1.0.0/16"]), &old)[0].to_string(),
            "spec.cidrs[0]: Invalid value: \"10.1.0.0/16\": field is immutable"
        );
    }

    #[test]
    fn addresses() {
        assert!(IpAddress.validate_name("10.96.0.1").is_empty());
        assert_eq!(IpAddress.validate_name("x").len(), 1);
        let object = json!({"spec": {"parentRef": {"resource": "services"}}});
        assert_eq!(IpAddress.validate(&object)[0].to_string(), "spec.parentRef.name: Required value");
    }
}
