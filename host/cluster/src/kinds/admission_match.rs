//! What webhooks and admission policies look at: rules, resources, conditions.

use serde_json::{Value, json};

use super::labels::{form, label_selector};
use super::webhook::one_of;
use super::{field, name};
use crate::crd::Names;
use crate::invalid::Invalid;
use crate::path::Path;

/// Rules at this place are for every scope unless they say otherwise.
pub(super) fn rule_defaults(object: &mut Value, pointer: &str) {
    for rule in field::list_mut(object, pointer) {
        field::default(rule, "/scope", "*");
    }
}

/// Defaults of `MatchResources`.
pub(super) fn match_defaults(object: &mut Value, pointer: &str) {
    if !field::has(object, pointer) {
        return;
    }
    field::default(object, &format!("{pointer}/matchPolicy"), "Equivalent");
    field::default(object, &format!("{pointer}/namespaceSelector"), json!({}));
    field::default(object, &format!("{pointer}/objectSelector"), json!({}));
    rule_defaults(object, &format!("{pointer}/resourceRules"));
    rule_defaults(object, &format!("{pointer}/excludeResourceRules"));
}

/// `RuleWithOperations`
pub(super) fn rule_with_operations(rule: &Value, path: &Path) -> Vec<Invalid> {
    let known = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let (operations, at) = (field::texts(rule, "/operations"), path.child("operations"));
    let mut errors = Vec::new();
    if operations.is_empty() {
        errors.push(Invalid::required(&at, ""));
    }
    if operations.len() > 1 && operations.contains(&"*") {
        let detail = "if '*' is present, must not specify other operations";
        errors.push(Invalid::invalid(&at, &json!(operations), detail));
    }
    for (index, operation) in operations.iter().enumerate().filter(|(_, operation)| !known.contains(operation)) {
        errors.push(Invalid::not_supported(at.index(index), &json!(operation), &known));
    }
    for (name, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        let (given, at) = (field::texts(rule, &format!("/{name}")), path.child(name));
        if given.is_empty() {
            errors.push(Invalid::required(&at, ""));
        }
        if given.len() > 1 && given.contains(&"*") {
            let detail = format!("if '*' is present, must not specify other {what}");
            errors.push(Invalid::invalid(&at, &json!(given), detail));
        }
        if name == "apiVersions" {
            let empty = given.iter().enumerate().filter(|(_, version)| version.is_empty());
            errors.extend(empty.map(|(index, _)| Invalid::required(at.index(index), "")));
        }
    }
    errors.extend(resources(&field::texts(rule, "/resources"), &path.child("resources")));
    errors.extend(one_of(rule, "scope", &["*", "Cluster", "Namespaced"], path));
    errors
}

fn resources(resources: &[&str], path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if resources.is_empty() {
        errors.push(Invalid::required(path, ""));
    }
    let (mut any_below, mut below_any) = (Vec::new(), Vec::new());
    let mut plain = false;
    for (index, resource) in resources.iter().enumerate() {
        if resource.is_empty() {
            errors.push(Invalid::required(path.index(index), ""));
            continue;
        }
        let Some((parent, below)) = resource.split_once('/') else {
            plain = *resource != "*";
            continue;
        };
        let mut say = |other: String| {
            let detail = format!("if '{other}' is present, must not specify {resource}");
            errors.push(Invalid::invalid(path.index(index), &json!(resource), detail));
        };
        if any_below.contains(&parent) {
            say(format!("{parent}/*"));
        }
        if below_any.contains(&below) {
            say(format!("*/{below}"));
        }
        if below == "*" {
            any_below.push(parent);
        }
        if parent == "*" {
            below_any.push(below);
        }
    }
    if resources.len() > 1 && resources.contains(&"*/*") {
        let detail = "if '*/*' is present, must not specify other resources";
        errors.push(Invalid::invalid(path, &json!(resources), detail));
    }
    if plain && resources.contains(&"*") {
        let detail = "if '*' is present, must not specify other resources without subresources";
        errors.push(Invalid::invalid(path, &json!(resources), detail));
    }
    errors
}

/// `MatchResources`
pub(super) fn match_resources(matched: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    match field::has(matched, "/matchPolicy") {
        true => errors.extend(one_of(matched, "matchPolicy", &["Equivalent", "Exact"], path)),
        false => errors.push(Invalid::required(path.child("matchPolicy"), "")),
    }
    for name in ["namespaceSelector", "objectSelector"] {
        match matched.get(name).filter(|selector| !selector.is_null()) {
            Some(selector) => errors.extend(label_selector(selector, &path.child(name))),
            None => errors.push(Invalid::required(path.child(name), "")),
        }
    }
    for name in ["resourceRules", "excludeResourceRules"] {
        for (index, rule) in field::list(matched, &format!("/{name}")).iter().enumerate() {
            let path = path.child(name).index(index);
            let names = field::texts(rule, "/resourceNames");
            for (index, given) in names.iter().enumerate() {
                let path = path.child("resourceNames").index(index);
                errors.extend(form(&path, given, name::path_segment));
                if names[..index].contains(given) {
                    errors.push(Invalid::duplicate(&path, &json!(given)));
                }
            }
            errors.extend(rule_with_operations(rule, &path));
        }
    }
    errors
}

/// An expression that has to come to one of these types.
pub(super) fn compiles(names: &Names, expression: &str, types: &[&str], path: &Path) -> Option<Invalid> {
    names.check(expression, types).map(|wrong| Invalid::invalid(path, &json!(expression), wrong))
}

/// `matchConditions`
pub(super) fn conditions(conditions: &[Value], names: &Names, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if conditions.len() > 64 {
        errors.push(Invalid::too_many(path, conditions.len(), 64));
    }
    for (index, condition) in conditions.iter().enumerate() {
        let path = path.index(index);
        match field::text(condition, "/expression").trim() {
            "" => errors.push(Invalid::required(path.child("expression"), "")),
            expression => errors.extend(compiles(names, expression, &["bool"], &path.child("expression"))),
        }
        match field::text(condition, "/name") {
            "" => errors.push(Invalid::required(path.child("name"), "")),
            given => {
                errors.extend(form(&path.child("name"), given, name::qualified_name));
                if conditions[..index].iter().any(|other| field::text(other, "/name") == given) {
                    errors.push(Invalid::duplicate(path.child("name"), &json!(given)));
                }
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_that_say_a_thing_twice() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["pods", "pods/status"], &[]),
            (&[], &["r: Required value"]),
            (
                &["pods/*", "pods/log"],
                &["r[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log"],
            ),
            (
                &["*/*", "pods"],
                &["r: Invalid value: [\"*/*\",\"pods\"]: if '*/*' is present, must not specify other resources"],
            ),
            (
                &["*", "pods"],
                &["r: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without \
                   subresources"],
            ),
        ];
        for (given, expect) in cases {
            let said: Vec<String> = resources(given, &Path::new("r")).iter().map(ToString::to_string).collect();
            assert_eq!(&said, expect);
        }
    }
}
