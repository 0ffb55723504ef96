//! PersistentVolumes.

use serde_json::{Value, json};

use super::difference::difference;
use super::labels::form;
use super::pod_placement::node_selector;
use super::{field, internal, metadata, name};
use crate::invalid::Invalid;
use crate::object::at;
use crate::path::Path;
use crate::quantity::Quantity;
use crate::registry::Behaviour;

/// `PersistentVolume`
#[derive(Debug)]
pub(crate) struct PersistentVolume;

/// Kinds of volumes in the order in which they are looked at: the field, how paths name it, what it cannot do without.
const SOURCES: &[(&str, &str, &[&str])] = &[
    ("hostPath", "hostPath", &["path"]),
    ("gcePersistentDisk", "persistentDisk", &["pdName"]),
    ("awsElasticBlockStore", "awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", "glusterfs", &["endpoints", "path"]),
    ("flocker", "flocker", &[]),
    ("nfs", "nfs", &["server", "path"]),
    ("rbd", "rbd", &["monitors", "image"]),
    ("quobyte", "quobyte", &["registry", "volume"]),
    ("cephfs", "cephfs", &["monitors"]),
    ("iscsi", "iscsi", &["targetPortal", "iqn"]),
    ("cinder", "cinder", &["volumeID"]),
    ("fc", "fc", &[]),
    ("flexVolume", "flexVolume", &["driver"]),
    ("azureFile", "azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", "vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", "photonPersistentDisk", &["pdID"]),
    ("portworxVolume", "portworxVolume", &["volumeID"]),
    ("azureDisk", "azureDisk", &["diskName", "diskURI"]),
    ("scaleIO", "scaleIO", &["gateway", "system", "volumeName"]),
    ("local", "local", &["path"]),
    ("storageos", "storageos", &["volumeName"]),
    ("csi", "csi", &["driver", "volumeHandle"]),
];

/// Defaults within kinds of volumes.
const SOURCE_DEFAULTS: &[(&str, &str, &str)] = &[
    ("hostPath", "type", ""),
    ("iscsi", "iscsiInterface", "default"),
    ("rbd", "pool", "rbd"),
    ("rbd", "user", "admin"),
    ("rbd", "keyring", "/etc/ceph/keyring"),
    ("azureDisk", "cachingMode", "ReadWrite"),
    ("azureDisk", "fsType", "ext4"),
    ("azureDisk", "kind", "Shared"),
    ("scaleIO", "storageMode", "ThinProvisioned"),
    ("scaleIO", "fsType", "xfs"),
];

/// How volumes may be mounted.
const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

