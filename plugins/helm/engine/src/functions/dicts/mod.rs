//! Maps: `dict`, `set`, `pick`, `dig`, `merge`.

mod merge;

#[cfg(test)]
mod tests;

use super::arguments;
use crate::context::Context;
use crate::format;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{List, Map, Str, Type, Value};

/// What makes, reads and changes maps.
pub const TABLE: &[Function] = &[
    Function { name: "dict", parameters: &[], variadic: Some(Parameter::Any), call: dict },
    Function { name: "dig", parameters: &[], variadic: Some(Parameter::Any), call: dig },
    Function {
        name: "get",
        parameters: &[Parameter::Map, Parameter::Str],
        variadic: None,
        call: |_, arguments| {
            let found = arguments::map(arguments, 0)?.get(arguments::text(arguments, 1)?);
            Ok(found.unwrap_or_else(|| Value::str("")))
        },
    },
    Function {
        name: "hasKey",
        parameters: &[Parameter::Map, Parameter::Str],
        variadic: None,
        call: |_, arguments| Ok(arguments::map(arguments, 0)?.contains(arguments::text(arguments, 1)?).into()),
    },
    Function { name: "keys", parameters: &[], variadic: Some(Parameter::Map), call: keys },
    merging("merge", |context, arguments| merge::run(context, arguments, merge::EMPTY_ONLY)),
    merging("mergeOverwrite", |context, arguments| merge::run(context, arguments, merge::OVERWRITE)),
    merging("mustMerge", |context, arguments| merge::run(context, arguments, merge::MUST_EMPTY_ONLY)),
    merging("mustMergeOverwrite", |context, arguments| merge::run(context, arguments, merge::MUST_OVERWRITE)),
    Function { name: "omit", parameters: &[Parameter::Map], variadic: Some(Parameter::Str), call: omit },
    Function { name: "pick", parameters: &[Parameter::Map], variadic: Some(Parameter::Str), call: pick },
    Function { name: "pluck", parameters: &[Parameter::Str], variadic: Some(Parameter::Map), call: pluck },
    Function { name: "set", parameters: &[Parameter::Map, Parameter::Str, Parameter::Any], variadic: None, call: set },
    Function {
        name: "unset",
        parameters: &[Parameter::Map, Parameter::Str],
        variadic: None,
        call: |_, arguments| {
            let map = plain(arguments::map(arguments, 0)?);
            map.remove(arguments::text(arguments, 1)?);
            Ok(map.into())
        },
    },
    Function {
        name: "values",
        parameters: &[Parameter::Map],
        variadic: None,
        call: |context, arguments| {
            let map = arguments::map(arguments, 0)?;
            arguments::spend_items(context, map.len())?;
            let values = map.borrow().values().cloned().collect();
            Ok(Value::list(values))
        },
    },
];

const fn merging(name: &'static str, call: fn(&mut dyn Context, &[Value]) -> Answer) -> Function {
    Function { name, parameters: &[Parameter::Map], variadic: Some(Parameter::Map), call }
}

/// The type that a parameter gives to a named map.
fn plain(map: Map) -> Map {
    let any = Type::Map(Box::new(Type::Any));
    if *map.go_type() == any { map } else { map.converted(any) }
}

fn dict(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    arguments::spend_items(context, arguments.len())?;
    let map = Map::new();
    for pair in arguments.chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::str(""));
        map.set(format::strval(&arguments::any(pair, 0))?, value);
    }
    Ok(map.into())
}

fn set(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let map = plain(arguments::map(arguments, 0)?);
    if map.is_nil() {
        return Err("assignment to entry in nil map".into());
    }
    map.set(arguments::text(arguments, 1)?.clone(), arguments::any(arguments, 2));
    Ok(map.into())
}

fn keys(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let mut keys: Vec<Str> = Vec::new();
    for index in 0..arguments.len() {
        let map = arguments::map(arguments, index)?;
        arguments::spend_items(context, map.len())?;
        keys.extend(map.borrow().keys().cloned());
    }
    Ok(List::strings(keys).into())
}

fn pluck(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    arguments::spend_items(context, arguments.len())?;
    let key = arguments::text(arguments, 0)?;
    let mut found = Vec::new();
    for index in 1..arguments.len() {
        found.extend(arguments::map(arguments, index)?.get(key));
    }
    Ok(Value::list(found))
}

fn pick(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    arguments::spend_items(context, arguments.len())?;
    let map = arguments::map(arguments, 0)?;
    let picked = Map::new();
    for index in 1..arguments.len() {
        let key = arguments::text(arguments, index)?;
        if let Some(value) = map.get(key) {
            picked.set(key.clone(), value);
        }
    }
    Ok(picked.into())
}

fn omit(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let map = arguments::map(arguments, 0)?;
    arguments::spend_items(context, map.len() + arguments.len())?;
    let kept: Map = map.to_vec().into_iter().collect();
    for index in 1..arguments.len() {
        kept.remove(arguments::text(arguments, index)?);
    }
    Ok(kept.into())
}

/// Keys, a default, and the map in which the keys lead from one map to the next.
fn dig(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let [keys @ .., default, root] = arguments else {
        return Err("dig needs at least three arguments".into());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut step = asserted_map(root)?;
    let mut path = Vec::with_capacity(keys.len());
    for key in keys {
        match key {
            Value::Str(key) => path.push(key),
            other => return Err(conversion(other, "string")),
        }
    }
    let Some((last, path)) = path.split_last() else { return Ok(default.clone()) };
    for key in path {
        match step.get(key) {
            Some(value) => step = asserted_map(&value)?,
            None => return Ok(default.clone()),
        }
    }
    Ok(step.get(last).unwrap_or_else(|| default.clone()))
}

/// What a type assertion of Go takes: exactly this type, no named one over it.
fn asserted_map(value: &Value) -> Result<Map, Failure> {
    match value {
        Value::Map(map) if *map.go_type() == Type::Map(Box::new(Type::Any)) => Ok(map.clone()),
        other => Err(conversion(other, "map[string]interface {}")),
    }
}

fn conversion(value: &Value, wanted: &str) -> Failure {
    let found = value.go_type().map_or_else(|| "nil".to_owned(), |found| found.to_string());
    format!("interface conversion: interface {{}} is {found}, not {wanted}").into()
}
