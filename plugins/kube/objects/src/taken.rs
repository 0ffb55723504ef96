//! How long an operation takes: by the clock, or by what it asked to wait, whichever is more. In a rehearsal the
//! waits pass at once, and the clock goes on as everywhere.

use maps_sdk::clock;
use serde::{Deserialize, Serialize};

/// Since when an operation goes on, and how long it has asked to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When it began, in milliseconds since 1970.
    since: u64,
    /// What it asked to wait since, in milliseconds.
    waited: u64,
}

impl Taken {
    /// An operation that begins now.
    pub fn begin() -> Self {
        Self { since: clock::now(), waited: 0 }
    }

    /// How long it takes so far, in milliseconds.
    pub fn ms(self) -> u64 {
        clock::now().saturating_sub(self.since).max(self.waited)
    }

    /// The operation after another wait.
    pub fn and(self, wait_ms: u64) -> Self {
        Self { waited: self.waited.saturating_add(wait_ms), ..self }
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
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("1h30m"), Some(5_400_000));
        for bad in ["", "0s", "10", "m", "5d", "99999999999999999999s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
