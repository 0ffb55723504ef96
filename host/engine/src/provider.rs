//! The role that a plugin plays, as the engine sees it. The runtime implements it with wasm, the
//! tests with a fake. Mirrors wit/provider.wit: lists in, lists out, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::capability::ObjectKey;
use crate::journal::Journal;
use crate::name::{Address, KindName, OpId, PluginName, Token};
use crate::problem::{Class, Problem};
use crate::schema::KindSchema;
use crate::value::Value;

/// One managed object as the provider knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The provider's name for it.
    pub id: String,
    /// Its settings, in the shape of the kind's inputs.
    pub inputs: Value,
    /// What else is known, in the shape of the kind's outputs. Ephemeral ones only when asked for.
    pub outputs: Value,
}

/// What is the same for every request of one call.
pub struct Call<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The run, for the audit log.
    pub run: &'a str,
    /// The plugin's `config`, evaluated for these requests.
    pub config: &'a Value,
}

/// Inputs to be checked.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// As the stack says; may hold unknowns.
    pub inputs: Value,
}

/// What a check found: the inputs as they will be used, or what is wrong with them.
pub type CheckOutcome = Result<Value, Vec<Problem>>;

/// A comparison that the kind makes itself.
#[derive(Clone, Debug)]
pub struct DiffRequest {
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// As it is.
    pub prior: Object,
    /// As it should be.
    pub inputs: Value,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The input's path.
    pub path: String,
    /// Must the object be made anew?
    pub replace: bool,
    /// Why, in plain words.
    pub reason: Option<String>,
}

/// A request for planned outputs.
#[derive(Clone, Debug)]
pub struct PreviewRequest {
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// As it should be; may hold unknowns.
    pub inputs: Value,
    /// As it is, if it is.
    pub prior: Option<Object>,
}

/// Planned outputs and rendered objects.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Planned outputs.
    pub outputs: Value,
    /// What the step will write; becomes its scope.
    pub objects: Vec<Value>,
}

impl Preview {
    /// The objects by their names, which are what a step may write.
    ///
    /// # Errors
    /// When one of them has no kind or no name, and so could be none that a rule holds a call to.
    pub fn keys(&self) -> Result<Vec<ObjectKey>, Problem> {
        let each = self.objects.iter().enumerate().map(|(at, object)| {
            ObjectKey::of(object).ok_or_else(|| {
                let message = format!("object {at} of the preview has no apiVersion, kind or name");
                Problem::new(Class::Internal, "preview-object", message)
            })
        });
        each.collect()
    }
}

/// Was this made by an earlier create?
#[derive(Clone, Debug)]
pub struct FindRequest {
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// What the earlier create was given.
    pub inputs: Value,
    /// The earlier create's token.
    pub token: Token,
    /// Where the earlier create had got to, if it said so.
    pub checkpoint: Option<Value>,
    /// The objects that the earlier create's preview named, for kinds that have one: no others can be found.
    pub planned: Option<Vec<ObjectKey>>,
}

/// Where a look-back ends.
#[derive(Clone, Debug)]
pub enum FindOutcome {
    /// Not there (yet: see the kind's settle time).
    Absent,
    /// There, made by us.
    Found(Object),
    /// There, being made: go on with `create` and the checkpoint.
    Unfinished(Object, Value),
    /// There and of no use: delete and make anew.
    Unusable(Object, String),
    /// Could not be told.
    Failed(Problem),
}

/// The object as it is now, please.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// The last known state; `id` alone for an import.
    pub prior: Object,
    /// The ephemeral outputs wanted.
    pub ephemeral: Vec<String>,
}

/// What a read found.
#[derive(Clone, Debug)]
pub enum ReadOutcome {
    /// It is gone.
    Absent,
    /// It is there.
    Found(Object),
    /// Could not be told.
    Failed(Problem),
}

