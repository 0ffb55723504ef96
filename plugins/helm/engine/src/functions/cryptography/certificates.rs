//! X.509 certificates, in the shape that Go's `crypto/x509` gives them.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::der::{self, Reader};
use super::keys::PrivateKey;
use super::pem;
use crate::context::Context;
use crate::function::Failure;
use crate::functions::dates::civil;
use crate::value::{Str, Value};

const COMMON_NAME_OID: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE_OID: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE_OID: &[u8] = &[0x55, 0x1d, 0x25];
const BASIC_CONSTRAINTS_OID: &[u8] = &[0x55, 0x1d, 0x13];
const SUBJECT_KEY_OID: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY_OID: &[u8] = &[0x55, 0x1d, 0x23];
const ALTERNATIVE_NAMES_OID: &[u8] = &[0x55, 0x1d, 0x11];
const SERVER_AUTHENTICATION_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTHENTICATION_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

const DAY: i64 = 24 * 60 * 60;

/// What a certificate is about.
pub(super) struct Subject {
    name: Vec<u8>,
    addresses: Vec<IpAddr>,
    hosts: Vec<Str>,
    days: i64,
    authority: bool,
}

impl Subject {
    /// A certificate authority.
    pub(super) fn authority(name: &[u8], days: i64) -> Self {
        Self { name: name.to_vec(), addresses: Vec::new(), hosts: Vec::new(), days, authority: true }
    }

    /// A server or client.
    pub(super) fn new(name: &[u8], addresses: &[Value], hosts: &[Value], days: i64) -> Result<Self, Failure> {
        let shown = |value: &Value| crate::format::print(value).map(|text| String::from_utf8_lossy(&text).into_owned());
        let mut subject = Self { authority: false, ..Self::authority(name, days) };
        for address in addresses {
            let Value::Str(text) = address else {
                return Err(format!("error parsing ip: {} is not a string", shown(address)?).into());
            };
            let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            subject.addresses.push(parsed.ok_or_else(|| format!("error parsing ip: {text}"))?);
        }
        for host in hosts {
            let Value::Str(text) = host else {
                return Err(format!("error processing alternate dns name: {} is not a string", shown(host)?).into());
            };
            subject.hosts.push(text.clone());
        }
        Ok(subject)
    }
}

/// Who signs: a certificate with its key.
pub(super) struct Issuer<'a> {
    /// The subject of the certificate, as it stands there.
    pub(super) name: &'a [u8],
    /// Its key's identifier, where it has one.
    pub(super) key_identifier: &'a [u8],
    pub(super) key: &'a PrivateKey,
}

/// The PEM of a certificate for `subject` and `key`; without an issuer it is signed with the key itself.
pub(super) fn create(
    context: &mut dyn Context,
    subject: &Subject,
    key: &PrivateKey,
    issuer: Option<&Issuer<'_>>,
) -> Result<Vec<u8>, Failure> {
    let (now, nanoseconds) = context.now()?;
    let mut serial = [0; 16];
    context.random(&mut serial)?;
    let signer = issuer.map_or(key, |issuer| issuer.key);
    let algorithm = signer.signature_algorithm()?;
    let public = key.public_info()?;
    let name = distinguished_name(&subject.name)?;
    let issuer_name = issuer.map_or(&name[..], |issuer| issuer.name);
    // Go makes a certificate that is signed by its own key once more the parent of itself: no authority's key then.
    let authority_key = match issuer {
        Some(issuer) if issuer.name != name => issuer.key_identifier,
        _ => &[],
    };
    let extensions = extensions(subject, &name, key, authority_key)?;
    let body = der::sequence(&[
        // Version 3.
        &der::value(0xa0, &der::integer(&[2])),
        &der::integer(&serial),
        &algorithm,
        issuer_name,
        &der::sequence(&[&time(now), &time(expiry(now, nanoseconds, subject.days))]),
        &name,
        &public,
        &der::value(0xa3, &extensions),
    ]);
    context.spend(body.len())?;
    let signature = signer.sign(context, &body)?;
    Ok(pem::encode("CERTIFICATE", &der::sequence(&[&body, &algorithm, &der::bits(&signature)])))
}

/// When a certificate of so many days ends. Go counts them in nanoseconds, which wrap beyond 292 years.
fn expiry(now: i64, nanoseconds: u32, days: i64) -> i64 {
    let span = days.wrapping_mul(DAY * 1_000_000_000);
    now.saturating_add((span + i64::from(nanoseconds)).div_euclid(1_000_000_000))
}

/// A name that is a common name alone, or nothing.
fn distinguished_name(name: &[u8]) -> Result<Vec<u8>, Failure> {
    if name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    if std::str::from_utf8(name).is_err() {
        return Err("error creating certificate: asn1: string not valid UTF-8".into());
    }
    let printable = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte));
    let text = der::value(if printable { 0x13 } else { 0x0c }, name);
    let attribute = der::sequence(&[&der::value(der::OID, COMMON_NAME_OID), &text]);
    Ok(der::sequence(&[&der::value(der::SET, &attribute)]))
}

