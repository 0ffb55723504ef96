//! What a component says of itself, read from its bytes without executing anything: what it
//! imports and exports, the manifest and the kinds that ride in it.

use std::collections::BTreeSet;
use std::fmt;

use maps_engine::capability::{Faults, Interface, Manifest};
use maps_engine::schema::{KindSchema, Kinds};
use serde::Serialize;
use sha2::{Digest, Sha256};
use wasmparser::{Chunk, ComponentTypeRef, Encoding, Parser, Payload, Validator};
use wasmtime::Engine;

use crate::cache::hex;
use crate::limits::{COMPONENT_BYTES, REHEARSAL_BYTES, SECTION_BYTES};

/// The contract that this maps serves. An older one that is still served would be listed here,
/// and would pass through the same checks: a version is never a way around policy.
pub const CONTRACT: &str = "0.1.0";
/// The contract's package.
pub const PACKAGE: &str = "maps:platform";
/// The custom section that holds the manifest, as JSON.
pub const MANIFEST_SECTION: &str = "maps:manifest";
/// The custom section that holds the kinds document, as JSON.
pub const KINDS_SECTION: &str = "maps:kinds";
/// The custom section that may hold a declaration of the services that a rehearsal plays, as JSON.
pub const REHEARSAL_SECTION: &str = "maps:rehearsal";
/// What a guest is built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Interfaces that hold types alone: importing one gives no access to anything.
const TYPES_ONLY: [&str; 4] = ["types", "http-types", "aws-types", "kube-types"];

/// Do these bytes begin as a component's do?
pub fn is_component(bytes: &[u8]) -> bool {
    Parser::is_component(bytes)
}

/// A component's identity: the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ComponentDigest(String);

impl ComponentDigest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// One that somebody took before: 64 hex digits.
    pub fn known(digest: &str) -> Self {
        Self(digest.to_owned())
    }

    /// 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ComponentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a component is not taken. Nothing of it was executed.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Too large to look at.
    #[error("the component has {bytes} bytes, more than the limit of {}", COMPONENT_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Machine code in place of a component.
    #[error(
        "this is compiled machine code, not a component: maps compiles components itself and loads nobody else's code"
    )]
    Precompiled,
    /// A core module.
    #[error("this is a core module, not a component; `maps plugin build` makes one of it")]
    Module,
    /// Some other kind of file.
    #[error("this is no WebAssembly: a component begins with the bytes `\\0asm`")]
    NotWasm,
    /// Broken.
    #[error("not a valid component: {0}")]
    Malformed(String),
    /// It wants WASI.
    #[error(
        "the component imports {import}, and maps serves no WASI: build it for {TARGET}, and use the SDK's clock and random"
    )]
    Wasi {
        /// What it imports.
        import: String,
    },
    /// It wants, or offers, a contract that is not served.
    #[error(
        "the component speaks {interface}, and this maps serves {PACKAGE} {CONTRACT}: build it with the SDK of that version"
    )]
    Contract {
        /// The interface with its version.
        interface: String,
    },
    /// It wants something else.
    #[error("the component imports {import}, which is no interface of {PACKAGE}@{CONTRACT}")]
    UnknownImport {
        /// What it imports.
        import: String,
    },
    /// It imports what its manifest does not declare.
    #[error(
        "the component imports {}, which its manifest does not declare; add to plugin.yaml, under `capabilities`:\n  {}",
        shown(.0), Interface::declarations(.0).replace('\n', "\n  ")
    )]
    Undeclared(BTreeSet<Interface>),
    /// It does not export what a plugin exports.
    #[error("the component does not export {PACKAGE}/provider@{CONTRACT}")]
    NoProvider,
    /// It exports something else beside.
    #[error(
        "the component exports {export}, which nothing in maps calls; a plugin exports {PACKAGE}/provider@{CONTRACT} alone"
    )]
    UnknownExport {
        /// What.
        export: String,
    },
    /// The manifest or the kinds are missing, twice there, too large, or not what they should be.
    #[error("custom section {section}: {why}")]
    Section {
        /// Which.
        section: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// What a component says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Its identity.
    pub digest: ComponentDigest,
    /// Its size.
    pub bytes: usize,
    /// The contract it speaks.
    pub contract: &'static str,
    /// The capability interfaces that it imports.
    pub imports: BTreeSet<Interface>,
    /// What its manifest declares.
    pub manifest: Manifest,
    /// What it declares of the services that a rehearsal plays, as it was embedded: whoever plays
    /// them reads it, as strictly as everything else that a stranger wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<serde_json::Value>,
    /// Its kinds with their schemas, as they were embedded.
    pub kinds: serde_json::Value,
    /// Its kinds, read.
    #[serde(skip)]
    pub schemas: Kinds,
}

