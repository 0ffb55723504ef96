//! One record's life: made, waited for, read, changed, removed, and respected where it is another's.

use maps_sdk::testing;

use super::cloud::{self, Cloud, Fault};
use super::*;

/// One record of each sort.
fn each_sort() -> Vec<Value> {
    let sort = |name: &str, kind: &str, more: Value| {
        let mut inputs = json!({"zone": cloud::ID, "name": format!("{name}.example.com"), "type": kind});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        checked(&inputs)
    };
    let routed = |set: &str, more: Value| {
        let mut inputs = json!({"set_identifier": set, "values": ["192.0.2.1"], "health_check": "h-1"});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        inputs
    };
    let europe = json!({"country": "US", "subdivision": "CA"});
    let near = json!({"coordinates": {"latitude": "41.90", "longitude": "12.49"}, "bias": 5});
    vec![
        sort("a", "A", json!({"values": ["192.0.2.2", "192.0.2.1"], "ttl": 60})),
        sort("six", "AAAA", json!({"values": ["2001:db8::1"]})),
        sort("www", "CNAME", json!({"values": ["Target.example.net."]})),
        sort("txt", "TXT", json!({"values": ["v=spf1 \"x\" -all", "y".repeat(300), "\"as\" \"is\""]})),
        sort("mail", "MX", json!({"values": ["10 mx.example.net", "20 mx2.example.net."]})),
        sort("_sip._tcp", "SRV", json!({"values": ["1 2 5060 sip.example.net"]})),
        sort("caa", "CAA", json!({"values": ["0 issue \"letsencrypt.org\""]})),
        sort("*", "A", json!({"values": ["192.0.2.3"]})),
        sort("self", "A", json!({"alias": {"zone": cloud::ID, "name": "a.example.com"}})),
        sort("w", "A", routed("blue", json!({"weight": 0}))),
        sort("w", "A", routed("green", json!({"weight": 9}))),
        sort("l", "A", routed("fra", json!({"latency_region": "eu-central-1"}))),
        sort("f", "A", routed("one", json!({"failover": "SECONDARY"}))),
        sort("g", "A", routed("us", json!({"geolocation": europe}))),
        sort("p", "A", routed("rome", json!({"geoproximity": near}))),
        sort("c", "A", routed("office", json!({"cidr": {"collection": "c-1", "location": "*"}}))),
        sort("m", "A", routed("1", json!({"multivalue": true}))),
    ]
}

#[test]
fn records_of_every_sort_are_made_in_one_call_and_read_as_they_were_written() {
    let cloud = Cloud::start();
    let wanted = each_sort();
    let records = made(&cloud, &wanted);
    assert_eq!((writes(), calls("GetChange")), (vec![wanted.len()], 1));
    for (inputs, record) in wanted.iter().zip(&records) {
        assert_eq!(parsed(&record.inputs), *inputs);
        assert_eq!(parsed(&record.outputs), json!({"fqdn": inputs["name"]}));
    }
    let before = testing::aws_calls().len();
    for (record, again) in records.iter().zip(read(RECORD, &records)) {
        let again = again.unwrap().unwrap();
        assert_eq!((&again.id, parsed(&again.inputs)), (&record.id, parsed(&record.inputs)));
        assert_eq!(parsed(&again.outputs), parsed(&record.outputs));
    }
    assert_eq!(testing::aws_calls().len(), before + 1, "one page for all of them");
    for record in &records {
        let imported = import(RECORD, &record.id).unwrap().unwrap();
        assert_eq!((&imported.id, parsed(&imported.outputs)), (&record.id, parsed(&record.outputs)));
        // What is imported and what the stack says differ in spelling at most.
        let settled = done(update(&[(imported, parsed(&record.inputs), None)]).remove(0));
        assert_eq!(parsed(&settled.inputs), parsed(&record.inputs));
    }
    assert_eq!(writes(), [wanted.len()], "and nothing is written for that");
    assert!(delete(&records).iter().all(gone));
    assert_eq!((cloud.records(), writes()), (Vec::new(), vec![wanted.len(), wanted.len()]));
    assert!(delete(&records).iter().all(gone), "what is gone is gone");
    assert_eq!(writes().len(), 2);
}

