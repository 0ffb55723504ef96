//! Strings: `trim`, `replace`, `indent`, `quote`, `split`, `camelcase`.

mod case;
mod characters;
mod edges;
mod layout;
mod parts;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use characters::is_letter_or_digit;

use super::arguments;
use crate::context::Context;
use crate::format;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{List, Str, Value};

type Call = fn(&mut dyn Context, &[Value]) -> Answer;

/// A function from one string to another of about its length.
macro_rules! of_text {
    ($name:literal, $body:expr) => {
        function($name, &[Parameter::Str], |context, arguments| {
            let text = arguments::text(arguments, 0)?;
            context.spend(text.len())?;
            let body: fn(&[u8]) -> Vec<u8> = $body;
            Ok(Value::str(body(text)))
        })
    };
}

/// A function that asks whether the first string stands to the second in a relation.
macro_rules! question {
    ($name:literal, $body:expr) => {
        function($name, &[Parameter::Str, Parameter::Str], |context, arguments| {
            let (part, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
            context.spend(text.len())?;
            let body: fn(&[u8], &[u8]) -> bool = $body;
            Ok(Value::Bool(body(part, text)))
        })
    };
}

/// What changes and asks strings.
pub const TABLE: &[Function] = &[
    function("abbrev", &[Parameter::Int, Parameter::Str], |_, arguments| {
        Ok(Value::str(layout::abbreviate(arguments::int(arguments, 0)?, arguments::text(arguments, 1)?)))
    }),
    function("abbrevboth", &[Parameter::Int, Parameter::Int, Parameter::Str], |_, arguments| {
        let (left, right) = (arguments::int(arguments, 0)?, arguments::int(arguments, 1)?);
        Ok(Value::str(layout::abbreviate_both(left, right, arguments::text(arguments, 2)?)))
    }),
    of_text!("camelcase", case::pascal),
    Function { name: "cat", parameters: &[], variadic: Some(Parameter::Any), call: cat },
    question!("contains", |part, text| bstr::ByteSlice::contains_str(text, part)),
    question!("hasPrefix", |part, text| text.starts_with(part)),
    question!("hasSuffix", |part, text| text.ends_with(part)),
    function("hello", &[], |_, _| Ok(Value::str("Hello!"))),
    function("indent", &[Parameter::Int, Parameter::Str], |context, arguments| indent(context, arguments, false)),
    of_text!("initials", words::initials),
    function("join", &[Parameter::Str, Parameter::Any], join),
    of_text!("kebabcase", |text| words::joined(text, '-')),
    of_text!("lower", case::lower),
    function("nindent", &[Parameter::Int, Parameter::Str], |context, arguments| indent(context, arguments, true)),
    of_text!("nospace", words::without_spaces),
    function("plural", &[Parameter::Str, Parameter::Str, Parameter::Int], |_, arguments| {
        let chosen = usize::from(arguments::int(arguments, 2)? != 1);
        Ok(arguments::any(arguments, chosen))
    }),
    Function { name: "quote", parameters: &[], variadic: Some(Parameter::Any), call: quote },
    function("repeat", &[Parameter::Int, Parameter::Str], repeat),
    function("replace", &[Parameter::Str, Parameter::Str, Parameter::Str], replace),
    of_text!("snakecase", |text| words::joined(text, '_')),
    function("sortAlpha", &[Parameter::Any], sort_alpha),
    function("split", &[Parameter::Str, Parameter::Str], |context, arguments| {
        let (separator, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
        context.spend(text.len())?;
        Ok(parts::numbered(parts::split(text, separator, -1)).into())
    }),
    function("splitList", &[Parameter::Str, Parameter::Str], |context, arguments| {
        let (separator, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
        context.spend(text.len())?;
        Ok(List::strings(parts::split(text, separator, -1)).into())
    }),
    function("splitn", &[Parameter::Str, Parameter::Int, Parameter::Str], |context, arguments| {
        let (separator, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 2)?);
        context.spend(text.len())?;
        Ok(parts::numbered(parts::split(text, separator, arguments::int(arguments, 1)?)).into())
    }),
    Function { name: "squote", parameters: &[], variadic: Some(Parameter::Any), call: single_quote },
    function("substr", &[Parameter::Int, Parameter::Int, Parameter::Str], |_, arguments| {
        let (start, end) = (arguments::int(arguments, 0)?, arguments::int(arguments, 1)?);
        Ok(Value::str(parts::substring(start, end, arguments::text(arguments, 2)?)?))
    }),
    of_text!("swapcase", case::swap),
    of_text!("title", case::title),
    function("trim", &[Parameter::Str], |_, arguments| kept(arguments::text(arguments, 0)?, edges::trim_space)),
    function("trimAll", &[Parameter::Str, Parameter::Str], trim_all),
    function("trimPrefix", &[Parameter::Str, Parameter::Str], |_, arguments| {
        let prefix = arguments::text(arguments, 0)?;
        kept(arguments::text(arguments, 1)?, |text| text.strip_prefix(&***prefix).unwrap_or(text))
    }),
    function("trimSuffix", &[Parameter::Str, Parameter::Str], |_, arguments| {
        let suffix = arguments::text(arguments, 0)?;
        kept(arguments::text(arguments, 1)?, |text| text.strip_suffix(&***suffix).unwrap_or(text))
    }),
    function("trimall", &[Parameter::Str, Parameter::Str], trim_all),
    function("trunc", &[Parameter::Int, Parameter::Str], |_, arguments| {
        let length = arguments::int(arguments, 0)?;
        kept(arguments::text(arguments, 1)?, |text| parts::truncate(length, text))
    }),
    of_text!("untitle", case::untitle),
    of_text!("upper", case::upper),
    function("wrap", &[Parameter::Int, Parameter::Str], |context, arguments| {
        let text = arguments::text(arguments, 1)?;
        context.spend(text.len())?;
        Ok(Value::str(layout::wrap(text, arguments::int(arguments, 0)?, b"\n", false)))
    }),
    function("wrapWith", &[Parameter::Int, Parameter::Str, Parameter::Str], |context, arguments| {
        let (separator, text) = (arguments::text(arguments, 1)?, arguments::text(arguments, 2)?);
        context.spend(text.len().saturating_mul(separator.len() + 1))?;
        Ok(Value::str(layout::wrap(text, arguments::int(arguments, 0)?, separator, true)))
    }),
];

const fn function(name: &'static str, parameters: &'static [Parameter], call: Call) -> Function {
    Function { name, parameters, variadic: None, call }
}

/// A part of `text`, by which nothing is copied where it is the whole.
fn kept(text: &Str, part: impl FnOnce(&[u8]) -> &[u8]) -> Answer {
    let part = part(text);
    Ok(Value::Str(if part.len() == text.len() { text.clone() } else { part.into() }))
}

fn trim_all(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (cutset, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    context.spend(text.len().saturating_mul(cutset.len() + 1))?;
    kept(text, |text| edges::trim(text, cutset))
}

fn cat(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let mut out = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !matches!(value, Value::Nil)).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        let before = out.len();
        format::append(&mut out, value)?;
        context.spend(out.len() - before)?;
    }
    Ok(Value::str(out))
}

fn quote(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let mut out = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !matches!(value, Value::Nil)).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        let text = format::strval(value)?;
        context.spend(text.len())?;
        out.extend_from_slice(&format::quote::quote(&text));
    }
    Ok(Value::str(out))
}

