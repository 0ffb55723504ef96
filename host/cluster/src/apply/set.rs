//! Sets of fields, as `fieldsV1` holds them: a tree, of which some nodes are members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::element::{Element, Unreadable};

/// A set of paths. A member need not be a leaf, and what leads to a member is not one by that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// The children that are members.
    pub(super) members: BTreeSet<Element>,
    /// The children below which there are members.
    pub(super) children: BTreeMap<Element, Set>,
}

impl Set {
    /// The set of these paths of fields: `metadata.name`.
    pub(super) fn of_fields<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<Element> = path.split('.').map(Element::field).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path; the empty one is nobody's.
    pub(super) fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether a path is a member.
    pub(super) fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    /// Whether there is no member.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// What is in either.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut children = self.children.clone();
        for (element, child) in &other.children {
            children
                .entry(element.clone())
                .and_modify(|mine| *mine = mine.union(child))
                .or_insert_with(|| child.clone());
        }
        Self { members: &self.members | &other.members, children }
    }

    /// What is in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, mine)| {
            let both = mine.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self { members: &self.members & &other.members, children: children.collect() }
    }

    /// What is not in `other`; what lies below a member of `other` stays.
    pub(super) fn difference(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, mine)| match other.children.get(element) {
            None => Some((element.clone(), mine.clone())),
            Some(other) => {
                let left = mine.difference(other);
                (!left.is_empty()).then(|| (element.clone(), left))
            }
        });
        Self { members: &self.members - &other.members, children: children.collect() }
    }

    /// What is neither in `other` nor below a member of it.
    pub(super) fn difference_with_children(&self, other: &Self) -> Self {
        let children = self.children.iter().filter(|(element, _)| !other.members.contains(element)).filter_map(
            |(element, mine)| match other.children.get(element) {
                None => Some((element.clone(), mine.clone())),
                Some(other) => {
                    let left = mine.difference_with_children(other);
                    (!left.is_empty()).then(|| (element.clone(), left))
                }
            },
        );
        Self { members: &self.members - &other.members, children: children.collect() }
    }

    /// Every member's path: at each level the members, then what is below the children.
    pub(super) fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Vec<Element>, paths: &mut Vec<Vec<Element>>) {
        for member in &self.members {
            let mut path = prefix.clone();
            path.push(member.clone());
            paths.push(path);
        }
        for (element, child) in &self.children {
            prefix.push(element.clone());
            child.collect(prefix, paths);
            prefix.pop();
        }
    }

    /// As `fieldsV1`.
    pub(super) fn to_json(&self) -> Value {
        self.to_json_of(false)
    }

    fn to_json_of(&self, member: bool) -> Value {
        let mut fields = Map::new();
        if member && !(self.members.is_empty() && self.children.is_empty()) {
            fields.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for element in self.members.iter().filter(|element| !self.children.contains_key(element)) {
            fields.insert(element.encoded(), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            fields.insert(element.encoded(), child.to_json_of(self.members.contains(element)));
        }
        Value::Object(fields)
    }

    /// From `fieldsV1`; `None` where it is malformed. Elements of an unknown kind are left out.
    pub(super) fn from_json(fields: &Value) -> Option<Self> {
        read(fields).map(|(set, _)| set.unwrap_or_default())
    }
}

/// What is below a node, if anything, and whether the node itself is a member.
fn read(node: &Value) -> Option<(Option<Set>, bool)> {
    let fields = match node {
        Value::Object(fields) => fields,
        Value::Null => return Some((None, true)),
        _ => return None,
    };
    let mut set: Option<Set> = None;
    let mut member = false;
    for (key, value) in fields {
        if key == "." {
            member = true;
            continue;
        }
        let element = match Element::decode(key) {
            Ok(element) => element,
            Err(Unreadable::Unknown) => continue,
            Err(Unreadable::Malformed) => return None,
        };
        let (below, is_member) = read(value)?;
        if is_member {
            set.get_or_insert_default().members.insert(element.clone());
        }
        if let Some(below) = below {
            set.get_or_insert_default().children.insert(element, below);
        }
    }
    let member = member || set.is_none();
    Some((set, member))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn set(fields: &Value) -> Set {
        Set::from_json(fields).unwrap()
    }

    #[test]
    fn fields_are_read_and_written() {
        for fields in [
            json!({}),
            json!({"f:data": {".": {}, "f:a": {}}}),
            json!({"f:spec": {"f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}}, "v:1": {}, "i:0": {}}}}),
        ] {
            assert_eq!(set(&fields).to_json(), fields);
        }
        assert_eq!(set(&json!({"x:new": {}, "f:a": {"x:new": {}}})).to_json(), json!({"f:a": {}}));
        assert_eq!(Set::from_json(&json!({"data": {}})), None);
        assert_eq!(Set::from_json(&json!({"f:a": 1})), None);
    }

    #[test]
    fn sets_are_combined() {
        let one = set(&json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}, "f:d": {}}));
        let other = set(&json!({"f:a": {"f:b": {}, "f:x": {}}, "f:d": {}, "f:y": {}}));
        let cases = [
            (one.union(&other), json!({"f:a": {".": {}, "f:b": {}, "f:c": {}, "f:x": {}}, "f:d": {}, "f:y": {}})),
            (one.intersection(&other), json!({"f:a": {"f:b": {}}, "f:d": {}})),
            (one.difference(&other), json!({"f:a": {".": {}, "f:c": {}}})),
            (one.difference(&set(&json!({"f:a": {}}))), json!({"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}})),
            (one.difference_with_children(&set(&json!({"f:a": {}}))), json!({"f:d": {}})),
            (
                one.difference_with_children(&set(&json!({"f:a": {"f:b": {}}}))),
                json!({"f:a": {".": {}, "f:c": {}}, "f:d": {}}),
            ),
        ];
        for (found, expected) in cases {
            assert_eq!(found.to_json(), expected);
        }
        assert!(one.difference(&one).is_empty());
        assert!(one.has(&[Element::field("a"), Element::field("b")]) && !one.has(&[Element::field("b")]));
        assert_eq!(
            Set::of_fields(["status", "metadata.labels"]).to_json(),
            json!({"f:metadata": {"f:labels": {}}, "f:status": {}})
        );
    }
}
