//! One client for all of them: AWS's wire formats by hand, signed by a crate that shares nothing with the
//! local cloud's own checks.
#![allow(clippy::expect_used)] // Without an answer a test has nothing to say.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use roxmltree::{Document, Node};
use serde_json::Value;

/// The region of what is regional.
pub const REGION: &str = "eu-central-1";
/// Where AWS signs for what is global.
const GLOBAL: &str = "us-east-1";

/// Longer than any of these programs takes for one call, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// An access key.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// A client of one cloud, with one identity.
#[derive(Debug)]
pub struct Aws {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    endpoint: String,
    keys: Keys,
    ahead: Duration,
}

impl Aws {
    /// Calls all services at one endpoint, which tells them apart by what a request was signed for.
    pub fn new(endpoint: &str, keys: Keys) -> Self {
        // A second install changes nothing: the first one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(LIMIT).build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            runtime: runtime.expect("a runtime"),
            http: http.expect("a client"),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            keys,
            ahead: Duration::ZERO,
        }
    }

    /// The same cloud with another identity.
    pub fn by(&self, keys: &Keys) -> Self {
        Self::new(&self.endpoint, keys.clone())
    }

    /// The same cloud, called with a clock that is ahead.
    pub fn ahead(&self, ahead: Duration) -> Self {
        Self { ahead, ..self.by(&self.keys) }
    }

    /// Route 53: REST with XML.
    pub fn route53(&self, method: &str, path: &str, body: &str) -> Answer {
        let body = if body.is_empty() {
            String::new()
        } else {
            format!(r#"<?xml version="1.0" encoding="UTF-8"?>{}"#, body.replacen('>', ROUTE53_NAMESPACE, 1))
        };
        let headers = [("content-type", "application/xml")];
        self.send("route53", GLOBAL, method, &format!("/2013-04-01{path}"), &headers, body.into_bytes())
    }

    /// Parameter Store: JSON.
    pub fn ssm(&self, operation: &str, body: &Value) -> Answer {
        self.json("ssm", &format!("AmazonSSM.{operation}"), body)
    }

    /// Keys: JSON.
    pub fn kms(&self, operation: &str, body: &Value) -> Answer {
        self.json("kms", &format!("TrentService.{operation}"), body)
    }

    fn json(&self, service: &str, target: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        self.send(service, REGION, "POST", "/", &headers, body.to_string().into_bytes())
    }

    /// Identities: a form, and XML back.
    pub fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.query("iam", "2010-05-08", action, parameters)
    }

    /// Tokens: a form, and XML back.
    pub fn sts(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.query("sts", "2011-06-15", action, parameters)
    }

    fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", encoded(value)));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.send(service, GLOBAL, "POST", "/", &headers, form.into_bytes())
    }

    /// Objects: REST, with the bucket as the path's first part.
    pub fn s3(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        self.send("s3", REGION, method, path, headers, body.into())
    }

    /// One signed call of a service.
    fn send(
        &self,
        service: &str,
        region: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let identity = Credentials::new(&self.keys.id, &self.keys.secret, None, None, "tests").into();
        let mut settings = SigningSettings::default();
        if service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::now() + self.ahead)
            .settings(settings)
            .build()
            .expect("every parameter is given")
            .into();
        let uri = format!("{}{path}", self.endpoint);
        let signable = SignableRequest::new(method, &uri, headers.iter().copied(), SignableBody::Bytes(&body));
        let signed = sign(signable.expect("a request that can be signed"), &parameters).expect("a signature");
        let mut request = http::Request::builder().method(method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).expect("a request");
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        let request = reqwest::Request::try_from(request).expect("a request that can be sent");
        self.runtime.block_on(async {
            let response = self.http.execute(request).await.expect("an answer");
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.bytes().await.expect("a body").to_vec();
            Answer { status, headers, body }
        })
    }
}

/// What closes the first tag of every document that Route 53 takes.
const ROUTE53_NAMESPACE: &str = r#" xmlns="https://route53.amazonaws.com/doc/2013-04-01/">"#;

/// Percent-encoded for a form, a query or a path's part.
pub fn encoded(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if unreserved(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The status, and the error's code if there is one: `200`, `400 ParameterNotFound`.
    pub fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }

    /// The error's code, as every SDK reads it; empty if there is none.
    fn code(&self) -> String {
        if self.status < 300 {
            return String::new();
        }
        let json = self.json();
        if let Some(kind) = json["__type"].as_str() {
            return kind.rsplit('#').next().unwrap_or_default().to_owned();
        }
        // Route 53's one error with several messages is its own root element.
        if self.root() == "InvalidChangeBatch" { self.root() } else { self.text("Error/Code") }
    }

    /// The error's message, or the first of several.
    pub fn message(&self) -> String {
        let json = self.json();
        let message = json["message"].as_str().or(json["Message"].as_str());
        message.map_or_else(|| self.text("Message"), str::to_owned)
    }

    /// Does the error's message have this in it? Else what it is.
    pub fn says(&self, part: &str) -> String {
        let message = self.message();
        if message.contains(part) { part.to_owned() } else { message }
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The name of the XML document's root element.
    pub fn root(&self) -> String {
        self.xml(|document| document.root_element().tag_name().name().to_owned())
    }

    /// The text of the first XML element at a path such as `Error/Code`, at any depth; empty if there is none.
    pub fn text(&self, path: &str) -> String {
        self.texts(path).into_iter().next().unwrap_or_default()
    }

    /// The texts of all XML elements at a path, in their order.
    pub fn texts(&self, path: &str) -> Vec<String> {
        self.xml(|document| {
            let at = document.descendants().filter(|node| is_at(*node, path));
            at.map(|node| node.text().unwrap_or_default().to_owned()).collect()
        })
    }

    fn xml<T: Default>(&self, read: impl FnOnce(&Document<'_>) -> T) -> T {
        let text = String::from_utf8_lossy(&self.body);
        Document::parse(&text).map(|document| read(&document)).unwrap_or_default()
    }
}

/// Is this the element at the end of the path?
fn is_at(node: Node<'_, '_>, path: &str) -> bool {
    let mut names = path.rsplit('/');
    let own = node.is_element() && names.next() == Some(node.tag_name().name());
    own && names.zip(node.ancestors().skip(1)).all(|(name, ancestor)| ancestor.tag_name().name() == name)
}
