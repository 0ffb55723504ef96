//! Parameters: types, tiers, versions, keys, pages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::cloud;
use serde_json::{Value, json};

#[tokio::test]
async fn a_secure_parameter_shows_its_value_to_those_who_ask_to_decrypt() {
    let (_home, _running, client) = cloud().await;
    let name = "/maps/postgres/password";
    let put = json!({"Name": name, "Value": "s3cret-value", "Type": "SecureString", "Description": "d"});
    let made = client.ssm("PutParameter", put.clone()).await.ok();
    assert_eq!(made.json(), json!({"Version": 1, "Tier": "Standard"}));
    client.ssm("PutParameter", put).await.refused(400, "ParameterAlreadyExists");
    let plain = client.ssm("GetParameter", json!({"Name": name})).await.ok().json()["Parameter"].clone();
    assert!(!plain["Value"].as_str().unwrap().contains("s3cret"));
    let shown = client.ssm("GetParameter", json!({"Name": name, "WithDecryption": true})).await.ok();
    let shown = shown.json()["Parameter"].clone();
    assert_eq!(
        (&shown["Value"], &shown["Version"], &shown["Type"]),
        (&json!("s3cret-value"), &json!(1), &json!("SecureString"))
    );
    let arn = format!("arn:aws:ssm:eu-central-1:{}:parameter/maps/postgres/password", client.account());
    assert_eq!(shown["ARN"], arn);
    assert_eq!(client.ssm("GetParameter", json!({"Name": arn})).await.ok().json()["Parameter"]["Name"], name);
    let described = client.ssm("DescribeParameters", json!({})).await.ok();
    assert_eq!(described.json()["Parameters"][0]["KeyId"], "alias/aws/ssm");
    assert!(!described.text.contains("s3cret") && !client.inventory().await.to_string().contains("s3cret"));
    client.ssm("GetParameter", json!({"Name": "/none"})).await.refused(400, "ParameterNotFound");
}

#[tokio::test]
async fn a_key_s_rights_and_state_decide_over_its_parameters() {
    let (_home, _running, client) = cloud().await;
    let key = client.kms("CreateKey", json!({})).await.ok().json()["KeyMetadata"]["Arn"].clone();
    client.kms("CreateAlias", json!({"AliasName": "alias/maps", "TargetKeyId": key})).await.ok();
    let put = json!({"Name": "/maps/a", "Value": "v", "Type": "SecureString", "KeyId": "alias/maps"});
    client.ssm("PutParameter", put.clone()).await.ok();
    let ssm = json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"});
    let without = client.user("without", ssm.clone()).await;
    let get = json!({"Name": "/maps/a", "WithDecryption": true});
    let denied = without.ssm("GetParameter", get.clone()).await.refused(400, "AccessDeniedException");
    assert!(denied.message().contains("is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:"));
    without.ssm("GetParameter", json!({"Name": "/maps/a"})).await.ok();
    let kms = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
        "Condition": {"StringEquals": {"kms:ViaService": "ssm.eu-central-1.amazonaws.com"}}});
    let with = client.user("with", json!([ssm, kms])).await;
    with.ssm("GetParameter", get.clone()).await.ok();
    let again =
        json!({"Name": "/maps/a", "Value": "w", "Overwrite": true, "Type": "SecureString", "KeyId": "alias/maps"});
    let denied = with.ssm("PutParameter", again).await.refused(400, "AccessDeniedException");
    assert!(denied.message().contains("kms:Encrypt"));
    client.kms("DisableKey", json!({"KeyId": key})).await.ok();
    client.ssm("GetParameter", get).await.refused(400, "InvalidKeyId");
    let unknown = json!({"Name": "/maps/b", "Value": "v", "Type": "SecureString", "KeyId": "alias/none"});
    client.ssm("PutParameter", unknown).await.refused(400, "InvalidKeyId");
}

