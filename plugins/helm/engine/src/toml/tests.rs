//! Documents that Helm 4.1.4 was seen to read.

use super::parse;

/// What `fromToml | toJson` shows of a document, or its error.
fn read(document: &str) -> String {
    match parse(document.as_bytes()) {
        Ok(map) => {
            let json = crate::json::emit(&map.into()).unwrap_or_default();
            String::from_utf8_lossy(&json).into_owned()
        }
        Err(error) => error.strip_prefix("toml: line ").map(str::to_owned).unwrap_or(error),
    }
}

#[test]
fn documents_are_read() {
    for (document, expected) in [
        ("", "{}"),
        ("\u{feff}# c\na=1 # d\r\n", r#"{"a":1}"#),
        ("a = true\nb = [ [1,2], ['a'], {c=1} ]", r#"{"a":true,"b":[[1,2],["a"],{"c":1}]}"#),
        ("a=[ # c\n1,\n2,\n]", r#"{"a":[1,2]}"#),
        ("a={b={c=1},d.e=2,\n}", r#"{"a":{"b":{"c":1},"d":{"e":2}}}"#),
        ("\"a b\"=1\n'c'=2\n\"\"=3", r#"{"":3,"a b":1,"c":2}"#),
        ("a.b.c=1\na.b.d=2", r#"{"a":{"b":{"c":1,"d":2}}}"#),
        ("a.b=1\n[a]\nc=1", r#"{"a":{"b":1,"c":1}}"#),
        ("[a.b]\nc=1\n[a]\nd=2", r#"{"a":{"b":{"c":1},"d":2}}"#),
        ("[a]\nb.c=1\n[a.b]\nd=2", r#"{"a":{"b":{"c":1,"d":2}}}"#),
        ("a={b=1}\na.c=2", r#"{"a":{"b":1,"c":2}}"#),
        ("[[a.b]]\nc=1\n[[a.b]]\nc=2\n[a.b.d]\ne=3", r#"{"a":{"b":[{"c":1},{"c":2,"d":{"e":3}}]}}"#),
        ("a=0b11\nb=0o17\nc=0xFF\nd=1_000.5e-2\ne=-5\nf=+1.5", r#"{"a":3,"b":15,"c":255,"d":10.005,"e":-5,"f":1.5}"#),
        ("a=\"\"\"\nx\\\n  y\"\"\"\nb='''\nz'''\nc='''a''''", r#"{"a":"xy","b":"z","c":"a'"}"#),
        ("a=\"\\u00e9\\U0001F600\\e\\x41\\t\\\\\"", "{\"a\":\"é\u{1f600}\\u001bA\\t\\\\\"}"),
        ("a=1979-05-27T07:32:00.999-07:00", r#"{"a":"1979-05-27T07:32:00.999-07:00"}"#),
        ("a=1979-05-27 07:32:00\nb=07:32:00", r#"{"a":"1979-05-27T07:32:00Z","b":"0000-01-01T07:32:00Z"}"#),
    ] {
        assert_eq!(read(document), expected, "{document:?}");
    }
}

#[test]
fn problems_are_told_in_the_words_of_the_library() {
    for (document, expected) in [
        ("a=", r#"1 (last key "a"): unexpected EOF; expected value"#),
        ("a=1\nb=\n", r#"2 (last key "b"): expected value but found '\n' instead"#),
        ("a", "1: unexpected EOF; expected key separator '='"),
        ("a=1\nb\n", r"2: expected '.' or '=', but got '\n' instead"),
        ("= 1", "1: unexpected '=': key name appears blank"),
        ("a..b=1", "1: unexpected '.'"),
        ("a=1 2", "1: expected a top-level item to end with a newline, comment, or EOF, but got '2' instead"),
        (
            "[a]b=1",
            "1 (last key \"a\"): expected a top-level item to end with a newline, comment, or EOF, but got 'b' instead",
        ),
        ("[a", r"1: expected '.' or ']' to end table name, but got '\x00' instead"),
        ("[a\n", r"2: expected '.' or ']' to end table name, but got '\n' instead"),
        ("[[a]\n", r"2: expected end of table array name delimiter ']', but got '\n' instead"),
        ("[]", "1: unexpected end of table name (table names cannot be empty)"),
        ("[a]\n[a]", "2: Key 'a' has already been defined."),
        ("a=1\na=2", r#"2 (last key "a"): Key 'a' has already been defined."#),
        ("a=[1]\na=2", r#"2 (last key "a"): Key 'a' has already been defined."#),
        ("a=[{b=1}]\n[[a]]", "2: Key 'a' was already created and cannot be used as an array."),
        ("a.b=1\na.b.c=2", r#"2 (last key "a.b.c"): Key 'a.b' has already been defined."#),
        ("a.b=1\n[a.b]", r#"2 (last key "a"): Key 'a.b' has already been defined."#),
        ("a=1\n[a.b]", "2: Key 'a' was already created as a hash."),
        ("[a]\nb=1\n[[a]]", "3: Key 'a' was already created and cannot be used as an array."),
        ("a={b=1,b=2}", r#"1 (last key "a.b"): Key 'a.b' has already been defined."#),
        (
            "a={b=1",
            r#"1 (last key "a.b"): expected a comma or an inline table terminator '}', but got end of file instead"#,
        ),
        ("a=[1", r#"1 (last key "a"): expected a comma (',') or array terminator (']'), but got end of file"#),
        ("a=[1,,2]", r#"1 (last key "a"): unexpected comma"#),
        ("a=tru", r#"1 (last key "a"): expected value but found "tru" instead"#),
        ("a=inx", r#"1 (last key "a"): expected value but found "nx" instead"#),
        ("a=\"x", "1 (last key \"a\"): unexpected EOF; expected '\"'"),
        ("a=\"\nb\"", r#"1 (last key "a"): strings cannot contain newlines"#),
        ("a=\"\\q\"", r#"1 (last key "a"): invalid escape in string '\q'"#),
        ("a=\"\\u12\"", r#"1 (last key "a"): expected four hexadecimal digits after '\u', but got "\\u12\"" instead"#),
        ("a=\"\\ud800\"", r#"1 (last key "a"): Escaped character '\ud800' is not valid UTF-8."#),
        ("a=\"\"\"a\"\"\"\"\"\"", "1 (last key \"a\"): unexpected '\"\"\"\"\"\"'"),
        ("a=0777", r#"1 (last key "a"): Invalid integer "0777": cannot have leading zeroes"#),
        ("a=1__0", r#"1 (last key "a"): Invalid integer "1__0": underscores must be surrounded by digits"#),
        ("a=1.", r#"1 (last key "a"): Invalid float "1.": '.' must be followed by one or more digits"#),
        ("a=1.5.6", r#"1 (last key "a"): Invalid float value: "1.5.6""#),
        ("a=.5", r#"1 (last key "a"): floats must start with a digit, not '.'"#),
        ("a=1e400", r#"1 (last key "a"): 1e400 is out of range for float64"#),
        ("a=9223372036854775808", r#"1 (last key "a"): 9223372036854775808 is out of range for int64"#),
        ("a=-0x1", r#"1 (last key "a"): cannot use sign with non-decimal numbers: '-0x'"#),
        ("a=0xg", r#"1 (last key "a"): not a hexadecimal number: '0xg'"#),
        ("a=1979-13-01", r#"1 (last key "a"): invalid datetime: "1979-13-01""#),
        ("a=1\u{1}", r#"1 (last key "a"): TOML files cannot contain control characters: '0x01'"#),
    ] {
        assert_eq!(read(document), expected, "{document:?}");
    }
}

#[test]
fn hostile_documents_end() {
    for document in ["a=".to_owned() + &"[".repeat(100_000), "a=".to_owned() + &"{a=".repeat(100_000)] {
        assert!(read(&document).contains("exceeded max depth"));
    }
    assert!(read(&("a.".repeat(100_000) + "b=1")).contains("exceeded max depth"));
    assert!(read(&format!("[{}b]", "a.".repeat(100_000))).contains("exceeded max depth"));
    let document =
        "# c\n[a.\"b\"]\nc = [1, 2.5, {d='e', f=\"\"\"\\u0041\"\"\"}] # x\n[[g]]\nh=1979-05-27T07:32:00Z\ni=+inf\r\n";
    for end in 0..document.len() {
        let _ = parse(&document.as_bytes()[..end]);
        for byte in [0, b'\n', b'"', b'[', b'}', 0xff] {
            let mut bytes = document.as_bytes().to_vec();
            bytes[end] = byte;
            let _ = parse(&bytes);
        }
    }
}
