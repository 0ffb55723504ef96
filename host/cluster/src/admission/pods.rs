//! What else is settled for new Pods: Priority, DefaultTolerationSeconds, RuntimeClass; and for Nodes a taint.

use serde_json::{Value, json};

use super::{Request, Verb};
use crate::object::{at, flag, has, int, items, set, text};
use crate::status::Refusal;
use crate::view::View;

const CLASSES: &str = "scheduling.k8s.io/priorityclasses";

/// The value, the policy and the name of the class that counts where a Pod names none.
fn default_class(view: &dyn View) -> (i64, String, String) {
    let classes = view.list(CLASSES, "");
    let defaults = classes.iter().filter(|class| flag(class, "globalDefault"));
    match defaults.min_by_key(|class| int(class, "value").unwrap_or_default()) {
        Some(class) => {
            let name = text(at(class, "metadata"), "name").to_owned();
            (int(class, "value").unwrap_or_default(), policy(class), name)
        }
        None => (0, "PreemptLowerPriority".to_owned(), String::new()),
    }
}

fn policy(class: &Value) -> String {
    match text(class, "preemptionPolicy") {
        "" => "PreemptLowerPriority".to_owned(),
        policy => policy.to_owned(),
    }
}

/// Priority: from a Pod's class to its number.
pub(super) fn priority(view: &dyn View, request: &Request<'_>, pod: &mut Value) -> Result<(), Refusal> {
    if !request.is("", "pods") || request.verb != Verb::Create {
        return Ok(());
    }
    let named = text(at(pod, "spec"), "priorityClassName").to_owned();
    let (priority, policy, name) = match named.as_str() {
        "" => default_class(view),
        name => match view.get(CLASSES, "", name) {
            Some(class) => (int(&class, "value").unwrap_or_default(), policy(&class), named.clone()),
            None => {
                let why = format!("no PriorityClass with name {name} was found");
                return Err(request.forbidden(Some(pod), &why));
            }
        },
    };
    let spec = at(pod, "spec");
    if let Some(given) = int(spec, "priority").filter(|given| *given != priority) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        );
        return Err(request.forbidden(Some(pod), &why));
    }
    let given = text(spec, "preemptionPolicy");
    if !given.is_empty() && given != policy {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        );
        return Err(request.forbidden(Some(pod), &why));
    }
    if let Some(spec) = pod.get_mut("spec") {
        set(spec, "priority", priority);
        set(spec, "preemptionPolicy", policy);
        if !name.is_empty() {
            set(spec, "priorityClassName", name);
        }
    }
    Ok(())
}

/// Priority: there is one default class at most.
pub(super) fn check_priority_class(view: &dyn View, request: &Request<'_>, class: &Value) -> Result<(), Refusal> {
    let writes = matches!(request.verb, Verb::Create | Verb::Update);
    if !request.is("scheduling.k8s.io", "priorityclasses") || !writes || !flag(class, "globalDefault") {
        return Ok(());
    }
    let (_, _, default) = default_class(view);
    let own = text(at(class, "metadata"), "name");
    if default.is_empty() || (request.verb == Verb::Update && default == own) {
        return Ok(());
    }
    let why = format!("PriorityClass {default} is already marked as default. Only one default can exist");
    Err(request.forbidden(Some(class), &why))
}

