//! Moments that a recovery can go to.

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
