//! Keys, certificates and passwords against what Helm and Go make of the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use p256::ecdsa::signature::Verifier;
use rsa::pkcs1v15::Pkcs1v15Sign;
use sha2::{Digest, Sha256};

use super::der::Reader;
use super::keys::PrivateKey;
use super::{certificates, der, pem};
use crate::functions::testing::{Literal, call, printed, values};
use crate::value::{Member, Value};

#[test]
fn sums_are_hexadecimal_but_for_adler() {
    for (name, input, sum) in [
        ("sha1sum", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("sha256sum", "é", "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"),
        (
            "sha512sum",
            "a",
            "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75",
        ),
        ("adler32sum", "a", "6422626"),
        ("adler32sum", "", "1"),
    ] {
        assert_eq!(printed(name, &values![input]), sum, "{name} {input}");
    }
    assert_eq!(printed("adler32sum", &values!["z".repeat(10000).as_str()]), "1652268719");
}

#[test]
fn derives_passwords_of_every_type() {
    for (counter, kind, password) in [
        (1, "maximum", "FbB@VT3s89GGAonAWc7~"),
        (1, "long", "DinaHinfJads4_"),
        (2, "medium", "Gih2=Cad"),
        (3, "short", "Cer5"),
        (4, "basic", "FYv2tsY8"),
        (5, "pin", "6862"),
        (5, "foo", "cannot find password template foo"),
    ] {
        let arguments = values![counter, kind, "pw", "user", "example.com"];
        assert_eq!(printed("derivePassword", &arguments), password, "{kind}");
    }
    // The counter has 32 bits.
    for counter in [0_i64, 1 << 32] {
        let arguments = values![counter, "pin", "", "", ""];
        assert_eq!(printed("derivePassword", &arguments), "2847");
    }
}

#[test]
fn hashes_passwords_or_says_why_not() {
    let hash = printed("bcrypt", &values!["password"]);
    assert!(hash.starts_with("$2a$10$") && hash.len() == 60, "{hash}");
    assert!(printed("htpasswd", &values!["user", "password"]).starts_with("user:$2a$10$"));
    assert_eq!(printed("htpasswd", &values!["a:b", "c"]), "invalid username: a:b");
    let long = "a".repeat(73);
    let refused = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
    assert_eq!(printed("bcrypt", &values![long.as_str()]), refused);
    assert_eq!(printed("htpasswd", &values!["u", long.as_str()]), format!("u:{refused}"));
}

#[test]
fn what_is_encrypted_is_decrypted() {
    for text in ["a", "exactly 16 bytes", "é, and more than one block of text"] {
        let encrypted = printed("encryptAES", &values!["secret", text]);
        assert_eq!(encrypted.len() % 4, 0);
        assert_eq!(printed("decryptAES", &values!["secret", encrypted.as_str()]), text);
    }
    // What Helm encrypted.
    assert_eq!(printed("decryptAES", &values!["k", "28FExeDxOQ0KCIJO+FXPhBiCFqTbManRizP4gecvbLc="]), "a");
    assert_eq!(printed("encryptAES", &values!["k", ""]), "");
}

#[test]
fn what_cannot_be_decrypted_fails_as_slices_of_go_do() {
    for (text, answer) in [
        ("", ""),
        ("AAAA", "error: runtime error: slice bounds out of range [:16] with capacity 3"),
        ("!!!!", "error: illegal base64 data at input byte 0"),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "error: runtime error: index out of range [-1]"),
        ("AAAAAAAAAAAAAAAAAAAA", "error: runtime error: slice bounds out of range [:16] with capacity 15"),
        ("AAAAAAAAAAAAAAAAAAAAAAA=", "error: crypto/cipher: input not full blocks"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "error: runtime error: slice bounds out of range [:-19]"),
    ] {
        assert_eq!(printed("decryptAES", &values!["k", text]), answer, "{text}");
    }
}

/// A field of a certificate.
fn field(certificate: &Value, name: &str) -> Vec<u8> {
    let Value::Object(object) = certificate else { panic!("{certificate:?} has no fields") };
    match object.member(name) {
        Some(Member::Field(Value::Str(text))) => text.to_vec(),
        _ => panic!("{name} is no field"),
    }
}

/// Whether the certificate is signed with the key.
fn is_signed_with(certificate: &Value, key: &[u8]) -> bool {
    let (_, bytes) = pem::decode(&field(certificate, "Cert")).unwrap();
    let mut parts = Reader::new(&bytes).sequence().unwrap();
    let (_, _, body) = parts.next().unwrap();
    parts.sequence().unwrap();
    let signature = parts.bits().unwrap();
    match PrivateKey::parse(key).unwrap() {
        PrivateKey::Rsa(key) => {
            let digest = Sha256::digest(body);
            key.to_public_key().verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok()
        }
        PrivateKey::P256(key) => p256::ecdsa::Signature::from_der(signature)
            .is_ok_and(|signature| key.verifying_key().verify(body, &signature).is_ok()),
        PrivateKey::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verifying_key().verify(body, &signature).is_ok()),
        _ => false,
    }
}

#[test]
fn keys_are_printed_and_read_back() {
    for (kind, label) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")] {
        let text = printed("genPrivateKey", &values![kind]);
        assert!(text.starts_with(&format!("-----BEGIN {label}-----\n")), "{text}");
        let read = PrivateKey::parse(text.as_bytes()).unwrap();
        assert_eq!(read.to_pem(), text.as_bytes());
    }
    assert_eq!(printed("genPrivateKey", &values!["foo"]), "Unknown type foo");
    let refused = "error: keys of type dsa are not supported; use rsa, ecdsa or ed25519";
    assert_eq!(printed("genPrivateKey", &values!["dsa"]), refused);
}