#[tokio::test]
async fn what_cannot_be_put_is_refused_with_its_reason() {
    let (_home, _running, client) = cloud().await;
    let put = |extra: Value| {
        let mut body = json!({"Name": "/maps/a", "Value": "v", "Type": "String"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        client.ssm("PutParameter", body)
    };
    let long = "x".repeat(4097);
    for (extra, code) in [
        (json!({"Name": "a/b"}), "ValidationException"),
        (json!({"Name": "/aws/b"}), "AccessDeniedException"),
        (json!({"Name": "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p"}), "HierarchyLevelLimitExceededException"),
        (json!({"Value": long}), "ValidationException"),
        (json!({"Value": ""}), "ValidationException"),
        (json!({"Value": "{{ssm:x}}"}), "ValidationException"),
        (json!({"Type": "Text"}), "ValidationException"),
        (json!({"Type": null}), "ValidationException"),
        (json!({"KeyId": "alias/aws/ssm"}), "ValidationException"),
        (json!({"Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}), "ValidationException"),
        (json!({"AllowedPattern": "^\\d+$"}), "ParameterPatternMismatchException"),
        (json!({"Name": 7}), "SerializationException"),
    ] {
        put(extra).await.refused(400, code);
    }
    put(json!({"Policies": "[{}]"})).await.refused(501, "NotImplemented");
    let large = put(json!({"Value": long, "Tier": "Intelligent-Tiering"})).await.ok();
    assert_eq!(large.json()["Tier"], "Advanced");
    put(json!({"Overwrite": true, "Tier": "Standard"})).await.refused(400, "ValidationException");
    put(json!({"Overwrite": true, "Type": "SecureString"})).await.refused(400, "HierarchyTypeMismatchException");
    assert_eq!(
        put(json!({"Overwrite": true, "Type": null})).await.ok().json(),
        json!({"Version": 2, "Tier": "Advanced"})
    );
}

#[tokio::test]
async fn versions_tags_and_paths() {
    let (_home, _running, client) = cloud().await;
    let before = client.inventory().await;
    for n in 0..12 {
        let body = json!({"Name": format!("/maps/p{n:02}"), "Value": "v1", "Type": "String",
            "Tags": [{"Key": "n", "Value": n.to_string()}]});
        client.ssm("PutParameter", body).await.ok();
    }
    client.ssm("PutParameter", json!({"Name": "/maps/deep/er", "Value": "v", "Type": "String"})).await.ok();
    client.ssm("PutParameter", json!({"Name": "/maps/p00", "Value": "v2", "Overwrite": true})).await.ok();
    let value = |reply: &Value| reply["Parameter"]["Value"].clone();
    assert_eq!(value(&client.ssm("GetParameter", json!({"Name": "/maps/p00"})).await.json()), "v2");
    assert_eq!(value(&client.ssm("GetParameter", json!({"Name": "/maps/p00:1"})).await.json()), "v1");
    client.ssm("GetParameter", json!({"Name": "/maps/p00:9"})).await.refused(400, "ParameterVersionNotFound");

    let first = client.ssm("GetParametersByPath", json!({"Path": "/maps"})).await.ok().json();
    assert_eq!(first["Parameters"].as_array().unwrap().len(), 10);
    let rest = json!({"Path": "/maps", "NextToken": first["NextToken"]});
    let rest = client.ssm("GetParametersByPath", rest).await.ok().json();
    assert_eq!((rest["Parameters"].as_array().unwrap().len(), &rest["NextToken"]), (2, &Value::Null));
    let deep = json!({"Path": "/maps/deep/", "Recursive": true});
    assert_eq!(client.ssm("GetParametersByPath", deep).await.ok().json()["Parameters"][0]["Name"], "/maps/deep/er");
    client
        .ssm("GetParametersByPath", json!({"Path": "/maps", "MaxResults": 11}))
        .await
        .refused(400, "ValidationException");
    let filter = json!({"ParameterFilters": [{"Key": "tag:n", "Values": ["3"]}]});
    assert_eq!(client.ssm("DescribeParameters", filter).await.ok().json()["Parameters"][0]["Name"], "/maps/p03");
    let filter = json!({"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/maps/deep"]}]});
    assert_eq!(client.ssm("DescribeParameters", filter).await.ok().json()["Parameters"].as_array().unwrap().len(), 1);
    let several = client.ssm("GetParameters", json!({"Names": ["/maps/p01", "/maps/none"]})).await.ok().json();
    assert_eq!(
        (&several["Parameters"][0]["Name"], &several["InvalidParameters"]),
        (&json!("/maps/p01"), &json!(["/maps/none"]))
    );

    let of = |id: &str| json!({"ResourceType": "Parameter", "ResourceId": id});
    let mut add = of("/maps/p01");
    add["Tags"] = json!([{"Key": "m", "Value": "x"}]);
    client.ssm("AddTagsToResource", add).await.ok();
    let mut remove = of("/maps/p01");
    remove["TagKeys"] = json!(["n"]);
    client.ssm("RemoveTagsFromResource", remove).await.ok();
    let tags = client.ssm("ListTagsForResource", of("/maps/p01")).await.ok().json();
    assert_eq!(tags, json!({"TagList": [{"Key": "m", "Value": "x"}]}));
    client.ssm("ListTagsForResource", of("/none")).await.refused(400, "InvalidResourceId");

    client.ssm("DeleteParameter", json!({"Name": "/maps/deep/er"})).await.ok();
    client.ssm("DeleteParameter", json!({"Name": "/maps/deep/er"})).await.refused(400, "ParameterNotFound");
    for names in [0..6, 6..12] {
        let names: Vec<String> = names.map(|n| format!("/maps/p{n:02}")).collect();
        let deleted = client.ssm("DeleteParameters", json!({"Names": names})).await.ok();
        assert_eq!(deleted.json(), json!({"DeletedParameters": names, "InvalidParameters": []}));
    }
    assert_eq!(client.inventory().await, before);
}
