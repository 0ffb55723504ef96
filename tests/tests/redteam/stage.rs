//! A stage on which a guest of the red team calls AWS as it is ordered to, in the real `maps`, and what the
//! audit log says of it.

use std::path::Path;

use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value as Json, json};

use crate::component::guest;

/// A cloud, and the guest beside it.
pub(crate) struct Stage {
    pub(crate) stack: StackDir,
    pub(crate) cloud: CloudServer,
    /// The inputs of the guest's step.
    pub(crate) with: Json,
}

impl Stage {
    /// With nothing but what a cloud has from the start.
    pub(crate) fn new() -> Self {
        let stack = StackDir::with("");
        std::fs::write(stack.path().join("red-aws.wasm"), guest("red-aws")).unwrap();
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        Self { stack, cloud, with: Json::Null }
    }

    /// Has the guest make one call while it serves its step.
    pub(crate) fn run(&self, orders: &Json) -> Finished {
        let text = json!({
            "maps": "v1",
            "stack": "red",
            "credentials": {"keys": {"from": "aws", "region": "eu-central-1"}},
            "plugins": {"red-aws": {"source": "./red-aws.wasm", "credentials": {"aws": "keys"}, "config": orders}},
            "resources": {"one": {"type": "red-aws/thing", "with": self.with}},
        });
        self.stack.write(&text.to_string());
        let flag = self.cloud.flag();
        self.stack.maps().run(["run", "stack.yaml", &flag, "--yes", "--output", "json"])
    }

    /// The call is denied with this code, and changes nothing.
    pub(crate) fn refused(&self, orders: &Json, code: &str) {
        let (before, calls) = (self.cloud.inventory(), self.cloud.calls("write"));
        let finished = self.run(orders);
        assert_ne!(finished.code, Some(0), "{orders}: {finished:?}");
        let denied = denials(&self.stack.path().join(".maps"));
        let last = denied.last().unwrap_or_else(|| panic!("{orders}: no denial in the audit log"));
        assert_eq!((&last["code"], &last["outcome"]), (&json!(code), &json!("denied")), "{orders}: {last}");
        assert_eq!((self.cloud.inventory(), self.cloud.calls("write")), (before, calls), "{orders}");
    }
}

/// The denials in every audit log below a folder.
fn denials(dir: &Path) -> Vec<Json> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(denials(&path));
        } else if path.ends_with("audit.jsonl") {
            maps_runtime::audit::verify(&path).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
            found.extend(lines.filter(|line| line["outcome"] == "denied"));
        }
    }
    found
}
