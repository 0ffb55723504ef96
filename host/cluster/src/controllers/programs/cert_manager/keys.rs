//! Keys and certificates.

use base64::Engine;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use time::{Duration, OffsetDateTime};

/// What a certificate is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controllers) struct Wanted {
    /// The subject's common name, empty for none.
    pub(in crate::controllers) common_name: String,
    /// Host names and addresses.
    pub(in crate::controllers) names: Vec<String>,
    /// Whether it may sign others.
    pub(in crate::controllers) is_authority: bool,
    /// Seconds since 1970.
    pub(in crate::controllers) from: i64,
    /// Seconds since 1970.
    pub(in crate::controllers) until: i64,
}

/// A new key of the curve P-256, as PEM (PKCS #8).
pub(in crate::controllers) fn generate() -> Result<String, String> {
    KeyPair::generate().map(|key| key.serialize_pem()).map_err(|error| error.to_string())
}

/// The point on the curve that a key's public half is.
pub(super) fn public(key_pem: &str) -> Result<Vec<u8>, String> {
    KeyPair::from_pem(key_pem).map(|key| key.der_bytes().to_vec()).map_err(|error| error.to_string())
}

fn parameters(wanted: &Wanted) -> Result<CertificateParams, String> {
    let mut made = CertificateParams::new(wanted.names.clone()).map_err(|error| error.to_string())?;
    made.distinguished_name = DistinguishedName::new();
    if !wanted.common_name.is_empty() {
        made.distinguished_name.push(DnType::CommonName, wanted.common_name.as_str());
    }
    made.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    made.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if wanted.is_authority {
        made.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        made.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        made.extended_key_usages.clear();
    }
    let moment = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (made.not_before, made.not_after) = (moment(wanted.from), moment(wanted.until));
    Ok(made)
}

/// A request for a certificate, as PEM.
pub(super) fn request(wanted: &Wanted, key_pem: &str) -> Result<String, String> {
    let key = KeyPair::from_pem(key_pem).map_err(|error| error.to_string())?;
    let mut wanted = parameters(wanted)?;
    // A request asks for no span of time.
    (wanted.not_before, wanted.not_after) =
        (CertificateParams::default().not_before, CertificateParams::default().not_after);
    wanted.serialize_request(&key).and_then(|made| made.pem()).map_err(|error| error.to_string())
}

/// A certificate that its own key signs.
pub(in crate::controllers) fn self_signed(wanted: &Wanted, key_pem: &str) -> Result<String, String> {
    let key = KeyPair::from_pem(key_pem).map_err(|error| error.to_string())?;
    parameters(wanted)?.self_signed(&key).map(|made| made.pem()).map_err(|error| error.to_string())
}

/// A certificate that an authority of this name and key signs.
pub(in crate::controllers) fn signed(
    wanted: &Wanted,
    key_pem: &str,
    (authority, authority_key): (&str, &str),
) -> Result<String, String> {
    let whole = || {
        let key = KeyPair::from_pem(key_pem)?;
        let mut own = CertificateParams::default();
        own.distinguished_name = DistinguishedName::new();
        own.distinguished_name.push(DnType::CommonName, authority);
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = Issuer::new(own, KeyPair::from_pem(authority_key)?);
        let mut wanted = parameters(wanted).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        wanted.use_authority_key_identifier_extension = true;
        wanted.signed_by(&key, &issuer).map(|made| made.pem())
    };
    whole().map_err(|error: rcgen::Error| error.to_string())
}

/// An authority of this name with its key, both as PEM, for ten years from now.
pub(in crate::controllers) fn authority(name: &str, now: i64) -> Result<(String, String), String> {
    let key = generate()?;
    let span = Duration::days(3650).whole_seconds();
    let wanted = Wanted {
        common_name: name.to_owned(),
        names: Vec::new(),
        is_authority: true,
        from: now,
        until: now.saturating_add(span),
    };
    let made = self_signed(&wanted, &key)?;
    Ok((made, key))
}

/// As `data` of a Secret has it.
pub(in crate::controllers) fn encode(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}
