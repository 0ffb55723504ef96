//! CertificateSigningRequests.

use serde_json::{Value, json};

use super::{config_map, field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `CertificateSigningRequest`
#[derive(Debug)]
pub(crate) struct CertificateRequest;

const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

impl Behaviour for CertificateRequest {
    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({}));
    }

    /// What was asked for stays.
    fn prepare_update(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
        field::keep(object, old, "/status");
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let mut errors = Vec::new();
        let request = object.pointer("/spec/request").cloned().unwrap_or_default();
        if let Some(detail) = not_a_request(&config_map::decoded(&request)) {
            errors.push(Invalid::invalid(spec.child("request"), &request, detail));
        }
        let (usages, path) = (field::texts(object, "/spec/usages"), spec.child("usages"));
        if usages.is_empty() {
            errors.push(Invalid::required(&path, ""));
        }
        for (index, usage) in usages.iter().enumerate().filter(|(_, usage)| !USAGES.contains(usage)) {
            errors.push(Invalid::not_supported(path.index(index), &json!(usage), USAGES));
        }
        for (index, usage) in usages.iter().enumerate().filter(|(index, usage)| usages[..*index].contains(usage)) {
            errors.push(Invalid::duplicate(path.index(index), &json!(usage)));
        }
        let (signer, path) = (field::text(object, "/spec/signerName"), spec.child("signerName"));
        match signer {
            "kubernetes.io/legacy-unknown" => {
                let detail = "the legacy signerName is not allowed via this API version";
                errors.push(Invalid::invalid(path, &json!(signer), detail));
            }
            signer => errors.extend(signer_name(signer, &path)),
        }
        if let Some(seconds) = object.pointer("/spec/expirationSeconds").and_then(Value::as_i64)
            && seconds < 600
        {
            let detail = "may not specify a duration less than 600 seconds (10 minutes)";
            errors.push(Invalid::invalid(spec.child("expirationSeconds"), &json!(seconds), detail));
        }
        errors.extend(conditions(field::list(object, "/status/conditions")));
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &any_name);
        errors.extend(self.validate(object));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        let of = |object: &Value, kind: &str| -> Vec<Value> {
            let conditions = field::list(object, "/status/conditions").iter();
            conditions.filter(|condition| field::text(condition, "/type") == kind).cloned().collect()
        };
        for kind in ["Approved", "Denied", "Failed"] {
            if of(object, kind).len() < of(old, kind).len() {
                let detail = format!("updates may not remove a condition of type {kind:?}");
                errors.push(Invalid::forbidden("status.conditions", detail));
            }
        }
        let (new, was) = (field::text(object, "/status/certificate"), field::text(old, "/status/certificate"));
        if new != was && !was.is_empty() {
            let detail = "updates may not modify existing certificate content";
            errors.push(Invalid::forbidden("status.certificate", detail));
        }
        errors
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        any_name(name)
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn any_name(name: &str) -> Vec<String> {
    name::path_segment(name)
}

/// Why bytes are no PKCS#10 request in PEM; what is inside is not looked at.
fn not_a_request(pem: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(pem);
    let begin = "-----BEGIN CERTIFICATE REQUEST-----";
    let is = text.trim_start().starts_with(begin) && text.contains("-----END CERTIFICATE REQUEST-----");
    (!is).then_some("PEM block type must be CERTIFICATE REQUEST")
}

fn signer_name(signer: &str, path: &Path) -> Vec<Invalid> {
    if signer.is_empty() {
        return vec![Invalid::required(path, "")];
    }
    let parts: Vec<&str> = signer.split('/').collect();
    let [domain, place] = parts.as_slice() else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![Invalid::invalid(path, &json!(signer), detail)];
    };
    let mut errors = Vec::new();
    if domain.len() > 253 {
        errors.push(Invalid::too_long(path, 253));
    }
    let mut check = |part: &str, rule: fn(&str) -> Vec<String>| {
        let wrong = part.split('.').map(|label| (label, rule(label))).find(|(_, wrong)| !wrong.is_empty());
        if let Some((label, wrong)) = wrong {
            let details = wrong.into_iter().map(|said| format!("validating label {label:?}: {said}"));
            errors.extend(details.map(|detail| Invalid::invalid(path, &json!(part), detail)));
        }
    };
    check(domain, name::label);
    let short = !domain.contains('.');
    check(place, name::subdomain);
    if short {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(Invalid::invalid(path, &json!(domain), detail));
    }
    if signer.len() > 571 {
        errors.push(Invalid::too_long(path, 571));
    }
    errors
}

fn conditions(conditions: &[Value]) -> Vec<Invalid> {
    let exclusive = "Approved and Denied conditions are mutually exclusive";
    let mut errors = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let path = Path::new("status.conditions").index(index);
        let (kind, status) = (field::text(condition, "/type"), field::text(condition, "/status"));
        if kind.is_empty() {
            errors.push(Invalid::required(path.child("type"), ""));
        }
        let only_true = ["Approved", "Denied", "Failed"].contains(&kind);
        let known: &[&str] = if only_true { &["True"] } else { &["False", "True", "Unknown"] };
        if status.is_empty() {
            errors.push(Invalid::required(path.child("status"), ""));
        } else if !known.contains(&status) {
            errors.push(Invalid::not_supported(path.child("status"), &json!(status), known));
        }
        let before = |kind: &str| conditions[..index].iter().any(|other| field::text(other, "/type") == kind);
        if (kind == "Approved" && before("Denied")) || (kind == "Denied" && before("Approved")) {
            errors.push(Invalid::invalid(path.child("type"), &json!(kind), exclusive));
        }
        if before(kind) {
            errors.push(Invalid::duplicate(path.child("type"), &json!(kind)));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        let request = json!({"spec": {"request": "eA==", "usages": ["x", "client auth", "client auth"], "signerName": "a/b",
            "expirationSeconds": 5}, "status": {"conditions": [{"type": "Approved", "status": "False"}, {"type": "Denied"}]}});
        let said: Vec<String> = CertificateRequest.validate(&request).iter().map(ToString::to_string).collect();
        assert_eq!(said[0], "spec.request: Invalid value: \"eA==\": PEM block type must be CERTIFICATE REQUEST");
        assert!(
            said[1].starts_with("spec.usages[0]: Unsupported value: \"x\": supported values: \"any\", \"cert sign\"")
        );
        assert_eq!(
            said[2..],
            [
                "spec.usages[2]: Duplicate value: \"client auth\"",
                "spec.signerName: Invalid value: \"a\": should be a domain with at least two segments separated by dots",
                "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
                "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"",
                "status.conditions[1].status: Required value",
                "status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive",
            ]
        );
    }
}
