//! How a definition's objects are converted between its versions, as the definition declares it.

use serde_json::Value;

use super::definition::one_of;
use crate::invalid::Invalid;
use crate::kinds::name::{dns1035, subdomain};
use crate::object::{at, items, text};

/// What is wrong with `spec.conversion`; `lax` lets a CA bundle pass that cannot be read.
pub(crate) fn validate(conversion: &Value, lax: bool, errors: &mut Vec<Invalid>) {
    if !conversion.is_object() {
        return;
    }
    let (strategy, webhook) = (text(conversion, "strategy"), at(conversion, "webhook"));
    one_of("spec.conversion.strategy", strategy, &["None", "Webhook"], errors);
    let path = "spec.conversion.webhookClientConfig";
    let (config, versions) = (at(webhook, "clientConfig"), items(webhook, "conversionReviewVersions"));
    let reviews = "spec.conversion.conversionReviewVersions";
    if strategy != "Webhook" {
        let detail = "should not be set when strategy is not set to Webhook";
        if config.is_object() {
            errors.push(Invalid::forbidden(path, detail));
        }
        if !versions.is_empty() {
            errors.push(Invalid::forbidden(reviews, detail));
        }
        return;
    }
    if !config.is_object() {
        errors.push(Invalid::required(path, "required when strategy is set to Webhook"));
    } else {
        match (at(config, "url").as_str(), at(config, "service").is_object()) {
            (Some(_), true) | (None, false) => {
                errors.push(Invalid::required(path, "exactly one of url or service is required"));
            }
            (Some(url), false) => webhook_url(url, &format!("{path}.url"), errors),
            (None, true) => service(at(config, "service"), &format!("{path}.service"), errors),
        }
        let bundle = text(config, "caBundle");
        if !lax && !bundle.is_empty() && !is_pem(bundle) {
            let detail = "unable to load root certificates: unable to parse bytes as PEM block";
            errors.push(Invalid::invalid(format!("{path}.caBundle"), &bundle.into(), detail));
        }
    }
    review_versions(versions, reviews, errors);
}

fn is_pem(bundle: &str) -> bool {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(bundle).unwrap_or_default();
    String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----")
}

fn review_versions(versions: &[Value], path: &str, errors: &mut Vec<Invalid>) {
    if versions.is_empty() {
        errors.push(Invalid::required(path, ""));
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if versions.iter().take(index).any(|other| other == version) {
            errors.push(Invalid::invalid(path, version, "duplicate version"));
            continue;
        }
        let wrong = dns1035(version.as_str().unwrap_or_default());
        errors.extend(wrong.into_iter().map(|wrong| Invalid::invalid(&path, version, wrong)));
    }
    if !versions.iter().any(|version| version == "v1" || version == "v1beta1") {
        let detail = "must include at least one of v1, v1beta1";
        errors.push(Invalid::invalid(path, &Value::from(versions.to_vec()), detail));
    }
}

/// What is wrong with the URL of a webhook.
pub(crate) fn webhook_url(url: &str, path: &str, errors: &mut Vec<Invalid>) {
    let form = "; desired format: https://host[/path]";
    let parsed = match url::Url::parse(url) {
        Ok(parsed) => parsed,
        // Without a scheme Go still reads a path, and misses the scheme and the host.
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            errors.push(Invalid::invalid(path, &"".into(), format!("'https' is the only allowed URL scheme{form}")));
            errors.push(Invalid::invalid(path, &"".into(), format!("host must be specified{form}")));
            return;
        }
        Err(error) => {
            errors.push(Invalid::required(path, format!("url must be a valid URL: {error}{form}")));
            return;
        }
    };
    if parsed.scheme() != "https" {
        let detail = format!("'https' is the only allowed URL scheme{form}");
        errors.push(Invalid::invalid(path, &parsed.scheme().into(), detail));
    }
    if !parsed.has_host() {
        errors.push(Invalid::invalid(path, &"".into(), format!("host must be specified{form}")));
    }
    if !parsed.username().is_empty() {
        let user = parsed.username();
        errors.push(Invalid::invalid(path, &user.into(), "user information is not permitted in the URL"));
    }
    if let Some(fragment) = parsed.fragment().filter(|fragment| !fragment.is_empty()) {
        errors.push(Invalid::invalid(path, &fragment.into(), "fragments are not permitted in the URL"));
    }
    if let Some(query) = parsed.query().filter(|query| !query.is_empty()) {
        errors.push(Invalid::invalid(path, &query.into(), "query parameters are not permitted in the URL"));
    }
}

/// What is wrong with the Service of a webhook.
pub(crate) fn service(service: &Value, path: &str, errors: &mut Vec<Invalid>) {
    for key in ["name", "namespace"] {
        if text(service, key).is_empty() {
            errors.push(Invalid::required(format!("{path}.{key}"), ""));
        }
    }
    let port = at(service, "port");
    if !port.is_null() && !port.as_i64().is_some_and(|port| (1..=65_535).contains(&port)) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(Invalid::invalid(format!("{path}.port"), port, detail));
    }
    let (value, path) = (text(service, "path"), format!("{path}.path"));
    if value.is_empty() || value == "/" {
        return;
    }
    let mut said = |detail: String| errors.push(Invalid::invalid(&path, &value.into(), detail));
    if value == "//" {
        said("segment[0] may not be empty".to_owned());
    }
    let Some(rest) = value.strip_prefix('/') else {
        said("must start with a '/'".to_owned());
        return;
    };
    for (index, step) in rest.strip_suffix('/').unwrap_or(rest).split('/').enumerate() {
        if step.is_empty() {
            said(format!("segment[{index}] may not be empty"));
            continue;
        }
        for wrong in subdomain(step) {
            said(format!("segment[{index}]: {wrong}"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

    use serde_json::json;

    use super::*;

    fn check(conversion: Value, expected: &[&str]) {
        let mut errors = Vec::new();
        validate(&conversion, false, &mut errors);
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{conversion}");
    }

    #[test]
    fn webhooks() {
        check(json!({"strategy": "None"}), &[]);
        check(
            json!({"strategy": "Magic"}),
            &["spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", \"Webhook\""],
        );
        check(
            json!({"strategy": "Webhook"}),
            &[
                "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
                "spec.conversion.conversionReviewVersions: Required value",
            ],
        );
        check(
            json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v2"], "clientConfig": {"url": "http://x/y?q"}}}),
            &[
                "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                "spec.conversion.webhookClientConfig.url: Invalid value: \"q\": query parameters are not permitted in the URL",
                "spec.conversion.conversionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
            ],
        );
        check(
            json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"service": {"name": "n", "namespace": "s", "port": 0, "path": "x"}}}}),
            &[
                "spec.conversion.webhookClientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
                "spec.conversion.webhookClientConfig.service.path: Invalid value: \"x\": must start with a '/'",
            ],
        );
        check(
            json!({"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {}}}),
            &[
                "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
                "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook",
            ],
        );
    }
}
