//! A cloud of its own for each test, and a client that signs with `aws-sigv4`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use maps_rehearsal::{AwsLimits, Cloud, CloudFile, Options, Running};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A region for the services that have one.
pub(crate) const REGION: &str = "eu-central-1";

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The text of every element of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let pieces = self.text.split(&open).skip(1);
        pieces.map(|piece| piece.split(&close).next().unwrap().replace("&apos;", "'").replace("&quot;", "\"")).collect()
    }

    /// The text of the first element of a name.
    pub(crate) fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }

    /// The error's code, in whichever format.
    pub(crate) fn code(&self) -> String {
        match self.json()["__type"].as_str() {
            Some(code) => code.to_owned(),
            None => self.one("Code"),
        }
    }

    /// The error's message.
    pub(crate) fn message(&self) -> String {
        match self.json()["message"].as_str() {
            Some(message) => message.to_owned(),
            None => self.one("Message"),
        }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text);
        self
    }
}

/// An access key, and how far its clock is off.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) late: Duration,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) service: &'static str,
    pub(crate) region: String,
    pub(crate) method: Method,
    /// Scheme, host and port.
    pub(crate) base: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A client of a running cloud.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) file: CloudFile,
    pub(crate) key: Key,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(file: &CloudFile) -> Self {
        // The first of several tests in a process installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = reqwest::Certificate::from_pem(&std::fs::read(&file.ca).unwrap()).unwrap();
        let mut builder = reqwest::Client::builder().tls_certs_only([ca]).no_proxy();
        for (host, address) in &file.hosts {
            builder = builder.resolve(&host.replace('*', "bucket"), address.parse().unwrap());
        }
        let planted = file.credentials.aws.clone().unwrap();
        let (id, secret) = (planted.access_key_id, planted.secret_access_key);
        let key = Key { id, secret, token: None, late: Duration::ZERO };
        Self { file: file.clone(), key, http: builder.build().unwrap() }
    }

    pub(crate) fn with(&self, id: &str, secret: &str) -> Self {
        let key = Key { id: id.to_owned(), secret: secret.to_owned(), ..self.key.clone() };
        Self { key, ..self.clone() }
    }

    pub(crate) fn account(&self) -> String {
        self.file.credentials.aws.as_ref().unwrap().account_id.clone()
    }

    /// The logical address of a host, with the port that serves it.
    pub(crate) fn at(&self, host: &str, pattern: &str) -> String {
        format!("https://{host}:{}", self.file.hosts[pattern].rsplit(':').next().unwrap())
    }

    /// A request to the plain endpoint.
    pub(crate) fn sent(&self, service: &'static str, method: Method, path: &str, body: impl Into<Vec<u8>>) -> Sent {
        let global = ["route53", "iam"].contains(&service);
        Sent {
            service,
            region: if global { "us-east-1" } else { REGION }.to_owned(),
            method,
            base: self.file.aws_endpoint_url.clone().unwrap(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The headers that sign a request.
    pub(crate) fn signature(&self, sent: &Sent) -> Vec<(String, String)> {
        let credentials = Credentials::new(&self.key.id, &self.key.secret, self.key.token.clone(), None, "test").into();
        let mut settings = SigningSettings::default();
        if sent.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&credentials)
            .region(&sent.region)
            .name(sent.service)
            .time(SystemTime::now() - self.key.late)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("{}{}", sent.base, sent.path);
        let headers = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable =
            SignableRequest::new(sent.method.as_str(), url, headers, SignableBody::Bytes(&sent.body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Sends a request as it is, with these headers added.
    pub(crate) async fn raw(&self, sent: &Sent, signature: Vec<(String, String)>) -> Reply {
        let mut request = self.http.request(sent.method.clone(), format!("{}{}", sent.base, sent.path));
        for (name, value) in sent.headers.iter().cloned().chain(signature) {
            request = request.header(name, value);
        }
        let answer = request.body(sent.body.clone()).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Reply { status, headers, text: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned() }
    }

    pub(crate) async fn send(&self, sent: Sent) -> Reply {
        self.raw(&sent, self.signature(&sent)).await
    }

    pub(crate) async fn rest(&self, service: &'static str, method: Method, path: &str, body: &str) -> Reply {
        self.send(self.sent(service, method, path, body)).await
    }

    /// A JSON operation: `AmazonSSM.PutParameter`.
    pub(crate) async fn json(&self, target: &str, body: Value) -> Reply {
        let service = if target.starts_with("AmazonSSM") { "ssm" } else { "kms" };
        let mut sent = self.sent(service, Method::POST, "/", body.to_string());
        sent.headers = vec![
            ("x-amz-target".to_owned(), target.to_owned()),
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
        ];
        self.send(sent).await
    }

    pub(crate) async fn ssm(&self, operation: &str, body: Value) -> Reply {
        self.json(&format!("AmazonSSM.{operation}"), body).await
    }

    pub(crate) async fn kms(&self, operation: &str, body: Value) -> Reply {
        self.json(&format!("TrentService.{operation}"), body).await
    }

    /// A query operation.
    pub(crate) async fn query(&self, service: &'static str, operation: &str, fields: &[(&str, &str)]) -> Reply {
        let version = if service == "iam" { "2010-05-08" } else { "2011-06-15" };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version);
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        let mut sent = self.sent(service, Method::POST, "/", form.finish());
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        sent.headers = vec![("content-type".to_owned(), kind.to_owned())];
        self.send(sent).await
    }

    pub(crate) async fn iam(&self, operation: &str, fields: &[(&str, &str)]) -> Reply {
        self.query("iam", operation, fields).await
    }

    pub(crate) async fn s3(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut sent = self.sent("s3", method, path, body);
        sent.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.send(sent).await
    }

    /// A user with one inline policy of these statements, as a client with its key.
    pub(crate) async fn user(&self, name: &str, statements: Value) -> Self {
        self.iam("CreateUser", &[("UserName", name)]).await.ok();
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let fields = [("UserName", name), ("PolicyName", "inline"), ("PolicyDocument", document.as_str())];
        self.iam("PutUserPolicy", &fields).await.ok();
        let key = self.iam("CreateAccessKey", &[("UserName", name)]).await.ok();
        self.with(&key.one("AccessKeyId"), &key.one("SecretAccessKey"))
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.file.control));
        let request = request.bearer_auth(&self.file.control_token);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let text = request.body(body).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn advance(&self, ms: u64) {
        self.control(Method::POST, "/advance", Some(json!({ "ms": ms }))).await;
    }

    pub(crate) async fn inventory(&self) -> Value {
        self.control(Method::GET, "/inventory", None).await["aws"].clone()
    }
}

/// A cloud without request limits.
pub(crate) fn options(dir: &Path) -> Options {
    let mut options = Options::new(dir);
    options.aws = AwsLimits { route53_per_second: 0 };
    options
}

pub(crate) async fn start(dir: &Path) -> (Running, Client) {
    let running = Cloud::start(options(dir)).await.unwrap();
    let client = Client::new(running.file());
    (running, client)
}

/// A cloud that goes with its test.
pub(crate) async fn cloud() -> (tempfile::TempDir, Running, Client) {
    let home = tempfile::tempdir().unwrap();
    let (running, client) = start(home.path()).await;
    (home, running, client)
}
