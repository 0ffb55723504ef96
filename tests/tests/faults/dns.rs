//! Records whose cloud errs or asks for patience.

use maps_tests::scenario::{Scenario, applied, fails_everywhere, fresh, records};

const CREATE: Scenario = Scenario { stack: records, prepare: fresh, command: "run" };
const DESTROY: Scenario = Scenario { stack: records, prepare: applied, command: "destroy" };

#[test]
fn a_create_with_an_error_at_each_call() {
    fails_everywhere(CREATE, "error");
}

#[test]
fn a_create_throttled_at_each_call() {
    fails_everywhere(CREATE, "throttle");
}

#[test]
fn a_destroy_throttled_at_each_call() {
    fails_everywhere(DESTROY, "throttle");
}
