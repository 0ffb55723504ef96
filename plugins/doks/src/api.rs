//! DigitalOcean's Kubernetes API, as far as it is used here.

use std::collections::BTreeMap;

use maps_sdk::http::{Api, Request, Response, all_pages};
use maps_sdk::{Class, Problem, Secret};
use serde::{Deserialize, Serialize};

use crate::model::{Day, Taint};

const API: Api = Api::new("https://api.digitalocean.com/v2/kubernetes").credential("api");

/// The most that DigitalOcean gives in one page.
const PER_PAGE: u32 = 200;

/// A cluster as DigitalOcean tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Live {
    pub id: String,
    pub name: String,
    pub region: String,
    pub version: String,
    #[serde(default)]
    pub vpc_uuid: Option<String>,
    #[serde(default)]
    pub ipv4: Option<String>,
    #[serde(default)]
    pub endpoint: Option<String>,
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    #[serde(default)]
    pub node_pools: Vec<LivePool>,
    #[serde(default)]
    pub maintenance_policy: Option<Window>,
    #[serde(default)]
    pub auto_upgrade: bool,
    #[serde(default)]
    pub surge_upgrade: bool,
    #[serde(default)]
    pub ha: bool,
    pub status: Status,
    #[serde(default)]
    pub created_at: Option<String>,
}

/// A cluster's state. An open set: a state that is new to us must not break a read.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub state: String,
    #[serde(default)]
    pub message: Option<String>,
}

/// A maintenance window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub start_time: String,
    pub day: Day,
}

/// A node pool as DigitalOcean tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LivePool {
    pub id: String,
    pub name: String,
    pub size: String,
    pub count: u32,
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub taints: Option<Vec<Taint>>,
    #[serde(default)]
    pub auto_scale: bool,
    #[serde(default)]
    pub min_nodes: u32,
    #[serde(default)]
    pub max_nodes: u32,
    #[serde(default)]
    pub nodes: Option<Vec<Node>>,
}

/// A machine of a pool.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Node {
    #[serde(default)]
    pub status: Option<NodeStatus>,
}

/// A machine's state.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NodeStatus {
    pub state: String,
}

/// The body that makes a cluster.
#[derive(Serialize)]
pub(crate) struct NewCluster<'a> {
    pub name: &'a str,
    pub region: &'a str,
    pub version: &'a str,
    pub ha: bool,
    pub auto_upgrade: bool,
    pub surge_upgrade: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance_policy: Option<Window>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_uuid: Option<&'a str>,
    pub tags: Vec<String>,
    pub node_pools: Vec<PoolBody<'a>>,
}

/// The body that changes a cluster.
#[derive(Serialize)]
pub(crate) struct ClusterBody<'a> {
    pub name: &'a str,
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance_policy: Option<Window>,
    pub auto_upgrade: bool,
    pub surge_upgrade: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ha: Option<bool>,
}

/// The body that makes or changes a node pool; a change does not take the size.
#[derive(Serialize)]
pub(crate) struct PoolBody<'a> {
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<&'a str>,
    pub count: u32,
    pub tags: &'a [String],
    pub labels: &'a BTreeMap<String, String>,
    pub taints: &'a [Taint],
    pub auto_scale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_nodes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_nodes: Option<u32>,
}

/// The body that starts an upgrade.
#[derive(Serialize)]
pub(crate) struct UpgradeBody<'a> {
    pub version: &'a str,
}

#[derive(Deserialize)]
struct OneCluster {
    kubernetes_cluster: Live,
}

#[derive(Deserialize)]
struct ClusterPage {
    #[serde(default)]
    kubernetes_clusters: Vec<Live>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    total: u32,
}

#[derive(Deserialize)]
struct OptionsAnswer {
    options: Options,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    slug: String,
}

#[derive(Deserialize)]
struct Upgrades {
    #[serde(default)]
    available_upgrade_versions: Option<Vec<Version>>,
}

