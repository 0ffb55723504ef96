//! Charts of the stack's folder, and what is set of them.

use maps_sdk::testing::files::folder;

use super::*;

#[test]
fn a_folder_is_rendered_with_all_that_is_set() {
    let mut files = chart("charts/web/", TEMPLATE);
    files.push(("prod.yaml".to_owned(), "size: 5\n".to_owned()));
    folder(files);
    for (more, expected) in [
        (json!({}), "1"),
        (json!({"values": {"size": 3}}), "3"),
        (json!({"values": [{"size": 3}, "prod.yaml"]}), "5"),
        (json!({"values": ["prod.yaml", {"size": 3}]}), "3"),
        (json!({"values": ["./prod.yaml"], "set": ["size=7"]}), "7"),
        (json!({"set_file": ["size=given"], "files": {"given": "9"}}), "9"),
        (json!({"values": ["given"], "files": {"given": "size: 11"}}), "11"),
        (json!({"set": ["size=1"], "set_string": ["size=12"]}), "12"),
        (json!({"set_json": ["size=13"]}), "13"),
        (json!({"set_literal": ["size=14"]}), "14"),
    ] {
        let mut wanted = json!({"chart": "./charts/web/", "name": "one"});
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let outputs = create(inputs(wanted)).unwrap().outputs;
        assert_eq!(size(&outputs.manifests), expected, "{more}");
        assert_eq!(outputs.notes, format!("Size {expected}"));
        let told = [&outputs.chart_name, &outputs.chart_version, &outputs.app_version, &outputs.origin];
        assert_eq!(told, ["web", "1.2.3", "4.5", ""]);
    }
    folder(chart("", TEMPLATE));
    assert_eq!(size(&create(inputs(json!({"chart": "."}))).unwrap().outputs.manifests), "1");
}

#[test]
fn what_is_not_there_is_told_in_helms_words() {
    folder(chart("charts/web/", "{{ fail \"no\" }}"));
    for (wanted, said) in [
        (json!({"chart": "web"}), "non-absolute URLs should be in form of repo_name/path_to_chart, got: web"),
        (json!({"chart": "./web"}), "path \"./web\" not found"),
        (json!({"chart": "charts/web", "values": ["none.yaml"]}), "open none.yaml: no such file or directory"),
        (json!({"chart": "charts/web", "set": ["a=1,b"]}), "failed parsing --set data: key \"b\" has no value"),
        (json!({"chart": "charts/web"}), "execution error at (web/templates/web.yaml:1:3): no"),
        (json!({"chart": "charts"}), "Chart.yaml file is missing"),
        (json!({"chart": "charts/*"}), "`charts/*` is no path of a chart"),
    ] {
        let problem = create(inputs(wanted.clone())).err().unwrap();
        assert!(problem.message.starts_with(said), "{wanted}: {problem}");
    }
}

#[test]
fn a_secret_in_values_is_refused_where_it_stands() {
    let sealed = json!({"$sealed": "handle"});
    for (values, path) in [
        (json!({"auth": {"password": sealed}}), "auth.password"),
        (json!([{"a": 1}, {"users": [{"key": sealed}]}]), "users[0].key"),
    ] {
        let wanted = inputs(json!({"chart": "charts/web", "values": values}));
        let problems = testing::check::<Template>(&wanted);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].code == "sealed-values" && problems[0].message.contains(path), "{problems:?}");
        folder(chart("charts/web/", TEMPLATE));
        assert_eq!(create(wanted).err().unwrap().code, "sealed-values");
    }
}

#[test]
fn a_change_of_a_file_is_a_change_of_the_rendering() {
    let put = |size: &str| {
        let mut files = chart("charts/web/", TEMPLATE);
        files.push(("prod.yaml".to_owned(), format!("size: {size}\n")));
        folder(files);
    };
    put("5");
    let wanted = inputs(json!({"chart": "charts/web", "values": ["prod.yaml"]}));
    let made = create(wanted).unwrap();
    let read = |prior: &Resource<Template>| {
        let prior = maps_sdk::Prior {
            id: prior.id.clone(),
            inputs: Some(prior.inputs.clone()),
            outputs: Some(prior.outputs.clone()),
        };
        let request = maps_sdk::Read { address: "a".to_owned(), prior, ephemeral: Vec::new() };
        Template.read(&context(), &request).unwrap().unwrap()
    };
    assert_eq!(read(&made).inputs.chart, "charts/web");
    put("6");
    let now = read(&made).inputs.chart;
    assert!(now.starts_with("charts/web as of sha256:"), "{now}");
}

#[test]
fn a_preview_is_what_becomes_and_tells_errors_where_it_is_asked_to() {
    folder(chart("charts/web/", TEMPLATE));
    let preview = |config: Value, wanted: Value| {
        let context = Context { stack: "s".to_owned(), config };
        let request = Preview { address: "a".to_owned(), inputs: inputs(wanted), known: Known::default(), prior: None };
        Template.preview(&context, &request)
    };
    let planned = preview(json!({}), json!({"chart": "charts/web"})).unwrap().outputs;
    let made = create(inputs(json!({"chart": "charts/web"}))).unwrap().outputs;
    assert_eq!(planned, serde_json::to_value(made).unwrap());
    assert!(preview(json!({}), json!({"chart": "none"})).is_err());
    let told = preview(json!({"tell_errors": true}), json!({"chart": "none"})).unwrap().outputs;
    assert!(told["error"].as_str().unwrap().contains("got: none"), "{told}");
}

#[test]
fn nothing_in_a_chart_runs_for_ever() {
    for (template, where_it_is) in [
        ("{{ range until 100000000 }}x{{ end }}", "web/templates/web.yaml:1"),
        ("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "web/templates/web.yaml:1"),
        ("{{ tpl \"{{ repeat 2000000000 \\\"x\\\" }}\" . }}", "web/templates/web.yaml:1"),
    ] {
        folder(chart("charts/web/", template));
        let problem = create(inputs(json!({"chart": "charts/web"}))).err().unwrap();
        assert!(problem.message.contains(where_it_is), "{template}: {problem}");
    }
}
