//! The objects that a preview names are what its step may write.

use std::mem::take;

use maps_engine::plan::Reason;

use super::Life;

const PLUGINS: &str = "plugins: {tiny: {source: tiny}, inner: {source: inner, config: {key: \"${a.value}\"}}}\n";

fn stack(resources: &str) -> String {
    format!("{PLUGINS}resources:\n  a: {{type: tiny/thing, with: {{name: a}}}}\n{resources}")
}

fn scopes(life: &Life) -> (Vec<String>, Vec<String>) {
    let mut things = life.cloud.lock();
    (take(&mut things.scopes), take(&mut things.previews))
}

#[test]
fn what_the_plan_saw_is_what_is_written() {
    let life = Life::new();
    let chart = |name: &str| stack(&format!("  c: {{type: tiny/chart, with: {{name: {name}}}}}\n"));
    let _ = life.apply(&chart("one"));
    assert_eq!(scopes(&life), (vec!["create c: one".to_owned()], vec!["one".to_owned()]));
    let _ = life.apply(&chart("two"));
    assert_eq!(scopes(&life), (vec!["update c: two".to_owned()], vec!["two".to_owned()]));
    life.rests(&chart("two"));
    let _ = scopes(&life);
    let _ = life.run(&stack(""), false);
    assert_eq!(scopes(&life).0, ["delete c:"]);
}

#[test]
fn what_the_plan_could_not_know_is_previewed_once_more() {
    let life = Life::new();
    let (plan, _) = life.apply(&stack("  c: {type: tiny/chart, with: {name: \"x-${a.value}\"}}\n"));
    assert!(plan.steps.iter().all(|step| step.objects.is_none()));
    let (scopes, previews) = scopes(&life);
    assert_eq!(scopes, ["create c: x-v-o1"]);
    assert_eq!(previews, ["unknown", "x-v-o1"]);
}

#[test]
fn a_plan_without_the_cluster_is_made_again_when_it_is_there() {
    let life = Life::new();
    let text = stack("  c: {type: inner/chart, with: {name: one}}\n");
    let (plan, _) = life.apply(&text);
    assert!(plan.steps.iter().any(|step| step.offline && step.objects.is_none()));
    assert_eq!(scopes(&life), (vec!["create c: one".to_owned()], vec!["one".to_owned()]));
    life.rests(&text);
}

#[test]
fn a_replaced_cluster_takes_its_objects_along_and_has_them_planned_anew() {
    let life = Life::new();
    let text = |zone: u32| {
        format!(
            "{PLUGINS}resources:\n  a: {{type: tiny/thing, with: {{name: a, zone: {zone}}}}}\n  \
             c: {{type: inner/chart, with: {{name: one}}}}\n"
        )
    };
    let _ = life.apply(&text(1));
    let _ = scopes(&life);
    let (plan, report) = life.apply(&text(2));
    assert_eq!(report.replaced, 2);
    let chart = plan.steps.iter().find(|step| step.address.as_str() == "c").unwrap();
    assert!(chart.offline && chart.objects.is_none());
    assert!(matches!(chart.reasons[..], [Reason::HomeLost { .. }]), "{:?}", chart.reasons);
    // Nothing of the old cluster's is deleted one by one: it goes with it.
    assert_eq!(scopes(&life), (vec!["create c: one".to_owned()], vec!["one".to_owned()]));
    life.rests(&text(2));
    life.cloud.lock().objects.clear();
    let _ = life.apply(&text(2));
    assert_eq!(scopes(&life).0, ["create c: one"], "of a cluster that is gone nothing is asked");
}

#[test]
fn what_cannot_be_previewed_is_not_written() {
    let life = Life::new();
    let text = stack("  c: {type: tiny/chart, with: {name: \"unrendered-${a.value}\"}}\n");
    let report = life.act(&text, async |session| {
        let loaded = life.world.loaded();
        let plan = maps_engine::plan(session, &loaded).await.unwrap();
        maps_engine::apply(session, &life.world, &loaded, &plan, &maps_engine::Cancel::default()).await.unwrap()
    });
    assert_eq!((report.created, report.failed), (1, 1), "{report:?}");
    assert!(scopes(&life).0.is_empty());
}
