//! Buckets and objects: settings, conditional writes, versions, parts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Client, REGION, cloud};
use reqwest::Method;
use serde_json::json;

pub(crate) async fn bucket(client: &Client, name: &str) {
    let body = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{REGION}\
         </LocationConstraint></CreateBucketConfiguration>"
    );
    client.s3(Method::PUT, &format!("/{name}"), &[], body.as_bytes()).await.ok();
}

#[tokio::test]
async fn a_bucket_is_made_set_and_deleted() {
    let (_home, _running, client) = cloud().await;
    let before = client.inventory().await;
    client.s3(Method::HEAD, "/gst-maps-backups", &[], b"").await.refused(404, "");
    client.s3(Method::PUT, "/gst-maps-backups", &[], b"").await.refused(400, "IllegalLocationConstraintException");
    client.s3(Method::PUT, "/Upper", &[], b"").await.refused(400, "InvalidBucketName");
    bucket(&client, "gst-maps-backups").await;
    let again =
        b"<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    client.s3(Method::PUT, "/gst-maps-backups", &[], again).await.refused(409, "BucketAlreadyOwnedByYou");
    let head = client.s3(Method::HEAD, "/gst-maps-backups", &[], b"").await.ok();
    assert_eq!(head.header("x-amz-bucket-region"), REGION);
    assert_eq!(client.s3(Method::GET, "/", &[], b"").await.ok().one("Name"), "gst-maps-backups");

    let get = |flag: &str| client.sent("s3", Method::GET, &format!("/gst-maps-backups?{flag}"), "");
    assert_eq!(client.send(get("encryption")).await.ok().one("SSEAlgorithm"), "AES256");
    assert_eq!(client.send(get("publicAccessBlock")).await.ok().one("BlockPublicPolicy"), "true");
    assert_eq!(client.send(get("location")).await.ok().text.matches(REGION).count(), 1);
    client.send(get("lifecycle")).await.refused(404, "NoSuchLifecycleConfiguration");
    client.send(get("tagging")).await.refused(404, "NoSuchTagSet");
    client.send(get("policy")).await.refused(404, "NoSuchBucketPolicy");
    client.send(get("inventory")).await.refused(501, "NotImplemented");
    let put = |flag: &str, body: &str| client.sent("s3", Method::PUT, &format!("/gst-maps-backups?{flag}"), body);
    let rule = "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>wal/</Prefix></Filter><Status>Enabled</Status>\
                <Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";
    client.send(put("lifecycle", rule)).await.ok();
    assert_eq!(client.send(get("lifecycle")).await.ok().one("Days"), "30");
    client.send(put("lifecycle", &rule.replace("30", "0"))).await.refused(400, "InvalidArgument");
    client.send(put("lifecycle", &rule.replace("Enabled", "On"))).await.refused(400, "MalformedXML");
    client.send(put("lifecycle", "<Lifecycle")).await.refused(400, "MalformedXML");
    client
        .send(put("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
        .await
        .ok();
    assert_eq!(client.send(get("versioning")).await.ok().one("Status"), "Enabled");
    client
        .send(put("tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"))
        .await
        .ok();
    assert_eq!(client.inventory().await["buckets"][0]["versioning"], "Enabled");

    let mut elsewhere = get("location");
    elsewhere.region = "eu-west-1".to_owned();
    client.send(elsewhere).await.refused(301, "PermanentRedirect");
    client.s3(Method::DELETE, "/gst-maps-backups", &[], b"").await.ok();
    client.s3(Method::DELETE, "/gst-maps-backups", &[], b"").await.refused(404, "NoSuchBucket");
    assert_eq!(client.inventory().await, before);
}

#[tokio::test]
async fn writes_are_conditional() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "state").await;
    let put = |headers: &'static [(&str, &str)], body: &'static str| {
        client.s3(Method::PUT, "/state/lock", headers, body.as_bytes())
    };
    put(&[("if-match", "\"x\"")], "zero").await.refused(404, "NoSuchKey");
    let first = put(&[("if-none-match", "*"), ("x-amz-meta-serial", "7")], "one").await.ok();
    assert_eq!(first.header("etag"), "\"f97c5d29941bfb1b2fdab0874906ab82\"");
    let refused = put(&[("if-none-match", "*")], "two").await.refused(412, "PreconditionFailed");
    assert_eq!(refused.one("Condition"), "If-None-Match");
    put(&[("if-match", "\"wrong\"")], "two").await.refused(412, "PreconditionFailed");
    put(&[("if-match", "\"f97c5d29941bfb1b2fdab0874906ab82\"")], "two").await.ok();
    let got = client.s3(Method::GET, "/state/lock", &[], b"").await.ok();
    assert_eq!((got.text.as_str(), got.header("x-amz-server-side-encryption")), ("two", "AES256"));
    let part = client.s3(Method::GET, "/state/lock", &[("range", "bytes=1-")], b"").await.ok();
    assert_eq!((part.status.as_u16(), part.text.as_str(), part.header("content-range")), (206, "wo", "bytes 1-2/3"));
    let etag = got.header("etag");
    assert_eq!(client.s3(Method::GET, "/state/lock", &[("if-none-match", etag)], b"").await.status, 304);
    let head = client.s3(Method::HEAD, "/state/lock", &[], b"").await.ok();
    assert_eq!((head.header("content-length"), head.text.as_str()), ("3", ""));
    client
        .s3(Method::PUT, "/state/x", &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], b"x")
        .await
        .refused(400, "BadDigest");
    client.s3(Method::PUT, "/state/x", &[("x-amz-checksum-crc32", "AAAAAA==")], b"x").await.refused(400, "BadDigest");
    client.s3(Method::PUT, "/state/x", &[("x-amz-checksum-crc32", "NhCmhg==")], b"hello").await.ok();
    client.s3(Method::DELETE, "/state", &[], b"").await.refused(409, "BucketNotEmpty");
    client.s3(Method::DELETE, "/state/lock", &[], b"").await.ok();
    client.s3(Method::DELETE, "/state/lock", &[], b"").await.ok();
    client.s3(Method::GET, "/state/lock", &[], b"").await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn only_one_of_many_gets_the_lock() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "state").await;
    let tries = (0..16).map(|n| {
        let client = client.clone();
        async move { client.s3(Method::PUT, "/state/lock", &[("if-none-match", "*")], format!("{n}").as_bytes()).await }
    });
    let replies = futures::future::join_all(tries).await;
    assert_eq!(replies.iter().filter(|reply| reply.status.is_success()).count(), 1);
}

