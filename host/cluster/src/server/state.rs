//! All that a cluster is: its objects, what is served, and who works on them.

use std::io;
use std::sync::Arc;

use serde_json::Value;

use super::Options;
use super::logs::Logs;
use super::moment::Moment;
use super::random::Random;
use super::view::Shown;
use super::write::{self, Write};
use crate::apply::Operation;
use crate::auth::{Keys, MASTERS, User};
use crate::controllers::{self, Controllers};
use crate::kinds::service_address::{Used, allocate};
use crate::outside::Outside;
use crate::registry::{Registry, Resource};
use crate::status::Refusal;
use crate::store::{Change, Persist, Store};

/// Where definitions are kept.
const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";
/// Where Nodes are kept.
const NODES: &str = "/nodes";
/// Where Services are kept.
const SERVICES: &str = "/services";

/// The state behind the lock.
#[derive(Debug)]
pub(crate) struct State {
    /// The objects.
    pub(crate) store: Store,
    /// What is served.
    pub(crate) registry: Registry,
    /// Who works.
    pub(crate) work: Controllers,
    /// When work is due, in virtual milliseconds.
    pub(crate) due: Option<u64>,
    /// This request's moment.
    pub(crate) moment: Moment,
    /// Tokens and keys.
    pub(crate) keys: Keys,
    /// The certificate authority, as PEM.
    pub(crate) authority: String,
    /// `127.0.0.1:6443`
    pub(crate) address: String,
    /// What programs in Pods wrote.
    pub(crate) logs: Logs,
    /// What controllers reach outside.
    pub(crate) outside: Option<Arc<dyn Outside>>,
    /// The system's randomness.
    pub(crate) random: Random,
    /// Whether a definition changed in the open transaction.
    redefined: bool,
}

impl State {
    /// Opens what was kept, or makes what every cluster has from the start.
    pub(crate) fn open(options: Options, kept: Vec<Change>, persist: Box<dyn Persist>) -> io::Result<Self> {
        let fresh = kept.is_empty();
        let store = Store::open(kept, persist);
        let admin = User::new("kubernetes-admin", &[MASTERS, "system:authenticated"]);
        let mut state = Self {
            store,
            registry: Registry::new(),
            work: Controllers::default(),
            due: None,
            moment: (options.clock)(),
            keys: Keys { tokens: vec![(options.admin_token, admin)], signing: options.signing },
            authority: options.authority,
            address: options.address,
            logs: Logs::default(),
            outside: options.outside,
            random: Random,
            redefined: false,
        };
        state.define_all();
        if fresh {
            let mut objects = crate::kinds::bootstrap::bootstrap(&state.authority, &state.moment.stamp());
            objects.extend(crate::auth::bootstrap().into_iter().map(|(_, object)| object));
            objects.extend(options.objects);
            for object in objects {
                let defines = object["kind"] == "CustomResourceDefinition";
                state.plant(object)?;
                if defines {
                    // What comes next may be of the kind that this defines.
                    state.commit()?;
                    state.settle();
                }
            }
        }
        state.commit()?;
        state.settle();
        state.commit()?;
        // Nobody saw a cluster come up: what it began with is as old as a server's own start.
        state.store.forget();
        Ok(state)
    }

    /// Makes an object that is there from the start.
    fn plant(&mut self, object: Value) -> io::Result<()> {
        let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let shown = format!("{api_version} {kind} {}", text("/metadata/name"));
        let resource = self.registry.of_kind(group, version, &kind).cloned();
        let resource = resource.ok_or_else(|| io::Error::other(format!("{shown}: no such kind")))?;
        let status = object.get("status").cloned();
        let namespace = text("/metadata/namespace");
        let write = Write {
            resource: &resource,
            version,
            namespace: &namespace,
            subresource: "",
            manager: "kube-apiserver",
            operation: Operation::Update,
            user: None,
            dry_run: false,
        };
        let refused = |refusal: Refusal| io::Error::other(format!("{shown}: {}", refusal.message));
        let written = write::create(self, write, object).map_err(refused)?;
        if let Some(status) = status.filter(|_| resource.has_status()) {
            let mut object = Value::clone(&written.object);
            if let Some(fields) = object.as_object_mut() {
                fields.insert("status".to_owned(), status);
            }
            write::update(self, Write { subresource: "status", ..write }, &written.object, object).map_err(refused)?;
        }
        Ok(())
    }

