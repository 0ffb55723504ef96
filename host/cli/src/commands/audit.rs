//! `maps audit`: what each plugin of a stack could do, was allowed and did. No guest runs, nothing
//! is connected, and no secret is needed.

use std::path::Path;

use maps_runtime::audit::{restart, tally, walk};

use crate::approval::Approvals;
use crate::args::{AuditArgs, Emit, LogTask};
use crate::connect::audit_log;
use crate::error::{Exit, Failure};
use crate::layout::Layout;
use crate::render::Screen;
use crate::render::audit::{AuditView, ScopesView};
use crate::render::diagnostics::Sources;
use crate::render::difference::DifferenceView;
use crate::render::permissions::PermissionsView;
use crate::render::rbac::RbacView;
use crate::{inspected, source, stage};

/// Carries out whichever of its tasks is asked for.
pub(crate) fn audit(args: &AuditArgs, screen: &Screen) -> Result<Exit, Failure> {
    match (args.diff.as_deref(), args.log, args.emit) {
        (Some([old, new]), ..) => difference(old, new, screen),
        (_, Some(LogTask::Verify), _) => verified(args, screen),
        (_, Some(LogTask::Restart), _) => restarted(args, screen),
        (.., emit) => table(args, emit, screen),
    }
}

/// The table, or what can be derived from the same rules.
fn table(args: &AuditArgs, emit: Option<Emit>, screen: &Screen) -> Result<Exit, Failure> {
    let layout = Layout::find(&args.stack.stack)?;
    let file = stage::without_secrets(&layout, &args.stack.settings)?;
    screen.diagnostics(&file.warnings, &file.sources);
    let approvals = Approvals::read(&layout, &file)?;
    let plugins = inspected::plugins(&layout, &file, &approvals, screen)?;
    let emitted = match emit {
        Some(Emit::DoScopes) => {
            let view = ScopesView::of(&plugins);
            Some((view.warnings(), view.text(), view.event()))
        }
        Some(Emit::Iam) => {
            let view = PermissionsView::of(&plugins);
            Some((view.warnings(), view.text(), view.event()))
        }
        Some(Emit::Rbac) => {
            let view = RbacView::of(&plugins);
            let text = view.text().map_err(|error| Failure::usage(format!("the roles cannot be written: {error}")))?;
            Some((view.warnings(), text, view.event()))
        }
        None => None,
    };
    if let Some((warnings, text, event)) = emitted {
        warnings.iter().for_each(|warning| screen.complain(warning));
        screen.human(&text);
        screen.event(&event);
        return Ok(Exit::Done);
    }
    let (log, anchor) = log(args, screen)?;
    let view = AuditView::of(&plugins, &tally(&log, anchor.as_deref()), &log, anchor.is_some());
    screen.human(&view.page());
    view.events().iter().for_each(|event| screen.event(event));
    Ok(Exit::Done)
}

/// The stack's log, and the head that its state was saved with.
fn log(args: &AuditArgs, screen: &Screen) -> Result<(std::path::PathBuf, Option<String>), Failure> {
    let location = stage::state_of(&args.stack.stack, &args.stack.settings)?;
    let read = maps_store::read(&location)?;
    screen.diagnostics(&read.notes, &Sources::default());
    Ok((audit_log(&location), read.loaded.snapshot.audit))
}

fn verified(args: &AuditArgs, screen: &Screen) -> Result<Exit, Failure> {
    let (path, anchor) = log(args, screen)?;
    let walked = walk(&path, anchor.as_deref(), |_| {}).map_err(|error| Failure::Log { path: path.clone(), error })?;
    if anchor.is_some() && walked.anchor.is_none() {
        return Err(maps_runtime::audit::AuditError::Lost { path: path.display().to_string() }.into());
    }
    let view = crate::render::audit::whole(&path, &walked, anchor.is_some());
    screen.human(&view.0);
    screen.event(&view.1);
    Ok(Exit::Done)
}

/// Only what does not verify is put aside: a log that is whole needs nobody to begin it anew.
fn restarted(args: &AuditArgs, screen: &Screen) -> Result<Exit, Failure> {
    let location = stage::state_of(&args.stack.stack, &args.stack.settings)?;
    // Nobody may write to it meanwhile.
    let _held = maps_store::FileStore::open(location, wall_clock())?;
    let (path, anchor) = log(args, screen)?;
    let walked = walk(&path, anchor.as_deref(), |_| {});
    if walked.as_ref().is_ok_and(|walked| anchor.is_none() || walked.anchor.is_some()) {
        return Err(Failure::usage(format!("the audit log {} is whole, and goes on as it is", path.display())));
    }
    let aside = restart(&path, anchor.as_deref().unwrap_or_default())?;
    let (text, event) = crate::render::audit::restarted(&path, aside.as_deref());
    screen.human(&text);
    screen.event(&event);
    Ok(Exit::Done)
}

fn wall_clock() -> u64 {
    maps_engine::Clock::now(&crate::time::WallClock)
}

/// Two components: what the second may do that the first may not.
fn difference(old: &str, new: &str, screen: &Screen) -> Result<Exit, Failure> {
    let inspect = |named: &str| {
        let bytes = source::component(named, Path::new("."))?.bytes()?;
        Ok::<_, Failure>(maps_runtime::inspect::Inspection::validated(&bytes)?)
    };
    let view = DifferenceView::of(&inspect(old)?, &inspect(new)?);
    screen.human(&view.page());
    view.events().iter().for_each(|event| screen.event(event));
    Ok(if view.is_wider() { Exit::Differences } else { Exit::Done })
}
