//! Records in Route 53 as an operator has them: many in few calls, beside those of others, under faults.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value, json};

const HEAD: &str = "maps: v1\nstack: names\ncredentials: {aws: {from: aws, region: eu-central-1}}\nplugins: {dns: \
                    {source: dns, credentials: {aws: aws}}}\n";

const STACK: &str = r#"
resources:
  zone:
    type: dns/zone
    with: {name: maps.gransassotech.it}
  web:
    type: dns/record
    with: {zone: "${zone.id}", name: Web.maps.gransassotech.it., type: A, values: [192.0.2.2, 192.0.2.1]}
  any:
    type: dns/record
    with: {zone: "${zone.id}", name: "*.maps.gransassotech.it", type: CNAME, values: ["${web.fqdn}"]}
  apex:
    type: dns/record
    with: {zone: "${zone.id}", name: maps.gransassotech.it, type: A, alias: {zone: "${zone.id}", name: "${web.fqdn}"}}
  mail:
    type: dns/record
    with: {zone: "${zone.id}", name: maps.gransassotech.it, type: TXT, ttl: 60, values: ["v=spf1 \"-all\""]}
  share:
    each: {blue: {weight: 1, at: 192.0.2.3}, green: {weight: 9, at: 192.0.2.4}}
    type: dns/record
    with:
      zone: "${zone.id}"
      name: share.maps.gransassotech.it
      type: A
      set_identifier: "${each.key}"
      weight: "${each.value.weight}"
      values: ["${each.value.at}"]
outputs: {name_servers: "${zone.name_servers}"}
"#;

/// So many addresses.
fn many(count: usize) -> String {
    let each: Vec<String> = (0..count).map(|n| format!("n{n:03}: 192.0.2.{}", n % 250)).collect();
    let record =
        "{zone: \"${zone.id}\", name: \"${each.key}.maps.gransassotech.it\", type: A, values: [\"${each.value}\"]}";
    format!(
        "{HEAD}resources:\n  zone: {{type: dns/zone, with: {{name: maps.gransassotech.it}}}}\n  host:\n    each: {{{}}}\n    \
         type: dns/record\n    with: {record}\n",
        each.join(", ")
    )
}

struct Account {
    stack: StackDir,
    cloud: CloudServer,
}

impl Account {
    fn new(text: &str) -> Self {
        let stack = StackDir::with(text);
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        Self { stack, cloud }
    }

    fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run([command, "stack.yaml", &flag, "--output", "json"].iter().chain(more))
    }

    fn up(&self) -> Finished {
        self.maps("run", &["--yes"]).expect(0)
    }

    /// The records of the stacks' zone, but for its own.
    fn records(&self) -> Vec<Value> {
        self.cloud.inventory()["aws"]["hosted_zones"][0]["records"].as_array().cloned().unwrap_or_default()
    }

    /// How many calls changed records.
    fn changes(&self) -> u64 {
        self.cloud.counts()["route53"]["write"]["ChangeResourceRecordSets"].as_u64().unwrap_or_default()
    }

    /// Makes a record by hand.
    fn meddle(&self, action: &str, name: &str, value: &str) {
        let aws = self.cloud.aws();
        let zone = aws.route53("GET", "/hostedzonesbyname?dnsname=maps.gransassotech.it&maxitems=1", "");
        let zone = zone.text("HostedZone/Id").replace("/hostedzone/", "");
        let body = format!(
            "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>{action}</Action><ResourceRecordSet>\
             <Name>{name}.maps.gransassotech.it</Name><Type>A</Type><TTL>300</TTL><ResourceRecords><ResourceRecord>\
             <Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes>\
             </ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        let answer = aws.route53("POST", &format!("/hostedzone/{zone}/rrset"), &body);
        assert_eq!(answer.status, 200, "{}", answer.message());
    }
}

#[test]
fn the_stack_comes_up_stays_as_it_is_and_goes() {
    let account = Account::new(&format!("{HEAD}{STACK}"));
    let before = account.cloud.inventory();
    assert_eq!(account.up().changes(), [7, 0, 0, 0]);
    assert_eq!(account.records().len(), 6);
    let (writes, reads) = (account.cloud.calls("write"), account.cloud.calls("read"));
    assert_eq!(account.up().changes(), [0; 4]);
    assert_eq!((account.cloud.calls("write"), account.cloud.calls("read") - reads), (writes, 2));
    account.stack.edit("192.0.2.2, 192.0.2.1", "192.0.2.1, 192.0.2.9");
    account.stack.edit("weight: 9", "weight: 5");
    assert_eq!(account.up().changes(), [0, 2, 0, 0]);
    assert_eq!(account.changes(), writes + 1, "both in one call");
    account.stack.edit("type: CNAME, values: [\"${web.fqdn}\"]", "type: A, values: [192.0.2.7]");
    assert_eq!(account.up().changes(), [0, 0, 1, 0], "a type that nothing can be beside goes first");
    assert_eq!(account.up().changes(), [0; 4]);
    let _ = account.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(account.cloud.inventory(), before);
}

