//! What is decided of calls of clusters, and what a grant leaves of rules of `kube`. (Red team 13, 14, 16, 18, 20.)

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::{
    Allow, Decision, Effective, Escalation, Facts, Half, KubeFacts, KubePlace as Place, KubeScope, Manifest, ObjectKey,
    Operation, Scope, StepScope, Verb, decide, marked_by, plannable, rbac,
};
use super::step;
use crate::value::Value;

fn manifest(rules: Json) -> Json {
    json!({"maps": "v1", "plugin": "kube", "version": "1", "description": "Objects.", "capabilities": {"kube": rules}})
}

fn rule(id: &str, effect: &str, rest: Json) -> Json {
    let mut rule = json!({
        "id": id, "effect": effect, "groups": ["**"], "resources": ["**"], "namespaces": ["**"], "names": ["**"],
        "reason": "so that it works",
    });
    rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    rule
}

fn rules() -> Json {
    json!([
        rule("read", "read", json!({"verbs": ["get", "list", "dry-run"]})),
        rule(
            "apply",
            "write",
            json!({"verbs": ["apply", "create"], "operations": ["create", "update"], "objects": ["planned"]})
        ),
        rule("prune", "write", json!({"verbs": ["delete"], "operations": ["update", "delete"], "objects": ["prior"]})),
    ])
}

fn effective(rules: Json, grant: Option<Json>) -> Effective {
    Effective::meet(&Manifest::parse(&manifest(rules)).unwrap(), grant.as_ref()).unwrap()
}

#[test]
fn a_plan_is_refused_that_names_what_its_run_could_not_write() {
    let object = |api_version: &str, kind: &str, namespace: &str, name: &str| {
        let named = json!({"api_version": api_version, "kind": kind, "namespace": namespace, "name": name});
        ObjectKey::of(&Value::from(named)).unwrap()
    };
    let web = object("apps/v1", "Deployment", "maps", "web");
    let role = object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "gotcha");
    let elsewhere = object("apps/v1", "Deployment", "kube-system", "web");
    let named = object("apps/v1", "Deployment", "maps", "miner");
    let all = effective(rules(), None);
    for object in [&web, &role, &elsewhere, &named] {
        assert_eq!(plannable(&all, object), Ok(()));
    }
    let grant = json!({"kube": [{"id": "read"}, {"id": "apply", "groups": ["apps"], "namespaces": ["maps"], "names": ["web"]}]});
    let narrow = effective(rules(), Some(grant));
    assert_eq!(plannable(&narrow, &web), Ok(()));
    for (object, what) in [
        (&role, "writing the ClusterRoleBinding gotcha"),
        (&elsewhere, "writing the Deployment kube-system/web"),
        (&named, "writing the Deployment maps/miner"),
    ] {
        let denial = plannable(&narrow, object).unwrap_err();
        assert_eq!((denial.code, denial.message.starts_with(what)), ("kube-not-granted", true), "{denial:?}");
    }
    // A plugin that writes to no cluster may name whatever it likes.
    let reads = effective(json!([rule("read", "read", json!({"verbs": ["get"]}))]), None);
    assert_eq!(plannable(&reads, &role), Ok(()));
}

/// A step that plans `maps/web` and `maps/settings`, and recorded `maps/old`.
fn about() -> StepScope {
    let object =
        |kind: &str, name: &str| json!({"api_version": "apps/v1", "kind": kind, "namespace": "maps", "name": name});
    let planned =
        [object("Deployment", "web"), json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "maps"}})];
    StepScope {
        outputs: Value::from(json!({"objects": [object("Deployment", "old")]})),
        planned: planned.into_iter().map(|object| ObjectKey::of(&Value::from(object)).unwrap()).collect(),
        ..step("web", None)
    }
}

fn call<'a>(verb: Verb, name: Option<&'a str>) -> KubeFacts<'a> {
    let half = if verb.effect() == super::super::Effect::Write { Half::Write } else { Half::Read };
    KubeFacts {
        half,
        operation: (half == Half::Write).then_some(Operation::Update),
        server: "one.k8s.example.com",
        verb: Some(verb),
        group: "apps",
        resource: "deployments",
        kind: "Deployment",
        place: Place::Namespace("maps"),
        name,
        object: None,
        live: None,
        items: if half == Half::Write { &[0] } else { &[] },
    }
}

fn answer(effective: &Effective, facts: &KubeFacts<'_>) -> Result<String, (&'static str, String)> {
    match decide(effective, &Facts::Kube(facts.clone()), &[about()]) {
        Decision::Allow { rule, .. } => Ok(rule.unwrap().id.to_string()),
        Decision::Deny(denial) => Err((denial.code, format!("{}\n{}", denial.message, denial.help))),
    }
}

