//! Holds a value against a schema, and words what is wrong as the server's OpenAPI validation does.
//!
//! On an update, what was wrong before and has not changed is tolerated (ratcheting).

use serde_json::Value;

use super::correlate;
use super::format;
use super::props::{Additional, Props};
use crate::invalid::{Invalid, Why, shown};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
struct Wrong {
    /// `spec.size`; nothing at the root, `None` for what has no place.
    path: Option<String>,
    why: Why,
    value: Option<String>,
    detail: String,
    /// What tells two findings apart: the same text is said once.
    text: String,
}

/// What came of a validation; the count of checks that were made picks the best of failed alternatives.
#[derive(Debug, Default)]
struct Outcome {
    errors: Vec<Wrong>,
    matches: usize,
}

impl Outcome {
    fn add(&mut self, wrong: Wrong) {
        if !self.errors.iter().any(|known| known.text == wrong.text) {
            self.errors.push(wrong);
        }
    }

    fn merge(&mut self, other: Outcome) {
        other.errors.into_iter().for_each(|wrong| self.add(wrong));
        self.matches += other.matches;
    }

    fn one(wrong: Wrong) -> Self {
        Self { errors: vec![wrong], matches: 0 }
    }
}

/// What is wrong with a value, its paths below `base` (empty: the root).
pub(crate) fn validate(base: &str, value: &Value, schema: &Props, old: Option<&Value>) -> Vec<Invalid> {
    let outcome = match old {
        None => plain("", value, schema, None),
        Some(old) => ratcheted("", value, schema, old),
    };
    let place = |path: Option<String>| {
        let path = path.unwrap_or_default();
        match (base, path.as_str()) {
            ("", "") => "<nil>".to_owned(),
            (base, "") => base.to_owned(),
            ("", path) => path.to_owned(),
            (base, path) => format!("{base}.{path}"),
        }
    };
    outcome
        .errors
        .into_iter()
        .map(|wrong| Invalid { why: wrong.why, path: place(wrong.path), value: wrong.value, detail: wrong.detail })
        .collect()
}

/// With an old value to compare: nothing is wrong with what has not changed.
fn ratcheted(path: &str, value: &Value, schema: &Props, old: &Value) -> Outcome {
    let outcome = plain(path, value, schema, Some(old));
    match !outcome.errors.is_empty() && correlate::same(value, old, schema) {
        true => Outcome::default(),
        false => outcome,
    }
}

/// Without regard to whether the value has changed as a whole.
fn plain(path: &str, value: &Value, schema: &Props, old: Option<&Value>) -> Outcome {
    let mut outcome = Outcome::default();
    if value.is_null() {
        outcome.merge(kind(path, value, schema));
        outcome.merge(enumeration(path, value, schema));
        return outcome;
    }
    if !kinds(schema).is_empty() || !text_format(schema).is_empty() {
        outcome.merge(kind(path, value, schema));
        outcome.matches += 1;
    }
    outcome.merge(alternatives(path, value, schema, old));
    outcome.matches += 1;
    match value {
        Value::String(text) => {
            outcome.merge(string(path, text, schema));
            outcome.matches += 1;
            let format = text_format(schema);
            if format::is_known(&format) {
                if !format::matches(&format, text) {
                    outcome.merge(Outcome::one(wrong_type(path, &format, text)));
                }
                outcome.matches += 1;
            }
        }
        Value::Number(_) => {
            outcome.merge(number(path, value, schema));
            outcome.matches += 1;
        }
        Value::Array(items) => {
            outcome.merge(array(path, items, schema, old));
            outcome.matches += 1;
        }
        _ => {}
    }
    outcome.merge(enumeration(path, value, schema));
    outcome.matches += 1;
    if let Value::Object(fields) = value {
        outcome.merge(object(path, fields, schema, old));
        outcome.matches += 1;
    }
    outcome.matches += 1;
    outcome
}

