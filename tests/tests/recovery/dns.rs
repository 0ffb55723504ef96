//! Records, killed and left without replies: many of them share a call.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, fresh, records, replies_lost_everywhere};
use maps_tests::{CloudServer, StackDir};

fn changed(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("192.0.2.1", "203.0.113.1");
    stack.edit("192.0.2.2", "203.0.113.2");
}

fn replaced(stack: &StackDir, cloud: &CloudServer) {
    applied(stack, cloud);
    stack.edit("type: CNAME, values: [a.maps.gransassotech.it]", "type: A, values: [192.0.2.4]");
}

const CREATE: Scenario = Scenario { stack: records, prepare: fresh, command: "run" };
const UPDATE: Scenario = Scenario { stack: records, prepare: changed, command: "run" };
const REPLACE: Scenario = Scenario { stack: records, prepare: replaced, command: "run" };
const DESTROY: Scenario = Scenario { stack: records, prepare: applied, command: "destroy" };

everywhere! {
    a_create_killed_before_each_call: CREATE, "crash-before";
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    a_create_killed_after_each_reply: CREATE, "crash-replied";
    an_update_killed_after_each_call_is_sent: UPDATE, "crash-sent";
    a_replacement_killed_before_each_call: REPLACE, "crash-before";
    a_replacement_killed_after_each_call_is_sent: REPLACE, "crash-sent";
    a_destroy_killed_after_each_call_is_sent: DESTROY, "crash-sent";
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
fn a_destroy_with_each_reply_lost() {
    replies_lost_everywhere(DESTROY);
}
