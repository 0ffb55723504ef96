//! The built-in types, read off the facts in `facts/` when first asked for. `examples/facts` writes those anew.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

use super::{Absent, Field, Fields, Go, ListPatch, Node, NodeRef, Scalar, Shape, Topology};

const FACTS: [&str; 7] = [
    include_str!("facts/admission.txt"),
    include_str!("facts/core.txt"),
    include_str!("facts/groups.txt"),
    include_str!("facts/meta.txt"),
    include_str!("facts/resource.txt"),
    include_str!("facts/storage.txt"),
    include_str!("facts/workloads.txt"),
];

/// Types that are a single value or that nothing is known of.
const SPECIAL: [(&str, Shape); 11] = [
    ("io.k8s.apimachinery.pkg.api.resource.Quantity", Shape::Scalar(Scalar::Quantity)),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Duration", Shape::Scalar(Scalar::Duration)),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", Shape::Any),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", Shape::Scalar(Scalar::MicroTime)),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Patch", Shape::Any),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", Shape::Scalar(Scalar::Time)),
    ("io.k8s.apimachinery.pkg.runtime.RawExtension", Shape::Any),
    ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", Shape::Scalar(Scalar::IntOrString)),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", Shape::Any),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", Shape::Any),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", Shape::Any),
];

static ANY: Node = Node { shape: Shape::Any, nullable: false, default: None };

/// The group, version and kind that a type is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupVersionKind {
    /// The API group, empty for the core.
    pub(crate) group: &'static str,
    /// `v1`
    pub(crate) version: &'static str,
    /// `Deployment`
    pub(crate) kind: &'static str,
}

/// A type's facts: the first line split from its fields'.
#[derive(Debug)]
struct Entry {
    head: &'static str,
    fields: &'static str,
    node: OnceLock<Node>,
}

static TYPES: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let mut types = BTreeMap::new();
    for block in FACTS.iter().flat_map(|text| text.split("\n\n")).map(str::trim_start) {
        if block.starts_with('#') || block.is_empty() {
            continue;
        }
        let (head, fields) = block.split_once('\n').unwrap_or((block, ""));
        let name = head.split(' ').next().unwrap_or_default();
        types.insert(full_name(name), Entry { head, fields, node: OnceLock::new() });
    }
    for (name, shape) in SPECIAL {
        let node = OnceLock::from(Node::of(shape));
        types.insert(name.to_owned(), Entry { head: "", fields: "", node });
    }
    types
});

/// A built-in type by its OpenAPI name; [`Shape::Any`] where there is none.
pub(crate) fn builtin(name: &str) -> &'static Node {
    let Some((name, entry)) = TYPES.get_key_value(name) else {
        return &ANY;
    };
    entry.node.get_or_init(|| read(name, entry))
}

/// All types with fields, by name, with the kind that each is, if it is one of its own.
pub(crate) fn types() -> impl Iterator<Item = (&'static str, Option<GroupVersionKind>)> {
    TYPES.iter().filter(|(_, entry)| !entry.head.is_empty()).map(|(name, entry)| {
        let kind = entry.head.split(' ').find_map(|word| word.strip_prefix("kind="));
        let mut parts = kind.unwrap_or_default().split('/');
        let kind = match (parts.next(), parts.next(), parts.next()) {
            (Some(group), Some(version), Some(kind)) => Some(GroupVersionKind { group, version, kind }),
            _ => None,
        };
        (name.as_str(), kind)
    })
}

/// `core.v1.Pod` → `io.k8s.api.core.v1.Pod`.
fn full_name(short: &str) -> String {
    let package = match short.split('.').next() {
        Some("meta") => "io.k8s.apimachinery.pkg.apis",
        Some("runtime" | "version") => "io.k8s.apimachinery.pkg",
        Some("apiextensions") => "io.k8s.apiextensions-apiserver.pkg.apis",
        Some("apiregistration") => "io.k8s.kube-aggregator.pkg.apis",
        _ => "io.k8s.api",
    };
    format!("{package}.{short}")
}

