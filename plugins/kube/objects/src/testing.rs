//! A cluster as far as the tests of plugins need one: objects, server-side apply with owners, definitions, deletion.
#![allow(clippy::unwrap_used, missing_docs)]
// For tests alone: what they get wrong is theirs to see, and its parts are named after what a cluster does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use maps_sdk::testing::Half;
use maps_sdk::testing::kube::{self, KubeCall, Verb};
use maps_sdk::{Class, Problem};
use serde_json::{Map, Value, json};

/// `Deployment default/web`, or `Namespace web`.
pub type Name = String;

#[derive(Clone, Debug, Default)]
struct Stored {
    /// What maps applied.
    ours: Value,
    /// What others set.
    others: Value,
    status: Value,
    uid: String,
    deleting: bool,
}

#[derive(Debug, Default)]
pub struct State {
    /// Whose name the host writes in.
    manager: &'static str,
    /// So many writes are still taken; none is no end.
    pub lives: Option<u32>,
    objects: BTreeMap<Name, Stored>,
    made: u32,
    /// Kinds that are served beside Kubernetes' own.
    pub kinds: BTreeSet<String>,
    /// Statuses that new objects get, by kind.
    pub statuses: BTreeMap<String, Value>,
    /// Objects that stay when they are deleted, until they are taken from here.
    pub held: BTreeSet<Name>,
    /// What the server answers to the next apply of an object, dry or not.
    pub refusals: BTreeMap<Name, Problem>,
    pub events: Vec<Value>,
}

#[derive(Clone, Debug)]
pub struct Fake(pub Rc<RefCell<State>>);

impl Fake {
    /// A cluster that is written to in the name of this field manager.
    pub fn start(manager: &'static str) -> Self {
        let fake = Self(Rc::default());
        fake.0.borrow_mut().manager = manager;
        let of = fake.clone();
        kube::cluster(move |call| of.answer(call));
        fake
    }

    /// Forgets the calls made so far.
    pub fn forget_calls(&self) {
        let of = self.clone();
        kube::cluster(move |call| of.answer(call));
    }

    /// Something that others made.
    pub fn put(&self, object: Value) {
        let mut state = self.0.borrow_mut();
        let uid = state.uid();
        state.objects.insert(name_of(&object), Stored { others: object, uid, ..Stored::default() });
    }

    /// What others set of an object, over what is there.
    pub fn change(&self, name: &str, change: &Value) {
        let mut state = self.0.borrow_mut();
        let stored = state.objects.get_mut(name).unwrap();
        take(&mut stored.ours, change);
        merge(&mut stored.others, change);
    }

    pub fn set_status(&self, name: &str, status: Value) {
        self.0.borrow_mut().objects.get_mut(name).unwrap().status = status;
    }

    pub fn remove(&self, name: &str) {
        self.0.borrow_mut().objects.remove(name).unwrap();
    }

    pub fn names(&self) -> Vec<Name> {
        self.0.borrow().objects.keys().cloned().collect()
    }

    pub fn live(&self, name: &str) -> Option<Value> {
        let state = self.0.borrow();
        state.objects.get(name).map(|stored| stored.live(state.manager))
    }

    fn answer(&self, call: &KubeCall) -> Result<Value, Problem> {
        assert_eq!(call.kubeconfig, "kubeconfig");
        let mut state = self.0.borrow_mut();
        if call.verb == Verb::Discover {
            let kind =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployments", "namespaced": true});
            return Ok(json!({"gitVersion": "v1.33.1", "major": "1", "minor": "33", "kinds": [kind]}));
        }
        if !state.serves(&call.api_version, &call.kind) {
            if call.verb == Verb::Resolve {
                return Ok(Value::Null);
            }
            return Err(Problem::new(Class::NotFound, "kind-unknown", format!("there is no kind {}", call.kind)));
        }
        const CLUSTERED: [&str; 4] =
            ["Namespace", "CustomResourceDefinition", "ValidatingWebhookConfiguration", "ClusterIssuer"];
        let clustered = CLUSTERED.contains(&call.kind.as_str());
        let name = match &call.namespace {
            Some(namespace) if !clustered => format!("{} {namespace}/{}", call.kind, call.name),
            None if !clustered && !matches!(call.verb, Verb::List | Verb::Resolve) => {
                panic!("{:?} of {} {} without a namespace", call.verb, call.kind, call.name)
            }
            _ => format!("{} {}", call.kind, call.name),
        };
        if call.half() == Half::Write {
            state.survive()?;
        }
        let manager = state.manager;
        match call.verb {
            Verb::Resolve => Ok(json!({"name": format!("{}s", call.kind.to_lowercase()), "namespaced": !clustered})),
            Verb::Get => Ok(state.objects.get(&name).map_or(Value::Null, |stored| stored.live(manager))),
            Verb::List if call.kind == "Event" => Ok(state.events.clone().into()),
            Verb::List => {
                let of = |object: &Value| {
                    let there = object.pointer("/metadata/namespace").and_then(Value::as_str);
                    object["kind"] == call.kind && call.namespace.as_deref().is_none_or(|wanted| there == Some(wanted))
                };
                let selected = |object: &Value| {
                    let labels = object.pointer("/metadata/labels").cloned().unwrap_or_default();
                    let pairs = call.label_selector.iter().flat_map(|selector| selector.split(','));
                    pairs.filter_map(|pair| pair.split_once('=')).all(|(key, value)| labels[key] == value)
                };
                let all = state.objects.values().map(|stored| stored.live(manager));
                Ok(all.filter(of).filter(selected).collect())
            }
            Verb::DryRun | Verb::Apply => state.apply(&name, call),
            Verb::Discover => Ok(Value::Null),
            Verb::Create if state.objects.contains_key(&name) => {
                Err(Problem::new(Class::Conflict, "already-exists", format!("{name} already exists")))
            }
            Verb::Create => state.apply(&name, call),
            Verb::Delete => state.delete(&name, call),
        }
    }
}

