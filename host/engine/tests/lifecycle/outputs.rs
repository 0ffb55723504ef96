//! Ephemeral outputs, and the stack's checks.

use super::{Life, text};
use maps_engine::Address;

fn stack(outputs: &str) -> String {
    format!(
        "plugins: {{tiny: {{source: tiny}}}}\nresources: {{a: {{type: tiny/thing, with: {{name: a}}}}}}\n{outputs}\n"
    )
}

#[test]
fn an_ephemeral_output_is_not_fetched_for_nobody() {
    let life = Life::new();
    let _ = life.apply(&stack("outputs: {value: \"${a.value}\"}"));
    life.rests(&stack("outputs: {value: \"${a.value}\"}"));
    assert!(life.cloud.lock().asked.is_empty(), "{:?}", life.cloud.lock().asked);
}

#[test]
fn an_ephemeral_output_is_fetched_each_run_and_never_stored() {
    let life = Life::new();
    let stack = stack("outputs: {key: \"${a.key}\", value: \"${a.value}\"}");
    let (_, report) = life.apply(&stack);
    assert!(report.outputs["key"].has_secret() && report.outputs["key"].as_str().unwrap().starts_with("key-o1-"));
    // It is another one each time, and no change.
    life.rests(&stack);
    assert!(life.cloud.lock().asked.len() > 1);
    let state = life.state();
    assert_eq!(state.current(&Address::new("a")).unwrap().outputs.get("key"), None);
    assert_eq!((state.outputs.get("key"), state.outputs.get("value")), (None, Some(&text("v-o1"))));
    // Nothing in state is secret here, so that what serialises fails closed on a stored key.
    assert!(serde_json::to_string(&life.world.loaded().snapshot).is_ok());
}

#[test]
fn a_check_that_fails_is_told_and_state_is_kept() {
    let life = Life::new();
    let checked = |size: u32| {
        stack(&format!(
            "outputs: {{value: \"${{a.value}}\"}}\nchecks:\n  - {{assert: \"size(outputs.value) == {size}\", message: the value is short}}"
        ))
    };
    let (_, report) = life.apply(&checked(4));
    assert!(report.checks.is_empty(), "{:?}", report.checks);
    // Also when there is nothing else to do: a check is about the world, not about the plan.
    let (plan, report) = life.apply(&checked(5));
    assert!(plan.is_empty());
    assert_eq!(
        report.checks.iter().map(|d| (d.code, d.message.as_str())).collect::<Vec<_>>(),
        [("check-failed", "the value is short")]
    );
    let life = Life::new();
    let (_, report) = life.apply(&checked(5));
    assert_eq!((report.created, report.failed, report.checks.len()), (1, 0, 1));
    assert_eq!(life.id("a"), Some("o1".into()));
}

#[test]
fn a_check_of_what_fails_to_evaluate_is_told() {
    let life = Life::new();
    let (_, report) = life.apply(&stack("checks:\n  - {assert: \"a.value / 2 == 1\", message: no number}"));
    assert_eq!(report.checks.len(), 1);
}