/// A time of a certificate: with two digits of the year while that is enough.
fn time(seconds: i64) -> Vec<u8> {
    let at = civil(seconds);
    let rest = format!("{:02}{:02}{:02}{:02}{:02}Z", at.month, at.day, at.hour, at.minute, at.second);
    if (1950..2050).contains(&at.year) {
        der::value(0x17, format!("{:02}{rest}", at.year.rem_euclid(100)).as_bytes())
    } else {
        der::value(0x18, format!("{:04}{rest}", at.year).as_bytes())
    }
}

fn extensions(subject: &Subject, name: &[u8], key: &PrivateKey, authority_key: &[u8]) -> Result<Vec<u8>, Failure> {
    let extension = |identifier: &[u8], critical: bool, content: &[u8]| {
        let flag = if critical { der::value(0x01, &[0xff]) } else { Vec::new() };
        der::sequence(&[&der::value(der::OID, identifier), &flag, &der::value(der::OCTET_STRING, content)])
    };
    // Digital signature and key encipherment; for an authority the signing of certificates too.
    let usage: &[u8] = if subject.authority { &[2, 0xa4] } else { &[5, 0xa0] };
    let extended = der::sequence(&[
        &der::value(der::OID, SERVER_AUTHENTICATION_OID),
        &der::value(der::OID, CLIENT_AUTHENTICATION_OID),
    ]);
    let constraints = if subject.authority { der::value(0x01, &[0xff]) } else { Vec::new() };
    let mut written = vec![
        extension(KEY_USAGE_OID, true, &der::value(der::BIT_STRING, usage)),
        extension(EXTENDED_KEY_USAGE_OID, false, &extended),
        extension(BASIC_CONSTRAINTS_OID, true, &der::sequence(&[&constraints])),
    ];
    if subject.authority {
        let identifier = Sha256::digest(key.public());
        written.push(extension(SUBJECT_KEY_OID, false, &der::value(der::OCTET_STRING, &identifier[..20])));
    }
    if !authority_key.is_empty() {
        let content = der::sequence(&[&der::value(0x80, authority_key)]);
        written.push(extension(AUTHORITY_KEY_OID, false, &content));
    }
    if !subject.hosts.is_empty() || !subject.addresses.is_empty() {
        let mut names = Vec::new();
        for host in &subject.hosts {
            if !host.is_ascii() {
                let quoted = crate::format::quote::quote(host);
                let quoted = String::from_utf8_lossy(&quoted);
                return Err(
                    format!("error creating certificate: x509: {quoted} cannot be encoded as an IA5String").into()
                );
            }
            names.extend(der::value(0x82, host));
        }
        for address in &subject.addresses {
            // An IPv4 address is one, however it is written.
            names.extend(match address.to_canonical() {
                IpAddr::V4(address) => der::value(0x87, &address.octets()),
                IpAddr::V6(address) => der::value(0x87, &address.octets()),
            });
        }
        let unnamed = Reader::new(name).sequence().is_some_and(Reader::is_empty);
        written.push(extension(ALTERNATIVE_NAMES_OID, unnamed, &der::value(der::SEQUENCE, &names)));
    }
    Ok(der::value(der::SEQUENCE, &written.concat()))
}

/// What signing with a certificate needs to know of it.
pub(super) struct Parsed<'a> {
    /// Its subject, as it stands there.
    pub(super) subject: &'a [u8],
    /// Its `SubjectPublicKeyInfo`, as it stands there.
    pub(super) public_info: &'a [u8],
    /// The identifier of its key; empty where it has none.
    pub(super) key_identifier: &'a [u8],
}

/// Reads a certificate.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed<'_>, &'static str> {
    let malformed = "x509: malformed certificate";
    let mut reader = Reader::new(bytes);
    let mut certificate = reader.sequence().ok_or(malformed)?;
    if !reader.is_empty() {
        return Err("x509: trailing data");
    }
    let mut body = certificate.sequence().ok_or("x509: malformed tbs certificate")?;
    certificate.sequence().ok_or("x509: malformed algorithm identifier")?;
    certificate.bits().ok_or("x509: malformed signature")?;
    if body.peek() == Some(0xa0) {
        body.next();
    }
    body.expect(der::INTEGER).ok_or("x509: malformed serial number")?;
    body.sequence().ok_or("x509: malformed signature algorithm identifier")?;
    body.sequence().ok_or("x509: malformed issuer")?;
    body.sequence().ok_or("x509: malformed validity")?;
    let mut whole = |message: &'static str| match body.next() {
        Some((der::SEQUENCE, _, whole)) => Ok(whole),
        _ => Err(message),
    };
    let subject = whole("x509: malformed issuer")?;
    let public_info = whole("x509: malformed spki")?;
    let mut key_identifier: &[u8] = &[];
    while let Some((tag, content, _)) = body.next() {
        if tag != 0xa3 {
            continue;
        }
        let mut extensions = Reader::new(content).sequence().ok_or("x509: malformed extensions")?;
        while !extensions.is_empty() {
            let mut extension = extensions.sequence().ok_or("x509: malformed extension")?;
            let identifier = extension.expect(der::OID).ok_or("x509: malformed extension OID field")?;
            extension.expect(0x01);
            let content = extension.expect(der::OCTET_STRING).ok_or("x509: malformed extension value field")?;
            if identifier == SUBJECT_KEY_OID {
                let found = Reader::new(content).expect(der::OCTET_STRING);
                key_identifier = found.ok_or("x509: invalid subject key identifier")?;
            }
        }
    }
    Ok(Parsed { subject, public_info, key_identifier })
}
