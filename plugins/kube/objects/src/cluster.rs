//! Reads of many objects in few requests, and where kinds live.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::kube::{Cluster, ListOptions, ObjectReference, TypeMeta};
use maps_sdk::{Class, Context, Problem, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::id::{Key, ObjectId, Scope, scope_of};

/// From so many objects of a kind in a namespace on, one list is less work than a request for each.
const LIST_FROM: usize = 3;
/// From so many namespaces of a kind on, one list of all namespaces is less work than one for each.
const NAMESPACES_FROM: usize = 4;
/// Objects of one host call; a host call takes a thousand at most.
pub const CHUNK: usize = 500;

/// What the config of a plugin says of its cluster.
#[derive(Deserialize)]
struct Config {
    cluster: Secret,
}

/// The cluster that the plugin's config names.
///
/// # Errors
/// When it names none.
pub fn cluster(context: &Context) -> Result<Cluster, Problem> {
    let config: Config = context.config().map_err(|problem| {
        problem.help("give the plugin its cluster: `config: {cluster: \"${cluster.kubeconfig}\"}`")
    })?;
    Ok(Cluster::new(&config.cluster))
}

/// The objects as they are, none where there is none or no such kind, in order: lists where many of a kind are in one
/// namespace, or it is in many, and gets for the rest.
pub fn fetch(cluster: &Cluster, ids: &[ObjectId]) -> Vec<Result<Option<Value>, Problem>> {
    let mut groups: BTreeMap<TypeMeta, BTreeMap<Option<&str>, usize>> = BTreeMap::new();
    for id in ids {
        *groups.entry(id.type_meta()).or_default().entry(id.namespace.as_deref()).or_default() += 1;
    }
    let mut lists: Vec<ListOptions> = Vec::new();
    for (kind, namespaces) in &groups {
        let many = namespaces.values().sum::<usize>() >= LIST_FROM * NAMESPACES_FROM;
        if namespaces.len() >= NAMESPACES_FROM && many {
            lists.push(ListOptions::all(kind.clone()));
            continue;
        }
        // Definitions are large, and a cluster has many of others.
        if kind.kind == "CustomResourceDefinition" {
            continue;
        }
        for (namespace, _) in namespaces.iter().filter(|(_, count)| **count >= LIST_FROM) {
            let namespace = namespace.map(str::to_owned);
            lists.push(ListOptions { namespace, ..ListOptions::all(kind.clone()) });
        }
    }
    let mut listed: BTreeMap<Key, Value> = BTreeMap::new();
    let mut covered: BTreeSet<(TypeMeta, Option<String>)> = BTreeSet::new();
    for (list, answer) in lists.iter().zip(cluster.list_all(&lists)) {
        // What cannot be listed, since rights end at some namespaces or names, is asked for one by one.
        let Ok(items) = answer else { continue };
        for item in items {
            if let Some(id) = ObjectId::of(&item) {
                listed.insert(id.key(), item);
            }
        }
        match &list.namespace {
            Some(_) => drop(covered.insert((list.kind.clone(), list.namespace.clone()))),
            None => {
                let namespaces = groups.get(&list.kind).into_iter().flatten();
                covered.extend(namespaces.map(|(namespace, _)| (list.kind.clone(), namespace.map(str::to_owned))));
            }
        }
    }
    let is_covered = |id: &ObjectId| covered.contains(&(id.type_meta(), id.namespace.clone()));
    let single: Vec<ObjectReference> = ids.iter().filter(|id| !is_covered(id)).map(ObjectId::reference).collect();
    let mut got = single.chunks(CHUNK).flat_map(|chunk| cluster.get_all(chunk)).collect::<Vec<_>>().into_iter();
    let answer = |id: &ObjectId| {
        if is_covered(id) {
            return Ok(listed.get(&id.key()).cloned());
        }
        match got.next() {
            Some(Err(problem)) if is_unknown_kind(&problem) => Ok(None),
            Some(answer) => answer,
            None => Err(Problem::internal("no-answer", "the host answered too few objects")),
        }
    };
    ids.iter().map(answer).collect()
}

/// Does the server not have the kind?
pub fn is_unknown_kind(problem: &Problem) -> bool {
    problem.class == Class::NotFound && problem.code == "kind-unknown"
}

/// Where kinds are: what is known by itself, what definitions at hand say, and what the server says.
pub struct Scopes {
    known: BTreeMap<(String, String), Scope>,
    /// Kinds that nobody knows yet.
    pub missing: BTreeSet<TypeMeta>,
}

impl Scopes {
    /// Finds out about the kinds of these objects; `cluster` is asked for what cannot be known without.
    ///
    /// # Errors
    /// When it could not be asked.
    pub fn of<'v>(objects: impl Iterator<Item = &'v Value> + Clone, cluster: &Cluster) -> Result<Self, Problem> {
        let mut known: BTreeMap<(String, String), Scope> = objects.clone().filter_map(defined).collect();
        let mut ask = BTreeSet::new();
        for id in objects.filter_map(ObjectId::of) {
            let of = (id.group().to_owned(), id.kind.clone());
            match scope_of(id.group(), &id.kind) {
                Some(scope) => drop(known.insert(of, scope)),
                None if known.contains_key(&of) => {}
                None => drop(ask.insert(id.type_meta())),
            }
        }
        let ask: Vec<TypeMeta> = ask.into_iter().collect();
        let mut missing = BTreeSet::new();
        for (kind, answer) in ask.iter().zip(cluster.resolve_all(&ask)) {
            match answer {
                Ok(Some(found)) => {
                    let scope = if found.namespaced { Scope::Namespaced } else { Scope::Cluster };
                    known.insert((kind.group().to_owned(), kind.kind.clone()), scope);
                }
                Ok(None) => drop(missing.insert(kind.clone())),
                Err(problem) if is_unknown_kind(&problem) => drop(missing.insert(kind.clone())),
                Err(problem) => return Err(problem),
            }
        }
        Ok(Self { known, missing })
    }

    /// The object's name with its namespace as the kind has it.
    pub fn place(&self, object: &Value, default: &str) -> Option<ObjectId> {
        let mut id = ObjectId::of(object)?;
        let scope = self.known.get(&(id.group().to_owned(), id.kind.clone()));
        // What nobody knows yet is most often in a namespace.
        match scope.copied().unwrap_or(Scope::Namespaced) {
            Scope::Cluster => id.namespace = None,
            Scope::Namespaced => drop(id.namespace.get_or_insert_with(|| default.to_owned())),
        }
        Some(id)
    }
}

/// The kind that a definition defines, and where its objects are.
pub fn defined(object: &Value) -> Option<((String, String), Scope)> {
    if crate::id::text(object, "/kind") != Some("CustomResourceDefinition") {
        return None;
    }
    let group = crate::id::text(object, "/spec/group")?.to_owned();
    let kind = crate::id::text(object, "/spec/names/kind")?.to_owned();
    let cluster = crate::id::text(object, "/spec/scope") == Some("Cluster");
    Some(((group, kind), if cluster { Scope::Cluster } else { Scope::Namespaced }))
}
