//! Watches: what is there, then what happens, until the time is up or the client goes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::query::Query;
use super::read::{self, Selection};
use super::respond::{Form, Include, View};
use super::{Accept, Cluster};
use crate::registry::Resource;
use crate::status::Refusal;
use crate::store::{Event, Happened};

/// How many events wait for a slow client before the store is not asked for more.
const BUFFER: usize = 64;
/// How long a watch lasts that does not say; upstream takes 30 to 60 minutes.
const DEFAULT_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How often a bookmark says how far a watch has come, if it asks for them.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long before its end a watch says so once more, for whoever begins anew from there.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);

/// A watch that is to begin.
#[derive(Debug)]
pub(crate) struct Watch {
    resource: Arc<Resource>,
    version: String,
    namespace: String,
    selection: Selection,
    accept: Accept,
    include: Include,
    bookmarks: bool,
    limit: Duration,
    /// The last revision that was looked at.
    seen: u64,
    /// What is sent before anything else.
    first: Vec<Bytes>,
    /// Whether a Table's columns were sent.
    headed: bool,
    /// Whether it ends with what was just told.
    over: bool,
}

impl Watch {
    /// Reads what is wanted and takes down what is there now.
    #[expect(clippy::too_many_arguments, reason = "a watch is said by all of these, once")]
    pub(crate) fn open(
        store: &crate::store::Store,
        resource: &Arc<Resource>,
        version: &str,
        namespace: &str,
        name: &str,
        query: &Query,
        accept: Accept,
        include: Include,
        now: i64,
    ) -> Result<Self, Refusal> {
        let mut selection = Selection::read(query, resource, version)?;
        let initial = read::initial_events(query)?;
        if !name.is_empty() {
            if !selection.fields.is_empty() && selection.fields.name() != Some(name) {
                let why = "fieldSelector metadata.name doesn't match requested name";
                return Err(Refusal::bad_request(why));
            }
            selection.fields = crate::selector::Fields::parse(&format!("metadata.name={name}")).unwrap_or_default();
        }
        let asked = read::revision(query)?;
        query.number("limit")?;
        let seconds = query.number("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| *seconds > 0);
        let mut watch = Self {
            resource: Arc::clone(resource),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            selection,
            accept,
            include,
            bookmarks: query.flag("allowWatchBookmarks"),
            limit: seconds.map_or(DEFAULT_LIMIT, Duration::from_secs),
            seen: store.revision(),
            first: Vec::new(),
            headed: false,
            over: false,
        };
        if initial {
            let objects: Vec<Arc<Value>> =
                store.list(&resource.key, namespace).map(|(_, one)| Arc::clone(one)).collect();
            for object in objects {
                if watch.selection.select(&object) {
                    let line = watch.line("ADDED", &object, now);
                    watch.first.push(line);
                }
            }
            if watch.bookmarks {
                let bookmark = watch.bookmark(store.revision(), true, now);
                watch.first.push(bookmark);
            }
        } else if let Some(revision) = asked {
            if revision < store.oldest() {
                let refusal = read::expired(format!("too old resource version: {revision} ({})", store.oldest()));
                watch.first.push(error(&refusal));
                watch.over = true;
            }
            watch.seen = revision;
        }
        Ok(watch)
    }

    /// Sends events until the time is up or nobody listens; needs a tokio runtime.
    pub(crate) fn start(mut self, cluster: Cluster) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        tokio::spawn(async move {
            let limit = self.limit;
            // The end of time is an end like any other: the client begins anew.
            let _ = tokio::time::timeout(limit, self.run(&cluster, &sender)).await;
        });
        receiver
    }

