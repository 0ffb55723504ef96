//! Five hundred manifests in a cluster of the local cloud.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::cloud::Cloud;
use super::figure::{Figure, Unit};
use super::place::Place;
use crate::{Failure, process};

/// How many objects there are.
const MANIFESTS: usize = 500;
/// How often the plan is measured.
const RUNS: usize = 3;
/// What a plan of them may ask for when there is nothing to do: lists, not gets.
const PLAN_REQUESTS: f64 = 30.0;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let cloud = Cloud::serve(place, "kube-cloud")?;
    let stack = place.stack("kube", &stack(MANIFESTS))?;
    let maps = |command: &str| maps(place, &stack, &cloud, command);
    // Compiles the plugins, which is done once for all runs to come.
    process::run(maps("plan").stdout(Stdio::null()))?;
    let before = cloud.counts()?;
    let apply = place.usage(&maps("run"), 1)?;
    let between = cloud.counts()?;
    let plan = place.usage(&maps("plan"), RUNS)?;
    let planned = cloud.counts()?.since(&between).all() / RUNS as f64;
    let applied = between.since(&before).all();
    let made = format!("maps run, a cluster and {MANIFESTS} manifests in it");
    let again = "maps plan of them, nothing to do";
    Ok(vec![
        Figure::new(format!("{made}: CPU"), apply.cpu, Unit::Seconds),
        Figure::new(format!("{made}: peak memory"), apply.peak, Unit::Mebibytes),
        Figure::new(format!("{made}: requests"), applied, Unit::Requests),
        Figure::new(format!("{again}: CPU"), plan.cpu, Unit::Seconds),
        Figure::new(format!("{again}: peak memory"), plan.peak, Unit::Mebibytes),
        Figure::new(format!("{again}: requests"), planned, Unit::Requests).within(PLAN_REQUESTS),
    ])
}

fn maps(place: &Place, stack: &PathBuf, cloud: &Cloud, command: &str) -> Command {
    let mut maps = place.maps([command]);
    maps.arg(stack).arg(cloud.flag()).env_remove("MAPS_PLUGINS");
    if command == "run" {
        maps.arg("--yes");
    }
    maps
}

/// A cluster, and as many manifests of one small object each.
fn stack(count: usize) -> String {
    let each: Vec<String> = (0..count).map(|n| format!("m{n}: value-{n}")).collect();
    format!(
        r#"maps: v1
stack: bench
inputs:
  do_token: {{type: string, secret: true}}
credentials:
  digitalocean: {{value: "${{inputs.do_token}}", hosts: [api.digitalocean.com]}}
plugins:
  doks: {{source: doks, credentials: {{api: digitalocean}}}}
  kube: {{source: kube, config: {{cluster: "${{cluster.kubeconfig}}"}}}}
resources:
  cluster:
    type: doks/cluster
    with: {{name: bench, region: fra1, version: "1.33", node_pools: [{{name: all, size: s-2vcpu-4gb, count: 2}}]}}
  manifest:
    each: {{{}}}
    type: kube/manifest
    with:
      manifest:
        apiVersion: v1
        kind: ConfigMap
        metadata: {{name: "${{each.key}}", namespace: default}}
        data: {{value: "${{each.value}}"}}
"#,
        each.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_as_many_as_were_asked_for() {
        let text = stack(3);
        assert!(text.contains("{m0: value-0, m1: value-1, m2: value-2}"), "{text}");
    }
}
