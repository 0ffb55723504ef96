#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::functions::testing::{printed, values};

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