    /// Brings the Nodes up to date, as the kubelets and the cloud would.
    pub(crate) fn set_nodes(&mut self, nodes: Vec<Value>) {
        let name = |node: &Value| write::name_of(node).to_owned();
        let known: Vec<Arc<Value>> = self.store.list(NODES, "").map(|(_, node)| Arc::clone(node)).collect();
        let Some(resource) = self.registry.by_name(NODES).cloned() else { return };
        for gone in known.iter().filter(|node| !nodes.iter().any(|wanted| name(wanted) == name(node))) {
            self.remove(&resource, "", &name(gone), Value::clone(gone));
        }
        for node in nodes {
            let Some(old) = known.iter().find(|old| name(old) == name(&node)) else {
                // A node that its kind refuses would be a mistake of the cloud's own.
                let _ = self.plant(node);
                continue;
            };
            let ready = |node: &Value| node.pointer("/status/conditions/0/status").cloned();
            if ready(old) == ready(&node) {
                continue;
            }
            let mut changed = Value::clone(old);
            if let (Some(fields), Some(status)) = (changed.as_object_mut(), node.get("status")) {
                fields.insert("status".to_owned(), status.clone());
            }
            self.put(&resource, "", &name(&node), changed);
        }
    }

    /// The state as authorization and admission see it.
    pub(crate) fn view(&self) -> Shown<'_> {
        Shown { store: &self.store, seconds: self.moment.seconds(), outside: self.outside.as_deref() }
    }

    /// Stores an object.
    pub(crate) fn put(&mut self, resource: &Arc<Resource>, namespace: &str, name: &str, object: Value) -> Arc<Value> {
        let object = self.store.put(&resource.key, namespace, name, object);
        if &*resource.key == DEFINITIONS {
            self.registry.define(&object);
            self.redefined = true;
        }
        object
    }

    /// Takes an object away.
    pub(crate) fn remove(&mut self, resource: &Arc<Resource>, namespace: &str, name: &str, last: Value) -> Arc<Value> {
        if &*resource.key == DEFINITIONS {
            self.registry.forget(name);
            self.redefined = true;
        }
        self.store.remove(&resource.key, namespace, name, last)
    }

    /// Gives a Service its addresses and ports, and takes them back.
    pub(crate) fn allocate(
        &mut self,
        resource: &Arc<Resource>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Refusal> {
        if &*resource.key != SERVICES {
            return Ok(());
        }
        let name = write::name_of(object).to_owned();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
        let own = crate::store::key(&namespace, &name);
        let others = self.store.list(SERVICES, "").filter(|(key, _)| *key != own);
        let used = Used::of(others.map(|(_, service)| service.as_ref()));
        allocate(object, old, &used)
    }

    /// Server-side apply of what is not there is a create.
    pub(crate) fn may_create(&self, write: &Write<'_>) -> Result<(), Refusal> {
        match write.user {
            None => Ok(()),
            Some(user) => super::dispatch::permit(self, user, write, "create"),
        }
    }

    /// Lets controllers work until they rest.
    pub(crate) fn settle(&mut self) {
        let mut work = std::mem::take(&mut self.work);
        self.due = controllers::settle(self, &mut work);
        self.work = work;
    }

    /// Makes the open transaction durable.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        let done = self.store.commit();
        if done.is_err() && self.redefined {
            self.define_all();
        }
        self.redefined = false;
        done
    }

    /// Takes the open transaction back.
    pub(crate) fn undo(&mut self) {
        self.store.undo();
        if std::mem::take(&mut self.redefined) {
            self.define_all();
        }
    }

    fn define_all(&mut self) {
        self.registry = Registry::new();
        let definitions: Vec<Arc<Value>> = self.store.list(DEFINITIONS, "").map(|(_, crd)| Arc::clone(crd)).collect();
        for crd in definitions {
            self.registry.define(&crd);
        }
    }
}
