//! The operator's side of a manifest's credential, and what the host adds to one request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_engine::capability::{CredentialKind, RequestUrl, Rule};
use maps_engine::{Class, Problem, Value};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;

use super::HttpCapability;
use super::echo::Echo;
use crate::aws::{Access, KeySource};

/// The operator's side of a manifest's credential.
#[derive(Clone)]
pub struct BoundCredential {
    /// What it is.
    pub secret: Secret,
    /// The hosts that it may be sent to: names, `*.` before one for any one label, `**.` for any
    /// number of them.
    pub hosts: Vec<String>,
}

/// What a credential is made of.
#[derive(Clone)]
pub enum Secret {
    /// A text, secret or not, that is sent as it is.
    Text(Value),
    /// Keys of AWS, which sign and are never sent.
    Aws(Arc<dyn KeySource>),
}

impl BoundCredential {
    /// A text that is sent to these hosts.
    pub fn text(value: Value, hosts: Vec<String>) -> Self {
        Self { secret: Secret::Text(value), hosts }
    }

    /// Keys of AWS that sign calls to these hosts.
    pub fn aws(source: Arc<dyn KeySource>, hosts: Vec<String>) -> Self {
        Self { secret: Secret::Aws(source), hosts }
    }

    /// May it go to this host, as URLs carry its name?
    pub(crate) fn goes_to(&self, host: &str) -> bool {
        self.hosts.iter().any(|allowed| names(&allowed.to_ascii_lowercase(), host))
    }
}

fn names(pattern: &str, host: &str) -> bool {
    let (labels, domain) = match (pattern.strip_prefix("**."), pattern.strip_prefix("*.")) {
        (Some(domain), _) => (usize::MAX, domain),
        (None, Some(domain)) => (1, domain),
        (None, None) => return pattern == host,
    };
    let before = host.strip_suffix(domain).and_then(|before| before.strip_suffix('.'));
    before.is_some_and(|before| !before.is_empty() && before.split('.').count() <= labels)
}

/// What the host adds to one request.
pub(in crate::capability) enum Added {
    Nothing,
    Header(HeaderName, HeaderValue),
    Signature(Box<Access>),
}

impl Added {
    /// Where the operator wants the call to go instead of where its URL leads.
    pub(in crate::capability) fn endpoint(&self) -> Option<&Url> {
        match self {
            Self::Signature(access) => access.endpoint(),
            Self::Nothing | Self::Header(..) => None,
        }
    }

    /// Adds it. Nothing may change in the request after that.
    pub(in crate::capability) fn apply(self, request: &mut reqwest::Request, body: &[u8]) -> Result<(), Problem> {
        match self {
            Self::Nothing => {}
            Self::Header(name, value) => drop(request.headers_mut().insert(name, value)),
            Self::Signature(access) => access.apply(request, body)?,
        }
        Ok(())
    }
}

impl HttpCapability {
    /// What to add, if the guest asks for a credential and all three sides agree: the rule names it,
    /// the plugin's declaration binds it, the operator allows this host.
    pub(in crate::capability) async fn added(
        &self,
        credential: Option<&str>,
        rule: &Rule,
        url: &RequestUrl,
    ) -> Result<(Added, Echo), Problem> {
        let Some(name) = credential else { return Ok((Added::Nothing, Echo::default())) };
        let denied =
            |code: &str, message: String, help: String| Err(Problem::new(Class::Denied, code, message).help(help));
        let Some(declared) = self.effective.credentials.get(name).filter(|_| rule.credential.as_deref() == Some(name))
        else {
            return denied(
                "credential-undeclared",
                format!("no rule sends the credential `{name}` here"),
                "declare it under `credentials` of plugin.yaml".to_owned(),
            );
        };
        let Some(bound) = self.credentials.get(name) else {
            let help = format!("add to the plugin in the stack: `credentials: {{{name}: …}}`");
            return denied("credential-unbound", format!("the stack gives the plugin no credential `{name}`"), help);
        };
        let host = url.host();
        if !bound.goes_to(host) {
            let help = format!("add `{host}` to the credential's `hosts` in the stack, if it belongs there");
            return denied("credential-host", format!("the credential `{name}` may not be sent to {host}"), help);
        }
        if url.scheme() != "https" {
            return denied(
                "credential-in-clear",
                format!("the credential `{name}` is sent only over https"),
                "use https".to_owned(),
            );
        }
        let value = match (&declared.kind, &bound.secret) {
            (CredentialKind::Aws { service, .. }, Secret::Aws(source)) if !source.is_of_spaces() => {
                let access = Access::of(&**source, host, service.as_deref()).await?;
                let echo = Echo::of(access.secrets());
                return Ok((Added::Signature(access.into()), echo));
            }
            (CredentialKind::Spaces, Secret::Aws(source)) if source.is_of_spaces() => {
                let access = Access::of(&**source, host, None).await?;
                let echo = Echo::of(access.secrets());
                return Ok((Added::Signature(access.into()), echo));
            }
            (CredentialKind::Aws { .. } | CredentialKind::Spaces, Secret::Text(_)) | (_, Secret::Aws(_)) => {
                let message = format!("the credential `{name}` that the stack gives is of another type");
                let help = "keys of AWS go to credentials of type `aws`, and keys of Spaces to those of type `spaces`";
                return denied("credential-type", message, help.to_owned());
            }
            (_, Secret::Text(value)) => value,
        };
        let Some(secret) = value.as_str().filter(|text| !text.is_empty()) else {
            return denied(
                "credential-empty",
                format!("the credential `{name}` has no value"),
                "set the input that it comes from".to_owned(),
            );
        };
        let basic = STANDARD.encode(secret);
        let (header, text) = match &declared.kind {
            CredentialKind::Basic => (Ok(AUTHORIZATION), format!("Basic {basic}")),
            CredentialKind::Header { name } => (HeaderName::from_bytes(name.as_bytes()), secret.to_owned()),
            CredentialKind::Bearer | CredentialKind::Aws { .. } | CredentialKind::Spaces => {
                (Ok(AUTHORIZATION), format!("Bearer {secret}"))
            }
        };
        let (Ok(header), Ok(mut value)) = (header, HeaderValue::from_str(&text)) else {
            return denied(
                "credential-malformed",
                format!("the credential `{name}` has a character that headers cannot have"),
                "check its value".to_owned(),
            );
        };
        value.set_sensitive(true);
        let mut secrets = vec![secret, basic.as_str()];
        if declared.kind == CredentialKind::Basic {
            secrets.extend(secret.split_once(':').map(|(_, password)| password));
        }
        Ok((Added::Header(header, value), Echo::of(secrets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_label_and_two_are_any_number() {
        let cases = [
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "x.api.example.com", false),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("**.amazonaws.com", "a.s3.eu-west-1.amazonaws.com", true),
            ("**.amazonaws.com", "amazonaws.com", false),
            ("**.amazonaws.com", "evilamazonaws.com", false),
            ("**.amazonaws.com", "sqs.amazonaws.com.evil.example", false),
        ];
        for (pattern, host, expected) in cases {
            assert_eq!(names(pattern, host), expected, "{pattern} {host}");
        }
    }
}
