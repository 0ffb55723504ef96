//! What may be asked of a resource's paths: methods, parameters, bodies.

use serde_json::{Map, Value, json};

use super::schema::{Dialect, Schemas};
use crate::registry::{Resource, Source};

const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const ENCODINGS: [&str; 3] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// Parameters of a list: name and type.
const LIST: [(&str, &str); 10] = [
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];

/// Parameters of what writes.
const WRITE: [(&str, &str); 3] = [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];

/// Parameters of a delete.
const DELETE: [(&str, &str); 5] = [
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
];

/// A path that answers one GET.
pub(super) fn single(path: &str, answer: &str) -> Map<String, Value> {
    let content: Map<String, Value> = ENCODINGS
        .iter()
        .map(|encoding| {
            let schema = json!({"$ref": format!("#/components/schemas/{answer}")});
            ((*encoding).to_owned(), json!({"schema": schema}))
        })
        .collect();
    let get = json!({"responses": {"200": {"description": "OK", "content": content}}});
    Map::from_iter([(format!("/{path}/"), json!({"get": get}))])
}

/// A resource's operations in one version.
struct Operations<'a> {
    resource: &'a Resource,
    version: &'a str,
    /// The OpenAPI name of the kind.
    name: &'a str,
}

/// One operation.
struct Operation<'a> {
    /// `get`, `list`, `post`, …
    action: &'a str,
    /// What is below the object, in camel case.
    below: &'a str,
    namespaced: bool,
    parameters: Vec<(&'a str, &'a str)>,
    /// The kind that is sent.
    body: Option<&'a str>,
    /// The kind that is answered.
    answer: &'a str,
    /// Group, version and kind.
    about: (&'a str, &'a str, &'a str),
}

