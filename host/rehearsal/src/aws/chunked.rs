//! `aws-chunked` bodies: sizes, chunk signatures, and trailers with checksums.

use super::protocol::Protocol;
use super::refusal::Refusal;
use super::sigv4::{self, Denied, Verified};
use crate::service::Call;

/// A body as it was meant, with the trailer's headers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unwrapped {
    pub(super) body: Vec<u8>,
    pub(super) trailer: Vec<(String, String)>,
}

/// How a body is framed, by `x-amz-content-sha256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Framing {
    signed: bool,
    trailer: bool,
}

impl Framing {
    fn of(digest: &str) -> Option<Self> {
        match digest {
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Self { signed: true, trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(Self { signed: true, trailer: true }),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Self { signed: false, trailer: true }),
            _ => None,
        }
    }
}

/// The body behind its framing; one that has none is as it is.
pub(super) fn unwrap(call: &Call, verified: &Verified) -> Result<Unwrapped, Refusal> {
    let digest = call.header("x-amz-content-sha256").unwrap_or_default();
    if !digest.starts_with("STREAMING-") {
        return Ok(Unwrapped { body: call.body.to_vec(), trailer: Vec::new() });
    }
    let framing = Framing::of(digest).ok_or_else(|| Refusal::not_played(digest))?;
    let unwrapped = read(&call.body, framing, verified)?;
    let length: Option<usize> = call.header("x-amz-decoded-content-length").and_then(|length| length.parse().ok());
    match length {
        Some(length) if length == unwrapped.body.len() => Ok(unwrapped),
        Some(_) => Err(incomplete()),
        None => Err(Refusal::new(
            http::StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        )),
    }
}

fn read(mut rest: &[u8], framing: Framing, verified: &Verified) -> Result<Unwrapped, Refusal> {
    let mut unwrapped = Unwrapped::default();
    let mut signature = verified.signature.clone();
    loop {
        let line = line(&mut rest)?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = usize::from_str_radix(size, 16).map_err(|_| incomplete())?;
        let chunk = rest.get(..size).ok_or_else(incomplete)?;
        rest = &rest[size..];
        if framing.signed {
            let given = extension.strip_prefix("chunk-signature=").unwrap_or_default();
            let text = format!("{}\n{}\n{}", signature, sigv4::digest(b""), sigv4::digest(chunk));
            signature = sign(verified, "PAYLOAD", &text);
            matches(given, &signature)?;
        }
        unwrapped.body.extend_from_slice(chunk);
        if size == 0 {
            break;
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(incomplete)?;
    }
    if framing.trailer {
        unwrapped.trailer = trailer(rest, framing, verified, &signature)?;
    }
    Ok(unwrapped)
}

fn trailer(
    mut rest: &[u8],
    framing: Framing,
    verified: &Verified,
    previous: &str,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut headers = Vec::new();
    let mut given = None;
    while !rest.is_empty() {
        let text = line(&mut rest)?;
        match text.split_once(':') {
            Some(("x-amz-trailer-signature", value)) => given = Some(value.trim().to_owned()),
            Some((name, value)) => headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned())),
            None if text.is_empty() => {}
            None => return Err(incomplete()),
        }
    }
    if framing.signed {
        let canonical: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let text = format!("{previous}\n{}", sigv4::digest(canonical.as_bytes()));
        matches(&given.unwrap_or_default(), &sign(verified, "TRAILER", &text))?;
    }
    Ok(headers)
}

fn sign(verified: &Verified, what: &str, rest: &str) -> String {
    let text = format!("AWS4-HMAC-SHA256-{what}\n{}\n{}\n{rest}", verified.date, verified.scope);
    sigv4::hex(&sigv4::hmac(&verified.key, text.as_bytes()))
}

fn matches(given: &str, computed: &str) -> Result<(), Refusal> {
    if given == computed { Ok(()) } else { Err(Protocol::S3.denied(Denied::Mismatch)) }
}

fn line<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Refusal> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or_else(incomplete)?;
    let line = std::str::from_utf8(&rest[..end]).map_err(|_| incomplete())?;
    *rest = &rest[end + 2..];
    Ok(line)
}

fn incomplete() -> Refusal {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Refusal::bad("IncompleteBody", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// The example of AWS's "Transferring payload in multiple chunks".
    fn example() -> (Verified, Vec<u8>) {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in ["20130524", "us-east-1", "s3", "aws4_request"] {
            key = sigv4::hmac(&key, part.as_bytes());
        }
        let verified = Verified {
            key,
            scope: "20130524/us-east-1/s3/aws4_request".to_owned(),
            date: "20130524T000000Z".to_owned(),
            signature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9".to_owned(),
        };
        let mut body = Vec::new();
        for (size, signature) in [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ] {
            body.extend(format!("{size:x};chunk-signature={signature}\r\n").into_bytes());
            body.extend(vec![b'a'; size]);
            body.extend(b"\r\n");
        }
        (verified, body)
    }

    const SIGNED: Framing = Framing { signed: true, trailer: false };

    #[test]
    fn the_documented_example_is_taken_and_a_changed_byte_is_not() {
        let (verified, mut body) = example();
        assert_eq!(read(&body, SIGNED, &verified).unwrap().body, vec![b'a'; 66_560]);
        body[100] = b'b';
        assert_eq!(read(&body, SIGNED, &verified).unwrap_err().code, "SignatureDoesNotMatch");
    }

    #[test]
    fn a_trailer_is_read_and_a_body_that_breaks_off_is_refused() {
        let (verified, _) = example();
        let framing = Framing { signed: false, trailer: true };
        let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let read_back = read(body, framing, &verified).unwrap();
        assert_eq!(read_back.body, b"hello");
        assert_eq!(read_back.trailer, [("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())]);
        for end in [0, 1, 4, 8, 11] {
            assert_eq!(read(&body[..end], framing, &verified).unwrap_err().code, "IncompleteBody", "{end}");
        }
    }
}
