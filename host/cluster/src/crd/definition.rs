//! CustomResourceDefinitions as objects: their defaults and their rules.
//!
//! What all versions have alike is held as if it stood once above them, and refused with paths that say so
//! (`spec.validation`): that is what upstream's internal type looks like.

use serde_json::{Value, json};

use super::conditions::{APPROVED, Approval, approval, is_established, is_protected};
use super::conversion;
use super::format;
use super::old::Old;
use super::parts::{validate_column, validate_names, validate_subresources};
use super::props::Props;
use super::rules;
use super::selectable;
use crate::invalid::Invalid;
use crate::kinds::name::{dns1035, subdomain};
use crate::object::{at, flag, items, set, text};
use crate::registry::Behaviour;

/// How CustomResourceDefinitions behave.
#[derive(Debug)]
pub(crate) struct Definitions;

impl Behaviour for Definitions {
    fn default(&self, object: &mut Value) {
        default(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        let stored: Vec<Value> = storage_version(object).into_iter().map(Value::from).collect();
        let status = json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": stored});
        set(object, "status", status);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value) {
        set(object, "status", at(old, "status").clone());
        if let Some(stored) = storage_version(object)
            && let Some(versions) = object.pointer_mut("/status/storedVersions").and_then(Value::as_array_mut)
        {
            let stored = Value::from(stored);
            if !versions.contains(&stored) {
                versions.push(stored);
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        validate_update(object, old)
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        validate_names(at(at(object, "status"), "acceptedNames"), "status.acceptedNames")
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let before = old.map(unknown_formats).unwrap_or_default();
        let new = unknown_formats(object).into_iter().filter(|format| !before.contains(format));
        new.map(|format| format!("unrecognized format {format:?}")).collect()
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

fn storage_version(crd: &Value) -> Option<String> {
    let versions = items(at(crd, "spec"), "versions");
    versions.iter().find(|version| flag(version, "storage")).map(|version| text(version, "name").to_owned())
}

/// Fills in what a definition does not say: the singular and the list's kind, no conversion.
fn default(crd: &mut Value) {
    let stored = storage_version(crd);
    if let Some(spec) = crd.get_mut("spec") {
        let kind = text(at(spec, "names"), "kind").to_owned();
        if let Some(names) = spec.get_mut("names") {
            if text(names, "singular").is_empty() && !kind.is_empty() {
                set(names, "singular", kind.to_lowercase());
            }
            if text(names, "listKind").is_empty() && !kind.is_empty() {
                set(names, "listKind", format!("{kind}List"));
            }
        }
        if !at(spec, "conversion").is_object() {
            set(spec, "conversion", json!({"strategy": "None"}));
        }
        let service = spec.pointer_mut("/conversion/webhook/clientConfig/service");
        if let Some(service) =
            service.filter(|service| service.is_object() && service.get("port").is_none_or(Value::is_null))
        {
            set(service, "port", 443);
        }
    }
    let none = items(at(crd, "status"), "storedVersions").is_empty();
    if let (true, Some(stored), Some(status)) =
        (none, stored, crd.get_mut("status").filter(|status| status.is_object()))
    {
        set(status, "storedVersions", json!([stored]));
    }
}

/// The formats in the schemas of a definition that nobody looks at, each once.
fn unknown_formats(crd: &Value) -> Vec<String> {
    fn walk(schema: &Props, found: &mut Vec<String>) {
        let known = match schema.kind.as_str() {
            "" | "string" => format::is_known(&schema.format),
            "integer" => ["int32", "int64"].contains(&schema.format.as_str()),
            "number" => ["float", "double"].contains(&schema.format.as_str()),
            _ => false,
        };
        if !schema.format.is_empty() && !known && !found.contains(&schema.format) {
            found.push(schema.format.clone());
        }
        schema.children().into_iter().for_each(|(_, child)| walk(child, found));
    }
    let mut found = Vec::new();
    for version in items(at(crd, "spec"), "versions") {
        walk(&Props::read(version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null)), &mut found);
    }
    found
}

/// What is wrong with a new definition, beside its metadata.
fn validate(crd: &Value) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let spec = at(crd, "spec");
    let (name, wanted) =
        (text(at(crd, "metadata"), "name"), format!("{}.{}", text(at(spec, "names"), "plural"), text(spec, "group")));
    if name != wanted {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(Invalid::invalid("metadata.name", &name.into(), detail));
    }
    validate_spec(spec, &Old::default(), true, &mut errors);
    validate_rest(crd, &mut errors);
    approved(crd, None, &mut errors);
    if flag(spec, "preserveUnknownFields") {
        errors.push(preserved());
    }
    errors
}

fn preserved() -> Invalid {
    let detail =
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    Invalid::invalid("spec.preserveUnknownFields", &true.into(), detail)
}

/// What is wrong with a change of a definition; what an old one did wrong it may go on doing.
fn validate_update(crd: &Value, old: &Value) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let (spec, old_spec) = (at(crd, "spec"), at(old, "spec"));
    let established = is_established(old);
    validate_spec(spec, &Old::read(spec, old_spec), !established, &mut errors);
    let immutable = |pointer: &str, path: &str, errors: &mut Vec<Invalid>| {
        let (new, old) =
            (spec.pointer(pointer).unwrap_or(&Value::Null), old_spec.pointer(pointer).unwrap_or(&Value::Null));
        if new != old {
            errors.push(Invalid::invalid(path, new, "field is immutable"));
        }
    };
    if established {
        immutable("/scope", "spec.scope", &mut errors);
        immutable("/names/kind", "spec.names.kind", &mut errors);
    }
    immutable("/group", "spec.group", &mut errors);
    immutable("/names/plural", "spec.names.plural", &mut errors);
    validate_rest(crd, &mut errors);
    approved(crd, Some(old), &mut errors);
    if flag(spec, "preserveUnknownFields") && !flag(old_spec, "preserveUnknownFields") {
        errors.push(preserved());
    }
    errors
}

fn validate_rest(crd: &Value, errors: &mut Vec<Invalid>) {
    let status = at(crd, "status");
    errors.extend(validate_names(at(status, "acceptedNames"), "status.acceptedNames"));
    let stored: Vec<&str> = items(status, "storedVersions").iter().filter_map(Value::as_str).collect();
    let path = "status.storedVersions";
    if stored.is_empty() {
        errors.push(Invalid::invalid(path, &json!([]), "must have at least one stored version"));
        return;
    }
    let versions = items(at(crd, "spec"), "versions");
    for version in versions.iter().filter(|version| flag(version, "storage")) {
        let name = text(version, "name");
        if !stored.contains(&name) {
            errors.push(Invalid::invalid(path, &json!(stored), format!("must have the storage version {name}")));
        }
    }
    for (index, name) in stored.iter().enumerate() {
        if !versions.iter().any(|version| text(version, "name") == *name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {name} and removes {name} from \
                 status.storedVersions"
            );
            errors.push(Invalid::invalid(format!("{path}[{index}]"), &(*name).into(), detail));
        }
    }
}

fn approved(crd: &Value, old: Option<&Value>, errors: &mut Vec<Invalid>) {
    let (state, reason) = approval(crd);
    if !is_protected(text(at(crd, "spec"), "group")) || old.is_some_and(|old| approval(old).0 == state) {
        return;
    }
    let path = format!("metadata.annotations[{APPROVED}]");
    match state {
        Approval::Missing => errors.push(Invalid::required(path, reason)),
        Approval::Invalid => {
            let said = at(at(crd, "metadata"), "annotations").get(APPROVED).unwrap_or(&Value::Null);
            errors.push(Invalid::invalid(path, said, reason));
        }
        Approval::Approved | Approval::Bypassed => {}
    }
}

/// The parts that stand once where all versions have them alike.
#[derive(Debug, Clone, Copy, Default)]
struct Parts<'a> {
    schema: Option<&'a Value>,
    subresources: Option<&'a Value>,
    columns: &'a [Value],
    selectable: &'a [Value],
}

