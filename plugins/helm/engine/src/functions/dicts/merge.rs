//! How maps are merged: the rules of Go's package `mergo`, with what they do to maps that are shared.

use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::value::{Map, Str, Type, Value};

/// Which of the four functions it is.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    /// Whether what is in the source wins over what is not empty in the destination.
    overwrite: bool,
    /// Whether a refusal is an error, rather than an empty string.
    must: bool,
}

pub(super) const EMPTY_ONLY: Mode = Mode { overwrite: false, must: false };
pub(super) const MUST_EMPTY_ONLY: Mode = Mode { overwrite: false, must: true };
pub(super) const MUST_OVERWRITE: Mode = Mode { overwrite: true, must: true };
pub(super) const OVERWRITE: Mode = Mode { overwrite: true, must: false };

/// How deeply maps may be nested that are merged: deeper ones contain themselves.
const MAX_DEPTH: usize = 500;

/// Why a merge stops: mergo's own error, which `merge` swallows, or a panic, which nobody does.
enum Stop {
    Refused(&'static str),
    Panicked(Failure),
}

/// Merges each further map into the first, from left to right, and answers with the first.
pub(super) fn run(context: &mut dyn Context, arguments: &[Value], mode: Mode) -> Answer {
    let mut destination = super::plain(super::arguments::map(arguments, 0)?);
    for index in 1..arguments.len() {
        let source = super::arguments::map(arguments, index)?;
        if destination.is_nil() && !source.is_nil() {
            destination = Map::new();
        }
        match merge(context, &destination, &source, mode.overwrite, 0) {
            Ok(()) => {}
            Err(Stop::Refused(message)) if mode.must => return Err(message.into()),
            Err(Stop::Refused(_)) => return Ok(Value::str("")),
            Err(Stop::Panicked(failure)) => return Err(failure),
        }
    }
    Ok(destination.into())
}

fn merge(
    context: &mut dyn Context,
    destination: &Map,
    source: &Map,
    overwrite: bool,
    depth: usize,
) -> Result<(), Stop> {
    if depth > MAX_DEPTH {
        return Err(Stop::Panicked("maps are nested too deeply to be merged, or contain themselves".into()));
    }
    if destination.is_nil() && !source.is_nil() {
        return Ok(());
    }
    crate::functions::arguments::spend_items(context, source.len()).map_err(Stop::Panicked)?;
    // What a map of interfaces holds is an interface to reflection, which a map of strings does not take.
    let element = source.go_type().element();
    let assign = |key: &Str, value: Value, found: &Type| match destination.go_type().element() {
        wanted if *wanted == Type::Any || wanted == found => {
            destination.set(key.clone(), value);
            Ok(())
        }
        wanted => Err(Stop::Panicked(
            format!("reflect.Value.SetMapIndex: value of type {found} is not assignable to type {wanted}").into(),
        )),
    };
    for (key, value) in source.to_vec() {
        let existing = destination.get(&key);
        match (&value, &existing) {
            (Value::Nil, _) => {
                if overwrite {
                    assign(&key, value, element)?;
                }
                continue;
            }
            (Value::Map(source), Some(Value::Map(destination))) => {
                merge(context, destination, source, overwrite, depth + 1)?;
                if !destination.is_empty() {
                    continue;
                }
            }
            (Value::List(list), Some(existing)) if existing.truth() => {
                if overwrite {
                    let found = Type::List(Box::new(list.element().clone()));
                    assign(&key, value, &found)?;
                }
                continue;
            }
            (Value::Map(_), Some(Value::Object(object))) if object.go_type().kind() == "ptr" && !overwrite => {
                return Err(Stop::Refused("src and dst must be of same type"));
            }
            _ => {}
        }
        if overwrite || !existing.is_some_and(|existing| existing.truth()) {
            assign(&key, value, element)?;
        }
    }
    Ok(())
}
