//! Strings, with what the real Helm answers.

use crate::functions::testing::{printed, values};
use crate::value::{List, Value};

/// Name, argument, answer.
#[test]
fn changes_the_case_of_words() {
    let cases = [
        (
            "camelcase",
            &[
                ("http_server", "HttpServer"),
                ("foo-bar baz", "FooBarBaz"),
                ("_complex__case_", "_Complex_Case_"),
                ("FooBAR", "FooBAR"),
                ("HTTPServer", "Httpserver"),
                ("no_HTTPS", "NoHttps"),
                ("_", "__"),
                ("ab_", "Ab_"),
                ("__a", "__A"),
                ("a", "A"),
                ("éa_éb", "ÉaÉb"),
                ("", ""),
            ] as &[_],
        ),
        (
            "snakecase",
            &[
                ("FirstName", "first_name"),
                ("HTTPServer", "http_server"),
                ("GO PATH", "go_path"),
                ("http2xx", "http_2xx"),
                ("HTTP20xOK", "http_20x_ok"),
                ("Duration2m3s", "duration_2m3s"),
                ("Bld4Floor3rd", "bld4_floor_3rd"),
                ("a.b-c", "a.b_c"),
                ("foo.BarBaz", "foo.bar_baz"),
                ("x__y", "x__y"),
                ("日本Go", "日本_go"),
                ("12ab", "12ab"),
                ("ab12", "ab12"),
                ("AB12cd", "ab_12cd"),
                ("AB12CD", "ab12_cd"),
                ("foo_BAR__baz  Qux", "foo_bar__baz__qux"),
                ("aBC1d", "a_bc_1d"),
                ("x1Y2z", "x1_y_2z"),
                ("foo1_", "foo1_"),
            ],
        ),
        (
            "kebabcase",
            &[
                ("a1b2C3", "a-1b2-c3"),
                ("foo!bar?Baz", "foo!bar?baz"),
                (" a ", "-a-"),
                ("1A", "1-a"),
                ("A1", "a1"),
                ("€uro", "€-uro"),
                ("ǅabc", "ǅabc"),
                ("ʰA", "ʰ-a"),
                ("½a", "½a"),
            ],
        ),
        ("swapcase", &[("Hello World ß ǅ x", "hELLO wORLD ß ǆ X"), ("éÉ", "Éé"), ("a-b c", "A-B C")]),
        ("title", &[("hello foo_bar foo-bar it's élan ǆ ß 1a", "Hello Foo_bar Foo-Bar It'S Élan ǅ ß 1a"), ("ხ", "ხ")]),
        ("untitle", &[("Hello World FOO", "hello world fOO")]),
        ("upper", &[("straße ŉ ﬁ ᾳ ǆ ხ i ı", "STRAßE ŉ ﬁ ᾼ Ǆ Ხ I I")]),
        ("lower", &[("İ ẞ Ǆ ΑΣ I", "i ß ǆ ασ i")]),
        ("initials", &[("John Doe Foo", "JDF"), ("éa b", "Ãb"), ("a\tb\nc", "abc")]),
        ("nospace", &[("é b c", "Ã©bc"), ("é", "é"), ("a b\tc", "abc"), ("à x", "Ãx")]),
        ("trim", &[("  a b \n", "a b"), ("", ""), ("\u{a0}\u{2003}x", "x")]),
    ];
    for (name, answers) in cases {
        for (text, expected) in answers {
            assert_eq!(printed(name, &values![*text]), *expected, "{name} {text:?}");
        }
    }
}

#[test]
fn cuts_strings_by_bytes() {
    let cases: &[(&str, &[Value], &str)] = &[
        ("trunc", &values![3, "hello"], "hel"),
        ("trunc", &values![-3, "hello"], "llo"),
        ("trunc", &values![0, "hello"], ""),
        ("trunc", &values![-9, "hello"], "hello"),
        ("trunc", &values![i64::MIN, "hello"], "hello"),
        ("substr", &values![-1, 3, "hello"], "hel"),
        ("substr", &values![2, -1, "hello"], "llo"),
        ("substr", &values![2, 10, "hello"], "llo"),
        ("substr", &values![5, 5, "hello"], ""),
        ("substr", &values![-1, 9, "hello"], "error: runtime error: slice bounds out of range [:9] with length 5"),
        ("substr", &values![-1, -1, "hello"], "error: runtime error: slice bounds out of range [:-1]"),
        ("substr", &values![9, -1, "hello"], "error: runtime error: slice bounds out of range [9:5]"),
        ("substr", &values![4, 2, "hello"], "error: runtime error: slice bounds out of range [4:2]"),
        ("abbrev", &values![5, "hello world"], "he..."),
        ("abbrev", &values![3, "hello"], "hello"),
        ("abbrevboth", &values![5, 10, "1234 5678 9123"], "...5678..."),
        ("abbrevboth", &values![4, 10, "1234 5678 9123"], "1234 56..."),
        ("abbrevboth", &values![20, 8, "1234 5678 9123"], "... 9123"),
        ("abbrevboth", &values![-3, 5, "1234 5678"], "12..."),
        ("abbrevboth", &values![5, 6, "1234567890"], "1234567890"),
        ("wrap", &values![5, "hello world foo bar"], "hello\nworld\nfoo\nbar"),
        ("wrap", &values![3, "abcdefgh ij"], "abcdefgh\nij"),
        ("wrap", &values![0, "ab c"], "ab\nc"),
        ("wrap", &values![5, "   ab   cd  "], "ab  \ncd  "),
        ("wrap", &values![i64::MAX, "short"], "short"),
        ("wrapWith", &values![5, "XX", "hello worldfoobar baz"], "helloXXworldXXfoobaXXr baz"),
        ("wrapWith", &values![3, "", "abcdefgh"], "abc\ndef\ngh"),
        ("trimAll", &values!["$", "$5.00$"], "5.00"),
        ("trimAll", &values!["éa", "aéxéa"], "x"),
        ("trimall", &values!["", " a"], " a"),
        ("trimPrefix", &values!["a", "aab"], "ab"),
        ("trimSuffix", &values!["b", "abb"], "ab"),
        ("plural", &values!["one", "many", 1], "one"),
        ("plural", &values!["one", "many", -1], "many"),
        ("contains", &values!["", "x"], "true"),
        ("hasPrefix", &values!["c", "cat"], "true"),
        ("hasSuffix", &values!["x", "cat"], "false"),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(printed(name, arguments), *expected, "{name} {arguments:?}");
    }
}

