//! Schedules in the form that CloudNativePG takes: cron with seconds first, six fields, or a word such as `@daily`.

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// What is wrong with a schedule, in words.
pub(crate) fn fault(text: &str) -> Option<String> {
    if text.starts_with('@') {
        let every = text.strip_prefix("@every ").is_some_and(|rest| maps_kube_objects::taken::duration(rest).is_some());
        let known = every || WORDS.contains(&text);
        return (!known).then(|| format!("`{text}` is none of {}, `@every 6h`", WORDS.join(", ")));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [seconds, minutes, hours, days, months, weekdays] = fields.as_slice() else {
        let hint = if fields.len() == 5 { "; seconds come first: put `0 ` before it" } else { "" };
        return Some(format!("a schedule has six fields, and this has {}{hint}", fields.len()));
    };
    let all = [
        ("seconds", seconds, 0..=59, &[][..]),
        ("minutes", minutes, 0..=59, &[][..]),
        ("hours", hours, 0..=23, &[][..]),
        ("days", days, 1..=31, &[][..]),
        ("months", months, 1..=12, &MONTHS[..]),
        ("weekdays", weekdays, 0..=6, &WEEKDAYS[..]),
    ];
    all.into_iter().find_map(|(name, field, range, names)| {
        let (least, most) = (*range.start(), *range.end());
        (!is_field(field, least, most, names)).then(|| format!("`{field}` is no choice of {name} ({least} to {most})"))
    })
}

/// One field: numbers or names, ranges, steps, lists.
fn is_field(text: &str, least: u8, most: u8, names: &[&str]) -> bool {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match named.and_then(|index| u8::try_from(index).ok()) {
            Some(index) => Some(least + index),
            None => text.parse().ok().filter(|number| (least..=most).contains(number)),
        }
    };
    text.split(',').all(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let stepped = step.is_none_or(|step| step.parse::<u8>().is_ok_and(|step| step > 0));
        stepped
            && match range.split_once('-') {
                Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
                None => matches!(range, "*" | "?") || number(range).is_some(),
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_fields() {
        for good in ["0 0 2 * * *", "*/30 1-5,7 0/6 1 JAN,jun mon-fri", "@daily", "@every 6h", "0 0 0 ? * 0"] {
            assert_eq!(fault(good), None);
        }
        for (bad, part) in [
            ("0 2 * * *", "put `0 ` before it"),
            ("", "this has 0"),
            ("60 0 2 * * *", "seconds"),
            ("0 0 24 * * *", "hours"),
            ("0 0 2 0 * *", "days"),
            ("0 0 2 * 13 *", "months"),
            ("0 0 2 * * 7", "weekdays"),
            ("0 */0 2 * * *", "minutes"),
            ("0 5-1 2 * * *", "minutes"),
            ("@reboot", "@daily"),
            ("@every soon", "@every"),
        ] {
            assert!(fault(bad).is_some_and(|fault| fault.contains(part)), "{bad}: {:?}", fault(bad));
        }
    }
}
