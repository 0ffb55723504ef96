//! `maps cloud counts`: how many calls reached a local cloud, by service, half and route.

use std::path::Path;

use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Prints them as one JSON document.
pub(crate) fn cloud_counts(dir: &Path, screen: &Screen) -> Result<Exit, Failure> {
    screen.document("counts", &maps_rehearsal::counts(dir)?);
    Ok(Exit::Done)
}
