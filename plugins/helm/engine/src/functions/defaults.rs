//! What stands in for what is empty: `default`, `coalesce`, `ternary`.

use super::arguments;
use crate::function::{Function, Parameter};
use crate::value::{List, Type, Value};

/// What chooses between values.
pub const TABLE: &[Function] = &[
    Function {
        name: "all",
        parameters: &[],
        variadic: Some(Parameter::Any),
        call: |_, arguments| Ok(Value::Bool(!arguments.iter().any(empty))),
    },
    Function {
        name: "any",
        parameters: &[],
        variadic: Some(Parameter::Any),
        call: |_, arguments| Ok(Value::Bool(!arguments.iter().all(empty))),
    },
    Function {
        name: "coalesce",
        parameters: &[],
        variadic: Some(Parameter::Any),
        call: |_, arguments| Ok(arguments.iter().find(|value| !empty(value)).cloned().unwrap_or_default()),
    },
    Function { name: "compact", parameters: &[Parameter::Any], variadic: None, call: compact },
    Function {
        name: "default",
        parameters: &[Parameter::Any],
        variadic: Some(Parameter::Any),
        call: |_, arguments| {
            let given = arguments.get(1).filter(|given| !empty(given));
            Ok(given.cloned().unwrap_or_else(|| arguments::any(arguments, 0)))
        },
    },
    Function {
        name: "empty",
        parameters: &[Parameter::Any],
        variadic: None,
        call: |_, arguments| Ok(Value::Bool(arguments.iter().all(empty))),
    },
    Function { name: "mustCompact", parameters: &[Parameter::Any], variadic: None, call: compact },
    Function {
        name: "ternary",
        parameters: &[Parameter::Any, Parameter::Any, Parameter::Bool],
        variadic: None,
        call: |_, arguments| {
            let chosen = usize::from(!arguments::boolean(arguments, 2)?);
            Ok(arguments::any(arguments, chosen))
        },
    },
];

/// Sprig's `empty`: what Go's templates take for false.
fn empty(value: &Value) -> bool {
    !value.truth()
}

fn compact(context: &mut dyn crate::context::Context, arguments: &[Value]) -> crate::function::Answer {
    let list = arguments::slice(arguments, 0, "Cannot compact on type")?;
    arguments::spend_items(context, list.len())?;
    let kept = list.borrow().iter().filter(|item| !empty(item)).cloned().collect();
    Ok(List::new(Type::Any, kept).into())
}
