//! `route53`, `ssm`, `iam`, `s3`: calls of services whose actions the host knows.
//!
//! The order is that of [`http`](super::http): the input parsed and its secrets opened → decided on, action,
//! names and bindings → the wire format written by the host alone, so that nothing goes out which was not
//! judged → rate, journal, audit line → signed and sent → answer read, sealed where the service has
//! secrets, scrubbed.

mod failure;
mod route53;
mod s3;
mod wire;
mod xml;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use maps_engine::capability::{
    Action, ApiFacts, Decision, Facts, Family, Half, Interface, Pointer, RequestUrl, Rule, Scope, Seal, decide,
};
use maps_engine::{Class, Problem, Value};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::http::{Echo, HttpCapability, Secret, check_sinks, seal_places};
use super::outgoing::{Line, Outgoing, Pace, Refused};
use crate::aws::spaces_host;
use crate::printable::printable;
use crate::scope::CallScope;
use wire::{Reply, Wire};

/// Bytes of one input: a thousand record sets with all their values have a quarter of it.
const INPUT_BYTES: usize = 1 << 20;
/// Names of a call that the log shows; how many more there are is told.
const NAMES_SHOWN: usize = 3;

/// One call and what it serves.
#[derive(Clone, Debug)]
pub(crate) struct AwsItem {
    /// Of a write: indices of the batch's requests. Empty for a read.
    pub(crate) items: Vec<u32>,
    /// As the guest gave it.
    pub(crate) action: String,
    /// JSON text, in which sealed values may stand.
    pub(crate) input: String,
}

/// What is read of an answer, beside who judges it.
struct Admitted<'a> {
    outgoing: Outgoing<'a>,
    action: &'static Action,
}

impl HttpCapability {
    /// Makes the calls side by side; answers come in the order of the calls, as JSON text.
    pub(crate) async fn call_aws(
        &self,
        scope: &CallScope,
        family: Family,
        half: Half,
        items: Vec<AwsItem>,
    ) -> Vec<Result<String, Problem>> {
        let kept = AtomicUsize::new(0);
        // Boxed, since the compiler cannot see that a borrowing closure's futures can be sent.
        let calls: Vec<BoxFuture<'_, _>> =
            items.iter().map(|item| self.aws_call(scope, family, half, item, &kept).boxed()).collect();
        stream::iter(calls).buffered(self.limits.concurrency.max(1)).collect().await
    }

    async fn aws_call(
        &self,
        scope: &CallScope,
        family: Family,
        half: Half,
        item: &AwsItem,
        kept: &AtomicUsize,
    ) -> Result<String, Problem> {
        let line = Line { scope, interface: Interface::Ruled(family, half).name() };
        let admitted = match self.aws_admit(scope, family, half, item, kept).await {
            Ok(admitted) => admitted,
            Err(refused) => return Err(line.refuse(refused, || printable(&item.action, 64))),
        };
        let Admitted { outgoing, action } = admitted;
        // What the service refuses was answered all the same: the log shows its status.
        let read = |echo: &Echo, status: u16, headers: &HeaderMap, body: Vec<u8>| {
            let answer = wire::answer(family, action, &Reply { status, headers, body: &body });
            Ok(answer.and_then(|json| sealed(scope, echo, action, json)))
        };
        let answer = self.dispatch(line, half, outgoing, read).await?;
        kept.fetch_add(answer.len(), Ordering::Relaxed);
        Ok(answer)
    }

