//! Secrets for inputs that a rehearsal has none for: the cloud's own where one must work, and
//! elsewhere something that looks real, so that leak tests have something to find.

use sha2::{Digest as _, Sha256};

/// A planted secret for an input. The same for the same cloud, stack and input, so that a second
/// run sees no change; nobody outside the cloud's folder can compute it, for `seed` is kept there.
pub(crate) fn secret(seed: &str, stack: &str, input: &str) -> String {
    let words: Vec<&str> = input.split(['_', '-', '.']).collect();
    let has = |word: &str| words.iter().any(|part| part.eq_ignore_ascii_case(word));
    let bytes = stream(seed, stack, input);
    if has("aws") || has("access") {
        return if has("secret") { draw(&bytes, 40, BASE64) } else { format!("AKIA{}", draw(&bytes, 16, BASE32)) };
    }
    if has("do") || has("digitalocean") {
        return format!("dop_v1_{}", draw(&bytes, 64, HEX));
    }
    draw(&bytes, 32, BASE62)
}

const HEX: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn stream(seed: &str, stack: &str, input: &str) -> Vec<u8> {
    let block = |number: u8| {
        let mut hash = Sha256::new();
        for part in ["maps planted secret", seed, stack, input] {
            // The lengths keep apart what would read the same when joined.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update([number]);
        hash.finalize().to_vec()
    };
    [block(0), block(1)].concat()
}

fn draw(bytes: &[u8], length: usize, alphabet: &[u8]) -> String {
    bytes.iter().take(length).map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_secrets_look_like_real_ones() {
        let of = |input: &str| secret("seed", "maps", input);
        assert!(of("do_token").starts_with("dop_v1_") && of("do_token").len() == 71);
        assert!(of("aws_access_key_id").starts_with("AKIA") && of("aws_access_key_id").len() == 20);
        assert_eq!(of("aws_secret_access_key").len(), 40);
        assert_eq!(of("password").len(), 32);
    }

    #[test]
    fn they_differ_by_cloud_stack_and_input_and_stay_the_same() {
        let one = secret("seed", "maps", "password");
        assert_eq!(one, secret("seed", "maps", "password"));
        assert_ne!(one, secret("other", "maps", "password"));
        assert_ne!(one, secret("seed", "hello", "password"));
        assert_ne!(one, secret("seed", "maps", "passwords"));
        assert_ne!(secret("s", "ab", "c"), secret("s", "a", "bc"));
    }
}
