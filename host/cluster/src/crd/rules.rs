//! The rules for the schema of a definition: which keywords go together, where defaults may stand, CEL rules.

use serde_json::Value;

use super::cel::{self, exceeds, most_often};
use super::defaults;
use super::old::Old;
use super::props::{Additional, Props};
use super::selectable;
use super::structural;
use crate::invalid::{Invalid, Why};

pub(super) const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What is wrong with a schema. `status`: whether there is a status subresource; `unchanged`: whether the schema was
/// there before as it is, in which case the cost of its rules is not held against it.
pub(crate) fn validate(
    schema: &Value,
    status: bool,
    old: &Old,
    unchanged: bool,
    path: &str,
    errors: &mut Vec<Invalid>,
) {
    let before = errors.len();
    let props = Props::read(schema);
    if status {
        root_keywords(schema, &props, path, errors);
    }
    if props.nullable {
        errors.push(Invalid::forbidden(format!("{path}.nullable"), "nullable cannot be true at the root"));
    }
    let (mut unreadable, mut right) = (None, false);
    match structural::readable(&props) {
        Err(error) => unreadable = Some(Invalid::invalid(path, &"".into(), error)),
        Ok(()) => {
            let wrong = structural::validate(path, &props);
            let wrong = match wrong.is_empty() {
                true => defaults::validate(path, &props, !old.unpruned),
                false => wrong,
            };
            right = wrong.is_empty();
            errors.extend(wrong);
        }
    }
    // CEL rules are only read where the schema is right so far.
    let often = right.then_some(Some(1));
    let mut found = Found { free: unchanged, ..Found::default() };
    walk(&props, path, &Place { root: true, often, ..Place::default() }, old, &mut found);
    let Found { schema, cel, total, dear, .. } = found;
    errors.extend(schema);
    errors.extend(cel);
    if total > SCHEMA_COST {
        for (_, at) in dear {
            let detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            errors.push(Invalid::forbidden(at, detail));
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(Invalid::forbidden(path, exceeds(what, total, SCHEMA_COST)));
    }
    if errors.len() == before {
        errors.extend(unreadable);
    }
}

/// With a status subresource only some keywords may stand at the root, so that the status can be validated by itself.
fn root_keywords(schema: &Value, props: &Props, path: &str, errors: &mut Vec<Invalid>) {
    if !props.kind.is_empty() && props.kind != "object" {
        let detail =
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.push(Invalid::invalid(format!("{path}.type"), &props.kind.as_str().into(), detail));
        return;
    }
    let forbidden = !props.all_of.is_empty()
        || !props.any_of.is_empty()
        || !props.one_of.is_empty()
        || props.not.is_some()
        || props.additional.is_some()
        || props.nullable
        || props.default.is_some()
        || !props.enumeration.is_empty()
        || props.max_properties.is_some()
        || props.min_properties.is_some()
        || props.embedded
        || props.int_or_string
        || props.list_type.is_some()
        || props.map_type.is_some()
        || !props.map_keys.is_empty()
        || !props.unsupported.is_empty();
    if forbidden {
        let allowed = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
                       MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs \
                       Example XPreserveUnknownFields XValidations]";
        let detail =
            format!("only {allowed} fields are allowed at the root of the schema if the status subresource is enabled");
        errors.push(Invalid::invalid(path, schema, detail));
    }
}

/// What was found, of schemas and of CEL rules, which are said in that order.
#[derive(Debug, Default)]
struct Found {
    schema: Vec<Invalid>,
    cel: Vec<Invalid>,
    /// Whether what a rule by itself costs is not held against it.
    free: bool,
    /// What all rules together cost.
    total: u64,
    /// The rules that cost most, the dearest first.
    dear: Vec<(u64, String)>,
}

impl Found {
    /// Takes note of what an expression costs at most.
    fn spend(&mut self, cost: u64, path: String) {
        self.total = self.total.saturating_add(cost);
        if cost >= SCHEMA_COST / 100 {
            self.dear.push((cost, path));
            self.dear.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
            self.dear.truncate(4);
        }
    }
}

/// What a rule may cost, by the estimate.
const RULE_COST: u64 = 10_000_000;
/// What all rules of a schema may cost.
const SCHEMA_COST: u64 = 100_000_000;

/// Where in a schema we are.
#[derive(Debug, Clone)]
struct Place {
    root: bool,
    /// Whether defaults may stand here, else why not.
    defaults: Result<(), String>,
    /// Whether this describes `apiVersion`, `kind` or `metadata`, or a part of them.
    meta: bool,
    /// Where rules are read: how often a value can stand here, if that is bounded.
    often: Option<Option<u64>>,
    /// The nearest place above below which old and new values cannot be brought together.
    uncorrelatable: Option<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self { root: false, defaults: Ok(()), meta: false, often: None, uncorrelatable: None }
    }
}