#[tokio::test]
async fn a_versioned_bucket_keeps_what_was() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "kept").await;
    let status = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    client.s3(Method::PUT, "/kept?versioning", &[], status).await.ok();
    let one = client.s3(Method::PUT, "/kept/k", &[], b"one").await.ok().header("x-amz-version-id").to_owned();
    client.s3(Method::PUT, "/kept/k", &[], b"two").await.ok();
    let marker = client.s3(Method::DELETE, "/kept/k", &[], b"").await.ok();
    assert_eq!(marker.header("x-amz-delete-marker"), "true");
    client.s3(Method::GET, "/kept/k", &[], b"").await.refused(404, "NoSuchKey");
    assert_eq!(client.s3(Method::GET, &format!("/kept/k?versionId={one}"), &[], b"").await.ok().text, "one");
    client.s3(Method::GET, "/kept/k?versionId=none", &[], b"").await.refused(404, "NoSuchVersion");
    let listed = client.s3(Method::GET, "/kept?versions", &[], b"").await.ok();
    assert_eq!((listed.all("Version").len(), listed.all("DeleteMarker").len()), (2, 1));
    client.s3(Method::DELETE, "/kept", &[], b"").await.refused(409, "BucketNotEmpty");
    let objects: String = listed
        .all("VersionId")
        .iter()
        .map(|id| format!("<Object><Key>k</Key><VersionId>{id}</VersionId></Object>"))
        .collect();
    let body = format!("<Delete>{objects}</Delete>");
    client.s3(Method::POST, "/kept?delete", &[], body.as_bytes()).await.refused(400, "InvalidRequest");
    let crc = crc32(body.as_bytes());
    let deleted =
        client.s3(Method::POST, "/kept?delete", &[("x-amz-checksum-crc32", &crc)], body.as_bytes()).await.ok();
    assert_eq!(deleted.all("Deleted").len(), 3);
    client.s3(Method::DELETE, "/kept", &[], b"").await.ok();
}

/// The checksum, bit by bit, so that nothing is shared with what verifies it.
fn crc32(bytes: &[u8]) -> String {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step));
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode((!crc).to_be_bytes())
}

