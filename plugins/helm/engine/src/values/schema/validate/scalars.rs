//! Keywords of texts and numbers.

use super::super::compile::Schema;
use super::super::failure::{Failure, single_quoted};
use super::super::number::Number;
use super::{Frame, Validator, limit, size};

impl Validator<'_> {
    pub(super) fn text(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        text: &str,
        failures: &mut Vec<Failure>,
    ) -> Result<(), String> {
        if schema.min_length.is_some() || schema.max_length.is_some() {
            self.budget.spend(text.len() / 64)?;
            let length = size(text.chars().count());
            if let Some(wanted) = schema.min_length.filter(|wanted| length < *wanted) {
                failures.push(self.failure(frame, || limit("minLength", length, wanted))?);
            }
            if let Some(wanted) = schema.max_length.filter(|wanted| length > *wanted) {
                failures.push(self.failure(frame, || limit("maxLength", length, wanted))?);
            }
        }
        if let Some((pattern, source)) = &schema.pattern {
            self.budget.spend(1 + text.len())?;
            if !pattern.is_match(text.as_bytes()) {
                let told = || format!("{} does not match pattern {}", single_quoted(text), single_quoted(source));
                failures.push(self.failure(frame, told)?);
            }
        }
        Ok(())
    }

    pub(super) fn number(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        number: &Number,
        failures: &mut Vec<Failure>,
    ) -> Result<(), String> {
        let limits: [(&str, &Option<Number>, Fails); 4] = [
            ("minimum", &schema.minimum, std::cmp::Ordering::is_lt),
            ("maximum", &schema.maximum, std::cmp::Ordering::is_gt),
            ("exclusiveMinimum", &schema.exclusive_minimum, std::cmp::Ordering::is_le),
            ("exclusiveMaximum", &schema.exclusive_maximum, std::cmp::Ordering::is_ge),
        ];
        let told =
            |keyword: &str, wanted: &Number| format!("{keyword}: got {}, want {}", number.shown(), wanted.shown());
        for (keyword, wanted, fails) in limits {
            if let Some(wanted) = wanted
                && fails(number.cmp(wanted))
            {
                failures.push(self.failure(frame, || told(keyword, wanted))?);
            }
        }
        if let Some(wanted) = &schema.multiple_of {
            let multiple = number.is_multiple_of(wanted);
            if !multiple.ok_or_else(|| format!("multipleOf {} cannot be told", wanted.text()))? {
                failures.push(self.failure(frame, || told("multipleOf", wanted))?);
            }
        }
        Ok(())
    }
}

/// Whether a number that compares so to a limit is beyond it.
type Fails = fn(std::cmp::Ordering) -> bool;