#[test]
fn a_change_is_waited_for_until_it_has_spread() {
    let cloud = Cloud::start();
    let inputs = a("www", "192.0.2.1");
    let begun = pending(begin(std::slice::from_ref(&inputs)).remove(0));
    assert_eq!(begun.id.as_deref(), Some("Z0EXAMPLE/www.example.com/A"));
    let later = pending(create_all(RECORD, &[(inputs.clone(), Some(begun.checkpoint))]).remove(0));
    assert!(later.retry_after_ms > begun.retry_after_ms);
    cloud.settle();
    let _ = done(create_all(RECORD, &[(inputs.clone(), Some(later.checkpoint))]).remove(0));
    assert_eq!((writes(), calls("GetChange")), (vec![1], 2));
    let forgotten = json!({"change": "C99"}).to_string();
    let _ = done(create_all(RECORD, &[(inputs, Some(forgotten))]).remove(0));
}

#[test]
fn drift_is_seen_and_mended_and_another_order_is_none() {
    let cloud = Cloud::start();
    let inputs = checked(&json!({
        "zone": cloud::ID, "name": "www.example.com", "type": "A", "values": ["192.0.2.1", "192.0.2.2"],
    }));
    let record = made(&cloud, std::slice::from_ref(&inputs)).remove(0);
    cloud.meddle("www", |record| record["ResourceRecords"].as_array_mut().unwrap().reverse());
    assert_eq!(parsed(&read(RECORD, std::slice::from_ref(&record)).remove(0).unwrap().unwrap().inputs), inputs);
    cloud.meddle("www", |record| {
        record["ResourceRecords"] = json!([{"Value": "203.0.113.9"}, {"Value": "192.0.2.2"}]);
        record["TTL"] = 5.into();
    });
    let drifted = read(RECORD, &[record]).remove(0).unwrap().unwrap();
    assert_eq!(parsed(&drifted.inputs)["values"], json!(["192.0.2.2", "203.0.113.9"]));
    assert_eq!(parsed(&drifted.inputs)["ttl"], 5);
    let mending = pending(update(&[(drifted.clone(), inputs.clone(), None)]).remove(0));
    cloud.settle();
    let mended = done(update(&[(drifted.clone(), inputs.clone(), Some(mending.checkpoint))]).remove(0));
    assert_eq!(parsed(&mended.inputs), inputs);
    let count = writes().len();
    let _ = done(update(&[(drifted, inputs, None)]).remove(0));
    assert_eq!(writes().len(), count, "what is as it should be is not written");
    // As somebody else left it, it is removed all the same.
    cloud.meddle("www", |record| record["TTL"] = 7.into());
    assert!(delete(&[mended]).iter().all(gone));
    assert_eq!(cloud.records(), Vec::<Value>::new());
}

#[test]
fn a_record_of_somebody_else_is_respected_and_told_before_anything_is_changed() {
    let cloud = Cloud::start();
    cloud.foreign("www", "203.0.113.1");
    let inputs = a("www", "192.0.2.1");
    let told = preview(RECORD, &[(inputs.clone(), None), (a("new", "192.0.2.1"), None)]);
    let problem = told[0].as_ref().unwrap_err();
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("record-exists", Some("name")));
    assert!(problem.message.contains("203.0.113.1"), "{}", problem.message);
    assert!(problem.help.as_ref().unwrap().contains("{import: \"Z0EXAMPLE/www.example.com/A\"}"), "{problem:?}");
    assert_eq!(told[1].as_ref().unwrap(), &json!({"fqdn": "new.example.com"}));
    assert_eq!(testing::aws_calls().len(), 1);

    let problem = failed(begin(std::slice::from_ref(&inputs)).remove(0));
    assert_eq!((problem.code.as_str(), problem.class), ("record-exists", types::ProblemClass::Conflict));
    assert!(problem.message.ends_with("(request 5e-7)"), "{}", problem.message);
    assert_eq!(cloud.records()[0]["ResourceRecords"][0]["Value"], "203.0.113.1");
    assert!(matches!(find(&[inputs])[0], wire::FindOutcome::Absent), "it is not what was to be made");
}

