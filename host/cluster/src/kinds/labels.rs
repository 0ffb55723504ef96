//! Labels and annotations, and the selectors that objects carry (`metav1.LabelSelector`).

use serde_json::Value;

use super::name;
use crate::invalid::Invalid;
use crate::object::{at, count, entries, has, items, text};
use crate::path::Path;

/// A field that is to be of a form: what is wrong with it.
pub(crate) fn form(path: &Path, value: &str, check: fn(&str) -> Vec<String>) -> impl Iterator<Item = Invalid> {
    let (path, value) = (path.clone(), Value::from(value));
    check(value.as_str().unwrap_or_default()).into_iter().map(move |said| Invalid::invalid(&path, &value, said))
}

/// What is wrong with labels.
pub(crate) fn labels(labels: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        errors.extend(form(path, key, name::qualified_name));
        errors.extend(form(path, value.as_str().unwrap_or_default(), name::label_value));
    }
    errors
}

/// What is wrong with annotations; all of them together have at most 256 KiB.
pub(crate) fn annotations(annotations: &Value, path: &Path) -> Vec<Invalid> {
    const MOST: usize = 256 * 1024;
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        // The key's case is not looked at, though it is kept.
        for said in name::qualified_name(&key.to_lowercase()) {
            errors.push(Invalid::invalid(path, &Value::from(key.as_str()), said));
        }
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > MOST {
        errors.push(Invalid::too_long(path, MOST));
    }
    errors
}

/// What is wrong with a selector.
pub(crate) fn label_selector(selector: &Value, path: &Path) -> Vec<Invalid> {
    if selector.is_null() {
        return Vec::new();
    }
    let mut errors = labels(at(selector, "matchLabels"), &path.child("matchLabels"));
    for (index, requirement) in items(selector, "matchExpressions").iter().enumerate() {
        let path = path.child("matchExpressions").index(index);
        let values = items(requirement, "values");
        match text(requirement, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(Invalid::required(path.child("values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(Invalid::forbidden(path.child("values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            operator => {
                let operator = Value::from(operator);
                errors.push(Invalid::invalid(path.child("operator"), &operator, "not a valid selector operator"));
            }
        }
        errors.extend(form(&path.child("key"), text(requirement, "key"), name::qualified_name));
        for (index, value) in values.iter().enumerate() {
            let path = path.child("values").index(index);
            errors.extend(form(&path, value.as_str().unwrap_or_default(), name::label_value));
        }
    }
    errors
}

/// Whether a selector says nothing, and so matches everything.
pub(crate) fn is_empty(selector: &Value) -> bool {
    !selector.is_null() && count(selector, "matchLabels") + count(selector, "matchExpressions") == 0
}

/// Whether a selector can be compiled at all (`LabelSelectorAsSelector` has no error).
pub(crate) fn compiles(selector: &Value) -> bool {
    entries(selector, "matchLabels").all(|(key, value)| {
        name::qualified_name(key).is_empty() && name::label_value(value.as_str().unwrap_or_default()).is_empty()
    }) && items(selector, "matchExpressions").iter().all(|requirement| {
        let values = items(requirement, "values");
        let fits = match text(requirement, "operator") {
            "In" | "NotIn" => !values.is_empty(),
            "Exists" | "DoesNotExist" => values.is_empty(),
            _ => false,
        };
        let right = |value: &Value| name::label_value(value.as_str().unwrap_or_default()).is_empty();
        fits && name::qualified_name(text(requirement, "key")).is_empty() && values.iter().all(right)
    })
}

/// Whether labels are selected. No selector (`null`) selects nothing, an empty one everything.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let all = entries(selector, "matchLabels").all(|(key, value)| labels.get(key) == Some(value));
    all && items(selector, "matchExpressions").iter().all(|requirement| {
        let key = text(requirement, "key");
        let is_in = || items(requirement, "values").contains(at(labels, key));
        match text(requirement, "operator") {
            "In" => has(labels, key) && is_in(),
            "NotIn" => !has(labels, key) || !is_in(),
            "Exists" => has(labels, key),
            "DoesNotExist" => !has(labels, key),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_select() {
        let labels = json!({"app": "web", "tier": "front"});
        let cases = [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "web"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}), false),
            (json!({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["web"]}]}), true),
            (json!({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}), true),
        ];
        for (selector, expect) in cases {
            assert_eq!(selects(&selector, &labels), expect, "{selector}");
        }
    }

    #[test]
    fn selectors_are_checked() {
        let selector = json!({"matchLabels": {"a b": "c"}, "matchExpressions": [
            {"key": "k", "operator": "In"}, {"key": "k", "operator": "Exists", "values": ["v"]}, {"key": "k", "operator": "is"},
        ]});
        let errors = label_selector(&selector, &Path::new("spec.selector"));
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4);
        assert!(said[0].starts_with("spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of"));
        assert_eq!(
            said[1..],
            [
                "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                "spec.selector.matchExpressions[2].operator: Invalid value: \"is\": not a valid selector operator",
            ]
        );
        assert!(!compiles(&selector));
    }
}
