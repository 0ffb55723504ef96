//! Pods.

use serde_json::{Value, json};

use super::age::{age, human};
use super::label::or_none;
use super::{AGE, Column, NAME, Printer, text, wide};
use crate::controllers::object::{condition, integer, is_deleted, is_true, items, name, text as at, truth, unix};

const COLUMNS: &[Column] = &[
    NAME,
    text("Ready"),
    text("Status"),
    text("Restarts"),
    AGE,
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

/// Pods.
pub(super) static POD: Pods = Pods;

/// Shows Pods.
#[derive(Debug)]
pub(super) struct Pods;

impl Printer for Pods {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn cells(&self, pod: &Value, now: i64) -> Vec<Value> {
        let state = State::of(pod);
        let restarts = match state.last_restart {
            Some(moment) if state.restarts > 0 => format!("{} ({} ago)", state.restarts, human(now - moment)),
            _ => state.restarts.to_string(),
        };
        let gates = items(pod, "/spec/readinessGates");
        let met = gates.iter().filter(|gate| is_true(pod, at(gate, "/conditionType"))).count();
        vec![
            json!(name(pod)),
            json!(format!("{}/{}", state.ready, state.containers)),
            json!(state.reason),
            json!(restarts),
            age(pod, now),
            json!(or_none(at(pod, "/status/podIPs/0/ip").to_owned())),
            json!(or_none(at(pod, "/spec/nodeName").to_owned())),
            json!(or_none(at(pod, "/status/nominatedNodeName").to_owned())),
            json!(if gates.is_empty() { "<none>".to_owned() } else { format!("{met}/{}", gates.len()) }),
        ]
    }

    fn conditions(&self, pod: &Value) -> Vec<Value> {
        let message = match at(pod, "/status/phase") {
            "Succeeded" => "The pod has completed successfully.",
            "Failed" => "The pod failed.",
            _ => return Vec::new(),
        };
        let reason = at(pod, "/status/phase");
        vec![json!({"type": "Completed", "status": "True", "reason": reason, "message": message})]
    }
}

/// What a Pod's containers come to.
struct State {
    reason: String,
    ready: usize,
    containers: usize,
    restarts: i64,
    last_restart: Option<i64>,
}

impl State {
    fn of(pod: &Value) -> Self {
        let inits = items(pod, "/spec/initContainers");
        let goes_on =
            |name: &str| inits.iter().any(|init| at(init, "/name") == name && at(init, "/restartPolicy") == "Always");
        let beside = inits.iter().filter(|init| at(init, "/restartPolicy") == "Always").count();
        let mut state = Self {
            reason: match at(pod, "/status/reason") {
                "" => at(pod, "/status/phase").to_owned(),
                reason => reason.to_owned(),
            },
            ready: 0,
            containers: items(pod, "/spec/containers").len() + beside,
            restarts: 0,
            last_restart: None,
        };
        let gated = |scheduled: &Value| at(scheduled, "/reason") == "SchedulingGated";
        if condition(pod, "PodScheduled").is_some_and(gated) {
            "SchedulingGated".clone_into(&mut state.reason);
        }
        let initializing = state.initialize(pod, inits.len(), &goes_on);
        if !initializing || is_true(pod, "Initialized") {
            state.restarts = 0;
            state.last_restart = None;
            for init in items(pod, "/status/initContainerStatuses").iter().filter(|init| goes_on(at(init, "/name"))) {
                state.count(init);
            }
            state.run(pod);
        }
        if is_deleted(pod) {
            let ended = matches!(at(pod, "/status/phase"), "Succeeded" | "Failed");
            if at(pod, "/status/reason") == "NodeLost" {
                "Unknown".clone_into(&mut state.reason);
            } else if !ended {
                "Terminating".clone_into(&mut state.reason);
            }
        }
        state
    }

    fn count(&mut self, container: &Value) {
        self.restarts += integer(container, "/restartCount").unwrap_or_default();
        self.last_restart = self.last_restart.max(unix(at(container, "/lastState/terminated/finishedAt")));
    }

    /// Whether init containers are still at it; then the reason is the first that is not done.
    fn initialize(&mut self, pod: &Value, all: usize, goes_on: &dyn Fn(&str) -> bool) -> bool {
        for (index, init) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.count(init);
            let terminated = init.pointer("/state/terminated");
            let waiting = at(init, "/state/waiting/reason");
            if terminated.is_some_and(|ended| integer(ended, "/exitCode") == Some(0)) {
                continue;
            }
            if goes_on(at(init, "/name")) && truth(init, "/started") {
                self.ready += usize::from(truth(init, "/ready"));
                continue;
            }
            self.reason = match (terminated, waiting) {
                (Some(ended), _) => format!("Init:{}", how_it_ended(ended)),
                (None, "" | "PodInitializing") => format!("Init:{index}/{all}"),
                (None, reason) => format!("Init:{reason}"),
            };
            return true;
        }
        false
    }

    fn run(&mut self, pod: &Value) {
        let mut runs = false;
        for container in items(pod, "/status/containerStatuses").iter().rev() {
            self.count(container);
            let waiting = at(container, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if let Some(ended) = container.pointer("/state/terminated") {
                self.reason = how_it_ended(ended);
            } else if truth(container, "/ready") && container.pointer("/state/running").is_some() {
                runs = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && runs {
            let reason = if is_true(pod, "Ready") { "Running" } else { "NotReady" };
            reason.clone_into(&mut self.reason);
        }
    }
}

fn how_it_ended(ended: &Value) -> String {
    let signal = integer(ended, "/signal").unwrap_or_default();
    match at(ended, "/reason") {
        "" if signal != 0 => format!("Signal:{signal}"),
        "" => format!("ExitCode:{}", integer(ended, "/exitCode").unwrap_or_default()),
        reason => reason.to_owned(),
    }
}
