//! Who is let in: signatures, dates, sessions, and how each service says no.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use crate::support::{REGION, cloud};
use reqwest::Method;
use serde_json::json;

const ZONES: &str = "/2013-04-01/hostedzone";

#[tokio::test]
async fn the_operator_is_who_the_cloud_says() {
    let (_home, _running, client) = cloud().await;
    let reply = client.query("sts", "GetCallerIdentity", &[]).await.ok();
    assert_eq!(reply.one("Account"), client.account());
    assert_eq!(reply.one("Arn"), format!("arn:aws:iam::{}:user/rehearsal-operator", client.account()));
    assert!(client.key.id.starts_with("AKIA") && client.key.id.len() == 20 && client.key.secret.len() == 40);
    assert_eq!(reply.header("x-amzn-requestid"), reply.one("RequestId"));
}

#[tokio::test]
async fn every_service_says_in_its_own_words_who_is_unknown() {
    let (_home, _running, client) = cloud().await;
    let nobody = client.with("AKIAAAAAAAAAAAAAAAAA", &client.key.secret);
    nobody.rest("route53", Method::GET, ZONES, "").await.refused(403, "InvalidClientTokenId");
    nobody.iam("ListUsers", &[]).await.refused(403, "InvalidClientTokenId");
    nobody.ssm("DescribeParameters", json!({})).await.refused(400, "UnrecognizedClientException");
    nobody.kms("ListKeys", json!({})).await.refused(400, "UnrecognizedClientException");
    nobody.s3(Method::GET, "/", &[], b"").await.refused(403, "InvalidAccessKeyId");
    let wrong = client.with(&client.key.id, "x");
    wrong.rest("route53", Method::GET, ZONES, "").await.refused(403, "SignatureDoesNotMatch");
    wrong.query("sts", "GetCallerIdentity", &[]).await.refused(403, "SignatureDoesNotMatch");
    wrong.ssm("DescribeParameters", json!({})).await.refused(400, "InvalidSignatureException");
    wrong.s3(Method::GET, "/", &[], b"").await.refused(403, "SignatureDoesNotMatch");
    let unsigned = client.sent("s3", Method::GET, "/bucket", "");
    client.raw(&unsigned, Vec::new()).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn what_is_changed_after_signing_is_refused() {
    let (_home, _running, client) = cloud().await;
    let sent = client.sent("s3", Method::PUT, "/bucket/a%20key%2B%C3%A9?x=1&a=%2B", "text");
    let signature = client.signature(&sent);
    client.raw(&sent, signature.clone()).await.refused(404, "NoSuchBucket");
    let mut other = sent.clone();
    other.path = "/bucket/another?x=1&a=%2B".to_owned();
    client.raw(&other, signature.clone()).await.refused(403, "SignatureDoesNotMatch");
    let mut other = sent.clone();
    other.path = "/bucket/a%20key%2B%C3%A9?x=2&a=%2B".to_owned();
    client.raw(&other, signature.clone()).await.refused(403, "SignatureDoesNotMatch");
    let mut other = sent.clone();
    other.body = b"tixt".to_vec();
    client.raw(&other, signature.clone()).await.refused(400, "XAmzContentSHA256Mismatch");
    let mut other = sent.clone();
    other.headers = vec![("x-amz-acl".to_owned(), "public-read".to_owned())];
    client.raw(&other, signature).await.refused(403, "AccessDenied");
    let sent = client.sent("route53", Method::POST, ZONES, "<a/>");
    let mut other = sent.clone();
    other.body = b"<b/>".to_vec();
    client.raw(&other, client.signature(&sent)).await.refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_signature_is_for_its_service_region_and_time() {
    let (_home, _running, client) = cloud().await;
    let mut late = client.clone();
    late.key.late = Duration::from_secs(6 * 60);
    let reply = late.iam("ListUsers", &[]).await.refused(403, "SignatureDoesNotMatch");
    assert!(reply.message().starts_with("Signature expired: "), "{}", reply.text);
    let reply = late.ssm("DescribeParameters", json!({})).await.refused(400, "InvalidSignatureException");
    assert!(reply.message().contains(" - 5 min.)"), "{}", reply.text);
    late.s3(Method::GET, "/", &[], b"").await.ok();
    late.key.late = Duration::from_secs(16 * 60);
    late.s3(Method::GET, "/", &[], b"").await.refused(403, "RequestTimeTooSkewed");

    let mut elsewhere = client.sent("route53", Method::GET, ZONES, "");
    elsewhere.region = REGION.to_owned();
    client.send(elsewhere.clone()).await.ok();
    elsewhere.base = client.at("route53.amazonaws.com", "route53.amazonaws.com");
    client.send(elsewhere).await.refused(403, "SignatureDoesNotMatch");
    let mut elsewhere = client.sent("s3", Method::GET, "/", "");
    elsewhere.base = client.at("s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com");
    let reply = client.send(elsewhere).await.refused(400, "AuthorizationHeaderMalformed");
    assert_eq!(reply.one("Region"), "eu-west-1");
    let mut other = client.sent("route53", Method::GET, ZONES, "");
    other.base = client.at("route53.amazonaws.com", "route53.amazonaws.com");
    other.service = "iam";
    client.send(other.clone()).await.refused(403, "SignatureDoesNotMatch");
    other.service = "route53";
    client.send(other).await.ok();
}

#[tokio::test]
async fn a_session_needs_its_token_and_may_not_call_iam() {
    let (_home, _running, client) = cloud().await;
    let made = client.query("sts", "GetSessionToken", &[("DurationSeconds", "900")]).await.ok();
    let mut session = client.with(&made.one("AccessKeyId"), &made.one("SecretAccessKey"));
    session.ssm("DescribeParameters", json!({})).await.refused(400, "UnrecognizedClientException");
    session.s3(Method::GET, "/", &[], b"").await.refused(400, "InvalidToken");
    session.key.token = Some(made.one("SessionToken"));
    session.ssm("DescribeParameters", json!({})).await.ok();
    session.s3(Method::GET, "/", &[], b"").await.ok();
    session.rest("route53", Method::GET, ZONES, "").await.ok();
    session.iam("ListUsers", &[]).await.refused(403, "InvalidClientTokenId");
    session.query("sts", "GetSessionToken", &[]).await.refused(403, "AccessDenied");
    let mut mixed = client.clone();
    mixed.key.token = Some(made.one("SessionToken"));
    mixed.iam("ListUsers", &[]).await.refused(403, "InvalidClientTokenId");
}
