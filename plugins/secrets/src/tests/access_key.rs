//! Access keys: made once, with their secret, or not at all.

use super::*;

const IT: Of = Of("access-key");

fn inputs() -> Value {
    checked("access-key", &json!({"user": "backup"}))
}

/// IAM, where the user has these keys, and one that is made is `AKIA2`.
fn keys(ids: &'static [&'static str]) {
    answering(|call| {
        let key = |id: &&str| json!({"UserName": "backup", "AccessKeyId": id, "Status": "Active"});
        Some(Ok(match call.action.as_str() {
            "ListAccessKeys" => {
                json!({"AccessKeyMetadata": ids.iter().map(key).collect::<Vec<_>>(), "IsTruncated": false})
            }
            "CreateAccessKey" => {
                json!({"AccessKey": {"AccessKeyId": "AKIA2", "SecretAccessKey": sealed("told once"), "Status": "Active"}})
            }
            _ => json!({}),
        }))
    });
}

#[test]
fn the_keys_that_are_there_are_recorded_before_one_is_made() {
    keys(&["AKIA1"]);
    let begun = pending(IT.create(&inputs(), None));
    assert_eq!((begun.retry_after_ms, parsed(&begun.checkpoint)), (0, json!({"before": ["AKIA1"]})));
    assert!(writes().is_empty());
    let made = done(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!(writes(), [("CreateAccessKey".to_owned(), json!({"UserName": "backup"}))]);
    assert_eq!(made.id, "backup/AKIA2");
    assert_eq!(parsed(&made.outputs), json!({"access_key_id": "AKIA2", "secret_access_key": sealed("told once")}));
    keys(&["AKIA1", "AKIA2"]);
    let read = found(IT.read(&made));
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (inputs(), parsed(&made.outputs)));
    keys(&["AKIA1"]);
    assert!(matches!(IT.read(&made), wire::ReadOutcome::Absent));
}

#[test]
fn a_key_whose_secret_was_lost_is_of_no_use_and_goes() {
    let begun = json!({"before": ["AKIA1"]}).to_string();
    keys(&["AKIA1"]);
    assert!(matches!(IT.find(&inputs(), Some(&begun)), wire::FindOutcome::Absent));
    keys(&["AKIA1", "AKIA2"]);
    let wire::FindOutcome::Unusable(lost) = IT.find(&inputs(), Some(&begun)) else { panic!("its secret is lost") };
    assert_eq!(lost.resource.id, "backup/AKIA2");
    assert!(matches!(IT.delete(&lost.resource), wire::DeleteOutcome::Done));
    assert_eq!(writes(), [("DeleteAccessKey".to_owned(), json!({"UserName": "backup", "AccessKeyId": "AKIA2"}))]);
    keys(&["AKIA1", "AKIA2", "AKIA3"]);
    let wire::FindOutcome::Failed(problem) = IT.find(&inputs(), Some(&begun)) else { panic!("which is ours?") };
    assert_eq!(problem.code, "unknown-access-keys");
    assert!(problem.message.contains("AKIA2, AKIA3"), "{}", problem.message);
    // Before anything was recorded, nothing was made.
    keys(&["AKIA1"]);
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent));
    assert!(actions().is_empty());
}

#[test]
fn an_inactive_key_is_made_and_switched_off_without_losing_its_secret() {
    let inactive = checked("access-key", &json!({"user": "backup", "status": "Inactive"}));
    keys(&[]);
    let begun = pending(IT.create(&inactive, None));
    let between = pending(IT.create(&inactive, Some(&begun.checkpoint)));
    assert_eq!(between.id.as_deref(), Some("backup/AKIA2"));
    keys(&["AKIA2"]);
    let wire::FindOutcome::Unfinished(open) = IT.find(&inactive, Some(&between.checkpoint)) else { panic!("active") };
    keys(&["AKIA2"]);
    let made = done(IT.create(&inactive, Some(&open.checkpoint)));
    let switched = json!({"UserName": "backup", "AccessKeyId": "AKIA2", "Status": "Inactive"});
    assert_eq!(writes(), [("UpdateAccessKey".to_owned(), switched)]);
    assert_eq!(parsed(&made.outputs)["secret_access_key"], sealed("told once"));
    let active = done(IT.update(&made, &inputs(), &["status"]));
    assert_eq!(parsed(&active.outputs)["secret_access_key"], sealed("told once"));
}

#[test]
fn somebody_s_key_that_came_in_between_is_recorded_too() {
    keys(&["AKIA1"]);
    let begun = json!({"before": []}).to_string();
    let again = pending(IT.create(&inputs(), Some(&begun)));
    assert_eq!(parsed(&again.checkpoint), json!({"before": ["AKIA1"]}));
    assert!(writes().is_empty());
}

#[test]
fn a_third_key_does_not_fit() {
    answering(|call| {
        Some(match call.action.as_str() {
            "ListAccessKeys" => Ok(json!({"AccessKeyMetadata": []})),
            _ => Err(refusal(Class::Conflict, "limit-exceeded")),
        })
    });
    let begun = pending(IT.create(&inputs(), None));
    let problem = failed(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!(problem.code, "too-many-access-keys");
}

#[test]
fn an_import_says_user_and_key_and_cannot_learn_the_secret() {
    keys(&["AKIA1"]);
    let import = IT.import("backup/AKIA1");
    assert_eq!(parsed(&import.outputs), json!({"access_key_id": "AKIA1"}));
    let bare = resource("AKIA1", &json!({}), &json!({}));
    let wire::ReadOutcome::Failed(problem) = IT.read(&bare) else { panic!("whose key?") };
    assert_eq!(problem.code, "bad-id");
}
