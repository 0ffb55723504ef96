//! Records are looked up in as few pages as it takes.

use maps_sdk::testing;

use super::cloud::{self, Cloud};
use super::*;

/// A zone with records of somebody else before, between and behind those that are ours.
fn crowded(foreign: usize) -> Cloud {
    let cloud = Cloud::start();
    (0..foreign).for_each(|n| cloud.foreign(&format!("f{n:05}"), "203.0.113.1"));
    cloud
}

fn priors(names: &[&str]) -> Vec<types::Resource> {
    let prior = |name: &&str| types::Resource {
        id: format!("{}/{name}.example.com/A", cloud::ID),
        inputs: a(name, "192.0.2.1").to_string(),
        outputs: json!({"fqdn": format!("{name}.example.com")}).to_string(),
    };
    names.iter().map(prior).collect()
}

/// Which of the records are there, and how many calls it took to know.
fn there(names: &[&str]) -> (Vec<bool>, usize) {
    let before = testing::aws_calls().len();
    let found = read(RECORD, &priors(names)).into_iter().map(|found| found.unwrap().is_some());
    (found.collect(), testing::aws_calls().len() - before)
}

#[test]
fn a_page_serves_all_records_on_it() {
    let cloud = crowded(250);
    let names: Vec<String> = (0..40).map(|n| format!("o{n}")).collect();
    names.iter().skip(1).for_each(|name| cloud.foreign(name, "192.0.2.1"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (found, calls) = there(&names);
    assert_eq!((calls, found.iter().filter(|found| **found).count(), found[0]), (1, 39, false));
}

#[test]
fn a_large_zone_is_not_read_through_for_a_few() {
    let cloud = crowded(3_000);
    for name in ["aa", "f01500x", "zz", "*"] {
        cloud.foreign(name, "192.0.2.1");
    }
    assert_eq!(there(&["zz"]), (vec![true], 1));
    assert_eq!(there(&["zy"]), (vec![false], 1));
    let (found, calls) = there(&["aa", "ab", "f01500x", "f01500y", "zz", "zzz"]);
    assert_eq!((found, calls), (vec![true, false, true, false, true, false], 3));
    // Where a name with codes stands in a listing is not documented: it is asked for by itself.
    let (found, calls) = there(&["*", "*.a", "aa", "zz"]);
    assert_eq!((found, calls), (vec![true, false, true, true], 2 + 1));
}

#[test]
fn every_page_is_asked_for_once_where_ours_are_everywhere() {
    let _cloud = crowded(1_000);
    let names: Vec<String> = (0..1_000).step_by(5).map(|n| format!("f{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (found, calls) = there(&names);
    assert_eq!((found.iter().all(|found| *found), calls), (true, 4));
}

#[test]
fn several_records_of_one_name_may_part_a_page() {
    let cloud = crowded(296);
    for n in 0..10 {
        cloud.put(json!({
            "Name": "many.example.com", "Type": "A", "TTL": 300, "SetIdentifier": format!("s{n}"), "Weight": n,
            "ResourceRecords": [{"Value": "192.0.2.1"}],
        }));
    }
    let weighted = |n: usize| {
        checked(&json!({
            "zone": cloud::ID, "name": "many.example.com", "type": "A", "values": ["192.0.2.1"],
            "set_identifier": format!("s{n}"), "weight": n,
        }))
    };
    let priors: Vec<types::Resource> = (0..11)
        .map(|n| types::Resource {
            id: format!("{}/many.example.com/A/s{n}", cloud::ID),
            inputs: weighted(n).to_string(),
            outputs: json!({"fqdn": "many.example.com"}).to_string(),
        })
        .collect();
    let found: Vec<bool> = read(RECORD, &priors).into_iter().map(|found| found.unwrap().is_some()).collect();
    assert_eq!(found, (0..11).map(|n| n < 10).collect::<Vec<_>>());
    assert_eq!(testing::aws_calls().len(), 2);
}

#[test]
fn a_zone_that_is_gone_has_no_records() {
    let cloud = Cloud::start();
    let record = made(&cloud, &[a("www", "192.0.2.1")]).remove(0);
    testing::aws(|_| Err(maps_sdk::Problem::new(maps_sdk::Class::NotFound, "no-such-hosted-zone", "none")));
    assert!(read(RECORD, std::slice::from_ref(&record))[0].as_ref().unwrap().is_none());
    assert!(gone(&delete(&[record])[0]));
}

#[test]
fn an_import_names_zone_name_and_type() {
    let cloud = Cloud::start();
    cloud.foreign("www", "203.0.113.1");
    cloud.foreign("0/25", "203.0.113.2");
    for id in ["Z0EXAMPLE/www.example.com/A", "example.com/WWW.example.com./A", "Z0EXAMPLE www.example.com A"] {
        let found = import(RECORD, id).unwrap().unwrap();
        assert_eq!(found.id, "Z0EXAMPLE/www.example.com/A");
        assert_eq!(parsed(&found.inputs), a("www", "203.0.113.1"));
    }
    assert_eq!(import(RECORD, "Z0EXAMPLE/0/25.example.com/A").unwrap().unwrap().id, "Z0EXAMPLE/0/25.example.com/A");
    assert!(import(RECORD, "Z0EXAMPLE/other.example.com/A").unwrap().is_none());
    assert!(import(RECORD, "Z0EXAMPLE/www.example.com/A/blue").unwrap().is_none());
    assert!(import(RECORD, "example.org/www.example.org/A").unwrap().is_none());
    for id in ["www.example.com", "Z0EXAMPLE/www.example.com", "Z0EXAMPLE/www.example.com/NOPE", "/a/A"] {
        assert_eq!(import(RECORD, id).unwrap_err().code, "bad-import", "{id}");
    }
}
