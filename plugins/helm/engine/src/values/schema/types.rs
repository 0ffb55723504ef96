//! The types of JSON, as schemas name them.

use super::json::Json;

/// Their names, in the order in which messages list them.
const NAMES: [&str; 7] = ["null", "boolean", "number", "integer", "string", "array", "object"];

const INTEGER: u8 = 1 << 3;

/// A set of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    /// What `type` names: one, or a list.
    pub(super) fn parse(value: &Json) -> Self {
        let bit = |value: &Json| {
            let name = value.text()?;
            NAMES.iter().position(|known| *known == &**name).map(|index| 1_u8 << index)
        };
        Self(match value {
            Json::List(list) => list.iter().filter_map(bit).fold(0, |set, bit| set | bit),
            value => bit(value).unwrap_or(0),
        })
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a value is of one of them.
    pub(super) fn contain(self, value: &Json) -> bool {
        let is_integer = value.number().is_some_and(super::number::Number::is_integer);
        self.0 & (1 << index(value)) != 0 || (self.0 & INTEGER != 0 && is_integer)
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        NAMES.into_iter().enumerate().filter(|(index, _)| self.0 & (1 << index) != 0).map(|(_, name)| name).collect()
    }
}

fn index(value: &Json) -> usize {
    match value {
        Json::Null => 0,
        Json::Bool(_) => 1,
        Json::Number(_) => 2,
        Json::Str(_) => 4,
        Json::List(_) => 5,
        Json::Object(_) => 6,
    }
}

/// The type of a value.
pub(super) fn name(value: &Json) -> &'static str {
    NAMES.get(index(value)).copied().unwrap_or_default()
}
