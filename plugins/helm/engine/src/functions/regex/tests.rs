//! Regular expressions, with what the real Helm answers.

use super::{Cache, compile};
use crate::function::Failure;
use crate::functions::testing::{call, call_within, printed, values};
use crate::value::Value;

/// What an expression that does not parse is refused with: its code, and the part that Go shows.
#[test]
fn refuses_what_go_refuses_in_its_words() {
    for (pattern, code, part) in [
        ("[a", "missing closing ]", "[a"),
        ("a`b[", "missing closing ]", "["),
        ("[]", "missing closing ]", "[]"),
        ("[[:alpha:", "missing closing ]", "[[:alpha:"),
        ("(a", "missing closing )", "(a"),
        ("(?i)(?:(?:a", "missing closing )", "(?i)(?:(?:a"),
        ("a)", "unexpected )", "a)"),
        ("a**", "invalid nested repetition operator", "**"),
        ("a{2}{3}", "invalid nested repetition operator", "{2}{3}"),
        ("a*?*", "invalid nested repetition operator", "*?*"),
        ("x{2}{2}?", "invalid nested repetition operator", "{2}{2}?"),
        ("*a", "missing argument to repetition operator", "*"),
        ("a|*", "missing argument to repetition operator", "*"),
        ("(+)", "missing argument to repetition operator", "+"),
        ("(?i)*", "missing argument to repetition operator", "*"),
        ("a{1001}", "invalid repeat count", "{1001}"),
        ("a{2,1}", "invalid repeat count", "{2,1}"),
        ("a{99999999999999999999}", "invalid repeat count", "{99999999999999999999}"),
        ("((a{100}){100}){100}", "invalid repeat count", "{100}"),
        (r"\", "trailing backslash at end of expression", ""),
        (r"[\", "trailing backslash at end of expression", ""),
        (r"(a)\1", "invalid escape sequence", r"\1"),
        (r"\8", "invalid escape sequence", r"\8"),
        (r"\C", "invalid escape sequence", r"\C"),
        (r"\Z", "invalid escape sequence", r"\Z"),
        (r"\é", "invalid escape sequence", r"\é"),
        (r"\xg", "invalid escape sequence", r"\xg"),
        (r"\x{110000}", "invalid escape sequence", r"\x{110000"),
        (r"\x{}", "invalid escape sequence", r"\x{}"),
        (r"\x{12", "invalid escape sequence", r"\x{12"),
        (r"[\b]", "invalid escape sequence", r"\b"),
        (r"[a-\d]", "invalid escape sequence", r"\d"),
        ("(?=a)", "invalid or unsupported Perl syntax", "(?="),
        ("(?P=n)", "invalid or unsupported Perl syntax", "(?P"),
        ("(?i-)a", "invalid or unsupported Perl syntax", "(?i-)"),
        ("(?--i)a", "invalid or unsupported Perl syntax", "(?--"),
        ("(?x)a", "invalid or unsupported Perl syntax", "(?x"),
        ("(?i", "invalid or unsupported Perl syntax", "(?i"),
        ("(?<=a)b", "invalid named capture", "(?<=a)b"),
        ("(?P<n", "invalid named capture", "(?P<n"),
        ("(?P<n-x>a)", "invalid named capture", "(?P<n-x>"),
        ("[z-a]", "invalid character class range", "z-a"),
        ("[[:foo:]]", "invalid character class range", "[:foo:]"),
        (r"\p{Foo}", "invalid character class range", r"\p{Foo}"),
        (r"\p{Grek}", "invalid character class range", r"\p{Grek}"),
        (r"\p{sc=Greek}", "invalid character class range", r"\p{sc=Greek}"),
        (r"\pK", "invalid character class range", r"\pK"),
        (r"\p", "invalid character class range", r"\p"),
    ] {
        let expected = format!("error parsing regexp: {code}: `{part}`");
        assert_eq!(compile(pattern).err(), Some(expected.clone()), "{pattern}");
        assert_eq!(printed("mustRegexFind", &values![pattern, ""]), format!("error: {expected}"), "{pattern}");
        assert_eq!(printed("regexMatch", &values![pattern, ""]), "false", "{pattern}");
    }
    assert_eq!(
        printed("regexFind", &values!["[a", ""]),
        "error: regexp: Compile(`[a`): error parsing regexp: missing closing ]: `[a`"
    );
    assert_eq!(
        printed("regexSplit", &values!["a`b[", "", -1]),
        "error: regexp: Compile(\"a`b[\"): error parsing regexp: missing closing ]: `[`"
    );
}

#[test]
fn finds_the_leftmost_match() {
    for (pattern, text, expected) in [
        ("a.*b", "xaYbZb", "aYbZb"),
        ("a.*?b", "xaYbZb", "aYb"),
        ("(?U)a.*b", "xaYbZb", "aYb"),
        ("a|ab", "ab", "a"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("a{01}", "a{01}", "a{01}"),
        ("a{0}", "aaa", ""),
        ("a{1,2}?", "aaa", "a"),
        ("(?i:a)B", "aBAB", "aB"),
        ("(?i)a(?-i)B", "Ab AB", "AB"),
        ("((?i)a)A", "aAAA", "aA"),
        ("a(?i)*", "aaa", "aaa"),
        (r"\Qab\E+", "abbb", "abbb"),
        (r"\Qa.b\E.", "a.bc", "a.bc"),
        ("[]a]+", "x]a", "]a"),
        ("[a-]+", "x-a", "-a"),
        ("[--a]+", "-Za", "-Za"),
        ("[[:word:]]+", "-ab_", "ab_"),
        ("[[:^alpha:]]+", "ab12", "12"),
        (r"[^\pL]+", "é12", "12"),
        (r"\p{^Lu}+", "ABc", "c"),
        (r"\p{lowercase letter}", "Aa", "a"),
        (r"\p{ASCII}+", "éAa", "Aa"),
        (r"(?i)\p{Lu}+", "aB", "aB"),
        (r"\p{Thai}", "ก", "ก"),
        (r"\141\x62\x{63}", "abc", "abc"),
        (r"(?m)^b$", "a\nb\nc", "b"),
        (r"a$", "a\n", ""),
        (r"\s", "a\u{b} b", " "),
        (r"(?i)k", "\u{212a}", "\u{212a}"),
        ("(?P<n>a)(?<n>b)", "ab", "ab"),
        (".", "\n", ""),
        ("(?s).", "\n", "\n"),
    ] {
        assert_eq!(printed("regexFind", &values![pattern, text]), expected, "{pattern}");
    }
}

#[test]
fn replaces_with_groups() {
    for (pattern, text, replacement, expected) in [
        ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"),
        ("a(x*)b", "-ab-axxb-", "$1W", "---"),
        ("(?P<n>x+)", "axxb", "<$n>", "a<xx>b"),
        ("x", "axb", "$$", "a$b"),
        ("x", "axb", "${1", "a${1b"),
        ("x", "axb", "$-", "a$-b"),
        ("(x)", "axb", "$01", "ab"),
        ("(x)(y)?", "axb", "[$2]", "a[]b"),
        ("(x)", "axb", "$1.5", "ax.5b"),
        ("(?P<n>a)|(?P<n>b)", "ab", "[$n]", "[a][b]"),
        ("", "abc", "-", "-a-b-c-"),
        ("x*", "axxb", "-", "-a-b-"),
        ("b*", "abbc", "-", "-a-c-"),
        ("", "é日", "-", "-é-日-"),
        ("$", "abc", "-", "abc-"),
        ("(?m)^", "a\nb\n", "- ", "- a\n- b\n- "),
        (r"\b", "ab cd", "|", "|ab| |cd|"),
        ("(|a)*", "baab", "[$1]", "[]b[]a[]a[]b[]"),
    ] {
        let arguments = values![pattern, text, replacement];
        assert_eq!(printed("regexReplaceAll", &arguments), expected, "{pattern} {replacement}");
    }
    assert_eq!(printed("regexReplaceAllLiteral", &values!["a(x*)b", "-ab-", "${1}"]), "-${1}-");
}

#[test]
fn finds_all_and_splits() {
    let quoted = |name: &str, pattern: &str, text: &str, count: i32| match call(name, &values![pattern, text, count]) {
        Ok(Value::List(list)) if list.is_nil() => "nil".to_owned(),
        Ok(Value::List(list)) => format!(
            "{:?}",
            list.to_vec().iter().map(|item| printed("toString", std::slice::from_ref(item))).collect::<Vec<_>>()
        ),
        other => format!("{other:?}"),
    };
    for (name, pattern, text, count, expected) in [
        ("regexFindAll", "a*", "baaac", -1, r#"["", "aaa", ""]"#),
        ("regexFindAll", "", "é日", -1, r#"["", "", ""]"#),
        ("regexFindAll", "a", "aaaa", 2, r#"["a", "a"]"#),
        ("regexFindAll", "a", "b", -1, "nil"),
        ("regexFindAll", "a", "a", 0, "nil"),
        ("regexSplit", "z+", "pizza", -1, r#"["pi", "a"]"#),
        ("regexSplit", "a", "banana", -1, r#"["b", "n", "n", ""]"#),
        ("regexSplit", "a", "banana", 2, r#"["b", "nana"]"#),
        ("regexSplit", "a", "banana", 0, "nil"),
        ("regexSplit", "", "abc", -1, r#"["a", "b", "c"]"#),
        ("regexSplit", "x*", "axbxc", -1, r#"["a", "b", "c"]"#),
        ("regexSplit", "x", "", -1, r#"[""]"#),
        ("regexSplit", "", "", -1, "[]"),
    ] {
        assert_eq!(quoted(name, pattern, text, count), expected, "{name} {pattern} {text}");
    }
    assert_eq!(printed("regexQuoteMeta", &values![r"\.+*?()|[]{}^$-/é"]), r"\\\.\+\*\?\(\)\|\[\]\{\}\^\$-/é");
}

#[test]
fn takes_bytes_that_are_no_characters_for_one_each() {
    let text = Value::str(&b"a\xff\xe2\x82b"[..]);
    assert_eq!(printed("regexReplaceAll", &values!["[^a-z]", text.clone(), "-"]), "a---b");
    assert_eq!(printed("regexFind", &values![r"\x{fffd}.", text]), "\u{fffd}\u{fffd}");
}

#[test]
fn keeps_programs_within_a_bound() {
    let mut cache = Cache::default();
    let count = 40;
    for index in 0..count {
        let pattern = format!(r"{index}[\pL\d]{{200}}");
        let program = compile(&pattern).map(|program| cache.insert(&pattern.as_str().into(), &program));
        assert!(program.is_ok());
        assert!(cache.size <= super::MAX_CACHED);
    }
    assert!((1..count).contains(&cache.programs.len()), "{}", cache.programs.len());
}

#[test]
fn ends_with_what_is_too_large_or_too_deep() {
    let deep = "(".repeat(100_000) + &")".repeat(100_000);
    assert!(compile(&deep).is_err_and(|message| message.contains("nests too deeply")));
    let large = r"(\pL{100}\pN{100}){10}(\pL{100}\pN{100}){10}(\pL{100}\pN{100}){10}".repeat(20);
    assert!(compile(&large).is_err_and(|message| message.contains("too large")));
}

/// Letters that look random, and are the same each time.
fn letters(count: usize, of: &[u8]) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        of[usize::try_from(state >> 33).unwrap_or_default() % of.len()] as char
    };
    (0..count).map(|_| next()).collect()
}

/// Is the work refused that a call takes, where a million steps are allowed?
fn is_too_much(name: &str, arguments: &[Value]) -> bool {
    matches!(call_within(1_000_000, name, arguments), Err(Failure::Error(why)) if why == "the budget is spent")
}

#[test]
fn counts_what_a_search_reads_and_not_what_it_finds() {
    let letter = "a".repeat(20_000);
    let random = letters(20_000, b"ab");
    for (pattern, text, refused) in [
        (".*?x|a", letter.clone(), true),
        ("a+$|a", letter.clone() + "b", true),
        ("(?s)a.*z|a", letter.clone(), true),
        (r"(a|\b)*x|", letter, true),
        ("[ab]*a[ab]{400}c|[ab]", random.clone(), true),
        ("([ab]*a[ab]{400}c)+", random, true),
        // Between the bytes of one character nothing is found, and each is looked at once.
        (r"\B", "a ".repeat(10_000) + &"aé".repeat(10_000), false),
    ] {
        for (name, arguments) in [
            ("regexReplaceAll", values![pattern, text.as_str(), "-"]),
            ("regexFindAll", values![pattern, text.as_str(), -1]),
            ("regexSplit", values![pattern, text.as_str(), -1]),
        ] {
            assert_eq!(is_too_much(name, &arguments), refused, "{name} {pattern}");
        }
    }
}

#[test]
fn leaves_room_for_what_charts_do_with_long_texts() {
    let text = letters(20_000, b"abc-_. /0\n");
    for pattern in ["[^a-z0-9]+", "a", r"\s+", "(?m)^", "[a-z]+", r"(?m)^\s*$\n?", r"[\pL\d]+", "x", "c.*?b", "$"] {
        for (name, arguments) in [
            ("regexReplaceAll", values![pattern, text.as_str(), "<${0}>"].to_vec()),
            ("regexFindAll", values![pattern, text.as_str(), -1].to_vec()),
            ("regexMatch", values![pattern, text.as_str()].to_vec()),
        ] {
            assert!(!is_too_much(name, &arguments), "{name} {pattern}");
        }
    }
}
