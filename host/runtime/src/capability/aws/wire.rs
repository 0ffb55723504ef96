//! From a call in the words of an API reference to the bytes that its service takes, and back.

use std::borrow::Cow;

use maps_engine::capability::{Action, Family};
use maps_engine::{Class, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::{route53, s3};
use crate::aws::Partition;

/// What a segment of a path or a value of a query leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const IAM_VERSION: &str = "2010-05-08";

/// A request that only lacks its signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) method: &'static str,
    /// Absolute, with its query.
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) body: Vec<u8>,
}

/// An answer as it came.
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The name of a service's host in a region, and with it what is signed.
pub(super) fn host(family: Family, region: &str) -> String {
    let partition = Partition::of(region);
    match family {
        Family::Ssm | Family::S3 => format!("{}.{region}.{}", family.name(), partition.domain()),
        // One for all regions of a partition.
        _ => partition.global(family.name()),
    }
}

/// The request of a call that passed its decision.
pub(super) fn request(
    family: Family,
    action: &Action,
    input: &Json,
    host: &str,
    region: &str,
) -> Result<Wire, Problem> {
    let Json::Object(input) = input else { return Err(malformed("the input is no object")) };
    match family {
        Family::Ssm => Ok(Wire {
            method: "POST",
            url: format!("https://{host}/"),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".into()),
                ("x-amz-target", format!("AmazonSSM.{}", action.name).into()),
            ],
            body: serde_json::to_vec(input).map_err(|error| malformed(&error.to_string()))?,
        }),
        Family::Iam => Ok(Wire {
            method: "POST",
            url: format!("https://{host}/"),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".into())],
            body: query_body(action, input).into_bytes(),
        }),
        Family::Route53 => route53::request(action, input, host),
        Family::S3 => s3::request(action, input, host, region),
        Family::Http | Family::Kube | Family::Files => Err(malformed(&format!("`{family}` has no actions"))),
    }
}

/// What an answer says, or the problem that it is.
pub(super) fn answer(family: Family, action: &Action, reply: &Reply<'_>) -> Result<Json, Problem> {
    let what = format!("{family} {}", action.name);
    let Ok(text) = std::str::from_utf8(reply.body) else { return Err(unreadable(&what, "it is not text")) };
    if !(200..300).contains(&reply.status) {
        let failure = match family {
            Family::Ssm => json_failure(reply, text),
            _ => xml_failure(reply, text),
        };
        return Err(failure.problem(&what));
    }
    match family {
        Family::Ssm if text.trim().is_empty() => Ok(json!({})),
        Family::Ssm => serde_json::from_str(text).map_err(|error| unreadable(&what, &error.to_string())),
        Family::Iam => query_answer(action, text).map_err(|why| unreadable(&what, &why)),
        Family::Route53 => route53::answer(text).map_err(|why| unreadable(&what, &why)),
        _ => s3::answer(action, reply, text).map_err(|why| unreadable(&what, &why)),
    }
}

pub(super) fn malformed(why: &str) -> Problem {
    Problem::new(Class::Invalid, "api-input", format!("the call cannot be written: {why}"))
}

fn unreadable(what: &str, why: &str) -> Problem {
    // It was carried out, and what came of it is not known.
    Problem::new(Class::Internal, "api-answer", format!("the answer to {what} cannot be read: {why}"))
}

/// A text as a segment of a path, or as a value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// A parameter that must be there, as a text.
pub(super) fn text<'a>(input: &'a Map<String, Json>, name: &str) -> Result<&'a str, Problem> {
    let text = input.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| malformed(&format!("`{name}` is missing")))
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(HeaderName::from_bytes(name.as_bytes()).ok()?).and_then(|value: &HeaderValue| value.to_str().ok())
}

/// The members of an input as IAM's form has them: `Tags.member.1.Key=…`.
fn query_body(action: &Action, input: &Map<String, Json>) -> String {
    let mut body = format!("Action={}&Version={IAM_VERSION}", action.name);
    for (name, value) in input {
        match value {
            // A policy document is a text on the wire.
            Json::Object(_) => push(&mut body, name, &value.to_string()),
            value => flatten(&mut body, name, value),
        }
    }
    body
}

