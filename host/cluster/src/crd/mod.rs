//! CustomResourceDefinitions: their own rules, and the kinds that they make.
//!
//! A definition is defaulted and validated by [`definition`] and given its names by [`conditions`]. Once it is
//! established, [`Definition::compile`] makes it into what the server needs to serve its objects.

pub(crate) mod cel;
mod columns;
pub(crate) mod conditions;
mod conversion;
mod correlate;
mod default;
mod defaults;
pub(crate) mod definition;
mod embedded;
mod format;
mod jsonpath;
mod lists;
mod node;
mod old;
mod parts;
mod pattern;
mod props;
mod prune;
mod published;
mod rules;
mod scale;
mod selectable;
mod structural;
mod validate;

use std::cmp::Ordering;

use serde_json::Value;

use self::cel::Rules;
use crate::invalid::{Invalid, Why};
use crate::object::{at, flag, items, text};
use crate::schema::NodeRef;
pub(crate) use cel::{Evaluated, Names, Variable, evaluate};
pub(crate) use columns::cell;
use props::Props;

/// A CustomResourceDefinition, compiled.
#[derive(Debug)]
pub(crate) struct Definition {
    /// Its versions, in the order of preference (Kubernetes' version priority).
    pub(crate) versions: Vec<Version>,
}

/// A version of a custom kind.
#[derive(Debug)]
pub(crate) struct Version {
    /// `v1`
    pub(crate) name: String,
    /// Whether it is served.
    pub(crate) served: bool,
    /// The structure of the whole object, `metadata` included (a built-in ObjectMeta).
    pub(crate) node: NodeRef,
    /// `openAPIV3Schema` as it is published.
    pub(crate) schema: Value,
    /// Whether there is a `status` subresource.
    pub(crate) status: bool,
    /// The `scale` subresource, as the definition has it.
    pub(crate) scale: Option<Value>,
    /// `additionalPrinterColumns`, `Age` by itself where there are none.
    pub(crate) columns: Vec<Value>,
    /// `selectableFields`, as paths without a leading dot: `spec.color`.
    pub(crate) selectable: Vec<String>,
    /// `deprecationWarning` to be sent, where the version is deprecated.
    pub(crate) deprecation: Option<String>,
    /// Whether fields without a schema stay, for the whole definition (`spec.preserveUnknownFields`).
    preserve: bool,
    /// The schema, for objects as they are written.
    props: Props,
    /// Its CEL rules, where it has any.
    rules: Option<Rules>,
}

impl Definition {
    /// Compiles a definition that was found valid; what cannot be compiled is left out.
    pub(crate) fn compile(crd: &Value) -> Self {
        let spec = at(crd, "spec");
        let mut versions: Vec<Version> =
            items(spec, "versions").iter().map(|version| Version::compile(spec, version)).collect();
        versions.sort_by(|left, right| priority(&left.name, &right.name));
        Self { versions }
    }
}

impl Version {
    fn compile(spec: &Value, version: &Value) -> Self {
        let (group, kind, name) = (text(spec, "group"), text(at(spec, "names"), "kind"), text(version, "name"));
        let schema = version.pointer("/schema/openAPIV3Schema").filter(|schema| schema.is_object());
        let mut props = Props::read(schema.unwrap_or(&Value::Null));
        default::prune_defaults(&mut props);
        let subresources = at(version, "subresources");
        let columns = items(version, "additionalPrinterColumns");
        let paths = items(version, "selectableFields").iter().map(|field| text(field, "jsonPath"));
        let deprecation =
            flag(version, "deprecated").then(|| match version.get("deprecationWarning").and_then(Value::as_str) {
                Some(warning) => warning.to_owned(),
                None => format!("{group}/{name} {kind} is deprecated"),
            });
        Self {
            name: name.to_owned(),
            served: flag(version, "served"),
            node: NodeRef::inline(node::root(&props)),
            schema: published::publish(schema, group, name, kind),
            status: subresources.get("status").is_some_and(Value::is_object),
            scale: subresources.get("scale").filter(|scale| scale.is_object()).cloned(),
            columns: if columns.is_empty() { vec![columns::age()] } else { columns.to_vec() },
            selectable: paths.map(|path| path.trim_start_matches('.').to_owned()).collect(),
            deprecation,
            preserve: flag(spec, "preserveUnknownFields"),
            rules: Rules::compile(&props, true),
            props,
        }
    }

