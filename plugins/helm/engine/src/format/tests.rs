//! Each row was seen from Helm 4.1.4.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::semver::{Handle, Version};
use crate::value::{Bytes, IntKind, List, Map, Type};

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(key, value)| (Str::from(*key), value.clone())).collect())
}

/// What `split` answers with: a `map[string]string`.
fn smap(items: &[&str]) -> Value {
    let map = Map::typed(Type::Map(Box::new(Type::Str)), std::collections::BTreeMap::new());
    for (position, item) in items.iter().enumerate() {
        map.set(format!("_{position}"), Value::from(*item));
    }
    Value::Map(map)
}

fn ints(items: &[i64]) -> Value {
    let items = items.iter().map(|&item| Value::int(item)).collect();
    Value::List(List::new(Type::Int(IntKind::Int), items))
}

fn check(rows: &[(&str, &[Value], &str)]) {
    for (format, values, wanted) in rows {
        let printed = printf(format.as_bytes(), values).unwrap();
        assert_eq!(bstr::BStr::new(&printed), bstr::BStr::new(wanted), "{format} of {values:?}");
    }
}

#[test]
fn floats() {
    check(&[
        ("%.1g", &[Value::Float(0.0)], "0"),
        ("%e", &[Value::Float(-0.0)], "-0.000000e+00"),
        ("%.3g", &[Value::Float(-0.0)], "-0"),
        ("%.0f", &[Value::Float(1.0)], "1"),
        ("%#v", &[Value::Float(1.0)], "1"),
        ("%f", &[Value::Float(1.5)], "1.500000"),
        ("%08.2f", &[Value::Float(1.5)], "00001.50"),
        ("%.0f", &[Value::Float(-2.5)], "-2"),
        ("% v", &[Value::Float(-2.5)], "-2.5"),
        ("%t", &[Value::Float(-2.5)], "%!t(float64=-2.5)"),
        ("%.3x", &[Value::Float(-2.5)], "-0x1.400p+01"),
        ("%#v", &[Value::Float(0.1)], "0.1"),
        ("%+08.1f", &[Value::Float(0.1)], "+00000.1"),
        ("%g", &[Value::Float(1000000.0)], "1e+06"),
        ("%-8.2f|", &[Value::Float(1000000.0)], "1000000.00|"),
        ("%q", &[Value::Float(1000000.0)], "%!q(float64=1e+06)"),
        ("%E", &[Value::Float(1234567.0)], "1.234567E+06"),
        ("%.3g", &[Value::Float(1234567.0)], "1.23e+06"),
        ("%G", &[Value::Float(1e20)], "1E+20"),
        ("%X", &[Value::Float(1e20)], "0X1.5AF1D78B58C4P+66"),
        ("%.0f", &[Value::Float(1e21)], "1000000000000000000000"),
        ("%q", &[Value::Float(1e21)], "%!q(float64=1e+21)"),
        ("%X", &[Value::Float(1e23)], "0X1.52D02C7E14AF6P+76"),
        ("%#g", &[Value::Float(1e23)], "1.00000e+23"),
        ("%06v", &[Value::Float(1e23)], "01e+23"),
        ("%E", &[Value::Float(0.0001)], "1.000000E-04"),
        ("%s", &[Value::Float(0.0001)], "%!s(float64=0.0001)"),
        ("%t", &[Value::Float(0.0001)], "%!t(float64=0.0001)"),
        ("%#.0f", &[Value::Float(0.0001)], "0."),
        ("%.0f", &[Value::Float(1e-05)], "0"),
        ("%+v", &[Value::Float(1e-05)], "1e-05"),
        ("%T", &[Value::Float(1e-05)], "float64"),
        ("%.3x", &[Value::Float(1e-05)], "0x1.4f9p-17"),
        ("%g", &[Value::Float(1.2345678901234567e19)], "1.2345678901234567e+19"),
        ("%b", &[Value::Float(1.2345678901234567e19)], "6028163525993441p+11"),
        ("%x", &[Value::Float(1.2345678901234567e19)], "0x1.56a95319d63e1p+63"),
        ("%.3e", &[Value::Float(1.2345678901234567e19)], "1.235e+19"),
        ("%#.0f", &[Value::Float(1.2345678901234567e19)], "12345678901234567168."),
        ("%6v|", &[Value::Float(1.2345678901234567e19)], "1.2345678901234567e+19|"),
        ("%v", &[Value::Float(5e-324)], "5e-324"),
        ("%.0f", &[Value::Float(5e-324)], "0"),
        ("%.1g", &[Value::Float(5e-324)], "5e-324"),
        ("%-6v|", &[Value::Float(1.7976931348623157e308)], "1.7976931348623157e+308|"),
        ("%g", &[Value::Float(9.87654321012345)], "9.87654321012345"),
        ("%#.3g", &[Value::Float(9.87654321012345)], "9.88"),
        ("%d", &[Value::Float(2.5)], "%!d(float64=2.5)"),
        ("%e", &[Value::Float(0.5)], "5.000000e-01"),
        ("%.3e", &[Value::Float(0.5)], "5.000e-01"),
        ("%-6v|", &[Value::Float(0.5)], "0.5   |"),
        ("%-8.2f|", &[Value::Float(100.25)], "100.25  |"),
        ("%.0e", &[Value::Float(100.25)], "1e+02"),
        ("%6v|", &[Value::Float(f64::INFINITY)], "  +Inf|"),
        ("%+v", &[Value::Float(f64::NEG_INFINITY)], "-Inf"),
        ("%f", &[Value::Float(f64::NAN)], "NaN"),
        ("%.1g", &[Value::Float(f64::NAN)], "NaN"),
        ("%.1e", &[Value::Float(2.5)], "2.5e+00"),
        ("%.1f", &[Value::Float(3.5)], "3.5"),
        ("%.1f", &[Value::Float(1e22)], "10000000000000000000000.0"),
        ("%.2g", &[Value::Float(1e22)], "1e+22"),
        ("%.1e", &[Value::Float(8.5)], "8.5e+00"),
    ]);
}

