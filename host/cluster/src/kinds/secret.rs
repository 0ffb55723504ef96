//! Secrets: the types that ask for keys, and `stringData`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::config_map::{MOST_DATA, decoded, unchanged};
use super::{field, labels, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Secret`
#[derive(Debug)]
pub(crate) struct Secret;

impl Behaviour for Secret {
    fn default(&self, object: &mut Value) {
        field::default_text(object, "/type", "Opaque");
        let Some(Value::Object(texts)) = field::remove(object, "/stringData") else { return };
        for (key, text) in texts {
            let key = key.replace('~', "~0").replace('/', "~1");
            field::set(object, &format!("/data/{key}"), BASE64.encode(text.as_str().unwrap_or_default()));
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let data = field::map(object, "/data");
        let path = |key: &str| Path::new("data").key(key);
        let mut errors = Vec::new();
        for key in data.keys() {
            errors.extend(labels::form(&path(key), key, name::config_map_key));
        }
        if data.values().map(|value| decoded(value).len()).sum::<usize>() > MOST_DATA {
            errors.push(Invalid::too_long("data", MOST_DATA));
        }
        let required = |key: &str| Invalid::required(path(key), "");
        match field::text(object, "/type") {
            "kubernetes.io/service-account-token" => {
                let key = "kubernetes.io/service-account.name";
                if field::text(object, "/metadata/annotations/kubernetes.io~1service-account.name").is_empty() {
                    errors.push(Invalid::required(Path::new("metadata.annotations").key(key), ""));
                }
            }
            "kubernetes.io/dockercfg" => errors.extend(json_key(data.get(".dockercfg"), &path(".dockercfg"))),
            "kubernetes.io/dockerconfigjson" => {
                errors.extend(json_key(data.get(".dockerconfigjson"), &path(".dockerconfigjson")));
            }
            "kubernetes.io/basic-auth" if !data.contains_key("username") && !data.contains_key("password") => {
                errors.extend([required("username"), required("password")]);
            }
            "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").map(decoded).unwrap_or_default().is_empty() => {
                errors.push(required("ssh-privatekey"));
            }
            "kubernetes.io/tls" => {
                errors.extend(["tls.crt", "tls.key"].into_iter().filter(|key| !data.contains_key(*key)).map(required));
            }
            _ => {}
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors: Vec<Invalid> = metadata::immutable(object, old, "/type", "type").into_iter().collect();
        errors.extend(unchanged(object, old, &["data"]));
        errors.extend(metadata::validate(object, true, &name::subdomain));
        errors.extend(self.validate(object));
        errors
    }
}

/// A key that has to be there and to hold a JSON object.
fn json_key(value: Option<&Value>, path: &Path) -> Option<Invalid> {
    let Some(value) = value else { return Some(Invalid::required(path, "")) };
    let bytes = decoded(value);
    let said = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(_) | Value::Null) => return None,
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Number(_) => "number",
                _ => "bool",
            };
            format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
        }
        Err(error) if error.is_eof() => "unexpected end of JSON input".to_owned(),
        Err(_) => {
            let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
            match first.filter(|byte| !b"{[\"-0123456789tfn".contains(byte)) {
                Some(byte) => {
                    format!("invalid character '{}' looking for beginning of value", char::from(*byte).escape_default())
                }
                None => "invalid character in JSON".to_owned(),
            }
        }
    };
    Some(Invalid::invalid(path, &json!("<secret contents redacted>"), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_data_goes_to_data() {
        let mut object = json!({"data": {"a": "MQ==", "b": "Mg=="}, "stringData": {"b": "x", "c": "y"}});
        Secret.default(&mut object);
        assert_eq!(object, json!({"type": "Opaque", "data": {"a": "MQ==", "b": "eA==", "c": "eQ=="}}));
    }

    #[test]
    fn types_ask_for_keys() {
        let cases: &[(Value, &[&str])] = &[
            (json!({"type": "Opaque"}), &[]),
            (json!({"type": "example.com/any"}), &[]),
            (json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}), &["data[tls.key]: Required value"]),
            (
                json!({"type": "kubernetes.io/basic-auth"}),
                &["data[username]: Required value", "data[password]: Required value"],
            ),
            (json!({"type": "kubernetes.io/basic-auth", "data": {"username": ""}}), &[]),
            (
                json!({"type": "kubernetes.io/ssh-auth", "data": {"ssh-privatekey": ""}}),
                &["data[ssh-privatekey]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/service-account-token"}),
                &["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
            ),
            (json!({"type": "kubernetes.io/dockercfg"}), &["data[.dockercfg]: Required value"]),
            (
                json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": ""}}),
                &[
                    "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": unexpected end of JSON input",
                ],
            ),
            (json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="}}), &[]),
        ];
        for (object, expect) in cases {
            let said: Vec<String> = Secret.validate(object).iter().map(ToString::to_string).collect();
            assert_eq!(&said, expect);
        }
    }

    #[test]
    fn the_type_stays() {
        let metadata = json!({"name": "a", "namespace": "b"});
        let old = json!({"metadata": metadata, "type": "Opaque"});
        let new = json!({"metadata": metadata, "type": "x/y"});
        let said: Vec<String> = Secret.validate_update(&new, &old).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["type: Invalid value: \"x/y\": field is immutable"]);
    }
}
