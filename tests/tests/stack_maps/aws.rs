//! What the platform has at AWS: rows A5, A7, A8, the AWS half of A9, and A13 by input.

use maps_tests::aws::{Answer, Aws, Keys};
use maps_tests::{CloudServer, StackDir};
use serde_json::{Value, json};

use super::Platform;

const SERVICES: [(&str, &str); 4] =
    [("postgres", "password"), ("prefect", "secret-key"), ("openmetadata", "jwt-secret"), ("ckan", "api-key")];

/// The text of the first element of this name.
fn element(answer: &Answer, name: &str) -> Option<String> {
    answer.texts(name).into_iter().next()
}

/// The actions and resources of a user's inline policy.
fn policy(aws: &Aws, user: &str) -> Value {
    let answer = aws.iam("GetUserPolicy", &[("UserName", user), ("PolicyName", "inline")]);
    let encoded = element(&answer, "PolicyDocument").unwrap();
    let decoded = percent_decoded(&encoded);
    serde_json::from_str(&decoded).unwrap()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn parameter(aws: &Aws, name: &str) -> Option<String> {
    let answer = aws.ssm("GetParameter", &json!({"Name": name, "WithDecryption": true})).json();
    answer["Parameter"]["Value"].as_str().map(str::to_owned)
}

#[test]
fn a05_a_record_leads_to_the_load_balancer() {
    let platform = Platform::new("maps");
    let records = || platform.cloud.inventory()["aws"]["hosted_zones"][0]["records"].clone();
    let _ = platform.up();
    assert_eq!(records(), json!([]), "there is no load balancer yet");
    platform.edit("aws.yaml", "default: \"\"", "default: 203.0.113.7");
    assert_eq!(platform.up().changes(), [1, 0, 0, 0]);
    let text = records().to_string();
    assert!(text.contains("maps.k8s.maps.gransassotech.it") && text.contains("203.0.113.7"), "{text}");
    platform.edit("aws.yaml", "203.0.113.7", "203.0.113.8");
    assert_eq!(platform.up().changes(), [0, 1, 0, 0]);
    platform.edit("aws.yaml", "default: 203.0.113.8", "default: \"\"");
    assert_eq!(platform.up().changes(), [0, 0, 0, 1]);
    assert_eq!(records(), json!([]), "and the zone stays");
}

#[test]
fn a07_external_dns_may_change_records_of_the_one_zone_and_look_at_them_by_default() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    let aws = platform.cloud.aws();
    let zone = element(&aws.route53("GET", "/hostedzonesbyname", ""), "Id").unwrap();
    let zone = zone.rsplit('/').next().unwrap();
    let said = policy(&aws, "external-dns-maps");
    let statements = said["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 2, "{said}");
    assert_eq!(statements[0]["Action"], "route53:ChangeResourceRecordSets");
    assert_eq!(statements[0]["Resource"], format!("arn:aws:route53:::hostedzone/{zone}"));
    let user = aws.iam("GetUser", &[("UserName", "external-dns-maps")]);
    assert!(element(&user, "PermissionsBoundaryArn").unwrap().ends_with(":policy/maps-boundary"));
    assert!(element(&aws.iam("ListAccessKeys", &[("UserName", "external-dns-maps")]), "AccessKeyId").is_some());
    platform.edit(
        "aws.yaml",
        "external_dns_lists: {type: bool, default: true}",
        "external_dns_lists: {type: bool, default: false}",
    );
    assert_eq!(platform.up().changes(), [0, 1, 0, 0]);
    assert_eq!(policy(&aws, "external-dns-maps")["Statement"].as_array().unwrap().len(), 1);
}

#[test]
fn a08_each_service_has_its_secret_encrypted_in_parameter_store() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    let aws = platform.cloud.aws();
    let mut values = Vec::new();
    for (service, name) in SERVICES {
        let path = format!("/maps/{service}/{name}");
        let sealed = aws.ssm("GetParameter", &json!({"Name": path})).json();
        assert_eq!(sealed["Parameter"]["Type"], "SecureString", "{sealed}");
        let value = parameter(&aws, &path).unwrap();
        assert!(value.len() == 40 && !sealed.to_string().contains(&value), "{path}");
        values.push(value);
    }
    let again = platform.up();
    assert_eq!(again.changes(), [0; 4]);
    let said = format!("{}{}", again.stdout, again.stderr);
    for (value, (service, name)) in values.iter().zip(SERVICES) {
        assert!(!said.contains(value.as_str()), "a secret was said");
        assert_eq!(parameter(&aws, &format!("/maps/{service}/{name}")).as_deref(), Some(value.as_str()), "made once");
    }
}

#[test]
fn a09_the_reader_of_a_service_reads_what_is_its_own_and_nothing_else() {
    let platform = Platform::new("maps");
    let probe = "
  probe_id: {type: secrets/parameter, with: {name: /probe/id, value: \"${reader_key['ckan'].access_key_id}\"}}
  probe_secret: {type: secrets/parameter, with: {name: /probe/secret, value: \"${reader_key['ckan'].secret_access_key}\"}}

outputs:";
    platform.edit("aws.yaml", "\noutputs:", probe);
    let _ = platform.up();
    let aws = platform.cloud.aws();
    for (service, _) in SERVICES {
        let user = format!("external-secrets-{service}-maps");
        let said = policy(&aws, &user);
        assert_eq!(said["Statement"][0]["Action"], "ssm:GetParameter*", "{said}");
        assert_eq!(said["Statement"][0]["Resource"], format!("arn:aws:ssm:*:*:parameter/maps/{service}/*"));
    }
    let keys = Keys { id: parameter(&aws, "/probe/id").unwrap(), secret: parameter(&aws, "/probe/secret").unwrap() };
    let reader = aws.by(&keys);
    assert!(parameter(&reader, "/maps/ckan/api-key").is_some());
    for (service, name) in &SERVICES[..3] {
        let refused =
            reader.ssm("GetParameter", &json!({"Name": format!("/maps/{service}/{name}"), "WithDecryption": true}));
        assert!(refused.outcome().contains("AccessDenied"), "{service}: {}", refused.outcome());
    }
}

#[test]
fn a13_backups_have_a_bucket_of_aws_by_input() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    assert_eq!(platform.cloud.inventory()["aws"]["buckets"], json!([]), "the document prices Spaces");
    platform.edit(
        "aws.yaml",
        "backups_at_aws: {type: bool, default: false}",
        "backups_at_aws: {type: bool, default: true}",
    );
    assert_eq!(platform.up().changes(), [1, 0, 0, 0]);
    let aws = platform.cloud.aws();
    assert_eq!(element(&aws.s3("GET", "/gst-maps-backups?versioning=", &[], ""), "Status").as_deref(), Some("Enabled"));
    assert_eq!(
        element(&aws.s3("GET", "/gst-maps-backups?encryption=", &[], ""), "SSEAlgorithm").as_deref(),
        Some("AES256")
    );
    assert_eq!(
        element(&aws.s3("GET", "/gst-maps-backups?lifecycle=", &[], ""), "NoncurrentDays").as_deref(),
        Some("30")
    );
    let _ = platform.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(platform.cloud.inventory()["aws"]["buckets"], json!([]));
}

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
