//! Maps, with what the real Helm answers.

use crate::functions::testing::{Literal, call, printed, values};
use crate::value::{Map, Value};

#[test]
fn makes_and_reads_maps() {
    let map = || values![map: "a" => values![map: "b" => 1], "c" => Value::Nil];
    let text = || call("split", &values![",", "x"]).unwrap_or_default();
    let not_map =
        |found: &str| format!("error: interface conversion: interface {{}} is {found}, not map[string]interface {{}}");
    let cases: &[(&str, &[Value], &str)] = &[
        ("dict", &values!["a", 1, "b"], "map[a:1 b:]"),
        ("dict", &values![Value::Nil, 1, 1.5, 2, "a", 3, "a", 4], "map[1.5:2 <nil>:1 a:4]"),
        ("get", &values![map(), "c"], "<nil>"),
        ("get", &values![map(), "d"], ""),
        ("get", &values![Value::Nil, "d"], ""),
        ("set", &values![Value::Nil, "d", 1], "error: assignment to entry in nil map"),
        ("hasKey", &values![map(), "c"], "true"),
        ("hasKey", &values![Value::Nil, "c"], "false"),
        ("keys", &values![map(), values![map: "a" => 1]], "[a c a]"),
        ("values", &values![map()], "[map[b:1] <nil>]"),
        ("values", &values![Value::Nil], "[]"),
        ("pluck", &values!["c", map(), values![map: "c" => 1], values![map:]], "[<nil> 1]"),
        ("pick", &values![map(), "c", "d"], "map[c:<nil>]"),
        ("omit", &values![map(), "c", "d"], "map[a:map[b:1]]"),
        ("dig", &values!["a", "b", "default", map()], "1"),
        ("dig", &values!["a", "d", "default", map()], "default"),
        ("dig", &values!["d", "b", "default", map()], "default"),
        ("dig", &values!["c", "default", map()], "<nil>"),
        ("dig", &values!["a", map()], "error: dig needs at least three arguments"),
        ("dig", &values!["c", "b", "default", map()], &not_map("nil")),
        ("dig", &values!["a", "b", "c", "default", map()], &not_map("int")),
        ("dig", &values!["a", "b", "default", "x"], &not_map("string")),
        ("dig", &values!["a", "b", "default", text()], &not_map("map[string]string")),
        ("dig", &values![1, "b", "default", map()], "error: interface conversion: interface {} is int, not string"),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(printed(name, arguments), *expected, "{name} {arguments:?}");
    }
}

#[test]
fn sets_and_unsets_in_place() {
    let map = values![map: "a" => 1];
    assert_eq!(printed("set", &values![map.clone(), "b", 2]), "map[a:1 b:2]");
    assert_eq!(printed("unset", &values![map.clone(), "a"]), "map[b:2]");
    assert_eq!(printed("keys", &[map]), "[b]");
}

#[test]
fn merges_as_mergo_does() {
    let text = || call("split", &values![",", "p"]).unwrap_or_default();
    let some = || values![list: 1];
    let none = || values![list:];
    let map = || values![map: "x" => 1];
    let no_map = || values![map:];
    // What the destination has, what the source has, what merge and mergeOverwrite make of it.
    let cases = [
        (Value::Nil, 1.value(), "1", "1"),
        (0.value(), 1.value(), "1", "1"),
        (false.value(), true.value(), "true", "true"),
        ("".value(), "s".value(), "s", "s"),
        (1.value(), Value::Nil, "1", "<nil>"),
        (1.value(), 0.value(), "1", "0"),
        ("s".value(), "".value(), "s", ""),
        (true.value(), false.value(), "true", "false"),
        ("s".value(), map(), "s", "map[x:1]"),
        ("s".value(), some(), "s", "[1]"),
        ("s".value(), none(), "s", "[]"),
        (map(), "s".value(), "map[x:1]", "s"),
        (map(), some(), "map[x:1]", "[1]"),
        (map(), no_map(), "map[x:1]", "map[x:1]"),
        (no_map(), map(), "map[x:1]", "map[x:1]"),
        (no_map(), 1.value(), "1", "1"),
        (some(), none(), "[1]", "[]"),
        (some(), values![list: 2, 3], "[1]", "[2 3]"),
        (none(), some(), "[1]", "[1]"),
        (some(), map(), "[1]", "map[x:1]"),
        (map(), values![map: "x" => 2, "y" => 3], "map[x:1 y:3]", "map[x:2 y:3]"),
        (map(), values![map: "x" => Value::Nil], "map[x:1]", "map[x:<nil>]"),
    ];
    for (destination, source, merged, overwritten) in cases {
        let copy = || match &destination {
            Value::Map(map) => Value::Map(map.to_vec().into_iter().collect()),
            other => other.clone(),
        };
        for (name, expected) in [("merge", merged), ("mustMergeOverwrite", overwritten)] {
            let arguments = values![values![map: "k" => copy()], values![map: "k" => source.clone()]];
            assert_eq!(printed(name, &arguments), format!("map[k:{expected}]"), "{name} {arguments:?}");
        }
    }
    assert_eq!(
        printed("merge", &values![values![map: "k" => text()], values![map: "k" => values![map: "y" => "z"]]]),
        "error: reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string"
    );
}

#[test]
fn shares_with_the_source_what_it_takes_from_there() {
    let inner = Map::new();
    let source = values![map: "inner" => Value::Map(inner.clone())];
    let merged = call("merge", &values![values![map:], source]).unwrap_or_default();
    inner.set("late", Value::int(1));
    assert_eq!(printed("values", &[merged]), "[map[late:1]]");
}

#[test]
fn refuses_to_merge_what_contains_itself() {
    let circle = || {
        let map = Map::new();
        map.set("self", map.clone().into());
        map
    };
    let (one, other) = (circle(), circle());
    let failed = call("merge", &[one.clone().into(), other.clone().into()]).is_err();
    // Without this the two would never be freed.
    one.remove(b"self");
    other.remove(b"self");
    assert!(failed);
}
