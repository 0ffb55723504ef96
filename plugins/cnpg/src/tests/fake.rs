//! A cluster with CloudNativePG in it, as far as these tests need one: what is applied is kept, and is as a test says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use maps_sdk::testing::kube::{self, KubeCall, Verb};
use maps_sdk::{Class, Problem};
use serde_json::{Value, json};

#[derive(Default)]
pub(super) struct State {
    /// By `KIND/NAME`.
    pub(super) objects: BTreeMap<String, Value>,
    /// What lists answer, by kind.
    pub(super) lists: BTreeMap<String, Value>,
    /// The code of the refusal that the next apply gets, dry or not.
    pub(super) refusal: Option<(Class, &'static str)>,
    /// Deleted objects stay for the time being.
    pub(super) holds: bool,
    made: u32,
}

#[derive(Clone)]
pub(super) struct Fake(pub(super) Rc<RefCell<State>>);

impl Fake {
    pub(super) fn start() -> Self {
        let fake = Self(Rc::default());
        fake.forget_calls();
        fake
    }

    pub(super) fn forget_calls(&self) {
        let of = self.clone();
        kube::cluster(move |call| of.answer(call));
    }

    /// What the operator says of an object.
    pub(super) fn says(&self, key: &str, status: Value) {
        self.0.borrow_mut().objects.get_mut(key).unwrap()["status"] = status;
    }

    /// What somebody else changes.
    pub(super) fn change(&self, key: &str, change: impl FnOnce(&mut Value)) {
        change(self.0.borrow_mut().objects.get_mut(key).unwrap());
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.borrow().objects.contains_key(key)
    }

    fn answer(&self, call: &KubeCall) -> Result<Value, Problem> {
        assert_eq!(call.kubeconfig, "kubeconfig");
        let mut state = self.0.borrow_mut();
        let key = format!("{}/{}", call.kind, call.name);
        match call.verb {
            Verb::Get => Ok(state.objects.get(&key).cloned().unwrap_or_default()),
            Verb::List => Ok(state.lists.get(&call.kind).cloned().unwrap_or_else(|| json!([]))),
            Verb::DryRun | Verb::Apply => {
                if let Some((class, code)) = state.refusal.take() {
                    return Err(Problem::new(class, code, format!("{} is refused", call.name)));
                }
                let before = state.objects.get(&key).cloned();
                let mut object = call.object.clone();
                let old = before.as_ref().map_or(&Value::Null, |before| &before["spec"]);
                let generation =
                    before.as_ref().and_then(|before| before["metadata"]["generation"].as_u64()).unwrap_or(0);
                object["metadata"]["generation"] =
                    json!(if *old == object["spec"] { generation } else { generation + 1 });
                object["metadata"]["uid"] = match &before {
                    Some(before) => before["metadata"]["uid"].clone(),
                    None => {
                        state.made += 1;
                        json!(format!("u{}", state.made))
                    }
                };
                if let Some(before) = before.filter(|before| before.get("status").is_some()) {
                    object["status"] = before["status"].clone();
                }
                if call.verb == Verb::Apply {
                    state.objects.insert(key, object.clone());
                }
                Ok(object)
            }
            Verb::Delete => {
                assert_eq!(state.objects.get(&key).map(|of| of["metadata"]["uid"].as_str()), Some(call.uid.as_deref()));
                if state.holds {
                    return Ok(json!("under-way"));
                }
                Ok(json!(if state.objects.remove(&key).is_some() { "gone" } else { "absent" }))
            }
            other => panic!("not expected: {other:?}"),
        }
    }
}

/// What a healthy database of so many instances says.
pub(super) fn healthy(instances: u32) -> Value {
    json!({
        "phase": "Cluster in healthy state", "instances": instances, "readyInstances": instances,
        "currentPrimary": "db-1", "image": "ghcr.io/cloudnative-pg/postgresql:17.5",
    })
}

pub(super) fn verbs() -> Vec<Verb> {
    kube::calls().iter().map(|call| call.verb).collect()
}
