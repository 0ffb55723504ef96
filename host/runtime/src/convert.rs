//! Between the contract's types and the engine's: what does not concern a particular export.

use maps_engine::{Class, Problem};

use crate::bindings::maps::platform::types;
use crate::limits::{RETRY_AFTER_MS, TEXT_BYTES};
use crate::seal::Seals;

/// Bytes of a problem's code.
const CODE_BYTES: usize = 64;
/// What a problem is called whose code is no code.
const NO_CODE: &str = "unnamed";

impl From<Problem> for types::Problem {
    fn from(problem: Problem) -> Self {
        Self {
            class: problem.class.into(),
            code: problem.code,
            message: problem.message,
            path: problem.path,
            help: problem.help,
            retry_after_ms: problem.retry_after_ms,
        }
    }
}

impl From<Class> for types::ProblemClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Invalid => Self::Invalid,
            Class::Denied => Self::Denied,
            Class::NotFound => Self::NotFound,
            Class::Conflict => Self::Conflict,
            Class::Throttled => Self::Throttled,
            Class::Unavailable => Self::Unavailable,
            Class::Timeout => Self::Timeout,
            Class::Internal => Self::Internal,
        }
    }
}

impl From<types::ProblemClass> for Class {
    fn from(class: types::ProblemClass) -> Self {
        match class {
            types::ProblemClass::Invalid => Self::Invalid,
            types::ProblemClass::Denied => Self::Denied,
            types::ProblemClass::NotFound => Self::NotFound,
            types::ProblemClass::Conflict => Self::Conflict,
            types::ProblemClass::Throttled => Self::Throttled,
            types::ProblemClass::Unavailable => Self::Unavailable,
            types::ProblemClass::Timeout => Self::Timeout,
            types::ProblemClass::Internal => Self::Internal,
        }
    }
}

/// A guest's problem, as it may be shown: no secret of the call, nothing that deceives a terminal.
pub(crate) fn problem(seals: &Seals, problem: types::Problem) -> Problem {
    Problem {
        class: problem.class.into(),
        code: code(&problem.code),
        message: text(seals, &problem.message),
        path: problem.path.map(|path| text(seals, &path)),
        help: problem.help.map(|help| text(seals, &help)),
        retry_after_ms: problem.retry_after_ms.map(|ms| ms.min(RETRY_AFTER_MS)),
    }
}

/// A guest's text, as it may be shown.
pub(crate) fn text(seals: &Seals, text: &str) -> String {
    crate::printable::shown(text, TEXT_BYTES, |text| seals.scrub(text))
}

fn code(code: &str) -> String {
    let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let good = !code.is_empty() && code.len() <= CODE_BYTES && code.bytes().all(kebab);
    if good { code } else { NO_CODE }.to_owned()
}
