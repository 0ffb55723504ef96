//! A stranger's plugin rehearsed: the local cloud plays what its rehearsal.yaml declares.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use maps_rehearsal::Declaration;
use maps_tests::{CloudServer, Maps, StackDir, component, without_section, without_sections};
use serde_json::{Value, json};
use wasm_encoder::{CustomSection, Encode, Section};

const HOST: &str = "api.lawless.example";

/// Two things of one plugin.
fn stack() -> StackDir {
    StackDir::with(&format!(
        r#"maps: v1
stack: declared
inputs:
  token: {{type: string, secret: true}}
credentials:
  lawless: {{value: "${{inputs.token}}", hosts: [{HOST}]}}
plugins:
  lawless: {{source: "{}", credentials: {{api: lawless}}}}
resources:
  first:
    type: lawless/thing
    with: {{name: first}}
  second:
    type: lawless/thing
    with: {{name: "${{first.name}}-and-second", size: 2}}
outputs:
  made: "${{second.made_at}}"
  key: "${{first.key}}"
"#,
        component("guests/lawless").display()
    ))
}

fn run(stack: &StackDir, command: &[&str], rehearse: &str) -> maps_tests::Finished {
    let args = command.iter().copied().chain([rehearse, "--yes", "--output", "json"]);
    stack.maps().run(args)
}

#[test]
fn a_stack_with_a_strangers_plugin_is_rehearsed_in_process() {
    let stack = stack();
    let first = run(&stack, &["run"], "--rehearse").expect(0);
    assert_eq!(first.changes(), [2, 0, 0, 0]);
    let inventory = stack.maps().run(["cloud", "inventory", "--dir", ".maps/rehearsal/declared/cloud"]).expect(0);
    let inventory: Value = serde_json::from_str(&inventory.stdout).unwrap();
    let names: Vec<&Value> = inventory[HOST]["/v1/things"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["first", "first-and-second"]);
    let second = run(&stack, &["run"], "--rehearse").expect(0);
    assert_eq!((second.changes(), &second.summary()["calls"]["write"]), ([0, 0, 0, 0], &json!(0)));
    stack.edit("size: 2", "size: 3");
    assert_eq!(run(&stack, &["run"], "--rehearse").expect(0).changes(), [0, 1, 0, 0]);
    assert_eq!(run(&stack, &["destroy"], "--rehearse").expect(0).changes(), [0, 0, 0, 2]);
    let inventory = stack.maps().run(["cloud", "inventory", "--dir", ".maps/rehearsal/declared/cloud"]).expect(0);
    assert!(!inventory.stdout.contains(HOST), "{}", inventory.stdout);
}

#[test]
fn a_served_cloud_plays_it_too_and_its_faults_are_survived() {
    let stack = stack();
    let component = component("guests/lawless").display().to_string();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &["--plugin", &component]);
    let rehearse = cloud.flag();
    // Around the create of a thing: before it leaves, and after it was done and nobody was told.
    let crashed = run(&stack, &["run", "--fault", "crash-replied@1"], &rehearse);
    assert_eq!(crashed.signal, Some(9), "{crashed:?}");
    let faults = ["run", "--fault", "error@1,throttle@2,drip@3,lost@4"];
    let after = run(&stack, &faults, &rehearse).expect(0);
    assert_eq!(after.summary()["failed"], 0);
    assert_eq!(cloud.inventory()[HOST]["/v1/things"].as_array().unwrap().len(), 2);
    assert_eq!(run(&stack, &["run"], &rehearse).expect(0).changes(), [0, 0, 0, 0]);
    assert_eq!(cloud.counts()[HOST]["write"]["POST /v1/things"].as_u64(), Some(2), "{}", cloud.counts());
    assert_eq!(run(&stack, &["destroy"], &rehearse).expect(0).changes(), [0, 0, 0, 2]);
    assert_eq!(cloud.inventory().get(HOST), None);
}

#[test]
fn a_cloud_that_was_not_told_of_a_plugin_says_how_to_tell_it() {
    let stack = stack();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let refused = run(&stack, &["run"], &cloud.flag());
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stdout.contains("`maps cloud serve` was not told of it by `--plugin`"), "{}", refused.stdout);
}

#[test]
fn a_plugin_without_a_declaration_cannot_be_served() {
    let dir = tempfile::tempdir().unwrap();
    let component = component("guests/red").display().to_string();
    let refused = Maps::at(dir.path()).run(["cloud", "serve", "--dir", "cloud", "--plugin", &component]).expect(1);
    assert!(refused.stderr.contains("declares no service") && refused.stderr.contains("rehearsal.yaml"), "{refused:?}");
}

