//! Orders, and what failures block.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::journal::Recorded;
use crate::name::KindName;
use crate::value::Value;

fn step(address: &str, action: Action, depends_on: &[&str]) -> Step {
    let on: Vec<Address> = depends_on.iter().map(|on| Address::new(*on)).collect();
    let mut step = Step::new(Address::new(address), KindName::new("fake/thing"), action);
    if action != Action::Create {
        step.old = Some(Recorded {
            kind: KindName::new("fake/thing"),
            id: address.to_owned(),
            token: None,
            inputs: Value::Null,
            outputs: Value::Null,
            depends_on: on.clone(),
            lives_in: Vec::new(),
            config: Value::Null,
            protect: false,
            retain: false,
            unusable: false,
        });
    }
    if action != Action::Delete {
        step.depends_on = on;
    }
    step
}

fn first(mut step: Step) -> Step {
    step.delete_first = true;
    step
}

/// Carries the plan out, one ready node after the other.
fn order(steps: &[Step]) -> Vec<String> {
    let mut schedule = Schedule::of(steps);
    let mut order = Vec::new();
    while let Some(node) = schedule.take_ready() {
        let Node { step, part } = schedule.node(node);
        order.push(format!("{}{}", if part == Part::Make { "+" } else { "-" }, steps[step].address));
        schedule.done(node);
    }
    assert!(schedule.is_done(), "stuck after {order:?}");
    order
}

#[test]
fn dependencies_come_first_and_go_last() {
    use Action::{Create, Delete};
    assert_eq!(order(&[step("b", Create, &["a"]), step("a", Create, &[])]), ["+a", "+b"]);
    assert_eq!(order(&[step("a", Delete, &[]), step("b", Delete, &["a"])]), ["-b", "-a"]);
}

#[test]
fn a_replaced_object_goes_after_those_that_used_it_moved_on() {
    use Action::{Replace, Update};
    assert_eq!(order(&[step("a", Replace, &[]), step("b", Update, &["a"])]), ["+a", "+b", "-a"]);
    assert_eq!(order(&[step("a", Replace, &[]), step("b", Replace, &["a"])]), ["+a", "+b", "-b", "-a"]);
}

#[test]
fn deleting_first_takes_dependants_down_before() {
    use Action::Replace;
    let steps = [first(step("a", Replace, &[])), first(step("b", Replace, &["a"]))];
    assert_eq!(order(&steps), ["-b", "-a", "+a", "+b"]);
    assert_eq!(order(&[first(step("a", Replace, &[])), step("b", Action::Update, &["a"])]), ["-a", "+a", "+b"]);
}

#[test]
fn a_failure_blocks_only_what_needs_it() {
    let steps = [
        step("a", Action::Create, &[]),
        step("b", Action::Create, &["a"]),
        step("c", Action::Create, &["b"]),
        step("d", Action::Create, &[]),
    ];
    let mut schedule = Schedule::of(&steps);
    let a = schedule.take_ready().unwrap();
    let d = schedule.take_ready().unwrap();
    assert_eq!(schedule.take_ready(), None);
    assert_eq!(schedule.failed(a), [1, 2]);
    schedule.done(d);
    assert!(schedule.is_over() && !schedule.is_done());
    assert_eq!(schedule.take_ready(), None);
}

proptest! {
    /// Whatever the actions: a plan without failures ends, makers come after what they depend on,
    /// and a removed object goes after its removed dependants.
    #[test]
    fn every_plan_ends(choices in proptest::collection::vec((0_u8..6, any::<u16>(), any::<bool>()), 1..24)) {
        let mut steps: Vec<Step> = Vec::new();
        for (index, (action, links, delete_first)) in choices.iter().enumerate() {
            let actions = [Action::Same, Action::Create, Action::Update, Action::Replace, Action::Delete, Action::Adopt];
            let action = actions[usize::from(*action)];
            // An object that stays does not depend on one that goes.
            let on = |other: &usize| links >> (other % 16) & 1 == 1 && (action == Action::Delete || steps[*other].action != Action::Delete);
            let names: Vec<String> = (0..index).filter(on).map(|other| format!("r{other}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut step = step(&format!("r{index}"), action, &names);
            let below = steps.iter().any(|s| names.contains(&s.address.as_str()) && s.action == Action::Replace && s.delete_first);
            step.delete_first = action == Action::Replace && (*delete_first || below);
            steps.push(step);
        }
        let order = order(&steps);
        let place = |what: String| order.iter().position(|done| *done == what);
        for step in &steps {
            for on in &step.depends_on {
                let (under, over) = (place(format!("+{on}")), place(format!("+{}", step.address)));
                prop_assert!(under < over, "{} before {}", on, step.address);
            }
            for on in step.old.iter().flat_map(|old| &old.depends_on) {
                if let (Some(under), Some(over)) = (place(format!("-{on}")), place(format!("-{}", step.address))) {
                    prop_assert!(over < under, "{} after {}", on, step.address);
                }
            }
        }
    }
}
