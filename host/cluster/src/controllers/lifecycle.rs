//! Nodes that became ready lose the taint that kept Pods off them until then.

use serde_json::Value;

use super::api::{Change, Key};
use super::node::NODES;
use super::object::{is_true, text};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Takes the taint away.
#[derive(Debug)]
pub(super) struct Welcome;

impl Controller for Welcome {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == NODES
            && let Some(node) = change.new.as_ref().filter(|node| is_true(node, "Ready"))
        {
            picks.add(Key::to(&NODES, node));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut node)) = super::fetch(desk, key) else { return Ok(()) };
        if !is_true(&node, "Ready") {
            return Ok(());
        }
        if let Some(taints) = node.pointer_mut("/spec/taints").and_then(Value::as_array_mut) {
            taints.retain(|taint| text(taint, "/key") != NOT_READY);
            if taints.is_empty() {
                super::object::set(&mut node, &["spec", "taints"], None);
            }
        }
        if node != *before {
            desk.api.update(&NODES, "", node, MANAGER)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::controllers::testing::{Memory, node};
    use crate::controllers::{Controllers, settle};

    #[test]
    fn only_a_ready_node_loses_its_taint() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Welcome)]));
        let tainted = |name: &str, ready: &str| {
            let mut node = node(name);
            node["spec"]["taints"] = json!([{"key": NOT_READY, "effect": "NoSchedule"}]);
            node["status"]["conditions"][0]["status"] = json!(ready);
            node
        };
        let (ready, late) = (api.make(tainted("ready", "True")), api.make(tainted("late", "False")));
        settle(&mut api, &mut work);
        assert_eq!(api.now_of(&ready).unwrap().pointer("/spec/taints"), None);
        assert_eq!(api.now_of(&late).unwrap(), late);
    }
}
