//! What expressions evaluate to, what they refer to, and where they are stopped.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::stack::yaml;

struct Fixed(BTreeMap<String, Value>, BTreeMap<String, Value>);

impl Scope for Fixed {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.get(name).cloned(),
            Reference::Resource(address, path) => select(self.1.get(address.as_str())?, path),
            Reference::Output(_) => None,
        }
    }
}

fn scope() -> Fixed {
    let inputs = [
        ("name", json!("maps")),
        ("count", json!(3)),
        ("ratio", json!(0.5)),
        ("on", json!(true)),
        ("zones", json!(["a", "b", "c"])),
        ("tags", json!({"k": "v", "n": 1})),
        ("nothing", json!(null)),
    ];
    let mut inputs: BTreeMap<String, Value> = inputs.map(|(k, v)| (k.to_owned(), Value::from(v))).into();
    inputs.insert("secret".to_owned(), Value::from("hunter2").secret());
    inputs.insert("yes_secret".to_owned(), Value::from(true).secret());
    inputs.insert("vault".to_owned(), Value::from(json!({"user": "u", "list": ["x", "y"]})).secret());
    inputs.insert("later".to_owned(), Value::Unknown);
    inputs.insert("mixed".to_owned(), Value::from(json!({"known": 1, "later": {"$unknown": true}})));
    let big: Vec<Value> = (0..10_000_i64).map(Value::from).collect();
    inputs.insert("big".to_owned(), Value::from(big));
    inputs.insert("text".to_owned(), Value::from("x".repeat(600_000)));
    let resources = [
        ("cluster", json!({"id": "c-1", "endpoint": "https://k", "pools": [{"id": "p-0"}, {"id": "p-1"}]})),
        (r#"release["cert-manager"]"#, json!({"status": "up"})),
        (r#"release["dns"]"#, json!({"status": {"$unknown": true}})),
        ("my-db", json!({"id": "d-1"})),
    ];
    Fixed(inputs, resources.map(|(k, v)| (k.to_owned(), Value::from(v))).into())
}

fn names() -> Names {
    let keys = ["cert-manager", "dns"].map(str::to_owned).into();
    Names {
        inputs: scope().0.keys().cloned().collect(),
        resources: [
            ("cluster".to_owned(), Instances::One),
            ("my-db".to_owned(), Instances::One),
            ("release".to_owned(), Instances::Each(keys)),
            ("left".to_owned(), Instances::Left),
        ]
        .into(),
        outputs: Default::default(),
    }
}

fn compile(yaml_text: &str) -> Result<Template, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let node = yaml::parse("t.yaml", yaml_text.as_bytes(), &mut diagnostics).unwrap();
    let template = Template::compile(&node, &names(), &mut diagnostics);
    if diagnostics.is_empty() { Ok(template) } else { Err(diagnostics) }
}

/// The template of one expression, written so that no YAML escapes come between.
fn expression(cel: &str) -> Result<Template, Vec<Diagnostic>> {
    compile(&format!("|-\n  ${{{cel}}}"))
}

fn evaluate(cel: &str) -> Value {
    let template = expression(cel).unwrap_or_else(|diagnostics| panic!("{cel}: {diagnostics:?}"));
    template.evaluate(&scope()).unwrap_or_else(|diagnostic| panic!("{cel}: {diagnostic:?}"))
}

fn fault(cel: &str) -> Diagnostic {
    match expression(cel) {
        Err(mut diagnostics) => diagnostics.remove(0),
        Ok(template) => template.evaluate(&scope()).expect_err(cel),
    }
}

fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Secret(_))
}