    /// Drops what the schema does not know; returns the paths, as strict decoding words them: `unknown field "spec.x"`.
    ///
    /// The object's own `metadata` is the caller's to decode.
    pub(crate) fn prune(&self, object: &mut Value) -> Vec<String> {
        if self.preserve {
            return Vec::new();
        }
        let mut unknown = prune::prune(object, &self.props, true);
        embedded::prune("", object, &self.props, &mut unknown);
        unknown.into_iter().map(|path| format!("unknown field {path:?}")).collect()
    }

    /// Fills in defaults, and takes away nulls where the schema has a default and no `nullable`.
    pub(crate) fn default(&self, object: &mut Value) {
        default::drop_nulls(object, &self.props);
        default::fill(object, &self.props);
    }

    /// What is wrong with an object: schema, formats, list types, CEL rules (with `old`: transition rules, ratcheting).
    ///
    /// Metadata that every object has is the caller's to validate, before this.
    pub(crate) fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<Invalid> {
        let mut errors = validate::validate("", object, &self.props, old);
        errors.extend(scale::validate(object, self.scale.as_ref(), false));
        self.all(object, old, errors)
    }

    /// What is wrong with a change of the status: the status against its schema, and the CEL rules of all.
    pub(crate) fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        if let (Some(status), Some(schema)) = (object.get("status"), self.props.properties.get("status")) {
            errors.extend(validate::validate("status", status, schema, old.get("status")));
        }
        errors.extend(scale::validate(object, self.scale.as_ref(), true));
        self.all(object, Some(old), errors)
    }

    /// What follows the schema: embedded objects, list types, and the CEL rules unless the object is too wrong for them.
    fn all(&self, object: &Value, old: Option<&Value>, mut errors: Vec<Invalid>) -> Vec<Invalid> {
        embedded::validate("", object, &self.props, &mut errors);
        let mut twice = Vec::new();
        if let Some(old) = old {
            lists::validate("", old, &self.props, &mut twice);
        }
        if twice.is_empty() {
            lists::validate("", object, &self.props, &mut errors);
        }
        let blocks =
            |why: Why| matches!(why, Why::NotSupported | Why::Required | Why::TooLong | Why::TooMany | Why::Type);
        let Some(rules) = &self.rules else {
            return errors;
        };
        match errors.iter().any(|error| blocks(error.why)) {
            true => {
                let detail = "some validation rules were not checked because the object was invalid; correct the existing \
                              errors to complete validation";
                errors.push(Invalid::invalid("<nil>", &Value::Null, detail));
            }
            false => errors.extend(rules.validate("", object, &self.props, (old, old), true)),
        }
        errors
    }
}

/// Kubernetes' order of versions: `v10`, `v2`, `v2beta1`, `v2alpha1`, then all else by name.
pub(crate) fn priority(left: &str, right: &str) -> Ordering {
    let rank = |name: &str| {
        let (major, rest) = number(name.strip_prefix('v')?)?;
        let (stability, rest) = match (rest, rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
            ("", _, _) => return Some((2, major, 0)),
            (_, Some(rest), _) => (1, rest),
            (_, _, Some(rest)) => (0, rest),
            _ => return None,
        };
        let (minor, rest) = number(rest)?;
        rest.is_empty().then_some((stability, major, minor))
    };
    match (rank(left), rank(right)) {
        (Some(left), Some(right)) => right.cmp(&left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// A number without a leading zero, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (!digits.starts_with('0')).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests;
