//! Go's `fmt`: how values become text, with all verbs, flags and mistakes of a format.

mod directive;
pub(crate) mod float;
mod integer;
mod printable;
mod printer;
pub(crate) mod quote;
pub(crate) mod runes;
mod text;

#[cfg(test)]
mod tests;

use crate::function::Failure;
use crate::value::{Str, Value};

pub(crate) use printable::is_printable;
use printer::Printer;

/// How many bytes one printing may make: what is beyond is a map that holds itself many times over.
const MAX_BYTES: usize = 64 << 20;

/// How deeply values may be nested in what is printed: beyond is a map that contains itself.
const MAX_DEPTH: usize = 500;

/// What has no text of reasonable size: Go would fill the memory, or overflow its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is too large to be printed, or contains itself")]
pub struct TooLarge;

impl From<TooLarge> for Failure {
    fn from(error: TooLarge) -> Self {
        Self::Error(error.to_string())
    }
}

/// What `%v` makes of a value.
///
/// # Errors
/// [`TooLarge`].
pub fn print(value: &Value) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::new();
    append(&mut out, value)?;
    Ok(out)
}

/// Appends what `%v` makes of a value.
///
/// # Errors
/// [`TooLarge`]; `out` then ends with a part of the text.
pub fn append(out: &mut Vec<u8>, value: &Value) -> Result<(), TooLarge> {
    match value {
        Value::Str(text) => out.extend_from_slice(text),
        _ => Printer::new(out).argument(value, 'v')?,
    }
    Ok(())
}

/// Go's `Sprint`: a space between two values neither of which is a string.
///
/// # Errors
/// [`TooLarge`].
pub fn sprint(values: &[Value]) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out);
    let mut after_string = true;
    for value in values {
        let is_string = matches!(value, Value::Str(_));
        if !is_string && !after_string {
            printer.write(b" ");
        }
        printer.argument(value, 'v')?;
        after_string = is_string;
    }
    Ok(out)
}

/// Go's `Sprintln`: a space between any two values, and a line feed at the end.
///
/// # Errors
/// [`TooLarge`].
pub fn sprintln(values: &[Value]) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out);
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            printer.write(b" ");
        }
        printer.argument(value, 'v')?;
    }
    printer.write(b"\n");
    Ok(out)
}

/// Go's `Sprintf`. A mistake in the format becomes text, as in `%!d(string=a)`.
///
/// # Errors
/// [`TooLarge`].
pub fn printf(format: &[u8], values: &[Value]) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::with_capacity(format.len());
    directive::run(&mut Printer::new(&mut out), format, values)?;
    Ok(out)
}

/// Sprig's way from anything to a string: strings and bytes as they are, the rest as `%v`.
///
/// # Errors
/// [`TooLarge`].
pub fn strval(value: &Value) -> Result<Str, TooLarge> {
    Ok(match value {
        Value::Str(text) => text.clone(),
        Value::Object(object) => value.bytes().map_or_else(|| object.print(), |bytes| bytes.as_str().clone()),
        _ => print(value)?.into(),
    })
}

/// Sprig's way from anything to a list of strings: a list without its nils, one string of anything else.
///
/// # Errors
/// [`TooLarge`].
pub fn strings(value: &Value) -> Result<Vec<Str>, TooLarge> {
    match value {
        Value::Nil => Ok(Vec::new()),
        Value::List(list) => {
            let mut strings = Vec::with_capacity(list.len());
            let mut size = 0;
            for item in list.borrow().iter().filter(|item| !matches!(item, Value::Nil)) {
                let text = strval(item)?;
                if !matches!(item, Value::Str(_)) {
                    size += text.len();
                }
                if size > MAX_BYTES {
                    return Err(TooLarge);
                }
                strings.push(text);
            }
            Ok(strings)
        }
        Value::Object(object) => match object.underlying() {
            Some(list @ Value::List(_)) => strings(&list),
            _ => Ok(vec![strval(value)?]),
        },
        other => Ok(vec![strval(other)?]),
    }
}
