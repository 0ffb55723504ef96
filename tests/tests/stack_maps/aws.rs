//! What the platform has at AWS: rows A5, A7, A8, the AWS half of A9, and A13 by input.

use maps_tests::aws::{Answer, Aws, Keys};
use serde_json::{Value, json};

use super::Platform;

const SERVICES: [(&str, &str); 4] =
    [("postgres", "password"), ("prefect", "secret-key"), ("openmetadata", "jwt-secret"), ("ckan", "api-key")];

/// The operator's own client.
fn operator(platform: &Platform) -> Aws {
    let description = platform.cloud.description();
    let text = |pointer: &str| description.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let keys = Keys { id: text("/credentials/aws/access_key_id"), secret: text("/credentials/aws/secret_access_key") };
    Aws::new(&text("/aws_endpoint_url"), keys)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// The text of the first element of this name.
fn element(answer: &Answer, name: &str) -> Option<String> {
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let found = document.descendants().find(|node| node.tag_name().name() == name);
    found.and_then(|node| node.text().map(str::to_owned))
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
    let answer = json_of(&aws.ssm("GetParameter", &json!({"Name": name, "WithDecryption": true})));
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
    let aws = operator(&platform);
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
    let aws = operator(&platform);
    let mut values = Vec::new();
    for (service, name) in SERVICES {
        let path = format!("/maps/{service}/{name}");
        let sealed = json_of(&aws.ssm("GetParameter", &json!({"Name": path})));
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
    let aws = operator(&platform);
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
    let aws = operator(&platform);
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
