//! A release of a chart with a hook, killed at each of its writes: its record tells where to go on, and there is one
//! version for each run that was wanted.

use crate::everywhere;
use maps_tests::scenario::{Scenario, applied, release, with_kubeconfig};
use maps_tests::{CloudServer, StackDir};

fn stack() -> StackDir {
    release("small")
}

fn made(stack: &StackDir, cloud: &CloudServer) {
    with_kubeconfig(stack, cloud);
    applied(stack, cloud);
}

fn changed(stack: &StackDir, cloud: &CloudServer) {
    made(stack, cloud);
    stack.edit("values: {}", "values: {size: 2}");
}

const INSTALL: Scenario = Scenario { stack, prepare: with_kubeconfig, command: "run" };
const UPGRADE: Scenario = Scenario { stack, prepare: changed, command: "run" };
const UNINSTALL: Scenario = Scenario { stack, prepare: made, command: "destroy" };

// Where only reads lie between two places to die, both leave the same.
everywhere! {
    an_installation_killed_before_each_write: INSTALL, "write:crash-before";
    an_installation_killed_after_each_write_is_sent: INSTALL, "write:crash-sent";
    an_upgrade_killed_after_each_write_is_sent: UPGRADE, "write:crash-sent";
    an_uninstallation_killed_after_each_write_is_sent: UNINSTALL, "write:crash-sent";
}
