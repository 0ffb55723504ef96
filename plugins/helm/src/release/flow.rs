//! What one part of an operation comes to, and problems that pass by themselves.

use maps_kube_objects::id::ObjectId;
use maps_sdk::{Class, Problem};

/// What one part of an operation comes to.
pub(crate) enum Flow {
    /// It is done.
    On,
    /// It has to wait for so many milliseconds, for this.
    Wait(u64, String),
}

/// Between two looks at what is not as it should be yet.
pub(crate) const RETRY_MS: u64 = 2_000;
/// A definition is established within a second or two, and an object deleted.
pub(crate) const SOON_MS: u64 = 1_000;
/// Objects that a note names; the others are counted.
pub(crate) const MOST_NAMED: usize = 3;

/// May the same call succeed after a while? A webhook is not ready yet, a server is restarted or has too much to do.
pub(crate) fn passes(problem: &Problem) -> bool {
    matches!(problem.class, Class::Throttled | Class::Unavailable | Class::Timeout)
}

/// The class of a problem whose operation came to an end all the same: what would say that it is open how it ended says
/// that it cannot be as it is wanted.
pub(crate) fn settled(class: Class) -> Class {
    match class {
        Class::Internal | Class::Timeout | Class::Unavailable | Class::Throttled => Class::Conflict,
        class => class,
    }
}

/// A few of many, for people.
pub(crate) fn note(all: &[String]) -> String {
    let mut told = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    if all.len() > MOST_NAMED {
        told.push_str(&format!("; and {} more", all.len() - MOST_NAMED));
    }
    told
}

/// An object that is not as it should be.
pub(crate) struct Unready {
    pub(crate) id: ObjectId,
    pub(crate) uid: String,
    pub(crate) why: String,
    pub(crate) failed: bool,
}

impl Unready {
    pub(crate) fn told(&self) -> String {
        format!("{}: {}", self.id.shown(), self.why)
    }
}