#[test]
fn integers() {
    check(&[
        ("%U", &[Value::int(0)], "U+0000"),
        ("%5d|", &[Value::int(0)], "    0|"),
        ("%8.3x|", &[Value::int(0)], "     000|"),
        ("%#10.5U|", &[Value::int(0)], "   U+00000|"),
        ("%d", &[Value::int(1)], "1"),
        ("%-5d|", &[Value::int(1)], "1    |"),
        ("%5.0d|", &[Value::int(1)], "    1|"),
        ("%p", &[Value::int(1)], "%!p(int=1)"),
        ("%10U|", &[Value::int(1)], "    U+0001|"),
        ("%#v", &[Value::int(-1)], "-1"),
        ("%0-5d|", &[Value::int(-1)], "-1   |"),
        ("%c", &[Value::int(42)], "*"),
        ("%+d", &[Value::int(42)], "+42"),
        ("%5.0d|", &[Value::int(42)], "   42|"),
        ("%t", &[Value::int(42)], "%!t(int=42)"),
        ("%x", &[Value::int(-42)], "-2a"),
        ("%#X", &[Value::int(-42)], "-0X2A"),
        ("%05d", &[Value::int(-42)], "-0042"),
        ("%5.0d|", &[Value::int(-42)], "  -42|"),
        ("%08b", &[Value::int(-42)], "-0101010"),
        ("%z", &[Value::int(-42)], "%!z(int=-42)"),
        ("%#b", &[Value::int(255)], "0b11111111"),
        ("%.0d|", &[Value::int(255)], "255|"),
        ("%-05d|", &[Value::int(255)], "255  |"),
        ("%5d|", &[Value::int(65)], "   65|"),
        ("%05d", &[Value::int(65)], "00065"),
        ("%s", &[Value::int(65)], "%!s(int=65)"),
        ("%z", &[Value::int(65)], "%!z(int=65)"),
        ("%#q", &[Value::int(65)], "'A'"),
        ("%p", &[Value::int(65)], "%!p(int=65)"),
        ("%-05d|", &[Value::int(65)], "65   |"),
        ("%05d", &[Value::int(128512)], "128512"),
        ("%+05d", &[Value::int(128512)], "+128512"),
        ("%.3d", &[Value::int(128512)], "128512"),
        ("%.0d|", &[Value::int(128512)], "128512|"),
        ("%8.3x|", &[Value::int(128512)], "   1f600|"),
        ("%z", &[Value::int(128512)], "%!z(int=128512)"),
        ("%#10.5U|", &[Value::int(128512)], "U+1F600 '😀'|"),
        ("%#X", &[Value::int(9223372036854775807)], "0X7FFFFFFFFFFFFFFF"),
        ("%#o", &[Value::int(9223372036854775807)], "0777777777777777777777"),
        ("%05d", &[Value::int(9223372036854775807)], "9223372036854775807"),
        ("% x", &[Value::int(9223372036854775807)], " 7fffffffffffffff"),
        ("%5.0d|", &[Value::int64(-9223372036854775808)], "-9223372036854775808|"),
        ("%8.3x|", &[Value::int64(-9223372036854775808)], "-8000000000000000|"),
        ("%X", &[Value::int(55296)], "D800"),
        ("%#x", &[Value::int(55296)], "0xd800"),
        ("%#b", &[Value::int(55296)], "0b1101100000000000"),
        ("%05.3d", &[Value::int(55296)], "55296"),
        ("%t", &[Value::int(55296)], "%!t(int=55296)"),
        ("%010U|", &[Value::int(55296)], "    U+D800|"),
    ]);
}

