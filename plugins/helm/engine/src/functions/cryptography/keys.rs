//! Private keys: made, read from PEM and written to it, and what certificates need of them.

use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384};

use super::der::{self, Reader};
use super::generator::Generator;
use super::pem;
use crate::context::Context;
use crate::function::Failure;

/// Work of finding the primes of an RSA key of 2048 and 4096 bits, against the budget of a rendering.
const RSA_2048_WORK: usize = 8 << 20;
const RSA_4096_WORK: usize = 64 << 20;

const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const SHA256_WITH_RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384_OID: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ECDSA_SHA256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ED25519_OID: &[u8] = &[0x2b, 0x65, 0x70];

const NO_SIGNER: &str = "error creating certificate: x509: certificate private key does not implement crypto.Signer";

/// A private key of one of the kinds that certificates are signed with.
pub(super) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// A DSA key, as its DER. Nothing is signed with one, here as in Go.
    Dsa(Vec<u8>),
}

impl PrivateKey {
    /// An RSA key of this many bits.
    pub(super) fn rsa(context: &mut dyn Context, bits: usize) -> Result<Self, Failure> {
        context.spend(if bits > 2048 { RSA_4096_WORK } else { RSA_2048_WORK })?;
        let key = RsaPrivateKey::new(&mut Generator::new(context)?, bits);
        Ok(Self::Rsa(Box::new(key.map_err(|error| format!("error generating rsa key: {error}"))?)))
    }

