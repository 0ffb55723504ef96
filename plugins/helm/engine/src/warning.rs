//! What there is to tell of a chart that renders nevertheless: a line of Helm's log.

use std::fmt;

use crate::format::{is_printable, quote::quote};

/// A warning. [`fmt::Display`] writes it for people, [`Warning::line`] as Helm's log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    level: &'static str,
    message: String,
    details: Vec<(&'static str, String)>,
}

impl Warning {
    /// Of Helm's own logger.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { level: "WARN", message: message.into(), details: Vec::new() }
    }

    /// Of Go's older `log`, which has no levels: its lines arrive as information.
    pub(crate) fn unlevelled(message: impl Into<String>) -> Self {
        Self { level: "INFO", ..Self::new(message) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// The line that Helm prints on standard error, without its end: `level=WARN msg="a b" chart=c`.
    pub fn line(&self) -> String {
        let mut line = format!("level={} msg={}", self.level, text(&self.message));
        for (name, value) in &self.details {
            line.push_str(&format!(" {name}={}", text(value)));
        }
        line
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        self.details.iter().try_for_each(|(name, value)| write!(out, " {name}={value}"))
    }
}

/// A text of Go's `slog.TextHandler`: in quotes where it would not end by itself.
fn text(text: &str) -> String {
    let quoted = |character: char| match character {
        '"' | '=' | '\0'..=' ' | char::REPLACEMENT_CHARACTER => true,
        ascii if ascii.is_ascii() => false,
        other => other.is_whitespace() || !is_printable(other),
    };
    if text.is_empty() || text.chars().any(quoted) {
        String::from_utf8_lossy(&quote(text.as_bytes())).into_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_that_of_helms_log() {
        let plain = Warning::unlevelled("warning: skipped value for c.s: Not a table.");
        assert_eq!(plain.line(), "level=INFO msg=\"warning: skipped value for c.s: Not a table.\"");
        assert_eq!(plain.to_string(), "warning: skipped value for c.s: Not a table.");
        let detailed = Warning::new("ImportValues missing table").with("error", "\"a\" is none").with("chart", "é");
        assert_eq!(detailed.line(), r#"level=WARN msg="ImportValues missing table" error="\"a\" is none" chart=é"#);
        assert_eq!(detailed.to_string(), "ImportValues missing table error=\"a\" is none chart=é");
        assert_eq!(Warning::new("a\\b").with("k", "").line(), r#"level=WARN msg=a\b k="""#);
    }
}
