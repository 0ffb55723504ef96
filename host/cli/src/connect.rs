//! What connects plugins with the world: the way out, what each plugin may do, and which
//! credentials the host adds for it where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use maps_engine::capability::{CredentialKind, Effective, Manifest};
use maps_engine::expr::{Reference, Scope, Template};
use maps_engine::stack::{AwsDecl, Given, PluginDecl, Signer, Stack};
use maps_engine::{Clock, Journal, Loaded, PluginName, Snapshot, Store, StoreError, Value};
use maps_runtime::audit::{self, Audit};
use maps_runtime::aws::{KeySource, Keys, SpacesKeys};
use maps_runtime::capability::http::{BoundCredential, HttpCapability, HttpLimits};
use maps_runtime::egress::{SystemResolver, Transport};
use maps_runtime::fault::{Fault, Faults};
use maps_runtime::{Plugin, PluginUse};
use maps_store::{FileStore, Location};
use url::Url;

use crate::aws;
use crate::error::Failure;
use crate::rehearse::Endpoints;
use crate::render::summary::Calls;
use crate::spaces;
use crate::stage::Stage;

/// The one way out of a run, and the log of all that takes it.
pub(crate) struct Connection {
    transport: Arc<Transport>,
    /// Keys of AWS by the stack's names, so that each credential is looked for once.
    keys: Mutex<BTreeMap<String, Arc<dyn KeySource>>>,
    audit: Arc<Audit>,
    clock: Arc<dyn Clock>,
}

impl Connection {
    /// To the real network, or to a rehearsal's cloud and nowhere else.
    pub(crate) fn of(stage: &Stage, faults: &[Fault], clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let transport = match &stage.rehearsal {
            None => Transport::live(Arc::new(SystemResolver), []),
            Some(rehearsal) => {
                let Endpoints { hosts, authority } = rehearsal.endpoints()?;
                Transport::rehearsal_of(hosts, authority, Faults::new(faults.to_vec()))?
            }
        };
        Ok(Self { transport, keys: Mutex::default(), audit: Audit::at(audit_log(&stage.location())), clock })
    }

    /// Where every call is recorded.
    pub(crate) fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// A plugin as the stack uses it: declared ∩ granted, with the stack's credentials.
    pub(crate) fn plugin_use(
        &self,
        stage: &Stage,
        name: &PluginName,
        declared: &PluginDecl,
        plugin: &Plugin,
        effective: Effective,
    ) -> Result<PluginUse, Failure> {
        let manifest = &plugin.inspection().manifest;
        let effective = Arc::new(effective);
        let credentials = self.credentials(stage, name, declared, manifest)?;
        if let Some(needed) = effective.rules.iter().find_map(|rule| missing(rule.credential.as_deref(), &credentials))
        {
            let known = stage.stack().credentials.keys().cloned().collect();
            return Err(Failure::NoCredential { plugin: name.clone(), name: needed.to_owned(), known });
        }
        // A plugin without rules has no way out, and so no client.
        let http = match effective.rules.is_empty() {
            true => None,
            false => Some(Arc::new(HttpCapability::new(
                Arc::clone(&effective),
                credentials,
                Arc::clone(&self.transport),
                Arc::clone(&self.clock),
                HttpLimits::default(),
            )?)),
        };
        let folder = Some(stage.layout.folder().to_path_buf());
        Ok(PluginUse { name: name.clone(), effective, http, folder })
    }

