//! Secrets by handle: a table that lives for one guest call.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use maps_engine::Value;
use maps_engine::value::{ENCRYPTED_KEY, SEALED_KEY, UNKNOWN_KEY};
use serde_json::Value as Json;

use crate::cache::hex;
use crate::limits::{HANDLE_BYTES, JSON_DEPTH};

/// What stands where a secret was scrubbed from text.
const SCRUBBED: &str = maps_engine::value::SECRET_TEXT;
/// Shorter secrets are not searched for in text: they would be found everywhere, and what they
/// protect is not protected by their length anyway.
const SHORTEST_SCRUBBED: usize = 8;

/// The handles of one guest call. Handles are random, so none can be guessed or replayed.
#[derive(Default)]
pub struct Seals {
    by_handle: HashMap<String, Value>,
    /// The texts of all secrets, in every spelling that is searched for; longest first.
    needles: Vec<String>,
    /// The same, to know at once what is there: a list of Secrets has thousands.
    spelled: HashSet<String>,
}

impl Seals {
    /// Keeps the value and returns its handle.
    ///
    /// The same secret gets a new handle each time: a guest that could compare handles could
    /// tell which secrets are equal.
    pub fn mint(&mut self, value: Value) -> String {
        let mut random = [0; HANDLE_BYTES];
        if getrandom::fill(&mut random).is_err() {
            // Without randomness no handle is minted: this text is under no entry, so whatever
            // the guest does with it is refused.
            return String::new();
        }
        let handle = hex(&random);
        let value = value.revealed();
        self.remember(&value);
        self.by_handle.insert(handle.clone(), value);
        handle
    }

    /// What the handle stands for, if it was minted for this call.
    pub fn open(&self, handle: &str) -> Option<&Value> {
        self.by_handle.get(handle)
    }

