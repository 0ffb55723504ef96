//! Zones and records: batches, their mistakes, their order, their time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Client, Reply, cloud};
use maps_rehearsal::{AwsLimits, Cloud, Options};
use reqwest::Method;
use serde_json::json;

const ZONES: &str = "/2013-04-01/hostedzone";
const DOMAIN: &str = "maps.gransassotech.it.";

async fn zone(client: &Client) -> String {
    let found = client.rest("route53", Method::GET, "/2013-04-01/hostedzonesbyname?dnsname=maps.gransassotech.it", "");
    found.await.ok().one("Id").trim_start_matches("/hostedzone/").to_owned()
}

/// A change of one record set, whose inside is XML.
fn change(action: &str, name: &str, kind: &str, inside: &str) -> String {
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{inside}\
         </ResourceRecordSet></Change>"
    )
}

fn values(ttl: u32, values: &[&str]) -> String {
    let records = values.iter().map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>"));
    format!("<TTL>{ttl}</TTL><ResourceRecords>{}</ResourceRecords>", records.collect::<String>())
}

fn a(action: &str, name: &str, value: &str) -> String {
    change(action, name, "A", &values(300, &[value]))
}

async fn send(client: &Client, zone: &str, changes: &[String]) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ChangeBatch><Changes>{}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        changes.concat()
    );
    client.rest("route53", Method::POST, &format!("{ZONES}/{zone}/rrset/"), &body).await
}

async fn records(client: &Client, zone: &str, query: &str) -> Reply {
    client.rest("route53", Method::GET, &format!("{ZONES}/{zone}/rrset{query}"), "").await
}

#[tokio::test]
async fn the_zone_of_the_stacks_is_there_from_the_start() {
    let (_home, _running, client) = cloud().await;
    let listed = client.rest("route53", Method::GET, ZONES, "").await.ok();
    assert_eq!((listed.all("Name"), listed.one("ResourceRecordSetCount")), (vec![DOMAIN.to_owned()], "2".to_owned()));
    let zone = zone(&client).await;
    assert_eq!(records(&client, &zone, "").await.ok().all("Type"), ["NS", "SOA"]);
    let got = client.rest("route53", Method::GET, &format!("{ZONES}/{zone}"), "").await.ok();
    assert_eq!(got.all("NameServer").len(), 4);
    client.rest("route53", Method::GET, &format!("{ZONES}/Z0"), "").await.refused(404, "NoSuchHostedZone");
    client.rest("route53", Method::GET, "/2013-04-01/nothing", "").await.refused(400, "InvalidAction");
}

#[tokio::test]
async fn a_change_is_in_sync_after_a_minute() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let made = send(&client, &zone, &[a("CREATE", "maps.k8s.maps.gransassotech.it", "192.0.2.1")]).await.ok();
    let path = format!("/2013-04-01{}", made.one("Id"));
    assert_eq!(made.one("Status"), "PENDING");
    client.advance(59_000).await;
    assert_eq!(client.rest("route53", Method::GET, &path, "").await.ok().one("Status"), "PENDING");
    client.advance(1_500).await;
    assert_eq!(client.rest("route53", Method::GET, &path, "").await.ok().one("Status"), "INSYNC");
    client.rest("route53", Method::GET, "/2013-04-01/change/C0", "").await.refused(404, "NoSuchChange");
}

