//! Charts written here, rendered without a cluster.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::chart;
use crate::function::Failure;

/// No cluster, no clock, and randomness without chance.
struct Nowhere;

impl World for Nowhere {
    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Ok(Map::new().into())
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        bytes.fill(7);
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        Ok((0, 0))
    }
}

fn chart(files: &[(&str, &str)]) -> Chart {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    let own = ("Chart.yaml".to_owned(), b"apiVersion: v2\nname: app\nversion: 1.0.0\n".to_vec());
    chart::load_folder(files.chain([own]), &mut Vec::new()).unwrap()
}

fn rendered(files: &[(&str, &str)], options: &Options) -> Result<Rendered, Error> {
    render(chart(files), &Map::new(), options, &mut Nowhere)
}

fn printed(files: &[(&str, &str)]) -> String {
    let text = rendered(files, &Options::default()).unwrap().text(&Shown::default()).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn documents_are_printed_with_their_sources_and_hooks_last() {
    let text = printed(&[
        ("templates/a.yaml", "kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n---\nkind: Service\n\n"),
        ("templates/b.yaml", "{{ if false }}x{{ end }}"),
        ("templates/c.txt", "kind: Namespace"),
        ("templates/_d.yaml", "{"),
        ("templates/NOTES.txt", "{"),
    ]);
    let expected = "---\n# Source: app/templates/c.txt\nkind: Namespace\n---\n# Source: app/templates/a.yaml\nkind: Service\n\
                    ---\n# Source: app/templates/a.yaml\nkind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n";
    assert_eq!(text, expected);
}

#[test]
fn what_is_shown_can_be_chosen() {
    let files = [
        (
            "templates/a.yaml",
            "kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n---\nkind: Job\nmetadata: {annotations: {helm.sh/hook: pre-install}}",
        ),
        ("templates/b.yaml", "kind: Service"),
        ("crds/c.yaml", "kind: {{ }}\n"),
    ];
    let rendered = rendered(&files, &Options::default()).unwrap();
    let kinds = |shown: Shown| {
        let text = String::from_utf8(rendered.text(&shown).unwrap()).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("kind: ")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(Shown::default()), "Service Pod Job");
    assert_eq!(kinds(Shown { skip_tests: true, ..Shown::default() }), "Service Job");
    assert_eq!(kinds(Shown { no_hooks: true, ..Shown::default() }), "Service");
    assert_eq!(kinds(Shown { custom_resources: true, no_hooks: true, ..Shown::default() }), "{{ }} Service");
    assert_eq!(kinds(Shown { only: vec!["templates/[b-z].yaml".into()], ..Shown::default() }), "Service");
    let missing = rendered.text(&Shown { only: vec!["templates/z.yaml".into()], ..Shown::default() });
    assert_eq!(missing.unwrap_err().told(), "could not find template templates/z.yaml in chart");
}

#[test]
fn a_parents_definitions_replace_its_subcharts() {
    let text = printed(&[
        ("templates/a.tpl", r#"{{ define "who" }}parent{{ end }}"#),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0"),
        (
            "charts/sub/templates/b.yaml",
            r#"{{ define "who" }}sub{{ end }}who: {{ include "who" . }}, {{ .Chart.IsRoot }}"#,
        ),
    ]);
    assert_eq!(text, "---\n# Source: app/charts/sub/templates/b.yaml\nwho: parent, false\n");
}

#[test]
fn values_that_a_template_sets_are_seen_by_those_after_it() {
    let text = printed(&[
        ("templates/b.yaml", "{{ $_ := set .Values \"x\" 1 }}"),
        ("templates/a.yaml", "x: {{ .Values.x }} {{ .Template.Name }}"),
    ]);
    assert_eq!(text, "---\n# Source: app/templates/a.yaml\nx: 1 app/templates/a.yaml\n");
}

#[test]
fn notes_are_the_charts_own() {
    let files = [
        ("templates/NOTES.txt", "mine"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0"),
        ("charts/sub/templates/NOTES.txt", "theirs"),
    ];
    assert_eq!(rendered(&files, &Options::default()).unwrap().notes, b"mine");
    let all = rendered(&files, &Options { subchart_notes: true, ..Options::default() }).unwrap();
    assert_eq!(all.notes.len(), "mine\ntheirs".len());
}

#[test]
fn mistakes_are_told_as_helm_tells_them() {
    let hint = "\n\nUse --debug flag to render out invalid YAML";
    for (files, told) in [
        (
            &[("templates/a.yaml", "a: b: c")][..],
            format!(
                "YAML parse error on app/templates/a.yaml: error converting YAML to JSON: yaml: mapping values are not allowed in this context{hint}"
            ),
        ),
        (
            &[("templates/a.yaml", "{{ fail \"no\" }}")],
            format!("execution error at (app/templates/a.yaml:1:3): no{hint}"),
        ),
        (
            &[("templates/NOTES.txt", "{{ end }}")],
            format!("parse error at (app/templates/NOTES.txt:1): unexpected {{{{end}}}}{hint}"),
        ),
    ] {
        assert_eq!(rendered(files, &Options::default()).unwrap_err().told(), told);
    }
    let named = |name: &str| Options { name: name.to_owned(), ..Options::default() };
    assert_eq!(
        rendered(&[], &named("")).unwrap_err().told(),
        "release name check failed: release name \"\": no name provided"
    );
    for name in ["A", "a_b", "-a", "a..b", "a-", &"a".repeat(54)] {
        assert!(rendered(&[], &named(name)).unwrap_err().told().contains("must match regex"), "{name}");
    }
    assert!(rendered(&[], &named(&"a".repeat(53))).is_ok());
}

#[test]
fn what_was_told_before_a_mistake_is_told() {
    let files = [("values.yaml", "a: {b: {c: 1}}"), ("templates/a.yaml", "{{ .Values.c.d }}")];
    let inner: Map = [("b".into(), Value::int(1))].into_iter().collect();
    let values: Map = [("a".into(), inner.into())].into_iter().collect();
    let error = render(chart(&files), &values, &Options::default(), &mut Nowhere).unwrap_err();
    let told: Vec<String> = error.warnings().iter().map(Warning::line).collect();
    assert_eq!(told, ["level=INFO msg=\"warning: cannot overwrite table with non table for app.a.b (map[c:1])\""]);
}

#[test]
fn text_that_is_no_yaml_is_kept_for_who_looks_for_the_mistake() {
    let error = rendered(&[("templates/a.yaml", "a: [")], &Options::default()).unwrap_err();
    assert_eq!(error.texts(), b"---\n# Source: app/templates/a.yaml\na: [\n");
}
