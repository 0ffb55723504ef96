//! What is owned in an object, and what is wrong with one, by its type.

use serde_json::Value;

use super::element::Element;
use super::set::Set;
use super::types::{ListType, MapType, Single, Type};
use crate::patch::printed;

/// What does not fit a type: where, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    path: String,
    message: String,
}

impl Misfit {
    /// At the value itself.
    pub(super) fn here(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    /// Seen from the value around it.
    pub(super) fn below(mut self, element: &Element) -> Self {
        self.path.insert_str(0, &element.to_string());
        self
    }

    fn text(&self) -> String {
        match self.path.as_str() {
            "" => self.message.clone(),
            path => format!("{path}: {}", self.message),
        }
    }
}

/// Several misfits as one text.
pub(super) fn listed(misfits: &[Misfit]) -> String {
    match misfits {
        [one] => one.text(),
        all => {
            let lines: Vec<String> = all.iter().map(|misfit| format!("  {}", misfit.text())).collect();
            format!("errors:\n{}", lines.join("\n"))
        }
    }
}

/// Whether a value fits; items of a list may be there more than once where `duplicates` are allowed.
pub(super) fn validate(value: &Value, of: Type<'_>, duplicates: bool) -> Vec<Misfit> {
    let forms = of.forms().of_value(Some(value));
    match (forms.map, forms.single, forms.list) {
        (Some(map), _, _) => validate_map(value, map, duplicates),
        (None, Some(single), _) => validate_single(Some(value), single, "").into_iter().collect(),
        (None, None, Some(list)) => validate_list(value, list, duplicates),
        (None, None, None) => Vec::new(),
    }
}

fn validate_map(value: &Value, of: MapType<'_>, duplicates: bool) -> Vec<Misfit> {
    let fields = match value {
        Value::Null => return Vec::new(),
        Value::Object(fields) => fields,
        other => return vec![Misfit::here(format!("expected map, got &{{{}}}", printed(other)))],
    };
    let mut misfits = Vec::new();
    for (name, value) in fields {
        let element = Element::field(name);
        let Some(part) = of.part(name) else {
            misfits.push(Misfit::here("field not declared in schema").below(&element));
            break;
        };
        misfits.extend(validate(value, part, duplicates).into_iter().map(|misfit| misfit.below(&element)));
    }
    misfits
}

fn validate_list(value: &Value, of: ListType<'_>, duplicates: bool) -> Vec<Misfit> {
    let items = match value {
        Value::Null => return Vec::new(),
        Value::Array(items) => items,
        other => return vec![Misfit::here(format!("expected list, got &{{{}}}", printed(other)))],
    };
    let mut misfits = Vec::new();
    let mut seen: Vec<Element> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let element = match of.atomic() {
            true => Element::Index(i64::try_from(index).unwrap_or(i64::MAX)),
            false => match of.element(item) {
                Ok(element) => element,
                Err(why) => {
                    misfits.push(Misfit::here(format!("element {index}: {why}")));
                    return misfits;
                }
            },
        };
        if seen.contains(&element) {
            if !duplicates {
                misfits.push(Misfit::here(format!("duplicate entries for key {element}")));
            }
        } else if !of.atomic() {
            seen.push(element.clone());
        }
        misfits.extend(validate(item, of.items, duplicates).into_iter().map(|misfit| misfit.below(&element)));
    }
    misfits
}

/// Whether a single value fits; no value does.
pub(super) fn validate_single(value: Option<&Value>, of: Single, prefix: &str) -> Option<Misfit> {
    let value = value.filter(|value| !value.is_null())?;
    let expected = match of {
        Single::Anything => return None,
        Single::Numeric if value.is_number() => return None,
        Single::String if value.is_string() => return None,
        Single::Boolean if value.is_boolean() => return None,
        Single::Untyped if !value.is_object() && !value.is_array() => return None,
        Single::Numeric => format!("numeric (int or float), got {}", go_type(value)),
        Single::String => format!("string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        Single::Boolean => format!("boolean, got &{{{}}}", printed(value)),
        Single::Untyped => format!("any scalar, got &{{{}}}", printed(value)),
    };
    Some(Misfit::here(format!("{prefix}expected {expected}")))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// As Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name:?}:{}", go_syntax(value))).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        other => printed(other),
    }
}

