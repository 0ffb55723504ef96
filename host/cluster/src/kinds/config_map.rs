//! ConfigMaps, and what they share with Secrets: keys, sizes, being immutable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{field, labels, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// Bytes of all values together: 1 MiB.
pub(super) const MOST_DATA: usize = 1024 * 1024;

/// `ConfigMap`
#[derive(Debug)]
pub(crate) struct ConfigMap;

impl Behaviour for ConfigMap {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        let mut size = 0;
        let binary = field::map(object, "/binaryData");
        for (key, value) in field::map(object, "/data") {
            let path = Path::new("data").key(key);
            errors.extend(labels::form(&path, key, name::config_map_key));
            if binary.contains_key(key) {
                errors.push(Invalid::invalid(path, &json!(key), "duplicate of key present in binaryData"));
            }
            size += value.as_str().map_or(0, str::len);
        }
        for (key, value) in binary {
            errors.extend(labels::form(&Path::new("binaryData").key(key), key, name::config_map_key));
            size += decoded(value).len();
        }
        if size > MOST_DATA {
            errors.push(Invalid::too_long("", MOST_DATA));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = unchanged(object, old, &["data", "binaryData"]);
        errors.extend(metadata::validate(object, true, &name::subdomain));
        errors.extend(self.validate(object));
        errors
    }
}

/// The bytes of a value that is base64.
pub(super) fn decoded(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}

/// What an immutable object refuses.
pub(super) fn unchanged(object: &Value, old: &Value, fields: &[&str]) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if !field::flag(old, "/immutable") {
        return errors;
    }
    let detail = "field is immutable when `immutable` is set";
    if !field::flag(object, "/immutable") {
        errors.push(Invalid::forbidden("immutable", detail));
    }
    for name in fields {
        let pointer = format!("/{name}");
        if field::map(object, &pointer) != field::map(old, &pointer) {
            errors.push(Invalid::forbidden(*name, detail));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_sizes() {
        let object = json!({"data": {"a/b": "1", "c": "2"}, "binaryData": {"c": "AA=="}});
        let said: Vec<String> = ConfigMap.validate(&object).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', \
                 '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
                 '[-._a-zA-Z0-9]+')",
                "data[c]: Invalid value: \"c\": duplicate of key present in binaryData",
            ]
        );
        let said = ConfigMap.validate(&json!({"data": {"a": "x".repeat(MOST_DATA + 1)}}));
        assert_eq!(said[0].to_string(), ": Too long: may not be more than 1048576 bytes");
    }

    #[test]
    fn an_immutable_one_stays() {
        let metadata = json!({"name": "a", "namespace": "b"});
        let old = json!({"metadata": metadata, "immutable": true, "data": {"a": "1"}});
        let new = json!({"metadata": metadata, "data": {"a": "2"}});
        let said: Vec<String> = ConfigMap.validate_update(&new, &old).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set",
            ]
        );
        assert!(ConfigMap.validate_update(&old, &old).is_empty());
    }
}
