//! Webhooks that admit: ValidatingWebhookConfigurations and MutatingWebhookConfigurations.

use serde_json::{Value, json};

use super::admission_match::{conditions, rule_defaults, rule_with_operations};
use super::labels::{form, label_selector};
use super::{field, metadata, name};
use crate::crd::Names;
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `ValidatingWebhookConfiguration`
pub(crate) static VALIDATING: Webhooks = Webhooks { mutating: false };
/// `MutatingWebhookConfiguration`
pub(crate) static MUTATING: Webhooks = Webhooks { mutating: true };

/// `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`
#[derive(Debug)]
pub(crate) struct Webhooks {
    mutating: bool,
}

impl Behaviour for Webhooks {
    fn default(&self, object: &mut Value) {
        for hook in field::list_mut(object, "/webhooks") {
            field::default(hook, "/failurePolicy", "Fail");
            field::default(hook, "/matchPolicy", "Equivalent");
            field::default(hook, "/namespaceSelector", json!({}));
            field::default(hook, "/objectSelector", json!({}));
            field::default(hook, "/timeoutSeconds", 10);
            if self.mutating {
                field::default(hook, "/reinvocationPolicy", "Never");
            }
            if field::has(hook, "/clientConfig/service") {
                field::default(hook, "/clientConfig/service/port", 443);
            }
            rule_defaults(hook, "/rules");
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let hooks = field::list(object, "/webhooks");
        let mut errors = Vec::new();
        for (index, hook) in hooks.iter().enumerate() {
            let path = Path::new("webhooks").index(index);
            errors.extend(self.webhook(hook, &path));
            errors.extend(review_versions(hook, &path.child("admissionReviewVersions")));
            let name = field::text(hook, "/name");
            if !name.is_empty() && hooks[..index].iter().any(|other| field::text(other, "/name") == name) {
                errors.push(Invalid::duplicate(path.child("name"), &json!(name)));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// A field that has to be one of these, where it is there.
pub(super) fn one_of(object: &Value, name: &str, known: &[&str], path: &Path) -> Option<Invalid> {
    let given = object.get(name).filter(|given| !given.is_null())?;
    (!known.contains(&given.as_str().unwrap_or_default()))
        .then(|| Invalid::not_supported(path.child(name), given, known))
}

impl Webhooks {
    fn webhook(&self, hook: &Value, path: &Path) -> Vec<Invalid> {
        let mut errors = fully_qualified(field::text(hook, "/name"), &path.child("name"));
        for (index, rule) in field::list(hook, "/rules").iter().enumerate() {
            errors.extend(rule_with_operations(rule, &path.child("rules").index(index)));
        }
        errors.extend(one_of(hook, "failurePolicy", &["Fail", "Ignore"], path));
        errors.extend(one_of(hook, "matchPolicy", &["Equivalent", "Exact"], path));
        let harmless = ["None", "NoneOnDryRun"];
        match field::has(hook, "/sideEffects") {
            true => errors.extend(one_of(hook, "sideEffects", &harmless, path)),
            false => {
                let detail = "must specify one of None, NoneOnDryRun";
                errors.push(Invalid::required(path.child("sideEffects"), detail));
            }
        }
        if let Some(seconds) = hook.get("timeoutSeconds").and_then(Value::as_i64)
            && !(1..=30).contains(&seconds)
        {
            let detail = "the timeout value must be between 1 and 30 seconds";
            errors.push(Invalid::invalid(path.child("timeoutSeconds"), &json!(seconds), detail));
        }
        for name in ["namespaceSelector", "objectSelector"] {
            if let Some(selector) = hook.get(name) {
                errors.extend(label_selector(selector, &path.child(name)));
            }
        }
        if self.mutating {
            errors.extend(one_of(hook, "reinvocationPolicy", &["IfNeeded", "Never"], path));
        }
        errors.extend(client(hook.get("clientConfig").unwrap_or(&Value::Null), &path.child("clientConfig")));
        errors.extend(conditions(
            field::list(hook, "/matchConditions"),
            &Names::new(false),
            &path.child("matchConditions"),
        ));
        errors
    }
}

fn fully_qualified(name: &str, path: &Path) -> Vec<Invalid> {
    if name.is_empty() {
        return vec![Invalid::required(path, "")];
    }
    let wrong = name::subdomain(name);
    if !wrong.is_empty() {
        return vec![Invalid::invalid(path, &json!(name), wrong.join(","))];
    }
    if name.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        return vec![Invalid::invalid(path, &json!(name), detail)];
    }
    Vec::new()
}

fn review_versions(hook: &Value, path: &Path) -> Vec<Invalid> {
    let versions = field::texts(hook, "/admissionReviewVersions");
    if versions.is_empty() {
        return vec![Invalid::required(path, "must specify one of v1, v1beta1")];
    }
    let mut errors = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        match versions[..index].contains(version) {
            true => errors.push(Invalid::invalid(path.index(index), &json!(version), "duplicate version")),
            false => errors.extend(form(&path.index(index), version, name::dns1035)),
        }
    }
    if !versions.iter().any(|version| ["v1", "v1beta1"].contains(version)) {
        let detail = "must include at least one of v1, v1beta1";
        errors.push(Invalid::invalid(path, &json!(versions), detail));
    }
    errors
}

/// How a webhook is reached: by URL, or by a Service.
pub(crate) fn client(config: &Value, path: &Path) -> Vec<Invalid> {
    match (config.get("url").and_then(Value::as_str), config.get("service").filter(|service| !service.is_null())) {
        (Some(url), None) => web_address(url, &path.child("url")),
        (None, Some(service)) => service_reference(service, &path.child("service")),
        _ => vec![Invalid::required(path, "exactly one of url or service is required")],
    }
}

fn web_address(text: &str, path: &Path) -> Vec<Invalid> {
    const FORM: &str = "; desired format: https://host[/path]";
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let mut errors = Vec::new();
    let mut say = |value: &str, detail: String| errors.push(Invalid::invalid(path, &json!(value), detail));
    if scheme != "https" {
        say(scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if host.is_empty() {
        say(host, format!("host must be specified{FORM}"));
    }
    if let Some(user) = user {
        say(user, "user information is not permitted in the URL".to_owned());
    }
    if !fragment.is_empty() {
        say(fragment, "fragments are not permitted in the URL".to_owned());
    }
    if !query.is_empty() {
        say(query, "query parameters are not permitted in the URL".to_owned());
    }
    errors
}

fn service_reference(service: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for name in ["name", "namespace"] {
        if field::text(service, &format!("/{name}")).is_empty() {
            errors.push(Invalid::required(path.child(name), format!("service {name} is required")));
        }
    }
    let port = field::int(service, "/port");
    if let Some(said) = name::port_number(port).first() {
        errors.push(Invalid::invalid(path.child("port"), &json!(port), format!("port is not valid: {said}")));
    }
    let place = field::text(service, "/path");
    let mut say = |detail: String| errors.push(Invalid::invalid(path.child("path"), &json!(place), detail));
    match place {
        "" | "/" => return errors,
        "//" => {
            say("segment[0] may not be empty".to_owned());
            return errors;
        }
        _ => {}
    }
    if !place.starts_with('/') {
        say("must start with a '/'".to_owned());
    }
    let inner: String = place.chars().skip(1).collect();
    for (index, step) in inner.strip_suffix('/').unwrap_or(&inner).split('/').enumerate() {
        match step {
            "" => say(format!("segment[{index}] may not be empty")),
            step => name::subdomain(step).into_iter().for_each(|said| say(format!("segment[{index}]: {said}"))),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(hook: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "a"}, "webhooks": [hook]});
        MUTATING.default(&mut object);
        object
    }

    #[test]
    fn defaults() {
        let object = hook(&json!({
            "name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "s", "namespace": "n"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        }));
        assert!(MUTATING.validate(&object).is_empty());
        let made = &object["webhooks"][0];
        assert_eq!(made["rules"][0]["scope"], json!("*"));
        assert_eq!(made["clientConfig"]["service"]["port"], json!(443));
        assert_eq!((&made["timeoutSeconds"], &made["reinvocationPolicy"]), (&json!(10), &json!("Never")));
    }

    #[test]
    fn what_is_refused() {
        let object = hook(&json!({
            "name": "a.b", "sideEffects": "Some", "timeoutSeconds": 31, "failurePolicy": "x",
            "clientConfig": {"url": "http://u@/p?q#f"}, "rules": [{"resources": ["*", "pods"]}],
        }));
        let said: Vec<String> = MUTATING.validate(&object).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
                "webhooks[0].rules[0].operations: Required value",
                "webhooks[0].rules[0].apiGroups: Required value",
                "webhooks[0].rules[0].apiVersions: Required value",
                "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other \
                 resources without subresources",
                "webhooks[0].failurePolicy: Unsupported value: \"x\": supported values: \"Fail\", \"Ignore\"",
                "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired \
                 format: https://host[/path]",
                "webhooks[0].clientConfig.url: Invalid value: \"\": host must be specified; desired format: \
                 https://host[/path]",
                "webhooks[0].clientConfig.url: Invalid value: \"u\": user information is not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"f\": fragments are not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"q\": query parameters are not permitted in the URL",
                "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            ]
        );
    }
}
