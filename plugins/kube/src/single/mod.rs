//! The one [`Kind`] of all that manage one object each: what differs is told by [`Single`].

mod calls;

use maps_sdk::kube::{Cluster, Delete as Removal, Deletion};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Loss, Outcome, Problem, Progress, Read, Report, Resource, Step,
    Update, only,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use calls::{Answer, Texts, annotations, fetch, kept, texts, uid};

use crate::id::ObjectId;
use crate::taken::Taken;

/// How long finalizers, or the contents of a namespace, may take to go.
const TIMEOUT_MS: u64 = 600_000;

/// What the cluster tells of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same object.
    pub uid: String,
}

/// Where a delete goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removing {
    /// How long it takes so far.
    pub(crate) taken: Taken,
}

/// A resource that is one object.
pub trait Single: Sized + 'static {
    /// `plugin/kind`.
    const NAME: &'static str;
    /// What it is, in one sentence.
    const DESCRIPTION: &'static str;
    /// How many requests one call may bring at most.
    const BATCH: u32;
    /// How long until one that is going is looked at again.
    const RETRY_MS: u64;
    /// What goes for good with one that is deleted.
    const LOSES: Option<Loss> = None;
    /// What the user sets.
    type Inputs: Clone + Serialize + DeserializeOwned + JsonSchema;

    /// Reports what is wrong.
    fn check(inputs: &Self::Inputs, report: &mut Report);
    /// Which object it is.
    fn id(inputs: &Self::Inputs) -> ObjectId;
    /// Which object a resource's id names.
    ///
    /// # Errors
    /// An id that names none.
    fn named(id: &str) -> Result<ObjectId, Problem>;
    /// The id of its resource.
    fn resource_id(id: &ObjectId) -> String;
    /// The object as it should be.
    fn object(inputs: &Self::Inputs) -> Value;
    /// Are fields taken that other field managers own?
    fn force(inputs: &Self::Inputs) -> bool;
    /// The settings as they are; where it is known what was set before, only that, for others set theirs.
    fn told(live: &Value, before: Option<&Self::Inputs>) -> Self::Inputs;
    /// Is it as it should be, so that it is not written again?
    fn is_same(request: &Update<InCluster<Self>>, found: &Self::Inputs) -> bool;
    /// Is it gone as good as, since it is being deleted?
    fn is_going(_live: &Value) -> bool {
        false
    }
    /// Why one that was applied is not there yet.
    ///
    /// # Errors
    /// That it is still being deleted.
    fn written(_inputs: &Self::Inputs, _live: &Value) -> Result<(), Problem> {
        Ok(())
    }
    /// A refusal of the API server, in better words.
    fn explained(_inputs: &Self::Inputs, problem: Problem) -> Problem {
        problem
    }
    /// What one that is being deleted waits for.
    fn waits(cluster: &Cluster, id: &ObjectId) -> Waits;
}

/// What an object that is being deleted waits for, in words.
pub struct Waits {
    /// The object: `the namespace shop`.
    pub(crate) what: String,
    /// What goes on: `waits for its finalizers`.
    pub(crate) note: String,
    /// What holds it, with a word before it, or nothing.
    pub(crate) held: String,
    /// What helps when it does not go.
    pub(crate) help: &'static str,
}

/// The kind of a single object.
#[derive(Clone, Copy, Debug, Default)]
pub struct InCluster<T>(pub T);

fn resource<T: Single>(live: &Value, before: Option<&T::Inputs>) -> Resource<InCluster<T>> {
    let inputs = T::told(live, before);
    let id = T::resource_id(&T::id(&inputs));
    Resource { id, inputs, outputs: Outputs { uid: uid(live) } }
}

/// One that is as it was asked for.
fn as_asked<T: Single>(inputs: &T::Inputs, live: &Value) -> Resource<InCluster<T>> {
    let id = T::resource_id(&T::id(inputs));
    Resource { id, inputs: inputs.clone(), outputs: Outputs { uid: uid(live) } }
}

impl<T: Single> Kind for InCluster<T> {
    const NAME: &'static str = T::NAME;
    const DESCRIPTION: &'static str = T::DESCRIPTION;
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = T::BATCH;
    const DELETE_FIRST: bool = true;
    const LOSES: Option<Loss> = T::LOSES;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = T::Inputs;
    type Outputs = Outputs;
    type Checkpoint = Removing;