/// Asks for one cluster.
pub(crate) fn get(id: &str) -> Request {
    API.get(&["clusters", id])
}

/// The cluster in an answer, `None` if it is not there. `deleted` is a state in which a cluster is
/// still answered for a while.
pub(crate) fn cluster(answer: Response) -> Result<Option<Live>, Problem> {
    let Some(answer) = answer.accepted_or_absent()? else { return Ok(None) };
    let live = answer.json::<OneCluster>()?.kubernetes_cluster;
    Ok(Some(live).filter(|live| live.status.state != "deleted"))
}

/// Every cluster of the account.
pub(crate) fn list() -> Result<Vec<Live>, Problem> {
    let page = |number: u32| {
        API.get(&["clusters"]).query("page", &number.to_string()).query("per_page", &PER_PAGE.to_string())
    };
    all_pages(page, |answer| {
        let page: ClusterPage = answer.json()?;
        let pages = page.meta.map_or(1, |meta| meta.total.div_ceil(PER_PAGE));
        Ok((page.kubernetes_clusters, pages))
    })
}

/// The version slugs that a new cluster can have.
pub(crate) fn versions() -> Result<Vec<String>, Problem> {
    let answer: OptionsAnswer = API.get(&["options"]).read()?.accepted()?.json()?;
    Ok(answer.options.versions.into_iter().map(|version| version.slug).collect())
}

/// The version slugs that a cluster can be upgraded to.
pub(crate) fn upgrades(id: &str) -> Result<Vec<String>, Problem> {
    let answer: Upgrades = API.get(&["clusters", id, "upgrades"]).read()?.accepted()?.json()?;
    Ok(answer.available_upgrade_versions.unwrap_or_default().into_iter().map(|version| version.slug).collect())
}

/// Asks for a kubeconfig; the manifest has the host seal the answer.
pub(crate) fn get_kubeconfig(id: &str) -> Request {
    API.get(&["clusters", id, "kubeconfig"])
}

/// The sealed kubeconfig in an answer.
pub(crate) fn kubeconfig(answer: Response) -> Result<Secret, Problem> {
    answer.accepted()?.json()
}

/// Makes a cluster.
pub(crate) fn create(body: &NewCluster<'_>) -> Result<Request, Problem> {
    API.post(&["clusters"]).json(body)
}

/// Changes a cluster.
pub(crate) fn update(id: &str, body: &ClusterBody<'_>) -> Result<Request, Problem> {
    API.put(&["clusters", id]).json(body)
}

/// Starts an upgrade.
pub(crate) fn upgrade(id: &str, version: &str) -> Result<Request, Problem> {
    API.post(&["clusters", id, "upgrade"]).json(&UpgradeBody { version })
}

/// Removes a cluster.
pub(crate) fn delete(id: &str) -> Request {
    API.delete(&["clusters", id])
}

/// Adds a pool.
pub(crate) fn add_pool(id: &str, body: &PoolBody<'_>) -> Result<Request, Problem> {
    API.post(&["clusters", id, "node_pools"]).json(body)
}

/// Changes a pool.
pub(crate) fn update_pool(id: &str, pool: &str, body: &PoolBody<'_>) -> Result<Request, Problem> {
    API.put(&["clusters", id, "node_pools", pool]).json(body)
}

/// Removes a pool.
pub(crate) fn delete_pool(id: &str, pool: &str) -> Request {
    API.delete(&["clusters", id, "node_pools", pool])
}

/// What a refused create means. DigitalOcean tells of a taken name by 422 and its message only.
pub(crate) fn created(answer: Response, name: &str) -> Result<Live, Problem> {
    let answer = answer.accepted().map_err(|problem| {
        if problem.code == "http-422" && problem.message.contains("already exists") {
            Problem::new(Class::Conflict, "cluster-name-taken", format!("the account has another cluster named {name}"))
                .at("name")
                .help("choose another name, or import the cluster")
        } else {
            problem
        }
    })?;
    Ok(answer.json::<OneCluster>()?.kubernetes_cluster)
}
