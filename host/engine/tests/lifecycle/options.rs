//! `moved`, `removed`, `import`, `protect`, `retain`.

use super::{Life, actions, errors};
use maps_engine::{Address, Token, Value};

const ONE: &str = "plugins: {tiny: {source: tiny}}\nresources: {a: {type: tiny/thing, with: {name: a, zone: 1}}}\n";

fn with(resources: &str) -> String {
    format!("plugins: {{tiny: {{source: tiny}}}}\n{resources}\n")
}

#[test]
fn a_moved_resource_keeps_its_object() {
    let life = Life::new();
    let _ = life.apply(ONE);
    let before = life.cloud.done();
    assert_eq!(before, ["create a"]);
    let moved = with("resources: {b: {type: tiny/thing, with: {name: a, zone: 1}}}\nmoved: [{from: a, to: b}]");
    let plan = life.plan(&moved);
    assert_eq!(actions(&plan), [""; 0]);
    assert!(!plan.is_empty(), "a move changes state, so that a plan with one is not empty");
    let _ = life.apply(&moved);
    assert_eq!(life.cloud.done(), [""; 0]);
    assert_eq!((life.id("a"), life.id("b")), (None, Some("o1".into())));
    // A move that has happened says nothing more, and can be taken out.
    life.rests(&moved);
    life.rests(&with("resources: {b: {type: tiny/thing, with: {name: a, zone: 1}}}"));
}

#[test]
fn a_moved_resource_can_change_in_the_same_run() {
    let life = Life::new();
    let _ = life.apply(ONE);
    let moved = with("resources: {b: {type: tiny/thing, with: {name: b, zone: 1}}}\nmoved: [{from: a, to: b}]");
    assert_eq!(actions(&life.apply(&moved).0), ["update b"]);
    assert_eq!(life.id("b"), Some("o1".into()));
    life.rests(&moved);
}

#[test]
fn a_move_never_takes_the_place_of_another_object() {
    let life = Life::new();
    let both = with("resources: {a: {type: tiny/thing, with: {name: a}}, b: {type: tiny/thing, with: {name: b}}}");
    let _ = life.apply(&both);
    let _ = life.cloud.done();
    let moved = with("resources: {b: {type: tiny/thing, with: {name: b}}}\nmoved: [{from: a, to: b}]");
    assert_eq!(actions(&life.apply(&moved).0), ["delete a"]);
    assert_eq!(life.cloud.done(), ["delete a"]);
    life.rests(&moved);
}

#[test]
fn a_dependant_follows_a_moved_resource() {
    let life = Life::new();
    let pair = |name: &str| {
        with(&format!(
            "resources: {{{name}: {{type: tiny/thing, with: {{name: a}}}}, z: {{type: tiny/thing, with: {{in: \"${{{name}.value}}\"}}}}}}"
        ))
    };
    let _ = life.apply(&pair("a"));
    let moved = format!("{}moved: [{{from: a, to: b}}]\n", pair("b"));
    assert_eq!(actions(&life.apply(&moved).0), [""; 0]);
    life.rests(&moved);
    let state = life.state();
    assert_eq!(state.current(&Address::new("z")).unwrap().depends_on, [Address::new("b")]);
    let _ = life.cloud.done();
    let _ = life.run(&moved, true);
    assert_eq!(life.cloud.done(), ["delete z", "delete b"]);
}

#[test]
fn a_removed_resource_is_forgotten_and_its_object_stays() {
    let life = Life::new();
    let _ = life.apply(ONE);
    let _ = life.cloud.done();
    let removed = with("removed: [a]");
    let plan = life.plan(&removed);
    assert_eq!(actions(&plan), ["forget a"]);
    assert!(!plan.is_empty());
    let _ = life.apply(&removed);
    assert_eq!(life.cloud.done(), [""; 0]);
    assert_eq!((life.id("a"), life.ids()), (None, vec!["o1".to_owned()]));
    life.rests(&removed);
}

#[test]
fn a_retained_object_outlives_its_resource() {
    let life = Life::new();
    let retained = with("resources: {a: {type: tiny/thing, with: {name: a}, options: {retain: true}}}");
    let _ = life.apply(&retained);
    let _ = life.cloud.done();
    assert_eq!(actions(&life.apply(&with("")).0), ["forget a"]);
    assert_eq!((life.cloud.done(), life.ids()), (Vec::new(), vec!["o1".to_owned()]));
    life.rests(&with(""));
}

#[test]
fn a_destroy_leaves_a_retained_object() {
    let life = Life::new();
    let retained = with("resources: {a: {type: tiny/thing, with: {name: a}, options: {retain: true}}}");
    let _ = life.apply(&retained);
    let (plan, report) = life.run(&retained, true);
    assert_eq!((actions(&plan), report.deleted), (vec!["forget a".to_owned()], 0));
    assert_eq!((life.id("a"), life.ids()), (None, vec!["o1".to_owned()]));
}

