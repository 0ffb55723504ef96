//! Keys: what is encrypted opens with its key and its context only.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::cloud;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_encrypted_opens_with_its_context_only() {
    let (_home, _running, client) = cloud().await;
    let key = client.kms("CreateKey", json!({"Description": "state"})).await.ok().json()["KeyMetadata"].clone();
    client.kms("CreateAlias", json!({"AliasName": "alias/pulumi-maps", "TargetKeyId": key["KeyId"]})).await.ok();
    let again = json!({"AliasName": "alias/pulumi-maps", "TargetKeyId": key["KeyId"]});
    client.kms("CreateAlias", again).await.refused(400, "AlreadyExistsException");
    let described = client.kms("DescribeKey", json!({"KeyId": "alias/pulumi-maps"})).await.ok().json();
    assert_eq!(described["KeyMetadata"]["Arn"], key["Arn"]);
    client.kms("DescribeKey", json!({"KeyId": "alias/none"})).await.refused(400, "NotFoundException");

    let sealed = json!({"KeyId": "alias/pulumi-maps", "Plaintext": "aGVsbG8=", "EncryptionContext": {"stack": "maps"}});
    let sealed = client.kms("Encrypt", sealed).await.ok().json();
    assert_eq!(sealed["KeyId"], key["Arn"]);
    let open = |context: Value| json!({"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context});
    let opened = client.kms("Decrypt", open(json!({"stack": "maps"}))).await.ok().json();
    assert_eq!(opened["Plaintext"], "aGVsbG8=");
    client.kms("Decrypt", open(json!({"stack": "other"}))).await.refused(400, "InvalidCiphertextException");
    client.kms("Decrypt", json!({"CiphertextBlob": "aGVsbG8="})).await.refused(400, "InvalidCiphertextException");
    let mut other = open(json!({"stack": "maps"}));
    other["KeyId"] = json!("alias/aws/s3");
    client.kms("Decrypt", other).await.refused(400, "IncorrectKeyException");

    let data = client.kms("GenerateDataKey", json!({"KeyId": key["KeyId"], "KeySpec": "AES_256"})).await.ok().json();
    let back = client.kms("Decrypt", json!({"CiphertextBlob": data["CiphertextBlob"]})).await.ok().json();
    assert_eq!((back["Plaintext"].as_str().unwrap().len(), &back["Plaintext"]), (44, &data["Plaintext"]));
    let hidden = json!({"KeyId": key["KeyId"], "NumberOfBytes": 16});
    assert_eq!(client.kms("GenerateDataKeyWithoutPlaintext", hidden).await.ok().json()["Plaintext"], Value::Null);
    client.kms("GenerateDataKey", json!({"KeyId": key["KeyId"]})).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn a_key_has_a_life() {
    let (_home, _running, client) = cloud().await;
    let before = client.inventory().await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["KeyId"].clone();
    let named = json!({"KeyId": key});
    let sealed = json!({"KeyId": key, "Plaintext": "aGVsbG8="});
    client.kms("DisableKey", named.clone()).await.ok();
    client.kms("Encrypt", sealed.clone()).await.refused(400, "DisabledException");
    client.kms("EnableKey", named.clone()).await.ok();
    client.kms("Encrypt", sealed.clone()).await.ok();
    let early = json!({"KeyId": key, "PendingWindowInDays": 6});
    client.kms("ScheduleKeyDeletion", early).await.refused(400, "ValidationException");
    client.kms("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await.ok();
    client.kms("Encrypt", sealed).await.refused(400, "KMSInvalidStateException");
    assert_eq!(client.inventory().await, before, "a key that is to be deleted counts as gone");
    client.advance(8 * 24 * 3_600_000).await;
    client.kms("DescribeKey", named).await.refused(400, "NotFoundException");
    let managed = client.kms("DescribeKey", json!({"KeyId": "alias/aws/ssm"})).await.ok().json();
    assert_eq!(managed["KeyMetadata"]["KeyManager"], "AWS");
    let id = json!({"KeyId": managed["KeyMetadata"]["KeyId"]});
    client.kms("DisableKey", id).await.refused(400, "AccessDeniedException");
}

#[tokio::test]
async fn a_context_can_be_asked_for() {
    let (_home, _running, client) = cloud().await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["Arn"].clone();
    let statement = json!({"Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": key,
        "Condition": {"StringEquals": {"kms:EncryptionContext:stack": "maps"}}});
    let user = client.user("bound", statement).await;
    let encrypt = |stack: &str| json!({"KeyId": key, "Plaintext": "aGVsbG8=", "EncryptionContext": {"stack": stack}});
    user.kms("Encrypt", encrypt("maps")).await.ok();
    user.kms("Encrypt", encrypt("other")).await.refused(400, "AccessDeniedException");
    user.kms("ListKeys", json!({})).await.refused(400, "AccessDeniedException");
}

#[tokio::test]
async fn a_key_is_set_and_told() {
    let (_home, _running, client) = cloud().await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"].clone();
    let id = key["KeyId"].clone();
    let with = |more: Value| {
        let mut body = json!({ "KeyId": id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    client.kms("UpdateKeyDescription", with(json!({"Description": "second"}))).await.ok();
    let described = client.kms("DescribeKey", with(json!({}))).await.ok().json();
    assert_eq!(described["KeyMetadata"]["Description"], "second");
    client
        .kms("TagResource", with(json!({"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}]})))
        .await
        .ok();
    client.kms("UntagResource", with(json!({"TagKeys": ["a"]}))).await.ok();
    let tags = client.kms("ListResourceTags", with(json!({}))).await.ok().json();
    assert_eq!(tags["Tags"], json!([{"TagKey": "b", "TagValue": "2"}]));

    let status = client.kms("GetKeyRotationStatus", with(json!({}))).await.ok().json();
    assert_eq!((&status["KeyRotationEnabled"], &status["RotationPeriodInDays"]), (&json!(false), &Value::Null));
    client
        .kms("EnableKeyRotation", with(json!({"RotationPeriodInDays": 89})))
        .await
        .refused(400, "ValidationException");
    client.kms("EnableKeyRotation", with(json!({"RotationPeriodInDays": 90}))).await.ok();
    let status = client.kms("GetKeyRotationStatus", with(json!({}))).await.ok().json();
    assert_eq!((&status["KeyRotationEnabled"], &status["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    client.kms("DisableKeyRotation", with(json!({}))).await.ok();
    client.kms("DisableKey", with(json!({}))).await.ok();
    client.kms("EnableKeyRotation", with(json!({}))).await.refused(400, "DisabledException");
    client.kms("EnableKey", with(json!({}))).await.ok();

    let other = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["KeyId"].clone();
    client.kms("CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": id})).await.ok();
    client.kms("UpdateAlias", json!({"AliasName": "alias/a", "TargetKeyId": other})).await.ok();
    let moved = client.kms("DescribeKey", json!({"KeyId": "alias/a"})).await.ok().json();
    assert_eq!(moved["KeyMetadata"]["KeyId"], other);
    let none = json!({"AliasName": "alias/none", "TargetKeyId": other});
    client.kms("UpdateAlias", none).await.refused(400, "NotFoundException");
}

#[tokio::test]
async fn the_policy_of_a_key_decides() {
    let (_home, _running, client) = cloud().await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["Arn"].clone();
    let account = client.account();
    let kept = client.kms("GetKeyPolicy", json!({"KeyId": key, "PolicyName": "default"})).await.ok().json();
    let default: Value = serde_json::from_str(kept["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(default["Statement"][0]["Principal"]["AWS"], json!(format!("arn:aws:iam::{account}:root")));
    assert_eq!(default["Id"], "key-default-1");
    client.kms("GetKeyPolicy", json!({"KeyId": key, "PolicyName": "other"})).await.refused(400, "NotFoundException");

    let encrypt = json!({"KeyId": key, "Plaintext": "aGVsbG8="});
    let user = client.user("named", json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})).await;
    user.kms("Encrypt", encrypt.clone()).await.refused(400, "AccessDeniedException");
    let operator = client.query("sts", "GetCallerIdentity", &[]).await.ok().one("Arn");
    let statement = |who: &str, action: &str| json!({"Effect": "Allow", "Principal": {"AWS": who}, "Action": action, "Resource": "*"});
    let policy = |statements: Vec<Value>| {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        json!({"KeyId": key, "PolicyName": "default", "Policy": document})
    };
    let named = format!("arn:aws:iam::{account}:user/named");
    let locked_out = client.kms("PutKeyPolicy", policy(vec![statement(&named, "kms:*")])).await;
    let message = locked_out.refused(400, "MalformedPolicyDocumentException").message();
    assert!(message.contains("will not allow you to update the key policy"), "{message}");
    client
        .kms("PutKeyPolicy", policy(vec![statement(&named, "s3:*")]))
        .await
        .refused(400, "MalformedPolicyDocumentException");
    let both = vec![statement(&named, "kms:Encrypt"), statement(&operator, "kms:*")];
    client.kms("PutKeyPolicy", policy(both)).await.ok();
    // In person, without a policy of its own that says so.
    user.kms("Encrypt", encrypt.clone()).await.ok();
    user.kms("DescribeKey", json!({"KeyId": key})).await.refused(400, "AccessDeniedException");
    // The account is not named any more, so that its own policies give nobody anything.
    let open = client.user("open", json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})).await;
    let denied = open.kms("Encrypt", encrypt).await.refused(400, "AccessDeniedException");
    assert!(denied.message().contains("no resource-based policy allows"), "{}", denied.message());
}
