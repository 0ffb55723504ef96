//! Now, on both clocks.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now: real time, which objects are stamped with, and virtual time, which delays are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Real milliseconds since 1970.
    pub unix_ms: i64,
    /// Virtual milliseconds; they never go back.
    pub virtual_ms: u64,
}

impl Moment {
    /// Seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.unix_ms.div_euclid(1000)
    }

    /// RFC 3339 in whole seconds.
    pub(crate) fn stamp(&self) -> String {
        self.stamp_after(0)
    }

    /// RFC 3339 in whole seconds, so many seconds from now.
    pub(crate) fn stamp_after(&self, seconds: i64) -> String {
        let at = OffsetDateTime::from_unix_timestamp(self.seconds().saturating_add(seconds));
        at.ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
    }
}
