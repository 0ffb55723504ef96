//! Kubernetes: an API server with its controllers for each cluster that DigitalOcean's API made, and a standing one.
//!
//! Each cluster listens on a port of its own from the moment it exists, since each has an authority of its own;
//! what it holds is opened with the first request that reaches it.

mod keep;
mod nodes;
mod one;
mod outside;
mod serve;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Now;
use crate::digitalocean::{self, Played};
use crate::directory::CloudFile;
use crate::error::Error;
use crate::server::{Shared, lock};
use crate::service::Service;
use crate::store::Documents;
use crate::tls::Authority;
use one::{Identity, One};

/// The name of the service in counts, faults and inventories.
pub(crate) const NAME: &str = "kubernetes";
pub(crate) use outside::{NAME as CONTROLLERS, WEBHOOKS};
/// The id of the standing cluster.
pub(crate) const STANDING: &str = "standing";
/// The logical host of the standing cluster, for rehearsals that use it.
pub(crate) const STANDING_HOST: &str = "standing.k8s.ondigitalocean.com";

/// All clusters of a cloud.
#[derive(Debug)]
pub(crate) struct Clusters {
    live: Mutex<BTreeMap<String, Arc<One>>>,
    tasks: Mutex<JoinSet<()>>,
    stop: watch::Receiver<bool>,
    /// What `cloud.json` says; hosts come and go with clusters.
    file: Mutex<CloudFile>,
    /// What programs in clusters reach.
    services: Arc<[Arc<dyn Service>]>,
    /// The cloud's own, which signs what the world's authorities would.
    authority: Authority,
    /// One at a time brings `live` up to date.
    turn: tokio::sync::Mutex<()>,
}

impl Clusters {
    /// None yet; `services` are what programs in them reach.
    pub(crate) fn new(
        file: CloudFile,
        services: Arc<[Arc<dyn Service>]>,
        authority: Authority,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let (live, tasks) = (Mutex::default(), Mutex::default());
        Self { live, tasks, stop, file: Mutex::new(file), services, authority, turn: tokio::sync::Mutex::default() }
    }

    /// Serves the clusters that there are, no longer those that are gone, and tells `cloud.json`.
    ///
    /// A cluster that cannot be served is told by whoever wants to reach it: nothing listens for it.
    pub(crate) async fn follow(&self, shared: &Arc<Shared>) {
        let _turn = self.turn.lock().await;
        let now = shared.now();
        let Ok(played) = digitalocean::played(shared.store().documents(), now) else { return };
        let wanted: BTreeMap<&str, &Played> = played.iter().map(|cluster| (cluster.id.as_str(), cluster)).collect();
        let gone: Vec<Arc<One>> = {
            let mut live = lock(&self.live);
            let gone: Vec<String> =
                live.keys().filter(|id| *id != STANDING && !wanted.contains_key(id.as_str())).cloned().collect();
            gone.iter().filter_map(|id| live.remove(id)).collect()
        };
        let mut changed = !gone.is_empty();
        for one in gone {
            one.close();
            // What is left of it is taken away by the next cluster that goes; nobody can see it meanwhile.
            let _ = keep::forget(shared, one.id());
            lock(&self.file).hosts.remove(one.host());
        }
        for cluster in &played {
            let known = lock(&self.live).get(&cluster.id).cloned();
            match known {
                Some(one) => one.set_nodes(nodes::of(cluster)),
                None => changed |= self.serve(shared, Identity::of(cluster), nodes::of(cluster)).await.is_ok(),
            }
        }
        if changed {
            // A client that finds no host asks again.
            let _ = lock(&self.file).write(shared.directory().path());
        }
    }

    /// Serves one cluster.
    pub(crate) async fn serve(
        &self,
        shared: &Arc<Shared>,
        identity: Identity,
        nodes: Vec<Value>,
    ) -> Result<String, Error> {
        let outside = Arc::new(outside::Cloud::new(shared, &self.services, &self.authority));
        let one = Arc::new(One::new(identity, nodes, outside));
        let (address, task) = serve::start(shared, &one, &self.stop).await?;
        lock(&self.tasks).spawn(task);
        lock(&self.file).hosts.insert(one.host().to_owned(), address.clone());
        lock(&self.live).insert(one.id().to_owned(), one);
        Ok(address)
    }

    /// Lets the controllers of all clusters that were asked for anything do what is due.
    pub(crate) fn tick(&self) {
        let live: Vec<Arc<One>> = lock(&self.live).values().cloned().collect();
        for one in live {
            one.tick();
        }
    }

    /// What `cloud.json` says now.
    pub(crate) fn file(&self) -> CloudFile {
        lock(&self.file).clone()
    }

    /// Changes what `cloud.json` says.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut CloudFile)) {
        change(&mut lock(&self.file));
    }

    /// Waits until everything has ended that serves.
    pub(crate) async fn ended(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        while tasks.join_next().await.is_some() {}
        lock(&self.live).clear();
    }

    /// Ends everything at once.
    pub(crate) fn abort(&self) {
        lock(&self.tasks).abort_all();
        lock(&self.live).clear();
    }
}

/// The standing cluster's identity, made at the first start.
pub(crate) fn standing(shared: &Shared, authority: &Authority, objects: Vec<Value>) -> Result<Identity, Error> {
    Ok(Identity { objects, ..keep::standing(shared, authority)? })
}

/// The standing cluster's nodes.
pub(crate) fn standing_nodes() -> Vec<Value> {
    nodes::standing()
}

/// What the clusters hold, by their names.
pub(crate) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let mut clusters = Map::new();
    for cluster in digitalocean::played(documents, Now::end_of_time())? {
        clusters.insert(cluster.name.clone(), keep::inventory(documents, &cluster.id));
    }
    if keep::has_standing(documents) {
        clusters.insert(STANDING.to_owned(), keep::inventory(documents, STANDING));
    }
    Ok(Value::Object(clusters))
}
