//! Label and field selectors.

mod fields;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub(crate) use fields::Fields;

use crate::invalid::Invalid;

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
        loop {
            match tokens.peek() {
                Token::Word(_) | Token::Not => requirements.push(requirement(&mut tokens)?),
                Token::End => return Ok(Self(requirements)),
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text())),
            }
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
    if !wrong.is_empty() {
        return Err(unparsed(Invalid::invalid("<nil>", &Value::from(key), wrong.join("; ")).to_string()));
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
    let made = match operator {
        Token::Sign("=" | "==") => value(tokens).map(|value| Requirement::In(key.clone(), vec![value])),
        Token::Sign("!=") => value(tokens).map(|value| Requirement::NotIn(key.clone(), vec![value])),
        Token::Sign(">") => {
            value(tokens).and_then(|value| bound(&key, &value)).map(|bound| Requirement::Greater(key.clone(), bound))
        }
        Token::Sign("<") => {
            value(tokens).and_then(|value| bound(&key, &value)).map(|bound| Requirement::Less(key.clone(), bound))
        }
        Token::Word("in") => values(tokens).map(|values| Requirement::In(key.clone(), values)),
        Token::Word("notin") => values(tokens).map(|values| Requirement::NotIn(key.clone(), values)),
        other => Err(format!("found '{}', expected: {OPERATORS}", other.text())),
    };
    let made = made.map_err(unparsed)?;
    if let Requirement::In(_, values) | Requirement::NotIn(_, values) = &made {
        let mut wrong = no_labels(&key, values);
        if values.is_empty() {
            let why = "for 'in', 'notin' operators, values set can't be empty";
            wrong.push(Invalid::invalid("values", &Value::Array(Vec::new()), why));
        }
        refuse(&wrong).map_err(unparsed)?;
    }
    Ok(made)
}

/// The number behind `>` and `<`, which has to be a label's value too.
fn bound(key: &str, value: &str) -> Result<i64, String> {
    let wrong = no_labels(key, std::slice::from_ref(&value.to_owned()));
    let Ok(bound) = value.parse() else {
        let why = "for 'Gt', 'Lt' operators, the value must be an integer";
        let first = Invalid::invalid("values[0]", &Value::from(value), why);
        return refuse(&[vec![first], wrong].concat()).map(|()| 0);
    };
    refuse(&wrong).map(|()| bound)
}

/// What no label can have as its value.
fn no_labels(key: &str, values: &[String]) -> Vec<Invalid> {
    let one = |(index, value): (usize, &String)| {
        let wrong = crate::kinds::name::label_value(value);
        let path = format!("values[{index}][{key}]");
        (!wrong.is_empty()).then(|| Invalid::invalid(path, &Value::from(value.as_str()), wrong.join("; ")))
    };
    values.iter().enumerate().filter_map(one).collect()
}

/// What is wrong in one line, as Go's aggregate of errors has it.
fn refuse(wrong: &[Invalid]) -> Result<(), String> {
    match wrong {
        [] => Ok(()),
        [one] => Err(one.to_string()),
        all => Err(format!("[{}]", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
    }
}

/// One value, possibly empty.
fn value(tokens: &mut Tokens<'_>) -> Result<String, String> {
    match tokens.peek() {
        Token::End | Token::Comma => Ok(String::new()),
        Token::Word(text) => {
            tokens.next();
            Ok(text.to_owned())
        }
        other => Err(format!("found '{}', expected: identifier", other.text())),
    }
}

/// Values in parentheses, each once and in order; beside a comma without another value there is an empty one.
fn values(tokens: &mut Tokens<'_>) -> Result<Vec<String>, String> {
    let open = tokens.next();
    if open != Token::Open {
        return Err(format!("found '{}' expected: '('", open.text()));
    }
    let mut values = BTreeSet::new();
    match tokens.peek() {
        Token::Word(_) | Token::Comma | Token::Close => {}
        other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
    }
    while tokens.peek() != Token::Close {
        match tokens.next() {
            Token::Word(text) => {
                values.insert(text.to_owned());
                match tokens.peek() {
                    Token::Comma | Token::Close => {}
                    other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                }
            }
            Token::Comma => {
                if values.is_empty() || tokens.peek() == Token::Close {
                    values.insert(String::new());
                } else if tokens.peek() == Token::Comma {
                    tokens.next();
                    values.insert(String::new());
                }
            }
            other => return Err(format!("found '{}', expected: ',', or identifier", other.text())),
        }
    }
    tokens.next();
    Ok(values.into_iter().collect())
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
    fn what_is_no_selector_is_told_as_the_server_tells_it() {
        let label = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                     regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        let integer = "for 'Gt', 'Lt' operators, the value must be an integer";
        let cases = [
            ("=x", "found '=', expected: !, identifier, or 'end of string'".to_owned()),
            (",", "found ',', expected: !, identifier, or 'end of string'".to_owned()),
            ("a,,b", "found ',', expected: identifier after ','".to_owned()),
            ("!", "unable to parse requirement: found '', expected: identifier".to_owned()),
            ("a in ()", "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty".to_owned()),
            ("a in (!", "unable to parse requirement: found '!', expected: ',', ')' or identifier".to_owned()),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'".to_owned()),
            ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier".to_owned()),
            ("a=-b", format!("unable to parse requirement: values[0][a]: Invalid value: \"-b\": {label}")),
            ("a in (c,-b)", format!("unable to parse requirement: values[0][a]: Invalid value: \"-b\": {label}")),
            ("a>b", format!("unable to parse requirement: values[0]: Invalid value: \"b\": {integer}")),
            (
                "a>-",
                format!(
                    "unable to parse requirement: [values[0]: Invalid value: \"-\": {integer}, values[0][a]: Invalid \
                     value: \"-\": {label}]"
                ),
            ),
        ];
        for (text, expect) in cases {
            assert_eq!(Labels::parse(text).unwrap_err(), expect, "{text}");
        }
        let values = |text: &str| match Labels::parse(text).unwrap().0.pop() {
            Some(Requirement::In(_, values)) => values,
            other => panic!("{other:?}"),
        };
        assert_eq!(values("a in (,b)"), ["", "b"]);
        assert_eq!(values("a in (c,,b,c)"), ["", "b", "c"]);
        assert_eq!(values("a in (b,)"), ["", "b"]);
    }
}
