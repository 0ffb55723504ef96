//! What an author writes: one resource kind at a time.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, Report};

/// A kind of resource.
///
/// The methods without `_many` handle one object; the `_many` ones get a whole batch and by default
/// go through it one by one. Override those where the service has a call that serves many, and have
/// [`by_batch`](crate::by_batch) write the others.
/// Every `_many` answers one outcome a request, in order.
///
/// Everything must be safe to repeat: after a crash the host calls again with the same arguments,
/// and the kind converges from what is really there.
pub trait Kind: Sized + 'static {
    /// `plugin/kind`.
    const NAME: &'static str;
    /// What it is, in one sentence.
    const DESCRIPTION: &'static str;
    /// How long after the last write an object may still be missing from the service's lists.
    const SETTLE_MS: u64 = 5_000;
    /// How many requests one call may bring at most.
    const BATCH: u32 = 50;
    /// Must the old object go before its replacement can be made?
    const DELETE_FIRST: bool = false;
    /// Does the kind compare by itself? Then it overrides [`diff`](Self::diff).
    const DIFFS: bool = false;
    /// Does the kind plan its outputs? Then it overrides [`preview`](Self::preview).
    const PREVIEWS: bool = false;

    /// Does the kind only look, so that nothing outside goes when its objects are deleted? A plan then says so.
    const LOOKUP: bool = false;
    /// What goes for good with an object, beside itself. A plan says so before anything is deleted.
    const LOSES: Option<Loss> = None;

    /// What the objects live in, and go with: `config.cluster` for a cluster that the plugin's config refers to.
    /// Inputs can say it of themselves, by [`schema::LIVES_IN`](crate::schema::LIVES_IN).
    const HOMES: &'static [&'static str] = &[];

    /// What the user sets. Fields with `#[serde(default)]` are optional, and their defaults are
    /// filled in by [`check`](Self::check)'s machinery.
    type Inputs: Serialize + DeserializeOwned + JsonSchema;
    /// What the service tells.
    type Outputs: Serialize + DeserializeOwned + JsonSchema;
    /// Where a long operation goes on.
    type Checkpoint: Serialize + DeserializeOwned;

    /// Fills in defaults that depend on other inputs. Pure. An input that is not known yet holds a placeholder: what
    /// follows from one is left out, and filled in when it is known.
    fn complete(&self, inputs: &mut Self::Inputs) {
        let _ = inputs;
    }

    /// Reports what is wrong with inputs beyond their types. Pure: no capability is at hand.
    fn check(&self, context: &Context, inputs: &Self::Inputs, report: &mut Report) {
        let _ = (context, inputs, report);
    }

    /// What differs? Pure. Called only if [`DIFFS`](Self::DIFFS).
    ///
    /// # Errors
    /// When the two cannot be compared.
    fn diff(&self, context: &Context, request: &Diff<Self>) -> Result<Vec<FieldChange>, Problem> {
        let _ = (context, request);
        Ok(Vec::new())
    }

    /// Planned outputs, by reads only. Called only if [`PREVIEWS`](Self::PREVIEWS).
    ///
    /// # Errors
    /// When the service cannot be asked.
    fn preview(&self, context: &Context, request: &Preview<Self>) -> Result<Previewed, Problem> {
        let _ = (context, request);
        Ok(Previewed::default())
    }

    /// Looks for what an earlier [`create`](Self::create) with the same token made.
    ///
    /// # Errors
    /// When it could not be told; absence is no error.
    fn find(&self, context: &Context, request: &Find<Self>) -> Result<Lookup<Self>, Problem>;

    /// The object as it is now; `None` when it is gone.
    ///
    /// # Errors
    /// When it could not be told.
    fn read(&self, context: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem>;

    /// Makes the object, or goes on making it.
    ///
    /// # Errors
    /// When it could not be made.
    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self>;

    /// Brings the object to the inputs, or goes on with that.
    ///
    /// # Errors
    /// When it could not be changed.
    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self>;

    /// Removes the object, or goes on with that. An object that is already gone is done.
    ///
    /// # Errors
    /// When it could not be removed.
    fn delete(&self, context: &Context, request: &Delete<Self>) -> Result<Progress<(), Self::Checkpoint>, Problem>;

    /// [`preview`](Self::preview) for a batch.
    fn preview_many(&self, context: &Context, requests: &[Preview<Self>]) -> Vec<Result<Previewed, Problem>> {
        requests.iter().map(|request| self.preview(context, request)).collect()
    }

    /// [`find`](Self::find) for a batch.
    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Result<Lookup<Self>, Problem>> {
        requests.iter().map(|request| self.find(context, request)).collect()
    }

    /// [`read`](Self::read) for a batch.
    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Result<Option<Resource<Self>>, Problem>> {
        requests.iter().map(|request| self.read(context, request)).collect()
    }

    /// [`create`](Self::create) for a batch.
    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        requests.iter().map(|request| self.create(context, request)).collect()
    }

    /// [`update`](Self::update) for a batch.
    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        requests.iter().map(|request| self.update(context, request)).collect()
    }

    /// [`delete`](Self::delete) for a batch.
    fn delete_many(
        &self,
        context: &Context,
        requests: &[Delete<Self>],
    ) -> Vec<Result<Progress<(), Self::Checkpoint>, Problem>> {
        requests.iter().map(|request| self.delete(context, request)).collect()
    }
}

