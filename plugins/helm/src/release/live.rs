//! What is there of releases: after a crash by the record, else the objects that are recorded, with what others changed.

use std::collections::BTreeMap;

use maps_kube_objects::cluster::{CHUNK, fetch};
use maps_kube_objects::compare::as_live;
use maps_kube_objects::id::{Key, ObjectId};
use maps_sdk::kube::{Apply, Cluster};
use maps_sdk::{Context, Find, Lookup, Problem, Read, Resource};
use serde_json::Value;

use super::apply;
use super::content;
use super::difference;
use super::history::History;
use super::model::{Checkpoint, FILES, Inputs, Outputs, RELEASE};
use super::objects::{Of, own};
use super::record::{Record, secret_id, status};
use super::seen::{outputs, seen};
use super::{Config, Release};
use crate::model::Values;
use crate::source;

/// Fields of one object that are told; the others are counted.
const MOST_FIELDS: usize = 8;

/// Looks for what a create began.
pub(super) fn find(context: &Context, request: &Find<Release>) -> Result<Lookup<Release>, Problem> {
    let config: Config = context.config()?;
    let cluster = config.cluster()?;
    let inputs = &request.inputs;
    let history = History::read(&cluster, &inputs.namespace, &inputs.name)?;
    let Some(latest) = history.latest() else { return Ok(Lookup::Absent) };
    let Some(mark) = latest.mark.as_ref().filter(|mark| mark.stack == context.stack && mark.address == request.address)
    else {
        // Another's: a create takes it over or says why not.
        return Ok(Lookup::Absent);
    };
    if latest.status() == status::UNINSTALLED {
        return Ok(Lookup::Absent);
    }
    let manifest = std::iter::once(latest.release.manifest.as_str());
    let items = apply::stored(&cluster, manifest, &inputs.namespace)?;
    let ids: Vec<ObjectId> = items.iter().map(|item| item.id.clone()).collect();
    let lives = fetch(&cluster, &ids).into_iter().collect::<Result<Vec<_>, _>>()?;
    let outputs = outputs(&cluster, latest, &items, &lives)?;
    let mut resource = Resource { id: inputs.id(), inputs: inputs.clone(), outputs };
    // Files that cannot be read any more are others than those it was made from.
    let same = content::ground(inputs).is_ok_and(|ground| ground.digest == mark.inputs);
    Ok(match latest.status() {
        status::DEPLOYED if same => Lookup::Found(resource),
        status::PENDING_INSTALL | status::PENDING_UPGRADE if same => {
            let checkpoint = match &request.checkpoint {
                Some(checkpoint) if checkpoint.revision == latest.release.version => checkpoint.clone(),
                _ => Checkpoint::of_progress(latest.release.version, &mark.progress),
            };
            Lookup::Unfinished(resource, checkpoint)
        }
        // What failed, or was made of something else, is this resource's all the same: an update goes on from it as
        // `helm upgrade --install` does, and a delete takes it away.
        _ => {
            let what = unlike(latest, latest.release.version);
            resource.inputs.changed.insert(RELEASE.to_owned(), what);
            Lookup::Found(resource)
        }
    })
}

/// How the latest version is not the one that is recorded.
fn unlike(latest: &Record, recorded: u64) -> String {
    let (revision, status) = (latest.release.version, latest.status());
    if revision != recorded {
        let by = if latest.mark.is_some() { "maps" } else { "helm" };
        return format!("version {revision} ({status}) of {by} is there, and not version {recorded}");
    }
    match status {
        status::DEPLOYED => format!("version {revision} was installed from other settings or files"),
        _ => format!("version {revision} is not deployed: {status}"),
    }
}

/// One request whose state is recorded.
struct Known<'a> {
    request: &'a Read<Release>,
    inputs: &'a Inputs,
    outputs: &'a Outputs,
}

