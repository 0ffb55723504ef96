//! Stack files that mean harm: each ends in a diagnostic, none in a panic, an abort or a wait.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use maps_engine::stack::{MAX_DEPTH, MAX_FILE_BYTES, Parameters, Parsed, SourceError, Sources, Stack};
use maps_engine::{Diagnostic, Severity};
use proptest::prelude::*;

const HEAD: &str = "maps: v1\nstack: s\nplugins: {p: {source: p}}\n";

fn parse_bytes(bytes: &[u8]) -> Parsed {
    let files = BTreeMap::from([("stack.yaml".to_owned(), bytes.to_vec())]);
    parse_files(&files)
}

fn parse_files(files: &dyn Sources) -> Parsed {
    let given = BTreeMap::new();
    Stack::parse(files, "stack.yaml", None, Parameters { given: &given, environment: &|_| None, plant: None })
}

/// The codes of the errors, and that there is no stack.
fn errors(bytes: impl AsRef<[u8]>) -> Vec<&'static str> {
    let parsed = parse_bytes(bytes.as_ref());
    assert!(parsed.stack.is_none());
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
    parsed.diagnostics.iter().filter(is_error).map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn rt38_a_billion_laughs_are_counted_before_they_are_copied() {
    let mut text = format!("{HEAD}inputs:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        text += &format!("  a{n}: &a{n} [{aliases}]\n");
    }
    assert_eq!(errors(text), ["too-many-values"]);
}

#[test]
fn rt38_aliases_nest_no_deeper_than_what_is_written_out() {
    let mut text = format!("{HEAD}inputs:\n  a0: &a0 [x]\n");
    for n in 1..=MAX_DEPTH {
        text += &format!("  a{n}: &a{n} [*a{}]\n", n - 1);
    }
    assert_eq!(errors(text), ["too-deep"]);
    assert_eq!(errors(format!("{HEAD}inputs: &a {{b: *a}}\n")), ["alias-in-itself"]);
    assert_eq!(errors(format!("{HEAD}inputs: *nowhere\n")), ["bad-yaml"]);
}

#[test]
fn rt38_deep_nesting_is_refused_in_every_form() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        let found = errors(&text);
        assert!(found == ["too-deep"] || found == ["bad-yaml"], "{}: {found:?}", &text[..4]);
    }
    let block: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).take(2_000).collect();
    assert_eq!(errors(block), ["too-deep"]);
}

#[test]
fn rt38_duplicate_keys_are_errors_wherever_they_stand() {
    let text =
        format!("{HEAD}inputs: {{a: {{type: string, type: number, default: x}}, a: {{type: bool}}}}\nstack: t\n");
    assert_eq!(errors(text), ["duplicate-key"; 3]);
}

#[test]
fn rt38_what_is_not_text_is_refused_with_its_place() {
    for (bytes, code, line) in [
        (&b"maps: v1\nstack: a\0b\n"[..], "control-character", 2),
        (b"maps: v1\nstack: \x1b[31mred\n", "control-character", 2),
        (b"maps: v1\nstack: \xff\xfe\n", "not-utf8", 2),
        (b"\xff\xfem\0a\0p\0s\0", "not-utf8", 1),
        (b"maps: v1\nresources:\n\tcluster: {}\n", "bad-yaml", 3),
        (b"maps: v1\n---\nmaps: v1\n", "several-documents", 2),
        (b"maps: v1\nstack: !ruby/object:Gem s\n", "unknown-tag", 2),
        (b"maps: v1\nstack: s\ninputs:\n  <<: {a: 1}\n", "merge-key", 4),
    ] {
        let parsed = parse_bytes(bytes);
        let first = parsed.diagnostics.iter().find(|diagnostic| diagnostic.code == code);
        let first = first.unwrap_or_else(|| panic!("{code}: {:?}", parsed.diagnostics));
        assert_eq!(first.span.as_ref().unwrap().line, line, "{code}");
        assert!(parsed.stack.is_none());
    }
    assert_eq!(errors(b""), ["empty-file"]);
    assert_eq!(errors(b"# nothing\n"), ["empty-file"]);
    assert_eq!(errors(b"- a list"), ["wrong-type"]);
}

/// A file of any size that says how much of it was asked for.
struct Huge;

impl Sources for Huge {
    fn read(&self, _: &str, limit: usize) -> Result<Vec<u8>, SourceError> {
        assert!(limit <= MAX_FILE_BYTES, "the parser asks for no more than it takes");
        Err(SourceError::TooLarge)
    }
}

#[test]
fn rt38_a_file_of_100_mb_is_refused_before_it_is_parsed() {
    let parsed = parse_files(&Huge);
    assert_eq!(parsed.diagnostics[0].code, "file-too-large");
    // A source that gives more than it was asked for changes nothing.
    struct Generous;
    impl Sources for Generous {
        fn read(&self, _: &str, _: usize) -> Result<Vec<u8>, SourceError> {
            Ok(vec![b'['; 100 << 20])
        }
    }
    assert_eq!(parse_files(&Generous).diagnostics[0].code, "file-too-large");
}

