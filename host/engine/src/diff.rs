//! What differs between an object and what it should be, place by place.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{FieldDiff, Reason};
use crate::schema::Schema;
use crate::value::{Map, Value};

/// Compares inputs. `old` is the object as it is, `new` as it should be, `recorded` as maps last
/// left it: where that agrees with `new`, somebody else made the difference.
///
/// Null is the same as absent. What the provider decides when it is left out (`x-maps-computed`)
/// does not differ by being left out. Items of a list with `x-maps-key` are matched by that
/// property, and their order means nothing. Secrets are compared by what they hold.
pub fn diff(schema: &Schema, old: &Value, new: &Value, recorded: Option<&Value>) -> Vec<FieldDiff> {
    let mut found = Vec::new();
    let place = Place { schema: Some(schema), replaces: schema.flags.replace };
    // Without a record nobody else is suspected.
    walk(&mut found, String::new(), place, [Some(old), Some(new), recorded.or(Some(old))]);
    found
}

#[derive(Clone, Copy)]
struct Place<'s> {
    /// What is said of values here; none where the schema says nothing.
    schema: Option<&'s Schema>,
    /// A change here, or above, makes the object anew.
    replaces: bool,
}

impl<'s> Place<'s> {
    fn at(self, schema: Option<&'s Schema>) -> Self {
        Self { schema, replaces: self.replaces || schema.is_some_and(|schema| schema.flags.replace) }
    }

    fn member(self, key: &str) -> Self {
        self.at(self.schema.and_then(|schema| schema.member(key)))
    }

    fn item(self) -> Self {
        self.at(self.schema.and_then(Schema::item))
    }
}

fn walk(found: &mut Vec<FieldDiff>, path: String, place: Place<'_>, values: [Option<&Value>; 3]) {
    let [old, new, recorded] = values.map(|value| value.filter(|value| !matches!(value, Value::Null)));
    match (old, new) {
        (None, None) => {}
        (_, None) if place.schema.is_some_and(|schema| schema.flags.computed) => {}
        (Some(Value::Map(before)), Some(Value::Map(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let recorded = recorded.and_then(Value::as_map);
            for name in names {
                let members = [before.get(name), after.get(name), recorded.and_then(|map| map.get(name))];
                walk(found, join(&path, name), place.member(name), members);
            }
        }
        (Some(Value::List(before)), Some(Value::List(after))) => {
            let recorded = match recorded {
                Some(Value::List(items)) => items.as_slice(),
                _ => &[],
            };
            walk_list(found, &path, place, [before, after, recorded]);
        }
        _ if old == new => {}
        _ => found.push(FieldDiff {
            path,
            old: old.cloned(),
            new: new.cloned(),
            replaces: place.replaces,
            reason: match new {
                Some(Value::Unknown) => Reason::Unknown,
                _ if recorded == new && recorded != old => Reason::Drifted,
                _ => Reason::Changed,
            },
        }),
    }
}

fn walk_list(found: &mut Vec<FieldDiff>, path: &str, place: Place<'_>, lists: [&[Value]; 3]) {
    let items = place.item();
    let keyed = place.schema.and_then(|schema| schema.flags.key.as_deref()).and_then(|key| {
        let [old, new] = [by_key(lists[0], key)?, by_key(lists[1], key)?];
        Some([old, new, by_key(lists[2], key).unwrap_or_default()])
    });
    let Some([old, new, recorded]) = keyed else {
        for index in 0..lists[0].len().max(lists[1].len()) {
            walk(found, format!("{path}[{index}]"), items, lists.map(|list| list.get(index)));
        }
        return;
    };
    let item = |list: &BTreeMap<&str, (usize, _)>, key| list.get(key).map(|(_, item)| *item);
    // In the order of the new list, then what is gone in the order of the old one.
    let mut order: Vec<(bool, usize, &str)> = new.iter().map(|(key, (index, _))| (false, *index, *key)).collect();
    order.extend(old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(key, (index, _))| (true, *index, *key)));
    order.sort_unstable();
    for (_, index, key) in order {
        walk(found, format!("{path}[{index}]"), items, [item(&old, key), item(&new, key), item(&recorded, key)]);
    }
}

type ByKey<'v> = BTreeMap<&'v str, (usize, &'v Value)>;

/// The items by their key; none if one lacks it, or two share it.
fn by_key<'v>(items: &'v [Value], key: &str) -> Option<ByKey<'v>> {
    let mut map = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        if map.insert(item.get(key)?.as_str()?, (index, item)).is_some() {
            return None;
        }
    }
    Some(map)
}