/// Packages the lawless guest again with this rehearsal.yaml, and tells what was said.
fn built(dir: &Path, rehearsal: &str) -> maps_tests::Finished {
    let guest = maps_tests::root().join("tests/guests/lawless");
    std::fs::copy(guest.join("plugin.yaml"), dir.join("plugin.yaml")).unwrap();
    std::fs::write(dir.join("rehearsal.yaml"), rehearsal).unwrap();
    let bare = without_sections(&std::fs::read(component("guests/lawless")).unwrap());
    std::fs::write(dir.join("bare.wasm"), bare).unwrap();
    Maps::at(dir).run(["plugin", "build", ".", "--module", "bare.wasm", "--out", "own.wasm"])
}

#[test]
fn a_declaration_that_is_wrong_builds_no_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let finished = built(
        dir.path(),
        "maps: v1\nservices:\n  - host: api.digitalocean.com\n  - host: api.lawless.example\n    colections: []\n",
    )
    .expect(1);
    assert!(finished.stderr.contains("is played by maps itself"), "{}", finished.stderr);
    for said in ["rehearsal.yaml:5:5", "there is no such field", "known here: host"] {
        assert!(finished.stderr.contains(said), "{said}: {}", finished.stderr);
    }
    assert!(!dir.path().join("own.wasm").exists());
    let finished = built(dir.path(), "maps: v1\nservices:\n  - host: api.other.example\n").expect(1);
    assert!(finished.stderr.contains("no http rule of plugin.yaml names api.other.example"), "{}", finished.stderr);
    let good = std::fs::read_to_string(maps_tests::root().join("tests/guests/lawless/rehearsal.yaml")).unwrap();
    let _ = built(dir.path(), &good).expect(0);
    let shown = Maps::at(dir.path()).run(["plugin", "inspect", "./own.wasm", "--output", "json"]).expect(0);
    assert_eq!(shown.events()[0]["rehearsal"]["services"][0]["host"], HOST);
}

#[test]
fn a_declaration_that_packaging_never_saw_is_refused_before_anything_is_played() {
    let stack = stack();
    let mut component = without_section(&std::fs::read(component("guests/lawless")).unwrap(), "maps:rehearsal");
    let declared = br#"{"maps": "v1", "services": [{"host": "api.digitalocean.com"}]}"#;
    let section = CustomSection { name: "maps:rehearsal".into(), data: declared.into() };
    component.push(section.id());
    section.encode(&mut component);
    std::fs::write(stack.path().join("own.wasm"), component).unwrap();
    stack.write(&stack.text().replace(&maps_tests::component("guests/lawless").display().to_string(), "./own.wasm"));
    let refused = stack.maps().run(["run", "--rehearse", "--yes"]).expect(1);
    assert!(refused.stderr.contains("services[0].host: api.digitalocean.com is played by maps itself"), "{refused:?}");
    assert!(!stack.path().join(".maps/rehearsal/declared/cloud").exists(), "no cloud was started");
}

#[test]
fn the_documented_declaration_is_one() {
    let page = std::fs::read_to_string(maps_tests::root().join("docs/rehearsal.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut diagnostics = Vec::new();
    let document = maps_engine::document::Document::parse("rehearsal.yaml", example.as_bytes(), &mut diagnostics);
    let declared = Declaration::parse("notes", &document.unwrap().json(), &|host| host == "api.notes.example");
    assert_eq!(declared.unwrap().hosts().collect::<Vec<_>>(), ["api.notes.example"]);
    // Each field that there is stands on the page.
    let told = Declaration::parse(
        "notes",
        &json!({"maps": "v1", "services": [{"host": "h.example", "x": 1,
        "collections": [{"path": "/a", "x": 1, "states": {"x": 1}, "paging": {"x": 1}, "status": {"x": 1}}],
        "recorded": [{"path": "/a", "x": 1}]}]}),
        &|_| true,
    );
    let known: Vec<String> = told.unwrap_err().0.into_iter().filter_map(|fault| fault.help).collect();
    assert_eq!(known.len(), 6, "{known:?}");
    for field in known.iter().flat_map(|help| help.trim_start_matches("known here: ").split(", ")) {
        assert!(page.contains(field), "{field} is not on the page");
    }
}