#[tokio::test]
async fn a_batch_is_whole_or_not_and_tells_every_mistake() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    send(&client, &zone, &[a("CREATE", "one.maps.gransassotech.it", "192.0.2.1")]).await.ok();
    let before = client.inventory().await;
    let batch = [
        a("CREATE", "two.maps.gransassotech.it", "192.0.2.2"),
        a("CREATE", "one.maps.gransassotech.it.", "192.0.2.3"),
        a("DELETE", "none.maps.gransassotech.it", "192.0.2.1"),
        a("DELETE", "one.maps.gransassotech.it", "192.0.2.9"),
        a("CREATE", "x.example.com", "192.0.2.1"),
        a("CREATE", "bad.maps.gransassotech.it", "192.0.2"),
    ];
    let refused = send(&client, &zone, &batch).await.refused(400, "InvalidChangeBatch").message();
    for expected in [
        "[Tried to create resource record set [name='one.maps.gransassotech.it.', type='A'] but it already exists, ",
        "[name='none.maps.gransassotech.it.', type='A'] but it was not found",
        "[name='one.maps.gransassotech.it.', type='A'] but the values provided do not match the current values",
        "RRSet with DNS name x.example.com. is not permitted in zone maps.gransassotech.it.",
        "ARRDATAIllegalIPv4Address",
    ] {
        assert!(refused.contains(expected), "{refused}");
    }
    assert_eq!(client.inventory().await, before);
    let moved = [
        a("DELETE", "one.maps.gransassotech.it", "192.0.2.1"),
        change("CREATE", "one.maps.gransassotech.it", "CNAME", &values(60, &["two.maps.gransassotech.it"])),
    ];
    send(&client, &zone, &moved).await.ok();
}

#[tokio::test]
async fn a_cname_stands_alone_and_never_at_the_apex() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let cname = |name: &str| change("UPSERT", name, "CNAME", &values(60, &["target.example.com"]));
    let refused = send(&client, &zone, &[cname(DOMAIN)]).await.refused(400, "InvalidChangeBatch");
    assert!(refused.message().contains("is not permitted at apex in zone maps.gransassotech.it."));
    send(&client, &zone, &[cname("c.maps.gransassotech.it"), a("UPSERT", "a.maps.gransassotech.it", "192.0.2.1")])
        .await
        .ok();
    let refused = send(&client, &zone, &[a("CREATE", "c.maps.gransassotech.it", "192.0.2.1")]).await;
    assert!(refused.refused(400, "InvalidChangeBatch").message().contains("conflicting RRSet of type CNAME"));
    let refused = send(&client, &zone, &[cname("a.maps.gransassotech.it")]).await;
    assert!(refused.refused(400, "InvalidChangeBatch").message().contains("conflicts with other records"));
    let soa = records(&client, &zone, "").await.ok();
    let soa = soa.all("Value").into_iter().find(|value| value.contains("hostmaster")).unwrap();
    let deleted = change("DELETE", DOMAIN, "SOA", &values(900, &[&soa]));
    let refused = send(&client, &zone, &[deleted]).await.refused(400, "InvalidChangeBatch");
    assert!(refused.message().contains("must contain exactly one SOA record"));
}

#[tokio::test]
async fn routing_policies_keep_to_their_own() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let routed = |name: &str, id: &str, routing: &str, value: &str| {
        let inside = format!("<SetIdentifier>{id}</SetIdentifier>{routing}{}", values(60, &[value]));
        change("CREATE", &format!("{name}.maps.gransassotech.it"), "A", &inside)
    };
    let good = [
        routed("w", "one", "<Weight>10</Weight>", "192.0.2.1"),
        routed("w", "two", "<Weight>0</Weight>", "192.0.2.2"),
        routed("l", "one", "<Region>eu-central-1</Region>", "192.0.2.1"),
        routed("l", "two", "<Region>eu-west-1</Region>", "192.0.2.2"),
        routed("g", "it", "<GeoLocation><CountryCode>IT</CountryCode></GeoLocation>", "192.0.2.1"),
        routed("g", "rest", "<GeoLocation><CountryCode>*</CountryCode></GeoLocation>", "192.0.2.2"),
        routed("f", "one", "<Failover>PRIMARY</Failover>", "192.0.2.1"),
        routed("f", "two", "<Failover>SECONDARY</Failover>", "192.0.2.2"),
        routed("m", "one", "<MultiValueAnswer>true</MultiValueAnswer>", "192.0.2.1"),
        routed("m", "two", "<MultiValueAnswer>true</MultiValueAnswer>", "192.0.2.2"),
    ];
    send(&client, &zone, &good).await.ok();
    let shown = records(&client, &zone, "?name=w.maps.gransassotech.it&type=A&identifier=two&maxitems=1").await.ok();
    assert_eq!((shown.one("SetIdentifier"), shown.one("Weight")), ("two".to_owned(), "0".to_owned()));
    for mixed in [
        routed("w", "three", "<Region>eu-west-1</Region>", "192.0.2.3"),
        a("CREATE", "w.maps.gransassotech.it", "192.0.2.3"),
        routed("l", "three", "<Region>eu-west-1</Region>", "192.0.2.3"),
        routed("f", "three", "<Failover>PRIMARY</Failover>", "192.0.2.3"),
        routed("w", "one", "<Weight>1</Weight>", "192.0.2.1"),
    ] {
        send(&client, &zone, &[mixed]).await.refused(400, "InvalidChangeBatch");
    }
    for wrong in [
        routed("x", "one", "", "192.0.2.1"),
        routed("x", "one", "<Weight>1</Weight><Failover>PRIMARY</Failover>", "192.0.2.1"),
        change("CREATE", "x.maps.gransassotech.it", "A", &format!("<Weight>1</Weight>{}", values(60, &["192.0.2.1"]))),
        change("CREATE", "x.maps.gransassotech.it", "A", "<TTL>60</TTL>"),
        change("CREATE", "x.maps.gransassotech.it", "ANY", &values(60, &["192.0.2.1"])),
        change("MOVE", "x.maps.gransassotech.it", "A", &values(60, &["192.0.2.1"])),
    ] {
        send(&client, &zone, &[wrong]).await.refused(400, "InvalidInput");
    }
    let cidr = format!("<SetIdentifier>a</SetIdentifier><CidrRoutingConfig/>{}", values(60, &["192.0.2.1"]));
    let unplayed = change("CREATE", "x.maps.gransassotech.it", "A", &cidr);
    send(&client, &zone, &[unplayed]).await.refused(501, "NotImplemented");
}