#[test]
fn expressions_have_the_values_that_cel_gives_them() {
    for (cel, expected) in [
        ("1 + 2 * 3", json!(7)),
        ("7 / 2", json!(3)),
        ("-7 % 3", json!(-1)),
        ("7.0 / 2.0", json!(3.5)),
        ("-inputs.count", json!(-3)),
        ("'a' + 'b'", json!("ab")),
        ("[1] + [2]", json!([1, 2])),
        ("1 == 1.0", json!(true)),
        ("'b' > 'a' && 2 <= 2", json!(true)),
        ("!inputs.on || false", json!(false)),
        ("inputs.on ? 'y' : 'n'", json!("y")),
        ("'b' in inputs.zones", json!(true)),
        ("'k' in inputs.tags", json!(true)),
        ("inputs.zones[1]", json!("b")),
        ("inputs.tags['k'] + inputs['name']", json!("vmaps")),
        ("{'a': inputs.count, 'b': [1, 'x']}", json!({"a": 3, "b": [1, "x"]})),
        ("size(inputs.zones) + size(inputs.tags) + 'äö'.size()", json!(7)),
        ("inputs.zones.map(z, z + '1')", json!(["a1", "b1", "c1"])),
        ("inputs.zones.map(z, z != 'b', z + '1')", json!(["a1", "c1"])),
        ("inputs.zones.filter(z, z != 'b')", json!(["a", "c"])),
        ("inputs.zones.all(z, z < 'd')", json!(true)),
        ("inputs.zones.exists(z, z == 'c')", json!(true)),
        ("inputs.zones.exists_one(z, z > 'b')", json!(true)),
        ("inputs.tags.map(k, k + ':' + string(inputs.tags[k]))", json!(["k:v", "n:1"])),
        ("[[1, 2], [3]].map(l, l.map(x, x * size(l)))", json!([[2, 4], [3]])),
        ("inputs.zones.join(',').upperAscii().replace('A', 'x').split(',')", json!(["x", "B", "C"])),
        ("' a '.trim().contains('a') && 'ab'.startsWith('a') && 'ab'.endsWith('b')", json!(true)),
        ("int('12') + int(3.9) + int(4)", json!(19)),
        ("double('1.5') + double(1)", json!(2.5)),
        ("string(1) + string(true) + string(0.5)", json!("1true0.5")),
        ("bool('true')", json!(true)),
        ("json.encode({'a': [1, null]})", json!("{\"a\":[1,null]}")),
        ("json.decode('[1, {\"a\": 2}]')[1].a", json!(2)),
        ("base64.decode(base64.encode('ä'))", json!("ä")),
        ("cluster.endpoint", json!("https://k")),
        ("cluster['endpoint']", json!("https://k")),
        ("resources['my-db'].id", json!("d-1")),
        ("cluster.pools[1].id", json!("p-1")),
        ("cluster.pools.map(p, p.id)", json!(["p-0", "p-1"])),
        ("release['cert-manager'].status", json!("up")),
        ("release['cert' + '-manager'].status", json!("up")),
        ("size(release)", json!(2)),
        ("has(cluster.endpoint) && !has(cluster.nothing)", json!(true)),
        ("has(inputs.tags.k) && !has(inputs.tags.z) && !has(inputs.nothing)", json!(true)),
        ("left", json!(null)),
        ("left.id == null && !has(left.id)", json!(true)),
        ("r'a\\b'", json!("a\\b")),
        ("'}'", json!("}")),
    ] {
        assert_eq!(evaluate(cel), Value::from(expected), "{cel}");
    }
}

#[test]
fn an_unknown_stays_unknown_unless_the_result_does_not_depend_on_it() {
    for cel in [
        "inputs.later",
        "inputs.later + 1",
        "inputs.later.a.b[0]",
        "inputs.later ? 1 : 2",
        "!inputs.later",
        "-inputs.later",
        "inputs.later && true",
        "[1, 2].filter(x, x == inputs.later)",
        "inputs.later.map(x, x)",
        "size(inputs.later)",
        "inputs.mixed == {'known': 1}",
        "json.encode(inputs.mixed)",
        "{inputs.later: 1}",
        "release['dns'].status",
        "release['dns'].status.deep",
        "release[inputs.later].status",
        "[1].exists(x, inputs.later)",
    ] {
        assert!(matches!(evaluate(cel), Value::Unknown), "{cel}: {:?}", evaluate(cel));
    }
    for (cel, expected) in [
        ("inputs.later && false", json!(false)),
        ("true || inputs.later", json!(true)),
        ("[1, 2].exists(x, x == 2 || inputs.later)", json!(true)),
        ("inputs.mixed.known", json!(1)),
        ("size(inputs.mixed)", json!(2)),
        ("inputs.on ? 1 : inputs.later", json!(1)),
        ("[inputs.later].map(x, 1)", json!([1])),
        // A failure on one side is absorbed by the other, as CEL says.
        ("1 / 0 == 1 || true", json!(true)),
        ("false && inputs.name > 1", json!(false)),
    ] {
        assert_eq!(evaluate(cel), Value::from(expected), "{cel}");
    }
    // A list around an unknown is known to be a list.
    assert_eq!(evaluate("[inputs.later, 1]"), Value::List(vec![Value::Unknown, Value::from(1)]));
}

