//! Expressions with what the real Helm prints for them.

use crate::functions::testing::evaluated;

fn check(rows: &[(&str, &str)]) {
    for (expression, wanted) in rows {
        assert_eq!(evaluated(expression), *wanted, "{expression}");
    }
}

#[test]
fn compares() {
    check(&[
        ("eq 1 1.0", "error: incompatible types for comparison: int and float64"),
        (r#"eq "a" 1"#, "error: incompatible types for comparison: string and int"),
        ("eq nil nil", "true"),
        ("eq 1 nil", "false"),
        ("eq nil 1", "false"),
        ("eq (list 1) (list 1)", "error: non-comparable type [%!s(int=1)]: []interface {}"),
        ("eq (list) nil", "false"),
        ("eq (list) (dict)", "error: non-comparable types []: []interface {}, map[string]interface {}: map[]"),
        (r#"eq (list 1) "a""#, "error: incompatible types for comparison: []interface {} and string"),
        (r#"eq "a" (list 1)"#, "error: incompatible types for comparison: string and []interface {}"),
        ("eq (dict) (dict)", "error: non-comparable type map[]: map[string]interface {}"),
        (r#"eq (dict "a" 1) nil"#, "false"),
        ("eq nil (dict)", "false"),
        ("eq 1", "error: missing argument for comparison"),
        ("eq 1 2 3", "false"),
        (r#"eq 1 "a" 1"#, "error: incompatible types for comparison: int and string"),
        (r#"eq 1 1 "a""#, "true"),
        ("eq true 1", "error: incompatible types for comparison: bool and int"),
        (r#"eq true "true""#, "error: incompatible types for comparison: bool and string"),
        ("eq (int64 1) 1", "true"),
        (r#"eq (index "a" 0) 97"#, "true"),
        (r#"eq (index "a" 0) 97.0"#, "error: incompatible types for comparison: uint8 and float64"),
        ("eq (until 1) (until 1)", "error: non-comparable type [%!s(int=0)]: []int"),
        ("eq (until 1) (list 1)", "error: non-comparable type [%!s(int=1)]: []interface {}"),
        (r#"eq (splitList "a" "b") (list)"#, "error: non-comparable type []: []interface {}"),
        ("ne 1 2.0", "error: incompatible types for comparison: int and float64"),
        ("ne nil 1", "true"),
        ("ne (list) (list)", "error: non-comparable type []: []interface {}"),
        ("ne 1 1 ", "false"),
        ("lt 1 2.0", "error: incompatible types for comparison: int and float64"),
        ("lt nil 1", "error: invalid type for comparison"),
        ("lt 1 nil", "error: invalid type for comparison"),
        ("lt nil nil", "error: invalid type for comparison"),
        (r#"lt "a" "b""#, "true"),
        ("lt true false", "error: invalid type for comparison"),
        ("lt (list) (list)", "error: invalid type for comparison"),
        (r#"lt 1 "a""#, "error: incompatible types for comparison: int and string"),
        ("lt (list) 1", "error: invalid type for comparison"),
        ("le 1 1", "true"),
        ("le 1.5 1.5", "true"),
        (r#"le "a" 1"#, "error: incompatible types for comparison: string and int"),
        ("gt 2 1", "true"),
        (r#"gt 1 "x""#, "error: incompatible types for comparison: int and string"),
        ("gt nil nil", "error: invalid type for comparison"),
        ("ge 1 1", "true"),
        ("ge true true", "error: invalid type for comparison"),
        ("ge (dict) 1", "error: invalid type for comparison"),
        ("ge 1.0 1.0", "true"),
        (r#"lt (index "a" 0) 98"#, "true"),
        (r#"gt 98 (index "a" 0)"#, "true"),
    ]);
}

#[test]
fn indexes_and_measures() {
    check(&[
        ("index nil 1", "error: index of untyped nil"),
        ("index nil", "error: index of untyped nil"),
        (r#"index "abc" 1"#, "98"),
        (r#"index "abc" 3"#, "error: reflect: string index out of range"),
        (r#"index "abc" 4"#, "error: index out of range: 4"),
        ("index 5 1", "error: can't index item of type int"),
        ("index 5", "5"),
        ("index true 1", "error: can't index item of type bool"),
        (r#"index (split "," "a,b") "_0""#, "a"),
        (r#"index (split "," "a,b") "_9""#, ""),
        (r#"index (split "," "a,b") "_9" 0"#, "error: reflect: string index out of range"),
        ("index (list (list 1 2)) 0 1", "2"),
        ("len 5", "error: len of type int"),
        ("len 1.5", "error: len of type float64"),
        ("len true", "error: len of type bool"),
        (r#"len "abc""#, "3"),
        (r#"len "日本""#, "6"),
        ("not nil", "true"),
        ("not 0", "true"),
        ("not 0.0", "true"),
        (r#"not """#, "true"),
        ("not (list)", "true"),
        ("not (list 1)", "false"),
    ]);
}

#[test]
fn prints_and_escapes() {
    check(&[
        (r#"printf "%d" (semver "v1.2.3-a+b")"#, "&{1 2 3 %!d(string=a) %!d(string=b) %!d(string=v1.2.3-a+b)}"),
        (
            r#"printf "%#v" (semver "1.2.3-a")"#,
            r#"&semver.Version{major:0x1, minor:0x2, patch:0x3, pre:"a", metadata:"", original:"1.2.3-a"}"#,
        ),
        (
            r#"printf "%s|%q|%5v|%T" (semver "1.2") (semver "1.2") (semver "1.2") (semver "1.2")"#,
            r#"1.2.0|"1.2.0"|1.2.0|*semver.Version"#,
        ),
        (r#"printf "%#v %#v" (concat (list) (list)) (list)"#, "[]interface {}(nil) []interface {}{}"),
        (r#"html (list 1 "<")"#, "[1 &lt;]"),
        ("js 1 2", "1 2"),
        ("urlquery", ""),
        ("html", ""),
        ("js", ""),
        ("print", ""),
        ("print nil", "<nil>"),
        ("print nil nil", "<nil> <nil>"),
        (r#"print 1 nil "a" "b" 2 3.5 true (list 1) (dict)"#, "1 <nil>ab2 3.5 true [1] map[]"),
        ("print (list nil)", "[<nil>]"),
    ]);
}
