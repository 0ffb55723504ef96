//! Which charts within a chart take part (conditions, tags, aliases), and what their parents import of their values.

use std::collections::HashSet;

use super::coalesce::{Nulls, print};
use super::{Error, Work, path_value, table};
use crate::chart::{Chart, Dependency, compatible};
use crate::value::{Map, Type, Value};
use crate::warning::Warning;

/// How many charts dependencies may come to: those within one that has many aliases count each time, and at
/// each level. Fifty are a lot.
const MAX_CHARTS: usize = 5000;

/// How many names a path may have that values are imported to.
const MAX_PATH: usize = 100;

/// Leaves out the charts within a chart that the values turn off, renames those with an alias, and takes over
/// what Chart.yaml imports of their values.
///
/// # Errors
/// What [`super::coalesce`] fails for, and too many charts.
pub fn process_dependencies(chart: &mut Chart, values: &Map, warnings: &mut Vec<Warning>) -> Result<(), Error> {
    let mut work = Work::new(warnings);
    let mut charts = MAX_CHARTS;
    work.enable(chart, values, "", &mut charts)
        .and_then(|()| work.import_all(chart))
        .map_err(|error| Error::new(format!("chart dependencies processing failed: {error}")))
}

impl Work<'_> {
    fn enable(&mut self, chart: &mut Chart, values: &Map, path: &str, charts: &mut usize) -> Result<(), Error> {
        let Some(mut wanted) = chart.metadata.dependencies.take() else { return Ok(()) };
        let matches = |dependency: &Dependency, within: &Chart| {
            within.name() == dependency.name && compatible(&dependency.version, &within.metadata.version)
        };
        // Charts that Chart.yaml does not name take part as they are.
        let mut within: Vec<Chart> = chart
            .dependencies
            .iter()
            .filter(|within| !wanted.iter().any(|dependency| matches(dependency, within)))
            .cloned()
            .collect();
        for dependency in &mut wanted {
            if let Some(found) = chart.dependencies.iter().find(|within| matches(dependency, within)) {
                // A chart brings all within it, and each may be there under many names.
                spend(charts, count(found))?;
                let mut found = found.clone();
                if !dependency.alias.is_empty() {
                    found.metadata.name.clone_from(&dependency.alias);
                }
                within.push(found);
            }
            if !dependency.alias.is_empty() {
                dependency.name.clone_from(&dependency.alias);
            }
            dependency.enabled = true;
        }
        chart.dependencies = within;

        let values = self.coalesce(chart, values, Nulls::Delete)?;
        self.tags(&mut wanted, &values);
        self.conditions(&mut wanted, &values, path);
        let disabled: HashSet<String> =
            wanted.iter().filter(|dependency| !dependency.enabled).map(|dependency| dependency.name.clone()).collect();
        chart.dependencies.retain(|within| !disabled.contains(within.name()));
        wanted.retain(|dependency| !disabled.contains(&dependency.name));

        for within in &mut chart.dependencies {
            let path = format!("{path}{}.", within.name());
            self.enable(within, &values, &path, charts)?;
        }
        chart.metadata.dependencies = Some(wanted).filter(|wanted| !wanted.is_empty());
        Ok(())
    }

    fn tags(&mut self, dependencies: &mut [Dependency], values: &Map) {
        let Some(Value::Map(tags)) = values.get(b"tags") else { return };
        for dependency in dependencies {
            let (mut on, mut off) = (false, false);
            for tag in dependency.tags.iter().flatten() {
                match tags.get(tag.as_bytes()) {
                    None => {}
                    Some(Value::Bool(true)) => on = true,
                    Some(Value::Bool(false)) => off = true,
                    Some(_) => self.warn(not_bool("tag", tag, dependency)),
                }
            }
            dependency.enabled = on || !off;
        }
    }

    fn conditions(&mut self, dependencies: &mut [Dependency], values: &Map, path: &str) {
        for dependency in dependencies {
            for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
                match path_value(values, &format!("{path}{condition}")) {
                    None => {}
                    Some(Value::Bool(enabled)) => {
                        dependency.enabled = enabled;
                        break;
                    }
                    Some(_) => self.warn(not_bool("path", condition, dependency)),
                }
            }
        }
    }

    fn import_all(&mut self, chart: &mut Chart) -> Result<(), Error> {
        for within in &mut chart.dependencies {
            self.import_all(within)?;
        }
        self.import(chart)
    }

    /// Takes over values of the charts within, below the chart's own.
    fn import(&mut self, chart: &mut Chart) -> Result<(), Error> {
        let Some(mut dependencies) = chart.metadata.dependencies.take() else { return Ok(()) };
        let values = self.coalesce(chart, &Map::new(), Nulls::Keep)?;
        let imported = Map::new();
        for dependency in &mut dependencies {
            let mut imports = Vec::new();
            for import in dependency.import_values.iter().flatten() {
                let (child, parent) = match import {
                    Value::Map(import) => {
                        let name = |key: &[u8]| print(&import.get(key).unwrap_or_default());
                        (name(b"child")?, name(b"parent")?)
                    }
                    Value::Str(name) => (format!("exports.{name}"), ".".to_owned()),
                    _ => continue,
                };
                imports.push(recorded(&child, &parent));
                match table(&values, &format!("{}.{child}", dependency.name)) {
                    // Not a copy: what is merged twice is one table, as in Go.
                    Ok(found) => self.tables(&imported, &at_path(&parent, found)?, "", Nulls::Keep)?,
                    Err(error) if matches!(import, Value::Map(_)) => {
                        let warning = Warning::new("ImportValues missing table from chart");
                        self.warn(warning.with("chart", &dependency.name).with("error", error.to_string()));
                    }
                    Err(error) => {
                        self.warn(Warning::new("ImportValues missing table").with("error", error.to_string()));
                    }
                }
            }
            dependency.import_values = Some(imports).filter(|imports| !imports.is_empty());
        }
        let values = self.copy(&values)?;
        self.tables(&values, &imported, "", Nulls::Keep)?;
        // Imports add levels, which the next copy counts.
        chart.values = self.copy(&values)?;
        chart.metadata.dependencies = Some(dependencies);
        Ok(())
    }
}

/// What is told of a tag or a condition that says neither yes nor no.
fn not_bool(kind: &'static str, name: &str, dependency: &Dependency) -> Warning {
    Warning::new("returned non-bool value").with(kind, name).with("chart", &dependency.name)
}

/// What templates see of an import: its paths, whichever way it was written.
fn recorded(child: &str, parent: &str) -> Value {
    let entries = [("child", child), ("parent", parent)];
    let entries = entries.map(|(key, value)| (key.into(), value.into()));
    Map::typed(Type::Map(Box::new(Type::Str)), entries.into()).into()
}

/// A table at the end of a path with dots; `.` is the table itself.
fn at_path(path: &str, table: Map) -> Result<Map, Error> {
    if path == "." {
        return Ok(table);
    }
    if path.split('.').count() > MAX_PATH {
        return Err(Error::new(format!("import-values names a parent of more than {MAX_PATH} names")));
    }
    Ok(path.rsplit('.').fold(table, |table, name| [(name.into(), table.into())].into_iter().collect()))
}

/// A chart and those within it.
fn count(chart: &Chart) -> usize {
    chart.dependencies.iter().fold(1, |sum, within| sum + count(within))
}

fn spend(left: &mut usize, charts: usize) -> Result<(), Error> {
    *left = left
        .checked_sub(charts)
        .ok_or_else(|| Error::new(format!("dependencies come to more than the maximum of {MAX_CHARTS} charts")))?;
    Ok(())
}