impl Behaviour for PersistentVolume {
    fn default(&self, object: &mut Value) {
        field::default_text(object, "/status/phase", "Pending");
        field::default_text(object, "/spec/persistentVolumeReclaimPolicy", "Retain");
        field::default(object, "/spec/volumeMode", "Filesystem");
        for (source, name, value) in SOURCE_DEFAULTS {
            if field::has(object, &format!("/spec/{source}")) {
                field::default(object, &format!("/spec/{source}/{name}"), *value);
            }
        }
        if field::has(object, "/spec/claimRef") {
            field::default_text(object, "/spec/claimRef/kind", "PersistentVolumeClaim");
            field::default_text(object, "/spec/claimRef/apiVersion", "v1");
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        let mut status = json!({"phase": "Pending"});
        if let Some(now) = object.pointer("/metadata/creationTimestamp").filter(|now| !now.is_null()) {
            field::set(&mut status, "/lastPhaseTransitionTime", now.clone());
        }
        field::set(object, "/status", status);
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
        let pointer = "/status/lastPhaseTransitionTime";
        if field::text(object, "/status/phase") == field::text(old, "/status/phase") && !field::has(object, pointer) {
            field::keep(object, old, pointer);
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let mut errors = access_modes(object, &spec, "");
        errors.extend(capacity(object, &spec));
        let (policy, known) =
            (field::text(object, "/spec/persistentVolumeReclaimPolicy"), ["Delete", "Recycle", "Retain"]);
        if !policy.is_empty() && !known.contains(&policy) {
            errors.push(Invalid::not_supported(spec.child("persistentVolumeReclaimPolicy"), &json!(policy), &known));
        }
        let affinity = object.pointer("/spec/nodeAffinity").filter(|affinity| !affinity.is_null());
        if let Some(affinity) = affinity {
            let path = spec.child("nodeAffinity").child("required");
            match affinity.get("required").filter(|required| !required.is_null()) {
                Some(required) => errors.extend(node_selector(required, &path)),
                None => errors.push(Invalid::required(path, "must specify required node constraints")),
            }
        }
        errors.extend(source(object, affinity.is_some(), &spec));
        let class = field::text(object, "/spec/storageClassName");
        if !class.is_empty() {
            errors.extend(form(&spec.child("storageClassName"), class, name::subdomain));
        }
        errors.extend(volume_mode(object, &spec));
        if let Some(class) = object.pointer("/spec/volumeAttributesClassName").and_then(Value::as_str) {
            let path = spec.child("volumeAttributesClassName");
            match class {
                "" => errors.push(Invalid::required(path, "an empty string is disallowed")),
                class => errors.extend(form(&path, class, name::subdomain)),
            }
            if !field::has(object, "/spec/csi") {
                let detail = "has to be specified when using volumeAttributesClassName";
                errors.push(Invalid::required(spec.child("csi"), detail));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        let changed = SOURCES.iter().map(|(field, ..)| *field).filter(|field| {
            let pointer = format!("/spec/{field}");
            let (mut new, was) = (object.pointer(&pointer).cloned(), old.pointer(&pointer));
            let secret = "/controllerExpandSecretRef";
            if let (Some(new), Some(was)) = (&mut new, was)
                && !field::has(was, secret)
            {
                field::remove(new, secret);
            }
            !field::same(new.as_ref(), was)
        });
        let changed: Vec<&str> = changed.collect();
        if !changed.is_empty() {
            let printed = |object: &Value| internal::printed("PersistentVolumeSource", at(object, "spec"));
            // Upstream tells it this way round, here alone.
            let diff = difference(&printed(object), &printed(old));
            let detail = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
            errors.push(Invalid::forbidden("spec.persistentvolumesource", detail));
        }
        errors.extend(metadata::immutable(object, old, "/spec/volumeMode", "volumeMode"));
        if field::has(old, "/spec/nodeAffinity") {
            errors.extend(metadata::immutable(object, old, "/spec/nodeAffinity", "nodeAffinity"));
        }
        let class = "/spec/volumeAttributesClassName";
        if field::has(old, class) && !field::has(object, class) {
            let detail = "update from non-nil value to nil is forbidden";
            errors.push(Invalid::forbidden("spec.volumeAttributesClassName", detail));
        }
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if field::text(object, "/spec/persistentVolumeReclaimPolicy") == "Recycle" {
            let said = "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the \
                        recommended approach is to use dynamic provisioning.";
            warnings.push(said.to_owned());
        }
        warnings
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// `accessModes`, of volumes and claims.
pub(super) fn access_modes(object: &Value, spec: &Path, missing: &str) -> Vec<Invalid> {
    let (modes, path) = (field::texts(object, "/spec/accessModes"), spec.child("accessModes"));
    let mut errors = Vec::new();
    if modes.is_empty() {
        errors.push(Invalid::required(&path, missing));
    }
    for mode in modes.iter().filter(|mode| !MODES.contains(mode)) {
        errors.push(Invalid::not_supported(&path, &json!(mode), &MODES));
    }
    let single = |mode: &&&str| **mode == "ReadWriteOncePod";
    if modes.iter().any(|mode| single(&mode)) && modes.iter().any(|mode| !single(&mode) && MODES.contains(mode)) {
        errors.push(Invalid::forbidden(&path, "may not use ReadWriteOncePod with other access modes"));
    }
    errors
}

/// `volumeMode`, of volumes and claims.
pub(super) fn volume_mode(object: &Value, spec: &Path) -> Option<Invalid> {
    let (mode, known) = (object.pointer("/spec/volumeMode")?, ["Block", "Filesystem"]);
    let right = known.contains(&mode.as_str().unwrap_or_default()) || mode.is_null();
    (!right).then(|| Invalid::not_supported(spec.child("volumeMode"), mode, &known))
}

/// A quantity that has to be more than nothing.
pub(super) fn positive(quantity: &Value, path: &Path) -> Option<Invalid> {
    let parsed = Quantity::parse(quantity.as_str().unwrap_or_default()).ok()?;
    (parsed.is_zero() || parsed.is_negative()).then(|| Invalid::invalid(path, quantity, "must be greater than zero"))
}

fn capacity(object: &Value, spec: &Path) -> Vec<Invalid> {
    let (capacity, path) = (field::map(object, "/spec/capacity"), spec.child("capacity"));
    let mut errors = Vec::new();
    if capacity.is_empty() {
        errors.push(Invalid::required(&path, ""));
    }
    if !capacity.contains_key("storage") || capacity.len() > 1 {
        let value = object.pointer("/spec/capacity").unwrap_or(&Value::Null);
        errors.push(Invalid::not_supported(&path, value, &["storage"]));
    }
    for (resource, quantity) in capacity {
        let path = path.key(resource);
        let parsed = Quantity::parse(quantity.as_str().unwrap_or_default());
        if let Some(quantity) = parsed.ok().filter(Quantity::is_negative) {
            let detail = "must be a valid resource quantity";
            errors.push(Invalid::invalid(&path, &json!(quantity.value()), detail));
        }
        errors.extend(positive(quantity, &path));
    }
    errors
}

fn source(object: &Value, has_affinity: bool, spec: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut count = 0;
    for (field, shown, required) in SOURCES {
        let Some(source) = object.pointer(&format!("/spec/{field}")).filter(|source| !source.is_null()) else {
            continue;
        };
        if count > 0 {
            errors.push(Invalid::forbidden(spec.child(field), "may not specify more than 1 volume type"));
            continue;
        }
        count += 1;
        let path = spec.child(shown);
        for name in *required {
            let pointer = format!("/{name}");
            if field::text(source, &pointer).is_empty() && field::list(source, &pointer).is_empty() {
                errors.push(Invalid::required(path.child(name), ""));
            }
        }
        match *field {
            "nfs" if !field::text(source, "/path").starts_with('/') => {
                let place = json!(field::text(source, "/path"));
                errors.push(Invalid::invalid(path.child("path"), &place, "must be an absolute path"));
            }
            "csi" if !field::text(source, "/driver").is_empty() => {
                let driver = field::text(source, "/driver").to_lowercase();
                errors.extend(form(&path.child("driver"), &driver, name::subdomain));
            }
            "local" if !has_affinity => {
                let detail = "Local volume requires node affinity";
                errors.push(Invalid::required(spec.child("nodeAffinity"), detail));
            }
            _ => {}
        }
    }
    if count == 0 {
        errors.push(Invalid::required(spec, "must specify a volume type"));
    }
    let root = field::text(object, "/spec/hostPath/path").trim_matches('/').is_empty();
    if field::has(object, "/spec/hostPath")
        && root
        && field::text(object, "/spec/persistentVolumeReclaimPolicy") == "Recycle"
    {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(Invalid::forbidden(spec.child("persistentVolumeReclaimPolicy"), detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes() {
        let mut volume = json!({"metadata": {"name": "v"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"},
        }});
        PersistentVolume.default(&mut volume);
        PersistentVolume.prepare_create(&mut volume);
        assert_eq!(volume["spec"]["hostPath"], json!({"path": "/x", "type": ""}));
        assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], json!("Retain"));
        assert_eq!(volume["status"], json!({"phase": "Pending"}));
        assert!(PersistentVolume.validate(&volume).is_empty());
        let mut new = volume.clone();
        field::set(&mut new, "/spec/hostPath/path", "/y");
        let said = PersistentVolume.validate_update(&new, &volume);
        assert!(said[0].to_string().starts_with(
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
        ));
    }

    #[test]
    fn what_is_refused() {
        let volume =
            json!({"spec": {"accessModes": ["x"], "capacity": {"storage": "0"}, "nfs": {"path": "x"}, "csi": {}}});
        let said: Vec<String> = PersistentVolume.validate(&volume).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.accessModes: Unsupported value: \"x\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \
                 \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero",
                "spec.nfs.server: Required value",
                "spec.nfs.path: Invalid value: \"x\": must be an absolute path",
                "spec.csi: Forbidden: may not specify more than 1 volume type",
            ]
        );
        let said: Vec<String> =
            PersistentVolume.validate(&json!({"spec": {}})).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.accessModes: Required value",
                "spec.capacity: Required value",
                "spec.capacity: Unsupported value: null: supported values: \"storage\"",
                "spec: Required value: must specify a volume type",
            ]
        );
    }
}