#[track_caller]
fn denied(effective: &Effective, facts: &KubeFacts<'_>, code: &str) -> String {
    let (found, text) = answer(effective, facts).unwrap_err();
    assert_eq!(found, code, "{text}");
    text
}

#[test]
fn rt18_a_write_is_about_an_object_of_its_step_or_denied() {
    let effective = effective(rules(), None);
    assert_eq!(answer(&effective, &call(Verb::Apply, Some("web"))).unwrap(), "apply");
    assert_eq!(answer(&effective, &call(Verb::Delete, Some("old"))).unwrap(), "prune");
    assert_eq!(answer(&effective, &call(Verb::Get, Some("anything"))).unwrap(), "read");
    let text = denied(&effective, &call(Verb::Apply, Some("other")), "kube-binding");
    assert!(text.contains("planned") && text.contains("maps/other") && text.contains("of web"), "{text}");
    denied(&effective, &call(Verb::Delete, Some("web")), "kube-binding");
    let elsewhere = Place::Namespace("kube-system");
    denied(&effective, &KubeFacts { place: elsewhere, ..call(Verb::Apply, Some("web")) }, "kube-binding");
    denied(&effective, &KubeFacts { kind: "DaemonSet", ..call(Verb::Apply, Some("web")) }, "kube-binding");
    denied(&effective, &KubeFacts { group: "", ..call(Verb::Apply, Some("web")) }, "kube-binding");
    denied(&effective, &KubeFacts { items: &[], ..call(Verb::Apply, Some("web")) }, "write-serves-nothing");
    denied(&effective, &KubeFacts { items: &[1], ..call(Verb::Apply, Some("web")) }, "write-unknown-item");
    let namespace = KubeFacts {
        group: "",
        resource: "namespaces",
        kind: "Namespace",
        place: Place::Cluster,
        ..call(Verb::Apply, Some("maps"))
    };
    assert_eq!(answer(&effective, &namespace).unwrap(), "apply");
    denied(&effective, &KubeFacts { name: Some("kube-system"), ..namespace }, "kube-binding");
}

#[test]
fn a_kind_of_one_object_is_bound_by_its_inputs() {
    let bound = rule(
        "write",
        "write",
        json!({
            "verbs": ["apply", "delete"], "groups": ["core"], "resources": ["secrets"], "bind": {"/name": "{inputs.name}"},
        }),
    );
    let effective = effective(json!([bound]), None);
    let secret = |name| KubeFacts { group: "", resource: "secrets", kind: "Secret", ..call(Verb::Apply, Some(name)) };
    assert_eq!(answer(&effective, &secret("web")).unwrap(), "write");
    assert!(denied(&effective, &secret("other"), "kube-binding").contains("{inputs.name}"));
    denied(&effective, &KubeFacts { group: "apps", ..secret("web") }, "kube-no-rule");
}

#[test]
fn rt14_no_half_serves_the_other_one_s_verbs() {
    let effective = effective(rules(), None);
    denied(&effective, &KubeFacts { half: Half::Read, ..call(Verb::Apply, Some("web")) }, "kube-effect");
    denied(&effective, &KubeFacts { half: Half::Read, ..call(Verb::Delete, Some("old")) }, "kube-effect");
    denied(&effective, &KubeFacts { half: Half::Write, ..call(Verb::DryRun, Some("web")) }, "kube-effect");
    denied(&effective, &KubeFacts { operation: None, ..call(Verb::Apply, Some("web")) }, "write-outside-apply");
    let operation = Some(Operation::Create);
    denied(&effective, &KubeFacts { operation, ..call(Verb::Delete, Some("old")) }, "kube-operation");
}

#[test]
fn rt13_no_rule_opens_a_subresource_or_what_acts() {
    let wide = effective(json!([rule("all", "write", json!({"verbs": ["apply", "create", "delete"]}))]), None);
    for resource in ["pods/exec", "pods/portforward", "nodes/proxy", "serviceaccounts/token", "pods/eviction"] {
        let facts = KubeFacts { group: "", resource, ..call(Verb::Create, Some("web")) };
        denied(&wide, &facts, "kube-never");
    }
    denied(&wide, &KubeFacts { group: "", resource: "bindings", ..call(Verb::Create, Some("web")) }, "kube-never");
    for (field, value) in [("resources", "pods/exec"), ("resources", "*/proxy"), ("resources", "**/token")] {
        let mut named = rule("all", "write", json!({"verbs": ["create"]}));
        named[field] = json!([value]);
        let faults = Manifest::parse(&manifest(json!([named]))).unwrap_err().to_string();
        assert!(faults.contains("subresource"), "{value}: {faults}");
    }
}

