//! What goes into a Secret: values by key or property, whole objects, and templates that only name values.

use std::collections::BTreeMap;

use base64::Engine;
use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{Failure, Shape, store};
use crate::controllers::Desk;
use crate::controllers::object::{fields, items, text};

/// A Go duration in milliseconds; `None` for zero, an hour where there is none.
pub(super) fn interval(text: &str) -> Option<u64> {
    if text.is_empty() {
        return Some(3_600_000);
    }
    let mut total = 0.0;
    let mut number = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() || letter == '.' {
            number.push(letter);
            continue;
        }
        let unit = match (letter, letters.peek()) {
            ('m', Some('s')) => {
                letters.next();
                1.0
            }
            ('h', _) => 3_600_000.0,
            ('m', _) => 60_000.0,
            ('s', _) => 1000.0,
            _ => 0.0,
        };
        total += number.parse::<f64>().unwrap_or_default() * unit;
        number.clear();
    }
    // A duration of less than a millisecond is none; one past this is never due.
    let whole = total.clamp(0.0, 1e15) as u64;
    (whole > 0).then_some(whole)
}

/// Reads all that an ExternalSecret asks for.
pub(super) fn gather(external: &Value, desk: &mut Desk<'_>) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let usual = external.pointer("/spec/secretStoreRef").cloned().unwrap_or_default();
    let mut all = BTreeMap::new();
    // What is gone outside is an error only where what was made of it is to stay.
    let keeps = !matches!(text(external, "/spec/target/deletionPolicy"), "Delete" | "Merge");
    for (index, source) in items(external, "/spec/dataFrom").iter().enumerate() {
        let failed =
            |why: String| Failure::Data(format!("error processing spec.dataFrom[{index}].extract, err: {why}"));
        if let Some(find) = source.get("find").filter(|find| !find.is_null()) {
            let failed =
                |why: String| Failure::Data(format!("error processing spec.dataFrom[{index}].find, err: {why}"));
            let reference = source.pointer("/sourceRef/storeRef").unwrap_or(&usual);
            let found = store::find(external, reference, desk).map_err(failed)?;
            let values = store::list(external, &found, find, desk).map_err(failed)?;
            all.extend(values.into_iter().map(|(name, value)| (converted(&name), value)));
            continue;
        }
        let Some(extract) = source.get("extract").filter(|extract| !extract.is_null()) else {
            return Err(failed("only extract and find are played here".to_owned()));
        };
        if !items(source, "/rewrite").is_empty() {
            return Err(failed("rewriting of keys is not played here".to_owned()));
        }
        let reference = source.pointer("/sourceRef/storeRef").unwrap_or(&usual);
        let found = store::find(external, reference, desk).map_err(failed)?;
        let value = match store::read(external, &found, text(extract, "/key"), desk) {
            Err(why) if why == store::NO_SECRET && !keeps => continue,
            value => value.map_err(failed)?,
        };
        let value = property(&value, text(extract, "/property")).map_err(failed)?;
        let object: Map<String, Value> = serde_json::from_slice(&value)
            .map_err(|_| failed("unable to unmarshal secret: it is no JSON object".to_owned()))?;
        all.extend(object.into_iter().map(|(key, value)| (key, plain(&value))));
    }
    for (index, entry) in items(external, "/spec/data").iter().enumerate() {
        let key = text(entry, "/remoteRef/key");
        let failed =
            |why: String| Failure::Data(format!("error processing spec.data[{index}] (key: {key}), err: {why}"));
        let reference = entry.pointer("/sourceRef/storeRef").unwrap_or(&usual);
        let found = store::find(external, reference, desk).map_err(failed)?;
        let value = match store::read(external, &found, key, desk) {
            Err(why) if why == store::NO_SECRET && !keeps => continue,
            value => value.map_err(failed)?,
        };
        let value = property(&value, text(entry, "/remoteRef/property")).map_err(failed)?;
        let value = match text(entry, "/remoteRef/decodingStrategy") {
            "Base64" => base64::engine::general_purpose::STANDARD
                .decode(&value)
                .map_err(|_| failed("the value is no base64".to_owned()))?,
            _ => value,
        };
        all.insert(text(entry, "/secretKey").to_owned(), value);
    }
    Ok(all)
}

/// A parameter's name as a Secret's key may be.
fn converted(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&letter);
    name.chars().map(|letter| if fits(letter) { letter } else { '_' }).collect()
}

