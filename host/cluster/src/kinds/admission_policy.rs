//! Policies that admit by expressions: ValidatingAdmissionPolicies, MutatingAdmissionPolicies and their bindings.

use serde_json::{Value, json};

use super::admission_match::{compiles, conditions, match_defaults, match_resources};
use super::labels::{form, label_selector};
use super::webhook::one_of;
use super::{field, metadata, name};
use crate::crd::Names;
use crate::crd::cel::names;
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `ValidatingAdmissionPolicy`
pub(crate) static VALIDATING: Policy = Policy { mutating: false };
/// `MutatingAdmissionPolicy`
pub(crate) static MUTATING: Policy = Policy { mutating: true };
/// `ValidatingAdmissionPolicyBinding`
pub(crate) static VALIDATING_BINDING: Binding = Binding { mutating: false };
/// `MutatingAdmissionPolicyBinding`
pub(crate) static MUTATING_BINDING: Binding = Binding { mutating: true };

/// `ValidatingAdmissionPolicy` and `MutatingAdmissionPolicy`
#[derive(Debug)]
pub(crate) struct Policy {
    mutating: bool,
}

/// `ValidatingAdmissionPolicyBinding` and `MutatingAdmissionPolicyBinding`
#[derive(Debug)]
pub(crate) struct Binding {
    mutating: bool,
}

impl Behaviour for Policy {
    fn default(&self, object: &mut Value) {
        field::default(object, "/spec/failurePolicy", "Fail");
        match_defaults(object, "/spec/matchConstraints");
    }

