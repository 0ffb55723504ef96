//! Schedules of CronJobs, five fields or a descriptor: what is wrong with one.

/// A field of a schedule: least, most, and names that stand for numbers from the least on.
struct Bounds(u64, u64, &'static [&'static str]);

const FIELDS: [Bounds; 5] = [
    Bounds(0, 59, &[]),
    Bounds(0, 23, &[]),
    Bounds(1, 31, &[]),
    Bounds(1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    Bounds(0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What is wrong with a schedule, in the words of the parser that upstream uses.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    if schedule.is_empty() {
        return Err("empty spec string".to_owned());
    }
    let mut rest = schedule;
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let (zone, after) = schedule.split_once(' ').unwrap_or((schedule, ""));
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if !is_time_zone(zone) {
            return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
        }
        rest = after.trim();
    }
    if rest.starts_with('@') {
        return descriptor(rest);
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    for (field, bounds) in fields.iter().zip(&FIELDS) {
        for expression in field.split(',').filter(|expression| !expression.is_empty()) {
            range(expression, bounds)?;
        }
    }
    Ok(())
}

fn descriptor(text: &str) -> Result<(), String> {
    if matches!(text, "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly") {
        return Ok(());
    }
    let Some(every) = text.strip_prefix("@every ") else {
        return Err(format!("unrecognized descriptor: {text}"));
    };
    match is_duration(every) {
        true => Ok(()),
        false => Err(format!("failed to parse duration {text}: time: invalid duration {every:?}")),
    }
}

/// Numbers with units: `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (number, after) = rest.split_at(digits);
        let unit = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let (unit, after) = after.split_at(unit);
        if number.parse::<f64>().is_err() || !matches!(unit, "ns" | "us" | "µs" | "ms" | "s" | "m" | "h") {
            return false;
        }
        any = true;
        rest = after;
    }
    any
}

fn range(expression: &str, Bounds(least, most, names): &Bounds) -> Result<(), String> {
    let parts: Vec<&str> = expression.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end) = match ends.as_slice() {
        ["*" | "?"] | ["*" | "?", _] => (*least, *most),
        [one] => number(one, *least, names).map(|start| (start, start))?,
        [low, high] => (number(low, *least, names)?, number(high, *least, names)?),
        _ => return Err(format!("too many hyphens: {expression}")),
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step, 0, &[])?;
            if ends.len() == 1 {
                end = *most;
            }
            step
        }
        _ => return Err(format!("too many slashes: {expression}")),
    };
    if start < *least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {expression}"));
    }
    if end > *most {
        return Err(format!("end of range ({end}) above maximum ({most}): {expression}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {expression}"));
    }
    match step {
        0 => Err(format!("step of range should be a positive number: {expression}")),
        _ => Ok(()),
    }
}

fn number(text: &str, least: u64, names: &[&str]) -> Result<u64, String> {
    let name = text.to_lowercase();
    if let Some(index) = names.iter().position(|known| **known == name) {
        return Ok(least + index as u64);
    }
    match text.parse::<i64>() {
        Ok(number) => u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}")),
        Err(_) => Err(format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")),
    }
}

/// The names of time zones: in each line an area (`-` for none) and its places.
const ZONES: &str = include_str!("time_zones.txt");

/// Whether a name is one of a time zone, as Go looks it up: exactly as written.
pub(super) fn is_time_zone(name: &str) -> bool {
    let (area, place) = match name.split_once('/') {
        Some(("-", _)) => return false,
        Some(parts) => parts,
        None => ("-", name),
    };
    let mut lines = ZONES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let known = |(known, places): (&str, &str)| known == area && places.split(' ').any(|known| known == place);
    matches!(name, "" | "Local") || lines.any(known)
}

#[cfg(test)]
mod tests {
    use super::{check, is_time_zone};

    #[test]
    fn time_zones_are_those_of_the_database() {
        for zone in
            ["UTC", "Etc/GMT+5", "Europe/Kyiv", "America/Argentina/Buenos_Aires", "America/Coyhaique", "GB-Eire"]
        {
            assert!(is_time_zone(zone), "{zone}");
        }
        for zone in ["utc", "Europe/Nowhere", "Europe", "Argentina/Buenos_Aires", "#/The", "-/UTC", "Europe/", "/UTC"] {
            assert!(!is_time_zone(zone), "{zone}");
        }
    }

    #[test]
    fn schedules_are_read() {
        for schedule in
            ["* * * * *", "*/5 0-6 1,15 JAN-mar sun", "@daily", "@every 1h30m", "TZ=UTC 0 0 * * *", "0/5 ? * * *"]
        {
            assert_eq!(check(schedule), Ok(()), "{schedule}");
        }
        let cases = [
            ("", "empty spec string"),
            ("abc", "expected exactly 5 fields, found 1: [abc]"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("@often", "unrecognized descriptor: @often"),
        ];
        for (schedule, expect) in cases {
            assert_eq!(check(schedule), Err(expect.to_owned()), "{schedule}");
        }
    }
}
