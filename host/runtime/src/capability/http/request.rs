//! From what a guest asks for to a request that may be sent: checked, decided, secrets opened.

use std::collections::BTreeSet;

use maps_engine::capability::{
    AddressError, Decision, Effective, Facts, Half, HttpFacts, HttpScope, Place, Pointer, RequestUrl, Rule, Seal,
    decide,
};
use maps_engine::{Class, OpId, Problem, Value};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::limits::{HEADER_BYTES, HEADERS, REQUEST_BYTES};
use super::{HttpBody, HttpItem};
use crate::capability::outgoing::Refused;
use crate::scope::CallScope;

/// A call that a rule allows. What it holds may be sent, and only that.
pub(super) struct Allowed<'a> {
    pub(super) rule: &'a Rule,
    pub(super) http: &'a HttpScope,
    pub(super) url: RequestUrl,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    /// Indices of the batch's requests that it concerns.
    pub(super) steps: Vec<usize>,
    /// The operations that it serves; empty for a read.
    pub(super) ops: Vec<OpId>,
}

/// Holds a call against everything that can be known before it leaves.
pub(super) fn prepare<'a>(
    effective: &'a Effective,
    scope: &CallScope,
    half: Half,
    item: &HttpItem,
) -> Result<Allowed<'a>, Refused> {
    let request = &item.request;
    let url = RequestUrl::parse(&request.url).map_err(|error| Refused {
        problem: url_refused(&error).into(),
        summary: None,
        rule: None,
    })?;
    let what = || format!("{} {}", crate::printable::printable(&request.method, 16), url.summary());
    let early = |problem: Problem| Refused { problem: problem.into(), summary: Some(what()), rule: None };
    let (own, others): (Vec<_>, Vec<_>) =
        request.headers.iter().cloned().partition(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let headers = check_headers(&others).map_err(early)?;
    let bearer = own_bearer(scope, &own).map_err(early)?;
    let body = open_body(scope, &request.body).map_err(early)?;
    check_clear(scope, item, &others).map_err(early)?;
    let facts = Facts::Http(HttpFacts {
        half,
        operation: scope.operation.mutation(),
        method: &request.method,
        url: &url,
        credential: request.credential.as_deref(),
        body: body.as_ref(),
        items: &item.items,
    });
    let (rule, steps) = match decide(effective, &facts, &scope.steps) {
        Decision::Allow { rule: Some(rule), steps } => (rule, steps),
        Decision::Allow { rule: None, .. } => return Err(early(internal("an HTTP call was allowed without a rule"))),
        Decision::Deny(denial) => {
            let rule = denial.rule.clone();
            return Err(Refused { problem: Box::new(denial.into()), summary: Some(what()), rule });
        }
    };
    let late =
        |problem: Problem| Refused { problem: problem.into(), summary: Some(what()), rule: Some(rule.id.clone()) };
    let Some(http) = rule.http() else {
        return Err(late(internal("an HTTP call was allowed by a rule of another kind")));
    };
    let mut headers = headers;
    if let Some(token) = bearer {
        if !http.bearer || request.credential.is_some() {
            let message = format!("rule `{}` lets no plugin set the header `authorization`", rule.id);
            let help = "`bearer: true` in a rule lets the plugin send what a registry handed out, beside no credential";
            return Err(late(Problem::new(Class::Denied, "http-header", message).help(help)));
        }
        headers.insert("authorization", token);
    }
    let accepts_json = headers.get("accept").is_none_or(|accept| accept == "application/json");
    if matches!(&http.seal, Seal::At(places) if !places.is_empty()) && !accepts_json {
        let message = format!("rule `{}` seals places of a JSON answer, and another form is asked for", rule.id);
        let help = "leave the header `accept` out, or say `application/json`";
        return Err(late(Problem::new(Class::Denied, "http-accept", message).help(help)));
    }
    let body = match (body, &request.body) {
        (Some(value), _) => {
            check_sinks(rule, &http.sinks, &value).map_err(late)?;
            check_type(&headers).map_err(late)?;
            headers.entry("content-type").or_insert(HeaderValue::from_static("application/json"));
            // Written anew, so that the service reads what was decided on: without doubled keys.
            Some(serde_json::to_vec(&value.revealed()).map_err(|error| late(internal(&error.to_string())))?)
        }
        (None, HttpBody::Bytes(bytes)) => Some(bytes.clone()),
        (None, _) => None,
    };
    let ops = match half {
        Half::Read => Vec::new(),
        Half::Write => steps.iter().filter_map(|step| scope.steps.get(*step)?.op.clone()).collect(),
    };
    if half == Half::Write && ops.len() != steps.len() {
        return Err(late(internal("a write serves a request that is no operation")));
    }
    Ok(Allowed { rule, http, url, headers, body, steps, ops })
}

