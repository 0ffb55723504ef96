//! What is there: after a crash by the token, else by the names that are recorded, with what others changed.

use std::collections::BTreeMap;

use maps_sdk::kube::Cluster;
use maps_sdk::{Context, Find, Lookup, Problem, Read, Resource};
use serde_json::Value;

use super::item::{self, Item, seen, uid};
use super::model::{Inputs, Live, Manifest, Outputs};
use super::read::Objects;
use super::{Answer, Manifests};
use crate::cluster::{CHUNK, Scopes, cluster, fetch};
use crate::compare::{as_live, live_secrets};
use crate::id::{Key, ObjectId};
use crate::mark::{self, Maker, Owner};
use crate::ready::{Status, status};

pub(super) fn find(context: &Context, requests: &[Find<Manifests>]) -> Vec<Answer<Lookup<Manifests>>> {
    let ask = || {
        let cluster = cluster(context)?;
        let scopes = Scopes::of(item::all(requests.iter().map(|request| &request.inputs)), &cluster)?;
        Ok((cluster, scopes))
    };
    let (cluster, scopes): (Cluster, Scopes) = match ask() {
        Ok(asked) => asked,
        Err(problem) => return requests.iter().map(|_| Err(Problem::clone(&problem))).collect(),
    };
    let items: Vec<_> =
        requests.iter().map(|request| item::items(&request.inputs, &scopes).map(Option::unwrap_or_default)).collect();
    let ids: Vec<ObjectId> = items.iter().flatten().flatten().map(|item| item.id.clone()).collect();
    let mut lives = fetch(&cluster, &ids).into_iter();
    let told = requests.iter().zip(items).map(|(request, items)| {
        let items = items?;
        let lives: Vec<_> = lives.by_ref().take(items.len()).collect();
        lookup(request, &items, lives)
    });
    told.collect()
}

/// What carries the token has been made; what of it is not ready yet is left out of the settings, so that an update
/// goes on with it.
fn lookup(
    request: &Find<Manifests>,
    items: &[Item<'_>],
    lives: Vec<Answer<Option<Value>>>,
) -> Answer<Lookup<Manifests>> {
    let mut objects = Objects::new();
    let mut made = Vec::new();
    for (item, live) in items.iter().zip(lives) {
        let Some(live) = live?.filter(|live| mark::carries(live, &request.token)) else { continue };
        if !request.inputs.ready || status(&live) == Status::Ready {
            put(&mut objects, item.place, with_secrets(item.object, &live));
        }
        made.push((&item.id, live));
    }
    if made.is_empty() {
        return Ok(Lookup::Absent);
    }
    let inputs = Inputs { manifest: Manifest::of(objects), ..request.inputs.clone() };
    let outputs = item::outputs(made.iter().map(|(id, live)| (*id, Some(live))));
    Ok(Lookup::Found(Resource { id: request.token.clone(), inputs, outputs }))
}

fn put(objects: &mut Objects, (kind, name): (&str, &str), object: Value) {
    objects.entry(kind.to_owned()).or_default().insert(name.to_owned(), object);
}

fn with_secrets(object: &Value, live: &Value) -> Value {
    let is_secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
    if is_secret { live_secrets(object, live) } else { object.clone() }
}

/// One request whose state is recorded.
struct Known<'a> {
    request: &'a Read<Manifests>,
    inputs: &'a Inputs,
    outputs: &'a Outputs,
}

/// What is there of each object, and the settings as they are.
type Found = Vec<(Option<Value>, Option<Value>)>;

pub(super) fn read(context: &Context, requests: &[Read<Manifests>]) -> Vec<Answer<Option<Resource<Manifests>>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
    };
    let known: Vec<_> = requests.iter().map(known).collect();
    let ids: Vec<ObjectId> = known.iter().flatten().flat_map(|known| known.outputs.objects.iter().cloned()).collect();
    let mut lives = fetch(&cluster, &ids).into_iter();
    let there: Vec<Answer<Vec<Option<Value>>>> = known
        .iter()
        .map(|known| {
            let Ok(known) = known else { return Ok(Vec::new()) };
            let lives: Vec<_> = lives.by_ref().take(known.outputs.objects.len()).collect();
            lives
                .into_iter()
                .enumerate()
                .map(|(at, live)| Ok(live?.filter(|live| is_ours(context, known, at, live))))
                .collect()
        })
        .collect();
    let mut found: Vec<Answer<Found>> = known
        .iter()
        .zip(there)
        .map(|(known, lives)| {
            let (Ok(known), lives) = (known, lives?) else { return Ok(Vec::new()) };
            Ok(settled(known, lives))
        })
        .collect();
    drifted(context, &cluster, &known, &mut found);
    known.into_iter().zip(found).map(|(known, found)| told(&known?, &found?)).collect()
}

