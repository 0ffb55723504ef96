//! Writes the facts of built-in types, `src/schema/facts`, anew.
//!
//! `cargo run -p maps-cluster --example facts -- DEFINITIONS OUT PROGRAM...`
//!
//! `DEFINITIONS` is a JSON file of OpenAPI definitions with Kubernetes' extensions, below `$defs` or
//! `definitions`, such as `_definitions.json` of the package `kubernetes-validate` on PyPI. Each `PROGRAM` is a Go
//! program that knows the types, such as kubectl or helm; the later ones count more. `OUT` is a folder.

// This is a script: what it does goes to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod go;

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

use go::{Program, Type, kind};
use serde_json::{Map, Value};

const HEAD: &str = "\
# Facts about the API types of Kubernetes 1.36: what fields they have, and how these are decoded, encoded and merged.
# Where they are from: the published OpenAPI definitions of 1.36 (names, types, required, list and map types, patch
# strategies) and the types that Kubernetes' Go clients are compiled from (omitempty, pointers, Go's type names).
#
# A type begins at the margin, with its name, then: `atomic` (one owner), `retain-keys` (as its patch strategy),
# `kind=GROUP/VERSION/KIND`. Its fields follow in the order in which Go encodes them, each with its type and flags.
# Types: string bytes int32 int64 float bool intstr quantity time microtime duration any, `[]T`, `{}T` (a map),
# another type (of the same package by its bare name); `:N` is the Go name of a named scalar.
# Flags: `!` required; `~` a zero value is omitted; `zero`/`null` is written when absent; `set`, `map=KEYS` list
# types (atomic otherwise); `patch[=KEY]` merged by strategic merge patches; `atomic` a map or object with one owner;
# `default=V` completes a list key; `go=T` the Go type, where it does not follow.
";

/// Packages of `k8s.io/api` that are served.
const SERVED: [&str; 20] = [
    "admissionregistration.v1",
    "apps.v1",
    "authentication.v1",
    "authorization.v1",
    "autoscaling.v1",
    "autoscaling.v2",
    "batch.v1",
    "certificates.v1",
    "coordination.v1",
    "core.v1",
    "discovery.v1",
    "events.v1",
    "flowcontrol.v1",
    "networking.v1",
    "node.v1",
    "policy.v1",
    "rbac.v1",
    "resource.v1",
    "scheduling.v1",
    "storage.v1",
];

/// Packages elsewhere: in OpenAPI, in the facts, in Go.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
        "apiextensions.v1",
        "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
    ),
    (
        "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
        "apiregistration.v1",
        "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
    ),
    ("io.k8s.apimachinery.pkg.apis.meta.v1", "meta.v1", "k8s.io/apimachinery/pkg/apis/meta/v1"),
    ("io.k8s.apimachinery.pkg.runtime", "runtime", "k8s.io/apimachinery/pkg/runtime"),
    ("io.k8s.apimachinery.pkg.version", "version", "k8s.io/apimachinery/pkg/version"),
];

/// Types that encode themselves: in OpenAPI, in the facts, in Go.
const SPECIAL: [(&str, &str, &str); 12] = [
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", "time", "v1.Time"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "microtime", "v1.MicroTime"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "duration", "v1.Duration"),
    ("io.k8s.apimachinery.pkg.api.resource.Quantity", "quantity", "resource.Quantity"),
    ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", "intstr", "intstr.IntOrString"),
    ("io.k8s.apimachinery.pkg.runtime.RawExtension", "any", "runtime.RawExtension"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "any", "v1.FieldsV1"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Patch", "any", "v1.Patch"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "any", "v1.JSON"),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
        "any",
        "v1.JSONSchemaPropsOrArray",
    ),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
        "any",
        "v1.JSONSchemaPropsOrBool",
    ),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
        "any",
        "v1.JSONSchemaPropsOrStringArray",
    ),
];

