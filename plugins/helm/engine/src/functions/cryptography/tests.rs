#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::function::Failure;
use crate::functions::regex::Cache;

/// A world of which only random bytes are asked, and those are the same each time.
#[derive(Default)]
struct World {
    counter: u8,
    spent: usize,
}

impl Context for World {
    fn include(&mut self, _: &str, _: Value) -> Result<Vec<u8>, Failure> {
        Err("no templates".into())
    }

    fn tpl(&mut self, _: &str, _: Value) -> Result<Vec<u8>, Failure> {
        Err("no templates".into())
    }

    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Err("no cluster".into())
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.counter = self.counter.wrapping_mul(5).wrapping_add(17);
            *byte = self.counter;
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        // 2026-11-21T18:00:00Z
        Ok((1_795_284_000, 0))
    }

    fn spend(&mut self, amount: usize) -> Result<(), Failure> {
        self.spent += amount;
        Ok(())
    }

    fn regexes(&mut self) -> &mut Cache {
        unreachable!("nothing here asks for regular expressions")
    }
}

/// Calls a function of the family.
fn call(name: &str, arguments: &[Value]) -> Answer {
    let function = TABLE.iter().find(|function| function.name == name).unwrap();
    (function.call)(&mut World::default(), arguments)
}

/// What a function answers that prints a string.
fn printed(name: &str, arguments: &[Value]) -> String {
    match call(name, arguments).unwrap() {
        Value::Str(text) => text.to_string(),
        other => panic!("{name} answered {other:?}"),
    }
}

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
        assert_eq!(printed(name, &[input.into()]), sum, "{name} {input}");
    }
    assert_eq!(printed("adler32sum", &["z".repeat(10000).into()]), "1652268719");
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
        let arguments = [Value::int(counter), kind.into(), "pw".into(), "user".into(), "example.com".into()];
        assert_eq!(printed("derivePassword", &arguments), password, "{kind}");
    }
    // The counter has 32 bits.
    for counter in [0, 1 << 32] {
        let arguments = [Value::int(counter), "pin".into(), "".into(), "".into(), "".into()];
        assert_eq!(printed("derivePassword", &arguments), "2847");
    }
}

#[test]
fn hashes_passwords_or_says_why_not() {
    let hash = printed("bcrypt", &["password".into()]);
    assert!(hash.starts_with("$2a$10$") && hash.len() == 60, "{hash}");
    assert!(printed("htpasswd", &["user".into(), "password".into()]).starts_with("user:$2a$10$"));
    assert_eq!(printed("htpasswd", &["a:b".into(), "c".into()]), "invalid username: a:b");
    let long = "a".repeat(73);
    let refused = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
    assert_eq!(printed("bcrypt", &[long.as_str().into()]), refused);
    assert_eq!(printed("htpasswd", &["u".into(), long.into()]), format!("u:{refused}"));
}
