//! Signature Version 4, in headers.

use std::borrow::Cow;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use maps_engine::{Class, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use reqwest::header::{ACCEPT_ENCODING, HeaderName, HeaderValue};

use super::Keys;

/// Services that read a path as it was meant, and demand the body's digest as a header.
const LIKE_S3: [&str; 3] = ["s3", "s3-object-lambda", "s3-outposts"];
/// What a canonical request leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Signs a request that is otherwise ready to be sent, `body` being what it will carry. Its URL is
/// respelled where services would read it differently from what was signed; it means the same.
///
/// # Errors
/// When a header's value is not text, or the keys have characters that no header can have.
pub(crate) fn sign(
    request: &mut reqwest::Request,
    body: &[u8],
    service: &str,
    region: &str,
    keys: &Keys,
) -> Result<(), Problem> {
    sign_at(request, body, service, region, keys, SystemTime::now())
}

/// The same, at a given moment.
fn sign_at(
    request: &mut reqwest::Request,
    body: &[u8],
    service: &str,
    region: &str,
    keys: &Keys,
    time: SystemTime,
) -> Result<(), Problem> {
    let like_s3 = LIKE_S3.contains(&service);
    respell(request.url_mut(), like_s3);
    let mut settings = SigningSettings::default();
    // What proxies rewrite cannot be signed.
    settings.excluded_headers.get_or_insert_default().push(Cow::Borrowed(ACCEPT_ENCODING.as_str()));
    if like_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let token = keys.session_token().map(str::to_owned);
    let identity = Credentials::new(keys.access_key_id(), keys.secret_access_key(), token, None, "maps").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| unsigned(&error.to_string()))?
        .into();
    let texts = request.headers().iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let texts: Option<Vec<_>> = texts.collect();
    let texts = texts.ok_or_else(|| unsigned("a header is not text"))?;
    let url = request.url().as_str();
    let signable = SignableRequest::new(request.method().as_str(), url, texts.into_iter(), SignableBody::Bytes(body));
    // Its own words may repeat what cannot be a header: the token.
    let signed = signable.and_then(|signable| aws_sigv4::http_request::sign(signable, &parameters));
    let (instructions, _) =
        signed.map_err(|_| unsigned("the URL, a header or the keys cannot be signed"))?.into_parts();
    for (name, value) in instructions.headers() {
        let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
            return Err(unsigned("the keys have a character that headers cannot have"));
        };
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

fn unsigned(why: &str) -> Problem {
    Problem::new(Class::Invalid, "aws-unsigned", format!("the request cannot be signed for AWS: {why}"))
        .help("check the access key: its parts are single words of ASCII characters")
}

/// One spelling for what has several: `+` in a query is a space to some and a plus to others, and
/// services like S3 sign each character of a path in one spelling only.
fn respell(url: &mut reqwest::Url, path: bool) {
    if let Some(query) = url.query().filter(|query| query.contains('+')) {
        let query = query.replace('+', "%20");
        url.set_query(Some(&query));
    }
    if path {
        let encode = |segment| {
            let bytes: Vec<u8> = percent_decode_str(segment).collect();
            percent_encode(&bytes, UNRESERVED).to_string()
        };
        let path: Vec<String> = url.path().split('/').map(encode).collect();
        url.set_path(&path.join("/"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::time::Duration;

    use reqwest::{Method, Request, Url};

    use super::*;

    /// Seconds since 1970 of the moments at which AWS's examples were signed.
    const SUITE: u64 = 1_440_938_160;
    const S3: u64 = 1_369_353_600;

    fn request(method: Method, url: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::new(method, Url::parse(url).unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        request
    }

    #[track_caller]
    fn signed(mut request: Request, body: &[u8], service: &str, keys: &Keys, second: u64) -> (Request, String) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        sign_at(&mut request, body, service, "us-east-1", keys, time).unwrap();
        let authorization = &request.headers()["authorization"];
        assert!(authorization.is_sensitive());
        let (_, signature) = authorization.to_str().unwrap().rsplit_once("Signature=").unwrap();
        let signature = signature.to_owned();
        (request, signature)
    }

    #[test]
    fn it_signs_as_in_the_published_test_suite() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        let cases = [
            (Method::GET, "/", None, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                Method::GET,
                "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                None,
                "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ),
            (Method::POST, "/?Param1=value1", None, "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
            (Method::GET, "/", Some(token), "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
        ];
        for (method, path, token, expected) in cases {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let keys = Keys::new("AKIDEXAMPLE".to_owned(), secret.to_owned(), token.map(str::to_owned));
            let plain =
                request(method, &format!("https://example.amazonaws.com{path}"), &[("accept-encoding", "gzip")]);
            let (request, signature) = signed(plain, b"", "service", &keys, SUITE);
            assert_eq!(signature, expected, "{path}");
            let sent = request.headers().get("x-amz-security-token");
            assert_eq!(sent.map(|sent| sent.to_str().unwrap()), token);
            assert!(sent.is_none_or(HeaderValue::is_sensitive) && !format!("{keys:?}").contains(secret));
        }
    }

    #[test]
    fn a_path_is_encoded_once_more_for_all_but_s3() {
        let keys = Keys::new("ANOTREAL".to_owned(), "notrealrnrELgWzOk3IfjzDKtFBhDby".to_owned(), None);
        let url = "https://tj9n5r0m12.execute-api.us-east-1.amazonaws.com/test/@connections/JBDvjfGEIAMCERw%3D";
        let (request, signature) = signed(request(Method::POST, url, &[]), b"", "service", &keys, SUITE);
        assert_eq!(signature, "57d157672191bac40bae387e48bbe14b15303c001fdbb01f4abf295dccb09705");
        assert_eq!(request.url().as_str(), url);
    }

    #[test]
    fn it_signs_as_in_the_documentation_of_s3() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned();
        let keys = Keys::new("AKIAIOSFODNN7EXAMPLE".to_owned(), secret, None);
        let at = |path: &str| format!("https://examplebucket.s3.amazonaws.com{path}");
        let (_, signature) = signed(request(Method::GET, &at("/?lifecycle"), &[]), b"", "s3", &keys, S3);
        assert_eq!(signature, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        let (_, signature) = signed(request(Method::GET, &at("/?max-keys=2&prefix=J"), &[]), b"", "s3", &keys, S3);
        assert_eq!(signature, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
        // A `$`, which URLs may leave as it is and S3 signs encoded.
        let headers = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        let put = request(Method::PUT, &at("/test$file.text"), &headers);
        let (request, signature) = signed(put, b"Welcome to Amazon S3.", "s3", &keys, S3);
        assert_eq!(signature, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        assert_eq!(request.url().path(), "/test%24file.text");
        let digest = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        assert_eq!(request.headers()["x-amz-content-sha256"], digest);
    }

    #[test]
    fn a_space_has_one_spelling() {
        let mut request = request(Method::GET, "https://sts.amazonaws.com/?a=x+y&b=%2B", &[]);
        let keys = Keys::new("AKIDEXAMPLE".to_owned(), "secret".to_owned(), None);
        sign(&mut request, b"", "sts", "us-east-1", &keys).unwrap();
        assert_eq!(request.url().query(), Some("a=x%20y&b=%2B"));
    }

    #[test]
    fn keys_that_no_header_can_carry_are_told_without_being_shown() {
        let mut request = request(Method::GET, "https://sts.amazonaws.com/", &[]);
        let keys = Keys::new("AKIDEXAMPLE".to_owned(), "secret".to_owned(), Some("tok\nen".to_owned()));
        let problem = sign(&mut request, b"", "sts", "us-east-1", &keys).unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Invalid, "aws-unsigned"));
        assert!(!problem.message.contains("tok"), "{}", problem.message);
        assert!(request.headers().is_empty());
    }
}
