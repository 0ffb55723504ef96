//! A stranger's plugins: one written by following docs/plugins.md in an empty folder, and one by
//! hand without the SDK. Only what a stranger has is used: `maps`, cargo and a compiler.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use maps_tests::guide::{Block, blocks};
use maps_tests::{Finished, Maps, component, root};
use serde_json::{Value, json};

/// Where an author works.
struct Desk {
    dir: tempfile::TempDir,
    cwd: PathBuf,
}

impl Desk {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().to_path_buf();
        Self { dir, cwd }
    }

    /// The toolchain that runs this test, the crates that it was built of, and no network.
    fn environment() -> Vec<(&'static str, String)> {
        let inherited = ["PATH", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
        let mut environment: Vec<_> =
            inherited.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))).collect();
        let home = std::env::var("HOME").unwrap_or_default();
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let folder = Path::new(&home).join(folder);
            if !environment.iter().any(|(known, _)| *known == name) && folder.is_dir() {
                environment.push((name, folder.display().to_string()));
            }
        }
        // Compiled once for all runs of this test.
        let target = component("stranger").with_extension("");
        environment.push(("CARGO_TARGET_DIR", target.display().to_string()));
        environment.push(("CARGO_NET_OFFLINE", "true".to_owned()));
        environment
    }

    fn maps(&self) -> Maps {
        Self::environment().into_iter().fold(Maps::at(&self.cwd), |maps, (name, value)| maps.env(name, &value))
    }

    /// Does what a line of the guide says.
    fn follow(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cd", folder] => {
                self.cwd = self.cwd.join(folder).canonicalize().unwrap();
                String::new()
            }
            ["maps", arguments @ ..] => self.maps().run(arguments).expect(0).stdout,
            ["cargo", arguments @ ..] => {
                let mut cargo = Command::new("cargo");
                cargo.args(arguments).env_clear().envs(Self::environment()).current_dir(&self.cwd);
                let output = cargo.output().unwrap();
                let text =
                    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(output.status.success(), "{line}:\n{text}");
                text
            }
            _ => panic!("the guide has a command that nobody can follow: {line}"),
        }
    }
}

fn guide() -> Vec<Block> {
    blocks(&std::fs::read_to_string(root().join("docs/plugins.md")).unwrap())
}

/// Runs a command on a stack in rehearsal.
fn rehearsed(maps: &Maps, command: &str, stack: &str) -> Finished {
    maps.run([command, stack, "--rehearse", "--yes", "--output", "json"])
}