#[tokio::test]
async fn a_zone_that_is_not_signed_says_so() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let ask = |id: String| {
        let client = client.clone();
        async move { client.rest("route53", Method::GET, &format!("/2013-04-01/hostedzone/{id}/dnssec"), "").await }
    };
    assert_eq!(ask(zone).await.ok().one("ServeSignature"), "NOT_SIGNING");
    ask("ZNONE".to_owned()).await.refused(404, "NoSuchHostedZone");
}

#[tokio::test]
async fn traffic_goes_to_what_is_near() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let near = |place: &str| {
        let set = format!(
            "<SetIdentifier>{}</SetIdentifier><GeoProximityLocation>{place}</GeoProximityLocation>",
            place.len()
        );
        change("CREATE", "near.maps.gransassotech.it", "A", &format!("{set}{}", values(60, &["192.0.2.1"])))
    };
    for wrong in [
        "",
        "<AWSRegion>mars-1</AWSRegion>",
        "<AWSRegion>eu-central-1</AWSRegion><Bias>100</Bias>",
        "<Coordinates><Latitude>91</Latitude><Longitude>0</Longitude></Coordinates>",
        "<Coordinates><Latitude>1.234</Latitude><Longitude>0</Longitude></Coordinates>",
        "<AWSRegion>eu-central-1</AWSRegion><LocalZoneGroup>eu-central-1-ham-1</LocalZoneGroup>",
    ] {
        send(&client, &zone, &[near(wrong)]).await.refused(400, "InvalidInput");
    }
    let both = [
        near("<AWSRegion>eu-central-1</AWSRegion><Bias>-5</Bias>"),
        near("<Coordinates><Latitude>49.22</Latitude><Longitude>-74.01</Longitude></Coordinates>"),
    ];
    send(&client, &zone, &both).await.ok();
    let listed = records(&client, &zone, "?name=near.maps.gransassotech.it&type=A").await.ok();
    assert_eq!((listed.one("Bias"), listed.one("Latitude")), ("-5".to_owned(), "49.22".to_owned()));
}

