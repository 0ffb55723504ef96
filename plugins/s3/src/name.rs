//! Names of buckets.

use std::net::Ipv4Addr;

/// Is it a name that a bucket can have: 3 to 63 lower-case letters, digits, dots and dashes, a letter or a digit
/// first and last, no two dots together, and no address?
pub fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| plain(*byte));
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || b".-".contains(byte))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && !name.starts_with("xn--")
        && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for name in ["gst-maps-backups", "a.b", "123"] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["ab", "Upper", "-a-", "a..b", "1.2.3.4", "xn--a", "a_b", &"a".repeat(64)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
