//! What the config orders. The number is the case of the red-team list that an act is for.

use serde::Deserialize;
use serde_json::Value;

/// `{"act": "call", "in": "read", …}`.
#[derive(Deserialize)]
pub(crate) struct Orders {
    /// What to do.
    pub act: Act,
    /// In which operation; `create` if it is not said.
    #[serde(default = "create", rename = "in")]
    pub operation: String,
    /// For `call` and its kin.
    #[serde(default)]
    pub call: Call,
    /// For acts that take a text: a handle, a line.
    #[serde(default)]
    pub text: String,
}

fn create() -> String {
    "create".to_owned()
}

impl Orders {
    /// The orders for an operation, if there are any.
    pub(crate) fn of(config: &str, operation: &str) -> Option<Self> {
        serde_json::from_str::<Self>(config).ok().filter(|orders| orders.operation == operation)
    }
}

/// A call as the config has it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    /// By the write half?
    pub write: bool,
    /// `GET` if it is empty.
    pub method: String,
    /// The first request's own thing if it is empty.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<Value>,
    /// The claimed batch indices; the first if absent.
    pub items: Option<Vec<u32>>,
    /// The credential's name; `api` if absent, none if empty.
    pub credential: Option<String>,
    /// How many times, in one list; once if zero.
    pub times: u32,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Makes `call` and expects a refusal: 5–10, 14, 18 in whatever form a test gives it.
    Call,
    /// Makes `call` and expects an answer: the control that a case's honest twin is allowed.
    CallAllowed,
    /// 14: a write by the write half, ordered in an operation that only reads.
    WriteInRead,
    /// 14: a `POST` by the read half.
    PostByRead,
    /// 18: a write that claims an index which is not in the batch.
    ForeignIndex,
    /// 18: a write that serves nobody.
    NoIndex,
    /// 18: a write to something that its step does not name.
    ForeignObject,
    /// 8: a URL outside the rules.
    OutsideRules,
    /// 1, 2: follows a redirect by itself.
    FollowRedirect,
    /// 36: reads the file in `text`.
    ReadFile,
    /// 36: lists the pattern in `text`.
    ListFiles,
    /// 30: asks for page after page of a list that never ends.
    EndlessPages,
    /// 28: loops in the export.
    Loop,
    /// 28: loops in realloc, which the host calls to lower an answer.
    LoopInRealloc,
    /// 28: loops while it gives back the object it answered, after the export has returned.
    LoopInFree,
    /// 29: allocates without end.
    Memory,
    /// 29: calls itself without end.
    Recursion,
    /// 29: hands the host a text of hundreds of megabytes.
    GiantString,
    /// 29: asks for more random bytes than a call may.
    RandomFlood,
    /// 29: outputs a million levels deep.
    DeepJson,
    /// 29: a million outcomes for one request, or `call.times`.
    MillionOutcomes,
    /// 31: an outcome is missing.
    TooFew,
    /// 31: more outcomes than requests.
    TooMany,
    /// 31: the outcomes in another order.
    Reordered,
    /// 31: an object without an id.
    EmptyId,
    /// 31: outputs that are no JSON.
    BadJson,
    /// 31: an unknown that stays one after apply.
    StaysUnknown,
    /// 32: traps after its write has gone out.
    TrapAfterWrite,
    /// 25: panics with `text`, and with all of the inputs it was given.
    Panic,
    /// 29: writes log lines without end.
    LogFlood,
    /// 35: escape sequences, carriage returns and bidirectional marks in log, note and problem.
    Escapes,
    /// 19: a handle that nobody minted, in the outputs.
    ForgedHandle,
    /// 19: the handle in `text`, of another call, at a sink.
    ReplayedHandle,
    /// 26: a sealed input where the rule names no sink.
    HandleAtNoSink,
    /// 26: a handle inside a longer string at a sink.
    HandleInString,
    /// 26: a handle's base64 at a sink.
    HandleInBase64,
    /// 26: a handle in a URL.
    HandleInUrl,
    /// 26: a handle in a header.
    HandleInHeader,
    /// 24, 25: puts whatever the server says, echoes of secrets included, into outputs and log.
    Echo,
}
