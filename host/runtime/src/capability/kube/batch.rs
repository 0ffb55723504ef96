//! One list of calls on one cluster: its kinds, what is decided of each call, and the calls themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use maps_engine::capability::{
    Decision, Denial, Effect, Facts, Family, Half, Interface, KubeFacts, KubePlace, MANAGER, Pointer, Rule, Scope,
    Verb, decide, marked_by,
};
use maps_engine::{Class, Problem, Value};
use reqwest::header::HeaderMap;
use serde_json::{Value as Json, json};

use super::cluster::{self, ApiResource, Cluster};
use super::send::{absent, deleted};
use super::{Deleted, Deleting, Listing, Parsed, Reference, TypeMeta, Writing, internal, invalid, sealed, wire};
use crate::capability::http::{Echo, HttpCapability, check_sinks};
use crate::capability::outgoing::{Line, Refused};
use crate::printable::printable;
use crate::scope::CallScope;

/// Objects of a page, and what is tried where a page is larger than an answer may be.
const PAGES: [u32; 3] = [500, 50, 5];
/// Pages of one list; a server that goes on is broken or hostile.
const MOST_PAGES: usize = 1_000;

/// One list of calls on one cluster.
pub(super) struct Batch<'a> {
    pub(super) http: &'a HttpCapability,
    pub(super) scope: &'a CallScope,
    pub(super) half: Half,
    pub(super) cluster: Arc<Cluster>,
    /// Bytes of answers that the guest has not been handed yet.
    pub(super) kept: AtomicUsize,
    /// Secrets that it has been shown in clear.
    pub(super) shown: AtomicUsize,
    pub(super) kinds: BTreeMap<TypeMeta, Result<Option<ApiResource>, Problem>>,
}