/// Every leaf and every item of a list that is merged.
pub(super) fn fields_of(value: &Value, of: Type<'_>) -> Set {
    let mut set = Set::default();
    collect(value, of, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, of: Type<'_>, path: &mut Vec<Element>, set: &mut Set) {
    let forms = of.forms().of_value(Some(value));
    match (forms.map, forms.single, forms.list) {
        (Some(map), _, _) if map.atomic => set.insert(path),
        (Some(map), _, _) => {
            for (name, value) in value.as_object().into_iter().flatten() {
                path.push(Element::field(name));
                if let Some(part) = map.part(name) {
                    collect(value, part, path, set);
                }
                let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                if empty || !map.declares(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (None, Some(_), _) => set.insert(path),
        (None, None, Some(list)) if list.atomic() => set.insert(path),
        (None, None, Some(list)) => collect_items(value, list, path, set),
        (None, None, None) => {}
    }
}

/// Items that are there more than once are owned as one, without what is in them.
fn collect_items(value: &Value, of: ListType<'_>, path: &mut Vec<Element>, set: &mut Set) {
    let items = || value.as_array().into_iter().flatten().filter_map(|item| Some((of.element(item).ok()?, item)));
    for (element, item) in items() {
        let alone = items().filter(|(other, _)| *other == element).count() == 1;
        path.push(element);
        if alone {
            collect(item, of.items, path, set);
        }
        set.insert(path);
        path.pop();
    }
}

/// A set with the declared fields that lead to its members as members too; entries of maps are left out.
pub(super) fn with_named_fields(set: &Set, of: Option<Type<'_>>) -> Set {
    let forms = of.map(Type::forms).unwrap_or_default();
    let mut members = set.members.clone();
    let children = set.children.iter().map(|(element, child)| {
        let part = match (element, forms.map, forms.list) {
            (Element::Field(name), Some(map), _) => {
                if map.declares(name) {
                    members.insert(element.clone());
                }
                map.part(name)
            }
            (Element::Key(_), _, Some(list)) => Some(list.items),
            _ => None,
        };
        (element.clone(), with_named_fields(child, part))
    });
    let children = children.collect();
    Set { members, children }
}

/// An object without the items of a set; what is emptied by that is null.
pub(super) fn without(value: &Value, gone: &Set, of: Type<'_>) -> Value {
    let forms = of.forms().of_value(Some(value));
    let (map, list) = match (forms.map, forms.single, forms.list) {
        (Some(map), _, _) => (Some(map), None),
        (None, Some(_), _) => return value.clone(),
        (None, None, list) => (None, list),
    };
    match (value, map, list) {
        (Value::Object(fields), Some(map), _) if !map.atomic => {
            let kept = fields.iter().filter(|(name, _)| !gone.members.contains(&Element::field(*name)));
            let kept = kept.map(|(name, value)| {
                let below = gone.children.get(&Element::field(name)).filter(|below| !below.is_empty());
                let value = match (below, map.part(name)) {
                    (Some(below), Some(part)) => without(value, below, part),
                    _ => value.clone(),
                };
                (name.clone(), value)
            });
            let kept: serde_json::Map<String, Value> = kept.collect();
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        (Value::Array(items), _, Some(list)) if !list.atomic() => {
            let kept = items.iter().filter_map(|item| {
                let Ok(element) = list.element(item) else { return Some(item.clone()) };
                if gone.members.contains(&element) {
                    return None;
                }
                Some(match gone.children.get(&element).filter(|below| !below.is_empty()) {
                    Some(below) => without(item, below, list.items),
                    None => item.clone(),
                })
            });
            let kept: Vec<Value> = kept.collect();
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        _ => Value::Null,
    }
}

/// A set in the terms of the type as it is now: what has become one value is owned as one.
pub(super) fn reconciled(set: &Set, of: Type<'_>) -> Set {
    let mut whole = Set::default();
    find_whole(Some(set), of, false, &mut Vec::new(), &mut whole);
    match whole.is_empty() {
        true => set.clone(),
        false => set.difference_with_children(&whole).union(&whole),
    }
}

fn find_whole(set: Option<&Set>, of: Type<'_>, leaf: bool, path: &mut Vec<Element>, whole: &mut Set) {
    let forms = of.forms();
    let part = |element: &Element| match (forms.map, forms.single, forms.list) {
        (Some(map), _, _) => match element {
            Element::Field(name) => map.part(name),
            _ => map.element,
        },
        (None, None, Some(list)) => Some(list.items),
        _ => None,
    };
    match (forms.map, forms.single, forms.list) {
        (Some(map), _, _) if map.is_deduced() => return,
        (Some(map), _, _) if !leaf && map.atomic => {
            if set.is_some_and(|set| !set.is_empty()) {
                whole.insert(path);
            }
            return;
        }
        (None, None, Some(list)) if !leaf && list.atomic() => {
            whole.insert(path);
            return;
        }
        (None, Some(_), _) => return,
        _ => {}
    }
    let Some(set) = set else { return };
    let elements: std::collections::BTreeSet<&Element> = set.children.keys().chain(&set.members).collect();
    for element in elements {
        if let Some(part) = part(element) {
            let below = set.children.get(element);
            let leaf = set.members.contains(element) && below.is_none();
            path.push(element.clone());
            find_whole(below, part, leaf, path, whole);
            path.pop();
        }
    }
}
