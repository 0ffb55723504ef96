//! The cluster of the plugin's config.

use maps_sdk::kube::Cluster;
use maps_sdk::{Context, Problem, Secret};
use serde::Deserialize;

pub(crate) use maps_kube_objects::cluster::{CHUNK, Scopes, defined, fetch, is_unknown_kind};

/// The plugin's config.
#[derive(Deserialize)]
struct Config {
    cluster: Secret,
}

/// The cluster that the config names.
///
/// # Errors
/// When it names none.
pub(crate) fn cluster(context: &Context) -> Result<Cluster, Problem> {
    let config: Config = context.config().map_err(|problem| {
        problem.help("give the plugin its cluster: `config: {cluster: \"${cluster.kubeconfig}\"}`")
    })?;
    Ok(Cluster::new(&config.cluster))
}
