//! Runs that are hit everywhere: killed, left without a reply, refused or slowed down at call 1, 2, 3, …
//! until a run needs no more calls, each beside a run that nobody disturbed.
//!
//! The kills are real (SIGKILL), and the cloud is in a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)] // This is a test, shared by several.

use serde_json::Value;

use crate::{CloudServer, Finished, StackDir};

const SIGKILL: i32 = 9;
/// A run that makes more calls than this is not a run that these tests know.
const MOST_CALLS: usize = 200;

/// A run, and what leads up to it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The stack, in a folder of its own.
    pub stack: fn() -> StackDir,
    /// Runs that end undisturbed, before.
    pub prepare: fn(&StackDir, &CloudServer),
    /// The command that is hit and then given again.
    pub command: &'static str,
}

/// A stack of a few records in Route 53.
///
/// # Panics
/// When its folder cannot be made.
pub fn records() -> StackDir {
    StackDir::with(include_str!("../stacks/records.yaml"))
}

/// Parameters, a user with its policy and key, and a bucket.
///
/// # Panics
/// When its folder cannot be made.
pub fn secrets() -> StackDir {
    StackDir::with(include_str!("../stacks/secrets.yaml"))
}

/// Two buckets of Spaces, and a key to one of them.
///
/// # Panics
/// When its folder cannot be made.
pub fn spaces() -> StackDir {
    StackDir::with(include_str!("../stacks/spaces.yaml"))
}

/// Objects of a cluster, which `prepare` has to put in.
///
/// # Panics
/// When its folder cannot be made.
pub fn objects() -> StackDir {
    StackDir::with(include_str!("../stacks/objects.yaml"))
}

/// A release of one of the charts in `tests/charts`, in a cluster, which `prepare` has to put in.
///
/// # Panics
/// When its folder cannot be made.
pub fn release(chart: &str) -> StackDir {
    let stack = StackDir::with(include_str!("../stacks/release.yaml"));
    let (from, to) = (crate::root().join("tests/charts").join(chart), stack.path().join("chart"));
    std::fs::create_dir(&to).and_then(|()| crate::copy_folder(&from, &to)).expect("the chart is in the repository");
    stack
}

/// A `prepare` that gives the stack the cloud's standing cluster, by the name of its host.
///
/// # Panics
/// When there is none.
pub fn with_kubeconfig(stack: &StackDir, cloud: &CloudServer) {
    stack.edit("default: KUBECONFIG", &format!("default: {}", Value::from(cloud.kubeconfig())));
}

/// A `prepare` that does nothing.
pub fn fresh(_: &StackDir, _: &CloudServer) {}

/// A `prepare` that makes the stack.
///
/// # Panics
/// When it cannot be made.
pub fn applied(stack: &StackDir, cloud: &CloudServer) {
    let _ = given(stack, cloud, "run", None).expect(0);
}

fn given(stack: &StackDir, cloud: &CloudServer, command: &str, fault: Option<&str>) -> Finished {
    let flag = cloud.flag();
    let fault = fault.map(|spec| ["--fault", spec]);
    let args = [command, "stack.yaml", flag.as_str(), "--yes", "--output", "json"];
    stack.maps().run(args.into_iter().chain(fault.into_iter().flatten()))
}

/// A scenario on the way.
struct Staged {
    scenario: Scenario,
    stack: StackDir,
    cloud: CloudServer,
    /// The calls that led up to it.
    before: u64,
}

impl Staged {
    fn new(scenario: Scenario) -> Self {
        let stack = (scenario.stack)();
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        (scenario.prepare)(&stack, &cloud);
        let before = cloud.calls("read") + cloud.calls("write");
        Self { scenario, stack, cloud, before }
    }

    fn hit(&self, fault: &str) -> Finished {
        given(&self.stack, &self.cloud, self.scenario.command, Some(fault))
    }

    fn again(&self) -> Finished {
        given(&self.stack, &self.cloud, self.scenario.command, None)
    }

    /// How many calls were made since.
    fn made(&self) -> usize {
        usize::try_from(self.cloud.calls("read") + self.cloud.calls("write") - self.before).unwrap_or(usize::MAX)
    }

