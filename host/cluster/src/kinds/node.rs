//! Nodes.

use serde_json::{Value, json};

use super::labels::form;
use super::pod_resources::amount;
use super::{field, ip, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Node`
#[derive(Debug)]
pub(crate) struct Node;

impl Behaviour for Node {
    fn default(&self, object: &mut Value) {
        if let Some(capacity) = object.pointer("/status/capacity").cloned() {
            field::default(object, "/status/allocatable", capacity);
        }
        let (one, all) = ("/spec/podCIDR", "/spec/podCIDRs");
        match (field::text(object, one).to_owned().as_str(), field::texts(object, all).first()) {
            ("", None) => {}
            (cidr, None) => field::set(object, all, json!([cidr])),
            (_, Some(first)) => {
                let first = (*first).to_owned();
                field::set(object, one, first);
            }
        }
    }

    /// A node tells of itself when it joins: its status is kept.
    fn prepare_create(&self, _object: &mut Value) {}

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = taints(object);
        errors.extend(resources(object));
        let (ranges, path) = (field::texts(object, "/spec/podCIDRs"), Path::new("spec.podCIDRs"));
        for (index, range) in ranges.iter().enumerate() {
            errors.extend(ip::valid_cidr(&path.index(index), range));
        }
        if ranges.len() > 1 {
            let six: Vec<bool> =
                ranges.iter().filter_map(|range| ip::parse_cidr(range)).map(|(ip, _)| ip::is_v6(ip)).collect();
            if !(six.contains(&true) && six.contains(&false)) || ranges.len() > 2 {
                let detail = "may specify no more than one CIDR for each IP family";
                errors.push(Invalid::invalid(&path, &json!(ranges), detail));
            }
            for (index, range) in ranges.iter().enumerate().filter(|(index, range)| ranges[..*index].contains(range)) {
                errors.push(Invalid::duplicate(path.index(index), &json!(range)));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = resources(object);
        let addresses = field::list(object, "/status/addresses");
        for (index, address) in addresses.iter().enumerate().filter(|(index, one)| addresses[..*index].contains(one)) {
            errors.push(Invalid::duplicate(Path::new("status.addresses").index(index), address));
        }
        let ranges = |object| field::texts(object, "/spec/podCIDRs");
        if !ranges(old).is_empty() && ranges(old) != ranges(object) {
            let detail = "node updates may not change podCIDR except from \"\" to valid";
            errors.push(Invalid::forbidden("spec.podCIDRs", detail));
        }
        let provider = |object| field::text(object, "/spec/providerID");
        if !provider(old).is_empty() && provider(old) != provider(object) {
            let detail = "node updates may not change providerID except from \"\" to valid";
            errors.push(Invalid::forbidden("spec.providerID", detail));
        }
        errors.extend(taints(object));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        self.validate_update(object, old)
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn taints(object: &Value) -> Vec<Invalid> {
    let taints = field::list(object, "/spec/taints");
    let mut errors = Vec::new();
    for (index, taint) in taints.iter().enumerate() {
        let path = Path::new("metadata.taints").index(index);
        let text = |name: &str| field::text(taint, name);
        let (key, value, effect) = (text("/key"), text("/value"), text("/effect"));
        errors.extend(form(&path.child("key"), key, name::qualified_name));
        let wrong = name::label_value(value);
        if !wrong.is_empty() {
            errors.push(Invalid::invalid(path.child("value"), &json!(value), wrong.join(";")));
        }
        let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if effect.is_empty() {
            errors.push(Invalid::required(path.child("effect"), ""));
        } else if !known.contains(&effect) {
            errors.push(Invalid::not_supported(path.child("effect"), &json!(effect), &known));
        }
        let same = |other: &Value| field::text(other, "/key") == key && field::text(other, "/effect") == effect;
        if taints[..index].iter().any(same) {
            let mut error = Invalid::duplicate(path, &Value::Null);
            // The internal type is printed, with the names and the order of its fields in Go.
            error.value = Some(format!(
                "{{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":null}}",
                json!(key),
                json!(value),
                json!(effect)
            ));
            error.detail = "taints must be unique by key and effect pair".to_owned();
            errors.push(error);
        }
    }
    errors
}

fn resources(object: &Value) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for name in ["capacity", "allocatable"] {
        for (resource, quantity) in field::map(object, &format!("/status/{name}")) {
            let path = Path::new("status").child(name).child(resource);
            errors.extend(amount(resource, quantity, &path));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes() {
        let mut node = json!({"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "1"}}});
        Node.default(&mut node);
        assert_eq!(
            node,
            json!({
                "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]},
                "status": {"capacity": {"cpu": "1"}, "allocatable": {"cpu": "1"}},
            })
        );
        let taint = json!({"key": "a", "effect": "NoSchedule"});
        let tainted = json!({"spec": {"taints": [taint, taint, {"key": "b", "effect": "x"}]}});
        let said: Vec<String> = Node.validate(&tainted).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\
                 \"TimeAdded\":null}: taints must be unique by key and effect pair",
                "metadata.taints[2].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", \
                 \"PreferNoSchedule\", \"NoExecute\"",
            ]
        );
        let moved = json!({"spec": {"podCIDRs": ["10.1.0.0/24"]}});
        let said: Vec<String> = Node.validate_update(&moved, &node).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"]);
    }
}
