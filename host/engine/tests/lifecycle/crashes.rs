//! A plugin that crashes over one resource of a batch.

use super::{Life, errors};

#[test]
fn a_crash_over_one_resource_fails_that_one_alone() {
    let life = Life::new();
    let things = (0..50).map(|n| format!("  t{n}: {{type: tiny/thing, with: {{name: {}}}}}\n", name(n)));
    let stack = format!("plugins: {{tiny: {{source: tiny}}}}\nresources:\n{}", things.collect::<String>());
    let plan = life.plan(&stack);
    assert_eq!(errors(&plan), ["provider-refused"]);
    assert!(plan.diagnostics[0].message.starts_with("t33: the plugin tiny crashed in check"), "{:?}", plan.diagnostics);
    assert_eq!(plan.steps.len(), 49, "the others are planned all the same");
    // Three batches; the one that crashes is halved until the culprit is alone.
    let checks = life.cloud.lock().checks;
    assert!((4..=16).contains(&checks), "{checks} calls");
}

fn name(n: u32) -> String {
    if n == 33 { "cursed".to_owned() } else { format!("n{n}") }
}
