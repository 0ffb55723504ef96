//! Takes a release away: hooks, objects in the reverse of their order, and at last its records.

use maps_sdk::kube::Cluster;
use maps_sdk::{Class, Problem, Progress, Step, clock};

use super::apply;
use super::flow::{Flow, passes, settled};
use super::history::{self, History};
use super::hooks::{self, Desk};
use super::model::{Checkpoint, HookState, Inputs, Stage};
use super::moment::Moment;
use super::objects::Of;
use super::operation::timeout;
use super::record::{Record, status};

/// One delete.
pub(super) struct Removal<'a> {
    pub(super) step: Step,
    pub(super) inputs: Inputs,
    pub(super) cluster: Cluster,
    pub(super) checkpoint: Option<&'a Checkpoint>,
}

impl Removal<'_> {
    /// Goes on as far as it can without waiting.
    ///
    /// # Errors
    /// What the server refuses, hooks that fail, and what is not gone in time.
    pub(super) fn run(&self) -> Result<Progress<(), Checkpoint>, Problem> {
        let inputs = &self.inputs;
        let mut checkpoint = self.checkpoint.cloned().unwrap_or_default();
        if self.checkpoint.is_none() {
            checkpoint.remove(Stage::Prepare);
        }
        let history = History::read(&self.cluster, &inputs.namespace, &inputs.name)?;
        let desk = Desk { cluster: &self.cluster, step: self.step };
        let (ms, note) = match run(desk, &history, inputs, &mut checkpoint, inputs.keep_history) {
            Ok(Flow::On) => return Ok(Progress::Done(())),
            Ok(Flow::Wait(ms, note)) => (ms, note),
            Err(problem) if passes(&problem) && checkpoint.taken.ms() < timeout(inputs) => {
                (problem.retry_after_ms.unwrap_or(super::flow::RETRY_MS), problem.message)
            }
            Err(problem) => return Err(problem),
        };
        checkpoint.taken = checkpoint.taken.and(ms);
        Ok(Progress::pending(checkpoint, ms).id(inputs.id()).note(note))
    }
}

/// Takes the release away from where the checkpoint says on.
///
/// # Errors
/// What the server refuses, hooks that fail, and what is not gone in time.
pub(super) fn run(
    desk: Desk<'_>,
    history: &History,
    inputs: &Inputs,
    checkpoint: &mut Checkpoint,
    keep_history: bool,
) -> Result<Flow, Problem> {
    let Some(mut record) = history.latest().cloned() else { return Ok(Flow::On) };
    let of = Of { name: &inputs.name, namespace: &inputs.namespace };
    loop {
        match checkpoint.removal {
            Stage::Prepare => {
                match record.status() {
                    // All but its records is gone already.
                    status::UNINSTALLED => {
                        checkpoint.remove(Stage::Record);
                        continue;
                    }
                    status::UNINSTALLING => {
                        let progress = record.mark.as_ref().map_or("", |mark| mark.progress.as_str());
                        let went = Checkpoint::of_progress(record.release.version, progress);
                        checkpoint.remove(if went.stage == Stage::After { Stage::After } else { Stage::Before });
                        if went.hook == HookState::Begun {
                            (checkpoint.hooks, checkpoint.hook) = (went.hooks, went.hook);
                        }
                        continue;
                    }
                    _ => {}
                }
                record.release.info.deleted = Moment::of_ms(clock::now()).rfc3339();
                record.set(status::UNINSTALLING, "Deletion in progress (or silently failed)");
                if let Some(mark) = &mut record.mark {
                    mark.progress = String::new();
                }
                history::write(desk.cluster, desk.step, &[&record])?;
                checkpoint.remove(Stage::Before);
            }
            Stage::Before => {
                if let Some(wait) = run_hooks(desk, &mut record, "pre-delete", inputs, checkpoint)? {
                    return Ok(wait);
                }
                checkpoint.remove(Stage::Apply);
            }
            Stage::Apply => {
                // What failed versions made beside the last one goes too.
                let revision = record.release.version;
                let manifests = history.before(revision).chain([&record]).map(|r| r.release.manifest.as_str());
                let items = apply::stored(desk.cluster, manifests, &inputs.namespace)?;
                match apply::delete(desk, &items, of, (&inputs.timeout, timeout(inputs)), checkpoint)? {
                    Flow::On => {}
                    wait => return Ok(wait),
                }
                checkpoint.remove(Stage::After);
            }
            Stage::After => {
                if let Some(wait) = run_hooks(desk, &mut record, "post-delete", inputs, checkpoint)? {
                    return Ok(wait);
                }
                // Helm lets what ran to its end lie; nobody could say whose it is once the record is gone.
                hooks::clear(desk, &hooks::left(desk, &record)?);
                checkpoint.remove(Stage::Record);
            }
            _ => {
                if keep_history {
                    record.set(status::UNINSTALLED, "Uninstallation complete");
                    history::write(desk.cluster, desk.step, &[&record])?;
                } else {
                    purge(desk, history, inputs)?;
                }
                return Ok(Flow::On);
            }
        }
    }
}

fn run_hooks(
    desk: Desk<'_>,
    record: &mut Record,
    event: &str,
    inputs: &Inputs,
    checkpoint: &mut Checkpoint,
) -> Result<Option<Flow>, Problem> {
    if inputs.disable_hooks {
        return Ok(None);
    }
    if checkpoint.taken.ms() >= timeout(inputs) {
        let message = format!("the {event} hooks are not done within {}", inputs.timeout);
        return Err(Problem::internal("timed-out", message));
    }
    // The record says of itself that hooks behind the deletion run, for whoever goes on.
    let stage = checkpoint.stage;
    checkpoint.stage = if event == "post-delete" { Stage::After } else { Stage::Before };
    let flow = hooks::run(desk, record, event, checkpoint);
    checkpoint.stage = stage;
    match flow {
        Ok(Flow::On) => Ok(None),
        Ok(wait) => Ok(Some(wait)),
        Err(problem) if passes(&problem) => Err(problem),
        Err(problem) => Err(again(desk, record, problem)),
    }
}

/// A hook has failed, and runs once more where the release is deleted again.
fn again(desk: Desk<'_>, record: &mut Record, problem: Problem) -> Problem {
    if let Some(mark) = &mut record.mark {
        mark.progress = String::new();
    }
    // What is told is why it failed, not that this could not be written down too.
    let _ = history::write(desk.cluster, desk.step, &[record]);
    let problem = Problem { class: settled(problem.class), ..problem };
    match problem.class {
        Class::Denied => problem.help(
            "a version that no plan of maps has shown brought this hook: run the stack once more, so that its own \
             version is installed, or with `disable_hooks: true`; then delete the release",
        ),
        _ if problem.help.is_none() => problem.help("mend what the hook needs and run again: it then runs once more"),
        _ => problem,
    }
}

/// Deletes the records, the last one last: as long as it is there, the release can be found.
fn purge(desk: Desk<'_>, history: &History, inputs: &Inputs) -> Result<(), Problem> {
    let all: Vec<u64> = history.records.iter().map(|record| record.release.version).collect();
    if let Some((last, others)) = all.split_last() {
        history::delete(desk.cluster, desk.step, &inputs.namespace, &inputs.name, others)?;
        history::delete(desk.cluster, desk.step, &inputs.namespace, &inputs.name, &[*last])?;
    }
    Ok(())
}
