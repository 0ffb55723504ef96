//! Plan, show, ask, apply, report: what `run` and `destroy` have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use maps_engine::apply::{ApplyReport, Cancel};
use maps_engine::{Class, Store, Value};
use maps_store::FileStore;

use crate::args::{Pace, StackArgs};
use crate::compose::Workbench;
use crate::connect::hold_log;
use crate::error::{Exit, Failure};
use crate::faults::Faults;
use crate::interrupt::{Listener, asked, unless_interrupted};
use crate::rehearse::Past;
use crate::render::Screen;
use crate::render::outputs::{OutputsView, Secrets};
use crate::render::reporter::Reporter;
use crate::render::rows::PlanView;
use crate::render::summary::Summary;
use crate::stage::Stage;

/// What is to be done, to which stack, and how.
pub(super) struct Change<'a> {
    pub(super) stack: &'a StackArgs,
    pub(super) faults: &'a [String],
    pub(super) pace: Pace,
    pub(super) past: Past,
    pub(super) yes: bool,
    pub(super) destroy: bool,
}

/// Does it.
pub(super) async fn change(wanted: &Change<'_>, screen: &Arc<Screen>, summary: &mut Summary) -> Result<Exit, Failure> {
    let stage = Stage::set(&wanted.stack.stack, &wanted.stack.settings, wanted.past).await?;
    let result = on_stage(&stage, wanted, screen, summary).await;
    stage.strike().await.and(result)
}

async fn on_stage(
    stage: &Stage,
    wanted: &Change<'_>,
    screen: &Arc<Screen>,
    summary: &mut Summary,
) -> Result<Exit, Failure> {
    summary.of_stage(stage);
    screen.diagnostics(&stage.file.warnings, &stage.file.sources);
    let store = FileStore::open(stage.location(), stage.clock().now())?;
    screen.diagnostics(store.notes(), &stage.file.sources);
    let faults = Faults::parse(wanted.faults)?;
    let bench = Workbench::set_up(stage, wanted.pace, &faults.ours, Reporter::start(Arc::clone(screen)), screen)?;
    stage.inject(&faults.clouds).await?;
    let store = bench.anchored(store);
    let result = with_bench(stage, &bench, &store, wanted, screen, summary).await;
    summary.calls = bench.clear().await?;
    // Whatever was made is recorded, also of a run that failed later.
    bench.keep_pins(stage)?;
    let report = match result? {
        Ended::Unchanged => {
            summary.has_run = true;
            return Ok(Exit::Done);
        }
        Ended::Refused => return Ok(bench.refused()),
        Ended::Applied(report) => report,
    };
    screen.diagnostics(&report.checks, &stage.file.sources);
    if !wanted.destroy {
        screen.outputs(&OutputsView::of(&Value::Map(report.outputs.clone()), None, Secrets::Hidden));
    }
    summary.of_report(&report);
    Ok(exit_of(&report, &bench.denied()))
}

enum Ended {
    /// There was nothing to do.
    Unchanged,
    /// The plan has errors.
    Refused,
    /// It was applied, as far as it went.
    Applied(ApplyReport),
}

async fn with_bench(
    stage: &Stage,
    bench: &Workbench,
    store: &dyn Store,
    wanted: &Change<'_>,
    screen: &Arc<Screen>,
    summary: &mut Summary,
) -> Result<Ended, Failure> {
    let session = bench.session(stage.stack());
    bench.reporter.phase("planning", None);
    let loaded = store.load().await?;
    hold_log(&stage.location(), &loaded)?;
    let plan = match wanted.destroy {
        true => unless_interrupted(maps_engine::plan_destroy(&session, &loaded)).await??,
        false => unless_interrupted(maps_engine::plan(&session, &loaded)).await??,
    };
    bench.reporter.pause();
    screen.diagnostics(&plan.diagnostics, &stage.file.sources);
    let view = if wanted.destroy { PlanView::of_destroy(&plan) } else { PlanView::of(&plan) };
    if plan.has_errors() {
        return Ok(Ended::Refused);
    }
    screen.plan(&stage.title(), &view);
    if plan.is_empty() {
        summary.of_plan(&view.tally);
        return Ok(Ended::Unchanged);
    }
    bench.tell_unapproved(screen);
    consent(wanted, screen).await?;
    let cancel = Cancel::default();
    let reporter = Arc::clone(&bench.reporter);
    let _listener = Listener::start({
        let cancel = cancel.clone();
        move || {
            reporter.note("Stopping: what is in flight is finished and saved. Ctrl-C again ends at once.");
            cancel.cancel();
        }
    })
    .map_err(Failure::file("the signals of this process"))?;
    bench.reporter.phase("applying", Some(view.tally.changes()));
    Ok(Ended::Applied(maps_engine::apply(&session, store, &loaded, &plan, &cancel).await?))
}

async fn consent(wanted: &Change<'_>, screen: &Arc<Screen>) -> Result<(), Failure> {
    if wanted.yes {
        return Ok(());
    }
    let question = if wanted.destroy { "Remove all of this?" } else { "Apply this plan?" };
    let screen = Arc::clone(screen);
    match asked(move || screen.asks(question)).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::Declined),
        None => Err(Failure::NobodyToAsk),
    }
}

/// How a run ends of which this is the report.
fn exit_of(report: &ApplyReport, denied: &BTreeSet<String>) -> Exit {
    if report.interrupted {
        return Exit::Interrupted;
    }
    if report.is_complete() {
        return Exit::Done;
    }
    let nothing_failed = report.failed == 0 && report.blocked == 0;
    if nothing_failed {
        return Exit::Failed;
    }
    if report.changed() > 0 {
        return Exit::Partly;
    }
    // A cloud that answers 403 has not denied a capability: that was the host, and it has recorded it.
    let problems = report.failures.iter().map(|failed| &failed.failure.problem);
    let by_us = problems.filter(|problem| problem.class == Class::Denied).any(|problem| denied.contains(&problem.code));
    if by_us { Exit::Denied } else { Exit::Failed }
}
