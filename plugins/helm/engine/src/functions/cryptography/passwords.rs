//! Hashed and derived passwords: bcrypt, htpasswd, and the Master Password algorithm.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::value::{Str, Value};

/// Work of one hash, against the budget of a rendering: about a tenth of a second.
const BCRYPT_WORK: usize = 4 << 20;
const SCRYPT_WORK: usize = 8 << 20;
/// Go's default cost.
const COST: u32 = 10;
const TOO_LONG: &str = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";

/// The hash as `bcrypt` prints it; what is too long is told in its place, not as an error.
pub(super) fn bcrypt(context: &mut dyn Context, password: &[u8]) -> Result<String, Failure> {
    if password.len() > 72 {
        return Ok(TOO_LONG.to_owned());
    }
    context.spend(BCRYPT_WORK)?;
    let mut salt = [0; 16];
    context.random(&mut salt)?;
    Ok(hash(password, salt))
}

fn hash(password: &[u8], salt: [u8; 16]) -> String {
    // The algorithm's key ends with a zero byte, unless it is full.
    let mut key = password.to_vec();
    if key.len() < 72 {
        key.push(0);
    }
    let digest = bcrypt::bcrypt(COST, salt, &key);
    let mut text = format!("$2a${COST:02}$");
    encode(&salt, &mut text);
    encode(&digest[..23], &mut text);
    text
}

/// Base64 with bcrypt's own alphabet, without padding.
fn encode(bytes: &[u8], text: &mut String) {
    const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0, |bits, (index, byte)| bits | u32::from(*byte) << (16 - 8 * index));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
}

/// A line of a password file.
pub(super) fn htpasswd(context: &mut dyn Context, user: &Str, password: &[u8]) -> Answer {
    if user.contains(&b':') {
        return Ok(Value::str([b"invalid username: ", &***user].concat()));
    }
    let hash = bcrypt(context, password)?;
    Ok(Value::str([&***user, b":", hash.as_bytes()].concat()))
}

const SEED: &[u8] = b"com.lyndir.masterpassword";

/// What passwords of a type look like, a letter for each class of characters.
fn templates(kind: &[u8]) -> Option<&'static [&'static [u8]]> {
    Some(match kind {
        b"maximum" => &[b"anoxxxxxxxxxxxxxxxxx", b"axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            b"CvcvnoCvcvCvcv",
            b"CvcvCvcvnoCvcv",
            b"CvcvCvcvCvcvno",
            b"CvccnoCvcvCvcv",
            b"CvccCvcvnoCvcv",
            b"CvccCvcvCvcvno",
            b"CvcvnoCvccCvcv",
            b"CvcvCvccnoCvcv",
            b"CvcvCvccCvcvno",
            b"CvcvnoCvcvCvcc",
            b"CvcvCvcvnoCvcc",
            b"CvcvCvcvCvccno",
            b"CvccnoCvccCvcv",
            b"CvccCvccnoCvcv",
            b"CvccCvccCvcvno",
            b"CvcvnoCvccCvcc",
            b"CvcvCvccnoCvcc",
            b"CvcvCvccCvccno",
            b"CvccnoCvcvCvcc",
            b"CvccCvcvnoCvcc",
            b"CvccCvcvCvccno",
        ],
        b"medium" => &[b"CvcnoCvc", b"CvcCvcno"],
        b"short" => &[b"Cvcn"],
        b"basic" => &[b"aaanaaan", b"aannaaan", b"aaannaaa"],
        b"pin" => &[b"nnnn"],
        _ => return None,
    })
}

/// The characters of a class.
fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The password that someone has for a site: always the same for the same arguments.
pub(super) fn derive(
    context: &mut dyn Context,
    counter: u32,
    kind: &Str,
    password: &[u8],
    user: &[u8],
    site: &[u8],
) -> Answer {
    let Some(templates) = templates(kind) else {
        return Ok(Value::str([b"cannot find password template ", &***kind].concat()));
    };
    context.spend(SCRYPT_WORK.saturating_add(password.len() + user.len() + site.len()))?;
    // 2^15 rounds, 8 blocks, 2 lanes.
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string())?;
    let mut key = [0; 64];
    scrypt::scrypt(password, &seeded(user), &parameters, &mut key).map_err(|error| error.to_string())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(&seeded(site));
    mac.update(&counter.to_be_bytes());
    let seed = mac.finalize().into_bytes();
    // Templates have 20 letters at the most, a seed has 32 bytes.
    let template = templates[usize::from(seed[0]) % templates.len()];
    let derived = template.iter().zip(&seed[1..]).map(|(letter, byte)| {
        let class = class(*letter);
        class[usize::from(*byte) % class.len()]
    });
    Ok(Value::str(derived.collect::<Vec<u8>>()))
}

/// The seed of all, the length of `name` in four bytes, and `name`.
fn seeded(name: &[u8]) -> Vec<u8> {
    // Go cuts a length that does not fit, too.
    let length = name.len() as u32;
    [SEED, &length.to_be_bytes(), name].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    /// The salt that a printed hash has.
    fn salt(hash: &str) -> [u8; 16] {
        const ALPHABET: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let digits = hash[7..29].chars().map(|digit| ALPHABET.find(digit).unwrap());
        let bits =
            digits.flat_map(|digit| (0..6).rev().map(move |place| (digit >> place & 1) as u8)).collect::<Vec<_>>();
        let mut salt = [0; 16];
        for (byte, bits) in salt.iter_mut().zip(bits.chunks(8)) {
            *byte = bits.iter().fold(0, |byte, bit| byte << 1 | bit);
        }
        salt
    }

    #[test]
    fn hashes_are_those_that_helm_prints() {
        for (password, hash) in [
            ("", "$2a$10$uIakGNrApRDggGdh8AfLAOQmhOWfyC5ft9Jpaq9rF1T4w/tZ/Vgji"),
            ("a", "$2a$10$0kynYVSzyACslIu/n/izYuuiegm.g4JGWs9zLeGOQdh3OvblGAk/C"),
            ("p", "$2a$10$QN.FSkvP5wwrTEynuThx5OaXq4SyoQ7223X2L62qczGmW6gWC.jh6"),
        ] {
            assert_eq!(super::hash(password.as_bytes(), salt(hash)), hash, "{password}");
        }
    }
}
