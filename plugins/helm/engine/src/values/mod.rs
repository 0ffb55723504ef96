//! Values: where they come from, how a chart's and its user's are laid over each other, and their schemas.

mod coalesce;
mod dependencies;
mod overrides;
mod schema;
mod set;

#[cfg(test)]
mod tests;

pub use coalesce::{coalesce, merge_maps};
pub use dependencies::process_dependencies;
pub use overrides::{Override, Overrides};

use crate::chart::Chart;
use crate::memory;
use crate::value::{Map, Type, Value};
use crate::warning::Warning;

/// The key of values that a chart shares with the charts within it.
const GLOBAL: &str = "global";

/// How deep values may be nested: what reads them recurses, and no chart comes near.
const MAX_DEPTH: usize = 1000;

/// How many values may be copied while a chart's are made: hundreds of times those of a large chart. Charts can
/// be dependencies many times over, each with all values of the charts within it.
const MAX_COPIES: usize = 2_000_000;

/// No stack tells more than this in its warnings.
const MAX_WARNINGS: usize = 1000;

/// What is wrong with values, in Helm's words where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The values that a chart's templates see, of type `common.Values`: coalesced, and held against the schemas.
///
/// # Errors
/// What [`coalesce`] fails for, and values that a schema does not allow.
pub fn to_render(chart: &Chart, values: &Map, skip_schema: bool, warnings: &mut Vec<Warning>) -> Result<Map, Error> {
    let values = coalesce(chart, values, warnings)?;
    if !skip_schema {
        schema::check(chart, &values, warnings)?;
    }
    Ok(values.converted(Type::Named { name: "common.Values", kind: "map" }))
}

/// Bytes of an entry in a map, about.
const COPY: usize = 100;

/// What one making of values may cost, and what it has to tell.
struct Work<'a> {
    copies: usize,
    warnings: &'a mut Vec<Warning>,
}

impl<'a> Work<'a> {
    fn new(warnings: &'a mut Vec<Warning>) -> Self {
        Self { copies: MAX_COPIES, warnings }
    }

    fn warn(&mut self, warning: Warning) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }

    fn log(&mut self, message: impl Into<String>) {
        self.warn(Warning::unlevelled(message));
    }

    fn spend(&mut self, copies: usize) -> Result<(), Error> {
        self.copies = self.copies.checked_sub(copies).ok_or_else(|| {
            Error::new(format!("the charts' values need more than the maximum of {MAX_COPIES} copied values"))
        })?;
        memory::check(copies.saturating_mul(COPY)).map_err(|why| Error::new(format!("the charts' values: {why}")))
    }

    /// A copy of a map and of all maps and lists in it.
    fn copy(&mut self, map: &Map) -> Result<Map, Error> {
        self.copy_map(map, MAX_DEPTH)
    }

    fn copy_map(&mut self, map: &Map, depth: usize) -> Result<Map, Error> {
        self.spend(map.len().saturating_add(1))?;
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| Error::new(format!("values are nested deeper than the maximum of {MAX_DEPTH}")))?;
        map.borrow().iter().map(|(key, value)| Ok((key.clone(), self.copy_value(value, depth)?))).collect()
    }

    fn copy_value(&mut self, value: &Value, depth: usize) -> Result<Value, Error> {
        Ok(match value {
            Value::Map(map) => self.copy_map(map, depth)?.into(),
            Value::List(list) => {
                self.spend(list.len().saturating_add(1))?;
                let depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| Error::new(format!("values are nested deeper than the maximum of {MAX_DEPTH}")))?;
                let items = list.borrow().iter().map(|item| self.copy_value(item, depth)).collect::<Result<_, _>>();
                Value::list(items?)
            }
            _ => value.clone(),
        })
    }
}

/// The table at the end of a path with dots, from a table.
fn table(values: &Map, path: &str) -> Result<Map, NoTable> {
    path.split('.').try_fold(values.clone(), |table, name| match table.get(name.as_bytes()) {
        Some(Value::Map(table)) => Ok(table),
        _ => Err(NoTable(name.to_owned())),
    })
}

/// What is not at the end of a path.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a table")]
struct NoTable(String);

/// What is at the end of a path with dots, unless it is a table.
fn path_value(values: &Map, path: &str) -> Option<Value> {
    let value = match path.rsplit_once('.') {
        Some((path, name)) => table(values, path).ok()?.get(name.as_bytes()),
        None => values.get(path.as_bytes()),
    };
    value.filter(|value| !matches!(value, Value::Map(_)))
}
