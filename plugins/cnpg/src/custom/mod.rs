//! The one [`Kind`] of all that is one object of CloudNativePG each: what differs is told by [`Custom`].

mod plan;
mod remove;
mod write;

use std::collections::BTreeMap;

use maps_kube_objects::cluster::{cluster, fetch, is_unknown_kind};
use maps_kube_objects::id::ObjectId;
use maps_kube_objects::mark;
use maps_kube_objects::ready::Status;
use maps_kube_objects::remove::is_going;
use maps_kube_objects::taken::Taken;
use maps_sdk::kube::{Cluster, ListOptions, TypeMeta};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Known, Lookup, Loss, Outcome, Preview, Previewed, Problem, Progress, Read,
    Report, Resource, Update, only,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::{self, Field, kept};
use write::Task;

/// What was asked for, or why not.
pub type Answer<T> = Result<T, Problem>;

/// The version of CloudNativePG's kinds.
pub(crate) const API: &str = "postgresql.cnpg.io/v1";
/// The group of these kinds.
pub(crate) const GROUP: &str = "postgresql.cnpg.io";

/// A resource that is one object of CloudNativePG.
pub trait Custom: Sized + 'static {
    /// `plugin/kind`.
    const NAME: &'static str;
    /// What it is.
    const DESCRIPTION: &'static str;
    /// The object's kind.
    const KIND: &'static str;
    /// What goes for good with one that is deleted.
    const LOSES: Option<Loss> = None;
    /// Where the inputs stand in the object.
    const FIELDS: &'static [Field];
    /// Inputs that are the plugin's own and stand nowhere.
    const OWN: &'static [&'static str];
    /// What the user sets.
    type Inputs: Clone + Serialize + DeserializeOwned + JsonSchema;
    /// What the cluster tells.
    type Outputs: Serialize + DeserializeOwned + JsonSchema;

    /// Reports what is wrong.
    fn check(inputs: &Self::Inputs, report: &mut Report);
    /// The namespace and the name.
    fn place(inputs: &Self::Inputs) -> (&str, &str);
    /// Why the change of one that is there cannot be made.
    fn refusal(_old: &Self::Inputs, _new: &Self::Inputs, _known: &Known) -> Option<Problem> {
        None
    }
    /// How long it may take to become ready, in milliseconds; none where nobody waits.
    fn patience(inputs: &Self::Inputs) -> Option<u64>;
    /// How it is; silent as long as the operator has not looked at it.
    fn state(inputs: &Self::Inputs, live: &Value) -> Status;
    /// More on why one is not ready, asked for when it takes long.
    fn explain(_cluster: &Cluster, _id: &ObjectId) -> Vec<String> {
        Vec::new()
    }
    /// Outputs that are known before it is made.
    fn planned(_inputs: &Self::Inputs, _known: &Known) -> Value {
        Value::Null
    }
    /// What is known of a live one.
    ///
    /// # Errors
    /// When the server's answer makes no sense.
    fn outputs(inputs: &Self::Inputs, live: &Value) -> Answer<Self::Outputs>;
    /// What has to be gone too before it counts as deleted: those of these that it owns.
    fn belongings(_id: &ObjectId) -> Vec<ListOptions> {
        Vec::new()
    }
    /// What is told when it is deleted.
    fn farewell(_inputs: Option<&Self::Inputs>, _id: &ObjectId) -> Option<String> {
        None
    }
}

/// Where an operation goes on: what it made is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How long it takes so far.
    taken: Taken,
    /// Of a delete: the object's uid, by which what it owned is known when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
}

/// The kind of such a resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct InCluster<T>(pub T);

/// The text at a pointer, empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn kind<T: Custom>() -> TypeMeta {
    TypeMeta::new(API, T::KIND)
}

fn id<T: Custom>(inputs: &T::Inputs) -> ObjectId {
    let (namespace, name) = T::place(inputs);
    ObjectId::namespaced(kind::<T>(), namespace, name)
}

/// The objects as they are; a kind that the cluster does not know has none.
fn lives(context: &Context, ids: &[ObjectId]) -> Vec<Answer<Option<Value>>> {
    match cluster(context) {
        Ok(cluster) => fetch(&cluster, ids),
        Err(problem) => all_fail(ids.len(), &problem),
    }
}

/// Those of the names that are names, each in its own place.
fn lives_of_known(context: &Context, ids: &[Answer<ObjectId>]) -> Vec<Answer<Option<Value>>> {
    let known: Vec<ObjectId> = ids.iter().flatten().cloned().collect();
    let mut lives = lives(context, &known).into_iter();
    let told = |id: &Answer<ObjectId>| {
        id.as_ref().map_err(Problem::clone)?;
        lives.next().unwrap_or_else(|| Err(no_answer()))
    };
    ids.iter().map(told).collect()
}

/// One answer for each, all the same problem.
fn all_fail<T>(count: usize, problem: &Problem) -> Vec<Answer<T>> {
    (0..count).map(|_| Err(problem.clone())).collect()
}

fn no_answer() -> Problem {
    Problem::internal("no-answer", "the host answered too few objects")
}