impl Batch<'_> {
    pub(super) fn line(&self) -> Line<'_> {
        Line { scope: self.scope, interface: Interface::Ruled(Family::Kube, self.half).name() }
    }

    pub(super) fn refuse(&self, problem: Problem, rule: Option<&Rule>, what: &str) -> Problem {
        let refused = Refused {
            problem: problem.into(),
            summary: Some(printable(what, 512)),
            rule: rule.map(|rule| rule.id.clone()),
        };
        self.line().refuse(refused, String::new)
    }

    /// The kinds of a group's version. What was known is enough, if it has all that is wanted.
    pub(super) async fn discover(
        &self,
        api_version: &str,
        wanted: &[&TypeMeta],
    ) -> Result<Arc<Vec<ApiResource>>, Problem> {
        let what = format!("discovery of {api_version}");
        let wire = wire::discovery(api_version).map_err(|problem| self.refuse(problem, None, &what))?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let facts = KubeFacts { verb: None, group, ..self.facts(Verb::Get, &NOTHING, KubePlace::All, &[]) };
        let (rule, steps) = self.decide(&facts, &what)?;
        let has_all =
            |known: &Arc<Vec<ApiResource>>| wanted.iter().all(|kind| known.iter().any(|item| item.kind == kind.kind));
        if let Some(known) = self.cluster.known(api_version).filter(has_all) {
            return Ok(known);
        }
        let read = |_: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(cluster::listed(api_version, body)),
            // A group that nobody serves has no kinds.
            404 => Ok(Ok(Vec::new())),
            _ => Err(None),
        };
        let found = self.send(rule, &steps, &what, &wire, &read).await?;
        Ok(self.cluster.learn(api_version, found))
    }

    pub(super) fn kind(&self, kind: &TypeMeta) -> Result<Option<ApiResource>, Problem> {
        self.kinds.get(kind).cloned().unwrap_or_else(|| Err(internal("a kind was not looked for")))
    }

    /// The kind, which must be there.
    pub(super) fn known(&self, kind: &TypeMeta) -> Result<ApiResource, Problem> {
        self.kind(kind)?.ok_or_else(|| unknown(kind))
    }

    pub(super) fn facts<'f>(
        &'f self,
        verb: Verb,
        kind: &'f ApiResource,
        place: KubePlace<'f>,
        items: &'f [u32],
    ) -> KubeFacts<'f> {
        KubeFacts {
            half: self.half,
            operation: self.scope.operation.mutation(),
            server: &self.cluster.host,
            verb: Some(verb),
            group: &kind.group,
            resource: &kind.name,
            kind: &kind.kind,
            place,
            name: None,
            object: None,
            live: None,
            items,
        }
    }

    pub(super) fn decide(&self, facts: &KubeFacts<'_>, what: &str) -> Result<(&Rule, Vec<usize>), Problem> {
        self.admits(what)?;
        self.judged(facts).map_err(|denial| self.denied(denial, what))
    }

    /// Decides on a write; on one that only an object's marks in the cluster could allow, after a look at it, whose
    /// finding comes with the decision. None where it looked and nothing was there.
    pub(super) async fn decide_write(
        &self,
        facts: &KubeFacts<'_>,
        kind: &ApiResource,
        what: &str,
    ) -> Result<Option<(&Rule, Vec<usize>, Option<Live>)>, Problem> {
        self.admits(what)?;
        let denial = match self.judged(facts) {
            Ok((rule, steps)) => return Ok(Some((rule, steps, None))),
            Err(denial) => denial,
        };
        let marked = marked_by(&self.http.effective, facts).filter(|_| denial.code == "kube-binding");
        let (Some(rule), Some(name)) = (marked, facts.name) else { return Err(self.denied(denial, what)) };
        let wire = wire::get(kind, namespace(facts.place), name)?;
        let read = |_: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(Live::read(body).map(Some)),
            404 if absent(body) => Ok(Ok(None)),
            _ => Err(None),
        };
        let steps: Vec<usize> = facts.items.iter().map(|item| *item as usize).collect();
        let looked = format!("look at {}", facts.outline());
        let live = self.send(rule, &steps, &looked, &wire, &read).await?;
        let Some(live) = live else { return Ok(None) };
        let decided = self.judged(&KubeFacts { live: Some(&live.object), ..facts.clone() });
        let (rule, steps) = decided.map_err(|denial| self.denied(denial, what))?;
        Ok(Some((rule, steps, Some(live))))
    }

    fn admits(&self, what: &str) -> Result<(), Problem> {
        self.http
            .admits(self.scope, &self.kept)
            .map_err(|refused| self.line().refuse(Refused { summary: Some(what.to_owned()), ..refused }, String::new))
    }

    fn judged(&self, facts: &KubeFacts<'_>) -> Result<(&Rule, Vec<usize>), Denial> {
        match decide(&self.http.effective, &Facts::Kube(facts.clone()), &self.scope.steps) {
            Decision::Allow { rule: Some(rule), steps } => Ok((rule, steps)),
            Decision::Allow { rule: None, .. } => Err(Denial {
                code: "kube-internal",
                message: "it was allowed without a rule".to_owned(),
                help: String::new(),
                rule: None,
            }),
            Decision::Deny(denial) => Err(denial),
        }
    }

    fn denied(&self, denial: Denial, what: &str) -> Problem {
        let (rule, summary) = (denial.rule.clone(), Some(printable(what, 512)));
        self.line().refuse(Refused { problem: Box::new(denial.into()), summary, rule }, String::new)
    }

    pub(super) async fn get(&self, object: &Reference) -> Result<Option<String>, Problem> {
        let kind = self.known(&object.kind)?;
        let place = self.place(&kind, object)?;
        let facts = KubeFacts { name: Some(&object.name), ..self.facts(Verb::Get, &kind, place, &[]) };
        let what = facts.outline();
        let (rule, steps) = self.decide(&facts, &what)?;
        let wire = wire::get(&kind, namespace(place), &object.name)?;
        let read = |echo: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(self.shown(echo, &kind, body).map(Some)),
            404 if absent(body) => Ok(Ok(None)),
            404 => Err(Some(self.vanished(&object.kind))),
            _ => Err(None),
        };
        self.send(rule, &steps, &what, &wire, &read).await
    }

    pub(super) async fn list(&self, listing: &Listing) -> Result<Vec<String>, Problem> {
        let kind = self.known(&listing.kind)?;
        let place = match &listing.namespace {
            _ if !kind.namespaced => KubePlace::Cluster,
            None => KubePlace::All,
            Some(namespace) => {
                wire::check_namespace(namespace).map_err(|problem| self.refuse(problem, None, "list"))?;
                KubePlace::Namespace(namespace)
            }
        };
        let facts = self.facts(Verb::List, &kind, place, &[]);
        let what = facts.outline();
        let (rule, steps) = self.decide(&facts, &what)?;
        let (mut items, mut from, mut size) = (Vec::new(), None::<String>, PAGES.into_iter());
        let mut limit = size.next().unwrap_or(1);
        for _ in 0..MOST_PAGES {
            let wire = wire::list(&kind, listing, limit, from.as_deref())?;
            let read = |echo: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
                200..=299 => Ok(self.page(echo, &kind, body)),
                404 if from.is_none() => Err(Some(self.vanished(&listing.kind))),
                _ => Err(None),
            };
            match self.send(rule, &steps, &what, &wire, &read).await {
                Ok((page, next)) => {
                    items.extend(page);
                    match next {
                        Some(next) => from = Some(next),
                        None => return Ok(items),
                    }
                }
                // Fewer at once fit.
                Err(problem) if problem.code == "answer-size" => match size.next() {
                    Some(smaller) => limit = smaller,
                    None => return Err(problem),
                },
                // What the token was for is compacted away: from the start.
                Err(problem) if problem.code == "expired" && from.is_some() => {
                    items.clear();
                    from = None;
                }
                Err(problem) => return Err(problem),
            }
            self.admits(&what)?;
        }
        Err(Problem::new(Class::Internal, "endless-list", format!("{what} has more than {MOST_PAGES} pages")))
    }

    pub(super) async fn write(
        &self,
        verb: Verb,
        write: &Writing,
        parsed: &Result<Parsed, Problem>,
    ) -> Result<String, Problem> {
        let parsed = parsed.as_ref().map_err(|problem| self.refuse(problem.clone(), None, verb.name()))?;
        let kind = self.known(&parsed.reference.kind)?;
        let place = self.place(&kind, &parsed.reference)?;
        let name = parsed.reference.name.as_str();
        let facts =
            KubeFacts { name: Some(name), object: Some(&parsed.value), ..self.facts(verb, &kind, place, &write.items) };
        let forced = if write.force { " (forced)" } else { "" };
        let what = format!("{}{forced}", facts.outline());
        let found = match verb.effect() {
            Effect::Write => self.decide_write(&facts, &kind, &what).await?,
            Effect::Read => {
                self.admits(&what)?;
                None
            }
        };
        // What is not there carries no marks: then it is for its step to name.
        let (rule, steps, live) = match found {
            Some(found) => found,
            None => self
                .judged(&facts)
                .map(|(rule, steps)| (rule, steps, None))
                .map_err(|denial| self.denied(denial, &what))?,
        };
        let body = self.body(rule, &kind, parsed).map_err(|problem| self.refuse(problem, Some(rule), &what))?;
        let body = match &live {
            Some(live) => live.pinned(body),
            None => body,
        };
        let manager = manager(rule);
        let wire = match verb {
            Verb::Create => wire::create(&kind, namespace(place), manager, &body)?,
            verb => wire::apply(&kind, namespace(place), name, manager, &body, write.force, verb == Verb::DryRun)?,
        };
        let read = |echo: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(self.shown(echo, &kind, body)),
            404 if !absent(body) => Err(Some(self.vanished(&parsed.reference.kind))),
            _ => Err(None),
        };
        self.send(rule, &steps, &what, &wire, &read).await
    }

    pub(super) async fn delete(&self, delete: &Deleting) -> Result<Deleted, Problem> {
        let kind = self.known(&delete.object.kind)?;
        let place = self.place(&kind, &delete.object)?;
        let facts =
            KubeFacts { name: Some(&delete.object.name), ..self.facts(Verb::Delete, &kind, place, &delete.items) };
        let what = facts.outline();
        let Some((rule, steps, live)) = self.decide_write(&facts, &kind, &what).await? else {
            return Ok(Deleted::Absent);
        };
        let uid = live.map(|live| live.uid).or_else(|| delete.uid.clone());
        let wire = wire::delete(&kind, namespace(place), &Deleting { uid, ..delete.clone() })?;
        let read = |_: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(Ok(deleted(body))),
            404 if absent(body) => Ok(Ok(Deleted::Absent)),
            404 => Err(Some(self.vanished(&delete.object.kind))),
            _ => Err(None),
        };
        self.send(rule, &steps, &what, &wire, &read).await
    }

    /// Where an object is, its name and namespace being ones that lead nowhere else.
    pub(super) fn place<'r>(&self, kind: &ApiResource, object: &'r Reference) -> Result<KubePlace<'r>, Problem> {
        let what = format!("{} {}", kind.name, printable(&object.name, 128));
        wire::check_name(&object.name).map_err(|problem| self.refuse(problem, None, &what))?;
        match &object.namespace {
            _ if !kind.namespaced => Ok(KubePlace::Cluster),
            Some(namespace) => {
                wire::check_namespace(namespace).map_err(|problem| self.refuse(problem, None, &what))?;
                Ok(KubePlace::Namespace(namespace))
            }
            None => {
                let message =
                    format!("{} {} is in a namespace, and none is said", kind.kind, printable(&object.name, 128));
                Err(invalid("namespace-missing", message).help("say `metadata.namespace`"))
            }
        }
    }

    /// The object as it goes out, its secrets opened where the rule lets them.
    pub(super) fn body(&self, rule: &Rule, kind: &ApiResource, parsed: &Parsed) -> Result<Json, Problem> {
        let Scope::Kube(scope) = &rule.scope else { return Err(internal("it was allowed by a rule of another kind")) };
        let mut sinks = scope.sinks.clone();
        let secret = sealed::is_secret(&kind.group, &kind.kind);
        if secret {
            for part in ["data", "stringData"] {
                let keys = parsed.raw.get(part).and_then(Json::as_object).into_iter().flatten().map(|(key, _)| key);
                let place = |key: &String| format!("/{part}/{}", key.replace('~', "~0").replace('/', "~1"));
                sinks.extend(keys.filter_map(|key| place(key).parse::<Pointer>().ok()));
            }
        }
        check_sinks(rule, &sinks, &parsed.value)?;
        if secret { sealed::opened(&parsed.value, &parsed.raw) } else { sealed::plain(&parsed.value) }
    }

    /// The server no longer has the kind that its discovery told of.
    pub(super) fn vanished(&self, kind: &TypeMeta) -> Problem {
        self.cluster.forget(&kind.api_version);
        unknown(kind)
    }
}