    /// A value as the guest gets it: every secret replaced by `{"$sealed": HANDLE}`, unknowns by
    /// `{"$unknown": true}`.
    pub fn to_guest(&mut self, value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(|item| self.to_guest(item)).collect()),
            Value::Map(map) => Json::Object(map.iter().map(|(key, item)| (key.clone(), self.to_guest(item))).collect()),
            Value::Unknown => one(UNKNOWN_KEY, Json::Bool(true)),
            Value::Secret(inner) => {
                let handle = self.mint((**inner).clone());
                one(SEALED_KEY, Json::String(handle))
            }
        }
    }

    /// A value as it came from the guest: every `{"$sealed": HANDLE}` holds its secret again, and
    /// text that repeats a secret becomes a secret.
    ///
    /// # Errors
    /// The path of a handle that is not of this call, or that is not a whole value.
    pub fn from_guest(&self, json: Json) -> Result<Value, String> {
        self.value(json, &mut Path::default())
    }

    fn value(&self, json: Json, path: &mut Path) -> Result<Value, String> {
        if path.0.len() > JSON_DEPTH {
            return Err(format!("a value is nested deeper than {JSON_DEPTH} levels"));
        }
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(truth),
            Json::Number(number) => Value::Number(number),
            Json::String(text) => self.text(text, path)?,
            Json::Array(items) => {
                let each = items.into_iter().enumerate();
                Value::List(
                    each.map(|(at, item)| path.under(format!("[{at}]"), |path| self.value(item, path)))
                        .collect::<Result<_, _>>()?,
                )
            }
            Json::Object(map) => {
                if let Some(reserved) = self.reserved(&map, path)? {
                    return Ok(reserved);
                }
                let mut made = maps_engine::value::Map::new();
                for (key, item) in map {
                    if self.holds_secret(&key) {
                        return Err(format!("{path}: a key repeats a secret"));
                    }
                    let value = path.under(format!(".{key}"), |path| self.value(item, path))?;
                    made.insert(key, value);
                }
                Value::Map(made)
            }
        })
    }

    /// A reserved key is a whole value of its own or an error: never data.
    fn reserved(&self, map: &serde_json::Map<String, Json>, path: &Path) -> Result<Option<Value>, String> {
        let Some(key) = [SEALED_KEY, UNKNOWN_KEY, ENCRYPTED_KEY].into_iter().find(|key| map.contains_key(*key)) else {
            return Ok(None);
        };
        if map.len() != 1 {
            return Err(format!("{path}: `{key}` stands beside other keys, and is a whole value or nothing"));
        }
        match (key, map.get(key)) {
            (UNKNOWN_KEY, Some(Json::Bool(true))) => Ok(Some(Value::Unknown)),
            (SEALED_KEY, Some(Json::String(handle))) => match self.open(handle) {
                Some(secret) => Ok(Some(secret.clone().secret())),
                None => Err(format!("{path}: the handle was not given to this call")),
            },
            _ => Err(format!("{path}: `{key}` is reserved")),
        }
    }

    fn text(&self, text: String, path: &Path) -> Result<Value, String> {
        if self.holds_handle(&text) {
            return Err(format!(
                "{path}: a handle stands inside of text; it is a whole value, `{{\"{SEALED_KEY}\": HANDLE}}`"
            ));
        }
        let secret = self.holds_secret(&text);
        let value = Value::String(text);
        Ok(if secret { value.secret() } else { value })
    }

    /// Does a handle of this call stand in the text? It opens nothing there, so it is a mistake or a probe.
    pub(crate) fn holds_handle(&self, text: &str) -> bool {
        self.by_handle.keys().any(|handle| text.contains(handle.as_str()))
    }

    fn holds_secret(&self, text: &str) -> bool {
        text.len() >= SHORTEST_SCRUBBED && self.needles.iter().any(|needle| text.contains(needle.as_str()))
    }

    /// Replaces every occurrence of a kept secret's text (8 characters or longer; plain, base64,
    /// URL-encoded) in text that goes to a guest, a log or an audit line.
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in &self.needles {
            if clean.contains(needle.as_str()) {
                clean = clean.replace(needle.as_str(), SCRUBBED);
            }
        }
        clean
    }

    /// Every text in the value, and every spelling of it that is worth searching for.
    fn remember(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.remember_text(text),
            Value::List(items) => items.iter().for_each(|item| self.remember(item)),
            Value::Map(map) => map.values().for_each(|item| self.remember(item)),
            Value::Secret(inner) => self.remember(inner),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown => {}
        }
    }

    fn remember_text(&mut self, text: &str) {
        if text.len() < SHORTEST_SCRUBBED || self.spelled.contains(text) {
            return;
        }
        let url: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        // As part of a JSON text, without the quotes around it.
        let json = Json::String(text.to_owned()).to_string();
        let json = json.trim_matches('"').to_owned();
        let mut spellings = vec![text.to_owned(), url.replace('+', "%20"), url, json];
        spellings.extend((0..3).flat_map(|offset| base64_inside(text, offset)));
        for spelling in spellings {
            if spelling.len() >= SHORTEST_SCRUBBED && self.spelled.insert(spelling.clone()) {
                let at = self.needles.partition_point(|needle| needle.len() >= spelling.len());
                self.needles.insert(at, spelling);
            }
        }
    }
}

/// How base64 spells the text when `offset` bytes (modulo three) stand before it and anything
/// after: the characters at its ends that mix with its neighbours are left out.
fn base64_inside(text: &str, offset: usize) -> [String; 2] {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(text.as_bytes());
    let mixed_before = (offset * 8).div_ceil(6);
    let mixed_after = usize::from(!(bytes.len() * 8).is_multiple_of(6));
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)].map(|spelling| {
        let end = spelling.len().saturating_sub(mixed_after).max(mixed_before);
        spelling.get(mixed_before..end).unwrap_or_default().to_owned()
    })
}

