//! Faults on request: what goes wrong at the N-th request a service receives.

use std::collections::BTreeMap;
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

/// One fault, written `kind@N` or `service:kind@N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The service whose requests are counted; absent for every service, each counted by itself.
    pub service: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// At which request, counted from 1 since the faults were set.
    pub at: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FaultKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        if let Some(service) = &self.service {
            write!(f, "{service}:")?;
        }
        write!(f, "{name}@{}", self.at)
    }
}

/// The longest span that one specification may name, in requests.
const MOST: u64 = 1000;

/// A fault specification that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{spec}` is not a fault of the local cloud: {reason}; write error@N, throttle@N, lost@N or drip@N (or @N-M), \
         with SERVICE: before it for the requests of one service"
)]
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
        let (service, name) = match name.rsplit_once(':') {
            Some(("", _)) => return Err(wrong("its service has no name")),
            Some((service, name)) => (Some(service.to_owned()), name),
            None => (None, name),
        };
        let known = FaultKind::ALL.iter().find(|(_, known)| *known == name);
        let (kind, _) = known.ok_or(wrong("its kind is unknown"))?;
        if at.is_empty() || !at.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong("N is not a number"));
        }
        match at.parse() {
            Ok(0) => Err(wrong("requests are counted from 1")),
            Ok(at) => Ok(Self { service, kind: *kind, at }),
            Err(_) => Err(wrong("N is too large")),
        }
    }
}

impl Fault {
    /// Parses a list of specifications, each of which may hold several with commas between.
    /// `kind@N-M` stands for one fault at each request from N to M.
    pub fn parse_list<'a>(specs: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, FaultSpecError> {
        let mut faults = Vec::new();
        for spec in specs.into_iter().flat_map(|spec| spec.split(',')).map(str::trim) {
            let Some((_, last)) = spec.split_once('@').and_then(|(_, span)| span.split_once('-')) else {
                faults.push(spec.parse()?);
                continue;
            };
            let wrong = |reason| FaultSpecError { spec: spec.to_owned(), reason };
            let end = spec.len() - last.len() - 1;
            let begun: Self = spec[..end].parse().map_err(|error: FaultSpecError| wrong(error.reason))?;
            let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
            let last: u64 = last.parse().ok().filter(|_| is_number).ok_or(wrong("M is not a number"))?;
            if last < begun.at || last - begun.at >= MOST {
                return Err(wrong("N-M is not a span of at most a thousand requests"));
            }
            faults.extend((begun.at..=last).map(|at| Self { at, ..begun.clone() }));
        }
        Ok(faults)
    }
}

/// The faults that are set, and how many requests each service has had since.
#[derive(Debug, Default)]
pub(crate) struct FaultPlans {
    faults: Vec<Fault>,
    seen: BTreeMap<String, u64>,
}

impl FaultPlans {
    /// No faults for these services.
    pub(crate) fn of<'s>(services: impl IntoIterator<Item = &'s str>) -> Self {
        let seen = services.into_iter().map(|service| (service.to_owned(), 0)).collect();
        Self { faults: Vec::new(), seen }
    }

    /// Replaces what was set and counts from 1 again.
    pub(crate) fn set(&mut self, faults: Vec<Fault>) -> Result<(), FaultSpecError> {
        let unknown = |fault: &&Fault| fault.service.as_ref().is_some_and(|name| !self.seen.contains_key(name));
        if let Some(fault) = faults.iter().find(unknown) {
            return Err(FaultSpecError { spec: fault.to_string(), reason: "the cloud has no such service" });
        }
        self.faults = faults;
        self.seen.values_mut().for_each(|seen| *seen = 0);
        Ok(())
    }

    /// Counts a request of a service and says what goes wrong with it; the first of several at one place.
    pub(crate) fn next(&mut self, service: &str) -> Option<FaultKind> {
        let seen = self.seen.entry(service.to_owned()).or_default();
        *seen = seen.saturating_add(1);
        let meant = |fault: &&Fault| fault.at == *seen && fault.service.as_deref().is_none_or(|name| name == service);
        self.faults.iter().find(meant).map(|fault| fault.kind)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn lists_parse_and_print_back() {
        let faults = Fault::parse_list(["error@1,lost@22", " drip@3 ", "throttle@4,ssm:lost@5-6"]).unwrap();
        let printed: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(printed, ["error@1", "lost@22", "drip@3", "throttle@4", "ssm:lost@5", "ssm:lost@6"]);
    }

    #[test]
    fn a_bad_specification_is_named() {
        for spec in [
            "error",
            ":lost@1",
            "crash-sent@1",
            "error@0",
            "error@-1",
            "error@+1",
            "error@2-1",
            "error@1-",
            "error@1-x",
            "error@1-99999",
            "error@",
            "lost@99999999999999999999",
            "",
        ] {
            let error = Fault::parse_list(["drip@1", spec]).unwrap_err();
            assert_eq!(error.spec, spec);
        }
    }

    #[test]
    fn a_plan_counts_from_when_it_was_set() {
        let mut plans = FaultPlans::of(["ssm", "iam"]);
        assert_eq!(plans.next("ssm"), None);
        plans.set(Fault::parse_list(["error@2"]).unwrap()).unwrap();
        assert_eq!([(); 3].map(|()| plans.next("ssm")), [None, Some(FaultKind::Error), None]);
    }

    #[test]
    fn each_service_is_counted_by_itself() {
        let mut plans = FaultPlans::of(["ssm", "iam"]);
        plans.set(Fault::parse_list(["lost@2,iam:error@1"]).unwrap()).unwrap();
        let order = ["ssm", "iam", "ssm", "iam"].map(|service| plans.next(service));
        assert_eq!(order, [None, Some(FaultKind::Error), Some(FaultKind::Lost), Some(FaultKind::Lost)]);
        let unknown = plans.set(Fault::parse_list(["ec2:lost@1"]).unwrap()).unwrap_err();
        assert_eq!((unknown.spec.as_str(), unknown.reason), ("ec2:lost@1", "the cloud has no such service"));
    }
}
