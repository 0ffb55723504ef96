//! Schemas of built-in types.

use serde_json::{Map, Value, json};

use crate::schema::{Absent, Field, Fields, ListPatch, Node, NodeRef, Scalar, Shape, Topology, builtin, types};

pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
pub(super) const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// Which OpenAPI is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Swagger 2.0.
    V2,
    /// OpenAPI 3.0.
    V3,
}

/// The schemas of a document: those that were asked for, and what they refer to.
#[derive(Debug)]
pub(super) struct Schemas {
    dialect: Dialect,
    map: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, map: Map::new() }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.map
    }

    /// Puts in a schema that is made elsewhere.
    pub(super) fn insert(&mut self, name: String, schema: Value) {
        self.map.insert(name, schema);
    }

    /// Puts in a built-in type, and what it refers to.
    pub(super) fn need(&mut self, name: &str) {
        if self.map.contains_key(name) || name.is_empty() {
            return;
        }
        // Before its fields: a type may refer to itself.
        self.map.insert(name.to_owned(), Value::Null);
        let mut schema = match name {
            QUANTITY if self.dialect == Dialect::V3 => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            QUANTITY => json!({"type": "string"}),
            INT_OR_STRING if self.dialect == Dialect::V3 => {
                json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
            }
            INT_OR_STRING => json!({"type": "string", "format": "int-or-string"}),
            TIME | MICRO_TIME => json!({"type": "string", "format": "date-time"}),
            RAW => json!({"type": "object"}),
            name => self.node(builtin(name), name),
        };
        if let (Some((_, Some(kind))), Some(fields)) = (types().find(|(each, _)| *each == name), schema.as_object_mut())
        {
            let kind = json!([{"group": kind.group, "version": kind.version, "kind": kind.kind}]);
            fields.insert("x-kubernetes-group-version-kind".to_owned(), kind);
        }
        self.map.insert(name.to_owned(), schema);
    }

    /// A reference to a built-in type, which is put in.
    pub(super) fn reference(&mut self, name: &str) -> Value {
        self.need(name);
        self.reference_to(name)
    }

    /// A reference to a schema that is there.
    pub(super) fn reference_to(&self, name: &str) -> Value {
        match self.dialect {
            Dialect::V2 => json!({"$ref": format!("#/definitions/{name}")}),
            Dialect::V3 => json!({"$ref": format!("#/components/schemas/{name}")}),
        }
    }

    fn of(&mut self, node: &NodeRef, owner: &str) -> Value {
        match node {
            NodeRef::Named(name) => self.reference(name),
            NodeRef::Inline(node) => self.node(node, owner),
        }
    }

    fn node(&mut self, node: &Node, owner: &str) -> Value {
        match &node.shape {
            // JSON of any form in schemas of definitions, raw objects elsewhere.
            Shape::Any if owner.contains(".apiextensions.") => json!({}),
            Shape::Any => json!({"type": "object"}),
            Shape::Scalar(scalar) => self.scalar(*scalar),
            Shape::Object(fields) => self.object(fields, owner),
            Shape::Map { values, atomic } => {
                let mut schema = json!({"type": "object", "additionalProperties": self.element(values, owner)});
                if *atomic {
                    schema["x-kubernetes-map-type"] = json!("atomic");
                }
                schema
            }
            Shape::List { items, topology, patch } => {
                let mut schema = json!({"type": "array", "items": self.element(items, owner)});
                match topology {
                    Topology::Atomic => schema["x-kubernetes-list-type"] = json!("atomic"),
                    Topology::Set => schema["x-kubernetes-list-type"] = json!("set"),
                    Topology::Map(keys) => {
                        schema["x-kubernetes-list-type"] = json!("map");
                        schema["x-kubernetes-list-map-keys"] = json!(keys);
                    }
                }
                let strategy = if retains_keys(items.get()) { "merge,retainKeys" } else { "merge" };
                match patch {
                    ListPatch::Replace => {}
                    ListPatch::Merge => schema["x-kubernetes-patch-strategy"] = json!(strategy),
                    ListPatch::MergeBy(key) => {
                        schema["x-kubernetes-patch-strategy"] = json!(strategy);
                        schema["x-kubernetes-patch-merge-key"] = json!(key);
                    }
                }
                schema
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar) -> Value {
        match scalar {
            Scalar::String | Scalar::Duration => json!({"type": "string"}),
            Scalar::Bytes => json!({"type": "string", "format": "byte"}),
            Scalar::Integer(bits) => json!({"type": "integer", "format": format!("int{bits}")}),
            Scalar::Number => json!({"type": "number", "format": "double"}),
            Scalar::Boolean => json!({"type": "boolean"}),
            Scalar::IntOrString => self.reference(INT_OR_STRING),
            Scalar::Quantity => self.reference(QUANTITY),
            Scalar::Time => self.reference(TIME),
            Scalar::MicroTime => self.reference(MICRO_TIME),
        }
    }

    /// An item of a list or a value of a map: never absent, so that its zero value is its default.
    fn element(&mut self, node: &NodeRef, owner: &str) -> Value {
        let schema = self.of(node, owner);
        match self.dialect {
            Dialect::V2 => schema,
            Dialect::V3 => with_default(schema),
        }
    }

    fn object(&mut self, about: &Fields, owner: &str) -> Value {
        let mut properties = Map::new();
        for (name, field) in &about.fields {
            let mut schema = self.field(field, owner);
            if let (Some(text), Some(fields)) = (description(owner, name), schema.as_object_mut()) {
                fields.insert("description".to_owned(), Value::from(text));
            }
            properties.insert(name.to_string(), schema);
        }
        let required: Vec<_> = about.fields.iter().filter(|(_, field)| field.required).map(|(name, _)| name).collect();
        let mut schema = json!({"type": "object"});
        if !properties.is_empty() {
            schema["properties"] = Value::Object(properties);
        }
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if about.atomic {
            schema["x-kubernetes-map-type"] = json!("atomic");
        }
        schema
    }

    fn field(&mut self, field: &Field, owner: &str) -> Value {
        let mut schema = self.of(&field.node, owner);
        let mut said = Map::new();
        if let Some(default) = &field.node.get().default {
            said.insert("default".to_owned(), default.clone());
        } else if self.dialect == Dialect::V3 && field.go.absent == Absent::Zero {
            schema = with_default(schema);
        }
        if retains_keys(field.node.get()) {
            said.insert("x-kubernetes-patch-strategy".to_owned(), json!("retainKeys"));
        }
        if said.is_empty() {
            return schema;
        }
        // Nothing may stand beside a reference.
        if let (Dialect::V3, Some(fields)) = (self.dialect, schema.as_object())
            && fields.contains_key("$ref")
        {
            schema = json!({"allOf": [schema]});
        }
        if let Some(fields) = schema.as_object_mut() {
            fields.extend(said);
        }
        schema
    }
}

fn retains_keys(node: &Node) -> bool {
    matches!(&node.shape, Shape::Object(fields) if fields.retain_keys)
}

/// The schema with the zero value as its default.
fn with_default(schema: Value) -> Value {
    let zero = match schema.get("type").and_then(Value::as_str) {
        Some("string") if schema.get("format").is_none() => json!(""),
        Some("integer" | "number") => json!(0),
        Some("boolean") => json!(false),
        None if schema.get("$ref").is_some() => return json!({"allOf": [schema], "default": {}}),
        None if schema.get("allOf").is_some() => json!({}),
        _ => return schema,
    };
    let mut schema = schema;
    schema["default"] = zero;
    schema
}

/// What is said of a field. Hardly any is described here; these are what `kubectl explain` is mostly tried with.
fn description(owner: &str, field: &str) -> Option<&'static str> {
    match (owner, field) {
        ("io.k8s.api.core.v1.ConfigMap", "data") => Some(
            "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. \
             Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not \
             overlap with the keys in the BinaryData field, this is enforced during validation process.",
        ),
        ("io.k8s.api.apps.v1.DeploymentSpec", "replicas") => Some(
            "Number of desired pods. This is a pointer to distinguish between explicit zero and not specified. \
             Defaults to 1.",
        ),
        _ => None,
    }
}