#[tokio::test]
async fn a_health_check_is_made_named_changed_and_deleted() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let before = client.inventory().await;
    let path = "/2013-04-01/healthcheck";
    let rest = |method: Method, path: String, body: String| {
        let client = client.clone();
        async move { client.rest("route53", method, &path, &body).await }
    };
    let request = |reference: &str, config: &str| {
        format!(
            "<CreateHealthCheckRequest><CallerReference>{reference}</CallerReference><HealthCheckConfig>{config}\
             </HealthCheckConfig></CreateHealthCheckRequest>"
        )
    };
    let https = "<Type>HTTPS</Type><FullyQualifiedDomainName>example.com</FullyQualifiedDomainName>";
    for wrong in [
        "<Type>HTTPS</Type>",
        "<Type>PING</Type><IPAddress>192.0.2.1</IPAddress>",
        "<Type>TCP</Type><IPAddress>192.0.2.1</IPAddress>",
        "<Type>HTTP_STR_MATCH</Type><IPAddress>192.0.2.1</IPAddress>",
        "<Type>HTTP</Type><IPAddress>192.0.2.1</IPAddress><RequestInterval>7</RequestInterval>",
        "<Type>CALCULATED</Type><HealthThreshold>1</HealthThreshold>",
    ] {
        rest(Method::POST, path.to_owned(), request("w", wrong)).await.refused(400, "InvalidInput");
    }
    let made = rest(Method::POST, path.to_owned(), request("one", https)).await.ok();
    let id = made.one("Id");
    assert_eq!(made.status, 201);
    assert_eq!(
        (made.one("Port"), made.one("RequestInterval"), made.one("EnableSNI")),
        ("443".into(), "30".into(), "true".into())
    );
    let again = rest(Method::POST, path.to_owned(), request("one", https)).await.ok();
    assert_eq!(again.one("Id"), id, "a repetition is answered as the first time");
    let other = request("one", &format!("{https}<Port>8443</Port>"));
    rest(Method::POST, path.to_owned(), other).await.refused(409, "HealthCheckAlreadyExists");

    let named = |id: &str| {
        let body = format!(
            "<SetIdentifier>one</SetIdentifier><Failover>PRIMARY</Failover>{}<HealthCheckId>{id}</HealthCheckId>",
            values(60, &["192.0.2.1"])
        );
        change("CREATE", "f.maps.gransassotech.it", "A", &body)
    };
    send(&client, &zone, &[named("none")]).await.refused(404, "NoSuchHealthCheck");
    send(&client, &zone, &[named(&id)]).await.ok();
    let listed = records(&client, &zone, "?name=f.maps.gransassotech.it&type=A").await.ok();
    assert_eq!(listed.one("HealthCheckId"), id);

    let one = format!("{path}/{id}");
    let update = |version: u64, fields: &str| {
        format!(
            "<UpdateHealthCheckRequest><HealthCheckVersion>{version}</HealthCheckVersion>{fields}</UpdateHealthCheckRequest>"
        )
    };
    let place = "<ResourcePath>/healthz</ResourcePath>";
    rest(Method::POST, one.clone(), update(1, place)).await.ok();
    rest(Method::POST, one.clone(), update(1, place)).await.refused(409, "HealthCheckVersionMismatch");
    let reset = "<ResetElements><ResettableElementName>ResourcePath</ResettableElementName></ResetElements>";
    assert_eq!(rest(Method::GET, one.clone(), String::new()).await.ok().one("ResourcePath"), "/healthz");
    assert_eq!(rest(Method::POST, one.clone(), update(2, reset)).await.ok().all("ResourcePath").len(), 0);
    rest(Method::POST, one.clone(), update(3, "<Type>TCP</Type>")).await.refused(400, "InvalidInput");
    let tags = format!("/2013-04-01/tags/healthcheck/{id}");
    let tag = "<ChangeTagsForResourceRequest><AddTags><Tag><Key>k</Key><Value>v</Value></Tag></AddTags>\
               </ChangeTagsForResourceRequest>";
    rest(Method::POST, tags.clone(), tag.to_owned()).await.ok();
    assert_eq!(rest(Method::GET, tags, String::new()).await.ok().one("Value"), "v");
    assert_eq!(rest(Method::GET, path.to_owned(), String::new()).await.ok().all("Id"), [id.as_str()]);
    rest(Method::DELETE, one.clone(), String::new()).await.ok();
    rest(Method::GET, one, String::new()).await.refused(404, "NoSuchHealthCheck");
    // The record goes though what it names is gone.
    let gone = named(&id).replace("CREATE", "DELETE");
    send(&client, &zone, &[gone]).await.ok();
    assert_eq!(client.inventory().await, before);
}

