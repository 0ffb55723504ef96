//! ValidatingAdmissionPolicies: what CEL expressions say of a request.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::Request;
use super::matching::{conditions_hold, fails_open, is_exempt, namespace_of, resources_match, variables};
use crate::crd::{Evaluated, Variable, evaluate};
use crate::kinds::labels::selects;
use crate::object::{at, has, items, text};
use crate::registry::built_in;
use crate::status::Refusal;
use crate::view::View;

const POLICIES: &str = "admissionregistration.k8s.io/validatingadmissionpolicies";
const BINDINGS: &str = "admissionregistration.k8s.io/validatingadmissionpolicybindings";

/// What an expression that does not hold says.
struct Failed {
    message: String,
    reason: &'static str,
}

/// Refuses what a policy denies; returns what policies only warn of.
pub(super) fn check(
    view: &dyn View,
    request: &Request<'_>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    let policies = view.list(POLICIES, "");
    if policies.is_empty() || is_exempt(request) {
        return Ok(Vec::new());
    }
    let bindings = view.list(BINDINGS, "");
    let namespace = namespace_of(view, request, object, old);
    let mut warnings = Vec::new();
    for policy in &policies {
        let name = text(at(policy, "metadata"), "name");
        let spec = at(policy, "spec");
        if !resources_match(at(spec, "matchConstraints"), request, namespace.as_deref(), object, old) {
            continue;
        }
        for binding in bindings.iter().filter(|binding| text(at(binding, "spec"), "policyName") == name) {
            let bound = at(binding, "spec");
            let matching = at(bound, "matchResources");
            if !matching.is_null() && !resources_match(matching, request, namespace.as_deref(), object, old) {
                continue;
            }
            let binding = text(at(binding, "metadata"), "name");
            let mut known = variables(request, object, old);
            known.push(("namespaceObject", Variable::of(namespace.as_deref().unwrap_or(&Value::Null))));
            let failed = params(view, request, spec, bound).map_or_else(
                |failed| vec![failed],
                |all| all.iter().flat_map(|one| failures(spec, &known, one)).collect(),
            );
            let actions = items(bound, "validationActions");
            for failed in failed {
                let message = &failed.message;
                if actions.iter().any(|action| action == "Warn") {
                    warnings.push(format!(
                        "Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{binding}': {message}"
                    ));
                }
                if actions.iter().any(|action| action == "Deny") {
                    let why = format!(
                        "ValidatingAdmissionPolicy '{name}' with binding '{binding}' denied request: {message}"
                    );
                    return Err(denied(request, object.or(old), &why, failed.reason));
                }
            }
        }
    }
    Ok(warnings)
}

fn denied(request: &Request<'_>, object: Option<&Value>, why: &str, reason: &'static str) -> Refusal {
    let mut refusal = request.forbidden(object, why);
    refusal.reason = reason;
    refusal.code = match reason {
        "Unauthorized" => StatusCode::UNAUTHORIZED,
        "Forbidden" => StatusCode::FORBIDDEN,
        "RequestEntityTooLarge" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    refusal.details.get_or_insert_default().insert("causes".to_owned(), json!([{"message": why}]));
    refusal
}

/// The reason of a validation, `Invalid` where it says none.
fn reason(validation: &Value) -> &'static str {
    match text(validation, "reason") {
        "Unauthorized" => "Unauthorized",
        "Forbidden" => "Forbidden",
        "RequestEntityTooLarge" => "RequestEntityTooLarge",
        _ => "Invalid",
    }
}