fn plain(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

/// A part of a JSON value, by names with dots between; the value itself where none is asked for.
fn property(value: &[u8], path: &str) -> Result<Vec<u8>, String> {
    if path.is_empty() {
        return Ok(value.to_vec());
    }
    let missing = || format!("key {path} does not exist in secret");
    let whole: Value = serde_json::from_slice(value).map_err(|_| missing())?;
    if let Some(found) = whole.get(path) {
        return Ok(plain(found));
    }
    let step = |at: &Value, name: &str| match at {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?).cloned(),
        other => other.get(name).cloned(),
    };
    let found = path.split('.').try_fold(whole, |at, name| step(&at, name));
    found.map(|found| plain(&found)).ok_or_else(missing)
}

/// The Secret that is to be made of the values.
pub(super) fn shape(external: &Value, data: &BTreeMap<String, Vec<u8>>) -> Result<Shape, Failure> {
    let own = |part: &str| fields(external, &format!("/metadata/{part}")).cloned().unwrap_or_default();
    let Some(template) = external.pointer("/spec/target/template").filter(|template| !template.is_null()) else {
        let mut annotations = own("annotations");
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        return Ok(Shape { kind: None, labels: own("labels"), annotations, data: data.clone() });
    };
    let of = |part: &str| fields(template, &format!("/metadata/{part}")).cloned().unwrap_or_default();
    let kind = Some(text(template, "/type").to_owned()).filter(|kind| !kind.is_empty());
    if !items(template, "/templateFrom").is_empty() {
        return Err(Failure::Target("could not apply template: templateFrom is not played here".to_owned()));
    }
    let Some(stated) = fields(template, "/data") else {
        return Ok(Shape { kind, labels: of("labels"), annotations: of("annotations"), data: data.clone() });
    };
    let mut made = match text(template, "/mergePolicy") {
        "Merge" => data.clone(),
        _ => BTreeMap::new(),
    };
    for (key, value) in stated {
        made.insert(key.clone(), fill(key, value.as_str().unwrap_or_default(), data)?);
    }
    Ok(Shape { kind, labels: of("labels"), annotations: of("annotations"), data: made })
}

/// A template with the values that it names (`{{ .password }}`) in their places.
fn fill(key: &str, template: &str, data: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let failed = |why: &str| {
        Failure::Target(format!("could not apply template: unable to execute template at key {key}: {why}"))
    };
    let named = Regex::new(r"\{\{-?\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}").map_err(|_| failed("the pattern"))?;
    let mut filled = Vec::new();
    let mut last = 0;
    for found in named.captures_iter(template) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
        filled.extend_from_slice(&template.as_bytes()[last..whole.start()]);
        let value = data.get(name.as_str());
        filled.extend_from_slice(value.ok_or_else(|| failed(&format!("there is no value {:?}", name.as_str())))?);
        last = whole.end();
    }
    let rest = &template[last..];
    if rest.contains("{{") || template[..last].replace("{{", "").len() + 2 * named.find_iter(template).count() < last {
        return Err(failed("only values by their names are played here"));
    }
    filled.extend_from_slice(rest.as_bytes());
    Ok(filled)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn intervals_are_gos_durations() {
        let cases = [
            ("", Some(3_600_000)),
            ("1h", Some(3_600_000)),
            ("1h30m", Some(5_400_000)),
            ("15s", Some(15_000)),
            ("250ms", Some(250)),
            ("0", None),
            ("0s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(interval(text), expected, "{text}");
        }
    }

    #[test]
    fn properties_and_templates() {
        let json = br#"{"a": {"b": [1, "two"]}, "a.c": "dotted"}"#;
        let cases = [("a.b.1", Some("two")), ("a.b.0", Some("1")), ("a.c", Some("dotted")), ("a.x", None)];
        for (path, expected) in cases {
            assert_eq!(
                property(json, path).ok().map(|value| String::from_utf8(value).unwrap()).as_deref(),
                expected,
                "{path}"
            );
        }
        let data = BTreeMap::from([("user".to_owned(), b"u".to_vec()), ("pass".to_owned(), b"p".to_vec())]);
        assert_eq!(fill("k", "{{ .user }}:{{.pass}}@host", &data).unwrap(), b"u:p@host");
        for wrong in ["{{ .nobody }}", "{{ .user | upper }}", "{{ range . }}{{ .user }}"] {
            assert!(fill("k", wrong, &data).is_err(), "{wrong}");
        }
    }
}
