//! Starting and stopping a local cloud.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::aws::{self, AwsLimits};
use crate::charts::Charts;
use crate::clock::{Now, Offset};
use crate::control;
use crate::counts::{self, Counter};
use crate::declared::{Credential, Declaration, Declared, ServiceModel};
use crate::digitalocean::{self, DigitalOcean};
use crate::directory::{
    AccessKeyFile, CloudFile, CredentialsFile, Directory, SpacesKeyFile, TokenFile, write_atomically,
};
use crate::entropy;
use crate::error::Error;
use crate::fault::{Fault, FaultPlans};
use crate::inventory::STATE_FILE;
use crate::kubernetes::{self, Clusters};
use crate::server::{self, CLOCK, Exchange, Shared};
use crate::service::Service;
use crate::store::Store;
use crate::tls::Authority;

/// How a local cloud is to be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps its state; made where needed.
    pub dir: PathBuf,
    /// What goes wrong from the first request on.
    pub faults: Vec<Fault>,
    /// How many requests it takes.
    pub limits: RateLimits,
    /// Who is told of every exchange that is not refused before it is read.
    pub exchanges: Option<Sender<Exchange>>,
    /// How many requests a second AWS's services take.
    pub aws: AwsLimits,
    /// What plugins declare of services that it is to play too.
    pub declared: Vec<Declaration>,
    /// Whether a cluster stands there from the start, beside those that DigitalOcean's API makes.
    pub standing_cluster: bool,
    /// Objects that the standing cluster has from the start, in the order in which they can be made.
    pub standing_objects: Vec<serde_json::Value>,
}

impl Options {
    /// A cloud in this directory, without faults and with DigitalOcean's own limits.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            faults: Vec::new(),
            limits: RateLimits::default(),
            exchanges: None,
            aws: AwsLimits::default(),
            declared: Vec::new(),
            standing_cluster: false,
            standing_objects: Vec::new(),
        }
    }
}

/// Request limits of DigitalOcean's API, held in virtual time and counted anew at each start; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests an hour.
    pub hourly: u32,
    /// Requests a minute.
    pub per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { hourly: 5000, per_minute: 250 }
    }
}

/// How long work that no client waits for may take when the cloud stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The local cloud.
#[derive(Debug, Clone, Copy)]
pub struct Cloud;

/// The planted secrets, made at the first start and kept.
#[derive(Debug, Serialize, Deserialize)]
struct Secrets {
    control_token: String,
    digitalocean_token: String,
}

/// Where the store keeps them.
const SECRETS: (&str, &str) = ("cloud", "secrets");

impl Cloud {
    /// Opens the directory, listens on loopback ports of the system's choice, and writes `cloud.json`.
    ///
    /// It serves until [`Running`] is shut down or dropped. A directory that
    /// another server holds is refused.
    pub async fn start(options: Options) -> Result<Running, Error> {
        let standing = options.standing_cluster.then(|| options.standing_objects.clone());
        let opened = tokio::task::spawn_blocking(move || Opened::open(&options));
        let opened = opened.await.map_err(|join| Error::io("open", "the cloud")(std::io::Error::other(join)))??;
        let Opened { authority, shared, secrets, planted, spaces, declared, services, endpoints } = opened;

        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut hosts = BTreeMap::new();
        let reached: Arc<[Arc<dyn Service>]> = services.clone().into();
        for service in services {
            let (listener, address) = listen().await?;
            hosts.extend(service.hosts().iter().map(|host| ((*host).to_owned(), address.clone())));
            let acceptor = TlsAcceptor::from(authority.server(&service.hosts())?);
            tasks.spawn(server::serve(listener, Some(acceptor), Arc::clone(&shared), service, stopping.clone()));
        }
        let mut plain = Vec::new();
        for endpoint in endpoints {
            let (listener, address) = listen().await?;
            plain.push(format!("http://{address}"));
            tasks.spawn(server::serve(listener, None, Arc::clone(&shared), endpoint, stopping.clone()));
        }
        let mut plain = plain.into_iter();
        let (listener, address) = listen().await?;
        let token = Arc::from(secrets.control_token.as_str());
        tasks.spawn(control::serve(listener, Arc::clone(&shared), token, stopping.clone()));

        let file = CloudFile {
            version: CloudFile::VERSION,
            pid: std::process::id(),
            control: format!("http://{address}"),
            control_token: secrets.control_token,
            ca: Authority::certificate_path(shared.directory()),
            hosts,
            aws_endpoint_url: plain.next(),
            charts_url: plain.next(),
            credentials: CredentialsFile {
                digitalocean: TokenFile { token: secrets.digitalocean_token },
                aws: Some(AccessKeyFile {
                    account_id: planted.account,
                    access_key_id: planted.access_key_id,
                    secret_access_key: planted.secret_access_key,
                }),
                spaces: Some(spaces),
                declared,
            },
            kubeconfig: None,
        };
        let clusters = Clusters::new(file, reached, authority.clone(), stopping);
        if let Some(objects) = standing {
            stand(&shared, &clusters, &authority, objects).await?;
        }
        let clusters = shared.clusters.get_or_init(|| clusters);
        clusters.follow(&shared).await;
        clusters.file().write(shared.directory().path())?;
        tasks.spawn(tick(Arc::downgrade(&shared)));
        Ok(Running { file: clusters.file(), stop, tasks, shared })
    }
}

