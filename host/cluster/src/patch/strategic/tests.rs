//! Strategic merge patches of upstream's own cases.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::{Field, Fields, NodeRef, Scalar, Topology};
use serde_json::json;

fn optional(node: Node) -> Field {
    Field { node: NodeRef::inline(node), required: false, omits_zero: true, go: Default::default() }
}

fn scalar() -> Node {
    Node::of(Shape::Scalar(Scalar::String))
}

fn list_of(items: Node, patch: ListPatch) -> Node {
    Node::of(Shape::List { items: NodeRef::inline(items), topology: Topology::Atomic, patch })
}

/// An item with merging and other lists of itself, some levels deep.
fn item(depth: usize) -> Node {
    let mut fields = Fields { name: "MergeItem".into(), ..Fields::default() };
    for name in ["name", "value", "other"] {
        fields.fields.insert(name.into(), optional(scalar()));
    }
    let map = Node::of(Shape::Map { values: NodeRef::inline(scalar()), atomic: false });
    fields.fields.insert("simpleMap".into(), optional(map));
    fields.fields.insert("mergingIntList".into(), optional(list_of(scalar(), ListPatch::Merge)));
    fields.fields.insert("nonMergingIntList".into(), optional(list_of(scalar(), ListPatch::Replace)));
    fields.fields.insert("lists".into(), optional(list_of(list_of(scalar(), ListPatch::Merge), ListPatch::Merge)));
    fields.fields.insert("raw".into(), optional(Node::of(Shape::Any)));
    if depth > 0 {
        let by_name = || ListPatch::MergeBy("name".into());
        fields.fields.insert("mergingList".into(), optional(list_of(item(depth - 1), by_name())));
        fields.fields.insert("nonMergingList".into(), optional(list_of(item(depth - 1), ListPatch::Replace)));
        fields.fields.insert("retainKeysMap".into(), optional(item(depth - 1)));
    }
    Node::of(Shape::Object(fields))
}

#[test]
fn patches_that_apply() {
    let cases = [
        (json!({"mergingIntList": [1, 2]}), json!({"mergingIntList": [2, 3]}), json!({"mergingIntList": [1, 2, 3]})),
        (
            json!({"mergingIntList": [1, 2, 3]}),
            json!({"mergingIntList": [3, 1, 2]}),
            json!({"mergingIntList": [3, 1, 2]}),
        ),
        (json!({"mergingIntList": [1, 2, 3]}), json!({"mergingIntList": [3, 1]}), json!({"mergingIntList": [2, 3, 1]})),
        (json!({"nonMergingIntList": [1, 2]}), json!({"nonMergingIntList": [3]}), json!({"nonMergingIntList": [3]})),
        (json!({"simpleMap": {"a": "1"}}), json!({"simpleMap": {"$patch": "delete"}}), json!({"simpleMap": {}})),
        (
            json!({"simpleMap": {"a": "1"}}),
            json!({"simpleMap": {"$patch": "replace", "b": "2"}}),
            json!({"simpleMap": {"b": "2"}}),
        ),
        (
            json!({"simpleMap": {"a": "1", "b": "2"}}),
            json!({"simpleMap": {"a": null, "c": "3"}}),
            json!({"simpleMap": {"b": "2", "c": "3"}}),
        ),
        (json!({"name": "1", "value": "1"}), json!({"other": "a", "$patch": "replace"}), json!({"other": "a"})),
        (
            json!({"mergingList": [{"name": "1"}]}),
            json!({"mergingList": [{"$patch": "replace"}]}),
            json!({"mergingList": []}),
        ),
        (
            json!({"mergingList": [{"name": "1"}]}),
            json!({"mergingList": [{"$patch": "replace"}, {"name": "2"}]}),
            json!({"mergingList": [{"name": "2"}]}),
        ),
        (json!({"mergingList": []}), json!({"mergingList": []}), json!({"mergingList": []})),
        (
            json!({"mergingList": [{"name": "1"}, {"name": "1"}, {"name": "2", "value": "a"}]}),
            json!({"mergingList": [{"name": "1", "$patch": "delete"}]}),
            json!({"mergingList": [{"name": "2", "value": "a"}]}),
        ),
        (
            json!({"mergingList": [{"name": "1"}, {"name": "2", "value": "b"}, {"name": "3"}]}),
            json!({"mergingList": [{"name": "3", "value": "c"}, {"name": "1", "value": "a"}]}),
            json!({"mergingList": [{"name": "2", "value": "b"}, {"name": "3", "value": "c"}, {"name": "1", "value": "a"}]}),
        ),
        (
            json!({"mergingList": [{"name": "a", "mergingIntList": [1]}, {"name": "b"}]}),
            json!({"mergingList": [{"name": "a", "mergingIntList": [2], "value": null}, {"name": "s"}]}),
            json!({"mergingList": [{"name": "a", "mergingIntList": [2, 1]}, {"name": "s"}, {"name": "b"}]}),
        ),
        (
            json!({"mergingList": [{"name": "1"}, {"name": "3"}]}),
            json!({"$setElementOrder/mergingList": [{"name": "3"}, {"name": "2"}, {"name": "1"}],
                "mergingList": [{"name": "3", "value": "3"}, {"name": "1", "value": "1"}]}),
            json!({"mergingList": [{"name": "3", "value": "3"}, {"name": "1", "value": "1"}]}),
        ),
        (
            json!({"mergingIntList": [1, 3]}),
            json!({"$setElementOrder/mergingIntList": [3, 2, 1]}),
            json!({"mergingIntList": [3, 1]}),
        ),
        (
            json!({"mergingList": [{"name": "a"}, {"name": "b"}, {"name": "x"}]}),
            json!({"$setElementOrder/mergingList": [{"name": "a"}], "mergingList": [{"name": "b", "$patch": "delete"}]}),
            json!({"mergingList": [{"name": "a"}, {"name": "x"}]}),
        ),
        (
            json!({"mergingIntList": [1, 2, 3, 4]}),
            json!({"mergingIntList": [5], "$deleteFromPrimitiveList/mergingIntList": [2], "$setElementOrder/mergingIntList": [1, 3, 5]}),
            json!({"mergingIntList": [1, 3, 5, 4]}),
        ),
        (
            json!({"nonMergingIntList": [1, 2]}),
            json!({"$deleteFromPrimitiveList/nonMergingIntList": [2]}),
            json!({"nonMergingIntList": [1]}),
        ),
        (json!({}), json!({"$deleteFromPrimitiveList/mergingIntList": [2]}), json!({})),
        (
            json!({}),
            json!({"mergingList": [{"name": "a", "value": null}, {"name": "b", "$patch": "delete"}], "other": null}),
            json!({"mergingList": [{"name": "a"}]}),
        ),
        (
            json!({"retainKeysMap": {"name": "foo", "value": "a"}}),
            json!({"retainKeysMap": {"$retainKeys": ["name", "other"], "value": null, "other": "b"}}),
            json!({"retainKeysMap": {"name": "foo", "other": "b"}}),
        ),
        (
            json!({"retainKeysMap": {"name": "foo", "mergingIntList": [1, 2, 3]}}),
            json!({"retainKeysMap": {"$retainKeys": ["mergingIntList", "name"],
                "$setElementOrder/mergingIntList": [1, 2, 4], "mergingIntList": [4]}}),
            json!({"retainKeysMap": {"name": "foo", "mergingIntList": [1, 2, 4, 3]}}),
        ),
        (json!({"value": "a"}), json!({"value": ["b"]}), json!({"value": ["b"]})),
    ];
    for (target, patch, expected) in cases {
        assert_eq!(apply(&target, &patch, &item(2)).unwrap(), expected, "{target} with {patch}");
    }
}

