//! Classes of storage, and what CSI drivers tell of themselves.

use serde_json::{Value, json};

use super::labels::{form, label_selector};
use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// Bytes of a class' parameters, or of an attachment's metadata.
const MOST_PARAMETERS: usize = 256 * 1024;

/// `StorageClass`
#[derive(Debug)]
pub(crate) struct StorageClass;

impl Behaviour for StorageClass {
    fn default(&self, object: &mut Value) {
        field::default(object, "/reclaimPolicy", "Delete");
        field::default(object, "/volumeBindingMode", "Immediate");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = provisioner(object, "provisioner");
        errors.extend(parameters(object, true));
        let policy = field::text(object, "/reclaimPolicy");
        if !["", "Delete", "Retain"].contains(&policy) {
            errors.push(Invalid::not_supported("reclaimPolicy", &json!(policy), &["Delete", "Retain"]));
        }
        let (mode, known) = (field::text(object, "/volumeBindingMode"), ["Immediate", "WaitForFirstConsumer"]);
        if !field::has(object, "/volumeBindingMode") {
            errors.push(Invalid::required("volumeBindingMode", ""));
        } else if !known.contains(&mode) {
            errors.push(Invalid::not_supported("volumeBindingMode", &json!(mode), &known));
        }
        errors.extend(topologies(field::list(object, "/allowedTopologies")));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors: Vec<Invalid> = ["parameters", "provisioner", "reclaimPolicy"]
            .into_iter()
            .filter(|name| !field::same(object.get(*name), old.get(*name)))
            .map(|name| Invalid::forbidden(name, format!("updates to {name} are forbidden.")))
            .collect();
        errors.extend(metadata::immutable(object, old, "/volumeBindingMode", "volumeBindingMode"));
        errors
    }
}

/// The name of a driver, in a field of this name.
fn provisioner(object: &Value, name: &str) -> Vec<Invalid> {
    match field::text(object, &format!("/{name}")) {
        "" => vec![Invalid::required(name, "")],
        driver => form(&Path::new(name), &driver.to_lowercase(), name::qualified_name).collect(),
    }
}

fn parameters(object: &Value, may_be_empty: bool) -> Vec<Invalid> {
    const MOST: usize = 512;
    let parameters = field::map(object, "/parameters");
    if parameters.len() > MOST {
        return vec![Invalid::too_long("parameters", MOST)];
    }
    let mut errors = Vec::new();
    if parameters.contains_key("") {
        errors.push(Invalid::invalid("parameters", &json!(""), "field can not be empty."));
    }
    if size(object, "/parameters") > MOST_PARAMETERS {
        errors.push(Invalid::too_long("parameters", MOST_PARAMETERS));
    }
    if !may_be_empty && parameters.is_empty() {
        errors.push(Invalid::required("parameters", "must contain at least one key/value pair"));
    }
    errors
}

fn size(object: &Value, pointer: &str) -> usize {
    field::map(object, pointer).iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum()
}

fn topologies(terms: &[Value]) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let path = Path::new("allowedTopologies").index(index).child("matchLabelExpressions");
        let requirements = field::list(term, "/matchLabelExpressions");
        for (index, requirement) in requirements.iter().enumerate() {
            let path = path.index(index);
            let (key, values) = (field::text(requirement, "/key"), field::texts(requirement, "/values"));
            if values.is_empty() {
                errors.push(Invalid::required(path.child("values"), ""));
            }
            for (index, value) in values.iter().enumerate().filter(|(index, value)| values[..*index].contains(value)) {
                errors.push(Invalid::duplicate(path.child("values").index(index), &json!(value)));
            }
            errors.extend(form(&path.child("key"), key, name::qualified_name));
            if requirements[..index].iter().any(|other| field::text(other, "/key") == key) {
                errors.push(Invalid::duplicate(path.child("key"), &json!(key)));
            }
        }
        if terms[..index].contains(term) {
            errors.push(Invalid::duplicate(path, &json!("")));
        }
    }
    errors
}

/// `VolumeAttributesClass`
#[derive(Debug)]
pub(crate) struct VolumeAttributesClass;