fn single_quote(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let mut out = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !matches!(value, Value::Nil)).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        let before = out.len();
        out.push(b'\'');
        format::append(&mut out, value)?;
        out.push(b'\'');
        context.spend(out.len() - before)?;
    }
    Ok(Value::str(out))
}

/// How often to repeat, or what Go's `strings.Repeat` panics with.
fn times(count: i64) -> Result<usize, Failure> {
    if count < 0 {
        return Err("strings: negative Repeat count".into());
    }
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn repeat(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (count, text) = (arguments::int(arguments, 0)?, arguments::text(arguments, 1)?);
    let times = times(count)?;
    if i64::try_from(text.len()).ok().and_then(|length| length.checked_mul(count)).is_none() {
        return Err("strings: Repeat output length overflow".into());
    }
    context.spend(times.saturating_mul(text.len()))?;
    Ok(Value::str(text.repeat(if text.is_empty() { 0 } else { times })))
}

fn indent(context: &mut dyn Context, arguments: &[Value], on_new_line: bool) -> Answer {
    let (spaces, text) = (times(arguments::int(arguments, 0)?)?, arguments::text(arguments, 1)?);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    let size = spaces.saturating_mul(lines).saturating_add(text.len() + 1);
    context.spend(size)?;
    let mut out = Vec::with_capacity(size);
    if on_new_line {
        out.push(b'\n');
    }
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        out.resize(out.len() + spaces, b' ');
        out.extend_from_slice(line);
    }
    Ok(Value::str(out))
}

fn replace(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (old, new) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    let text = arguments::text(arguments, 2)?;
    context.spend(text.len())?;
    let parts = parts::split_for_replacement(text, old);
    if parts.len() == 1 {
        return Ok(Value::Str(text.clone()));
    }
    context.spend(parts.len().saturating_mul(new.len()))?;
    Ok(Value::str(parts.join(&***new)))
}

fn join(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let separator = arguments::text(arguments, 0)?;
    let parts = format::strings(&arguments::any(arguments, 1))?;
    let size = parts.iter().fold(0usize, |size, part| size.saturating_add(part.len() + separator.len()));
    context.spend(size)?;
    let mut out = Vec::with_capacity(size);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(part);
    }
    Ok(Value::str(out))
}

/// Go's strings sort bytewise. A `[]string` is sorted in place, which its other holders see.
fn sort_alpha(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let value = arguments::any(arguments, 0);
    if let Value::List(list) = &value
        && *list.element() == crate::value::Type::Str
    {
        context.spend(list.len())?;
        list.sort_by(|one, other| match (one, other) {
            (Value::Str(one), Value::Str(other)) => one.cmp(other),
            _ => std::cmp::Ordering::Equal,
        });
        return Ok(value);
    }
    let mut strings = match &value {
        Value::Nil => vec![format::strval(&value)?],
        _ => format::strings(&value)?,
    };
    context.spend(strings.len())?;
    strings.sort();
    Ok(List::strings(strings).into())
}
