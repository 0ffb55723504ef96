//! A guest that calls Route 53 beyond its step, in the real `maps`: denied before anything leaves, told in
//! the audit log, and nothing is changed.

use serde_json::{Value as Json, json};

use crate::stage::Stage;

/// A guest whose step is a record in the stacks' zone.
struct Records {
    stage: Stage,
    zone: String,
}

impl Records {
    fn new() -> Self {
        let mut stage = Stage::new();
        let listed =
            stage.cloud.aws().route53("GET", "/hostedzonesbyname?dnsname=maps.gransassotech.it&maxitems=1", "");
        let zone = listed.text("HostedZone/Id").replace("/hostedzone/", "");
        stage.with = json!({"zone": zone, "name": "one.maps.gransassotech.it", "type": "A"});
        Self { stage, zone }
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

    fn refused(&self, orders: &Json, code: &str) {
        self.stage.refused(orders, code);
    }
}

#[test]
fn rt18_a_record_of_another_step_zone_name_or_type_is_refused() {
    let stage = Records::new();
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
    let done = stage.stage.run(&stage.honest()).expect(0);
    assert_eq!(done.summary()["created"], 1, "the honest twin is allowed");
}

#[test]
fn rt14_a_change_outside_of_apply_by_the_read_half_or_unknown_to_the_host_is_refused() {
    let stage = Records::new();
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