    /// A key on the curve P-256.
    pub(super) fn p256(context: &mut dyn Context) -> Result<Self, Failure> {
        let mut generator = Generator::new(context)?;
        loop {
            let mut bytes = [0; 32];
            generator.fill(&mut bytes);
            // All but one in 2^32 are keys.
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                return Ok(Self::P256(key));
            }
        }
    }

    /// An Ed25519 key.
    pub(super) fn ed25519(context: &mut dyn Context) -> Result<Self, Failure> {
        let mut seed = [0; 32];
        context.random(&mut seed)?;
        Ok(Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
    }

    /// Reads the first key in a PEM text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (label, bytes) = pem::decode(text).ok_or("no PEM data in input")?;
        let label = String::from_utf8_lossy(label);
        if label == "PRIVATE KEY" {
            return Self::parse_pkcs8(&bytes).map_err(|error| format!("decoding PEM as PKCS#8: {error}"));
        }
        match label.strip_suffix(" PRIVATE KEY") {
            None => Err(format!("no private key data in PEM block of type {label}")),
            Some("RSA") => {
                Self::parse_pkcs1(&bytes).map_err(|error| format!("parsing RSA private key from PEM: {error}"))
            }
            Some("EC") => {
                Self::parse_sec1(&bytes, None).map_err(|error| format!("parsing EC private key from PEM: {error}"))
            }
            Some("DSA") => {
                let numbers = Reader::new(&bytes).sequence().and_then(|mut key| {
                    // A version, the parameters p, q and g, the public key and the private one.
                    (0..6).try_for_each(|_| key.unsigned().map(drop))
                });
                let refused = "parsing DSA private key from PEM: asn1: structure error: this is no DSA private key";
                numbers.map(|()| Self::Dsa(bytes)).ok_or_else(|| refused.to_owned())
            }
            Some(_) => Err(format!("invalid private key type {label}")),
        }
    }

    fn parse_pkcs1(bytes: &[u8]) -> Result<Self, String> {
        let numbers = || {
            let mut reader = Reader::new(bytes);
            let mut key = reader.sequence()?;
            if !reader.is_empty() || !key.unsigned()?.is_empty() {
                return None;
            }
            let modulus = key.unsigned()?;
            // All but the exponent have the width of the modulus, as the arithmetic wants it.
            let bits = u32::try_from(modulus.len().checked_mul(8)?).ok()?;
            let wide = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
            let exponent = BoxedUint::from_be_slice_vartime(key.unsigned()?);
            let mut number = || key.unsigned().and_then(wide);
            Some((wide(modulus)?, exponent, number()?, vec![number()?, number()?]))
        };
        let (modulus, exponent, private, primes) =
            numbers().ok_or("asn1: structure error: this is no RSA private key")?;
        let key = RsaPrivateKey::from_components(modulus, exponent, private, primes);
        Ok(Self::Rsa(Box::new(key.map_err(|error| format!("crypto/rsa: {error}"))?)))
    }

    /// `curve` is what PKCS#8 says around the key; alone, the key says it itself.
    fn parse_sec1(bytes: &[u8], curve: Option<&[u8]>) -> Result<Self, String> {
        let fields = || {
            let mut reader = Reader::new(bytes);
            let mut key = reader.sequence()?;
            if !reader.is_empty() || key.unsigned()? != [1] {
                return None;
            }
            let secret = key.expect(der::OCTET_STRING)?;
            let named = key.expect(0xa0).and_then(|content| Reader::new(content).expect(der::OID));
            Some((secret, named))
        };
        let (secret, named) = fields().ok_or("x509: failed to parse EC private key: asn1: structure error")?;
        let curve = curve.or(named).unwrap_or_default();
        // Leading zeros may be left out, or be too many.
        let number = &secret[secret.iter().take_while(|byte| **byte == 0).count()..];
        let padded = |size: usize| Some([&vec![0; size.checked_sub(number.len())?][..], number].concat());
        let invalid = "x509: invalid elliptic curve private key value";
        if curve == P256_OID {
            let key = padded(32).and_then(|bytes| p256::ecdsa::SigningKey::from_slice(&bytes).ok());
            Ok(Self::P256(key.ok_or(invalid)?))
        } else if curve == P384_OID {
            let key = padded(48).and_then(|bytes| p384::ecdsa::SigningKey::from_slice(&bytes).ok());
            Ok(Self::P384(key.ok_or(invalid)?))
        } else {
            Err("x509: unknown elliptic curve".to_owned())
        }
    }

    fn parse_pkcs8(bytes: &[u8]) -> Result<Self, String> {
        let fields = || {
            let mut reader = Reader::new(bytes);
            let mut key = reader.sequence()?;
            key.unsigned()?;
            let mut algorithm = key.sequence()?;
            let identifier = algorithm.expect(der::OID)?;
            let curve = algorithm.expect(der::OID);
            Some((identifier, curve, key.expect(der::OCTET_STRING)?))
        };
        let (identifier, curve, key) = fields().ok_or("asn1: structure error: this is no PKCS#8 private key")?;
        if identifier == RSA_OID {
            Self::parse_pkcs1(key)
                .map_err(|error| format!("x509: failed to parse RSA private key embedded in PKCS#8: {error}"))
        } else if identifier == EC_OID {
            Self::parse_sec1(key, curve)
                .map_err(|error| format!("x509: failed to parse EC private key embedded in PKCS#8: {error}"))
        } else if identifier == ED25519_OID {
            let seed = Reader::new(key).expect(der::OCTET_STRING).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
            let seed = seed.ok_or("x509: invalid Ed25519 private key")?;
            Ok(Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
        } else {
            Err("x509: PKCS#8 wrapping contained private key with unknown algorithm".to_owned())
        }
    }

    /// The key as Helm prints it: PKCS#1 for RSA, SEC 1 for curves, PKCS#8 for Ed25519.
    pub(super) fn to_pem(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => pem::encode("RSA PRIVATE KEY", &pkcs1(key)),
            Self::P256(key) => pem::encode("EC PRIVATE KEY", &self.sec1(P256_OID, &key.to_bytes())),
            Self::P384(key) => pem::encode("EC PRIVATE KEY", &self.sec1(P384_OID, &key.to_bytes())),
            Self::Ed25519(key) => {
                let algorithm = der::sequence(&[&der::value(der::OID, ED25519_OID)]);
                let seed = der::value(der::OCTET_STRING, &der::value(der::OCTET_STRING, &key.to_bytes()));
                pem::encode("PRIVATE KEY", &der::sequence(&[&der::integer(&[]), &algorithm, &seed]))
            }
            Self::Dsa(key) => pem::encode("DSA PRIVATE KEY", key),
        }
    }

    fn sec1(&self, curve: &[u8], secret: &[u8]) -> Vec<u8> {
        der::sequence(&[
            &der::integer(&[1]),
            &der::value(der::OCTET_STRING, secret),
            &der::value(0xa0, &der::value(der::OID, curve)),
            &der::value(0xa1, &der::bits(&self.public())),
        ])
    }

    /// The public key alone, as the bits of a certificate have it.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => der::sequence(&[&der::integer(&key.n_bytes()), &der::integer(&key.e_bytes())]),
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Self::Dsa(_) => Vec::new(),
        }
    }

    /// The `SubjectPublicKeyInfo` of a certificate.
    pub(super) fn public_info(&self) -> Result<Vec<u8>, Failure> {
        let (identifier, parameters) = match self {
            Self::Rsa(_) => (RSA_OID, der::value(der::NULL, &[])),
            Self::P256(_) => (EC_OID, der::value(der::OID, P256_OID)),
            Self::P384(_) => (EC_OID, der::value(der::OID, P384_OID)),
            Self::Ed25519(_) => (ED25519_OID, Vec::new()),
            Self::Dsa(_) => {
                return Err("error creating certificate: x509: unsupported public key type: *dsa.PublicKey".into());
            }
        };
        let algorithm = der::sequence(&[&der::value(der::OID, identifier), &parameters]);
        Ok(der::sequence(&[&algorithm, &der::bits(&self.public())]))
    }

    /// The `AlgorithmIdentifier` of its signatures.
    pub(super) fn signature_algorithm(&self) -> Result<Vec<u8>, Failure> {
        let (identifier, parameters) = match self {
            Self::Rsa(_) => (SHA256_WITH_RSA_OID, der::value(der::NULL, &[])),
            Self::P256(_) => (ECDSA_SHA256_OID, Vec::new()),
            Self::P384(_) => (ECDSA_SHA384_OID, Vec::new()),
            Self::Ed25519(_) => (ED25519_OID, Vec::new()),
            Self::Dsa(_) => return Err(NO_SIGNER.into()),
        };
        Ok(der::sequence(&[&der::value(der::OID, identifier), &parameters]))
    }

    /// Its signature of `message`.
    pub(super) fn sign(&self, context: &mut dyn Context, message: &[u8]) -> Result<Vec<u8>, Failure> {
        use p256::ecdsa::signature::{Signer, hazmat::PrehashSigner};
        let failed = |error: &dyn std::fmt::Display| Failure::Error(format!("error creating certificate: {error}"));
        Ok(match self {
            Self::Rsa(key) => {
                let digest = Sha256::digest(message);
                key.sign_with_rng(&mut Generator::new(context)?, Pkcs1v15Sign::new::<Sha256>(), &digest)
                    .map_err(|error| failed(&error))?
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(&Sha256::digest(message)).map_err(|error| failed(&error))?;
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(&Sha384::digest(message)).map_err(|error| failed(&error))?;
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.try_sign(message).map_err(|error| failed(&error))?.to_bytes().to_vec(),
            Self::Dsa(_) => return Err(NO_SIGNER.into()),
        })
    }
}

/// The numbers of an RSA key with those of the Chinese remainder theorem.
fn pkcs1(key: &RsaPrivateKey) -> Vec<u8> {
    // Every key that is made or read here has two primes and the numbers that follow from them; without them the
    // key would be written incomplete, as zeros, rather than not at all.
    let number = |number: Option<&BoxedUint>| der::integer(&number.map(BoxedUint::to_be_bytes).unwrap_or_default());
    let prime = |index: usize| number(key.primes().get(index).map(AsRef::as_ref));
    der::sequence(&[
        &der::integer(&[]),
        &der::integer(&key.n_bytes()),
        &der::integer(&key.e_bytes()),
        &number(Some(key.d())),
        &prime(0),
        &prime(1),
        &number(key.dp()),
        &number(key.dq()),
        &number(key.crt_coefficient().as_ref()),
    ])
}
