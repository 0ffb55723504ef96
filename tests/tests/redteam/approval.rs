//! Plugins that want more than somebody approved, in the real `maps`, in earnest: none of these runs
//! gets as far as a call, since what is not approved is not begun with, and what is approved here
//! has no way out.

use std::io::Write as _;
use std::process::{Child, Stdio};

use maps_runtime::package::package;
use maps_tests::{Finished, StackDir, without_sections};
use serde_json::{Value as Json, json};

use crate::component::guest;
use crate::world::limits;

const TOKEN: &str = "red_v1_0123456789abcdef0123456789abcdef";
const DENIED: i32 = 3;

pub(crate) fn yaml() -> String {
    std::fs::read_to_string(maps_tests::root().join("tests/guests/red/plugin.yaml")).unwrap()
}

/// A stack with the red guest under a manifest of the test's choice.
pub(crate) struct Operator {
    pub(crate) stack: StackDir,
}

impl Operator {
    pub(crate) async fn new() -> Self {
        let operator = Self { stack: StackDir::with("") };
        operator.install(&yaml()).await;
        operator.order(&json!(null), &["api.red.example"]);
        operator
    }

    /// Puts a component with this manifest in place of the one before.
    pub(crate) async fn install(&self, manifest: &str) {
        let component = package(&without_sections(&guest("red")), manifest, None, &limits()).await.unwrap();
        std::fs::write(self.stack.path().join("red.wasm"), component).unwrap();
    }

    pub(crate) fn order(&self, grant: &Json, hosts: &[&str]) {
        let mut red = json!({"source": "./red.wasm", "credentials": {"api": "cloud"}});
        if !grant.is_null() {
            red["grant"] = grant.clone();
        }
        let text = json!({
            "maps": "v1",
            "stack": "red",
            "inputs": {"token": {"type": "string", "secret": true, "from": "env.TOKEN"}},
            "credentials": {"cloud": {"value": "${inputs.token}", "hosts": hosts}},
            "plugins": {"red": red},
            "resources": {"one": {"type": "red/thing", "with": {"name": "one"}}},
        });
        self.stack.write(&text.to_string());
    }

    pub(crate) fn maps(&self, line: &str) -> Finished {
        self.stack.maps().env("TOKEN", TOKEN).run(line.split_whitespace())
    }

    pub(crate) fn approve(&self) {
        let _ = self.maps("plugin approve stack.yaml").expect(0);
    }

    fn lock(&self) -> String {
        std::fs::read_to_string(self.stack.path().join("maps.lock")).unwrap_or_default()
    }

    /// Nothing goes on, and this is named; neither a call nor an approval came of it.
    #[track_caller]
    fn is_refused(&self, expected: &str) {
        let before = self.lock();
        for line in ["plan", "run --yes", "destroy --yes"] {
            let refused = self.maps(line).expect(DENIED);
            assert!(refused.stderr.contains(expected), "{line}: {expected}\n{}", refused.stderr);
            assert!(refused.stderr.contains("maps plugin approve stack.yaml red"), "{}", refused.stderr);
        }
        let refused = self.maps("run --yes --output json").expect(DENIED);
        let asked = refused.events().into_iter().find(|event| event["event"] == "approval").expect("an approval event");
        let changes = asked["changes"].as_array().unwrap();
        let told = |change: &Json| change["widened"] == true && expected.contains(change["message"].as_str().unwrap());
        assert!(asked["standing"] == "new" || changes.is_empty() || changes.iter().any(told), "{asked}");
        assert_eq!(self.lock(), before);
        assert!(!self.stack.path().join(".maps/red/audit.jsonl").exists(), "no guest ran");
    }
}

