//! What comes of trying a law.

/// What came of trying a law on a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The kind keeps it.
    Kept,
    /// The kind keeps it, as far as can be seen where nobody can tell what exists in the cloud.
    KeptUnseen,
    /// The kind breaks it: what was seen.
    Broken(String),
    /// It was not tried, and why.
    Skipped(String),
    /// It could not be tried: something other than the plugin failed.
    Untried(String),
}

/// Why a law's trial ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Broken(String),
    Skipped(&'static str),
    Untried(String),
}

/// What every step of a trial answers.
pub(crate) type Kept<T = ()> = Result<T, Stop>;

/// Something around the plugin failed, for `map_err`.
pub(crate) fn untried<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Stop {
    move |error| Stop::Untried(format!("{what}: {error}"))
}

/// The law is broken, in these words.
macro_rules! broken {
    ($($word:tt)*) => { $crate::verdict::Stop::Broken(format!($($word)*)) };
}

/// The law is broken, in these words, unless this holds.
macro_rules! ensure {
    ($holds:expr, $($word:tt)*) => {
        if !$holds {
            return Err($crate::verdict::broken!($($word)*));
        }
    };
}

pub(crate) use {broken, ensure};
