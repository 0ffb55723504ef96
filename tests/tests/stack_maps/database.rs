//! PostgreSQL and its backups: rows A12 and A13.

use maps_tests::StackDir;
use maps_tests::aws::Keys;
use serde_json::{Value, json};

use crate::platform::{Platform, element};

#[test]
fn a12_postgresql_is_healthy_as_the_document_specifies_it() {
    let platform = Platform::up();
    let cluster = platform.object("maps", "clusters.postgresql.cnpg.io", "maps-postgres");
    let spec = &cluster["spec"];
    assert_eq!((&spec["instances"], &spec["imageName"]), (&json!(2), &json!("ghcr.io/cloudnative-pg/postgis:17")));
    let parameters = &spec["postgresql"]["parameters"];
    assert_eq!((&parameters["shared_buffers"], &parameters["max_connections"]), (&json!("256MB"), &json!("100")));
    assert_eq!(spec["postgresql"]["synchronous"]["number"], 1);
    assert_eq!(
        (&spec["storage"]["size"], &spec["storage"]["storageClass"]),
        (&json!("100Gi"), &json!("do-block-storage"))
    );
    assert_eq!(spec["bootstrap"]["initdb"]["secret"]["name"], "postgres-secrets");
    assert_eq!(spec["backup"]["retentionPolicy"], "30d");
    let store = &spec["backup"]["barmanObjectStore"];
    assert_eq!(store["destinationPath"], "s3://gst-maps-backups/postgres");
    let key = json!({"name": "maps-backup-credentials", "key": "ACCESS_KEY_ID"});
    assert_eq!(store["s3Credentials"]["accessKeyId"], key);
    assert_eq!(cluster["status"]["phase"], "Cluster in healthy state", "{}", cluster["status"]);
    assert_eq!(cluster["status"]["readyInstances"], 2);
    let claims: Value = serde_json::from_str(
        &platform.ask("kubectl", &["-n", "maps", "get", "pvc", "-l", "cnpg.io/cluster=maps-postgres", "-o", "json"]),
    )
    .unwrap();
    assert_eq!(claims["items"].as_array().unwrap().len(), 2, "a volume for each instance");
    let scheduled = platform.object("maps", "scheduledbackup", "maps-postgres-daily");
    assert_eq!(
        (&scheduled["spec"]["schedule"], &scheduled["spec"]["immediate"]),
        (&json!("0 0 2 * * *"), &json!(true))
    );
    // The three services have databases of their own.
    let sql = spec["bootstrap"]["initdb"]["postInitSQL"].to_string();
    assert!(["prefect", "openmetadata", "ckan"].iter().all(|name| sql.contains(name)), "{sql}");
}

#[test]
fn a13_backups_go_to_a_bucket_of_spaces_by_a_key_that_reaches_nothing_else() {
    let platform = Platform::up();
    let inventory = platform.cloud.inventory().to_string();
    assert!(inventory.contains("gst-maps-backups"), "{inventory}");
    assert_eq!(platform.cloud.inventory()["aws"]["buckets"], json!([]), "and not at AWS");
    let (_, keys) = platform.cloud.client().call("GET", "/v2/spaces/keys", None);
    let own =
        keys["keys"].as_array().unwrap().iter().find(|key| key["name"].as_str().unwrap().starts_with("maps-backups"));
    let own = own.unwrap_or_else(|| panic!("{keys}"));
    assert_eq!(own["grants"], json!([{"bucket": "gst-maps-backups", "permission": "readwrite"}]));
    assert_eq!(own["access_key"], platform.secret("maps", "maps-backup-credentials", "ACCESS_KEY_ID"));
    assert!(platform.secret("maps", "maps-backup-credentials", "SECRET_ACCESS_KEY").len() >= 40);
}

/// The bucket, the user and the Secret, without the cluster's other parts.
#[test]
fn a13_backups_go_to_aws_where_the_stack_is_told_so() {
    let text = std::fs::read_to_string(maps_tests::root().join("stacks/maps/database.yaml")).unwrap();
    let (from, to) = (text.find("  backups_aws:\n").unwrap(), text.find("  backup_credentials:\n").unwrap());
    let stack = StackDir::with(&format!(
        "maps: v1\nstack: backups\ninputs: {{backups_at_aws: {{type: bool, default: true}}}}\n\
         credentials: {{aws: {{from: aws, region: eu-central-1}}}}\nplugins: {{secrets: {{source: secrets, credentials: {{aws: aws}}}}}}\n\
         resources:\n  boundary:\n    type: secrets/policy\n    with:\n      name: maps-boundary\n      document:\n        \
         Version: \"2012-10-17\"\n        Statement: [{{Effect: Allow, Action: \"s3:*\", Resource: \"*\"}}]\n{}  \
         id: {{type: secrets/parameter, with: {{name: /probe/id, value: \"${{backups_user_key.access_key_id}}\"}}}}\n  \
         key: {{type: secrets/parameter, with: {{name: /probe/key, value: \"${{backups_user_key.secret_access_key}}\"}}}}\n",
        &text[from..to]
    ));
    let platform = Platform::of(stack);
    let _ = platform.again(&[]).expect(0);
    let aws = platform.cloud.aws();
    let value = |name: &str| {
        let answer = aws.ssm("GetParameter", &json!({"Name": name, "WithDecryption": true})).json();
        answer["Parameter"]["Value"].as_str().unwrap().to_owned()
    };
    let writer = aws.by(&Keys { id: value("/probe/id"), secret: value("/probe/key") });
    assert_eq!(writer.s3("PUT", "/gst-maps-backups/postgres/base", &[], "backup").status, 200);
    assert_eq!(writer.s3("GET", "/gst-maps-backups/postgres/base", &[], "").status, 200);
    assert_eq!(
        writer.s3("GET", "/gst-maps-backups?lifecycle=", &[], "").status,
        403,
        "settings are none of its business"
    );
    assert_eq!(element(&aws.s3("GET", "/gst-maps-backups?versioning=", &[], ""), "Status").as_deref(), Some("Enabled"));
    assert_eq!(
        element(&aws.s3("GET", "/gst-maps-backups?lifecycle=", &[], ""), "NoncurrentDays").as_deref(),
        Some("30")
    );
}
