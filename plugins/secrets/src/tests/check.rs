//! What `check` refuses, and where.

use super::*;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/maps";

fn statement(change: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    merge(&mut statement, change);
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Puts members over others; null takes one away.
fn merge(inputs: &mut Value, change: &Value) {
    for (key, value) in change.as_object().unwrap() {
        if value.is_null() {
            inputs.as_object_mut().unwrap().remove(key);
        } else {
            inputs[key] = value.clone();
        }
    }
}

fn refuses(kind: &str, good: &Value, cases: &[(Value, &str, &str)]) {
    assert!(check(kind, good).is_ok(), "{:?}", check(kind, good));
    for (change, code, path) in cases {
        let mut inputs = good.clone();
        merge(&mut inputs, change);
        assert_eq!(check(kind, &inputs), Err(vec![((*code).to_owned(), (*path).to_owned())]), "{change}");
    }
}

#[test]
fn parameters() {
    let deep = "/a".repeat(16);
    let tags: Value = (0..48).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    refuses(
        "parameter",
        &json!({"name": "/maps/postgres/password", "value": sealed("x")}),
        &[
            (json!({"name": ""}), "bad-name", "name"),
            (json!({"name": "/a b"}), "bad-name", "name"),
            (json!({"name": "a/b"}), "bad-name", "name"),
            (json!({"name": "/a//b"}), "bad-name", "name"),
            (json!({"name": "/a/"}), "bad-name", "name"),
            (json!({"name": "/AWS/x"}), "bad-name", "name"),
            (json!({"name": "ssm-x"}), "bad-name", "name"),
            (json!({"name": deep}), "bad-name", "name"),
            (json!({"value": null}), "no-value", "value"),
            (json!({"generate": {}}), "two-values", "generate"),
            (json!({"value": null, "generate": {"length": 7}}), "bad-length", "generate.length"),
            (json!({"value": null, "generate": {"length": 1025}}), "bad-length", "generate.length"),
            (json!({"value": null, "generate": {"alphabet": "emoji"}}), "wrong-shape", "generate.alphabet"),
            (json!({"type": "String", "key_id": "alias/a"}), "key-without-encryption", "key_id"),
            (json!({"type": "Binary"}), "wrong-shape", "type"),
            (json!({"tier": "Cheap"}), "wrong-shape", "tier"),
            (json!({"description": ""}), "empty", "description"),
            (json!({"allowed_pattern": "a".repeat(1025)}), "too-long", "allowed_pattern"),
            (json!({"tags": {"maps:token": "x"}}), "reserved-tag", "tags.maps:token"),
            (json!({"tags": {"AWS:x": "x"}}), "reserved-tag", "tags.AWS:x"),
            (json!({"tags": {"a!": "x"}}), "bad-tag-key", "tags.a!"),
            (json!({"tags": {"a": "x!"}}), "bad-tag-value", "tags.a"),
            (json!({"tags": {"a": ""}}), "bad-tag-value", "tags.a"),
            (json!({"tags": tags}), "too-many-tags", "tags"),
            (json!({"overwrite": true}), "wrong-shape", "overwrite"),
        ],
    );
}

#[test]
fn users_and_policies() {
    let long = "x".repeat(2100);
    refuses(
        "user",
        &json!({"name": "dns", "permissions_boundary": BOUNDARY, "policy": statement(&json!({}))}),
        &[
            (json!({"name": "a b"}), "bad-name", "name"),
            (json!({"name": "a".repeat(65)}), "bad-name", "name"),
            (json!({"path": "/teams"}), "bad-path", "path"),
            (json!({"permissions_boundary": null}), "wrong-shape", "permissions_boundary"),
            (json!({"permissions_boundary": "maps"}), "bad-arn", "permissions_boundary"),
            (json!({"policy_name": ""}), "bad-name", "policy_name"),
            (json!({"policy": {}}), "no-statement", "policy"),
            (
                json!({"policy": {"Version": "2020-01-01", "Statement": statement(&json!({}))["Statement"]}}),
                "bad-version",
                "policy.Version",
            ),
            (json!({"policy": statement(&json!({"Effect": "Maybe"}))}), "bad-effect", "policy.Statement[0].Effect"),
            (json!({"policy": statement(&json!({"Action": null}))}), "bad-statement", "policy.Statement[0]"),
            (json!({"policy": statement(&json!({"NotResource": "a"}))}), "bad-statement", "policy.Statement[0]"),
            (json!({"policy": statement(&json!({"Principal": "*"}))}), "principal", "policy.Statement[0].Principal"),
            (json!({"policy": statement(&json!({"Resource": long}))}), "policy-too-long", "policy"),
        ],
    );
    refuses(
        "policy",
        &json!({"name": "bounds", "document": statement(&json!({}))}),
        &[
            (json!({"name": "a/b"}), "bad-name", "name"),
            (json!({"description": ""}), "bad-description", "description"),
            (json!({"document": null}), "wrong-shape", "document"),
            (json!({"document": {"Statement": "all"}}), "no-statement", "document"),
        ],
    );
    refuses(
        "access-key",
        &json!({"user": "dns"}),
        &[(json!({"user": ""}), "bad-name", "user"), (json!({"status": "Off"}), "wrong-shape", "status")],
    );
}

#[test]
fn buckets() {
    let rule = |change: Value| {
        let mut rule = json!({"id": "a", "expiration_days": 30});
        merge(&mut rule, &change);
        json!({"lifecycle": [rule]})
    };
    let moves = |days: u32| json!({"transitions": [{"days": days, "storage_class": "GLACIER"}]});
    let twins = json!({"lifecycle": [{"id": "a", "expiration_days": 1}, {"id": "a", "expiration_days": 2}]});
    refuses(
        "bucket",
        &json!({"name": "gst-maps-backups", "encryption": {"algorithm": "aws:kms", "key_id": "alias/a"}}),
        &[
            (json!({"name": "ab"}), "bad-name", "name"),
            (json!({"name": "Upper"}), "bad-name", "name"),
            (json!({"name": "a..b"}), "bad-name", "name"),
            (json!({"name": "1.2.3.4"}), "bad-name", "name"),
            (json!({"name": "xn--a"}), "bad-name", "name"),
            (json!({"name": "a-s3alias"}), "bad-name", "name"),
            (json!({"encryption": {"key_id": "alias/a"}}), "key-without-kms", "encryption.key_id"),
            (json!({"encryption": {"bucket_key": true}}), "key-without-kms", "encryption.bucket_key"),
            (json!({"encryption": {"algorithm": "rot13"}}), "wrong-shape", "encryption.algorithm"),
            (rule(json!({"id": ""})), "bad-id", "lifecycle[0].id"),
            (rule(json!({"expiration_days": 0})), "no-days", "lifecycle[0].expiration_days"),
            (rule(json!({"expiration_days": null})), "no-action", "lifecycle[0]"),
            (rule(moves(30)), "expired-before-moved", "lifecycle[0].expiration_days"),
            (twins, "duplicate-rule", "lifecycle[1].id"),
            (json!({"force_destroy": true}), "wrong-shape", "force_destroy"),
        ],
    );
}

#[test]
fn what_is_not_known_yet_passes_and_comes_back_as_it_was() {
    let unknown = json!({"$unknown": true});
    let user = json!({"name": "dns", "permissions_boundary": BOUNDARY, "policy": statement(&json!({}))});
    let places = [
        "/name",
        "/permissions_boundary",
        "/policy",
        "/policy/Statement",
        "/policy/Statement/0",
        "/policy/Statement/0/Effect",
        "/policy/Statement/0/Action",
        "/policy/Statement/0/Resource",
    ];
    for place in places {
        let mut inputs = user.clone();
        *inputs.pointer_mut(place).unwrap() = unknown.clone();
        let checked = check("user", &inputs).unwrap_or_else(|problems| panic!("{place}: {problems:?}"));
        assert_eq!(checked.pointer(place), Some(&unknown), "{place}");
    }
    let parameter = json!({"name": "/a", "value": unknown});
    assert_eq!(check("parameter", &parameter).unwrap()["value"], unknown);
}
