//! A database that takes its time, killed while it is made, changed and deleted: there is one, it is healthy when a
//! run ends, and it goes with its volumes.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, with_kubeconfig};
use maps_tests::{CloudServer, StackDir};

fn stack() -> StackDir {
    StackDir::with(include_str!("../../stacks/cnpg.yaml"))
}

/// The operator is there.
fn ready(stack: &StackDir, cloud: &CloudServer) {
    with_kubeconfig(stack, cloud);
    applied(stack, cloud);
    stack.edit("default: false", "default: true");
}

fn made(stack: &StackDir, cloud: &CloudServer) {
    ready(stack, cloud);
    applied(stack, cloud);
}

/// With a second instance, which takes its time.
fn grown(stack: &StackDir, cloud: &CloudServer) {
    made(stack, cloud);
    let outputs = "outputs: {phase: \"${postgres.phase}\", ready: \"${postgres.ready_instances}\"}";
    stack.edit("resources:\n", &format!("{outputs}\nresources:\n"));
    stack.edit("instances: 1", "instances: 2");
}

/// Without the database, which is deleted while the operator is there.
fn dropped(stack: &StackDir, cloud: &CloudServer) {
    made(stack, cloud);
    stack.edit("default: true", "default: false");
}

const CREATE: Scenario = Scenario { stack, prepare: ready, command: "run" };
const UPDATE: Scenario = Scenario { stack, prepare: grown, command: "run" };
const DELETE: Scenario = Scenario { stack, prepare: dropped, command: "run" };

everywhere! {
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    an_update_killed_after_each_write_is_sent: UPDATE, "write:crash-sent";
    an_update_killed_after_each_reply_to_a_write: UPDATE, "write:crash-replied";
    a_delete_killed_after_each_call_is_sent: DELETE, "crash-sent";
}