fn read(name: &str, entry: &Entry) -> Node {
    let (package, short) = name.rsplit_once('.').unwrap_or(("", name));
    let mut object = Fields { name: short.into(), ..Fields::default() };
    for flag in entry.head.split(' ').skip(1) {
        match flag {
            "atomic" => object.atomic = true,
            "retain-keys" => object.retain_keys = true,
            _ => {}
        }
    }
    for (place, line) in (0..).zip(entry.fields.lines()) {
        let mut words = line.trim_start().split(' ');
        if let (Some(field), Some(token)) = (words.next(), words.next()) {
            let mut about = read_field(token, words, package);
            about.go.place = place;
            object.fields.insert(field.into(), about);
        }
    }
    Node::of(Shape::Object(object))
}

/// What the flags of a field say.
#[derive(Default)]
struct Flags<'a> {
    required: bool,
    omits_zero: bool,
    absent: Absent,
    topology: Option<Topology>,
    patch: Option<ListPatch>,
    atomic: bool,
    default: Option<&'a str>,
    go: Option<&'a str>,
}

impl<'a> Flags<'a> {
    fn read(words: impl Iterator<Item = &'a str>) -> Self {
        let mut flags = Self::default();
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("!", _) => flags.required = true,
                ("~", _) => flags.omits_zero = true,
                ("zero", _) => flags.absent = Absent::Zero,
                ("null", _) => flags.absent = Absent::Null,
                ("set", _) => flags.topology = Some(Topology::Set),
                ("map", keys) => flags.topology = Some(Topology::Map(keys.split(',').map(Box::from).collect())),
                ("patch", "") => flags.patch = Some(ListPatch::Merge),
                ("patch", key) => flags.patch = Some(ListPatch::MergeBy(key.into())),
                ("atomic", _) => flags.atomic = true,
                ("default", value) => flags.default = Some(value),
                ("go", name) => flags.go = Some(name),
                _ => {}
            }
        }
        flags
    }
}

fn read_field<'a>(token: &'a str, words: impl Iterator<Item = &'a str>, package: &str) -> Field {
    let flags = Flags::read(words);
    let (node, name) = match token.strip_prefix("[]") {
        Some(items) => {
            let (items, item) = read_type(items, package);
            let topology = flags.topology.unwrap_or(Topology::Atomic);
            let patch = flags.patch.unwrap_or(ListPatch::Replace);
            (NodeRef::inline(Node::of(Shape::List { items, topology, patch })), format!("[]{item}"))
        }
        None => read_type(token, package),
    };
    let node = match (node, flags.atomic, flags.default) {
        // A map, or a struct that has one owner in this place only.
        (node, true, _) => NodeRef::inline(whole(node.get())),
        (node, false, Some(default)) => {
            NodeRef::inline(Node { default: Some(Value::from(default)), ..node.get().clone() })
        }
        (node, false, None) => node,
    };
    let name = flags.go.map_or(name, str::to_owned).into();
    let go = Go { absent: flags.absent, name, place: 0 };
    Field { node, required: flags.required, omits_zero: flags.omits_zero, go }
}

/// The node with one owner as a whole.
fn whole(node: &Node) -> Node {
    let shape = match node.shape.clone() {
        Shape::Map { values, .. } => Shape::Map { values, atomic: true },
        Shape::Object(fields) => Shape::Object(Fields { atomic: true, ..fields }),
        other => other,
    };
    Node { shape, ..node.clone() }
}

