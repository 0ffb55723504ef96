//! `maps plugin build`: a component of a plugin's module and its plugin.yaml.

use std::path::Path;

use maps_runtime::inspect::Inspection;
use maps_runtime::limits::Limits;
use maps_runtime::package::package;

use crate::compose;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::plugin::PluginView;

/// Builds it, and replaces the file at once, so that nobody finds half of one.
pub(crate) fn plugin_build(dir: &Path, module: &Path, out: &Path, screen: &Screen) -> Result<Exit, Failure> {
    let manifest = dir.join("plugin.yaml");
    let text = std::fs::read_to_string(&manifest).map_err(Failure::file(&manifest))?;
    let guest = std::fs::read(module).map_err(Failure::file(module))?;
    let component = compose::block_on(async { Ok(package(&guest, &text, &Limits::default()).await?) })?;
    let staged = out.with_extension("wasm.new");
    std::fs::write(&staged, &component).map_err(Failure::file(&staged))?;
    std::fs::rename(&staged, out).map_err(Failure::file(out))?;
    let view = PluginView::of(&Inspection::of(&component)?);
    screen.human(&view.built(out));
    screen.event(&view.event());
    Ok(Exit::Done)
}
