//! Buckets and their settings.

use super::*;

const IT: Of = Of("bucket");

fn inputs() -> Value {
    checked(
        "bucket",
        &json!({
            "name": "gst-backups", "versioning": true, "tags": {"team": "a"},
            "lifecycle": [{"id": "old", "noncurrent_expiration_days": 30}, {"id": "parts", "abort_multipart_days": 7}],
        }),
    )
}

fn absent(code: &str) -> Problem {
    refusal(Class::NotFound, code)
}

/// S3, where the bucket is as S3 makes it, with these tags.
fn new(tags: Option<Value>) {
    answering(move |call| {
        Some(match call.action.as_str() {
            "HeadBucket" => Ok(json!({"BucketRegion": "eu-central-1"})),
            "GetBucketTagging" => tags.clone().map(|tags| json!({"TagSet": tags})).ok_or(absent("no-such-tag-set")),
            "GetBucketVersioning" => Ok(json!({})),
            "GetBucketEncryption" => Ok(json!({"ServerSideEncryptionConfiguration": {"Rules": [
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": false},
            ]}})),
            "GetBucketLifecycleConfiguration" => Err(absent("no-such-lifecycle-configuration")),
            "GetPublicAccessBlock" => Ok(json!({"PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
            }})),
            _ => Ok(json!({})),
        })
    });
}

/// S3, where the bucket is as it is wanted.
fn whole(rules: Value) {
    answering(move |call| {
        let mut tags = marks().as_array().unwrap().clone();
        tags.push(json!({"Key": "team", "Value": "a"}));
        Some(match call.action.as_str() {
            "HeadBucket" => Ok(json!({"BucketRegion": "eu-central-1"})),
            "GetBucketTagging" => Ok(json!({"TagSet": tags})),
            "GetBucketVersioning" => Ok(json!({"Status": "Enabled"})),
            "GetBucketEncryption" => Err(absent("server-side-encryption-configuration-not-found-error")),
            "GetBucketLifecycleConfiguration" => Ok(json!({"Rules": rules})),
            "GetPublicAccessBlock" => Ok(json!({"PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
            }})),
            _ => Ok(json!({})),
        })
    });
}

fn rules() -> Value {
    json!([
        {"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"ID": "old", "Status": "Enabled", "Filter": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
    ])
}

fn names() -> Vec<String> {
    writes().into_iter().map(|(action, _)| action).collect()
}

fn made() -> types::Resource {
    new(None);
    done(IT.create(&inputs(), Some(r#"{"made":true}"#)))
}

#[test]
fn a_bucket_is_made_where_none_is_and_gets_its_tags_first() {
    answering(|call| {
        Some(match call.action.as_str() {
            "HeadBucket" => Err(absent("no-such-bucket")),
            _ => Ok(json!({})),
        })
    });
    let begun = pending(IT.create(&inputs(), None));
    assert_eq!(writes(), [("CreateBucket".to_owned(), json!({"Bucket": "gst-backups"}))]);
    assert_eq!(begun.id.as_deref(), Some("gst-backups"));
    let made = made();
    assert_eq!(names(), ["PutBucketTagging", "PutBucketVersioning", "PutBucketLifecycleConfiguration"]);
    assert_eq!(parsed(&made.inputs), inputs());
    assert_eq!(parsed(&made.outputs)["arn"], "arn:aws:s3:::gst-backups");
    whole(rules());
    let read = found(IT.read(&made));
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (inputs(), parsed(&made.outputs)));
    assert_eq!(actions().len(), 6);
}

#[test]
fn a_bucket_that_is_there_is_left_alone() {
    new(Some(json!([])));
    let problem = failed(IT.create(&inputs(), None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("bucket-exists", Some("name")));
    assert!(writes().is_empty());
    answering(|call| {
        Some(Err(match call.action.as_str() {
            "HeadBucket" => refusal(Class::Denied, "access-denied"),
            _ => refusal(Class::Conflict, "bucket-already-exists"),
        }))
    });
    assert_eq!(failed(IT.create(&inputs(), None)).code, "bucket-taken");
}

#[test]
fn a_partial_bucket_is_found_and_goes_on() {
    for tags in [None, Some(marks())] {
        new(tags);
        let wire::FindOutcome::Unfinished(open) = IT.find(&inputs(), None) else { panic!("it is a partial one") };
        done(IT.create(&inputs(), Some(&open.checkpoint)));
        assert!(names().contains(&"PutBucketVersioning".to_owned()));
    }
    whole(rules());
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Found(_)));
    new(Some(json!([{"Key": "owner", "Value": "somebody"}])));
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent), "it is somebody else's");
}

#[test]
fn an_update_writes_what_differs() {
    let made = made();
    let mut wanted = inputs();
    wanted["versioning"] = false.into();
    wanted["lifecycle"] = json!([]);
    wanted["encryption"] = json!({"algorithm": "aws:kms", "key_id": "alias/a", "bucket_key": true});
    wanted["public_access_block"]["block_public_policy"] = false.into();
    whole(rules());
    done(IT.update(&made, &wanted, &["versioning"]));
    let all = ["PutBucketVersioning", "PutBucketEncryption", "DeleteBucketLifecycle", "PutPublicAccessBlock"];
    assert_eq!(names(), all);
    assert_eq!(writes()[0].1["VersioningConfiguration"], json!({"Status": "Suspended"}));
    let rule = &writes()[1].1["ServerSideEncryptionConfiguration"]["Rules"][0];
    let by_default = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a"});
    assert_eq!((&rule["ApplyServerSideEncryptionByDefault"], &rule["BucketKeyEnabled"]), (&by_default, &json!(true)));
    whole(rules());
    done(IT.update(&made, &inputs(), &["versioning"]));
    assert!(writes().is_empty(), "it is as it is wanted already");
    wanted = inputs();
    wanted["tags"] = json!({});
    whole(rules());
    done(IT.update(&made, &wanted, &["tags.team"]));
    let tags = writes()[0].1["Tagging"]["TagSet"].clone();
    assert_eq!(tags, marks(), "who made it stays");
}

#[test]
fn a_rule_that_says_more_than_maps_can_is_a_difference() {
    let made = made();
    let mut rules = rules();
    rules[1]["Filter"] = json!({"Tag": {"Key": "a", "Value": "b"}});
    whole(rules);
    let read = found(IT.read(&made));
    let ids: Vec<Value> =
        parsed(&read.inputs)["lifecycle"].as_array().unwrap().iter().map(|rule| rule["id"].clone()).collect();
    assert_eq!(ids, ["parts", "old (with what maps cannot say)"]);
}

#[test]
fn a_bucket_with_objects_in_it_stays() {
    let made = made();
    answering(|_| Some(Err(refusal(Class::Conflict, "bucket-not-empty"))));
    let wire::DeleteOutcome::Failed(problem) = IT.delete(&made) else { panic!("it is not empty") };
    assert!(problem.help.unwrap().contains("maps deletes no objects"));
    answering(|_| Some(Err(absent("no-such-bucket"))));
    assert!(matches!(IT.delete(&made), wire::DeleteOutcome::Done));
    assert!(matches!(IT.read(&made), wire::ReadOutcome::Absent));
}