impl Place {
    fn below(&self) -> Self {
        Self { root: false, ..self.clone() }
    }

    /// Below, as often as there are items.
    fn times(&self, most: Option<i64>) -> Self {
        let most = most.and_then(|most| u64::try_from(most).ok());
        let often = self.often.map(|often| Some(often?.saturating_mul(most?)));
        Self { often, ..self.below() }
    }

    /// Inside of logic, where no rules are.
    fn inside(&self) -> Self {
        Self { often: None, ..self.below() }
    }
}

fn walk(schema: &Props, path: &str, place: &Place, old: &Old, found: &mut Found) {
    let before = found.schema.len();
    keywords(schema, path, place, old, found);
    if let Some(additional) = &schema.additional {
        let at = format!("{path}.additionalProperties");
        let closed = !matches!(additional, Additional::Allowed(true));
        if closed && !schema.properties.is_empty() {
            let detail = "additionalProperties and properties are mutual exclusive";
            found.schema.push(Invalid::forbidden(&at, detail));
        }
        if let Additional::Schema(child) = additional {
            let mut below = place.times(schema.max_properties);
            if place.meta {
                below.defaults = Err("inside additionalProperties applying to object metadata".to_owned());
            }
            walk(child, &at, &below, old, found);
        }
    }
    for (name, child) in &schema.properties {
        let mut below = place.below();
        let correlatable = matches!(schema.map_type.as_deref(), None | Some("granular" | "atomic"));
        if !correlatable {
            below.uncorrelatable.get_or_insert_with(|| path.to_owned());
        }
        if (place.root || schema.embedded) && ["metadata", "kind", "apiVersion"].contains(&name.as_str()) {
            below.meta = true;
            if place.root {
                below.defaults = Err(format!("in top-level {name}"));
            }
        }
        walk(child, &format!("{path}.properties[{name}]"), &below, old, found);
    }
    if let Some(child) = &schema.not {
        walk(child, &format!("{path}.not"), &place.inside(), old, found);
    }
    for (name, list) in [("allOf", &schema.all_of), ("oneOf", &schema.one_of), ("anyOf", &schema.any_of)] {
        for (index, child) in list.iter().enumerate() {
            walk(child, &format!("{path}.{name}[{index}]"), &place.inside(), old, found);
        }
    }
    if let Some(child) = &schema.items {
        let mut below = place.times(schema.max_items);
        if schema.list_type.as_deref() != Some("map") {
            below.uncorrelatable.get_or_insert_with(|| path.to_owned());
        }
        walk(child, &format!("{path}.items"), &below, old, found);
    }
    extensions(schema, path, old, found);
    cel_texts(schema, path, found);
    if let (Some(often), true) = (place.often, found.schema.len() == before) {
        expressions(schema, path, place, often, found);
    }
}

/// Reads the rules of a schema, and estimates what they cost.
fn expressions(schema: &Props, path: &str, place: &Place, often: Option<u64>, found: &mut Found) {
    if schema.rules.is_empty() {
        return;
    }
    let Some(own) = cel::declare(schema, place.root || schema.embedded) else {
        let detail = "internal error: failed to retrieve type information for x-kubernetes-validations";
        found.cel.push(Invalid {
            why: Why::Internal,
            path: format!("{path}.x-kubernetes-validations"),
            value: None,
            detail: detail.to_owned(),
        });
        return;
    };
    let often = often.unwrap_or_else(|| most_often(schema));
    for (index, rule) in schema.rules.iter().enumerate() {
        let at = |key: &str| format!("{path}.x-kubernetes-validations[{index}].{key}");
        let compiled = cel::compile(rule, &own);
        let cost = compiled.cost.saturating_mul(often);
        if !found.free && cost > RULE_COST {
            found.cel.push(Invalid::forbidden(at("rule"), exceeds("estimated rule cost", cost, RULE_COST)));
        }
        found.spend(cost, at("rule"));
        let shown = Some(rule.internal());
        let wrong =
            |key: &str, detail: String| Invalid { why: Why::Invalid, path: at(key), value: shown.clone(), detail };
        if let Some(error) = compiled.error {
            found.cel.push(wrong("rule", error));
        }
        if let Some(error) = compiled.message_error {
            found.cel.push(wrong("messageExpression", error));
        } else {
            let cost = compiled.message_cost;
            if !found.free && cost > RULE_COST {
                let detail = exceeds("estimated messageExpression cost", cost, RULE_COST);
                found.cel.push(Invalid::forbidden(at("messageExpression"), detail));
            }
            found.spend(cost, at("messageExpression"));
        }
        match (compiled.uses_old, &place.uncorrelatable, rule.optional_old_self) {
            (true, Some(above), _) => {
                let detail =
                    format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
                found.cel.push(Invalid::invalid(at("rule"), &rule.rule.as_str().into(), detail));
            }
            (false, _, Some(optional)) => {
                let detail = "may not be set if oldSelf is not used in rule";
                found.cel.push(Invalid::invalid(at("optionalOldSelf"), &optional.into(), detail));
            }
            _ => {}
        }
    }
}

