//! `maps output`: the outputs as the last run left them. Asks no cloud and takes no lock.

use std::path::Path;

use maps_engine::State;

use crate::args::OutputArgs;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::diagnostics::Sources;
use crate::render::outputs::{OutputsView, Secrets};
use crate::stage;

fn is_stack(path: &Path) -> bool {
    if path.is_dir() { path.join("stack.yaml").is_file() } else { path.is_file() }
}

/// Prints all of them, or the one that is named.
pub(crate) fn output(args: &OutputArgs, screen: &Screen) -> Result<Exit, Failure> {
    let (stack, name) = args.stack_and_name(is_stack).map_err(Failure::usage)?;
    let read = maps_store::read(&stage::state_of(&stack, &args.settings)?)?;
    screen.diagnostics(&read.notes, &Sources::default());
    let mut state: State = read.loaded.snapshot.state;
    state.fold(&read.loaded.entries)?;
    let secrets = if args.show_secrets { Secrets::Shown } else { Secrets::Hidden };
    let view = OutputsView::of(&state.outputs, name, secrets);
    match name {
        Some(name) if view.is_empty() => return Err(Failure::no_output(name, state.outputs.as_map())),
        Some(_) => screen.human(&view.bare()),
        None if view.is_empty() => screen.human(&OutputsView::nothing()),
        None => screen.human(&view.page()),
    }
    view.events().iter().for_each(|event| screen.event(event));
    Ok(Exit::Done)
}
