//! A schema as a CustomResourceDefinition writes it (`JSONSchemaProps`), read once into a form to walk.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// A schema, or a part of one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Props {
    /// `object`, `array`, `string`, …; empty where none is given.
    pub(crate) kind: String,
    /// Text for people.
    pub(crate) description: String,
    /// A heading for people.
    pub(crate) title: String,
    /// `date-time`, …
    pub(crate) format: String,
    /// Whether `null` is a value.
    pub(crate) nullable: bool,
    /// What stands in for an absent value; `null` is no default.
    pub(crate) default: Option<Value>,
    /// The upper bound of a number.
    pub(crate) maximum: Option<f64>,
    /// Whether the bound itself is out.
    pub(crate) exclusive_maximum: bool,
    /// The lower bound of a number.
    pub(crate) minimum: Option<f64>,
    /// Whether the bound itself is out.
    pub(crate) exclusive_minimum: bool,
    /// What a number has to be a multiple of.
    pub(crate) multiple_of: Option<f64>,
    /// The most characters of a text.
    pub(crate) max_length: Option<i64>,
    /// The fewest characters of a text.
    pub(crate) min_length: Option<i64>,
    /// What a text has to match.
    pub(crate) pattern: String,
    /// The pattern, compiled, or what is wrong with it.
    pub(crate) regex: Option<Result<Regex, String>>,
    /// The most items of a list.
    pub(crate) max_items: Option<i64>,
    /// The fewest items of a list.
    pub(crate) min_items: Option<i64>,
    /// Whether the items of a list differ.
    pub(crate) unique_items: bool,
    /// The most fields of an object.
    pub(crate) max_properties: Option<i64>,
    /// The fewest fields of an object.
    pub(crate) min_properties: Option<i64>,
    /// The fields that have to be there.
    pub(crate) required: Vec<String>,
    /// The values that are allowed.
    pub(crate) enumeration: Vec<Value>,
    /// Every one of these has to hold.
    pub(crate) all_of: Vec<Props>,
    /// One or more of these has to hold.
    pub(crate) any_of: Vec<Props>,
    /// Exactly one of these has to hold.
    pub(crate) one_of: Vec<Props>,
    /// This must not hold.
    pub(crate) not: Option<Box<Props>>,
    /// The fields with a schema each.
    pub(crate) properties: BTreeMap<String, Props>,
    /// The schema of other fields.
    pub(crate) additional: Option<Additional>,
    /// The schema of the items.
    pub(crate) items: Option<Box<Props>>,
    /// `x-kubernetes-preserve-unknown-fields`; `false` is not allowed.
    pub(crate) preserve_unknown: Option<bool>,
    /// `x-kubernetes-embedded-resource`
    pub(crate) embedded: bool,
    /// `x-kubernetes-int-or-string`
    pub(crate) int_or_string: bool,
    /// `x-kubernetes-list-type`
    pub(crate) list_type: Option<String>,
    /// `x-kubernetes-list-map-keys`
    pub(crate) map_keys: Vec<String>,
    /// `x-kubernetes-map-type`
    pub(crate) map_type: Option<String>,
    /// `x-kubernetes-validations`
    pub(crate) rules: Vec<Rule>,
    /// Keywords that are set and not supported, as the Go type names them in JSON: `$ref`, `id`, …
    pub(crate) unsupported: Vec<&'static str>,
    /// Whether `items` is a list of schemas.
    pub(crate) items_are_many: bool,
    /// Whether `externalDocs` or `example` is set.
    pub(crate) documented: bool,
}

/// `additionalProperties`
#[derive(Debug, Clone)]
pub(crate) enum Additional {
    /// Any other field may be there, or none.
    Allowed(bool),
    /// Other fields are like this.
    Schema(Box<Props>),
}

/// One of `x-kubernetes-validations`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    /// The expression.
    pub(crate) rule: String,
    /// What is said when it does not hold.
    pub(crate) message: String,
    /// An expression for what is said.
    pub(crate) message_expression: String,
    /// `FieldValueInvalid`, …
    pub(crate) reason: Option<String>,
    /// Where, below the value: `.spec.x`.
    pub(crate) field_path: String,
    /// Whether `oldSelf` is an optional value.
    pub(crate) optional_old_self: Option<bool>,
}

impl Rule {
    fn read(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: value.get("reason").and_then(Value::as_str).map(ToOwned::to_owned),
            field_path: text("fieldPath"),
            optional_old_self: value.get("optionalOldSelf").and_then(Value::as_bool),
        }
    }

    /// The rule as upstream's internal type prints it in a refusal.
    pub(crate) fn internal(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let reason = self.reason.as_deref().map_or_else(|| "null".to_owned(), text);
        let optional = self.optional_old_self.map_or_else(|| "null".to_owned(), |optional| optional.to_string());
        format!(
            "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{reason},\"FieldPath\":{},\"OptionalOldSelf\":{optional}}}",
            text(&self.rule),
            text(&self.message),
            text(&self.message_expression),
            text(&self.field_path)
        )
    }

    /// The rule for people: its message, else itself.
    pub(crate) fn shown(&self) -> &str {
        match self.message.is_empty() {
            true => self.rule.trim(),
            false => self.message.trim(),
        }
    }
}