impl Inspection {
    /// Reads a packaged component: one that carries its manifest and kinds.
    ///
    /// # Errors
    /// When it is no plugin, or imports what its manifest does not declare.
    pub fn of(bytes: &[u8]) -> Result<Self, InspectError> {
        Self::named(bytes, || ComponentDigest::of(bytes))
    }

    /// As [`Inspection::of`], of a component whose digest need not be taken.
    pub(crate) fn named(bytes: &[u8], digest: impl FnOnce() -> ComponentDigest) -> Result<Self, InspectError> {
        let outline = Outline::of(bytes)?;
        let manifest = section(MANIFEST_SECTION, &outline.manifests, SECTION_BYTES)?;
        let manifest = read_manifest(&manifest)?;
        let kinds = section(KINDS_SECTION, &outline.kinds, SECTION_BYTES)?;
        let schemas = read_kinds(&manifest, &kinds)?;
        check_declared(&outline.imports, &manifest)?;
        let rehearsal = match outline.rehearsals.is_empty() {
            true => None,
            false => Some(section(REHEARSAL_SECTION, &outline.rehearsals, REHEARSAL_BYTES)?),
        };
        Ok(Self {
            digest: digest(),
            bytes: bytes.len(),
            contract: CONTRACT,
            imports: outline.imports,
            manifest,
            rehearsal,
            kinds,
            schemas,
        })
    }

    /// As [`Inspection::of`], and validates all code too. Loading does not need it, since
    /// compiling validates; a report on a component that is not going to run does.
    ///
    /// # Errors
    /// As `of`, and for code that is not valid.
    pub fn validated(bytes: &[u8]) -> Result<Self, InspectError> {
        let inspection = Self::of(bytes)?;
        Validator::new().validate_all(bytes).map_err(malformed)?;
        Ok(inspection)
    }
}

/// What the bytes hold at the component's own depth.
pub(crate) struct Outline<'a> {
    pub(crate) imports: BTreeSet<Interface>,
    pub(crate) manifests: Vec<&'a [u8]>,
    pub(crate) kinds: Vec<&'a [u8]>,
    pub(crate) rehearsals: Vec<&'a [u8]>,
}

impl<'a> Outline<'a> {
    /// Reads imports, exports and our sections; refuses what no plugin has.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, InspectError> {
        if bytes.len() > COMPONENT_BYTES {
            return Err(InspectError::TooLarge { bytes: bytes.len() });
        }
        if bytes.starts_with(b"\x7fELF") || Engine::detect_precompiled(bytes).is_some() {
            return Err(InspectError::Precompiled);
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(InspectError::NotWasm);
        }
        let mut outline =
            Self { imports: BTreeSet::new(), manifests: Vec::new(), kinds: Vec::new(), rehearsals: Vec::new() };
        let mut provider = false;
        let mut parser = Parser::new(0);
        let mut rest = bytes;
        loop {
            let payload = match parser.parse(rest, true).map_err(malformed)? {
                Chunk::Parsed { consumed, payload } => {
                    rest = &rest[consumed..];
                    payload
                }
                Chunk::NeedMoreData(_) => return Err(malformed("it ends in the middle")),
            };
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } => return Err(InspectError::Module),
                // Modules and components nest. What stands inside of one speaks for nobody, and is read by whoever
                // compiles it.
                Payload::ModuleSection { unchecked_range: inside, .. }
                | Payload::ComponentSection { unchecked_range: inside, .. } => {
                    rest = rest.get(inside.len()..).ok_or_else(|| malformed("it ends in the middle"))?;
                }
                Payload::ComponentImportSection(imports) => {
                    for import in imports {
                        let import = import.map_err(malformed)?;
                        let instance = matches!(import.ty, ComponentTypeRef::Instance(_));
                        outline.import(import.name.name, instance)?;
                    }
                }
                Payload::ComponentExportSection(exports) => {
                    for export in exports {
                        let name = export.map_err(malformed)?.name.name;
                        provider |= is_provider(name)?;
                    }
                }
                Payload::CustomSection(custom) => match custom.name() {
                    MANIFEST_SECTION => outline.manifests.push(custom.data()),
                    KINDS_SECTION => outline.kinds.push(custom.data()),
                    REHEARSAL_SECTION => outline.rehearsals.push(custom.data()),
                    _ => {}
                },
                Payload::End(_) => break,
                _ => {}
            }
        }
        if provider { Ok(outline) } else { Err(InspectError::NoProvider) }
    }

    fn import(&mut self, import: &str, instance: bool) -> Result<(), InspectError> {
        if import.starts_with("wasi:") || import.starts_with("wasi_") {
            return Err(InspectError::Wasi { import: import.to_owned() });
        }
        let unknown = || InspectError::UnknownImport { import: import.to_owned() };
        let (interface, version) = platform_interface(import).ok_or_else(unknown)?;
        if version != CONTRACT {
            return Err(InspectError::Contract { interface: import.to_owned() });
        }
        if TYPES_ONLY.contains(&interface) {
            return Ok(());
        }
        if !instance {
            return Err(unknown());
        }
        self.imports.insert(Interface::named(interface).ok_or_else(unknown)?);
        Ok(())
    }
}

