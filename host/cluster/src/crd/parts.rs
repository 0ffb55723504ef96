//! The rules for names, subresources and printer columns of definitions.

use serde_json::Value;

use crate::invalid::Invalid;
use crate::kinds::name::dns1035;
use crate::object::{at, items, text};

/// What is wrong with names, asked for or accepted.
pub(super) fn validate_names(names: &Value, path: &str) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (key, mixed) in [("plural", false), ("singular", false), ("kind", true), ("listKind", true)] {
        let name = text(names, key);
        if name.is_empty() {
            continue;
        }
        let wrong = if mixed { dns1035(&name.to_lowercase()) } else { dns1035(name) };
        if !wrong.is_empty() {
            let lead = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
            let detail = format!("{lead}{}", wrong.join(","));
            errors.push(Invalid::invalid(format!("{path}.{key}"), &name.into(), detail));
        }
    }
    let mut list = |key: &str| {
        for (index, name) in items(names, key).iter().enumerate() {
            let wrong = dns1035(name.as_str().unwrap_or_default());
            if !wrong.is_empty() {
                errors.push(Invalid::invalid(format!("{path}.{key}[{index}]"), name, wrong.join(",")));
            }
        }
    };
    list("shortNames");
    list("categories");
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        // Said between the short names and the categories.
        let place = errors.iter().position(|error| error.path.starts_with(&format!("{path}.categories")));
        let same = Invalid::invalid(format!("{path}.listKind"), &kind.into(), "kind and listKind may not be the same");
        errors.insert(place.unwrap_or(errors.len()), same);
    }
    errors
}

/// What is wrong with the paths of the `scale` subresource.
pub(super) fn validate_subresources(subresources: Option<&Value>, path: &str, errors: &mut Vec<Invalid>) {
    let scale = subresources.map_or(&Value::Null, |subresources| at(subresources, "scale"));
    if !scale.is_object() {
        return;
    }
    let mut check = |key: &str, required: bool, heads: &[&str], detail: &str| {
        let (value, path) = (text(scale, key), format!("{path}.scale.{key}"));
        if value.is_empty() {
            if required {
                errors.push(Invalid::required(path, ""));
            }
        } else if !value.starts_with('.') {
            errors.push(Invalid::invalid(path, &value.into(), "must be a simple json path starting with ."));
        } else if !heads.iter().any(|head| value.starts_with(head)) {
            errors.push(Invalid::invalid(path, &value.into(), detail));
        }
    };
    check("specReplicasPath", true, &[".spec."], "should be a json path under .spec");
    check("statusReplicasPath", true, &[".status."], "should be a json path under .status");
    check("labelSelectorPath", false, &[".spec.", ".status."], "should be a json path under either .spec or .status");
}

/// What is wrong with a printer column.
pub(super) fn validate_column(column: &Value, path: &str, errors: &mut Vec<Invalid>) {
    let types = ["boolean", "date", "integer", "number", "string"];
    let formats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    if text(column, "name").is_empty() {
        errors.push(Invalid::required(format!("{path}.name"), ""));
    }
    let kind = text(column, "type");
    let detail = format!("must be one of {}", types.join(","));
    if kind.is_empty() {
        errors.push(Invalid::required(format!("{path}.type"), detail));
    } else if !types.contains(&kind) {
        errors.push(Invalid::invalid(format!("{path}.type"), &kind.into(), detail));
    }
    let format = text(column, "format");
    if !format.is_empty() && !formats.contains(&format) {
        let detail = format!("must be one of {}", formats.join(","));
        errors.push(Invalid::invalid(format!("{path}.format"), &format.into(), detail));
    }
    let json_path = text(column, "jsonPath");
    let path = format!("{path}.JSONPath");
    if json_path.is_empty() {
        errors.push(Invalid::required(path, ""));
    } else if !json_path.starts_with('.') {
        errors.push(Invalid::invalid(path, &json_path.into(), "must be a simple json path starting with ."));
    }
}
