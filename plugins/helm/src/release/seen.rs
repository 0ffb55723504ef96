//! What is told of a version that is there, and what is remembered of its objects.

use std::collections::BTreeSet;

use maps_kube_objects::id::{Key, ObjectId, text};
use maps_kube_objects::owned;
use maps_sdk::Problem;
use maps_sdk::kube::Cluster;
use serde_json::Value;

use super::content;
use super::model::{Live, Outputs};
use super::objects::{self, Item};
use super::operation::MANAGER;
use super::record::Record;

/// What is told of a deployed version.
pub(crate) fn outputs(
    cluster: &Cluster,
    record: &Record,
    items: &[Item],
    lives: &[Option<Value>],
) -> Result<Outputs, Problem> {
    let release = &record.release;
    let hooks = content::hook_objects(release.hooks.as_deref().unwrap_or_default())?;
    let hooks = objects::items(hooks, cluster, &release.namespace)?;
    let mut ids: Vec<ObjectId> = items.iter().map(|item| item.id.clone()).collect();
    let known: BTreeSet<Key> = ids.iter().map(ObjectId::key).collect();
    ids.extend(hooks.into_iter().map(|item| item.id).filter(|id| !known.contains(&id.key())));
    let mut live: Vec<Live> = lives.iter().map(|live| seen(live.as_ref())).collect();
    live.resize(ids.len(), Live::default());
    let of_chart = |pointer: &str| text(&release.chart, pointer).unwrap_or_default().to_owned();
    let mark = record.mark.clone().unwrap_or_default();
    let facts = mark.facts;
    let notes = match facts.private_notes {
        true => format!(
            "the notes hold what nobody else should see: helm get notes {} -n {}",
            release.name, release.namespace
        ),
        false => release.info.notes.clone(),
    };
    Ok(Outputs {
        name: release.name.clone(),
        namespace: release.namespace.clone(),
        revision: release.version,
        status: release.info.status.clone(),
        chart: of_chart("/metadata/name"),
        version: of_chart("/metadata/version"),
        app_version: of_chart("/metadata/appVersion"),
        origin: facts.origin,
        digest: facts.digest,
        pins: facts.pins,
        sources: facts.sources,
        notes,
        objects: ids,
        live,
        content: mark.content,
    })
}

/// What is remembered of a live object.
pub(crate) fn seen(live: Option<&Value>) -> Live {
    let Some(live) = live else { return Live::default() };
    Live { uid: text(live, "/metadata/uid").unwrap_or_default().to_owned(), digest: owned::digest(live, MANAGER) }
}