#[test]
fn rt38_cel_in_a_stack_does_not_run_without_end() {
    let items = vec!["x"; 2_000].join(", ");
    let text = format!(
        "{HEAD}inputs: {{l: {{type: list, default: [{items}]}}}}\nresources:\n  r:\n    type: p/k\n    when: \"${{inputs.l.all(a, inputs.l.all(b, inputs.l.all(c, a == b && b == c)))}}\"\n"
    );
    assert_eq!(errors(text), ["expression-too-costly"]);
}

#[test]
fn rt38_bombs_in_several_files_are_counted_together() {
    let bomb = |name: &str| {
        let mut text = format!("outputs:\n  {name}0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..5 {
            text += &format!("  {name}{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        }
        text.into_bytes()
    };
    let mut files = BTreeMap::new();
    let names: Vec<String> = (b'a'..=b'f').map(|letter| char::from(letter).to_string()).collect();
    for name in &names {
        files.insert(format!("{name}.yaml"), bomb(name));
    }
    files.insert("stack.yaml".to_owned(), format!("{HEAD}include: [{}.yaml]\n", names.join(".yaml, ")).into_bytes());
    let parsed = parse_files(&files);
    assert!(parsed.stack.is_none());
    assert_eq!(parsed.diagnostics[0].code, "too-many-values");
    // One of them alone is within what a stack may have.
    files.insert("stack.yaml".to_owned(), format!("{HEAD}include: [a.yaml]\n").into_bytes());
    assert!(parse_files(&files).stack.is_some());
}

#[test]
fn rt38_a_costly_when_is_not_evaluated_for_every_key() {
    let keys: String = (0..10_000).map(|n| format!("k{n}, ")).collect();
    let text = format!(
        "{HEAD}inputs: {{l: {{type: list, default: [{keys}]}}}}\nresources: {{r: {{type: p/k, each: [{keys}], when: \"${{inputs.l.all(x, x != '')}}\"}}}}\n"
    );
    assert_eq!(errors(text), ["expression-too-costly"]);
}

#[test]
fn rt38_no_more_resources_than_can_be_planned() {
    let keys: String = (0..30_000).map(|n| format!("k{n}, ")).collect();
    let text = format!("{HEAD}resources: {{r: {{type: p/k, each: [{keys}]}}}}\n");
    assert_eq!(errors(text), ["too-many-resources"]);
}

#[test]
fn rt38_dependencies_do_not_multiply_without_end() {
    let keys: String = (0..8_000).map(|n| format!("k{n}, ")).collect();
    let text = format!(
        "{HEAD}resources:\n  a: {{type: p/k, each: [{keys}]}}\n  b: {{type: p/k, each: [{keys}], with: {{x: \"${{a[each.value].id}}\"}}}}\n"
    );
    assert_eq!(errors(text), ["too-many-dependencies"]);
}

#[test]
fn rt38_a_mistake_made_ten_thousand_times_is_told_in_time() {
    let resources: String = (0..10_000)
        .map(|n| format!("  r{n}: {{type: p/k, with: {{x: \"${{vcp.id}}\"}}, options: {{depends_on: [vcp]}}}}\n"))
        .collect();
    let found = errors(format!("{HEAD}resources:\n{resources}"));
    assert_eq!((found.len(), found[0], *found.last().unwrap()), (101, "unknown-resource", "more"));
}

#[test]
fn places_are_right_whatever_ends_the_lines_and_begins_the_file() {
    for text in ["\u{feff}maps: v1\nstack: ä\nnope: 1\n", "maps: v1\r\nstack: ä\r\nnope: 1\r\n"] {
        let parsed = parse_bytes(text.as_bytes());
        let spans: Vec<_> = parsed.diagnostics.iter().filter_map(|diagnostic| diagnostic.span.as_ref()).collect();
        let found: Vec<_> = spans.iter().map(|span| (span.line, span.column, &text[span.start..span.end])).collect();
        assert_eq!(found, [(2, 8, "ä"), (3, 1, "nope")], "{text:?}");
    }
}

#[test]
fn rt35_names_that_deceive_the_eye_are_refused() {
    // Cyrillic а, fullwidth letters, right-to-left override, zero-width space, combining accent.
    for name in [
        "clust\u{0435}r",
        "\u{ff43}luster",
        "a\u{202e}b",
        "a\u{200b}b",
        "cafe\u{301}",
        "Cluster",
        "1a",
        "a b",
        "-a",
        "a/b",
        "",
    ] {
        for text in [
            format!("{HEAD}resources: {{\"{name}\": {{type: p/k}}}}\n"),
            format!("{HEAD}inputs: {{\"{name}\": {{type: string, default: x}}}}\n"),
            format!("{HEAD}outputs: {{\"{name}\": x}}\n"),
            format!("maps: v1\nstack: \"{name}\"\n"),
            format!("{HEAD}resources: {{r: {{type: \"p/{name}\"}}}}\n"),
        ] {
            let parsed = parse_bytes(text.as_bytes());
            assert!(parsed.stack.is_none(), "{text}");
            for diagnostic in &parsed.diagnostics {
                let said = format!("{} {:?}", diagnostic.message, diagnostic.help);
                assert!(!said.contains(['\u{202e}', '\u{200b}']), "{said}");
            }
        }
    }
    for key in ["k\u{0435}y", "a\u{202e}", "a b", "a\"]", "", "a\\nb"] {
        let parsed = parse_bytes(
            format!("{HEAD}resources: {{r: {{type: p/k, each: {{\"{}\": x}}}}}}\n", key.replace('"', "\\\""))
                .as_bytes(),
        );
        assert!(parsed.stack.is_none(), "{key}");
    }
}

#[test]
fn rt36_includes_stay_in_the_stack_folder() {
    struct Watched;
    impl Sources for Watched {
        fn read(&self, path: &str, _: usize) -> Result<Vec<u8>, SourceError> {
            assert_eq!(path, "stack.yaml", "nothing else is asked for");
            let paths = "[../a.yaml, /etc/passwd, a/../../b, ~/x, 'C:/x', 'a\\..\\b', '', ., a/, a//b, \"a\\0b\", './../x', a/..]";
            Ok(format!("{HEAD}include: {paths}\n").into_bytes())
        }
    }
    let parsed = parse_files(&Watched);
    assert_eq!(parsed.diagnostics.len(), 13);
    assert!(parsed.diagnostics.iter().all(|diagnostic| diagnostic.code == "path-outside"), "{:?}", parsed.diagnostics);
}

#[test]
fn user_data_cannot_pose_as_a_sealed_value() {
    for key in ["$sealed", "$unknown", "$encrypted"] {
        let data = format!("{{{key}: true}}");
        for text in [
            format!("{HEAD}resources: {{r: {{type: p/k, with: {{a: [{data}]}}}}}}\n"),
            format!("{HEAD}resources: {{r: {{type: p/k, each: {{k: {{a: {data}}}}}}}}}\n"),
            format!("{HEAD}inputs: {{a: {{type: map, default: {data}}}}}\n"),
            format!("{HEAD}outputs: {{o: {data}}}\n"),
            format!("maps: v1\nstack: s\nplugins: {{p: {{source: p, config: {{a: {data}}}}}}}\n"),
        ] {
            assert!(errors(&text).contains(&"reserved-key"), "{text}");
        }
        // Given on the command line.
        let given = BTreeMap::from([("a".to_owned(), data.clone())]);
        let text = format!("{HEAD}inputs: {{a: {{type: any}}}}\n");
        let files = BTreeMap::from([("stack.yaml".to_owned(), text.into_bytes())]);
        let parsed =
            Stack::parse(&files, "stack.yaml", None, Parameters { given: &given, environment: &|_| None, plant: None });
        assert!(parsed.stack.is_none());
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \t]{0,4}[a-z$]{1,8}: [^\u{0}]{0,20}",
        "[ ]{0,6}- [&*!|>'\"\\[\\]{}:,a-z0-9 #]{0,20}",
        "(maps: v1|stack: s|inputs:|resources:|  r:|    type: p/k|    with:|      a: \\$\\{)",
        "[a-z ]{0,4}\\$\\{[a-z0-9.()\\[\\]{}'\"+*/<>=!&|?:, -]{0,30}\\}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let parsed = parse_bytes(&bytes);
        prop_assert!(parsed.stack.is_none());
        prop_assert!(!parsed.diagnostics.is_empty());
    }

    #[test]
    fn text_like_yaml_never_panics(lines in proptest::collection::vec(line(), 0..12)) {
        let text = lines.join("\n");
        for text in [text.clone(), format!("{HEAD}{text}")] {
            let parsed = parse_bytes(text.as_bytes());
            for span in parsed.diagnostics.iter().filter_map(|diagnostic| diagnostic.span.as_ref()) {
                prop_assert!(span.start <= span.end && span.end <= text.len(), "{span:?} in {} bytes", text.len());
                prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?}");
            }
        }
    }

    #[test]
    fn text_like_cel_never_panics(cel in "([a-z]{1,3}|[0-9]{1,3}|inputs\\.a|[.()\\[\\]+*/<>=!&|?:, -]|'[^']{0,3}'|\\{|\\}|\\.map\\(x, |\\.all\\(|has\\(){0,24}") {
        let text = format!("{HEAD}inputs: {{a: {{type: list, default: [1, 2]}}}}\nresources:\n  r:\n    type: p/k\n    when: |\n      ${{{cel}}}\n");
        let _ = parse_bytes(text.as_bytes());
    }
}
