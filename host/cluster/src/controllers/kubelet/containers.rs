//! The statuses of a Pod's containers.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::images;
use crate::controllers::object::{items, text, truth, uid};

/// How far a Pod has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its volumes are not there.
    Creating,
    /// An image is not there.
    BackOff,
    /// This container's environment is not there, for this reason.
    Misconfigured(String, String),
    /// All run.
    Running,
    /// All have done their work.
    Done,
    /// All were stopped.
    Killed,
}

/// Writes what the containers do at a stage.
pub(super) fn put_statuses(pod: &mut Value, stage: &Stage, now: &str) {
    let inits = items(pod, "/spec/initContainers");
    // The first init container that cannot run holds up all that come after it.
    let holds = |container: &Value| match stage {
        Stage::Creating => true,
        Stage::BackOff => images::is_missing(text(container, "/image")),
        Stage::Misconfigured(name, _) => name == text(container, "/name"),
        _ => false,
    };
    let stuck = inits.iter().position(holds);
    let early = |(index, container): (usize, &Value)| {
        let beside = text(container, "/restartPolicy") == "Always";
        match stuck {
            Some(stuck) if index > stuck => status(pod, container, &waiting("PodInitializing", ""), now),
            Some(stuck) if index == stuck => status(pod, container, &held(container, stage), now),
            _ if beside && *stage != Stage::Done => status(pod, container, &State::Running, now),
            _ => status(pod, container, &State::Ended("Completed", 0), now),
        }
    };
    let init_statuses: Vec<Value> = inits.iter().enumerate().map(early).collect();
    let late = |container: &Value| match stage {
        _ if stuck.is_some() => status(pod, container, &waiting("PodInitializing", ""), now),
        Stage::Done => status(pod, container, &State::Ended("Completed", 0), now),
        Stage::Killed => status(pod, container, &State::Ended("Error", 137), now),
        Stage::Running => status(pod, container, &State::Running, now),
        _ if holds(container) => status(pod, container, &held(container, stage), now),
        // Its own image is there: it runs beside those that do not.
        _ => status(pod, container, &State::Running, now),
    };
    let statuses: Vec<Value> = items(pod, "/spec/containers").iter().map(late).collect();
    if !init_statuses.is_empty() {
        pod["status"]["initContainerStatuses"] = Value::Array(init_statuses);
    }
    pod["status"]["containerStatuses"] = Value::Array(statuses);
}

enum State {
    Waiting(&'static str, String),
    Running,
    Ended(&'static str, i64),
}

fn waiting(reason: &'static str, message: &str) -> State {
    State::Waiting(reason, message.to_owned())
}

fn held(container: &Value, stage: &Stage) -> State {
    let image = text(container, "/image");
    match stage {
        Stage::BackOff => {
            let why = format!("Back-off pulling image {image:?}: ErrImagePull: {}", images::why_missing(image));
            waiting("ImagePullBackOff", &why)
        }
        Stage::Misconfigured(_, why) => waiting("CreateContainerConfigError", why),
        _ => waiting("ContainerCreating", ""),
    }
}

fn status(pod: &Value, container: &Value, state: &State, now: &str) -> Value {
    let title = text(container, "/name");
    let before = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let before = before.iter().flat_map(|list| items(pod, list)).find(|status| text(status, "/name") == title);
    let begun = before.map(|before| text(before, "/state/running/startedAt")).filter(|begun| !begun.is_empty());
    let begun = begun.unwrap_or(now).to_owned();
    let image = text(container, "/image");
    let digest = |what: &str| {
        let bytes = Sha256::digest(what.as_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let id = format!("containerd://{}", digest(&format!("{} {title}", uid(pod))));
    let mut shown = Map::new();
    let mut put = |field: &str, value: Value| shown.insert(field.to_owned(), value);
    put("name", json!(title));
    put("restartCount", json!(0));
    put("lastState", json!({}));
    let is_init = items(pod, "/spec/initContainers").iter().any(|init| text(init, "/name") == title);
    let (ready, started, state) = match state {
        State::Waiting(reason, message) if message.is_empty() => (false, false, json!({"waiting": {"reason": reason}})),
        State::Waiting(reason, message) => (false, false, json!({"waiting": {"reason": reason, "message": message}})),
        State::Running => (true, true, json!({"running": {"startedAt": begun}})),
        State::Ended(reason, code) => {
            let ended = json!({
                "exitCode": code, "reason": reason, "startedAt": begun, "finishedAt": now, "containerID": id,
            });
            (is_init && *code == 0, false, json!({"terminated": ended}))
        }
    };
    let exists = state.get("waiting").is_none();
    put("ready", json!(ready));
    put("started", json!(started));
    put("state", state);
    if exists {
        put("image", json!(images::full_name(image)));
        put(
            "imageID",
            json!(format!("{}@sha256:{}", images::full_name(image).split(':').next().unwrap_or(image), digest(image))),
        );
        put("containerID", json!(id));
    } else {
        put("image", json!(image));
        put("imageID", json!(""));
    }
    Value::Object(shown)
}

/// The names of the containers that are not ready.
pub(super) fn not_ready(pod: &Value, list: &str) -> Vec<String> {
    let waiting = items(pod, list).iter().filter(|status| !truth(status, "/ready"));
    waiting.map(|status| text(status, "/name").to_owned()).collect()
}

/// Whether all init containers are done, or run beside.
pub(super) fn is_initialized(pod: &Value) -> bool {
    not_ready(pod, "/status/initContainerStatuses").is_empty()
}
