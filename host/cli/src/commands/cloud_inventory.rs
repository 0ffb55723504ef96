//! `maps cloud inventory`: what exists in a local cloud, served or not, so that two can be compared.

use std::path::Path;

use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Prints it as one JSON document.
pub(crate) fn cloud_inventory(dir: &Path, screen: &Screen) -> Result<Exit, Failure> {
    screen.document("inventory", &maps_rehearsal::inventory(dir)?);
    Ok(Exit::Done)
}
