//! Helm's own: `include`, `tpl`, `required`, `fail`, `lookup`, `getHostByName`.

use crate::function::{Failure, Function, Parameter};
use crate::template::{WARNING_END, WARNING_START};
use crate::value::{Str, Value};

/// What the flow of a chart hangs on.
pub const TABLE: &[Function] = &[
    Function {
        name: "include",
        parameters: &[Parameter::Str, Parameter::Any],
        variadic: None,
        // The evaluator nests templates itself; this serves who calls the function from Rust.
        call: |context, arguments| match arguments {
            [Value::Str(name), data] => Ok(Value::str(context.include(&name.to_string(), data.clone())?)),
            _ => Err(mismatch()),
        },
    },
    Function {
        name: "tpl",
        parameters: &[Parameter::Str, Parameter::Any],
        variadic: None,
        call: |context, arguments| match arguments {
            [Value::Str(text), data] => Ok(Value::str(context.tpl(&text.to_string(), data.clone())?)),
            _ => Err(mismatch()),
        },
    },
    Function {
        name: "required",
        parameters: &[Parameter::Str, Parameter::Any],
        variadic: None,
        call: |_, arguments| match arguments {
            [Value::Str(message), Value::Nil] => Err(warning(message)),
            [Value::Str(message), Value::Str(value)] if value.is_empty() => Err(warning(message)),
            [_, value] => Ok(value.clone()),
            _ => Err(mismatch()),
        },
    },
    Function {
        name: "fail",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |_, arguments| match arguments {
            [Value::Str(message)] => Err(warning(message)),
            _ => Err(mismatch()),
        },
    },
    Function {
        name: "lookup",
        parameters: &[Parameter::Str, Parameter::Str, Parameter::Str, Parameter::Str],
        variadic: None,
        call: |context, arguments| match arguments {
            [Value::Str(version), Value::Str(kind), Value::Str(namespace), Value::Str(name)] => {
                context.lookup(&version.to_string(), &kind.to_string(), &namespace.to_string(), &name.to_string())
            }
            _ => Err(mismatch()),
        },
    },
    Function {
        name: "getHostByName",
        parameters: &[Parameter::Str],
        variadic: None,
        // Helm resolves names only where it was asked to, which it is not by default.
        call: |_, _| Ok(Value::str("")),
    },
];

/// A message that Helm shows alone.
fn warning(message: &Str) -> Failure {
    Failure::Error(format!("{WARNING_START}{message}{WARNING_END}"))
}

/// The evaluator holds arguments against the parameters before.
fn mismatch() -> Failure {
    "wrong arguments".into()
}
