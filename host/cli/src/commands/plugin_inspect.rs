//! `maps plugin inspect`: what a plugin imports, declares and manages, from its bytes alone.

use std::path::Path;

use maps_runtime::inspect::Inspection;

use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::plugin::PluginView;
use crate::source;

/// Inspects a plugin by its name or path. Nothing of it is executed, its code is only validated.
pub(crate) fn plugin_inspect(plugin: &str, screen: &Screen) -> Result<Exit, Failure> {
    let bytes = source::component(plugin, Path::new("."))?.bytes()?;
    let view = PluginView::of(&Inspection::validated(&bytes)?);
    screen.human(&view.page());
    screen.event(&view.event());
    Ok(Exit::Done)
}
