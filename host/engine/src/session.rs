//! What one run works with, and how it asks a provider: in batches, side by side, with patience.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};
use futures::stream::{self, StreamExt};

use crate::clock::{Clock, Entropy};
use crate::event::Observer;
use crate::name::{KindName, OpId, PluginName, Token};
use crate::problem::{Class, Problem};
use crate::provider::{Call, CallError, Provider};
use crate::retry::{self, Verdict};
use crate::schema::KindSchema;
use crate::stack::Stack;
use crate::value::Value;

/// Provider calls in flight at once: enough to hide latency, few enough for any service.
pub const DEFAULT_PARALLEL: usize = 10;
/// The longest single provider call, in milliseconds. No call waits for anything long; that is
/// what a pending outcome is for.
pub const CALL_TIMEOUT_MS: u64 = 300_000;

/// Everything outside of the engine that one run uses.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its plugins, by the name they have in the stack.
    pub providers: &'a BTreeMap<PluginName, Arc<dyn Provider>>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// The run, for the audit log.
    pub run: &'a str,
    /// Provider calls in flight at once; see [`DEFAULT_PARALLEL`].
    pub parallel: usize,
}

/// Why something was not done: what the provider said, or why it said nothing.
#[derive(Clone, Debug)]
pub struct Failure {
    /// For people and programs.
    pub problem: Problem,
    /// Set when the whole call failed: a trap, a limit, a broken contract, the host.
    pub call: Option<CallError>,
}

impl Failure {
    /// Did the plugin itself go wrong, in a way that another of its requests may not share? A limit
    /// is not one of these: running into it once more for every half would take too long.
    fn is_of_the_plugin(&self) -> bool {
        matches!(self.call, Some(CallError::Trap { .. } | CallError::Contract { .. }))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, call: None }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let (code, help) = match &error {
            CallError::Trap { .. } => {
                ("plugin-crashed", Some("this is a defect of the plugin; report it to its author"))
            }
            CallError::Limit { .. } => ("plugin-limit", None),
            CallError::Contract { .. } => {
                ("plugin-contract", Some("this is a defect of the plugin; report it to its author"))
            }
            CallError::Host { .. } => ("host-failed", None),
        };
        let mut problem = Problem::new(Class::Internal, code, error.to_string());
        problem.help = help.map(str::to_owned);
        Self { problem, call: Some(error) }
    }
}

/// A request, with what decides which batch it joins.
pub(crate) struct Asked<R> {
    pub(crate) kind: KindName,
    pub(crate) config: Arc<Value>,
    pub(crate) request: R,
}

/// One provider call: takes the batch, answers in its order.
pub(crate) type Batched<'a, R, O> =
    dyn Fn(Arc<dyn Provider>, Arc<Value>, Vec<R>) -> BoxFuture<'a, Result<Vec<O>, CallError>> + Send + Sync + 'a;

