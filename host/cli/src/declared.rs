//! What plugins declare of the services that a local cloud plays for them: `rehearsal.yaml` beside
//! plugin.yaml, which a component carries.

use std::path::Path;

use maps_engine::Diagnostic;
use maps_engine::capability::{Manifest, Rule};
use maps_engine::document::{Document, Part};
use maps_engine::stack::Stack;
use maps_rehearsal::{Declaration, DeclarationFaults};
use maps_runtime::inspect::Inspection;
use serde_json::Value as Json;

use crate::error::Failure;
use crate::render::diagnostics::Sources;
use crate::source;

/// The name of the file.
pub(crate) const FILE: &str = "rehearsal.yaml";

/// The declaration beside a plugin.yaml, as JSON, once nothing is wrong with it; nothing if there is
/// none.
pub(crate) fn read(dir: &Path, manifest: &Manifest) -> Result<Option<Json>, Failure> {
    let path = dir.join(FILE);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Failure::file(&path))?,
    };
    let mut diagnostics = Vec::new();
    let document = Document::parse(FILE, &bytes, &mut diagnostics);
    if let Some(document) = &document {
        let json = document.json();
        match parse(manifest, &json) {
            Ok(_) => return Ok(Some(json)),
            Err(DeclarationFaults(faults)) => diagnostics.extend(faults.into_iter().map(|fault| {
                Diagnostic::error("bad-rehearsal", fault.message)
                    .at(document.span(&fault.path, Part::Key))
                    .maybe_help(fault.help)
            })),
        }
    }
    let mut sources = Sources::default();
    sources.add(FILE, String::from_utf8_lossy(&bytes));
    Err(Failure::Diagnostics { diagnostics: Document::arranged(diagnostics, FILE), sources })
}

/// What a component declares, if it declares anything.
pub(crate) fn of_component(inspection: &Inspection) -> Result<Option<Declaration>, Failure> {
    let manifest = &inspection.manifest;
    let parsed = inspection.rehearsal.as_ref().map(|json| parse(manifest, json)).transpose();
    parsed.map_err(|faults| Failure::Declared { plugin: manifest.plugin.clone(), faults })
}

/// What the plugins of a stack declare.
pub(crate) fn of_stack(stack: &Stack, folder: &Path) -> Result<Vec<Declaration>, Failure> {
    let mut declared = Vec::new();
    for (name, plugin) in &stack.plugins {
        let component = source::component(&plugin.source, folder)?;
        declared.extend(of_bytes(&component.bytes()?, |error| Failure::Plugin {
            plugin: name.clone(),
            from: component.clone(),
            error: error.into(),
        })?);
    }
    Ok(declared)
}

/// What components declare that are named by their names or paths.
pub(crate) fn of_named(plugins: &[String]) -> Result<Vec<Declaration>, Failure> {
    let mut declared = Vec::new();
    for plugin in plugins {
        let component = source::component(plugin, Path::new("."))?;
        let of_this = of_bytes(&component.bytes()?, Failure::from)?;
        declared.push(of_this.ok_or_else(|| {
            let help = format!("its author ships a {FILE} beside plugin.yaml, and `maps plugin build` embeds it");
            Failure::usage_help(format!("the plugin {plugin} declares no service that could be played"), help)
        })?);
    }
    Ok(declared)
}

fn of_bytes(
    bytes: &[u8],
    refused: impl FnOnce(maps_runtime::inspect::InspectError) -> Failure,
) -> Result<Option<Declaration>, Failure> {
    of_component(&Inspection::of(bytes).map_err(refused)?)
}

fn parse(manifest: &Manifest, json: &Json) -> Result<Declaration, DeclarationFaults> {
    let named = |host: &str| manifest.rules.iter().filter_map(Rule::http).any(|scope| scope.url.names_host(host));
    Declaration::parse(manifest.plugin.as_str(), json, &named)
}
