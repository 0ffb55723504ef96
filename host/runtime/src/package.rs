//! From a core module and its plugin.yaml to the one file that is a plugin: a component with its
//! manifest and its kinds embedded. The same input gives the same bytes.

use std::sync::Arc;

use maps_engine::capability::{Effective, Manifest, Written};
use maps_engine::{CallError, Diagnostic};
use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Encoding, Import, Parser, Payload};
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use crate::bindings::PluginPre;
use crate::engine::Sandbox;
use crate::guest::{Guest, LogLines};
use crate::inspect::{
    InspectError, Inspection, KINDS_SECTION, MANIFEST_SECTION, Outline, PACKAGE, REHEARSAL_SECTION, TARGET,
    check_declared, read_kinds,
};
use crate::limits::{Budget, Limits, SECTION_BYTES};
use crate::link::linker;
use crate::scope::Phase;
use crate::session;

/// What a plugin's manifest is called, beside its code.
pub const MANIFEST_FILE: &str = "plugin.yaml";

/// Why no plugin came of it.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// plugin.yaml is not as it must be.
    #[error("{}", .0.iter().map(told).collect::<Vec<_>>().join("\n"))]
    Manifest(Vec<Diagnostic>),
    /// The component, its manifest or its kinds are not as they must be.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The module is no guest of this contract.
    #[error("the module cannot be made a component: {0}")]
    Encode(String),
    /// The module was built for a target with WASI.
    #[error("the module imports {import}, and maps serves no WASI: build it with `--target {TARGET}`")]
    Wasi {
        /// The module it imports from.
        import: String,
    },
    /// The module wants functions of another world.
    #[error("the module imports `{name}` from `{import}`, and a plugin imports nothing but {PACKAGE}")]
    Foreign {
        /// The module it imports from.
        import: String,
        /// What it imports.
        name: String,
    },
    /// `describe` failed.
    #[error(transparent)]
    Describe(CallError),
    /// The sandbox does not take the component.
    #[error("the component cannot be compiled or linked: {0}")]
    Link(String),
}

/// Makes a plugin of a guest's core module (or of a component that other tools made) and the
/// text of its plugin.yaml; `rehearsal` is what its rehearsal.yaml says, if it has one.
///
/// Runs the guest's `describe`, with no capability and under the limits of every call.
///
/// # Errors
/// When any part is not what a plugin must be; see [`PackageError`].
pub async fn package(
    guest: &[u8],
    plugin_yaml: &str,
    rehearsal: Option<&serde_json::Value>,
    limits: &Limits,
) -> Result<Vec<u8>, PackageError> {
    let Written { manifest, json: manifest_json, .. } =
        Manifest::written(MANIFEST_FILE, plugin_yaml.as_bytes()).map_err(PackageError::Manifest)?;
    let mut component = component(guest)?;
    let outline = Outline::of(&component)?;
    check_declared(&outline.imports, &manifest)?;
    let ours = [
        (MANIFEST_SECTION, &outline.manifests),
        (KINDS_SECTION, &outline.kinds),
        (REHEARSAL_SECTION, &outline.rehearsals),
    ];
    for (section, there) in ours {
        if !there.is_empty() {
            let why = "is in the component already: a plugin is packaged once".to_owned();
            return Err(InspectError::Section { section, why }.into());
        }
    }
    let kinds_json = describe(&component, &manifest, limits).await?;
    read_kinds(&manifest, &kinds_json)?;
    embed(&mut component, MANIFEST_SECTION, &manifest_json);
    embed(&mut component, KINDS_SECTION, &kinds_json);
    if let Some(rehearsal) = rehearsal {
        embed(&mut component, REHEARSAL_SECTION, rehearsal);
    }
    // What was made is read back the way in which every load will read it.
    Inspection::validated(&component)?;
    Ok(component)
}

fn component(guest: &[u8]) -> Result<Vec<u8>, PackageError> {
    if Parser::is_component(guest) {
        return Ok(guest.to_vec());
    }
    refuse_foreign(guest)?;
    let encode = || -> wasmtime::Result<Vec<u8>, wasmtime::error::Error> {
        let mut encoder =
            ComponentEncoder::default().validate(true).module(guest).map_err(wasmtime::Error::from_anyhow)?;
        encoder.encode().map_err(wasmtime::Error::from_anyhow)
    };
    encode().map_err(|error| PackageError::Encode(format!("{error:#}")))
}

/// Names what a module should not import before the encoder can only say that it knows no such
/// interface.
fn refuse_foreign(module: &[u8]) -> Result<(), PackageError> {
    let malformed = |error: wasmparser::BinaryReaderError| InspectError::Malformed(error.to_string());
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(malformed)? {
            Payload::Version { encoding: Encoding::Component, .. } => break,
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let Import { module: import, name, .. } = import.map_err(malformed)?;
                    if import.starts_with("wasi:") || import.starts_with("wasi_") {
                        return Err(PackageError::Wasi { import: import.to_owned() });
                    }
                    // Brackets and dollars begin what the canonical ABI itself is asked for.
                    if !import.starts_with("maps:") && !import.starts_with(['[', '$']) {
                        return Err(PackageError::Foreign { import: import.to_owned(), name: name.to_owned() });
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn told(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span.as_ref().map(|span| format!("{span}: ")).unwrap_or_default();
    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{place}{}{help}", diagnostic.message)
}

/// Asks the guest for its kinds.
async fn describe(component: &[u8], manifest: &Manifest, limits: &Limits) -> Result<serde_json::Value, PackageError> {
    let link = |error: wasmtime::Error| PackageError::Link(format!("{error:#}"));
    // No grant narrows anything here, so that there is nothing to be wrong.
    let effective = Effective::meet(manifest, None).map_err(|faults| PackageError::Link(faults.to_string()))?;
    let sandbox = Sandbox::new().map_err(link)?;
    let compiled = Component::from_binary(sandbox.engine(), component).map_err(link)?;
    let linker = linker(sandbox.engine(), Phase::Pure).map_err(link)?;
    let linked = linker.instantiate_pre(&compiled).and_then(PluginPre::new).map_err(link)?;
    let guest = Guest {
        plugin: manifest.plugin.clone(),
        effective: Arc::new(effective),
        budget: Budget::new(limits),
        scope: None,
        http: None,
        folder: None,
        log: LogLines::new(None),
    };
    let kinds = session::run(&sandbox, limits, guest, &linked, &(), |exports, store, ()| {
        Box::pin(exports.call_describe(store))
    })
    .await
    .map_err(|stop| PackageError::Describe(stop.into_error(manifest.plugin.clone(), "describe")))?;
    let fail = |why: String| InspectError::Section { section: KINDS_SECTION, why };
    if kinds.len() > SECTION_BYTES {
        return Err(fail(format!("has {} bytes, more than the limit of {SECTION_BYTES}", kinds.len())).into());
    }
    Ok(serde_json::from_str(&kinds).map_err(|error| fail(format!("`describe` answered no JSON: {error}")))?)
}

/// Appends a custom section at the component's own depth.
fn embed(component: &mut Vec<u8>, name: &str, json: &serde_json::Value) {
    let text = json.to_string();
    let section = CustomSection { name: name.into(), data: text.as_bytes().into() };
    component.push(section.id());
    section.encode(component);
}