#[test]
fn texts() {
    check(&[
        ("%10.2s|", &[Value::from("")], "          |"),
        ("%10q|", &[Value::from("")], "        \"\"|"),
        ("%10x|", &[Value::from("")], "          |"),
        ("%U", &[Value::from("")], "%!U(string=)"),
        ("%+v", &[Value::from("")], ""),
        ("%10v|", &[Value::from("")], "          |"),
        ("%010s", &[Value::from("a")], "000000000a"),
        ("%d", &[Value::from("a")], "%!d(string=a)"),
        ("%c", &[Value::from("a")], "%!c(string=a)"),
        ("%x", &[Value::from("hello")], "68656c6c6f"),
        ("%10.2s|", &[Value::from("hello")], "        he|"),
        ("%T", &[Value::from("hello")], "string"),
        ("%p", &[Value::from("hello")], "%!p(string=hello)"),
        ("%5%|", &[Value::from("hello")], "%|%!(EXTRA string=hello)"),
        ("%s", &[Value::from("héllo")], "héllo"),
        ("%+#q", &[Value::from("héllo")], "`héllo`"),
        ("%X", &[Value::from("héllo")], "68C3A96C6C6F"),
        ("%10q|", &[Value::from("héllo")], "   \"héllo\"|"),
        ("%010x", &[Value::from("héllo")], "68c3a96c6c6f"),
        ("%f", &[Value::from("héllo")], "%!f(string=héllo)"),
        ("% x", &[Value::from("a\"b\\c")], "61 22 62 5c 63"),
        ("%# x", &[Value::from("a\"b\\c")], "0x61 0x22 0x62 0x5c 0x63"),
        ("%t", &[Value::from("a\"b\\c")], "%!t(string=a\"b\\c)"),
        ("%#x", &[Value::from("tab\tnl\n")], "0x746162096e6c0a"),
        ("%#v", &[Value::from("tab\tnl\n")], "\"tab\\tnl\\n\""),
        ("%w", &[Value::from("tab\tnl\n")], "%!w(string=tab\tnl\n)"),
        ("%v", &[Value::from("日本")], "日本"),
        ("%+#q", &[Value::from("日本")], "`日本`"),
        ("%X", &[Value::from("日本")], "E697A5E69CAC"),
        ("%# x", &[Value::from("日本")], "0xe6 0x97 0xa5 0xe6 0x9c 0xac"),
        ("%010s", &[Value::from("日本")], "00000000日本"),
        ("%.2q", &[Value::from("日本")], "\"日本\""),
        ("%w", &[Value::from("日本")], "%!w(string=日本)"),
        ("%x", &[Value::from("\u{0}\u{7}\u{7f}")], "00077f"),
        ("%#x", &[Value::from("\u{0}\u{7}\u{7f}")], "0x00077f"),
        ("%f", &[Value::from("\u{0}\u{7}\u{7f}")], "%!f(string=\u{0}\u{7}\u{7f})"),
        ("%w", &[Value::from("\u{0}\u{7}\u{7f}")], "%!w(string=\u{0}\u{7}\u{7f})"),
        ("%.2x", &[Value::str(&b"\xff\xfe"[..])], "fffe"),
        ("%v", &[Value::from("`x`")], "`x`"),
        ("%x", &[Value::from("`x`")], "607860"),
        ("%10s|", &[Value::from("`x`")], "       `x`|"),
        ("%5%|", &[Value::from("`x`")], "%|%!(EXTRA string=`x`)"),
        ("%v", &[Value::from("😀")], "😀"),
        ("%-10s|", &[Value::from("😀")], "😀         |"),
        ("%# x", &[Value::from("\u{200b}\u{feff}")], "0xe2 0x80 0x8b 0xef 0xbb 0xbf"),
        ("%U", &[Value::from("\u{200b}\u{feff}")], "%!U(string=\u{200b}\u{feff})"),
        ("%5%|", &[Value::from("\u{200b}\u{feff}")], "%|%!(EXTRA string=\u{200b}\u{feff})"),
        ("% x", &[Value::from("á")], "61 cc 81"),
        ("%010x", &[Value::from("á")], "000061cc81"),
        ("%t", &[Value::from("á")], "%!t(string=á)"),
    ]);
}

