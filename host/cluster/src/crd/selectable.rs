//! Paths into a schema: `selectableFields`, and the `fieldPath` of a CEL rule.

use serde_json::Value;

use super::props::Props;
use crate::invalid::Invalid;
use crate::object::text;

const MOST: usize = 8;

/// What is wrong with a version's `selectableFields`.
pub(crate) fn validate(fields: &[Value], schema: &Props, path: &str, errors: &mut Vec<Invalid>) {
    let mut seen: Vec<String> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let (at, json_path) = (format!("{path}[{index}].jsonPath"), text(field, "jsonPath"));
        if json_path.is_empty() {
            errors.push(Invalid::required(at, ""));
            continue;
        }
        let (found_path, found) = match resolve(json_path, schema, false) {
            Ok(found) => found,
            Err(error) => {
                errors.push(Invalid::invalid(at, &json_path.into(), format!("is an invalid path: {error}")));
                continue;
            }
        };
        if found_path.split(['.', '[']).next() == Some("metadata") {
            errors.push(Invalid::invalid(&at, &json_path.into(), "must not point to fields in metadata"));
        }
        if !["string", "boolean", "integer"].contains(&found.kind.as_str()) {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                          formats are allowed.";
            errors.push(Invalid::invalid(&at, &json_path.into(), detail));
        }
        match seen.contains(&found_path) {
            true => errors.push(Invalid::duplicate(at, &json_path.into())),
            false => seen.push(found_path),
        }
    }
    if seen.len() > MOST {
        errors.push(Invalid::too_many(path, seen.len(), MOST));
    }
}

/// Follows a path like `.spec.x` or `.map['key']` through a schema: the path as fields print it, and what is there.
pub(crate) fn resolve<'a>(path: &str, schema: &'a Props, brackets: bool) -> Result<(String, &'a Props), String> {
    let mut schema = schema;
    let mut at = String::new();
    let mut tokens = tokens(path).into_iter();
    while let Some(token) = tokens.next() {
        let name = match token.as_str() {
            "[" if !brackets => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let quoted = tokens.next().ok_or("unexpected end of JSON path")?;
                let inner = quoted.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
                let inner = inner.filter(|_| quoted.len() >= 2);
                let inner = inner.ok_or_else(|| format!("expected single quoted string but got {quoted}"))?;
                let name = unescape(inner)?;
                match tokens.next().as_deref() {
                    Some("]") => {}
                    Some(other) => return Err(format!("expected ] but got {other}")),
                    None => return Err("unexpected end of JSON path".to_owned()),
                }
                name
            }
            "." => tokens.next().ok_or("unexpected end of JSON path")?,
            other => return Err(format!("expected [ or . but got: {other}")),
        };
        let unknown = "does not refer to a valid field";
        if !schema.properties.is_empty() {
            schema = schema.properties.get(&name).ok_or(unknown)?;
            if !at.is_empty() {
                at.push('.');
            }
            at.push_str(&name);
        } else {
            schema = schema.additional_schema().ok_or(unknown)?;
            at.push_str(&format!("[{name}]"));
        }
    }
    Ok((at, schema))
}

/// Delimiters and what is between them; a quoted text is one.
fn tokens(path: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut last = ' ';
    for char in path.chars() {
        let quoted = current.starts_with('\'');
        match char {
            '\'' if quoted && last != '\\' => {
                current.push(char);
                tokens.push(std::mem::take(&mut current));
            }
            '.' | '[' | ']' if !quoted => {
                if !current.is_empty() {
                    tokens.push(std::mem::take(&mut current));
                }
                tokens.push(char.to_string());
            }
            char => current.push(char),
        }
        last = char;
    }
    if !current.is_empty() {
        tokens.push(current);
    }
    tokens
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        let Some(next) = chars.next() else {
            plain.push(char);
            break;
        };
        plain.push(match next {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\'' | '\\' => next,
            other => return Err(format!("invalid string literal: invalid escape char \\{other}")),
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_scalars() {
        let schema = Props::read(&json!({"type": "object", "properties": {
            "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
            "spec": {"type": "object", "properties": {"a": {"type": "string"}, "o": {"type": "object", "properties": {"x": {"type": "string"}}}, "m": {"type": "object", "additionalProperties": {"type": "string"}}}}}}));
        let check = |path: &str, expected: &[&str]| {
            let mut errors = Vec::new();
            validate(&[json!({"jsonPath": path})], &schema, "f", &mut errors);
            assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        };
        check(".spec.a", &[]);
        check(".spec.m.any", &[]);
        check(
            ".spec.b",
            &["f[0].jsonPath: Invalid value: \".spec.b\": is an invalid path: does not refer to a valid field"],
        );
        check(
            ".spec['a']",
            &["f[0].jsonPath: Invalid value: \".spec['a']\": is an invalid path: array notation is not allowed"],
        );
        check(
            ".metadata.name",
            &["f[0].jsonPath: Invalid value: \".metadata.name\": must not point to fields in metadata"],
        );
        check(
            ".spec.o",
            &[
                "f[0].jsonPath: Invalid value: \".spec.o\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            ],
        );
        check("", &["f[0].jsonPath: Required value"]);
        assert_eq!(resolve(".spec.m['a.b']", &schema, true).unwrap().0, "spec.m[a.b]");
        assert!(resolve("spec", &schema, true).is_err());
    }
}
