//! DigitalOcean's Spaces: keys with their grants, and what differs from S3.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Client, Reply, Sent, cloud};
use reqwest::Method;
use serde_json::{Value, json};

const HOST: &str = "fra1.digitaloceanspaces.com";
const VERSIONING: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

/// The operator, whose key opens everything.
fn operator(client: &Client) -> Client {
    let key = client.file.credentials.spaces.clone().unwrap();
    client.with(&key.access_key_id, &key.secret_access_key)
}

fn sent(client: &Client, method: Method, path: &str, body: &str) -> Sent {
    Sent { base: client.at(HOST, HOST), region: "fra1".to_owned(), ..client.sent("s3", method, path, body) }
}

async fn ask(client: &Client, method: Method, path: &str, body: &str) -> Reply {
    client.send(sent(client, method, path, body)).await
}

/// A call of DigitalOcean's own API.
async fn api(client: &Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    let host = "api.digitalocean.com";
    let token = client.file.credentials.digitalocean.token.clone();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut sent = Sent { base: client.at(host, host), ..client.sent("s3", method, path, body) };
    sent.headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply = client.raw(&sent, vec![("authorization".to_owned(), format!("Bearer {token}"))]).await;
    (reply.status.as_u16(), reply.json())
}

/// A key with these grants.
async fn key(client: &Client, grants: Value) -> Client {
    let (status, made) = api(client, Method::POST, "/v2/spaces/keys", json!({"name": "k", "grants": grants})).await;
    assert_eq!(status, 201, "{made}");
    client.with(made["key"]["access_key"].as_str().unwrap(), made["key"]["secret_key"].as_str().unwrap())
}

#[tokio::test]
async fn a_bucket_is_made_set_and_deleted() {
    let (_home, _running, client) = cloud().await;
    let client = operator(&client);
    let before = client.control(Method::GET, "/inventory", None).await;
    ask(&client, Method::PUT, "/backups", "").await.ok();
    ask(&client, Method::PUT, "/backups", "").await.refused(409, "BucketAlreadyExists");
    assert_eq!(ask(&client, Method::GET, "/backups?location", "").await.ok().one("LocationConstraint"), "");
    assert!(ask(&client, Method::GET, "/backups?location", "").await.ok().text.contains(">fra1<"));
    assert_eq!(ask(&client, Method::GET, "/", "").await.ok().one("Name"), "backups");
    ask(&client, Method::PUT, "/backups?versioning", VERSIONING).await.ok();
    let rule = "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
                <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
                </LifecycleConfiguration>";
    ask(&client, Method::PUT, "/backups?lifecycle", rule).await.ok();
    let told = ask(&client, Method::GET, "/backups?lifecycle", "").await.ok();
    assert!(!told.text.contains("Filter") && told.one("NoncurrentDays") == "30", "{}", told.text);
    for (flag, body) in [
        ("tagging", "<Tagging/>"),
        ("encryption", "<ServerSideEncryptionConfiguration/>"),
        ("publicAccessBlock", "<PublicAccessBlockConfiguration/>"),
    ] {
        ask(&client, Method::PUT, &format!("/backups?{flag}"), body).await.refused(501, "NotImplemented");
    }
    let moved = rule.replace("NoncurrentVersionExpiration", "NoncurrentVersionTransition");
    ask(&client, Method::PUT, "/backups?lifecycle", &moved).await.refused(501, "NotImplemented");
    ask(&client, Method::DELETE, "/backups", "").await.ok();
    assert_eq!(client.control(Method::GET, "/inventory", None).await, before);
}

#[tokio::test]
async fn a_bucket_is_in_its_region_alone_and_its_host_names_it() {
    let (_home, _running, client) = cloud().await;
    let client = operator(&client);
    ask(&client, Method::PUT, "/bucket", "").await.ok();
    let elsewhere = |method: Method, path: &str| Sent {
        base: client.at("nyc3.digitaloceanspaces.com", "nyc3.digitaloceanspaces.com"),
        ..sent(&client, method, path, "")
    };
    client.send(elsewhere(Method::HEAD, "/bucket")).await.refused(404, "");
    client.send(elsewhere(Method::PUT, "/bucket")).await.refused(409, "BucketAlreadyExists");
    assert_eq!(client.send(elsewhere(Method::GET, "/")).await.ok().all("Name"), Vec::<String>::new());
    // By the host, and with another region in the scope: many programs sign for Amazon's first.
    let mut by_host = sent(&client, Method::PUT, "/a/key", "content");
    by_host.base = client.at("bucket.fra1.digitaloceanspaces.com", "*.fra1.digitaloceanspaces.com");
    by_host.region = "us-east-1".to_owned();
    client.send(by_host).await.ok();
    assert_eq!(ask(&client, Method::GET, "/bucket/a/key", "").await.ok().text, "content");
}