#[test]
fn rt16_no_rule_and_no_grant_says_a_verb_that_acts_for_others() {
    for verb in ["bind", "escalate", "impersonate", "watch", "use", "approve", "sign", "proxy", "exec", "*"] {
        let named = rule("all", "write", json!({"verbs": [verb]}));
        let faults = Manifest::parse(&manifest(json!([named]))).unwrap_err().to_string();
        assert!(faults.contains("no plugin may ever"), "{verb}: {faults}");
        let grant = json!({"kube": [{"id": "read", "verbs": [verb]}]});
        let faults = Effective::meet(&Manifest::parse(&manifest(rules())).unwrap(), Some(&grant)).unwrap_err();
        assert!(faults.to_string().contains("no plugin may ever"), "{verb}: {faults}");
    }
}

#[test]
fn rt18_an_object_that_carries_the_steps_marks_may_be_written_though_no_plan_names_it() {
    let mut rules = rules();
    rules[2]["objects"] = json!(["prior", "marked"]);
    rules[2]["marks"] = json!({
        "/metadata/annotations/meta.helm.sh~1release-name": "{inputs.name}",
        "/metadata/annotations/meta.helm.sh~1release-namespace": "{inputs.name}",
    });
    let effective = effective(rules, None);
    let unlooked = call(Verb::Delete, Some("stray"));
    denied(&effective, &unlooked, "kube-binding");
    assert_eq!(marked_by(&effective, &unlooked).unwrap().id.as_str(), "prune");
    assert!(marked_by(&effective, &call(Verb::Apply, Some("stray"))).is_none(), "another rule goes by no marks");
    assert!(marked_by(&effective, &KubeFacts { operation: Some(Operation::Create), ..unlooked.clone() }).is_none());
    let of = |name: Json, namespace: &str| {
        let marks = json!({"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace});
        Value::from(json!({"metadata": {"name": "stray", "annotations": marks}}))
    };
    let web = step("web", None).inputs.get("name").and_then(Value::as_str).unwrap().to_owned();
    let own = of(json!(web), &web);
    assert_eq!(answer(&effective, &KubeFacts { live: Some(&own), ..unlooked.clone() }).unwrap(), "prune");
    for foreign in [of(json!("other"), &web), of(json!(web), "other"), of(Json::Null, &web), Value::from(json!({}))] {
        denied(&effective, &KubeFacts { live: Some(&foreign), ..unlooked.clone() }, "kube-binding");
    }
}

#[test]
fn rt16_a_role_that_undoes_the_rules_needs_a_rule_that_says_so() {
    let role = Value::from(json!({"rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]}));
    let facts = |verb| KubeFacts {
        group: "rbac.authorization.k8s.io",
        resource: "clusterroles",
        kind: "ClusterRole",
        place: Place::Cluster,
        object: Some(&role),
        ..call(verb, Some("web"))
    };
    let plugin = |words: &[&str]| {
        let rest = json!({"verbs": ["apply"], "bind": {"/name": "{inputs.name}"}, "escalates": words});
        let rules = json!([rule("write", "write", rest), rule("read", "read", json!({"verbs": ["dry-run"]}))]);
        Manifest::parse(&manifest(rules)).unwrap()
    };
    let meet = |manifest: &Manifest, grant: Option<Json>| Effective::meet(manifest, grant.as_ref()).unwrap();
    let allow = |word| Allow { escalates: [word].into(), ..Allow::default() };
    let other = meet(&plugin(&["bind"]), None);
    assert!(denied(&other, &facts(Verb::Apply), "kube-escalation").contains("escalates: [impersonate]"));
    denied(&other, &facts(Verb::DryRun), "kube-escalation");
    assert_eq!(other.allowing(&allow(Escalation::Token), &plugin(&["bind"])).unwrap_err(), "escalates");
    // Declared, it is off until the operator names it.
    let asked = plugin(&["impersonate", "bind"]);
    let text = denied(&meet(&asked, None), &facts(Verb::Apply), "kube-escalation");
    assert!(text.ends_with("allow:\n  escalates: [impersonate]"), "{text}");
    let allowed = meet(&asked, None).allowing(&allow(Escalation::Impersonate), &asked).unwrap();
    assert_eq!(answer(&allowed, &facts(Verb::Apply)).unwrap(), "write");
    assert!(allowed.risks().iter().any(|risk| risk.code == "escalates" && risk.message.ends_with(": impersonate")));
    let granted = |words: Json| json!({"kube": [{"id": "write", "escalates": words}]});
    assert_eq!(answer(&meet(&asked, Some(granted(json!(["impersonate"])))), &facts(Verb::Apply)).unwrap(), "write");
    denied(&meet(&asked, Some(granted(json!([])))), &facts(Verb::Apply), "kube-escalation");
    denied(&meet(&asked, Some(json!({"kube": [{"id": "write"}]}))), &facts(Verb::Apply), "kube-escalation");
}

#[test]
fn rt20_a_grant_narrows_and_what_it_leaves_out_stays_as_declared() {
    let grant = json!({"kube": [
        {"id": "apply", "namespaces": ["maps"], "groups": ["apps"]},
        {"id": "read", "namespaces": ["*"], "verbs": ["get"]},
    ]});
    let narrowed = effective(rules(), Some(grant));
    assert_eq!(answer(&narrowed, &call(Verb::Apply, Some("web"))).unwrap(), "apply");
    denied(&narrowed, &call(Verb::Apply, Some("other")), "kube-binding");
    let namespace = KubeFacts {
        group: "",
        resource: "namespaces",
        kind: "Namespace",
        place: Place::Cluster,
        ..call(Verb::Apply, Some("maps"))
    };
    assert!(denied(&narrowed, &namespace, "kube-not-granted").contains("granted for less"));
    denied(&narrowed, &call(Verb::List, None), "kube-not-granted");
    denied(&narrowed, &call(Verb::Delete, Some("old")), "kube-not-granted");
    // `*` is any namespace, and not where there is none.
    denied(&narrowed, &KubeFacts { place: Place::Cluster, ..call(Verb::Get, Some("x")) }, "kube-not-granted");
    let ids: Vec<_> = narrowed.rules.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(ids, ["apply", "read"]);
    let unnarrowed = effective(rules(), None).risks();
    assert!(
        unnarrowed.iter().any(|risk| risk.code == "any-object" && risk.message.contains("grant")),
        "{unnarrowed:?}"
    );
    assert!(!narrowed.risks().iter().any(|risk| risk.code == "any-object"));
}

#[test]
fn rt15_a_list_needs_every_name_and_namespace_that_it_could_find() {
    let some = effective(
        json!([rule("read", "read", json!({"verbs": ["get", "list"], "namespaces": ["maps"], "names": ["web-*"]}))]),
        None,
    );
    assert_eq!(answer(&some, &call(Verb::Get, Some("web-1"))).unwrap(), "read");
    denied(&some, &call(Verb::Get, Some("db")), "kube-name");
    denied(&some, &call(Verb::List, None), "kube-name");
    denied(&some, &KubeFacts { place: Place::Namespace("other"), ..call(Verb::Get, Some("web-1")) }, "kube-namespace");
    denied(&some, &KubeFacts { place: Place::All, ..call(Verb::List, None) }, "kube-namespace");
    let all = effective(json!([rule("read", "read", json!({"verbs": ["list"], "namespaces": ["*"]}))]), None);
    assert_eq!(answer(&all, &KubeFacts { place: Place::All, ..call(Verb::List, None) }).unwrap(), "read");
    denied(&all, &KubeFacts { place: Place::Cluster, ..call(Verb::List, None) }, "kube-namespace");
    denied(&all, &KubeFacts { place: Place::Namespace("/"), ..call(Verb::List, None) }, "kube-namespace");
}

#[test]
fn servers_and_discovery_are_held_to_the_rules_too() {
    let rest = json!({"verbs": ["get"], "groups": ["core", "*.example.com"], "servers": ["*.k8s.example.com"]});
    let some = effective(json!([rule("read", "read", rest)]), None);
    let core = |server| KubeFacts { group: "", server, ..call(Verb::Get, Some("x")) };
    assert_eq!(answer(&some, &core("one.k8s.example.com")).unwrap(), "read");
    denied(&some, &core("evil.example.org"), "kube-server");
    let discovery = |group, server| KubeFacts { verb: None, group, server, ..call(Verb::Get, None) };
    assert_eq!(answer(&some, &discovery("", "one.k8s.example.com")).unwrap(), "read");
    assert_eq!(answer(&some, &discovery("x.example.com", "one.k8s.example.com")).unwrap(), "read");
    denied(&some, &discovery("apps", "one.k8s.example.com"), "kube-no-rule");
    denied(&some, &discovery("", "evil.example.org"), "kube-no-rule");
}

#[test]
fn faults_of_rules_are_told_at_their_places() {
    let faulty = [
        (json!({"verbs": ["apply"]}), "`apply` is a write"),
        (json!({"verbs": ["get"], "credential": "api"}), "takes no credential"),
        (json!({"verbs": ["get"], "objects": ["planned"]}), "a read rule has no `objects`"),
        (json!({"verbs": ["get"], "escalates": ["bind"]}), "a read rule has no `escalates`"),
        (json!({"verbs": ["get"], "actions": ["x"]}), "unknown field `actions`"),
        (json!({"verbs": ["get"], "bind": {"/name": "x"}}), "binds nothing"),
        (json!({}), "`verbs` is missing"),
    ];
    for (rest, said) in faulty {
        let faults = Manifest::parse(&manifest(json!([rule("one", "read", rest)]))).unwrap_err().to_string();
        assert!(faults.contains(said), "{said} in {faults}");
    }
    let mut bare = rule("one", "read", json!({"verbs": ["get"]}));
    bare.as_object_mut().unwrap().remove("namespaces");
    assert!(Manifest::parse(&manifest(json!([bare]))).unwrap_err().to_string().contains("`namespaces` is missing"));
}

#[test]
fn roles_say_no_more_than_rules_where_rbac_can_say_it() {
    let grant = json!({"kube": [
        {"id": "read", "verbs": ["get", "list"], "groups": ["core", "apps"], "resources": ["secrets", "deployments"], "namespaces": ["maps", "db"], "names": ["web"]},
        {"id": "apply", "verbs": ["apply"], "groups": ["*.example.com"], "resources": ["things"], "namespaces": ["/"]},
    ]});
    let said = rbac(&effective(rules(), Some(grant)), "maps-kube");
    let places: Vec<_> = said
        .roles
        .iter()
        .map(|role| (role["kind"].as_str().unwrap(), role["metadata"]["namespace"].as_str()))
        .collect();
    assert_eq!(places, [("ClusterRole", None), ("Role", Some("db")), ("Role", Some("maps"))]);
    assert_eq!(
        said.roles[0]["rules"],
        json!([{"apiGroups": ["*"], "resources": ["things"], "verbs": ["create", "get", "patch"]}])
    );
    assert_eq!(
        said.roles[1]["rules"],
        json!([
            {"apiGroups": ["", "apps"], "resources": ["deployments", "secrets"], "verbs": ["get"], "resourceNames": ["web"]},
            {"apiGroups": ["", "apps"], "resources": ["deployments", "secrets"], "verbs": ["list"]},
        ])
    );
    assert_eq!(said.wider.len(), 1);
    assert!(said.wider.first().unwrap().contains("`apply` has groups *.example.com"), "{:?}", said.wider);
    let none = json!([rule("x", "write", json!({"verbs": ["delete"], "escalates": ["bind"]}))]);
    let text = format!("{:?}", rbac(&effective(none, None), "m"));
    assert!(!text.contains("bind") && !text.contains("impersonate") && !text.contains("escalate"), "{text}");
}

/// A scope of `kube`, for the laws of meets.
pub(super) fn scope() -> impl Strategy<Value = KubeScope> {
    let some = |of: &'static [&'static str], most| prop::collection::btree_set(prop::sample::select(of), 1..most);
    let names = || some(&["**", "*", "a", "a-*", "/"], 4);
    let objects = prop::option::of(some(&["planned", "prior"], 3));
    let more = (
        prop::option::of(some(&["bind", "exec"], 3)),
        prop::option::of(prop::sample::select(&["{inputs.name}", "{id}"][..])),
        prop::option::of(prop::sample::select(&["maps", "helm"][..])),
    );
    (some(&["apply", "create", "delete"], 4), names(), names(), objects, more).prop_map(
        |(verbs, namespaces, names, objects, (escalates, bound, manager))| {
            let mut rest = json!({"verbs": verbs, "namespaces": namespaces, "names": names});
            let mut add = |key: &str, value: Option<Json>| {
                rest.as_object_mut().unwrap().extend(value.map(|value| (key.to_owned(), value)));
            };
            add("objects", objects.map(|objects| json!(objects)));
            add("escalates", escalates.map(|words| json!(words)));
            add("manager", manager.map(|name| json!(name)));
            add("bind", bound.map(|bound| json!({"/name": bound})));
            match Manifest::parse(&manifest(json!([rule("one", "write", rest)]))).unwrap().rules.remove(0).scope {
                Scope::Kube(scope) => scope,
                Scope::Http(_) | Scope::Api(_) | Scope::Files(_) => unreachable!("a rule of kube"),
            }
        },
    )
}