fn url_refused(error: &AddressError) -> Problem {
    Problem::new(Class::Denied, "http-url", format!("the URL is refused: {error}"))
        .help("write the URL in its plain form: lower-case host, no user, no fragment, no encoded separators")
}

fn internal(message: &str) -> Problem {
    Problem::new(Class::Internal, "http-internal", message)
}

/// Headers that frame the message, route it, carry credentials, or change its method.
const REFUSED: [&str; 30] = [
    "host",
    "authorization",
    "cookie",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "accept-encoding",
    // A part of an answer is not where the rule says that its secrets are.
    "range",
    "if-range",
    "forwarded",
    "via",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-method",
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-host",
    // S3 reads another object for it, which no rule has judged.
    "x-amz-copy-source",
    // The parts of a signature of AWS.
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];
/// Beginnings of further such headers.
const REFUSED_PREFIXES: [&str; 4] = ["proxy-", "x-forwarded-", "sec-", ":"];

fn check_headers(headers: &[(String, String)]) -> Result<HeaderMap, Problem> {
    let refuse = |message: String| {
        Err(Problem::new(Class::Denied, "http-header", message)
            .help("the host frames and authorises requests; leave such headers out"))
    };
    if headers.len() > HEADERS {
        return refuse(format!("more than {HEADERS} headers"));
    }
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let shown = crate::printable::printable(&lower, 64);
        // An underscore becomes a dash on the way to many servers.
        let dashed = lower.replace('_', "-");
        if REFUSED.contains(&dashed.as_str()) || REFUSED_PREFIXES.iter().any(|prefix| dashed.starts_with(prefix)) {
            return refuse(format!("a plugin cannot set the header `{shown}`"));
        }
        let parsed = (HeaderName::from_bytes(lower.as_bytes()), HeaderValue::from_str(value));
        let (Ok(parsed_name), Ok(parsed_value)) = parsed else {
            return refuse(format!("the header `{shown}` has a character that headers cannot have"));
        };
        if value.len() > HEADER_BYTES {
            return refuse(format!("the header `{shown}` is longer than {HEADER_BYTES} bytes"));
        }
        if checked.insert(parsed_name, parsed_value).is_some() {
            return refuse(format!("the header `{shown}` is set twice"));
        }
    }
    Ok(checked)
}

/// A bearer token of the plugin's own, such as a registry hands out: in clear, or the handle of a sealed one.
fn own_bearer(scope: &CallScope, headers: &[(String, String)]) -> Result<Option<HeaderValue>, Problem> {
    let refuse = |message: &str| {
        let help = "a plugin sends a bearer token that it was handed, where a rule says `bearer: true`; credentials are the host's";
        Err(Problem::new(Class::Denied, "http-header", message).help(help))
    };
    let [(_, value)] = headers else {
        return if headers.is_empty() { Ok(None) } else { refuse("the header `authorization` is set twice") };
    };
    let Some(token) = value.strip_prefix("Bearer ") else {
        return refuse("a plugin cannot set the header `authorization` but for a bearer token");
    };
    let seals = scope.seals();
    let opened = seals.open(token).map(|secret| secret.as_str().map(str::to_owned));
    let token = match opened {
        Some(Some(secret)) => secret,
        Some(None) => return refuse("a sealed value that is no text cannot be a bearer token"),
        None if seals.scrub(token) != token || seals.holds_handle(token) => return Err(secret_in_clear()),
        None => token.to_owned(),
    };
    // As RFC 6750 spells tokens; registries' are never longer than a header may be.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || token.len() > 2 * HEADER_BYTES || !token.bytes().all(plain) {
        return refuse("what is sent as a bearer token is none");
    }
    let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        return refuse("what is sent as a bearer token is none");
    };
    value.set_sensitive(true);
    Ok(Some(value))
}

/// What was judged as JSON must be read as JSON: as a form, the same bytes say something else.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get("content-type") else { return Ok(()) };
    let kind = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let (kind, parameter) = kind.split_once(';').map_or((kind.as_str(), ""), |(kind, rest)| (kind.trim(), rest.trim()));
    let of_aws = matches!(kind, "application/x-amz-json-1.0" | "application/x-amz-json-1.1");
    let is_json = kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json") || of_aws;
    if is_json && matches!(parameter, "" | "charset=utf-8") {
        return Ok(());
    }
    Err(Problem::new(Class::Denied, "http-content-type", "a JSON body is sent under a content type that is not JSON's")
        .help("leave the header out, or say `application/json` or `application/…+json`"))
}

