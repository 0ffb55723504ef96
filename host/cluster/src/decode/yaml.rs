//! Reads YAML as what it stands for in JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Error};

use super::tree::Tree;

/// Reads one document; the second is what strict decoding says of keys that come twice.
pub(super) fn parse(body: &[u8]) -> Result<(Tree, Vec<String>), String> {
    // Only a document without keys that come twice passes the first time.
    match read(body, DuplicateKeyPolicy::Error) {
        Ok(tree) => Ok((tree, Vec::new())),
        Err(error) => {
            let Error::DuplicateMappingKey { key, location } = error.without_snippet() else {
                return Err(wrong(&error));
            };
            let key = key.as_deref().unwrap_or_default();
            let twice = format!("yaml: unmarshal errors:\n  line {}: key {key:?} already set in map", location.line());
            let tree = read(body, DuplicateKeyPolicy::LastWins).map_err(|error| wrong(&error))?;
            Ok((tree, vec![twice]))
        }
    }
}

fn read(body: &[u8], duplicate_keys: DuplicateKeyPolicy) -> Result<Tree, Error> {
    let options = serde_saphyr::options! { duplicate_keys: duplicate_keys, with_snippet: false };
    serde_saphyr::from_slice_with_options(body, options)
}

/// What is no YAML at all.
fn wrong(error: &Error) -> String {
    match error.location() {
        Some(location) => format!("yaml: line {}: {error}", location.line()),
        None => format!("yaml: {error}"),
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string().into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields: Vec<(String, Tree)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<Tree, Tree>()? {
            let name = match key {
                Tree::String(name) => name,
                Tree::Bool(bool) => bool.to_string(),
                Tree::Number(digits) => digits.into(),
                Tree::Null => "null".to_owned(),
                Tree::Array(_) | Tree::Object(_) => continue,
            };
            match fields.iter_mut().find(|(before, _)| *before == name) {
                Some((_, before)) => *before = value,
                None => fields.push((name, value)),
            }
        }
        Ok(Tree::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::parse;

    #[test]
    fn yaml_is_read_as_its_json() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yml}\ndata:\n  a: 'x'\n  b: yes\n  1: 2\n  c: |\n    l\n  d: 1.5\n  e: ~\n  f: &x [1]\n  g: *x\n";
        let (tree, duplicates) = parse(text.as_bytes()).unwrap();
        let expected = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "yml"},
            "data": {"a": "x", "b": true, "1": 2, "c": "l\n", "d": 1.5, "e": null, "f": [1], "g": [1]},
        });
        assert_eq!(tree.into_value(), expected);
        assert!(duplicates.is_empty());
    }

    #[test]
    fn the_last_of_keys_that_come_twice_counts() {
        let (tree, duplicates) = parse(b"data:\n  a: 1\n  b: 2\n  a: 3\n").unwrap();
        assert_eq!(tree.into_value(), json!({"data": {"a": 3, "b": 2}}));
        assert_eq!(duplicates, ["yaml: unmarshal errors:\n  line 4: key \"a\" already set in map"]);
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        assert!(parse(b"a: [").unwrap_err().starts_with("yaml: line "));
    }
}