fn one(key: &str, value: Json) -> Json {
    Json::Object([(key.to_owned(), value)].into_iter().collect())
}

/// Where in a value: `.node_pools[0].size`.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn under<T>(&mut self, step: String, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step);
        let result = inside(self);
        self.0.pop();
        result
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the value");
        }
        self.0.iter().try_for_each(|step| f.write_str(step))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn sealed(seals: &mut Seals, secret: &str) -> (Json, String) {
        let json = seals.to_guest(&Value::from(secret).secret());
        let handle = json.get(SEALED_KEY).and_then(Json::as_str).unwrap().to_owned();
        (json, handle)
    }

    #[test]
    fn a_secret_goes_out_as_a_handle_and_comes_back_as_a_secret() {
        let mut seals = Seals::default();
        let (json, handle) = sealed(&mut seals, "correct horse battery");
        assert!(!json.to_string().contains("horse"));
        assert_eq!(handle.len(), 2 * HANDLE_BYTES);
        let back = seals.from_guest(json!({"data": {"password": json}})).unwrap();
        let password = back.get("data").unwrap().get("password").unwrap();
        assert!(password.has_secret());
        assert_eq!(password.as_str(), Some("correct horse battery"));
    }

    #[test]
    fn rt19_a_handle_of_another_call_is_refused() {
        let (json, _) = sealed(&mut Seals::default(), "another plugin's secret");
        let mut mine = Seals::default();
        sealed(&mut mine, "my own secret");
        assert!(mine.from_guest(json).unwrap_err().contains("not given to this call"));
        assert!(mine.from_guest(json!({"$sealed": ""})).is_err());
        assert!(mine.from_guest(json!({"$sealed": 7})).is_err());
    }

    #[test]
    fn rt26_a_handle_is_a_whole_value_or_nothing() {
        let mut seals = Seals::default();
        let (_, handle) = sealed(&mut seals, "correct horse battery");
        for forged in [
            json!({"$sealed": handle, "beside": 1}),
            json!(format!("Bearer {handle}")),
            json!([{"x": format!("{handle}")}]),
            json!({"$encrypted": "x"}),
            json!({"$unknown": false}),
        ] {
            assert!(seals.from_guest(forged.clone()).is_err(), "{forged}");
        }
        // Base64 of a handle is text like any other: it opens nothing.
        let encoded = STANDARD_NO_PAD.encode(&handle);
        assert_eq!(seals.from_guest(json!(encoded)).unwrap(), Value::from(encoded.as_str()));
    }

    #[test]
    fn equal_secrets_get_unequal_handles() {
        let mut seals = Seals::default();
        assert_ne!(sealed(&mut seals, "the same secret").1, sealed(&mut seals, "the same secret").1);
    }

    #[test]
    fn rt24_an_echoed_secret_is_scrubbed_from_text_in_every_spelling() {
        let mut seals = Seals::default();
        let secret = "dop_v1_abc/+def \"ghi\"";
        sealed(&mut seals, secret);
        for before in ["", "x", "xy", "user:"] {
            for text in [
                format!("{before}{secret} after"),
                STANDARD_NO_PAD.encode(format!("{before}{secret} after")),
                URL_SAFE_NO_PAD.encode(format!("{before}{secret}")),
                url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
                Json::String(secret.to_owned()).to_string(),
            ] {
                assert!(seals.scrub(&text).contains(SCRUBBED), "{text}");
                assert!(seals.from_guest(json!({"echo": text})).unwrap().has_secret(), "{text}");
            }
        }
        assert_eq!(seals.scrub("nothing of the kind"), "nothing of the kind");
    }

    #[test]
    fn rt29_a_value_that_nests_too_deep_is_refused() {
        let deep = (0..JSON_DEPTH + 2).fold(json!(1), |inner, _| json!([inner]));
        assert!(Seals::default().from_guest(deep).unwrap_err().contains("deeper"));
    }
}
