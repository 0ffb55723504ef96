//! Lists: `list`, `append`, `concat`, `has`, `uniq`.

use super::arguments;
use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{List, Type, Value};

type Call = fn(&mut dyn Context, &[Value]) -> Answer;

/// What makes and reads lists.
pub const TABLE: &[Function] = &[
    with_item("append", append),
    sized("chunk", chunk),
    variadic("concat", concat),
    of_list("first", first),
    with_item("has", has),
    of_list("initial", initial),
    of_list("last", last),
    variadic("list", list),
    with_item("mustAppend", append),
    sized("mustChunk", chunk),
    of_list("mustFirst", first),
    with_item("mustHas", has),
    of_list("mustInitial", initial),
    of_list("mustLast", last),
    with_item("mustPrepend", prepend),
    with_item("mustPush", append),
    of_list("mustRest", rest),
    of_list("mustReverse", reverse),
    with_items("mustSlice", slice),
    of_list("mustUniq", uniq),
    with_items("mustWithout", without),
    with_item("prepend", prepend),
    with_item("push", append),
    of_list("rest", rest),
    of_list("reverse", reverse),
    with_items("slice", slice),
    variadic("tuple", list),
    of_list("uniq", uniq),
    with_items("without", without),
];

const fn of_list(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Any], variadic: None, call }
}

const fn with_item(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Any, Parameter::Any], variadic: None, call }
}

const fn with_items(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Any], variadic: Some(Parameter::Any), call }
}

const fn variadic(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[], variadic: Some(Parameter::Any), call }
}

const fn sized(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Int, Parameter::Any], variadic: None, call }
}

fn list(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    arguments::spend_items(context, arguments.len())?;
    Ok(Value::list(arguments.to_vec()))
}

fn append(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot push on type")?;
    arguments::spend_items(context, list.len())?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.extend(list.borrow().iter().cloned());
    items.push(arguments::any(arguments, 1));
    Ok(Value::list(items))
}

fn prepend(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot prepend on type")?;
    arguments::spend_items(context, list.len())?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.push(arguments::any(arguments, 1));
    items.extend(list.borrow().iter().cloned());
    Ok(Value::list(items))
}

fn first(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(arguments::slice(arguments, 0, "Cannot find first on type")?.get(0).unwrap_or_default())
}

fn last(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find last on type")?;
    Ok(list.len().checked_sub(1).and_then(|index| list.get(index)).unwrap_or_default())
}

fn rest(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find rest on type")?;
    arguments::spend_items(context, list.len())?;
    Ok(match list.borrow().split_first() {
        Some((_, rest)) => Value::list(rest.to_vec()),
        None => List::nil(Type::Any).into(),
    })
}

fn initial(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find initial on type")?;
    arguments::spend_items(context, list.len())?;
    Ok(match list.borrow().split_last() {
        Some((_, initial)) => Value::list(initial.to_vec()),
        None => List::nil(Type::Any).into(),
    })
}

fn reverse(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find reverse on type")?;
    arguments::spend_items(context, list.len())?;
    Ok(Value::list(list.borrow().iter().rev().cloned().collect()))
}

fn concat(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let mut items = Vec::new();
    for index in 0..arguments.len() {
        let list = arguments::slice(arguments, index, "Cannot concat type").map_err(|failure| match failure {
            Failure::Error(message) if message != arguments::NIL_DEREFERENCE => (message + " as list").into(),
            other => other,
        })?;
        arguments::spend_items(context, list.len())?;
        items.extend(list.borrow().iter().cloned());
    }
    Ok(if items.is_empty() { List::nil(Type::Any).into() } else { Value::list(items) })
}

/// Whether `needle` is among the items, with the values counted that were compared.
fn among(context: &mut dyn Context, needle: &Value, items: &[Value]) -> Result<bool, Failure> {
    let mut steps = 0;
    let mut found = false;
    for item in items {
        found = needle.deeply_equals_counted(item, &mut steps)?;
        if found {
            break;
        }
    }
    arguments::spend_items(context, steps)?;
    Ok(found)
}

fn has(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    if matches!(arguments.get(1), None | Some(Value::Nil)) {
        return Ok(Value::Bool(false));
    }
    let list = arguments::slice(arguments, 1, "Cannot find has on type")?;
    let found = among(context, &arguments::any(arguments, 0), &list.borrow())?;
    Ok(Value::Bool(found))
}

fn uniq(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find uniq on type")?;
    let mut kept = Vec::new();
    for item in list.borrow().iter() {
        if !among(context, item, &kept)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn without(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "Cannot find without on type")?;
    let omitted = arguments.get(1..).unwrap_or_default();
    let mut kept = Vec::new();
    for item in list.borrow().iter() {
        arguments::spend_items(context, 1)?;
        if !among(context, item, omitted)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn slice(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let list = arguments::slice(arguments, 0, "list should be type of slice or array but")?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let start = arguments.get(1).map_or(0, super::convert::to_int);
    let end = arguments.get(2).map(super::convert::to_int);
    let start = usize::try_from(start).ok();
    let end = end.map_or(Some(list.len()), |end| usize::try_from(end).ok());
    let items = list.borrow();
    let (Some(start), Some(end)) = (start, end) else {
        return Err(OUT_OF_BOUNDS.into());
    };
    let items = items.get(start..end).ok_or(OUT_OF_BOUNDS)?;
    arguments::spend_items(context, items.len())?;
    Ok(List::new(list.element().clone(), items.to_vec()).into())
}

const OUT_OF_BOUNDS: &str = "reflect.Value.Slice: slice index out of bounds";

fn chunk(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let size = arguments::int(arguments, 0)?;
    let list = arguments::slice(arguments, 1, "Cannot chunk type")?;
    arguments::spend_items(context, list.len())?;
    let items = list.borrow();
    let chunks: Vec<Value> = match usize::try_from(size) {
        Ok(size) if size > 0 => items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect(),
        // A size of none or less is refused, but for the two cases in which Go's division rounds to no mistake.
        _ => match (size, items.len()) {
            (..-1, 1) => vec![Value::list(items.clone())],
            (..0, length @ 2..) if length as u64 - 1 <= size.unsigned_abs() => Vec::new(),
            _ => return Err("runtime error: makeslice: len out of range".into()),
        },
    };
    Ok(List::new(Type::List(Box::new(Type::Any)), chunks).into())
}

#[cfg(test)]
mod tests;
