//! The capabilities on the machine where tests run: fakes that a test sets, one set per thread.
//!
//! ```
//! use maps_sdk::testing::{self, Half};
//! use maps_sdk::http::{Api, Response};
//!
//! testing::http(|call| {
//!     assert_eq!((call.half, call.method.as_str()), (Half::Read, "GET"));
//!     Ok(testing::json(200, serde_json::json!({"name": "maps"})))
//! });
//! let answer = Api::new("https://api.example.com").get(&["things", "a b"]).read().unwrap();
//! assert_eq!(answer.status, 200);
//! assert_eq!(testing::calls()[0].url, "https://api.example.com/things/a%20b");
//! ```
//!
//! A kind is called with requests as the host would make them: `thing.create(&Context::default(),
//! &testing::create(inputs))`.

pub mod files;
pub mod kube;
pub mod outcomes;

use std::cell::{Cell, RefCell};

pub(crate) use files as files_read;

use crate::bindings::maps::platform::http_types as wire;
use crate::bindings::maps::platform::http_write::Write;
use crate::bindings::maps::platform::{aws_types, types};
use crate::http::Response;
use crate::kind::{Context, Create, Delete, Find, Kind, Prior, Read, Resource, Step, Update};
use crate::problem::{Problem, Report};

/// Which half of `http` a call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
}

/// One call that the code under test made.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which half.
    pub half: Half,
    /// The batch indices that a write claims to serve.
    pub items: Vec<u32>,
    /// `GET`.
    pub method: String,
    /// With the query.
    pub url: String,
    /// As set by the code under test.
    pub headers: Vec<(String, String)>,
    /// The JSON body, null if there is none.
    pub body: serde_json::Value,
    /// The credential that the host would add.
    pub credential: Option<String>,
}

/// One call of AWS that the code under test made.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsCall {
    /// Which half.
    pub half: Half,
    /// `route53`, `ssm`, `iam` or `s3`.
    pub service: &'static str,
    /// The batch indices that a write claims to serve.
    pub items: Vec<u32>,
    /// `GetParameters`.
    pub action: String,
    /// Its parameters.
    pub input: serde_json::Value,
}

type Responder = Box<dyn FnMut(&Call) -> Result<Response, Problem>>;
type AwsResponder = Box<dyn FnMut(&AwsCall) -> Result<serde_json::Value, Problem>>;

