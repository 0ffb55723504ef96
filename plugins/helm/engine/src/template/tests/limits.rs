//! Hostile templates end in an error that names their place.

use super::{evaluate, limited};
use crate::template::Limits;
use crate::value::Value;

#[test]
fn loops_end() {
    let limits = Limits { work: 100_000, output: 10_000 };
    let cases = [
        "{{ range 1000000000000 }}{{ end }}",
        "{{ range 1000000000000 }}x{{ end }}",
        r#"{{ range 1000000 }}{{ tpl "{{ range 1000000 }}a{{ end }}" . }}{{ end }}"#,
        r#"{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}"#,
        r#"{{ $x := "xxxxxxxx" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}"#,
    ];
    for text in cases {
        let error = limited(text, Value::Nil, limits).unwrap_err();
        assert!(error.message.starts_with("template: t:1:"), "{text}: {}", error.message);
    }
}

#[test]
fn searches_that_read_a_text_again_and_again_end() {
    let limits = Limits { work: 1_000_000, output: 10_000 };
    for call in [r#"regexReplaceAll ".*?x|a" . """#, r#"regexFindAll "a+$|a" . -1"#, r#"regexSplit "(?s)a.*z|a" . -1"#]
    {
        let text = format!("{{{{ $x := 1 }}}}\n{{{{ {call} }}}}");
        let data = Value::str("a".repeat(20_000) + "b");
        let error = limited(&text, data, limits).unwrap_err();
        let name = call.split(' ').next().unwrap();
        assert!(error.message.starts_with("template: t:2:3: executing \"t\" at <"), "{call}: {}", error.message);
        assert!(error.message.contains(&format!("error calling {name}: the rendering takes more work than")), "{call}");
    }
}

#[test]
fn the_output_is_limited() {
    let limits = Limits { work: 1_000_000, output: 1000 };
    let error = limited("{{ range 2000 }}x{{ end }}", Value::Nil, limits).unwrap_err();
    assert_eq!(error.report(), "t:1:9\n  executing \"t\" at <2000>:\n    the output takes more than 1000 bytes");
}

#[test]
fn recursion_ends_where_helm_ends_it() {
    let error = evaluate(r#"{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#, Value::Nil).unwrap_err();
    assert!(error.ends_with("rendering template has a nested reference name: a: unable to execute template"));
    assert_eq!(error.matches("error calling include: ").count(), 1002);
    let error =
        evaluate(r#"{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}"#, Value::Nil).unwrap_err();
    assert_eq!(
        error,
        "template: t:1:28: executing \"a\" at <{{template \"a\" .}}>: exceeded maximum template depth (100000)"
    );
    // Helm overflows its stack here.
    let endless = r#"{{ tpl .x . }}"#;
    let data = Value::Map([("x".into(), Value::str(endless))].into_iter().collect());
    let limits = Limits { work: 1_000_000, output: 1000 };
    let error = limited(endless, data, limits).unwrap_err();
    assert!(
        error.message.starts_with("template: t:1:3: executing \"t\" at <tpl .x .>: error calling tpl: error during")
    );
}

#[test]
fn deep_nesting_is_refused() {
    // In what a sandbox has, although without optimisation everything takes several times as much.
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(deep_nesting).unwrap().join().unwrap();
}

fn deep_nesting() {
    let cases = [
        format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)),
        "{{ if true }}".repeat(100_000),
        "{{ range 1 }}".repeat(100_000),
        "{{ block \"a\" . }}".repeat(100_000),
        format!("{{{{ {}", "(".repeat(100_000)),
    ];
    for text in cases {
        let error = evaluate(&text, Value::Nil).unwrap_err();
        assert_eq!(error, "template: t:1: max expression depth exceeded");
    }
    // What is just allowed is compiled, evaluated and printed in an error.
    let text = format!("{{{{ {}.x.y{} }}}}", "(print ".repeat(190), ")".repeat(190));
    let data = Value::Map([("x".into(), Value::str(""))].into_iter().collect());
    let error = evaluate(&text, data).unwrap_err();
    assert!(error.ends_with("at <.x.y>: can't evaluate field y in type interface {}"), "{error}");
    let text = format!("{{{{ {}(fail \"x\"){} }}}}", "(print ".repeat(190), ")".repeat(190));
    assert!(
        evaluate(&text, Value::Nil)
            .unwrap_err()
            .ends_with("at <fail \"x\">: error calling fail: HELM_ERR_STARTxHELM_ERR_END")
    );
    // A chain of else-ifs is no nesting.
    let chain = format!("{{{{ if false }}}}{}{{{{ else }}}}x{{{{ end }}}}", "{{ else if false }}".repeat(10_000));
    assert_eq!(evaluate(&chain, Value::Nil), Ok("x".to_owned()));
}

#[test]
fn long_commands_are_refused() {
    let text = format!("{{{{ print {} }}}}", "1 ".repeat(70_000));
    assert_eq!(evaluate(&text, Value::Nil).unwrap_err(), "template: t:1: the command is too long");
}

#[test]
fn what_is_no_text_passes() {
    // Any bytes may stand in a template; those that are not UTF-8 are kept, or refused where a name is read.
    let mut templates = crate::template::Templates::new();
    templates.add("t", b"\xff{{ \"\xfe\" | print }}{{ `\xfd` }}").unwrap();
    let out = templates.execute("t", Value::Nil, &mut super::Still(0), Limits::default()).unwrap();
    assert_eq!(out, b"\xff\xef\xbf\xbd\xfd");
    assert!(templates.add("u", b"{{ .\xff }}").is_err());
    assert!(templates.add("u", b"{{ \xff }}").is_err());
}