/// What goes for good with an object that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In plain words, as they follow "goes with": `all objects in it`.
    pub what: &'static str,
    /// The input, true or false, without which nothing is lost, since the delete is refused.
    pub only_if: Option<&'static str>,
}

/// What is the same for every request of one call.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The stack's name; part of the mark that every made object carries.
    pub stack: String,
    /// The plugin's `config` from the stack, `{}` if none.
    pub config: serde_json::Value,
}

impl Context {
    /// The config in the plugin's own type.
    ///
    /// # Errors
    /// When the config does not fit, which the manifest's schema should have caught.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        crate::decode::strict(&self.config, "config")
    }
}

/// An object as the kind knows it.
pub struct Resource<K: Kind> {
    /// The service's name for it, never empty.
    pub id: String,
    /// Its settings as they are now.
    pub inputs: K::Inputs,
    /// What else is known.
    pub outputs: K::Outputs,
}

/// An object as the host last knew it. The typed parts are missing for an import, and where an
/// older version of the plugin stored them in a shape that no longer fits.
pub struct Prior<K: Kind> {
    /// The service's name for it.
    pub id: String,
    /// The last known settings.
    pub inputs: Option<K::Inputs>,
    /// The last known outputs.
    pub outputs: Option<K::Outputs>,
}

/// How far a mutation got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T, C> {
    /// It is so.
    Done(T),
    /// It is on its way: the host waits, and calls again with the checkpoint.
    Pending(Pending<C>),
}

/// What a mutation answers.
pub type Outcome<K> = Result<Progress<Resource<K>, <K as Kind>::Checkpoint>, Problem>;

/// A mutation under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending<C> {
    /// Where to go on. It may hold secrets; the host encrypts those when it stores it.
    pub checkpoint: C,
    /// When to ask again.
    pub retry_after_ms: u64,
    /// The object's id, as soon as it is known.
    pub id: Option<String>,
    /// What is being waited for, for people.
    pub note: Option<String>,
}

/// What a look for an earlier create found.
pub enum Lookup<K: Kind> {
    /// Nothing.
    Absent,
    /// The finished object.
    Found(Resource<K>),
    /// The object, still being made: `create` goes on from the checkpoint.
    Unfinished(Resource<K>, K::Checkpoint),
    /// The object, of no use, and why: the host deletes it and makes it anew.
    Unusable(Resource<K>, String),
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The input's path.
    pub path: String,
    /// What it takes.
    pub change: Change,
    /// Why, in plain words.
    pub reason: Option<String>,
}

/// What it takes to change a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The object is changed where it stands.
    Update,
    /// The object is made anew.
    Replace,
}

/// Planned outputs, and the objects that a step will write.
#[derive(Clone, Debug, Default)]
pub struct Previewed {
    /// Planned outputs; what is not known yet is left out.
    pub outputs: serde_json::Value,
    /// Rendered objects; they become the step's scope.
    pub objects: Vec<serde_json::Value>,
}

