//! `maps plugin inspect`: what a plugin imports, declares and manages, from its bytes alone.

use maps_runtime::inspect::Inspection;

use super::plugin_build::meant;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::plugin::PluginView;

/// Inspects a plugin by its name or path. Nothing of it is executed, its code is only validated.
pub(crate) fn plugin_inspect(plugin: &str, screen: &Screen) -> Result<Exit, Failure> {
    let bytes = meant(plugin)?.bytes()?;
    let view = PluginView::of(&Inspection::validated(&bytes)?);
    screen.human(&view.page());
    screen.event(&view.event());
    Ok(Exit::Done)
}