#[test]
fn repeats_and_replaces() {
    let cases: &[(&str, &[Value], &str)] = &[
        ("repeat", &values![3, "ab"], "ababab"),
        ("repeat", &values![-1, "a"], "error: strings: negative Repeat count"),
        ("repeat", &values![i64::MAX, "ab"], "error: strings: Repeat output length overflow"),
        ("repeat", &values![1_000_000_000, "a"], "error: the budget is spent"),
        ("repeat", &values![1_000_000_000, ""], ""),
        ("indent", &values![2, "a\nb\n"], "  a\n  b\n  "),
        ("indent", &values![-1, "a"], "error: strings: negative Repeat count"),
        ("indent", &values![i64::MAX, "a\nb"], "error: the budget is spent"),
        ("nindent", &values![2, "a\n\nb"], "\n  a\n  \n  b"),
        ("replace", &values!["a", "b", "banana"], "bbnbnb"),
        ("replace", &values!["", "-", "aéb"], "-a-é-b-"),
        ("replace", &values!["", "-", ""], "-"),
        ("cat", &values!["a", Value::Nil, 1, true, 1.5], "a 1 true 1.5"),
        ("cat", &values!["", ""], " "),
        ("quote", &values!["a", Value::Nil, 1, "b\"c\n\té\u{200b}😀", true], r#""a" "1" "b\"c\n\té\u200b😀" "true""#),
        ("squote", &values!["a", Value::Nil, 1, "b'c"], "'a' '1' 'b'c'"),
        ("squote", &values![Value::Nil], ""),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(printed(name, arguments), *expected, "{name} {arguments:?}");
    }
}

#[test]
fn splits_and_joins() {
    let cases: &[(&str, &[Value], &str)] = &[
        ("split", &values![",", "a,b,c"], "map[_0:a _1:b _2:c]"),
        ("split", &values!["", "aé"], "map[_0:a _1:é]"),
        ("split", &values![",", ""], "map[_0:]"),
        ("split", &values!["", ""], "map[]"),
        ("splitn", &values![",", 2, "a,b,c"], "map[_0:a _1:b,c]"),
        ("splitn", &values![",", 0, "a"], "map[]"),
        ("splitn", &values![",", -1, "a,b"], "map[_0:a _1:b]"),
        ("splitn", &values!["", 2, "abc"], "map[_0:a _1:bc]"),
        ("splitn", &values!["", 1, "abc"], "map[_0:abc]"),
        ("splitList", &values![",", "a,b,,c"], "[a b  c]"),
        ("join", &values!["-", values![list: 1, "a", Value::Nil, true, 1.5]], "1-a-true-1.5"),
        ("join", &values![",", "abc"], "abc"),
        ("join", &values![",", Value::Nil], ""),
        ("sortAlpha", &values![values![list: "b", "a", 3, Value::Nil, "C"]], "[3 C a b]"),
        ("sortAlpha", &values![Value::Nil], "[<nil>]"),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(printed(name, arguments), *expected, "{name} {arguments:?}");
    }
}

#[test]
fn sorts_a_list_of_strings_in_place() {
    let list = Value::from(List::strings(["b", "a"]));
    assert_eq!(printed("sortAlpha", std::slice::from_ref(&list)), "[a b]");
    assert_eq!(printed("first", &[list]), "a");
}

#[test]
fn takes_bytes_that_are_no_characters_one_by_one() {
    let text = Value::str(&b"a\xe2\x82b"[..]);
    assert_eq!(printed("upper", std::slice::from_ref(&text)), "A\u{fffd}\u{fffd}B");
    assert_eq!(printed("quote", std::slice::from_ref(&text)), r#""a\xe2\x82b""#);
    assert_eq!(printed("camelcase", &[text]), "A\u{fffd}\u{fffd}b");
}
