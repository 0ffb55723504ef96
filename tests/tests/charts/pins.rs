//! What a stack fetches from a repository inside: only where the operator names its host, and the same for ever.

use std::fs;

use maps_tests::{Finished, StackDir};

use crate::world::World;

/// A stack that renders `web` of a repository, with a line of its own at the plugin.
fn stack(url: &str, allow: &str) -> StackDir {
    let stack = StackDir::with("");
    stack.write(&text(url, allow));
    stack
}

fn text(url: &str, allow: &str) -> String {
    format!(
        "maps: v1\nstack: pins\nplugins:\n  helm: {{source: helm{allow}}}\nresources:\n  web:\n    type: helm/template\n    with: {{chart: web, repo: \"{url}\", version: 1.0.0}}\n"
    )
}

fn maps(stack: &StackDir, words: &[&str]) -> Finished {
    stack.maps().run(words)
}

#[test]
fn rt34_a_chart_that_changes_under_its_version_is_refused_by_the_pin_of_the_first_run() {
    let world = World::new();
    world.helm(&["repo", "index", "packed"]).expect(0).stderr.clear();
    let url = maps_tests::serve_folder(&world.path().join("packed"));
    let stack = stack(&url, ", allow: {private: [127.0.0.1]}");
    maps(&stack, &["plugin", "approve", "stack.yaml"]).expect(0).stdout.clear();
    maps(&stack, &["run", "stack.yaml", "--yes"]).expect(0).stdout.clear();
    let lock = fs::read_to_string(stack.path().join("maps.lock")).unwrap();
    let archive = format!("{url}/web-1.0.0.tgz");
    assert!(lock.contains(&format!("pins:\n  \"{archive}\": \"sha256:")), "{lock}");
    assert!(lock.contains("private: [\"127.0.0.1\"]"), "{lock}");

    // Somebody packs another chart as the same version, and the index says so too.
    fs::write(world.path().join("1.0.0/web/values.yaml"), "size: 2\n").unwrap();
    world.helm(&["package", "1.0.0/web", "-d", "packed"]).expect(0).stdout.clear();
    world.helm(&["repo", "index", "packed"]).expect(0).stderr.clear();
    for command in [&["plan", "stack.yaml"][..], &["run", "stack.yaml", "--yes"]] {
        let refused = maps(&stack, command).expect(1);
        assert!(
            refused.stderr.contains(&archive) && refused.stderr.contains("maps.lock pins sha256:"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains("somebody exchanged it"), "{}", refused.stderr);
    }
    assert_eq!(fs::read_to_string(stack.path().join("maps.lock")).unwrap(), lock, "nothing was pinned anew");

    // What the operator takes out is accepted.
    let (before, _) = lock.split_once("\npins:").unwrap();
    fs::write(stack.path().join("maps.lock"), before).unwrap();
    maps(&stack, &["plan", "stack.yaml"]).expect(0).stdout.clear();
}

#[test]
fn rt04_a_repository_inside_is_reached_where_the_operator_names_it_and_nowhere_else() {
    let world = World::new();
    world.helm(&["repo", "index", "packed"]).expect(0).stderr.clear();
    let url = maps_tests::serve_folder(&world.path().join("packed"));
    for allow in ["", ", allow: {private: [charts.corp.example]}"] {
        let stack = stack(&url, allow);
        maps(&stack, &["plugin", "approve", "stack.yaml"]).expect(0).stdout.clear();
        let refused = maps(&stack, &["plan", "stack.yaml"]).expect(3);
        assert!(refused.stderr.contains("loopback address 127.0.0.1"), "{}", refused.stderr);
    }
    // It is a capability like others: another host than was approved waits for the operator.
    let stack = stack(&url, ", allow: {private: [charts.corp.example]}");
    maps(&stack, &["plugin", "approve", "stack.yaml"]).expect(0).stdout.clear();
    stack.write(&text(&url, ", allow: {private: [127.0.0.1]}"));
    let changed = maps(&stack, &["plan", "stack.yaml"]).expect(3);
    assert!(changed.stderr.contains("may reach at private addresses `127.0.0.1`"), "{}", changed.stderr);
    // What is said wrongly is told where it stands.
    stack.write(&text(&url, ", allow: {private: [\"http://x/\"], escalates: [tokn]}"));
    let wrong = maps(&stack, &["plan", "stack.yaml"]).expect(1);
    assert!(wrong.stderr.contains("`http://x/` is no host") && wrong.stderr.contains("`token`"), "{}", wrong.stderr);
}
