//! JSONPath as far as `kubectl -o jsonpath` and `kubectl wait` are used with it: names, indexes, `[*]` and filters
//! by equality.

use serde_json::Value;

/// A path that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPath(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Name(String),
    Index(i64),
    All,
    /// `[?(@.type=="Ready")]`
    Where(Vec<Part>, String),
}

impl JsonPath {
    /// Reads `{.status.phase}` or `.status.phase`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let inner = text.trim();
        let inner = match inner.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').ok_or_else(|| format!("`{text}` lacks its closing brace"))?,
            None => inner,
        };
        let parts = parts(inner.trim().strip_prefix('$').unwrap_or(inner.trim()))
            .ok_or_else(|| format!("`{text}` is no path: write it like `{{.status.conditions[0].type}}`"))?;
        if parts.is_empty() { Err("the path is empty".to_owned()) } else { Ok(Self(parts)) }
    }

    /// All values at the path.
    pub(crate) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        follow(&self.0, value)
    }

    /// Can the path lead to several values?
    pub(crate) fn is_many(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::All | Part::Where(..)))
    }
}

fn follow<'v>(parts: &[Part], value: &'v Value) -> Vec<&'v Value> {
    parts.iter().fold(vec![value], |values, part| values.into_iter().flat_map(|value| step(part, value)).collect())
}

fn step<'v>(part: &Part, value: &'v Value) -> Vec<&'v Value> {
    match (part, value) {
        (Part::Name(name), Value::Object(map)) => map.get(name).into_iter().collect(),
        (Part::Index(index), Value::Array(items)) => {
            let place = usize::try_from(*index).ok();
            let from_end = || items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
            place.or_else(from_end).and_then(|place| items.get(place)).into_iter().collect()
        }
        (Part::All, Value::Array(items)) => items.iter().collect(),
        (Part::All, Value::Object(map)) => map.values().collect(),
        (Part::Where(path, wanted), Value::Array(items)) => {
            let fits = |item: &&Value| follow(path, item).iter().any(|found| scalar(found) == *wanted);
            items.iter().filter(fits).collect()
        }
        _ => Vec::new(),
    }
}

/// A scalar as it stands in text; JSON for the rest.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (part, after) = bracket(inside)?;
            found.push(part);
            rest = after;
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            if name.starts_with('[') {
                rest = name;
                continue;
            }
            let (name, after) = name_of(name)?;
            found.push(if name == "*" { Part::All } else { Part::Name(name) });
            rest = after;
        }
    }
    Some(found)
}

/// A name, in which `\.` is a dot.
fn name_of(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            '.' | '[' => return (!name.is_empty()).then(|| (name, &text[at..])),
            c => name.push(c),
        }
    }
    (!name.is_empty()).then_some((name, ""))
}

fn bracket(inside: &str) -> Option<(Part, &str)> {
    if let Some(filter) = inside.strip_prefix("?(@") {
        let (filter, after) = filter.split_once(")]")?;
        let (path, wanted) = filter.split_once("==")?;
        let wanted = wanted.trim().trim_matches(['"', '\'']);
        return Some((Part::Where(parts(path.trim())?, wanted.to_owned()), after));
    }
    if let Some(quote @ ('"' | '\'')) = inside.chars().next() {
        let (name, after) = inside[1..].split_once(quote)?;
        return Some((Part::Name(name.to_owned()), after.strip_prefix(']')?));
    }
    let (index, after) = inside.split_once(']')?;
    let part = if index == "*" { Part::All } else { Part::Index(index.trim().parse().ok()?) };
    Some((part, after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(path: &str, expected: &[Value]) {
        let object = json!({
            "status": {"phase": "Running", "conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
            "metadata": {"labels": {"a.b/c": "x"}},
        });
        let found: Vec<Value> = JsonPath::parse(path).unwrap().all(&object).into_iter().cloned().collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn paths_as_kubectl_has_them() {
        check("{.status.phase}", &[json!("Running")]);
        check("status.phase", &[json!("Running")]);
        check("{.status.conditions[0].type}", &[json!("A")]);
        check("{.status.conditions[-1].type}", &[json!("Ready")]);
        check("{.status.conditions[*].status}", &[json!("False"), json!("True")]);
        check(r#"{.status.conditions[?(@.type=="Ready")].status}"#, &[json!("True")]);
        check(r"{.metadata.labels.a\.b/c}", &[json!("x")]);
        check("{.metadata.labels['a.b/c']}", &[json!("x")]);
        check("{.status.none}", &[]);
    }

    #[test]
    fn what_is_no_path_is_told() {
        for bad in ["", "{}", "{.a", "{.a[}", "{.a[x]}", "{..}"] {
            JsonPath::parse(bad).unwrap_err();
        }
    }
}
