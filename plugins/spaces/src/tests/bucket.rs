//! Buckets and their settings.

use super::*;

const IT: Of = Of("spaces/bucket");

fn inputs() -> Value {
    IT.checked(&json!({
        "name": "gst-backups", "versioning": true, "force_destroy": true,
        "lifecycle": [{"id": "old", "noncurrent_expiration_days": 30}, {"id": "parts", "abort_multipart_days": 7}],
    }))
}

/// Spaces without the bucket.
fn none() {
    answering(|call| {
        Some(match call.action.as_str() {
            "GetBucketLocation" => Err(refusal(Class::NotFound, "no-such-bucket")),
            _ => Ok(json!({})),
        })
    });
}

/// Spaces where the bucket is as it is made, or with these settings.
fn there(versioning: Value, rules: Value) {
    answering(move |call| {
        Some(match call.action.as_str() {
            "GetBucketLocation" => Ok(json!({"LocationConstraint": "fra1"})),
            "GetBucketVersioning" => Ok(versioning.clone()),
            "GetBucketLifecycleConfiguration" if rules.is_null() => {
                Err(refusal(Class::NotFound, "no-such-lifecycle-configuration"))
            }
            "GetBucketLifecycleConfiguration" => Ok(json!({ "Rules": rules })),
            _ => Ok(json!({})),
        })
    });
}

