//! Killed anywhere, run again, and nothing is lost: no orphan, no duplicate. The kills are real
//! (SIGKILL), the cloud is in a process of its own, and every call of a run is a place to die.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::{CloudServer, StackDir};
use serde_json::Value;

const SIGKILL: i32 = 9;
/// A run that makes more calls than this is not the run these tests know.
const MOST_CALLS: usize = 200;

/// What a scenario does before the run that is killed, and in it.
struct Scenario {
    /// Runs that end undisturbed, before.
    prepare: fn(&StackDir, &CloudServer),
    /// The command that is killed and then given again.
    command: &'static str,
}

fn apply(stack: &StackDir, cloud: &CloudServer) {
    let _ = stack.maps().run(["run", "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
}

fn fresh(_: &StackDir, _: &CloudServer) {}

fn scaled(stack: &StackDir, cloud: &CloudServer) {
    apply(stack, cloud);
    stack.edit("count: 2", "count: 3");
}

fn moved(stack: &StackDir, cloud: &CloudServer) {
    apply(stack, cloud);
    stack.edit("region: fra1", "region: ams3");
}

fn undisturbed(scenario: &Scenario) -> Value {
    let stack = StackDir::copy_of("maps");
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    (scenario.prepare)(&stack, &cloud);
    let _ = stack.maps().run([scenario.command, "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
    cloud.inventory()
}

/// Kills at call 1, 2, 3, … until a run needs no more calls, and compares every recovery with the
/// undisturbed run.
fn killed_everywhere(scenario: &Scenario, fault: &str) {
    let wanted = undisturbed(scenario);
    for call in 1..MOST_CALLS {
        let stack = StackDir::copy_of("maps");
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        (scenario.prepare)(&stack, &cloud);
        let spec = format!("{fault}@{call}");
        let flag = cloud.flag();
        let again = [scenario.command, "stack.yaml", flag.as_str(), "--yes", "--output", "json"];
        let hit = stack.maps().run(again.iter().copied().chain(["--fault", spec.as_str()]));
        let over = hit.code == Some(0) && !hit.stdout.contains("retrying");
        if fault.starts_with("crash") && !over {
            assert_eq!(hit.signal, Some(SIGKILL), "{spec}: {hit:?}");
        }
        let recovered = stack.maps().run(again).expect(0);
        assert_eq!(recovered.summary()["failed"], 0, "{spec}: {recovered:?}");
        assert_eq!(cloud.inventory(), wanted, "{spec}: the inventory differs\n{}", recovered.stdout);
        let writes = cloud.calls("write");
        let third = stack.maps().run(again).expect(0);
        assert_eq!(third.changes(), [0; 4], "{spec}: {third:?}");
        assert_eq!(cloud.calls("write"), writes, "{spec}: a run without changes wrote");
        if over {
            assert!(call > 2, "{spec}: the run made {} calls", call - 1);
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}

const CREATE: Scenario = Scenario { prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { prepare: scaled, command: "run" };
const REPLACE: Scenario = Scenario { prepare: moved, command: "run" };
const DESTROY: Scenario = Scenario { prepare: apply, command: "destroy" };

macro_rules! everywhere {
    ($($name:ident: $scenario:expr, $fault:literal;)*) => {$(
        #[test]
        fn $name() {
            killed_everywhere(&$scenario, $fault);
        }
    )*};
}

everywhere! {
    a_create_killed_before_each_call: CREATE, "crash-before";
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    a_create_killed_after_each_reply: CREATE, "crash-replied";
    an_update_killed_before_each_call: UPDATE, "crash-before";
    an_update_killed_after_each_call_is_sent: UPDATE, "crash-sent";
    an_update_killed_after_each_reply: UPDATE, "crash-replied";
    a_replacement_killed_before_each_call: REPLACE, "crash-before";
    a_replacement_killed_after_each_call_is_sent: REPLACE, "crash-sent";
    a_replacement_killed_after_each_reply: REPLACE, "crash-replied";
    a_destroy_killed_before_each_call: DESTROY, "crash-before";
    a_destroy_killed_after_each_call_is_sent: DESTROY, "crash-sent";
    a_destroy_killed_after_each_reply: DESTROY, "crash-replied";
}

/// A lost reply needs no second run: the same run finds its own work.
fn replies_lost_everywhere(scenario: &Scenario) {
    let wanted = undisturbed(scenario);
    for call in 1..MOST_CALLS {
        let stack = StackDir::copy_of("maps");
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        (scenario.prepare)(&stack, &cloud);
        let before = cloud.calls("read") + cloud.calls("write");
        let spec = format!("lost@{call}");
        let flag = cloud.flag();
        let args = [scenario.command, "stack.yaml", flag.as_str(), "--yes", "--output", "json"];
        let hit = stack.maps().run(args.iter().copied().chain(["--fault", spec.as_str()]));
        if hit.code != Some(0) {
            let _ = stack.maps().run(args).expect(0);
        }
        assert_eq!(cloud.inventory(), wanted, "{spec}: {hit:?}");
        let made = cloud.calls("read") + cloud.calls("write") - before;
        if (made as usize) < call {
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}

#[test]
fn a_create_with_each_reply_lost() {
    replies_lost_everywhere(&CREATE);
}

#[test]
fn an_update_with_each_reply_lost() {
    replies_lost_everywhere(&UPDATE);
}

#[test]
fn a_replacement_with_each_reply_lost() {
    replies_lost_everywhere(&REPLACE);
}

#[test]
fn a_destroy_with_each_reply_lost() {
    replies_lost_everywhere(&DESTROY);
}
