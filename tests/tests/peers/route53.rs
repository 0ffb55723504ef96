//! Route 53: zones, and changes in batches.

use std::time::Duration;

use crate::sheet::{Case, Sheet};
use crate::world::{ALL, World};
use maps_tests::aws::{Answer, Aws};

pub(crate) const CASES: &[Case] = &[
    Case { name: "zones", on: ALL, run: zones },
    Case { name: "changes", on: ALL, run: changes },
    Case { name: "batches", on: ALL, run: batches },
];

/// Makes a zone, and returns its id alone.
pub(crate) fn zone(aws: &Aws, name: &str) -> String {
    let made = create(aws, name, name);
    made.text("HostedZone/Id").trim_start_matches("/hostedzone/").to_owned()
}

fn create(aws: &Aws, name: &str, reference: &str) -> Answer {
    let body = format!(
        "<CreateHostedZoneRequest><Name>{name}</Name><CallerReference>{reference}</CallerReference>\
         </CreateHostedZoneRequest>"
    );
    aws.route53("POST", "/hostedzone", &body)
}

/// One change: a record set with values, each in an element of its own.
pub(crate) fn change(action: &str, name: &str, kind: &str, ttl: u32, values: &[&str]) -> String {
    policy(action, name, kind, "", ttl, values)
}

/// The same with what a routing policy says.
pub(crate) fn policy(action: &str, name: &str, kind: &str, routing: &str, ttl: u32, values: &[&str]) -> String {
    let values: String =
        values.iter().map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>")).collect();
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{routing}\
         <TTL>{ttl}</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet></Change>"
    )
}

/// Sends changes as one batch.
pub(crate) fn send(aws: &Aws, zone: &str, changes: &[String]) -> Answer {
    let body = format!(
        "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>{}</Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>",
        changes.concat()
    );
    aws.route53("POST", &format!("/hostedzone/{zone}/rrset"), &body)
}

/// Lists a zone's record sets.
pub(crate) fn list(aws: &Aws, zone: &str, query: &str) -> Answer {
    aws.route53("GET", &format!("/hostedzone/{zone}/rrset{query}"), "")
}

/// `name TYPE` of every record set listed, the zone's own name left off.
pub(crate) fn names(answer: &Answer, zone: &str) -> String {
    let names = answer.texts("ResourceRecordSet/Name").into_iter();
    let both = names.zip(answer.texts("ResourceRecordSet/Type"));
    let suffix = format!("{zone}.");
    both.map(|(name, kind)| format!("{} {kind}", name.trim_end_matches(&suffix))).collect::<Vec<_>>().join(", ")
}

fn zones(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = create(aws, "zones.example.com", "zones-1");
    sheet.check("create", made.outcome(), "201");
    let id = made.text("HostedZone/Id");
    sheet.check("an id has its kind before it", id.starts_with("/hostedzone/"), true);
    sheet.check(
        "the zone's place is in a header",
        made.header("location").ends_with(&format!("/2013-04-01{id}")),
        true,
    );
    sheet.check("a name ends in a dot", made.text("HostedZone/Name"), "zones.example.com.");
    sheet.check("there are four name servers", made.texts("NameServer").len(), 4);
    sheet.check("a new zone is a change", made.text("ChangeInfo/Status"), "PENDING");
    sheet.check(
        "the same reference again",
        create(aws, "zones.example.com", "zones-1").outcome(),
        "409 HostedZoneAlreadyExists",
    );

    let zone = id.trim_start_matches("/hostedzone/");
    let got = aws.route53("GET", &format!("/hostedzone/{zone}"), "");
    sheet.check("get", got.outcome(), "200");
    sheet.check("a new zone has NS and SOA", got.text("ResourceRecordSetCount"), 2);
    sheet.check("its own NS and SOA", names(&list(aws, zone, ""), "zones.example.com"), " NS,  SOA");
    sheet.check("their times", list(aws, zone, "").texts("TTL").join(" "), "172800 900");

    let found = aws.route53("GET", "/hostedzonesbyname?dnsname=zones.example.com&maxitems=1", "");
    sheet.check("look up by name", found.text("HostedZones/HostedZone/Name"), "zones.example.com.");
    sheet.check("look up with one to a page", found.texts("HostedZones/HostedZone").len(), 1);
    let listed = aws.route53("GET", "/hostedzone?maxitems=100", "");
    sheet.check("list", listed.texts("HostedZone/Id").contains(&id), true);

    sheet.check(
        "get one that never was",
        aws.route53("GET", "/hostedzone/Z0NEVERWAS", "").outcome(),
        "404 NoSuchHostedZone",
    );
    sheet.check(
        "delete one that never was",
        aws.route53("DELETE", "/hostedzone/Z0NEVERWAS", "").outcome(),
        "404 NoSuchHostedZone",
    );
    sheet.check("a name that is none", create(aws, "a..example.com", "zones-2").outcome(), "400 InvalidDomainName");

    let record = change("CREATE", "www.zones.example.com", "A", 60, &["192.0.2.1"]);
    sheet.check("a record", send(aws, zone, &[record]).outcome(), "200");
    sheet.check(
        "delete one with records",
        aws.route53("DELETE", &format!("/hostedzone/{zone}"), "").outcome(),
        "400 HostedZoneNotEmpty",
    );
    send(aws, zone, &[change("DELETE", "www.zones.example.com", "A", 60, &["192.0.2.1"])]);
    let deleted = aws.route53("DELETE", &format!("/hostedzone/{zone}"), "");
    sheet.check("delete", deleted.outcome(), "200");
    sheet.check("deleting is a change", deleted.text("ChangeInfo/Status"), "PENDING");
    sheet.check(
        "get one that was deleted",
        aws.route53("GET", &format!("/hostedzone/{zone}"), "").outcome(),
        "404 NoSuchHostedZone",
    );
}

