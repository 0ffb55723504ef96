//! Functions of lists and maps.

use std::cmp::Ordering;

use super::functions::{Answer, list, no_overload, shown};
use super::value::{List, Val};

/// Whether something is an item of a list or a key of a map.
pub(crate) fn contains(item: &Val, range: &Val) -> Result<bool, String> {
    match (item, range) {
        (_, Val::List(list)) => Ok(list.items.contains(item)),
        (_, Val::Map(entries)) => Ok(entries.iter().any(|(key, _)| key == item)),
        (Val::String(name), Val::Object(_)) => Ok(range.field(name).is_some()),
        _ => Err(no_overload()),
    }
}

/// An item by its index, or a value by its key.
pub(crate) fn index(range: &Val, key: &Val) -> Answer {
    if let Val::Optional(_) = range {
        return optional_index(range, key);
    }
    match find(range, key)? {
        Some(found) => Ok(found),
        None if matches!(range, Val::List(_)) => Err(format!("index out of bounds: {}", shown(key))),
        None => Err(format!("no such key: {}", shown(key))),
    }
}

/// The same, where it may not be there.
pub(crate) fn optional_index(range: &Val, key: &Val) -> Answer {
    match range {
        Val::Optional(None) => Ok(Val::Optional(None)),
        Val::Optional(Some(value)) => optional_index(value, key),
        range => Ok(find(range, key)?.map_or(Val::Optional(None), Val::some)),
    }
}

fn find(range: &Val, key: &Val) -> Result<Option<Val>, String> {
    match (range, key) {
        (Val::List(list), key) => {
            let index = match key {
                Val::Int(index) => usize::try_from(*index).ok(),
                Val::Uint(index) => usize::try_from(*index).ok(),
                Val::Double(index) if index.fract() == 0.0 && *index >= 0.0 => Some(*index as usize),
                _ => return Err(no_overload()),
            };
            Ok(index.and_then(|index| list.items.get(index)).cloned())
        }
        (Val::Map(entries), key) => Ok(entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())),
        (Val::Object(_), Val::String(name)) => Ok(range.field(name).cloned()),
        _ => Err(no_overload()),
    }
}

/// Methods of lists.
pub(crate) fn method(name: &str, own: &List, args: &[Val]) -> Answer {
    let items = &own.items;
    match (name, args) {
        ("isSorted", []) => {
            let sorted = items.windows(2).all(|pair| !matches!(pair[0].compare(&pair[1]), Some(Ordering::Greater)));
            Ok(Val::Bool(sorted))
        }
        ("sum", []) => match items.split_first() {
            None => Ok(Val::Int(0)),
            Some((first, rest)) => {
                let add = |sum: Val, item: &Val| super::functions::call("_+_", None, &[sum, item.clone()]);
                rest.iter().try_fold(first.clone(), add)
            }
        },
        ("min" | "max", []) => {
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            let mut best = items.first().ok_or_else(|| format!("{name} called on empty list"))?;
            for item in items {
                if item.compare(best).ok_or_else(no_overload)? == wanted {
                    best = item;
                }
            }
            Ok(best.clone())
        }
        ("indexOf" | "lastIndexOf", [wanted]) => {
            let at = match name {
                "indexOf" => items.iter().position(|item| item == wanted),
                _ => items.iter().rposition(|item| item == wanted),
            };
            Ok(Val::Int(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)))
        }
        ("slice", [Val::Int(start), Val::Int(end)]) => {
            let (Ok(from), Ok(to)) = (usize::try_from(*start), usize::try_from(*end)) else {
                return Err(format!("cannot slice({start}, {end}), negative indexes not supported"));
            };
            let part = items.get(from..to);
            part.map(|part| list(part.to_vec())).ok_or_else(|| match from > to {
                true => format!("cannot slice({start}, {end}), start index must be less than or equal to end index"),
                false => format!("cannot slice({start}, {end}), list is length {}", items.len()),
            })
        }
        ("flatten", []) => Ok(list(flat(items, 1))),
        ("flatten", [Val::Int(depth)]) => match depth {
            ..0 => Err("level must be non-negative".to_owned()),
            depth => Ok(list(flat(items, *depth))),
        },
        ("sort", []) => {
            let mut sorted = items.clone();
            if sorted.windows(2).any(|pair| pair[0].compare(&pair[1]).is_none()) {
                return Err("list elements must be comparable".to_owned());
            }
            sorted.sort_by(|one, two| one.compare(two).unwrap_or(Ordering::Equal));
            Ok(list(sorted))
        }
        ("distinct", []) => {
            let mut seen: Vec<Val> = Vec::new();
            for item in items {
                if !seen.contains(item) {
                    seen.push(item.clone());
                }
            }
            Ok(list(seen))
        }
        ("reverse", []) => Ok(list(items.iter().rev().cloned().collect())),
        ("first", []) => Ok(items.first().cloned().map_or(Val::Optional(None), Val::some)),
        ("last", []) => Ok(items.last().cloned().map_or(Val::Optional(None), Val::some)),
        ("join", []) => join(items, ""),
        ("join", [Val::String(separator)]) => join(items, separator),
        _ => Err(no_overload()),
    }
}

fn join(items: &[Val], separator: &str) -> Answer {
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Val::String(text) => Some(&**text),
            _ => None,
        })
        .collect();
    texts.map(|texts| Val::text(texts.join(separator))).ok_or_else(no_overload)
}

fn flat(items: &[Val], depth: i64) -> Vec<Val> {
    let mut all = Vec::new();
    for item in items {
        match item {
            Val::List(inner) if depth > 0 => all.extend(flat(&inner.items, depth - 1)),
            other => all.push(other.clone()),
        }
    }
    all
}

/// `sets.contains`, `sets.equivalent`, `sets.intersects`
pub(crate) fn sets(name: &str, one: &List, two: &List) -> bool {
    let within = |small: &List, big: &List| small.items.iter().all(|item| big.items.contains(item));
    match name {
        "sets.contains" => within(two, one),
        "sets.equivalent" => within(one, two) && within(two, one),
        _ => one.items.iter().any(|item| two.items.contains(item)),
    }
}