/// The types that a schema takes.
fn kinds(schema: &Props) -> Vec<&str> {
    match (schema.int_or_string, schema.kind.as_str()) {
        (true, _) => vec!["integer", "string"],
        (false, "") => Vec::new(),
        (false, kind) => vec![kind],
    }
}

/// The format of a schema, empty where it is none that is looked at.
fn text_format(schema: &Props) -> String {
    let supported = match kinds(schema).as_slice() {
        ["integer"] => schema.format == "int32" || schema.format == "int64",
        ["number"] => schema.format == "float" || schema.format == "double",
        [] | ["string"] | [_, _] => format::is_known(&schema.format),
        _ => false,
    };
    if supported { schema.format.clone() } else { String::new() }
}

fn wrong(path: &str, why: Why, value: Option<String>, detail: String) -> Wrong {
    let text = format!("{path} {} {} {detail}", why.reason(), value.as_deref().unwrap_or_default());
    Wrong { path: Some(path.to_owned()), why, value, detail, text }
}

/// `spec.size in body must be of type integer: "string"`
fn wrong_type(path: &str, wanted: &str, found: &str) -> Wrong {
    let detail = format!("{path} in body must be of type {wanted}: {found:?}");
    wrong(path, Why::Type, Some(format!("{found:?}")), detail)
}

fn kind(path: &str, value: &Value, schema: &Props) -> Outcome {
    let mut outcome = Outcome { matches: 1, ..Outcome::default() };
    let kinds = kinds(schema);
    let wanted = kinds.join(",");
    let format = text_format(schema);
    if value.is_null() {
        if !kinds.is_empty() && !schema.nullable {
            outcome = Outcome::one(wrong_type(path, &wanted, "null"));
        }
        return outcome;
    }
    let (found, found_format) = match value {
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(number) if number.is_i64() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
        Value::Null => ("null", ""),
    };
    let has = |kind: &str| kinds.contains(&kind);
    let float_is_integer =
        found == "number" && value.as_f64().is_some_and(|value| value.fract() == 0.0) && has("integer");
    let integer_is_float = found == "integer" && has("number");
    let fits = has(found) || float_is_integer || integer_is_float;
    let plain = matches!(value, Value::String(_) | Value::Array(_));
    if !plain && !format.is_empty() && !fits && found_format != format {
        return Outcome::one(wrong_type(path, &format, found_format));
    }
    if plain && !format.is_empty() && !has("number") && !has("integer") {
        return outcome;
    }
    if !fits && !kinds.is_empty() {
        return Outcome::one(wrong_type(path, &wanted, found));
    }
    outcome
}

fn enumeration(path: &str, value: &Value, schema: &Props) -> Outcome {
    if schema.enumeration.is_empty() || schema.enumeration.iter().any(|known| equal(value, known)) {
        return Outcome::default();
    }
    let known: Vec<String> = schema
        .enumeration
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let Invalid { why, value, detail, .. } = Invalid::not_supported("", value, &known);
    Outcome::one(wrong(path, why, value, detail))
}

/// Equality after conversion to the type of what is listed: a float in a list of integers loses its fraction.
fn equal(value: &Value, listed: &Value) -> bool {
    match (value, listed) {
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Number(value), Value::Number(listed)) => match (listed.as_i64(), value.as_f64(), listed.as_f64()) {
            (Some(listed), Some(value), _) => value.trunc() == listed as f64,
            (None, Some(value), Some(listed)) => value == listed,
            _ => false,
        },
        (value, listed) => value == listed,
    }
}

fn string(path: &str, text: &str, schema: &Props) -> Outcome {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let refused = |detail: String| Outcome::one(wrong(path, Why::Invalid, Some(format!("{text:?}")), detail));
    if let Some(most) = schema.max_length.filter(|most| length > *most) {
        let Invalid { why, value, detail, .. } = Invalid::too_long("", usize::try_from(most).unwrap_or(0));
        return Outcome::one(wrong(path, why, value, detail));
    }
    if let Some(least) = schema.min_length.filter(|least| length < *least) {
        return refused(format!("{path} in body should be at least {least} chars long"));
    }
    match &schema.regex {
        Some(Ok(regex)) if !regex.is_match(text) => {
            refused(format!("{path} in body should match '{}'", schema.pattern))
        }
        _ => Outcome::default(),
    }
}