#[tokio::test]
async fn rt34_nothing_runs_in_earnest_that_nobody_approved() {
    let red = Operator::new().await;
    red.is_refused("wants to:");
    // Every rule is told, with its reason and what it is bound to.
    let told = red.maps("run --yes").stderr;
    for part in [
        "write PUT https://api.red.example/things/{inputs.name}",
        "makes a thing",
        "/name is {inputs.name}",
        "send the credential cloud to api.red.example",
        "the service takes a bearer token",
        "secrets go to /secret",
        "sealed in the answer: /key",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    red.approve();
    let planned = red.maps("plan").expect(0);
    assert!(planned.stdout.contains("1 to create"), "{}", planned.stdout);
    assert!(red.maps("plugin approve stack.yaml").expect(0).stdout.contains("approved as it is"));
}

#[tokio::test]
async fn rt34_another_component_is_refused_even_if_it_may_do_the_same() {
    let red = Operator::new().await;
    red.approve();
    red.install(&yaml().replace("version: 0.1.0", "version: 0.1.1")).await;
    red.is_refused("the component is another one");
    red.is_refused("It may do no more than was approved.");
    red.approve();
    let _ = red.maps("plan").expect(0);
}

#[tokio::test]
async fn rt34_an_upgrade_that_widens_one_thing_alone_is_refused_and_the_thing_named() {
    let red = Operator::new().await;
    red.approve();
    let approved = yaml();
    let cases = [
        ("  random:\n", "  reveal:\n    reason: wants to see\n  random:\n", "may use `reveal`"),
        ("methods: [DELETE]", "methods: [DELETE, POST]", "may send `POST`"),
        (
            "url: https://api.red.example/things/{id}/key",
            "url: https://api.red.example/things/*/key",
            "reaches https://api.red.example/things/*/key instead of https://api.red.example/things/{id}/key",
        ),
        (
            "url: https://api.red.example/things\n",
            "url: https://*.red.example/things\n",
            "reaches https://*.red.example/things instead of https://api.red.example/things",
        ),
        ("      seal: [/key]\n", "", "sees in clear what was sealed of its answers"),
        ("sinks: [/secret]", "sinks: [/secret, /name]", "may send secrets at `/name`"),
        ("      bind:\n        body:\n          /name: \"{id}\"\n", "", "is no longer bound to have {id} at `/name`"),
        ("query: [page]", "query: [page, all]", "may set the query parameter `all`"),
        ("operations: [delete]", "operations: [delete, update]", "may serve `update`"),
        (
            "    - id: delete-thing\n",
            "    - {id: more, effect: read, methods: [GET], url: \"https://api.red.example/all\", reason: reads}\n    - id: delete-thing\n",
            "may read GET https://api.red.example/all",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(approved.contains(from), "{from}");
        red.install(&approved.replacen(from, to, 1)).await;
        red.is_refused(expected);
    }
    red.install(&approved).await;
    let _ = red.maps("plan").expect(0);
}

#[tokio::test]
async fn rt34_a_stack_that_widens_a_grant_or_a_credential_is_refused_too() {
    let red = Operator::new().await;
    let grant = json!({"log": {}, "random": {}, "http": [{"id": "list-things"}]});
    red.order(&grant, &["api.red.example"]);
    red.approve();
    red.order(&grant, &["api.red.example", "evil.example"]);
    red.is_refused("may send `cloud` to `evil.example`");
    let more = json!({"log": {}, "random": {}, "http": [{"id": "list-things"}, {"id": "read-thing"}]});
    red.order(&more, &["api.red.example"]);
    red.is_refused("may read GET https://api.red.example/things/{id}");
    // The grant that is offered leaves what was approved.
    let offered = red.maps("run --yes --output json").events().into_iter().find(|event| event["event"] == "approval");
    red.order(&offered.unwrap()["grant"], &["api.red.example"]);
    let _ = red.maps("plan").expect(0);
    // Less needs nobody.
    red.order(&json!({"log": {}, "random": {}}), &["api.red.example"]);
    let _ = red.maps("plan").expect(0);
}

#[tokio::test]
async fn rt34_each_environment_has_its_own_approval() {
    let red = Operator::new().await;
    red.order(&json!({"log": {}, "random": {}}), &["api.red.example"]);
    red.approve();
    let _ = red.maps("plan").expect(0);
    let wider = json!({"plugins": {"red": {"grant": {"http": [{"id": "delete-thing"}]}}}});
    std::fs::write(red.stack.path().join("stack.prod.yaml"), wider.to_string()).unwrap();
    let refused = red.maps("plan -e prod").expect(DENIED);
    assert!(refused.stderr.contains("maps plugin approve stack.yaml -e prod red"), "{}", refused.stderr);
    let _ = red.maps("plugin approve stack.yaml -e prod red").expect(0);
    let _ = red.maps("plan -e prod").expect(0);
    let _ = red.maps("plan").expect(0);
}

#[tokio::test]
async fn a_rehearsal_needs_no_approval_and_says_what_a_run_would_ask() {
    let red = Operator::new().await;
    red.order(&json!({"log": {}, "random": {}}), &["api.red.example"]);
    let rehearsed = red.maps("plan --rehearse").expect(0);
    assert!(rehearsed.stdout.contains("red is not approved yet"), "{}", rehearsed.stdout);
    assert!(rehearsed.stdout.contains("maps plugin approve stack.yaml red"), "{}", rehearsed.stdout);
    red.approve();
    let rehearsed = red.maps("plan --rehearse").expect(0);
    assert!(!rehearsed.stdout.contains("approve"), "{}", rehearsed.stdout);
}

#[tokio::test]
async fn a_call_that_the_grant_leaves_out_says_what_to_grant() {
    let red = Operator::new().await;
    red.order(&json!({"log": {}, "random": {}, "http": [{"id": "list-things"}]}), &["api.red.example"]);
    // In a rehearsal, so that nothing could leave even if it were allowed.
    let denied = red.maps("run --rehearse --yes").expect(DENIED);
    let text = format!("{}{}", denied.stdout, denied.stderr);
    assert!(text.contains("- {id: create-thing}"), "{text}");
    // With no rule at all the plugin has no client; it is told the same way.
    red.order(&json!({"log": {}, "random": {}}), &["api.red.example"]);
    let denied = red.maps("run --rehearse --yes").expect(DENIED);
    let text = format!("{}{}", denied.stdout, denied.stderr);
    assert!(text.contains("grant `http-write`") && text.contains("- {id: create-thing}"), "{text}");
    let events = red.maps("audit stack.yaml --rehearse --output json").expect(0).events();
    let refused = events.iter().find(|event| {
        event["event"] == "audited-rule" && event["rule"].is_null() && event["interface"] == "http-write"
    });
    assert_eq!(refused.expect("a row without a rule")["denied"], 1);
}

#[tokio::test]
async fn a_grant_is_told_under_its_own_line() {
    let red = Operator::new().await;
    red.stack.write(
        "maps: v1\nstack: red\nplugins:\n  red:\n    source: ./red.wasm\n    grant:\n      log: {}\n      \
         http:\n        - id: lst-things\n        - id: read-thing\n          methods: [GET, DELETE]\nresources: {}\n",
    );
    let refused = red.maps("plan").expect(1);
    assert!(
        refused.stderr.contains("stack.yaml:9:15") && refused.stderr.contains("`list-things`"),
        "{}",
        refused.stderr
    );
    red.stack.edit("lst-things", "list-things");
    let warned = red.maps("audit stack.yaml").expect(0);
    assert!(warned.stderr.contains("stack.yaml:11:11") && warned.stderr.contains("`DELETE`"), "{}", warned.stderr);
}

/// `maps` with a terminal, which `script` makes; what is typed is there before it is asked for.
fn on_a_terminal(red: &Operator, line: &str, typed: &str) -> Finished {
    let maps = red.stack.maps().env("TOKEN", TOKEN).command(line.split_whitespace());
    let words: Vec<_> =
        [maps.get_program()].into_iter().chain(maps.get_args()).map(|word| word.to_str().unwrap()).collect();
    let mut script = std::process::Command::new("script");
    script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]).env_clear();
    for (name, value) in maps.get_envs() {
        script.env(name, value.unwrap());
    }
    script.env("TERM", "dumb").current_dir(red.stack.path());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = script.spawn().expect("util-linux has script");
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    Finished::from(child.wait_with_output().unwrap())
}

