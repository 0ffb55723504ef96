//! Autoscalers, with what they measure and what they aim at.

use serde_json::{Value, json};

use super::age::age;
use super::label::or;
use super::{AGE, NAME, Table, integer, text};
use crate::controllers::object::{integer as number, items, name, text as at};

pub(super) static HORIZONTAL_POD_AUTOSCALER: Table = Table {
    columns: &[NAME, text("Reference"), text("Targets"), text("MinPods"), text("MaxPods"), text("Replicas"), AGE],
    cells: |object, now| {
        let target = "/spec/scaleTargetRef";
        let least = number(object, "/spec/minReplicas").map_or("<unset>".to_owned(), |least| least.to_string());
        vec![
            json!(name(object)),
            json!(format!("{}/{}", at(object, &format!("{target}/kind")), at(object, &format!("{target}/name")))),
            json!(targets(items(object, "/spec/metrics"), items(object, "/status/currentMetrics"))),
            json!(least),
            json!(number(object, "/spec/maxReplicas").unwrap_or_default()),
            json!(number(object, "/status/currentReplicas").unwrap_or_default()),
            age(object, now),
        ]
    },
};

pub(super) static SCALE: Table = Table {
    columns: &[text("Name"), integer("Desired"), integer("Available"), AGE],
    cells: |object, now| {
        vec![
            json!(name(object)),
            json!(number(object, "/spec/replicas").unwrap_or_default()),
            json!(number(object, "/status/replicas").unwrap_or_default()),
            age(object, now),
        ]
    },
};

fn targets(wanted: &[Value], measured: &[Value]) -> String {
    let each: Vec<String> =
        wanted.iter().enumerate().map(|(index, metric)| target(metric, measured.get(index))).collect();
    match each.len() {
        0 => "<none>".to_owned(),
        count @ 3.. => format!("{} + {} more...", each[..2].join(", "), count - 2),
        _ => each.join(", "),
    }
}

fn target(metric: &Value, measured: Option<&Value>) -> String {
    let field = match at(metric, "/type") {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let aim = |leaf: &str| at(metric, &format!("/{field}/target/{leaf}")).to_owned();
    let now = |leaf: &str| {
        let current = measured.map(|measured| at(measured, &format!("/{field}/current/{leaf}")));
        or(current.unwrap_or_default(), "<unknown>")
    };
    let average = aim("averageValue");
    match field {
        "pods" => format!("{}/{average}", now("averageValue")),
        "external" | "object" if average.is_empty() => format!("{}/{}", now("value"), aim("value")),
        "external" | "object" => format!("{}/{average} (avg)", now("averageValue")),
        _ => {
            let what = at(metric, &format!("/{field}/name")).to_owned();
            if !average.is_empty() {
                return format!("{what}: {}/{average}", now("averageValue"));
            }
            let share = |of: Option<&Value>, part: &str, other: &str| {
                let share = of.and_then(|of| number(of, &format!("/{field}/{part}/averageUtilization")));
                share.map_or(other.to_owned(), |share| format!("{share}%"))
            };
            format!("{what}: {}/{}", share(measured, "current", "<unknown>"), share(Some(metric), "target", "<auto>"))
        }
    }
}