    fn prepare_create(&self, object: &mut Value) {
        match self.mutating {
            true => drop(field::remove(object, "/status")),
            false => field::set(object, "/status", json!({})),
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
        let mut errors = Vec::new();
        match field::has(spec, "/failurePolicy") {
            true => errors.extend(one_of(spec, "failurePolicy", &["Fail", "Ignore"], &path)),
            false => errors.push(Invalid::required(path.child("failurePolicy"), "")),
        }
        if let Some(kind) = spec.get("paramKind").filter(|kind| !kind.is_null()) {
            errors.extend(param_kind(kind, &path.child("paramKind")));
        }
        let at = path.child("matchConstraints");
        match spec.get("matchConstraints").filter(|matched| !matched.is_null()) {
            None => errors.push(Invalid::required(at, "")),
            Some(matched) => {
                errors.extend(match_resources(matched, &at));
                if field::list(matched, "/resourceRules").is_empty() {
                    errors.push(Invalid::required(at.child("resourceRules"), ""));
                }
            }
        }
        let mut names = Names::new(field::has(spec, "/paramKind"));
        errors.extend(conditions(field::list(spec, "/matchConditions"), &names, &path.child("matchConditions")));
        for (index, variable) in field::list(spec, "/variables").iter().enumerate() {
            errors.extend(self::variable(variable, &mut names, &path.child("variables").index(index)));
        }
        match self.mutating {
            true => errors.extend(mutations(spec, &path)),
            false => errors.extend(validations(object, &names, &path)),
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let path = Path::new("status.typeChecking.expressionWarnings");
        let mut errors = Vec::new();
        for (index, warning) in field::list(object, "/status/typeChecking/expressionWarnings").iter().enumerate() {
            for name in ["warning", "fieldRef"] {
                if field::text(warning, &format!("/{name}")).trim().is_empty() {
                    errors.push(Invalid::required(path.index(index).child(name), ""));
                }
            }
        }
        errors.extend(metadata::conditions(field::list(object, "/status/conditions"), "status.conditions"));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        !self.mutating
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

fn param_kind(kind: &Value, path: &Path) -> Vec<Invalid> {
    let (version, kind) = (field::text(kind, "/apiVersion"), field::text(kind, "/kind"));
    let at = path.child("apiVersion");
    let mut errors = Vec::new();
    match version.split('/').collect::<Vec<_>>().as_slice() {
        [""] => errors.push(Invalid::required(&at, "")),
        [_] | [_, _] => {
            let (group, version_part) = version.split_once('/').unwrap_or(("", version));
            let wrong = name::subdomain(group);
            if !group.is_empty() && !wrong.is_empty() {
                errors.push(Invalid::invalid(&at, &json!(group), wrong.join(",")));
            }
            let wrong = name::dns1035(version_part);
            if version_part.is_empty() {
                errors.push(Invalid::invalid(&at, &json!(version), "version must be specified"));
            } else if !wrong.is_empty() {
                errors.push(Invalid::invalid(&at, &json!(version_part), wrong.join(",")));
            }
        }
        _ => {
            let detail = format!("unexpected GroupVersion string: {version}");
            errors.push(Invalid::invalid(&at, &json!(version), detail));
        }
    }
    let wrong = name::dns1035(&kind.to_lowercase());
    if kind.is_empty() {
        errors.push(Invalid::required(path.child("kind"), ""));
    } else if !wrong.is_empty() {
        let detail = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
        errors.push(Invalid::invalid(path.child("kind"), &json!(kind), detail));
    }
    errors
}

/// Whether a name can stand in an expression of CEL.
fn is_identifier(name: &str) -> bool {
    name::c_identifier(name).is_empty() && !names::is_reserved(name)
}

fn variable(variable: &Value, names: &mut Names, path: &Path) -> Vec<Invalid> {
    let (name, expression) = (field::text(variable, "/name"), field::text(variable, "/expression"));
    let mut errors = Vec::new();
    if name.trim().is_empty() {
        errors.push(Invalid::required(path.child("name"), "name is not specified"));
    } else if !is_identifier(name) {
        errors.push(Invalid::invalid(path.child("name"), &json!(name), "name is not a valid CEL identifier"));
    }
    if expression.trim().is_empty() {
        errors.push(Invalid::required(path.child("expression"), "expression is not specified"));
    } else if let Some(wrong) = names.define(name, expression) {
        errors.push(Invalid::invalid(path.child("expression"), &json!(expression), wrong));
    }
    errors
}

fn validations(object: &Value, names: &Names, path: &Path) -> Vec<Invalid> {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let (validations, annotations) = (field::list(spec, "/validations"), field::list(spec, "/auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        return ["validations", "auditAnnotations"].map(|name| Invalid::required(path.child(name), detail)).into();
    }
    let mut errors = Vec::new();
    for (index, validation) in validations.iter().enumerate() {
        let path = path.child("validations").index(index);
        let text = |name: &str| field::text(validation, &format!("/{name}"));
        match text("expression") {
            blank if blank.trim().is_empty() => {
                errors.push(Invalid::required(path.child("expression"), "expression is not specified"));
            }
            expression => errors.extend(compiles(names, expression, &["bool"], &path.child("expression"))),
        }
        let said = text("messageExpression");
        if !said.trim().is_empty() {
            errors.extend(compiles(names, said, &["string"], &path.child("messageExpression")));
        }
        let mut blank = |name: &str, detail: &str| {
            let given = text(name);
            if !given.is_empty() && given.trim().is_empty() {
                errors.push(Invalid::invalid(path.child(name), &json!(given), detail));
            }
        };
        blank("messageExpression", "must be non-empty if specified");
        blank("message", "message must be non-empty if specified");
        if text("message").trim().contains(['\n', '\r']) {
            let detail = "message must not contain line breaks";
            errors.push(Invalid::invalid(path.child("message"), &json!(text("message")), detail));
        }
        let reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
        errors.extend(one_of(validation, "reason", &reasons, &path));
    }
    if annotations.len() > 20 {
        let detail = "must not have more than 20 auditAnnotations";
        errors.push(Invalid::invalid(path.child("auditAnnotations"), &json!(annotations), detail));
    }
    let policy = field::text(object, "/metadata/name");
    for (index, annotation) in annotations.iter().enumerate() {
        let path = path.child("auditAnnotations").index(index);
        let key = field::text(annotation, "/key");
        for said in name::qualified_name(&format!("{policy}/{key}")) {
            errors.push(Invalid::invalid(path.child("key"), &json!(format!("{policy}/{key}")), said));
        }
        let (expression, at) = (field::text(annotation, "/valueExpression"), path.child("valueExpression"));
        match expression.trim() {
            "" => errors.push(Invalid::required(at, "valueExpression is not specified")),
            _ => errors.extend(compiles(names, expression, &["string", "null_type"], &at)),
        }
        if annotations[..index].iter().any(|other| field::text(other, "/key") == key) {
            errors.push(Invalid::duplicate(path.child("key"), &json!(key)));
        }
    }
    errors
}

fn mutations(spec: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mutations = field::list(spec, "/mutations");
    if mutations.is_empty() {
        let detail = "mutations must contain at least one item";
        errors.push(Invalid::required(path.child("mutations"), detail));
    }
    for (index, mutation) in mutations.iter().enumerate() {
        let path = path.child("mutations").index(index);
        let kinds = [("ApplyConfiguration", "applyConfiguration"), ("JSONPatch", "jsonPatch")];
        let kind = field::text(mutation, "/patchType");
        let Some((_, own)) = kinds.iter().find(|(name, _)| *name == kind) else {
            errors.push(match kind {
                "" => Invalid::required(path.child("patchType"), ""),
                kind => {
                    let known = kinds.map(|(name, _)| name);
                    Invalid::not_supported(path.child("patchType"), &json!(kind), &known)
                }
            });
            continue;
        };
        let (expression, at) =
            (field::text(mutation, &format!("/{own}/expression")), path.child(own).child("expression"));
        if expression.trim().is_empty() {
            errors.push(Invalid::required(at, "expression is not specified"));
        } else if let Some(wrong) = Names::parses(expression) {
            errors.push(Invalid::invalid(at, &json!(expression), wrong));
        }
    }
    match field::text(spec, "/reinvocationPolicy") {
        "" => errors.push(Invalid::required(path.child("reinvocationPolicy"), "")),
        _ => errors.extend(one_of(spec, "reinvocationPolicy", &["IfNeeded", "Never"], path)),
    }
    errors
}

impl Behaviour for Binding {
    fn default(&self, object: &mut Value) {
        match_defaults(object, "/spec/matchResources");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let path = Path::new("spec");
        let mut errors = Vec::new();
        match field::text(object, "/spec/policyName") {
            "" => errors.push(Invalid::required(path.child("policyName"), "")),
            policy => errors.extend(form(&path.child("policyName"), policy, name::subdomain)),
        }
        if let Some(reference) = object.pointer("/spec/paramRef").filter(|reference| !reference.is_null()) {
            errors.extend(param_reference(reference, &path.child("paramRef")));
        }
        if let Some(matched) = object.pointer("/spec/matchResources").filter(|matched| !matched.is_null()) {
            // Upstream spells the path so.
            errors.extend(match_resources(matched, &path.child("matchResouces")));
        }
        if !self.mutating {
            errors.extend(actions(&field::texts(object, "/spec/validationActions"), &path.child("validationActions")));
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

fn actions(actions: &[&str], path: &Path) -> Vec<Invalid> {
    let known = ["Audit", "Deny", "Warn"];
    let mut errors = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        if !known.contains(action) {
            errors.push(Invalid::not_supported(path.index(index), &json!(action), &known));
        }
        if actions[..index].contains(action) {
            errors.push(Invalid::duplicate(path.index(index), &json!(action)));
        }
    }
    if actions.contains(&"Deny") && actions.contains(&"Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                      response and headers serves no purpose)";
        errors.push(Invalid::invalid(path, &json!(actions), detail));
    }
    if actions.is_empty() {
        errors.push(Invalid::required(path, "at least one validation action is required"));
    }
    errors
}

fn param_reference(reference: &Value, path: &Path) -> Vec<Invalid> {
    let name = field::text(reference, "/name");
    let selector = reference.get("selector").filter(|selector| !selector.is_null());
    let both = "name and selector are mutually exclusive";
    let mut errors = Vec::new();
    if !name.is_empty() {
        errors.extend(form(&path.child("name"), name, name::path_segment));
        if selector.is_some() {
            errors.push(Invalid::forbidden(path.child("name"), both));
        }
    }
    if let Some(selector) = selector {
        errors.extend(label_selector(selector, &path.child("selector")));
        if !name.is_empty() {
            errors.push(Invalid::forbidden(path.child("selector"), both));
        }
    }
    if name.is_empty() && selector.is_none() {
        errors.push(Invalid::required(path, "one of name or selector must be specified"));
    }
    match field::text(reference, "/parameterNotFoundAction") {
        "" => errors.push(Invalid::required(path.child("parameterNotFoundAction"), "")),
        _ => errors.extend(one_of(reference, "parameterNotFoundAction", &["Deny", "Allow"], path)),
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn policies() {
        let mut policy = json!({"metadata": {"name": "p"}, "spec": {
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
            ]},
            "validations": [{"expression": "true"}],
        }});
        VALIDATING.default(&mut policy);
        assert_eq!(policy["spec"]["matchConstraints"]["resourceRules"][0]["scope"], json!("*"));
        assert!(VALIDATING.validate(&policy).is_empty());
        let mut empty = json!({"metadata": {"name": "p"}, "spec": {"variables": [{"name": "if", "expression": "1"}]}});
        VALIDATING.default(&mut empty);
        assert_eq!(
            said(&VALIDATING.validate(&empty)),
            [
                "spec.matchConstraints: Required value",
                "spec.variables[0].name: Invalid value: \"if\": name is not a valid CEL identifier",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        );
    }

    #[test]
    fn bindings() {
        let binding = json!({"spec": {"policyName": "p", "validationActions": ["Deny", "Warn"], "paramRef": {}}});
        assert_eq!(
            said(&VALIDATING_BINDING.validate(&binding)),
            [
                "spec.paramRef: Required value: one of name or selector must be specified",
                "spec.paramRef.parameterNotFoundAction: Required value",
                "spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both Deny and Warn \
                 (repeating the same validation failure information in the API response and headers serves no purpose)",
            ]
        );
    }
}
