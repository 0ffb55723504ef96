//! Regular expressions, in Go's syntax: `regexMatch`, `regexReplaceAll`, `regexSplit`.

mod class;
mod escape;
mod measure;
mod program;
mod syntax;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;

use super::arguments;
use crate::context::Context;
use crate::format;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{List, Str, Type, Value};

pub use program::Regex;
use syntax::Rejection;

type Call = fn(&mut dyn Context, &[Value]) -> Answer;

/// What matches. Those whose names begin with `must` answer with the error of an expression that does not parse,
/// the others with what Go's `MustCompile` panics with.
pub const TABLE: &[Function] = &[
    function("mustRegexFind", TWO, |context, arguments| find(context, arguments, true)),
    function("mustRegexFindAll", COUNTED, |context, arguments| find_all(context, arguments, true)),
    function("mustRegexMatch", TWO, |context, arguments| matches(context, arguments, true)),
    function("mustRegexReplaceAll", THREE, |context, arguments| replace(context, arguments, true, false)),
    function("mustRegexReplaceAllLiteral", THREE, |context, arguments| replace(context, arguments, true, true)),
    function("mustRegexSplit", COUNTED, |context, arguments| split(context, arguments, true)),
    function("regexFind", TWO, |context, arguments| find(context, arguments, false)),
    function("regexFindAll", COUNTED, |context, arguments| find_all(context, arguments, false)),
    function("regexMatch", TWO, |context, arguments| matches(context, arguments, false)),
    function("regexQuoteMeta", &[Parameter::Str], quote_meta),
    function("regexReplaceAll", THREE, |context, arguments| replace(context, arguments, false, false)),
    function("regexReplaceAllLiteral", THREE, |context, arguments| replace(context, arguments, false, true)),
    function("regexSplit", COUNTED, |context, arguments| split(context, arguments, false)),
];

const TWO: &[Parameter] = &[Parameter::Str, Parameter::Str];
const THREE: &[Parameter] = &[Parameter::Str, Parameter::Str, Parameter::Str];
const COUNTED: &[Parameter] = &[Parameter::Str, Parameter::Str, Parameter::Int];

const fn function(name: &'static str, parameters: &'static [Parameter], call: Call) -> Function {
    Function { name, parameters, variadic: None, call }
}

/// Compiles an expression for who keeps it, such as a schema.
///
/// # Errors
/// What is wrong with it: "error parsing regexp: missing closing ): `(`".
pub fn compile(pattern: &str) -> Result<Rc<Regex>, String> {
    Regex::compile(pattern.as_bytes()).map(Rc::new).map_err(|rejection| rejection.to_string())
}

/// How many bytes of programs a cache holds: all are dropped when there are more.
const MAX_CACHED: usize = 64 << 20;

/// Compiled expressions of one rendering, by their text.
#[derive(Default)]
pub struct Cache {
    programs: HashMap<Str, Rc<Regex>>,
    size: usize,
}

impl Cache {
    fn get(&self, pattern: &Str) -> Option<Rc<Regex>> {
        self.programs.get(pattern).cloned()
    }

    fn insert(&mut self, pattern: &Str, program: &Rc<Regex>) {
        let size = program.size() + pattern.len();
        if self.size.saturating_add(size) > MAX_CACHED {
            self.programs.clear();
            self.size = 0;
        }
        self.size += size;
        self.programs.insert(pattern.clone(), Rc::clone(program));
    }
}

/// The program of an expression: from the cache, or else compiled, which costs by the size of what comes of it.
fn compiled(context: &mut dyn Context, pattern: &Str) -> Result<Result<Rc<Regex>, Rejection>, Failure> {
    // Looking for the ends of names that have none takes time with the square of an expression's length.
    context.spend(pattern.len().saturating_mul(1 + pattern.len() / 1024))?;
    if let Some(program) = context.regexes().get(pattern) {
        return Ok(Ok(program));
    }
    match Regex::compile(pattern) {
        Ok(program) => {
            context.spend(program.size() / 4)?;
            let program = Rc::new(program);
            context.regexes().insert(pattern, &program);
            Ok(Ok(program))
        }
        Err(rejection) => {
            if rejection.is_too_large() {
                context.spend(program::MAX_PROGRAM / 4)?;
            }
            Ok(Err(rejection))
        }
    }
}

fn program(context: &mut dyn Context, pattern: &Str, must: bool) -> Result<Rc<Regex>, Failure> {
    compiled(context, pattern)?.or_else(|rejection| {
        if must {
            return Err(rejection.to_string().into());
        }
        let quoted = format::printf(b"%#q", &[Value::Str(pattern.clone())])?;
        Err(format!("regexp: Compile({}): {rejection}", String::from_utf8_lossy(&quoted)).into())
    })
}

fn matches(context: &mut dyn Context, arguments: &[Value], must: bool) -> Answer {
    let (pattern, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    match compiled(context, pattern)? {
        Ok(program) => Ok(Value::Bool(program.is_match_counted(context, text)?)),
        Err(rejection) if must => Err(rejection.to_string().into()),
        Err(_) => Ok(Value::Bool(false)),
    }
}

fn find(context: &mut dyn Context, arguments: &[Value], must: bool) -> Answer {
    let (pattern, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    let found = program(context, pattern, must)?.find_all(context, text, 1)?;
    let found = found.first().and_then(|range| text.get(range.clone())).unwrap_or_default();
    Ok(Value::str(found))
}

fn find_all(context: &mut dyn Context, arguments: &[Value], must: bool) -> Answer {
    let (pattern, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    let found = program(context, pattern, must)?.find_all(context, text, arguments::int(arguments, 2)?)?;
    if found.is_empty() {
        return Ok(List::nil(Type::Str).into());
    }
    Ok(List::strings(found.into_iter().map(|range| text.get(range).unwrap_or_default())).into())
}

fn replace(context: &mut dyn Context, arguments: &[Value], must: bool, literal: bool) -> Answer {
    let (pattern, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    let replacement = arguments::text(arguments, 2)?;
    let program = program(context, pattern, must)?;
    Ok(Value::Str(match program.replace_all(context, text, replacement, literal)? {
        Some(replaced) => replaced.into(),
        None => text.clone(),
    }))
}

fn split(context: &mut dyn Context, arguments: &[Value], must: bool) -> Answer {
    let (pattern, text) = (arguments::text(arguments, 0)?, arguments::text(arguments, 1)?);
    let count = arguments::int(arguments, 2)?;
    let program = program(context, pattern, must)?;
    if count == 0 {
        return Ok(List::nil(Type::Str).into());
    }
    if text.is_empty() && !pattern.is_empty() {
        return Ok(List::strings([""]).into());
    }
    let found = program.find_all(context, text, count)?;
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for range in found {
        if parts.len() + 1 >= limit {
            break;
        }
        end = range.start;
        if range.end != 0 {
            parts.push(text.get(begin..end).unwrap_or_default());
        }
        begin = range.end;
    }
    if end != text.len() {
        parts.push(text.get(begin..).unwrap_or_default());
    }
    Ok(List::strings(parts).into())
}

fn quote_meta(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = arguments::text(arguments, 0)?;
    context.spend(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len() + 8);
    for byte in text.iter() {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Ok(Value::str(out))
}
