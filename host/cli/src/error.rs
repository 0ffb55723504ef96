//! Everything that can end a command, sorted once into exit codes, codes and hints.

use std::path::PathBuf;

use maps_conformance::SubjectError;
use maps_engine::state::StateError;
use maps_engine::value::Map;
use maps_engine::{ApplyError, Diagnostic, PluginName, StoreError};
use maps_rehearsal::DeclarationFaults;
use maps_runtime::LoadError;
use maps_runtime::audit::{AuditError, VerifyError};
use maps_runtime::egress::EgressError;
use maps_runtime::inspect::InspectError;
use maps_runtime::package::PackageError;
use maps_store::FileError;

use crate::cloud::ControlError;
use crate::guest::{Guest, GuestError};
use crate::render::diagnostics::Sources;
use crate::source::Component;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is done.
    Done,
    /// It failed, and nothing was changed.
    Failed,
    /// `plan --detailed-exitcode` found something to do.
    Differences,
    /// A capability was denied, or not approved.
    Denied,
    /// Another run holds the state.
    Locked,
    /// Some of it is applied.
    Partly,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    /// The number that scripts see.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Differences => 2,
            Self::Denied => 3,
            Self::Locked => 4,
            Self::Partly => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command ended without doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The stack file, its inputs or the plan have errors.
    #[error("the stack has errors")]
    Diagnostics {
        /// All of them.
        diagnostics: Vec<Diagnostic>,
        /// What they point into.
        sources: Sources,
    },
    /// The command line asks for something that cannot be.
    #[error("{message}")]
    Usage {
        /// What.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// State cannot be read, written or locked.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A plugin cannot be loaded.
    #[error("the plugin {plugin} cannot be loaded from {from}: {error}")]
    Plugin {
        /// Which.
        plugin: PluginName,
        /// Its component.
        from: Component,
        /// Why.
        error: LoadError,
    },
    /// A plugin's rules need a credential that the stack does not give it.
    #[error("the plugin {plugin} needs the credential {name}, and the stack gives it none")]
    NoCredential {
        /// Which.
        plugin: PluginName,
        /// What the plugin calls it.
        name: String,
        /// What the stack has.
        known: Vec<String>,
    },
    /// A component is no plugin.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// Nobody approved these plugins, or not as they are now.
    #[error("{}", not_approved(plugins))]
    NotApproved {
        /// Which.
        plugins: Vec<PluginName>,
        /// What approves them.
        command: String,
    },
    /// The audit log is not whole.
    #[error("the audit log {}: {error}", path.display())]
    Log {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: VerifyError,
    },
    /// No plugin came of a module.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// No module came of a crate.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// What a plugin declares of the services that a rehearsal plays is wrong.
    #[error("what the plugin {plugin} declares for rehearsals in rehearsal.yaml:\n{faults}")]
    Declared {
        /// Which.
        plugin: PluginName,
        /// What is wrong with it.
        faults: DeclarationFaults,
    },
    /// A plugin's kinds cannot be tried.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The plan was refused, or what came of it cannot be saved.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// State cannot be loaded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was done cannot be recorded.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// There is no way out.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// State contradicts itself.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no output of that name.
    #[error("the stack has no output {name}")]
    NoOutput {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The local cloud itself failed.
    #[error(transparent)]
    Cloud(#[from] maps_rehearsal::Error),
    /// The local cloud does not do as it is told.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Nobody can be asked, and `--yes` was not given.
    #[error("there is nobody to ask whether to go on")]
    NobodyToAsk,
    /// The user said no.
    #[error("nothing was changed")]
    Declined,
    /// The user stopped it before anything was changed.
    #[error("interrupted, and nothing was changed")]
    Interrupted,
}

fn not_approved(plugins: &[PluginName]) -> String {
    let names: Vec<_> = plugins.iter().map(PluginName::as_str).collect();
    match names[..] {
        [one] => format!("the plugin {one} is not approved as it is"),
        _ => format!("the plugins {} are not approved as they are", names.join(", ")),
    }
}

impl Failure {
    /// Something that was asked for in a way that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// The same, with what to do instead.
    pub(crate) fn usage_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// A file that cannot be read or written, for `map_err`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }

    /// An output that is not there.
    pub(crate) fn no_output(name: &str, outputs: Option<&Map>) -> Self {
        let known = outputs.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        Self::NoOutput { name: name.to_owned(), known }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Files(FileError::Locked { .. }) | Self::Cloud(maps_rehearsal::Error::AlreadyRunning { .. }) => {
                Exit::Locked
            }
            Self::Plugin { error: LoadError::NotGranted { .. }, .. } | Self::NotApproved { .. } => Exit::Denied,
            Self::Interrupted => Exit::Interrupted,
            Self::Diagnostics { .. }
            | Self::Load(_)
            | Self::Plugin { .. }
            | Self::NoCredential { .. }
            | Self::Inspect(_)
            | Self::Log { .. }
            | Self::Package(_)
            | Self::Guest(_)
            | Self::Declared { .. }
            | Self::Subject(_)
            | Self::Audit(_)
            | Self::Egress(_)
            | Self::Apply(_)
            | Self::Store(_)
            | Self::Usage { .. }
            | Self::File { .. }
            | Self::Files(_)
            | Self::State(_)
            | Self::NoOutput { .. }
            | Self::Cloud(_)
            | Self::Control(_)
            | Self::NobodyToAsk
            | Self::Declined => Exit::Failed,
        }
    }

    /// Stable, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Diagnostics { .. } => "stack-errors",
            Self::Usage { .. } => "usage",
            Self::File { .. } => "file",
            Self::Files(error) => error.code(),
            Self::State(_) => "state-contradicts-itself",
            Self::Plugin { error: LoadError::NotGranted { .. }, .. } => "not-granted",
            Self::Plugin { .. } | Self::Inspect(_) => "plugin-refused",
            Self::Load(_) => "no-sandbox",
            Self::NoCredential { .. } => "no-credential",
            Self::Audit(_) | Self::Log { .. } => "audit-log",
            Self::NotApproved { .. } => "not-approved",
            Self::Egress(_) => "no-way-out",
            Self::Package(_) | Self::Guest(_) => "plugin-not-built",
            Self::Declared { .. } => "bad-rehearsal",
            Self::Subject(_) => "bad-fixture",
            Self::Apply(ApplyError::Refused | ApplyError::Stale) => "plan-refused",
            Self::Apply(ApplyError::Store(_)) | Self::Store(_) => "state",
            Self::NoOutput { .. } => "no-such-output",
            Self::Cloud(maps_rehearsal::Error::AlreadyRunning { .. }) => "cloud-in-use",
            Self::Cloud(_) => "cloud",
            Self::Control(_) => "cloud-unreachable",
            Self::NobodyToAsk => "nobody-to-ask",
            Self::Declined => "declined",
            Self::Interrupted => "interrupted",
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } => help.clone(),
            Self::Files(error) => Some(error.help()),
            Self::Guest(error) => error.help(),
            Self::Package(PackageError::Wasi { .. }) => {
                Some("clocks and randomness are in the SDK: `maps_sdk::clock`, `maps_sdk::random`".to_owned())
            }
            Self::Package(PackageError::Foreign { import, .. }) => Some(foreign(import)),
            Self::State(_) => Some("the folder `history` beside the state holds the snapshots before".to_owned()),
            Self::Audit(AuditError::Damaged { .. } | AuditError::Lost { .. }) | Self::Log { .. } => Some(
                "find out who changed it; then `maps audit STACK --log restart` puts it aside and begins a new one that says so"
                    .to_owned(),
            ),
            Self::NotApproved { command, .. } => Some(command.clone()),
            Self::NoOutput { known, .. } if known.is_empty() => Some("it has none; was it run?".to_owned()),
            Self::NoOutput { known, .. } => Some(format!("it has {}", known.join(", "))),
            Self::Plugin { error: LoadError::Inspect(_), .. } => {
                Some("make the component again: `cargo xtask plugins`, or `maps plugin build`".to_owned())
            }
            Self::NoCredential { plugin, name, known } => Some(match known.as_slice() {
                [known] => format!("under `plugins`: `{plugin}: {{credentials: {{{name}: {known}}}}}`"),
                // Which of them it is, the stack's author knows.
                [_, _, ..] => {
                    let of = known.join(", ");
                    format!("under `plugins`: `{plugin}: {{credentials: {{{name}: …}}}}`, with one of {of}")
                }
                [] => format!("add one under `credentials`, and name it: `{plugin}: {{credentials: {{{name}: …}}}}`"),
            }),
            // What is begun is in the journal before it leaves, whatever becomes of the snapshot.
            Self::Apply(ApplyError::Store(StoreError::Io { .. } | StoreError::Journal(_))) => Some(
                "mend that, and run again: what was done is in the journal, and the next run goes on from it"
                    .to_owned(),
            ),
            Self::NobodyToAsk => Some("look at `maps plan`, then give --yes".to_owned()),
            Self::Cloud(maps_rehearsal::Error::AlreadyRunning { .. }) => {
                Some("wait for the other run, or share one cloud: maps cloud serve, then --rehearse=DIR".to_owned())
            }
            Self::Control(_) => Some("is it still served? start it again: maps cloud serve --dir DIR".to_owned()),
            Self::Diagnostics { .. }
            | Self::File { .. }
            | Self::Load(_)
            | Self::Plugin { .. }
            | Self::Inspect(_)
            | Self::Package(_)
            | Self::Declared { .. }
            | Self::Subject(_)
            | Self::Audit(_)
            | Self::Egress(_)
            | Self::Apply(_)
            | Self::Store(_)
            | Self::Cloud(_)
            | Self::Declined
            | Self::Interrupted => None,
        }
    }

    /// The diagnostics, if that is what it is about.
    pub(crate) fn diagnostics(&self) -> Option<(&[Diagnostic], &Sources)> {
        match self {
            Self::Diagnostics { diagnostics, sources } => Some((diagnostics, sources)),
            _ => None,
        }
    }
}

/// Who brings an import that no plugin can have.
fn foreign(import: &str) -> String {
    if import.starts_with("__wbindgen") || import.starts_with("wbg") {
        let who = Guest::who_needs("wasm-bindgen");
        return format!("a dependency expects a browser; `{who}` shows which, and most have a feature to turn off");
    }
    "link what defines it, or take the dependency out that declares it `extern`".to_owned()
}
