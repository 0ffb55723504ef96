//! Objects by resource and key, one counter of revisions, and the last changes for those who watch.

mod event;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use serde_json::{Value, json};

pub(crate) use event::{Event, Happened};

/// How many changes are remembered for watches and paged lists; who asks for older ones begins anew (410).
const EVENTS: usize = 20_000;
/// Where the counter of revisions is kept.
const META: &str = "meta";

/// One document that was set, or taken away (`None`).
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `apps/deployments`; `/configmaps` in the core; `meta` for what is no object.
    pub collection: String,
    /// `namespace/name`, or the name alone.
    pub key: String,
    /// The document.
    pub value: Option<Value>,
}

/// What makes changes outlive the process.
pub trait Persist: Send {
    /// Makes changes durable, all or none, before it returns.
    fn commit(&mut self, changes: Vec<Change>) -> io::Result<()>;
}

/// The key of an object: `namespace/name`, or its name where it has no namespace.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    match namespace {
        "" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// A resource's objects by key, in the byte order that lists have.
type Objects = BTreeMap<String, Arc<Value>>;

/// All objects of a cluster.
pub(crate) struct Store {
    objects: BTreeMap<Arc<str>, Objects>,
    revision: u64,
    /// The revision after which `events` is whole.
    since: u64,
    events: VecDeque<Event>,
    /// Events of the transaction that is open.
    open: usize,
    other: Vec<Change>,
    persist: Box<dyn Persist>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Store {
    /// What was kept, and where to keep what comes.
    pub(crate) fn open(kept: Vec<Change>, persist: Box<dyn Persist>) -> Self {
        let mut objects: BTreeMap<Arc<str>, Objects> = BTreeMap::new();
        let mut revision = 1;
        for Change { collection, key, value } in kept {
            match value {
                Some(value) if collection == META => revision = revision.max(value.as_u64().unwrap_or_default()),
                Some(value) => {
                    revision = revision.max(revision_of(&value));
                    objects.entry(Arc::from(collection)).or_default().insert(key, Arc::new(value));
                }
                None => {}
            }
        }
        Self { objects, revision, since: revision, events: VecDeque::new(), open: 0, other: Vec::new(), persist }
    }

    /// The latest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The oldest revision from which changes are known.
    pub(crate) fn oldest(&self) -> u64 {
        self.since
    }

    /// An object.
    pub(crate) fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        let objects = self.objects.get(resource)?;
        match namespace {
            "" => objects.get(name),
            namespace => objects.get(&key(namespace, name)),
        }
    }

    /// The objects of a resource in the order of their keys, of one namespace or of all (`""`).
    pub(crate) fn list<'s>(
        &'s self,
        resource: &str,
        namespace: &str,
    ) -> impl Iterator<Item = (&'s str, &'s Arc<Value>)> {
        let prefix = match namespace {
            "" => String::new(),
            namespace => format!("{namespace}/"),
        };
        let objects = self.objects.get(resource);
        objects
            .into_iter()
            .flat_map({
                let from = prefix.clone();
                move |objects| objects.range(from.clone()..)
            })
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| (key.as_str(), value))
    }

    /// How many objects a resource has.
    pub(crate) fn count(&self, resource: &str) -> usize {
        self.objects.get(resource).map_or(0, BTreeMap::len)
    }

    /// The resources that have objects.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Arc<str>> {
        self.objects.iter().filter(|(_, objects)| !objects.is_empty()).map(|(resource, _)| resource)
    }

    /// Stores an object, new or changed, under the next revision.
    pub(crate) fn put(&mut self, resource: &Arc<str>, namespace: &str, name: &str, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        stamp(&mut object, self.revision);
        let object = Arc::new(object);
        let key = key(namespace, name);
        let before = self.objects.entry(Arc::clone(resource)).or_default().insert(key.clone(), Arc::clone(&object));
        let happened = if before.is_some() { Happened::Modified } else { Happened::Added };
        self.note(Event {
            revision: self.revision,
            happened,
            resource: Arc::clone(resource),
            key,
            object: Arc::clone(&object),
            before,
        });
        object
    }

    /// Takes an object away; what is told is `last`, its last form, under the next revision.
    pub(crate) fn remove(&mut self, resource: &Arc<str>, namespace: &str, name: &str, mut last: Value) -> Arc<Value> {
        let key = key(namespace, name);
        let before = self.objects.get_mut(resource).and_then(|objects| objects.remove(&key));
        self.revision += 1;
        stamp(&mut last, self.revision);
        let object = Arc::new(last);
        let event = Event {
            revision: self.revision,
            happened: Happened::Deleted,
            resource: Arc::clone(resource),
            key,
            object: Arc::clone(&object),
            before,
        };
        self.note(event);
        object
    }

    fn note(&mut self, event: Event) {
        self.events.push_back(event);
        self.open += 1;
    }

    /// A document that is no object.
    pub(crate) fn keep(&mut self, key: &str, value: Value) {
        let collection = META.to_owned();
        self.other.push(Change { collection, key: key.to_owned(), value: Some(value) });
    }

    /// The changes after a revision, oldest first; `None` if it is too old.
    pub(crate) fn after(&self, revision: u64) -> Option<impl Iterator<Item = &Event>> {
        if revision < self.since {
            return None;
        }
        let from = self.events.partition_point(|event| event.revision <= revision);
        Some(self.events.range(from..))
    }

    /// Makes what the open transaction changed durable; if that fails, takes it back.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        if self.open == 0 && self.other.is_empty() {
            return Ok(());
        }
        let from = self.events.len() - self.open;
        let mut changes: Vec<Change> = self.events.range(from..).map(Event::as_change).collect();
        changes.append(&mut self.other);
        changes.push(Change {
            collection: META.to_owned(),
            key: "revision".to_owned(),
            value: Some(json!(self.revision)),
        });
        if let Err(error) = self.persist.commit(changes) {
            self.undo();
            return Err(error);
        }
        self.open = 0;
        while self.events.len() > EVENTS {
            if let Some(event) = self.events.pop_front() {
                self.since = event.revision;
            }
        }
        Ok(())
    }

    /// Forgets the changes until now; who asks for older ones begins anew.
    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.since = self.revision;
    }

    /// Takes back what the open transaction changed. Revisions are not used again.
    pub(crate) fn undo(&mut self) {
        self.other.clear();
        for _ in 0..std::mem::take(&mut self.open) {
            let Some(event) = self.events.pop_back() else { return };
            let objects = self.objects.entry(event.resource).or_default();
            match event.before {
                Some(before) => objects.insert(event.key, before),
                None => objects.remove(&event.key),
            };
        }
    }
}

/// Writes the revision into an object.
fn stamp(object: &mut Value, revision: u64) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), Value::from(revision.to_string()));
    }
}

/// The revision that an object was stored under.
pub(crate) fn revision_of(object: &Value) -> u64 {
    let text = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
