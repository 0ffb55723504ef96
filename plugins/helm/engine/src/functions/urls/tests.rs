//! URLs, with what the real Helm answers.

use crate::functions::testing::{call, printed, values};
use crate::value::Value;

/// The parts that are not empty, in the order of their names.
fn parts(url: &str) -> String {
    match call("urlParse", &values![url]) {
        Ok(Value::Map(map)) => {
            let map = map.to_vec();
            let filled = map.iter().map(|(key, value)| (key, printed("toString", std::slice::from_ref(value))));
            filled.filter(|(_, text)| !text.is_empty()).map(|(key, text)| format!("{key}={text} ")).collect()
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn takes_urls_apart() {
    for (url, expected) in [
        (
            "HTTP://admin:secret@Server.com:8080/api?list=false#anchor",
            "fragment=anchor host=Server.com:8080 hostname=Server.com path=/api query=list=false scheme=http \
             userinfo=admin:secret ",
        ),
        ("", ""),
        ("*", "path=* "),
        ("//h/p", "host=h hostname=h path=/p "),
        ("///p", "path=///p "),
        ("http:///p", "path=/p scheme=http "),
        ("mailto:a@b?c#d", "fragment=d opaque=a@b query=c scheme=mailto "),
        ("http://h/a%20b%2Fc?x=%zz#f%20g", "fragment=f g host=h hostname=h path=/a b/c query=x=%zz scheme=http "),
        ("http://u:p%40@h", "host=h hostname=h scheme=http userinfo=u:p%40 "),
        ("http://a@b:c@d/", "host=d hostname=d path=/ scheme=http userinfo=a%40b:c "),
        ("http://:@h", "host=h hostname=h scheme=http userinfo=: "),
        ("http://[fe80::1%25en0]:80", "host=[fe80::1%en0]:80 hostname=fe80::1%en0 scheme=http "),
        ("http://h%C3%A9", "host=hé hostname=hé scheme=http "),
        ("http://h:80:90", "host=h:80:90 hostname=h:80 scheme=http "),
        ("http://a]b", "host=a]b hostname=a]b scheme=http "),
        ("host:80", "opaque=80 scheme=host "),
        ("./a:b", "path=./a:b "),
    ] {
        assert_eq!(parts(url), expected, "{url}");
    }
}

#[test]
fn refuses_what_go_refuses_in_its_words() {
    for (url, expected) in [
        (":b", "missing protocol scheme"),
        ("1:b", "first path segment in URL cannot contain colon"),
        ("http://h:a/", r#"invalid port ":a" after host"#),
        ("http://[::1/", "missing ']' in host"),
        ("http://[::1]a/", r#"invalid port "a" after host"#),
        ("http://a[::1/", "invalid IP-literal"),
        ("http://[1.2.3.4]/", "invalid IP-literal"),
        ("http://[h]/", r#"invalid host: ParseAddr("h"): unable to parse IP"#),
        ("http://[%25e]/", r#"invalid host: ParseAddr("%e"): missing IPv6 address"#),
        ("http://[::1%25]/", r#"invalid host: ParseAddr("::1%"): zone must be a non-empty string"#),
        ("http://[::1::2]/", r#"invalid host: ParseAddr("::1::2"): multiple :: in address (at ":2")"#),
        ("http://[1:2]/", r#"invalid host: ParseAddr("1:2"): address string too short"#),
        (
            "http://[12345::]/",
            r#"invalid host: ParseAddr("12345::"): each group must have 4 or less digits (at "12345::")"#,
        ),
        ("http://[::1x]/", r#"invalid host: ParseAddr("::1x"): unexpected character, want colon (at "x")"#),
        ("http://[::1.2.3.256]/", r#"invalid host: ParseAddr("::1.2.3.256"): IPv4 field has value >255"#),
        (
            "http://[::1..2.3]/",
            r#"invalid host: ParseAddr("::1..2.3"): IPv4 field must have at least one digit (at ".2.3")"#,
        ),
        (
            "http://[1:2:3:4:5:6:7::8]/",
            r#"invalid host: ParseAddr("1:2:3:4:5:6:7::8"): the :: must expand to at least one field of zeros"#,
        ),
        ("http://a b/", r#"invalid character " " in host name"#),
        ("http://h%20/", r#"invalid URL escape "%20""#),
        ("http://h/%a", r#"invalid URL escape "%a""#),
        ("http://h/%gg1", r#"invalid URL escape "%gg""#),
        ("http://a b@c", "net/url: invalid userinfo"),
        ("http://h/\u{7f}", "net/url: invalid control character in URL"),
    ] {
        let quoted = printed("quote", &values![url]);
        let expected = format!("error: unable to parse url: parse {quoted}: {expected}");
        assert_eq!(printed("urlParse", &values![url]), expected, "{url}");
    }
    assert_eq!(
        printed("urlParse", &values!["postgres://user:p#ss@h/db"]),
        r#"error: unable to parse url: parse "postgres://user:p": invalid port ":p" after host"#
    );
}

#[test]
fn puts_urls_together() {
    let cases = [
        (
            values![map: "scheme" => "http", "userinfo" => "u:p", "host" => "h:80", "path" => "/p", "query" => "q", "fragment" => "f"],
            "http://u:p@h:80/p?q#f",
        ),
        (values![map: "scheme" => "http", "host" => "h", "path" => "p"], "http://h/p"),
        (values![map: "scheme" => "http", "path" => "p"], "http://p"),
        (values![map: "scheme" => "mailto", "opaque" => "a@b", "host" => "ignored"], "mailto:a@b"),
        (values![map: "path" => "a b?c#d%é"], "a%20b%3Fc%23d%25%C3%A9"),
        (values![map: "path" => "a:b"], "./a:b"),
        (
            values![map: "path" => "/a;b,c:d@e&f=g+h$i!j'k(l)m*n[o]p|q"],
            "/a;b,c:d@e&f=g+h$i%21j%27k%28l%29m%2An%5Bo%5Dp%7Cq",
        ),
        (values![map: "host" => "h é[]<>%"], "//h%20%C3%A9[]<>%25"),
        (values![map: "host" => "h", "fragment" => "f g!()'`"], "//h#f%20g!()%27%60"),
        (values![map: "host" => "h", "userinfo" => "%41%2f:%3a%20"], "//A%2F:%3A%20@h"),
        (values![map: "host" => "h", "userinfo" => "a/b"], "//h"),
        (
            values![map: "userinfo" => "a b"],
            r#"error: unable to parse userinfo in dict: parse "proto://a b@host": net/url: invalid userinfo"#,
        ),
        (values![map: "host" => 1], "error: unable to parse host key, must be of type string, but int found"),
        (values![map: "host" => Value::Nil], "error: runtime error: invalid memory address or nil pointer dereference"),
        (Value::Nil, ""),
    ];
    for (map, expected) in cases {
        assert_eq!(printed("urlJoin", std::slice::from_ref(&map)), expected, "{map:?}");
    }
}
