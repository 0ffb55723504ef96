//! Zones that are looked up.

use maps_sdk::testing;
use maps_sdk::{Class, Problem};

use super::cloud::{self, Cloud};
use super::*;

fn by_name() -> Value {
    check(ZONE, &json!({"name": "Example.com."})).unwrap()
}

#[test]
fn a_zone_is_planned_found_read_and_left_alone() {
    let _cloud = Cloud::start();
    let inputs = by_name();
    assert_eq!(inputs, json!({"name": "example.com", "private": false}));
    let planned = preview(ZONE, &[(inputs.clone(), None)]).remove(0).unwrap();
    assert_eq!(planned, json!({"id": cloud::ID, "name": "example.com", "name_servers": ["ns-1.awsdns-00.org"]}));
    let zone = done(create_all(ZONE, &[(inputs.clone(), None)]).remove(0));
    assert_eq!((zone.id.as_str(), parsed(&zone.inputs)), (cloud::ID, inputs.clone()));
    assert_eq!(parsed(&zone.outputs)["record_count"], 2);
    let before = testing::aws_calls().len();
    assert_eq!(preview(ZONE, &[(inputs, Some(zone.clone()))]).remove(0).unwrap(), json!({}));
    assert_eq!(testing::aws_calls().len(), before, "what is recorded is not asked for");
    let again = read(ZONE, std::slice::from_ref(&zone)).remove(0).unwrap().unwrap();
    assert_eq!((parsed(&again.inputs), parsed(&again.outputs)), (parsed(&zone.inputs), parsed(&zone.outputs)));
    assert_eq!(testing::aws_calls().len(), before + 1);
    let request = wire::DeleteRequest { kind: ZONE.into(), address: "it".into(), prior: zone, checkpoint: None };
    assert!(gone(&MapsPlugin::delete(context(), vec![request])[0]));
    assert_eq!(testing::aws_calls().len(), before + 1, "it is left alone");
    assert!(writes().is_empty());
}

#[test]
fn a_zone_is_imported_by_its_id_or_its_name() {
    let _cloud = Cloud::start();
    let named = import(ZONE, "example.com").unwrap().unwrap();
    let by_id = import(ZONE, "/hostedzone/Z0EXAMPLE").unwrap().unwrap();
    assert_eq!((&named.id, parsed(&named.outputs)), (&by_id.id, parsed(&by_id.outputs)));
    assert_eq!(parsed(&named.inputs), json!({"name": "example.com", "private": false}));
    assert_eq!(parsed(&by_id.inputs), json!({"id": cloud::ID, "private": false}));
    assert!(import(ZONE, "Z0OTHER").unwrap().is_none());
    assert!(import(ZONE, "example.org").unwrap().is_none());
}

#[test]
fn no_zone_several_zones_and_one_zone_twice_are_told() {
    let cloud = Cloud::start();
    let told = |inputs: Value| preview(ZONE, &[(inputs, None)]).remove(0).unwrap_err();
    let missing = told(json!({"name": "example.org"}));
    assert_eq!((missing.code.as_str(), missing.path.as_deref()), ("no-zone", Some("name")));
    let private = told(json!({"name": "example.com", "private": true}));
    assert!(private.help.unwrap().contains("private: false"));
    assert_eq!(told(json!({"id": "Z0OTHER"})).path.as_deref(), Some("id"));
    let twice = create_all(ZONE, &[(by_name(), None), (json!({"id": cloud::ID}), None)]);
    assert_eq!(failed(twice.into_iter().nth(1).unwrap()).code, "zone-twice");
    drop(cloud);

    testing::aws(|call| match call.input["HostedZoneId"].as_str() {
        // The first page ends within the zones of that name.
        None => Ok(json!({
            "HostedZones": [{"Id": "Z1", "Name": "example.com."}],
            "IsTruncated": true, "NextDNSName": "example.com.", "NextHostedZoneId": "Z2",
        })),
        Some("Z2") => Ok(json!({"HostedZones": [{"Id": "Z2", "Name": "example.com."}], "IsTruncated": false})),
        Some(_) => Err(Problem::new(Class::Invalid, "invalid-input", "no such page")),
    });
    let several = told(by_name());
    assert_eq!(several.code, "several-zones");
    assert!(several.message.contains("Z1, Z2"), "{}", several.message);
}

#[test]
fn a_look_up_says_one_thing() {
    for (inputs, code) in [
        (json!({}), "no-zone"),
        (json!({"name": "a.b", "id": "Z1"}), "two-zones"),
        (json!({"name": "a b"}), "bad-name"),
        (json!({"id": "not an id"}), "bad-zone"),
        (json!({"id": "Z1", "private": true}), "private-id"),
    ] {
        let problems = check(ZONE, &inputs).unwrap_err();
        assert_eq!(problems[0].0, code, "{inputs}");
    }
    assert!(check(ZONE, &json!({"name": {"$unknown": true}})).is_ok());
}
