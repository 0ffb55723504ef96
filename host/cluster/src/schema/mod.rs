//! The structure of objects: one form for built-in types and for what CustomResourceDefinitions declare.
//!
//! Decoding, pruning, defaulting, strategic merges, server-side apply and OpenAPI all walk a value beside
//! its [`Node`]. A value without a node (inside [`Shape::Any`]) is taken as it is.

mod builtin;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use builtin::{builtin, types};

/// A node, or the name of a built-in type, which may refer to itself.
#[derive(Debug, Clone)]
pub(crate) enum NodeRef {
    /// A node of its own.
    Inline(Arc<Node>),
    /// A built-in type by its OpenAPI name: `io.k8s.api.core.v1.PodSpec`.
    Named(&'static str),
}

impl NodeRef {
    /// A node of its own.
    pub(crate) fn inline(node: Node) -> Self {
        Self::Inline(Arc::new(node))
    }

    /// The node that is meant.
    pub(crate) fn get(&self) -> &Node {
        match self {
            Self::Inline(node) => node,
            Self::Named(name) => builtin(name),
        }
    }
}

/// What a value may be.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its form.
    pub(crate) shape: Shape,
    /// Whether `null` is a value of its own rather than an absence.
    pub(crate) nullable: bool,
    /// What stands in for an absent value (CustomResourceDefinitions; built-in kinds have functions, and this
    /// only where a list's key is completed by it: a port's `protocol`).
    pub(crate) default: Option<Value>,
}

impl Node {
    /// A node of this shape, not nullable, without a default.
    pub(crate) fn of(shape: Shape) -> Self {
        Self { shape, nullable: false, default: None }
    }
}

/// The form of a value.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Anything: no structure is known below here. Owned and merged as one leaf, never pruned.
    Any,
    /// A single value.
    Scalar(Scalar),
    /// Fields with names that are known.
    Object(Fields),
    /// Names that are free, values alike.
    Map {
        /// What each value is.
        values: NodeRef,
        /// Whether it has one owner as a whole (`x-kubernetes-map-type: atomic`).
        atomic: bool,
    },
    /// Values in order.
    List {
        /// What each item is.
        items: NodeRef,
        /// How it is merged by server-side apply.
        topology: Topology,
        /// How it is merged by a strategic merge patch.
        patch: ListPatch,
    },
}

/// A single value's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// Text.
    String,
    /// Base64 of bytes.
    Bytes,
    /// A signed integer of this many bits.
    Integer(u8),
    /// A floating point number.
    Number,
    /// Yes or no.
    Boolean,
    /// `IntOrString`.
    IntOrString,
    /// `resource.Quantity`: text or number, kept in canonical form.
    Quantity,
    /// RFC 3339, whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// `metav1.Duration`.
    Duration,
}

/// The fields of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// The Go type's short name in diagnostics of decoding: `PodSpec`. Empty for custom resources.
    pub(crate) name: Box<str>,
    /// By their JSON names.
    pub(crate) fields: BTreeMap<Box<str>, Field>,
    /// Whether other fields stay (`x-kubernetes-preserve-unknown-fields`).
    pub(crate) preserve_unknown: bool,
    /// Whether it has one owner as a whole (`x-kubernetes-map-type: atomic`).
    pub(crate) atomic: bool,
    /// Whether it is an object with metadata of its own (`x-kubernetes-embedded-resource`).
    pub(crate) embedded: bool,
    /// A strategic merge patch drops sibling fields that its `$retainKeys` does not name (`patchStrategy: retainKeys`).
    pub(crate) retain_keys: bool,
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// What its value is.
    pub(crate) node: NodeRef,
    /// Whether it has to be there.
    pub(crate) required: bool,
    /// Whether a zero value (`""`, `0`, `false`, `[]`, `{}`) is the same as none: Go's `omitempty` without a pointer.
    pub(crate) omits_zero: bool,
    /// How Go's types show it; [`Go::default`] for what CustomResourceDefinitions declare.
    pub(crate) go: Go,
}

/// What only the Go type of a built-in field knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Go {
    /// What its encoder writes where nothing is there.
    pub(crate) absent: Absent,
    /// The type as diagnostics of decoding print it, without a pointer: `[]v1.Container`.
    pub(crate) name: Box<str>,
    /// Where its encoder writes the field among the others, from 0.
    pub(crate) place: u32,
}

/// What Go's encoder writes where nothing is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Nothing.
    #[default]
    Omitted,
    /// `null`.
    Null,
    /// The zero value: `""`, `0`, `false`, or an object with what its own fields write.
    Zero,
}

/// How server-side apply sees a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Topology {
    /// One value with one owner.
    Atomic,
    /// Scalars, each owned by itself.
    Set,
    /// Objects, told apart by these fields.
    Map(Vec<Box<str>>),
}

/// How a strategic merge patch sees a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListPatch {
    /// It is replaced.
    Replace,
    /// Scalars are added.
    Merge,
    /// Objects are merged by this field.
    MergeBy(Box<str>),
}
