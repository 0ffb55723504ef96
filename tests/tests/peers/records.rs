//! Route 53's records: what they may be, how many, in which order, and by which policy they are chosen.

use maps_tests::aws::encoded;

use crate::route53::{change, list, names, policy, send, zone};
use crate::sheet::{Case, Sheet};
use crate::world::{ALL, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "record rules", on: ALL, run: rules },
    Case { name: "record limits", on: ALL, run: limits },
    Case { name: "record order", on: ALL, run: order },
    Case { name: "record paging", on: ALL, run: paging },
    Case { name: "routing policies", on: ALL, run: routing },
];

fn rules(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "rules.example.com");
    let one = |name: &str, kind: &str, value: &str| {
        let name = if name.is_empty() { "rules.example.com".to_owned() } else { format!("{name}.rules.example.com") };
        send(aws, &zone, &[change("CREATE", &name, kind, 60, &[value])]).outcome()
    };
    const REFUSED: &str = "400 InvalidChangeBatch";

    sheet.check("an alias of a name", one("www", "CNAME", "target.example.org"), "200");
    sheet.check("another record beside a CNAME", one("www", "A", "192.0.2.1"), REFUSED);
    sheet.check("a record", one("host", "A", "192.0.2.1"), "200");
    sheet.check("a CNAME beside another record", one("host", "CNAME", "target.example.org"), REFUSED);
    sheet.check("a CNAME at the zone's own name", one("", "CNAME", "target.example.org"), REFUSED);
    sheet.check(
        "two values of a CNAME",
        {
            let two = change("CREATE", "cc.rules.example.com", "CNAME", 60, &["a.example.org", "b.example.org"]);
            send(aws, &zone, &[two]).outcome()
        },
        REFUSED,
    );
    let outside = change("CREATE", "www.example.org", "A", 60, &["192.0.2.1"]);
    let outside = send(aws, &zone, &[outside]);
    sheet.check("a name of another zone", outside.outcome(), REFUSED);
    sheet.check(
        "a name of another zone is named",
        outside.says("is not permitted in zone"),
        "is not permitted in zone",
    );
    sheet.check("an A that is no address", one("bad", "A", "not-an-address"), REFUSED);
    sheet.check("an A that is IPv6", one("bad", "A", "2001:db8::1"), REFUSED);
    sheet.check("an AAAA", one("six", "AAAA", "2001:db8::1"), "200");
    sheet.check("an AAAA that is IPv4", one("bad", "AAAA", "192.0.2.1"), REFUSED);
    sheet.check("a TXT in quotes", one("txt", "TXT", "\"v=spf1 -all\""), "200");
    sheet.check("a TXT without quotes", one("bad", "TXT", "v=spf1 -all"), REFUSED);
    sheet.check("a TXT string of 256 characters", one("bad", "TXT", &format!("\"{}\"", "x".repeat(256))), REFUSED);
    sheet.check("a TXT in two strings", one("two", "TXT", &format!("\"{0}\" \"{0}\"", "x".repeat(255))), "200");
    sheet.check("an MX", one("mail", "MX", "10 mx.example.org"), "200");
    sheet.check("an MX without a preference", one("bad", "MX", "mx.example.org"), REFUSED);
    sheet.check("an SRV", one("_sip._tcp", "SRV", "1 2 5060 sip.example.org"), "200");
    sheet.check("an SRV without a port", one("bad", "SRV", "1 2 sip.example.org"), REFUSED);
    sheet.check("a CAA", one("caa", "CAA", "0 issue \"letsencrypt.org\""), "200");
    sheet.check("a CAA without quotes", one("bad", "CAA", "0 issue letsencrypt.org"), REFUSED);
    sheet.check(
        "the same value twice",
        {
            let twice = change("CREATE", "dup.rules.example.com", "A", 60, &["192.0.2.1", "192.0.2.1"]);
            send(aws, &zone, &[twice]).outcome()
        },
        REFUSED,
    );
    sheet.check(
        "a type that is none",
        send(aws, &zone, &[change("CREATE", "t.rules.example.com", "NOPE", 60, &["x"])]).status,
        400,
    );
    let own = list(aws, &zone, "?maxitems=1").texts("Value");
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let ns = change("DELETE", "rules.example.com", "NS", 172_800, &own);
    sheet.check("the zone's own NS cannot go", send(aws, &zone, &[ns]).outcome(), REFUSED);
}