#[tokio::test]
async fn listings_fold_and_page_in_both_styles_of_address() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "bucket").await;
    for key in ["a/1", "a/2", "b", "c%20d/%C3%A9"] {
        client.s3(Method::PUT, &format!("/bucket/{key}"), &[], b"x").await.ok();
    }
    let page = client.s3(Method::GET, "/bucket?list-type=2&max-keys=2&delimiter=%2F", &[], b"").await.ok();
    assert_eq!(
        (page.all("Key"), page.all("CommonPrefixes").len(), page.one("KeyCount")),
        (vec!["b".to_owned()], 1, "2".to_owned())
    );
    let token = page.one("NextContinuationToken").replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
    let path = format!("/bucket?list-type=2&delimiter=%2F&continuation-token={token}");
    let rest = client.s3(Method::GET, &path, &[], b"");
    assert!(rest.await.ok().one("CommonPrefixes").contains("c d/"));

    let host = format!("bucket.s3.{REGION}.amazonaws.com");
    let mut sent = client.sent("s3", Method::GET, "/?list-type=2&prefix=c%20&encoding-type=url", "");
    sent.base = client.at(&host, &format!("*.s3.{REGION}.amazonaws.com"));
    assert_eq!(client.send(sent.clone()).await.ok().one("Key"), "c%20d/%C3%A9");
    sent.path = "/c%20d/%C3%A9".to_owned();
    assert_eq!(client.send(sent).await.ok().text, "x");
}

#[tokio::test]
async fn an_upload_in_parts_is_one_object() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "big").await;
    let begun = client.s3(Method::POST, "/big/o?uploads", &[], b"").await.ok().one("UploadId");
    let first = vec![b'a'; 5 << 20];
    let put = |number: u32, body: Vec<u8>| {
        let client = client.clone();
        let path = format!("/big/o?partNumber={number}&uploadId={begun}");
        async move { client.s3(Method::PUT, &path, &[], &body).await.ok().header("etag").to_owned() }
    };
    let (one, two) = (put(1, first.clone()).await, put(2, b"end".to_vec()).await);
    let complete = |parts: &[(u32, &str)]| {
        let parts: String = parts
            .iter()
            .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
            .collect();
        client.sent(
            "s3",
            Method::POST,
            &format!("/big/o?uploadId={begun}"),
            format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"),
        )
    };
    client.send(complete(&[(2, &two), (1, &one)])).await.refused(400, "InvalidPartOrder");
    client.send(complete(&[(1, &two)])).await.refused(400, "InvalidPart");
    client.s3(Method::GET, "/big/o", &[], b"").await.refused(404, "NoSuchKey");
    let done = client.send(complete(&[(1, &one), (2, &two)])).await.ok();
    assert!(done.one("ETag").ends_with("-2\""));
    let head = client.s3(Method::HEAD, "/big/o", &[], b"").await.ok();
    assert_eq!(head.header("content-length"), (first.len() + 3).to_string());
    client.send(complete(&[(1, &one)])).await.refused(404, "NoSuchUpload");
    let other = client.s3(Method::POST, "/big/p?uploads", &[], b"").await.ok().one("UploadId");
    client.s3(Method::DELETE, &format!("/big/p?uploadId={other}"), &[], b"").await.ok();
    assert_eq!(client.s3(Method::GET, "/big?uploads", &[], b"").await.ok().all("Upload").len(), 0);
}

#[tokio::test]
async fn policies_and_keys_decide_over_objects() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "private").await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    client.s3(Method::PUT, "/private/in/a", &[], b"x").await.ok();
    let encrypted =
        [("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", &key)];
    let put = client.s3(Method::PUT, "/private/in/k", &encrypted, b"x").await.ok();
    assert_eq!(put.header("x-amz-server-side-encryption-aws-kms-key-id"), key);
    let reader = client
        .user("reader", json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::private/in/*"}))
        .await;
    reader.s3(Method::GET, "/private/in/a", &[], b"").await.ok();
    let denied = reader.s3(Method::GET, "/private/in/k", &[], b"").await.refused(403, "AccessDenied");
    assert!(denied.message().contains("kms:Decrypt on resource: \"arn:aws:kms:"), "{}", denied.text);
    // Who may not list does not learn that a key is missing.
    reader.s3(Method::GET, "/private/in/none", &[], b"").await.refused(403, "AccessDenied");
    reader.s3(Method::GET, "/private/out", &[], b"").await.refused(403, "AccessDenied");
    reader.s3(Method::PUT, "/private/in/a", &[], b"").await.refused(403, "AccessDenied");
    let lister = client
        .user(
            "lister",
            json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::private",
            "Condition": {"StringLike": {"s3:prefix": "in/*"}}}),
        )
        .await;
    lister.s3(Method::GET, "/private?list-type=2&prefix=in%2F", &[], b"").await.ok();
    lister.s3(Method::GET, "/private?list-type=2", &[], b"").await.refused(403, "AccessDenied");
}
