//! Label and field selectors.

use serde_json::{Map, Value};

/// One requirement of a label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// A label selector; without requirements it selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Requirement>);

impl Labels {
    /// Reads `a=b,c!=d,e in (f,g),h,!i,j>1`. What is wrong is said as the server says it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens { rest: text };
        let mut requirements = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        loop {
            requirements.push(requirement(&mut tokens)?);
            match tokens.next() {
                Token::End => return Ok(Self(requirements)),
                Token::Comma => match tokens.peek() {
                    Token::Word(_) | Token::Not => {}
                    other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
                },
                other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
            }
        }
    }

    /// A `metav1.LabelSelector`; `None` where it is none at all, which selects nothing.
    pub(crate) fn of(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?.as_object()?;
        let mut requirements = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            requirements.push(Requirement::In(key.clone(), vec![value.as_str()?.to_owned()]));
        }
        for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let key = expression.get("key")?.as_str()?.to_owned();
            let values = expression.get("values").and_then(Value::as_array);
            let values = values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            requirements.push(match expression.get("operator")?.as_str()? {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Absent(key),
                _ => return None,
            });
        }
        Some(Self(requirements))
    }

    /// Exactly these labels, as a plain map selector (`spec.selector` of a Service).
    pub(crate) fn exact(labels: &Map<String, Value>) -> Self {
        let one = |(key, value): (&String, &Value)| {
            Requirement::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()])
        };
        Self(labels.iter().map(one).collect())
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it selects an object with these labels.
    pub(crate) fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let get = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        let number = |key: &str| get(key).and_then(|text| text.parse::<i64>().ok());
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => get(key).is_some_and(|value| values.iter().any(|known| known == value)),
            Requirement::NotIn(key, values) => get(key).is_none_or(|value| values.iter().all(|known| known != value)),
            Requirement::Exists(key) => get(key).is_some(),
            Requirement::Absent(key) => get(key).is_none(),
            Requirement::Greater(key, bound) => number(key).is_some_and(|value| value > *bound),
            Requirement::Less(key, bound) => number(key).is_some_and(|value| value < *bound),
        })
    }

    /// Whether it selects this object.
    pub(crate) fn select(&self, object: &Value) -> bool {
        self.0.is_empty() || self.matches(object.pointer("/metadata/labels").and_then(Value::as_object))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(&'a str),
    Open,
    Close,
    Comma,
    Not,
    End,
}

impl Token<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Sign(text) => text,
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::Not => "!",
            Self::End => "",
        }
    }
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (head, rest) = self.rest.split_at(length);
        self.rest = rest;
        head
    }

    fn next(&mut self) -> Token<'a> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Token::End };
        match first {
            '(' | ')' | ',' => match self.take(1) {
                "(" => Token::Open,
                ")" => Token::Close,
                _ => Token::Comma,
            },
            '=' | '!' | '>' | '<' => {
                let length = self.rest.bytes().take_while(|byte| matches!(byte, b'=' | b'!' | b'>' | b'<')).count();
                let length = if self.rest.starts_with("==") || self.rest.starts_with("!=") { 2 } else { length.min(1) };
                match self.take(length) {
                    "!" => Token::Not,
                    sign => Token::Sign(sign),
                }
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '=' | '!' | '>' | '<');
                Token::Word(self.take(self.rest.find(ends).unwrap_or(self.rest.len())))
            }
        }
    }

    fn peek(&mut self) -> Token<'a> {
        let kept = self.rest;
        let token = self.next();
        self.rest = kept;
        token
    }
}

/// What may stand between a key and its values, as the server lists it.
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

fn requirement(tokens: &mut Tokens<'_>) -> Result<Requirement, String> {
    let unparsed = |why: String| format!("unable to parse requirement: {why}");
    let (absent, key) = match tokens.next() {
        Token::Not => (true, tokens.next()),
        token => (false, token),
    };
    let Token::Word(key) = key else {
        return Err(unparsed(format!("found '{}', expected: identifier", key.text())));
    };
    let wrong = crate::kinds::name::qualified_name(key);
    if let Some(first) = wrong.first() {
        return Err(unparsed(format!("<nil>: Invalid value: {key:?}: {first}")));
    }
    let key = key.to_owned();
    if absent {
        return Ok(Requirement::Absent(key));
    }
    let operator = match tokens.peek() {
        Token::End | Token::Comma => return Ok(Requirement::Exists(key)),
        token => token,
    };
    tokens.next();
    match operator {
        Token::Sign("=" | "==") => Ok(Requirement::In(key, vec![value(tokens).map_err(unparsed)?])),
        Token::Sign("!=") => Ok(Requirement::NotIn(key, vec![value(tokens).map_err(unparsed)?])),
        Token::Sign(sign @ (">" | "<")) => {
            let text = value(tokens).map_err(unparsed)?;
            let bound = text.parse().map_err(|_| {
                unparsed(format!(
                    "values[0][{key}]: Invalid value: {text:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                ))
            })?;
            Ok(if sign == ">" { Requirement::Greater(key, bound) } else { Requirement::Less(key, bound) })
        }
        Token::Word("in") => Ok(Requirement::In(key, values(tokens).map_err(unparsed)?)),
        Token::Word("notin") => Ok(Requirement::NotIn(key, values(tokens).map_err(unparsed)?)),
        other => Err(unparsed(format!("found '{}', expected: {OPERATORS}", other.text()))),
    }
}

fn checked(value: &str) -> Result<String, String> {
    match crate::kinds::name::label_value(value).first() {
        Some(wrong) => Err(format!("values[0]: Invalid value: {value:?}: {wrong}")),
        None => Ok(value.to_owned()),
    }
}

/// One value, possibly empty.
fn value(tokens: &mut Tokens<'_>) -> Result<String, String> {
    match tokens.peek() {
        Token::End | Token::Comma => Ok(String::new()),
        Token::Word(text) => {
            tokens.next();
            checked(text)
        }
        other => Err(format!("found '{}', expected: identifier", other.text())),
    }
}

/// Values in parentheses.
fn values(tokens: &mut Tokens<'_>) -> Result<Vec<String>, String> {
    let open = tokens.next();
    if open != Token::Open {
        return Err(format!("found '{}' expected: '('", open.text()));
    }
    let mut values = Vec::new();
    loop {
        match tokens.next() {
            Token::Word(text) => values.push(checked(text)?),
            Token::Comma => values.push(String::new()),
            Token::Close => {
                values.push(String::new());
                return Ok(values);
            }
            other => return Err(format!("found '{}', expected: ',', or ')'", other.text())),
        }
        // A value is followed by a comma or the end; an empty one has taken its comma already.
        if values.last().is_some_and(|value| !value.is_empty()) {
            match tokens.next() {
                Token::Close => return Ok(values),
                Token::Comma => {}
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
    }
}

/// One term of a field selector.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    path: String,
    value: String,
    equal: bool,
}

/// A field selector; without terms it selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<Term>);

impl Fields {
    /// Reads `metadata.name=a,status.phase!=Running`; a backslash escapes commas, equal signs and itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let (path, sign, value) =
                term(part).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            terms.push(Term { path: path.to_owned(), value: unescape(value)?, equal: sign != "!=" });
        }
        Ok(Self(terms))
    }

    /// The paths that it names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|term| term.path.as_str())
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it selects this object.
    pub(crate) fn select(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (field(object, &term.path) == term.value) == term.equal)
    }

    /// The name that an object must have, where it says one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.iter().find(|term| term.equal && term.path == "metadata.name").map(|term| term.value.as_str())
    }
}

