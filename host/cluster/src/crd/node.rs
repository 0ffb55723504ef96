//! The structure of custom objects, for what merges, applies and publishes them.

use super::props::{Additional, Props};
use crate::schema::{Field, Fields, Go, ListPatch, Node, NodeRef, Scalar, Shape, Topology};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The structure of a whole object of the kind.
pub(crate) fn root(schema: &Props) -> Node {
    let mut node = node(schema);
    let fields = match &mut node.shape {
        Shape::Object(fields) => fields,
        shape => {
            *shape = Shape::Object(Fields { preserve_unknown: schema.preserves(), ..Fields::default() });
            match shape {
                Shape::Object(fields) => fields,
                _ => return node,
            }
        }
    };
    meta(fields);
    node
}

/// `apiVersion`, `kind` and `metadata`, whatever the schema says of them.
fn meta(fields: &mut Fields) {
    let field = |node| Field { node, required: false, omits_zero: false, go: Go::default() };
    let string = || NodeRef::inline(Node::of(Shape::Scalar(Scalar::String)));
    fields.fields.insert("apiVersion".into(), field(string()));
    fields.fields.insert("kind".into(), field(string()));
    fields.fields.insert("metadata".into(), field(NodeRef::Named(OBJECT_META)));
}

fn node(schema: &Props) -> Node {
    Node { shape: shape(schema), nullable: schema.nullable, default: schema.default.clone() }
}

fn shape(schema: &Props) -> Shape {
    if schema.int_or_string {
        return Shape::Scalar(Scalar::IntOrString);
    }
    let atomic = schema.map_type.as_deref() == Some("atomic");
    match schema.kind.as_str() {
        "string" => Shape::Scalar(Scalar::String),
        "integer" => Shape::Scalar(Scalar::Integer(64)),
        "number" => Shape::Scalar(Scalar::Number),
        "boolean" => Shape::Scalar(Scalar::Boolean),
        "array" => Shape::List {
            items: NodeRef::inline(schema.items.as_deref().map_or(Node::of(Shape::Any), node)),
            topology: match schema.list_type.as_deref() {
                Some("set") => Topology::Set,
                Some("map") => Topology::Map(schema.map_keys.iter().map(|key| key.as_str().into()).collect()),
                _ => Topology::Atomic,
            },
            patch: ListPatch::Replace,
        },
        "object" if schema.properties.is_empty() && !schema.embedded => match &schema.additional {
            Some(Additional::Schema(child)) => Shape::Map { values: NodeRef::inline(node(child)), atomic },
            Some(Additional::Allowed(true)) => Shape::Map { values: NodeRef::inline(Node::of(Shape::Any)), atomic },
            _ => Shape::Object(Fields { preserve_unknown: schema.preserves(), atomic, ..Fields::default() }),
        },
        "object" => {
            let mut fields =
                Fields { preserve_unknown: schema.preserves(), atomic, embedded: schema.embedded, ..Fields::default() };
            for (name, child) in &schema.properties {
                let required = schema.required.contains(name);
                let child =
                    Field { node: NodeRef::inline(node(child)), required, omits_zero: false, go: Go::default() };
                fields.fields.insert(name.as_str().into(), child);
            }
            if schema.embedded {
                meta(&mut fields);
            }
            Shape::Object(fields)
        }
        _ => Shape::Any,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn topology() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "m": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {"k": {"type": "string", "default": "K"}}}},
            "p": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "any": {"x-kubernetes-preserve-unknown-fields": true}}}}});
        let Shape::Object(top) = root(&Props::read(&schema)).shape else { panic!() };
        assert!(matches!(top.fields["metadata"].node, NodeRef::Named(OBJECT_META)));
        let NodeRef::Inline(spec) = &top.fields["spec"].node else { panic!() };
        let Shape::Object(spec) = &spec.shape else { panic!() };
        let Shape::List { items, topology, .. } = &spec.fields["m"].node.get().shape else { panic!() };
        assert_eq!(*topology, Topology::Map(vec!["k".into()]));
        let Shape::Object(item) = &items.get().shape else { panic!() };
        assert_eq!(item.fields["k"].node.get().default, Some(json!("K")));
        assert!(matches!(&spec.fields["p"].node.get().shape, Shape::Object(fields) if fields.preserve_unknown));
        assert!(matches!(spec.fields["any"].node.get().shape, Shape::Any));
    }
}