fn known(request: &Read<Manifests>) -> Answer<Known<'_>> {
    match (&request.prior.inputs, &request.prior.outputs) {
        (Some(inputs), Some(outputs)) if !outputs.objects.is_empty() => Ok(Known { request, inputs, outputs }),
        _ => {
            let message = "a manifest cannot be imported, since it has no name of its own";
            let help = "leave `import` out: an apply takes over the objects that are there, and the plan says which";
            Err(Problem::invalid("no-import", message).help(help))
        }
    }
}

/// Is the object the one that is recorded, or marked as this resource's? Another of the same name is not.
fn is_ours(context: &Context, known: &Known<'_>, at: usize, live: &Value) -> bool {
    let recorded = known.outputs.live.get(at).map_or("", |live| live.uid.as_str());
    recorded == uid(live) || mark::owner(live, context, &known.request.address) == Owner::Ours
}

/// Where in the settings each object of the outputs stands.
fn places<'a>(inputs: &'a Inputs, outputs: &Outputs) -> Vec<Option<((&'a str, &'a str), &'a Value)>> {
    let mut by_key: BTreeMap<Key, ((&str, &str), &Value)> = BTreeMap::new();
    for (kind, named) in inputs.manifest.objects().into_iter().flatten() {
        for (name, object) in named {
            let Some(id) = ObjectId::of(object) else { continue };
            let of = |namespace: Option<String>| ObjectId { namespace, ..id.clone() }.key();
            let place = ((kind.as_str(), name.as_str()), object);
            by_key.insert(of(None), place);
            by_key.insert(of(Some(id.namespace.clone().unwrap_or_else(|| inputs.namespace.clone()))), place);
        }
    }
    outputs.objects.iter().map(|id| by_key.get(&id.key()).copied()).collect()
}

/// The settings of each object as they are, where nothing was changed; none where it has to be looked into.
fn settled(known: &Known<'_>, lives: Vec<Option<Value>>) -> Found {
    let places = places(known.inputs, known.outputs);
    let recorded = known.outputs.live.iter().map(Some).chain(std::iter::repeat(None));
    let each = lives.into_iter().zip(places).zip(recorded).map(|((live, place), recorded)| {
        let same =
            live.as_ref().zip(recorded).is_some_and(|(live, recorded): (_, &Live)| seen(Some(live)) == *recorded);
        let settings = match (&live, place) {
            (Some(live), Some((_, object))) if same => Some(with_secrets(object, live)),
            _ => None,
        };
        (live, settings)
    });
    each.collect()
}

/// What others changed: what an apply would make of each such object, beside what is there.
fn drifted(context: &Context, cluster: &Cluster, known: &[Answer<Known<'_>>], found: &mut [Answer<Found>]) {
    let mut tries = Vec::new();
    for (index, (known, found)) in known.iter().zip(found.iter()).enumerate() {
        let (Ok(known), Ok(found)) = (known, found) else { continue };
        for (at, place) in places(known.inputs, known.outputs).into_iter().enumerate() {
            let Some((place, object)) = place else { continue };
            if !matches!(found.get(at), Some((Some(_), None))) {
                continue;
            }
            let id = known.outputs.objects[at].clone();
            let item = Item { wave: 0, id, place, object };
            let maker = Maker { context, address: &known.request.address, token: &known.request.prior.id };
            // Whoever owns a field meanwhile, this is what the settings stand for; nothing is kept.
            if let Ok(apply) = item.to_apply(maker, true) {
                tries.push(((index, at, object), apply));
            }
        }
    }
    while !tries.is_empty() {
        let rest = tries.split_off(tries.len().min(CHUNK));
        let (asked, applies): (Vec<_>, Vec<_>) = tries.into_iter().unzip();
        for ((index, at, object), dry) in asked.into_iter().zip(cluster.dry_run_all(applies)) {
            let Some(Ok(found)) = found.get_mut(index) else { continue };
            let Some((Some(live), settings)) = found.get_mut(at) else { continue };
            // What the server no longer takes is compared as it was written.
            let dry = dry.unwrap_or_else(|_| object.clone());
            *settings = Some(with_secrets(&as_live(object, &dry, live), live));
        }
        tries = rest;
    }
}

fn told(known: &Known<'_>, found: &Found) -> Answer<Option<Resource<Manifests>>> {
    if found.iter().all(|(live, _)| live.is_none()) {
        return Ok(None);
    }
    let places = places(known.inputs, known.outputs);
    let mut objects = Objects::new();
    for ((live, settings), place) in found.iter().zip(places) {
        if let (Some(_), Some((place, object))) = (live, place) {
            put(&mut objects, place, settings.clone().unwrap_or_else(|| object.clone()));
        }
    }
    let outputs = item::outputs(known.outputs.objects.iter().zip(found.iter().map(|(live, _)| live.as_ref())));
    let inputs = Inputs { manifest: Manifest::of(objects), ..known.inputs.clone() };
    Ok(Some(Resource { id: known.request.prior.id.clone(), inputs, outputs }))
}