/// A type and its Go name.
fn read_type(token: &str, package: &str) -> (NodeRef, String) {
    if let Some(items) = token.strip_prefix("[]") {
        let (items, name) = read_type(items, package);
        let list = Shape::List { items, topology: Topology::Atomic, patch: ListPatch::Replace };
        return (NodeRef::inline(Node::of(list)), format!("[]{name}"));
    }
    if let Some(values) = token.strip_prefix("{}") {
        let (values, name) = read_type(values, package);
        return (NodeRef::inline(Node::of(Shape::Map { values, atomic: false })), format!("map[string]{name}"));
    }
    let (kind, named) = token.split_once(':').map_or((token, None), |(kind, name)| (kind, Some(name)));
    let scalar = match kind {
        "string" => Some((Scalar::String, "string")),
        "bytes" => Some((Scalar::Bytes, "[]uint8")),
        "int32" => Some((Scalar::Integer(32), "int32")),
        "int64" => Some((Scalar::Integer(64), "int64")),
        "float" => Some((Scalar::Number, "float64")),
        "bool" => Some((Scalar::Boolean, "bool")),
        "intstr" => Some((Scalar::IntOrString, "intstr.IntOrString")),
        "quantity" => Some((Scalar::Quantity, "resource.Quantity")),
        "time" => Some((Scalar::Time, "v1.Time")),
        "microtime" => Some((Scalar::MicroTime, "v1.MicroTime")),
        "duration" => Some((Scalar::Duration, "v1.Duration")),
        _ => None,
    };
    if let Some((scalar, go)) = scalar {
        return (NodeRef::inline(Node::of(Shape::Scalar(scalar))), named.unwrap_or(go).to_owned());
    }
    if kind == "any" {
        return (NodeRef::inline(Node::of(Shape::Any)), "interface {}".to_owned());
    }
    let full = if kind.contains('.') { full_name(kind) } else { format!("{package}.{kind}") };
    let version = full.rsplit('.').nth(1).unwrap_or_default();
    let name = format!("{version}.{}", full.rsplit('.').next().unwrap_or_default());
    match TYPES.get_key_value(&full) {
        Some((full, _)) => (NodeRef::Named(full), name),
        None => (NodeRef::inline(Node::of(Shape::Any)), name),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::registry::built_in;

    fn fields(name: &str) -> &'static Fields {
        match &builtin(name).shape {
            Shape::Object(fields) => fields,
            other => panic!("{name} is {other:?}"),
        }
    }

    #[test]
    fn every_kind_of_the_registry_has_its_type() {
        for kind in built_in() {
            for (_, name) in kind.versions {
                assert!(fields(name).fields.contains_key("metadata"), "{name}");
            }
        }
    }

    #[test]
    fn every_name_that_is_referred_to_is_there() {
        fn walk(at: &str, node: &NodeRef) {
            match node {
                NodeRef::Named(name) => assert!(TYPES.contains_key(*name), "{at}: {name}"),
                NodeRef::Inline(node) => match &node.shape {
                    Shape::List { items, .. } => walk(at, items),
                    Shape::Map { values, .. } => walk(at, values),
                    _ => {}
                },
            }
        }
        for (name, _) in types() {
            for (field, about) in &fields(name).fields {
                walk(&format!("{name}.{field}"), &about.node);
                assert!(!about.go.name.is_empty(), "{name}.{field}");
            }
        }
        // What is taken for anything is only what is said to be.
        for block in FACTS.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ")) {
            let token = block.split_whitespace().nth(1).unwrap();
            assert!(!token.is_empty() && block.split_whitespace().count() < 9, "{block}");
        }
    }

    #[test]
    fn facts_are_as_upstream_has_them() {
        let port = &fields("io.k8s.api.core.v1.ServicePort").fields;
        assert_eq!(port["protocol"].node.get().default, Some(Value::from("TCP")));
        assert_eq!(&*port["protocol"].go.name, "v1.Protocol");
        assert_eq!(port["targetPort"].go.absent, Absent::Zero);
        assert!(port["port"].required && !port["port"].omits_zero);
        let spec = &fields("io.k8s.api.core.v1.ServiceSpec").fields;
        assert!(matches!(spec["selector"].node.get().shape, Shape::Map { atomic: true, .. }));
        let Shape::List { topology, patch, .. } = &spec["ports"].node.get().shape else { panic!("not a list") };
        assert_eq!(*topology, Topology::Map(vec!["port".into(), "protocol".into()]));
        assert_eq!(*patch, ListPatch::MergeBy("port".into()));
        assert!(fields("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector").atomic);
        assert!(fields("io.k8s.api.core.v1.Volume").retain_keys);
        assert!(fields("io.k8s.api.core.v1.VolumeMount").fields["name"].node.get().default.is_none());
        assert_eq!(fields("io.k8s.api.rbac.v1.ClusterRole").fields["rules"].go.absent, Absent::Null);
        let finalizers = &fields("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").fields["finalizers"];
        let Shape::List { topology, patch, .. } = &finalizers.node.get().shape else { panic!("not a list") };
        assert_eq!((topology, patch), (&Topology::Set, &ListPatch::Merge));
        let kinds = types().filter(|(_, kind)| kind.is_some()).count();
        assert!(kinds > 120, "{kinds}");
        assert!(matches!(builtin("io.k8s.nothing").shape, Shape::Any));
    }
}
