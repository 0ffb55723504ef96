//! Users, policies, boundaries and keys, and what they allow.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::cloud;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_lives_with_policies_and_keys_and_goes_without() {
    let (_home, _running, client) = cloud().await;
    let before = client.inventory().await;
    let made =
        client.iam("CreateUser", &[("UserName", "ann"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]);
    let made = made.await.ok();
    assert_eq!(made.one("Arn"), format!("arn:aws:iam::{}:user/ann", client.account()));
    assert!(made.one("UserId").starts_with("AIDA"));
    client.iam("CreateUser", &[("UserName", "ANN")]).await.refused(409, "EntityAlreadyExists");
    client.iam("CreateUser", &[("UserName", "a b")]).await.refused(400, "ValidationError");
    client.iam("CreateUser", &[]).await.refused(400, "ValidationError");
    assert_eq!(client.iam("ListUserTags", &[("UserName", "ann")]).await.ok().one("Value"), "v");

    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let policy = [("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", document)];
    client.iam("PutUserPolicy", &policy).await.ok();
    let shown = client.iam("GetUserPolicy", &policy[..2]).await.ok().one("PolicyDocument");
    assert!(shown.starts_with("%7B%22Version%22"), "{shown}");
    let bad = [policy[0], policy[1], ("PolicyDocument", "{")];
    client.iam("PutUserPolicy", &bad).await.refused(400, "MalformedPolicyDocument");
    let long = document.replace("s3:*", &format!("s3:{}", "x".repeat(2100)));
    let large = [policy[0], ("PolicyName", "large"), ("PolicyDocument", long.as_str())];
    client.iam("PutUserPolicy", &large).await.refused(409, "LimitExceeded");

    let key = client.iam("CreateAccessKey", &[("UserName", "ann")]).await.ok();
    let second = client.iam("CreateAccessKey", &[("UserName", "ann")]).await.ok().one("AccessKeyId");
    client.iam("CreateAccessKey", &[("UserName", "ann")]).await.refused(409, "LimitExceeded");
    let listed = client.iam("ListAccessKeys", &[("UserName", "ann")]).await.ok();
    assert_eq!((listed.all("AccessKeyId").len(), listed.all("SecretAccessKey").len()), (2, 0));

    let ann = client.with(&key.one("AccessKeyId"), &key.one("SecretAccessKey"));
    let id = key.one("AccessKeyId");
    let used = client.iam("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).await.ok();
    assert_eq!((used.one("ServiceName"), used.one("UserName")), ("N/A".to_owned(), "ann".to_owned()));
    ann.s3(Method::GET, "/", &[], b"").await.ok();
    let used = client.iam("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).await.ok();
    assert_eq!(used.one("ServiceName"), "s3");
    let status = [("UserName", "ann"), ("AccessKeyId", id.as_str()), ("Status", "Inactive")];
    client.iam("UpdateAccessKey", &status).await.ok();
    ann.s3(Method::GET, "/", &[], b"").await.refused(403, "InvalidAccessKeyId");

    client.iam("DeleteUser", &[("UserName", "ann")]).await.refused(409, "DeleteConflict");
    client.iam("DeleteUserPolicy", &policy[..2]).await.ok();
    client.iam("DeleteUserPolicy", &policy[..2]).await.refused(404, "NoSuchEntity");
    client.iam("DeleteUser", &[("UserName", "ann")]).await.refused(409, "DeleteConflict");
    for id in [&id, &second] {
        client.iam("DeleteAccessKey", &[("UserName", "ann"), ("AccessKeyId", id)]).await.ok();
    }
    client.iam("DeleteAccessKey", &[("UserName", "ann"), ("AccessKeyId", &id)]).await.refused(404, "NoSuchEntity");
    client.iam("DeleteUser", &[("UserName", "ann")]).await.ok();
    client.iam("GetUser", &[("UserName", "ann")]).await.refused(404, "NoSuchEntity");
    assert_eq!(client.inventory().await, before);
}

#[tokio::test]
async fn a_policy_reaches_as_far_as_it_says() {
    let (_home, _running, client) = cloud().await;
    let account = client.account();
    let allowed = format!("arn:aws:ssm:eu-central-1:{account}:parameter/maps/ckan/*");
    let reader =
        client.user("reader", json!({"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": allowed})).await;
    for name in ["/maps/ckan/key", "/maps/postgres/key"] {
        client.ssm("PutParameter", json!({"Name": name, "Value": "v", "Type": "SecureString"})).await.ok();
    }
    let get = |name: &str| json!({"Name": name, "WithDecryption": true});
    assert_eq!(reader.ssm("GetParameter", get("/maps/ckan/key")).await.ok().json()["Parameter"]["Value"], "v");
    let refused = reader.ssm("GetParameter", get("/maps/postgres/key")).await.refused(400, "AccessDeniedException");
    let expected = format!(
        "User: arn:aws:iam::{account}:user/reader is not authorized to perform: ssm:GetParameter on resource: \
         arn:aws:ssm:eu-central-1:{account}:parameter/maps/postgres/key because no identity-based policy allows the \
         ssm:GetParameter action"
    );
    assert_eq!(refused.message(), expected);
    let both = json!({"Names": ["/maps/ckan/key", "/maps/postgres/key"]});
    reader.ssm("GetParameters", both).await.refused(400, "AccessDeniedException");
    let write = json!({"Name": "/maps/ckan/key", "Value": "w", "Overwrite": true});
    reader.ssm("PutParameter", write).await.refused(400, "AccessDeniedException");
    let zones = reader.rest("route53", Method::GET, "/2013-04-01/hostedzone", "").await.refused(403, "AccessDenied");
    assert!(zones.message().ends_with(
        "route53:ListHostedZones because no identity-based policy allows the route53:ListHostedZones action"
    ));
    reader.iam("GetUser", &[]).await.refused(403, "AccessDenied");
    reader.query("sts", "GetCallerIdentity", &[]).await.ok();
}

fn policy(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[tokio::test]
async fn a_boundary_narrows_whatever_the_user_has() {
    let (_home, _running, client) = cloud().await;
    let ann = client.user("ann", json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).await;
    let list = || ann.rest("route53", Method::GET, "/2013-04-01/hostedzone", "");
    list().await.ok();
    let document = policy(&json!([{"Effect": "Allow", "Action": ["ssm:*", "iam:Get*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "ssm:Delete*", "Resource": "*"}]));
    let made = client.iam("CreatePolicy", &[("PolicyName", "edge"), ("PolicyDocument", &document)]).await.ok();
    let arn = made.one("Arn");
    let nothing = format!("arn:aws:iam::{}:policy/nothing", client.account());
    let missing = [("UserName", "ann"), ("PermissionsBoundary", nothing.as_str())];
    client.iam("PutUserPermissionsBoundary", &missing).await.refused(404, "NoSuchEntity");
    client.iam("PutUserPermissionsBoundary", &[("UserName", "ann"), ("PermissionsBoundary", &arn)]).await.ok();
    assert_eq!(client.iam("GetUser", &[("UserName", "ann")]).await.ok().one("PermissionsBoundaryArn"), arn);
    assert!(list().await.refused(403, "AccessDenied").message().contains("because no permissions boundary allows"));
    ann.ssm("DescribeParameters", json!({})).await.ok();
    let denied = ann.ssm("DeleteParameter", json!({"Name": "x"})).await.refused(400, "AccessDeniedException");
    assert!(denied.message().ends_with("with an explicit deny in a permissions boundary"));
    client.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.refused(409, "DeleteConflict");
    client.iam("DeleteUserPermissionsBoundary", &[("UserName", "ann")]).await.ok();
    list().await.ok();
    client.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.ok();
}

#[tokio::test]
async fn managed_policies_are_attached_and_counted() {
    let (_home, _running, client) = cloud().await;
    let bob = client.user("bob", json!({"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"})).await;
    bob.ssm("DescribeParameters", json!({})).await.refused(400, "AccessDeniedException");
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    client.iam("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]).await.ok();
    bob.ssm("DescribeParameters", json!({})).await.ok();
    let attached = client.iam("ListAttachedUserPolicies", &[("UserName", "bob")]).await.ok();
    assert_eq!(attached.one("PolicyName"), "AdministratorAccess");
    client.iam("DetachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]).await.ok();
    client.iam("DetachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]).await.refused(404, "NoSuchEntity");
    bob.ssm("DescribeParameters", json!({})).await.refused(400, "AccessDeniedException");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (_home, _running, client) = cloud().await;
    for name in ["c", "a", "b"] {
        client.iam("CreateUser", &[("UserName", name), ("Path", "/team/")]).await.ok();
    }
    let first = client.iam("ListUsers", &[("MaxItems", "2"), ("PathPrefix", "/team/")]).await.ok();
    assert_eq!(
        (first.all("UserName"), first.one("IsTruncated")),
        (vec!["a".to_owned(), "b".to_owned()], "true".to_owned())
    );
    let marker = first.one("Marker");
    let second = client.iam("ListUsers", &[("Marker", &marker), ("PathPrefix", "/team/")]).await.ok();
    assert_eq!((second.all("UserName"), second.one("IsTruncated")), (vec!["c".to_owned()], "false".to_owned()));
}

#[tokio::test]
async fn a_policy_has_versions_of_which_one_is_in_effect() {
    let (_home, _running, client) = cloud().await;
    let document = |action: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
            .to_string()
    };
    let (get, describe) = (document("ssm:GetParameter"), document("ssm:DescribeParameters"));
    let made = client.iam("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &get)]).await.ok();
    let arn = made.one("Arn");
    let of = |more: &[(&'static str, String)]| {
        let mut fields = vec![("PolicyArn", arn.clone())];
        fields.extend_from_slice(more);
        fields
    };
    let call = |operation: &'static str, fields: Vec<(&'static str, String)>| {
        let client = client.clone();
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.iam(operation, &fields).await
        }
    };
    let user = client.user("u", json!({"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})).await;
    client.iam("AttachUserPolicy", &[("UserName", "u"), ("PolicyArn", &arn)]).await.ok();
    user.ssm("DescribeParameters", json!({})).await.refused(400, "AccessDeniedException");
    let second = of(&[("PolicyDocument", describe.clone()), ("SetAsDefault", "true".to_owned())]);
    assert_eq!(call("CreatePolicyVersion", second).await.ok().one("VersionId"), "v2");
    user.ssm("DescribeParameters", json!({})).await.ok();
    let told = call("GetPolicy", of(&[])).await.ok();
    assert_eq!((told.one("DefaultVersionId"), told.one("AttachmentCount")), ("v2".to_owned(), "1".to_owned()));
    call("DeletePolicyVersion", of(&[("VersionId", "v2".to_owned())])).await.refused(409, "DeleteConflict");
    call("SetDefaultPolicyVersion", of(&[("VersionId", "v1".to_owned())])).await.ok();
    user.ssm("DescribeParameters", json!({})).await.refused(400, "AccessDeniedException");
    for _ in 0..3 {
        call("CreatePolicyVersion", of(&[("PolicyDocument", describe.clone())])).await.ok();
    }
    call("CreatePolicyVersion", of(&[("PolicyDocument", describe.clone())])).await.refused(409, "LimitExceeded");
    call("DeletePolicyVersion", of(&[("VersionId", "v2".to_owned())])).await.ok();
    call("GetPolicyVersion", of(&[("VersionId", "v2".to_owned())])).await.refused(404, "NoSuchEntity");
    // A number is never given twice, and the newest comes first.
    call("CreatePolicyVersion", of(&[("PolicyDocument", describe)])).await.ok();
    assert_eq!(call("ListPolicyVersions", of(&[])).await.ok().all("VersionId"), ["v6", "v5", "v4", "v3", "v1"]);
    client.iam("DetachUserPolicy", &[("UserName", "u"), ("PolicyArn", &arn)]).await.ok();
    call("DeletePolicy", of(&[])).await.refused(409, "DeleteConflict");

    call("TagPolicy", of(&[("Tags.member.1.Key", "k".to_owned()), ("Tags.member.1.Value", "v".to_owned())])).await.ok();
    assert_eq!(call("ListPolicyTags", of(&[])).await.ok().one("Value"), "v");
    call("UntagPolicy", of(&[("TagKeys.member.1", "k".to_owned())])).await.ok();
    assert_eq!(call("ListPolicyTags", of(&[])).await.ok().all("Value").len(), 0);
    let own = client.iam("ListPolicies", &[("Scope", "Local")]).await.ok();
    assert_eq!((own.all("PolicyName"), own.all("Description").len()), (vec!["p".to_owned()], 0));
    assert!(client.iam("ListPolicies", &[]).await.ok().all("PolicyName").contains(&"AdministratorAccess".to_owned()));
    client.iam("ListPolicies", &[("Scope", "Other")]).await.refused(400, "ValidationError");
    let aws = [("PolicyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")];
    client.iam("GetPolicy", &aws).await.ok();
    client.iam("DeletePolicy", &aws).await.refused(403, "AccessDenied");
    let unknown = [("PolicyArn", "arn:aws:iam::aws:policy/AWSLambda_FullAccess")];
    client.iam("GetPolicy", &unknown).await.refused(501, "NotImplemented");
}

#[tokio::test]
async fn a_renamed_user_keeps_its_keys_and_has_nothing_more() {
    let (_home, _running, client) = cloud().await;
    let user = client.user("old", json!({"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})).await;
    client.iam("CreateUser", &[("UserName", "other")]).await.ok();
    let rename = |to: &'static str| {
        let client = client.clone();
        async move { client.iam("UpdateUser", &[("UserName", "old"), ("NewUserName", to), ("NewPath", "/a/")]).await }
    };
    rename("Other").await.refused(409, "EntityAlreadyExists");
    rename("a b").await.refused(400, "ValidationError");
    rename("new").await.ok();
    assert!(user.iam("GetUser", &[]).await.ok().one("Arn").ends_with(":user/a/new"));
    client.iam("GetUser", &[("UserName", "old")]).await.refused(404, "NoSuchEntity");
    let keys = client.iam("ListAccessKeys", &[("UserName", "new")]).await.ok();
    assert_eq!(keys.one("AccessKeyId"), user.key.id);
    for list in [
        "ListGroupsForUser",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListSigningCertificates",
        "ListServiceSpecificCredentials",
    ] {
        assert_eq!(client.iam(list, &[("UserName", "new")]).await.ok().all("member").len(), 0, "{list}");
    }
    client.iam("DeleteLoginProfile", &[("UserName", "new")]).await.refused(404, "NoSuchEntity");
}
