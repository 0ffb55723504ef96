//! A cluster whose cloud errs or asks for patience.

use maps_tests::scenario::{Scenario, applied, fails_everywhere, fresh};
use maps_tests::{CloudServer, StackDir};

fn stack() -> StackDir {
    StackDir::cluster()
}

fn scaled(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("count: 2", "count: 3");
}

const CREATE: Scenario = Scenario { stack, prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { stack, prepare: scaled, command: "run" };
const DESTROY: Scenario = Scenario { stack, prepare: applied, command: "destroy" };

#[test]
fn a_create_with_an_error_at_each_call() {
    fails_everywhere(CREATE, "error");
}

#[test]
fn a_create_throttled_at_each_call() {
    fails_everywhere(CREATE, "throttle");
}

#[test]
fn an_update_with_an_error_at_each_call() {
    fails_everywhere(UPDATE, "error");
}

#[test]
fn an_update_throttled_at_each_call() {
    fails_everywhere(UPDATE, "throttle");
}

#[test]
fn a_destroy_with_an_error_at_each_call() {
    fails_everywhere(DESTROY, "error");
}

#[test]
fn a_destroy_throttled_at_each_call() {
    fails_everywhere(DESTROY, "throttle");
}