#[test]
fn protect_refuses_a_removal_a_replacement_and_a_destroy() {
    let life = Life::new();
    let protected = |zone: u32| {
        with(&format!("resources: {{a: {{type: tiny/thing, with: {{zone: {zone}}}, options: {{protect: true}}}}}}"))
    };
    let _ = life.apply(&protected(1));
    assert_eq!(errors(&life.plan(&with(""))), ["protected"]);
    assert_eq!(errors(&life.plan(&protected(2))), ["protected"]);
    let destroy = life.act(&protected(1), async |session| {
        maps_engine::plan_destroy(session, &life.world.loaded()).await.expect("state that verifies")
    });
    assert_eq!(errors(&destroy), ["protected"]);
    assert_eq!(life.ids(), ["o1"]);
    life.rests(&protected(1));
}

#[test]
fn protection_is_lifted_by_an_apply_of_its_own() {
    let life = Life::new();
    let with_protect = |protect: bool| {
        with(&format!("resources: {{a: {{type: tiny/thing, with: {{name: a}}, options: {{protect: {protect}}}}}}}"))
    };
    let _ = life.apply(&with_protect(true));
    let _ = life.apply(&with_protect(false));
    assert_eq!(errors(&life.plan(&with(""))), [""; 0]);
    assert_eq!(actions(&life.apply(&with("")).0), ["delete a"]);
}

#[test]
fn what_is_said_to_be_retained_by_an_apply_of_its_own_is_retained() {
    let life = Life::new();
    let _ = life.apply(&with("resources: {a: {type: tiny/thing, with: {name: a}}}"));
    let retained = with("resources: {a: {type: tiny/thing, with: {name: a}, options: {retain: true}}}");
    let _ = life.apply(&retained);
    life.rests(&retained);
    assert_eq!(actions(&life.apply(&with("")).0), ["forget a"]);
    assert_eq!(life.ids(), ["o1"]);
}

#[test]
fn an_order_that_is_said_by_an_apply_of_its_own_is_kept() {
    let life = Life::new();
    let both = |options: &str| {
        with(&format!("resources: {{a: {{type: tiny/thing, options: {{{options}}}}}, b: {{type: tiny/thing}}}}"))
    };
    let _ = life.apply(&both(""));
    let _ = life.apply(&both("depends_on: [b]"));
    life.rests(&both("depends_on: [b]"));
    let _ = life.cloud.done();
    let _ = life.apply(&with(""));
    assert_eq!(life.cloud.done(), ["delete a", "delete b"]);
    // The other way round the same objects go the other way.
    let other = "resources: {a: {type: tiny/thing}, b: {type: tiny/thing, options: {depends_on: [a]}}}";
    let _ = life.apply(&with(other));
    let _ = life.cloud.done();
    let _ = life.apply(&with(""));
    assert_eq!(life.cloud.done(), ["delete b", "delete a"]);
}

#[test]
fn an_import_takes_the_object_into_state_and_changes_what_differs() {
    let life = Life::new();
    let there = Value::from(serde_json::json!({"name": "old", "zone": 1}));
    life.cloud.lock().objects.insert("x1".into(), (Token::new("f".repeat(32)), there));
    let import = |name: &str| {
        with(&format!(
            "resources: {{a: {{type: tiny/thing, with: {{name: {name}, zone: 1}}, options: {{import: x1}}}}}}"
        ))
    };
    let plan = life.plan(&import("old"));
    assert_eq!(actions(&plan), ["adopt a"]);
    let (_, report) = life.apply(&import("new"));
    assert_eq!(report.failed, 0);
    assert_eq!(life.cloud.done(), ["update a"]);
    assert_eq!(life.id("a"), Some("x1".into()));
    life.rests(&import("new"));
}

#[test]
fn an_import_that_is_as_wanted_writes_nothing_to_the_cloud() {
    let life = Life::new();
    let there = Value::from(serde_json::json!({"name": "a"}));
    life.cloud.lock().objects.insert("x1".into(), (Token::new("f".repeat(32)), there));
    let import = with("resources: {a: {type: tiny/thing, with: {name: a}, options: {import: x1}}}");
    let (_, report) = life.apply(&import);
    assert_eq!((report.adopted, report.created), (1, 0));
    assert_eq!(life.cloud.done(), [""; 0]);
    life.rests(&import);
}

#[test]
fn an_import_of_what_is_not_there_is_an_error() {
    let life = Life::new();
    let import = with("resources: {a: {type: tiny/thing, with: {name: a}, options: {import: x1}}}");
    assert_eq!(errors(&life.plan(&import)), ["import-missing"]);
}
