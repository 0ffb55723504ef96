//! Keywords that put schemas together.

use super::super::compile::Schema;
use super::super::failure::Failure;
use super::super::json::Json;
use super::super::number::count;
use super::{Frame, Unevaluated, Validator, index_name};

impl Validator<'_> {
    pub(super) fn conditions(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(target) = schema.not
            && self.same(frame, target, "", true, unevaluated, depth)?.is_ok()
        {
            failures.push(self.failure(frame, || "'not' failed".to_owned())?);
        }

        let mut causes = Vec::new();
        for target in &schema.all_of {
            if let Err(failure) = self.same(frame, *target, "", false, unevaluated, depth)? {
                causes.push(failure);
                if frame.brief {
                    break;
                }
            }
        }
        if !causes.is_empty() {
            let failure = self.failure(frame, || "'allOf' failed".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }

        let mut causes = Vec::new();
        let mut matched = schema.any_of.is_empty();
        for target in &schema.any_of {
            match self.same(frame, *target, "", false, unevaluated, depth)? {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    matched = true;
                    // The others may look at more of the value.
                    if unevaluated.is_empty() {
                        break;
                    }
                }
            }
        }
        if !matched {
            let failure = self.failure(frame, || "'anyOf' failed".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }

        self.one_of(frame, schema, unevaluated, failures, depth)?;

        if let Some(condition) = schema.condition {
            let branch = match self.same(frame, condition, "", true, unevaluated, depth)? {
                Ok(()) => schema.then,
                Err(_) => schema.otherwise,
            };
            if let Some(target) = branch {
                failures.extend(self.same(frame, target, "", false, unevaluated, depth)?.err());
            }
        }
        Ok(())
    }

    pub(super) fn one_of(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let mut causes = Vec::new();
        let mut matched = None;
        for (index, target) in schema.one_of.iter().enumerate() {
            let outcome = self.same(frame, *target, "", matched.is_some(), unevaluated, depth)?;
            match (outcome, matched) {
                (Err(failure), None) => causes.push(failure),
                (Err(_), Some(_)) => {}
                (Ok(()), None) => matched = Some(index),
                (Ok(()), Some(first)) => {
                    let told = || format!("'oneOf' failed, subschemas {}, {} matched", count(first), count(index));
                    failures.push(self.failure(frame, told)?);
                    break;
                }
            }
        }
        if matched.is_none() && !schema.one_of.is_empty() {
            let failure = self.failure(frame, || "'oneOf' failed, none matched".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }
        Ok(())
    }

    pub(super) fn unevaluated(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        if let (Json::Object(object), Some(target)) = (frame.value, schema.unevaluated_properties) {
            for name in std::mem::take(&mut unevaluated.properties) {
                if let Some(value) = object.get(&name) {
                    failures.extend(self.within(frame, target, value, name, depth)?.err());
                }
            }
        }
        if let (Json::List(items), Some(target)) = (frame.value, schema.unevaluated_items) {
            for index in std::mem::take(&mut unevaluated.items) {
                if let Some(item) = items.get(index) {
                    failures.extend(self.within(frame, target, item, index_name(index), depth)?.err());
                }
            }
        }
        Ok(())
    }
}
