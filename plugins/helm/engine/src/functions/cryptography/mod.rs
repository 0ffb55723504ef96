//! Sums, passwords, ciphers, keys and certificates.

mod certificates;
mod cipher;
mod der;
mod generator;
mod keys;
mod object;
mod passwords;
mod pem;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use self::certificates::{Issuer, Subject};
use self::keys::PrivateKey;
use self::object::Certificate;
use super::arguments::{int, text};
use super::encoding::base64_decode;
use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::Value;

const STR: Parameter = Parameter::Str;
const LIST: Parameter = Parameter::List;
const CERTIFICATE: Parameter = Parameter::Named { name: object::TYPE, kind: "struct" };
const UINT32: Parameter = Parameter::Named { name: "uint32", kind: "uint32" };

/// A function of the family, whose parameters the evaluator has checked.
const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&mut dyn Context, &[Value]) -> Answer,
) -> Function {
    Function { name, parameters, variadic: None, call }
}

/// The functions of this family.
pub const TABLE: &[Function] = &[
    function("sha1sum", &[STR], sum::<Sha1>),
    function("sha256sum", &[STR], sum::<Sha256>),
    function("sha512sum", &[STR], sum::<Sha512>),
    function("adler32sum", &[STR], |context, arguments| {
        let input = text(arguments, 0)?;
        context.spend(input.len())?;
        Ok(adler2::adler32_slice(input).to_string().into())
    }),
    function("bcrypt", &[STR], |context, arguments| Ok(passwords::bcrypt(context, text(arguments, 0)?)?.into())),
    function("htpasswd", &[STR, STR], |context, arguments| {
        passwords::htpasswd(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
    function("derivePassword", &[UINT32, STR, STR, STR, STR], |context, arguments| {
        // Go's reflection cuts a constant to the parameter's width.
        let counter = int(arguments, 0)? as u32;
        let (kind, password) = (text(arguments, 1)?, text(arguments, 2)?);
        passwords::derive(context, counter, kind, password, text(arguments, 3)?, text(arguments, 4)?)
    }),
    function("encryptAES", &[STR, STR], |context, arguments| {
        cipher::encrypt(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
    function("decryptAES", &[STR, STR], |context, arguments| {
        cipher::decrypt(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
    function("genPrivateKey", &[STR], generate_key),
    function("buildCustomCert", &[STR, STR], build),
    function("genCA", &[STR, Parameter::Int], |context, arguments| {
        let key = PrivateKey::rsa(context, 2048)?;
        authority(context, arguments, &key)
    }),
    function("genCAWithKey", &[STR, Parameter::Int, STR], |context, arguments| {
        let key = given_key(text(arguments, 2)?)?;
        authority(context, arguments, &key)
    }),
    function("genSelfSignedCert", &[STR, LIST, LIST, Parameter::Int], |context, arguments| {
        let key = PrivateKey::rsa(context, 2048)?;
        self_signed(context, arguments, &key)
    }),
    function("genSelfSignedCertWithKey", &[STR, LIST, LIST, Parameter::Int, STR], |context, arguments| {
        let key = given_key(text(arguments, 4)?)?;
        self_signed(context, arguments, &key)
    }),
    function("genSignedCert", &[STR, LIST, LIST, Parameter::Int, CERTIFICATE], |context, arguments| {
        let key = PrivateKey::rsa(context, 2048)?;
        signed(context, arguments, &key)
    }),
    function("genSignedCertWithKey", &[STR, LIST, LIST, Parameter::Int, CERTIFICATE, STR], |context, arguments| {
        let key = given_key(text(arguments, 5)?)?;
        signed(context, arguments, &key)
    }),
];

/// A private key as PEM. What cannot be made is told in its place, not as an error.
fn generate_key(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let kind = text(arguments, 0)?;
    let key = match &***kind {
        b"" | b"rsa" => PrivateKey::rsa(context, 4096)?,
        b"ecdsa" => PrivateKey::p256(context)?,
        b"ed25519" => PrivateKey::ed25519(context)?,
        // Helm makes one, which nothing takes any more: said, rather than printed as if it were a key.
        b"dsa" => return Err("keys of type dsa are not supported; use rsa, ecdsa or ed25519".into()),
        _ => return Ok(Value::str([b"Unknown type ", &***kind].concat())),
    };
    Ok(Value::str(key.to_pem()))
}

/// A certificate and its key from what a chart was given, both in base64.
fn build(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (certificate, key) = (text(arguments, 0)?, text(arguments, 1)?);
    context.spend(certificate.len() + key.len())?;
    let certificate = base64_decode(certificate).map_err(|_| "unable to decode base64 certificate")?;
    let key = base64_decode(key).map_err(|_| "unable to decode base64 private key")?;
    let (_, parsed) = pem::decode(&certificate).ok_or("unable to decode certificate")?;
    certificates::parse(&parsed).map_err(|error| format!("error parsing certificate: decodedCert.Bytes: {error}"))?;
    PrivateKey::parse(&key).map_err(|error| format!("error parsing private key: {error}"))?;
    Ok(Certificate::value(certificate, key))
}

fn given_key(text: &[u8]) -> Result<PrivateKey, Failure> {
    PrivateKey::parse(text).map_err(|error| format!("parsing private key: {error}").into())
}

/// The list at `index`; nil is an empty one.
fn list(arguments: &[Value], index: usize) -> Vec<Value> {
    match arguments.get(index) {
        Some(Value::List(list)) => list.to_vec(),
        _ => Vec::new(),
    }
}

fn authority(context: &mut dyn Context, arguments: &[Value], key: &PrivateKey) -> Answer {
    let subject = Subject::authority(text(arguments, 0)?, int(arguments, 1)?);
    let certificate = certificates::create(context, &subject, key, None)?;
    Ok(Certificate::value(certificate, key.to_pem()))
}

fn self_signed(context: &mut dyn Context, arguments: &[Value], key: &PrivateKey) -> Answer {
    let subject = subject(arguments)?;
    let certificate = certificates::create(context, &subject, key, None)?;
    Ok(Certificate::value(certificate, key.to_pem()))
}

/// The subject that the first four arguments describe.
fn subject(arguments: &[Value]) -> Result<Subject, Failure> {
    Subject::new(text(arguments, 0)?, &list(arguments, 1), &list(arguments, 2), int(arguments, 3)?)
}

fn signed(context: &mut dyn Context, arguments: &[Value], key: &PrivateKey) -> Answer {
    let authority = match arguments.get(4) {
        Some(Value::Object(object)) => object.as_any().downcast_ref::<Certificate>(),
        _ => None,
    };
    let authority = authority.ok_or("unable to decode certificate")?;
    let (_, parsed) = pem::decode(&authority.certificate).ok_or("unable to decode certificate")?;
    let parsed = certificates::parse(&parsed)
        .map_err(|error| format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))?;
    let signer = PrivateKey::parse(&authority.key).map_err(|error| format!("error parsing private key: {error}"))?;
    let subject = subject(arguments)?;
    // A key that signs nothing is told of first.
    signer.signature_algorithm()?;
    if signer.public_info()? != parsed.public_info {
        return Err("error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey".into());
    }
    let issuer = Issuer { name: parsed.subject, key_identifier: parsed.key_identifier, key: &signer };
    let certificate = certificates::create(context, &subject, key, Some(&issuer))?;
    Ok(Certificate::value(certificate, key.to_pem()))
}

fn sum<D: Digest>(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let input = text(arguments, 0)?;
    context.spend(input.len())?;
    Ok(hexadecimal(&D::digest(&***input)).into())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
