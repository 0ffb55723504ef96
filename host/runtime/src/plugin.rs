//! A loaded plugin: its component, compiled and linked for each phase, and what it said of itself.

use std::collections::BTreeMap;

use maps_engine::schema::KindSchema;
use maps_engine::{KindName, PluginName};
use wasmtime::component::{Component, Linker};

use crate::bindings::PluginPre;
use crate::guest::Guest;
use crate::inspect::Inspection;
use crate::scope::Phase;

/// A plugin that is ready to serve calls.
pub struct Plugin {
    inspection: Inspection,
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

/// A kind, under the guest's own name for it.
#[derive(Clone)]
pub(crate) struct KindFacts {
    pub(crate) name: KindName,
    pub(crate) schema: KindSchema,
}

impl Plugin {
    pub(crate) fn new(
        inspection: Inspection,
        component: &Component,
        linkers: &Phases<Linker<Guest>>,
    ) -> wasmtime::Result<Self> {
        let link = |linker: &Linker<Guest>| PluginPre::new(linker.instantiate_pre(component)?);
        let phases = Phases { pure: link(&linkers.pure)?, read: link(&linkers.read)?, write: link(&linkers.write)? };
        Ok(Self { inspection, phases })
    }

    /// What was read from its bytes.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The name that its manifest gives it.
    pub fn name(&self) -> &PluginName {
        &self.inspection.manifest.plugin
    }

    /// Its kinds, as a stack calls them that gives the plugin this name.
    pub(crate) fn kinds_as(&self, name: &PluginName) -> BTreeMap<KindName, KindFacts> {
        let each = self.inspection.schemas.iter().map(|(own, schema)| {
            let local = own.as_str().split_once('/').map_or(own.as_str(), |(_, local)| local);
            let kind = KindName::new(format!("{name}/{local}"));
            let schema = KindSchema { kind: kind.clone(), ..schema.clone() };
            (kind, KindFacts { name: own.clone(), schema })
        });
        each.collect()
    }

    pub(crate) fn linked(&self, phase: Phase) -> &PluginPre<Guest> {
        self.phases.of(phase)
    }
}