    /// Everything that can be known before a call leaves: may it, and what goes over the wire?
    async fn aws_admit(
        &self,
        scope: &CallScope,
        family: Family,
        half: Half,
        item: &AwsItem,
        kept: &AtomicUsize,
    ) -> Result<Admitted<'_>, Refused> {
        self.admits(scope, kept)?;
        let input = open(scope, &item.input).map_err(|problem| refused(problem, None, None))?;
        let facts = Facts::Api(ApiFacts {
            family,
            half,
            operation: scope.operation.mutation(),
            action: &item.action,
            input: &input,
            items: &item.items,
        });
        let known = family.service().and_then(|service| service.action(&item.action));
        let summary = match known {
            Some(action) => summary(action, &input),
            None => printable(&item.action, 64),
        };
        let late = |problem: Problem, rule: Option<&Rule>| refused(problem, Some(summary.clone()), rule);
        let (rule, steps) = match decide(&self.effective, &facts, &scope.steps) {
            Decision::Allow { rule: Some(rule), steps } => (rule, steps),
            Decision::Allow { rule: None, .. } => return Err(late(internal("it was allowed without a rule"), None)),
            Decision::Deny(denial) => {
                let rule = denial.rule.clone();
                return Err(Refused { problem: Box::new(denial.into()), summary: Some(summary), rule });
            }
        };
        let late = |problem: Problem| late(problem, Some(rule));
        let (Some(action), Scope::Api(api)) = (known, &rule.scope) else {
            return Err(late(internal("it was allowed by a rule of another kind")));
        };
        check_sinks(rule, &api.sinks, &input).map_err(late)?;
        let ops: Vec<_> = match half {
            Half::Read => Vec::new(),
            Half::Write => steps.iter().filter_map(|step| scope.steps.get(*step)?.op.clone()).collect(),
        };
        if half == Half::Write && ops.len() != steps.len() {
            return Err(late(internal("a write serves a request that is no operation")));
        }
        let (region, host) = self.place(rule).await.map_err(late)?;
        let input = serde_json::to_value(input.revealed()).map_err(|error| late(internal(&error.to_string())))?;
        let Wire { method, url, headers, body } =
            wire::request(family, action, &input, &host, &region).map_err(late)?;
        // The host wrote it, and it is held against the same strict form as what a guest writes.
        let url = RequestUrl::parse(&url).map_err(|error| late(internal(&error.to_string())))?;
        let (added, echo) = self.added(rule.credential.as_deref(), rule, &url).await.map_err(late)?;
        self.reaches(&url, &added).map_err(late)?;
        let mut written = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|error| late(internal(&error.to_string())))?;
            written.insert(HeaderName::from_static(name), value);
        }
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| late(internal(&error.to_string())))?;
        let (pace, body) = (pace(family, half, &host), (!body.is_empty()).then_some(body));
        let outgoing = Outgoing {
            rule,
            steps,
            ops,
            summary,
            method,
            url,
            headers: written,
            body,
            added,
            echo,
            client: None,
            pace,
        };
        Ok(Admitted { outgoing, action })
    }

    /// The region of the rule's credential, and the host of the service there.
    async fn place(&self, rule: &Rule) -> Result<(String, String), Problem> {
        let name = rule.credential.as_deref().unwrap_or_default();
        let bound = self.credentials.get(name).map(|bound| &bound.secret);
        let Some(Secret::Aws(source)) = bound else {
            let message = format!("the stack gives the plugin no keys of AWS as its credential `{name}`");
            let help = format!(
                "in the stack: `credentials: {{aws: {{from: aws, region: …}}}}`, and at the plugin `credentials: {{{name}: aws}}`"
            );
            return Err(Problem::new(Class::Denied, "credential-unbound", message).help(help));
        };
        let family = rule.scope.family();
        let region = match source.region().await? {
            Some(region) => region,
            // These have one place for all regions of the public part.
            None if matches!(family, Family::Route53 | Family::Iam) => "us-east-1".to_owned(),
            None => {
                let message = format!("nobody says which region of AWS calls of {family} are for");
                let help = "give the credential `region: eu-central-1` in the stack, or set AWS_REGION";
                return Err(Problem::new(Class::Invalid, "aws-region", message).help(help));
            }
        };
        let host = match (source.is_of_spaces(), family) {
            (false, _) => wire::host(family, &region),
            (true, Family::S3) => spaces_host(&region),
            (true, _) => {
                let message = format!("the credential `{name}` has keys of Spaces, which know nothing of {family}");
                return Err(Problem::new(Class::Denied, "credential-type", message).help("give it keys of AWS"));
            }
        };
        Ok((region, host))
    }
}

/// What services allow by their documentation, and what is left of it once one has asked for fewer:
/// Route 53 five calls a second for an account; Parameter Store 40 reads and 3 writes, of which it
/// lets many more pass at first; IAM and S3 tell no figure that a run could come near.
fn pace(family: Family, half: Half, host: &str) -> Pace {
    let (rate, burst, slowed) = match (family, half) {
        (Family::Route53, _) => (5, 5, 2),
        (Family::Ssm, Half::Read) => (40, 40, 10),
        (Family::Ssm, Half::Write) => (40, 100, 3),
        (Family::Iam, _) => (20, 20, 2),
        _ => (50, 100, 10),
    };
    let with = if half == Half::Write { format!("{host} for changes") } else { host.to_owned() };
    // Route 53 counts both halves together.
    let with = if family == Family::Route53 { host.to_owned() } else { with };
    let most = (family == Family::Route53).then_some(5);
    Pace { with, rate, burst, slowed, most }
}

fn refused(problem: Problem, summary: Option<String>, rule: Option<&Rule>) -> Refused {
    Refused { problem: problem.into(), summary, rule: rule.map(|rule| rule.id.clone()) }
}

fn internal(message: &str) -> Problem {
    Problem::new(Class::Internal, "api-internal", format!("the call cannot be made: {message}"))
}

/// The input with its handles opened and marked as secrets.
fn open(scope: &CallScope, text: &str) -> Result<Value, Problem> {
    if text.len() > INPUT_BYTES {
        let message = format!("the input is larger than {} KiB", INPUT_BYTES >> 10);
        return Err(Problem::new(Class::Denied, "api-input-size", message));
    }
    let json: Json = serde_json::from_str(text)
        .map_err(|error| Problem::new(Class::Internal, "api-input-json", format!("the input is not JSON: {error}")))?;
    let value = scope.seals().from_guest(json).map_err(|why| {
        Problem::new(Class::Denied, "sealed-handle", format!("the input is refused: {why}"))
            .help("a sealed value is a whole value of the input, and its handle lives for one guest call")
    })?;
    if value.has_unknown() {
        return Err(Problem::new(
            Class::Internal,
            "api-input-unknown",
            "the input holds a value that is not known yet",
        ));
    }
    Ok(value)
}

/// What the log says of a call: its action, and the names that it is about.
fn summary(action: &Action, input: &Value) -> String {
    let mut names = BTreeSet::new();
    for about in action.about {
        let Ok(pointer) = about.at.parse::<Pointer>() else { continue };
        let found = pointer.find(input).unwrap_or_default();
        names.extend(found.into_iter().flatten().filter_map(|value| value.as_str()).map(|name| printable(name, 256)));
    }
    let more = names.len().saturating_sub(NAMES_SHOWN);
    let shown: Vec<_> = names.into_iter().take(NAMES_SHOWN).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{more}", action.name, shown.join(" ")).trim_end().to_owned()
}

/// What the guest may see of an answer.
fn sealed(scope: &CallScope, echo: &Echo, action: &Action, mut json: Json) -> Result<String, Problem> {
    let places = action.seals.iter().filter_map(|place| place.parse().ok()).collect();
    seal_places(scope, echo, &Seal::At(places), &mut json);
    serde_json::to_string(&json).map_err(|error| internal(&error.to_string()))
}