#[tokio::test]
async fn aliases_lead_somewhere() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let alias = |target: &str, at: &str| {
        let inside = format!(
            "<AliasTarget><HostedZoneId>{at}</HostedZoneId><DNSName>{target}</DNSName>\
             <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        );
        change("CREATE", "alias.maps.gransassotech.it", "A", &inside)
    };
    let refused = send(&client, &zone, &[alias("target.maps.gransassotech.it", &zone)]).await;
    assert!(refused.refused(400, "InvalidChangeBatch").message().contains("that target was not found"));
    let refused = send(&client, &zone, &[alias("target.example.com", &zone)]).await;
    assert!(refused.refused(400, "InvalidChangeBatch").message().contains("does not lie within the target zone"));
    let target = a("CREATE", "target.maps.gransassotech.it", "192.0.2.1");
    send(&client, &zone, &[target, alias("target.maps.gransassotech.it", &zone)]).await.ok();
    let shown = records(&client, &zone, "?name=alias.maps.gransassotech.it&type=A&maxitems=1").await.ok();
    assert_eq!((shown.one("DNSName"), shown.all("TTL").len()), ("target.maps.gransassotech.it.".to_owned(), 0));
    send(&client, &zone, &[alias("d111.cloudfront.net", "Z2FDTNDATAQYW2").replace(">alias.", ">cdn.")]).await.ok();
}

#[tokio::test]
async fn listings_go_by_reversed_labels_in_pages() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let names = ["z.a", "b", "*.b", "a-b", "TXT.b"];
    let changes: Vec<String> =
        names.iter().map(|name| a("CREATE", &format!("{name}.maps.gransassotech.it"), "192.0.2.1")).collect();
    send(&client, &zone, &changes).await.ok();
    let text = values(60, &["\"v=spf1 -all\" \"more\""]);
    send(&client, &zone, &[change("CREATE", "b.maps.gransassotech.it", "TXT", &text)]).await.ok();
    let mut seen = Vec::new();
    let mut query = "?maxitems=3".to_owned();
    loop {
        let page = records(&client, &zone, &query).await.ok();
        assert!(page.all("Name").len() <= 3);
        seen.extend(page.all("Name").into_iter().zip(page.all("Type")));
        if page.one("IsTruncated") == "false" {
            break;
        }
        let next = page.one("NextRecordName").replace('\\', "%5C");
        query = format!("?maxitems=3&name={next}&type={}", page.one("NextRecordType"));
    }
    let shown: Vec<String> = seen.iter().map(|(name, kind)| format!("{} {kind}", name.replace(DOMAIN, ""))).collect();
    // A hyphen comes before the dot that ends a shorter label.
    assert_eq!(shown, [" NS", " SOA", "a-b. A", "z.a. A", "b. A", "b. TXT", "\\052.b. A", "txt.b. A"]);
    records(&client, &zone, "?type=A").await.refused(400, "InvalidInput");
}

#[tokio::test]
async fn a_batch_has_its_limits() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let many = |action: &str, count: usize| -> Vec<String> {
        (0..count).map(|n| a(action, &format!("n{n}.maps.gransassotech.it"), "192.0.2.1")).collect()
    };
    let refused = send(&client, &zone, &many("CREATE", 1001)).await.refused(400, "InvalidChangeBatch");
    assert_eq!(refused.message(), "[Number of records limit of 1000 exceeded.]");
    send(&client, &zone, &many("UPSERT", 501)).await.refused(400, "InvalidChangeBatch");
    send(&client, &zone, &many("CREATE", 1000)).await.ok();
    let long = format!("\"{}\"", "x".repeat(250));
    let texts: Vec<String> = (0..128)
        .map(|n| change("CREATE", &format!("t{n}.maps.gransassotech.it"), "TXT", &values(60, &[&long])))
        .collect();
    let refused = send(&client, &zone, &texts).await.refused(400, "InvalidChangeBatch");
    assert_eq!(refused.message(), "[Number of characters limit of 32000 exceeded.]");
}