#[test]
fn lists_and_maps() {
    check(&[
        ("%+v", &[Value::list(vec![])], "[]"),
        ("%-5d|", &[Value::list(vec![])], "[]|"),
        ("%t", &[Value::list(vec![])], "[]"),
        ("%z", &[Value::list(vec![])], "[]"),
        ("%#q", &[Value::list(vec![])], "[]"),
        (
            "%v",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "[1 two 3.5 <nil> map[k:v]]",
        ),
        (
            "%q",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "['\\x01' \"two\" %!q(float64=3.5) <nil> map[\"k\":\"v\"]]",
        ),
        (
            "%x",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "[1 74776f 0x1.cp+01 <nil> map[6b:76]]",
        ),
        (
            "%-5d|",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "[1     %!d(string=two  ) %!d(float64=3.5  ) <nil> map[%!d(string=k    ):%!d(string=v    )]]|",
        ),
        (
            "%+q",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "['\\x01' \"two\" %!q(float64=+3.5) <nil> map[\"k\":\"v\"]]",
        ),
        (
            "% x",
            &[Value::list(vec![
                Value::int(1),
                Value::str(&b"two"[..]),
                Value::Float(3.5),
                Value::Nil,
                map(&[("k", Value::str(&b"v"[..]))]),
            ])],
            "[ 1 74 77 6f  0x1.cp+01 <nil> map[6b:76]]",
        ),
        ("%x", &[map(&[])], "map[]"),
        ("%-5d|", &[map(&[])], "map[]|"),
        ("%.1f", &[map(&[])], "map[]"),
        ("%+q", &[map(&[])], "map[]"),
        ("% x", &[map(&[])], "map[]"),
        (
            "%q",
            &[map(&[
                ("a", Value::int(1)),
                ("b", Value::Nil),
                ("c", Value::list(vec![Value::int(1), Value::int(2)])),
                ("d", map(&[("e", Value::str(&b"f"[..]))])),
            ])],
            "map[\"a\":'\\x01' \"b\":<nil> \"c\":['\\x01' '\\x02'] \"d\":map[\"e\":\"f\"]]",
        ),
        (
            "%+v",
            &[map(&[
                ("a", Value::int(1)),
                ("b", Value::Nil),
                ("c", Value::list(vec![Value::int(1), Value::int(2)])),
                ("d", map(&[("e", Value::str(&b"f"[..]))])),
            ])],
            "map[a:1 b:<nil> c:[1 2] d:map[e:f]]",
        ),
        (
            "%5v|",
            &[map(&[
                ("a", Value::int(1)),
                ("b", Value::Nil),
                ("c", Value::list(vec![Value::int(1), Value::int(2)])),
                ("d", map(&[("e", Value::str(&b"f"[..]))])),
            ])],
            "map[    a:    1     b:<nil>     c:[    1     2]     d:map[    e:    f]]|",
        ),
        (
            "%#q",
            &[map(&[
                ("a", Value::int(1)),
                ("b", Value::Nil),
                ("c", Value::list(vec![Value::int(1), Value::int(2)])),
                ("d", map(&[("e", Value::str(&b"f"[..]))])),
            ])],
            "map[`a`:'\\x01' `b`:<nil> `c`:['\\x01' '\\x02'] `d`:map[`e`:`f`]]",
        ),
        (
            "%#x",
            &[map(&[
                ("a", Value::int(1)),
                ("b", Value::Nil),
                ("c", Value::list(vec![Value::int(1), Value::int(2)])),
                ("d", map(&[("e", Value::str(&b"f"[..]))])),
            ])],
            "map[0x61:0x1 0x62:<nil> 0x63:[0x1 0x2] 0x64:map[0x65:0x66]]",
        ),
        ("%q", &[Value::List(List::strings(["a", "b c"]))], "[\"a\" \"b c\"]"),
        ("%#v", &[Value::List(List::strings(["a", "b c"]))], "[]string{\"a\", \"b c\"}"),
        ("%-5d|", &[Value::List(List::strings(["a", "b c"]))], "[%!d(string=a    ) %!d(string=b c  )]|"),
        ("%t", &[Value::List(List::strings(["a", "b c"]))], "[%!t(string=a) %!t(string=b c)]"),
        ("%.1f", &[Value::List(List::strings(["a", "b c"]))], "[%!f(string=a) %!f(string=b)]"),
        ("%05d", &[Value::List(List::strings(["a", "b c"]))], "[%!d(string=0000a) %!d(string=00b c)]"),
        ("%#q", &[Value::List(List::strings(["a", "b c"]))], "[`a` `b c`]"),
        ("% x", &[Value::List(List::strings(["a", "b c"]))], "[61 62 20 63]"),
        ("%v", &[ints(&[1, 2, 3])], "[1 2 3]"),
        ("%-5d|", &[ints(&[1, 2, 3])], "[1     2     3    ]|"),
        ("%t", &[ints(&[1, 2, 3])], "[%!t(int=1) %!t(int=2) %!t(int=3)]"),
        ("%.1f", &[ints(&[1, 2, 3])], "[%!f(int=1) %!f(int=2) %!f(int=3)]"),
        ("%+q", &[ints(&[1, 2, 3])], "['\\x01' '\\x02' '\\x03']"),
        ("%#x", &[ints(&[1, 2, 3])], "[0x1 0x2 0x3]"),
        (
            "%v",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[[1] [2 [3]]]",
        ),
        (
            "%q",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[['\\x01'] ['\\x02' ['\\x03']]]",
        ),
        (
            "%d",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[[1] [2 [3]]]",
        ),
        (
            "%x",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[[1] [2 [3]]]",
        ),
        (
            "%T",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[]interface {}",
        ),
        (
            "%z",
            &[Value::list(vec![
                Value::list(vec![Value::int(1)]),
                Value::list(vec![Value::int(2), Value::list(vec![Value::int(3)])]),
            ])],
            "[[%!z(int=1)] [%!z(int=2) [%!z(int=3)]]]",
        ),
        ("%v", &[smap(&["x", "y"])], "map[_0:x _1:y]"),
        ("%s", &[smap(&["x", "y"])], "map[_0:x _1:y]"),
        ("%T", &[smap(&["x", "y"])], "map[string]string"),
        ("%5v|", &[smap(&["x", "y"])], "map[   _0:    x    _1:    y]|"),
        ("%+q", &[smap(&["x", "y"])], "map[\"_0\":\"x\" \"_1\":\"y\"]"),
        ("%#x", &[smap(&["x", "y"])], "map[0x5f30:0x78 0x5f31:0x79]"),
        ("%v", &[Value::list(vec![Value::Nil, Value::Bool(true)])], "[<nil> true]"),
        ("%T", &[Value::list(vec![Value::Nil, Value::Bool(true)])], "[]interface {}"),
        ("%+q", &[Value::list(vec![Value::Nil, Value::Bool(true)])], "[<nil> %!q(bool=true)]"),
    ]);
}

