//! A guest that calls Route 53 beyond its step, in the real `maps`: denied before anything leaves, told in
//! the audit log, and nothing is changed.

use std::path::Path;

use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value as Json, json};

use crate::component::guest;

/// A cloud with the stacks' zone, and the guest beside it.
struct Stage {
    stack: StackDir,
    cloud: CloudServer,
    zone: String,
}

impl Stage {
    fn new() -> Self {
        let stack = StackDir::with("");
        std::fs::write(stack.path().join("red-aws.wasm"), guest("red-aws")).unwrap();
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        let listed = cloud.aws().route53("GET", "/hostedzonesbyname?dnsname=maps.gransassotech.it&maxitems=1", "");
        let zone = listed.text("HostedZone/Id").replace("/hostedzone/", "");
        Self { stack, cloud, zone }
    }

    /// The record of the guest's step.
    fn record(&self) -> Json {
        let values = json!([{"Value": "192.0.2.1"}]);
        json!({"Name": "one.maps.gransassotech.it", "Type": "A", "TTL": 60, "ResourceRecords": values})
    }

    /// The call that its step allows.
    fn honest(&self) -> Json {
        let change = json!({"Action": "CREATE", "ResourceRecordSet": self.record()});
        json!({
            "in": "create", "write": true, "action": "ChangeResourceRecordSets",
            "input": {"HostedZoneId": self.zone, "ChangeBatch": {"Changes": [change]}},
        })
    }

    /// Has the guest make one call while it serves its step.
    fn run(&self, orders: &Json) -> Finished {
        let text = json!({
            "maps": "v1",
            "stack": "red",
            "credentials": {"keys": {"from": "aws", "region": "eu-central-1"}},
            "plugins": {"red-aws": {"source": "./red-aws.wasm", "credentials": {"aws": "keys"}, "config": orders}},
            "resources": {"one": {
                "type": "red-aws/thing",
                "with": {"zone": self.zone, "name": "one.maps.gransassotech.it", "type": "A"},
            }},
        });
        self.stack.write(&text.to_string());
        let flag = self.cloud.flag();
        self.stack.maps().run(["run", "stack.yaml", &flag, "--yes", "--output", "json"])
    }

    /// The call is denied with this code, and changes nothing.
    fn refused(&self, orders: &Json, code: &str) {
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

#[test]
fn rt18_a_record_of_another_step_zone_name_or_type_is_refused() {
    let stage = Stage::new();
    let changes = "/input/ChangeBatch/Changes";
    let with = |at: &str, value: Json| {
        let mut orders = stage.honest();
        *orders.pointer_mut(at).unwrap() = value;
        orders
    };
    let set = |name: &str, value: Json| {
        let mut orders = stage.honest();
        orders.pointer_mut(&format!("{changes}/0/ResourceRecordSet")).unwrap()[name] = value;
        orders
    };
    stage.refused(&with("/input/HostedZoneId", json!("Z0OTHERZONE")), "api-binding");
    stage.refused(&with("/input/HostedZoneId", json!("../Z0OTHER")), "api-name");
    stage.refused(&set("Name", json!("two.maps.gransassotech.it")), "api-binding");
    stage.refused(&set("Name", json!("maps.gransassotech.it")), "api-name");
    stage.refused(&set("Name", json!("one.maps.gransassotech.it.evil.example")), "api-name");
    stage.refused(&set("Type", json!("TXT")), "api-binding");
    stage.refused(&set("Type", json!("NS")), "api-name");
    stage.refused(&set("SetIdentifier", json!("blue")), "api-binding");
    // Another record rides along under the same item.
    let mut two = stage.honest();
    let mut other = stage.record();
    other["Name"] = "two.maps.gransassotech.it".into();
    let list = two.pointer_mut(changes).unwrap().as_array_mut().unwrap();
    list.push(json!({"Action": "CREATE", "ResourceRecordSet": other}));
    stage.refused(&two, "write-items");
    let done = stage.run(&stage.honest()).expect(0);
    assert_eq!(done.summary()["created"], 1, "the honest twin is allowed");
}

#[test]
fn rt14_a_change_outside_of_apply_by_the_read_half_or_unknown_to_the_host_is_refused() {
    let stage = Stage::new();
    let with = |fields: Json| {
        let mut orders = stage.honest();
        orders.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        orders
    };
    stage.refused(&with(json!({"in": "preview"})), "write-outside-apply");
    stage.refused(&with(json!({"in": "preview", "write": false})), "api-effect");
    stage.refused(&with(json!({"write": false})), "api-effect");
    let zone = json!({"Id": stage.zone});
    stage.refused(&with(json!({"action": "GetHostedZone", "input": zone})), "api-effect");
    stage.refused(&with(json!({"action": "DeleteHostedZone", "input": zone})), "api-action");
    stage.refused(
        &with(json!({"action": "ListHostedZonesByName", "write": false, "input": {"DNSName": "a.b"}})),
        "api-no-rule",
    );
    let more = json!({"HostedZoneId": stage.zone, "ChangeBatch": {"Changes": []}, "More": 1});
    stage.refused(&with(json!({"input": more})), "api-parameter");
}
