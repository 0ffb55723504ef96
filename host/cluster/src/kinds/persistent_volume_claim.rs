//! PersistentVolumeClaims.

use serde_json::{Value, json};

use super::difference::difference;
use super::labels::{form, label_selector};
use super::persistent_volume::{access_modes, positive, volume_mode};
use super::pod_resources::{amount, compare};
use super::{field, internal, metadata, name};
use crate::invalid::Invalid;
use crate::object::at;
use crate::path::Path;
use crate::quantity::Quantity;
use crate::registry::Behaviour;

/// `PersistentVolumeClaim`
#[derive(Debug)]
pub(crate) struct PersistentVolumeClaim;

const STORAGE: &str = "/spec/resources/requests/storage";

impl Behaviour for PersistentVolumeClaim {
    fn default(&self, object: &mut Value) {
        field::default_text(object, "/status/phase", "Pending");
        default_spec(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({"phase": "Pending"}));
        match_sources(object);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/status");
        match_sources(object);
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate_spec(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, true, &name::subdomain);
        errors.extend(validate_spec(object));
        errors.extend(unchanged(object, old));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let path = Path::new("status.capacity");
        let mut errors = Vec::new();
        for (resource, quantity) in field::map(object, "/status/capacity") {
            let parsed = Quantity::parse(quantity.as_str().unwrap_or_default());
            if let Some(quantity) = parsed.ok().filter(Quantity::is_negative) {
                let detail = "must be a valid resource quantity";
                errors.push(Invalid::invalid(path.key(resource), &json!(quantity.value()), detail));
            }
        }
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let storage = field::text(object, STORAGE);
        match Quantity::parse(storage) {
            Ok(quantity) if !quantity.is_integer() => {
                let said = format!("fractional byte value {storage:?} is invalid, must be an integer");
                vec![format!("spec.resources.requests[storage]: {said}")]
            }
            _ => Vec::new(),
        }
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// Defaults of the specification, of claims and of templates of claims (`object` holds it as `spec`).
pub(crate) fn default_spec(object: &mut Value) {
    field::default(object, "/spec/volumeMode", "Filesystem");
}

/// `dataSource` and `dataSourceRef` are two ways to say the same.
fn match_sources(object: &mut Value) {
    let (source, reference) = ("/spec/dataSource", "/spec/dataSourceRef");
    match (field::has(object, source), field::has(object, reference)) {
        (true, false) => {
            let value = object.pointer(source).cloned().unwrap_or_default();
            field::set(object, reference, value);
        }
        (false, true) if field::text(object, "/spec/dataSourceRef/namespace").is_empty() => {
            let value = object.pointer(reference).cloned().unwrap_or_default();
            field::set(object, source, value);
        }
        _ => {}
    }
}

/// What is wrong with the specification, of claims and of templates of claims (`object` holds it as `spec`).
pub(crate) fn validate_spec(object: &Value) -> Vec<Invalid> {
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    let mut modes = access_modes(object, &spec, "at least 1 access mode is required").into_iter();
    if field::list(object, "/spec/accessModes").is_empty() {
        errors.extend(modes.next());
    }
    if let Some(selector) = object.pointer("/spec/selector") {
        errors.extend(label_selector(selector, &spec.child("selector")));
    }
    errors.extend(modes);
    let path = spec.child("resources").key("storage");
    match object.pointer(STORAGE) {
        None => errors.push(Invalid::required(&path, "")),
        Some(storage) => match positive(storage, &path) {
            Some(wrong) => errors.push(wrong),
            None => errors.extend(amount("storage", storage, &path)),
        },
    }
    let class = field::text(object, "/spec/storageClassName");
    if !class.is_empty() {
        errors.extend(form(&spec.child("storageClassName"), class, name::subdomain));
    }
    errors.extend(volume_mode(object, &spec));
    let (source, reference) = (object.pointer("/spec/dataSource"), object.pointer("/spec/dataSourceRef"));
    for (name, source) in [("dataSource", source), ("dataSourceRef", reference)] {
        if let Some(source) = source.filter(|source| !source.is_null()) {
            errors.extend(data_source(source, &spec.child(name)));
        }
    }
    if let (Some(source), Some(reference)) = (source, reference) {
        let same = ["apiGroup", "kind", "name"].iter().all(|name| source.get(name) == reference.get(name));
        let detail = match field::text(reference, "/namespace").is_empty() {
            false => Some("may not be specified when dataSourceRef.namespace is specified"),
            true if !same => Some("must match dataSourceRef"),
            true => None,
        };
        if let Some(detail) = detail {
            errors.push(Invalid::invalid(&spec, &json!("spec.dataSource"), detail));
        }
    }
    let class = field::text(object, "/spec/volumeAttributesClassName");
    if !class.is_empty() {
        errors.extend(form(&spec.child("volumeAttributesClassName"), class, name::subdomain));
    }
    errors
}

fn data_source(source: &Value, path: &Path) -> Vec<Invalid> {
    let text = |name: &str| field::text(source, &format!("/{name}"));
    let mut errors: Vec<Invalid> = ["name", "kind"]
        .into_iter()
        .filter(|name| text(name).is_empty())
        .map(|name| Invalid::required(path.child(name), ""))
        .collect();
    match text("apiGroup") {
        "" if text("kind") != "PersistentVolumeClaim" => {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.push(Invalid::invalid(path, &json!(text("kind")), detail));
        }
        "" => {}
        group => errors.extend(form(&path.child("apiGroup"), group, name::subdomain)),
    }
    if !text("namespace").is_empty() {
        errors.extend(form(&path.child("namespace"), text("namespace"), name::label));
    }
    errors
}

/// A claim stays as it was asked for, but a bound one may grow.
fn unchanged(object: &Value, old: &Value) -> Vec<Invalid> {
    let mut was = old.clone();
    let bound = field::text(object, "/status/phase") == "Bound";
    if field::text(old, "/spec/volumeName").is_empty() {
        field::keep(&mut was, object, "/spec/volumeName");
    }
    // A claim that named no class may be given one.
    if !field::has(old, "/spec/storageClassName") {
        field::keep(&mut was, object, "/spec/storageClassName");
    }
    if bound && field::has(object, "/spec/resources/requests") {
        field::keep(&mut was, object, STORAGE);
    }
    if bound && field::has(object, "/spec/volumeAttributesClassName") {
        field::keep(&mut was, object, "/spec/volumeAttributesClassName");
    }
    let mut errors = Vec::new();
    let (new_spec, old_spec) = (field::map(object, "/spec"), field::map(&was, "/spec"));
    let mut names: Vec<&str> = new_spec.keys().chain(old_spec.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !field::same(new_spec.get(*name), old_spec.get(*name)));
    if !names.is_empty() {
        let printed = |object: &Value| internal::printed("ClaimSpec", at(object, "spec"));
        let diff = difference(&printed(&was), &printed(object));
        let detail = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
             claims\n{diff}"
        );
        errors.push(Invalid::forbidden("spec", detail));
    }
    if let (Some(new), Some(was)) = (object.pointer(STORAGE), old.pointer(STORAGE))
        && compare(new, was).is_some_and(std::cmp::Ordering::is_lt)
    {
        let none = json!("0");
        let has = old.pointer("/status/capacity/storage").unwrap_or(&none);
        if compare(new, has).is_some_and(std::cmp::Ordering::is_le) {
            let detail = "field can not be less than status.capacity";
            errors.push(Invalid::forbidden("spec.resources.requests.storage", detail));
        }
    }
    errors.extend(metadata::immutable(object, old, "/spec/volumeMode", "volumeMode"));
    let class = "/spec/volumeAttributesClassName";
    if field::has(old, class) {
        let path = "spec.volumeAttributesClassName";
        if !field::has(object, class) {
            errors.push(Invalid::forbidden(path, "update from non-nil value to nil is forbidden"));
        } else if field::text(object, class).is_empty() && !field::text(old, class).is_empty() {
            errors.push(Invalid::forbidden(path, "update from non-nil value to an empty string is forbidden"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(size: &str) -> Value {
        let mut claim = json!({"metadata": {"name": "c", "namespace": "n"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}},
        }});
        PersistentVolumeClaim.default(&mut claim);
        PersistentVolumeClaim.prepare_create(&mut claim);
        claim
    }

    #[test]
    fn claims() {
        let made = claim("1Gi");
        assert_eq!(made["spec"]["volumeMode"], json!("Filesystem"));
        assert_eq!(made["status"], json!({"phase": "Pending"}));
        assert!(PersistentVolumeClaim.validate(&made).is_empty());
        let said: Vec<String> = validate_spec(&json!({"spec": {}})).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
            ]
        );
    }

    #[test]
    fn only_a_bound_claim_grows() {
        let (mut old, mut new) = (claim("1Gi"), claim("2Gi"));
        let said = PersistentVolumeClaim.validate_update(&new, &old);
        assert!(
            said[0].to_string().starts_with("spec: Forbidden: spec is immutable after creation except"),
            "{said:?}"
        );
        for object in [&mut old, &mut new] {
            field::set(object, "/status", json!({"phase": "Bound", "capacity": {"storage": "1Gi"}}));
        }
        assert!(PersistentVolumeClaim.validate_update(&new, &old).is_empty());
        field::set(&mut new, STORAGE, "1Mi");
        let said: Vec<String> =
            PersistentVolumeClaim.validate_update(&new, &old).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]);
    }

    #[test]
    fn sources_match() {
        let mut claim = json!({"spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}}});
        match_sources(&mut claim);
        assert_eq!(claim["spec"]["dataSourceRef"], claim["spec"]["dataSource"]);
    }
}