/// The text that a field selector compares: mostly a field's own, of a stored object.
fn field(object: &Value, path: &str) -> String {
    let part = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let or =
        |path: &str, default: &str| Some(plain(object, path)).filter(|text| !text.is_empty()).unwrap_or(default.into());
    match (part("apiVersion"), part("kind"), path) {
        ("v1", "Pod", "spec.hostNetwork") | ("v1", "Node", "spec.unschedulable") => or(path, "false"),
        ("v1", "Pod", "spec.host") => plain(object, "spec.nodeName"),
        ("v1", "Pod", "status.podIP") => plain(object, "status.podIPs.0.ip"),
        ("v1", "Pod", "status.podIPs") => String::new(),
        ("v1", "ReplicationController", "status.replicas") => or(path, "0"),
        ("batch/v1", "Job", "status.successful") => or("status.succeeded", "0"),
        ("v1", "Event", "source") => or("source.component", &plain(object, "reportingComponent")),
        ("v1", "Event", "reportingController") => plain(object, "reportingComponent"),
        ("v1", "Event", path) => match path.strip_prefix("regarding.") {
            Some(of) => plain(object, &format!("involvedObject.{of}")),
            None => plain(object, path),
        },
        _ => plain(object, path),
    }
}

/// The text of a field, empty where there is none.
fn plain(object: &Value, path: &str) -> String {
    let pointer: String = path.split('.').flat_map(|part| ["/", part]).collect();
    match object.pointer(&pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn term(part: &str) -> Option<(&str, &str, &str)> {
    let at = part.find(['=', '!'])?;
    let sign = ["!=", "==", "="].into_iter().find(|sign| part[at..].starts_with(sign))?;
    Some((&part[..at], sign, &part[at + sign.len()..]))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {c}")),
            c => plain.push(c),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn label_selectors_select() {
        let labels = json!({"a": "1", "tier": "web", "n": "7"});
        let check = |text: &str, expect: bool| {
            assert_eq!(Labels::parse(text).unwrap().matches(labels.as_object()), expect, "{text}");
        };
        for text in ["", "a=1", "a==1,tier!=db", "tier in (db, web)", "x notin (y)", "a", "!b", "n>6", "n<8", "b!=1"] {
            check(text, true);
        }
        for text in ["a=2", "tier notin (web)", "b", "!a", "n>7", "b=", "x in (y)"] {
            check(text, false);
        }
        assert!(Labels::parse("a in b").is_err() && Labels::parse("a=1,").is_err() && Labels::parse("=x").is_err());
    }

    #[test]
    fn field_selectors_select() {
        let object = json!({"metadata": {"name": "a,b"}, "spec": {"on": true}});
        assert!(Fields::parse("metadata.name=a\\,b,spec.on=true,spec.x=").unwrap().select(&object));
        assert!(!Fields::parse("metadata.name!=a\\,b").unwrap().select(&object));
        assert!(Fields::parse("metadata.name").is_err());
        let kinds = [
            (
                json!({"apiVersion": "v1", "kind": "Pod", "spec": {"nodeName": "n"}}),
                "spec.hostNetwork=false,spec.host=n",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "status": {"podIP": "1", "podIPs": [{"ip": "2"}]}}),
                "status.podIP=2,status.podIPs=",
            ),
            (json!({"apiVersion": "v1", "kind": "Node"}), "spec.unschedulable=false"),
            (json!({"apiVersion": "v1", "kind": "ReplicationController"}), "status.replicas=0"),
            (json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"succeeded": 2}}), "status.successful=2"),
            (json!({"apiVersion": "batch/v1", "kind": "Job", "status": {}}), "status.successful=0"),
            (
                json!({"apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "p"}, "reportingComponent": "c"}),
                "source=c,regarding.name=p,involvedObject.name=p,reportingController=c",
            ),
        ];
        for (object, selector) in kinds {
            assert!(Fields::parse(selector).unwrap().select(&object), "{selector} of {object}");
        }
    }
}