    fn check(&self, _: &Context, inputs: &T::Inputs, report: &mut Report) {
        T::check(inputs, report);
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let ids: Vec<_> = requests.iter().map(|request| T::id(&request.inputs)).collect();
        let found = calls::find(context, &ids, requests.iter().map(|request| request.token.as_str()));
        let told = |(request, live): (&Find<Self>, Answer<Option<Value>>)| {
            Ok(live?.map_or(Lookup::Absent, |live| Lookup::Found(resource(&live, Some(&request.inputs)))))
        };
        requests.iter().zip(found).map(told).collect()
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let ids: Vec<Answer<ObjectId>> = requests.iter().map(|request| T::named(&request.prior.id)).collect();
        let known: Vec<ObjectId> = ids.iter().filter_map(|id| id.as_ref().ok().cloned()).collect();
        let mut lives = fetch(context, &known).into_iter();
        let told = |(request, id): (&Read<Self>, Answer<ObjectId>)| {
            id?;
            let live = lives.next().unwrap_or(Ok(None))?.filter(|live| !T::is_going(live));
            Ok(live.map(|live| resource(&live, request.prior.inputs.as_ref())))
        };
        requests.iter().zip(ids).map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let task = |request: &Create<Self>| Task {
            step: request.step(),
            address: request.address.clone(),
            token: request.token.clone(),
            inputs: request.inputs.clone(),
        };
        write(context, &requests.iter().map(task).collect::<Vec<_>>())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let ids: Vec<_> = requests.iter().map(|request| T::id(&request.inputs)).collect();
        let lives = fetch(context, &ids);
        // One that is as it should be is not written again.
        let same = |(request, live): (&Update<Self>, &Answer<Option<Value>>)| {
            let live = live.as_ref().ok()?.as_ref()?;
            let same = T::is_same(request, &T::told(live, Some(&request.inputs)));
            same.then(|| Ok(Progress::Done(as_asked(&request.inputs, live))))
        };
        let done: Vec<_> = requests.iter().zip(&lives).map(same).collect();
        let open = requests.iter().zip(&lives).zip(&done).filter(|(_, done)| done.is_none());
        let tasks = open.map(|((request, live), _)| Task {
            step: request.step(),
            address: request.address.clone(),
            token: calls::token(live),
            inputs: request.inputs.clone(),
        });
        let written = write(context, &tasks.collect::<Vec<_>>());
        calls::merged(done, written)
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Answer<Progress<(), Removing>> {
        only(self.delete_many(context, std::slice::from_ref(request)))
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Progress<(), Removing>>> {
        let cluster = match crate::cluster::cluster(context) {
            Ok(cluster) => cluster,
            Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
        };
        let ids: Vec<Answer<ObjectId>> = requests.iter().map(|request| T::named(&request.prior.id)).collect();
        let removals = requests.iter().zip(&ids).filter_map(|(request, id)| {
            let uid = request.prior.outputs.as_ref().map(|outputs| outputs.uid.clone());
            let removal = Removal { uid, ..Removal::any(id.as_ref().ok()?.reference()) };
            Some((vec![request.step()], removal))
        });
        let mut answers = cluster.delete_all(removals.collect()).into_iter();
        let told = |(request, id): (&Delete<Self>, Answer<ObjectId>)| {
            let id = id?;
            gone(&cluster, request, &id, answers.next().unwrap_or(Ok(Deletion::UnderWay)))
        };
        requests.iter().zip(ids).map(told).collect()
    }
}

/// One resource that is written.
struct Task<I> {
    step: Step,
    address: String,
    token: String,
    inputs: I,
}

fn write<T: Single>(context: &Context, tasks: &[Task<T::Inputs>]) -> Vec<Outcome<InCluster<T>>> {
    let writes = tasks.iter().map(|task| calls::Write {
        step: task.step,
        id: T::id(&task.inputs),
        object: T::object(&task.inputs),
        address: &task.address,
        token: &task.token,
        force: T::force(&task.inputs),
    });
    let applied = calls::apply(context, &writes.collect::<Vec<_>>());
    let told = |(task, live): (&Task<T::Inputs>, Answer<Value>)| {
        let live = live.map_err(|problem| T::explained(&task.inputs, problem))?;
        T::written(&task.inputs, &live)?;
        Ok(Progress::Done(as_asked(&task.inputs, &live)))
    };
    tasks.iter().zip(applied).map(told).collect()
}

/// Is it gone, and if not, what keeps it?
fn gone<T: Single>(
    cluster: &Cluster,
    request: &Delete<InCluster<T>>,
    id: &ObjectId,
    answer: Answer<Deletion>,
) -> Answer<Progress<(), Removing>> {
    match answer {
        Ok(Deletion::Absent | Deletion::Gone) => return Ok(Progress::Done(())),
        Ok(Deletion::UnderWay) => {}
        Err(problem) if crate::remove::is_over(id, &problem) => return Ok(Progress::Done(())),
        Err(problem) => return Err(crate::problem::told(id, problem)),
    }
    let Waits { what, note, held, help } = T::waits(cluster, id);
    let taken = request.checkpoint.as_ref().map_or_else(Taken::begin, |checkpoint| checkpoint.taken);
    if taken.ms() >= TIMEOUT_MS {
        return Err(Problem::internal("timed-out", format!("{what} is not gone within 10m{held}")).help(help));
    }
    let pending = Progress::pending(Removing { taken: taken.and(T::RETRY_MS) }, T::RETRY_MS);
    Ok(pending.id(request.prior.id.clone()).note(format!("{what} {note}{held}")))
}
