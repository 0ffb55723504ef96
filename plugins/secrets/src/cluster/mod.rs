//! What External Secrets reads parameters by, in a cluster: its stores, and the secrets that it keeps.
//!
//! Each resource is one or two objects of one name in one namespace. They are applied together, carry who made
//! them as annotations, and are done when the operator says that they are ready.

mod external;
mod held;
mod store;

use maps_s3::batch::Answered;
use maps_sdk::kube::{Apply, Cluster, Delete as Removal, Deletion, ObjectReference, TypeMeta};
use maps_sdk::{Class, Context, Problem, Progress, Report, Resource, Secret, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use external::ExternalSecret;
pub use held::InCluster;
pub use store::SecretStore;

/// The version of External Secrets' kinds, which it has served since its 0.17.
const API: &str = "external-secrets.io/v1";
/// How long the operator may take until it says that something is ready; then what it last said is the problem.
const TIMEOUT_MS: u64 = 300_000;
/// How long until it is asked again.
const AGAIN_MS: u64 = 2_000;

/// Where a create, an update or a delete goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How long it was waited already, in milliseconds as the host was asked to wait.
    pub waited_ms: u64,
}

/// Nothing was waited for yet, and nothing is to be applied.
static APPLIED: Waiting = Waiting { waited_ms: 0 };

/// Where an update goes on: of what is as it should be it only asks whether all is ready.
fn at(checkpoint: Option<&Waiting>, same: bool) -> Option<&Waiting> {
    checkpoint.or(same.then_some(&APPLIED))
}

/// What the cluster tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same object.
    pub uid: String,
}

/// A namespace and a name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    namespace: String,
    name: String,
}

impl Place {
    fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// From `namespace/name`, as ids are.
    fn parse(id: &str) -> Answered<Self> {
        match id.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::new(namespace, name))
            }
            _ => Err(Problem::invalid("bad-id", format!("`{id}` names no object")).help("write `namespace/name`")),
        }
    }

    fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn of(&self, api_version: &str, kind: &str) -> ObjectReference {
        let (namespace, name) = (Some(self.namespace.clone()), self.name.clone());
        ObjectReference { kind: TypeMeta::new(api_version, kind), namespace, name }
    }
}

/// The plugin's config, as far as clusters are concerned.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    cluster: Option<Secret>,
}

fn cluster(context: &Context) -> Answered<Cluster> {
    let config: Config = context.config()?;
    let missing = || {
        Problem::invalid("no-cluster", "the plugin was given no cluster")
            .help("give it one: `config: {cluster: \"${cluster.kubeconfig}\"}`")
    };
    Ok(Cluster::new(&config.cluster.ok_or_else(missing)?))
}

/// One answer for each, all the same problem.
fn all_fail<T>(count: usize, problem: &Problem) -> Vec<Answered<T>> {
    (0..count).map(|_| Err(problem.clone())).collect()
}

/// The objects as they are; a kind that the cluster does not know has none.
fn fetch(context: &Context, references: &[ObjectReference]) -> Vec<Answered<Option<Value>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return all_fail(references.len(), &problem),
    };
    let known = |answer: Answered<Option<Value>>| match answer {
        Err(problem) if is_unknown_kind(&problem) => Ok(None),
        answer => answer,
    };
    cluster.get_all(references).into_iter().map(known).collect()
}

fn is_unknown_kind(problem: &Problem) -> bool {
    problem.class == Class::NotFound && problem.code == "kind-unknown"
}

/// Annotations that say who made an object, the same that `kube/manifest` writes.
const MARKS: [&str; 3] = ["maps.dev/stack", "maps.dev/address", "maps.dev/token"];

fn mark(object: &mut Value, context: &Context, address: &str, token: &str) {
    let values = [context.stack.as_str(), address, token];
    for (key, value) in MARKS.into_iter().zip(values) {
        object["metadata"]["annotations"][key] = json!(value);
    }
}

/// The token that an object carries.
fn token(live: &Value) -> Option<&str> {
    live.pointer("/metadata/annotations")?.get(MARKS[2])?.as_str()
}

fn uid(live: &Value) -> String {
    live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// One resource to be written.
struct Write<'a> {
    step: Step,
    address: &'a str,
    token: String,
    place: Place,
    /// In the order in which they are applied; the last one is the one that gets ready.
    objects: Vec<Value>,
    checkpoint: Option<&'a Waiting>,
}

/// Applies what is new and asks after what was applied before: the last object of each, as it then is.
fn write(context: &Context, writes: &[Write<'_>]) -> Vec<Answered<Value>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return all_fail(writes.len(), &problem),
    };
    let mut applies = Vec::new();
    let mut asked = Vec::new();
    for write in writes {
        if write.checkpoint.is_some() {
            asked.extend(write.objects.last().and_then(ObjectReference::of));
            continue;
        }
        for object in &write.objects {
            let mut object = object.clone();
            mark(&mut object, context, write.address, &write.token);
            match Apply::new(&object, false) {
                Ok(apply) => applies.push((vec![write.step], apply)),
                Err(problem) => return all_fail(writes.len(), &problem),
            }
        }
    }
    let mut applied = cluster.apply_all(applies).into_iter();
    let mut found = cluster.get_all(&asked).into_iter();
    let missing = || Err(Problem::internal("no-answer", "the host answered too few objects"));
    let answer = |write: &Write<'_>| {
        if write.checkpoint.is_some() {
            let live = found.next().unwrap_or_else(|| missing().map(Some))?;
            return live.ok_or_else(|| maps_s3::batch::gone("object-gone", "the object", &write.place.id()));
        }
        let mut last = missing();
        for answer in applied.by_ref().take(write.objects.len()) {
            last = match (last, answer) {
                (Err(problem), _) if problem.code != "no-answer" => Err(problem),
                (_, Err(problem)) => Err(explained(problem)),
                (_, answer) => answer,
            };
        }
        last
    };
    writes.iter().map(answer).collect()
}