impl Behaviour for VolumeAttributesClass {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = provisioner(object, "driverName");
        errors.extend(parameters(object, false));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors: Vec<Invalid> = ["driverName", "parameters"]
            .into_iter()
            .filter(|name| !field::same(object.get(*name), old.get(*name)))
            .map(|name| Invalid::forbidden(name, format!("updates to {name} are forbidden.")))
            .collect();
        errors.extend(metadata::validate(object, false, &name::subdomain));
        errors.extend(self.validate(object));
        errors
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// `CSIDriver`
#[derive(Debug)]
pub(crate) struct CsiDriver;

impl Behaviour for CsiDriver {
    fn default(&self, object: &mut Value) {
        field::default(object, "/spec/attachRequired", true);
        field::default(object, "/spec/fsGroupPolicy", "ReadWriteOnceWithFSType");
        for name in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
            field::default(object, &format!("/spec/{name}"), false);
        }
        if field::list(object, "/spec/volumeLifecycleModes").is_empty() {
            field::set(object, "/spec/volumeLifecycleModes", json!(["Persistent"]));
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let mut errors = Vec::new();
        let known = ["File", "None", "ReadWriteOnceWithFSType"];
        let policy = field::text(object, "/spec/fsGroupPolicy");
        if !known.contains(&policy) {
            errors.push(Invalid::not_supported(spec.child("fsGroupPolicy"), &json!(policy), &known));
        }
        let requests = field::list(object, "/spec/tokenRequests");
        for (index, request) in requests.iter().enumerate() {
            let (path, audience) = (spec.child("tokenRequests").index(index), field::text(request, "/audience"));
            if requests[..index].iter().any(|other| field::text(other, "/audience") == audience) {
                errors.push(Invalid::duplicate(path.child("audience"), &json!(audience)));
                continue;
            }
            let Some(seconds) = request.get("expirationSeconds").and_then(Value::as_i64) else { continue };
            let path = path.child("expirationSeconds");
            if seconds < 600 {
                let detail = "may not specify a duration less than 10 minutes";
                errors.push(Invalid::invalid(path, &json!(seconds), detail));
            } else if seconds > 1 << 32 {
                let detail = "may not specify a duration larger than 2^32 seconds";
                errors.push(Invalid::invalid(path, &json!(seconds), detail));
            }
        }
        let known = ["Persistent", "Ephemeral"];
        for mode in field::texts(object, "/spec/volumeLifecycleModes") {
            if !known.contains(&mode) {
                errors.push(Invalid::not_supported(spec.child("volumeLifecycleModes"), &json!(mode), &known));
            }
        }
        if let Some(period) = object.pointer("/spec/nodeAllocatableUpdatePeriodSeconds").and_then(Value::as_i64)
            && period < 10
        {
            let detail = "must be greater than or equal to 10 seconds";
            errors.push(Invalid::invalid(spec.child("nodeAllocatableUpdatePeriodSeconds"), &json!(period), detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        errors.extend(metadata::immutable(object, old, "/spec/attachRequired", "spec.attachedRequired"));
        errors.extend(metadata::immutable(object, old, "/spec/volumeLifecycleModes", "spec.volumeLifecycleModes"));
        errors
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// `CSINode`
#[derive(Debug)]
pub(crate) struct CsiNode;

impl Behaviour for CsiNode {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        const MOST_ID: usize = 256;
        let drivers = field::list(object, "/spec/drivers");
        let mut errors = Vec::new();
        for (index, driver) in drivers.iter().enumerate() {
            let path = Path::new("spec.drivers").index(index);
            let (name, id) = (field::text(driver, "/name"), field::text(driver, "/nodeID"));
            errors.extend(form(&path.child("name"), name, name::subdomain));
            if id.is_empty() {
                errors.push(Invalid::required(path.child("nodeID"), ""));
            }
            if id.len() > MOST_ID {
                let detail = format!("must be {MOST_ID} characters or less");
                errors.push(Invalid::invalid(path.child("nodeID"), &json!(id), detail));
            }
            let count = field::int(driver, "/allocatable/count");
            errors.extend(metadata::nonnegative(count, path.child("allocatable").child("count").as_str()));
            if drivers[..index].iter().any(|other| field::text(other, "/name") == name) {
                errors.push(Invalid::duplicate(path.child("name"), &json!(name)));
            }
            let keys = field::texts(driver, "/topologyKeys");
            for (index, key) in keys.iter().enumerate() {
                if key.is_empty() {
                    errors.push(Invalid::required(&path, ""));
                }
                if keys[..index].contains(key) {
                    errors.push(Invalid::duplicate(&path, &json!(key)));
                }
                errors.extend(form(&path, key, name::qualified_name));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        for was in field::list(old, "/spec/drivers") {
            let drivers = field::list(object, "/spec/drivers").iter();
            for driver in drivers.filter(|driver| driver.get("name") == was.get("name")) {
                let (mut new, mut was) = (driver.clone(), was.clone());
                field::remove(&mut new, "/allocatable");
                field::remove(&mut was, "/allocatable");
                if !field::same(Some(&new), Some(&was)) {
                    errors.push(Invalid::invalid("spec.drivers", &new, "field is immutable"));
                }
            }
        }
        errors
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// `CSIStorageCapacity`
#[derive(Debug)]
pub(crate) struct CsiStorageCapacity;

impl Behaviour for CsiStorageCapacity {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = match object.get("nodeTopology") {
            Some(selector) => label_selector(selector, &Path::new("nodeTopology")),
            None => Vec::new(),
        };
        errors.extend(form(&Path::new("storageClassName"), field::text(object, "/storageClassName"), name::subdomain));
        if let Some(capacity) = object.get("capacity").filter(|capacity| {
            crate::quantity::Quantity::parse(capacity.as_str().unwrap_or_default())
                .is_ok_and(|quantity| quantity.is_negative())
        }) {
            errors.push(Invalid::invalid("capacity", capacity, "must be greater than or equal to 0"));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        ["nodeTopology", "storageClassName"]
            .into_iter()
            .filter_map(|name| metadata::immutable(object, old, &format!("/{name}"), name))
            .collect()
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// `VolumeAttachment`
#[derive(Debug)]
pub(crate) struct VolumeAttachment;

impl Behaviour for VolumeAttachment {
    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({"attached": false}));
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let attacher = field::text(object, "/spec/attacher");
        let mut errors = Vec::new();
        if attacher.is_empty() {
            errors.push(Invalid::required(spec.child("attacher"), ""));
        }
        let source = spec.child("source");
        let (inline, volume) = ("/spec/source/inlineVolumeSpec", "/spec/source/persistentVolumeName");
        let detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        match (field::has(object, inline), field::has(object, volume)) {
            (false, false) => errors.push(Invalid::required(&source, detail)),
            (true, true) => errors.push(Invalid::forbidden(&source, detail)),
            (false, true) if field::text(object, volume).is_empty() => {
                let detail = "must specify non empty persistentVolumeName";
                errors.push(Invalid::required(source.child("persistentVolumeName"), detail));
            }
            _ => {}
        }
        errors.extend(form(&spec.child("nodeName"), field::text(object, "/spec/nodeName"), name::subdomain));
        errors.extend(self.validate_status(object, object));
        errors.extend(form(&Path::new("spec.attacher"), attacher, name::subdomain));
        if let Some(volume) = object.pointer(volume).and_then(Value::as_str) {
            errors.extend(form(&Path::new("spec.source.persistentVolumeName"), volume, name::subdomain));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors.extend(metadata::immutable(object, old, "/spec", "spec"));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let status = Path::new("status");
        let mut errors = Vec::new();
        if size(object, "/status/attachmentMetadata") > MOST_PARAMETERS {
            errors.push(Invalid::too_long(status.child("attachmentMetadata"), MOST_PARAMETERS));
        }
        for name in ["attachError", "detachError"] {
            if field::text(object, &format!("/status/{name}/message")).len() > 1024 {
                errors.push(Invalid::too_long(status.child(name).child("message"), MOST_PARAMETERS));
            }
        }
        errors
    }

    fn has_status(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn classes() {
        let mut class = json!({"provisioner": "dobs.csi.digitalocean.com"});
        StorageClass.default(&mut class);
        assert_eq!(
            class,
            json!({
                "provisioner": "dobs.csi.digitalocean.com", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
            })
        );
        assert!(StorageClass.validate(&class).is_empty());
        let mut wrong = json!({"reclaimPolicy": "Recycle", "volumeBindingMode": "x", "parameters": {"": "a"}});
        StorageClass.default(&mut wrong);
        assert_eq!(
            said(&StorageClass.validate(&wrong)),
            [
                "provisioner: Required value",
                "parameters: Invalid value: \"\": field can not be empty.",
                "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"",
                "volumeBindingMode: Unsupported value: \"x\": supported values: \"Immediate\", \"WaitForFirstConsumer\"",
            ]
        );
        assert_eq!(
            said(&StorageClass.validate_update(&wrong, &class)),
            [
                "parameters: Forbidden: updates to parameters are forbidden.",
                "provisioner: Forbidden: updates to provisioner are forbidden.",
                "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
                "volumeBindingMode: Invalid value: \"x\": field is immutable",
            ]
        );
    }

    #[test]
    fn drivers() {
        let mut driver = json!({"spec": {}});
        CsiDriver.default(&mut driver);
        assert_eq!(
            driver["spec"],
            json!({
                "attachRequired": true, "fsGroupPolicy": "ReadWriteOnceWithFSType", "podInfoOnMount": false,
                "requiresRepublish": false, "seLinuxMount": false, "storageCapacity": false,
                "volumeLifecycleModes": ["Persistent"],
            })
        );
        assert!(CsiDriver.validate(&driver).is_empty());
    }
}