fn parts(version: &Value) -> Parts<'_> {
    Parts {
        schema: version.get("schema").filter(|part| part.is_object()),
        subresources: version.get("subresources").filter(|part| part.is_object()),
        columns: items(version, "additionalPrinterColumns"),
        selectable: items(version, "selectableFields"),
    }
}

/// The parts of all versions, and of each what is not alike.
fn hoist(versions: &[Value]) -> (Parts<'_>, Vec<Parts<'_>>) {
    let mut each: Vec<Parts<'_>> = versions.iter().map(parts).collect();
    let mut top = each.first().copied().unwrap_or_default();
    let same = |alike: &dyn Fn(&Parts<'_>) -> bool| each.iter().all(alike);
    let schema = same(&|parts| parts.schema == top.schema);
    let subresources = same(&|parts| parts.subresources == top.subresources);
    let columns = same(&|parts| parts.columns == top.columns);
    let selectable = same(&|parts| parts.selectable == top.selectable);
    if !schema {
        top.schema = None;
    }
    if !subresources {
        top.subresources = None;
    }
    if !columns {
        top.columns = &[];
    }
    if !selectable {
        top.selectable = &[];
    }
    for parts in &mut each {
        if schema {
            parts.schema = None;
        }
        if subresources {
            parts.subresources = None;
        }
        if columns {
            parts.columns = &[];
        }
        if selectable {
            parts.selectable = &[];
        }
    }
    (top, each)
}

/// Versions as upstream's internal type prints them in a refusal.
fn internal(versions: &[Value], each: &[Parts<'_>]) -> Value {
    let list = |items: &[Value]| if items.is_empty() { Value::Null } else { Value::from(items.to_vec()) };
    let version = |(version, parts): (&Value, &Parts<'_>)| {
        let fields = [
            ("Name", json!(text(version, "name"))),
            ("Served", json!(flag(version, "served"))),
            ("Storage", json!(flag(version, "storage"))),
            ("Deprecated", json!(flag(version, "deprecated"))),
            ("DeprecationWarning", at(version, "deprecationWarning").clone()),
            ("Schema", parts.schema.cloned().unwrap_or(Value::Null)),
            ("Subresources", parts.subresources.cloned().unwrap_or(Value::Null)),
            ("AdditionalPrinterColumns", list(parts.columns)),
            ("SelectableFields", list(parts.selectable)),
        ];
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let versions: Vec<String> = versions.iter().zip(each).map(version).collect();
    Value::String(format!("[{}]", versions.join(",")))
}

fn validate_spec(spec: &Value, old: &Old, lax_bundle: bool, errors: &mut Vec<Invalid>) {
    let group = text(spec, "group");
    let wrong = subdomain(group);
    if group.is_empty() {
        errors.push(Invalid::required("spec.group", ""));
    } else if !wrong.is_empty() {
        errors.push(Invalid::invalid("spec.group", &group.into(), wrong.join(",")));
    } else if !group.contains('.') {
        errors.push(Invalid::invalid("spec.group", &group.into(), "should be a domain with at least one dot"));
    }
    one_of("spec.scope", text(spec, "scope"), &["Cluster", "Namespaced"], errors);
    let versions = items(spec, "versions");
    let (top, each) = hoist(versions);
    if !old.lacks_schemas && top.schema.is_none_or(|schema| !at(schema, "openAPIV3Schema").is_object()) {
        for (index, parts) in each.iter().enumerate() {
            if parts.schema.is_none_or(|schema| !at(schema, "openAPIV3Schema").is_object()) {
                errors.push(Invalid::required(format!("spec.versions[{index}].schema.openAPIV3Schema"), ""));
            }
        }
    }
    if flag(spec, "preserveUnknownFields") && versions.iter().any(has_defaults) {
        let detail = "must be false in order to use defaults in the schema";
        errors.push(Invalid::invalid("spec.preserveUnknownFields", &true.into(), detail));
    }
    let any_subresources = each.iter().any(|parts| parts.subresources.is_some());
    let mut seen: Vec<&str> = Vec::new();
    let mut unique = true;
    for (index, (version, parts)) in versions.iter().zip(&each).enumerate() {
        let (name, path) = (text(version, "name"), format!("spec.versions[{index}]"));
        unique &= !seen.contains(&name);
        seen.push(name);
        let wrong = dns1035(name);
        if !wrong.is_empty() {
            errors.push(Invalid::invalid(format!("{path}.name"), &name.into(), wrong.join(",")));
        }
        let subresources = if any_subresources { parts.subresources } else { top.subresources };
        validate_version(version, parts, has_status(subresources), old, &path, errors);
    }
    let value = internal(versions, &each);
    let said = |detail: &str| Invalid {
        value: value.as_str().map(ToOwned::to_owned),
        ..Invalid::invalid("spec.versions", &Value::Null, detail)
    };
    if !unique {
        errors.push(said("must contain unique version names"));
    }
    if versions.iter().filter(|version| flag(version, "storage")).count() != 1 {
        errors.push(said("must have exactly one version marked as storage version"));
    }
    let names = at(spec, "names");
    for key in ["plural", "singular", "kind", "listKind"] {
        if text(names, key).is_empty() {
            errors.push(Invalid::required(format!("spec.names.{key}"), ""));
        }
    }
    errors.extend(validate_names(names, "spec.names"));
    let status = has_status(top.subresources) || each.iter().any(|parts| has_status(parts.subresources));
    // The version that is first is the one whose old schema is compared.
    let unchanged = versions.first().is_some_and(|first| old.unchanged.iter().any(|name| name == text(first, "name")));
    if let Some(schema) = top.schema {
        validate_schema(schema, status, old, unchanged, "spec.validation", errors);
    }
    validate_subresources(top.subresources, "spec.subresources", errors);
    for (index, column) in top.columns.iter().enumerate() {
        validate_column(column, &format!("spec.additionalPrinterColumns[{index}]"), errors);
    }
    if !top.selectable.is_empty() {
        match top.schema {
            None => {
                let detail = "may only be set when validations.schema is included";
                errors.push(Invalid::invalid("spec.selectableFields", &"".into(), detail));
            }
            Some(schema) => {
                let schema = Props::read(at(schema, "openAPIV3Schema"));
                selectable::validate(top.selectable, &schema, "spec.selectableFields", errors);
            }
        }
    }
    if flag(spec, "preserveUnknownFields") && text(at(spec, "conversion"), "strategy") != "None" {
        let strategy = at(at(spec, "conversion"), "strategy");
        let detail = "must be None if spec.preserveUnknownFields is true";
        errors.push(Invalid::invalid("spec.conversion.strategy", strategy, detail));
    }
    conversion::validate(at(spec, "conversion"), lax_bundle, errors);
}

pub(super) fn one_of(path: &str, value: &str, known: &[&str], errors: &mut Vec<Invalid>) {
    if value.is_empty() {
        errors.push(Invalid::required(path, ""));
    } else if !known.contains(&value) {
        errors.push(Invalid::not_supported(path, &value.into(), known));
    }
}

fn has_defaults(version: &Value) -> bool {
    let schema = version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
    Props::read(schema).any(&|schema| schema.default.is_some())
}

fn has_status(subresources: Option<&Value>) -> bool {
    subresources.is_some_and(|subresources| at(subresources, "status").is_object())
}

fn validate_version(
    version: &Value,
    parts: &Parts<'_>,
    status: bool,
    old: &Old,
    path: &str,
    errors: &mut Vec<Invalid>,
) {
    let warning = at(version, "deprecationWarning");
    for wrong in deprecation(flag(version, "deprecated"), warning.as_str()) {
        errors.push(Invalid::invalid(format!("{path}.deprecationWarning"), warning, wrong));
    }
    let unchanged = old.unchanged.iter().any(|name| name == text(version, "name"));
    if let Some(schema) = parts.schema {
        validate_schema(schema, status, old, unchanged, &format!("{path}.schema"), errors);
    }
    validate_subresources(parts.subresources, &format!("{path}.subresources"), errors);
    for (index, column) in parts.columns.iter().enumerate() {
        validate_column(column, &format!("{path}.additionalPrinterColumns[{index}]"), errors);
    }
    if !parts.selectable.is_empty() {
        let path = format!("{path}.selectableFields");
        match parts.schema.map(|schema| at(schema, "openAPIV3Schema")).filter(|schema| schema.is_object()) {
            None => {
                let detail = "may only be set when version.schema.openAPIV3Schema is not included";
                errors.push(Invalid::invalid(path, &"".into(), detail));
            }
            Some(schema) => selectable::validate(parts.selectable, &Props::read(schema), &path, errors),
        }
    }
}

fn deprecation(deprecated: bool, warning: Option<&str>) -> Vec<String> {
    let Some(warning) = warning else {
        return Vec::new();
    };
    if !deprecated {
        return vec!["can only be set for deprecated versions".to_owned()];
    }
    let mut wrong = Vec::new();
    if warning.len() > 256 {
        wrong.push("must be <= 256 characters long".to_owned());
    }
    if warning.is_empty() {
        wrong.push("must not be an empty string".to_owned());
    }
    if let Some((at, _)) =
        warning.char_indices().find(|(_, char)| char.is_control() || (char.is_whitespace() && *char != ' '))
    {
        wrong
            .push(format!("must only contain printable UTF-8 characters; non-printable character found at index {at}"));
    }
    wrong
}

fn validate_schema(schema: &Value, status: bool, old: &Old, unchanged: bool, path: &str, errors: &mut Vec<Invalid>) {
    if at(schema, "openAPIV3Schema").is_object() {
        rules::validate(
            at(schema, "openAPIV3Schema"),
            status,
            old,
            unchanged,
            &format!("{path}.openAPIV3Schema"),
            errors,
        );
    }
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;