/// Keywords that are not supported, types and defaults.
fn keywords(schema: &Props, path: &str, place: &Place, old: &Old, found: &mut Found) {
    let errors = &mut found.schema;
    if !old.odd_types && !schema.kind.is_empty() && !TYPES.contains(&schema.kind.as_str()) {
        errors.push(Invalid::not_supported(format!("{path}.type"), &schema.kind.as_str().into(), &TYPES));
    }
    if let (Some(_), Err(reason)) = (&schema.default, &place.defaults) {
        errors.push(Invalid::forbidden(format!("{path}.default"), format!("must not be set {reason}")));
    }
    for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        if schema.unsupported.contains(&name) {
            errors.push(Invalid::forbidden(format!("{path}.{name}"), format!("{name} is not supported")));
        }
    }
    if schema.kind == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(Invalid::forbidden(format!("{path}.type"), detail));
    }
    if schema.items_are_many {
        errors.push(Invalid::forbidden(format!("{path}.items"), "items must be a schema object and not an array"));
    }
    if place.meta && schema.embedded {
        let detail = "must not be used inside of resource meta";
        errors.push(Invalid::forbidden(format!("{path}.x-kubernetes-embedded-resource"), detail));
    }
    if schema.unique_items {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(Invalid::forbidden(format!("{path}.uniqueItems"), detail));
    }
}

/// The keywords of Kubernetes.
fn extensions(schema: &Props, path: &str, old: &Old, found: &mut Found) {
    let errors = &mut found.schema;
    if schema.preserve_unknown == Some(false) {
        let path = format!("{path}.x-kubernetes-preserve-unknown-fields");
        errors.push(Invalid::invalid(path, &false.into(), "must be true or undefined"));
    }
    let typed = |keyword: &str, kind: &str| {
        let detail = format!("must be {kind} if {keyword} is specified");
        match schema.kind.is_empty() {
            true => Invalid::required(format!("{path}.type"), detail),
            false => Invalid::invalid(format!("{path}.type"), &schema.kind.as_str().into(), detail),
        }
    };
    if schema.map_type.is_some() && schema.kind != "object" {
        errors.push(typed("x-kubernetes-map-type", "object"));
    }
    if let Some(kind) = schema.map_type.as_deref().filter(|kind| !["atomic", "granular"].contains(kind)) {
        let path = format!("{path}.x-kubernetes-map-type");
        errors.push(Invalid::not_supported(path, &kind.into(), &["atomic", "granular"]));
    }
    if schema.list_type.is_some() && schema.kind != "array" {
        errors.push(typed("x-kubernetes-list-type", "array"));
    } else if let (false, Some(keyword)) =
        (old.granular_sets, Some(atomic_items(schema)).filter(|keyword| !keyword.is_empty()))
    {
        let said = schema.items.as_ref().and_then(|items| items.list_type.clone());
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        errors.push(Invalid::invalid(format!("{path}.items.{keyword}"), &Value::from(said), detail));
    }
    if let Some(kind) = schema.list_type.as_deref().filter(|kind| !["atomic", "set", "map"].contains(kind)) {
        let path = format!("{path}.x-kubernetes-list-type");
        errors.push(Invalid::not_supported(path, &kind.into(), &["atomic", "set", "map"]));
    }
    if !schema.map_keys.is_empty() {
        let (path, detail) =
            (format!("{path}.x-kubernetes-list-type"), "must be map if x-kubernetes-list-map-keys is non-empty");
        match schema.list_type.as_deref() {
            None => errors.push(Invalid::required(path, detail)),
            Some("map") => {}
            Some(other) => errors.push(Invalid::invalid(path, &other.into(), detail)),
        }
    }
    if schema.list_type.as_deref() == Some("map") {
        list_map(schema, path, errors);
    }
    if !old.loose_keys {
        errors.extend(keys(path, schema));
    }
}

