//! Where a list goes on: the token that a page ends with, in upstream's form.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::json;

use crate::decode;
use crate::status::Refusal;

/// As Go's `RawURLEncoding`: bits that are left over are not looked at.
const ENCODING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The form that is known.
const VERSION: &str = "meta.k8s.io/v1";

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Continuation {
    /// The revision of its first page; `None` for the latest.
    pub(super) revision: Option<u64>,
    /// The key of the last object of the page before.
    pub(super) start: String,
}

impl Continuation {
    /// The token after a page.
    pub(super) fn token(revision: u64, last: &str) -> String {
        ENCODING.encode(json!({"v": VERSION, "rv": revision, "start": format!("{last}\u{0}")}).to_string())
    }

    /// Reads a token.
    pub(super) fn read(token: &str) -> Result<Self, Refusal> {
        read(token)
            .map_err(|why| Refusal::bad_request(format!("invalid continue token: continue key is not valid{why}")))
    }
}

fn read(token: &str) -> Result<Continuation, String> {
    if let Some(at) = corrupt(token) {
        return Err(format!(": illegal base64 data at input byte {at}"));
    }
    let plain: String = token.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = ENCODING.decode(plain).map_err(|error| format!(": {error}"))?;
    let token = decode::json(&bytes).map_err(|why| format!(": {why}"))?.value;
    match token["v"].as_str().unwrap_or_default() {
        VERSION => {}
        other => return Err(format!(": server does not recognize this encoded version {other}")),
    }
    let revision = token["rv"].as_i64().unwrap_or_default();
    if revision == 0 {
        return Err(format!(": incorrect encoded start resourceVersion (version {VERSION})"));
    }
    let start = token["start"].as_str().unwrap_or_default();
    if start.is_empty() {
        return Err(format!(": encoded start key empty (version {VERSION})"));
    }
    // Nobody is led to other objects than those that were listed.
    if start.strip_prefix('/').unwrap_or(start).split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(format!(": {start}"));
    }
    let start = start.trim_start_matches('/').trim_end_matches('\u{0}').to_owned();
    Ok(Continuation { revision: u64::try_from(revision).ok(), start })
}

/// The byte at which Go finds that this is no base64.
fn corrupt(token: &str) -> Option<usize> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'\r' | b'\n');
    let length = token.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).count();
    let unknown = token.bytes().position(|byte| !known(byte));
    unknown.or_else(|| (length % 4 == 1).then(|| token.len() - 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_no_token_is_told_as_the_server_tells_it() {
        let encoded = |token: Value| ENCODING.encode(token.to_string());
        let cases = [
            ("not a token".to_owned(), ": illegal base64 data at input byte 3"),
            ("abcde".to_owned(), ": illegal base64 data at input byte 4"),
            ("abc=".to_owned(), ": illegal base64 data at input byte 3"),
            ("abc".to_owned(), ": invalid character 'i' looking for beginning of value"),
            (encoded(json!({"v": "v0"})), ": server does not recognize this encoded version v0"),
            (
                encoded(json!({"v": VERSION, "start": "a"})),
                ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (encoded(json!({"v": VERSION, "rv": 1})), ": encoded start key empty (version meta.k8s.io/v1)"),
            (encoded(json!({"v": VERSION, "rv": 1, "start": "../a"})), ": ../a"),
        ];
        for (token, expect) in cases {
            let expect = format!("invalid continue token: continue key is not valid{expect}");
            assert_eq!(Continuation::read(&token).unwrap_err().message, expect, "{token}");
        }
        let expect = Continuation { revision: Some(7), start: "a/b".to_owned() };
        assert_eq!(Continuation::read(&Continuation::token(7, "a/b")).unwrap(), expect);
        let latest = encoded(json!({"v": VERSION, "rv": -1, "start": "a\u{0}"}));
        assert_eq!(Continuation::read(&latest).unwrap().revision, None);
    }
}
