//! Checks of the expressions in admission policies and in the conditions of webhooks, when those are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::common::ast::Expr;

use super::types::{Type, UNBOUNDED};
use super::{expression, parse};

/// What the expressions of a policy may name.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    names: Vec<(String, Type)>,
    variables: BTreeMap<String, Type>,
}

impl Names {
    /// The request and its objects, and the policy's parameters where it has some.
    pub(crate) fn new(params: bool) -> Self {
        let mut names = vec![
            ("object".to_owned(), Type::DYN),
            ("oldObject".to_owned(), Type::DYN),
            ("namespaceObject".to_owned(), namespace()),
            ("request".to_owned(), request()),
        ];
        if params {
            names.push(("params".to_owned(), Type::DYN));
        }
        Self { names, variables: BTreeMap::new() }
    }

    /// What is wrong with an expression that has to come to one of these types, or to anything where there are none.
    pub(crate) fn check(&self, source: &str, types: &[&str]) -> Option<String> {
        self.read(source, types).err()
    }

    /// What is wrong with the expression of a variable, which is there for the expressions after it.
    pub(crate) fn define(&mut self, name: &str, source: &str) -> Option<String> {
        let read = self.read(source, &[]);
        let (is, wrong) = match read {
            Ok(is) => (is, None),
            Err(wrong) => (Type::DYN, Some(wrong)),
        };
        self.variables.insert(name.to_owned(), is);
        wrong
    }

    /// Only reads an expression: for those that make objects, whose types are not known here.
    pub(crate) fn parses(source: &str) -> Option<String> {
        parse(source).err().map(|error| format!("compilation failed: {error}"))
    }

    fn read(&self, source: &str, types: &[&str]) -> Result<Type, String> {
        // The functions of the authorizer are not among those that are checked.
        if source.contains("authorizer") {
            return Self::parses(source).map_or(Ok(Type::DYN), Err);
        }
        let mut names = self.names.clone();
        names.push(("variables".to_owned(), Type::Object(Arc::new(self.variables.clone()))));
        let read = expression(source, names).map_err(|error| format!("compilation failed: {error}"))?;
        // A call of what is not known may come to one of them after all; a field of an object counts as none.
        let is_unknown = read.is.is_dyn() && !matches!(read.node.expr, Expr::Select(_) | Expr::Ident(_));
        if types.is_empty() || is_unknown || types.contains(&name(&read.is).as_str()) {
            return Ok(read.is);
        }
        Err(match types {
            [one] => format!("must evaluate to {one}"),
            several => format!("must evaluate to one of [{}]", several.join(" ")),
        })
    }
}

fn name(is: &Type) -> String {
    match is {
        Type::Null => "null_type".to_owned(),
        is => is.to_string(),
    }
}

const TEXT: Type = Type::String(UNBOUNDED);

fn of(fields: Vec<(&str, Type)>) -> Type {
    Type::Object(Arc::new(fields.into_iter().map(|(name, is)| (name.to_owned(), is)).collect()))
}

fn list(item: Type) -> Type {
    Type::List(Arc::new(item), UNBOUNDED)
}

fn map(value: Type) -> Type {
    Type::Map(Arc::new(TEXT), Arc::new(value), UNBOUNDED)
}

fn request() -> Type {
    let kind = || of(vec![("group", TEXT), ("version", TEXT), ("kind", TEXT)]);
    let resource = || of(vec![("group", TEXT), ("version", TEXT), ("resource", TEXT)]);
    let user = of(vec![("username", TEXT), ("uid", TEXT), ("groups", list(TEXT)), ("extra", map(list(TEXT)))]);
    of(vec![
        ("kind", kind()),
        ("resource", resource()),
        ("subResource", TEXT),
        ("requestKind", kind()),
        ("requestResource", resource()),
        ("requestSubResource", TEXT),
        ("name", TEXT),
        ("namespace", TEXT),
        ("operation", TEXT),
        ("userInfo", user),
        ("dryRun", Type::Bool),
        ("options", Type::DYN),
    ])
}

fn namespace() -> Type {
    let metadata = of(vec![
        ("name", TEXT),
        ("generateName", TEXT),
        ("namespace", TEXT),
        ("labels", map(TEXT)),
        ("annotations", map(TEXT)),
        ("UID", TEXT),
        ("creationTimestamp", Type::Timestamp),
        ("deletionGracePeriodSeconds", Type::Int),
        ("deletionTimestamp", Type::Timestamp),
        ("generation", Type::Int),
        ("resourceVersion", TEXT),
        ("finalizers", list(TEXT)),
    ]);
    of(vec![
        ("metadata", metadata),
        ("spec", of(vec![("finalizers", list(TEXT))])),
        ("status", of(vec![("phase", TEXT)])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_expressions() {
        let mut names = Names::new(false);
        assert_eq!(names.define("replicas", "object.spec.replicas"), None);
        assert_eq!(names.define("names", "object.spec.containers.map(c, c.name)"), None);
        for right in [
            "object.spec.replicas <= 5",
            "variables.replicas < 3 && 'a' in variables.names",
            "has(object.metadata.labels) && object.metadata.labels.all(k, k != 'x')",
            "request.userInfo.groups.exists(g, g == 'system:masters') || request.operation == 'CREATE'",
            "namespaceObject.metadata.labels['env'] == 'prod'",
            "oldObject == null || object.metadata.?labels[?'a'].orValue('') == 'b'",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "object.spec.template.spec.containers.all(c, c.image.startsWith('r/'))",
            "!request.dryRun",
        ] {
            assert_eq!(names.check(right, &["bool"]), None, "{right}");
        }
        let undeclared = |line: &str, at: &str, name: &str| {
            format!(
                "compilation failed: ERROR: <input>:1:{at}: undeclared reference to '{name}' (in container '')\n | {line}"
            )
        };
        let said = names.check("params.x > 1", &["bool"]).unwrap_or_default();
        assert!(said.starts_with(&undeclared("params.x > 1", "1", "params")), "{said}");
        assert_eq!(Names::new(true).check("params.x > 1", &["bool"]), None);
        let said = names.check("object.x ==", &["bool"]).unwrap_or_default();
        assert!(said.starts_with("compilation failed: ERROR: <input>:1:12: Syntax error: mismatched input"), "{said}");
        let said = names.check("variables.other > 1", &["bool"]).unwrap_or_default();
        assert!(said.contains("undefined field 'other'"), "{said}");
        assert_eq!(names.check("'a'", &["bool"]).as_deref(), Some("must evaluate to bool"));
        assert_eq!(names.check("object.a", &["bool"]).as_deref(), Some("must evaluate to bool"));
        assert_eq!(
            names.check("1", &["string", "null_type"]).as_deref(),
            Some("must evaluate to one of [string null_type]")
        );
        assert_eq!(names.check("'a' + string(object.x)", &["string"]), None);
    }
}