fn number(path: &str, value: &Value, schema: &Props) -> Outcome {
    let mut outcome = Outcome { matches: 1, ..Outcome::default() };
    let refused = |detail: String| wrong(path, Why::Invalid, Some(go_number(value)), detail);
    // An integer is compared with bounds that lose their fraction.
    let integer = value.as_i64();
    let bound = |bound: f64| integer.map_or(bound, |_| bound.trunc());
    let float = value.as_f64().unwrap_or_default();
    if let Some(factor) = schema.multiple_of.map(bound).filter(|factor| *factor != 0.0) {
        let quotient = match (integer, factor < 1.0) {
            (Some(_), _) | (None, false) => float / factor,
            (None, true) => 1.0 / factor * float,
        };
        let off = match integer {
            Some(value) => value % (factor as i64) != 0,
            None => !is_integer(quotient),
        };
        if factor < 0.0 {
            outcome
                .add(refused(format!("factor MultipleOf declared for {path} must be positive: {}", go_float(factor))));
        } else if off {
            outcome.add(refused(format!("{path} in body should be a multiple of {}", go_float(factor))));
        }
    }
    if let Some(least) = schema.minimum.map(bound)
        && (float < least || (schema.exclusive_minimum && float <= least))
    {
        let words = if schema.exclusive_minimum { "greater than" } else { "greater than or equal to" };
        outcome.add(refused(format!("{path} in body should be {words} {}", go_float(least))));
    }
    if let Some(most) = schema.maximum.map(bound)
        && (float > most || (schema.exclusive_maximum && float >= most))
    {
        let words = if schema.exclusive_maximum { "less than" } else { "less than or equal to" };
        outcome.add(refused(format!("{path} in body should be {words} {}", go_float(most))));
    }
    outcome
}

fn is_integer(value: f64) -> bool {
    (value - value.round()).abs() <= 1e-9 * value.abs().max(1.0)
}

/// A number as Go's `%v` prints it.
pub(crate) fn go_number(value: &Value) -> String {
    match value.as_i64() {
        Some(integer) => integer.to_string(),
        None => value.as_f64().map_or_else(|| value.to_string(), go_float),
    }
}

/// A float as Go's `%v` prints it: an exponent below 1e-4 and from 1e21.
pub(crate) fn go_float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) && size.is_finite() {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    value.to_string()
}

fn array(path: &str, items: &[Value], schema: &Props, old: Option<&Value>) -> Outcome {
    let mut outcome = Outcome::default();
    if let Some(child) = &schema.items {
        for (index, item) in items.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let old = old.and_then(|old| correlate::item(old, item, schema));
            outcome.merge(match old {
                Some(old) => ratcheted(&at, item, child, old),
                None => plain(&at, item, child, None),
            });
        }
    }
    let count = items.len();
    let size = i64::try_from(count).unwrap_or(i64::MAX);
    if let Some(least) = schema.min_items.filter(|least| size < *least) {
        let detail = format!("{path} in body should have at least {least} items");
        outcome.add(wrong(path, Why::Invalid, Some(size.to_string()), detail));
    }
    if let Some(most) = schema.max_items.filter(|most| size > *most) {
        outcome.add(too_many(path, count, most));
    }
    if schema.unique_items
        && items.iter().enumerate().any(|(index, item)| items.iter().take(index).any(|other| other == item))
    {
        let detail = format!("{path} in body shouldn't contain duplicates");
        outcome.add(wrong(path, Why::Invalid, Some("\"\"".to_owned()), detail));
    }
    outcome.matches += 1;
    outcome
}

fn too_many(path: &str, count: usize, most: i64) -> Wrong {
    let Invalid { why, value, detail, .. } = Invalid::too_many("", count, usize::try_from(most).unwrap_or(0));
    wrong(path, why, value, detail)
}

