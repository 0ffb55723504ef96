//! Parameters, users, keys and buckets.

use maps_tests::scenario::{Scenario, fails_everywhere, fresh, secrets};

const CREATE: Scenario = Scenario { stack: secrets, prepare: fresh, command: "run" };

#[test]
fn a_create_with_an_error_at_each_call() {
    fails_everywhere(CREATE, "error");
}

#[test]
fn a_create_with_throttling_at_each_call() {
    fails_everywhere(CREATE, "throttle");
}
