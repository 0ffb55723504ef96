//! DigitalOcean's Kubernetes API, as far as it is used here.

use maps_sdk::http::{Api, Request, Response, all_pages};
use maps_sdk::{Class, Problem, Secret};
use serde::Deserialize;

use crate::body;
use crate::live::{Live, LivePool};

const API: Api = Api::new("https://api.digitalocean.com/v2/kubernetes").credential("api");

/// The most that DigitalOcean gives in one page.
const PER_PAGE: u32 = 200;

#[derive(Deserialize)]
struct OneCluster {
    kubernetes_cluster: Live,
}

#[derive(Deserialize)]
struct OnePool {
    node_pool: LivePool,
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

/// What a cluster's controllers made, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct AssociatedList {
    pub load_balancers: Vec<AssociatedOne>,
    pub volumes: Vec<AssociatedOne>,
    pub volume_snapshots: Vec<AssociatedOne>,
}

/// One thing that a cluster's controllers made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct AssociatedOne {
    pub id: String,
    #[serde(default)]
    pub name: String,
}

/// What became of a write.
pub(crate) enum Written {
    /// It is done, and this was answered.
    Done(Response),
    /// What it is about is not there.
    Gone,
    /// The cluster is busy with something else, and does not take it now.
    Busy,
}

/// The answer itself if its status is 2xx, else the problem that it is.
fn accepted(answer: Response) -> Result<Response, Problem> {
    answer.accepted().map_err(refused)
}

fn refused(problem: Problem) -> Problem {
    match problem.class {
        Class::Denied => problem.help("the token needs the scopes kubernetes and tag, for reading and writing"),
        _ => problem,
    }
}

/// As [`accepted`], with `None` where the thing is not there.
fn accepted_or_absent(answer: Response) -> Result<Option<Response>, Problem> {
    if matches!(answer.status, 404 | 410) { Ok(None) } else { accepted(answer).map(Some) }
}

/// What became of a write.
pub(crate) fn written(answer: Response) -> Result<Written, Problem> {
    match answer.status {
        404 | 410 => Ok(Written::Gone),
        // DigitalOcean changes a cluster only while it runs.
        409 | 412 | 423 => Ok(Written::Busy),
        _ => accepted(answer).map(Written::Done),
    }
}

/// Asks for one cluster.
pub(crate) fn get(id: &str) -> Request {
    API.get(&["clusters", id])
}

/// The cluster in an answer, `None` if it is not there. `deleted` is a state in which a cluster is
/// still answered for a while.
pub(crate) fn cluster(answer: Response) -> Result<Option<Live>, Problem> {
    let Some(answer) = accepted_or_absent(answer)? else { return Ok(None) };
    let live = answer.json::<OneCluster>()?.kubernetes_cluster;
    Ok(Some(live).filter(|live| !live.is("deleted")))
}

/// Every cluster of the account.
pub(crate) fn list() -> Result<Vec<Live>, Problem> {
    let page = |number: u32| {
        API.get(&["clusters"]).query("page", &number.to_string()).query("per_page", &PER_PAGE.to_string())
    };
    let all = all_pages(page, |answer| {
        let page: ClusterPage = answer.json()?;
        let pages = page.meta.map_or(1, |meta| meta.total.div_ceil(PER_PAGE));
        Ok((page.kubernetes_clusters, pages))
    })
    .map_err(refused)?;
    Ok(all.into_iter().filter(|live| !live.is("deleted")).collect())
}

/// Asks for what a new cluster can have.
pub(crate) fn get_options() -> Request {
    API.get(&["options"])
}

/// The version slugs that a new cluster can have.
pub(crate) fn versions(answer: Response) -> Result<Vec<String>, Problem> {
    let answer: OptionsAnswer = accepted(answer)?.json()?;
    Ok(answer.options.versions.into_iter().map(|version| version.slug).collect())
}

/// Asks what a cluster can be upgraded to.
pub(crate) fn get_upgrades(id: &str) -> Request {
    API.get(&["clusters", id, "upgrades"])
}

/// The version slugs that a cluster can be upgraded to.
pub(crate) fn upgrades(answer: Response) -> Result<Vec<String>, Problem> {
    let answer: Upgrades = accepted(answer)?.json()?;
    Ok(answer.available_upgrade_versions.unwrap_or_default().into_iter().map(|version| version.slug).collect())
}

