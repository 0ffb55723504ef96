//! Buckets and keys of Spaces, whose services err or ask for patience.

use maps_tests::scenario::{Scenario, fails_everywhere, fresh, spaces};

const CREATE: Scenario = Scenario { stack: spaces, prepare: fresh, command: "run" };

#[test]
fn a_create_with_an_error_at_each_call() {
    fails_everywhere(CREATE, "error");
}

#[test]
fn a_create_with_throttling_at_each_call() {
    fails_everywhere(CREATE, "throttle");
}