#[test]
fn drift_is_shown_and_mended() {
    let account = Account::new(&format!("{HEAD}{STACK}"));
    let _ = account.up();
    let wanted = account.cloud.inventory();
    account.meddle("UPSERT", "web", "203.0.113.1");
    let plan = account.maps("plan", &["--detailed-exitcode"]).expect(2);
    assert!(plan.stdout.contains("203.0.113.1"), "{}", plan.stdout);
    assert_eq!(account.up().changes(), [0, 1, 0, 0]);
    assert_eq!(account.cloud.inventory(), wanted);
}

#[test]
fn a_record_of_somebody_else_is_told_in_the_plan_and_taken_over_only_when_asked() {
    let account = Account::new(&format!("{HEAD}{STACK}"));
    account.meddle("CREATE", "web", "203.0.113.1");
    let before = account.cloud.inventory();
    let refused = account.maps("run", &["--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("203.0.113.1") && refused.stdout.contains("import:"), "{}", refused.stdout);
    assert_eq!(account.cloud.inventory(), before, "nothing was changed");
    account.stack.edit(
        "values: [192.0.2.2, 192.0.2.1]}",
        "values: [192.0.2.2, 192.0.2.1]}\n    options: {import: maps.gransassotech.it/web.maps.gransassotech.it/A}",
    );
    let _ = account.up();
    assert_eq!(account.records().len(), 6);
    assert_eq!(account.up().changes(), [0; 4]);
}

#[test]
fn many_records_are_few_calls_with_throttling_and_lost_replies_too() {
    // The sixth call is the first that changes records: it is refused, goes again, and its reply is lost;
    // or it fails on the way, is looked for twice, and goes again.
    for faults in ["throttle@6,lost@7,throttle@8", "error@6,throttle@9,lost@10"] {
        let account = Account::new(&many(500));
        let up = account.maps("run", &["--yes", "--fault", faults]).expect(0);
        assert_eq!((up.summary()["failed"].as_u64(), account.records().len()), (Some(0), 500), "{faults}: {up:?}");
        assert!(up.stdout.contains("retrying"), "{faults}: nothing was hit");
        assert!((2..=10).contains(&account.changes()), "{faults}: {}", account.cloud.counts());
        let calls = account.cloud.calls("read");
        assert_eq!(account.up().changes(), [0; 4]);
        assert_eq!(account.cloud.calls("read") - calls, 3, "the zone, and two pages of it");
        let changes = account.changes();
        let _ = account.maps("destroy", &["--yes"]).expect(0);
        assert_eq!((account.changes() - changes, account.records()), (1, Vec::new()));
    }
}

#[test]
fn a_hundred_records_are_one_change() {
    let account = Account::new(&many(100));
    let _ = account.up();
    assert_eq!(account.changes(), 1);
    assert!(account.cloud.calls("read") <= 12, "{}", account.cloud.counts());
    let reads = account.cloud.calls("read");
    assert_eq!(account.up().changes(), [0; 4]);
    assert_eq!(account.cloud.calls("read") - reads, 2);
}

#[test]
fn a_grant_keeps_the_plugin_within_its_zone_names_and_types() {
    for (grant, says) in
        [("names: [\"web.maps.gransassotech.it\"]", "names"), ("types: [TXT]", "types"), ("zones: [Z0OTHER]", "zones")]
    {
        let account = Account::new(&format!("{HEAD}{STACK}"));
        let before = account.cloud.inventory();
        account.stack.edit(
            "credentials: {aws: aws}}",
            &format!(
                "credentials: {{aws: aws}}, grant: {{log: {{}}, route53: [{{id: find-zone}}, {{id: read-zone}}, {{id: \
                 list-records}}, {{id: follow-change}}, {{id: make-records, {grant}}}]}}}}"
            ),
        );
        let denied = account.maps("run", &["--yes"]);
        assert_ne!(denied.code, Some(0), "{denied:?}");
        assert!(denied.stdout.contains("denied") && denied.stdout.contains(says), "{grant}: {}", denied.stdout);
        assert_eq!(account.cloud.inventory()["aws"]["hosted_zones"][0]["name"], json!("maps.gransassotech.it."));
        if says == "zones" {
            assert_eq!(account.cloud.inventory(), before);
        }
    }
}