/// An object whose marks were looked at: what is then written is about it, and not about a later one of its name.
pub(super) struct Live {
    /// Its data left out, as it may be a Secret's.
    object: Value,
    uid: String,
}

impl Live {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let json: Json = serde_json::from_slice(body).unwrap_or_default();
        let uid = json.pointer("/metadata/uid").and_then(Json::as_str).filter(|uid| !uid.is_empty());
        let Some(uid) = uid.map(str::to_owned) else { return Err(internal("an object without a uid was answered")) };
        let object = Value::from(json!({"metadata": json["metadata"]}));
        Ok(Self { object, uid })
    }

    /// The object to apply, which the server then takes for this one alone.
    fn pinned(&self, mut object: Json) -> Json {
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.insert("uid".to_owned(), self.uid.as_str().into());
        }
        object
    }
}

/// In whose name the rule applies.
fn manager(rule: &Rule) -> &str {
    match &rule.scope {
        Scope::Kube(scope) => scope.manager(),
        _ => MANAGER,
    }
}

/// What a discovery is about, beside its group.
pub(super) static NOTHING: ApiResource = ApiResource {
    group: String::new(),
    version: String::new(),
    kind: String::new(),
    name: String::new(),
    namespaced: false,
    verbs: Vec::new(),
};

fn namespace<'p>(place: KubePlace<'p>) -> Option<&'p str> {
    match place {
        KubePlace::Namespace(namespace) => Some(namespace),
        KubePlace::Cluster | KubePlace::All => None,
    }
}

fn unknown(kind: &TypeMeta) -> Problem {
    let (name, version) = (printable(&kind.kind, 128), printable(&kind.api_version, 256));
    Problem::new(Class::NotFound, "kind-unknown", format!("the server has no kind {name} in {version}"))
        .help("if it is of a CustomResourceDefinition, that comes first")
}
