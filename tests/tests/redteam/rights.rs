//! A guest that goes beyond its step in Parameter Store and IAM, in the real `maps`: another name, another
//! path, a policy wider than its bound, a secret where it does not belong.

use serde_json::{Value as Json, json};

use crate::stage::Stage;

const BOUNDS: &str = "arn:aws:iam::123456789012:policy/red-bounds";

fn policy(action: &str, resource: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn narrow() -> Json {
    policy("ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/red/a")
}

fn order(service: &str, action: &str, input: &Json) -> Json {
    json!({"in": "create", "service": service, "write": true, "action": action, "input": input})
}

fn with(input: &Json, key: &str, value: Json) -> Json {
    let mut input = input.clone();
    input[key] = value;
    input
}

#[test]
fn rt17_a_policy_wider_than_its_bound_or_than_its_step_says_is_refused() {
    let mut stage = Stage::new();
    let asks = |document: &Json| {
        order("iam", "PutUserPolicy", &json!({"UserName": "red-one", "PolicyName": "p", "PolicyDocument": document}))
    };
    // Wider than the rule, although the stack itself says so.
    let everything = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:ssm:*:*:parameter/red/a"},
    ]});
    for wide in [
        policy("*", "arn:aws:ssm:*:*:parameter/red/a"),
        policy("ssm:*", "arn:aws:ssm:*:*:parameter/red/a"),
        policy("iam:CreateUser", "arn:aws:ssm:*:*:parameter/red/a"),
        policy("SSM:PutParameter", "arn:aws:ssm:*:*:parameter/red/a"),
        policy("ssm:GetParameter", "*"),
        policy("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/*"),
        everything,
    ] {
        stage.with = json!({"name": "red-one", "policy": wide});
        stage.refused(&asks(&wide), "api-name");
    }
    // Within the rule, and not what the step says.
    stage.with = json!({"name": "red-one", "policy": narrow()});
    let other = policy("ssm:GetParameters", "arn:aws:ssm:eu-central-1:123456789012:parameter/red/b");
    stage.refused(&asks(&other), "api-binding");
    let mut more = narrow();
    more["Statement"].as_array_mut().unwrap().push(other["Statement"][0].clone());
    stage.refused(&asks(&more), "api-binding");
    assert_eq!(stage.cloud.aws().iam("CreateUser", &[("UserName", "red-one")]).status, 200);
    let done = stage.run(&asks(&narrow())).expect(0);
    assert_eq!(done.summary()["created"], 1, "the honest twin is allowed");
}

#[test]
fn rt17_a_user_without_its_boundary_or_under_another_is_refused() {
    let mut stage = Stage::new();
    stage.with = json!({"name": "red-one"});
    let good = json!({"UserName": "red-one", "PermissionsBoundary": BOUNDS});
    let make = |input: &Json| order("iam", "CreateUser", input);
    stage.refused(&make(&json!({"UserName": "red-one"})), "api-name");
    let anything = json!("arn:aws:iam::aws:policy/AdministratorAccess");
    stage.refused(&make(&with(&good, "PermissionsBoundary", anything)), "api-name");
    stage.refused(&make(&with(&good, "UserName", json!("red-two"))), "api-binding");
    stage.refused(&make(&with(&good, "UserName", json!("admin"))), "api-name");
    stage.refused(&order("iam", "CreateAccessKey", &json!({"UserName": "red-two"})), "api-binding");
    stage
        .refused(&order("iam", "AttachUserPolicy", &json!({"UserName": "red-one", "PolicyArn": BOUNDS})), "api-action");
    stage.refused(&order("iam", "DeleteUserPermissionsBoundary", &json!({"UserName": "red-one"})), "api-action");
}

#[test]
fn rt18_a_parameter_of_another_name_or_path_is_refused() {
    let mut stage = Stage::new();
    stage.with = json!({"name": "/red/one"});
    let good = json!({"Name": "/red/one", "Value": "a", "Type": "String"});
    let put = |input: &Json| order("ssm", "PutParameter", input);
    stage.refused(&put(&with(&good, "Name", json!("/red/two"))), "api-binding");
    stage.refused(&put(&with(&good, "Name", json!("/maps/postgres/password"))), "api-name");
    stage.refused(&put(&with(&good, "Name", json!("/red/../maps/password"))), "api-binding");
    stage.refused(&put(&with(&good, "Name", json!("/red/one:1"))), "api-name");
    stage.refused(&put(&with(&good, "Name", json!("arn:aws:ssm:eu-central-1:1:parameter/red/one"))), "api-name");
    stage.refused(&put(&with(&good, "Policies", json!("[]"))), "api-parameter");
    let mut planned = put(&good);
    planned["in"] = "preview".into();
    stage.refused(&planned, "write-outside-apply");
    assert_eq!(stage.run(&put(&good)).expect(0).summary()["created"], 1, "the honest twin is allowed");
}

#[test]
fn rt26_a_sealed_value_goes_nowhere_but_into_the_value_of_a_parameter() {
    let mut stage = Stage::new();
    stage.with = json!({"name": "/red/one", "value": "planted-and-very-secret-indeed"});
    let good = json!({"Name": "/red/one", "Value": "«value»", "Type": "SecureString"});
    let put = |input: &Json| order("ssm", "PutParameter", input);
    stage.refused(&put(&with(&good, "Description", json!("«value»"))), "sealed-elsewhere");
    stage.refused(&put(&with(&good, "Tags", json!([{"Key": "k", "Value": "«value»"}]))), "sealed-elsewhere");
    let done = stage.run(&put(&good)).expect(0);
    assert_eq!(done.summary()["created"], 1, "the honest twin is allowed");
    let answer = stage.cloud.aws().ssm("GetParameter", &json!({"Name": "/red/one", "WithDecryption": true}));
    assert_eq!(answer.json()["Parameter"]["Value"], "planted-and-very-secret-indeed");
}
