//! What connects plugins with the world: the way out, what each plugin may do, and which
//! credentials the host adds for it where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::capability::{Effective, Manifest};
use maps_engine::expr::{Reference, Scope};
use maps_engine::stack::{PluginDecl, Stack};
use maps_engine::{Clock, Journal, Loaded, PluginName, Snapshot, Store, StoreError, Value};
use maps_runtime::audit::{self, Audit};
use maps_runtime::capability::http::{BoundCredential, HttpCapability, HttpLimits};
use maps_runtime::egress::{SystemResolver, Transport};
use maps_runtime::fault::{Fault, Faults};
use maps_runtime::{Plugin, PluginUse};
use maps_store::{FileStore, Location};

use crate::error::Failure;
use crate::rehearse::Endpoints;
use crate::render::summary::Calls;
use crate::stage::Stage;

/// The one way out of a run, and the log of all that takes it.
pub(crate) struct Connection {
    transport: Arc<Transport>,
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
                Transport::rehearsal(hosts, authority, Faults::new(faults.to_vec()))?
            }
        };
        Ok(Self { transport, audit: Audit::at(audit_log(&stage.location())), clock })
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
        let credentials = credentials(stage, name, declared, manifest)?;
        if let Some(needed) = effective.http.iter().find_map(|rule| missing(rule.credential.as_deref(), &credentials)) {
            let known = stage.stack().credentials.keys().cloned().collect();
            return Err(Failure::NoCredential { plugin: name.clone(), name: needed.to_owned(), known });
        }
        // A plugin without rules has no way out, and so no client.
        let http = match effective.http.is_empty() {
            true => None,
            false => Some(Arc::new(HttpCapability::new(
                Arc::clone(&effective),
                credentials,
                Arc::clone(&self.transport),
                Arc::clone(&self.clock),
                HttpLimits::default(),
            )?)),
        };
        Ok(PluginUse { name: name.clone(), effective, http })
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

/// The credentials of a plugin, each with the hosts that the stack allows it to be sent to.
fn credentials(
    stage: &Stage,
    plugin: &PluginName,
    declared: &PluginDecl,
    manifest: &Manifest,
) -> Result<BTreeMap<String, BoundCredential>, Failure> {
    let stack = stage.stack();
    let mut bound = BTreeMap::new();
    for (asked, given) in &declared.credentials {
        if !manifest.credentials.contains_key(asked) {
            let known: Vec<&str> = manifest.credentials.keys().map(String::as_str).collect();
            return Err(Failure::usage_help(
                format!("the plugin {plugin} asks for no credential {asked}"),
                format!("it asks for {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }),
            ));
        }
        let Some(credential) = stack.credentials.get(given) else {
            return Err(Failure::usage(format!("the stack has no credential {given}, which plugin {plugin} is given")));
        };
        let value = credential.value.evaluate(&Inputs(stack)).map_err(|diagnostic| Failure::Diagnostics {
            diagnostics: vec![diagnostic],
            sources: stage.file.sources.clone(),
        })?;
        bound.insert(asked.clone(), BoundCredential { value: value.secret(), hosts: credential.hosts.clone() });
    }
    Ok(bound)
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
