//! Where laws are tried: with which cloud, and which hosts lead to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use maps_engine::Value;
use maps_engine::capability::{CredentialKind, Manifest, Rule};
use maps_rehearsal::{AwsLimits, Cloud, CloudFile, Declaration, Exchange, Options, Running};
use maps_runtime::aws::{Fixed, KeySource, Keys, SpacesKeys};
use maps_runtime::capability::http::BoundCredential;
use maps_runtime::egress::{Scheme, Transport};
use maps_runtime::fault::Faults;

use crate::clock::CloudClock;
use crate::fixture::Fixture;
use crate::verdict::{Kept, Stop, untried};

/// The region of AWS in which laws are tried, where a host names none.
const REGION: &str = "us-east-1";

/// The region of Spaces in which laws are tried.
const SPACES_REGION: &str = "fra1";

/// Where laws are tried.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where compiled plugins are kept, since a compilation costs more than a trial.
    pub cache_dir: Option<PathBuf>,
    /// Whom the plugin talks to.
    pub peer: Peer,
}

/// Whom a plugin talks to while it is tried.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A local cloud for each trial, in virtual time, which also plays what is declared.
    Rehearsal {
        /// What is declared.
        declared: Vec<Declaration>,
        /// Who is told of all that goes over the wire.
        exchanges: Option<Sender<Exchange>>,
    },
    /// The author's own fake of the service, in its own time.
    Fake(Fake),
}

/// A fake of a service that listens on this machine.
#[derive(Clone, Debug)]
pub struct Fake {
    /// Where each host of the plugin's rules is.
    pub hosts: BTreeMap<String, (SocketAddr, Scheme)>,
    /// The certificate authority to trust there, as PEM; may be empty.
    pub authority: Vec<u8>,
    /// Values for credentials, by the manifest's names for them; what is missing is made up. Keys of AWS
    /// are `ID:SECRET`.
    pub credentials: BTreeMap<String, String>,
}

/// The cloud of one trial.
pub(crate) enum Standing {
    Local(Box<Running>),
    Fake,
}

/// A cloud that stands, and how it is reached.
pub(crate) struct Ready {
    pub(crate) standing: Standing,
    pub(crate) clock: CloudClock,
    pub(crate) transport: Arc<Transport>,
    /// By the manifest's names.
    pub(crate) credentials: BTreeMap<String, BoundCredential>,
    /// Their values, to be looked for everywhere.
    pub(crate) secrets: Vec<String>,
    /// The kubeconfig of a cluster, where one is asked for.
    pub(crate) kubeconfig: Option<String>,
}

impl Peer {
    /// Starts what has to be started.
    pub(crate) async fn ready(&self, dir: PathBuf, manifest: &Manifest, fixture: &Fixture) -> Kept<Ready> {
        match self {
            Self::Rehearsal { declared, exchanges } => {
                let (declared, exchanges) = (declared.clone(), exchanges.clone());
                // Nothing here has patience: that is the engine's part.
                let aws = AwsLimits { route53_per_second: 0 };
                let standing_cluster = fixture.wants_cluster();
                let standing_objects = fixture.objects.clone();
                let clouds = Options { aws, standing_cluster, standing_objects, ..Options::new(dir.clone()) };
                let options = Options { declared, exchanges, ..clouds };
                let cloud = Cloud::start(options).await.map_err(untried("the local cloud does not start"))?;
                local(cloud, &dir, manifest, fixture)
            }
            Self::Fake(fake) => fake.ready(manifest),
        }
    }
}

fn local(cloud: Running, folder: &Path, manifest: &Manifest, fixture: &Fixture) -> Kept<Ready> {
    let file = cloud.file();
    let hosts: Vec<String> = file.hosts.keys().cloned().collect();
    let mut bound = Bound { hosts: hosts.clone(), ..Bound::default() };
    for (asked, declared) in &manifest.credentials {
        if let (CredentialKind::Aws { .. }, Some(key)) = (&declared.kind, &file.credentials.aws) {
            bound.add_aws(asked, &key.access_key_id, &key.secret_access_key);
            continue;
        }
        if let (CredentialKind::Spaces, Some(key)) = (&declared.kind, &file.credentials.spaces) {
            bound.add_spaces(asked, &key.access_key_id, &key.secret_access_key);
            continue;
        }
        let given = match fixture.credentials.get(asked).map(String::as_str) {
            Some("digitalocean") => Some("api.digitalocean.com"),
            Some(host) => Some(host),
            // The host that the credential's rules name.
            None => {
                let mut rules = manifest.rules.iter().filter(|rule| rule.credential.as_ref() == Some(asked));
                let named = |rule: &Rule| {
                    let url = &rule.http()?.url;
                    hosts.iter().find(|host| url.names_host(host))
                };
                rules.find_map(named).map(String::as_str)
            }
        };
        match given.and_then(|host| file.token_for(host)) {
            Some(token) => bound.add(asked, token),
            // Then the rules that need it are not tried.
            None if declared.optional => {}
            None => {
                let why = "the local cloud demands no credential at the hosts of its rules";
                return Err(Stop::Untried(format!("there is nothing to give for the credential {asked}: {why}")));
            }
        }
    }
    let broken = untried("the local cloud's description names no address");
    let told = |file: &CloudFile| -> Result<Vec<(String, SocketAddr)>, std::net::AddrParseError> {
        file.hosts.iter().map(|(host, at)| Ok((host.clone(), at.parse()?))).collect()
    };
    let first = told(file).map_err(broken)?;
    let watched = folder.to_path_buf();
    // Those of clusters come and go.
    let hosts =
        move || CloudFile::read(&watched).ok().and_then(|file| told(&file).ok()).unwrap_or_else(|| first.clone());
    let authority = std::fs::read(&file.ca).map_err(untried("the local cloud's authority cannot be read"))?;
    let transport = Transport::rehearsal_of(Box::new(hosts), authority, Faults::new(Vec::new()))
        .map_err(untried("there is no way to the local cloud"))?;
    let clock = CloudClock::of(file)?;
    let kubeconfig = if fixture.wants_cluster() { Some(kubeconfig(folder)?) } else { None };
    Ok(Ready {
        kubeconfig,
        clock,
        transport,
        credentials: bound.credentials,
        secrets: bound.secrets,
        standing: Standing::Local(Box::new(cloud)),
    })
}

