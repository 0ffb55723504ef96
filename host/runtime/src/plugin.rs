//! A loaded plugin: its component, compiled and linked for each phase, and what it said of itself.

use std::collections::BTreeMap;

use maps_engine::KindName;
use maps_engine::schema::KindSchema;
use serde_json::Value as Json;
use wasmtime::component::{Component, Linker};

use crate::bindings::PluginPre;
use crate::guest::Guest;
use crate::inspect::Inspection;
use crate::scope::Phase;
use crate::secrecy::SecretPlaces;

/// A plugin that is ready to serve calls.
pub struct Plugin {
    inspection: Inspection,
    kinds: BTreeMap<KindName, KindFacts>,
    phases: Phases<PluginPre<Guest>>,
}

/// One thing for each phase.
pub(crate) struct Phases<T> {
    pub(crate) pure: T,
    pub(crate) read: T,
    pub(crate) write: T,
}

impl<T> Phases<T> {
    pub(crate) fn of(&self, phase: Phase) -> &T {
        match phase {
            Phase::Pure => &self.pure,
            Phase::Read => &self.read,
            Phase::Write => &self.write,
        }
    }
}

/// What the host itself needs to know of a kind.
#[derive(Clone)]
pub(crate) struct KindFacts {
    /// As the guest calls it.
    pub(crate) name: KindName,
    pub(crate) schema: KindSchema,
    pub(crate) secret_inputs: SecretPlaces,
    pub(crate) secret_outputs: SecretPlaces,
    /// May an update change an object's id?
    pub(crate) id_changes: bool,
}

impl KindFacts {
    fn of(name: &str, document: &Json) -> Self {
        let places = |part| document.get(part).map(SecretPlaces::of).unwrap_or_default();
        let name = KindName::new(name);
        Self {
            schema: KindSchema { kind: name.clone(), document: document.clone() },
            secret_inputs: places("inputs"),
            secret_outputs: places("outputs"),
            id_changes: document.get("x-maps-id-changes") == Some(&Json::Bool(true)),
            name,
        }
    }

    /// The kind under the name that a stack gives its plugin.
    pub(crate) fn renamed(mut self, name: KindName) -> Self {
        self.schema.kind = name;
        self
    }
}

impl Plugin {
    pub(crate) fn new(
        inspection: Inspection,
        component: &Component,
        linkers: &Phases<Linker<Guest>>,
    ) -> wasmtime::Result<Self> {
        let link = |linker: &Linker<Guest>| PluginPre::new(linker.instantiate_pre(component)?);
        let phases = Phases { pure: link(&linkers.pure)?, read: link(&linkers.read)?, write: link(&linkers.write)? };
        let documents = inspection.kinds.get("kinds").and_then(Json::as_object).into_iter().flatten();
        let kinds = documents.map(|(name, document)| (KindName::new(name.as_str()), KindFacts::of(name, document)));
        Ok(Self { kinds: kinds.collect(), inspection, phases })
    }

    /// What was read from its bytes.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The name that its manifest gives it.
    pub fn name(&self) -> &str {
        self.inspection.manifest.get("plugin").and_then(Json::as_str).unwrap_or_default()
    }

    pub(crate) fn kinds(&self) -> &BTreeMap<KindName, KindFacts> {
        &self.kinds
    }

    pub(crate) fn linked(&self, phase: Phase) -> &PluginPre<Guest> {
        self.phases.of(phase)
    }
}