#[tokio::test]
async fn a_key_does_what_it_is_granted_and_no_more() {
    let (_home, _running, client) = cloud().await;
    let owner = operator(&client);
    for bucket in ["/one", "/two"] {
        ask(&owner, Method::PUT, bucket, "").await.ok();
        ask(&owner, Method::PUT, &format!("{bucket}/o"), "x").await.ok();
    }
    let writer = key(&client, json!([{"bucket": "one", "permission": "readwrite"}])).await;
    let reader = key(&client, json!([{"bucket": "one", "permission": "read"}])).await;
    let nobody = key(&client, json!([])).await;
    let full = key(&client, json!([{"bucket": "", "permission": "fullaccess"}])).await;
    // Whether each of them may: owner, full, writer, reader, nobody.
    for (method, path, expected) in [
        (Method::GET, "/one?list-type=2", [true, true, true, true, false]),
        (Method::GET, "/one/o", [true, true, true, true, false]),
        (Method::GET, "/one?location", [true, true, true, true, false]),
        (Method::PUT, "/one/o", [true, true, true, false, false]),
        (Method::DELETE, "/one/p", [true, true, true, false, false]),
        (Method::GET, "/two/o", [true, true, false, false, false]),
        (Method::PUT, "/two/o", [true, true, false, false, false]),
        (Method::GET, "/two?list-type=2", [true, true, false, false, false]),
        (Method::GET, "/one?acl", [true, true, false, false, false]),
        (Method::GET, "/one?versioning", [true, true, false, false, false]),
        (Method::GET, "/", [true, true, false, false, false]),
    ] {
        for (client, expected) in [&owner, &full, &writer, &reader, &nobody].into_iter().zip(expected) {
            let reply = ask(client, method.clone(), path, "").await;
            assert_eq!(reply.status.is_success(), expected, "{method} {path}: {} {}", reply.status, reply.text);
            assert!(expected || reply.code() == "AccessDenied", "{}", reply.text);
        }
    }
    for (method, path) in [(Method::PUT, "/three"), (Method::DELETE, "/one")] {
        ask(&writer, method, path, "").await.refused(403, "AccessDenied");
    }
    let copy = Sent {
        headers: vec![("x-amz-copy-source".to_owned(), "/two/o".to_owned())],
        ..sent(&writer, Method::PUT, "/one/copied", "")
    };
    writer.send(copy).await.refused(403, "AccessDenied");
    let forged = writer.with(&writer.key.id, "another secret");
    ask(&forged, Method::GET, "/one/o", "").await.refused(403, "SignatureDoesNotMatch");
    // A key of AWS is none here, and one of Spaces none there.
    ask(&client, Method::GET, "/one/o", "").await.refused(403, "InvalidAccessKeyId");
    owner.s3(Method::GET, "/", &[], b"").await.refused(403, "InvalidAccessKeyId");
    let id = writer.key.id.clone();
    assert_eq!(api(&client, Method::DELETE, &format!("/v2/spaces/keys/{id}"), Value::Null).await.0, 204);
    ask(&writer, Method::GET, "/one/o", "").await.refused(403, "InvalidAccessKeyId");
}

#[tokio::test]
async fn keys_are_made_listed_changed_and_deleted() {
    let (_home, _running, client) = cloud().await;
    let owner = operator(&client);
    for bucket in ["/one", "/two"] {
        ask(&owner, Method::PUT, bucket, "").await.ok();
    }
    let all = "/v2/spaces/keys";
    let one = json!([{"bucket": "one", "permission": "read"}]);
    let (_, made) = api(&client, Method::POST, all, json!({"name": "a", "grants": one})).await;
    assert_eq!(made["key"]["grants"], one);
    assert_eq!(made["key"]["secret_key"].as_str().unwrap().len(), 43);
    let path = format!("{all}/{}", made["key"]["access_key"].as_str().unwrap());
    let (_, listed) = api(&client, Method::GET, &format!("{all}?per_page=1&name=a"), Value::Null).await;
    assert_eq!((&listed["meta"]["total"], &listed["keys"][0]["name"]), (&json!(1), &json!("a")));
    assert!(!listed.to_string().contains("secret"), "{listed}");
    assert_eq!(api(&client, Method::GET, all, Value::Null).await.1["meta"]["total"], 2, "the operator's is listed");
    let two = json!([{"bucket": "two", "permission": "readwrite"}]);
    let (status, changed) = api(&client, Method::PUT, &path, json!({"name": "b", "grants": two})).await;
    assert_eq!((status, &changed["key"]["name"], &changed["key"]["grants"]), (200, &json!("b"), &two));
    assert_eq!(api(&client, Method::PATCH, &path, json!({"name": "c"})).await.1["key"]["grants"], two);
    let full = json!({"bucket": "", "permission": "fullaccess"});
    for (method, path, body, status) in [
        (Method::PUT, path.as_str(), json!({"name": "b", "grants": [full]}), 400),
        (Method::POST, all, json!({"name": "b", "grants": [full, one[0]]}), 400),
        (Method::POST, all, json!({"name": "b", "grants": [{"bucket": "absent", "permission": "read"}]}), 400),
        (Method::POST, all, json!({"name": "b", "grants": [{"bucket": "one", "permission": "write"}]}), 400),
        (Method::POST, all, json!({"grants": []}), 400),
        (Method::GET, "/v2/spaces/keys/DO00ABSENT", Value::Null, 404),
    ] {
        assert_eq!(api(&client, method, path, body.clone()).await.0, status, "{body}");
    }
    assert_eq!(api(&client, Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(api(&client, Method::DELETE, &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_policy_and_a_key_to_the_bucket_exclude_each_other() {
    let (_home, _running, client) = cloud().await;
    let owner = operator(&client);
    for bucket in ["/one", "/two"] {
        ask(&owner, Method::PUT, bucket, "").await.ok();
    }
    let policy = |bucket: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*"),
        }]})
        .to_string()
    };
    let _key = key(&client, json!([{"bucket": "one", "permission": "read"}])).await;
    ask(&owner, Method::PUT, "/one?policy", &policy("one")).await.refused(400, "InvalidRequest");
    ask(&owner, Method::PUT, "/two?policy", &policy("two")).await.ok();
    let grants = json!({"name": "k", "grants": [{"bucket": "two", "permission": "read"}]});
    assert_eq!(api(&client, Method::POST, "/v2/spaces/keys", grants).await.0, 400);
}