#[test]
fn an_authority_signs_certificates_of_every_kind_of_key() {
    let authority = call("genCA", &values!["authority", 3650]).unwrap();
    let key = field(&authority, "Key");
    assert!(key.starts_with(b"-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(is_signed_with(&authority, &key));
    let (_, bytes) = pem::decode(&field(&authority, "Cert")).unwrap();
    let parsed = certificates::parse(&bytes).unwrap();
    assert_eq!(parsed.key_identifier.len(), 20);
    for kind in ["ecdsa", "ed25519"] {
        let own = printed("genPrivateKey", &values![kind]);
        let hosts = values![list: "example.com", "*.example.com"];
        let addresses = values![list: "10.0.0.1", "::1"];
        let arguments = values!["server", addresses, hosts, 365, authority.clone(), own.as_str()];
        let certificate = call("genSignedCertWithKey", &arguments).unwrap();
        assert!(is_signed_with(&certificate, &key), "{kind}");
        assert!(!is_signed_with(&certificate, own.as_bytes()));
        assert_eq!(field(&certificate, "Key"), own.as_bytes());
        let (_, bytes) = pem::decode(&field(&certificate, "Cert")).unwrap();
        let contains = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(contains(parsed.subject) && contains(parsed.key_identifier));
        // Names and addresses, in the order that Go writes them.
        let names = [
            &der::value(0x82, b"example.com")[..],
            &der::value(0x82, b"*.example.com"),
            &der::value(0x87, &[10, 0, 0, 1]),
            &der::value(0x87, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        assert!(contains(&der::sequence(&names)));
        // From the time of the world on, for a year.
        let validity = [&der::value(0x17, b"231114221320Z")[..], &der::value(0x17, b"241113221320Z")];
        assert!(contains(&der::sequence(&validity)));
    }
}

#[test]
fn certificates_sign_themselves() {
    let key = printed("genPrivateKey", &values!["ecdsa"]);
    let arguments = values!["", Value::list(Vec::new()), values![list: "a"], 99_999, key.as_str()];
    let certificate = call("genSelfSignedCertWithKey", &arguments).unwrap();
    assert!(is_signed_with(&certificate, key.as_bytes()));
    let (_, bytes) = pem::decode(&field(&certificate, "Cert")).unwrap();
    // Beyond 2049 a year has four digits.
    let late = der::value(0x18, b"22970828221320Z");
    assert!(bytes.windows(late.len()).any(|window| window == late));
    let built = values![
        String::from_utf8(super::super::encoding::base64_encode(&field(&certificate, "Cert"))).unwrap().as_str(),
        String::from_utf8(super::super::encoding::base64_encode(key.as_bytes())).unwrap().as_str(),
    ];
    let built = call("buildCustomCert", &built).unwrap();
    assert_eq!(field(&built, "Cert"), field(&certificate, "Cert"));
    assert_eq!(built.go_type().unwrap().to_string(), "sprig.certificate");
}

#[test]
fn what_no_certificate_is_made_of_is_said_in_helms_words() {
    let nothing = || Value::list(Vec::new());
    for (key, error) in [
        ("x", "no PEM data in input"),
        ("-----BEGIN X-----\n-----END X-----\n", "no private key data in PEM block of type X"),
        (
            "-----BEGIN X PRIVATE KEY-----\nAAAA\n-----END X PRIVATE KEY-----\n",
            "invalid private key type X PRIVATE KEY",
        ),
    ] {
        let error = format!("error: parsing private key: {error}");
        assert_eq!(printed("genCAWithKey", &values!["a", 1, key]), error);
    }
    for (addresses, hosts, error) in [
        (values![list: 1], nothing(), "error parsing ip: 1 is not a string"),
        (values![list: "x"], nothing(), "error parsing ip: x"),
        (values![list: "1.2.3.04"], nothing(), "error parsing ip: 1.2.3.04"),
        (nothing(), values![list: 1], "error processing alternate dns name: 1 is not a string"),
        (nothing(), values![list: "é"], "error creating certificate: x509: \"é\" cannot be encoded as an IA5String"),
    ] {
        let key = printed("genPrivateKey", &values!["ed25519"]);
        let arguments = values!["a", addresses, hosts, 1, key.as_str()];
        assert_eq!(printed("genSelfSignedCertWithKey", &arguments), format!("error: {error}"));
    }
    for (certificate, key, error) in [
        ("!", "YQ==", "unable to decode base64 certificate"),
        ("YQ==", "!", "unable to decode base64 private key"),
        ("YQ==", "YQ==", "unable to decode certificate"),
        (
            // -----BEGIN X-----, AAAA, -----END X-----
            "LS0tLS1CRUdJTiBYLS0tLS0KQUFBQQotLS0tLUVORCBYLS0tLS0K",
            "YQ==",
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate",
        ),
    ] {
        assert_eq!(printed("buildCustomCert", &values![certificate, key]), format!("error: {error}"));
    }
}

#[test]
fn a_key_that_is_not_the_certificates_signs_nothing() {
    let authority = |kind: &str| {
        let key = printed("genPrivateKey", &values![kind]);
        (call("genCAWithKey", &values!["a", 1, key.as_str()]).unwrap(), key)
    };
    let ((certificate, _), (_, other)) = (authority("ecdsa"), authority("ed25519"));
    let stranger = super::object::Certificate::value(field(&certificate, "Cert"), other.as_str());
    let arguments = values!["b", Value::list(Vec::new()), Value::list(Vec::new()), 1, stranger.value(), other.as_str()];
    assert_eq!(
        printed("genSignedCertWithKey", &arguments),
        "error: error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey"
    );
}