fn limits(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "limits.example.com");
    // Each under names of its own, so that what one cloud lets pass is not in the way of the next.
    let some = |under: &str, action: &str, count: usize| -> Vec<String> {
        let name = |n: usize| format!("n{n}.{under}.limits.example.com");
        (0..count).map(|n| change(action, &name(n), "A", 60, &["192.0.2.1"])).collect()
    };
    sheet.check("1,001 records", send(aws, &zone, &some("a", "CREATE", 1001)).outcome(), "400 InvalidChangeBatch");
    sheet.check(
        "501 upserts count twice",
        send(aws, &zone, &some("b", "UPSERT", 501)).outcome(),
        "400 InvalidChangeBatch",
    );
    sheet.check("1,000 records", send(aws, &zone, &some("c", "CREATE", 1000)).outcome(), "200");
    sheet.check("500 upserts", send(aws, &zone, &some("d", "UPSERT", 500)).outcome(), "200");
    // A value is 2 times 228 characters, 4 quotes and a space.
    let long = |under: &str, count: usize| -> Vec<String> {
        let value = format!("\"{0}\" \"{0}\"", "x".repeat(228));
        let name = |n: usize| format!("t{n}.{under}.limits.example.com");
        (0..count).map(|n| change("CREATE", &name(n), "TXT", 60, &[&value])).collect()
    };
    sheet.check("32,270 characters", send(aws, &zone, &long("e", 70)).outcome(), "400 InvalidChangeBatch");
    sheet.check("31,809 characters", send(aws, &zone, &long("f", 69)).outcome(), "200");
}

fn order(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "order.example.com");
    let a = |name: &str| change("CREATE", &format!("{name}.order.example.com"), "A", 60, &["192.0.2.1"]);
    let txt = change("CREATE", "b.order.example.com", "TXT", 60, &["\"x\""]);
    let mail = change("CREATE", "order.example.com", "MX", 60, &["10 mx.example.org"]);
    let made = send(aws, &zone, &[a("c"), a("b"), txt, a("a.b"), a("b-c"), mail]);
    sheet.check("create", made.outcome(), "200");
    let listed = names(&list(aws, &zone, ""), "order.example.com");
    // A name's last dot counts, and a hyphen comes before it.
    sheet.check("by labels from the right, then by type", listed, " MX,  NS,  SOA, b-c. A, b. A, b. TXT, a.b. A, c. A");
    send(aws, &zone, &[a("UPPER")]);
    let upper = list(aws, &zone, "?name=upper.order.example.com&maxitems=1");
    sheet.check("names are in lower case", names(&upper, "order.example.com"), "upper. A");
    sheet.check("create a star", send(aws, &zone, &[a("*")]).outcome(), "200");
    let star = list(aws, &zone, &format!("?name={}&type=A&maxitems=1", encoded("*.order.example.com")));
    sheet.check("a star is written by its code", star.text("ResourceRecordSet/Name"), "\\052.order.example.com.");
    sheet.check("and is the same as its code", send(aws, &zone, &[a("\\052")]).outcome(), "400 InvalidChangeBatch");
}

fn paging(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "paging.example.com");
    let a = |name: &str| change("CREATE", &format!("{name}.paging.example.com"), "A", 60, &["192.0.2.1"]);
    send(aws, &zone, &[a("one"), a("two"), a("three")]);
    let first = list(aws, &zone, "?maxitems=3");
    sheet.check("a page", names(&first, "paging.example.com"), " NS,  SOA, one. A");
    sheet.check("there is more", first.text("IsTruncated"), "true");
    sheet.check("how many to a page", first.text("MaxItems"), "3");
    sheet.check(
        "where it goes on",
        format!("{} {}", first.text("NextRecordName"), first.text("NextRecordType")),
        "three.paging.example.com. A",
    );
    let query = format!("?maxitems=3&name={}&type={}", first.text("NextRecordName"), first.text("NextRecordType"));
    let second = list(aws, &zone, &query);
    sheet.check("the next page", names(&second, "paging.example.com"), "three. A, two. A");
    sheet.check("there is no more", second.text("IsTruncated"), "false");
    sheet.check(
        "begin between",
        names(&list(aws, &zone, "?name=p.paging.example.com"), "paging.example.com"),
        "three. A, two. A",
    );
    sheet.check(
        "begin at a type of the own name",
        names(&list(aws, &zone, "?name=paging.example.com&type=SOA&maxitems=1"), "paging.example.com"),
        " SOA",
    );
    sheet.check("a type without a name", list(aws, &zone, "?type=A").outcome(), "400 InvalidInput");
    let zones = aws.route53("GET", "/hostedzone?maxitems=1", "");
    sheet.check("zones are paged too", zones.text("IsTruncated"), "true");
    let marker = zones.text("NextMarker");
    sheet.check("and have a marker", marker.is_empty(), false);
    let next = aws.route53("GET", &format!("/hostedzone?maxitems=1&marker={}", encoded(&marker)), "");
    sheet.check("that leads on", next.texts("HostedZone/Id").len(), 1);
    sheet.check("to another", next.text("HostedZone/Id") == zones.text("HostedZone/Id"), false);
}

