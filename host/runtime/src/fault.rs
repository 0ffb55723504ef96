//! Faults of the client's side, for rehearsals: the process kills itself around its N-th call.
//!
//! `crash-before@N` dies when everything is ready and nothing has left; `crash-sent@N` dies when
//! the cloud has handled the call and its answer begins to arrive, before anything of the answer is
//! read or recorded; `crash-replied@N` dies when the whole answer has been read and nobody was told.
//! With `write:` before it, N counts the calls that change something.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use maps_engine::capability::Half;
use rustix::process::{Signal, getpid, kill_process};

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

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub point: Point,
    /// At which call to a cloud, from 1.
    pub call: u64,
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
    #[error("`{0}` is no fault of the client: known are crash-before, crash-sent and crash-replied")]
    Name(String),
    /// Not a number from 1.
    #[error("`{0}` is no call: calls are counted from 1")]
    Call(String),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, call) = text.split_once('@').ok_or_else(|| FaultError::Shape(text.to_owned()))?;
        let (name, writes) = name.strip_prefix("write:").map_or((name, false), |name| (name, true));
        let point = match name {
            "crash-before" => Point::Before,
            "crash-sent" => Point::Sent,
            "crash-replied" => Point::Replied,
            _ => return Err(FaultError::Name(name.to_owned())),
        };
        let number = call.parse().ok().filter(|call| *call > 0);
        Ok(Self { point, call: number.ok_or_else(|| FaultError::Call(call.to_owned()))?, writes })
    }
}

/// The faults of one rehearsal, and the counts of its calls.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    calls: AtomicU64,
    writes: AtomicU64,
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

    /// Dies here, if a fault says so.
    pub(crate) fn pass(&self, point: Point, call: Call) {
        let here = |fault: &Fault| {
            let number = if fault.writes { call.among_writes } else { Some(call.among_all) };
            fault.point == point && number == Some(fault.call)
        };
        if self.faults.iter().any(here) {
            // SIGKILL cannot be caught: nothing is flushed, no destructor runs.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_or_refused() {
        let fault = |writes| Ok(Fault { point: Point::Sent, call: 12, writes });
        assert_eq!("crash-sent@12".parse(), fault(false));
        assert_eq!("write:crash-sent@12".parse(), fault(true));
        assert_eq!("crash-sent".parse::<Fault>(), Err(FaultError::Shape("crash-sent".to_owned())));
        assert_eq!("lost@1".parse::<Fault>(), Err(FaultError::Name("lost".to_owned())));
        assert_eq!("crash-before@0".parse::<Fault>(), Err(FaultError::Call("0".to_owned())));
        assert_eq!("crash-before@x".parse::<Fault>(), Err(FaultError::Call("x".to_owned())));
    }

    #[test]
    fn writes_are_counted_by_themselves_too() {
        let faults = Faults::default();
        let numbers = [Half::Read, Half::Write, Half::Read, Half::Write].map(|half| faults.next_call(half));
        assert_eq!(numbers.map(|call| call.among_all), [1, 2, 3, 4]);
        assert_eq!(numbers.map(|call| call.among_writes), [None, Some(1), None, Some(2)]);
    }
}