#[test]
fn what_is_recorded_costs_a_plan_nothing_and_a_record_twice_is_told() {
    let cloud = Cloud::start();
    let [one, two] = [a("one", "192.0.2.1"), a("two", "192.0.2.2")];
    let records = made(&cloud, &[one.clone(), two.clone()]);
    let before = testing::aws_calls().len();
    let with = |inputs: &Value, record: usize| (inputs.clone(), Some(records[record].clone()));
    let planned = preview(RECORD, &[with(&one, 0), with(&two, 1)]);
    assert!(planned.iter().all(Result::is_ok));
    let swapped = preview(RECORD, &[with(&two, 0), with(&one, 1)]);
    assert!(swapped.iter().all(Result::is_ok), "each gives its place up: {swapped:?}");
    assert_eq!(testing::aws_calls().len(), before);
    let unknown =
        checked(&json!({"zone": {"$unknown": true}, "name": "x.example.com", "type": "A", "values": ["192.0.2.1"]}));
    assert_eq!(preview(RECORD, &[(unknown, None)])[0].as_ref().unwrap(), &json!({"fqdn": "x.example.com"}));
    assert_eq!(testing::aws_calls().len(), before);

    let twice = preview(RECORD, &[(one.clone(), Some(records[0].clone())), (one.clone(), None)]);
    assert_eq!(twice[1].as_ref().unwrap_err().code, "record-twice");
    let new = a("new", "192.0.2.1");
    let mut outcomes = begin(&[new.clone(), new]);
    assert_eq!(failed(outcomes.pop().unwrap()).code, "record-twice");
    let _ = pending(outcomes.pop().unwrap());
    let found = find(&[one.clone(), one]);
    assert!(matches!(found.as_slice(), [wire::FindOutcome::Found(_), wire::FindOutcome::Absent]), "{found:?}");
}

#[test]
fn a_lost_reply_is_found_to_be_our_own_work() {
    let cloud = Cloud::start();
    let wanted = [a("one", "192.0.2.1"), a("two", "192.0.2.2")];
    assert!(find(&wanted).iter().all(|found| matches!(found, wire::FindOutcome::Absent)));
    cloud.faults([Some(Fault::Lost)]);
    for outcome in begin(&wanted) {
        assert_eq!(failed(outcome).class, types::ProblemClass::Timeout);
    }
    for (found, inputs) in find(&wanted).into_iter().zip(&wanted) {
        let wire::FindOutcome::Found(found) = found else { panic!("{found:?}") };
        assert_eq!(parsed(&found.inputs), *inputs);
    }
    assert_eq!(writes(), [2]);
}

#[test]
fn what_route53_alone_knows_is_told_in_our_words() {
    let cloud = Cloud::start();
    let record = |name: &str, kind: &str, value: &str| {
        checked(&json!({"zone": cloud::ID, "name": name, "type": kind, "values": [value]}))
    };
    cloud.foreign("taken", "203.0.113.1");
    let outcomes = begin(&[
        record("example.com", "CNAME", "a.example.net"),
        record("www.example.org", "A", "192.0.2.1"),
        record("taken.example.com", "CNAME", "a.example.net"),
        record("fine.example.com", "A", "192.0.2.1"),
    ]);
    let told: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            wire::MutationOutcome::Failed(problem) => problem.code,
            _ => "made".to_owned(),
        })
        .collect();
    assert_eq!(told, ["cname-at-apex", "outside-zone", "invalid-change-batch", "made"]);
    let elsewhere = checked(&json!({"zone": "Z0OTHER", "name": "a.b", "type": "A", "values": ["192.0.2.1"]}));
    assert_eq!(failed(begin(std::slice::from_ref(&elsewhere)).remove(0)).code, "no-such-hosted-zone");
    assert!(matches!(find(&[elsewhere])[0], wire::FindOutcome::Absent));
}
