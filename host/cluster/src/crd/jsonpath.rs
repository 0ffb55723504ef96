//! JSONPath as kubectl and printer columns write it: `.spec.x`, `.a[0]`, `.conditions[?(@.type=="Ready")].status`.

use serde_json::Value;

/// A path, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// `.name`
    Field(String),
    /// `.*` or `[*]`
    All,
    /// `..`: what is here and all below.
    Descend,
    /// `[start:end:step]`
    Slice(Option<i64>, Option<i64>, i64),
    /// `[n]`
    Index(i64),
    /// `['a','b']`
    Fields(Vec<String>),
    /// `[?(@.x == 'y')]`
    Filter(Operand, &'static str, Operand),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(JsonPath),
    Value(Value),
}

impl JsonPath {
    /// Reads a path, without the braces around it; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        rest = rest.strip_prefix('$').or_else(|| rest.strip_prefix('@')).unwrap_or(rest);
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = tail;
                if !tail.starts_with('[') {
                    rest = name(tail, &mut steps)?;
                }
            } else if let Some(tail) = rest.strip_prefix('.') {
                rest = match tail.is_empty() || tail.starts_with('[') {
                    true => tail,
                    false => name(tail, &mut steps)?,
                };
            } else if let Some(tail) = rest.strip_prefix('[') {
                let end = closing(tail)?;
                steps.push(brackets(&tail[..end])?);
                rest = &tail[end + 1..];
            } else {
                rest = name(rest, &mut steps)?;
            }
        }
        Some(Self(steps))
    }

    /// What the path finds, in order.
    pub(crate) fn find<'a>(&'a self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.apply(value)).collect();
        }
        found
    }
}

/// Reads a name up to the next `.` or `[`; a backslash makes the next character a part of it.
fn name<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => name.push(chars.next()?.1),
            '.' | '[' => {
                end = at;
                break;
            }
            char if char.is_whitespace() || "(){}|,=<>!?".contains(char) => return None,
            char => name.push(char),
        }
    }
    match name.as_str() {
        "" => return None,
        "*" => steps.push(Step::All),
        _ => steps.push(Step::Field(name)),
    }
    Some(&text[end..])
}

/// Where the bracket that is open is closed, quotes and inner brackets skipped.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (at, char) in text.char_indices() {
        match (quote, char) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), char) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(char),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn brackets(text: &str) -> Option<Step> {
    let text = text.trim();
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return filter_step(filter);
    }
    if text.starts_with(['\'', '"']) {
        let names: Option<Vec<String>> = text.split(',').map(|name| unquote(name.trim())).collect();
        return names.map(Step::Fields);
    }
    if text.contains(':') {
        let mut parts = text.split(':').map(str::trim).map(|part| match part {
            "" => Some(None),
            part => part.parse::<i64>().ok().map(Some),
        });
        let (start, end, step) =
            (parts.next()??, parts.next().unwrap_or(Some(None))?, parts.next().unwrap_or(Some(None))?);
        let step = step.unwrap_or(1);
        return (step > 0 && parts.next().is_none()).then_some(Step::Slice(start, end, step));
    }
    text.parse().ok().map(Step::Index)
}

fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|char| "'\"".contains(*char))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace("\\.", ".").replace("\\'", "'"))
}

fn filter_step(text: &str) -> Option<Step> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = text.split_once(operator) {
            return Some(Step::Filter(operand(left.trim())?, operator, operand(right.trim())?));
        }
    }
    Some(Step::Filter(operand(text.trim())?, "exists", Operand::Value(Value::Null)))
}

fn operand(text: &str) -> Option<Operand> {
    if text.starts_with(['@', '$']) {
        return JsonPath::parse(text).map(Operand::Path);
    }
    if text.starts_with(['\'', '"']) {
        return unquote(text).map(|text| Operand::Value(text.into()));
    }
    serde_json::from_str(text).ok().map(Operand::Value)
}

impl Operand {
    fn value<'a>(&'a self, item: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Path(path) => path.find(item).into_iter().next(),
            Self::Value(value) => Some(value),
        }
    }
}

impl Step {
    fn apply<'a>(&'a self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Fields(names) => names.iter().filter_map(|name| value.get(name)).collect(),
            Self::All => children(value),
            Self::Descend => {
                let mut all = vec![value];
                for child in children(value) {
                    all.extend(Self::Descend.apply(child));
                }
                all
            }
            Self::Index(index) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                place(*index, items.len()).and_then(|index| items.get(index)).into_iter().collect()
            }
            Self::Slice(start, end, step) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let at = |index: &Option<i64>, none: usize| match index {
                    None => none,
                    Some(index) => place(*index, items.len()).unwrap_or(0).min(items.len()),
                };
                let (start, end) = (at(start, 0), at(end, items.len()));
                items.get(start..end).unwrap_or_default().iter().step_by(usize::try_from(*step).unwrap_or(1)).collect()
            }
            Self::Filter(left, operator, right) => {
                children(value).into_iter().filter(|item| holds(left, operator, right, item)).collect()
            }
        }
    }
}

/// An index from the end, if it is negative.
fn place(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(index).ok()
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

fn holds(left: &Operand, operator: &str, right: &Operand, item: &Value) -> bool {
    let Some(left) = left.value(item) else {
        return false;
    };
    if operator == "exists" {
        return true;
    }
    let Some(right) = right.value(item) else {
        return false;
    };
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    };
    match operator {
        "==" => order.is_some_and(|order| order.is_eq()),
        "!=" => order.is_some_and(|order| order.is_ne()),
        "<" => order.is_some_and(|order| order.is_lt()),
        "<=" => order.is_some_and(|order| order.is_le()),
        ">" => order.is_some_and(|order| order.is_gt()),
        _ => order.is_some_and(|order| order.is_ge()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn finds() {
        let object = json!({"spec": {"a": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "z", "v": 3}], "a.b": "dot"}, "m": {"k": {"n": "w"}}});
        let cases = [
            (".spec.a[0].n", json!(["x"])),
            (".spec.a[-1].n", json!(["z"])),
            (".spec.a[*].n", json!(["x", "y", "z"])),
            (".spec.a[1:].v", json!([2, 3])),
            (".spec.a[?(@.n==\"y\")].v", json!([2])),
            (".spec.a[?(@.v > 1)].n", json!(["y", "z"])),
            (".spec.a[?(@.missing)].n", json!([])),
            (".spec.a\\.b", json!(["dot"])),
            (".spec['a.b']", json!(["dot"])),
            (".nothing.here", json!([])),
            ("..n", json!(["w", "x", "y", "z"])),
            ("spec.a[0].v", json!([1])),
        ];
        for (path, expected) in cases {
            let parsed = JsonPath::parse(path).expect(path);
            assert_eq!(json!(parsed.find(&object)), expected, "{path}");
        }
        for path in [".a[", ".a[x]", ".a b", ".."] {
            assert_eq!(JsonPath::parse(path), None, "{path}");
        }
    }
}