#[test]
fn whatever_a_secret_had_a_part_in_is_secret() {
    for cel in [
        "inputs.secret",
        "inputs.secret + 'x'",
        "'x' + inputs.secret",
        "size(inputs.secret)",
        "inputs.secret == 'guess'",
        "inputs.secret in ['a']",
        "'a' in [inputs.secret]",
        "inputs.secret.startsWith('h')",
        "inputs.yes_secret ? 1 : 2",
        "!inputs.yes_secret",
        "inputs.yes_secret && true",
        "false || inputs.yes_secret",
        "inputs.vault.user",
        "inputs.vault['user']",
        "inputs.vault.list[0]",
        "size(inputs.vault.list)",
        "inputs.vault.map(k, 1)",
        "inputs.vault.list.filter(x, true)",
        "inputs.zones.filter(z, z == inputs.secret)",
        "inputs.zones.all(z, z == inputs.secret)",
        "inputs.zones.exists(z, z == inputs.secret)",
        "inputs.zones.exists_one(z, z == inputs.secret)",
        "json.encode({'a': inputs.secret})",
        "base64.encode(inputs.secret)",
        "[inputs.secret].join(',')",
        "{'a': inputs.secret} == {'a': 1}",
        "has(inputs.vault.user)",
        "has(inputs.secret)",
        "{'a': 1, 'b': 2}[inputs.yes_secret ? 'a' : 'b']",
    ] {
        let value = evaluate(cel);
        assert!(is_secret(&value), "{cel}: {value:?}");
        assert!(!format!("{value:?}").contains("hunter2"), "{cel}");
    }
    // What holds a secret is not one: its other leaves stay visible.
    let map = evaluate("{'open': 1, 'shut': inputs.secret}");
    assert!(!is_secret(&map) && is_secret(map.get("shut").unwrap()) && !is_secret(map.get("open").unwrap()));
    let text = compile("'a-${inputs.secret}-b'").unwrap().evaluate(&scope()).unwrap();
    assert_eq!(text, Value::from("a-hunter2-b"));
    assert!(is_secret(&text));
}

#[test]
fn text_around_expressions_is_filled_in_and_one_expression_keeps_its_type() {
    let value = |yaml: &str| compile(yaml).unwrap().evaluate(&scope()).unwrap();
    assert_eq!(value("'${inputs.count}'"), Value::from(3));
    assert_eq!(value("'n=${inputs.count}, ${inputs.on}'"), Value::from("n=3, true"));
    assert_eq!(value("'$${inputs.count}'"), Value::from("${inputs.count}"));
    assert_eq!(value("'${inputs.later}-x'"), Value::Unknown);
    assert_eq!(value("'$${a} ${inputs.count}'"), Value::from("${a} 3"));
    for yaml in ["'x ${inputs.zones}'", "'x ${inputs.nothing}'", "'x ${inputs.tags}'"] {
        assert_eq!(compile(yaml).unwrap().evaluate(&scope()).unwrap_err().code, "not-text", "{yaml}");
    }
}

#[test]
fn faults_say_where_and_what_to_do_and_never_show_a_secret() {
    for (cel, code, help) in [
        ("inputs.nmae", "unknown-input", "did you mean `name`?"),
        ("clustre.id", "unknown-resource", "did you mean `cluster`?"),
        ("name", "unknown-resource", "write `inputs.name` for the input"),
        ("my-db.id", "unknown-resource", "a name with `-` is written `resources[\"my-db\"]`"),
        ("release['dsn'].x", "unknown-instance", "did you mean `dns`?"),
        ("siez(inputs.zones)", "unknown-function", "did you mean `size`?"),
        (
            "inputs.name.matches('(a+)+')",
            "unknown-function",
            "there are no regular expressions; use `contains`, `startsWith` or `endsWith`",
        ),
        ("size(1, 2)", "unknown-function", "write `size(x)`"),
        ("inputs.tags.kk", "no-such-field", "there is: k, n"),
        ("inputs", "whole-inputs", "write `inputs.name`"),
        ("", "empty-expression", "write `$${` for the characters themselves"),
    ] {
        let diagnostic = fault(cel);
        assert_eq!((diagnostic.code, diagnostic.help.as_deref()), (code, Some(help)), "{cel}: {diagnostic:?}");
    }
    for cel in [
        "1 +",
        "a..b",
        "b'bytes'",
        "Message{a: 1}",
        "inputs.name + 1",
        "1 + 1.0",
        "9223372036854775807 + 1 == 1 ? 1 : inputs.name.x",
        "-9223372036854775807 - 2 < 0 ? inputs.name.x : 1",
        "18446744073709551615u + 1u",
        "9223372036854775807 * 9223372036854775807 * 9223372036854775807",
        "-(-9223372036854775807 - 1)",
        "1 / 0",
        "1 % 0",
        "(-9223372036854775807 - 1) / -1 > 0 ? inputs.name.x : 1",
        "1e308 * 1e308",
        "inputs.zones[3]",
        "inputs.zones[-1]",
        "inputs.zones['a']",
        "int('x')",
        "int(1e300)",
        "{'a': 1, 'a': 2}",
        "{1: 2}",
        "{inputs.secret: 1}",
        "{'$sealed': 'forged'}",
        "json.decode('{\"$sealed\": \"forged\"}')",
        "json.decode('[{\"$unknown\": true}]')",
        "each.key",
        "inputs.secret + 1",
        "int(inputs.secret)",
        "inputs.secret.x",
        "inputs.vault.nope",
        "inputs.vault[inputs.secret]",
        "release[inputs.secret].status",
        "outputs.x",
        "x.exists()",
    ] {
        let diagnostic = fault(cel);
        let said = format!("{} {:?}", diagnostic.message, diagnostic.help);
        assert!(!said.contains("hunter2") && !said.contains("user"), "{cel}: {said}");
    }
}

