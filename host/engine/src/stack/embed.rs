//! Files that stand in for a value of a resource: `${file("x.yaml")}` is a file's text, whatever it holds,
//! `${template("x.yaml")}` the list of its YAML documents, in which expressions mean what they do in the stack.

use super::load::{Files, relative_path};
use super::yaml::{self, Kind, Node, Text};
use crate::diagnostic::{Diagnostic, Span};

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Text,
    Documents,
}

/// How a file is named in an expression, and what becomes of it.
const CALLS: [(&str, How); 2] = [("file", How::Text), ("template", How::Documents)];

/// Puts files in the places of the resources' values that name one.
pub(super) fn embed(root: &mut Node, files: &mut Files<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Kind::Map(sections) = &mut root.kind else { return };
    for section in sections.iter_mut().filter(|section| &*section.key == "resources") {
        let Kind::Map(resources) = &mut section.value.kind else { continue };
        for resource in resources {
            let Kind::Map(fields) = &mut resource.value.kind else { continue };
            for field in fields.iter_mut().filter(|field| &*field.key == "with") {
                walk(&mut field.value, files, diagnostics);
            }
        }
    }
}

fn walk(node: &mut Node, files: &mut Files<'_>, diagnostics: &mut Vec<Diagnostic>) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| walk(item, files, diagnostics)),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| walk(&mut entry.value, files, diagnostics)),
        Kind::String(text) => {
            if let Some((how, path)) = call(&text.value)
                && let Some(kind) = read(how, path, &node.span, files, diagnostics)
            {
                node.kind = kind;
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

/// The file that a value names, if all of it is the call: `${file("x.yaml")}`.
fn call(text: &str) -> Option<(How, &str)> {
    let inner = text.trim().strip_prefix("${")?.strip_suffix('}')?.trim();
    CALLS.into_iter().find_map(|(name, how)| {
        let argument = inner.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?.trim();
        let quote = argument.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let path = argument.strip_prefix(quote)?.strip_suffix(quote)?;
        (!path.contains([quote, '\\'])).then_some((how, path))
    })
}

/// What stands in the value's place; none where that has been told.
fn read(how: How, path: &str, span: &Span, files: &mut Files<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Kind> {
    let path = match relative_path(path) {
        Ok(path) => path,
        Err(why) => {
            diagnostics.push(
                Diagnostic::error("path-outside", format!("`{}` cannot be read: {why}", yaml::shown(path)))
                    .at(span)
                    .help("name a file beside the stack file or below it"),
            );
            return Some(Kind::Null);
        }
    };
    let Some(bytes) = files.bytes(&path, Some(span), diagnostics) else { return Some(Kind::Null) };
    match how {
        How::Documents => Some(Kind::List(files.documents(&path, &bytes, diagnostics))),
        How::Text => match String::from_utf8(bytes) {
            // In the stack `${` would begin an expression.
            Ok(text) => Some(Kind::String(Text { value: text.replace("${", "$${").into(), raw: None })),
            Err(_) => {
                let message = format!("`{}` is not UTF-8 text", yaml::shown(&path));
                diagnostics.push(Diagnostic::error("not-utf8", message).at(span).help("save it as UTF-8"));
                Some(Kind::Null)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeMap;

    use super::super::load::load;
    use super::*;

    fn loaded(value: &str, file: &[u8]) -> (serde_json::Value, Vec<String>) {
        let stack = format!("maps: v1\nstack: s\nresources:\n  a:\n    type: p/k\n    with: {{value: {value}}}\n");
        let sources =
            BTreeMap::from([("stack.yaml".to_owned(), stack.into_bytes()), ("in/x.yaml".to_owned(), file.to_vec())]);
        let mut diagnostics = Vec::new();
        let root = load(&sources, "stack.yaml", None, &mut diagnostics).unwrap();
        let told = |d: &Diagnostic| {
            let at = d.span.as_ref().map_or_else(String::new, |span| format!(" {}:{}", span.file, span.line));
            format!("{}{at}", d.code)
        };
        let with = ["resources", "a", "with", "value"]
            .into_iter()
            .fold(&root, |node, key| &yaml::get(node, key).unwrap().value);
        (yaml::to_json(with), diagnostics.iter().map(told).collect())
    }

    #[track_caller]
    fn gives(value: &str, file: &str, expected: serde_json::Value) {
        assert_eq!(loaded(value, file.as_bytes()), (expected, Vec::new()), "{value}");
    }

    #[test]
    fn a_file_is_its_text_whatever_it_holds() {
        for text in ["a: ${x}\n---\nb: $1", "$${a}", "", "${file(\"other\")}"] {
            gives("'${file(\"in/x.yaml\")}'", text, text.into());
        }
        gives("\"${ file('./in/x.yaml') }\"", "plain", "plain".into());
    }

    #[test]
    fn a_template_is_its_documents() {
        let documents = "a: 1\n---\n# nothing\n---\n- b\n";
        gives("'${template(\"in/x.yaml\")}'", documents, serde_json::json!([{"a": 1}, ["b"]]));
        gives("'${template(\"in/x.yaml\")}'", "", serde_json::json!([]));
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let problems = |value: &str, file: &[u8]| loaded(value, file).1;
        assert_eq!(problems("'${file(\"none\")}'", b""), ["unreadable-file stack.yaml:6"]);
        assert_eq!(problems("'${file(\"../x\")}'", b""), ["path-outside stack.yaml:6"]);
        assert_eq!(problems("'${file(\"/etc/passwd\")}'", b""), ["path-outside stack.yaml:6"]);
        assert_eq!(problems("'${file(\"in/x.yaml\")}'", b"\xff"), ["not-utf8 stack.yaml:6"]);
        assert_eq!(problems("'${template(\"in/x.yaml\")}'", b"a: 1\n---\nb: [\n"), ["bad-yaml in/x.yaml:4"]);
    }

    #[test]
    fn a_call_among_others_is_left_to_the_compiler() {
        for text in
            ["${file(\"a\") + \"b\"}", "a ${file(\"a\")}", "${file(each.key)}", "${other(\"a\")}", "file(\"a\")"]
        {
            assert!(call(text).is_none(), "{text}");
        }
    }
}
