//! Composition: the only place that makes the sandbox, gives plugins their role, and hands clock,
//! randomness and ears to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use maps_engine::schema::Kinds;
use maps_engine::stack::Stack;
use maps_engine::{Clock, Diagnostic, Entropy as _, PluginName, Provider, Session};
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions};
use maps_store::FileStore;

use crate::approval::{self, Approvals, Unapproved};
use crate::args::Pace;
use crate::connect::{Anchored, Connection};
use crate::error::{Exit, Failure};
use crate::pins::{Pinned, Pins};
use crate::render::reporter::Reporter;
use crate::render::summary::Calls;
use crate::render::{Screen, capabilities};
use crate::source;
use crate::stage::Stage;
use crate::time::SystemEntropy;

/// Runs a command that waits for things. Commands that do not need it never make a runtime.
pub(crate) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(command)
}

/// As [`block_on`], on this thread alone: for what has one thing to do, is over before others have started, and leaves
/// nothing behind that somebody would have to wait for.
pub(crate) fn block_on_one<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime(tokio::runtime::Builder::new_current_thread())?;
    let ended = runtime.block_on(command);
    runtime.shutdown_background();
    ended
}

fn runtime(mut threads: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime, Failure> {
    threads.enable_all().build().map_err(Failure::file("the threads of this process"))
}

/// Everything outside of the engine that one run works with.
pub(crate) struct Workbench {
    providers: BTreeMap<PluginName, Arc<dyn Provider>>,
    clock: Arc<dyn Clock>,
    entropy: SystemEntropy,
    run: String,
    parallel: usize,
    connection: Connection,
    /// What plugins fetched from elsewhere.
    pins: Arc<Pins>,
    /// In a rehearsal, what a run in earnest would have to ask for.
    unapproved: Unapproved,
    /// Who tells the user.
    pub(crate) reporter: Arc<Reporter>,
}

impl Workbench {
    /// Loads the stack's plugins, connects them, and holds the stack against their schemas.
    pub(crate) fn set_up(
        stage: &Stage,
        pace: Pace,
        faults: &[maps_runtime::fault::Fault],
        reporter: Reporter,
        screen: &Screen,
    ) -> Result<Self, Failure> {
        let reporter = Arc::new(reporter);
        let clock = stage.clock();
        let connection = Connection::of(stage, faults, Arc::clone(&clock))?;
        let options = HostOptions {
            cache_dir: cache_dir(),
            limits: Limits::default(),
            observer: Arc::clone(&reporter) as _,
            audit: Arc::clone(connection.audit()),
        };
        let host = Host::new(options)?;
        let approvals = Approvals::read(&stage.layout, &stage.file)?;
        // What the local cloud serves under an address is not what is there in earnest.
        let pins = if stage.rehearsal.is_some() { Arc::default() } else { Pins::of(approvals.lock()) };
        let (mut loaded, mut wanted) = (Vec::new(), Vec::new());
        for (name, declared) in &stage.stack().plugins {
            let component = source::component(&declared.source, stage.layout.folder())?;
            let plugin = component.load(&host, name)?;
            let effective = approval::effective(&stage.file, declared, &plugin.inspection().manifest, screen)?;
            wanted.push(approvals.wanted(name, declared, plugin.inspection(), effective.clone()));
            loaded.push((name, declared, component, plugin, effective));
        }
        // Nothing of a guest has been executed so far.
        let unapproved = match &stage.rehearsal {
            Some(_) => approvals.open(wanted),
            None => approvals.demand(&wanted, screen).map(|()| Unapproved::default())?,
        };
        let mut providers = BTreeMap::new();
        let mut kinds = Kinds::new();
        for (name, declared, component, plugin, effective) in loaded {
            let refused = |error| Failure::Plugin { plugin: name.clone(), from: component.clone(), error };
            let as_used = connection.plugin_use(stage, name, declared, &plugin, effective)?;
            let provider = Pinned::around(host.provider(&plugin, as_used).map_err(refused)?, &pins);
            kinds.extend(provider.kinds().clone());
            providers.insert(name.clone(), provider);
        }
        held_against(&kinds, stage)?;
        let entropy = SystemEntropy;
        let mut id = [0; 8];
        entropy.fill(&mut id);
        Ok(Self {
            providers,
            clock,
            entropy,
            run: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            parallel: pace.parallelism.into(),
            connection,
            pins,
            unapproved,
            reporter,
        })
    }

    /// The engine's view of it.
    pub(crate) fn session<'a>(&'a self, stack: &'a Stack) -> Session<'a> {
        Session {
            stack,
            providers: &self.providers,
            clock: &*self.clock,
            entropy: &self.entropy,
            observer: &*self.reporter,
            run: &self.run,
            parallel: self.parallel,
        }
    }

    /// State whose snapshots carry the head of this run's audit log.
    pub(crate) fn anchored(&self, store: FileStore) -> Anchored {
        Anchored { store, audit: Arc::clone(self.connection.audit()) }
    }

    /// Records in maps.lock what this run fetched and made use of. A rehearsal records nothing.
    pub(crate) fn keep_pins(&self, stage: &Stage) -> Result<(), Failure> {
        let new = self.pins.new_ones();
        match stage.rehearsal.is_some() || new.is_empty() {
            true => Ok(()),
            false => Approvals::read(&stage.layout, &stage.file)?.pin(new),
        }
    }

    /// Says what a run in earnest would have to ask for, where this is a rehearsal that does something.
    pub(crate) fn tell_unapproved(&self, screen: &Screen) {
        capabilities::rehearsed(screen, &self.unapproved);
    }

    /// The codes of the refusals that the host itself spoke and recorded.
    pub(crate) fn denied(&self) -> BTreeSet<String> {
        self.connection.audit().denied()
    }

    /// How a command ends whose plan has errors.
    pub(crate) fn refused(&self) -> Exit {
        if self.denied().is_empty() { Exit::Failed } else { Exit::Denied }
    }

    /// Has everything told that was heard and everything recorded that was done, and says how many
    /// calls left for a cloud.
    pub(crate) async fn clear(&self) -> Result<Calls, Failure> {
        self.reporter.pause();
        self.connection.audit().flush().await?;
        Ok(self.connection.calls())
    }
}

/// Does the stack say what its plugins' schemas ask for?
fn held_against(kinds: &Kinds, stage: &Stage) -> Result<(), Failure> {
    let diagnostics = stage.stack().check(kinds);
    match diagnostics.iter().any(Diagnostic::is_error) {
        true => Err(Failure::Diagnostics { diagnostics, sources: stage.file.sources.clone() }),
        false => Ok(()),
    }
}

/// Where compiled plugins are kept: the user's cache folder, if there is one.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("maps"))
}