fn inventory(maps: &Maps, stack: &str) -> Value {
    let cloud = format!(".maps/rehearsal/{stack}/cloud");
    let finished = maps.run(["cloud", "inventory", "--dir", &cloud]).expect(0);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// What a cloud has in which nothing was made: what is there before any stack.
fn untouched(maps: &Maps, desk: &Desk) -> Value {
    let file = desk.cwd.join("untouched.yaml");
    std::fs::write(&file, "maps: v1\nstack: untouched\nresources: {}\n").unwrap();
    let _ = rehearsed(maps, "run", "untouched.yaml").expect(0);
    inventory(maps, "untouched")
}

#[test]
fn the_guide_leads_from_an_empty_folder_to_a_resource_in_a_stack() {
    let mut desk = Desk::empty();
    let top = desk.dir.path().canonicalize().unwrap();
    let mut said = Vec::new();
    for block in guide() {
        match block.language.as_str() {
            "sh" => said.extend(block.text.lines().map(|line| (line.to_owned(), desk.follow(line)))),
            _ => block.hold(&[&top, &root()]),
        }
    }
    let told = |line: &str| said.iter().find(|(followed, _)| followed == line).map(|(_, told)| told.as_str());
    assert!(told("cargo test").unwrap().contains("4 passed"));
    assert!(told("maps plugin test").unwrap().ends_with("14 kept\n"));
    let page = told("maps plugin inspect .").unwrap();
    assert!(page.contains("notes/note") && page.contains("create-note"), "{page}");
    assert!(told("maps audit hello --rehearse").unwrap().contains("create-note"));
    let lock = std::fs::read_to_string(top.join("hello/maps.lock")).unwrap();
    assert!(lock.contains("notes") && lock.contains("create-note"), "{lock}");
    assert!(told("maps output hello --rehearse").unwrap().contains("welcomed"));
    let (audit, approved) = (told("maps audit corp --rehearse").unwrap(), told("maps plugin approve corp").unwrap());
    assert!(["reveal: ", "escalates: "].iter().all(|loud| audit.contains(loud)), "{audit}");
    assert!(["reveal: ", "private-address: ", "escalates: "].iter().all(|loud| approved.contains(loud)), "{approved}");
    let lock = std::fs::read_to_string(top.join("corp/maps.lock")).unwrap();
    assert!(lock.contains("charts.corp.example") && lock.contains("escalates: [exec]"), "{lock}");

    // The stack of the repository, and nothing left out of it.
    let (ours, theirs) = (std::fs::read_to_string(root().join("stacks/hello/stack.yaml")).unwrap(), top.join("hello"));
    let theirs_text = std::fs::read_to_string(theirs.join("stack.yaml")).unwrap();
    let cluster =
        |text: &str| text.lines().skip_while(|line| *line != "  cluster:").take(3).collect::<Vec<_>>().join("\n");
    assert!(ours.contains("stack: hello") && cluster(&ours) == cluster(&theirs_text), "{theirs_text}");

    // The same once more, with what programs are told.
    desk.cwd = theirs;
    let maps = desk.maps();
    let nothing = untouched(&maps, &desk);
    assert_eq!(inventory(&maps, "hello"), nothing, "the guide left something");
    let first = rehearsed(&maps, "run", "stack.yaml").expect(0);
    assert_eq!(first.changes(), [2, 0, 0, 0]);
    let notes = &inventory(&maps, "hello")["api.notes.example"]["/v1/notes"];
    assert_eq!(notes[0]["title"], "Hello");
    assert!(notes[0]["text"].as_str().unwrap().contains("https://"), "{notes}");
    let second = rehearsed(&maps, "run", "stack.yaml").expect(0);
    assert_eq!((second.changes(), &second.summary()["calls"]["write"]), ([0; 4], &json!(0)));
    assert_eq!(rehearsed(&maps, "destroy", "stack.yaml").expect(0).changes(), [0, 0, 0, 2]);
    assert_eq!(inventory(&maps, "hello"), nothing);
}

#[test]
fn a_plugin_without_the_sdk_is_like_any_other() {
    let desk = Desk::empty();
    let (maps, plugin) = (desk.maps(), component("guests/by-hand"));
    let plugin = plugin.to_str().unwrap();
    let page = maps.run(["plugin", "inspect", plugin]).expect(0).stdout;
    assert!(page.contains("imports   http-read, http-write") && page.contains("by-hand/flag"), "{page}");
    let fixtures = root().join("tests/guests/by-hand/conformance");
    let tried = maps.run(["plugin", "test", plugin, "--fixtures", fixtures.to_str().unwrap()]).expect(0).stdout;
    assert!(tried.ends_with("14 kept\n"), "{tried}");
    let stack = format!(
        r#"maps: v1
stack: flags
inputs: {{key: {{type: string, secret: true}}}}
credentials: {{flags: {{value: "${{inputs.key}}", hosts: [api.flags.example]}}}}
plugins: {{by-hand: {{source: "{plugin}", credentials: {{api: flags}}}}}}
resources:
  beta: {{type: by-hand/flag, with: {{name: beta, on: false}}}}
  next: {{type: by-hand/flag, with: {{name: "${{beta.name}}-next"}}}}
outputs: {{url: "${{next.url}}"}}
"#
    );
    let file = desk.cwd.join("stack.yaml");
    std::fs::write(&file, &stack).unwrap();
    assert_eq!(rehearsed(&maps, "run", "stack.yaml").expect(0).changes(), [2, 0, 0, 0]);
    assert_eq!(maps.run(["output", "url", "--rehearse"]).expect(0).stdout, "https://flags.example/beta-next\n");
    std::fs::write(&file, stack.replace("on: false", "on: true")).unwrap();
    assert_eq!(rehearsed(&maps, "run", "stack.yaml").expect(0).changes(), [0, 1, 0, 0]);
    assert_eq!(rehearsed(&maps, "run", "stack.yaml").expect(0).changes(), [0, 0, 0, 0]);
    assert_eq!(rehearsed(&maps, "destroy", "stack.yaml").expect(0).changes(), [0, 0, 0, 2]);
    assert_eq!(inventory(&maps, "flags"), untouched(&maps, &desk));
}