/// A refusal of the API server, with what to do about it.
fn explained(problem: Problem) -> Problem {
    let help = match problem.code.as_str() {
        _ if is_unknown_kind(&problem) => {
            "CloudNativePG, whose kind this is, has to be in the cluster first: depend on its release"
        }
        "field-manager-conflict" => {
            "somebody else set these fields: undo that there, or bring the inputs to what is there"
        }
        "not-found" if !problem.message.contains(GROUP) => "its namespace has to be there first: depend on it",
        _ => return problem,
    };
    problem.help(help)
}

/// The object as it should be.
fn object<T: Custom>(inputs: &T::Inputs) -> Answer<Value> {
    let inputs = serde_json::to_value(inputs).map_err(|error| Problem::internal("bad-inputs", error.to_string()))?;
    let mut object = fields::object(T::FIELDS, &inputs);
    object["apiVersion"] = API.into();
    object["kind"] = T::KIND.into();
    Ok(object)
}

/// The settings of a live object; where it is known what was set before, only that, for others set theirs.
fn told<T: Custom>(live: &Value, before: Option<&T::Inputs>) -> Answer<T::Inputs> {
    let mut found = fields::inputs(T::FIELDS, live);
    if let Some(marks) = found.get_mut("annotations").and_then(Value::as_object_mut) {
        marks.retain(|key, _| !mark::is_mark(key));
    }
    if let Some(before) = before {
        let before = serde_json::to_value(before).unwrap_or_default();
        found = kept(found, &before);
        for name in T::OWN {
            if let Some(value) = before.get(*name) {
                found[*name] = value.clone();
            }
        }
    }
    serde_json::from_value(found).map_err(|error| {
        let message = format!("{} {} is not as this plugin knows it: {error}", T::KIND, text(live, "/metadata/name"));
        Problem::internal("unknown-shape", message)
    })
}

fn resource<T: Custom>(live: &Value, before: Option<&T::Inputs>) -> Answer<Resource<InCluster<T>>> {
    let inputs = told::<T>(live, before)?;
    let outputs = T::outputs(&inputs, live)?;
    Ok(Resource { id: id::<T>(&inputs).place(), inputs, outputs })
}

/// The texts of a map.
pub(crate) type Texts = BTreeMap<String, String>;

impl<T: Custom> Kind for InCluster<T> {
    const NAME: &'static str = T::NAME;
    const DESCRIPTION: &'static str = T::DESCRIPTION;
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 200;
    const DELETE_FIRST: bool = true;
    const PREVIEWS: bool = true;
    const LOSES: Option<Loss> = T::LOSES;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = T::Inputs;
    type Outputs = T::Outputs;
    type Checkpoint = Waiting;

    fn check(&self, _: &Context, inputs: &T::Inputs, report: &mut Report) {
        T::check(inputs, report);
    }

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Answer<Previewed> {
        // A batch of one request has one answer; the SDK asks for batches alone.
        only(self.preview_many(context, std::slice::from_ref(request)))
    }

    fn preview_many(&self, context: &Context, requests: &[Preview<Self>]) -> Vec<Answer<Previewed>> {
        plan::preview(context, requests)
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let ids: Vec<ObjectId> = requests.iter().map(|request| id::<T>(&request.inputs)).collect();
        let lives = lives(context, &ids).into_iter().zip(requests);
        let found = |(live, request): (Answer<Option<Value>>, &Find<Self>)| {
            let ours = live?.filter(|live| mark::carries(live, &request.token));
            let Some(live) = ours else { return Ok(Lookup::Absent) };
            let resource = resource::<T>(&live, Some(&request.inputs))?;
            let waits = T::patience(&request.inputs).is_some() && T::state(&request.inputs, &live) != Status::Ready;
            Ok(match (waits, &request.checkpoint) {
                (false, _) => Lookup::Found(resource),
                (true, Some(waiting)) => Lookup::Unfinished(resource, waiting.clone()),
                (true, None) => Lookup::Unfinished(resource, Waiting { taken: Taken::begin(), uid: None }),
            })
        };
        lives.map(found).collect()
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let ids: Vec<_> = requests.iter().map(|request| ObjectId::parse(kind::<T>(), &request.prior.id)).collect();
        let lives = lives_of_known(context, &ids).into_iter().zip(requests);
        let told = |(live, request): (Answer<Option<Value>>, &Read<Self>)| {
            // One that is being deleted is gone as good as: a new one waits until it is.
            let live = live?.filter(|live| !is_going(live));
            live.map(|live| resource::<T>(&live, request.prior.inputs.as_ref())).transpose()
        };
        lives.map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let task = |request| Task::of_create(request);
        write::write(context, &requests.iter().map(task).collect::<Vec<_>>())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let task = |request| Task::of_update(request);
        write::write(context, &requests.iter().map(task).collect::<Vec<_>>())
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Answer<Progress<(), Waiting>> {
        only(self.delete_many(context, std::slice::from_ref(request)))
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Progress<(), Waiting>>> {
        remove::remove(context, requests)
    }
}