/// A kind that nobody knows is one whose operator is missing.
fn explained(problem: Problem) -> Problem {
    if is_unknown_kind(&problem) {
        return problem
            .help("External Secrets, whose kind this is, has to be in the cluster first: depend on its release");
    }
    problem
}

/// Ready, waiting on, or given up: by the condition `Ready` that the operator sets.
fn settled(write: &Write<'_>, live: &Value) -> Answered<Option<Progress<(), Waiting>>> {
    let seen = live.pointer("/metadata/generation") == live.pointer("/status/observedGeneration")
        || live.pointer("/status/observedGeneration").is_none();
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    if seen && ready.is_some_and(|ready| ready["status"] == "True") {
        return Ok(None);
    }
    let said = ready.map(|ready| {
        let text = |at: &str| ready[at].as_str().unwrap_or_default();
        format!("{}: {}", text("reason"), text("message"))
    });
    let waited_ms = write.checkpoint.map_or(0, |waiting| waiting.waited_ms);
    if waited_ms >= TIMEOUT_MS {
        let said = said.unwrap_or_else(|| "External Secrets has said nothing of it".to_owned());
        let message = format!("{} is not ready within 5m: {said}", write.place.id());
        return Err(Problem::internal("timed-out", message)
            .help("look at what the operator says, mend that, and run again: nothing is made twice"));
    }
    let said = said.unwrap_or_else(|| "External Secrets has not looked at it yet".to_owned());
    let pending = Progress::pending(again(waited_ms), AGAIN_MS).id(write.place.id());
    Ok(Some(pending.note(format!("{} is not ready yet: {said}", write.place.id()))))
}

fn again(waited_ms: u64) -> Waiting {
    Waiting { waited_ms: waited_ms.saturating_add(AGAIN_MS) }
}

/// The outcome of a write: `told` makes the resource of what is ready.
fn outcome<T: maps_sdk::Kind<Checkpoint = Waiting>>(
    write: &Write<'_>,
    live: Answered<Value>,
    told: impl FnOnce(&Value) -> Resource<T>,
) -> Answered<Progress<Resource<T>, Waiting>> {
    let live = live?;
    match settled(write, &live)? {
        None => Ok(Progress::Done(told(&live))),
        Some(Progress::Pending(pending)) => Ok(Progress::Pending(pending)),
        Some(Progress::Done(())) => Ok(Progress::Done(told(&live))),
    }
}

/// One resource to be deleted.
struct Removed<'a> {
    step: Step,
    place: Place,
    references: Vec<ObjectReference>,
    checkpoint: Option<&'a Waiting>,
}

/// Deletes the objects of each; done when all of them are gone.
fn remove(context: &Context, removed: &[Answered<Removed<'_>>]) -> Vec<Answered<Progress<(), Waiting>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return all_fail(removed.len(), &problem),
    };
    let deletions = removed
        .iter()
        .flatten()
        .flat_map(|one| one.references.iter().map(|reference| (vec![one.step], Removal::any(reference.clone()))));
    let mut answers = cluster.delete_all(deletions.collect()).into_iter();
    let told = |one: &Answered<Removed<'_>>| {
        let one = one.as_ref().map_err(Problem::clone)?;
        let mut all_gone = true;
        let mut failed = None;
        for answer in answers.by_ref().take(one.references.len()) {
            match answer {
                Ok(Deletion::Absent | Deletion::Gone) => {}
                Ok(Deletion::UnderWay) => all_gone = false,
                // With its kind every object is gone.
                Err(problem) if is_unknown_kind(&problem) => {}
                Err(problem) => failed = Some(problem),
            }
        }
        if let Some(problem) = failed {
            return Err(problem);
        }
        if all_gone {
            return Ok(Progress::Done(()));
        }
        let waited_ms = one.checkpoint.map_or(0, |waiting| waiting.waited_ms);
        if waited_ms >= TIMEOUT_MS {
            let message = format!("{} is not gone within 5m", one.place.id());
            return Err(Problem::internal("timed-out", message).help("what holds its finalizers has to let go"));
        }
        let note = format!("{} waits for its finalizers", one.place.id());
        Ok(Progress::pending(again(waited_ms), AGAIN_MS).id(one.place.id()).note(note))
    };
    removed.iter().map(told).collect()
}

/// Reports a name or a namespace that Kubernetes would not take.
fn check_place(report: &mut Report, namespace: &str, name: &str) {
    let edges = |text: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        text.starts_with(plain) && text.ends_with(plain)
    };
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(namespace.len() <= 63 && namespace.chars().all(label) && edges(namespace)) {
        let message =
            "a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with a letter or digit";
        report.invalid("namespace", "bad-namespace", message);
    }
    if !(name.len() <= 253 && name.chars().all(|c| label(c) || c == '.') && edges(name)) {
        let message = "a name is up to 253 lower-case letters, digits, dashes and dots, and begins and ends with a letter or digit";
        report.invalid("name", "bad-name", message);
    }
}
