//! Buckets and keys of Spaces, killed and left without replies: a bucket that an interrupted run made is its own
//! though nothing is written on it, and a key whose secret was lost with the reply is replaced.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, fresh, replies_lost_everywhere, spaces};
use maps_tests::{CloudServer, StackDir};

fn changed(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("versioning: true", "versioning: false");
    stack.edit("noncurrent_expiration_days: 30", "noncurrent_expiration_days: 60");
    stack.edit("permission: readwrite", "permission: read");
}

fn rotated(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("rotate: \"1\"", "rotate: \"2\"");
}

const CREATE: Scenario = Scenario { stack: spaces, prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { stack: spaces, prepare: changed, command: "run" };
const ROTATE: Scenario = Scenario { stack: spaces, prepare: rotated, command: "run" };
const DESTROY: Scenario = Scenario { stack: spaces, prepare: applied, command: "destroy" };

everywhere! {
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    a_create_killed_after_each_reply: CREATE, "crash-replied";
    an_update_killed_after_each_call_is_sent: UPDATE, "crash-sent";
    a_rotation_killed_after_each_call_is_sent: ROTATE, "crash-sent";
    a_destroy_killed_after_each_call_is_sent: DESTROY, "crash-sent";
}

#[test]
fn a_create_with_each_reply_lost() {
    replies_lost_everywhere(CREATE);
}