#[tokio::test]
async fn on_a_terminal_the_first_run_asks_and_yes_alone_is_yes() {
    let red = Operator::new().await;
    // A plan is approved by --yes, a capability never.
    let asked = on_a_terminal(&red, "run --yes", "y\n").expect(DENIED);
    assert!(asked.stdout.contains("Approve this?") && asked.stdout.contains("removes a thing"), "{}", asked.stdout);
    assert_eq!(red.lock(), "");
    let asked = on_a_terminal(&red, "plan", "yes\n").expect(0);
    assert!(asked.stdout.contains("Approved red") && asked.stdout.contains("1 to create"), "{}", asked.stdout);
    assert!(red.lock().contains("id: delete-thing"));
    let again = on_a_terminal(&red, "plan", "").expect(0);
    assert!(!again.stdout.contains("Approve this?"), "{}", again.stdout);
    red.install(&yaml().replace("version: 0.1.0", "version: 0.1.1")).await;
    let asked = on_a_terminal(&red, "plugin approve stack.yaml", "no\n").expect(1);
    assert!(asked.stdout.contains("the component is another one"), "{}", asked.stdout);
    assert!(!red.lock().contains("0.1.1"));
}

#[tokio::test]
async fn rt35_nothing_that_a_plugin_says_of_itself_can_deceive_whoever_approves_it() {
    let red = Operator::new().await;
    let evil = "\\u001B[2K\\u001B[1A\\u202E p\\u0430ypal \\U000E0041";
    let manifest = yaml()
        .replace("version: 0.1.0", "version: \"0.1.0\\u001B[31m\\u0430\"")
        .replace("description: A plugin", "description: \"\\u202Ex\"\n#")
        .replace("reason: makes a thing", &format!("reason: \"makes {evil}\""))
        .replace("reason: an honest plugin logs too", &format!("reason: \"logs {evil}\""))
        .replace("query: [page]", "query: [page, \"p\\u0430ge\\u202E\\u001B[8m\"]")
        .replace("things/{id}/key\n", "things/{id}/k%D0%B5y\n");
    red.install(&manifest).await;
    let mut pages = Vec::new();
    for line in ["run --yes", "run --yes --output json", "audit stack.yaml", "plugin inspect ./red.wasm"] {
        let told = red.maps(line);
        pages.push((line, format!("{}{}", told.stdout, told.stderr)));
    }
    pages.push(("terminal", on_a_terminal(&red, "run --color never", "no\n").stdout));
    let approved = red.maps("plugin approve stack.yaml").expect(0);
    pages.push(("approve", approved.stdout));
    pages.push(("lock", red.lock()));
    for (line, page) in &pages {
        assert!(page.contains("red"), "{line}: {page}");
        let bad =
            |c: char| c == '\u{1b}' || c == '\u{202e}' || c == '\u{e0041}' || (c.is_control() && !"\n\r\t".contains(c));
        assert_eq!(page.chars().find(|c| bad(*c)), None, "{line}: {page:?}");
    }
    // Letters that only look like ours are spelled out wherever somebody decides by them.
    for (line, page) in pages.iter().filter(|(line, _)| ["run --yes", "terminal", "approve", "lock"].contains(line)) {
        assert_eq!(page.chars().find(|c| matches!(c, '\u{430}' | '\u{435}')), None, "{line}: {page}");
    }
    assert!(pages[0].1.contains("p\\u{430}ge\\u{202e}\\u{1b}[8m"), "{}", pages[0].1);
    // A refusal, a log line and a diff after it are as harmless.
    red.install(&manifest.replace("methods: [DELETE]", "methods: [DELETE, POST]")).await;
    let refused = red.maps("plan").expect(DENIED).stderr;
    assert!(refused.contains("may send `POST`") && !refused.contains(['\u{1b}', '\u{202e}', '\u{430}']), "{refused}");
}

#[tokio::test]
async fn a_lock_that_is_wrong_is_told_under_its_line() {
    let red = Operator::new().await;
    red.approve();
    let lock = red.lock();
    std::fs::write(red.stack.path().join("maps.lock"), lock.replace("effect: read", "efect: read")).unwrap();
    let refused = red.maps("plan").expect(1);
    assert!(
        refused.stderr.contains("maps.lock:") && refused.stderr.contains("did you mean `effect`?"),
        "{}",
        refused.stderr
    );
    // A link in its place is not followed, neither to read nor to write.
    let victim = red.stack.path().join("victim");
    std::fs::write(&victim, &lock).unwrap();
    std::fs::remove_file(red.stack.path().join("maps.lock")).unwrap();
    std::os::unix::fs::symlink(&victim, red.stack.path().join("maps.lock")).unwrap();
    assert!(red.maps("plan").expect(1).stderr.contains("is no file of its own"));
    std::fs::remove_file(red.stack.path().join("maps.lock")).unwrap();
    std::os::unix::fs::symlink(&victim, red.stack.path().join("maps.lock.new")).unwrap();
    std::fs::write(&victim, "a key").unwrap();
    red.approve();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "a key");
}