/// Splits `maps:platform/http-read@0.1.0` into `http-read` and `0.1.0`.
fn platform_interface(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    Some(rest.split_once('@').unwrap_or((rest, "")))
}

fn is_provider(export: &str) -> Result<bool, InspectError> {
    match platform_interface(export) {
        Some(("provider", CONTRACT)) => Ok(true),
        Some(("provider", _)) => Err(InspectError::Contract { interface: export.to_owned() }),
        _ => Err(InspectError::UnknownExport { export: export.to_owned() }),
    }
}

fn malformed(error: impl fmt::Display) -> InspectError {
    InspectError::Malformed(error.to_string())
}

fn section(section: &'static str, found: &[&[u8]], limit: usize) -> Result<serde_json::Value, InspectError> {
    let fail = |why: String| InspectError::Section { section, why };
    let bytes = match found {
        [bytes] => *bytes,
        [] => return Err(fail("is missing; `maps plugin build` embeds it".to_owned())),
        more => return Err(fail(format!("is there {} times, and must be there once", more.len()))),
    };
    if bytes.len() > limit {
        return Err(fail(format!("has {} bytes, more than the limit of {limit}", bytes.len())));
    }
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| fail(error.to_string()))?;
    if json.is_object() { Ok(json) } else { Err(fail("is not a JSON object".to_owned())) }
}

/// Imports ⊆ declared.
pub(crate) fn check_declared(imports: &BTreeSet<Interface>, manifest: &Manifest) -> Result<(), InspectError> {
    let undeclared: BTreeSet<Interface> = imports.difference(&manifest.interfaces()).copied().collect();
    if undeclared.is_empty() { Ok(()) } else { Err(InspectError::Undeclared(undeclared)) }
}

/// Interfaces by their whole names.
fn shown(interfaces: &BTreeSet<Interface>) -> String {
    interfaces.iter().map(|interface| format!("{PACKAGE}/{interface}@{CONTRACT}")).collect::<Vec<_>>().join(", ")
}

/// Reads a manifest that was converted to JSON.
pub(crate) fn read_manifest(json: &serde_json::Value) -> Result<Manifest, InspectError> {
    let fail = |error: Faults| InspectError::Section { section: MANIFEST_SECTION, why: error.to_string() };
    Manifest::parse(json).map_err(fail)
}

/// Reads the kinds; each has its plugin's name before the slash, so that no plugin answers for
/// another's kinds.
pub(crate) fn read_kinds(manifest: &Manifest, json: &serde_json::Value) -> Result<Kinds, InspectError> {
    let fail = |why: String| InspectError::Section { section: KINDS_SECTION, why };
    let kinds = KindSchema::parse_all(json).map_err(|error| fail(error.to_string()))?;
    if let Some(foreign) = kinds.keys().find(|kind| kind.plugin() != manifest.plugin) {
        return Err(fail(format!("the kind {foreign} does not begin with `{}/`", manifest.plugin)));
    }
    Ok(kinds)
}