/// What a mutation of any sort has in common.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The operation whose begin the journal holds.
    pub op: OpId,
    /// The kind.
    pub kind: KindName,
    /// The resource.
    pub address: Address,
    /// What the last pending of this operation said.
    pub checkpoint: Option<Value>,
    /// The objects that the step's preview named; none for kinds without one, and for a delete.
    pub planned: Vec<ObjectKey>,
}

/// Make it.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// The operation.
    pub mutation: Mutation,
    /// As it should be; no unknowns.
    pub inputs: Value,
    /// Marks the object as made by this operation.
    pub token: Token,
    /// The id, once a pending has told it.
    pub id: Option<String>,
}

/// Change it.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// The operation.
    pub mutation: Mutation,
    /// As it should be; no unknowns.
    pub inputs: Value,
    /// As it is.
    pub prior: Object,
    /// The inputs that differ.
    pub changed: Vec<String>,
}

/// Remove it.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// The operation.
    pub mutation: Mutation,
    /// As it is.
    pub prior: Object,
}

/// Not done yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Where to go on.
    pub checkpoint: Value,
    /// When, in milliseconds.
    pub retry_after_ms: u64,
    /// The id, if known.
    pub id: Option<String>,
    /// What is being waited for.
    pub note: Option<String>,
}

/// What came of a mutation. `T` is [`Object`] for create and update, `()` for delete.
#[derive(Clone, Debug)]
pub enum Outcome<T> {
    /// It is so.
    Done(T),
    /// It is on its way.
    Pending(Pending),
    /// It failed.
    Failed(Problem),
}

/// Why a whole call has no outcomes. Four different things, kept apart up to the exit code.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The guest aborted: a defect of the plugin.
    #[error("the plugin {plugin} crashed in {operation}: {message}")]
    Trap {
        /// Whose.
        plugin: PluginName,
        /// In which export.
        operation: &'static str,
        /// As wasmtime tells it, and the guest's panic message if it left one.
        message: String,
    },
    /// A limit of the host stopped the guest.
    #[error("the plugin {plugin} was stopped in {operation}: {limit}")]
    Limit {
        /// Whose.
        plugin: PluginName,
        /// In which export.
        operation: &'static str,
        /// Which, with its figure: `memory limit of 256 MiB`.
        limit: String,
    },
    /// The guest's answer breaks the contract: too few outcomes, an id that is empty, bad JSON.
    #[error("the plugin {plugin} broke the contract in {operation}: {message}")]
    Contract {
        /// Whose.
        plugin: PluginName,
        /// In which export.
        operation: &'static str,
        /// What is wrong with the answer.
        message: String,
    },
    /// The host itself failed: a full disk, a journal that cannot be written.
    #[error("{message}")]
    Host {
        /// What failed.
        message: String,
    },
}

/// A plugin in its role.
///
/// The lists that come back have the length and the order of the lists that went in; an
/// implementation checks that before it answers.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The kinds it manages.
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema>;

    /// Pure: are these inputs acceptable, and what do they become?
    async fn check(&self, call: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError>;

    /// Pure; only for kinds whose schema asks for it.
    async fn diff(
        &self,
        call: &Call<'_>,
        requests: Vec<DiffRequest>,
    ) -> Result<Vec<Result<Vec<FieldChange>, Problem>>, CallError>;

    /// Reads only; only for kinds whose schema asks for it.
    async fn preview(
        &self,
        call: &Call<'_>,
        requests: Vec<PreviewRequest>,
    ) -> Result<Vec<Result<Preview, Problem>>, CallError>;

    /// Reads only.
    async fn find(&self, call: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError>;

    /// Reads only.
    async fn read(&self, call: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError>;

    /// Makes; writes an [`Entry::Call`](crate::Entry::Call) to `journal` before each mutating host call.
    async fn create(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError>;

    /// Changes; journals as `create` does.
    async fn update(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError>;

    /// Removes; journals as `create` does.
    async fn delete(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError>;
}
