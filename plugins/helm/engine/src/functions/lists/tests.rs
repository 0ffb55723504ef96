//! Lists, with what the real Helm answers.

use crate::functions::testing::{call, printed, values};
use crate::value::{List, Type, Value};

#[test]
fn makes_and_reads_lists() {
    let list = || values![list: 1, 2, 3];
    let none = || values![list:];
    let cases: &[(&str, &[Value], &str)] = &[
        ("append", &values![list(), 4], "[1 2 3 4]"),
        ("append", &values!["a", 1], "error: Cannot push on type string"),
        ("append", &values![values![map:], 1], "error: Cannot push on type map"),
        ("append", &values![Value::Nil, 1], "error: runtime error: invalid memory address or nil pointer dereference"),
        ("prepend", &values![list(), 0], "[0 1 2 3]"),
        ("mustPrepend", &values![1.5, 0], "error: Cannot prepend on type float64"),
        ("first", &values![list()], "1"),
        ("first", &values![none()], "<nil>"),
        ("last", &values![list()], "3"),
        ("last", &values![true], "error: Cannot find last on type bool"),
        ("rest", &values![list()], "[2 3]"),
        ("initial", &values![list()], "[1 2]"),
        ("reverse", &values![list()], "[3 2 1]"),
        ("reverse", &values!["abc"], "error: Cannot find reverse on type string"),
        ("concat", &values![list(), values![list: "a"]], "[1 2 3 a]"),
        ("concat", &values![list(), "a"], "error: Cannot concat type string as list"),
        ("has", &values![1, list()], "true"),
        ("has", &values![1.0, list()], "false"),
        ("has", &values![1, Value::Nil], "false"),
        ("has", &values![values![list: 1], values![list: values![list: 1]]], "true"),
        ("has", &values![1, "abc"], "error: Cannot find has on type string"),
        ("uniq", &values![values![list: 1, 1, "a", "a", values![list: 1], values![list: 1], 1.0]], "[1 a [1] 1]"),
        ("without", &values![list(), 2, 3], "[1]"),
        ("without", &values!["abc", 1], "error: Cannot find without on type string"),
        ("compact", &values![values![list: 0, 1, "", "a", Value::Nil, false, none()]], "[1 a]"),
        ("compact", &values!["abc"], "error: Cannot compact on type string"),
        ("chunk", &values![2, list()], "[[1 2] [3]]"),
        ("chunk", &values![5, list()], "[[1 2 3]]"),
        ("chunk", &values![2, none()], "[]"),
        ("chunk", &values![0, list()], "error: runtime error: makeslice: len out of range"),
        ("chunk", &values![-5, list()], "[]"),
        ("chunk", &values![-1, list()], "error: runtime error: makeslice: len out of range"),
        ("chunk", &values![-3, values![list: 1]], "[[1]]"),
        ("chunk", &values![2, "a"], "error: Cannot chunk type string"),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(printed(name, arguments), *expected, "{name} {arguments:?}");
    }
}

#[test]
fn tells_what_there_is_not_from_what_is_empty() {
    let empty = || values![list:];
    for (name, arguments, expected) in [
        ("concat", values![empty(), empty()].to_vec(), true),
        ("rest", vec![empty()], true),
        ("initial", vec![empty()], true),
        ("reverse", vec![empty()], false),
        ("uniq", vec![List::nil(Type::Any).into()], false),
        ("list", vec![], false),
    ] {
        match call(name, &arguments) {
            Ok(Value::List(list)) => assert_eq!(list.is_nil(), expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
