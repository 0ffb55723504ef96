//! `index.yaml` of a chart repository: which versions of a chart there are, and which one is meant.

use maps_helm_engine::semver::{Constraints, Version};
use maps_helm_engine::value::{Map, Str, Value};
use maps_helm_engine::{json, yaml};

/// Bytes of an index past which only the part about one chart is parsed: the largest public ones have twenty
/// megabytes, which as values would take more memory than a guest has.
const WHOLE: usize = 2 << 20;

const NO_VERSION: &str = "no API version specified";

/// A version of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As the index spells it.
    pub(crate) version: String,
    /// Absolute, or relative to the repository.
    pub(crate) url: Option<String>,
    /// SHA-256 of the archive in hex, if the index says it.
    pub(crate) digest: Option<String>,
}

/// Why an index has no such chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is no index, and why.
    NoIndex(String),
    /// There is no such chart, or no such version of it.
    NotFound,
}

/// The version of `chart` that `wanted` means; without it the newest stable one.
pub(crate) fn find(index: &[u8], chart: &str, wanted: Option<&str>) -> Result<Entry, Missing> {
    let wanted = wanted.unwrap_or_default();
    let mut entries = entries(index, chart)?;
    if entries.is_empty() {
        return Err(Missing::NotFound);
    }
    let constraint = Constraints::parse(if wanted.is_empty() { "*" } else { wanted });
    let constraint = constraint.map_err(|_| Missing::NotFound)?;
    // The newest first; what is no version last.
    entries.sort_by(|(_, one), (_, other)| match (one, other) {
        (Some(one), Some(other)) => other.precedence(one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    let exact = entries.iter().position(|(entry, _)| !wanted.is_empty() && entry.version == wanted);
    let fits = |version: &Option<Version>| version.as_ref().is_some_and(|version| constraint.check(version));
    let chosen = exact.or_else(|| entries.iter().position(|(_, version)| fits(version)));
    chosen.map(|at| entries.swap_remove(at).0).ok_or(Missing::NotFound)
}

/// The versions of a chart, in the order of the index.
fn entries(index: &[u8], chart: &str) -> Result<Vec<(Entry, Option<Version>)>, Missing> {
    let part = if index.len() > WHOLE { excerpt(index, chart) } else { None };
    let text = part.as_deref().unwrap_or(index);
    // YAML becomes JSON before it is decoded, and Helm's complaints say so.
    let (document, frame) = match json::parse(text) {
        Ok(document) => (document, ""),
        Err(_) => {
            let document = yaml::parse_numbers(text).map_err(Missing::NoIndex)?;
            (document, "error unmarshaling JSON: while decoding JSON: ")
        }
    };
    let other = |value: &Value, wanted: &str| {
        Missing::NoIndex(format!("{frame}json: cannot unmarshal {} into Go {wanted}", kind(value)))
    };
    let document = match &document {
        Value::Map(document) => document,
        Value::Nil if text.is_empty() => return Err(Missing::NoIndex("empty index.yaml file".to_owned())),
        Value::Nil => return Err(Missing::NoIndex(NO_VERSION.to_owned())),
        // What is a text or a number to YAML alone is decoded a first time, without the frame.
        document @ Value::Str(_) => return Err(other(document, "value of type repo.IndexFile")),
        document => {
            let kind = kind(document);
            let message = format!("json: cannot unmarshal {kind} into Go value of type repo.IndexFile");
            return Err(Missing::NoIndex(message));
        }
    };
    let charts = match document.get(b"entries") {
        Some(Value::Map(charts)) => charts,
        None | Some(Value::Nil) => Map::new(),
        Some(charts) => {
            return Err(other(&charts, "struct field IndexFile.entries of type map[string]repo.ChartVersions"));
        }
    };
    let versions = match charts.get(chart.as_bytes()) {
        Some(Value::List(versions)) => versions.to_vec(),
        None | Some(Value::Nil) => Vec::new(),
        Some(versions) => return Err(other(&versions, "struct field IndexFile.entries of type repo.ChartVersions")),
    };
    for version in &versions {
        let map = match version {
            Value::Map(map) => map,
            Value::Nil => continue,
            version => return Err(other(version, "struct field IndexFile.entries of type repo.ChartVersion")),
        };
        match map.get(b"version") {
            None | Some(Value::Nil | Value::Str(_)) => {}
            Some(version) => {
                return Err(other(&version, "struct field ChartVersion.entries.Metadata.version of type string"));
            }
        }
        match map.get(b"urls") {
            None | Some(Value::Nil | Value::List(_)) => {}
            Some(urls) => return Err(other(&urls, "struct field ChartVersion.entries.urls of type []string")),
        }
    }
    if part.is_none() && document.get(b"apiVersion").and_then(text_of).is_none_or(|version| version.is_empty()) {
        return Err(Missing::NoIndex(NO_VERSION.to_owned()));
    }
    Ok(versions.iter().filter_map(entry).collect())
}

/// A value as JSON calls it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::Str(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    }
}

fn entry(value: &Value) -> Option<(Entry, Option<Version>)> {
    let Value::Map(map) = value else { return None };
    let text = |key: &str| map.get(key.as_bytes()).and_then(text_of);
    let version = text("version")?;
    // What Helm leaves out of an index: names that are none, and versions that are none.
    text("name").filter(|name| !name.is_empty())?;
    let parsed = Version::parse(&version).ok()?;
    let digest = text("digest").map(|digest| digest.trim_start_matches("sha256:").to_ascii_lowercase());
    let url = first_url(map);
    Some((Entry { version, url, digest: digest.filter(|digest| !digest.is_empty()) }, Some(parsed)))
}

fn first_url(map: &Map) -> Option<String> {
    let Some(Value::List(urls)) = map.get(b"urls") else { return None };
    urls.get(0).and_then(text_of)
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Str(text) => utf8(&text),
        Value::Int(number, _) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn utf8(text: &Str) -> Option<String> {
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// The part of a large index that is about one chart, as an index of its own: from the chart's key up to the next
/// key that stands as far to the left. Helm writes an index so that everything about a chart stands further in;
/// where this one is laid out otherwise, there is no part, and the whole of it is parsed.
fn excerpt(index: &[u8], chart: &str) -> Option<Vec<u8>> {
    let mut lines =
        index.split_inclusive(|byte| *byte == b'\n').skip_while(|line| line.trim_ascii_end() != b"entries:");
    lines.next()?;
    let key = format!("  {chart}:");
    let mut inside = lines.skip_while(|line| line.trim_ascii_end() != key.as_bytes());
    let first = inside.next()?;
    let mut part = b"entries:\n".to_vec();
    part.extend_from_slice(first);
    for line in inside {
        let is_next = match line {
            [b' ', b' ', third, ..] => !b" -\r\n#".contains(third),
            [b'\r' | b'\n', ..] => false,
            [] => true,
            [_] => true,
            [b' ', _, ..] | [_, ..] => true,
        };
        if is_next {
            break;
        }
        part.extend_from_slice(line);
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const INDEX: &str = "apiVersion: v1
entries:
  db:
  - {name: db, version: 9.0.0, urls: [db.tgz]}
  web:
  - name: web
    version: 0.2.0
    digest: ABC
    urls: [web-0.2.0.tgz, other]
  - name: web
    version: 1.0.0-rc.1
    urls: [web-rc.tgz]
  - name: web
    version: 0.10.0
    urls: [https://h/web-0.10.0.tgz]
  - name: web
    version: nothing
    urls: [none]
  - name: web
    version: 0.10.0+build
";

    fn found(wanted: Option<&str>) -> Result<String, Missing> {
        find(INDEX.as_bytes(), "web", wanted).map(|entry| entry.version)
    }

    #[test]
    fn the_newest_stable_version_that_fits_is_meant() {
        assert_eq!(found(None).unwrap(), "0.10.0");
        for (wanted, version) in [
            ("0.2.0", "0.2.0"),
            ("v0.2.0", "0.2.0"),
            ("0.2", "0.2.0"),
            ("<0.10", "0.2.0"),
            (">0.0.0-0", "1.0.0-rc.1"),
            ("1.0.0-rc.1", "1.0.0-rc.1"),
            ("0.10.0+build", "0.10.0+build"),
        ] {
            assert_eq!(found(Some(wanted)).as_deref(), Ok(version), "{wanted}");
        }
        for wanted in ["9", "abc", "nothing", "^2"] {
            assert_eq!(found(Some(wanted)), Err(Missing::NotFound), "{wanted}");
        }
        assert_eq!(find(INDEX.as_bytes(), "none", None), Err(Missing::NotFound));
        assert_eq!(find(INDEX.as_bytes(), "web", Some("0.2.0")).unwrap().digest.as_deref(), Some("abc"));
    }

    #[test]
    fn what_is_no_index_is_told() {
        for (index, why) in [
            ("", "empty index.yaml file"),
            ("entries: {}", "no API version specified"),
            ("# nothing", "no API version specified"),
            ("null", "no API version specified"),
            ("[]", "json: cannot unmarshal array into Go value of type repo.IndexFile"),
            ("3", "json: cannot unmarshal number into Go value of type repo.IndexFile"),
            (
                "<html>",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type repo.IndexFile",
            ),
            (
                "{\"apiVersion\": \"v1\", \"entries\": []}",
                "json: cannot unmarshal array into Go struct field IndexFile.entries of type map[string]repo.ChartVersions",
            ),
            (
                "apiVersion: v1\nentries: {web: {}}",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go struct field IndexFile.entries of type repo.ChartVersions",
            ),
            (
                "apiVersion: v1\nentries: {web: [{name: web, version: 1.0}]}",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field ChartVersion.entries.Metadata.version of type string",
            ),
        ] {
            assert_eq!(find(index.as_bytes(), "web", None), Err(Missing::NoIndex(why.to_owned())), "{index}");
        }
        assert!(matches!(find(b"a: [", "web", None), Err(Missing::NoIndex(_))));
    }

    #[test]
    fn of_a_large_index_only_the_chart_is_parsed() {
        let part = excerpt(INDEX.as_bytes(), "db").unwrap();
        assert_eq!(part, b"entries:\n  db:\n  - {name: db, version: 9.0.0, urls: [db.tgz]}\n");
        let web = String::from_utf8(excerpt(INDEX.as_bytes(), "web").unwrap()).unwrap();
        assert!(web.ends_with("version: 0.10.0+build\n") && !web.contains("db"), "{web}");
        assert_eq!(excerpt(INDEX.as_bytes(), "none"), None);
        let mut large = INDEX.replace("entries:\n", "entries:\n  filler:\n");
        let filler = "  - {name: filler, version: 1.0.0, urls: [x]}\n".repeat(WHOLE / 40);
        large = large.replace("  filler:\n", &format!("  filler:\n{filler}"));
        assert_eq!(find(large.as_bytes(), "web", None).unwrap().version, "0.10.0");
    }
}
