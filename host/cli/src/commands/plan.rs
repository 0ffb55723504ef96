//! `maps plan`: what a run would do. Takes no lock and writes nothing.

use std::sync::Arc;

use super::summarised::awaited;
use crate::args::PlanArgs;
use crate::compose::Workbench;
use crate::connect::hold_log;
use crate::error::{Exit, Failure};
use crate::interrupt::unless_interrupted;
use crate::rehearse::Past;
use crate::render::Screen;
use crate::render::reporter::Reporter;
use crate::render::rows::PlanView;
use crate::render::summary::Summary;
use crate::stage::Stage;

/// Plans, and shows it.
pub(crate) fn plan(args: &PlanArgs, screen: &Arc<Screen>) -> Exit {
    awaited("plan", screen, async |summary| {
        let stage = Stage::set(&args.stack.stack, &args.stack.settings, Past::Kept).await?;
        let result = on_stage(&stage, args, screen, summary).await;
        stage.strike().await.and(result)
    })
}

async fn on_stage(
    stage: &Stage,
    args: &PlanArgs,
    screen: &Arc<Screen>,
    summary: &mut Summary,
) -> Result<Exit, Failure> {
    summary.of_stage(stage);
    screen.diagnostics(&stage.file.warnings, &stage.file.sources);
    let read = maps_store::read(&stage.location())?;
    screen.diagnostics(&read.notes, &stage.file.sources);
    hold_log(&stage.location(), &read.loaded)?;
    let bench = Workbench::set_up(stage, args.pace, &[], Reporter::start(Arc::clone(screen)), screen)?;
    bench.reporter.phase("planning", None);
    let session = bench.session(stage.stack());
    let planned = unless_interrupted(maps_engine::plan(&session, &read.loaded)).await;
    summary.calls = bench.clear().await?;
    let plan = planned??;
    let view = PlanView::of(&plan);
    summary.of_plan(&view.tally);
    screen.diagnostics(&plan.diagnostics, &stage.file.sources);
    if plan.has_errors() {
        return Ok(bench.refused());
    }
    screen.plan(&stage.title(), &view);
    if !plan.is_empty() {
        bench.tell_unapproved(screen);
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Differences } else { Exit::Done })
}
