//! Users with their inline policy and boundary.

use super::*;

const IT: Of = Of("user");
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/maps";

fn policy(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn inputs() -> Value {
    let policy = policy("route53:ListHostedZones");
    checked("user", &json!({"name": "dns", "permissions_boundary": BOUNDARY, "policy": policy, "tags": {"team": "a"}}))
}

fn user(tags: &Value) -> Value {
    let mut all = marks().as_array().unwrap().clone();
    all.extend(tags.as_array().unwrap().clone());
    json!({"User": {
        "UserName": "dns", "Path": "/", "UserId": "AIDA1", "Arn": "arn:aws:iam::1:user/dns", "Tags": all,
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY},
    }})
}

/// IAM with the user, whose inline policies are these.
fn there(policies: &'static [(&'static str, &'static str)]) {
    answering(|call| {
        let named = |name: &Value| policies.iter().find(|(policy, _)| name == policy);
        Some(match call.action.as_str() {
            "CreateUser" | "GetUser" => Ok(user(&json!([{"Key": "team", "Value": "a"}]))),
            "GetUserPolicy" => match named(&call.input["PolicyName"]) {
                Some((name, action)) => Ok(json!({"PolicyName": name, "PolicyDocument": policy(action)})),
                None => Err(missing()),
            },
            "ListUserPolicies" => Ok(json!({"PolicyNames": policies.iter().map(|(name, _)| name).collect::<Vec<_>>()})),
            "ListAttachedUserPolicies" | "ListAccessKeys" | "ListGroupsForUser" => Ok(json!({"IsTruncated": false})),
            _ => Ok(json!({})),
        })
    });
}

const WHOLE: &[(&str, &str)] = &[("inline", "route53:ListHostedZones")];

fn made() -> types::Resource {
    there(WHOLE);
    let begun = pending(IT.create(&inputs(), None));
    done(IT.create(&inputs(), Some(&begun.checkpoint)))
}

#[test]
fn a_user_is_made_with_its_boundary_then_gets_its_policy() {
    let made = made();
    let [(create, user), (put, document)] = writes().try_into().unwrap();
    assert_eq!((create.as_str(), put.as_str()), ("CreateUser", "PutUserPolicy"));
    assert_eq!((&user["PermissionsBoundary"], &user["Path"]), (&json!(BOUNDARY), &json!("/")));
    assert_eq!(document["PolicyDocument"], inputs()["policy"]);
    assert_eq!(parsed(&made.inputs), inputs());
    let read = found(IT.read(&made));
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (inputs(), parsed(&made.outputs)));
    assert_eq!(actions().len(), 4, "two reads tell a user");
}

#[test]
fn an_interrupted_making_goes_on_with_the_policy() {
    there(&[]);
    let wire::FindOutcome::Unfinished(open) = IT.find(&inputs(), None) else { panic!("its policy is missing") };
    there(WHOLE);
    done(IT.create(&inputs(), Some(&open.checkpoint)));
    assert_eq!(actions(), ["PutUserPolicy"]);
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Found(_)));
    answering(|call| Some(if call.action == "GetUser" { Ok(user_of_others()) } else { Err(missing()) }));
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent), "it is somebody else's");
}

fn user_of_others() -> Value {
    let mut user = user(&json!([]));
    user["User"]["Tags"] = json!([]);
    user
}

#[test]
fn a_user_of_that_name_is_left_alone() {
    answering(|_| Some(Err(refusal(Class::Conflict, "entity-already-exists"))));
    let problem = failed(IT.create(&inputs(), None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("user-exists", Some("name")));
}

#[test]
fn iam_is_given_time_to_know_the_user() {
    answering(|call| Some(if call.action == "CreateUser" { Ok(user(&json!([]))) } else { Err(missing()) }));
    let mut waits = pending(IT.create(&inputs(), None));
    for _ in 0..crate::iam::ROUNDS {
        waits = pending(IT.create(&inputs(), Some(&waits.checkpoint)));
    }
    assert_eq!(failed(IT.create(&inputs(), Some(&waits.checkpoint))).code, "user-gone");
}

#[test]
fn an_update_gives_before_it_takes() {
    let made = made();
    let mut wanted = inputs();
    wanted["policy_name"] = "other".into();
    wanted["permissions_boundary"] = format!("{BOUNDARY}-2").into();
    wanted["tags"] = json!({});
    there(WHOLE);
    let changed = done(IT.update(&made, &wanted, &["policy_name", "permissions_boundary", "tags.team"]));
    let names: Vec<String> = writes().into_iter().map(|(action, _)| action).collect();
    assert_eq!(names, ["PutUserPermissionsBoundary", "PutUserPolicy", "UntagUser", "DeleteUserPolicy"]);
    assert_eq!(writes()[3].1["PolicyName"], "inline");
    assert_eq!(parsed(&changed.inputs), wanted);
    there(WHOLE);
    done(IT.update(&made, &inputs(), &["policy"]));
    assert!(writes().is_empty(), "it is as it is wanted already");
}

#[test]
fn a_user_goes_with_what_this_resource_gave_it() {
    let made = made();
    there(WHOLE);
    assert!(matches!(IT.delete(&made), wire::DeleteOutcome::Done));
    let names: Vec<String> = writes().into_iter().map(|(action, _)| action).collect();
    assert_eq!(names, ["DeleteUserPolicy", "DeleteUser"]);
    answering(|_| Some(Err(missing())));
    assert!(matches!(IT.delete(&made), wire::DeleteOutcome::Done), "it is gone already");
    assert!(writes().is_empty());
}

#[test]
fn a_user_that_others_gave_something_stays() {
    let made = made();
    answering(|call| {
        Some(Ok(match call.action.as_str() {
            "ListUserPolicies" => json!({"PolicyNames": ["inline", "more"]}),
            "ListAccessKeys" => json!({"AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "Status": "Active"}]}),
            "ListAttachedUserPolicies" => json!({"AttachedPolicies": [{"PolicyName": "admin", "PolicyArn": "arn"}]}),
            "ListGroupsForUser" => json!({"Groups": [{"GroupName": "ops"}]}),
            _ => return None,
        }))
    });
    let wire::DeleteOutcome::Failed(problem) = IT.delete(&made) else { panic!("others use it") };
    assert_eq!(problem.code, "user-in-use");
    for what in ["more", "AKIA1", "admin", "ops"] {
        assert!(problem.message.contains(what), "{}", problem.message);
    }
}

#[test]
fn an_import_takes_the_one_inline_policy() {
    there(&[("written-by-hand", "s3:ListBucket")]);
    let import = IT.import("dns");
    assert_eq!(parsed(&import.inputs)["policy_name"], "written-by-hand");
    assert_eq!(parsed(&import.inputs)["policy"], policy("s3:ListBucket"));
}