/// The keyword that a set's items lack to be atomic, if they do.
pub(super) fn atomic_items(schema: &Props) -> &'static str {
    let items = schema.items.as_deref().filter(|_| schema.list_type.as_deref() == Some("set"));
    match items {
        Some(items) if items.kind == "array" && !matches!(items.list_type.as_deref(), None | Some("atomic")) => {
            "x-kubernetes-list-type"
        }
        Some(items) if items.kind == "object" && items.map_type.as_deref() != Some("atomic") => "x-kubernetes-map-type",
        _ => "",
    }
}

fn list_map(schema: &Props, path: &str, errors: &mut Vec<Invalid>) {
    let keys_path = format!("{path}.x-kubernetes-list-map-keys");
    if schema.map_keys.is_empty() {
        errors.push(Invalid::required(&keys_path, "must not be empty if x-kubernetes-list-type is map"));
    }
    let Some(items) = &schema.items else {
        let detail = "must have a schema if x-kubernetes-list-type is map";
        errors.push(Invalid::required(format!("{path}.items"), detail));
        return;
    };
    if items.kind != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(Invalid::invalid(format!("{path}.items.type"), &items.kind.as_str().into(), detail));
        return;
    }
    let all = Value::from(schema.map_keys.clone());
    for (index, key) in schema.map_keys.iter().enumerate() {
        match items.properties.get(key) {
            None => errors.push(Invalid::invalid(&keys_path, &all, "entries must all be names of item properties")),
            Some(property) if property.kind == "array" || property.kind == "object" => {
                let path = format!("{path}.items.properties[{key}].type");
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(Invalid::invalid(path, &items.kind.as_str().into(), detail));
            }
            Some(_) => {}
        }
        if schema.map_keys.iter().take(index).any(|other| other == key) {
            errors.push(Invalid::invalid(&keys_path, &all, "must not contain duplicate entries"));
        }
    }
}

/// The keys of a list-map are always there and never null; neither are items of list-maps and sets.
pub(super) fn keys(path: &str, schema: &Props) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let kind = schema.list_type.as_deref().unwrap_or_default();
    let Some(items) = schema.items.as_deref().filter(|_| kind == "set" || kind == "map") else {
        return errors;
    };
    if items.nullable {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(Invalid::forbidden(format!("{path}.items.nullable"), detail));
    }
    if kind != "map" {
        return errors;
    }
    for key in &schema.map_keys {
        let Some(property) = items.properties.get(key) else {
            continue;
        };
        let path = format!("{path}.items.properties[{key}]");
        let because = "this property is in x-kubernetes-list-map-keys, so it";
        if !items.required.contains(key) && property.default.is_none() {
            let detail = format!("{because} must have a default or be a required property");
            errors.push(Invalid::required(format!("{path}.default"), detail));
        }
        if property.nullable {
            errors.push(Invalid::forbidden(format!("{path}.nullable"), format!("{because} cannot be nullable")));
        }
    }
    errors
}

/// What can be said of CEL rules without reading the expressions.
fn cel_texts(schema: &Props, path: &str, found: &mut Found) {
    let errors = &mut found.schema;
    let breaks = |text: &str| text.contains(['\n', '\r']);
    for (index, rule) in schema.rules.iter().enumerate() {
        let at = |key: &str| format!("{path}.x-kubernetes-validations[{index}].{key}");
        let message = rule.message.trim();
        if rule.rule.trim().is_empty() {
            errors.push(Invalid::required(at("rule"), ""));
        } else if !rule.message.is_empty() && message.is_empty() {
            let said = Value::from(rule.message.as_str());
            errors.push(Invalid::invalid(at("message"), &said, "must be non-empty if specified"));
        } else if breaks(message) {
            let said = Value::from(rule.message.as_str());
            errors.push(Invalid::invalid(at("message"), &said, "must not contain line breaks"));
        } else if breaks(rule.rule.trim()) && message.is_empty() {
            errors.push(Invalid::required(at("message"), "must be specified if rule contains line breaks"));
        }
        if !rule.message_expression.is_empty() && rule.message_expression.trim().is_empty() {
            errors.push(Invalid::required(at("messageExpression"), "must be non-empty if specified"));
        }
        let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if let Some(reason) = rule.reason.as_deref().filter(|reason| !reasons.contains(reason)) {
            errors.push(Invalid::not_supported(at("reason"), &reason.into(), &reasons));
        }
        let field = &rule.field_path;
        let said = |detail: &str| Invalid::invalid(at("fieldPath"), &field.as_str().into(), detail);
        if !field.is_empty() && field.trim().is_empty() {
            errors.push(said("must be non-empty if specified"));
        }
        if breaks(field) {
            errors.push(said("must not contain line breaks"));
        }
        if !field.is_empty() && selectable::resolve(field, schema, true).is_err() {
            errors.push(said("must be a valid path"));
        }
    }
}