impl<'a> Session<'a> {
    /// The provider of a kind.
    pub(crate) fn provider(&self, kind: &KindName) -> Result<&'a Arc<dyn Provider>, Failure> {
        let plugin = kind.plugin();
        self.providers.get(&plugin).ok_or_else(|| {
            Problem::new(Class::Invalid, "plugin-missing", format!("the plugin {plugin} is not in the stack"))
                .help(format!("add {plugin} under `plugins:`, it still manages objects of this stack"))
                .into()
        })
    }

    /// A kind's schema.
    pub(crate) fn schema(&self, kind: &KindName) -> Result<&'a KindSchema, Failure> {
        self.provider(kind)?.kinds().get(kind).ok_or_else(|| {
            Problem::new(Class::Invalid, "kind-missing", format!("the plugin {} has no kind {kind}", kind.plugin()))
                .into()
        })
    }

    /// What is the same for every request of a call.
    pub(crate) fn call<'c>(&self, config: &'c Value) -> Call<'c>
    where
        'a: 'c,
    {
        Call { stack: &self.stack.name, run: self.run, config }
    }

    fn hex<const N: usize>(&self) -> String {
        let mut bytes = [0_u8; N];
        self.entropy.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A token for an object that is about to be made.
    pub(crate) fn token(&self) -> Token {
        Token::new(self.hex::<16>())
    }

    /// A name for an operation that is about to begin.
    pub(crate) fn op(&self) -> OpId {
        OpId::new(self.hex::<12>())
    }

    /// Asks for everything at once: batches by kind and config, so many calls side by side, and
    /// what failed in passing again after a while. A batch that a plugin crashes over is asked
    /// again in halves, so that the one request that it cannot take fails alone: `call` only looks,
    /// so asking twice changes nothing. Answers in the order of the requests.
    pub(crate) async fn ask<R: Clone + Send, O: Send>(
        &self,
        requests: Vec<Asked<R>>,
        failed: fn(&O) -> Option<&Problem>,
        call: &Batched<'a, R, O>,
    ) -> Vec<Result<O, Failure>> {
        let mut answers: Vec<Option<Result<O, Failure>>> = requests.iter().map(|_| None).collect();
        let mut attempts = vec![1_u32; requests.len()];
        let mut most = vec![usize::MAX; requests.len()];
        let mut open: Vec<usize> = (0..requests.len()).collect();
        while !open.is_empty() {
            let mut groups: BTreeMap<(&KindName, usize, usize), Vec<usize>> = BTreeMap::new();
            for index in open.drain(..) {
                let asked = &requests[index];
                let group = (&asked.kind, Arc::as_ptr(&asked.config) as usize, most[index]);
                groups.entry(group).or_default().push(index);
            }
            let mut batches = Vec::new();
            for ((kind, _, most), members) in &groups {
                let ready = self.provider(kind).and_then(|provider| Ok((provider, self.schema(kind)?.batch)));
                match ready {
                    Ok((provider, size)) => {
                        batches.extend(members.chunks(size.min(*most)).map(|chunk| (provider, chunk)));
                    }
                    Err(failure) => members.iter().for_each(|index| answers[*index] = Some(Err(failure.clone()))),
                }
            }
            let calls = batches.into_iter().map(|(provider, chunk)| {
                let config = Arc::clone(&requests[chunk[0]].config);
                let batch = chunk.iter().map(|index| requests[*index].request.clone()).collect();
                let answer = call(Arc::clone(provider), config, batch);
                async move { (chunk, self.in_time(answer).await) }
            });
            let calls: Vec<_> = calls.collect();
            let done: Vec<_> = stream::iter(calls).buffer_unordered(self.parallel.max(1)).collect().await;
            let mut wake = None;
            let mut again = |index: usize, problem: &Problem| {
                let Verdict::After(wait) = retry::decide(problem, attempts[index], self.entropy) else { return false };
                attempts[index] += 1;
                open.push(index);
                wake = wake.max(Some(self.clock.now() + wait));
                true
            };
            let mut halved = Vec::new();
            for (chunk, outcome) in done {
                match outcome {
                    Ok(outcomes) => {
                        for (index, outcome) in chunk.iter().zip(outcomes) {
                            if !failed(&outcome).is_some_and(|problem| again(*index, problem)) {
                                answers[*index] = Some(Ok(outcome));
                            }
                        }
                    }
                    Err(failure) if failure.is_of_the_plugin() && chunk.len() > 1 => {
                        chunk.iter().for_each(|index| most[*index] = chunk.len().div_ceil(2));
                        halved.extend_from_slice(chunk);
                    }
                    Err(failure) => {
                        for index in chunk {
                            if !again(*index, &failure.problem) {
                                answers[*index] = Some(Err(failure.clone()));
                            }
                        }
                    }
                }
            }
            open.append(&mut halved);
            if let Some(at) = wake {
                self.clock.sleep_until(at, true).await;
            }
        }
        let short = || Err(contract("the answer has fewer outcomes than the call had requests"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(short)).collect()
    }

    /// The answer of a provider call, or that there was none in time.
    pub(crate) async fn in_time<O>(&self, call: BoxFuture<'_, Result<Vec<O>, CallError>>) -> Result<Vec<O>, Failure> {
        let deadline = self.clock.sleep_until(self.clock.now() + CALL_TIMEOUT_MS, false);
        match select(call, deadline).await {
            Either::Left((answer, _)) => Ok(answer?),
            Either::Right(_) => {
                Err(Problem::new(Class::Timeout, "call-timeout", "the plugin did not answer in time").into())
            }
        }
    }
}

pub(crate) fn contract(message: &str) -> Failure {
    Problem::new(Class::Internal, "plugin-contract", message).into()
}
