//! The cloud's certificate authority, kept in its directory, and the certificates its hosts show.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use crate::directory::{Directory, write_atomically};
use crate::error::Error;

/// How long a host's certificate lasts; it is made anew at each start.
const LEAF_LIFE: Duration = Duration::days(365);

/// A certificate authority.
#[derive(Clone)]
pub(crate) struct Authority {
    /// Issuing repeats it, so it is the one that the certificate has.
    name: &'static str,
    certificate_pem: String,
    key_pem: String,
}

impl std::fmt::Debug for Authority {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes one with a fresh key.
    pub(crate) fn generate(name: &'static str) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(certificate)?;
        let made = parameters(name).self_signed(&key).map_err(certificate)?;
        Ok(Self { name, certificate_pem: made.pem(), key_pem: key.serialize_pem() })
    }

    /// One that was generated before, under this name.
    pub(crate) fn of(certificate_pem: &str, key_pem: &str, name: &'static str) -> Self {
        Self { name, certificate_pem: certificate_pem.to_owned(), key_pem: key_pem.to_owned() }
    }

    /// The authority of a cloud's directory, made at its first start.
    pub(crate) fn open(directory: &Directory) -> Result<Self, Error> {
        let (ca, key) = (Self::certificate_path(directory), directory.file("ca-key.pem"));
        if ca.exists() && key.exists() {
            let certificate_pem = fs::read_to_string(&ca).map_err(Error::io("read", &ca))?;
            let key_pem = fs::read_to_string(&key).map_err(Error::io("read", &key))?;
            return Ok(Self { name: NAME, certificate_pem, key_pem });
        }
        let made = Self::generate(NAME)?;
        // The certificate comes last: where it stands, its key does too.
        write_atomically(&key, made.key_pem.as_bytes())?;
        write_atomically(&ca, made.certificate_pem.as_bytes())?;
        Ok(made)
    }

    /// Where clients find the certificate to trust.
    pub(crate) fn certificate_path(directory: &Directory) -> PathBuf {
        directory.file("ca.pem")
    }

    /// The certificate.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The key, to be kept private.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// A certificate of ninety days for these host names and a public key on P-256, as an authority of the world
    /// would give it, as PEM.
    pub(crate) fn certify(&self, names: &[String], public_key: &[u8]) -> Result<String, Error> {
        let mut leaf = CertificateParams::new(names).map_err(certificate)?;
        leaf.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(first) = names.first() {
            leaf.distinguished_name.push(DnType::CommonName, first.as_str());
        }
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        let now = OffsetDateTime::now_utc();
        leaf.not_before = now - Duration::hours(1);
        leaf.not_after = now + Duration::days(90);
        let issuer = Issuer::new(parameters(self.name), KeyPair::from_pem(&self.key_pem).map_err(certificate)?);
        let signed = leaf.signed_by(&Point(public_key), &issuer).map_err(certificate)?;
        Ok(signed.pem())
    }

    /// A server's configuration for these host names and for loopback, with HTTP/2 and HTTP/1.1.
    pub(crate) fn server(&self, hosts: &[&str]) -> Result<Arc<ServerConfig>, Error> {
        let names: Vec<String> =
            hosts.iter().chain(&["localhost", "127.0.0.1"]).map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names).map_err(certificate)?;
        leaf.distinguished_name.push(DnType::CommonName, hosts.first().copied().unwrap_or("localhost"));
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        let now = OffsetDateTime::now_utc();
        leaf.not_before = now - Duration::days(1);
        leaf.not_after = now + LEAF_LIFE;

        let issuer = Issuer::new(parameters(self.name), KeyPair::from_pem(&self.key_pem).map_err(certificate)?);
        let key = KeyPair::generate().map_err(certificate)?;
        let signed = leaf.signed_by(&key, &issuer).map_err(certificate)?;
        let chain = vec![CertificateDer::from(signed)];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| Error::Certificate(error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A public key on P-256.
struct Point<'a>(&'a [u8]);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The name in the cloud's own authority; it must not change, since issuing repeats it.
const NAME: &str = "maps rehearsal CA";

fn parameters(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err by name")]
fn certificate(error: rcgen::Error) -> Error {
    Error::Certificate(error.to_string())
}