/// What of a policy does not hold, with one object of its parameters.
fn failures(spec: &Value, known: &[(&'static str, Variable)], params: &Value) -> Vec<Failed> {
    let mut known = known.to_vec();
    known.push(("params", Variable::of(params)));
    match conditions_hold(spec, &known) {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(_) if fails_open(spec) => return Vec::new(),
        Err(message) => return vec![Failed { message, reason: "Invalid" }],
    }
    // A variable is there for those after it; one that cannot be evaluated is not, and fails whoever names it.
    let mut own: Vec<(String, Variable)> = Vec::new();
    for variable in items(spec, "variables") {
        let mut all = known.clone();
        all.push(("variables", Variable::map(&own)));
        if let Ok(value) = evaluate(text(variable, "expression"), &all) {
            own.push((text(variable, "name").to_owned(), value));
        }
    }
    known.push(("variables", Variable::map(&own)));
    let mut failed = Vec::new();
    for validation in items(spec, "validations") {
        let expression = text(validation, "expression").trim();
        match evaluate(expression, &known).map(|value| value.evaluated()) {
            Ok(Evaluated::Bool(true)) => {}
            Ok(_) => {
                let said = evaluate(text(validation, "messageExpression"), &known).map(|value| value.evaluated());
                let message = match (said, text(validation, "message").trim()) {
                    (Ok(Evaluated::Text(said)), _) if !said.trim().is_empty() => said.trim().to_owned(),
                    (_, "") => format!("failed expression: {expression}"),
                    (_, message) => message.to_owned(),
                };
                failed.push(Failed { message, reason: reason(validation) });
            }
            Err(_) if fails_open(spec) => {}
            Err(error) => {
                let message = format!("expression '{expression}' resulted in error: {error}");
                failed.push(Failed { message, reason: "Invalid" });
            }
        }
    }
    failed
}

/// The objects of parameters that a binding means: `null` for a policy without parameters.
fn params(view: &dyn View, request: &Request<'_>, spec: &Value, bound: &Value) -> Result<Vec<Arc<Value>>, Failed> {
    let (kind, reference) = (at(spec, "paramKind"), at(bound, "paramRef"));
    if kind.is_null() || reference.is_null() {
        return Ok(vec![Arc::new(Value::Null)]);
    }
    let wrong = |why: String| Failed { message: format!("failed to configure binding: {why}"), reason: "Invalid" };
    let Some((key, namespaced)) = key_of(view, text(kind, "apiVersion"), text(kind, "kind")) else {
        let why = format!(
            "failed to find resource referenced by paramKind: '{}, Kind={}'",
            text(kind, "apiVersion"),
            text(kind, "kind")
        );
        return if fails_open(spec) { Ok(Vec::new()) } else { Err(wrong(why)) };
    };
    let namespace = match (namespaced, text(reference, "namespace")) {
        (false, _) => "",
        (true, "") => request.namespace,
        (true, namespace) => namespace,
    };
    let found: Vec<Arc<Value>> = if has(reference, "selector") {
        let labels = |object: &Value| at(at(object, "metadata"), "labels").clone();
        let all = view.list(&key, namespace).into_iter();
        all.filter(|object| selects(at(reference, "selector"), &labels(object))).collect()
    } else {
        view.get(&key, namespace, text(reference, "name")).into_iter().collect()
    };
    if found.is_empty() && text(reference, "parameterNotFoundAction") == "Deny" && !fails_open(spec) {
        let why = "no params found for policy binding with `Deny` parameterNotFoundAction";
        return Err(wrong(why.to_owned()));
    }
    Ok(found)
}

/// The resource of a kind, and whether its objects live in namespaces.
fn key_of(view: &dyn View, api_version: &str, kind: &str) -> Option<(String, bool)> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if let Some(known) = built_in().iter().find(|known| known.group == group && known.kind == kind) {
        return Some((format!("{group}/{}", known.plural), known.namespaced));
    }
    let definitions = view.list("apiextensions.k8s.io/customresourcedefinitions", "");
    let spec = definitions.iter().map(|definition| at(definition, "spec"));
    let mut known = spec.filter(|spec| text(spec, "group") == group && text(at(spec, "names"), "kind") == kind);
    let spec = known.next()?;
    Some((format!("{group}/{}", text(at(spec, "names"), "plural")), text(spec, "scope") == "Namespaced"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::Verb;
    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    #[test]
    fn policies() {
        let deployments = resource("apps", "v1", "deployments");
        let rules = json!({"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}]});
        let five = json!([{"expression": "object.spec.replicas <= 5"}]);
        let head =
            "deployments.apps \"d\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ";
        let warned = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: object.spec.replicas <= 5";
        let cases = [
            (
                json!({"validations": five}),
                json!({"validationActions": ["Deny"]}),
                Err("failed expression: object.spec.replicas <= 5"),
            ),
            (json!({"validations": five}), json!({"validationActions": ["Warn"]}), Ok(vec![warned])),
            (
                json!({"validations": [{"expression": "object.spec.replicas <= 5", "message": "too many"}]}),
                json!({"validationActions": ["Deny"]}),
                Err("too many"),
            ),
            (
                json!({"variables": [{"name": "most", "expression": "int(params.data.most)"}], "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                    "validations": [{"expression": "object.spec.replicas <= variables.most",
                        "messageExpression": "'at most ' + string(variables.most)"}]}),
                json!({"validationActions": ["Deny"], "paramRef": {"name": "limits", "namespace": "a"}}),
                Err("at most 3"),
            ),
            (
                json!({"validations": five, "matchConditions": [{"name": "m", "expression": "request.namespace != 'a'"}]}),
                json!({"validationActions": ["Deny"]}),
                Ok(vec![]),
            ),
            (
                json!({"validations": [{"expression": "object.spec.nope == 1"}]}),
                json!({"validationActions": ["Deny"]}),
                Err("expression 'object.spec.nope == 1' resulted in error: no such key: nope"),
            ),
            (
                json!({"validations": five}),
                json!({"validationActions": ["Deny"], "matchResources": {"namespaceSelector": {"matchLabels": {"env": "x"}}}}),
                Ok(vec![]),
            ),
        ];
        let object = json!({"metadata": {"name": "d", "namespace": "a"}, "spec": {"replicas": 10}});
        for (mut spec, mut binding, expect) in cases {
            spec["matchConstraints"] = rules.clone();
            binding["policyName"] = json!("p");
            let mut view = Objects::default();
            view.add("/namespaces", json!({"metadata": {"name": "a", "labels": {"env": "y"}}}));
            view.add("/configmaps", json!({"metadata": {"name": "limits", "namespace": "a"}, "data": {"most": "3"}}));
            view.add(POLICIES, json!({"metadata": {"name": "p"}, "spec": spec}));
            view.add(BINDINGS, json!({"metadata": {"name": "b"}, "spec": binding}));
            let said = check(&view, &request(Verb::Create, &deployments, "d"), Some(&object), None);
            if let Err(refusal) = &said {
                assert_eq!((refusal.code.as_u16(), refusal.reason), (422, "Invalid"));
            }
            let expect = expect
                .map(|warnings| warnings.into_iter().map(str::to_owned).collect::<Vec<String>>())
                .map_err(|why| format!("{head}{why}"));
            assert_eq!(said.map_err(|refusal| refusal.message), expect, "{spec}");
        }
    }
}