/// DefaultTolerationSeconds: a Pod stays for five minutes on a Node that is gone.
pub(super) fn tolerate(request: &Request<'_>, pod: &mut Value) {
    if !request.is("", "pods") || !matches!(request.verb, Verb::Create | Verb::Update) {
        return;
    }
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    let mut tolerations = items(spec, "tolerations").to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = items(spec, "tolerations").iter().any(|toleration| {
            ["", key].contains(&text(toleration, "key")) && ["", "NoExecute"].contains(&text(toleration, "effect"))
        });
        if !tolerated {
            let seconds = json!({"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300});
            tolerations.push(seconds);
        }
    }
    if tolerations.len() > items(spec, "tolerations").len() {
        set(spec, "tolerations", tolerations);
    }
}

/// RuntimeClass: what a Pod names is there, and says what running it costs.
pub(super) fn runtime_class(view: &dyn View, request: &Request<'_>, pod: &mut Value) -> Result<(), Refusal> {
    let name = text(at(pod, "spec"), "runtimeClassName").to_owned();
    if !request.is("", "pods") || request.verb != Verb::Create {
        return Ok(());
    }
    if name.is_empty() {
        return match has(at(pod, "spec"), "overhead") {
            true => Err(request.forbidden(
                Some(pod),
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            )),
            false => Ok(()),
        };
    }
    let Some(class) = view.get("node.k8s.io/runtimeclasses", "", &name) else {
        return Err(request.forbidden(Some(pod), &format!("pod rejected: RuntimeClass {name:?} not found")));
    };
    let overhead = at(at(&class, "overhead"), "podFixed");
    let given = at(at(pod, "spec"), "overhead");
    if !given.is_null() && given != overhead {
        let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
        return Err(request.forbidden(Some(pod), why));
    }
    if let (Some(spec), false) = (pod.get_mut("spec"), overhead.is_null()) {
        set(spec, "overhead", overhead.clone());
    }
    Ok(())
}

/// TaintNodesByCondition: a new Node takes no Pods until it is ready.
pub(super) fn taint_node(request: &Request<'_>, node: &mut Value) {
    const KEY: &str = "node.kubernetes.io/not-ready";
    if !request.is("", "nodes") || request.verb != Verb::Create {
        return;
    }
    let mut taints = items(at(node, "spec"), "taints").to_vec();
    if taints.iter().any(|taint| text(taint, "key") == KEY && text(taint, "effect") == "NoSchedule") {
        return;
    }
    taints.push(json!({"effect": "NoSchedule", "key": KEY}));
    if let Some(spec) = crate::object::make(node, "spec") {
        set(spec, "taints", taints);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    #[test]
    fn priorities() {
        let mut plain = Objects::default();
        plain.add(CLASSES, json!({"metadata": {"name": "high"}, "value": 10, "preemptionPolicy": "Never"}));
        let mut with_default = Objects::default();
        with_default.add(CLASSES, json!({"metadata": {"name": "usual"}, "value": 5, "globalDefault": true}));
        let pods = resource("", "v1", "pods");
        let low = "PreemptLowerPriority";
        let cases = [
            (&plain, json!({}), Ok(json!({"priority": 0, "preemptionPolicy": low}))),
            (
                &plain,
                json!({"priorityClassName": "high"}),
                Ok(json!({"priority": 10, "preemptionPolicy": "Never", "priorityClassName": "high"})),
            ),
            (
                &with_default,
                json!({}),
                Ok(json!({"priority": 5, "preemptionPolicy": low, "priorityClassName": "usual"})),
            ),
            (
                &plain,
                json!({"priorityClassName": "no"}),
                Err("pods \"p\" is forbidden: no PriorityClass with name no was found"),
            ),
            (
                &plain,
                json!({"priority": 7}),
                Err(
                    "pods \"p\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
                ),
            ),
        ];
        for (view, spec, expect) in cases {
            let mut pod = json!({"metadata": {"name": "p"}, "spec": spec});
            let found = priority(view, &request(Verb::Create, &pods, ""), &mut pod);
            let found = found.map(|()| pod["spec"].clone()).map_err(|refusal| refusal.message);
            assert_eq!(found, expect.map_err(str::to_owned), "{spec}");
        }
        let classes = resource("scheduling.k8s.io", "v1", "priorityclasses");
        let class = json!({"metadata": {"name": "b"}, "globalDefault": true});
        let create = request(Verb::Create, &classes, "b");
        assert!(check_priority_class(&plain, &create, &class).is_ok());
        let said = check_priority_class(&with_default, &create, &class).unwrap_err().message;
        let why = "PriorityClass usual is already marked as default. Only one default can exist";
        assert_eq!(said, format!("priorityclasses.scheduling.k8s.io \"b\" is forbidden: {why}"));
    }

    #[test]
    fn tolerations() {
        let pods = resource("", "v1", "pods");
        let cases = [
            (json!([]), 2),
            (json!([{"operator": "Exists"}]), 1),
            (json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]), 2),
            (json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}]), 3),
        ];
        for (given, expect) in cases {
            let mut pod = json!({"spec": {"tolerations": given}});
            tolerate(&request(Verb::Create, &pods, ""), &mut pod);
            assert_eq!(items(&pod["spec"], "tolerations").len(), expect, "{given}");
        }
    }

    #[test]
    fn runtime_classes() {
        let mut view = Objects::default();
        view.add(
            "node.k8s.io/runtimeclasses",
            json!({"metadata": {"name": "vm"}, "overhead": {"podFixed": {"cpu": "1"}}}),
        );
        let pods = resource("", "v1", "pods");
        let create = request(Verb::Create, &pods, "");
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"runtimeClassName": "vm"}});
        runtime_class(&view, &create, &mut pod).unwrap();
        assert_eq!(pod["spec"]["overhead"], json!({"cpu": "1"}));
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"runtimeClassName": "no"}});
        let said = runtime_class(&view, &create, &mut pod).unwrap_err().message;
        assert_eq!(said, "pods \"p\" is forbidden: pod rejected: RuntimeClass \"no\" not found");
    }
}
