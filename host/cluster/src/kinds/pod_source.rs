//! What an environment variable or a file of a volume takes its value from.

use serde_json::Value;

use super::labels::form;
use super::name;
use super::pod_path::not_reserved;
use crate::invalid::Invalid;
use crate::object::{at, has, int, text};
use crate::path::Path;

const ENVIRONMENT: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const FILES: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// `valueFrom` of an environment variable.
pub(super) fn environment_value(variable: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let source = at(variable, "valueFrom");
    if source.is_null() {
        return;
    }
    let mut sources = 0;
    for kind in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        if !has(source, kind) {
            continue;
        }
        sources += 1;
        let (reference, path) = (at(source, kind), path.child(kind));
        match kind {
            "fieldRef" => field(reference, ENVIRONMENT, &path, errors),
            "resourceFieldRef" => resource(reference, false, &path, errors),
            "fileKeyRef" => {
                for field in ["key", "volumeName", "path"].into_iter().filter(|field| text(reference, field).is_empty())
                {
                    errors.push(Invalid::required(path.child(field), ""));
                }
                errors.extend(not_reserved(text(reference, "path"), &path.child("path")));
            }
            _ => {
                errors.extend(form(&path.child("name"), text(reference, "name"), name::subdomain));
                match text(reference, "key") {
                    "" => errors.push(Invalid::required(path.child("key"), "")),
                    key => errors.extend(form(&path.child("key"), key, name::config_map_key)),
                }
            }
        }
    }
    let detail = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if !text(variable, "value").is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(Invalid::invalid(path, &Value::from(""), detail));
}

/// A field of the Pod.
fn field(reference: &Value, known: &[&str], path: &Path, errors: &mut Vec<Invalid>) {
    for required in ["apiVersion", "fieldPath"] {
        if text(reference, required).is_empty() {
            return errors.push(Invalid::required(path.child(required), ""));
        }
    }
    let (version, expression) = (text(reference, "apiVersion"), text(reference, "fieldPath"));
    let refuse = |why: String| {
        let detail = format!("error converting fieldPath: {why}");
        Invalid::invalid(path.child("fieldPath"), &Value::from(expression), detail)
    };
    if version != "v1" {
        return errors.push(refuse(format!("unsupported pod version: {version}")));
    }
    if let Some((name, key)) = expression.strip_suffix("']").and_then(|it| it.split_once("['")) {
        match name {
            "metadata.annotations" => errors.extend(form(path, &key.to_lowercase(), name::qualified_name)),
            "metadata.labels" => errors.extend(form(path, key, name::qualified_name)),
            _ => errors.push(refuse(format!("field label does not support subscript: {name}"))),
        }
        return;
    }
    let convertible = ENVIRONMENT.contains(&expression)
        || FILES.contains(&expression)
        || matches!(expression, "spec.restartPolicy" | "spec.schedulerName" | "status.phase" | "spec.host");
    if !convertible {
        errors.push(refuse(format!("field label not supported: {expression}")));
    } else if !known.contains(&expression) {
        errors.push(Invalid::not_supported(path.child("fieldPath"), &Value::from(expression), known));
    }
}

/// What a container may use of a resource.
fn resource(reference: &Value, volume: bool, path: &Path, errors: &mut Vec<Invalid>) {
    let name = text(reference, "resource");
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if volume && text(reference, "containerName").is_empty() {
        errors.push(Invalid::required(path.child("containerName"), ""));
    } else if name.is_empty() {
        errors.push(Invalid::required(path.child("resource"), ""));
    } else if !RESOURCES.contains(&name) && !huge {
        errors.push(Invalid::not_supported(path.child("resource"), &Value::from(name), RESOURCES));
    }
    let divisor = text(reference, "divisor");
    let bytes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let (fits, detail): (bool, &str) = match name {
        _ if matches!(divisor, "" | "0") => return,
        "limits.cpu" | "requests.cpu" => {
            let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
            (matches!(divisor, "1m" | "1"), detail)
        }
        "limits.memory" | "requests.memory" => (
            bytes.contains(&divisor),
            "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory \
             resource",
        ),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (
            bytes.contains(&divisor),
            "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local \
             ephemeral storage resource",
        ),
        _ if huge => (
            bytes.contains(&divisor),
            "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the \
             hugepages resource",
        ),
        _ => return,
    };
    if !fits {
        errors.push(Invalid::invalid(path.child("divisor"), &Value::from(name), detail));
    }
}

/// Permissions of a file: up to 0777.
pub(super) fn mode(path: Path, mode: Option<i64>) -> Option<Invalid> {
    let mode = mode.filter(|mode| !(0..=0o777).contains(mode))?;
    let detail = "must be a number between 0 and 0777 (octal), both inclusive";
    Some(Invalid::invalid(path, &Value::from(mode), detail))
}

/// A file made of a key of a ConfigMap or a Secret.
pub(super) fn key_to_path(item: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    for field in ["key", "path"].into_iter().filter(|field| text(item, field).is_empty()) {
        errors.push(Invalid::required(path.child(field), ""));
    }
    errors.extend(not_reserved(text(item, "path"), &path.child("path")));
    errors.extend(mode(path.child("mode"), int(item, "mode")));
}

/// A file made of a field of the Pod.
pub(super) fn downward_file(file: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    if text(file, "path").is_empty() {
        errors.push(Invalid::required(path.child("path"), ""));
    }
    errors.extend(not_reserved(text(file, "path"), &path.child("path")));
    match (has(file, "fieldRef"), has(file, "resourceFieldRef")) {
        (true, both) => {
            field(at(file, "fieldRef"), FILES, &path.child("fieldRef"), errors);
            if both {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(Invalid::invalid(path, &Value::from("resource"), detail));
            }
        }
        (false, true) => resource(at(file, "resourceFieldRef"), true, &path.child("resourceFieldRef"), errors),
        (false, false) => errors.push(Invalid::required(path, "one of fieldRef and resourceFieldRef is required")),
    }
    errors.extend(mode(path.child("mode"), int(file, "mode")));
}
