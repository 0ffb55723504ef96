//! Real time for dates, virtual time for how long resources take.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The farthest one request may move virtual time: ten years, so that no sum overflows.
pub(crate) const MAX_ADVANCE_MS: u64 = 10 * 366 * 24 * 3_600_000;

/// How far virtual time is ahead of real time; kept in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offset {
    /// Milliseconds that `advance` has added so far.
    pub(crate) ms: u64,
}

/// One moment in both times; every request sees a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Milliseconds since 1970 of the system's clock.
    pub(crate) real_ms: u64,
    /// The same with the offset; only resource delays and rate limits are held against it.
    pub(crate) virtual_ms: u64,
}

impl Now {
    /// This moment, given how far virtual time was moved.
    pub(crate) fn read(offset: Offset) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let real_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX / 2);
        Self { real_ms, virtual_ms: real_ms.saturating_add(offset.ms) }
    }

    /// A moment by which everything that was begun has ended.
    pub(crate) fn end_of_time() -> Self {
        Self { real_ms: u64::MAX, virtual_ms: u64::MAX }
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC, whole seconds.
pub(crate) fn date(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_in_utc_and_whole_seconds() {
        assert_eq!(date(1_542_297_611_999), "2018-11-15T16:00:11Z");
    }

    #[test]
    fn the_offset_moves_virtual_time_only() {
        let now = Now::read(Offset { ms: 60_000 });
        assert_eq!(now.virtual_ms - now.real_ms, 60_000);
    }
}
