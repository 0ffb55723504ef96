//! Many records: in few calls, and only the guilty fail.

use maps_sdk::testing;

use super::cloud::{self, Cloud, Fault};
use super::*;

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|n| a(&format!("n{n}"), "192.0.2.1")).collect()
}

fn text(name: &str, value: &str) -> Value {
    checked(&json!({"zone": cloud::ID, "name": format!("{name}.example.com"), "type": "TXT", "values": [value]}))
}

/// Where creates failed, with the codes.
fn failures(outcomes: Vec<wire::MutationOutcome>) -> Vec<(usize, String)> {
    let failure = |(at, outcome)| match outcome {
        wire::MutationOutcome::Failed(problem) => Some((at, problem.code)),
        _ => None,
    };
    outcomes.into_iter().enumerate().filter_map(failure).collect()
}

#[test]
fn a_thousand_records_are_one_call_and_updates_count_twice() {
    let cloud = Cloud::start();
    let wanted = many(1_000);
    let records = made(&cloud, &wanted);
    assert_eq!((writes(), calls("GetChange")), (vec![1_000], 1));
    let changed: Vec<_> = records
        .into_iter()
        .zip(&wanted)
        .map(|(record, inputs)| {
            let mut inputs = inputs.clone();
            inputs["ttl"] = 60.into();
            (record, inputs, None)
        })
        .collect();
    update(&changed).into_iter().for_each(|outcome| drop(pending(outcome)));
    assert_eq!(writes(), [1_000, 500, 500]);
    let priors: Vec<_> = changed.into_iter().map(|(record, ..)| record).collect();
    assert!(delete(&priors).iter().all(gone));
    assert_eq!(writes(), [1_000, 500, 500, 1_000]);
    assert!(cloud.records().is_empty());
}

#[test]
fn many_values_and_long_ones_are_parted_by_their_limits() {
    let _cloud = Cloud::start();
    let long: Vec<Value> = (0..20).map(|n| text(&format!("t{n}"), &"x".repeat(3_000))).collect();
    begin(&long).into_iter().for_each(|outcome| drop(pending(outcome)));
    assert_eq!(writes(), [10, 10]);
    let addresses: Vec<String> = (0..250).map(|n| format!("192.0.2.{n}")).collect();
    let wide: Vec<Value> = (0..5)
        .map(|n| {
            checked(&json!({"zone": cloud::ID, "name": format!("v{n}.example.com"), "type": "A", "values": addresses}))
        })
        .collect();
    begin(&wide).into_iter().for_each(|outcome| drop(pending(outcome)));
    assert_eq!(writes(), [10, 10, 4, 1]);
}

#[test]
fn the_guilty_alone_fail_and_all_others_go_again_together() {
    let cloud = Cloud::start();
    cloud.foreign("n7", "203.0.113.1");
    cloud.foreign("n42", "203.0.113.1");
    let guilty = failures(begin(&many(100)));
    assert_eq!(guilty, [(7, "record-exists".to_owned()), (42, "record-exists".to_owned())]);
    assert_eq!((writes(), cloud.records().len()), (vec![100, 98], 100));
}

#[test]
fn where_the_message_names_nobody_halves_find_the_guilty() {
    let cloud = Cloud::start();
    cloud.foreign("n7", "203.0.113.1");
    cloud.terse();
    let guilty = failures(begin(&many(64)));
    assert_eq!(guilty, [(7, "invalid-change-batch".to_owned())]);
    assert_eq!((writes().len(), cloud.records().len()), (13, 64));
}

#[test]
fn what_is_throttled_goes_again_as_one() {
    for fault in [Fault::Throttled, Fault::NotComplete] {
        let cloud = Cloud::start();
        let mut wanted: Vec<Value> = (0..20).map(|n| text(&format!("t{n}"), &"x".repeat(3_000))).collect();
        wanted.push(a("www", "192.0.2.1"));
        cloud.faults([Some(fault)]);
        for outcome in begin(&wanted) {
            assert_eq!(failed(outcome).class, types::ProblemClass::Throttled);
        }
        assert_eq!(writes().len(), 1, "the rest of the zone is not tried");
        begin(&wanted).into_iter().for_each(|outcome| drop(pending(outcome)));
    }
}

#[test]
fn an_alias_comes_after_what_it_leads_to_and_goes_before_it() {
    let cloud = Cloud::start();
    let alias = |name: &str, target: &str| {
        let alias = json!({"zone": cloud::ID, "name": format!("{target}.example.com")});
        checked(&json!({"zone": cloud::ID, "name": format!("{name}.example.com"), "type": "A", "alias": alias}))
    };
    let records = made(&cloud, &[alias("one", "two"), alias("two", "three"), a("three", "192.0.2.1")]);
    assert_eq!(writes(), [3]);
    assert!(delete(&records).iter().all(gone));
    let order: Vec<String> = testing::aws_calls().last().unwrap().input["ChangeBatch"]["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["ResourceRecordSet"]["Name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(order, ["one.example.com", "two.example.com", "three.example.com"]);
    let ring = begin(&[alias("a", "b"), alias("b", "a"), alias("c", "nowhere"), a("fine", "192.0.2.1")]);
    let guilty: Vec<usize> = failures(ring).into_iter().map(|(at, _)| at).collect();
    assert_eq!(guilty, [0, 1, 2]);
}

#[test]
fn a_record_that_changes_while_it_is_removed_is_tried_again() {
    let cloud = Cloud::start();
    let records = made(&cloud, &many(3));
    let serving = cloud.clone();
    let mut listed = false;
    testing::aws(move |call| {
        // Somebody is quicker, between the listing and the change.
        if call.action == "ChangeResourceRecordSets" && !std::mem::replace(&mut listed, true) {
            serving.meddle("n1", |record| record["TTL"] = 1.into());
            serving.remove("n2");
        }
        serving.serve(call)
    });
    let outcomes = delete(&records);
    assert!(gone(&outcomes[0]) && gone(&outcomes[2]), "{outcomes:?}");
    let wire::DeleteOutcome::Failed(problem) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!((problem.code.as_str(), problem.class), ("record-changed", types::ProblemClass::Unavailable));
    assert!(gone(&delete(&records[1..2])[0]));
    assert!(cloud.records().is_empty());
}
