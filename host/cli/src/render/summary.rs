//! The last thing that is said of a run: what came of it, in figures.

use maps_engine::ApplyReport;
use maps_engine::plan::Action;
use serde::Serialize;

use super::rows::Tally;
use super::style::{BAD, CHANGE, DIM, GOOD, STRONG, paint};
use crate::error::Exit;
use crate::stage::Stage;

/// The figures of a run, or of what a plan would do. The last JSON line, whatever happened.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Which command: `run`, `plan` (whose figures are intentions), `destroy`, `cloud inventory`.
    /// Empty if none was understood.
    pub(crate) command: &'static str,
    /// The stack's name; none if it could not be read.
    pub(crate) stack: Option<String>,
    /// The environment, if one was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// Was it a rehearsal?
    pub(crate) rehearsal: bool,
    /// Made.
    pub(crate) created: usize,
    /// Changed in place.
    pub(crate) updated: usize,
    /// Made anew.
    pub(crate) replaced: usize,
    /// Removed.
    pub(crate) deleted: usize,
    /// Taken into state.
    pub(crate) adopted: usize,
    /// To be finished for an earlier run; counted as made or changed once it is.
    pub(crate) resumed: usize,
    /// To be dropped from state and left alone.
    pub(crate) forgotten: usize,
    /// As they should be.
    pub(crate) unchanged: usize,
    /// Failed for good.
    pub(crate) failed: usize,
    /// Not tried, because something before them failed.
    pub(crate) blocked: usize,
    /// Calls that left for a cloud.
    pub(crate) calls: Calls,
    /// How long it took, by the clock on the wall.
    pub(crate) duration_ms: u64,
    /// The exit code that follows.
    pub(crate) exit: u8,
    /// Did the run get as far as having something to tell? Otherwise people are told elsewhere.
    #[serde(skip)]
    pub(crate) has_run: bool,
}

/// Calls that left for a cloud.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Calls {
    /// That cannot change anything.
    pub(crate) read: u64,
    /// That can.
    pub(crate) write: u64,
}

impl Summary {
    /// Whose run it is.
    pub(crate) fn of_stage(&mut self, stage: &Stage) {
        self.stack = Some(stage.stack().name.clone());
        self.environment.clone_from(&stage.stack().environment);
        self.rehearsal = stage.rehearsal.is_some();
    }

    /// What a plan means to do; for a run, what it found nothing to do about.
    pub(crate) fn of_plan(&mut self, tally: &Tally) {
        self.created = tally.of(Action::Create);
        self.updated = tally.of(Action::Update);
        self.replaced = tally.of(Action::Replace);
        self.deleted = tally.of(Action::Delete);
        self.adopted = tally.of(Action::Adopt);
        self.resumed = tally.of(Action::Resume);
        self.forgotten = tally.of(Action::Forget);
        self.unchanged = tally.of(Action::Same);
    }

    /// What came of a run.
    pub(crate) fn of_report(&mut self, report: &ApplyReport) {
        self.has_run = true;
        self.created = report.created;
        self.updated = report.updated;
        self.replaced = report.replaced;
        self.deleted = report.deleted;
        self.adopted = report.adopted;
        self.unchanged = report.unchanged;
        self.failed = report.failed;
        self.blocked = report.blocked;
    }

    /// `Done in 4.2 s: 1 created, 2 unchanged. 9 reads, 3 writes.`
    pub(crate) fn line(&self) -> String {
        let figures = [
            (self.created, "created"),
            (self.updated, "updated"),
            (self.replaced, "replaced"),
            (self.deleted, "deleted"),
            (self.adopted, "adopted"),
            (self.resumed, "resumed"),
            (self.forgotten, "forgotten"),
            (self.unchanged, "unchanged"),
            (self.failed, "failed"),
            (self.blocked, "blocked"),
        ];
        let told: Vec<String> =
            figures.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let told = if told.is_empty() { "nothing to do".to_owned() } else { told.join(", ") };
        let well = self.failed == 0 && self.blocked == 0;
        let head = match well {
            _ if self.exit == Exit::Interrupted.code() => paint(CHANGE.bold(), "Interrupted"),
            true => paint(GOOD.bold(), "Done"),
            false => paint(BAD.bold(), "Failed"),
        };
        let calls = format!("({}, {})", plural(self.calls.read, "read"), plural(self.calls.write, "write"));
        format!("{head} in {}: {} {}\n", duration(self.duration_ms), paint(STRONG, told), paint(DIM, calls))
    }
}

fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `0.4 s`, `12 s`, `7 m 40 s`, `1 h 5 m`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(summary: &Summary) -> String {
        anstream::adapter::strip_str(&summary.line()).to_string()
    }

    #[test]
    fn only_what_happened_is_told() {
        let mut summary = Summary { created: 2, unchanged: 1, duration_ms: 4_230, ..Summary::default() };
        summary.calls = Calls { read: 9, write: 1 };
        insta::assert_snapshot!(plain(&summary), @"Done in 4.2 s: 2 created, 1 unchanged (9 reads, 1 write)");
        summary.failed = 1;
        summary.blocked = 3;
        insta::assert_snapshot!(plain(&summary), @"Failed in 4.2 s: 2 created, 1 unchanged, 1 failed, 3 blocked (9 reads, 1 write)");
        let summary = Summary { created: 1, exit: Exit::Interrupted.code(), ..Summary::default() };
        insta::assert_snapshot!(plain(&summary), @"Interrupted in 0.0 s: 1 created (0 reads, 0 writes)");
    }

    #[test]
    fn durations_read_well() {
        let told: Vec<String> = [0, 999, 9_999, 12_000, 460_000, 3_900_000].into_iter().map(duration).collect();
        assert_eq!(told, ["0.0 s", "0.9 s", "9.9 s", "12 s", "7 m 40 s", "1 h 5 m"]);
    }
}
