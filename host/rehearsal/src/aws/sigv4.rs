//! Signature Version 4, verified strictly: scope, date, every signed header, and the payload's digest.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::clock::Now;
use crate::service::Call;

/// What stays as it is in a canonical request.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's date may be from the clock; S3 has more patience than the others.
const SKEW_MINUTES: i64 = 5;
const S3_SKEW_MINUTES: i64 = 15;
/// The longest life of a presigned URL.
const PRESIGNED_SECONDS: i64 = 7 * 24 * 3600;

/// Why a request is not authentic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no signature at all.
    Missing,
    /// The signature's parts are not all there.
    Incomplete(String),
    /// No such access key, or one that is inactive.
    UnknownKey(String),
    /// The session token does not belong to the key.
    Token,
    /// The session is over.
    Expired,
    /// Another secret, or other content, was signed.
    Mismatch,
    /// The date is too far from the clock.
    Skewed {
        /// In AWS's words.
        why: String,
    },
    /// A presigned URL is too old.
    Stale,
    /// A header that has to be signed is not.
    Unsigned(String),
    /// The scope is of another region.
    Region {
        /// What was signed for.
        given: String,
        /// What the endpoint is.
        wanted: String,
    },
    /// The body is not the one whose digest was signed.
    Payload,
}

/// How a service builds what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The path encoded once more, the digest computed.
    Plain,
    /// The path as it is, the digest as a header says.
    S3,
}

/// The parts of a signature as the request brings them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) key: String,
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
    headers: Vec<String>,
    pub(super) signature: String,
    pub(super) date: String,
    pub(super) token: Option<String>,
    /// The seconds that a presigned URL lives.
    expires: Option<i64>,
}

/// A signature that was found right; chunks of a body are signed with the same key.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) key: Vec<u8>,
    pub(super) scope: String,
    pub(super) date: String,
    pub(super) signature: String,
}

impl Signature {
    /// Reads the header, or the query of a presigned URL.
    pub(super) fn read(call: &Call) -> Result<Self, Denied> {
        match call.header("authorization") {
            Some(header) => Self::of_header(call, header),
            None if call.query("X-Amz-Algorithm").is_some() => Self::of_query(call),
            None => Err(Denied::Missing),
        }
    }

    fn of_header(call: &Call, header: &str) -> Result<Self, Denied> {
        let incomplete = |what: &str| Denied::Incomplete(format!("Authorization header requires {what}."));
        let Some(rest) = header.strip_prefix(ALGORITHM) else {
            return Err(Denied::Incomplete(format!("Unsupported Authorization type: only {ALGORITHM} is taken.")));
        };
        let part = |name: &str| {
            let mut parts = rest.split(',').filter_map(|part| part.trim().split_once('='));
            parts.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let credential = part("Credential").ok_or(incomplete("'Credential' parameter"))?;
        let headers = part("SignedHeaders").ok_or(incomplete("'SignedHeaders' parameter"))?;
        let signature = part("Signature").ok_or(incomplete("'Signature' parameter"))?;
        let date = call.header("x-amz-date").ok_or(incomplete("existence of an 'X-Amz-Date' header"))?;
        let token = call.header("x-amz-security-token").map(str::to_owned);
        Self::of_parts(credential, headers, signature, date, token, None)
    }

    fn of_query(call: &Call) -> Result<Self, Denied> {
        let part = |name: &str| {
            call.query(name).ok_or(Denied::Incomplete(format!("Query-string authentication requires {name}.")))
        };
        if part("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Denied::Incomplete(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"")));
        }
        let expires = part("X-Amz-Expires")?.parse().ok().filter(|seconds| (1..=PRESIGNED_SECONDS).contains(seconds));
        let expires = expires.ok_or(Denied::Incomplete("X-Amz-Expires must be less than a week.".to_owned()))?;
        let token = call.query("X-Amz-Security-Token").map(str::to_owned);
        let headers = part("X-Amz-SignedHeaders")?;
        let (credential, signature) = (part("X-Amz-Credential")?, part("X-Amz-Signature")?);
        Self::of_parts(credential, headers, signature, part("X-Amz-Date")?, token, Some(expires))
    }

    fn of_parts(
        credential: &str,
        headers: &str,
        signature: &str,
        date: &str,
        token: Option<String>,
        expires: Option<i64>,
    ) -> Result<Self, Denied> {
        let mut parts = credential.split('/');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (key, day, region, service, end) = (next(), next(), next(), next(), next());
        if end != "aws4_request" || parts.next().is_some() || key.is_empty() {
            let why = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
            return Err(Denied::Incomplete(format!("{why}, got '{credential}'")));
        }
        let headers = headers.split(';').map(str::to_owned).collect();
        let (signature, date) = (signature.to_owned(), date.to_owned());
        Ok(Self { key, day, region, service, headers, signature, date, token, expires })
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day, self.region, self.service)
    }

