//! From a service's answer to what a guest may see: capped, unpacked, sealed, without echoes.

use std::io::Write;

use flate2::write::MultiGzDecoder;
use maps_engine::capability::Seal;
use maps_engine::value::SEALED_KEY;
use maps_engine::{Class, Problem, Value};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use serde_json::Value as Json;

use super::HttpResponse;
use super::echo::Echo;
use super::limits::{FREE_BYTES, HttpLimits};
use crate::scope::CallScope;

/// Reads the whole body, unpacked, within the limits. The caller bounds the time.
pub(in crate::capability) async fn read_body(
    response: &mut reqwest::Response,
    limits: &HttpLimits,
) -> Result<Vec<u8>, Problem> {
    let encodings: Vec<_> = response.headers().get_all(CONTENT_ENCODING).iter().cloned().collect();
    let packed = match encodings.as_slice() {
        [] => false,
        [one] if one.as_bytes().eq_ignore_ascii_case(b"gzip") => true,
        [one] if one.as_bytes().eq_ignore_ascii_case(b"identity") => false,
        // What cannot be unpacked cannot be searched for secrets.
        _ => {
            return Err(Problem::new(
                Class::Internal,
                "answer-encoding",
                "the answer is packed in a way that was not asked for",
            ));
        }
    };
    let mut wire = 0;
    let mut sink = Capped { body: Vec::new(), limit: limits.response_bytes };
    let mut decoder = packed.then(|| MultiGzDecoder::new(Capped { body: Vec::new(), limit: limits.response_bytes }));
    while let Some(chunk) = response.chunk().await.map_err(|error| crate::egress::problem(&error))? {
        wire += chunk.len();
        let written = match &mut decoder {
            Some(decoder) => decoder.write_all(&chunk).map(|()| decoder.get_ref().body.len()),
            None => sink.write_all(&chunk).map(|()| sink.body.len()),
        };
        let length = written.map_err(|error| unpacking(&error, limits))?;
        if packed && length > FREE_BYTES && length / limits.response_ratio.max(1) > wire {
            let message = format!("the answer becomes more than {} times larger by unpacking", limits.response_ratio);
            return Err(Problem::new(Class::Internal, "answer-expands", message));
        }
    }
    match decoder {
        Some(decoder) if wire > 0 => Ok(decoder.finish().map_err(|error| unpacking(&error, limits))?.body),
        _ => Ok(sink.body),
    }
}

fn unpacking(error: &std::io::Error, limits: &HttpLimits) -> Problem {
    if error.kind() == std::io::ErrorKind::FileTooLarge {
        let message = format!("the answer is larger than {} KiB", limits.response_bytes >> 10);
        return Problem::new(Class::Internal, "answer-size", message);
    }
    Problem::new(Class::Internal, "answer-encoding", "the answer is not the gzip that it says it is")
}

/// A buffer that takes so many bytes and not one more.
struct Capped {
    body: Vec<u8>,
    limit: usize,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.body.len() + bytes.len() > self.limit {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Headers that carry secrets, or that describe a body which the guest no longer gets as it was.
const WITHHELD: [&str; 9] = [
    "set-cookie",
    "set-cookie2",
    "authorization",
    "www-authenticate",
    "authentication-info",
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
];

/// What the guest sees of an answer.
pub(super) fn show(
    scope: &CallScope,
    seals: &Seal,
    echo: &Echo,
    status: u16,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> Result<HttpResponse, Problem> {
    let body = if body.is_empty() { body } else { seal(scope, seals, echo, body)? };
    let shown = headers.iter().filter(|(name, value)| {
        let withheld = WITHHELD.contains(&name.as_str()) || name.as_str().starts_with("proxy-");
        !withheld || (name.as_str() == "www-authenticate" && is_plain_challenge(value.as_bytes()))
    });
    // A value that is not text is of no use to anybody; a name or value that repeats a secret loses it.
    let shown = shown.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?)));
    let headers = shown.map(|(name, value)| (scrub(scope, echo, &name), scrub(scope, echo, value))).collect();
    Ok(HttpResponse { status, headers, body })
}

