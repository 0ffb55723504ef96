//! What becomes of an operation that fails: it is written down, and where that is wanted, it goes back.

use maps_sdk::{Class, Problem, clock};

use super::super::apply;
use super::super::flow::{Flow, RETRY_MS, passes, settled};
use super::super::history::{self, History};
use super::super::model::{Failure, Stage};
use super::super::moment::Moment;
use super::super::record::{Info, Mark, Record, status};
use super::super::uninstall;
use super::{Operation, SERVER_SIDE, timeout};

impl Operation<'_> {
    /// What is made of a problem: it passes, the release failed, or it goes back.
    pub(super) fn failed(&mut self, problem: Problem) -> Result<Flow, Problem> {
        let inputs = self.task.inputs;
        if passes(&problem) && self.checkpoint.taken.ms() < timeout(inputs) {
            let ms = problem.retry_after_ms.unwrap_or(RETRY_MS);
            return Ok(Flow::Wait(ms, problem.message));
        }
        let stage = self.checkpoint.stage;
        let undoing = matches!(stage, Stage::Prepare | Stage::Undo | Stage::Record) || !self.record.is_pending();
        if undoing {
            return Err(self.with_cause(problem));
        }
        let event = self.event();
        let shown = match event {
            "install" => "Release".to_owned(),
            event => format!("{}{}", event[..1].to_uppercase(), &event[1..]),
        };
        let description = format!("{shown} {:?} failed: {}", inputs.name, problem.message);
        self.record.set(status::FAILED, description);
        // What is told is why it failed, not that this could not be written down too.
        let written = history::write(&self.task.cluster, self.task.step, &[&self.record]);
        if let Some(there) = self.history.records.iter_mut().find(|r| r.release.version == self.record.release.version)
        {
            there.clone_from(&self.record);
        } else {
            self.history.records.push(self.record.clone());
        }
        if written.is_err() {
            return Err(self.with_cause(problem));
        }
        // It is known and written down what came of it: nothing is to be gone on with, or tried once more as it was.
        let problem = Problem { class: settled(problem.class), ..problem };
        if !inputs.rollback_on_failure || self.checkpoint.failure.is_some() {
            return Err(self.with_cause(problem));
        }
        let invalid = problem.class == Class::Invalid;
        self.checkpoint.failure = Some(Failure { code: problem.code, message: problem.message, invalid });
        match event {
            "install" => {
                self.checkpoint.enter(Stage::Undo);
                Ok(Flow::On)
            }
            _ => self.go_back().map_err(|problem| self.with_cause(problem)),
        }
    }

    /// Makes a version like the last one that was deployed.
    fn go_back(&mut self) -> Result<Flow, Problem> {
        let Some(target) = self.history.successful().cloned() else {
            let message = "there is no version to go back to: none was ever deployed wholly";
            return Err(Problem::internal("no-version", message));
        };
        let last = self.record.release.version;
        let to = target.release.version;
        let Record { mut release, labels, mark, .. } = target;
        release.info = Info {
            first_deployed: self.record.release.info.first_deployed.clone(),
            last_deployed: Moment::of_ms(clock::now()).rfc3339(),
            deleted: String::new(),
            description: format!("Rollback to {to}"),
            status: status::PENDING_ROLLBACK.to_owned(),
            notes: release.info.notes,
        };
        release.version = last + 1;
        release.apply_method = SERVER_SIDE.to_owned();
        let mark = mark.map(|mark| Mark { progress: String::new(), ..mark });
        let record = Record { release, labels, mark, modified: 0 };
        let manifest = std::iter::once(record.release.manifest.as_str());
        let items = apply::stored(&self.task.cluster, manifest, &self.task.inputs.namespace)?;
        self.begin(record, items)
    }

    /// Takes away what an installation that failed has left.
    pub(super) fn undo(&mut self) -> Result<Flow, Problem> {
        let history = History::read(&self.task.cluster, &self.task.inputs.namespace, &self.task.inputs.name)?;
        uninstall::run(self.desk(), &history, self.task.inputs, &mut self.checkpoint, false)
    }

    /// Why it failed, and what was done about it.
    pub(super) fn told(&self, what: &str) -> Problem {
        let Failure { code, message, invalid } = self.checkpoint.failure.clone().unwrap_or_else(|| Failure {
            code: "failed".to_owned(),
            message: "the operation failed".to_owned(),
            invalid: false,
        });
        let class = if invalid { Class::Invalid } else { Class::Conflict };
        Problem::new(class, code, format!("{message}; {what}"))
            .help("`rollback_on_failure: false` leaves what failed as it is, to be looked at")
    }

    fn with_cause(&self, mut problem: Problem) -> Problem {
        if let Some(cause) = &self.checkpoint.failure {
            problem.message = format!("{}; and going back failed: {}", cause.message, problem.message);
        } else if problem.help.is_none() && !matches!(self.checkpoint.stage, Stage::Prepare) {
            let help = "what was applied stays; mend it and run again, or let `rollback_on_failure: true` take it back";
            problem = problem.help(help);
        }
        problem
    }
}
