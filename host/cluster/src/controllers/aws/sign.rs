//! Signature version 4.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::{AwsKey, Call, Service};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The `Authorization` of a call with these headers, `host` among them.
pub(super) fn authorization(key: &AwsKey, call: &Call<'_>, headers: &HeaderMap) -> String {
    let date = headers.get("x-amz-date").and_then(|date| date.to_str().ok()).unwrap_or_default();
    let day = date.get(..8).unwrap_or_default();
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    // S3 signs a path as it is sent; all others encode it once more.
    let path = match call.service {
        Service::S3 => call.path.clone(),
        _ => call.path.split('/').map(encode).collect::<Vec<_>>().join("/"),
    };
    let mut canonical = format!("{}\n{path}\n{}\n", call.method, query(&call.query));
    for name in &names {
        let value = headers.get(*name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let value: Vec<&str> = value.split_ascii_whitespace().collect();
        // Writing to a String cannot fail.
        let _ = writeln!(canonical, "{name}:{}", value.join(" "));
    }
    let signed = names.join(";");
    let _ = write!(canonical, "\n{signed}\n{}", digest(&call.body));
    let scope = format!("{day}/{}/{}/aws4_request", call.region, call.service.scope());
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", digest(canonical.as_bytes()));
    let first = mac(format!("AWS4{}", key.secret).as_bytes(), day.as_bytes());
    let parts = [call.region, call.service.scope(), "aws4_request"];
    let derived = parts.iter().fold(first, |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&derived, text.as_bytes()));
    format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}", key.id)
}

fn query(raw: &str) -> String {
    let pieces = raw.split('&').filter(|piece| !piece.is_empty());
    let plain = |text: &str| encode(&percent_decode_str(text).decode_utf8_lossy());
    let mut pairs: Vec<(String, String)> = pieces
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Everything but letters, digits and `-_.~` behind percent signs.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds since 1970 as `x-amz-date` has them.
pub(super) fn stamp(seconds: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (moment.date(), moment.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Method};

    use super::*;

    /// An example of AWS's documentation of S3 ("GET Bucket Lifecycle").
    #[test]
    fn the_example_of_aws_is_signed_as_it_says() {
        let key = AwsKey {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        let headers = HeaderMap::from_iter([
            (http::header::HOST, HeaderValue::from_static("examplebucket.s3.amazonaws.com")),
            (http::HeaderName::from_static("x-amz-date"), HeaderValue::from_static("20130524T000000Z")),
            (
                http::HeaderName::from_static("x-amz-content-sha256"),
                HeaderValue::from_static("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ),
        ]);
        let call = Call {
            service: Service::S3,
            operation: "",
            region: "us-east-1",
            method: Method::GET,
            host: "examplebucket.s3.amazonaws.com",
            path: "/".to_owned(),
            query: "lifecycle".to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        };
        let made = authorization(&key, &call, &headers);
        let signature = "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
        assert!(made.ends_with(signature), "{made}");
        assert_eq!(stamp(1_369_353_600), "20130524T000000Z");
    }
}
