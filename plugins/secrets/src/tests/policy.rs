//! Managed policies and their versions.

use super::*;

const IT: Of = Of("policy");
const ARN: &str = "arn:aws:iam::1:policy/bounds";

fn document(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
}

fn inputs(action: &str) -> Value {
    checked("policy", &json!({"name": "bounds", "document": document(action), "tags": {"team": "a"}}))
}

fn about() -> Value {
    let mut tags = marks().as_array().unwrap().clone();
    tags.push(json!({"Key": "team", "Value": "a"}));
    json!({"PolicyName": "bounds", "Arn": ARN, "PolicyId": "ANPA1", "Path": "/", "DefaultVersionId": "v10",
           "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0, "Tags": tags})
}

/// IAM with the policy, which allows reading parameters and has these versions, `v10` the default one.
fn there(versions: &'static [&'static str]) {
    answering(|call| {
        let version = |id: &&str| json!({"VersionId": id, "IsDefaultVersion": *id == "v10"});
        Some(Ok(match call.action.as_str() {
            "GetPolicy" | "CreatePolicy" => json!({"Policy": about()}),
            "GetPolicyVersion" => {
                json!({"PolicyVersion": {"VersionId": "v10", "Document": document("ssm:GetParameter")}})
            }
            "ListPolicyVersions" => json!({"Versions": versions.iter().map(version).collect::<Vec<_>>()}),
            "ListPolicies" if call.input["Marker"] == "next" => json!({"Policies": [about()], "IsTruncated": false}),
            "ListPolicies" => json!({"Policies": [], "IsTruncated": true, "Marker": "next"}),
            _ => json!({}),
        }))
    });
}

fn made() -> types::Resource {
    there(&["v10"]);
    done(IT.create(&inputs("ssm:GetParameter"), None))
}

#[test]
fn a_policy_is_made_in_one_call_and_found_again_by_name_and_token() {
    let made = made();
    assert_eq!(actions(), ["CreatePolicy"]);
    assert_eq!(made.id, ARN);
    let read = found(IT.read(&made));
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (inputs("ssm:GetParameter"), parsed(&made.outputs)));
    let wire::FindOutcome::Found(found) = IT.find(&inputs("ssm:GetParameter"), None) else { panic!("it is listed") };
    assert_eq!(found.id, ARN);
}

#[test]
fn another_document_becomes_the_default_version_and_the_oldest_goes_for_it() {
    let made = made();
    there(&["v10", "v9", "v8", "v7", "v6"]);
    done(IT.update(&made, &inputs("ssm:GetParameters"), &["document"]));
    let [(drop, old), (create, new)] = writes().try_into().unwrap();
    assert_eq!((drop.as_str(), &old["VersionId"]), ("DeletePolicyVersion", &json!("v6")));
    assert_eq!((create.as_str(), &new["SetAsDefault"]), ("CreatePolicyVersion", &json!(true)));
    there(&["v10", "v9"]);
    done(IT.update(&made, &inputs("ssm:GetParameters"), &["document"]));
    assert_eq!(writes().len(), 1, "there is room");
    there(&["v10"]);
    done(IT.update(&made, &inputs("ssm:GetParameter"), &["document"]));
    assert!(writes().is_empty(), "it is as it is wanted already");
}

#[test]
fn a_policy_goes_with_its_versions_and_not_while_it_is_used() {
    let made = made();
    there(&["v10", "v9"]);
    assert!(matches!(IT.delete(&made), wire::DeleteOutcome::Done));
    let names: Vec<String> = writes().into_iter().map(|(action, _)| action).collect();
    assert_eq!(names, ["DeletePolicyVersion", "DeletePolicy"]);
    answering(|call| {
        let mut about = about();
        about["PermissionsBoundaryUsageCount"] = 2.into();
        (call.action == "GetPolicy").then(|| Ok(json!({"Policy": about})))
    });
    let wire::DeleteOutcome::Failed(problem) = IT.delete(&made) else { panic!("it is used") };
    assert_eq!((problem.class, problem.code.as_str()), (types::ProblemClass::Unavailable, "policy-in-use"));
    answering(|_| Some(Err(missing())));
    assert!(matches!(IT.delete(&made), wire::DeleteOutcome::Done));
}
