//! A measured figure, what it is held against, and how both are shown.

use std::fmt::Write as _;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// CPU or wall time.
    Seconds,
    /// CPU or wall time, of short things.
    Microseconds,
    /// MiB of peak memory.
    Mebibytes,
    /// KiB of a file.
    Kibibytes,
    /// How often.
    Times,
    /// Calls of a service.
    Requests,
}

impl Unit {
    fn sign(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Microseconds => "µs",
            Self::Mebibytes => "MiB",
            Self::Kibibytes => "KiB",
            Self::Times => "×",
            Self::Requests => "req",
        }
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// How much it was.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: Unit,
    /// What it is held against; none for what is only told.
    pub(crate) limit: Option<f64>,
}

impl Figure {
    /// A figure that is only told.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { name: name.into(), value, unit, limit: None }
    }

    /// Held against a limit.
    pub(crate) fn within(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// How much of its limit it takes; 1 is all of it.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.limit.filter(|limit| *limit > 0.0).map(|limit| self.value / limit)
    }

    /// Is it above its limit, or no number at all?
    pub(crate) fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.value > limit || self.value.is_nan())
    }

    /// A row of the table.
    pub(crate) fn row(&self) -> String {
        let mut row = format!("  {:<56}{:>12} {:<4}", self.name, digits(self.value), self.unit.sign());
        if let (Some(limit), Some(ratio)) = (self.limit, self.ratio()) {
            let verdict = if self.is_over() { "OVER" } else { "ok" };
            // Writing to a string cannot fail.
            let _ = write!(row, " limit {:>8} {:>7.2} of it  {verdict}", digits(limit), ratio);
        }
        row.trim_end().to_owned()
    }

    /// One event for programs.
    pub(crate) fn event(&self, section: &str) -> String {
        let limit = self.limit.map_or("null".to_owned(), number);
        let ratio = self.ratio().map_or("null".to_owned(), number);
        format!(
            r#"{{"event":"figure","section":"{section}","name":"{}","value":{},"unit":"{}","limit":{limit},"ratio":{ratio}}}"#,
            self.name,
            number(self.value),
            self.unit.sign()
        )
    }
}

/// JSON knows no infinity.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { "null".to_owned() }
}

/// Three digits that count.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// How the cost of one item grows from `few` items to `many`: 1 is linear. What is spent even
/// without any item is taken off first, since it would make everything look better than linear.
pub(crate) fn growth(nothing: f64, few: (usize, f64), many: (usize, f64)) -> f64 {
    let each = |(count, cost): (usize, f64)| (cost - nothing) / count as f64;
    each(many) / each(few)
}

/// The middle one; of an even count the lower.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_over_only_above_its_limit() {
        let figure = |value: f64| Figure::new("f", value, Unit::Seconds).within(2.0);
        assert_eq!(figure(1.0).ratio(), Some(0.5));
        assert!(!figure(2.0).is_over() && figure(2.1).is_over() && figure(f64::NAN).is_over());
        assert!(!Figure::new("f", 9.0, Unit::Seconds).is_over());
        assert!(figure(2.1).row().ends_with("limit     2.00    1.05 of it  OVER"), "{}", figure(2.1).row());
    }

    #[test]
    fn growth_is_one_when_every_item_costs_the_same() {
        let cost = |count: usize, power: f64| (count, 0.5 + 0.001 * (count as f64).powf(power));
        let grown = |power: f64| growth(0.5, cost(1_000, power), cost(10_000, power));
        assert!((grown(1.0) - 1.0).abs() < 1e-9);
        assert!((grown(2.0) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn an_event_is_json_whatever_was_measured() {
        let event = Figure::new("plan", f64::NAN, Unit::Mebibytes).within(60.0).event("doks");
        assert_eq!(
            event,
            r#"{"event":"figure","section":"doks","name":"plan","value":null,"unit":"MiB","limit":60,"ratio":null}"#
        );
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 1.0);
        assert!(median(Vec::new()).is_nan());
    }
}