/// Scalars behind pointers that no program at hand has yet.
const POINTERS: [&str; 2] =
    ["io.k8s.api.core.v1.ResourceHealth.message", "io.k8s.api.storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing"];

/// Types that a strategic merge patch clears of what it does not name, and fields with a default that completes
/// the key of their list.
const RETAIN_KEYS: [&str; 2] = ["io.k8s.api.apps.v1.DeploymentStrategy", "io.k8s.api.core.v1.Volume"];
const DEFAULTS: [(&str, &str); 2] =
    [("io.k8s.api.core.v1.ContainerPort.protocol", "TCP"), ("io.k8s.api.core.v1.ServicePort.protocol", "TCP")];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [definitions, out, programs @ ..] if !programs.is_empty() => run(definitions, out, programs),
        _ => Err("usage: facts DEFINITIONS OUT PROGRAM...".to_owned()),
    };
    match done {
        Ok(count) => {
            println!("{count} types");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(definitions: &str, out: &str, programs: &[String]) -> Result<usize, String> {
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let document: Value =
        serde_json::from_slice(&read(definitions)?).map_err(|error| format!("{definitions}: {error}"))?;
    let definitions = document.get("$defs").or_else(|| document.get("definitions")).and_then(Value::as_object);
    let definitions = definitions.ok_or("no definitions are there")?;
    let mut known = Vec::new();
    for path in programs {
        known.push(Program::read(read(path)?).ok_or_else(|| format!("{path} is no Go program that can be read"))?);
    }
    let mut types: HashMap<(&str, &str), (&Program, &Type)> = HashMap::new();
    for program in &known {
        for each in program.structs() {
            let name = each.name.rsplit('.').next().unwrap_or_default();
            types.insert((each.package.as_str(), name), (program, each));
        }
    }
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for (name, definition) in definitions {
        let Some((package, short)) = name.rsplit_once('.') else { continue };
        let Some((facts, go)) = packages(package) else { continue };
        if SPECIAL.iter().any(|(each, ..)| each == name) {
            continue;
        }
        // A version that the programs do not have yet is mostly like the one before.
        let before = format!("{go}beta1");
        let found = types.get(&(go.as_str(), short)).or_else(|| types.get(&(before.as_str(), short)));
        let block = block(name, &format!("{facts}.{short}"), definition, found.copied());
        files.entry(file(facts)).or_default().push(block);
        count += 1;
    }
    for (file, mut blocks) in files {
        blocks.sort();
        let path = format!("{out}/{file}.txt");
        std::fs::write(&path, format!("{HEAD}\n{}", blocks.join("\n"))).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(count)
}

/// A package's name in the facts and in Go, if it is served.
fn packages(package: &str) -> Option<(&str, String)> {
    if let Some((_, facts, go)) = ELSEWHERE.iter().find(|(each, ..)| *each == package) {
        return Some((facts, (*go).to_owned()));
    }
    let facts = package.strip_prefix("io.k8s.api.").filter(|facts| SERVED.contains(facts))?;
    Some((facts, format!("k8s.io/api/{}", facts.replace('.', "/"))))
}

/// The file that a package is in.
fn file(facts: &str) -> &'static str {
    match facts.split('.').next().unwrap_or_default() {
        "core" => "core",
        "resource" => "resource",
        "storage" => "storage",
        "meta" | "runtime" | "version" => "meta",
        "admissionregistration" | "apiextensions" | "apiregistration" => "admission",
        "apps" | "autoscaling" | "batch" | "policy" | "scheduling" => "workloads",
        _ => "groups",
    }
}

/// A field as Go has it.
struct GoField<'a> {
    name: String,
    options: Vec<&'a str>,
    of: &'a Type,
    program: &'a Program,
}

/// The fields of a struct by their JSON names, in the order of the struct, embedded ones among them.
fn fields<'a>(program: &'a Program, of: &'a Type) -> Vec<GoField<'a>> {
    let mut found: Vec<GoField<'a>> = Vec::new();
    for field in &of.fields {
        let Some(of) = program.get(field.at) else { continue };
        let tag = field.tagged("json").unwrap_or_else(|| vec![&field.name]);
        let new = match tag.as_slice() {
            ["-"] => Vec::new(),
            ["", ..] if field.embedded => fields(program, program.behind(of)),
            [name, options @ ..] => {
                vec![GoField { name: (*name).to_owned(), options: options.to_vec(), of, program }]
            }
            [] => Vec::new(),
        };
        for field in new {
            if found.iter().all(|before| before.name != field.name) {
                found.push(field);
            }
        }
    }
    found
}

/// A type with its fields.
fn block(name: &str, head: &str, definition: &Value, go: Option<(&Program, &Type)>) -> String {
    let package = name.rsplit_once('.').map_or("", |(package, _)| package);
    let mut text = head.to_owned();
    if definition["x-kubernetes-map-type"] == "atomic" {
        text.push_str(" atomic");
    }
    if RETAIN_KEYS.contains(&name) {
        text.push_str(" retain-keys");
    }
    if let Some([kind]) = definition["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice) {
        let part = |name: &str| kind[name].as_str().unwrap_or_default();
        text.push_str(&format!(" kind={}/{}/{}", part("group"), part("version"), part("kind")));
    }
    text.push('\n');
    let none = Map::new();
    let properties = definition["properties"].as_object().unwrap_or(&none);
    let go = go.map_or_else(Vec::new, |(program, of)| fields(program, of));
    let mut ordered: Vec<_> = properties.iter().collect();
    let place = |name: &str| go.iter().position(|field| field.name == name).unwrap_or(usize::MAX);
    ordered.sort_by_key(|(name, _)| place(name));
    for (field, schema) in ordered {
        let required = definition["required"].as_array().is_some_and(|list| list.iter().any(|each| each == field));
        let known = go.iter().find(|known| known.name == *field);
        text.push_str(&line(&format!("{name}.{field}"), package, schema, required, known));
    }
    text
}

fn line(path: &str, package: &str, schema: &Value, required: bool, go: Option<&GoField<'_>>) -> String {
    let mut token = token(schema, package);
    let mut name = None;
    let absent = match go {
        Some(go) => {
            let behind = go.program.behind(go.of);
            let go_name = behind.name.replace("v1beta1.", "v1.").replace(' ', "_");
            if go_name == "v1.Duration" {
                "duration".clone_into(&mut token);
            }
            let is_scalar = matches!(behind.kind, kind::STRING | kind::INT32 | kind::INT64 | kind::BOOL);
            if is_scalar && behind.name.contains('.') {
                token = format!("{token}:{go_name}");
            }
            let follows = token.split_once(':').map(|(_, name)| name.to_owned()).or_else(|| follows(&token, package));
            name = follows.filter(|follows| *follows != go_name).map(|_| go_name);
            absent(&go.options, go.of)
        }
        None => guessed(path, &token, required),
    };
    let mut words = vec![path.rsplit('.').next().unwrap_or_default().to_owned(), token.clone()];
    words.extend(required.then(|| "!".to_owned()));
    words.extend((!absent.is_empty()).then(|| absent.to_owned()));
    let text = |name: &str| schema[name].as_str();
    if token.starts_with("[]") {
        match text("x-kubernetes-list-type") {
            Some("set") => words.push("set".to_owned()),
            Some("map") => {
                let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                let keys: Vec<_> = keys.filter_map(Value::as_str).collect();
                words.push(format!("map={}", keys.join(",")));
            }
            _ => {}
        }
        if text("x-kubernetes-patch-strategy").is_some_and(|strategy| strategy.split(',').any(|each| each == "merge")) {
            let key = text("x-kubernetes-patch-merge-key");
            words.push(key.map_or_else(|| "patch".to_owned(), |key| format!("patch={key}")));
        }
    }
    if text("x-kubernetes-map-type") == Some("atomic") {
        words.push("atomic".to_owned());
    }
    words.extend(DEFAULTS.iter().find(|(each, _)| *each == path).map(|(_, value)| format!("default={value}")));
    words.extend(name.map(|name| format!("go={name}")));
    format!("  {}\n", words.join(" "))
}

/// A type as the facts write it.
fn token(schema: &Value, package: &str) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        if let Some((_, token, _)) = SPECIAL.iter().find(|(each, ..)| *each == name) {
            return (*token).to_owned();
        }
        let (of, short) = name.rsplit_once('.').unwrap_or(("", name));
        return match packages(of) {
            Some((facts, _)) if of != package => format!("{facts}.{short}"),
            _ => short.to_owned(),
        };
    }
    // Definitions for validators let everything be null.
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    let format = schema["format"].as_str();
    match (kind, format) {
        (Some("array"), _) => format!("[]{}", token(&schema["items"], package)),
        (Some("object"), _) => match schema.get("additionalProperties") {
            Some(values) => format!("{{}}{}", token(values, package)),
            None => "any".to_owned(),
        },
        (Some("string"), Some("byte")) => "bytes".to_owned(),
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("string"), _) => "string".to_owned(),
        (Some("integer"), format) => format.unwrap_or("int64").to_owned(),
        (Some("number"), _) => "float".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        _ => "any".to_owned(),
    }
}