/// A comparison that the kind makes itself.
pub struct Diff<K: Kind> {
    /// The resource's address in the stack.
    pub address: String,
    /// As it is.
    pub prior: Prior<K>,
    /// As it should be; unknown inputs hold placeholders.
    pub inputs: K::Inputs,
    /// Tells which inputs are known.
    pub known: Known,
}

/// A request for planned outputs.
pub struct Preview<K: Kind> {
    /// The resource's address in the stack.
    pub address: String,
    /// As it should be; unknown inputs hold placeholders.
    pub inputs: K::Inputs,
    /// Tells which inputs are known.
    pub known: Known,
    /// As it is, if it is.
    pub prior: Option<Prior<K>>,
}

/// Which inputs are known.
#[derive(Debug, Default)]
pub struct Known(pub(crate) Report);

impl Known {
    /// Are all inputs known?
    pub fn all(&self) -> bool {
        self.0.all_known()
    }

    /// Is the input at `path` known?
    pub fn at(&self, path: &str) -> bool {
        self.0.known(path)
    }
}

/// Was this made before?
pub struct Find<K: Kind> {
    /// The resource's address in the stack.
    pub address: String,
    /// What the earlier create was given.
    pub inputs: K::Inputs,
    /// The earlier create's token.
    pub token: String,
    /// Where it had got to, if it said so: what it saw before it made anything, for example.
    pub checkpoint: Option<K::Checkpoint>,
}

/// The object as it is now, please.
pub struct Read<K: Kind> {
    /// The resource's address in the stack.
    pub address: String,
    /// The last known state.
    pub prior: Prior<K>,
    /// The ephemeral outputs that this run needs, by name; fetch no others.
    pub ephemeral: Vec<String>,
}

impl<K: Kind> Read<K> {
    /// Is this ephemeral output wanted?
    pub fn wants(&self, output: &str) -> bool {
        self.ephemeral.iter().any(|name| name == output)
    }
}

/// Make it.
pub struct Create<K: Kind> {
    pub(crate) step: Step,
    /// The resource's address in the stack.
    pub address: String,
    /// As it should be.
    pub inputs: K::Inputs,
    /// 32 hex digits, the same for every attempt at making this one object.
    pub token: String,
    /// What the last pending said.
    pub checkpoint: Option<K::Checkpoint>,
}

/// Change it.
pub struct Update<K: Kind> {
    pub(crate) step: Step,
    /// The resource's address in the stack.
    pub address: String,
    /// As it should be.
    pub inputs: K::Inputs,
    /// As it was.
    pub prior: Prior<K>,
    /// The inputs that changed, as paths.
    pub changed: Vec<String>,
    /// What the last pending said.
    pub checkpoint: Option<K::Checkpoint>,
}

/// Remove it.
pub struct Delete<K: Kind> {
    pub(crate) step: Step,
    /// The resource's address in the stack.
    pub address: String,
    /// As it was.
    pub prior: Prior<K>,
    /// What the last pending said.
    pub checkpoint: Option<K::Checkpoint>,
}

/// Which request of the batch a write serves. Only `create`, `update` and `delete` have one, so a
/// write in a read does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub(crate) u32);

impl Step {
    /// The first request of a batch, for tests that build requests by hand.
    pub const FIRST: Self = Self(0);
}

macro_rules! serves_a_step {
    ($($request:ident),*) => {$(
        impl<K: Kind> $request<K> {
            /// The step that this request is, for writes in its name.
            pub fn step(&self) -> Step {
                self.step
            }
        }
    )*};
}
serves_a_step!(Create, Update, Delete);

impl<T, C> Progress<T, C> {
    /// Not done yet: ask again with `checkpoint` in `retry_after_ms`.
    pub fn pending(checkpoint: C, retry_after_ms: u64) -> Self {
        Self::Pending(Pending { checkpoint, retry_after_ms, id: None, note: None })
    }

    /// Tells the object's id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        if let Self::Pending(pending) = &mut self {
            pending.id = Some(id.into());
        }
        self
    }

    /// Tells people what is being waited for.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        if let Self::Pending(pending) = &mut self {
            pending.note = Some(note.into());
        }
        self
    }
}