/// The kubeconfig of the standing cluster, by the name of its host: a plugin is let to no address of this machine.
fn kubeconfig(folder: &Path) -> Kept<String> {
    let file = CloudFile::read(folder).map_err(untried("the local cloud's description cannot be read"))?;
    let path = file.kubeconfig.as_ref().ok_or_else(|| Stop::Untried("no cluster stands".to_owned()))?;
    let text = std::fs::read_to_string(path).map_err(untried("the cluster's kubeconfig cannot be read"))?;
    let named = file.hosts.iter().find(|(_, at)| text.contains(&format!("https://{at}\n")));
    let (host, at) = named.ok_or_else(|| Stop::Untried("no host leads to the cluster".to_owned()))?;
    Ok(text.replace(&format!("https://{at}\n"), &format!("https://{host}\n")))
}

impl Fake {
    fn ready(&self, manifest: &Manifest) -> Kept<Ready> {
        let mut bound = Bound { hosts: self.hosts.keys().cloned().collect(), ..Bound::default() };
        for (asked, declared) in &manifest.credentials {
            let made_up = format!("made-up-{}", "5".repeat(32));
            let value = self.credentials.get(asked).unwrap_or(&made_up);
            match &declared.kind {
                CredentialKind::Aws { .. } => {
                    let (id, secret) = value.split_once(':').unwrap_or(("AKIAMADEUP0000000000", value));
                    bound.add_aws(asked, id, secret);
                }
                CredentialKind::Spaces => {
                    let (id, secret) = value.split_once(':').unwrap_or(("DO00MADEUP0000000000", value));
                    bound.add_spaces(asked, id, secret);
                }
                CredentialKind::Bearer | CredentialKind::Basic | CredentialKind::Header { .. } => {
                    bound.add(asked, value);
                }
            }
        }
        let hosts = self.hosts.iter().map(|(host, (at, scheme))| (host.clone(), *at, *scheme));
        let transport =
            Transport::stand_in(hosts, self.authority.clone()).map_err(untried("there is no way to the fake"))?;
        Ok(Ready {
            kubeconfig: None,
            clock: CloudClock::real(),
            transport,
            credentials: bound.credentials,
            secrets: bound.secrets,
            standing: Standing::Fake,
        })
    }
}

/// Credentials as they are given to a plugin's use.
#[derive(Default)]
struct Bound {
    hosts: Vec<String>,
    credentials: BTreeMap<String, BoundCredential>,
    secrets: Vec<String>,
}

impl Bound {
    fn add(&mut self, asked: &str, value: &str) {
        let secret = BoundCredential::text(Value::from(value).secret(), self.hosts.clone());
        self.credentials.insert(asked.to_owned(), secret);
        self.secrets.push(value.to_owned());
    }

    fn add_aws(&mut self, asked: &str, id: &str, secret: &str) {
        let keys = Arc::new(Keys::new(id.to_owned(), secret.to_owned(), None));
        self.add_keys(asked, Arc::new(Fixed { keys, region: Some(REGION.to_owned()), endpoint: None }), secret);
    }

    fn add_spaces(&mut self, asked: &str, id: &str, secret: &str) {
        let keys = Arc::new(Keys::new(id.to_owned(), secret.to_owned(), None));
        self.add_keys(asked, Arc::new(SpacesKeys { keys, region: SPACES_REGION.to_owned() }), secret);
    }

    fn add_keys(&mut self, asked: &str, source: Arc<dyn KeySource>, secret: &str) {
        self.credentials.insert(asked.to_owned(), BoundCredential::aws(source, self.hosts.clone()));
        self.secrets.push(secret.to_owned());
    }
}
