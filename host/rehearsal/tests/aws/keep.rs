//! What outlives a restart, what is counted, and what goes wrong on request.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{cloud, start};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn everything_outlives_a_restart_and_two_clouds_agree() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut inventories = Vec::new();
    for home in &homes {
        let (running, client) = start(home.path()).await;
        let zone = client.rest("route53", Method::GET, "/2013-04-01/hostedzone", "").await.ok().one("Id");
        let statement = json!({"Effect": "Allow", "Action": "route53:ChangeResourceRecordSets",
            "Resource": format!("arn:aws:route53:::{}", zone.trim_start_matches('/'))});
        let user = client.user("external-dns-maps", statement).await;
        let secret = json!({"Name": "/maps/a", "Value": client.key.secret, "Type": "SecureString"});
        client.ssm("PutParameter", secret).await.ok();
        let before = client.inventory().await;
        running.shutdown().await.unwrap();

        let (_running, again) = start(home.path()).await;
        assert_eq!(again.inventory().await, before);
        assert_eq!((&again.key.id, &again.account()), (&client.key.id, &client.account()));
        again.with(&user.key.id, &user.key.secret).query("sts", "GetCallerIdentity", &[]).await.ok();
        let get = again.ssm("GetParameter", json!({"Name": "/maps/a", "WithDecryption": true})).await.ok();
        assert_eq!(get.json()["Parameter"]["Value"], client.key.secret);
        for random in [&client.key.secret, &client.account(), &user.key.id, zone.trim_start_matches("/hostedzone/")] {
            assert!(!before.to_string().contains(random), "{random}");
        }
        inventories.push(before);
    }
    assert_eq!(inventories[0], inventories[1]);
}

#[tokio::test]
async fn requests_are_counted_by_service_and_operation() {
    let (_home, _running, client) = cloud().await;
    client.ssm("PutParameter", json!({"Name": "a", "Value": "v", "Type": "String"})).await.ok();
    client.ssm("GetParameter", json!({"Name": "a"})).await.ok();
    client.ssm("MadeUp", json!({})).await.refused(400, "UnknownOperationException");
    client.rest("route53", Method::GET, "/2013-04-01/hostedzone", "").await.ok();
    let counts = client.control(Method::GET, "/counts", None).await;
    let expected = json!({
        "ssm": {"read": {"GetParameter": 1}, "write": {"PutParameter": 1, "(no such operation)": 1}},
        "route53": {"read": {"ListHostedZones": 1}},
    });
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn a_fault_hits_the_service_it_names_in_that_service_s_words() {
    let (_home, _running, client) = cloud().await;
    let faults = ["ssm:error@1", "ssm:throttle@2", "route53:throttle@1", "s3:throttle@1", "s3:error@2"];
    client.control(Method::POST, "/faults", Some(json!({ "faults": faults }))).await;
    client.iam("ListUsers", &[]).await.ok();
    let put = json!({"Name": "a", "Value": "v", "Type": "String"});
    client.ssm("PutParameter", put.clone()).await.refused(500, "InternalFailure");
    client.ssm("PutParameter", put.clone()).await.refused(400, "ThrottlingException");
    client.ssm("PutParameter", put).await.ok();
    client.rest("route53", Method::GET, "/2013-04-01/hostedzone", "").await.refused(400, "Throttling");
    client.s3(Method::GET, "/", &[], b"").await.refused(503, "SlowDown");
    client.s3(Method::GET, "/", &[], b"").await.refused(500, "InternalError");
    client.s3(Method::GET, "/", &[], b"").await.ok();
    let answer = client.control(Method::POST, "/faults", Some(json!({"faults": ["ec2:lost@1"]}))).await;
    assert!(answer["error"].as_str().unwrap().contains("the cloud has no such service"));
}