    /// Another run changes nothing and writes nothing; the outputs then tell how things are.
    fn rests(&self, spec: &str) -> Vec<(String, Value)> {
        let writes = self.cloud.calls("write");
        let third = self.again().expect(0);
        assert_eq!(third.changes(), [0; 4], "{spec}: {third:?}");
        assert_eq!(self.cloud.calls("write"), writes, "{spec}: a run without changes wrote");
        let flag = self.cloud.flag();
        let told = self.stack.maps().run(["output", "stack.yaml", flag.as_str(), "--output", "json"]).expect(0);
        told.outputs().into_iter().filter(|(_, value)| !is_drawn(value)).collect()
    }
}

/// Is a value one that each cloud draws anew, or has such a one in it: an identifier, a key, a host's name?
fn is_drawn(value: &Value) -> bool {
    let drawn = |word: &str| {
        let (mut all, capital) = (word.chars(), |c: char| c.is_ascii_uppercase());
        word.len() >= 16 && (word.contains(|c: char| c.is_ascii_digit()) || all.all(capital))
    };
    value.as_str().is_some_and(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(drawn))
}

/// What there is in the end, if nobody disturbs, and what the stack's outputs then say.
fn undisturbed(scenario: Scenario) -> (Value, Vec<(String, Value)>) {
    let staged = Staged::new(scenario);
    let _ = staged.again().expect(0);
    (staged.cloud.inventory(), staged.rests("undisturbed"))
}

/// Kills at each call, and compares every recovery with the undisturbed run.
///
/// # Panics
/// When something is lost, orphaned or made twice.
pub fn killed_everywhere(scenario: Scenario, fault: &str) {
    let (wanted, outputs) = undisturbed(scenario);
    for call in 1..MOST_CALLS {
        let staged = Staged::new(scenario);
        let spec = format!("{fault}@{call}");
        let hit = staged.hit(&spec);
        let over = hit.code == Some(0);
        if !over {
            assert_eq!(hit.signal, Some(SIGKILL), "{spec}: {hit:?}");
        }
        let recovered = staged.again().expect(0);
        assert_eq!(recovered.summary()["failed"], 0, "{spec}: {recovered:?}");
        assert_eq!(staged.cloud.inventory(), wanted, "{spec}: the inventory differs\n{}", recovered.stdout);
        // What was under way when the run died was waited for: nothing is told of it half way.
        assert_eq!(staged.rests(&spec), outputs, "{spec}: the outputs differ");
        if over {
            assert!(call > 1, "{spec}: nothing was hit");
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}

/// Takes the reply of each call away. That needs no second run where the first finds its own work.
///
/// # Panics
/// When something is lost, orphaned or made twice.
pub fn replies_lost_everywhere(scenario: Scenario) {
    let (wanted, _) = undisturbed(scenario);
    for call in 1..MOST_CALLS {
        let staged = Staged::new(scenario);
        let spec = format!("lost@{call}");
        let hit = staged.hit(&spec);
        if hit.code != Some(0) {
            let _ = staged.again().expect(0);
        }
        assert_eq!(staged.cloud.inventory(), wanted, "{spec}: {hit:?}");
        if staged.made() < call {
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}

/// Has the cloud refuse each call once, for a reason that passes: the run converges by itself, and
/// where it does not, it says why and the next one does.
///
/// # Panics
/// When it does not.
pub fn fails_everywhere(scenario: Scenario, fault: &str) {
    let (wanted, outputs) = undisturbed(scenario);
    for call in 1..MOST_CALLS {
        let staged = Staged::new(scenario);
        let spec = format!("{fault}@{call}");
        let hit = staged.hit(&spec);
        let made = staged.made();
        if hit.code != Some(0) {
            // What is not overcome is said, and no third run is needed.
            let told = |event: &Value| matches!(event["event"].as_str(), Some("failed" | "diagnostic" | "error"));
            assert!(hit.events().iter().any(told), "{spec}: {hit:?}");
            let _ = staged.again().expect(0);
        }
        assert_eq!(staged.cloud.inventory(), wanted, "{spec}: {hit:?}");
        assert_eq!(staged.rests(&spec), outputs, "{spec}: the outputs differ");
        if made < call {
            assert_eq!(hit.code, Some(0), "{spec}: nothing was hit: {hit:?}");
            assert!(call > 2, "{spec}: the run made {made} calls");
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}