/// Challenges that say where and for what to get a token, as registries do, and nothing else: those of other schemes
/// carry tokens themselves.
fn is_plain_challenge(value: &[u8]) -> bool {
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"basic")
}

fn scrub(scope: &CallScope, echo: &Echo, text: &str) -> String {
    echo.scrub(&scope.scrub(text))
}

/// Seals what the rule says, then takes out what repeats a secret of this call.
fn seal(scope: &CallScope, seals: &Seal, echo: &Echo, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let pointers = match seals {
        Seal::Body => return seal_whole(scope, echo, body),
        Seal::At(pointers) => pointers,
    };
    let parsed = serde_json::from_slice::<Json>(&body).ok();
    match parsed {
        // Where the rule expects JSON and gets something else, it cannot say what is secret in it.
        None if !pointers.is_empty() => seal_whole(scope, echo, body),
        None => Ok(scrub_bytes(scope, echo, body)),
        Some(mut json) => {
            let before = json.clone();
            seal_places(scope, echo, seals, &mut json);
            // Doubled keys survive only in the text, so a body that seals is always written anew.
            if json == before && pointers.is_empty() {
                return Ok(scrub_bytes(scope, echo, body));
            }
            serde_json::to_vec(&json).map_err(|error| Problem::new(Class::Internal, "http-internal", error.to_string()))
        }
    }
}

/// Seals the places of a JSON value that are named, and whatever repeats a secret of this call.
pub(in crate::capability) fn seal_places(scope: &CallScope, echo: &Echo, seals: &Seal, json: &mut Json) {
    reseal(scope, echo, json);
    let Seal::At(pointers) = seals else { return };
    for pointer in pointers {
        pointer.for_each(json, &mut |place| {
            if !place.is_null() && !is_sealed(scope, place) {
                *place = sealed(scope, Value::from(place.take()));
            }
        });
    }
}

fn seal_whole(scope: &CallScope, echo: &Echo, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let text = String::from_utf8(body)
        .map_err(|_| Problem::new(Class::Internal, "answer-not-text", "the answer is to be sealed, and is not text"))?;
    // The credential is not the plugin's to keep, not even sealed.
    let json = sealed(scope, Value::String(echo.scrub(&text)));
    Ok(json.to_string().into_bytes())
}

/// The value behind a handle.
pub(in crate::capability) fn sealed(scope: &CallScope, value: Value) -> Json {
    let handle = scope.seals().mint(value);
    Json::Object([(SEALED_KEY.to_owned(), Json::String(handle))].into_iter().collect())
}

/// Is it a handle of this call? What only looks like one is a value that the service sent.
fn is_sealed(scope: &CallScope, json: &Json) -> bool {
    let object = json.as_object().filter(|object| object.len() == 1);
    let handle = object.and_then(|object| object.get(SEALED_KEY)?.as_str());
    handle.is_some_and(|handle| scope.seals().open(handle).is_some())
}

/// The credential is blotted out; a text that repeats a sealed secret becomes a sealed value.
pub(in crate::capability) fn reseal(scope: &CallScope, echo: &Echo, json: &mut Json) {
    match json {
        Json::String(text) => {
            if echo.is_in(text.as_bytes()) {
                *text = echo.scrub(text);
            }
            let repeats = scope.scrub(text) != *text;
            if repeats {
                *json = sealed(scope, Value::String(std::mem::take(text)));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| reseal(scope, echo, item)),
        Json::Object(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, mut item)| {
                    reseal(scope, echo, &mut item);
                    (scrub(scope, echo, &key), item)
                })
                .collect();
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn scrub_bytes(scope: &CallScope, echo: &Echo, body: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(body) {
        Ok(text) => scrub(scope, echo, &text).into_bytes(),
        Err(error) => {
            let body = error.into_bytes();
            let lossy = String::from_utf8_lossy(&body);
            // Binary that repeats a secret has no readable part worth saving.
            if echo.is_in(&body) || scope.scrub(&lossy) != lossy { Vec::new() } else { body }
        }
    }
}
