//! Templates and what Go's implementation makes of them, as Helm runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::function::Failure;
use crate::value::{Map, Value};

/// A world without cluster: its random bytes count up, and it is always the same second.
pub(crate) struct Still(u8);

impl World for Still {
    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Ok(Value::Map(Map::new()))
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        Ok((1_700_000_000, 0))
    }
}

/// What a template prints with `data` as its dot, or Go's error; for the tests of functions too.
pub(crate) fn evaluate(text: &str, data: Value) -> Result<String, String> {
    let mut templates = Templates::new();
    templates.add("t", text.as_bytes()).map_err(|error| error.to_string())?;
    let out = templates.execute("t", data, &mut Still(0), Limits::default()).map_err(|error| error.message)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn simple() {
    let data: Map = [("a".into(), Value::str("x"))].into_iter().collect();
    let out = evaluate("{{ if .a }}{{ .a }}{{ else }}no{{ end }}", Value::Map(data));
    assert_eq!(out, Ok("x".to_owned()));
}
