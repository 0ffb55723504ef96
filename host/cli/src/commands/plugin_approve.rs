//! `maps plugin approve`: shows what a stack's plugins may do, and records that somebody approved it.

use maps_engine::PluginName;
use maps_engine::diagnostic::suggest;

use crate::approval::{Approvals, Standing, Wanted};
use crate::args::ApproveArgs;
use crate::error::{Exit, Failure};
use crate::layout::Layout;
use crate::render::Screen;
use crate::render::capabilities::{Page, approved_before};
use crate::{inspected, stage};

/// Approves the plugins that are named, or all of the stack. On a terminal it asks; elsewhere the
/// command itself is the approval.
pub(crate) fn plugin_approve(args: &ApproveArgs, screen: &Screen) -> Result<Exit, Failure> {
    let layout = Layout::find(&args.stack)?;
    let file = stage::without_secrets(&layout, &args.settings())?;
    screen.diagnostics(&file.warnings, &file.sources);
    for name in &args.names {
        if !file.stack.plugins.contains_key(name.as_str()) {
            let known = file.stack.plugins.keys().map(PluginName::as_str);
            let message = format!("the stack has no plugin {name}");
            return Err(Failure::Usage { message, help: suggest(name, known) });
        }
    }
    let mut approvals = Approvals::read(&layout, &file)?;
    let all = inspected::plugins(&layout, &file, &approvals, screen)?;
    let named = |wanted: &&Wanted| args.names.is_empty() || args.names.iter().any(|name| *name == wanted.name.as_str());
    let (before, open): (Vec<&Wanted>, Vec<&Wanted>) =
        all.iter().map(|plugin| &plugin.wanted).filter(named).partition(|one| one.standing == Standing::Approved);
    before.iter().for_each(|wanted| approved_before(screen, wanted));
    if open.is_empty() {
        if all.is_empty() {
            screen.human("The stack has no plugins.\n");
        }
        return Ok(Exit::Done);
    }
    for wanted in &open {
        let page = Page::of(wanted, approvals.command(Some(&wanted.name)));
        screen.human(&page.text(false));
        screen.event(page.event());
    }
    if screen.asks("Approve this?") == Some(false) {
        return Err(Failure::Declined);
    }
    approvals.record(&open, screen)?;
    Ok(Exit::Done)
}