#[test]
fn nil_and_booleans() {
    check(&[
        ("%v", &[Value::Nil], "<nil>"),
        ("%s", &[Value::Nil], "%!s(<nil>)"),
        ("%q", &[Value::Nil], "%!q(<nil>)"),
        ("%5v|", &[Value::Nil], "<nil>|"),
        ("%-7v|", &[Value::Nil], "<nil>  |"),
        ("%t", &[Value::Nil], "%!t(<nil>)"),
        ("%#v", &[Value::Nil], "<nil>"),
        ("%z", &[Value::Nil], "%!z(<nil>)"),
        ("%c", &[Value::Nil], "%!c(<nil>)"),
        ("%s", &[Value::Bool(true)], "%!s(bool=true)"),
        ("%q", &[Value::Bool(true)], "%!q(bool=true)"),
        ("%T", &[Value::Bool(true)], "bool"),
        ("%#v", &[Value::Bool(true)], "true"),
        ("%x", &[Value::Bool(true)], "%!x(bool=true)"),
        ("%d", &[Value::Bool(false)], "%!d(bool=false)"),
        ("%q", &[Value::Bool(false)], "%!q(bool=false)"),
        ("%7t|", &[Value::Bool(false)], "  false|"),
        ("%x", &[Value::Bool(false)], "%!x(bool=false)"),
    ]);
}

