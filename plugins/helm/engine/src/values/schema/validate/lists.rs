//! Keywords of lists.

use super::super::compile::{Additional, Index, Items, Schema};
use super::super::draft::Draft;
use super::super::failure::Failure;
use super::super::json::Json;
use super::super::number::count;
use super::{Frame, Unevaluated, Validator, index_name, limit, size};

impl Validator<'_> {
    pub(super) fn list(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        items: &[Json],
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let size = size(items.len());
        if let Some(wanted) = schema.min_items.filter(|wanted| size < *wanted) {
            failures.push(self.failure(frame, || limit("minItems", size, wanted))?);
        }
        if let Some(wanted) = schema.max_items.filter(|wanted| size > *wanted) {
            failures.push(self.failure(frame, || limit("maxItems", size, wanted))?);
        }
        if schema.unique_items
            && let Some((first, second)) = self.duplicates(items)?
        {
            let told = || format!("items at {} and {} are equal", count(first), count(second));
            failures.push(self.failure(frame, told)?);
        }

        let each: &[Index] = match &schema.items {
            Items::Each(each) => each,
            _ => &schema.prefix_items,
        };
        for ((index, item), target) in items.iter().enumerate().zip(each) {
            failures.extend(self.within(frame, *target, item, index_name(index), depth)?.err());
        }
        let (rest, done) = match schema.items {
            Items::All(target) => (Some(Additional::Schema(target)), 0),
            // `additionalItems` without `items` is not even compiled.
            Items::Each(_) => (schema.additional_items, each.len()),
            Items::None => (schema.rest_items.map(Additional::Schema), each.len()),
        };
        match rest {
            Some(Additional::Bool(false)) if items.len() > done => {
                let told = || format!("last {} additionalItem(s) not allowed", count(items.len() - done));
                failures.push(self.failure(frame, told)?);
            }
            Some(Additional::Schema(target)) => {
                // They are counted from the first that is left.
                for (index, item) in items.iter().skip(done).enumerate() {
                    failures.extend(self.within(frame, target, item, index_name(index), depth)?.err());
                }
            }
            _ => {}
        }
        self.contains(frame, schema, items, unevaluated, failures, depth)
    }

    pub(super) fn contains(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        items: &[Json],
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let Some(target) = schema.contains else { return Ok(()) };
        let mut causes = Vec::new();
        let mut matched: Vec<String> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match self.within(frame, target, item, index_name(index), depth)? {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    matched.push(index.to_string());
                    if schema.draft >= Some(Draft::Draft2020) {
                        unevaluated.items.remove(&index);
                    }
                }
            }
        }
        let found = size(matched.len());
        let told = |bound: &str, wanted: i64| {
            let wanted = count(wanted);
            let items = format!("{bound} {wanted} items required to match contains schema, but");
            if matched.is_empty() {
                format!("{items} none matched")
            } else {
                format!("{items} matched {} items at {}", count(found), matched.join(" "))
            }
        };
        match schema.min_contains {
            Some(wanted) if found < wanted => {
                let failure = self.failure(frame, || told("min", wanted))?;
                failures.push(Failure { causes, ..failure });
            }
            None if matched.is_empty() => {
                let failure = self.failure(frame, || "no items match contains schema".to_owned())?;
                failures.push(Failure { causes, ..failure });
            }
            _ => {}
        }
        if let Some(wanted) = schema.max_contains.filter(|wanted| found > *wanted) {
            failures.push(self.failure(frame, || told("max", wanted))?);
        }
        Ok(())
    }

    /// The first two equal items.
    pub(super) fn duplicates(&mut self, items: &[Json]) -> Result<Option<(usize, usize)>, String> {
        for (second, item) in items.iter().enumerate() {
            self.budget.spend(second)?;
            if let Some(first) = items.iter().take(second).position(|other| other == item) {
                return Ok(Some((first, second)));
            }
        }
        Ok(None)
    }
}
