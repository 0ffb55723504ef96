//! Faults of the client's side, for rehearsals: the process kills or stops itself around its N-th call.
//!
//! `crash-before@N` dies when everything is ready and nothing has left; `crash-sent@N` dies when
//! the cloud has handled the call and its answer begins to arrive, before anything of the answer is
//! read or recorded; `crash-replied@N` dies when the whole answer has been read and nobody was told.
//! With `write:` before it, N counts the calls that change something.
//! `stop-before@N` and its like stop there instead, until SIGCONT comes: who looks meanwhile sees what a kill would
//! leave. `stop-sent@N-M` does so at each call of a span.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use maps_engine::capability::Half;
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;

/// Where around a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before its first byte leaves.
    Before,
    /// After the cloud handled it.
    Sent,
    /// After its answer was read.
    Replied,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process dies.
    Crash,
    /// The process stops, and goes on when it is told to.
    Stop,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub effect: Effect,
    /// Where.
    pub point: Point,
    /// At which calls to a cloud, from 1.
    pub calls: RangeInclusive<u64>,
    /// Are only writes counted? Else reads and writes are, together.
    pub writes: bool,
}

/// A text that names no fault of the client's side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// Not `NAME@N`.
    #[error("`{0}` is no fault: write it as `crash-before@3`")]
    Shape(String),
    /// An unknown name.
    #[error("`{0}` is no fault of the client: known are crash and stop, each -before, -sent and -replied")]
    Name(String),
    /// Neither a number from 1 nor a span of such.
    #[error("`{0}` is no call: calls are counted from 1, and a span of them is `N-M`")]
    Call(String),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, calls) = text.split_once('@').ok_or_else(|| FaultError::Shape(text.to_owned()))?;
        let (name, writes) = name.strip_prefix("write:").map_or((name, false), |name| (name, true));
        let (effect, point) = match name {
            "crash-before" => (Effect::Crash, Point::Before),
            "crash-sent" => (Effect::Crash, Point::Sent),
            "crash-replied" => (Effect::Crash, Point::Replied),
            "stop-before" => (Effect::Stop, Point::Before),
            "stop-sent" => (Effect::Stop, Point::Sent),
            "stop-replied" => (Effect::Stop, Point::Replied),
            _ => return Err(FaultError::Name(name.to_owned())),
        };
        let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let (first, last) = calls.split_once('-').unwrap_or((calls, calls));
        let span = number(first).zip(number(last)).filter(|(first, last)| *first > 0 && first <= last);
        let (first, last) = span.ok_or_else(|| FaultError::Call(calls.to_owned()))?;
        Ok(Self { effect, point, calls: first..=last, writes })
    }
}

/// The faults of one rehearsal, and the counts of its calls.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    calls: AtomicU64,
    writes: AtomicU64,
    /// One stop at a time: of two signals that come at once the system keeps one.
    stopping: Mutex<()>,
}

/// A call's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    among_all: u64,
    among_writes: Option<u64>,
}

impl Faults {
    /// These faults, before the first call.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::default() }
    }

    /// The next call's numbers.
    pub(crate) fn next_call(&self, half: Half) -> Call {
        let next = |counter: &AtomicU64| counter.fetch_add(1, Ordering::SeqCst) + 1;
        Call { among_all: next(&self.calls), among_writes: (half == Half::Write).then(|| next(&self.writes)) }
    }

    /// Dies or stops here, if a fault says so.
    pub(crate) async fn pass(&self, point: Point, call: Call) {
        let here = |fault: &&Fault| {
            let number = if fault.writes { call.among_writes } else { Some(call.among_all) };
            fault.point == point && number.is_some_and(|number| fault.calls.contains(&number))
        };
        match self.faults.iter().find(here).map(|fault| fault.effect) {
            None => {}
            // SIGKILL cannot be caught: nothing is flushed, no destructor runs.
            Some(Effect::Crash) => drop(kill_process(getpid(), Signal::KILL)),
            Some(Effect::Stop) => {
                let _alone = self.stopping.lock().await;
                // Without it nobody knows when it went on, which is no reason not to stop.
                let continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()));
                let stopped = kill_process(getpid(), Signal::STOP);
                if let (Ok(mut continued), Ok(())) = (continued, stopped) {
                    let _ = continued.recv().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_or_refused() {
        let fault = |effect, point, calls, writes| Ok(Fault { effect, point, calls, writes });
        for (text, meant) in [
            ("crash-sent@12", fault(Effect::Crash, Point::Sent, 12..=12, false)),
            ("write:crash-sent@12", fault(Effect::Crash, Point::Sent, 12..=12, true)),
            ("stop-before@1-300", fault(Effect::Stop, Point::Before, 1..=300, false)),
            ("crash-sent", Err(FaultError::Shape("crash-sent".to_owned()))),
            ("lost@1", Err(FaultError::Name("lost".to_owned()))),
            ("crash-before@0", Err(FaultError::Call("0".to_owned()))),
            ("crash-before@x", Err(FaultError::Call("x".to_owned()))),
            ("stop-sent@+1", Err(FaultError::Call("+1".to_owned()))),
            ("stop-sent@3-2", Err(FaultError::Call("3-2".to_owned()))),
            ("stop-sent@3-", Err(FaultError::Call("3-".to_owned()))),
        ] {
            assert_eq!(text.parse(), meant, "{text}");
        }
    }

    #[test]
    fn writes_are_counted_by_themselves_too() {
        let faults = Faults::default();
        let numbers = [Half::Read, Half::Write, Half::Read, Half::Write].map(|half| faults.next_call(half));
        assert_eq!(numbers.map(|call| call.among_all), [1, 2, 3, 4]);
        assert_eq!(numbers.map(|call| call.among_writes), [None, Some(1), None, Some(2)]);
    }
}