/// The Go type that a token stands for by itself; none where it does not tell.
fn follows(token: &str, package: &str) -> Option<String> {
    if let Some(items) = token.strip_prefix("[]") {
        return Some(format!("[]{}", follows(items, package)?));
    }
    if let Some(values) = token.strip_prefix("{}") {
        return Some(format!("map[string]{}", follows(values, package)?));
    }
    let name = match token {
        "any" => return None,
        "string" | "int32" | "int64" | "bool" => token.to_owned(),
        "bytes" => "[]uint8".to_owned(),
        "float" => "float64".to_owned(),
        _ => match SPECIAL.iter().find(|(_, each, _)| *each == token) {
            Some((.., go)) => (*go).to_owned(),
            None => {
                let package = token.rsplit_once('.').map_or(package, |(package, _)| package);
                let version = package.rsplit('.').next().unwrap_or_default();
                format!("{version}.{}", token.rsplit('.').next().unwrap_or_default())
            }
        },
    };
    Some(name)
}

/// What Go's encoder does with a zero value.
fn absent(options: &[&str], of: &Type) -> &'static str {
    let (empty, zero) = (options.contains(&"omitempty"), options.contains(&"omitzero"));
    match of.kind {
        kind::POINTER | kind::INTERFACE => {
            if empty || zero {
                ""
            } else {
                "null"
            }
        }
        kind::SLICE | kind::MAP => {
            if empty {
                "~"
            } else {
                "null"
            }
        }
        kind::STRUCT if zero => "~",
        kind::STRUCT => match SPECIAL.iter().find(|(.., go)| *go == of.name) {
            Some((_, "time" | "microtime" | "any", _)) => "null",
            _ => "zero",
        },
        _ => {
            if empty || zero {
                "~"
            } else {
                "zero"
            }
        }
    }
}

/// The same for what no program at hand has: by the habits of the API.
fn guessed(path: &str, token: &str, required: bool) -> &'static str {
    let is_list = token.starts_with("[]") || token.starts_with("{}") || token == "bytes";
    let is_scalar = matches!(token, "string" | "int32" | "int64" | "bool" | "float");
    match path.rsplit('.').next() {
        _ if POINTERS.contains(&path) => "",
        Some("metadata") => "zero",
        Some("spec" | "status") if !is_list && !is_scalar => "zero",
        _ if is_list => {
            if required {
                "null"
            } else {
                "~"
            }
        }
        _ if token == "time" => "null",
        _ if required => "zero",
        _ if is_scalar => "~",
        _ => "",
    }
}