#[test]
fn patches_that_are_refused() {
    let cases = [
        (json!({}), json!([]), 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (json!({}), json!({"$patch": "x", "a": 1}), 500, "unknown patch type: x in map: map[$patch:x a:1]"),
        (
            json!({"mergingList": [{"name": "1"}]}),
            json!({"mergingList": [{"value": "1"}]}),
            500,
            "map: map[value:1] does not contain declared merge key: name",
        ),
        (
            json!({"mergingList": [{"name": "1"}]}),
            json!({"mergingList": [{"$patch": "merge"}]}),
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        (
            json!({"mergingList": [{"name": "1"}]}),
            json!({"mergingList": ["a"]}),
            500,
            "list element types are not identical: [[map[name:1]] [a]]",
        ),
        (json!({"lists": [[1]]}), json!({"lists": [[2]]}), 500, "unexpected slice of slice"),
        (
            json!({"mergingList": [{"name": "1"}, {"name": "2"}]}),
            json!({"$setElementOrder/mergingList": [{"name": "1"}, {"name": "2"}], "mergingList": [{"name": "2"}, {"name": "1"}]}),
            500,
            "the order in patch list:\n[map[name:2] map[name:1]]\n doesn't match $setElementOrder list:\n[map[name:1] map[name:2]]",
        ),
        (json!({}), json!({"$setElementOrder": []}), 400, "invalid patch format of setElementOrder list"),
        (json!({}), json!({"$setElementOrder/name": 1}), 500, "expected a []interface {}, but received a int64"),
        (json!({}), json!({"$deleteFromPrimitiveList": []}), 400, "invalid patch format of primitive list"),
        (json!({}), json!({"$retainKeys": "a"}), 400, "invalid patch format of retainKeys"),
        (json!({}), json!({"$retainKeys": ["a"], "name": "b"}), 400, "invalid patch format of retainKeys"),
        (
            json!({"raw": {"a": {"b": 1}}}),
            json!({"raw": {"a": {"b": 2}}}),
            500,
            "unable to find api field in struct RawExtension for the json field \"a\"",
        ),
    ];
    for (target, patch, code, message) in cases {
        let refusal = apply(&target, &patch, &item(2)).unwrap_err();
        assert_eq!((refusal.code.as_u16(), refusal.message.as_str()), (code, message), "{target} with {patch}");
    }
}