thread_local! {
    static RESPONDER: RefCell<Option<Responder>> = const { RefCell::new(None) };
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
    static AWS_RESPONDER: RefCell<Option<AwsResponder>> = const { RefCell::new(None) };
    static AWS_CALLS: RefCell<Vec<AwsCall>> = const { RefCell::new(Vec::new()) };
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static NOW: Cell<u64> = const { Cell::new(0) };
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Answers the http calls of this thread from now on, and forgets those made before.
pub fn http(responder: impl FnMut(&Call) -> Result<Response, Problem> + 'static) {
    RESPONDER.with_borrow_mut(|slot| *slot = Some(Box::new(responder)));
    CALLS.with_borrow_mut(Vec::clear);
}

/// Answers the calls of AWS of this thread from now on, and forgets those made before.
pub fn aws(responder: impl FnMut(&AwsCall) -> Result<serde_json::Value, Problem> + 'static) {
    AWS_RESPONDER.with_borrow_mut(|slot| *slot = Some(Box::new(responder)));
    AWS_CALLS.with_borrow_mut(Vec::clear);
}

/// The calls of AWS of this thread, in order.
pub fn aws_calls() -> Vec<AwsCall> {
    AWS_CALLS.with_borrow(Clone::clone)
}

/// An answer with a JSON body.
pub fn json(status: u16, body: impl serde::Serialize) -> Response {
    let body = serde_json::to_vec(&body).unwrap_or_default();
    Response { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body }
}

/// The http calls of this thread, in order.
pub fn calls() -> Vec<Call> {
    CALLS.with_borrow(Clone::clone)
}

/// The log lines of this thread, each with its level before it.
pub fn lines() -> Vec<String> {
    LINES.with_borrow(Clone::clone)
}

/// Sets this thread's clock.
pub fn set_now(ms: u64) {
    NOW.set(ms);
}

/// The token of the requests made here.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The address of the requests made here.
pub const ADDRESS: &str = "subject";

/// What a kind's own check says of inputs that are all known.
pub fn check<K: Kind + Default>(inputs: &K::Inputs) -> Vec<Problem> {
    let mut report = Report::default();
    K::default().check(&Context::default(), inputs, &mut report);
    report.into_problems()
}

/// A request to look for what a [`create`] made.
pub fn find<K: Kind>(inputs: K::Inputs) -> Find<K> {
    Find { address: ADDRESS.to_owned(), inputs, token: TOKEN.to_owned(), checkpoint: None }
}

/// A request to read an object of which only the id is known, without ephemeral outputs.
pub fn read<K: Kind>(id: &str) -> Read<K> {
    let prior = Prior { id: id.to_owned(), inputs: None, outputs: None };
    Read { address: ADDRESS.to_owned(), prior, ephemeral: Vec::new() }
}

/// A first request to make an object.
pub fn create<K: Kind>(inputs: K::Inputs) -> Create<K> {
    let (address, token) = (ADDRESS.to_owned(), TOKEN.to_owned());
    Create { step: Step::FIRST, address, inputs, token, checkpoint: None }
}

/// A first request to change an object; `changed` are the paths that differ.
pub fn update<K: Kind>(object: Resource<K>, inputs: K::Inputs, changed: &[&str]) -> Update<K> {
    let changed = changed.iter().map(|path| (*path).to_owned()).collect();
    Update { step: Step::FIRST, address: ADDRESS.to_owned(), inputs, prior: known(object), changed, checkpoint: None }
}

/// A first request to remove an object.
pub fn delete<K: Kind>(object: Resource<K>) -> Delete<K> {
    Delete { step: Step::FIRST, address: ADDRESS.to_owned(), prior: known(object), checkpoint: None }
}

fn known<K: Kind>(object: Resource<K>) -> Prior<K> {
    Prior { id: object.id, inputs: Some(object.inputs), outputs: Some(object.outputs) }
}

fn answer(half: Half, items: &[u32], request: &wire::Request) -> Result<wire::Response, types::Problem> {
    let call = Call {
        half,
        items: items.to_vec(),
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
        body: match &request.body {
            wire::Body::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            wire::Body::None | wire::Body::Bytes(_) => serde_json::Value::Null,
        },
        credential: request.credential.clone(),
    };
    CALLS.with_borrow_mut(|calls| calls.push(call.clone()));
    // Taken out while it runs, so that it may call what sets it.
    let taken = RESPONDER.with_borrow_mut(Option::take);
    let Some(mut responder) = taken else {
        return Err(Problem::internal("no-responder", "the test answers no http calls").into());
    };
    let answered = responder(&call);
    RESPONDER.with_borrow_mut(|slot| {
        slot.get_or_insert(responder);
    });
    let response = answered.map_err(types::Problem::from)?;
    let headers = response.headers.into_iter().map(|(name, value)| wire::Header { name, value }).collect();
    Ok(wire::Response { status: response.status, headers, body: response.body })
}

fn aws_answer(
    half: Half,
    service: &'static str,
    items: &[u32],
    call: &aws_types::Call,
) -> Result<String, types::Problem> {
    let input = serde_json::from_str(&call.input).unwrap_or_default();
    let call = AwsCall { half, service, items: items.to_vec(), action: call.action.clone(), input };
    AWS_CALLS.with_borrow_mut(|calls| calls.push(call.clone()));
    // Taken out while it runs, so that it may call what sets it.
    let taken = AWS_RESPONDER.with_borrow_mut(Option::take);
    let Some(mut responder) = taken else {
        return Err(Problem::internal("no-responder", "the test answers no calls of AWS").into());
    };
    let answered = responder(&call);
    AWS_RESPONDER.with_borrow_mut(|slot| {
        slot.get_or_insert(responder);
    });
    answered.map(|json| json.to_string()).map_err(types::Problem::from)
}

macro_rules! aws_service {
    ($service:literal, $read:ident, $write:ident) => {
        pub(crate) mod $read {
            use super::aws_types::Call;
            use super::types::Problem;

            pub(crate) fn send(calls: &[Call]) -> Vec<Result<String, Problem>> {
                calls.iter().map(|call| super::aws_answer(super::Half::Read, $service, &[], call)).collect()
            }
        }

        pub(crate) mod $write {
            use super::aws_types::Write;
            use super::types::Problem;

            pub(crate) fn send(writes: &[Write]) -> Vec<Result<String, Problem>> {
                let answer = |write: &Write| super::aws_answer(super::Half::Write, $service, &write.items, &write.call);
                writes.iter().map(answer).collect()
            }
        }
    };
}

aws_service!("route53", route53_read, route53_write);
aws_service!("ssm", ssm_read, ssm_write);
aws_service!("iam", iam_read, iam_write);
aws_service!("s3", s3_read, s3_write);

pub(crate) mod http_read {
    pub(crate) fn send(requests: &[super::wire::Request]) -> Vec<Result<super::wire::Response, super::types::Problem>> {
        requests.iter().map(|request| super::answer(super::Half::Read, &[], request)).collect()
    }
}

pub(crate) mod http_write {
    pub(crate) fn send(writes: &[super::Write]) -> Vec<Result<super::wire::Response, super::types::Problem>> {
        writes.iter().map(|write| super::answer(super::Half::Write, &write.items, &write.request)).collect()
    }
}

pub(crate) mod log {
    use crate::bindings::maps::platform::log::Level;

    pub(crate) fn write(level: Level, message: &str) {
        super::LINES.with_borrow_mut(|lines| lines.push(format!("{level:?}: {message}")));
    }
}

pub(crate) mod clock {
    pub(crate) fn now() -> u64 {
        super::NOW.get()
    }
}

pub(crate) mod random {
    /// Not random: a test wants the same bytes every time.
    pub(crate) fn bytes(count: u32) -> Vec<u8> {
        (0..count).map(|index| u8::try_from(index % 251).unwrap_or_default()).collect()
    }
}

pub(crate) mod secrets {
    use crate::bindings::maps::platform::secrets::Recipe;
    use crate::bindings::maps::platform::types::Problem;

    pub(crate) fn generate(recipes: &[Recipe]) -> Vec<Result<String, Problem>> {
        let mint = |_: &Recipe| {
            let number = super::MADE.get();
            super::MADE.set(number + 1);
            Ok(format!("fake-{number}"))
        };
        recipes.iter().map(mint).collect()
    }
}

pub(crate) mod reveal {
    use crate::bindings::maps::platform::types::Problem;

    /// What a handle stands for is the handle itself, as a text.
    pub(crate) fn open(handles: &[String]) -> Vec<Result<String, Problem>> {
        handles.iter().map(|handle| Ok(serde_json::Value::from(handle.as_str()).to_string())).collect()
    }
}
