//! A rehearsal: which local cloud, how it is reached, and what is planted for want of real secrets.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::stack::Stack;
use maps_rehearsal::{Cloud, CloudFile, Declaration, Options, Running};
use maps_runtime::aws::{Fixed, Keys, SpacesKeys};
use maps_runtime::egress::HostSource;

use crate::args::Rehearse;
use crate::cloud::{self, Control};
use crate::error::Failure;
use crate::layout::{Layout, Named};
use crate::plant;
use crate::stackfile;

/// The region of AWS in a rehearsal, where neither host nor stack names one.
const REGION: &str = "us-east-1";

/// Keep what an earlier rehearsal left, or forget it first?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// Keep it.
    Kept,
    /// `--fresh`.
    Forgotten,
}

/// How a cloud is reached.
pub(crate) struct Endpoints {
    /// Says where each logical host really is by now: clusters come and go.
    pub(crate) hosts: HostSource,
    /// The certificate authority to trust there, as PEM.
    pub(crate) authority: Vec<u8>,
}

/// A local cloud to rehearse with.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    /// The cloud, if it is this process's own.
    own: Option<Running>,
    file: CloudFile,
    control: Arc<Control>,
    /// Where its cloud.json is.
    folder: PathBuf,
    state: PathBuf,
}

impl Rehearsal {
    /// Starts a cloud of its own, or finds the one that is served. What the plugins declare is asked
    /// for only where this process plays it.
    pub(crate) async fn start(
        which: &Rehearse,
        layout: &Layout,
        stack: &Named<'_>,
        past: Past,
        declared: impl FnOnce() -> Result<Vec<Declaration>, Failure>,
    ) -> Result<Self, Failure> {
        let (own, file, folder, state) = match which {
            Rehearse::InProcess => {
                let (dir, state) = (layout.own_cloud(stack), layout.own_cloud_state(stack));
                let declared = declared()?;
                if past == Past::Forgotten {
                    forget_cloud(&dir).await?;
                }
                let own = Cloud::start(Options { declared, ..Options::new(dir.clone()) }).await?;
                let file = own.file().clone();
                (Some(own), file, dir, state)
            }
            Rehearse::Served(dir) => {
                let file = cloud::served(dir)?;
                let authority = std::fs::read(&file.ca).map_err(Failure::file(&file.ca))?;
                (None, file, dir.clone(), layout.served_cloud_state(stack, &authority))
            }
        };
        let control = Arc::new(Control::of(&file)?);
        if own.is_none() {
            control.answers().await?;
        }
        if past == Past::Forgotten {
            remove(&state)?;
        }
        Ok(Self { own, file, control, folder, state })
    }

    /// Where the state of this rehearsal lies.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Where each host of the cloud really is, and the certificate authority to trust there.
    pub(crate) fn endpoints(&self) -> Result<Endpoints, Failure> {
        let told = |file: &CloudFile| -> Option<Vec<(String, SocketAddr)>> {
            file.hosts.iter().map(|(host, address)| Some((host.clone(), address.parse().ok()?))).collect()
        };
        let first = told(&self.file)
            .ok_or_else(|| Failure::usage(format!("the cloud.json of {} names no address", self.file.control)))?;
        let folder = self.folder.clone();
        // A file that is just being replaced, or of a cloud that has ended, tells nothing new.
        let hosts: HostSource =
            Box::new(move || cloud::served(&folder).ok().as_ref().and_then(told).unwrap_or_else(|| first.clone()));
        let authority = std::fs::read(&self.file.ca).map_err(Failure::file(&self.file.ca))?;
        Ok(Endpoints { hosts, authority })
    }

    /// Is the cloud this process's own?
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Its control port.
    pub(crate) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// The value of a secret input: the cloud's own token where the input feeds a credential for
    /// one of its hosts, otherwise one that looks real.
    pub(crate) fn planted(&self, stack: &Stack, input: &str) -> String {
        let hosts = stackfile::inputs_of_credentials(stack).remove(input).unwrap_or_default();
        match hosts.iter().find_map(|host| self.file.token_for(host)) {
            Some(token) => token.to_owned(),
            None => plant::secret(cloud::seed(&self.file), &stack.name, input),
        }
    }

    /// The cloud's own keys of AWS, whatever the stack and the environment have.
    pub(crate) fn aws(&self, region: Option<String>) -> Result<Fixed, Failure> {
        let Some(key) = &self.file.credentials.aws else {
            return Err(Failure::usage_help(
                format!("the local cloud at {} has no keys of AWS", self.file.control),
                "it is of an older maps: start it anew with `maps cloud serve`",
            ));
        };
        let keys = Arc::new(Keys::new(key.access_key_id.clone(), key.secret_access_key.clone(), None));
        Ok(Fixed { keys, region: region.or_else(|| Some(REGION.to_owned())), endpoint: None })
    }

    /// The cloud's own keys of Spaces, whatever the stack and the environment have.
    pub(crate) fn spaces(&self, region: String) -> Result<SpacesKeys, Failure> {
        let Some(key) = &self.file.credentials.spaces else {
            return Err(Failure::usage_help(
                format!("the local cloud at {} has no keys of Spaces", self.file.control),
                "it is of an older maps: start it anew with `maps cloud serve`",
            ));
        };
        let keys = Arc::new(Keys::new(key.access_key_id.clone(), key.secret_access_key.clone(), None));
        Ok(SpacesKeys { keys, region })
    }

    /// Ends the cloud, if it is this process's own.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        match self.own {
            Some(own) => Ok(own.shutdown().await?),
            None => Ok(()),
        }
    }
}

/// Removes a cloud's folder, unless another process is using it. A damaged one goes too: that is
/// what `--fresh` is for.
async fn forget_cloud(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() {
        match Cloud::start(Options::new(dir)).await {
            Ok(running) => running.shutdown().await?,
            Err(error @ maps_rehearsal::Error::AlreadyRunning { .. }) => return Err(error.into()),
            Err(_) => {}
        }
    }
    remove(dir)
}

fn remove(dir: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file(dir)(error)),
        _ => Ok(()),
    }
}