/// How often controllers of clusters look whether real time has made anything due.
const TICK: Duration = Duration::from_millis(200);

/// Lets clusters go on by themselves, since real time counts as virtual time too.
async fn tick(shared: Weak<Shared>) {
    let mut every = tokio::time::interval(TICK);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        let ticked = tokio::task::spawn_blocking(move || {
            if let Some(clusters) = shared.clusters.get() {
                clusters.tick();
            }
        });
        // A controller that fails is tried again.
        let _ = ticked.await;
    }
}

/// Serves the standing cluster and writes its kubeconfig.
async fn stand(
    shared: &Arc<Shared>,
    clusters: &Clusters,
    authority: &Authority,
    objects: Vec<serde_json::Value>,
) -> Result<(), Error> {
    let identity = kubernetes::standing(shared, authority, objects)?;
    let token = identity.token.clone();
    let address = clusters.serve(shared, identity, kubernetes::standing_nodes()).await?;
    let ca = STANDARD.encode(authority.certificate_pem());
    let text = format!(
        "apiVersion: v1\nkind: Config\n\
         clusters:\n- name: standing\n  cluster:\n    server: https://{address}\n    certificate-authority-data: {ca}\n\
         users:\n- name: admin\n  user:\n    token: {token}\n\
         contexts:\n- name: standing\n  context:\n    cluster: standing\n    user: admin\n\
         current-context: standing\n"
    );
    let path = shared.directory().file("kubeconfig");
    write_atomically(&path, text.as_bytes())?;
    clusters.tell(|file| file.kubeconfig = Some(path));
    Ok(())
}

async fn listen() -> Result<(TcpListener, String), Error> {
    let listening = async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        Ok((listener, address))
    };
    listening.await.map_err(Error::io("listen on", "127.0.0.1"))
}

/// A cloud whose files are open and whose sockets are not.
struct Opened {
    authority: Authority,
    shared: Arc<Shared>,
    secrets: Secrets,
    planted: aws::Planted,
    spaces: SpacesKeyFile,
    declared: BTreeMap<String, TokenFile>,
    services: Vec<Arc<dyn Service>>,
    endpoints: [Arc<dyn Service>; 2],
}

impl Opened {
    fn open(options: &Options) -> Result<Self, Error> {
        let directory = Directory::open(&options.dir)?;
        let authority = Authority::open(&directory)?;
        let state = directory.file(STATE_FILE);
        let mut store = Store::open(&state)?;
        let secrets = plant(&mut store, &state)?;
        let offset: Offset = get(&store, &state, CLOCK)?.unwrap_or_default();
        let counter = Counter::open(&directory.file(counts::FILE))?;
        let planted = plant_aws(&mut store, &state, Now::read(offset))?;
        let spaces = plant_spaces(&mut store, &state, Now::read(offset))?;
        let (mut services, endpoints) = services(options, &secrets, &planted);
        let mut declared = BTreeMap::new();
        for model in hosts_once(&options.declared)? {
            let token = plant_for(&mut store, &state, &model.host, model.credential.as_ref())?;
            if model.credential.is_some() {
                declared.insert(model.host.clone(), TokenFile { token: token.clone() });
            }
            services.push(Arc::new(Declared::new(model.clone(), token)));
        }
        let named = services.iter().map(|service| service.name()).chain([
            kubernetes::NAME,
            kubernetes::CONTROLLERS,
            kubernetes::WEBHOOKS,
        ]);
        let mut faults = FaultPlans::of(named);
        faults.set(options.faults.clone())?;
        let shared = Arc::new(Shared::new(directory, store, offset, counter, faults, options.exchanges.clone()));
        Ok(Self { authority, shared, secrets, planted, spaces, declared, services, endpoints })
    }
}

/// A service.
type Played = Arc<dyn Service>;

/// Every service of the cloud, another one is added here; and the two that serve many hosts at one address: AWS's
/// and the chart repositories'.
fn services(options: &Options, secrets: &Secrets, planted: &aws::Planted) -> (Vec<Played>, [Played; 2]) {
    let (mut services, endpoint) = aws::services(&Arc::new(aws::Account::new(planted)), options.aws);
    services.insert(0, Arc::new(DigitalOcean::new(&secrets.digitalocean_token, options.limits)));
    let (charts, charts_endpoint) = Charts::services();
    services.push(charts);
    (services, [endpoint, charts_endpoint])
}