    /// The credentials of a plugin, each with the hosts that the stack allows it to be sent to.
    fn credentials(
        &self,
        stage: &Stage,
        plugin: &PluginName,
        declared: &PluginDecl,
        manifest: &Manifest,
    ) -> Result<BTreeMap<String, BoundCredential>, Failure> {
        let stack = stage.stack();
        let mut bound = BTreeMap::new();
        for (asked, given) in &declared.credentials {
            let Some(kind) = manifest.credentials.get(asked).map(|asked| &asked.kind) else {
                let known: Vec<&str> = manifest.credentials.keys().map(String::as_str).collect();
                return Err(Failure::usage_help(
                    format!("the plugin {plugin} asks for no credential {asked}"),
                    format!("it asks for {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }),
                ));
            };
            let Some(credential) = stack.credentials.get(given) else {
                let message = format!("the stack has no credential {given}, which plugin {plugin} is given");
                return Err(Failure::usage(message));
            };
            let hosts = credential.hosts.clone();
            let credential = match (kind, &credential.given) {
                (CredentialKind::Aws { .. }, Given::Aws(declared)) if declared.signer == Signer::Aws => {
                    BoundCredential::aws(self.keys(stage, given, declared)?, hosts)
                }
                (CredentialKind::Spaces, Given::Aws(declared)) if declared.signer == Signer::Spaces => {
                    BoundCredential::aws(self.keys(stage, given, declared)?, hosts)
                }
                (CredentialKind::Spaces, _) => {
                    return Err(Failure::usage_help(
                        format!(
                            "the plugin {plugin} signs calls to Spaces with its credential {asked}, and {given} is no key of theirs"
                        ),
                        format!("write it in the stack as: `{given}: {{from: spaces, region: fra1}}`"),
                    ));
                }
                (CredentialKind::Aws { .. }, _) => {
                    return Err(Failure::usage_help(
                        format!("the plugin {plugin} signs with its credential {asked}, and {given} is no key of AWS"),
                        format!("write it in the stack as: `{given}: {{from: aws}}`"),
                    ));
                }
                (_, Given::Aws(_)) => {
                    return Err(Failure::usage_help(
                        format!("the plugin {plugin} sends its credential {asked}, and {given} are keys that sign"),
                        "keys sign requests and are never sent: give it a credential with a `value`",
                    ));
                }
                (_, Given::Value(value)) => {
                    let value = value.evaluate(&Inputs(stack)).map_err(|diagnostic| Failure::Diagnostics {
                        diagnostics: vec![diagnostic],
                        sources: stage.file.sources.clone(),
                    })?;
                    BoundCredential::text(value.secret(), hosts)
                }
            };
            bound.insert(asked.clone(), credential);
        }
        Ok(bound)
    }

    fn keys(&self, stage: &Stage, name: &str, declared: &AwsDecl) -> Result<Arc<dyn KeySource>, Failure> {
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = known.get(name) {
            return Ok(Arc::clone(source));
        }
        let source = keys(stage, name, declared)?;
        known.insert(name.to_owned(), Arc::clone(&source));
        Ok(source)
    }

    /// How many calls left for a cloud.
    pub(crate) fn calls(&self) -> Calls {
        let (read, write) = self.transport.counts().get();
        Calls { read, write }
    }
}

/// The audit log of a state.
pub(crate) fn audit_log(location: &Location) -> PathBuf {
    location.dir().join("audit.jsonl")
}

/// Is the audit log still there that a state was saved with? One that was emptied or cut would let
/// a run go on as if nothing had been done before.
pub(crate) fn hold_log(location: &Location, loaded: &Loaded) -> Result<(), Failure> {
    match &loaded.snapshot.audit {
        Some(anchor) => Ok(audit::check_anchor(&audit_log(location), anchor)?),
        None => Ok(()),
    }
}

/// The credential that a rule needs, if the plugin was not given it.
fn missing<'a>(needed: Option<&'a str>, given: &BTreeMap<String, BoundCredential>) -> Option<&'a str> {
    needed.filter(|name| !given.contains_key(*name))
}

/// A text of the stack, evaluated; none where there is nothing in it.
fn text(stage: &Stage, template: Option<&Template>) -> Result<Option<String>, Failure> {
    let Some(template) = template else { return Ok(None) };
    let value = template.evaluate(&Inputs(stage.stack())).map_err(|diagnostic| Failure::Diagnostics {
        diagnostics: vec![diagnostic],
        sources: stage.file.sources.clone(),
    })?;
    Ok(value.revealed().as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

/// What the stack says of its keys of AWS. A rehearsal has the cloud's own, and never asks the environment.
fn keys(stage: &Stage, name: &str, declared: &AwsDecl) -> Result<Arc<dyn KeySource>, Failure> {
    let region = text(stage, declared.region.as_ref())?;
    let of_spaces = match (declared.signer, region.clone()) {
        (Signer::Aws, _) => None,
        (Signer::Spaces, Some(region)) => Some(region),
        (Signer::Spaces, None) => {
            let help = "set the input that it comes from, or write for example `region: fra1`";
            return Err(Failure::usage_help(format!("the credential {name} has no region of Spaces"), help));
        }
    };
    if let Some(rehearsal) = &stage.rehearsal {
        return Ok(match of_spaces {
            Some(region) => Arc::new(rehearsal.spaces(region)?),
            None => Arc::new(rehearsal.aws(region)?),
        });
    }
    let endpoint = text(stage, declared.endpoint.as_ref())?;
    let endpoint = endpoint.map(|text| Url::parse(&text)).transpose();
    let endpoint = endpoint.map_err(|_| Failure::usage(format!("the endpoint of the credential {name} is no URL")))?;
    let keys = match &declared.access_key {
        None => None,
        Some(key) => {
            let (id, secret) = (text(stage, Some(&key.id))?, text(stage, Some(&key.secret))?);
            let (Some(id), Some(secret)) = (id, secret) else {
                let help =
                    "set the inputs that its key comes from, or leave the key out: then it is found in the environment";
                return Err(Failure::usage_help(format!("the credential {name} has an empty key"), help));
            };
            Some(Arc::new(Keys::new(id, secret, text(stage, key.session_token.as_ref())?)))
        }
    };
    if let Some(region) = of_spaces {
        return Ok(match keys {
            Some(keys) => Arc::new(SpacesKeys { keys, region }),
            None => Arc::new(spaces::Environment { region }),
        });
    }
    let given = aws::Given { profile: text(stage, declared.profile.as_ref())?, region, endpoint, keys };
    Ok(Arc::new(aws::Chain::new(given)))
}

/// What a credential may be made of: the stack's inputs.
struct Inputs<'a>(&'a Stack);

impl Scope for Inputs<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.inputs.get(name).cloned(),
            Reference::Resource(..) | Reference::Output(_) => None,
        }
    }
}

/// State whose snapshots carry the head of the audit log, so that a log that was cut or rewritten
/// is found out.
pub(crate) struct Anchored {
    pub(crate) store: FileStore,
    pub(crate) audit: Arc<Audit>,
}

#[async_trait]
impl Store for Anchored {
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.store.load().await
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.store.journal()
    }

    async fn commit(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let head = self.audit.head().await;
        let head = head.map_err(|error| StoreError::Io { doing: "written", message: error.to_string() })?;
        self.store.commit(&Snapshot { audit: Some(head), ..snapshot.clone() }).await
    }
}
