//! The plugins of a stack as their bytes tell them: nothing is executed, connected or asked for.

use maps_runtime::LoadError;
use maps_runtime::inspect::Inspection;

use crate::approval::{self, Approvals, Wanted};
use crate::error::Failure;
use crate::layout::Layout;
use crate::render::Screen;
use crate::source;
use crate::stackfile::StackFile;

/// One plugin of a stack.
pub(crate) struct Inspected {
    pub(crate) inspection: Inspection,
    pub(crate) wanted: Wanted,
}

/// All of them.
pub(crate) fn plugins(
    layout: &Layout,
    file: &StackFile,
    approvals: &Approvals<'_>,
    screen: &Screen,
) -> Result<Vec<Inspected>, Failure> {
    let mut plugins = Vec::new();
    for (name, declared) in &file.stack.plugins {
        let from = source::component(&declared.source, layout.folder())?;
        let bytes = from.bytes()?;
        let refused = |error| Failure::Plugin { plugin: name.clone(), from, error: LoadError::Inspect(error) };
        let inspection = Inspection::validated(&bytes).map_err(refused)?;
        let effective = approval::effective(file, declared, &inspection.manifest, screen)?;
        let wanted = approvals.wanted(name, declared, &inspection, effective);
        plugins.push(Inspected { inspection, wanted });
    }
    Ok(plugins)
}
