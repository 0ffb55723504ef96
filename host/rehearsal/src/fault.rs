//! Faults on request: what goes wrong at the N-th request a service receives.

use std::fmt;
use std::str::FromStr;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A 500, and nothing is done.
    Error,
    /// A 429 with `retry-after`, and nothing is done.
    Throttle,
    /// The request is done, then the connection is cut without an answer.
    Lost,
    /// The request is done, and its answer trickles.
    Drip,
}

impl FaultKind {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Error, "error"), (Self::Throttle, "throttle"), (Self::Lost, "lost"), (Self::Drip, "drip")];
}

/// One fault, written `kind@N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// At which request, counted from 1 since the faults were set.
    pub at: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FaultKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        write!(f, "{name}@{}", self.at)
    }
}

/// A fault specification that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{spec}` is not a fault of the local cloud: {reason}; write error@N, throttle@N, lost@N or drip@N")]
pub struct FaultSpecError {
    /// What was given.
    pub spec: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Fault {
    type Err = FaultSpecError;

    fn from_str(spec: &str) -> Result<Self, FaultSpecError> {
        let wrong = |reason| FaultSpecError { spec: spec.to_owned(), reason };
        let (name, at) = spec.split_once('@').ok_or(wrong("it has no `@N`"))?;
        let known = FaultKind::ALL.iter().find(|(_, known)| *known == name);
        let (kind, _) = known.ok_or(wrong("its kind is unknown"))?;
        if at.is_empty() || !at.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong("N is not a number"));
        }
        match at.parse() {
            Ok(0) => Err(wrong("requests are counted from 1")),
            Ok(at) => Ok(Self { kind: *kind, at }),
            Err(_) => Err(wrong("N is too large")),
        }
    }
}

impl Fault {
    /// Parses a list of specifications, each of which may hold several with commas between.
    pub fn parse_list<'a>(specs: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, FaultSpecError> {
        specs.into_iter().flat_map(|spec| spec.split(',')).map(|spec| spec.trim().parse()).collect()
    }
}

/// The faults that are set for one service, and how many requests it has had since.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    faults: Vec<Fault>,
    seen: u64,
}

impl FaultPlan {
    /// Replaces what was set and counts from 1 again.
    pub(crate) fn set(&mut self, faults: Vec<Fault>) {
        *self = Self { faults, seen: 0 };
    }

    /// Counts a request and says what goes wrong with it; the first of several at one place.
    pub(crate) fn next(&mut self) -> Option<FaultKind> {
        self.seen = self.seen.saturating_add(1);
        self.faults.iter().find(|fault| fault.at == self.seen).map(|fault| fault.kind)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn lists_parse_and_print_back() {
        let faults = Fault::parse_list(["error@1,lost@22", " drip@3 ", "throttle@4"]).unwrap();
        let printed: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(printed, ["error@1", "lost@22", "drip@3", "throttle@4"]);
    }

    #[test]
    fn a_bad_specification_is_named() {
        for spec in
            ["error", "crash-sent@1", "error@0", "error@-1", "error@+1", "error@", "lost@99999999999999999999", ""]
        {
            let error = Fault::parse_list(["drip@1", spec]).unwrap_err();
            assert_eq!(error.spec, spec);
        }
    }

    #[test]
    fn a_plan_counts_from_when_it_was_set() {
        let mut plan = FaultPlan::default();
        assert_eq!(plan.next(), None);
        plan.set(Fault::parse_list(["error@2"]).unwrap());
        assert_eq!([plan.next(), plan.next(), plan.next()], [None, Some(FaultKind::Error), None]);
    }
}