/// The JSON body with its handles opened and marked as secrets.
fn open_body(scope: &CallScope, body: &HttpBody) -> Result<Option<Value>, Problem> {
    let length = match body {
        HttpBody::None => 0,
        HttpBody::Json(text) => text.len(),
        HttpBody::Bytes(bytes) => bytes.len(),
    };
    if length > REQUEST_BYTES {
        let message = format!("the body is larger than {} MiB", REQUEST_BYTES >> 20);
        return Err(Problem::new(Class::Denied, "http-body-size", message));
    }
    let HttpBody::Json(text) = body else { return Ok(None) };
    let json = serde_json::from_str(text)
        .map_err(|error| Problem::new(Class::Internal, "http-body-json", format!("the body is not JSON: {error}")))?;
    let value = scope.seals().from_guest(json).map_err(|why| {
        Problem::new(Class::Denied, "sealed-handle", format!("the body is refused: {why}"))
            .help("a sealed value is a whole value of the body, and its handle lives for one guest call")
    })?;
    if value.has_unknown() {
        return Err(Problem::new(Class::Internal, "http-body-unknown", "the body holds a value that is not known yet"));
    }
    Ok(Some(value))
}

/// Does anything but a JSON body repeat a secret, which only a guest with `reveal` could, or hold a handle?
fn check_clear(scope: &CallScope, item: &HttpItem, headers: &[(String, String)]) -> Result<(), Problem> {
    let request = &item.request;
    let mut texts = vec![request.url.clone(), request.method.clone()];
    if let Ok(url) = RequestUrl::parse(&request.url) {
        texts.extend(url.segments().iter().map(ToString::to_string));
        texts.extend(url.query().iter().flat_map(|(name, value)| [name.to_string(), value.to_string()]));
    }
    texts.extend(headers.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
    if let HttpBody::Bytes(bytes) = &request.body {
        texts.push(String::from_utf8_lossy(bytes).into_owned());
    }
    let seals = scope.seals();
    if texts.iter().any(|text| seals.scrub(text) != *text) {
        return Err(secret_in_clear());
    }
    if texts.iter().any(|text| seals.holds_handle(text)) {
        return Err(Problem::new(
            Class::Denied,
            "sealed-handle",
            "a handle stands in the URL, a header or a body that is not JSON",
        )
        .help("a sealed value is a whole value of a JSON body, at a place that the rule names under `sinks`"));
    }
    Ok(())
}

fn secret_in_clear() -> Problem {
    Problem::new(Class::Denied, "secret-in-clear", "the URL, a header or a body that is not JSON repeats a secret")
        .help("a secret is sent only as a sealed value, at a place of a JSON body that the rule names under `sinks`")
}

/// Every secret of a value that is sent must stand at a place that the rule names.
pub(in crate::capability) fn check_sinks(rule: &Rule, sinks: &BTreeSet<Pointer>, value: &Value) -> Result<(), Problem> {
    check_place(rule, sinks, value, &mut Vec::new())
}

fn check_place(rule: &Rule, sinks: &BTreeSet<Pointer>, value: &Value, place: &mut Vec<Place>) -> Result<(), Problem> {
    let mut inside = |step: Place, item: &Value| {
        place.push(step);
        let result = check_place(rule, sinks, item, place);
        place.pop();
        result
    };
    match value {
        Value::List(items) => items.iter().enumerate().try_for_each(|(at, item)| inside(Place::Index(at), item)),
        Value::Map(map) => map.iter().try_for_each(|(key, item)| inside(Place::Key(key.clone()), item)),
        Value::Secret(_) if !sinks.iter().any(|sink| sink.matches(place)) => {
            let at: String = place
                .iter()
                .map(|step| match step {
                    Place::Key(key) => format!("/{key}"),
                    Place::Index(index) => format!("/{index}"),
                })
                .collect();
            let at = crate::printable::printable(&at, 256);
            let message = format!("rule `{}` opens no sealed value at `{at}` of what is sent", rule.id);
            let help =
                format!("add `{at}` to `sinks` of rule `{}` of plugin.yaml, if the secret belongs there", rule.id);
            Err(Problem::new(Class::Denied, "sealed-elsewhere", message).help(help))
        }
        _ => Ok(()),
    }
}
