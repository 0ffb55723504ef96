//! One file per question: what a manifest may say, what a meet leaves, what is decided, what was approved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

mod apis;
mod approvals;
mod decisions;
mod kube;
mod lattice;
mod manifests;

use serde_json::{Value as Json, json};

use super::{Effective, Manifest, StepScope};
use crate::name::{Address, KindName, OpId};
use crate::value::Value;

/// A manifest with these rules.
fn manifest(rules: Json) -> Json {
    json!({
        "maps": "v1", "plugin": "doks", "version": "0.1.0", "description": "Clusters.",
        "credentials": {"api": {"type": "bearer", "reason": "it takes one"}},
        "capabilities": {"log": {}, "http": rules},
    })
}

fn effective(rules: Json, grant: Option<Json>) -> Effective {
    Effective::meet(&Manifest::parse(&manifest(rules)).unwrap(), grant.as_ref()).unwrap()
}

/// A step that makes or changes an object of this name and id.
fn step(name: &str, id: Option<&str>) -> StepScope {
    StepScope {
        op: Some(OpId::new(format!("op-{name}"))),
        address: Address::new(name),
        kind: KindName::new("doks/cluster"),
        id: id.map(str::to_owned),
        inputs: Value::from(json!({"name": name, "count": 3, "secret": "s"})),
        outputs: Value::from(json!({"vpc": "v-1"})),
        planned: Vec::new(),
    }
}