fn object(path: &str, fields: &serde_json::Map<String, Value>, schema: &Props, old: Option<&Value>) -> Outcome {
    let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.min_properties.filter(|least| count < *least) {
        let detail = format!("{path} in body should have at least {least} properties");
        return Outcome::one(wrong(path, Why::Invalid, Some(count.to_string()), detail));
    }
    if let Some(most) = schema.max_properties.filter(|most| count > *most) {
        return Outcome::one(too_many(path, fields.len(), most));
    }
    let mut outcome = Outcome::default();
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let other = |name: &str, value: &Value, child: &Props| match old.and_then(|old| old.get(name)) {
        Some(old) => ratcheted(&below(name), value, child, old),
        None => plain(&below(name), value, child, None),
    };
    for (name, value) in fields.iter().filter(|(name, _)| !schema.properties.contains_key(*name)) {
        match &schema.additional {
            Some(Additional::Allowed(false)) => {
                let detail = format!("{path}.{name} in body is a forbidden property");
                outcome.add(wrong(path, Why::Invalid, Some(format!("{name:?}")), detail));
            }
            Some(Additional::Schema(child)) => outcome.merge(other(name, value, child)),
            Some(Additional::Allowed(true)) | None => {}
        }
    }
    for (name, child) in &schema.properties {
        if let Some(value) = fields.get(name) {
            outcome.merge(other(name, value, child));
        }
    }
    for name in schema.required.iter().filter(|name| !fields.contains_key(*name)) {
        outcome.add(wrong(&below(name), Why::Required, None, String::new()));
    }
    outcome
}

fn alternatives(path: &str, value: &Value, schema: &Props, old: Option<&Value>) -> Outcome {
    let mut outcome = Outcome::default();
    let said = |outcome: &mut Outcome, detail: String| {
        let text = detail.clone();
        outcome.add(Wrong { path: None, why: Why::Invalid, value: Some(shown(&"".into())), detail, text });
    };
    let better = |best: &Option<Outcome>, new: &Outcome| best.as_ref().is_none_or(|best| new.matches > best.matches);
    if !schema.any_of.is_empty() {
        let mut best: Option<Outcome> = None;
        let mut valid = None;
        for child in &schema.any_of {
            let result = plain(path, value, child, old);
            if result.errors.is_empty() {
                valid = Some(result);
                break;
            }
            if better(&best, &result) {
                best = Some(result);
            }
        }
        match (valid, best) {
            (Some(valid), _) => outcome.merge(valid),
            (None, best) => {
                said(&mut outcome, format!("{path:?} must validate at least one schema (anyOf)"));
                outcome.merge(best.unwrap_or_default());
            }
        }
    }
    if !schema.one_of.is_empty() {
        let (mut best, mut first, mut count) = (None, None, 0);
        for child in &schema.one_of {
            let result = plain(path, value, child, old);
            if result.errors.is_empty() {
                count += 1;
                best = None;
                first.get_or_insert(result);
            } else if count == 0 && better(&best, &result) {
                best = Some(result);
            }
        }
        if count == 1 {
            outcome.merge(first.unwrap_or_default());
        } else {
            let more = match count {
                0 => "Found none valid".to_owned(),
                count => format!("Found {count} valid alternatives"),
            };
            said(&mut outcome, format!("{path:?} must validate one and only one schema (oneOf). {more}"));
            outcome.merge(best.unwrap_or_default());
        }
    }
    if !schema.all_of.is_empty() {
        let mut count = 0;
        for child in &schema.all_of {
            let result = plain(path, value, child, old);
            count += usize::from(result.errors.is_empty());
            outcome.merge(result);
        }
        if count != schema.all_of.len() {
            let more = if count == 0 { ". None validated" } else { "" };
            said(&mut outcome, format!("{path:?} must validate all the schemas (allOf){more}"));
        }
    }
    if schema.not.as_ref().is_some_and(|child| plain(path, value, child, None).errors.is_empty()) {
        said(&mut outcome, format!("{path:?} must not validate the schema (not)"));
    }
    outcome.matches += 1;
    outcome
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
