//! What a plan says before anything is lost.

use super::{Life, actions};
use maps_engine::plan::Plan;

fn with(resources: &str) -> String {
    format!("plugins: {{tiny: {{source: tiny}}}}\nresources: {{{resources}}}\n")
}

/// `vault: its data`, for each step that loses something.
fn losses(plan: &Plan) -> Vec<String> {
    plan.steps.iter().filter_map(|step| Some(format!("{}: {}", step.address, step.loses.as_ref()?))).collect()
}

fn warnings(plan: &Plan) -> Vec<String> {
    plan.diagnostics.iter().map(|told| format!("{}: {}", told.code, told.help.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn what_goes_for_good_is_told_where_the_delete_would_take_it() {
    let vault = |forced: bool, zone: u32| {
        with(&format!("a: {{type: tiny/vault, with: {{name: a, zone: {zone}, forced: {forced}}}}}"))
    };
    let life = Life::new();
    assert_eq!(losses(&life.apply(&vault(false, 1)).0), [""; 0]);
    assert_eq!(losses(&life.plan(&with(""))), [""; 0], "a delete that is refused loses nothing");
    let _ = life.apply(&vault(true, 1));
    assert_eq!(losses(&life.plan(&vault(true, 2))), ["a: all that is in it"], "a replacement deletes too");
    assert_eq!(losses(&life.plan(&with(""))), ["a: all that is in it"]);
    assert_eq!(losses(&life.run(&vault(true, 1), true).0), ["a: all that is in it"]);
}

#[test]
fn what_went_with_an_object_that_somebody_deleted_is_told() {
    let vault = with("a: {type: tiny/vault, with: {name: a}}");
    let life = Life::new();
    let _ = life.apply(&vault);
    life.cloud.lock().objects.clear();
    let plan = life.plan(&vault);
    assert_eq!(actions(&plan), ["create a"]);
    assert_eq!(losses(&plan), ["a: all that is in it"]);
}

#[test]
fn what_is_only_looked_at_is_told_as_that() {
    let life = Life::new();
    let _ = life.apply(&with("a: {type: tiny/view, with: {name: a}}, b: {type: tiny/thing, with: {name: b}}"));
    let plan = life.plan(&with(""));
    let told: Vec<_> = plan.steps.iter().map(|step| (step.address.as_str(), step.lookup)).collect();
    assert!(told.contains(&("a", true)) && told.contains(&("b", false)), "{told:?}");
}

#[test]
fn what_looks_renamed_is_told_with_the_way_to_say_so() {
    let thing = |address: &str, name: &str| with(&format!("{address}: {{type: tiny/thing, with: {{name: {name}}}}}"));
    let life = Life::new();
    let _ = life.apply(&thing("a", "x"));
    let plan = life.plan(&thing("b", "x"));
    assert_eq!(
        warnings(&plan),
        ["renamed: if it was renamed, say so: `moved: [{from: a, to: b}]`; its object then stays"]
    );
    assert!(plan.diagnostics[0].span.is_some());
    assert!(!plan.has_errors(), "it may be meant");
    assert_eq!(warnings(&life.plan(&thing("b", "y"))), [""; 0], "another object");
    assert_eq!(warnings(&life.plan(&format!("{}moved: [{{from: a, to: b}}]\n", thing("b", "x")))), [""; 0]);
}
