//! Which requests a webhook or an admission policy is about: rules, selectors, and conditions in CEL.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Request, Verb};
use crate::crd::{Evaluated, Variable, evaluate};
use crate::kinds::labels::selects;
use crate::object::{at, has, items, text};
use crate::view::View;

/// Whether a request is about what governs admission itself, which no webhook or policy may touch.
pub(super) fn is_exempt(request: &Request<'_>) -> bool {
    request.resource.group == "admissionregistration.k8s.io"
        && matches!(
            request.resource.plural.as_str(),
            "mutatingwebhookconfigurations"
                | "validatingwebhookconfigurations"
                | "validatingadmissionpolicies"
                | "validatingadmissionpolicybindings"
                | "mutatingadmissionpolicies"
                | "mutatingadmissionpolicybindings"
        )
}

fn lists(rule: &Value, field: &str, wanted: &str) -> bool {
    items(rule, field).iter().filter_map(Value::as_str).any(|item| item == "*" || item == wanted)
}

/// Whether one rule is about a request. Versions count with `Exact` alone, since by default a request for another
/// version of the same resource matches too.
fn rule_matches(rule: &Value, request: &Request<'_>, exact: bool) -> bool {
    let resource = request.resource;
    let is_namespace = resource.group.is_empty() && resource.plural == "namespaces";
    let scope = match text(rule, "scope") {
        "Cluster" => request.namespace.is_empty() || is_namespace,
        "Namespaced" => !request.namespace.is_empty() && !is_namespace,
        _ => true,
    };
    let versions = items(rule, "apiVersions").iter().filter_map(Value::as_str);
    let version = match exact {
        true => lists(rule, "apiVersions", request.version),
        false => versions.into_iter().any(|known| known == "*" || resource.version(known).is_some()),
    };
    let names = items(rule, "resourceNames");
    let named = names.is_empty() || names.iter().any(|name| name == request.name);
    scope
        && version
        && named
        && lists(rule, "operations", request.verb.operation())
        && lists(rule, "apiGroups", &resource.group)
        && items(rule, "resources").iter().filter_map(Value::as_str).any(|wanted| {
            let (of, below) = wanted.split_once('/').unwrap_or((wanted, ""));
            (of == "*" || of == resource.plural) && (below == request.subresource || below == "*")
        })
}

/// Whether any of some rules is about a request.
pub(super) fn rules_match(rules: &[Value], request: &Request<'_>, policy: &str) -> bool {
    rules.iter().any(|rule| rule_matches(rule, request, policy == "Exact"))
}

/// The namespace that a request is in; of a Namespace it is the object itself.
pub(super) fn namespace_of(
    view: &dyn View,
    request: &Request<'_>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Option<Arc<Value>> {
    if request.resource.group.is_empty() && request.resource.plural == "namespaces" {
        return object.or(old).map(|namespace| Arc::new(namespace.clone()));
    }
    view.get("/namespaces", "", request.namespace)
}

/// Whether selectors of the namespace and of the object let a request through; absent ones select everything.
pub(super) fn selected(
    matching: &Value,
    request: &Request<'_>,
    namespace: Option<&Value>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> bool {
    let labels = |object: &Value| at(at(object, "metadata"), "labels").clone();
    let of_namespace = at(matching, "namespaceSelector");
    let is_namespace = request.resource.group.is_empty() && request.resource.plural == "namespaces";
    let in_namespace = !request.namespace.is_empty() || is_namespace;
    if !of_namespace.is_null() && in_namespace {
        let labels = namespace.map_or(json!({}), labels);
        if !selects(of_namespace, &labels) {
            return false;
        }
    }
    let of_object = at(matching, "objectSelector");
    of_object.is_null()
        || *of_object == json!({})
        || [object, old].into_iter().flatten().any(|object| selects(of_object, &labels(object)))
}

/// Whether `matchResources` or `matchConstraints` of a policy are about a request.
pub(super) fn resources_match(
    matching: &Value,
    request: &Request<'_>,
    namespace: Option<&Value>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> bool {
    let policy = text(matching, "matchPolicy");
    let rules = items(matching, "resourceRules");
    // A binding without rules is about all that its policy is about.
    (rules.is_empty() || rules_match(rules, request, policy))
        && !rules_match(items(matching, "excludeResourceRules"), request, policy)
        && selected(matching, request, namespace, object, old)
}

/// The variables that expressions know of a request.
pub(super) fn variables(
    request: &Request<'_>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Vec<(&'static str, Variable)> {
    let resource = request.resource;
    let kind = json!({"group": resource.group, "version": request.version, "kind": resource.kind});
    let asked = json!({"group": resource.group, "version": request.version, "resource": resource.plural});
    let about = json!({
        "kind": kind, "requestKind": kind, "resource": asked, "requestResource": asked,
        "subResource": request.subresource, "requestSubResource": request.subresource,
        "name": request.name, "namespace": request.namespace,
        "operation": request.verb.operation(), "dryRun": request.dry_run,
        "userInfo": request.user.map_or(json!({"username": ""}), crate::auth::User::info),
        "options": {"kind": request.options, "apiVersion": "meta.k8s.io/v1"},
    });
    let known = |value: Option<&Value>| value.map_or_else(|| Variable::of(&Value::Null), Variable::of);
    let old = old.filter(|_| request.verb != Verb::Create);
    vec![("object", known(object)), ("oldObject", known(old)), ("request", Variable::of(&about))]
}

/// Whether all `matchConditions` hold; the error names the condition and what went wrong in it.
pub(super) fn conditions_hold(of: &Value, variables: &[(&str, Variable)]) -> Result<bool, String> {
    let mut first = None;
    for condition in items(of, "matchConditions") {
        let expression = text(condition, "expression");
        match evaluate(expression, variables).map(|value| value.evaluated()) {
            Ok(Evaluated::Bool(true)) => {}
            // One that says no counts before any error.
            Ok(Evaluated::Bool(false)) => return Ok(false),
            Ok(_) => first = first.or(Some(format!("cel expression '{expression}' does not evaluate to a bool"))),
            Err(error) => {
                first = first.or(Some(format!("expression '{expression}' resulted in error: {error}")));
            }
        }
    }
    first.map_or(Ok(true), Err)
}

/// Whether an object says that it fails open.
pub(super) fn fails_open(of: &Value) -> bool {
    has(of, "failurePolicy") && text(of, "failurePolicy") == "Ignore"
}
