//! What lives in another object goes with it.

use super::{Life, actions, text};

fn rooms(zone: u32) -> String {
    format!(
        "plugins: {{tiny: {{source: tiny}}}}\nresources:\n  house: {{type: tiny/thing, with: {{zone: {zone}}}}}\n  \
         room: {{type: tiny/room, with: {{name: r, in: \"${{house.id}}\"}}}}\n"
    )
}

fn items(zone: u32) -> String {
    format!(
        "plugins:\n  tiny: {{source: tiny}}\n  inner: {{source: inner, config: {{key: \"${{house.key}}\"}}}}\n\
         resources:\n  house: {{type: tiny/thing, with: {{zone: {zone}}}}}\n  item: {{type: inner/item, with: {{name: i}}}}\n"
    )
}

#[test]
fn a_home_that_is_gone_takes_its_contents_out_of_state() {
    for stack in [rooms(1), items(1)] {
        let life = Life::new();
        let _ = life.apply(&stack);
        assert_eq!(life.ids(), ["o1", "o2"]);
        let _ = life.cloud.done();
        // The house burns down, and what was in it may not even be asked for.
        life.cloud.lock().objects.clear();
        let (plan, report) = life.apply(&stack);
        assert_eq!(plan.steps.len(), 2);
        assert!(actions(&plan).iter().all(|action| action.starts_with("create")), "{:?}", actions(&plan));
        assert_eq!(report.created, 2);
        assert!(life.cloud.done().iter().all(|done| done.starts_with("create")));
        assert_eq!(life.ids(), ["o3", "o4"]);
        life.rests(&stack);
    }
}

#[test]
fn contents_are_made_anew_though_only_their_home_is_gone() {
    let life = Life::new();
    let _ = life.apply(&rooms(1));
    life.cloud.lock().objects.remove("o1");
    let _ = life.apply(&rooms(1));
    assert_ne!(life.id("room"), Some("o2".into()), "a room of a house that is gone is no room");
    life.rests(&rooms(1));
}

#[test]
fn a_home_that_is_replaced_replaces_its_contents() {
    for stack in [rooms, items] {
        let life = Life::new();
        let _ = life.apply(&stack(1));
        let _ = life.cloud.done();
        let plan = life.plan(&stack(2));
        assert!(actions(&plan).iter().all(|action| action.starts_with("replace")), "{:?}", actions(&plan));
        assert_eq!(plan.steps.len(), 2);
        let (_, report) = life.apply(&stack(2));
        assert_eq!(report.replaced, 2);
        // The old contents go with their home: nobody deletes them one by one.
        let done = life.cloud.done();
        assert_eq!((done.len(), done[0].as_str(), done[2].as_str()), (3, "create house", "delete house"));
        assert_eq!(life.id("house"), Some("o3".into()));
        assert!(life.state().resources.values().all(|tracked| tracked.deposed.is_empty()));
        life.rests(&stack(2));
    }
}

#[test]
fn contents_go_before_their_home() {
    for stack in [rooms(1), items(1)] {
        let life = Life::new();
        let _ = life.apply(&stack);
        let _ = life.cloud.done();
        let _ = life.run(&stack, true);
        let done = life.cloud.done();
        assert_eq!((done.len(), done[1].as_str()), (2, "delete house"));
        assert!(life.ids().is_empty() && life.state().resources.is_empty());
    }
}

#[test]
fn a_plugin_is_called_with_what_its_home_tells_now() {
    let life = Life::new();
    let _ = life.apply(&items(1));
    life.rests(&items(1));
    let configs = std::mem::take(&mut life.cloud.lock().configs);
    assert!(!configs.is_empty());
    for config in configs {
        let key = config.get("key").and_then(|key| key.as_str()).expect("every call has the key").to_owned();
        assert!(key.starts_with("key-o1-"), "{key}");
    }
}

#[test]
fn a_config_that_is_gone_from_the_stack_is_taken_from_state() {
    let life = Life::new();
    let stack = "plugins: {inner: {source: inner, config: {key: fixed}}}\nresources: {item: {type: inner/item, with: {name: i}}}\n";
    let _ = life.apply(stack);
    life.cloud.lock().configs.clear();
    let (plan, _) = life.apply("plugins: {tiny: {source: tiny}}\n");
    assert_eq!(actions(&plan), ["delete item"]);
    let configs = std::mem::take(&mut life.cloud.lock().configs);
    assert!(
        !configs.is_empty() && configs.iter().all(|config| config.get("key") == Some(&text("fixed"))),
        "{configs:?}"
    );
    assert!(life.ids().is_empty());
}
