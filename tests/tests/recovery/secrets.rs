//! Parameters, users, keys and buckets, killed and left without replies: a key whose secret was lost with
//! the reply is replaced, and nothing is there twice.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, fresh, replies_lost_everywhere, secrets};
use maps_tests::{CloudServer, StackDir};

fn changed(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("description: \"for ckan\"", "description: \"for others\"");
    stack.edit("[\"ssm:*\", \"route53:*\"]", "[\"ssm:*\"]");
    stack.edit("parameter/maps/ckan/*", "parameter/maps/*");
    stack.edit("versioning: true", "versioning: false");
}

fn rotated(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("rotate: \"1\"", "rotate: \"2\"");
}

const CREATE: Scenario = Scenario { stack: secrets, prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { stack: secrets, prepare: changed, command: "run" };
const ROTATE: Scenario = Scenario { stack: secrets, prepare: rotated, command: "run" };
const DESTROY: Scenario = Scenario { stack: secrets, prepare: applied, command: "destroy" };

everywhere! {
    a_create_killed_before_each_call: CREATE, "crash-before";
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    a_create_killed_after_each_reply: CREATE, "crash-replied";
    an_update_killed_after_each_call_is_sent: UPDATE, "crash-sent";
    a_rotation_killed_after_each_call_is_sent: ROTATE, "crash-sent";
    a_rotation_killed_after_each_reply: ROTATE, "crash-replied";
    a_destroy_killed_after_each_call_is_sent: DESTROY, "crash-sent";
}

#[test]
fn a_create_with_each_reply_lost() {
    replies_lost_everywhere(CREATE);
}

#[test]
fn a_rotation_with_each_reply_lost() {
    replies_lost_everywhere(ROTATE);
}
