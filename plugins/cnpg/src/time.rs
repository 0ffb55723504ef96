//! Durations, moments, and how long an operation takes.

use maps_sdk::clock;
use serde::{Deserialize, Serialize};

/// Since when an operation goes on, and how long it has asked to wait: by the clock or by what it asked, whichever is
/// more. In a rehearsal the waits pass at once, and the clock goes on as everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// When it began, in milliseconds since 1970.
    since: u64,
    /// What it asked to wait since, in milliseconds.
    waited: u64,
}

impl Taken {
    /// An operation that begins now.
    pub(crate) fn begin() -> Self {
        Self { since: clock::now(), waited: 0 }
    }

    /// How long it takes so far, in milliseconds.
    pub(crate) fn ms(self) -> u64 {
        clock::now().saturating_sub(self.since).max(self.waited)
    }

    /// The operation after another wait.
    pub(crate) fn and(self, wait_ms: u64) -> Self {
        Self { waited: self.waited.saturating_add(wait_ms), ..self }
    }
}

/// A duration such as `90s`, `10m` or `1h30m`, in milliseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (figure, more) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let scale = match more.chars().next()? {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(figure.parse::<u64>().ok()?.checked_mul(scale)?)?;
        rest = more.get(1..)?;
    }
    (total > 0).then_some(total)
}

/// Is it a moment that a recovery can go to: `2026-11-21`, `2026-11-21 12:00:00`, `2026-11-21T12:00:00.5+01:00`?
pub(crate) fn is_moment(text: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.chars().all(|c| c.is_ascii_digit());
    let within = |text: &str, most: u8| digits(text, 2) && text.parse::<u8>().is_ok_and(|number| number <= most);
    let (date, rest) = match text.find(['T', ' ']) {
        Some(end) => (text.get(..end), text.get(end + 1..)),
        None => (Some(text), None),
    };
    let parts: Vec<&str> = date.unwrap_or_default().split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    if !(digits(year, 4) && within(month, 12) && within(day, 31)) {
        return false;
    }
    let Some(rest) = rest else { return true };
    let (clock, zone) = rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(rest.len()));
    let (clock, part) = clock.split_once('.').unwrap_or((clock, "0"));
    let times: Vec<&str> = clock.split(':').collect();
    let [hours, minutes, seconds] = times.as_slice() else { return false };
    let zoned = match zone.strip_prefix(['+', '-']) {
        None => matches!(zone, "" | "Z"),
        Some(offset) => match offset.split_once(':') {
            Some((hours, minutes)) => within(hours, 14) && within(minutes, 59),
            None => within(offset, 14) || digits(offset, 4),
        },
    };
    let exact = !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    zoned && exact && within(hours, 23) && within(minutes, 59) && within(seconds, 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("1h30m"), Some(5_400_000));
        for bad in ["", "0s", "10", "m", "5d", "99999999999999999999s", "1ü"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments() {
        for good in [
            "2026-11-21",
            "2026-11-21 12:00:00",
            "2026-11-21T12:00:00Z",
            "2026-11-21 12:00:00.123456+02",
            "2026-11-21T12:00:00-05:00",
        ] {
            assert!(is_moment(good), "{good}");
        }
        for bad in ["", "yesterday", "2026-13-01", "2026-11-21T25:00:00Z", "2026-11-21 12:00", "2026-11-21T12:00:00X"] {
            assert!(!is_moment(bad), "{bad}");
        }
    }
}
