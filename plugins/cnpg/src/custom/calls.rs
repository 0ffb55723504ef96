//! The cluster of the plugin's config, and reads of it.

use maps_sdk::kube::Cluster;
use maps_sdk::{Class, Context, Problem, Secret};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, GROUP, Place};

/// The plugin's config.
#[derive(Deserialize)]
struct Config {
    cluster: Secret,
}

pub(super) fn cluster(context: &Context) -> Answer<Cluster> {
    let config: Config = context.config().map_err(|problem| {
        problem.help("give the plugin its cluster: `config: {cluster: \"${cluster.kubeconfig}\"}`")
    })?;
    Ok(Cluster::new(&config.cluster))
}

/// One answer for each, all the same problem.
pub(super) fn all_fail<T>(count: usize, problem: &Problem) -> Vec<Answer<T>> {
    (0..count).map(|_| Err(problem.clone())).collect()
}

pub(super) fn no_answer() -> Problem {
    Problem::internal("no-answer", "the host answered too few objects")
}

/// The objects as they are; a kind that the cluster does not know has none.
pub(super) fn fetch(context: &Context, kind: &str, places: &[Place]) -> Vec<Answer<Option<Value>>> {
    let references: Vec<_> = places.iter().map(|place| place.of(kind)).collect();
    if references.is_empty() {
        return Vec::new();
    }
    let known = |answer: Answer<Option<Value>>| match answer {
        Err(problem) if is_unknown_kind(&problem) => Ok(None),
        answer => answer,
    };
    match cluster(context) {
        Ok(cluster) => cluster.get_all(&references).into_iter().map(known).collect(),
        Err(problem) => all_fail(references.len(), &problem),
    }
}

/// Those of the places that are places, each in its own.
pub(super) fn fetch_known(context: &Context, kind: &str, places: &[Answer<Place>]) -> Vec<Answer<Option<Value>>> {
    let known: Vec<Place> = places.iter().flatten().cloned().collect();
    let mut lives = fetch(context, kind, &known).into_iter();
    let told = |place: &Answer<Place>| {
        place.as_ref().map_err(Problem::clone)?;
        lives.next().unwrap_or_else(|| Err(no_answer()))
    };
    places.iter().map(told).collect()
}

pub(super) fn is_unknown_kind(problem: &Problem) -> bool {
    problem.class == Class::NotFound && problem.code == "kind-unknown"
}

/// A refusal of the API server, with what to do about it.
pub(super) fn explained(problem: Problem) -> Problem {
    if is_unknown_kind(&problem) {
        let help = "CloudNativePG, whose kind this is, has to be in the cluster first: depend on its release";
        return problem.help(help);
    }
    if problem.code == "field-manager-conflict" {
        let help = "somebody else set these fields: undo that there, or bring the inputs to what is there";
        return problem.help(help);
    }
    if problem.code == "not-found" && !problem.message.contains(GROUP) {
        return problem.help("its namespace has to be there first: depend on it");
    }
    problem
}