/// Asks for a kubeconfig; the manifest has the host seal the answer.
pub(crate) fn get_kubeconfig(id: &str) -> Request {
    API.get(&["clusters", id, "kubeconfig"])
}

/// The sealed kubeconfig in an answer.
pub(crate) fn kubeconfig(answer: Response) -> Result<Secret, Problem> {
    accepted(answer)?.json()
}

/// Asks what the cluster's controllers made.
pub(crate) fn get_associated(id: &str) -> Request {
    API.get(&["clusters", id, "destroy_with_associated_resources"])
}

/// What the cluster's controllers made; `None` if there is no such cluster.
pub(crate) fn associated(answer: Response) -> Result<Option<AssociatedList>, Problem> {
    accepted_or_absent(answer)?.map(|answer| answer.json()).transpose()
}

/// Makes a cluster.
pub(crate) fn create(body: &body::NewCluster<'_>) -> Result<Request, Problem> {
    API.post(&["clusters"]).json(body)
}

/// Changes a cluster.
pub(crate) fn update(id: &str, body: &body::Settings<'_>) -> Result<Request, Problem> {
    API.put(&["clusters", id]).json(body)
}

/// Starts an upgrade.
pub(crate) fn upgrade(id: &str, version: &str) -> Result<Request, Problem> {
    API.post(&["clusters", id, "upgrade"]).json(&body::Upgrade { version })
}

/// Integrates the account's registry with a cluster, or ends that.
pub(crate) fn registry(id: &str, wanted: bool) -> Result<Request, Problem> {
    let method = if wanted { "POST" } else { "DELETE" };
    API.request(method, &["registry"]).json(&body::Registry { cluster_uuids: [id], registries: None })
}

/// Integrates registries with a cluster, or ends that.
pub(crate) fn registries(id: &str, names: &[String], wanted: bool) -> Result<Request, Problem> {
    let method = if wanted { "POST" } else { "DELETE" };
    API.request(method, &["registries"]).json(&body::Registry { cluster_uuids: [id], registries: Some(names) })
}

/// Removes a cluster, and leaves what its controllers made.
pub(crate) fn delete(id: &str) -> Request {
    API.delete(&["clusters", id])
}

/// Removes a cluster with some of what its controllers made.
pub(crate) fn delete_with(id: &str, selection: &body::Selection) -> Result<Request, Problem> {
    API.delete(&["clusters", id, "destroy_with_associated_resources", "selective"]).json(selection)
}

/// Removes a cluster with all that its controllers made.
pub(crate) fn delete_with_all(id: &str) -> Request {
    API.delete(&["clusters", id, "destroy_with_associated_resources", "dangerous"])
}

/// Adds a pool.
pub(crate) fn add_pool(id: &str, body: &body::Pool<'_>) -> Result<Request, Problem> {
    API.post(&["clusters", id, "node_pools"]).json(body)
}

/// Changes a pool.
pub(crate) fn update_pool(id: &str, pool: &str, body: &body::Pool<'_>) -> Result<Request, Problem> {
    API.put(&["clusters", id, "node_pools", pool]).json(body)
}

/// Removes a pool.
pub(crate) fn delete_pool(id: &str, pool: &str) -> Request {
    API.delete(&["clusters", id, "node_pools", pool])
}

/// The cluster that was made, or what its refusal means.
pub(crate) fn created(answer: Response, name: &str) -> Result<Live, Problem> {
    let answer = accepted(answer).map_err(|problem| named(problem, name))?;
    Ok(answer.json::<OneCluster>()?.kubernetes_cluster)
}

/// The pool that an answer tells of.
pub(crate) fn pool(answer: &Response) -> Result<LivePool, Problem> {
    Ok(answer.json::<OnePool>()?.node_pool)
}

/// DigitalOcean tells of a taken name by 422 and its message only.
pub(crate) fn named(problem: Problem, name: &str) -> Problem {
    if problem.code != "http-422" || !problem.message.contains("already exists") {
        return problem;
    }
    let message = format!("the account has another cluster named {name}");
    let help = format!("choose another name, or take the cluster over with `options: {{import: {name}}}`");
    Problem::new(Class::Conflict, "cluster-name-taken", message).at("name").help(help)
}