impl State {
    /// One write less is taken; behind the last one there is nobody who could hear of an answer.
    fn survive(&mut self) -> Result<(), Problem> {
        match &mut self.lives {
            Some(0) => Err(Problem::internal("killed", "the process is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn uid(&mut self) -> String {
        self.made += 1;
        format!("uid-{}", self.made)
    }

    fn serves(&self, api_version: &str, kind: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        !group.contains('.') || group.ends_with(".k8s.io") || self.kinds.contains(kind)
    }

    fn apply(&mut self, name: &str, call: &KubeCall) -> Result<Value, Problem> {
        if let Some(problem) = self.refusals.get(name).filter(|_| call.verb != Verb::Create) {
            return Err(problem.clone());
        }
        let namespace = call.namespace.as_deref().map(|namespace| format!("Namespace {namespace}"));
        if let Some(namespace) = namespace.filter(|namespace| namespace != "Namespace default")
            && !self.objects.contains_key(&namespace)
        {
            return Err(Problem::new(Class::NotFound, "not-found", format!("{namespace} not found")));
        }
        let mut stored = self.objects.get(name).cloned().unwrap_or_default();
        if stored.deleting {
            return Err(Problem::new(Class::Conflict, "conflict", format!("{name} is being deleted")));
        }
        let conflicts = conflicts(&stored.others, &call.object, "");
        if !conflicts.is_empty() && !call.force {
            let message = format!("Apply failed with 1 conflict: {}: conflict with \"kubectl\"", conflicts.join(", "));
            return Err(Problem::new(Class::Conflict, "field-manager-conflict", message));
        }
        take(&mut stored.others, &call.object);
        stored.ours = call.object.clone();
        if stored.uid.is_empty() {
            stored.uid = if call.verb == Verb::DryRun { "dry".to_owned() } else { self.uid() };
            stored.status = self.statuses.get(&call.kind).cloned().unwrap_or_default();
        }
        let live = stored.live(self.manager);
        if call.verb != Verb::DryRun {
            self.objects.insert(name.to_owned(), stored);
        }
        Ok(live)
    }

    fn delete(&mut self, name: &str, call: &KubeCall) -> Result<Value, Problem> {
        let Some(stored) = self.objects.get_mut(name) else { return Ok(json!("absent")) };
        if call.uid.as_ref().is_some_and(|uid| *uid != stored.uid) {
            return Err(Problem::new(Class::Conflict, "conflict", "the UID in the precondition does not match"));
        }
        if self.held.contains(name) {
            stored.deleting = true;
            return Ok(json!("under-way"));
        }
        self.objects.remove(name);
        Ok(json!("gone"))
    }
}

impl Stored {
    fn live(&self, manager: &str) -> Value {
        let mut live = self.others.clone();
        merge(&mut live, &self.ours);
        live["metadata"]["uid"] = self.uid.clone().into();
        let fields = fields(&self.ours);
        live["metadata"]["managedFields"] = json!([{"manager": manager, "operation": "Apply", "fieldsV1": fields}]);
        if self.deleting {
            live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
            live["metadata"]["finalizers"] = json!(["example.com/hold"]);
        }
        if !self.status.is_null() {
            live["status"] = self.status.clone();
        }
        // A default, and another form of the same quantity.
        if live["kind"] == "Deployment" && live.pointer("/spec/paused").is_none() {
            live["spec"]["paused"] = false.into();
        }
        if live.pointer("/spec/cpu") == Some(&json!("1000m")) {
            live["spec"]["cpu"] = "1".into();
        }
        live
    }
}

pub fn name_of(object: &Value) -> Name {
    let part = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let name = part("/metadata/name").unwrap();
    match part("/metadata/namespace") {
        Some(namespace) => format!("{} {namespace}/{name}", part("/kind").unwrap()),
        None => format!("{} {name}", part("/kind").unwrap()),
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => into.clone_from(from),
    }
}

/// Takes away what `by` says.
fn take(from: &mut Value, by: &Value) {
    if let (Value::Object(from), Value::Object(by)) = (from, by) {
        for (key, value) in by {
            match (from.get_mut(key), value) {
                (Some(there @ Value::Object(_)), Value::Object(_)) => take(there, value),
                _ if ["apiVersion", "kind", "name", "namespace"].contains(&key.as_str()) => {}
                _ => drop(from.remove(key)),
            }
        }
    }
}

fn conflicts(others: &Value, wanted: &Value, path: &str) -> Vec<String> {
    match (others, wanted) {
        (Value::Object(others), Value::Object(wanted)) => wanted
            .iter()
            .filter_map(|(key, value)| Some(conflicts(others.get(key)?, value, &format!("{path}.{key}"))))
            .flatten()
            .collect(),
        (Value::Null, _) => Vec::new(),
        (others, wanted) if others == wanted => Vec::new(),
        _ => vec![path.to_owned()],
    }
}

fn fields(value: &Value) -> Value {
    let Value::Object(map) = value else { return json!({}) };
    let below = |(key, value): (&String, &Value)| (format!("f:{key}"), fields(value));
    Value::Object(map.iter().map(below).collect::<Map<_, _>>())
}