fn changes(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "changes.example.com");
    let name = "www.changes.example.com";
    let a = |action: &str, ttl: u32, value: &str| send(aws, &zone, &[change(action, name, "A", ttl, &[value])]);

    let made = a("CREATE", 60, "192.0.2.1");
    sheet.check("create", made.outcome(), "200");
    sheet.check("a change is pending", made.text("ChangeInfo/Status"), "PENDING");
    let id = made.text("ChangeInfo/Id");
    sheet.check("a change's id has its kind before it", id.starts_with("/change/C"), true);
    // A change takes up to a minute, so it is in sync after two; who has no such clock counts questions.
    let mut status = String::new();
    for _ in 0..3 {
        world.pass(Duration::from_secs(60));
        status = aws.route53("GET", &id, "").text("Status");
    }
    sheet.check("in the end it is in sync", status, "INSYNC");
    sheet.check("a change that never was", aws.route53("GET", "/change/C0NEVERWAS", "").outcome(), "404 NoSuchChange");

    let again = a("CREATE", 60, "192.0.2.1");
    sheet.check("create the same again", again.outcome(), "400 InvalidChangeBatch");
    sheet.check("create over another", a("CREATE", 60, "192.0.2.2").outcome(), "400 InvalidChangeBatch");
    sheet.check("what was there is named", again.says("but it already exists"), "but it already exists");
    sheet.check("what was there stays", list(aws, &zone, "").texts("Value").contains(&"192.0.2.1".to_owned()), true);

    sheet.check("upsert over one", a("UPSERT", 300, "192.0.2.3").outcome(), "200");
    sheet.check("upsert the same again", a("UPSERT", 300, "192.0.2.3").outcome(), "200");
    let one = list(aws, &zone, &format!("?name={name}&type=A&maxitems=1"));
    sheet.check("upsert replaces the values", one.texts("Value").join(" "), "192.0.2.3");
    sheet.check("upsert replaces the time", one.text("TTL"), "300");
    let two = send(aws, &zone, &[change("UPSERT", "two.changes.example.com", "A", 60, &["192.0.2.4", "192.0.2.5"])]);
    sheet.check("upsert makes one with two values", two.outcome(), "200");

    sheet.check("delete with another value", a("DELETE", 300, "192.0.2.9").outcome(), "400 InvalidChangeBatch");
    sheet.check("delete with another time", a("DELETE", 60, "192.0.2.3").outcome(), "400 InvalidChangeBatch");
    sheet.check("delete", a("DELETE", 300, "192.0.2.3").outcome(), "200");
    let gone = a("DELETE", 300, "192.0.2.3");
    sheet.check("delete again", gone.outcome(), "400 InvalidChangeBatch");
    sheet.check("what was not there is told", gone.says("but it was not found"), "but it was not found");
    sheet.check(
        "in no zone",
        send(aws, "Z0NEVERWAS", &[change("CREATE", name, "A", 1, &["192.0.2.1"])]).outcome(),
        "404 NoSuchHostedZone",
    );
    sheet.check("list no zone", list(aws, "Z0NEVERWAS", "").outcome(), "404 NoSuchHostedZone");
    sheet.check("no such action", a("REPLACE", 60, "192.0.2.1").status, 400);
}

fn batches(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "batches.example.com");
    let a = |action: &str, name: &str| change(action, &format!("{name}.batches.example.com"), "A", 60, &["192.0.2.1"]);
    let here = || names(&list(aws, &zone, ""), "batches.example.com");

    sheet.check("several at once", send(aws, &zone, &[a("CREATE", "one"), a("CREATE", "two")]).outcome(), "200");
    sheet.check("all of them are there", here(), " NS,  SOA, one. A, two. A");
    let mixed = send(aws, &zone, &[a("CREATE", "three"), a("CREATE", "two")]);
    sheet.check("one of them is wrong", mixed.outcome(), "400 InvalidChangeBatch");
    sheet.check("then none is made", here(), " NS,  SOA, one. A, two. A");
    let moved = send(aws, &zone, &[a("DELETE", "one"), a("CREATE", "one")]);
    sheet.check("delete and create the same", moved.outcome(), "200");
    let twice = send(aws, &zone, &[a("DELETE", "one"), a("DELETE", "one")]);
    sheet.check("delete the same twice", twice.outcome(), "400 InvalidChangeBatch");
    let swapped = send(aws, &zone, &[a("DELETE", "one"), a("DELETE", "two"), a("CREATE", "three")]);
    sheet.check("delete and create others", swapped.outcome(), "200");
    sheet.check("what is left", here(), " NS,  SOA, three. A");
    sheet.check("none at all", send(aws, &zone, &[]).status, 400);
}
