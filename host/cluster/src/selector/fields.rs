//! Field selectors.

use serde_json::Value;

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
        // In order, so that of two terms that are wrong the same one is told however they were given.
        let mut parts = split(text);
        parts.sort_unstable();
        for part in parts {
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
    let sign_at = |at: usize| ["!=", "==", "="].into_iter().find(|sign| part[at..].starts_with(sign));
    let (at, sign) = part.char_indices().find_map(|(at, _)| Some((at, sign_at(at)?)))?;
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
    fn field_selectors_select() {
        let object = json!({"metadata": {"name": "a,b"}, "spec": {"on": true}});
        assert!(Fields::parse("metadata.name=a\\,b,spec.on=true,spec.x=").unwrap().select(&object));
        assert!(!Fields::parse("metadata.name!=a\\,b").unwrap().select(&object));
        assert!(Fields::parse("metadata.name").is_err());
        let paths = |text: &str| Fields::parse(text).unwrap().paths().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(paths("b=1,a!=2"), ["a", "b"]);
        assert_eq!(paths("a!b=c"), ["a!b"]);
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
