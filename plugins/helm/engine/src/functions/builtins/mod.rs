//! Go's own functions: `index`, `len`, `not`, `html`, `js`, `urlquery`, `print`, `printf`, `println`, and the comparisons.
//!
//! Go's `slice` is not among them: Sprig has another of that name, which goes first.

mod comparison;
mod escaping;
mod indexing;

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::format;
use crate::function::{Answer, Function, Parameter};
use crate::value::Value;

const REFLECT: Parameter = Parameter::Reflect;

/// `and` and `or` are the evaluator's, since they stop early, and `call`, since it calls.
pub const TABLE: &[Function] = &[
    Function { name: "index", parameters: &[REFLECT], variadic: Some(REFLECT), call: indexing::index },
    Function { name: "len", parameters: &[REFLECT], variadic: None, call: indexing::len },
    Function { name: "not", parameters: &[REFLECT], variadic: None, call: not },
    Function { name: "eq", parameters: &[REFLECT], variadic: Some(REFLECT), call: comparison::eq },
    Function { name: "ne", parameters: &[REFLECT, REFLECT], variadic: None, call: comparison::ne },
    Function { name: "lt", parameters: &[REFLECT, REFLECT], variadic: None, call: comparison::lt },
    Function { name: "le", parameters: &[REFLECT, REFLECT], variadic: None, call: comparison::le },
    Function { name: "gt", parameters: &[REFLECT, REFLECT], variadic: None, call: comparison::gt },
    Function { name: "ge", parameters: &[REFLECT, REFLECT], variadic: None, call: comparison::ge },
    Function { name: "html", parameters: &[], variadic: Some(Parameter::Any), call: escaping::html },
    Function { name: "js", parameters: &[], variadic: Some(Parameter::Any), call: escaping::js },
    Function { name: "urlquery", parameters: &[], variadic: Some(Parameter::Any), call: escaping::urlquery },
    Function { name: "print", parameters: &[], variadic: Some(Parameter::Any), call: print },
    Function { name: "printf", parameters: &[Parameter::Str], variadic: Some(Parameter::Any), call: printf },
    Function { name: "println", parameters: &[], variadic: Some(Parameter::Any), call: println },
];

fn not(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Bool(!arguments.first().is_some_and(Value::truth)))
}

/// Counts a text that was made, and answers with it.
fn made(context: &mut dyn Context, text: Vec<u8>) -> Answer {
    context.spend(text.len())?;
    Ok(Value::Str(text.into()))
}

fn print(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    made(context, format::sprint(arguments)?)
}

fn println(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    made(context, format::sprintln(arguments)?)
}

fn printf(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    match arguments.split_first() {
        Some((Value::Str(format), rest)) => made(context, format::printf(format, rest)?),
        _ => Ok(Value::from("")),
    }
}