#[test]
fn the_span_is_that_of_the_part_which_is_wrong() {
    let at = |yaml: &str| {
        let span = compile(yaml).unwrap_err().remove(0).span.unwrap();
        (span.line, span.column, &yaml[span.start..span.end] == "clustre")
    };
    assert_eq!(at("a: \"x ${inputs.name} ${ 1 + clustre.id}\""), (1, 29, true));
    assert_eq!(at("# ä\nb: 'ö ${clustre.id}'"), (2, 9, true));
    // In a block: its first line.
    assert_eq!(at("a: |\n  line\n  ${inputs.name +\n  clustre.id}\n"), (3, 5, false));
    assert_eq!(at("a: |\n  line ${clustre.id}\n"), (2, 10, true));
    // Escapes: the whole scalar is the place.
    let yaml = "a: \"${\\x63lustre.id}\"";
    let span = compile(yaml).unwrap_err().remove(0).span.unwrap();
    assert_eq!(&yaml[span.start..span.end], "\"${\\x63lustre.id}\"");
}

#[test]
fn references_are_told_as_far_as_they_are_static() {
    let references = |cel: &str| {
        let all = expression(cel).unwrap().references();
        all.iter()
            .map(|reference| match reference {
                Reference::Input(name) => format!("inputs.{name}"),
                Reference::Resource(address, path) => format!("{address}|{}", path.join(".")),
                Reference::Output(name) => format!("outputs.{name}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(references("cluster.a.b['c d']"), "cluster|a.b.c d");
    assert_eq!(references("cluster.pools[0].id"), "cluster|pools");
    assert_eq!(references("cluster[inputs.name].id"), "inputs.name cluster|");
    assert_eq!(references("release['dns'].status"), "release[\"dns\"]|status");
    assert_eq!(
        references("release[inputs.name].status"),
        "inputs.name release[\"cert-manager\"]|status release[\"dns\"]|status"
    );
    assert_eq!(references("release.map(k, release[k].status)").matches("release").count(), 4);
    assert_eq!(references("[1].map(cluster, cluster.id)"), "", "a variable hides a resource");
    assert_eq!(references("left.id"), "");
    assert_eq!(references("inputs.on ? cluster.a : resources['my-db'].id"), "inputs.on cluster|a my-db|id");
}

#[test]
fn each_stands_for_one_instance() {
    let value = compile("{repo: 'r-${inputs.name}', other: '${cluster.id}'}").unwrap();
    let each = Arc::new(Each { key: "dns".to_owned(), value });
    let template = compile("{k: '${each.key}', r: '${each.value.repo}', s: '${release[each.key].status}'}").unwrap();
    assert!(template.uses_each());
    let one = template.with_each(&each);
    let resources: Vec<_> = one.references().into_iter().filter(|r| matches!(r, Reference::Resource(..))).collect();
    let at = |address: &str, key: &str| Reference::Resource(Address::new(address), vec![key.to_owned()]);
    assert_eq!(resources, [at("cluster", "id"), at("release[\"dns\"]", "status")]);
    let expected = json!({"k": "dns", "r": "r-maps", "s": {"$unknown": true}});
    assert_eq!(one.evaluate(&scope()).unwrap(), Value::from(expected));
}

#[test]
fn paths_lead_to_spans() {
    let yaml = "pools:\n  - {name: a, size: big}\n  - {'x.y': 1}\n";
    let template = compile(yaml).unwrap();
    let at = |path: &str| template.span_of(path).map(|span| &yaml[span.start..span.end]);
    assert_eq!(at("pools[0].size"), Some("big"));
    assert_eq!(at("pools[1][\"x.y\"]"), Some("1"));
    assert_eq!(at("pools[0].colour"), Some("{name: a, size: big}"), "the nearest that is there");
    let key = template.key_span_of("pools[0].size").unwrap();
    assert_eq!(&yaml[key.start..key.end], "size");
    assert_eq!(path_keys("a[0][\"b.c\"].d").collect::<Vec<_>>(), ["a", "0", "b.c", "d"]);
    assert_eq!(path_join(&path_join("a", "b.c"), "d"), "a[\"b.c\"].d");
}

#[test]
fn rt38_cel_that_does_not_end_ends_in_a_diagnostic() {
    let loops = "inputs.big.all(a, inputs.big.all(b, inputs.big.all(c, inputs.big.all(d, a + b + c + d >= 0))))";
    assert_eq!(fault(loops).code, "expression-too-costly");
    let maps = "inputs.big.map(a, inputs.big.map(b, a * b))";
    assert_eq!(fault(maps).code, "expression-too-costly");
    // What the budget stops is not hidden by the other side of an `||`.
    assert_eq!(fault(&format!("{maps} == [] || true")).code, "expression-too-costly");
    assert_eq!(fault(&format!("true && inputs.big.exists(a, {maps} == [a])")).code, "expression-too-costly");
    let five = "[1].all(a, [1].all(b, [1].all(c, [1].all(d, [1].all(e, true)))))";
    assert_eq!(fault(five).code, "expression-too-deep");
    // The whole of a template shares one budget: many moderate expressions are one costly one.
    let moderate = "- ${size(inputs.big.map(a, a + 1))}\n".repeat(40);
    assert_eq!(compile(&moderate).unwrap().evaluate(&scope()).unwrap_err().code, "expression-too-costly");
    // One pass over a long list is what expressions are for.
    assert_eq!(evaluate("size(inputs.big.filter(a, a % 2 == 0))"), Value::from(5000));
}

#[test]
fn rt38_text_that_doubles_and_doubles_is_stopped() {
    let doubling =
        (0..20).fold("'xxxxxxxxxxxxxxxx'".to_owned(), |inner, n| format!("[{inner}].map(v{n}, v{n} + v{n})[0]"));
    assert!(matches!(fault(&doubling).code, "expression-failed" | "expression-too-costly" | "expression-too-deep"));
    for cel in [
        "inputs.text + inputs.text",
        "inputs.text.replace('', inputs.text)",
        "inputs.text.replace('x', 'xx')",
        "[inputs.text, inputs.text].join('')",
        "base64.encode(inputs.text + 'x'.replace('x', inputs.text))",
        "inputs.big.map(a, inputs.text)",
        "inputs.zones.map(a, inputs.zones.map(b, inputs.zones.map(c, inputs.text.split(''))))",
    ] {
        assert!(matches!(fault(cel).code, "expression-failed" | "expression-too-costly"), "{cel}");
    }
    let diagnostic = compile("'${inputs.text}${inputs.text}'").unwrap().evaluate(&scope()).unwrap_err();
    assert_eq!(diagnostic.code, "expression-too-costly");
}

#[test]
fn rt38_expressions_that_are_deep_or_long_do_not_take_the_stack() {
    for cel in [
        "(".repeat(2000),
        "[".repeat(2000),
        "-".repeat(400) + "1",
        "!".repeat(400) + "true",
        "1".to_owned() + &"+1".repeat(250),
        "true".to_owned() + &"?true:true".repeat(120),
        "inputs".to_owned() + &".a".repeat(250),
        "inputs".to_owned() + &"[0]".repeat(160),
        "true".to_owned() + &"&&true".repeat(160),
        "a".to_owned() + &"(a".repeat(20),
        "'".to_owned() + &"x".repeat(5000) + "'",
        "\u{202e}".repeat(3),
        "cluster.id; drop".to_owned(),
        "§$%&".to_owned(),
        "\"\\U00110000\"".to_owned(),
        "999999999999999999999999".to_owned(),
        "1e999".to_owned(),
    ] {
        // Either it is refused or it has a value; what it must not do is abort the process.
        if let Ok(template) = expression(&cel) {
            let _ = template.evaluate(&scope());
        }
    }
}
