//! A cluster, killed and left without replies.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, fresh, replies_lost_everywhere};
use maps_tests::{CloudServer, StackDir};

fn stack() -> StackDir {
    StackDir::cluster()
}

fn scaled(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("count: 2", "count: 3");
}

fn moved(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("region: fra1", "region: ams3");
}

const CREATE: Scenario = Scenario { stack, prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { stack, prepare: scaled, command: "run" };
const REPLACE: Scenario = Scenario { stack, prepare: moved, command: "run" };
const DESTROY: Scenario = Scenario { stack, prepare: applied, command: "destroy" };

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
#[test]
fn a_create_with_each_reply_lost() {
    replies_lost_everywhere(CREATE);
}

#[test]
fn an_update_with_each_reply_lost() {
    replies_lost_everywhere(UPDATE);
}

#[test]
fn a_replacement_with_each_reply_lost() {
    replies_lost_everywhere(REPLACE);
}

#[test]
fn a_destroy_with_each_reply_lost() {
    replies_lost_everywhere(DESTROY);
}
