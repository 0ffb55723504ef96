//! A cloud that errs or asks for patience once, at every call of a run: the run converges by
//! itself, and where it does not, it says why and the next one does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::{CloudServer, StackDir};
use serde_json::Value;

/// A run that makes more calls than this is not the run these tests know.
const MOST_CALLS: usize = 200;

/// What leads up to the run with the fault.
type Prepare = fn(&StackDir, &CloudServer);

fn apply(stack: &StackDir, cloud: &CloudServer) {
    let _ = stack.maps().run(["run", "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
}

fn fresh(_: &StackDir, _: &CloudServer) {}

fn scaled(stack: &StackDir, cloud: &CloudServer) {
    apply(stack, cloud);
    stack.edit("count: 2", "count: 3");
}

fn undisturbed(prepare: Prepare, command: &str) -> Value {
    let stack = StackDir::copy_of("maps");
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    prepare(&stack, &cloud);
    let _ = stack.maps().run([command, "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
    cloud.inventory()
}

/// Has the cloud fail call 1, 2, 3, … until a run needs no more calls.
fn fails_everywhere(prepare: Prepare, command: &str, fault: &str) {
    let wanted = undisturbed(prepare, command);
    for call in 1..MOST_CALLS {
        let stack = StackDir::copy_of("maps");
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        prepare(&stack, &cloud);
        let spec = format!("{fault}@{call}");
        let flag = cloud.flag();
        let args = [command, "stack.yaml", flag.as_str(), "--yes", "--output", "json"];
        let before = cloud.calls("read") + cloud.calls("write");
        let hit = stack.maps().run(args.iter().copied().chain(["--fault", spec.as_str()]));
        let made = cloud.calls("read") + cloud.calls("write") - before;
        if hit.code != Some(0) {
            // What is not overcome is said, and no third run is needed.
            let told = |event: &Value| matches!(event["event"].as_str(), Some("failed" | "diagnostic" | "error"));
            assert!(hit.events().iter().any(told), "{spec}: {hit:?}");
            let _ = stack.maps().run(args).expect(0);
        }
        assert_eq!(cloud.inventory(), wanted, "{spec}: {hit:?}");
        let writes = cloud.calls("write");
        assert_eq!(stack.maps().run(args).expect(0).changes(), [0; 4], "{spec}");
        assert_eq!(cloud.calls("write"), writes, "{spec}: a run without changes wrote");
        if (made as usize) < call {
            assert_eq!(hit.code, Some(0), "{spec}: nothing was hit: {hit:?}");
            assert!(call > 2, "{spec}: the run made {made} calls");
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}

#[test]
fn a_create_with_an_error_at_each_call() {
    fails_everywhere(fresh, "run", "error");
}

#[test]
fn a_create_throttled_at_each_call() {
    fails_everywhere(fresh, "run", "throttle");
}

#[test]
fn an_update_with_an_error_at_each_call() {
    fails_everywhere(scaled, "run", "error");
}

#[test]
fn an_update_throttled_at_each_call() {
    fails_everywhere(scaled, "run", "throttle");
}

#[test]
fn a_destroy_with_an_error_at_each_call() {
    fails_everywhere(apply, "destroy", "error");
}

#[test]
fn a_destroy_throttled_at_each_call() {
    fails_everywhere(apply, "destroy", "throttle");
}