/// Reads releases together: their records in one list of gets, their objects in another of lists and gets.
pub(super) fn read(context: &Context, requests: &[Read<Release>]) -> Vec<Result<Option<Resource<Release>>, Problem>> {
    let cluster = match context.config::<Config>().and_then(|config| config.cluster()) {
        Ok(cluster) => cluster,
        Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
    };
    let known: Vec<Option<Known<'_>>> = requests.iter().map(known).collect();
    let records = records(&cluster, &known);
    let ids: Vec<ObjectId> = known
        .iter()
        .flatten()
        .flat_map(|known| known.outputs.objects.iter().take(applied(known.outputs)).cloned())
        .collect();
    let mut lives = fetch(&cluster, &ids).into_iter();
    let mut records = records.into_iter();
    let mut told = Vec::with_capacity(requests.len());
    for (request, known) in requests.iter().zip(&known) {
        let Some(known) = known else {
            told.push(import(&cluster, request));
            continue;
        };
        let lives: Vec<_> = lives.by_ref().take(applied(known.outputs)).collect();
        let record = records.next().unwrap_or_else(|| Err(Problem::internal("no-answer", "a record is missing")));
        told.push(one(&cluster, known, record, lives));
    }
    told
}

fn known(request: &Read<Release>) -> Option<Known<'_>> {
    match (&request.prior.inputs, &request.prior.outputs) {
        (Some(inputs), Some(outputs)) if !outputs.content.is_empty() => Some(Known { request, inputs, outputs }),
        _ => None,
    }
}

/// How many of the objects belong to the manifest; hooks come behind them.
fn applied(outputs: &Outputs) -> usize {
    outputs.live.iter().take_while(|live| !live.uid.is_empty()).count()
}

/// The record of each release as it was left, where nobody wrote another one since.
enum Found {
    /// As it was.
    Same(Box<Record>),
    /// Others made versions, or took some away.
    Other,
}

fn records(cluster: &Cluster, known: &[Option<Known<'_>>]) -> Vec<Result<Found, Problem>> {
    let asked: Vec<_> = known
        .iter()
        .flatten()
        .flat_map(|known| {
            let Inputs { name, namespace, .. } = known.inputs;
            let of = |revision| secret_id(namespace, name, revision).reference();
            [of(known.outputs.revision), of(known.outputs.revision + 1)]
        })
        .collect();
    let mut answers = cluster.get_all(&asked).into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Err(Problem::internal("no-answer", "a record is missing")));
    let each = known.iter().flatten().map(|_| {
        let (here, later) = (next(), next());
        match (here?, later?) {
            (Some(secret), None) => {
                let record = Record::read(&secret)?;
                Ok(if record.status() == status::DEPLOYED { Found::Same(Box::new(record)) } else { Found::Other })
            }
            _ => Ok(Found::Other),
        }
    });
    each.collect()
}

fn one(
    cluster: &Cluster,
    known: &Known<'_>,
    record: Result<Found, Problem>,
    lives: Vec<Result<Option<Value>, Problem>>,
) -> Result<Option<Resource<Release>>, Problem> {
    let lives: Vec<Option<Value>> = lives.into_iter().collect::<Result<_, _>>()?;
    let mut inputs = known.inputs.clone();
    inputs.changed.clear();
    let mut outputs = known.outputs.clone();
    let record = match record? {
        Found::Same(record) => Some(*record),
        Found::Other => {
            let history = History::read(cluster, &known.inputs.namespace, &known.inputs.name)?;
            let Some(latest) = history.latest() else { return Ok(None) };
            if latest.status() == status::UNINSTALLED {
                return Ok(None);
            }
            let deployed = history.deployed().filter(|record| record.release.version >= latest.release.version);
            match deployed {
                // A rollback of maps' own, or of a run that died before it could say what it had done.
                Some(record) if record.mark.as_ref().is_some_and(|mark| mark.content == outputs.content) => {
                    outputs.revision = record.release.version;
                    Some(record.clone())
                }
                _ => {
                    let what = unlike(latest, outputs.revision);
                    inputs.changed.insert(RELEASE.to_owned(), what);
                    None
                }
            }
        }
    };
    // Other files make another release. What cannot be read any more differs too; an upgrade says what is wrong.
    let template = content::ground(known.inputs);
    if !template.as_ref().is_ok_and(|ground| ground.sources == outputs.sources) {
        let now = template.map_or_else(|problem| problem.message, |ground| ground.sources);
        inputs.changed.insert(FILES.to_owned(), format!("installed from {}, now {now}", outputs.sources));
    }
    if let Some(record) = record {
        let changed = drifted(cluster, known, &record, &lives)?;
        inputs.changed.extend(changed);
    }
    // What is recorded of the objects stays as it was installed: a change is one until it is put back.
    Ok(Some(Resource { id: known.request.prior.id.clone(), inputs, outputs }))
}