#[tokio::test]
async fn zones_are_made_once_tagged_and_deleted_when_empty() {
    let (_home, _running, client) = cloud().await;
    let before = client.inventory().await;
    let body = |reference: &str| {
        format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>Example.com</Name>\
             <CallerReference>{reference}</CallerReference></CreateHostedZoneRequest>"
        )
    };
    let made = client.rest("route53", Method::POST, ZONES, &body("one")).await.ok();
    assert_eq!((made.status.as_u16(), made.one("Name").as_str()), (201, "example.com."));
    client.rest("route53", Method::POST, ZONES, &body("one")).await.refused(409, "HostedZoneAlreadyExists");
    let id = made.one("Id").trim_start_matches("/hostedzone/").to_owned();
    let tags = format!("/2013-04-01/tags/hostedzone/{id}");
    let add = "<ChangeTagsForResourceRequest><AddTags><Tag><Key>k</Key><Value>v</Value></Tag></AddTags></ChangeTagsForResourceRequest>";
    client.rest("route53", Method::POST, &tags, add).await.ok();
    assert_eq!(client.rest("route53", Method::GET, &tags, "").await.ok().one("Value"), "v");
    send(&client, &id, &[a("CREATE", "a.example.com", "192.0.2.1")]).await.ok();
    let path = format!("{ZONES}/{id}");
    client.rest("route53", Method::DELETE, &path, "").await.refused(400, "HostedZoneNotEmpty");
    send(&client, &id, &[a("DELETE", "a.example.com", "192.0.2.1")]).await.ok();
    client.rest("route53", Method::DELETE, &path, "").await.ok();
    assert_eq!(client.inventory().await, before);
}

#[tokio::test]
async fn a_policy_may_narrow_to_names_and_actions() {
    let (_home, _running, client) = cloud().await;
    let zone = zone(&client).await;
    let statement = json!({"Effect": "Allow", "Action": "route53:ChangeResourceRecordSets",
    "Resource": format!("arn:aws:route53:::hostedzone/{zone}"), "Condition": {
        "ForAllValues:StringLike": {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["*.k8s.maps.gransassotech.it"]},
        "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsActions": ["CREATE", "UPSERT"]},
    }});
    let narrow = client.user("external-dns-maps", statement).await;
    send(&narrow, &zone, &[a("CREATE", "A.k8s.maps.gransassotech.it", "192.0.2.1")]).await.ok();
    let both =
        [a("CREATE", "b.k8s.maps.gransassotech.it", "192.0.2.1"), a("CREATE", "b.maps.gransassotech.it", "192.0.2.1")];
    send(&narrow, &zone, &both).await.refused(403, "AccessDenied");
    let delete = a("DELETE", "a.k8s.maps.gransassotech.it", "192.0.2.1");
    send(&narrow, &zone, &[delete]).await.refused(403, "AccessDenied");
    send(&narrow, "Z0", &[a("CREATE", "c.k8s.maps.gransassotech.it", "192.0.2.1")]).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn five_requests_a_second_are_taken() {
    let home = tempfile::tempdir().unwrap();
    let mut options = Options::new(home.path());
    assert_eq!(options.aws, AwsLimits { route53_per_second: 5 });
    // Real time flows too: with so much room that a slow machine fills it, the limit shows by the second window.
    options.aws = AwsLimits { route53_per_second: 1 };
    let running = Cloud::start(options).await.unwrap();
    let client = Client::new(running.file());
    let sends: Vec<_> = (0..20).map(|_| client.rest("route53", Method::GET, ZONES, "")).collect();
    let replies = futures::future::join_all(sends).await;
    let refused: Vec<&Reply> = replies.iter().filter(|reply| !reply.status.is_success()).collect();
    assert!(!refused.is_empty() && refused.len() < replies.len());
    assert!(refused.iter().all(|reply| reply.code() == "Throttling" && reply.message() == "Rate exceeded"));
    client.advance(1_000).await;
    client.rest("route53", Method::GET, ZONES, "").await.ok();
}
