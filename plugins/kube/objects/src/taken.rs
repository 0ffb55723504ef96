//! How long an operation takes: by the clock, or by what it asked to wait, whichever is more. In a rehearsal the
//! waits pass at once, and the clock goes on as everywhere. Time in which nobody waited does not count: an operation
//! whose run died is given, in the next one, what was left of its time.

use maps_sdk::clock;
use serde::{Deserialize, Serialize};

/// How much later than it asked for an operation may be looked at again; what is more was nobody's wait. In
/// milliseconds.
const LATE_MS: u64 = 60_000;

/// How long an operation took so far, and how long it has asked to wait since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// What it took up to its last wait, in milliseconds.
    spent: u64,
    /// When that wait began, in milliseconds since 1970.
    at: u64,
    /// For how long, in milliseconds.
    asked: u64,
}

impl Taken {
    /// An operation that begins now.
    pub fn begin() -> Self {
        Self { spent: 0, at: clock::now(), asked: 0 }
    }

    /// How long it takes so far, in milliseconds.
    pub fn ms(self) -> u64 {
        let passed = clock::now().saturating_sub(self.at);
        self.spent.saturating_add(passed.clamp(self.asked, self.asked.saturating_add(LATE_MS)))
    }

    /// The operation as it begins another wait.
    pub fn and(self, wait_ms: u64) -> Self {
        Self { spent: self.ms(), at: clock::now(), asked: wait_ms }
    }
}

/// A duration such as `90s`, `10m` or `1h30m`, in milliseconds.
pub fn duration(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let figure: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let scale = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(figure.checked_mul(scale)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use maps_sdk::testing::set_now;

    use super::*;

    #[test]
    fn waits_count_as_asked_for_or_as_they_took_and_absence_does_not() {
        set_now(1_000);
        let begun = Taken::begin().and(5_000);
        assert_eq!(begun.ms(), 5_000, "in a rehearsal a wait passes at once");
        set_now(9_000);
        let again = begun.and(5_000);
        assert_eq!((begun.ms(), again.ms()), (8_000, 13_000));
        set_now(3_600_000);
        assert_eq!(again.ms(), 8_000 + 5_000 + LATE_MS, "the run had died");
        set_now(0);
        assert_eq!(again.ms(), 13_000, "a clock that was set back");
        assert_eq!(Taken { spent: u64::MAX, at: 0, asked: u64::MAX }.and(1).ms(), u64::MAX);
    }

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("1h30m"), Some(5_400_000));
        for bad in ["", "0s", "10", "m", "5d", "99999999999999999999s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
