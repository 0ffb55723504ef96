//! A failure, told to a person, and the list of them that a check collects.

use std::fmt;

use crate::bindings::maps::platform::types::Problem as Wire;
pub use crate::bindings::maps::platform::types::ProblemClass as Class;

/// Why something could not be done. The class alone decides what the host retries; the rest is
/// for the person who reads it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind of failure.
    pub class: Class,
    /// Stable, in kebab-case: `cluster-name-taken`.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The input it concerns: `node_pools[0].size`.
    pub path: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// When the service wants to be asked again.
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with neither path nor help.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), path: None, help: None, retry_after_ms: None }
    }

    /// A defect: of the plugin, or of a service whose answer makes no sense.
    pub fn internal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Internal, code, message)
    }

    /// Inputs that cannot work.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Invalid, code, message)
    }

    /// Says which input it concerns.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says when the service wants to be asked again.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Problem {}

impl From<Wire> for Problem {
    fn from(wire: Wire) -> Self {
        let Wire { class, code, message, path, help, retry_after_ms } = wire;
        Self { class, code, message, path, help, retry_after_ms }
    }
}

impl From<Problem> for Wire {
    fn from(problem: Problem) -> Self {
        let Problem { class, code, message, path, help, retry_after_ms } = problem;
        Self { class, code, message, path, help, retry_after_ms }
    }
}

/// Collects what is wrong with inputs.
///
/// Before apply some inputs are not known yet. The typed inputs then hold a placeholder in their
/// place (an empty text, a zero), and a problem that concerns such a value is dropped here: a
/// check is written as if everything were known, and must only name the paths it looked at.
#[derive(Debug, Default)]
pub struct Report {
    unknown: Vec<String>,
    problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(unknown: Vec<String>) -> Self {
        Self { unknown, problems: Vec::new() }
    }

    /// The input at `path` is wrong.
    pub fn invalid(&mut self, path: impl Into<String>, code: &str, message: impl Into<String>) {
        let path = path.into();
        self.across(&[&path], code, message);
    }

    /// The inputs at `paths` do not go together; the problem is shown at the first.
    pub fn across(&mut self, paths: &[&str], code: &str, message: impl Into<String>) {
        self.push(paths, Problem::invalid(code, message));
    }

    /// Any problem that comes of looking at `paths`; shown at the first unless it says where.
    pub fn push(&mut self, paths: &[&str], mut problem: Problem) {
        if paths.iter().all(|path| self.known(path)) {
            problem.path = problem.path.or_else(|| paths.first().map(|path| (*path).to_owned()));
            self.problems.push(problem);
        }
    }

    /// Is the input at `path` known, as far as it was given?
    pub fn known(&self, path: &str) -> bool {
        !self.unknown.iter().any(|unknown| {
            path.strip_prefix(unknown.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']) || unknown.is_empty())
        })
    }

    /// Are all inputs known?
    pub(crate) fn all_known(&self) -> bool {
        self.unknown.is_empty()
    }

    /// What was found.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
