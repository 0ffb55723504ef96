//! AWS through the host, which signs, decides what may be called, and knows each service's wire format.
//!
//! A [`Call`] is said in the words of the service's API reference and answered with what that says, as
//! JSON. Reads and writes are two halves, as in [`http`](crate::http); every list goes to the host as
//! one call, and the host runs it side by side, within the service's rate limit.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::maps::platform::{aws_types as wire, types};
use crate::kind::Step;
use crate::problem::Problem;

/// A call that has not been sent.
#[derive(Clone, Debug)]
pub struct Call {
    wire: wire::Call,
}

impl Call {
    /// A call of `action` with its parameters, by their names in the API reference. A
    /// [`Secret`](crate::Secret) in them is opened by the host, where the rule names its place as a sink.
    ///
    /// # Errors
    /// When the parameters have no JSON form: a map whose keys are no texts, a float that is no number.
    pub fn new(action: &str, input: &impl Serialize) -> Result<Self, Problem> {
        let input = serde_json::to_string(input).map_err(|error| {
            Problem::internal("not-json", format!("the input of {action} has no JSON form: {error}"))
        })?;
        Ok(Self { wire: wire::Call { action: action.to_owned(), input } })
    }
}

/// What a service answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    json: String,
}

impl Answer {
    /// The answer in the plugin's own type; what the host seals is a handle.
    ///
    /// # Errors
    /// When it is not of that shape: the service is to blame.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(&self.json).map_err(|error| {
            // The position is told, the content is not: it may be long, or not for logs.
            let place = format!("line {} column {}", error.line(), error.column());
            let message = format!("the service's answer has another shape than expected: {place}");
            Problem::internal("unexpected-answer", message)
        })
    }
}

fn received(answers: Vec<Result<String, types::Problem>>) -> Vec<Result<Answer, Problem>> {
    answers.into_iter().map(|answer| answer.map(|json| Answer { json }).map_err(Problem::from)).collect()
}

fn writes(writes: Vec<(Vec<Step>, Call)>) -> Vec<wire::Write> {
    let each = writes.into_iter().map(|(steps, call)| wire::Write {
        items: steps.into_iter().map(|Step(item)| item).collect(),
        call: call.wire,
    });
    each.collect()
}

macro_rules! service {
    ($(#[$doc:meta])* $name:ident, $read:ident, $write:ident) => {
        $(#[$doc])*
        pub mod $name {
            #[cfg(target_arch = "wasm32")]
            use crate::bindings::maps::platform::{$read, $write};
            #[cfg(not(target_arch = "wasm32"))]
            use crate::testing::{$read, $write};

            use super::{Answer, Call};
            use crate::batch::only;
            use crate::kind::Step;
            use crate::problem::Problem;

            /// Sends a read.
            ///
            /// # Errors
            /// What the host or the service refuses: its code is AWS's own, in kebab-case.
            pub fn read(call: Call) -> Result<Answer, Problem> {
                only(read_all(vec![call]))
            }

            /// Sends reads side by side; the answers come in the calls' order.
            pub fn read_all(calls: Vec<Call>) -> Vec<Result<Answer, Problem>> {
                if calls.is_empty() {
                    return Vec::new();
                }
                let calls: Vec<_> = calls.into_iter().map(|call| call.wire).collect();
                super::received($read::send(&calls))
            }

            /// Sends a write in the name of the step that it serves.
            ///
            /// # Errors
            /// As [`read`].
            pub fn write(step: Step, call: Call) -> Result<Answer, Problem> {
                only(write_all(vec![(vec![step], call)]))
            }

            /// Sends writes side by side, each in the name of the steps that it serves: where an action
            /// has a list with an item for each, in the list's order.
            pub fn write_all(writes: Vec<(Vec<Step>, Call)>) -> Vec<Result<Answer, Problem>> {
                if writes.is_empty() {
                    return Vec::new();
                }
                super::received($write::send(&super::writes(writes)))
            }
        }
    };
}

service!(
    /// Amazon Route 53.
    route53, route53_read, route53_write
);
service!(
    /// AWS Systems Manager's Parameter Store.
    ssm, ssm_read, ssm_write
);
service!(
    /// AWS Identity and Access Management.
    iam, iam_read, iam_write
);
service!(
    /// Buckets of Amazon S3.
    s3, s3_read, s3_write
);
