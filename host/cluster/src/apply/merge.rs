//! An applied configuration merged into what is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::element::Element;
use super::types::{Forms, ListType, MapType, Single, Type};
use super::walk::{Misfit, validate_single};

/// Merges `config` into `live`; `None` where nothing comes of it.
pub(super) fn merge(live: Option<&Value>, config: Option<&Value>, of: Type<'_>) -> Result<Option<Value>, Vec<Misfit>> {
    let forms = of.forms();
    let (live_forms, config_forms) = (forms.of_value(live), forms.of_value(config));
    if config.is_none() {
        return merge_as(live_forms, live, config);
    }
    if live.is_some() && !live_forms.same(config_forms) {
        // Only what is wrong comes of the live value, whose form is given up.
        merge_as(live_forms, live, config)?;
    }
    merge_as(config_forms, live, config)
}

fn merge_as(of: Forms<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, Vec<Misfit>> {
    match (of.map, of.single, of.list) {
        (Some(map), _, _) => merge_maps(map, live, config),
        (None, Some(single), _) => merge_singles(single, live, config),
        (None, None, Some(list)) => merge_lists(list, live, config),
        (None, None, None) => Ok(None),
    }
}

fn leaf(live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    config.or(live).cloned()
}

fn merge_singles(of: Single, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, Vec<Misfit>> {
    match (validate_single(live, of, "lhs: "), validate_single(config, of, "rhs: ")) {
        (Some(one), Some(other)) => Err(vec![one, other]),
        _ => Ok(leaf(live, config)),
    }
}

fn merge_maps(of: MapType<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, Vec<Misfit>> {
    let (live_fields, config_fields) = (live.and_then(Value::as_object), config.and_then(Value::as_object));
    let empty = |fields: Option<&Map<String, Value>>| fields.is_none_or(Map::is_empty);
    if of.atomic || (empty(live_fields) && empty(config_fields)) {
        return Ok(leaf(live, config));
    }
    let mut merged = Map::new();
    let mut misfits = Vec::new();
    let names: BTreeSet<&String> =
        live_fields.into_iter().flat_map(Map::keys).chain(config_fields.into_iter().flat_map(Map::keys)).collect();
    for name in names {
        let (live, config) =
            (live_fields.and_then(|fields| fields.get(name)), config_fields.and_then(|fields| fields.get(name)));
        // A live field that the type no longer knows stays as it is.
        let value = of.part(name).map_or_else(|| Ok(leaf(live, config)), |part| merge(live, config, part));
        match value {
            Ok(Some(value)) => {
                merged.insert(name.clone(), value);
            }
            Ok(None) => {}
            Err(below) => misfits.extend(below.into_iter().map(|misfit| misfit.below(&Element::field(name)))),
        }
    }
    match (misfits.is_empty(), merged.is_empty()) {
        (false, _) => Err(misfits),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Value::Object(merged))),
    }
}

/// Items by what they are told apart by, in their order; duplicates stand as null, for they are merged with nothing.
struct Indexed<'a> {
    order: Vec<(Element, &'a Value)>,
    found: BTreeMap<Element, &'a Value>,
}

impl<'a> Indexed<'a> {
    fn of(list: ListType<'_>, items: Option<&'a Vec<Value>>, duplicates: bool, misfits: &mut Vec<Misfit>) -> Self {
        let mut indexed = Self { order: Vec::new(), found: BTreeMap::new() };
        for (index, item) in items.into_iter().flatten().enumerate() {
            let element = match list.element(item) {
                Ok(element) => element,
                Err(why) => {
                    misfits.push(Misfit::here(format!("element {index}: {why}")));
                    continue;
                }
            };
            let known = indexed.found.contains_key(&element);
            if known && !duplicates {
                misfits.push(Misfit::here(format!("duplicate entries for key {element}")));
                continue;
            }
            indexed.found.insert(element.clone(), if known { &Value::Null } else { item });
            indexed.order.push((element, item));
        }
        indexed
    }
}

fn merge_lists(of: ListType<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, Vec<Misfit>> {
    let (live_items, config_items) = (live.and_then(Value::as_array), config.and_then(Value::as_array));
    let empty = |items: Option<&Vec<Value>>| items.is_none_or(Vec::is_empty);
    if of.atomic() || (empty(live_items) && empty(config_items)) {
        return Ok(leaf(live, config));
    }
    let mut misfits = Vec::new();
    let config = Indexed::of(of, config_items, false, &mut misfits);
    let live = Indexed::of(of, live_items, true, &mut misfits);
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let merged = interleave(of, &live, &config)?;
    Ok(if merged.is_empty() { None } else { Some(Value::Array(merged)) })
}

/// The items of both, in the order of the configuration where it has them, else where they were.
fn interleave(of: ListType<'_>, live: &Indexed<'_>, config: &Indexed<'_>) -> Result<Vec<Value>, Vec<Misfit>> {
    let mut merged = Vec::new();
    let mut misfits = Vec::new();
    let mut take = |element: &Element, live: Option<&Value>, config: Option<&Value>| match merge(live, config, of.items)
    {
        Ok(value) => merged.extend(value),
        Err(below) => misfits.extend(below.into_iter().map(|misfit| misfit.below(element))),
    };
    let mut shared = config.order.iter().map(|(element, _)| element).filter(|element| live.found.contains_key(element));
    let mut next = shared.next();
    let mut done: BTreeSet<&Element> = BTreeSet::new();
    let (mut lives, mut configs) = (live.order.iter().peekable(), config.order.iter().peekable());
    loop {
        match (lives.peek(), configs.peek()) {
            (None, None) => break,
            (Some((mine, _)), Some((element, _))) if mine == element => {
                done.insert(element);
                take(element, live.found.get(element).copied(), config.found.get(element).copied());
                lives.next();
                configs.next();
                next = shared.next();
                continue;
            }
            (Some((mine, _)), Some(_)) if config.found.contains_key(mine) && next.is_some_and(|next| next != mine) => {
                // Shared, but its turn comes later.
                lives.next();
                continue;
            }
            _ => {}
        }
        if let Some((mine, item)) = lives.peek() {
            if !config.found.contains_key(mine) {
                take(mine, Some(item), None);
                lives.next();
                continue;
            }
            if done.contains(mine) {
                lives.next();
            }
        }
        if let Some((element, _)) = configs.next() {
            done.insert(element);
            take(element, live.found.get(element).copied(), config.found.get(element).copied());
            if next == Some(element) {
                next = shared.next();
            }
        }
    }
    if misfits.is_empty() { Ok(merged) } else { Err(misfits) }
}
