//! Lays values over a chart's own and those over the ones of the charts within it.

use super::{Error, GLOBAL, Work};
use crate::chart::Chart;
use crate::format;
use crate::value::{Map, Str, Value};
use crate::warning::Warning;

/// What becomes of a null that a user sets where a chart has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    /// The key goes.
    Delete,
    /// It stays a null, for a later step to see.
    Keep,
}

/// The values that a chart is rendered with: `values` over the defaults of it and of the charts within.
///
/// Neither is changed. Within the result tables of `global` are shared where Helm shares them.
///
/// # Errors
/// Something else than a table where the values of a chart within belong, or too much of all.
pub fn coalesce(chart: &Chart, values: &Map, warnings: &mut Vec<Warning>) -> Result<Map, Error> {
    Work::new(warnings).coalesce(chart, values, Nulls::Delete)
}

/// One map over another, table by table; neither is changed, and what only one has is shared.
pub fn merge_maps(below: &Map, above: &Map) -> Map {
    let merged: Map = below.to_vec().into_iter().collect();
    for (key, value) in above.borrow().iter() {
        let value = match (merged.get(key), value) {
            (Some(Value::Map(below)), Value::Map(above)) => merge_maps(&below, above).into(),
            _ => value.clone(),
        };
        merged.set(key.clone(), value);
    }
    merged
}

impl Work<'_> {
    pub(super) fn coalesce(&mut self, chart: &Chart, values: &Map, nulls: Nulls) -> Result<Map, Error> {
        let values = self.copy(values)?;
        self.chart(chart, &values, "", nulls)?;
        Ok(values)
    }

    fn chart(&mut self, chart: &Chart, values: &Map, prefix: &str, nulls: Nulls) -> Result<(), Error> {
        let path = join(prefix, chart.name());
        self.defaults(chart, values, &path, nulls)?;
        for within in &chart.dependencies {
            let name = within.name();
            let table = match values.get(name.as_bytes()) {
                None => {
                    let table = Map::new();
                    values.set(name, table.clone().into());
                    table
                }
                Some(Value::Map(table)) => table,
                Some(other) => return Err(Error::new(format!("type mismatch on {name}: {}", as_bool(&other)?))),
            };
            self.globals(&table, values, &path)?;
            self.chart(within, &table, &path, nulls)?;
        }
        Ok(())
    }

    /// Adds the chart's own values, where there are none.
    fn defaults(&mut self, chart: &Chart, values: &Map, path: &str, nulls: Nulls) -> Result<(), Error> {
        for (key, default) in self.copy(&chart.values)?.to_vec() {
            match values.get(&key) {
                None => values.set(key, default),
                Some(Value::Nil) if nulls == Nulls::Delete => drop(values.remove(&key)),
                Some(Value::Map(table)) => match &default {
                    Value::Map(default) => {
                        // A null for a chart within is kept: that chart's turn comes after.
                        let is_chart = chart.dependencies.iter().any(|within| within.name().as_bytes() == &**key);
                        let nulls = if is_chart { Nulls::Keep } else { nulls };
                        self.tables(&table, default, &join(path, &key.to_string()), nulls)?;
                    }
                    Value::Nil => {}
                    _ => self.log(format!("warning: skipped value for {path}.{key}: Not a table.")),
                },
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Hands the globals of a chart's values down to those of a chart within.
    fn globals(&mut self, below: &Map, above: &Map, path: &str) -> Result<(), Error> {
        let target = match below.get(GLOBAL.as_bytes()) {
            None => Map::new(),
            Some(Value::Map(table)) => table,
            Some(_) => {
                self.log(format!("warning: skipping globals because destination {GLOBAL} is not a table."));
                return Ok(());
            }
        };
        let source = match above.get(GLOBAL.as_bytes()) {
            None => Map::new(),
            Some(Value::Map(table)) => table,
            Some(_) => {
                self.log(format!("warning: skipping globals because source {GLOBAL} is not a table."));
                return Ok(());
            }
        };
        self.spend(source.len())?;
        for (key, value) in source.to_vec() {
            let existing = target.get(&key);
            match (value, existing) {
                (Value::Map(table), existing) => {
                    // Tables in it stay those of the chart above, and see what is merged into them.
                    self.spend(table.len())?;
                    let copy: Map = table.to_vec().into_iter().collect();
                    match existing {
                        None => target.set(key, copy.into()),
                        Some(Value::Map(own)) => {
                            self.tables(&copy, &own, &join(path, &key.to_string()), Nulls::Keep)?;
                            target.set(key, copy.into());
                        }
                        Some(_) => {
                            let key = String::from_utf8_lossy(&format::quote::quote(&key)).into_owned();
                            self.log(format!("Conflict: cannot merge map onto non-map for {key}. Skipping."));
                        }
                    }
                }
                (_, Some(Value::Map(_))) => self.log(format!("key {key} is table. Skipping")),
                (value, _) => target.set(key, value),
            }
        }
        below.set(GLOBAL, target.into());
        Ok(())
    }

    /// Adds to a table what it lacks of another one.
    pub(super) fn tables(&mut self, above: &Map, below: &Map, path: &str, nulls: Nulls) -> Result<(), Error> {
        // A null over a value deletes it; over nothing, or over a null, it is a value.
        let defaults: Vec<(Str, Value)> = below.to_vec();
        self.spend(defaults.len())?;
        for (key, value) in above.to_vec() {
            if matches!(value, Value::Nil) {
                below.set(key, Value::Nil);
            }
        }
        for (key, default) in defaults {
            match (above.get(&key), &default) {
                (None, _) => above.set(key, default),
                (Some(Value::Nil), Value::Nil) => {}
                (Some(Value::Nil), _) if nulls == Nulls::Delete => drop(above.remove(&key)),
                // The one below has become a null, as above.
                (Some(Value::Nil), _) => {}
                (Some(Value::Map(above)), Value::Map(below)) => {
                    self.tables(&above, below, &join(path, &key.to_string()), nulls)?;
                }
                (Some(_), Value::Map(_)) => {
                    let path = join(path, &key.to_string());
                    let default = print(&default)?;
                    self.log(format!("warning: cannot overwrite table with non table for {path} ({default})"));
                }
                (Some(Value::Map(_)), Value::Nil) => {}
                (Some(Value::Map(_)), _) => {
                    let path = join(path, &key.to_string());
                    let default = print(&default)?;
                    self.log(format!(
                        "warning: destination for {path} is a table. Ignoring non-table value ({default})"
                    ));
                }
                (Some(_), _) => {}
            }
        }
        Ok(())
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// Go's `%v`.
pub(super) fn print(value: &Value) -> Result<String, Error> {
    let text = format::print(value).map_err(|error| Error::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Go's `%t`.
fn as_bool(value: &Value) -> Result<String, Error> {
    let text = format::printf(b"%t", std::slice::from_ref(value)).map_err(|error| Error::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