    async fn run(&mut self, cluster: &Cluster, sender: &mpsc::Sender<Bytes>) -> Option<()> {
        let mut changes = cluster.changes();
        for line in std::mem::take(&mut self.first) {
            sender.send(line).await.ok()?;
        }
        if self.over {
            return None;
        }
        let mut bookmarks = tokio::time::interval(BOOKMARK_EVERY);
        bookmarks.tick().await;
        let mut last = self.limit.checked_sub(BOOKMARK_BEFORE_END).filter(|_| self.bookmarks);
        let ending = tokio::time::sleep(last.unwrap_or_default());
        tokio::pin!(ending);
        loop {
            changes.borrow_and_update();
            for line in self.news(cluster) {
                sender.send(line).await.ok()?;
            }
            if self.over {
                return None;
            }
            tokio::select! {
                changed = changes.changed() => changed.ok()?,
                () = sender.closed() => return None,
                _ = bookmarks.tick(), if self.bookmarks => {
                    sender.send(self.progress(cluster)).await.ok()?;
                }
                () = &mut ending, if last.is_some() => {
                    last = None;
                    sender.send(self.progress(cluster)).await.ok()?;
                }
            }
        }
    }

    /// What happened since it was last asked.
    fn news(&mut self, cluster: &Cluster) -> Vec<Bytes> {
        let (events, latest, now) = cluster.with(|state| {
            let prefix = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
            let events: Option<Vec<Event>> = state.store.after(self.seen).map(|events| {
                let mine = events.filter(|event| event.resource == self.resource.key && event.key.starts_with(&prefix));
                mine.cloned().collect()
            });
            (events, state.store.revision(), state.moment.seconds())
        });
        let Some(events) = events else {
            let refusal = read::expired(format!("too old resource version: {} ({latest})", self.seen));
            self.over = true;
            return vec![error(&refusal)];
        };
        self.seen = self.seen.max(latest);
        events.iter().filter_map(|event| self.tell(event, now)).collect()
    }

    /// An event as those see it who select some objects only: what leaves the selection is deleted for them.
    fn tell(&mut self, event: &Event, now: i64) -> Option<Bytes> {
        let was = event.before.as_ref().is_some_and(|before| self.selection.select(before));
        let is = event.happened != Happened::Deleted && self.selection.select(&event.object);
        match (was, is) {
            (false, false) => None,
            (false, true) => Some(self.line("ADDED", &event.object, now)),
            (true, true) => Some(self.line("MODIFIED", &event.object, now)),
            (true, false) if event.happened == Happened::Deleted => Some(self.line("DELETED", &event.object, now)),
            // What left the selection is told in its last selected form, under the new revision.
            (true, false) => {
                let mut last = Value::clone(event.before.as_ref()?);
                if let Some(metadata) = last.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("resourceVersion".to_owned(), Value::from(event.revision.to_string()));
                }
                Some(self.line("DELETED", &last, now))
            }
        }
    }

    fn line(&mut self, kind: &str, object: &Value, now: i64) -> Bytes {
        let view =
            View { resource: &self.resource, version: &self.version, accept: self.accept, now, include: self.include };
        let object = match self.accept.form {
            Form::Table => {
                let revision = object.pointer("/metadata/resourceVersion").cloned();
                let metadata = revision.map(|revision| ("resourceVersion".to_owned(), revision)).into_iter().collect();
                let table = view.table(std::iter::once(object), &metadata, !self.headed);
                self.headed = true;
                table
            }
            Form::Whole | Form::Metadata | Form::MetadataList => view.object(object),
        };
        event_line(kind, &object)
    }

    /// A bookmark of how far it has come.
    fn progress(&mut self, cluster: &Cluster) -> Bytes {
        let now = cluster.with(|state| state.moment.seconds());
        self.bookmark(self.seen, false, now)
    }

    /// A bookmark: an object that has a revision and nothing else, in the form that objects are told in.
    fn bookmark(&mut self, revision: u64, initial: bool, now: i64) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if let (true, Some(fields)) = (initial, metadata.as_object_mut()) {
            fields.insert("annotations".to_owned(), json!({"k8s.io/initial-events-end": "true"}));
        }
        let mut object = json!({"metadata": metadata});
        // What every object of a built-in kind has, however empty. Nothing here could be of a wrong type.
        let _ = self.resource.decode(&mut object, &self.resource.stored);
        self.line("BOOKMARK", &object, now)
    }
}

/// An error event, after which a watch has nothing more to tell.
fn error(refusal: &Refusal) -> Bytes {
    event_line("ERROR", &refusal.body())
}

fn event_line(kind: &str, object: &Value) -> Bytes {
    let mut line = json!({"type": kind, "object": object}).to_string().into_bytes();
    line.push(b'\n');
    Bytes::from(line)
}
