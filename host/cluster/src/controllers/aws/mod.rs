//! A client of AWS and of what speaks like it: requests signed with a key that a program was given, and what is
//! wrong in the words of AWS's SDK for Go, which the programs are written with.

mod sign;
mod xml;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use serde_json::Value;

use super::api::Api;
pub(crate) use xml::{Element, escape};

/// A key of AWS or of another cloud's S3.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AwsKey {
    /// `AKIA…`
    pub(crate) id: String,
    /// Its secret.
    pub(crate) secret: String,
}

impl std::fmt::Debug for AwsKey {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A service as signatures and messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// DNS; one region for all.
    Route53,
    /// Parameter Store.
    Ssm,
    /// Buckets, Amazon's or anybody's.
    S3,
}

impl Service {
    /// In a signature's scope.
    const fn scope(self) -> &'static str {
        match self {
            Self::Route53 => "route53",
            Self::Ssm => "ssm",
            Self::S3 => "s3",
        }
    }

    /// In messages of the SDK.
    const fn title(self) -> &'static str {
        match self {
            Self::Route53 => "Route 53",
            Self::Ssm => "SSM",
            Self::S3 => "S3",
        }
    }
}

/// One request, yet without a signature.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The service.
    pub(crate) service: Service,
    /// The operation's name, for messages.
    pub(crate) operation: &'a str,
    /// The region that the signature is for.
    pub(crate) region: &'a str,
    /// The method.
    pub(crate) method: Method,
    /// The host, and the port where one is meant.
    pub(crate) host: &'a str,
    /// The path, with what has to be behind percent signs there.
    pub(crate) path: String,
    /// The query, encoded, without `?`.
    pub(crate) query: String,
    /// Headers beside those of the signature.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The service's code: `AccessDenied`; empty where no answer came.
    pub(crate) code: String,
    /// All of it, as the SDK's error prints.
    pub(crate) message: String,
}

/// Signs and sends a call.
pub(crate) fn send(api: &dyn Api, key: &AwsKey, call: &Call<'_>) -> Result<Response<Bytes>, Failed> {
    let service = call.service.title();
    let broken = |why: &str| Failed {
        code: String::new(),
        message: format!("operation error {service}: {}, {why}", call.operation),
    };
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| broken(&format!("net/http: invalid header {name:?}")))?;
        headers.insert(HeaderName::from_static(name), value);
        Ok::<(), Failed>(())
    };
    put("host", call.host)?;
    put("x-amz-date", &sign::stamp(api.now().unix))?;
    if call.service == Service::S3 {
        put("x-amz-content-sha256", &sign::digest(&call.body))?;
    }
    for (name, value) in &call.headers {
        put(name, value)?;
    }
    let authorization = sign::authorization(key, call, &headers);
    let value = HeaderValue::from_str(&authorization).map_err(|_| broken("the access key id is no header value"))?;
    headers.insert("authorization", value);
    headers.remove(HOST);
    let question = if call.query.is_empty() { "" } else { "?" };
    let uri = format!("https://{}{}{question}{}", call.host, call.path, call.query);
    let mut request = Request::new(call.body.clone());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri.parse().map_err(|_| broken(&format!("{uri:?} is no URL")))?;
    *request.headers_mut() = headers;
    let answer = api.send(&request).map_err(|why| {
        broken(&format!(
            "https response error StatusCode: 0, RequestID: , request send failed, {} {uri:?}: {why}",
            title_case(call.method.as_str())
        ))
    })?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(refused(call, &answer))
}

/// `POST` as Go's `url.Error` has it.
fn title_case(method: &str) -> String {
    let mut letters = method.chars();
    let first = letters.next().map(String::from).unwrap_or_default();
    first + &letters.as_str().to_ascii_lowercase()
}

/// What an answer refuses, read from XML or JSON.
fn refused(call: &Call<'_>, answer: &Response<Bytes>) -> Failed {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (code, message) = match serde_json::from_slice::<Value>(answer.body()) {
        Ok(body) => {
            let text = |names: [&str; 2]| names.iter().find_map(|name| body[*name].as_str()).unwrap_or_default();
            let code = text(["__type", "code"]).rsplit('#').next().unwrap_or_default().to_owned();
            (code, text(["message", "Message"]).to_owned())
        }
        Err(_) => {
            let root = Element::read(answer.body()).unwrap_or_default();
            let error = root.child("Error").unwrap_or(&root);
            // Route53 lists what is wrong with a batch.
            let listed: Vec<&str> = root.child("Messages").unwrap_or(&root).texts("Message").collect();
            let code = match (error.text("Code"), root.name.as_str()) {
                ("", name) => name.to_owned(),
                (code, _) => code.to_owned(),
            };
            let message = match error.text("Message") {
                "" => listed.join(", "),
                message => message.to_owned(),
            };
            (code, message)
        }
    };
    let id = [header("x-amzn-requestid"), header("x-amz-request-id")].into_iter().find(|id| !id.is_empty());
    // The SDK knows the types of errors that the service's model lists, and prints those without `api error`.
    let is_modelled = MODELLED.contains(&code.as_str());
    let api = if is_modelled { "" } else { "api error " };
    Failed {
        message: format!(
            "operation error {}: {}, https response error StatusCode: {}, RequestID: {}, {api}{code}: {message}",
            call.service.title(),
            call.operation,
            answer.status().as_u16(),
            id.unwrap_or_default()
        ),
        code,
    }
}

/// Errors that a service's model lists, as far as programs here meet them.
const MODELLED: [&str; 8] = [
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "InvalidKeyId",
    "InternalServerError",
    "NoSuchHostedZone",
    "InvalidChangeBatch",
    "NoSuchBucket",
    "NoSuchKey",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refusals_are_read_as_the_sdk_prints_them() {
        let answer = |body: &'static str| {
            let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
            *answer.status_mut() = http::StatusCode::FORBIDDEN;
            answer.headers_mut().insert("x-amzn-requestid", HeaderValue::from_static("r"));
            answer
        };
        let call = |service, operation| Call {
            service,
            operation,
            region: "us-east-1",
            method: Method::GET,
            host: "h",
            path: "/".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        };
        let cases = [
            (
                call(Service::Route53, "ListHostedZones"),
                "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                 <Message>User: a &amp; b</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                "operation error Route 53: ListHostedZones, https response error StatusCode: 403, RequestID: r, \
                 api error AccessDenied: User: a & b",
            ),
            (
                call(Service::Route53, "ChangeResourceRecordSets"),
                "<InvalidChangeBatch><Messages><Message>one</Message><Message>two</Message></Messages></InvalidChangeBatch>",
                "operation error Route 53: ChangeResourceRecordSets, https response error StatusCode: 403, RequestID: r, \
                 InvalidChangeBatch: one, two",
            ),
            (
                call(Service::Ssm, "GetParameter"),
                "{\"__type\": \"com.amazonaws.ssm#ParameterNotFound\"}",
                "operation error SSM: GetParameter, https response error StatusCode: 403, RequestID: r, ParameterNotFound: ",
            ),
        ];
        for (call, body, expected) in cases {
            assert_eq!(refused(&call, &answer(body)).message, expected);
        }
    }
}
