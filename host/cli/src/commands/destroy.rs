//! `maps destroy`: plan, ask, and remove everything that the stack's state records.

use std::sync::Arc;

use super::change::{Change, change};
use super::summarised::awaited;
use crate::args::DestroyArgs;
use crate::error::Exit;
use crate::rehearse::Past;
use crate::render::Screen;

/// Takes everything down.
pub(crate) fn destroy(args: &DestroyArgs, screen: &Arc<Screen>) -> Exit {
    let wanted = Change {
        stack: &args.stack,
        faults: &args.faults.faults,
        pace: args.pace,
        past: Past::Kept,
        yes: args.yes,
        destroy: true,
    };
    awaited("destroy", screen, async |summary| change(&wanted, screen, summary).await)
}
