//! Workloads: what makes Pods.

use serde_json::{Value, json};

use super::age::{age, human, since};
use super::label::{containers, labels, or_none, selector};
use super::{AGE, NAME, Table, boolean, integer, text, wide};
use crate::controllers::object::{
    controller, group_version, integer as number, is_deleted, is_true, items, name, text as at, unix,
};

fn count(object: &Value, pointer: &str) -> Value {
    json!(number(object, pointer).unwrap_or_default())
}

fn of(object: &Value, part: &str, whole: &str) -> Value {
    let number = |pointer| number(object, pointer).unwrap_or_default();
    json!(format!("{}/{}", number(part), number(whole)))
}

fn selected(object: &Value, pointer: &str) -> Value {
    json!(or_none(selector(object.pointer(pointer))))
}

pub(super) static POD_TEMPLATE: Table = Table {
    columns: &[NAME, text("Containers"), text("Images"), text("Pod Labels")],
    cells: |object, _| {
        let [names, images] = containers(object, "/template/spec");
        vec![json!(name(object)), names, images, json!(labels(object, "/template/metadata/labels"))]
    },
};

pub(super) static REPLICATION_CONTROLLER: Table = Table {
    columns: &[
        NAME,
        integer("Desired"),
        integer("Current"),
        integer("Ready"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |object, now| replicas(object, now, json!(labels(object, "/spec/selector"))),
};

pub(super) static REPLICA_SET: Table = Table {
    columns: REPLICATION_CONTROLLER.columns,
    cells: |object, now| replicas(object, now, selected(object, "/spec/selector")),
};

fn replicas(object: &Value, now: i64, selector: Value) -> Vec<Value> {
    let [names, images] = containers(object, "/spec/template/spec");
    vec![
        json!(name(object)),
        count(object, "/spec/replicas"),
        count(object, "/status/replicas"),
        count(object, "/status/readyReplicas"),
        age(object, now),
        names,
        images,
        selector,
    ]
}

pub(super) static DEPLOYMENT: Table = Table {
    columns: &[
        NAME,
        text("Ready"),
        text("Up-to-date"),
        text("Available"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |object, now| {
        let [names, images] = containers(object, "/spec/template/spec");
        vec![
            json!(name(object)),
            of(object, "/status/readyReplicas", "/spec/replicas"),
            count(object, "/status/updatedReplicas"),
            count(object, "/status/availableReplicas"),
            age(object, now),
            names,
            images,
            json!(selector(object.pointer("/spec/selector"))),
        ]
    },
};

pub(super) static STATEFUL_SET: Table = Table {
    columns: &[NAME, text("Ready"), AGE, wide("Containers"), wide("Images")],
    cells: |object, now| {
        let [names, images] = containers(object, "/spec/template/spec");
        let ready = of(object, "/status/readyReplicas", "/spec/replicas");
        vec![json!(name(object)), ready, age(object, now), names, images]
    },
};

pub(super) static DAEMON_SET: Table = Table {
    columns: &[
        NAME,
        integer("Desired"),
        integer("Current"),
        integer("Ready"),
        integer("Up-to-date"),
        integer("Available"),
        text("Node Selector"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |object, now| {
        let [names, images] = containers(object, "/spec/template/spec");
        vec![
            json!(name(object)),
            count(object, "/status/desiredNumberScheduled"),
            count(object, "/status/currentNumberScheduled"),
            count(object, "/status/numberReady"),
            count(object, "/status/updatedNumberScheduled"),
            count(object, "/status/numberAvailable"),
            json!(labels(object, "/spec/template/spec/nodeSelector")),
            age(object, now),
            names,
            images,
            selected(object, "/spec/selector"),
        ]
    },
};

pub(super) static CONTROLLER_REVISION: Table = Table {
    columns: &[NAME, text("Controller"), text("Revision"), AGE],
    cells: |object, now| {
        let owner = controller(object).map(|owner| {
            let (group, _) = group_version(at(owner, "/apiVersion"));
            let kind = at(owner, "/kind").to_lowercase();
            let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
            format!("{kind}/{}", at(owner, "/name"))
        });
        let owner = owner.unwrap_or_else(|| "<none>".to_owned());
        vec![json!(name(object)), json!(owner), count(object, "/revision"), age(object, now)]
    },
};

pub(super) static JOB: Table = Table {
    columns: &[
        NAME,
        text("Status"),
        text("Completions"),
        text("Duration"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |object, now| {
        let done = number(object, "/status/succeeded").unwrap_or_default();
        let side_by_side = number(object, "/spec/parallelism").unwrap_or_default();
        let completions = match number(object, "/spec/completions") {
            Some(wanted) => format!("{done}/{wanted}"),
            None if side_by_side > 1 => format!("{done}/1 of {side_by_side}"),
            None => format!("{done}/1"),
        };
        let (begun, ended) = (unix(at(object, "/status/startTime")), unix(at(object, "/status/completionTime")));
        let duration = begun.map(|begun| human(ended.unwrap_or(now) - begun)).unwrap_or_default();
        let [names, images] = containers(object, "/spec/template/spec");
        vec![
            json!(name(object)),
            json!(job_status(object)),
            json!(completions),
            json!(duration),
            age(object, now),
            names,
            images,
            selected(object, "/spec/selector"),
        ]
    },
};

fn job_status(job: &Value) -> &'static str {
    match () {
        () if is_true(job, "Complete") => "Complete",
        () if is_true(job, "Failed") => "Failed",
        () if is_deleted(job) => "Terminating",
        () if is_true(job, "Suspended") => "Suspended",
        () if is_true(job, "FailureTarget") => "FailureTarget",
        () => "Running",
    }
}

pub(super) static CRON_JOB: Table = Table {
    columns: &[
        NAME,
        text("Schedule"),
        text("Timezone"),
        boolean("Suspend"),
        integer("Active"),
        text("Last Schedule"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |object, now| {
        let last = match at(object, "/status/lastScheduleTime") {
            "" => "<none>".to_owned(),
            _ => since(object, "/status/lastScheduleTime", now),
        };
        let suspended = match object.pointer("/spec/suspend").and_then(Value::as_bool) {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        let [names, images] = containers(object, "/spec/jobTemplate/spec/template/spec");
        vec![
            json!(name(object)),
            json!(at(object, "/spec/schedule")),
            json!(or_none(at(object, "/spec/timeZone").to_owned())),
            json!(suspended),
            json!(items(object, "/status/active").len()),
            json!(last),
            age(object, now),
            names,
            images,
            selected(object, "/spec/jobTemplate/spec/selector"),
        ]
    },
};
