//! Finds in an answer what the host put into the request and the guest must not see.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use maps_engine::value::SECRET_TEXT;

/// Secrets shorter than this would be found everywhere.
const SHORTEST: usize = 8;

/// The spellings of one call's credential: plain, in JSON, in URLs, in hexadecimal, in base64 at
/// each of the three offsets at which it can stand in a longer text.
#[derive(Default)]
pub(in crate::capability) struct Echo {
    needles: Vec<String>,
}

impl Echo {
    /// Knows the secret, and what it looks like as a part of other texts.
    pub(in crate::capability) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            needles.push(secret.to_owned());
            needles.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
            needles.push(serde_json::Value::from(secret).to_string().trim_matches('"').to_owned());
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            needles.push(hex.to_ascii_uppercase());
            needles.push(hex);
            needles.extend(base64_spellings(secret.as_bytes()));
        }
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        needles.dedup();
        Self { needles }
    }

    /// The text without the secret.
    pub(in crate::capability) fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in self.needles.iter().filter(|needle| text.contains(needle.as_str())) {
            clean = clean.replace(needle.as_str(), SECRET_TEXT);
        }
        clean
    }

    /// Does it stand in these bytes?
    pub(in crate::capability) fn is_in(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
    }
}

/// The characters that are the same whatever stands around the secret, for each offset in a group
/// of three bytes.
fn base64_spellings(secret: &[u8]) -> Vec<String> {
    let mut spellings = Vec::new();
    for offset in 0..3 {
        let padded = [&vec![0; offset][..], secret].concat();
        // The first characters mix with what stands before, the last one with what stands after.
        let skip = [0, 2, 3][offset];
        let whole = padded.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            spellings.extend(text.get(skip..whole).map(str::to_owned));
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn rt24_a_secret_is_found_in_every_spelling() {
        let secret = "dop_v1_0123456789abcdef\"/+";
        let echo = Echo::of([secret]);
        for around in ["", "x", "xy", "xyz", "Bearer "] {
            let text = format!("{around}{secret}{around}");
            let encoded = STANDARD.encode(&text);
            assert!(echo.is_in(encoded.as_bytes()), "{encoded}");
            assert!(!echo.scrub(&encoded).contains(&STANDARD_NO_PAD.encode(&secret[..12])), "{around}");
            assert!(echo.is_in(URL_SAFE_NO_PAD.encode(&text).as_bytes()));
            assert_eq!(echo.scrub(&text), format!("{around}{SECRET_TEXT}{around}"));
        }
        assert!(echo.is_in(serde_json::Value::from(secret).to_string().as_bytes()));
        assert!(!echo.is_in(b"dop_v1_ something else"));
    }
}
