//! YAML as Helm reads and writes it: `sigs.k8s.io/yaml` over go-yaml v2, and go-yaml v3 for `toYamlPretty`.
//!
//! Reading: [`reader`] knows the encoding, [`scanner`] makes tokens, [`compose`] a value of them.
//! Writing: [`analysis`] says which styles a text allows, [`emitter`] chooses, [`scalar`] writes.

mod analysis;
mod compose;
mod emitter;
mod number;
mod order;
mod property;
mod reader;
mod resolve;
mod scalar;
mod scanner;
mod show;
#[cfg(test)]
mod tests;
mod text;
mod token;

pub use emitter::{emit, emit_pretty};
pub(crate) use number::{json_float, yaml_float};

use crate::value::Value;
use compose::{Numbers, compose};

/// How deep documents may nest. Charts stay below 50; the stack of a sandbox has to hold any that comes.
pub const DEPTH: usize = 256;

/// Reads the first document of `input` as `sigs.k8s.io/yaml` unmarshals into an `interface {}`: by way of JSON, so
/// that keys are strings and numbers float64. Nothing is [`Value::Nil`].
///
/// # Errors
/// In the words of `sigs.k8s.io/yaml`: "error converting YAML to JSON: yaml: line 2: …".
pub fn parse(input: &[u8]) -> Result<Value, String> {
    convert(input, Numbers::Floats).map_err(|error| format!("error converting YAML to JSON: {error}"))
}

/// As [`parse`], but with the numbers that YAML has: int64 or uint64 where they are whole.
///
/// # Errors
/// As [`parse`].
pub fn parse_numbers(input: &[u8]) -> Result<Value, String> {
    convert(input, Numbers::Kept).map_err(|error| format!("error converting YAML to JSON: {error}"))
}

fn convert(input: &[u8], numbers: Numbers) -> Result<Value, String> {
    let composed = compose(input, numbers).map_err(|problem| problem.text())?;
    if let Some(error) = composed.conversion {
        return Err(error);
    }
    if composed.special {
        crate::json::emit(&composed.value)?;
    }
    Ok(composed.value)
}

/// Reads a document as go-yaml alone does, without JSON's limits.
fn parse_raw(input: &[u8]) -> Result<Value, String> {
    compose(input, Numbers::Kept).map(|composed| composed.value).map_err(|problem| problem.text())
}
