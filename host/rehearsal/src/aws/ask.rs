//! Calls that the cloud itself makes in somebody's name: what a controller in a cluster asks of AWS.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::sigv4;
use crate::clock::Now;
use crate::service::{Call, Service};
use crate::store::Transaction;

/// A key of AWS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    /// `AKIA…`
    pub(crate) id: &'a str,
    /// Its secret.
    pub(crate) secret: &'a str,
}

/// The value of a parameter, asked for with this key as anybody would: signed, and held against its user's
/// policies. Why not is said in the service's words.
pub(crate) fn parameter(
    ssm: &dyn Service,
    transaction: &mut Transaction<'_>,
    now: Now,
    key: Key<'_>,
    region: &str,
    name: &str,
) -> Result<String, String> {
    let mut headers = HeaderMap::new();
    let seconds = i64::try_from(now.real_ms / 1000).unwrap_or(i64::MAX);
    let date = HeaderValue::from_str(&sigv4::stamp(seconds)).map_err(|error| error.to_string())?;
    headers.insert("x-amz-date", date);
    headers.insert("x-amz-target", HeaderValue::from_static("AmazonSSM.GetParameter"));
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.1"));
    let mut call = Call {
        method: Method::POST,
        host: format!("ssm.{region}.amazonaws.com"),
        path: "/".to_owned(),
        raw_query: String::new(),
        query: Vec::new(),
        headers,
        body: Bytes::from(json!({"Name": name, "WithDecryption": true}).to_string()),
    };
    let authorization = sigv4::authorization(&call, (key.id, key.secret), region, "ssm");
    let authorization = HeaderValue::from_str(&authorization).map_err(|_| "the key is no key".to_owned())?;
    call.headers.insert("authorization", authorization);
    let answer = ssm.answer(&call, now, transaction);
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() {
        let value = body.pointer("/Parameter/Value").and_then(Value::as_str);
        return value.map(str::to_owned).ok_or_else(|| "the parameter has no value".to_owned());
    }
    let text = |names: [&str; 2]| names.iter().find_map(|name| body[name].as_str()).unwrap_or_default().to_owned();
    let kind = text(["__type", "code"]);
    let kind = kind.rsplit('#').next().unwrap_or_default();
    Err(format!("{kind}: {}", text(["message", "Message"])))
}