fn join(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    match (plain, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
    /// `[*]`: any index or name.
    Any,
}

fn parts(path: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(inner) = rest.strip_prefix('[') {
            if inner.starts_with('"') {
                let mut stream = serde_json::Deserializer::from_str(inner).into_iter::<String>();
                let Some(Ok(name)) = stream.next() else { return found };
                rest = inner.get(stream.byte_offset()..).and_then(|r| r.strip_prefix(']')).unwrap_or("");
                found.push(Part::Name(name));
            } else {
                let (index, after) = inner.split_once(']').unwrap_or((inner, ""));
                rest = after;
                match index.parse() {
                    Ok(index) => found.push(Part::Index(index)),
                    Err(_) => found.push(Part::Any),
                }
            }
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return found;
            }
            found.push(Part::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

/// Does a path of `ignore_changes` or `replace_on_changes` mean this path, or one above or in it?
pub fn covers(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (parts(pattern), parts(path));
    pattern.len() <= path.len() && pattern.iter().zip(&path).all(|(p, q)| *p == Part::Any || p == q)
}

/// Keeps what `ignore_changes` names as it is: puts the old value in the new one's place.
pub fn keep(patterns: &[String], schema: &Schema, old: &Value, new: &mut Value) {
    for pattern in patterns {
        let at = parts(pattern);
        if at.contains(&Part::Any) {
            for field in diff(schema, old, new, None).iter().filter(|field| covers(pattern, &field.path)) {
                // An item that came or went has no other side to keep.
                if let (Some(value), Some(_)) = (&field.old, &field.new) {
                    put(new, &parts(&field.path), Some(value));
                }
            }
        } else {
            put(new, &at, get(old, &at));
        }
    }
}

fn get<'v>(value: &'v Value, at: &[Part]) -> Option<&'v Value> {
    at.iter().try_fold(value, |value, part| match (value, part) {
        (Value::Map(map), Part::Name(name)) => map.get(name),
        (Value::List(items), Part::Index(index)) => items.get(*index),
        _ => None,
    })
}

fn put(value: &mut Value, at: &[Part], new: Option<&Value>) {
    let Some((first, rest)) = at.split_first() else {
        if let Some(new) = new {
            *value = new.clone();
        }
        return;
    };
    match (value, first) {
        (Value::Map(map), Part::Name(name)) if rest.is_empty() && new.is_none() => {
            map.remove(name);
        }
        (Value::Map(map), Part::Name(name)) if new.is_some() || map.contains_key(name) => {
            put(map.entry(name.clone()).or_insert_with(|| Value::Map(Map::new())), rest, new);
        }
        (Value::List(items), Part::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                put(item, rest, new);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        let pool = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer"},
            "size": {"type": "string", "x-maps-replace": true},
            "id": {"type": "string", "x-maps-computed": true},
        }});
        let schema = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "region": {"type": "string", "x-maps-replace": true},
            "vpc": {"type": "string", "x-maps-computed": true},
            "labels": {"type": "object"},
            "pools": {"type": "array", "x-maps-key": "name", "items": pool},
        }});
        Schema::parse(&schema).unwrap()
    }

    #[track_caller]
    fn check(old: serde_json::Value, new: serde_json::Value, recorded: Option<serde_json::Value>, expected: &[&str]) {
        let schema = schema();
        let recorded = recorded.map(Value::from);
        let found = diff(&schema, &old.into(), &new.into(), recorded.as_ref());
        let lines: Vec<String> = found
            .iter()
            .map(|d| {
                let side = |v: &Option<Value>| v.as_ref().map_or("-".to_owned(), |v| format!("{v:?}"));
                let replaces = if d.replaces { " replaces" } else { "" };
                format!("{} {} {} {:?}{replaces}", d.path, side(&d.old), side(&d.new), d.reason)
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn null_is_absent_and_what_the_provider_decides_may_be_left_out() {
        check(json!({"name": "a", "vpc": "v"}), json!({"name": "a", "labels": null}), None, &[]);
        check(json!({"vpc": "v"}), json!({"vpc": "w"}), None, &[r#"vpc "v" "w" Changed"#]);
    }

    #[test]
    fn a_field_tells_whether_it_replaces() {
        check(
            json!({"region": "fra1", "name": "a"}),
            json!({"region": "ams3", "name": "b"}),
            None,
            &[r#"name "a" "b" Changed"#, r#"region "fra1" "ams3" Changed replaces"#],
        );
    }

    #[test]
    fn keyed_items_are_matched_by_key_not_by_place() {
        let old = json!({"pools": [{"name": "a", "count": 1, "id": "1"}, {"name": "b", "count": 2, "id": "2"}]});
        check(old.clone(), json!({"pools": [{"name": "b", "count": 2}, {"name": "a", "count": 1}]}), None, &[]);
        check(
            old,
            json!({"pools": [{"name": "b", "count": 3, "size": "s"}]}),
            None,
            &[
                "pools[0].count 2 3 Changed",
                r#"pools[0].size - "s" Changed replaces"#,
                r#"pools[0] {"count":1,"id":"1","name":"a"} - Changed"#,
            ],
        );
    }

    #[test]
    fn what_somebody_else_changed_is_drift() {
        check(json!({"name": "b"}), json!({"name": "a"}), Some(json!({"name": "a"})), &[r#"name "b" "a" Drifted"#]);
        check(json!({"name": "b"}), json!({"name": "c"}), Some(json!({"name": "a"})), &[r#"name "b" "c" Changed"#]);
    }

    #[test]
    fn an_unknown_differs_from_everything() {
        check(json!({"name": "b"}), json!({"name": {"$unknown": true}}), None, &["name \"b\" \"«unknown»\" Unknown"]);
    }

    #[test]
    fn secrets_are_compared_by_content_and_never_shown() {
        let schema = schema();
        let map = |value: Value| Value::Map(Map::from([("name".to_owned(), value)]));
        let secret = |text: &str| map(Value::from(text).secret());
        assert!(diff(&schema, &secret("a"), &map("a".into()), None).is_empty());
        let found = diff(&schema, &secret("planted"), &secret("other"), None);
        assert!(!format!("{found:?}").contains("planted") && found.len() == 1);
    }

    #[test]
    fn ignored_paths_keep_what_is() {
        let schema = schema();
        let old = Value::from(json!({"name": "a", "pools": [{"name": "x", "count": 1}], "labels": {"a.b": "1"}}));
        let mut new = Value::from(json!({"name": "b", "pools": [{"name": "x", "count": 5}], "labels": {"a.b": "2"}}));
        let patterns = ["name".to_owned(), "pools[*].count".to_owned(), r#"labels["a.b"]"#.to_owned()];
        keep(&patterns, &schema, &old, &mut new);
        assert_eq!(new, old);
    }

    #[test]
    fn a_pattern_covers_what_lies_in_it_and_no_mere_prefix() {
        assert!(covers("pools", "pools[0].count") && covers("pools[*].count", "pools[3].count"));
        assert!(!covers("pool", "pools[0]") && !covers("pools[0].count", "pools[0]"));
    }
}