/// What the account at AWS has from the start, made if it is not there yet.
fn plant_aws(store: &mut Store, path: &Path, now: Now) -> Result<aws::Planted, Error> {
    let mut transaction = store.begin();
    let planted = aws::plant(&mut transaction, now).map_err(|error| match error {
        aws::PlantError::Shape => Error::Version { path: path.to_owned() },
        aws::PlantError::Entropy(source) => Error::Entropy(source),
    })?;
    let changes = transaction.into_changes();
    store.commit(changes)?;
    Ok(planted)
}

/// The operator's key of Spaces, made if there is none yet.
fn plant_spaces(store: &mut Store, path: &Path, now: Now) -> Result<SpacesKeyFile, Error> {
    let mut transaction = store.begin();
    let planted = digitalocean::plant_spaces(&mut transaction, now).map_err(|refused| match refused {
        digitalocean::Refused::Shape => Error::Version { path: path.to_owned() },
        digitalocean::Refused::Entropy(source) => Error::Entropy(source),
    })?;
    let changes = transaction.into_changes();
    store.commit(changes)?;
    let (access_key_id, secret_access_key) = planted;
    Ok(SpacesKeyFile { access_key_id, secret_access_key })
}

/// What is declared, one service a host. The same plugin may come more than once.
fn hosts_once(declared: &[Declaration]) -> Result<Vec<&ServiceModel>, Error> {
    let mut played: BTreeMap<&str, (&Declaration, &ServiceModel)> = BTreeMap::new();
    for declaration in declared {
        for service in &declaration.services {
            match played.insert(&service.host, (declaration, service)) {
                Some((earlier, _)) if earlier != declaration => {
                    return Err(Error::HostTaken {
                        host: service.host.clone(),
                        one: earlier.plugin.clone(),
                        other: declaration.plugin.clone(),
                    });
                }
                _ => {}
            }
        }
    }
    Ok(played.into_values().map(|(_, service)| service).collect())
}

/// The planted secret of a declared service, made if there is none yet.
fn plant_for(store: &mut Store, path: &Path, host: &str, credential: Option<&Credential>) -> Result<String, Error> {
    let key = format!("secret of {host}");
    let kept: Option<String> = get(store, path, (SECRETS.0, &key))?;
    // A basic credential has a user before its colon, and any other one has none.
    if let Some(kept) = kept.filter(|kept| kept.contains(':') == (credential == Some(&Credential::Basic))) {
        return Ok(kept);
    }
    let secret = match credential {
        Some(Credential::Basic) => format!("rehearsal:{}", entropy::hex(20)?),
        _ => entropy::hex(20)?,
    };
    keep(store, &key, &secret)?;
    Ok(secret)
}

/// Stores a document of the cloud itself.
fn keep(store: &mut Store, key: &str, document: &impl Serialize) -> Result<(), Error> {
    let mut transaction = store.begin();
    transaction
        .put(SECRETS.0, key, document)
        .map_err(|e| Error::io("write", "the secrets")(std::io::Error::other(e)))?;
    let changes = transaction.into_changes();
    store.commit(changes)
}

/// A document of the cloud itself.
fn get<T: DeserializeOwned>(store: &Store, path: &Path, (collection, key): (&str, &str)) -> Result<Option<T>, Error> {
    store.documents().get(collection, key).map_err(|_| Error::Version { path: path.to_owned() })
}

/// The planted secrets of a cloud, made if there are none yet.
fn plant(store: &mut Store, path: &Path) -> Result<Secrets, Error> {
    if let Some(secrets) = get(store, path, SECRETS)? {
        return Ok(secrets);
    }
    let secrets =
        Secrets { control_token: entropy::hex(32)?, digitalocean_token: format!("dop_v1_{}", entropy::hex(32)?) };
    keep(store, SECRETS.1, &secrets)?;
    Ok(secrets)
}

/// A cloud that serves; dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    file: CloudFile,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

impl Running {
    /// What `cloud.json` says: hosts, control endpoint, authority, credentials.
    pub fn file(&self) -> &CloudFile {
        &self.file
    }

    /// The directory, as an absolute path.
    pub fn dir(&self) -> &Path {
        self.shared.directory().path()
    }

    /// Lets the answers in flight leave, takes `cloud.json` away, and frees the directory.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        // It fails only when nothing listens any more, which is what is wanted.
        let _ = self.stop.send(true);
        if let Some(clusters) = self.shared.clusters.get() {
            clusters.ended().await;
        }
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        // What a client asked for and did not wait for is finished too.
        let _closed = self.shared.gate.close(STOP_LIMIT).await;
        let path = CloudFile::path(self.shared.directory().path());
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(source)),
            _ => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The others end with `tasks`.
        if let Some(clusters) = self.shared.clusters.get() {
            clusters.abort();
        }
    }
}
