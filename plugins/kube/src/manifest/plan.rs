//! What an apply would write, tried on the server where there is one: nothing is kept.

use std::collections::BTreeMap;

use maps_sdk::{Class, Context, Preview, Previewed, Problem};
use serde_json::{Value, json};

use super::item::{self, Item, at, is_same};
use super::model::Inputs;
use super::read::has_unknown;
use super::{Answer, Manifests};
use crate::cluster::{CHUNK, Scopes, cluster, fetch};
use crate::id::ObjectId;
use crate::mark::{self, Maker, Owner};
use crate::problem::comes_later;

/// The token of an object that is not made yet.
const NO_TOKEN: &str = "";
/// Problems of one resource that are told in full.
const MOST_TOLD: usize = 3;

pub(super) fn preview(context: &Context, requests: &[Preview<Manifests>]) -> Vec<Answer<Previewed>> {
    let settled: Vec<Option<Previewed>> = requests.iter().map(unchanged).collect();
    let open = || requests.iter().zip(&settled).filter(|(_, settled)| settled.is_none()).map(|(request, _)| request);
    if open().next().is_none() {
        return settled.into_iter().flatten().map(Ok).collect();
    }
    let mut tried = match attempt(context, &open().collect::<Vec<_>>()) {
        Ok(tried) => tried.into_iter(),
        Err(problem) => return settled.into_iter().map(|known| known.ok_or_else(|| problem.clone())).collect(),
    };
    let mut next = || tried.next().unwrap_or_else(|| Err(Problem::internal("no-answer", "a preview is missing")));
    settled.into_iter().map(|known| known.map_or_else(&mut next, Ok)).collect()
}

/// Where nothing differs from what is there, nothing need be asked.
fn unchanged(request: &Preview<Manifests>) -> Option<Previewed> {
    let prior = request.prior.as_ref()?;
    let (inputs, outputs) = (prior.inputs.as_ref()?, prior.outputs.as_ref()?);
    let (now, then) = (request.inputs.manifest.objects()?, inputs.manifest.objects()?);
    let alike = now.len() == then.len()
        && now.iter().all(|(kind, named)| {
            then.get(kind).is_some_and(|there| {
                there.len() == named.len()
                    && named.iter().all(|(name, object)| there.get(name).is_some_and(|there| is_same(object, there)))
            })
        });
    let same = alike && inputs.namespace == request.inputs.namespace && !outputs.objects.is_empty();
    same.then(|| planned(&outputs.objects))
}

fn planned(ids: &[ObjectId]) -> Previewed {
    Previewed { outputs: json!({"objects": ids}), objects: ids.iter().map(|id| json!(id)).collect() }
}

fn attempt(context: &Context, requests: &[&Preview<Manifests>]) -> Answer<Vec<Answer<Previewed>>> {
    let cluster = cluster(context)?;
    let inputs = requests.iter().map(|request| &request.inputs);
    let scopes = Scopes::of(item::all(inputs), &cluster)?;
    let rendered: Vec<_> = requests.iter().map(|request| item::items(&request.inputs, &scopes)).collect();
    let mut tries: Vec<(usize, Item<'_>)> = Vec::new();
    for (index, (request, items)) in requests.iter().zip(&rendered).enumerate() {
        let items = items.iter().flatten().flatten();
        let wanted = items.filter(|item| {
            changed(request, item) && !scopes.missing.contains(&item.id.type_meta()) && !has_unknown(item.object)
        });
        tries.extend(wanted.map(|item| (index, item.clone())));
    }
    let ids: Vec<ObjectId> = tries.iter().map(|(_, item)| item.id.clone()).collect();
    let there: BTreeMap<usize, Value> =
        fetch(&cluster, &ids).into_iter().enumerate().filter_map(|(index, live)| Some((index, live.ok()??))).collect();
    let mut problems: Vec<Vec<Problem>> = requests.iter().map(|_| Vec::new()).collect();
    let mut dry = Vec::new();
    for (place, (index, item)) in tries.iter().enumerate() {
        let request = requests[*index];
        let force = request.inputs.force;
        if let Some(live) = there.get(&place)
            && let Some(problem) = foreign(context, request, item, live)
        {
            problems[*index].push(problem);
            continue;
        }
        let token = request.prior.as_ref().map_or(NO_TOKEN, |prior| prior.id.as_str());
        match item.to_apply(Maker { context, address: &request.address, token }, force) {
            Ok(apply) => dry.push((*index, item, apply)),
            Err(problem) => problems[*index].push(problem),
        }
    }
    while !dry.is_empty() {
        let rest = dry.split_off(dry.len().min(CHUNK));
        let (asked, applies): (Vec<_>, Vec<_>) =
            dry.into_iter().map(|(index, item, apply)| ((index, item), apply)).unzip();
        for ((index, item), answer) in asked.into_iter().zip(cluster.dry_run_all(applies)) {
            match answer {
                Err(problem) if !comes_later(&problem) => problems[index].push(item.told(problem)),
                _ => {}
            }
        }
        dry = rest;
    }
    let told = rendered.into_iter().zip(problems).map(|(items, problems)| {
        if let Some(problem) = together(problems) {
            return Err(problem);
        }
        let Some(items) = items? else { return Ok(Previewed::default()) };
        let ids: Vec<ObjectId> = items.into_iter().map(|item| item.id).collect();
        Ok(planned(&ids))
    });
    Ok(told.collect())
}

/// Is the object another than the one that is there?
fn changed(request: &Preview<Manifests>, item: &Item<'_>) -> bool {
    let before = request.prior.as_ref().and_then(|prior| prior.inputs.as_ref());
    let same_namespace = before.is_some_and(|before: &Inputs| before.namespace == request.inputs.namespace);
    let there = at(before.and_then(|before| before.manifest.objects()), item.place);
    !(same_namespace && there.is_some_and(|there| is_same(there, item.object)))
}

/// What is said of an object that is there already and that this resource did not make.
fn foreign(context: &Context, request: &Preview<Manifests>, item: &Item<'_>, live: &Value) -> Option<Problem> {
    let ours = request.prior.as_ref().and_then(|prior| prior.outputs.as_ref());
    if ours.is_some_and(|ours| ours.objects.iter().any(|id| id.key() == item.id.key())) {
        return None;
    }
    match mark::owner(live, context, &request.address) {
        Owner::Ours => None,
        Owner::Nobody => {
            maps_sdk::warn!("{}: {} is there already; it is taken over", request.address, item.id.shown());
            None
        }
        Owner::Another(whose) if request.inputs.force => {
            maps_sdk::warn!("{}: {} belongs to {whose}; it is taken from there", request.address, item.id.shown());
            None
        }
        Owner::Another(whose) => {
            let message = format!("{} belongs to {whose}", item.id.shown());
            let problem = Problem::new(Class::Conflict, "object-of-another", message).at(item.path());
            let help = "give the object another name; of a resource that was renamed say so under `moved:`; with \
                        `force: true` it is taken from one that stays";
            Some(problem.help(help))
        }
    }
}

/// Several problems of one resource as one.
fn together(mut problems: Vec<Problem>) -> Option<Problem> {
    if problems.len() < 2 {
        return problems.pop();
    }
    let more = problems.len().saturating_sub(MOST_TOLD);
    let mut told: Vec<String> = problems.iter().take(MOST_TOLD).map(|problem| problem.message.clone()).collect();
    if more > 0 {
        told.push(format!("and {more} more objects"));
    }
    let mut first = problems.swap_remove(0);
    first.message = told.join("; ");
    Some(first)
}
