//! Where the pieces come together: components in, providers out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::capability::{Effective, Interface};
use maps_engine::{Event, Observer, PluginName, Provider};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};

use crate::audit::Audit;
use crate::cache::{Cache, Lookup};
use crate::capability::files::folder_of;
use crate::capability::http::HttpCapability;
use crate::engine::Sandbox;
use crate::guest::Guest;
use crate::inspect::{ComponentDigest, InspectError, Inspection};
use crate::limits::{CONCURRENT_CALLS, Limits};
use crate::link::linker;
use crate::plugin::{Phases, Plugin};
use crate::provider::PluginProvider;
use crate::scope::Phase;

/// What one run's host is made of.
pub struct HostOptions {
    /// Where compiled code is kept; none compiles each time.
    pub cache_dir: Option<PathBuf>,
    /// What one guest call may use.
    pub limits: Limits,
    /// Who hears the plugins' log lines.
    pub observer: Arc<dyn Observer>,
    /// Where every host call is recorded.
    pub audit: Arc<Audit>,
}

/// Why a plugin cannot be used. None of its code ran.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// wasmtime does not take it: invalid code, or more memory, tables or instances than a plugin may have.
    #[error("the component cannot be compiled or linked: {0}")]
    Link(String),
    /// It imports what the stack does not grant, and cannot run without.
    #[error(
        "the plugin {plugin} imports `{interface}`, which the stack does not grant it; add `{interface}: {{}}` under its `grant`, or use another plugin"
    )]
    NotGranted {
        /// The plugin.
        plugin: PluginName,
        /// The interface.
        interface: Interface,
    },
    /// This machine cannot run guests.
    #[error("the sandbox cannot be set up: {0}")]
    Sandbox(String),
}

/// Loads components and gives them their role.
pub struct Host {
    shared: Arc<Shared>,
    linkers: Phases<Linker<Guest>>,
    cache: Option<Cache>,
}

/// What all calls of a run have in common.
pub(crate) struct Shared {
    pub(crate) sandbox: Sandbox,
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) audit: Arc<Audit>,
    /// As many as the pool has room for.
    pub(crate) slots: Semaphore,
}

/// A plugin as a stack uses it.
pub struct PluginUse {
    /// Its name in the stack.
    pub name: PluginName,
    /// What it declares and the stack grants.
    pub effective: Arc<Effective>,
    /// Its way out; none for a plugin that has no http rules.
    pub http: Option<Arc<HttpCapability>>,
    /// The folder whose files its rules of `files` are about.
    pub folder: Option<PathBuf>,
}

impl Host {
    /// Sets the sandbox up. A cache that cannot be trusted is done without, and that is said.
    ///
    /// # Errors
    /// When this machine cannot run guests.
    pub fn new(options: HostOptions) -> Result<Self, LoadError> {
        let failed = |error: wasmtime::Error| LoadError::Sandbox(format!("{error:#}"));
        let sandbox = Sandbox::new().map_err(failed)?;
        let phase = |phase| linker(sandbox.engine(), phase).map_err(failed);
        let linkers = Phases { pure: phase(Phase::Pure)?, read: phase(Phase::Read)?, write: phase(Phase::Write)? };
        let shared = Arc::new(Shared {
            sandbox,
            limits: options.limits,
            observer: options.observer,
            audit: options.audit,
            slots: Semaphore::new(CONCURRENT_CALLS as usize),
        });
        let mut host = Self { shared, linkers, cache: None };
        if let Some(dir) = &options.cache_dir {
            match Cache::open(dir) {
                Ok(cache) => host.cache = Some(cache),
                Err(error) => host.warn("maps", format!("compiled code is not cached: {error}")),
            }
        }
        Ok(host)
    }

    /// Inspects, compiles (or takes from the cache) and links a component.
    ///
    /// # Errors
    /// When it is no plugin, imports what it does not declare, or cannot be linked.
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
        self.load_inspected(bytes, Inspection::of(bytes)?)
    }

    /// As [`Host::load`], of bytes that the caller carries together with their digest: it is believed, so it must
    /// have been taken of these very bytes.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_known(&self, bytes: &[u8], digest: ComponentDigest) -> Result<Arc<Plugin>, LoadError> {
        self.load_inspected(bytes, Inspection::named(bytes, || digest)?)
    }

    fn load_inspected(&self, bytes: &[u8], inspection: Inspection) -> Result<Arc<Plugin>, LoadError> {
        let component = self.compiled(bytes, &inspection)?;
        let plugin = Plugin::new(inspection, &component, &self.linkers).map_err(link_error)?;
        Ok(Arc::new(plugin))
    }

    /// As [`Host::load`], from a file.
    ///
    /// # Errors
    /// As `load`, and when the file cannot be read.
    pub fn load_file(&self, path: &Path) -> Result<Arc<Plugin>, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| LoadError::Io { path: path.to_owned(), source })?;
        self.load(&bytes)
    }

    /// The plugin in its role, as one stack uses it.
    ///
    /// # Errors
    /// When it imports `clock` or `random` and is not granted it: those have no way to refuse.
    pub fn provider(&self, plugin: &Arc<Plugin>, used: PluginUse) -> Result<Arc<dyn Provider>, LoadError> {
        let PluginUse { name, effective, http, folder } = used;
        let folder = folder_of(&effective, folder);
        for interface in [Interface::Clock, Interface::Random] {
            if plugin.inspection().imports.contains(&interface) && !effective.plain.contains(&interface) {
                return Err(LoadError::NotGranted { plugin: name, interface });
            }
        }
        // A stack may use a plugin under another name: its kinds then go by that name.
        let kinds = plugin.kinds_as(&name);
        Ok(Arc::new(PluginProvider {
            host: Arc::clone(&self.shared),
            plugin: Arc::clone(plugin),
            schemas: kinds.iter().map(|(kind, facts)| (kind.clone(), facts.schema.clone())).collect(),
            kinds,
            name,
            effective,
            http,
            folder,
        }))
    }

    fn compiled(&self, bytes: &[u8], inspection: &Inspection) -> Result<Component, LoadError> {
        let engine = self.shared.sandbox.engine();
        let plugin = inspection.manifest.plugin.as_str();
        if let Some(cache) = &self.cache {
            match cache.load(engine, &inspection.digest) {
                Lookup::Hit(component) => return Ok(component),
                Lookup::Miss => {}
                Lookup::Rejected(why) => {
                    self.warn(plugin, format!("compiled code was not loaded and is made anew: {why}"));
                }
            }
        }
        let component = Component::from_binary(engine, bytes).map_err(link_error)?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.store(engine, &inspection.digest, &component)
        {
            self.warn(plugin, format!("compiled code is not cached: {error}"));
        }
        Ok(component)
    }

    fn warn(&self, plugin: &str, message: String) {
        let plugin = plugin.to_owned();
        self.shared.observer.event(&Event::Log { plugin, level: "warn", message });
    }
}

// The error is taken whole so that it can be handed to `map_err` by name.
#[allow(clippy::needless_pass_by_value)]
fn link_error(error: wasmtime::Error) -> LoadError {
    LoadError::Link(format!("{error:#}"))
}
