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