/// As Spaces tell them: in another order, and with a prefix in a filter's place.
fn rules() -> Value {
    json!([
        {"ID": "parts", "Status": "Enabled", "Prefix": "", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"ID": "old", "Status": "Enabled", "Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
    ])
}

fn whole() {
    there(json!({"Status": "Enabled"}), rules());
}

fn made() -> types::Resource {
    whole();
    done(IT.create(&inputs(), Some("\"made\"")))
}

#[test]
fn that_none_is_there_is_written_down_before_one_is_made() {
    none();
    let begun = pending(IT.create(&inputs(), None));
    assert_eq!((begun.checkpoint.as_str(), names()), ("\"absent\"", Vec::new()));
    let begun = pending(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!((begun.id.as_deref(), names()), (Some("gst-backups"), vec!["CreateBucket".to_owned()]));
    there(json!({}), Value::Null);
    let made = done(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!(names(), ["PutBucketVersioning", "PutBucketLifecycleConfiguration"]);
    let outputs = json!({
        "name": "gst-backups", "region": "fra1", "endpoint": "https://fra1.digitaloceanspaces.com",
        "domain": "gst-backups.fra1.digitaloceanspaces.com", "urn": "do:space:gst-backups",
    });
    assert_eq!((parsed(&made.inputs), parsed(&made.outputs)), (inputs(), outputs));
}

#[test]
fn one_that_was_there_before_is_somebody_elses() {
    whole();
    let problem = failed(IT.create(&inputs(), None));
    assert_eq!((problem.code.as_str(), names()), ("bucket-exists", Vec::new()));
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent));
    answering(|call| {
        Some(Err(match call.action.as_str() {
            "GetBucketLocation" => refusal(Class::Denied, "access-denied"),
            _ => refusal(Class::Conflict, "bucket-already-exists"),
        }))
    });
    let begun = pending(IT.create(&inputs(), None));
    let problem = failed(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("bucket-taken", Some("name")));
}

#[test]
fn one_that_is_there_after_a_crash_is_ours() {
    none();
    assert!(matches!(IT.find(&inputs(), Some("\"absent\"")), wire::FindOutcome::Absent));
    there(json!({}), Value::Null);
    let wire::FindOutcome::Unfinished(open) = IT.find(&inputs(), Some("\"absent\"")) else { panic!("not set") };
    assert_eq!(open.checkpoint, "\"made\"");
    // The making itself, once more: it is there already.
    let begun = pending(IT.create(&inputs(), Some("\"absent\"")));
    assert_eq!((begun.checkpoint.as_str(), names()), ("\"made\"", Vec::new()));
    whole();
    assert!(matches!(IT.find(&inputs(), Some("\"made\"")), wire::FindOutcome::Found(_)));
}

#[test]
fn what_is_told_is_what_was_set_and_a_second_time_nothing_is_written() {
    let made = made();
    assert!(writes().is_empty());
    assert_eq!(parsed(&found(IT.read(&made)).inputs), inputs());
    assert!(matches!(IT.update(&made, &inputs()), wire::MutationOutcome::Done(_)));
    assert!(writes().is_empty());
    none();
    assert!(matches!(IT.read(&made), wire::ReadOutcome::Absent));
    there(json!({}), Value::Null);
    let bare = found(IT.read(&resource("gst-backups", &json!({}), &json!({}))));
    assert_eq!(parsed(&bare.inputs), IT.checked(&json!({"name": "gst-backups"})));
}

#[test]
fn rules_that_no_setting_can_say_are_seen_as_anothers() {
    let mut more = rules();
    more[0]["Transitions"] = json!([{"Days": 3, "StorageClass": "GLACIER"}]);
    let made = made();
    there(json!({"Status": "Enabled"}), more);
    let read = parsed(&found(IT.read(&made)).inputs);
    assert_eq!(read["lifecycle"][1]["id"], "parts (with what maps cannot say)");
}

#[test]
fn a_bucket_goes_with_its_objects_only_where_that_is_said() {
    let full = |call: &AwsCall| {
        Some(match call.action.as_str() {
            "DeleteBucket" => Err(refusal(Class::Conflict, "bucket-not-empty")),
            "ListObjectVersions" => Ok(json!({
                "Versions": [{"Key": "a", "VersionId": "1", "IsLatest": false}, {"Key": "b", "VersionId": "null"}],
                "DeleteMarkers": [{"Key": "a", "VersionId": "2"}], "IsTruncated": true,
            })),
            _ => Ok(json!({})),
        })
    };
    answering(full);
    let (forced, kept) = (inputs(), IT.checked(&json!({"name": "gst-backups"})));
    let wire::DeleteOutcome::Failed(problem) = IT.delete(&resource("gst-backups", &kept, &json!({})), None) else {
        panic!("it holds objects")
    };
    assert!(problem.help.unwrap_or_default().contains("force_destroy"));
    assert_eq!(names(), ["DeleteBucket"]);
    let prior = resource("gst-backups", &forced, &json!({}));
    answering(full);
    let wire::DeleteOutcome::Pending(begun) = IT.delete(&prior, None) else { panic!("its objects go first") };
    let wire::DeleteOutcome::Pending(begun) = IT.delete(&prior, Some(&begun.checkpoint)) else { panic!("a page") };
    let objects = json!([
        {"Key": "a", "VersionId": "1"}, {"Key": "b", "VersionId": "null"}, {"Key": "a", "VersionId": "2"},
    ]);
    let deleted = json!({"Bucket": "gst-backups", "Delete": {"Objects": objects, "Quiet": true}});
    assert_eq!(writes()[1..], [("DeleteObjects".to_owned(), deleted)]);
    answering(|_| Some(Ok(json!({}))));
    assert!(matches!(IT.delete(&prior, Some(&begun.checkpoint)), wire::DeleteOutcome::Done));
    assert_eq!(names(), ["DeleteBucket"]);
    answering(|_| Some(Err(refusal(Class::NotFound, "no-such-bucket"))));
    assert!(matches!(IT.delete(&prior, Some(&begun.checkpoint)), wire::DeleteOutcome::Done));
}

#[test]
fn an_object_that_cannot_go_is_named() {
    answering(|call| {
        Some(Ok(match call.action.as_str() {
            "ListObjectVersions" => json!({"Versions": [{"Key": "a", "VersionId": "1"}]}),
            _ => json!({"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "Access Denied."}]}),
        }))
    });
    let prior = resource("gst-backups", &inputs(), &json!({}));
    let wire::DeleteOutcome::Failed(problem) = IT.delete(&prior, Some("\"emptying\"")) else { panic!("denied") };
    assert!(problem.message.contains("the object a "), "{}", problem.message);
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let rule = json!({"id": "a", "expiration_days": 3});
    for (inputs, code, path) in [
        (json!({"name": "Upper"}), "bad-name", "name"),
        (json!({"name": "ok-name", "lifecycle": [{"id": "a"}]}), "no-action", "lifecycle[0]"),
        (json!({"name": "ok-name", "lifecycle": [{"id": "", "expiration_days": 3}]}), "bad-id", "lifecycle[0].id"),
        (
            json!({"name": "ok-name", "lifecycle": [{"id": "a", "expiration_days": 0}]}),
            "no-days",
            "lifecycle[0].expiration_days",
        ),
        (json!({"name": "ok-name", "lifecycle": [rule, rule]}), "duplicate-rule", "lifecycle[1].id"),
    ] {
        assert_eq!(IT.check(&inputs), Err(vec![(code.to_owned(), path.to_owned())]), "{inputs}");
    }
}
