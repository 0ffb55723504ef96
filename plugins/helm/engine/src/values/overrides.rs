//! What a user sets: files of values, and expressions of the `--set` family, in Helm's order of precedence.

use super::set::{Mode, apply};
use super::{Error, merge_maps};
use crate::chart::load_values;
use crate::json;
use crate::value::{Map, Str, Value};

/// One thing that a user sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// `--values`: a file's name, for messages, and its content.
    File(String, Vec<u8>),
    /// `--set-json`: an object, or names with values in JSON.
    SetJson(String),
    /// `--set`.
    Set(String),
    /// `--set-string`.
    SetString(String),
    /// `--set-file`: names with names of files.
    SetFile(String),
    /// `--set-literal`.
    SetLiteral(String),
}

impl Override {
    /// What comes first is overridden by what comes later: kinds in this order, whatever the order of arguments.
    fn precedence(&self) -> u8 {
        match self {
            Self::File(..) => 0,
            Self::SetJson(_) => 1,
            Self::Set(_) => 2,
            Self::SetString(_) => 3,
            Self::SetFile(_) => 4,
            Self::SetLiteral(_) => 5,
        }
    }
}

/// All that a user sets, in the order of the arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub Vec<Override>);

impl Overrides {
    /// The values that it makes. `read` brings the content of the files that `--set-file` names.
    ///
    /// # Errors
    /// What does not parse, or cannot be read, in Helm's words.
    pub fn merge(&self, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<Map, Error> {
        let read = |path: &str| read(path).map(|content| Value::from(Str::from(content)));
        let mut overrides: Vec<&Override> = self.0.iter().collect();
        overrides.sort_by_key(|item| item.precedence());
        let mut values = Map::new();
        for item in overrides {
            match item {
                Override::File(name, content) => {
                    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
                    let file =
                        load_values(content).map_err(|error| Error::new(format!("failed to parse {name}: {error}")))?;
                    values = merge_maps(&values, &file);
                }
                Override::SetJson(text) if text.trim().starts_with('{') => match json::parse(text.trim().as_bytes()) {
                    Ok(Value::Map(map)) => values = merge_maps(&values, &map),
                    _ => return Err(Error::new(format!("failed parsing --set-json data JSON: {text}"))),
                },
                Override::SetJson(text) => apply(text, &values, Mode::Json)
                    .map_err(|_| Error::new(format!("failed parsing --set-json data {text}")))?,
                Override::Set(text) => apply(text, &values, Mode::Typed).map_err(failed("--set"))?,
                Override::SetString(text) => apply(text, &values, Mode::Text).map_err(failed("--set-string"))?,
                Override::SetFile(text) => apply(text, &values, Mode::File(&read)).map_err(failed("--set-file"))?,
                Override::SetLiteral(text) => apply(text, &values, Mode::Literal).map_err(failed("--set-literal"))?,
            }
        }
        Ok(values)
    }
}

fn failed(option: &'static str) -> impl Fn(String) -> Error {
    move |error| Error::new(format!("failed parsing {option} data: {error}"))
}