/// What others changed of the objects: those that are gone, and fields that are not as an apply would make them.
fn drifted(
    cluster: &Cluster,
    known: &Known<'_>,
    record: &Record,
    lives: &[Option<Value>],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut changed = BTreeMap::new();
    let mut differ: Vec<(&ObjectId, &Value)> = Vec::new();
    for ((id, live), recorded) in known.outputs.objects.iter().zip(lives).zip(&known.outputs.live) {
        match live {
            None => drop(changed.insert(id.shown(), "it is gone".into())),
            Some(live) if seen(Some(live)) != *recorded => differ.push((id, live)),
            Some(_) => {}
        }
    }
    if differ.is_empty() {
        return Ok(changed);
    }
    let of = Of { name: &known.inputs.name, namespace: &known.inputs.namespace };
    let manifest = std::iter::once(record.release.manifest.as_str());
    let items = apply::stored(cluster, manifest, &known.inputs.namespace)?;
    let wanted: BTreeMap<Key, Value> = items
        .into_iter()
        .map(|item| {
            let mut object = item.object;
            own(&mut object, of);
            (item.id.key(), object)
        })
        .collect();
    let asked: Vec<(&ObjectId, &Value, &Value)> =
        differ.into_iter().filter_map(|(id, live)| Some((id, live, wanted.get(&id.key())?))).collect();
    for chunk in asked.chunks(CHUNK) {
        // Whoever owns a field meanwhile, this is what the release stands for; nothing is kept.
        let applies = chunk.iter().map(|(_, _, wanted)| Apply::new(wanted, true)).collect::<Result<Vec<_>, _>>()?;
        for ((id, live, wanted), dry) in chunk.iter().zip(cluster.dry_run_all(applies)) {
            // What the server no longer takes is compared as it was written.
            let dry = dry.unwrap_or_else(|_| (*wanted).clone());
            let now = as_live(wanted, &dry, live);
            let fields = difference::fields(id, wanted, &now);
            for change in fields.iter().take(MOST_FIELDS) {
                changed.insert(change.place(), change.now());
            }
            if fields.len() > MOST_FIELDS {
                changed.insert(id.shown(), format!("{} more fields", fields.len() - MOST_FIELDS));
            }
        }
    }
    Ok(changed)
}

/// A release that is there and of which nothing is recorded: `NAMESPACE/NAME`.
fn import(cluster: &Cluster, request: &Read<Release>) -> Result<Option<Resource<Release>>, Problem> {
    let id = &request.prior.id;
    let Some((namespace, name)) = id.split_once('/') else {
        let message = format!("`{id}` is no release: it is called NAMESPACE/NAME");
        return Err(Problem::invalid("bad-id", message));
    };
    let history = History::read(cluster, namespace, name)?;
    let Some(record) = history.deployed().or(history.latest()).filter(|record| record.status() != status::UNINSTALLED)
    else {
        return Ok(None);
    };
    let manifest = std::iter::once(record.release.manifest.as_str());
    let items = apply::stored(cluster, manifest, namespace)?;
    let ids: Vec<ObjectId> = items.iter().map(|item| item.id.clone()).collect();
    let lives = fetch(cluster, &ids).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut outputs = outputs(cluster, record, &items, &lives)?;
    if outputs.content.is_empty() {
        outputs.content = source::digest(record.release.manifest.as_bytes());
    }
    // The values are not told: they may hold what is secret, and an upgrade sets those of the stack.
    let told =
        serde_json::json!({"chart": outputs.chart, "version": outputs.version, "name": name, "namespace": namespace});
    let mut inputs: Inputs = serde_json::from_value(told)
        .map_err(|_| Problem::internal("inputs", "the release has no settings that could be told"))?;
    inputs.values = Values::default();
    Ok(Some(Resource { id: id.clone(), inputs, outputs }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_come_behind_what_is_applied() {
        let live = |uid: &str| super::super::model::Live { uid: uid.to_owned(), digest: String::new() };
        let outputs = Outputs { live: vec![live("a"), live("b"), live("")], ..Outputs::default() };
        assert_eq!(applied(&outputs), 2);
    }
}
