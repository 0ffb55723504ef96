//! A cluster as far as the plugin's tests need one: objects, server-side apply with owners, definitions, deletion.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use maps_sdk::testing::kube::{self, KubeCall, Verb};
use maps_sdk::{Class, Problem};
use serde_json::{Map, Value, json};

/// `Deployment default/web`, or `Namespace web`.
pub(super) type Name = String;

#[derive(Clone, Default)]
struct Stored {
    /// What maps applied.
    ours: Value,
    /// What others set.
    others: Value,
    status: Value,
    uid: String,
    deleting: bool,
}

#[derive(Default)]
pub(super) struct State {
    objects: BTreeMap<Name, Stored>,
    made: u32,
    /// Kinds that are served beside Kubernetes' own.
    pub(super) kinds: BTreeSet<String>,
    /// Statuses that new objects get, by kind.
    pub(super) statuses: BTreeMap<String, Value>,
    /// Objects that stay when they are deleted, until they are taken from here.
    pub(super) held: BTreeSet<Name>,
    /// What the server answers to the next apply of an object, dry or not.
    pub(super) refusals: BTreeMap<Name, Problem>,
    pub(super) events: Vec<Value>,
}

#[derive(Clone)]
pub(super) struct Fake(pub(super) Rc<RefCell<State>>);

impl Fake {
    pub(super) fn start() -> Self {
        let fake = Self(Rc::default());
        let of = fake.clone();
        kube::cluster(move |call| of.answer(call));
        fake
    }

    /// Forgets the calls made so far.
    pub(super) fn forget_calls(&self) {
        let of = self.clone();
        kube::cluster(move |call| of.answer(call));
    }

    /// Something that others made.
    pub(super) fn put(&self, object: Value) {
        let mut state = self.0.borrow_mut();
        let uid = state.uid();
        state.objects.insert(name_of(&object), Stored { others: object, uid, ..Stored::default() });
    }

    /// What others set of an object, over what is there.
    pub(super) fn change(&self, name: &str, change: &Value) {
        let mut state = self.0.borrow_mut();
        let stored = state.objects.get_mut(name).unwrap();
        take(&mut stored.ours, change);
        merge(&mut stored.others, change);
    }

    pub(super) fn set_status(&self, name: &str, status: Value) {
        self.0.borrow_mut().objects.get_mut(name).unwrap().status = status;
    }

    pub(super) fn remove(&self, name: &str) {
        self.0.borrow_mut().objects.remove(name).unwrap();
    }

    pub(super) fn names(&self) -> Vec<Name> {
        self.0.borrow().objects.keys().cloned().collect()
    }

    pub(super) fn live(&self, name: &str) -> Option<Value> {
        self.0.borrow().objects.get(name).map(Stored::live)
    }

    fn answer(&self, call: &KubeCall) -> Result<Value, Problem> {
        assert_eq!(call.kubeconfig, "kubeconfig");
        let mut state = self.0.borrow_mut();
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
        match call.verb {
            Verb::Resolve => Ok(json!({"name": format!("{}s", call.kind.to_lowercase()), "namespaced": !clustered})),
            Verb::Get => Ok(state.objects.get(&name).map_or(Value::Null, Stored::live)),
            Verb::List if call.kind == "Event" => Ok(state.events.clone().into()),
            Verb::List => {
                let of = |object: &Value| {
                    let there = object.pointer("/metadata/namespace").and_then(Value::as_str);
                    object["kind"] == call.kind && call.namespace.as_deref().is_none_or(|wanted| there == Some(wanted))
                };
                Ok(state.objects.values().map(Stored::live).filter(of).collect())
            }
            Verb::DryRun | Verb::Apply => state.apply(&name, call),
            Verb::Create | Verb::Discover => panic!("nothing is created or discovered"),
            Verb::Delete => state.delete(&name, call),
        }
    }
}

impl State {
    fn uid(&mut self) -> String {
        self.made += 1;
        format!("uid-{}", self.made)
    }

    fn serves(&self, api_version: &str, kind: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        !group.contains('.') || group.ends_with(".k8s.io") || self.kinds.contains(kind)
    }

    fn apply(&mut self, name: &str, call: &KubeCall) -> Result<Value, Problem> {
        if let Some(problem) = self.refusals.get(name) {
            return Err(problem.clone());
        }
        let namespace = call.namespace.as_deref().map(|namespace| format!("Namespace {namespace}"));
        if let Some(namespace) = namespace.filter(|namespace| namespace != "Namespace default")
            && !self.objects.contains_key(&namespace)
        {
            return Err(Problem::new(Class::NotFound, "not-found", format!("{namespace} not found")));
        }
        let mut stored = self.objects.get(name).cloned().unwrap_or_default();
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
        let live = stored.live();
        if call.verb == Verb::Apply {
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
    fn live(&self) -> Value {
        let mut live = self.others.clone();
        merge(&mut live, &self.ours);
        live["metadata"]["uid"] = self.uid.clone().into();
        let fields = fields(&self.ours);
        live["metadata"]["managedFields"] = json!([{"manager": "maps", "operation": "Apply", "fieldsV1": fields}]);
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

pub(super) fn name_of(object: &Value) -> Name {
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
