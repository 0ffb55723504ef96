//! values.schema.json: what Helm holds values against, with the words of the library that it uses for it.

mod budget;
mod compile;
mod documents;
mod draft;
mod failure;
mod formats;
mod json;
mod metaschema;
mod number;
mod types;
mod url;
mod validate;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use budget::Budget;
use compile::{Compiler, Metaschemas};
use documents::Documents;
use json::Json;

use super::{Error, MAX_WARNINGS};
use crate::chart::Chart;
use crate::value::{Map, Value};
use crate::warning::Warning;

/// Where Helm says that a schema lies.
const URL: &str = "file:///values.schema.json";

/// What judging a chart's values costs, needs, and has to tell.
struct Judge<'a> {
    budget: Budget,
    metaschemas: Metaschemas,
    warnings: &'a mut Vec<Warning>,
}

/// Holds a chart's values, and in them those of the charts within, against their schemas.
pub(super) fn check(chart: &Chart, values: &Map, warnings: &mut Vec<Warning>) -> Result<(), Error> {
    let mut judge = Judge { budget: Budget::new(), metaschemas: Metaschemas::default(), warnings };
    let told = judge.chart(chart, values);
    if told.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("values don't meet the specifications of the schema(s) in the following chart(s):\n{told}")))
}

impl Judge<'_> {
    fn chart(&mut self, chart: &Chart, values: &Map) -> String {
        let mut told = String::new();
        if let Some(schema) = &chart.schema
            && let Err(error) = self.values(schema, values)
        {
            told = format!("{}:\n{error}", chart.name());
        }
        for within in &chart.dependencies {
            let name = within.name();
            match values.get(name.as_bytes()) {
                None | Some(Value::Nil) => {}
                Some(Value::Map(values)) => told.push_str(&self.chart(within, &values)),
                Some(other) => {
                    let got = other.go_type().map_or_else(|| "<nil>".to_owned(), |got| got.to_string());
                    told.push_str(&format!("{name}:\ninvalid type for values: expected object (map), got {got}\n"));
                }
            }
        }
        told
    }

    fn values(&mut self, schema: &[u8], values: &Map) -> Result<(), String> {
        let schema = Json::parse(schema)?;
        let values = Json::from_value(&Value::Map(values.clone()))?;
        let mut documents = Documents::default();
        let url: Rc<str> = URL.into();
        documents.add(&url, schema, &mut self.budget)?;
        let compiled = Compiler::new(&mut documents, Some(&mut self.metaschemas), &mut self.budget).compile(&url);
        self.warnings.extend(documents.warnings.into_iter().take(MAX_WARNINGS.saturating_sub(self.warnings.len())));
        match validate::validate(&compiled?, &values, &mut self.budget)? {
            None => Ok(()),
            Some(failure) => {
                let told = failure.shown();
                let head = format!("jsonschema validation failed with '{URL}#'\n");
                Err(format!("{}\n", told.strip_prefix(&head).unwrap_or(&told)))
            }
        }
    }
}