    /// Holds the signature against a secret.
    pub(super) fn verify(&self, call: &Call, secret: &str, style: Style, now: Now) -> Result<Verified, Denied> {
        self.check_date(style, now)?;
        self.check_headers(call)?;
        let payload = self.payload(call, style)?;
        let request = self.canonical(call, style, &payload);
        let text = format!("{ALGORITHM}\n{}\n{}\n{}", self.date, self.scope(), digest(request.as_bytes()));
        let key = signing_key(secret, &self.day, &self.region, &self.service);
        if hex(&hmac(&key, text.as_bytes())) != self.signature {
            return Err(Denied::Mismatch);
        }
        Ok(Verified { key, scope: self.scope(), date: self.date.clone(), signature: self.signature.clone() })
    }

    fn check_date(&self, style: Style, now: Now) -> Result<(), Denied> {
        let when = PrimitiveDateTime::parse(&self.date, DATE).map_err(|_| {
            Denied::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{}'.", self.date))
        })?;
        if !self.date.starts_with(&self.day) || self.day.len() != 8 {
            return Err(Denied::Mismatch);
        }
        let signed = when.assume_utc().unix_timestamp();
        let clock = i64::try_from(now.real_ms / 1000).unwrap_or(i64::MAX);
        if let Some(seconds) = self.expires {
            let fresh = clock < signed.saturating_add(seconds) && signed - clock < S3_SKEW_MINUTES * 60;
            return if fresh { Ok(()) } else { Err(Denied::Stale) };
        }
        let minutes = if style == Style::S3 { S3_SKEW_MINUTES } else { SKEW_MINUTES };
        let (given, limit, clock_text) = (&self.date, minutes * 60, stamp(clock));
        if signed < clock.saturating_sub(limit) {
            let edge = stamp(clock - limit);
            let why = format!("Signature expired: {given} is now earlier than {edge} ({clock_text} - {minutes} min.)");
            return Err(Denied::Skewed { why });
        }
        if signed > clock.saturating_add(limit) {
            let edge = stamp(clock + limit);
            let why = format!(
                "Signature not yet current: {given} is still later than {edge} ({clock_text} + {minutes} min.)"
            );
            return Err(Denied::Skewed { why });
        }
        Ok(())
    }

    /// The host, and every header of Amazon's own, has to be signed.
    fn check_headers(&self, call: &Call) -> Result<(), Denied> {
        let signed = |name: &str| self.headers.iter().any(|known| known == name);
        if !signed("host") {
            return Err(Denied::Incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
        }
        let mut own = call.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        match own.find(|name| !signed(name)) {
            Some(name) => Err(Denied::Unsigned(name.to_owned())),
            None => Ok(()),
        }
    }

    /// What stands for the payload in what is signed.
    fn payload(&self, call: &Call, style: Style) -> Result<String, Denied> {
        let given = call.header("x-amz-content-sha256");
        let computed = || digest(&call.body);
        match (style, given) {
            (Style::S3, Some(given)) if given.starts_with("STREAMING-") || given == "UNSIGNED-PAYLOAD" => {
                Ok(given.to_owned())
            }
            (Style::S3, None) if self.expires.is_some() => Ok("UNSIGNED-PAYLOAD".to_owned()),
            (Style::S3, None) => {
                Err(Denied::Incomplete("Missing required header for this request: x-amz-content-sha256".to_owned()))
            }
            (Style::S3, Some(given)) if given != computed() => Err(Denied::Payload),
            _ => Ok(computed()),
        }
    }

    fn canonical(&self, call: &Call, style: Style, payload: &str) -> String {
        let path = match style {
            Style::S3 => encode_path(&decode(&call.path)),
            Style::Plain => encode_path(&call.path),
        };
        let mut text = format!("{}\n{path}\n{}\n", call.method, canonical_query(&call.raw_query));
        for name in &self.headers {
            let value = if name == "host" { call.host.clone() } else { header_values(call, name) };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}:{value}");
        }
        text.push_str(&format!("\n{}\n{payload}", self.headers.join(";")));
        text
    }
}

fn header_values(call: &Call, name: &str) -> String {
    let values = call.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let values: Vec<String> = values.map(|v| v.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
    values.join(",")
}

fn canonical_query(raw: &str) -> String {
    let pieces = raw.split('&').filter(|piece| !piece.is_empty());
    let mut pairs: Vec<(String, String)> = pieces
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| (encode(&decode(name)), encode(&decode(value))))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The bytes behind percent signs, as text.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Everything but letters, digits and `-_.~` behind percent signs.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> Vec<u8> {
    let first = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    [region, service, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part.as_bytes()))
}

/// HMAC-SHA256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key longer than a block is hashed first, as HMAC says.
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A moment as `x-amz-date` has it.
pub(super) fn stamp(seconds: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    moment.format(DATE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sorted_and_encoded_once() {
        assert_eq!(canonical_query("b=2&a=%7E%2F+x&list-type&X-Amz-Signature=s"), "a=~%2F%2Bx&b=2&list-type=");
        assert_eq!(canonical_query(""), "");
    }

    #[test]
    fn the_key_is_derived_as_in_the_documentation() {
        // The example of AWS's "Deriving the signing key".
        let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam");
        assert_eq!(hex(&key), "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    }

    #[test]
    fn a_long_key_is_hashed_first() {
        // RFC 4231, test case 6.
        let mac = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
