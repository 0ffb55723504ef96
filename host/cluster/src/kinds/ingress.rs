//! Ingresses and their classes.

use serde_json::{Value, json};

use super::labels::form;
use super::{field, ip, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// `Ingress`
#[derive(Debug)]
pub(crate) struct Ingress;

impl Behaviour for Ingress {
    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({"loadBalancer": {}}));
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = spec(object);
        let annotation = field::map(object, "/metadata/annotations").get(CLASS_ANNOTATION);
        let class = object.pointer("/spec/ingressClassName");
        if let (Some(annotation), Some(class)) = (annotation, class)
            && annotation != class
        {
            let detail = "must match `ingressClassName` when both are specified";
            errors.push(Invalid::invalid(Path::new("annotations").child(CLASS_ANNOTATION), annotation, detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, true, &name::subdomain);
        errors.extend(spec(object));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        for (index, ingress) in field::list(object, "/status/loadBalancer/ingress").iter().enumerate() {
            let path = Path::new("status.loadBalancer.ingress").index(index);
            let (address, host) = (field::text(ingress, "/ip"), field::text(ingress, "/hostname"));
            if !address.is_empty() {
                errors.extend(ip::valid(&path.child("ip"), address));
            }
            if !host.is_empty() {
                errors.extend(form(&path.child("hostname"), host, name::subdomain));
                errors.extend(no_address(host, &path.child("hostname")));
            }
        }
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let annotated = field::map(object, "/metadata/annotations").contains_key(CLASS_ANNOTATION);
        match old.is_none() && annotated && !field::has(object, "/spec/ingressClassName") {
            true => {
                let better = "spec.ingressClassName";
                vec![format!("annotation {CLASS_ANNOTATION:?} is deprecated, please use '{better}' instead")]
            }
            false => Vec::new(),
        }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn no_address(host: &str, path: &Path) -> Option<Invalid> {
    ip::parse(host).map(|_| Invalid::invalid(path, &json!(host), "must be a DNS name, not an IP address"))
}

/// A host, with a wildcard or without.
fn host_name(host: &str, path: &Path) -> Vec<Invalid> {
    match host.contains('*') {
        true => form(path, host, name::wildcard_subdomain).collect(),
        false => form(path, host, name::subdomain).collect(),
    }
}

fn spec(object: &Value) -> Vec<Invalid> {
    let path = Path::new("spec");
    let rules = field::list(object, "/spec/rules");
    let mut errors = Vec::new();
    match object.pointer("/spec/defaultBackend").filter(|backend| !backend.is_null()) {
        None if rules.is_empty() => {
            let value = object.pointer("/spec/rules").unwrap_or(&Value::Null);
            errors.push(Invalid::invalid(&path, value, "either `defaultBackend` or `rules` must be specified"));
        }
        None => {}
        Some(default) => errors.extend(backend(default, &path.child("defaultBackend"))),
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.child("rules").index(index);
        let host = field::text(rule, "/host");
        if !host.is_empty() {
            errors.extend(no_address(host, &path.child("host")));
            errors.extend(host_name(host, &path.child("host")));
        }
        if let Some(http) = rule.get("http").filter(|http| !http.is_null()) {
            let path = path.child("http").child("paths");
            let paths = field::list(http, "/paths");
            if paths.is_empty() {
                errors.push(Invalid::required(&path, ""));
            }
            errors.extend(paths.iter().enumerate().flat_map(|(index, http)| http_path(http, &path.index(index))));
        }
    }
    for (index, tls) in field::list(object, "/spec/tls").iter().enumerate() {
        let path = path.child("tls").index(index);
        for (index, host) in field::texts(tls, "/hosts").into_iter().enumerate() {
            errors.extend(host_name(host, &path.child("hosts").index(index)));
        }
        let secret = field::text(tls, "/secretName");
        if !secret.is_empty() {
            errors.extend(form(&path.child("secretName"), secret, name::subdomain));
        }
    }
    if let Some(class) = object.pointer("/spec/ingressClassName").and_then(Value::as_str) {
        errors.extend(form(&path.child("ingressClassName"), class, name::subdomain));
    }
    errors
}

fn http_path(http: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let place = field::text(http, "/path");
    let mut say = |detail: String| errors.push(Invalid::invalid(path.child("path"), &json!(place), detail));
    match http.get("pathType").and_then(Value::as_str) {
        None => return vec![Invalid::required(path.child("pathType"), "pathType must be specified")],
        Some("Exact" | "Prefix") => {
            if !place.starts_with('/') {
                say("must be an absolute path".to_owned());
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| place.contains(part)) {
                say(format!("must not contain '{part}'"));
            }
            for end in ["/..", "/."].into_iter().filter(|end| place.ends_with(end)) {
                say(format!("cannot end with '{end}'"));
            }
        }
        Some("ImplementationSpecific") => {
            if !place.is_empty() && !place.starts_with('/') {
                say("must be an absolute path".to_owned());
            }
        }
        Some(other) => {
            let known = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(Invalid::not_supported(path.child("pathType"), &json!(other), &known));
        }
    }
    errors.extend(backend(http.get("backend").unwrap_or(&Value::Null), &path.child("backend")));
    errors
}

fn backend(backend: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let say = |detail: &str| Invalid::invalid(path, &json!(""), detail);
    match (field::has(backend, "/resource"), field::has(backend, "/service")) {
        (true, true) => errors.push(say("cannot set both resource and service backends")),
        (true, false) => {
            errors.extend(reference(backend.get("resource").unwrap_or(&Value::Null), &path.child("resource")));
        }
        (false, true) => {
            let service = path.child("service");
            match field::text(backend, "/service/name") {
                "" => errors.push(Invalid::required(service.child("name"), "")),
                name => errors.extend(form(&service.child("name"), name, name::label)),
            }
            let port = service.child("port");
            match (field::text(backend, "/service/port/name"), field::int(backend, "/service/port/number")) {
                ("", 0) => errors.push(Invalid::required(path, "port name or number is required")),
                ("", number) => {
                    let wrong = name::port_number(number).into_iter();
                    errors.extend(wrong.map(|said| Invalid::invalid(port.child("number"), &json!(number), said)));
                }
                (name, 0) => errors.extend(form(&port.child("name"), name, name::port_name)),
                _ => errors.push(say("cannot set both port name & port number")),
            }
        }
        (false, false) => errors.push(say("resource or service backend is required")),
    }
    errors
}

/// A reference to an object by group, kind and name.
fn reference(reference: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if let Some(group) = reference.get("apiGroup").and_then(Value::as_str) {
        errors.extend(form(&path.child("apiGroup"), group, name::subdomain));
    }
    for name in ["kind", "name"] {
        match field::text(reference, &format!("/{name}")) {
            "" => errors.push(Invalid::required(path.child(name), "")),
            text => errors.extend(form(&path.child(name), text, name::path_segment)),
        }
    }
    errors
}

/// `IngressClass`
#[derive(Debug)]
pub(crate) struct IngressClass;

impl Behaviour for IngressClass {
    fn default(&self, object: &mut Value) {
        if field::has(object, "/spec/parameters") {
            field::default(object, "/spec/parameters/scope", "Cluster");
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let path = Path::new("spec.controller");
        let mut errors = Vec::new();
        match field::text(object, "/spec/controller") {
            "" => errors.push(Invalid::required(&path, "")),
            controller => {
                if controller.len() > 250 {
                    errors.push(Invalid::too_long(&path, 250));
                }
                let wrong = name::domain_prefixed_path(controller).into_iter();
                errors.extend(wrong.map(|(part, said)| Invalid::invalid(&path, &json!(part), said)));
            }
        }
        if let Some(parameters) = object.pointer("/spec/parameters").filter(|parameters| !parameters.is_null()) {
            errors.extend(class_parameters(parameters, &Path::new("spec.parameters")));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors: Vec<Invalid> =
            metadata::immutable(object, old, "/spec/controller", "spec.controller").into_iter().collect();
        errors.extend(metadata::validate(object, false, &name::subdomain));
        errors.extend(self.validate(object));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}

fn class_parameters(parameters: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = reference(parameters, path);
    let namespace = parameters.get("namespace").and_then(Value::as_str);
    let at = path.child("namespace");
    match (parameters.get("scope").and_then(Value::as_str), namespace) {
        (None, _) => errors.push(Invalid::required(path.child("scope"), "")),
        (Some("Namespace"), None) => {
            errors.push(Invalid::required(at, "`parameters.scope` is set to 'Namespace'"));
        }
        (Some("Namespace"), Some(namespace)) => errors.extend(form(&at, namespace, name::label)),
        (Some("Cluster"), Some(_)) => {
            errors.push(Invalid::forbidden(at, "`parameters.scope` is set to 'Cluster'"));
        }
        (Some("Cluster"), None) => {}
        (Some(other), _) => {
            let known = ["Cluster", "Namespace"];
            errors.push(Invalid::not_supported(path.child("scope"), &json!(other), &known));
        }
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
    fn rules_and_backends() {
        let path = |path: Value| json!({"spec": {"rules": [{"host": "a.b", "http": {"paths": [path]}}]}});
        let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
        let cases = [
            (path(json!({"path": "/", "pathType": "Prefix", "backend": backend})), vec![]),
            (
                json!({"spec": {}}),
                vec!["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
            ),
            (
                path(json!({"path": "/", "backend": backend})),
                vec!["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
            ),
            (
                path(json!({"path": "a//b/..", "pathType": "Exact", "backend": {}})),
                vec![
                    "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": must be an absolute path",
                    "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": must not contain '//'",
                    "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": cannot end with '/..'",
                    "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required",
                ],
            ),
            (
                path(json!({"pathType": "x", "backend": {"service": {"port": {}}}})),
                vec![
                    "spec.rules[0].http.paths[0].pathType: Unsupported value: \"x\": supported values: \"Exact\", \
                     \"ImplementationSpecific\", \"Prefix\"",
                    "spec.rules[0].http.paths[0].backend.service.name: Required value",
                    "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
                ],
            ),
            (
                json!({"spec": {"rules": [{"host": "1.2.3.4"}]}}),
                vec!["spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address"],
            ),
        ];
        for (object, expect) in cases {
            assert_eq!(said(&Ingress.validate(&object)), expect);
        }
        let old_style = json!({"metadata": {"annotations": {CLASS_ANNOTATION: "nginx"}}});
        assert_eq!(
            Ingress.warnings(&old_style, None),
            ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
        );
    }

    #[test]
    fn classes() {
        let mut class =
            json!({"spec": {"controller": "acme", "parameters": {"kind": "K", "name": "n", "namespace": "x"}}});
        IngressClass.default(&mut class);
        assert_eq!(
            said(&IngressClass.validate(&class)),
            [
                "spec.controller: Invalid value: \"acme\": must be a domain-prefixed path (such as \"acme.io/foo\")",
                "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
            ]
        );
    }
}
