//! What the audit prints for the operator's keys of AWS, tried.

use maps_tests::{CloudServer, StackDir};
use serde_json::json;

use crate::platform::element;

/// A stack without anything that takes its time to spread, for a run in earnest.
const EARNEST: &str = r#"maps: v1
stack: earnest
credentials: {aws: {from: aws}}
plugins:
  dns: {source: dns, credentials: {aws: aws}}
  secrets: {source: secrets, credentials: {aws: aws}}
resources:
  zone: {type: dns/zone, with: {name: maps.gransassotech.it}}
  secret: {type: secrets/parameter, with: {name: /earnest/secret, generate: {length: 20}}}
  bucket: {type: secrets/bucket, with: {name: earnest-bucket, versioning: true, lifecycle: [{id: old, expiration_days: 9}]}}
  boundary:
    type: secrets/policy
    with: {name: earnest-boundary, document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ssm:*", Resource: "*"}]}}
  user: {type: secrets/user, with: {name: earnest-user, permissions_boundary: "${boundary.arn}"}}
  key: {type: secrets/access-key, with: {user: "${user.name}"}}
"#;

#[test]
fn the_policy_that_the_audit_prints_is_enough_for_a_run_in_earnest() {
    let stack = StackDir::with(EARNEST);
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let audit = stack.maps().run(["audit", "stack.yaml", "--emit", "iam", "--output", "json"]).expect(0);
    let emitted = audit.events().into_iter().find(|event| event["event"] == "iam-policies").unwrap();
    let policy = &emitted["policies"]["aws"];
    let aws = cloud.aws();
    assert_eq!(aws.iam("CreateUser", &[("UserName", "operator")]).status, 200);
    // A managed one, since it is larger than what IAM takes for a user's own.
    let attach = |name: &str, document: &str| {
        let made = aws.iam("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
        let arn = made.text("Arn");
        assert_eq!(aws.iam("AttachUserPolicy", &[("UserName", "operator"), ("PolicyArn", &*arn)]).outcome(), "200");
        arn
    };
    let arn = attach("enough", &policy.to_string());
    let key = aws.iam("CreateAccessKey", &[("UserName", "operator")]);
    let (id, secret) = (element(&key, "AccessKeyId").unwrap(), element(&key, "SecretAccessKey").unwrap());
    let endpoint = cloud.description()["aws_endpoint_url"].as_str().unwrap().to_owned();
    let maps = stack.maps().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-central-1");
    let maps =
        maps.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", &secret).env("AWS_ENDPOINT_URL", &endpoint);
    let _ = maps.run(["plugin", "approve", "stack.yaml"]).expect(0);
    let run = || maps.run(["run", "stack.yaml", "--yes", "--output", "json"]);
    assert_eq!(run().expect(0).changes(), [6, 0, 0, 0]);
    assert_eq!(run().expect(0).changes(), [0; 4]);
    assert_eq!(maps.run(["destroy", "stack.yaml", "--yes", "--output", "json"]).expect(0).changes(), [0, 0, 0, 6]);
    // Without a statement that it needs it is not enough.
    let statements = policy["Statement"].as_array().unwrap();
    let less: Vec<_> =
        statements.iter().filter(|statement| !statement.to_string().contains("ssm:PutParameter")).collect();
    assert!(less.len() < statements.len());
    let less = json!({"Version": "2012-10-17", "Statement": less}).to_string();
    assert_eq!(aws.iam("DetachUserPolicy", &[("UserName", "operator"), ("PolicyArn", &*arn)]).outcome(), "200");
    attach("less", &less);
    let refused = run();
    assert!(refused.code != Some(0) && refused.stdout.contains("access-denied"), "{refused:?}");
}
