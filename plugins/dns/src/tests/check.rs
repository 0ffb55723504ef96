//! What a record may be.

use super::*;

fn record(more: &Value) -> Value {
    let mut inputs = json!({"zone": "Z0EXAMPLE", "name": "www.example.com", "type": "A"});
    for (name, value) in more.as_object().unwrap() {
        inputs[name] = value.clone();
    }
    inputs
}

#[test]
fn one_record_in_several_spellings_is_one_record() {
    let plain = checked(&record(&json!({"values": ["192.0.2.1"]})));
    assert_eq!(plain["ttl"], 300, "the time to live that is left out");
    let spelled = json!({"zone": "/hostedzone/Z0EXAMPLE", "name": "WWW.Example.com.", "values": ["192.0.2.1"]});
    assert_eq!(checked(&record(&spelled)), plain);
    let star = checked(&record(&json!({"name": "\\052.example.com", "values": ["192.0.2.1"]})));
    assert_eq!(star["name"], "*.example.com");
    let alias = checked(&record(&json!({"alias": {"zone": "Z2", "name": "LB.example.net."}})));
    assert_eq!(alias["alias"], json!({"zone": "Z2", "name": "lb.example.net", "evaluate_target_health": false}));
    assert_eq!(alias.get("ttl"), None, "an alias has none");
    assert_eq!(checked(&alias), alias);
}

#[test]
fn whatever_is_wrong_is_told_at_its_place() {
    let values = json!(["192.0.2.1"]);
    let routed = |more: Value| {
        let mut inputs = json!({"values": ["192.0.2.1"], "set_identifier": "blue"});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        inputs
    };
    for (more, code, path) in [
        (json!({}), "no-values", "values"),
        (json!({"zone": "example.com", "values": values}), "bad-zone", "zone"),
        (json!({"name": "", "values": values}), "bad-name", "name"),
        (json!({"name": "a..example.com", "values": values}), "bad-name", "name"),
        (json!({"name": "b\u{fc}ro.example.com", "values": values}), "bad-name", "name"),
        (json!({"name": format!("{}.example.com", "a".repeat(64)), "values": values}), "bad-name", "name"),
        (json!({"values": ["192.0.2.1", "nonsense"]}), "bad-value", "values[1]"),
        (json!({"values": ["192.0.2.1", "192.0.2.1"]}), "duplicate-value", "values[1]"),
        (json!({"type": "CNAME", "values": ["a.b", "c.d"]}), "several-cnames", "values"),
        (json!({"ttl": 2_147_483_648_u32, "values": values}), "bad-ttl", "ttl"),
        (json!({"values": values, "alias": {"zone": "Z2", "name": "a.b"}}), "alias-and-values", "alias"),
        (json!({"ttl": 60, "alias": {"zone": "Z2", "name": "a.b"}}), "alias-and-ttl", "ttl"),
        (json!({"alias": {"zone": "x y", "name": "a.b"}}), "bad-zone", "alias.zone"),
        (json!({"alias": {"zone": "Z2", "name": "a b"}}), "bad-name", "alias.name"),
        (json!({"alias": {"zone": "Z0EXAMPLE", "name": "www.example.com"}}), "alias-of-itself", "alias.name"),
        (json!({"type": "NS", "alias": {"zone": "Z2", "name": "a.b"}}), "alias-of-ns", "type"),
        (json!({"values": values, "weight": 1}), "no-set-identifier", "weight"),
        (json!({"values": values, "set_identifier": "blue"}), "no-policy", "set_identifier"),
        (json!({"values": values, "health_check": ""}), "no-health-check", "health_check"),
        (routed(json!({"weight": 1, "failover": "PRIMARY"})), "several-policies", "failover"),
        (routed(json!({"weight": 256})), "bad-weight", "weight"),
        (routed(json!({"weight": 1, "set_identifier": "x".repeat(129)})), "bad-set-identifier", "set_identifier"),
        (routed(json!({"latency_region": "Frankfurt"})), "bad-region", "latency_region"),
        (routed(json!({"geolocation": {}})), "bad-geolocation", "geolocation.continent"),
        (routed(json!({"geolocation": {"continent": "EUR"}})), "bad-continent", "geolocation.continent"),
        (routed(json!({"geolocation": {"country": "it"}})), "bad-country", "geolocation.country"),
        (
            routed(json!({"geolocation": {"continent": "NA", "subdivision": "CA"}})),
            "no-country",
            "geolocation.subdivision",
        ),
        (routed(json!({"geoproximity": {"bias": 5}})), "bad-geoproximity", "geoproximity.region"),
        (routed(json!({"geoproximity": {"region": "eu-west-1", "bias": 100}})), "bad-bias", "geoproximity.bias"),
        (
            routed(json!({"geoproximity": {"coordinates": {"latitude": "91", "longitude": "0"}}})),
            "bad-coordinate",
            "geoproximity.coordinates.latitude",
        ),
        (routed(json!({"cidr": {"collection": "", "location": "*"}})), "no-cidr", "cidr.collection"),
        (routed(json!({"multivalue": true, "values": ["192.0.2.1", "192.0.2.2"]})), "several-values", "values"),
    ] {
        let problems = check(RECORD, &record(&more)).unwrap_err();
        assert_eq!(problems[0], (code.to_owned(), path.to_owned()), "{more}");
    }
}

#[test]
fn what_is_not_known_yet_is_no_mistake() {
    let unknown = json!({"$unknown": true});
    for more in [
        json!({"values": unknown}),
        json!({"values": [unknown, "192.0.2.1"]}),
        json!({"alias": unknown}),
        json!({"alias": {"zone": unknown, "name": unknown}}),
        json!({"zone": unknown, "values": ["192.0.2.1"]}),
        json!({"name": unknown, "type": unknown, "values": unknown, "ttl": unknown}),
        json!({"values": ["192.0.2.1"], "set_identifier": unknown, "weight": unknown}),
        json!({"values": ["192.0.2.1"], "set_identifier": "a", "multivalue": unknown}),
    ] {
        let inputs = record(&more);
        let passed = checked(&inputs);
        for (name, value) in inputs.as_object().unwrap() {
            let kept = passed[name].to_string().matches("$unknown").count();
            assert_eq!(kept, value.to_string().matches("$unknown").count(), "{inputs}: {passed}");
        }
    }
}