fn routing(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let zone = zone(aws, "routing.example.com");
    let name = "www.routing.example.com";
    let weighted = |action: &str, id: &str, weight: u32| {
        let routing = format!("<SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>");
        policy(action, name, "A", &routing, 60, &["192.0.2.1"])
    };
    sheet.check(
        "weighted",
        send(aws, &zone, &[weighted("CREATE", "blue", 1), weighted("CREATE", "green", 2)]).outcome(),
        "200",
    );
    let listed = list(aws, &zone, &format!("?name={name}"));
    sheet.check("by identifier", listed.texts("SetIdentifier").join(" "), "blue green");
    sheet.check("with their weights", listed.texts("Weight").join(" "), "1 2");
    sheet.check(
        "the same identifier",
        send(aws, &zone, &[weighted("CREATE", "blue", 3)]).outcome(),
        "400 InvalidChangeBatch",
    );
    sheet.check(
        "a simple one beside them",
        send(aws, &zone, &[change("CREATE", name, "A", 60, &["192.0.2.1"])]).outcome(),
        "400 InvalidChangeBatch",
    );
    let latency = "<SetIdentifier>red</SetIdentifier><Region>eu-central-1</Region>";
    let latency = policy("CREATE", name, "A", latency, 60, &["192.0.2.1"]);
    sheet.check("another policy beside them", send(aws, &zone, &[latency]).outcome(), "400 InvalidChangeBatch");
    let nameless = policy("CREATE", "x.routing.example.com", "A", "<Weight>1</Weight>", 60, &["192.0.2.1"]);
    sheet.check("a weight without an identifier", send(aws, &zone, &[nameless]).status, 400);
    sheet.check("a weight of 256", send(aws, &zone, &[weighted("CREATE", "heavy", 256)]).status, 400);
    let page = list(aws, &zone, &format!("?name={name}&maxitems=1"));
    sheet.check("a page ends between two", page.text("NextRecordIdentifier"), "green");
    let next = list(aws, &zone, &format!("?name={name}&type=A&identifier=green&maxitems=1"));
    sheet.check("and goes on there", next.text("SetIdentifier"), "green");
    let geo = "<SetIdentifier>it</SetIdentifier><GeoLocation><CountryCode>IT</CountryCode></GeoLocation>";
    let geo = policy("CREATE", "geo.routing.example.com", "A", geo, 60, &["192.0.2.1"]);
    sheet.check("by country", send(aws, &zone, &[geo]).outcome(), "200");
    let failover = "<SetIdentifier>p</SetIdentifier><Failover>PRIMARY</Failover>";
    let failover = policy("CREATE", "fail.routing.example.com", "A", failover, 60, &["192.0.2.1"]);
    sheet.check("failover", send(aws, &zone, &[failover]).outcome(), "200");
    let several = "<SetIdentifier>m</SetIdentifier><MultiValueAnswer>true</MultiValueAnswer>";
    let several = policy("CREATE", "many.routing.example.com", "A", several, 60, &["192.0.2.1"]);
    sheet.check("several answers", send(aws, &zone, &[several]).outcome(), "200");
    let alias = |name: &str, target: &str| {
        let body = format!(
            "<Change><Action>CREATE</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type><AliasTarget>\
             <HostedZoneId>{zone}</HostedZoneId><DNSName>{target}</DNSName>\
             <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet></Change>"
        );
        send(aws, &zone, &[body])
    };
    sheet.check("an alias record", alias("routing.example.com", "fail.routing.example.com").outcome(), "200");
    let apex = list(aws, &zone, "?maxitems=1");
    sheet.check("has a target", apex.text("AliasTarget/DNSName"), "fail.routing.example.com.");
    sheet.check("and no time", apex.text("TTL"), "");
    sheet.check(
        "an alias of what is not there",
        alias("a.routing.example.com", "nowhere.routing.example.com").outcome(),
        "400 InvalidChangeBatch",
    );
}
