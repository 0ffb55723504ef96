//! Ages: how long ago something was, in one or two units.

use serde_json::{Value, json};

use crate::controllers::object::{text, unix};

/// Seconds as `kubectl` shows them: `45s`, `3m20s`, `5h`, `2d3h`, `1y20d`.
pub(crate) fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    let two = |large: i64, unit: char, small: i64, part: char| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{part}"),
    };
    match seconds {
        // Clocks may differ by a second.
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, 'd', hours % 24, 'h'),
        _ if days < 2 * 365 => format!("{days}d"),
        _ if days < 8 * 365 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

/// How long ago the moment at a pointer was.
pub(super) fn since(object: &Value, pointer: &str, now: i64) -> String {
    unix(text(object, pointer)).map_or_else(|| "<unknown>".to_owned(), |moment| human(now - moment))
}

/// The cell of an object's age.
pub(super) fn age(object: &Value, now: i64) -> Value {
    json!(since(object, "/metadata/creationTimestamp", now))
}
