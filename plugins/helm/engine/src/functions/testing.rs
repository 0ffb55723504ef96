//! A world for the tests of functions: it counts what is spent, and its randomness repeats itself.

use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::value::Value;

/// The budget of a test: what spends more is told so.
const BUDGET: usize = 10_000_000;

#[derive(Default)]
pub(crate) struct World {
    spent: usize,
    state: u64,
    regexes: crate::functions::regex::Cache,
}

impl Context for World {
    fn include(&mut self, _: &str, _: Value) -> Result<Vec<u8>, Failure> {
        Err("there are no templates".into())
    }

    fn tpl(&mut self, _: &str, _: Value) -> Result<Vec<u8>, Failure> {
        Err("there are no templates".into())
    }

    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Err("there is no cluster".into())
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            [*byte, ..] = self.state.to_be_bytes();
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        Ok((1_700_000_000, 0))
    }

    fn spend(&mut self, amount: usize) -> Result<(), Failure> {
        self.spent = self.spent.saturating_add(amount);
        if self.spent > BUDGET { Err("the budget is spent".into()) } else { Ok(()) }
    }

    fn regexes(&mut self) -> &mut crate::functions::regex::Cache {
        &mut self.regexes
    }
}

/// Calls the function of this name, in a world of its own.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Answer {
    call_within(BUDGET, name, arguments)
}

/// As [`call`], with a budget of its own.
pub(crate) fn call_within(budget: usize, name: &str, arguments: &[Value]) -> Answer {
    let functions = super::by_name();
    let function = functions.get(name).ok_or_else(|| format!("function {name:?} not defined"))?;
    (function.call)(&mut World { spent: BUDGET - budget, ..World::default() }, arguments)
}

/// What the function answers, as `%v` prints it, or `error: ` and its message.
pub(crate) fn printed(name: &str, arguments: &[Value]) -> String {
    match call(name, arguments).and_then(|value| Ok(crate::format::print(&value)?)) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(Failure::Error(message)) => format!("error: {message}"),
        Err(other) => format!("{other:?}"),
    }
}

/// A value of Go that is written as one of Rust.
pub(crate) trait Literal {
    fn value(self) -> Value;
}

impl Literal for i32 {
    fn value(self) -> Value {
        Value::int(self.into())
    }
}

impl Literal for i64 {
    fn value(self) -> Value {
        Value::int(self)
    }
}

impl Literal for f64 {
    fn value(self) -> Value {
        Value::Float(self)
    }
}

impl Literal for bool {
    fn value(self) -> Value {
        Value::Bool(self)
    }
}

impl Literal for &str {
    fn value(self) -> Value {
        Value::str(self)
    }
}

impl Literal for Value {
    fn value(self) -> Value {
        self
    }
}

/// Values, or a list of them with `list:`, a map with `map:`.
macro_rules! values {
    (list: $($item:expr),* $(,)?) => {
        $crate::value::Value::list($crate::functions::testing::values![$($item),*].to_vec())
    };
    (map: $($key:literal => $item:expr),* $(,)?) => {{
        let entries: Vec<($crate::value::Str, $crate::value::Value)> =
            vec![$(($key.into(), $crate::functions::testing::Literal::value($item))),*];
        $crate::value::Value::Map(entries.into_iter().collect())
    }};
    ($($item:expr),* $(,)?) => {
        [$($crate::functions::testing::Literal::value($item)),*]
    };
}

pub(crate) use values;

/// What an expression of constants and calls prints (`add 1 (int "0x10")`), read as a template would.
pub(crate) fn evaluated(expression: &str) -> String {
    let mut rest = expression;
    match invoked(&mut rest).and_then(|value| Ok(crate::format::print(&value)?)) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(Failure::Error(message)) => format!("error: {message}"),
        Err(other) => format!("{other:?}"),
    }
}

/// A function's name and its arguments, to the end or the closing parenthesis.
fn invoked(rest: &mut &str) -> Answer {
    let end = rest.find([' ', ')']).unwrap_or(rest.len());
    let (name, mut tail) = rest.split_at(end);
    let mut arguments = Vec::new();
    loop {
        tail = tail.trim_start();
        if tail.is_empty() {
            break;
        }
        if let Some(after) = tail.strip_prefix(')') {
            tail = after;
            break;
        }
        arguments.push(operand(&mut tail)?);
    }
    *rest = tail;
    call(name, &arguments)
}

fn operand(rest: &mut &str) -> Answer {
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        return invoked(rest);
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let (text, tail) = quoted.split_once('"').ok_or("a string does not end")?;
        *rest = tail;
        return Ok(Value::str(text));
    }
    let (word, tail) = rest.split_at(rest.find([' ', ')']).unwrap_or(rest.len()));
    *rest = tail;
    Ok(match word {
        "nil" => Value::Nil,
        "true" | "false" => Value::Bool(word == "true"),
        _ => match word.parse() {
            Ok(number) => Value::int(number),
            Err(_) => Value::Float(word.parse().map_err(|_| format!("{word} is no constant"))?),
        },
    })
}
