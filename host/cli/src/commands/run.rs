//! `maps run`: plan, ask, and apply.

use std::sync::Arc;

use super::change::{Change, change};
use super::summarised::awaited;
use crate::args::RunArgs;
use crate::error::Exit;
use crate::rehearse::Past;
use crate::render::Screen;

/// Makes the world agree with the stack.
pub(crate) fn run(args: &RunArgs, screen: &Arc<Screen>) -> Exit {
    let wanted = Change {
        stack: &args.stack,
        faults: &args.faults.faults,
        pace: args.pace,
        past: if args.fresh { Past::Forgotten } else { Past::Kept },
        yes: args.yes,
        destroy: false,
    };
    awaited("run", screen, async |summary| change(&wanted, screen, summary).await)
}
