//! Faults of the client's side, for rehearsals: the process kills itself around its N-th call.
//!
//! `crash-before@N` dies when everything is ready and nothing has left; `crash-sent@N` dies when
//! the cloud has handled the call and its answer begins to arrive, before anything of the answer is
//! read or recorded; `crash-replied@N` dies when the whole answer has been read and nobody was told.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// At which call to a cloud, from 1, reads and writes counted together.
    pub call: u64,
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
        let point = match name {
            "crash-before" => Point::Before,
            "crash-sent" => Point::Sent,
            "crash-replied" => Point::Replied,
            _ => return Err(FaultError::Name(name.to_owned())),
        };
        let number = call.parse().ok().filter(|call| *call > 0);
        Ok(Self { point, call: number.ok_or_else(|| FaultError::Call(call.to_owned()))? })
    }
}

/// The faults of one rehearsal, and the count of its calls.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    calls: AtomicU64,
}

impl Faults {
    /// These faults, before the first call.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { faults, calls: AtomicU64::new(0) }
    }

    /// The next call's number.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Dies here, if a fault says so.
    pub(crate) fn pass(&self, point: Point, call: u64) {
        if self.faults.contains(&Fault { point, call }) {
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
        assert_eq!("crash-sent@12".parse(), Ok(Fault { point: Point::Sent, call: 12 }));
        assert_eq!("crash-sent".parse::<Fault>(), Err(FaultError::Shape("crash-sent".to_owned())));
        assert_eq!("lost@1".parse::<Fault>(), Err(FaultError::Name("lost".to_owned())));
        assert_eq!("crash-before@0".parse::<Fault>(), Err(FaultError::Call("0".to_owned())));
        assert_eq!("crash-before@x".parse::<Fault>(), Err(FaultError::Call("x".to_owned())));
    }
}