#[test]
fn indexes_and_mistakes() {
    check(&[
        ("%[2]d %[1]d", &[Value::int(1), Value::int(2)], "2 1"),
        ("%[1]d %d", &[Value::int(1), Value::int(2)], "1 2"),
        ("%[3]d", &[Value::int(1), Value::int(2)], "%!d(BADINDEX)"),
        ("%[2]*[1]d|", &[Value::int(7), Value::int(5)], "    7|"),
        ("%[3]*.[2]*[1]f|", &[Value::Float(12.0), Value::int(2), Value::int(6)], " 12.00|"),
        ("%*d|", &[Value::int(5), Value::int(42)], "   42|"),
        ("%-*d|", &[Value::int(5), Value::int(42)], "42   |"),
        ("%*d|", &[Value::int(-5), Value::int(42)], "42   |"),
        ("%.*f", &[Value::int(2), Value::Float(9.87654)], "9.88"),
        ("%.*f", &[Value::int(-2), Value::Float(9.87654)], "%!(BADPREC)9.876540"),
        ("%*d", &[Value::from("x"), Value::int(1)], "%!(BADWIDTH)1"),
        ("%*d", &[Value::Float(1.5), Value::int(1)], "%!(BADWIDTH)1"),
        ("%.*d", &[Value::from("x"), Value::int(1)], "%!(BADPREC)1"),
        ("%*d", &[Value::int(2000000), Value::int(1)], "%!(BADWIDTH)1"),
        ("%*d", &[Value::int64(4), Value::int(1)], "   1"),
        ("%.[1]*[2]f", &[Value::int(1), Value::Float(2.25)], "2.2"),
        ("%6.[2]*[1]f|", &[Value::Float(1.25), Value::int(1)], "   1.2|"),
        ("%[1]*d", &[Value::int(3), Value::int(4)], "  4"),
        ("%[2]*d", &[Value::int(3), Value::int(4)], "%!d(MISSING)"),
        ("%d", &[Value::int(1), Value::int(2)], "1%!(EXTRA int=2)"),
        (
            "%d",
            &[Value::int(1), Value::from("a"), Value::Nil, Value::Float(2.5), Value::list(vec![Value::int(1)])],
            "1%!(EXTRA string=a, <nil>, float64=2.5, []interface {}=[1])",
        ),
        ("none", &[], "none"),
        ("%", &[], "%!(NOVERB)"),
        ("100%", &[], "100%!(NOVERB)"),
        ("%%", &[], "%"),
        ("%!", &[], "%!!(MISSING)"),
        ("%.", &[], "%!.(MISSING)"),
        ("%99999999999999999999d", &[Value::int(1), Value::int(2)], "%!(NOVERB)%!(EXTRA int=1, int=2)"),
        ("%s %s", &[Value::Nil, Value::Nil], "%!s(<nil>) %!s(<nil>)"),
        ("%v %v %v", &[Value::int(1), Value::from("a"), Value::Bool(true)], "1 a true"),
        ("%d %s", &[Value::from("a"), Value::int(1)], "%!d(string=a) %!s(int=1)"),
        ("%s", &[], "%!s(MISSING)"),
        ("%[2]s", &[Value::from("a"), Value::from("b"), Value::from("c")], "b"),
        ("%*[2]d|", &[Value::int(5), Value::int(6)], "    6|"),
        ("%.[3]*[1]f", &[Value::Float(2.0), Value::int(1), Value::int(4)], "2.0000"),
        ("%d %%", &[Value::int(1), Value::int(2)], "1 %%!(EXTRA int=2)"),
        ("%", &[Value::int(1), Value::int(2)], "%!(NOVERB)%!(EXTRA int=1, int=2)"),
    ]);
}

