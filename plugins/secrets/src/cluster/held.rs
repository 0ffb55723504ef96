//! The one [`Kind`] of all that is held in a cluster: what differs is told by [`Held`].

use maps_s3::batch::Answered;
use maps_sdk::{Context, Create, Delete, Find, Kind, Lookup, Outcome, Progress, Read, Report, Resource, Update};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Place, Removed, Waiting, Write};

/// The objects of a resource as they are, in the order in which they are applied.
pub(super) type Lives = Vec<Option<Value>>;

/// A resource that is one or two objects of one name in one namespace, the last of which gets ready.
pub trait Held: Sized + 'static {
    /// `plugin/kind`.
    const NAME: &'static str;
    /// What it is, in one sentence.
    const DESCRIPTION: &'static str;
    /// The objects' versions and kinds, in the order in which they are applied.
    const OBJECTS: &'static [(&'static str, &'static str)];
    /// What the user sets.
    type Inputs: Clone + Serialize + DeserializeOwned + JsonSchema;
    /// What the cluster tells.
    type Outputs: Serialize + DeserializeOwned + JsonSchema;

    /// Reports what is wrong beside name and namespace.
    fn check(inputs: &Self::Inputs, report: &mut Report);
    /// The namespace and the name.
    fn place(inputs: &Self::Inputs) -> (&str, &str);
    /// The objects as they should be, one of each of [`Self::OBJECTS`].
    fn objects(inputs: &Self::Inputs) -> Vec<Value>;
    /// The settings as they are, of the namespace and name that the objects have.
    fn told(namespace: &str, name: &str, lives: &[Option<Value>]) -> Self::Inputs;
    /// What is known of it once its last object is there.
    fn outputs(inputs: &Self::Inputs, last: &Value) -> Self::Outputs;
    /// Is everything as it should be? Of what is, only the readiness is asked.
    fn is_same(request: &Update<InCluster<Self>>, lives: &[Option<Value>]) -> bool;
}

/// The kind of something held.
#[derive(Clone, Copy, Debug, Default)]
pub struct InCluster<T>(pub T);

fn place<T: Held>(inputs: &T::Inputs) -> Place {
    let (namespace, name) = T::place(inputs);
    Place::new(namespace, name)
}

/// Those of each place.
fn fetch<T: Held>(context: &Context, places: &[Place]) -> Vec<Answered<Lives>> {
    let of = |place: &Place| T::OBJECTS.iter().map(|(version, kind)| place.of(version, kind)).collect::<Vec<_>>();
    let references: Vec<_> = places.iter().flat_map(of).collect();
    let mut answers = super::fetch(context, &references).into_iter();
    let missing = || maps_sdk::Problem::internal("no-answer", "the host answered too few objects");
    let lives = |_: &Place| {
        // All are taken before the first problem ends it, so that each place gets its own.
        let each: Vec<_> = answers.by_ref().take(T::OBJECTS.len()).collect();
        if each.len() == T::OBJECTS.len() { each.into_iter().collect() } else { Err(missing()) }
    };
    places.iter().map(lives).collect()
}

/// What is there, when its last object is: with the first alone it was begun, and an apply makes both.
fn resource<T: Held>(place: &Place, lives: &[Option<Value>]) -> Option<Resource<InCluster<T>>> {
    let last = lives.last()?.as_ref()?;
    let inputs = T::told(&place.namespace, &place.name, lives);
    let outputs = T::outputs(&inputs, last);
    Some(Resource { id: place.id(), inputs, outputs })
}

fn token(lives: &[Option<Value>]) -> Option<&str> {
    super::token(lives.last()?.as_ref()?)
}

fn write<T: Held>(context: &Context, writes: &[Write<'_>], inputs: Vec<&T::Inputs>) -> Vec<Outcome<InCluster<T>>> {
    let lives = super::write(context, writes);
    let each = writes.iter().zip(lives).zip(inputs);
    each.map(|((write, live), inputs)| {
        super::outcome(write, live, |live| Resource {
            id: write.place.id(),
            inputs: inputs.clone(),
            outputs: T::outputs(inputs, live),
        })
    })
    .collect()
}

impl<T: Held> Kind for InCluster<T> {
    const NAME: &'static str = T::NAME;
    const DESCRIPTION: &'static str = T::DESCRIPTION;
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 200;
    const DELETE_FIRST: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = T::Inputs;
    type Outputs = T::Outputs;
    type Checkpoint = Waiting;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &T::Inputs, report: &mut Report) {
        let (namespace, name) = T::place(inputs);
        super::check_place(report, namespace, name);
        T::check(inputs, report);
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let places: Vec<Place> = requests.iter().map(|request| place::<T>(&request.inputs)).collect();
        let found = fetch::<T>(context, &places).into_iter().zip(&places).zip(requests);
        let told = |((lives, place), request): ((Answered<Lives>, &Place), &Find<Self>)| {
            let ours = lives?;
            let found = if token(&ours) == Some(request.token.as_str()) { resource(place, &ours) } else { None };
            Ok(found.map_or(Lookup::Absent, Lookup::Found))
        };
        found.map(told).collect()
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let places: Vec<Answered<Place>> = requests.iter().map(|request| Place::parse(&request.prior.id)).collect();
        let known: Vec<Place> = places.iter().filter_map(|place| place.as_ref().ok().cloned()).collect();
        let mut lives = fetch::<T>(context, &known).into_iter();
        let told = |place: Answered<Place>| {
            let place = place?;
            Ok(resource(&place, &lives.next().unwrap_or_else(|| Ok(Vec::new()))?))
        };
        places.into_iter().map(told).collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let writes: Vec<Write<'_>> = requests
            .iter()
            .map(|request| Write {
                step: request.step(),
                address: &request.address,
                token: request.token.clone(),
                place: place::<T>(&request.inputs),
                objects: T::objects(&request.inputs),
                checkpoint: request.checkpoint.as_ref(),
            })
            .collect();
        write::<T>(context, &writes, requests.iter().map(|request| &request.inputs).collect())
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let places: Vec<Place> = requests.iter().map(|request| place::<T>(&request.inputs)).collect();
        let lives = fetch::<T>(context, &places).into_iter().map(|lives| lives.unwrap_or_default());
        let writes: Vec<Write<'_>> = requests
            .iter()
            .zip(lives)
            .zip(places)
            .map(|((request, lives), place)| Write {
                step: request.step(),
                address: &request.address,
                token: token(&lives).unwrap_or_default().to_owned(),
                place,
                objects: T::objects(&request.inputs),
                checkpoint: super::at(request.checkpoint.as_ref(), T::is_same(request, &lives)),
            })
            .collect();
        write::<T>(context, &writes, requests.iter().map(|request| &request.inputs).collect())
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Waiting>>> {
        let removed: Vec<Answered<Removed<'_>>> = requests
            .iter()
            .map(|request| {
                let place = Place::parse(&request.prior.id)?;
                // What gets ready goes first: what it works with is there until it is gone.
                let references = T::OBJECTS.iter().rev().map(|(version, kind)| place.of(version, kind)).collect();
                Ok(Removed { step: request.step(), place, references, checkpoint: request.checkpoint.as_ref() })
            })
            .collect();
        super::remove(context, &removed)
    }
}
