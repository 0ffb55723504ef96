//! How plans look, on a terminal and as JSON lines.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use maps_engine::journal::Recorded;
use maps_engine::plan::{Action, FieldDiff, OutputDiff, Plan, Reason, Step};
use maps_engine::{Address, KindName, Value};
use serde_json::json;

use super::tree;
use crate::render::json::steps;
use crate::render::rows::PlanView;

fn step(address: &str, action: Action, depends_on: &[&str]) -> Step {
    let mut step = Step::new(Address::new(address), KindName::new("doks/cluster"), action);
    step.depends_on = depends_on.iter().map(|name| Address::new(*name)).collect();
    step
}

fn recorded(id: &str, depends_on: &[&str]) -> Recorded {
    Recorded {
        kind: KindName::new("doks/cluster"),
        id: id.to_owned(),
        token: None,
        inputs: Value::Null,
        outputs: Value::Null,
        depends_on: depends_on.iter().map(|name| Address::new(*name)).collect(),
        lives_in: Vec::new(),
        config: Value::Null,
        protect: false,
        retain: false,
        unusable: false,
    }
}

fn field(path: &str, old: Option<Value>, new: Option<Value>, replaces: bool, reason: Reason) -> FieldDiff {
    FieldDiff { path: path.to_owned(), old, new, replaces, reason }
}

fn inputs(json: serde_json::Value) -> Option<Value> {
    Some(Value::from(json))
}

/// What a terminal without colour shows.
fn drawn(plan: &Plan) -> String {
    anstream::adapter::strip_str(&tree(&PlanView::of(plan))).to_string()
}

/// Something of everything: a plan that nobody should have to see.
fn everything() -> Plan {
    let mut cluster = step("cluster", Action::Replace, &[]);
    cluster.old = Some(recorded("1d9a", &[]));
    cluster.diff = vec![
        field("region", Some("fra1".into()), Some("ams3".into()), true, Reason::Changed),
        field("node_pools[\"general-purpose\"].count", Some(2.into()), Some(3.into()), false, Reason::Changed),
        field("tags", Some(Value::from(vec!["old".into()])), None, false, Reason::Drifted),
        field("token", Some(Value::from("a").secret()), Some(Value::from("b").secret()), false, Reason::Changed),
    ];
    let mut issuer = step("issuer", Action::Create, &["cluster", "release"]);
    issuer.offline = true;
    issuer.new_inputs = inputs(json!({
        "name": "letsencrypt-prod",
        "server": {"$unknown": true},
        "spec": {"email": "admin@gransassotech.org", "solvers": [{"http01": {"ingress": {"class": "nginx"}}}]},
    }));
    let mut record = step("record", Action::Create, &["cluster"]);
    record.reasons = vec![Reason::HomeLost { home: Address::new("cluster") }];
    record.new_inputs = inputs(json!({"name": "maps.k8s", "values": [{"$unknown": true}]}));
    let mut bucket = step("bucket", Action::Adopt, &[]);
    bucket.old = Some(recorded("gst-maps-backups", &[]));
    bucket.reasons = vec![Reason::Interrupted];
    let mut old_a = step("old_release", Action::Delete, &[]);
    old_a.old = Some(recorded("r-1", &["old_cluster"]));
    old_a.reasons = vec![Reason::Removed];
    let mut old_b = step("old_cluster", Action::Delete, &["old_release"]);
    old_b.old = Some(recorded("c-1", &[]));
    old_b.reasons = vec![Reason::Removed];
    Plan {
        steps: vec![
            cluster,
            step("release", Action::Same, &["cluster"]),
            step("metrics", Action::Same, &["cluster"]),
            issuer,
            record,
            bucket,
            step("zone", Action::Same, &[]),
            old_a,
            old_b,
        ],
        outputs: vec![
            OutputDiff { name: "endpoint".into(), old: Some("https://a".into()), new: Some(Value::Unknown) },
            OutputDiff { name: "url".into(), old: None, new: Some("https://maps".into()) },
        ],
        diagnostics: Vec::new(),
        ..Plan::default()
    }
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!(drawn(&everything()));
}

#[test]
fn the_same_rows_as_json_lines() {
    let lines: Vec<String> =
        steps(&PlanView::of(&everything())).iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_lost_for_good_stands_right_above_the_summary() {
    let mut bucket = step("backups", Action::Delete, &[]);
    bucket.old = Some(recorded("gst-maps-backups", &[]));
    bucket.loses = Some("all objects in it".into());
    let mut database = step("db", Action::Create, &[]);
    database.reasons = vec![Reason::Gone];
    database.loses = Some("its volumes".into());
    let mut zone = step("zone", Action::Delete, &[]);
    zone.old = Some(recorded("Z1", &[]));
    zone.lookup = true;
    let plan = Plan { steps: vec![database, zone, bucket], ..Plan::default() };
    insta::assert_snapshot!(drawn(&plan));
    assert_eq!(steps(&PlanView::of(&plan))[2]["loses"], "all objects in it");
}

#[test]
fn a_first_run() {
    let mut cluster = step("cluster", Action::Create, &[]);
    cluster.new_inputs = inputs(json!({
        "name": "maps", "region": "fra1", "version": "1.33", "ha": false,
        "node_pools": [
            {"name": "general-purpose", "size": "s-2vcpu-4gb", "count": 2},
            {"name": "workloads", "size": "s-4vcpu-8gb", "autoscale": {"min": 1, "max": 3}},
        ],
    }));
    let plan = Plan {
        steps: vec![cluster],
        outputs: vec![OutputDiff { name: "endpoint".into(), old: None, new: Some(Value::Unknown) }],
        diagnostics: Vec::new(),
        ..Plan::default()
    };
    insta::assert_snapshot!(drawn(&plan));
}

#[test]
fn nothing_to_do() {
    let plan = Plan {
        steps: vec![step("cluster", Action::Same, &[]), step("release", Action::Same, &["cluster"])],
        ..Plan::default()
    };
    insta::assert_snapshot!(drawn(&plan), @"No changes: 2 unchanged.");
}

#[test]
fn rt35_names_and_values_cannot_draw_over_the_plan() {
    let mut cluster = step("cl\u{1b}[2K\u{202e}", Action::Update, &[]);
    cluster.reasons = vec![Reason::Provider { why: "x\r\n\u{1b}[32mPlan: 0 to create".into() }];
    cluster.diff = vec![field("a\u{1b}[8m", Some("\u{9b}2J".into()), Some("\u{2066}".into()), false, Reason::Changed)];
    let plan = Plan {
        steps: vec![cluster],
        outputs: vec![OutputDiff { name: "o\u{1b}c".into(), old: None, new: Some("\u{1b}]52;c;\u{7}".into()) }],
        diagnostics: Vec::new(),
        ..Plan::default()
    };
    let shown = drawn(&plan);
    let painted = tree(&PlanView::of(&plan));
    // With the colours taken out nothing is left that a terminal would act upon…
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n' || ('\u{202a}'..='\u{2069}').contains(&c)), "{shown:?}");
    // …and what was taken out were only our own colours: nothing of the plan's text went with them.
    assert!(shown.contains("\\u{1b}[2K") && shown.contains("\\u{9b}2J") && shown.contains("\\u{1b}]52"), "{painted:?}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("Plan:")).count(), 1);
}
