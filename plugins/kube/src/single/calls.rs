//! Calls of kinds that manage one object each.

use std::collections::BTreeMap;

use maps_sdk::kube::Apply;
use maps_sdk::{Context, Problem, Step};
use serde_json::{Value, json};

use crate::cluster::{CHUNK, cluster};
use crate::id::{ObjectId, text};
use crate::mark::{self, Maker};
use crate::problem::told;

pub(crate) type Answer<T> = Result<T, Problem>;

/// Labels or annotations.
pub(crate) type Texts = BTreeMap<String, String>;

/// The objects as they are, none where there is none.
pub(crate) fn fetch(context: &Context, ids: &[ObjectId]) -> Vec<Answer<Option<Value>>> {
    match cluster(context) {
        Ok(cluster) => crate::cluster::fetch(&cluster, ids),
        Err(problem) => ids.iter().map(|_| Err(problem.clone())).collect(),
    }
}

/// Those of the objects that carry their token.
pub(crate) fn find<'t>(
    context: &Context,
    ids: &[ObjectId],
    tokens: impl Iterator<Item = &'t str>,
) -> Vec<Answer<Option<Value>>> {
    let lives = fetch(context, ids).into_iter().zip(tokens);
    lives.map(|(live, token)| Ok(live?.filter(|live| mark::carries(live, token)))).collect()
}

/// The token that an object carries, empty where it carries none.
pub(crate) fn token(live: &Answer<Option<Value>>) -> String {
    live.as_ref().ok().and_then(Option::as_ref).and_then(mark::token).unwrap_or_default()
}

/// The outcomes that are known already, and the others in their places.
pub(crate) fn merged<T>(known: Vec<Option<Answer<T>>>, others: Vec<Answer<T>>) -> Vec<Answer<T>> {
    let mut others = others.into_iter();
    let mut next = || others.next().unwrap_or_else(|| Err(Problem::internal("no-outcome", "an outcome is missing")));
    known.into_iter().map(|known| known.unwrap_or_else(&mut next)).collect()
}

/// An object to be written.
pub(crate) struct Write<'a> {
    pub(crate) step: Step,
    pub(crate) id: ObjectId,
    pub(crate) object: Value,
    pub(crate) address: &'a str,
    pub(crate) token: &'a str,
    pub(crate) force: bool,
}

/// Applies objects, marked, and answers them as they then are.
pub(crate) fn apply(context: &Context, writes: &[Write<'_>]) -> Vec<Answer<Value>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return writes.iter().map(|_| Err(problem.clone())).collect(),
    };
    let mut answers = Vec::with_capacity(writes.len());
    for chunk in writes.chunks(CHUNK) {
        let made: Answer<Vec<_>> = chunk
            .iter()
            .map(|write| {
                let mut object = write.object.clone();
                mark::mark(&mut object, Maker { context, address: write.address, token: write.token });
                Ok((vec![write.step], Apply::new(&object, write.force)?))
            })
            .collect();
        match made {
            Ok(made) => {
                let applied = cluster.apply_all(made).into_iter().zip(chunk);
                answers.extend(applied.map(|(answer, write)| answer.map_err(|problem| told(&write.id, problem))));
            }
            Err(problem) => answers.extend(chunk.iter().map(|_| Err(problem.clone()))),
        }
    }
    answers
}

/// The texts of a map in an object.
pub(crate) fn texts(live: &Value, pointer: &str) -> Texts {
    let map = live.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Those that were set before; all where that is not known.
pub(crate) fn kept(mut all: Texts, before: Option<&Texts>) -> Texts {
    if let Some(before) = before {
        all.retain(|key, _| before.contains_key(key));
    }
    all
}

/// The annotations without those of maps, and of the rest those that were set before.
pub(crate) fn annotations(live: &Value, before: Option<&Texts>) -> Texts {
    let users = mark::users(live.pointer("/metadata/annotations"));
    kept(texts(&json!({"all": users}), "/all"), before)
}

pub(crate) fn uid(live: &Value) -> String {
    text(live, "/metadata/uid").unwrap_or_default().to_owned()
}
