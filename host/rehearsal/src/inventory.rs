//! What exists, in a form that two runs can be compared by: no ids, no times, nothing random.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::store::Documents;
use crate::{aws, declared, digitalocean, kubernetes};

/// The file of a cloud's documents in its directory.
pub(crate) const STATE_FILE: &str = "state.log";
/// Hexadecimal runs of at least this length are taken for something random: tokens, digests.
const RANDOM_RUN: usize = 32;
/// What stands in the place of something random.
const MASK: &str = "«random»";

/// The inventory of a cloud's directory, whether or not a server runs on it.
///
/// Everything that was accepted is shown as finished (a cluster that is being
/// deleted is gone, one that is being made runs), so that no clock is in it.
pub fn inventory(dir: &Path) -> Result<Value, Error> {
    let path = dir.join(STATE_FILE);
    of(&Documents::read(&path)?).map_err(|_| Error::Version { path })
}

/// The inventory of these documents.
pub(crate) fn of(documents: &Documents) -> Result<Value, serde_json::Error> {
    let mut services = Map::new();
    services.insert(digitalocean::NAME.to_owned(), digitalocean::inventory(documents)?);
    services.insert(aws::NAME.to_owned(), aws::inventory(documents)?);
    services.insert(kubernetes::NAME.to_owned(), kubernetes::inventory(documents)?);
    declared::inventory(documents, &mut services)?;
    let mut whole = Value::Object(services);
    normalise(&mut whole);
    Ok(whole)
}

/// Masks what is random and sorts every list.
fn normalise(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(items) => {
            items.iter_mut().for_each(normalise);
            items.sort_by_cached_key(Value::to_string);
        }
        Value::Object(fields) => {
            let taken = std::mem::take(fields);
            fields.extend(taken.into_iter().map(|(name, mut field)| {
                normalise(&mut field);
                (mask(&name), field)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces UUIDs and long hexadecimal runs, and what is a time or a certificate as a whole.
fn mask(text: &str) -> String {
    if is_time(text) {
        return "«time»".to_owned();
    }
    if text.starts_with("-----BEGIN CERTIFICATE-----") {
        return MASK.to_owned();
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if let Some(behind) = after_uuid(rest) {
            masked.push_str(MASK);
            rest = behind;
        } else if run >= RANDOM_RUN {
            masked.push_str(MASK);
            rest = &rest[run..];
        } else {
            // A shorter run goes in whole, so that its tail is not taken for another start.
            let length = run.max(first.len_utf8());
            masked.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    masked
}

/// Is a text a time such as `2026-01-02T03:04:05Z`, with or without a fraction?
fn is_time(text: &str) -> bool {
    let Some((head, rest)) = text.split_at_checked("2026-01-02T03:04:05".len()) else { return false };
    let fits = head.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let fraction = rest.strip_suffix('Z').map(|fraction| fraction.strip_prefix('.').unwrap_or(fraction));
    fits && fraction.is_some_and(|fraction| fraction.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What follows a UUID at the start of a text.
fn after_uuid(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    let (head, behind) = text.split_at_checked(LENGTH)?;
    let fits = head.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_random_is_masked_and_the_rest_stays() {
        assert_eq!(mask("k8s:bd5f5959-5e1e-4205-a714-a914373942af:x"), "k8s:«random»:x");
        assert_eq!(mask("maps-token-0123456789abcdef0123456789abcdef"), "maps-token-«random»");
        assert_eq!(mask("fra1 deadbeef s-2vcpu-4gb ünï"), "fra1 deadbeef s-2vcpu-4gb ünï");
        assert_eq!(mask("2026-11-21T16:34:38Z"), "«time»");
        assert_eq!(mask("2026-11-21T16:34:38.123456Z"), "«time»");
        assert_eq!(mask("2026-11-21 at 16:34"), "2026-11-21 at 16:34");
        assert_eq!(mask("-----BEGIN CERTIFICATE-----\nMIIB"), "«random»");
    }

    #[test]
    fn lists_are_sorted_after_masking() {
        let mut value = json!([["b", "0123456789abcdef0123456789abcdef"], ["a"]]);
        normalise(&mut value);
        assert_eq!(value, json!([["a"], ["b", "«random»"]]));
    }
}