fn flatten(body: &mut String, name: &str, value: &Json) {
    match value {
        Json::Null => {}
        Json::String(text) => push(body, name, text),
        Json::Array(items) => {
            items.iter().zip(1..).for_each(|(item, at)| flatten(body, &format!("{name}.member.{at}"), item));
        }
        Json::Object(fields) => fields.iter().for_each(|(key, value)| flatten(body, &format!("{name}.{key}"), value)),
        other => push(body, name, &other.to_string()),
    }
}

fn push(body: &mut String, name: &str, value: &str) {
    body.extend(["&", &encoded(name), "=", &encoded(value)]);
}

const IAM: super::xml::Forms = super::xml::Forms {
    wrapped: &[
        ("AccessKeyMetadata", "member"),
        ("PolicyNames", "member"),
        ("AttachedPolicies", "member"),
        ("Groups", "member"),
        ("Policies", "member"),
        ("Versions", "member"),
        ("Tags", "member"),
    ],
    flat: &[],
    numbers: &["AttachmentCount", "PermissionsBoundaryUsageCount"],
    truths: &["IsTruncated", "IsAttachable", "IsDefaultVersion"],
};

/// What is within `…Result`; policy documents, which stand there percent-encoded, as objects.
fn query_answer(action: &Action, text: &str) -> Result<Json, String> {
    let (_, root) = IAM.read(text)?;
    let mut result = match root {
        Json::Object(mut root) => root.remove(&format!("{}Result", action.name)).unwrap_or_else(|| json!({})),
        _ => json!({}),
    };
    if !result.is_object() {
        result = json!({});
    }
    for place in ["/PolicyDocument", "/PolicyVersion/Document"] {
        let Some(document) = result.pointer_mut(place) else { continue };
        let Some(text) = document.as_str() else { continue };
        let text = percent_decode_str(text).decode_utf8().map_err(|error| error.to_string())?;
        *document = serde_json::from_str(&text).map_err(|error| format!("a policy is no JSON: {error}"))?;
    }
    Ok(result)
}

fn retry_after_ms(reply: &Reply<'_>) -> Option<u64> {
    header(reply.headers, "retry-after")?.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1_000))
}

fn json_failure(reply: &Reply<'_>, text: &str) -> Failure {
    let told: Json = serde_json::from_str(text).unwrap_or_default();
    let of = |key: &str| told.get(key).and_then(Json::as_str);
    let code = of("__type").or_else(|| header(reply.headers, "x-amzn-errortype")).unwrap_or_default();
    // `com.amazon.coral.service#ThrottlingException`, `ThrottlingException:http://…`
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    Failure {
        status: reply.status,
        code: code.to_owned(),
        message: of("message").or_else(|| of("Message")).unwrap_or_default().to_owned(),
        request: header(reply.headers, "x-amzn-requestid").map(str::to_owned),
        retry_after_ms: retry_after_ms(reply),
    }
}

const ERRORS: super::xml::Forms =
    super::xml::Forms { wrapped: &[("Messages", "Message")], flat: &[], numbers: &[], truths: &[] };

fn xml_failure(reply: &Reply<'_>, text: &str) -> Failure {
    let (root, told) = ERRORS.read(text).unwrap_or_default();
    let error = told.get("Error").unwrap_or(&told);
    let of = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    // Route 53 may tell what is wrong with each change in a document of its own name.
    let messages = told.get("Messages").and_then(Json::as_array).map(|messages| {
        let texts: Vec<_> = messages.iter().filter_map(Json::as_str).collect();
        format!("[{}]", texts.join(", "))
    });
    let code = of(error, "Code").or_else(|| messages.is_some().then_some(root)).unwrap_or_default();
    let ids = ["x-amzn-requestid", "x-amz-request-id"].into_iter().find_map(|name| header(reply.headers, name));
    let request = of(&told, "RequestId").or_else(|| of(error, "RequestId")).or_else(|| ids.map(str::to_owned));
    // The answer to a HEAD has no body.
    let code = match (code.is_empty(), reply.status) {
        (true, 301) => "PermanentRedirect".to_owned(),
        (true, 403) => "AccessDenied".to_owned(),
        (true, 404) => "NoSuchBucket".to_owned(),
        _ => code,
    };
    Failure {
        status: reply.status,
        code,
        message: messages.or_else(|| of(error, "Message")).unwrap_or_default(),
        request,
        retry_after_ms: retry_after_ms(reply),
    }
}
