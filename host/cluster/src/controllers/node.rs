//! Nodes as Pods see them: where a Pod may run.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::api::{Api, Resource};
use super::object::{fields, is_true, items, name, text, truth};
use crate::quantity::Quantity;

/// Nodes.
pub(super) const NODES: Resource = Resource::of("", "nodes");

/// The nodes that run Pods: those with somebody there who says that they are ready. An object that a client made
/// for a machine that is not there runs nothing.
pub(super) fn running(api: &dyn Api) -> Vec<Arc<Value>> {
    let mut nodes = api.list(&NODES, None);
    nodes.retain(|node| is_true(node, "Ready"));
    nodes
}

/// Why a node will not do, in the scheduler's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Unfit {
    /// It takes no more Pods.
    Unschedulable,
    /// The selector or the required affinity is of others.
    Affinity,
    /// A taint that is not tolerated.
    Taint(String),
    /// Too little of a resource.
    Insufficient(String),
    /// Too many Pods.
    TooManyPods,
}

impl Unfit {
    /// As `FailedScheduling` events say it, after the number of nodes.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Unschedulable => "node(s) were unschedulable".to_owned(),
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector".to_owned(),
            Self::Taint(taint) => format!("node(s) had untolerated taint(s) {{{taint}}}"),
            Self::Insufficient(resource) => format!("Insufficient {resource}"),
            Self::TooManyPods => "Too many pods".to_owned(),
        }
    }
}

/// Whether a toleration tolerates a taint.
fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let same = |field: &str| text(toleration, field) == text(taint, field);
    let effect = text(toleration, "/effect").is_empty() || same("/effect");
    let key = text(toleration, "/key").is_empty() || same("/key");
    effect && key && (text(toleration, "/operator") == "Exists" || same("/value"))
}

/// The first taint with one of these effects that a Pod does not tolerate.
pub(super) fn untolerated<'a>(pod: &Value, node: &'a Value, effects: &[&str]) -> Option<&'a Value> {
    let mut taints = items(node, "/spec/taints").iter().filter(|taint| effects.contains(&text(taint, "/effect")));
    let tolerations = items(pod, "/spec/tolerations");
    taints.find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

fn matches_requirement(requirement: &Value, value: Option<&str>) -> bool {
    let values: Vec<&str> = items(requirement, "/values").iter().filter_map(Value::as_str).collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let compared = || Some((number(value?)?, number(values.first()?)?));
    match text(requirement, "/operator") {
        "In" => value.is_some_and(|value| values.contains(&value)),
        "NotIn" => value.is_none_or(|value| !values.contains(&value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared().is_some_and(|(value, bound)| value > bound),
        "Lt" => compared().is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}

/// Whether a node's labels and name are what a Pod's selector and required affinity ask for.
pub(super) fn is_selected(pod: &Value, node: &Value) -> bool {
    let label = |key: &str| super::object::label(node, key);
    let selector = fields(pod, "/spec/nodeSelector").into_iter().flatten();
    if !selector.into_iter().all(|(key, value)| label(key) == value.as_str()) {
        return false;
    }
    let affinity = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let terms = items(pod, affinity);
    let holds = |term: &Value| {
        let (labels, own) = (items(term, "/matchExpressions"), items(term, "/matchFields"));
        let by_label = labels.iter().all(|wanted| matches_requirement(wanted, label(text(wanted, "/key"))));
        let by_name = own.iter().all(|wanted| matches_requirement(wanted, Some(name(node))));
        (!labels.is_empty() || !own.is_empty()) && by_label && by_name
    };
    terms.is_empty() || terms.iter().any(holds)
}

/// What a Pod's containers request of a resource together.
pub(super) fn requested(pod: &Value, resource: &str) -> Quantity {
    let of = |container: &Value| {
        let stated = container.pointer("/resources/requests").and_then(|requests| requests.get(resource));
        let stated = stated.and_then(Value::as_str).and_then(|stated| Quantity::parse(stated).ok());
        stated.unwrap_or_else(Quantity::zero)
    };
    let sum = items(pod, "/spec/containers").iter().map(of).fold(Quantity::zero(), |sum, one| sum.plus(&one));
    // Init containers run before, one at a time; those that go on run beside.
    items(pod, "/spec/initContainers").iter().fold(sum, |sum, init| match text(init, "/restartPolicy") {
        "Always" => sum.plus(&of(init)),
        _ => sum.max(of(init)),
    })
}

/// Whether a node takes a Pod beside those that it has.
pub(super) fn fits(pod: &Value, node: &Value, there: &[&Value]) -> Result<(), Unfit> {
    if truth(node, "/spec/unschedulable") {
        return Err(Unfit::Unschedulable);
    }
    if let Some(taint) = untolerated(pod, node, &["NoSchedule", "NoExecute"]) {
        let value = text(taint, "/value");
        return Err(Unfit::Taint(format!("{}: {value}", text(taint, "/key"))));
    }
    if !is_selected(pod, node) {
        return Err(Unfit::Affinity);
    }
    let allocatable = |resource: &str| {
        let stated = node.pointer("/status/allocatable").and_then(|all| all.get(resource)).and_then(Value::as_str);
        stated.and_then(|stated| Quantity::parse(stated).ok())
    };
    if allocatable("pods").is_some_and(|most| most.value() <= i64::try_from(there.len()).unwrap_or(i64::MAX)) {
        return Err(Unfit::TooManyPods);
    }
    for resource in ["cpu", "memory"] {
        let Some(most) = allocatable(resource) else { continue };
        let wanted = requested(pod, resource);
        if wanted.is_zero() {
            continue;
        }
        let used = there.iter().map(|pod| requested(pod, resource)).fold(Quantity::zero(), |sum, one| sum.plus(&one));
        if used.plus(&wanted) > most {
            return Err(Unfit::Insufficient(resource.to_owned()));
        }
    }
    Ok(())
}

/// `0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable.`
pub(super) fn refusal(nodes: usize, unfit: &[Unfit]) -> String {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for one in unfit {
        *counts.entry(one.said()).or_default() += 1;
    }
    let mut said: Vec<String> = counts.into_iter().map(|(said, count)| format!("{count} {said}")).collect();
    said.sort();
    format!(
        "0/{nodes} nodes are available: {}. preemption: 0/{nodes} nodes are available: {nodes} Preemption is not \
         helpful for scheduling.",
        said.join(", ")
    )
}
