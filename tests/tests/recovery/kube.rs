//! Objects of a cluster, killed and left without replies: of a manifest several share a call of the plugin.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, objects, replies_lost_everywhere, with_kubeconfig};
use maps_tests::{CloudServer, StackDir};

fn made(stack: &StackDir, cloud: &CloudServer) {
    with_kubeconfig(stack, cloud);
    applied(stack, cloud);
}

fn changed(stack: &StackDir, cloud: &CloudServer) {
    made(stack, cloud);
    stack.edit("data: {key: \"1\"}", "data: {key: \"3\"}");
    stack.edit("        - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {key: \"2\"}}\n", "");
    stack.edit("labels: {team: a}", "labels: {team: b}");
}

/// A Deployment, and what it says of itself.
fn rollout() -> StackDir {
    StackDir::with(include_str!("../../stacks/rollout.yaml"))
}

fn rolled_out(stack: &StackDir, cloud: &CloudServer) {
    made(stack, cloud);
    stack.edit("web:1", "web:2");
}

const CREATE: Scenario = Scenario { stack: objects, prepare: with_kubeconfig, command: "run" };
const UPDATE: Scenario = Scenario { stack: objects, prepare: changed, command: "run" };
const ROLLOUT: Scenario = Scenario { stack: rollout, prepare: rolled_out, command: "run" };
const DESTROY: Scenario = Scenario { stack: objects, prepare: made, command: "destroy" };

everywhere! {
    a_create_killed_before_each_call: CREATE, "crash-before";
    a_create_killed_after_each_call_is_sent: CREATE, "crash-sent";
    an_update_killed_after_each_call_is_sent: UPDATE, "crash-sent";
    a_rollout_killed_after_each_write_is_sent: ROLLOUT, "write:crash-sent";
    a_rollout_killed_after_each_reply_to_a_write: ROLLOUT, "write:crash-replied";
    a_destroy_killed_after_each_call_is_sent: DESTROY, "crash-sent";
}

#[test]
fn a_create_with_each_reply_lost() {
    replies_lost_everywhere(CREATE);
}
