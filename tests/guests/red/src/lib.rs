//! A plugin that does what its config says, most of it forbidden. It speaks the contract directly,
//! since the SDK would not let it misbehave.

mod act;
mod allocator;
mod calls;
mod honest;
mod resources;
mod sealed;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::maps::platform::types::{Problem, ProblemClass, Resource};

use act::{Act, Orders};

struct Red;

impl wire::Guest for Red {
    fn describe() -> String {
        honest::kinds()
    }

    fn check(context: wire::Context, requests: Vec<wire::CheckRequest>) -> Vec<wire::CheckOutcome> {
        serve("check", &context, &requests, honest::check, |problem| wire::CheckOutcome::Invalid(vec![problem]))
    }

    fn diff(context: wire::Context, requests: Vec<wire::DiffRequest>) -> Vec<Result<Vec<wire::FieldChange>, Problem>> {
        serve("diff", &context, &requests, |_, _| Ok(Ok(Vec::new())), Err)
    }

    fn preview(context: wire::Context, requests: Vec<wire::PreviewRequest>) -> Vec<Result<wire::Previewed, Problem>> {
        serve("preview", &context, &requests, |place, request| honest::preview(place, request).map(Ok), Err)
    }

    fn find(context: wire::Context, requests: Vec<wire::FindRequest>) -> Vec<wire::FindOutcome> {
        serve("find", &context, &requests, honest::find, wire::FindOutcome::Failed)
    }

    fn read(context: wire::Context, requests: Vec<wire::ReadRequest>) -> Vec<wire::ReadOutcome> {
        serve("read", &context, &requests, honest::read, wire::ReadOutcome::Failed)
    }

    fn create(context: wire::Context, requests: Vec<wire::CreateRequest>) -> Vec<wire::MutationOutcome> {
        serve("create", &context, &requests, honest::create, wire::MutationOutcome::Failed)
    }

    fn update(context: wire::Context, requests: Vec<wire::UpdateRequest>) -> Vec<wire::MutationOutcome> {
        serve("update", &context, &requests, honest::update, wire::MutationOutcome::Failed)
    }

    fn delete(context: wire::Context, requests: Vec<wire::DeleteRequest>) -> Vec<wire::DeleteOutcome> {
        serve("delete", &context, &requests, honest::delete, wire::DeleteOutcome::Failed)
    }
}

maps_sdk::bindings::export!(Red with_types_in maps_sdk::bindings);

/// A request of any operation, as far as the acts care.
trait Subject {
    /// Its inputs, or the last known ones, as JSON.
    fn inputs(&self) -> &str;
    /// The object's id, or empty.
    fn id(&self) -> &str {
        ""
    }
}

macro_rules! subjects {
    ($($request:ident { $($inputs:ident).+ $(, $($id:ident).+)? })*) => {$(
        impl Subject for wire::$request {
            fn inputs(&self) -> &str {
                &self.$($inputs).+
            }
            $(fn id(&self) -> &str {
                &self.$($id).+
            })?
        }
    )*};
}
subjects! {
    CheckRequest { inputs }
    DiffRequest { inputs, prior.id }
    PreviewRequest { inputs }
    FindRequest { inputs }
    ReadRequest { prior.inputs, id }
    CreateRequest { inputs }
    UpdateRequest { inputs, prior.id }
    DeleteRequest { prior.inputs, prior.id }
}

/// Serves a batch: misbehaves before, then is honest, then misbehaves with the outcomes.
fn serve<R: Subject, O>(
    operation: &str,
    context: &wire::Context,
    requests: &[R],
    honest: impl Fn(usize, &R) -> Result<O, Problem>,
    failed: impl Fn(Problem) -> O,
) -> Vec<O> {
    maps_sdk::report_panics();
    let orders = Orders::of(&context.config, operation);
    if let Some(orders) = &orders
        && let Err(problem) = before(orders, requests)
    {
        return requests.iter().map(|_| failed(problem.clone())).collect();
    }
    let answer = |place: usize| honest(place, &requests[place]).unwrap_or_else(&failed);
    let mut outcomes: Vec<O> = (0..requests.len()).map(answer).collect();
    let surplus = orders.as_ref().map_or(0, |orders| orders.call.times);
    let surplus = if surplus == 0 { 1_000_000 } else { surplus };
    match orders.map(|orders| orders.act) {
        Some(Act::TooFew) => drop(outcomes.pop()),
        Some(Act::TooMany) => outcomes.extend((0..requests.len()).map(answer)),
        Some(Act::Reordered) => outcomes.reverse(),
        Some(Act::MillionOutcomes) => outcomes.extend((0..surplus).map(|_| failed(problem("surplus", "")))),
        Some(Act::TrapAfterWrite) => panic!("a crash after the write"),
        _ => {}
    }
    outcomes
}

/// What happens before the honest part; an error is answered for every request.
fn before<R: Subject>(orders: &Orders, requests: &[R]) -> Result<(), Problem> {
    calls::act(orders, requests)?;
    resources::act(orders);
    sealed::act(orders, requests)
}

/// A problem of this plugin's own making.
fn problem(code: &str, message: &str) -> Problem {
    Problem {
        class: ProblemClass::Internal,
        code: code.to_owned(),
        message: message.to_owned(),
        path: None,
        help: None,
        retry_after_ms: None,
    }
}

/// The host should have refused, and did not.
fn not_refused(what: &str) -> Problem {
    problem("not-refused", what)
}

fn object(id: &str, inputs: &serde_json::Value, outputs: &serde_json::Value) -> Resource {
    Resource { id: id.to_owned(), inputs: inputs.to_string(), outputs: outputs.to_string() }
}