/// Puts in the paths of a resource.
pub(super) fn describe(
    resource: &Resource,
    version: &str,
    name: &str,
    schemas: &mut Schemas,
    paths: &mut Map<String, Value>,
) {
    let root = match resource.group.as_str() {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let operations = Operations { resource, version, name };
    let within = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let all = format!("{root}{within}/{}", resource.plural);
    let one = format!("{all}/{{name}}");
    let collection = operations.collection(schemas);
    if let (true, Some(list)) = (resource.namespaced, operations.list_everywhere(schemas)) {
        paths.insert(format!("{root}/{}", resource.plural), json!({"get": list}));
    }
    operations.insert(paths, all, collection, &[], schemas);
    operations.insert(paths, one.clone(), operations.object(schemas), &["name"], schemas);
    for sub in resource.subresources(version) {
        let (group, sub_version, kind) = sub.speaks.unwrap_or((&resource.group, version, sub.kind));
        let kind = if kind.is_empty() { &resource.kind } else { kind };
        let type_name = match (&resource.source, sub.speaks) {
            (_, Some((group, version, kind))) => {
                let package = group.split('.').next().unwrap_or_default();
                format!("io.k8s.api.{package}.{version}.{kind}")
            }
            (Source::BuiltIn(_), None) if kind != resource.kind => format!("io.k8s.api.core.v1.{kind}"),
            _ => name.to_owned(),
        };
        // Options of connections have no schema: they are parameters.
        let connects = type_name.ends_with("Options") || sub.name == "log";
        let type_name = if connects { "" } else { type_name.as_str() };
        let mut methods = Map::new();
        for verb in sub.verbs {
            let action = match *verb {
                "create" => "post",
                "update" => "put",
                "deletecollection" => continue,
                verb => verb,
            };
            let operation = Operation {
                action: if connects { "connect" } else { action },
                below: sub.name,
                namespaced: resource.namespaced,
                parameters: if connects || action == "get" { Vec::new() } else { WRITE.to_vec() },
                body: (!connects && action != "get").then_some(type_name),
                answer: type_name,
                about: (group, sub_version, kind),
            };
            methods.insert(action.to_owned(), operations.operation(&operation, action, schemas));
        }
        operations.insert(paths, format!("{one}/{}", sub.name), methods, &["name"], schemas);
    }
}

impl<'a> Operations<'a> {
    fn insert(
        &self,
        paths: &mut Map<String, Value>,
        path: String,
        mut methods: Map<String, Value>,
        also: &[&str],
        schemas: &Schemas,
    ) {
        if methods.is_empty() {
            return;
        }
        let namespace = self.resource.namespaced.then_some("namespace");
        let mut parameters: Vec<Value> = also
            .iter()
            .copied()
            .chain(namespace)
            .map(|name| typed(json!({"name": name, "in": "path", "required": true}), "string", schemas.dialect()))
            .collect();
        parameters.push(parameter(("pretty", "string"), schemas.dialect()));
        methods.insert("parameters".to_owned(), Value::Array(parameters));
        paths.insert(path, Value::Object(methods));
    }

    fn about(&self) -> (&'a str, &'a str, &'a str) {
        (&self.resource.group, self.version, &self.resource.kind)
    }

    fn list(&self, namespaced: bool, schemas: &mut Schemas) -> Value {
        let answer = format!("{}List", self.name);
        let operation = Operation {
            action: "list",
            below: if namespaced == self.resource.namespaced { "" } else { "ForAllNamespaces" },
            namespaced,
            parameters: LIST.to_vec(),
            body: None,
            answer: &answer,
            about: self.about(),
        };
        self.operation(&operation, "get", schemas)
    }

    fn list_everywhere(&self, schemas: &mut Schemas) -> Option<Value> {
        self.resource.allows("list").then(|| self.list(false, schemas))
    }

    fn collection(&self, schemas: &mut Schemas) -> Map<String, Value> {
        let mut methods = Map::new();
        if self.resource.allows("list") {
            methods.insert("get".to_owned(), self.list(self.resource.namespaced, schemas));
        }
        let write = |action, parameters, body, answer| Operation {
            action,
            below: "",
            namespaced: self.resource.namespaced,
            parameters,
            body: Some(body),
            answer,
            about: self.about(),
        };
        if self.resource.allows("create") {
            let operation = write("post", WRITE.to_vec(), self.name, self.name);
            methods.insert("post".to_owned(), self.operation(&operation, "post", schemas));
        }
        if self.resource.allows("deletecollection") {
            let parameters = LIST.iter().chain(&DELETE).copied().collect();
            let operation = write("deletecollection", parameters, DELETE_OPTIONS, STATUS);
            methods.insert("delete".to_owned(), self.operation(&operation, "delete", schemas));
        }
        methods
    }

    fn object(&self, schemas: &mut Schemas) -> Map<String, Value> {
        let mut methods = Map::new();
        for (verb, method) in [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")] {
            if !self.resource.allows(verb) {
                continue;
            }
            let operation = Operation {
                action: method,
                below: "",
                namespaced: self.resource.namespaced,
                parameters: match verb {
                    "get" => Vec::new(),
                    "delete" => DELETE.to_vec(),
                    _ => WRITE.to_vec(),
                },
                body: match verb {
                    "get" => None,
                    "delete" => Some(DELETE_OPTIONS),
                    _ => Some(self.name),
                },
                answer: if verb == "delete" { STATUS } else { self.name },
                about: self.about(),
            };
            methods.insert(method.to_owned(), self.operation(&operation, method, schemas));
        }
        methods
    }

    fn operation(&self, about: &Operation<'_>, method: &str, schemas: &mut Schemas) -> Value {
        let dialect = schemas.dialect();
        let mut parameters: Vec<Value> = about.parameters.iter().map(|each| parameter(*each, dialect)).collect();
        if method == "patch" {
            parameters.push(parameter(("force", "boolean"), dialect));
        }
        let (group, version, kind) = about.about;
        let mut operation = json!({
            "operationId": self.identifier(about),
            "x-kubernetes-action": about.action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        });
        let answer = match about.answer {
            "" => json!({"type": "string"}),
            name => self.reference(name, schemas),
        };
        let codes: &[&str] = match about.action {
            "post" => &["200", "201", "202"],
            "put" | "patch" => &["200", "201"],
            _ => &["200"],
        };
        let body = about.body.map(|name| if method == "patch" { PATCH } else { name });
        let body = body.map(|name| self.reference(name, schemas));
        let media: &[&str] = match (method, &self.resource.source) {
            ("patch", Source::BuiltIn(_)) => &[
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/strategic-merge-patch+json",
                "application/apply-patch+yaml",
                "application/apply-patch+cbor",
            ],
            ("patch", Source::Custom(_)) => {
                &["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
            }
            _ => &ENCODINGS,
        };
        match dialect {
            Dialect::V3 => {
                let content = |schema: &Value, media: &[&str]| -> Map<String, Value> {
                    media.iter().map(|media| ((*media).to_owned(), json!({"schema": schema}))).collect()
                };
                if let Some(body) = body {
                    operation["requestBody"] =
                        json!({"content": content(&body, media), "required": method != "delete"});
                }
                let said = json!({"description": "OK", "content": content(&answer, &ENCODINGS)});
                operation["responses"] = codes.iter().map(|code| ((*code).to_owned(), said.clone())).collect();
            }
            Dialect::V2 => {
                if let Some(body) = body {
                    parameters
                        .push(json!({"name": "body", "in": "body", "schema": body, "required": method != "delete"}));
                    operation["consumes"] = json!(if method == "patch" { media } else { &["*/*"] });
                }
                operation["produces"] = json!(ENCODINGS);
                let said = json!({"description": "OK", "schema": answer});
                operation["responses"] = codes.iter().map(|code| ((*code).to_owned(), said.clone())).collect();
            }
        }
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        operation
    }

    /// A reference to a type; what the definition publishes is there already.
    fn reference(&self, name: &str, schemas: &mut Schemas) -> Value {
        let own = matches!(self.resource.source, Source::Custom(_)) && name.starts_with(self.name);
        if own { schemas.reference_to(name) } else { schemas.reference(name) }
    }

    /// `listCoreV1NamespacedConfigMap`
    fn identifier(&self, about: &Operation<'_>) -> String {
        let verb = match about.action {
            "get" => "read",
            "post" => "create",
            "put" => "replace",
            "deletecollection" => "deleteCollection",
            other => other,
        };
        let group = match self.resource.group.as_str() {
            "" => "core".to_owned(),
            group if group.ends_with(".k8s.io") => camel(group.trim_end_matches(".k8s.io")),
            group => camel(group),
        };
        let group = capital(&group);
        let (kind, version) = (&self.resource.kind, capital(self.version));
        let namespaced = if about.namespaced { "Namespaced" } else { "" };
        format!("{verb}{group}{version}{namespaced}{kind}{}", capital(about.below))
    }
}

fn camel(text: &str) -> String {
    let mut parts = text.split(['.', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &capital(part))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A parameter of the query.
fn parameter((name, kind): (&str, &str), dialect: Dialect) -> Value {
    typed(json!({"name": name, "in": "query"}), kind, dialect)
}

fn typed(mut parameter: Value, kind: &str, dialect: Dialect) -> Value {
    let schema = json!({"type": kind, "uniqueItems": true});
    match dialect {
        Dialect::V3 => parameter["schema"] = schema,
        Dialect::V2 => {
            parameter["type"] = json!(kind);
            parameter["uniqueItems"] = json!(true);
        }
    }
    parameter
}
