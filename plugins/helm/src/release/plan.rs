//! What a plan says of a release: the objects that are written, and how they differ from what is installed.

use std::collections::{BTreeMap, BTreeSet};

use maps_kube_objects::id::{Key, ObjectId};
use maps_sdk::kube::Cluster;
use maps_sdk::{Context, Preview, Previewed, Problem};
use serde_json::json;

use super::apply;
use super::content::{self, Version};
use super::difference::{self, Change};
use super::history::History;
use super::model::Inputs;
use super::objects::{self, Item, Of};
use super::record::{Record, status};
use super::{Config, Release};

/// Objects of which the plan tells what changes; the others are counted.
const MOST_TOLD: usize = 12;

/// Where nothing differs from what is there, nothing need be asked.
pub(super) fn unchanged(request: &Preview<Release>) -> Option<Previewed> {
    let prior = request.prior.as_ref()?;
    let (before, outputs) = (prior.inputs.as_ref()?, prior.outputs.as_ref()?);
    let same = |inputs: &Inputs| serde_json::to_value(inputs).ok();
    if !before.changed.is_empty() || outputs.objects.is_empty() || same(before)? != same(&request.inputs)? {
        return None;
    }
    let objects = outputs.objects.iter().map(|id| json!(id)).collect();
    Some(Previewed { outputs: json!({}), objects })
}

pub(super) fn preview(context: &Context, request: &Preview<Release>) -> Result<Previewed, Problem> {
    if !request.known.all() {
        return Ok(Previewed::default());
    }
    if let Some(previewed) = unchanged(request) {
        return Ok(previewed);
    }
    let config: Config = context.config()?;
    let cluster = config.cluster()?;
    let inputs = &request.inputs;
    let history = History::read(&cluster, &inputs.namespace, &inputs.name)?;
    let latest = history.latest();
    let is_upgrade = latest.is_some_and(|latest| latest.status() != status::UNINSTALLED);
    let revision = latest.map_or(1, |latest| latest.release.version + 1);
    let mut warnings = Vec::new();
    let version = Version { revision, is_upgrade };
    let content = content::ground(inputs)?.render(&cluster, &config.private, version, &mut warnings)?;
    for warning in &warnings {
        maps_sdk::warn!("{}: {warning}", request.address);
    }
    let items = objects::items(content.objects.clone(), &cluster, &inputs.namespace)?;
    let before = history.before(revision).map(|record| record.release.manifest.as_str());
    let before = apply::stored(&cluster, before, &inputs.namespace)?;
    if !inputs.take_ownership {
        let known: BTreeSet<Key> = before.iter().map(|item| item.id.key()).collect();
        let of = Of { name: &inputs.name, namespace: &inputs.namespace };
        apply::check_owners(&cluster, &items, &known, of)?;
    }
    if let Some(latest) = latest.filter(|_| request.prior.is_none()) {
        let (status, revision) = (latest.status(), latest.release.version);
        maps_sdk::warn!(
            "{}: the release {} is there already ({status}, version {revision}); it is taken over and upgraded",
            request.address,
            inputs.id()
        );
    }
    let noise = if content.drew { noise(&content, &cluster, &inputs.namespace)? } else { BTreeSet::new() };
    if is_upgrade {
        let deployed = history.deployed().or(latest);
        tell(&request.address, &difference::between(&of_record(&cluster, deployed, inputs)?, &items), &noise);
    }
    let objects = scope(inputs, &content, &items, &before, &history, &cluster)?;
    let outputs = json!({
        "name": inputs.name, "namespace": inputs.namespace, "status": status::DEPLOYED, "chart": content.name,
        "version": content.version, "app_version": content.app_version, "origin": content.origin,
        "digest": content.digest, "pins": content.pins,
    });
    Ok(Previewed { outputs, objects: objects.iter().map(|id| json!(id)).collect() })
}

/// The objects that a step may write: those of the release with its hooks, what it makes around them, and what
/// earlier versions have left, which an upgrade takes away and a rollback brings back.
fn scope(
    inputs: &Inputs,
    content: &content::Content,
    items: &[Item],
    before: &[Item],
    history: &History,
    cluster: &Cluster,
) -> Result<Vec<ObjectId>, Problem> {
    let mut around = content.hook_objects()?;
    if !inputs.skip_crds {
        around.extend(content.definitions.iter().cloned());
    }
    if inputs.create_namespace {
        around.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inputs.namespace}}));
    }
    for record in [history.deployed(), history.latest()].into_iter().flatten() {
        around.extend(content::hook_objects(record.release.hooks.as_deref().unwrap_or_default())?);
    }
    let around = objects::items(around, cluster, &inputs.namespace)?;
    let mut seen = BTreeSet::new();
    let all = items.iter().chain(&around).chain(before).map(|item| item.id.clone());
    Ok(all.filter(|id| seen.insert(id.key())).collect())
}

/// The objects of a version.
pub(super) fn of_record(cluster: &Cluster, record: Option<&Record>, inputs: &Inputs) -> Result<Vec<Item>, Problem> {
    apply::stored(cluster, record.into_iter().map(|record| record.release.manifest.as_str()), &inputs.namespace)
}

/// Which fields a chart makes anew each time it is rendered.
fn noise(content: &content::Content, cluster: &Cluster, namespace: &str) -> Result<BTreeSet<(Key, String)>, Problem> {
    let one = objects::items(content.objects.clone(), cluster, namespace)?;
    let other = objects::items(content.again(cluster)?.0, cluster, namespace)?;
    let differ = difference::between(&one, &other);
    Ok(differ.into_iter().map(|change| (change.id.key(), change.path)).collect())
}

/// Tells what changes of the objects, with what is made anew each time by name alone.
fn tell(address: &str, changes: &[Change], noise: &BTreeSet<(Key, String)>) {
    let is_noise = |change: &&Change| noise.contains(&(change.id.key(), change.path.clone()));
    let mut by_object: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for change in changes.iter().filter(|change| !is_noise(change)) {
        by_object.entry(change.id.shown()).or_default().push(change.told());
    }
    for (object, told) in by_object.iter().take(MOST_TOLD) {
        maps_sdk::info!("{address}: {object}: {}", super::flow::note(told));
    }
    if by_object.len() > MOST_TOLD {
        maps_sdk::info!("{address}: {} more objects change", by_object.len() - MOST_TOLD);
    }
    let anew: Vec<String> =
        changes.iter().filter(is_noise).map(|change| format!("{} {}", change.id.shown(), change.path)).collect();
    if !anew.is_empty() {
        maps_sdk::info!("{address}: the chart makes anew each time: {}", super::flow::note(&anew));
    }
}