const UNSUPPORTED: [(&str, &str); 7] = [
    ("id", "id"),
    ("$schema", "schema"),
    ("$ref", "$ref"),
    ("patternProperties", "patternProperties"),
    ("dependencies", "dependencies"),
    ("additionalItems", "additionalItems"),
    ("definitions", "definitions"),
];

impl Props {
    /// Reads a schema; what has a wrong type counts as absent, since decoding the definition has refused it.
    pub(crate) fn read(value: &Value) -> Self {
        let none = Map::new();
        let fields = value.as_object().unwrap_or(&none);
        let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let yes = |key: &str| fields.get(key).and_then(Value::as_bool).unwrap_or_default();
        let number = |key: &str| fields.get(key).and_then(Value::as_f64);
        let integer = |key: &str| fields.get(key).and_then(Value::as_i64);
        let list = |key: &str| fields.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let schemas = |key: &str| list(key).iter().map(Self::read).collect::<Vec<_>>();
        let texts = |key: &str| list(key).iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect::<Vec<_>>();
        let pattern = text("pattern");
        Self {
            regex: (!pattern.is_empty()).then(|| super::pattern::compile(&pattern)),
            pattern,
            kind: text("type"),
            description: text("description"),
            title: text("title"),
            format: text("format"),
            nullable: yes("nullable"),
            default: fields.get("default").filter(|value| !value.is_null()).cloned(),
            maximum: number("maximum"),
            exclusive_maximum: yes("exclusiveMaximum"),
            minimum: number("minimum"),
            exclusive_minimum: yes("exclusiveMinimum"),
            multiple_of: number("multipleOf"),
            max_length: integer("maxLength"),
            min_length: integer("minLength"),
            max_items: integer("maxItems"),
            min_items: integer("minItems"),
            unique_items: yes("uniqueItems"),
            max_properties: integer("maxProperties"),
            min_properties: integer("minProperties"),
            required: texts("required"),
            enumeration: list("enum").to_vec(),
            all_of: schemas("allOf"),
            any_of: schemas("anyOf"),
            one_of: schemas("oneOf"),
            not: fields.get("not").filter(|value| value.is_object()).map(|value| Box::new(Self::read(value))),
            properties: fields
                .get("properties")
                .and_then(Value::as_object)
                .map(|fields| fields.iter().map(|(name, value)| (name.clone(), Self::read(value))).collect())
                .unwrap_or_default(),
            additional: match fields.get("additionalProperties") {
                Some(Value::Bool(allowed)) => Some(Additional::Allowed(*allowed)),
                Some(value @ Value::Object(_)) => Some(Additional::Schema(Box::new(Self::read(value)))),
                _ => None,
            },
            items: fields.get("items").filter(|value| value.is_object()).map(|value| Box::new(Self::read(value))),
            items_are_many: matches!(fields.get("items"), Some(Value::Array(items)) if !items.is_empty()),
            preserve_unknown: fields.get("x-kubernetes-preserve-unknown-fields").and_then(Value::as_bool),
            embedded: yes("x-kubernetes-embedded-resource"),
            int_or_string: yes("x-kubernetes-int-or-string"),
            list_type: fields.get("x-kubernetes-list-type").and_then(Value::as_str).map(ToOwned::to_owned),
            map_keys: texts("x-kubernetes-list-map-keys"),
            map_type: fields.get("x-kubernetes-map-type").and_then(Value::as_str).map(ToOwned::to_owned),
            rules: list("x-kubernetes-validations").iter().map(Rule::read).collect(),
            unsupported: UNSUPPORTED
                .iter()
                .filter(|(key, _)| fields.get(*key).is_some_and(is_set))
                .map(|(_, name)| *name)
                .collect(),
            documented: ["externalDocs", "example"].iter().any(|key| fields.get(*key).is_some_and(is_set)),
        }
    }

    /// The schema of fields that have none of their own.
    pub(crate) fn additional_schema(&self) -> Option<&Props> {
        match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        }
    }

    /// Whether unknown fields stay.
    pub(crate) fn preserves(&self) -> bool {
        self.preserve_unknown == Some(true)
    }

    /// The schemas directly below, with how a path goes on to each.
    pub(crate) fn children(&self) -> Vec<(String, &Props)> {
        let mut children: Vec<(String, &Props)> = Vec::new();
        children.extend(self.items.as_deref().map(|items| (".items".to_owned(), items)));
        for (name, list) in [("allOf", &self.all_of), ("anyOf", &self.any_of), ("oneOf", &self.one_of)] {
            children.extend(list.iter().enumerate().map(|(index, child)| (format!(".{name}[{index}]"), child)));
        }
        children.extend(self.not.as_deref().map(|child| (".not".to_owned(), child)));
        children.extend(self.properties.iter().map(|(name, child)| (format!(".properties[{name}]"), child)));
        children.extend(self.additional_schema().map(|child| (".additionalProperties".to_owned(), child)));
        children
    }

    /// Whether this schema or one below is as asked.
    pub(crate) fn any(&self, test: &dyn Fn(&Props) -> bool) -> bool {
        test(self) || self.children().iter().any(|(_, child)| child.any(test))
    }
}

/// Whether a keyword says something: Go's zero values do not.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => true,
    }
}