#[test]
fn errors_alone_go_with_w() {
    let version = Handle::pointer(Version::parse("1.2.3-a").unwrap());
    let list = Value::list(vec![Value::int(1), "a".into()]);
    check(&[
        ("%w", std::slice::from_ref(&list), "%!w([]interface {}=[1 a])"),
        ("%#w", std::slice::from_ref(&list), "%!w([]interface {}=[]interface {}{1, \"a\"})"),
        ("%5w", std::slice::from_ref(&list), "%!w([]interface {}=[    1     a])"),
        ("%+w %w", &[Value::Float(1.0), "a".into()], "%!w(float64=1) %!w(string=a)"),
        ("%w", &[Value::Nil], "%!w(<nil>)"),
        ("%w", &[Bytes::new("a".into()).into()], "[%!w(uint8=97)]"),
        // What a wrong verb is told of shows no text of its own.
        (
            "%+w",
            std::slice::from_ref(&version),
            "%!w(*semver.Version=&{major:1 minor:2 patch:3 pre:a metadata: original:1.2.3-a})",
        ),
    ]);
}

#[test]
fn sprint_puts_spaces_between_what_are_no_strings() {
    let values = [Value::int(1), Value::int(2), "a".into(), "b".into(), Value::int(3), Value::Nil, Value::Bool(true)];
    assert_eq!(sprint(&values).unwrap(), b"1 2ab3 <nil> true");
    assert_eq!(sprintln(&values).unwrap(), b"1 2 a b 3 <nil> true\n");
    assert_eq!(sprintln(&[]).unwrap(), b"\n");
}

/// Two texts of 16 digits are equally near: the even one.
#[test]
fn shortest_floats_are_even_between_two() {
    check(&[
        ("%v", &[Value::Float(-567172484709628.2)], "-5.671724847096282e+14"),
        ("%v", &[Value::Float(224920094107868.62)], "2.2492009410786862e+14"),
        ("%v", &[Value::Float(865552397864563.2)], "8.655523978645632e+14"),
    ]);
}

#[test]
fn bytes_are_text_to_strval_and_numbers_to_print() {
    let bytes = Value::from(Bytes::new("hi".into()));
    assert_eq!(strval(&bytes).unwrap(), Str::from("hi"));
    assert_eq!(print(&bytes).unwrap(), b"[104 105]");
    check(&[
        ("%s", std::slice::from_ref(&bytes), "hi"),
        ("%q", std::slice::from_ref(&bytes), "\"hi\""),
        ("%x", std::slice::from_ref(&bytes), "6869"),
        ("%d", std::slice::from_ref(&bytes), "[104 105]"),
        ("%#v", std::slice::from_ref(&bytes), "[]byte{0x68, 0x69}"),
        ("%#v", &[Value::list(vec![bytes.clone()])], "[]interface {}{[]uint8{0x68, 0x69}}"),
        ("%T", std::slice::from_ref(&bytes), "[]uint8"),
    ]);
}

#[test]
fn strings_leave_out_nils() {
    let list = Value::list(vec![Value::int(1), Value::Nil, "a".into(), Value::list(vec![])]);
    assert_eq!(strings(&list).unwrap(), ["1", "a", "[]"].map(Str::from));
    assert_eq!(strings(&Value::Nil).unwrap(), []);
    assert_eq!(strings(&Value::Float(1.5)).unwrap(), [Str::from("1.5")]);
}

#[test]
fn what_contains_itself_is_an_error() {
    let map = Map::new();
    map.set("self", Value::Map(map.clone()));
    assert_eq!(print(&Value::Map(map.clone())), Err(TooLarge));
    assert_eq!(strval(&Value::Map(map.clone())), Err(TooLarge));
    map.remove(b"self");
}

#[test]
fn what_doubles_at_each_level_is_an_error() {
    let mut value = Value::from("x".repeat(1 << 16));
    for _ in 0..60 {
        value = Value::list(vec![value.clone(), value]);
    }
    assert_eq!(print(&value), Err(TooLarge));
    assert_eq!(printf("%1000000d".repeat(100).as_bytes(), &vec![Value::int(1); 100]), Err(TooLarge));
}
