//! Rounds of external-dns against a small Route53.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::controllers::programs::tests::deployment;
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, settle};
use crate::outside::Outside;

/// One zone, `example.com`: values by type and name; and what it refuses.
#[derive(Debug, Default)]
struct Zone {
    records: Mutex<BTreeMap<(String, String), String>>,
    calls: Mutex<Vec<String>>,
    denied: Mutex<Option<&'static str>>,
}

impl Zone {
    fn names(&self) -> Vec<String> {
        self.records.lock().unwrap().iter().map(|((kind, name), value)| format!("{kind} {name} {value}")).collect()
    }

    fn change(&self, body: &str) -> Option<()> {
        let root = crate::controllers::aws::Element::read(body.as_bytes()).unwrap();
        let mut records = self.records.lock().unwrap().clone();
        for change in root.child("ChangeBatch")?.child("Changes")?.all("Change") {
            let set = change.child("ResourceRecordSet")?;
            let key = (set.text("Type").to_owned(), format!("{}.", set.text("Name")));
            let value = set.child("ResourceRecords")?.child("ResourceRecord")?.text("Value").to_owned();
            match change.text("Action") {
                "CREATE" if records.contains_key(&key) => return None,
                "DELETE" => drop(records.remove(&key).filter(|held| *held == value)?),
                _ => drop(records.insert(key, value)),
            }
        }
        *self.records.lock().unwrap() = records;
        Some(())
    }
}

impl Outside for Zone {
    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        let path = request.uri().path().trim_start_matches("/2013-04-01/").to_owned();
        let authorization = request.headers()["authorization"].to_str().unwrap();
        self.calls.lock().unwrap().push(format!("{} {path}", request.method()));
        assert!(authorization.contains("Credential=AKIA/"), "{authorization}");
        let answer = |status, body: String| {
            let mut answer = Response::new(Bytes::from(body));
            *answer.status_mut() = status;
            Ok(answer)
        };
        let denied = *self.denied.lock().unwrap();
        if denied.is_some_and(|denied| denied == format!("{} {path}", request.method())) {
            let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
            return answer(StatusCode::FORBIDDEN, body.to_owned());
        }
        match (request.method().as_str(), path.as_str()) {
            ("GET", "hostedzone") => answer(
                StatusCode::OK,
                "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone>\
                 <HostedZone><Id>/hostedzone/Z2</Id><Name>other.net.</Name></HostedZone></HostedZones></R>"
                    .to_owned(),
            ),
            ("GET", "hostedzone/Z1/rrset") => {
                let all = self.records.lock().unwrap();
                let sets: String = all
                    .iter()
                    .map(|((kind, name), value)| {
                        format!(
                            "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>300</TTL><ResourceRecords>\
                             <ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>",
                            crate::controllers::aws::escape(value)
                        )
                    })
                    .collect();
                answer(StatusCode::OK, format!("<R><ResourceRecordSets>{sets}</ResourceRecordSets></R>"))
            }
            ("POST", "hostedzone/Z1/rrset") => {
                let body = std::str::from_utf8(request.body()).unwrap();
                match self.change(body) {
                    Some(()) => answer(StatusCode::OK, "<R/>".to_owned()),
                    None => answer(StatusCode::BAD_REQUEST, "<InvalidChangeBatch/>".to_owned()),
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn begin(more: &[&str]) -> (Memory, Controllers, Arc<Zone>, Arc<Value>) {
    let (mut api, zone) = (Memory::default(), Arc::new(Zone::default()));
    api.outside = Some(Arc::clone(&zone) as Arc<dyn Outside>);
    let usual = ["--provider=aws", "--source=ingress", "--txt-owner-id=maps", "--domain-filter=example.com"];
    let arguments: Vec<&str> = usual.iter().chain(more).copied().collect();
    let program = api.make(deployment(
        "dns",
        "registry.k8s.io/external-dns/external-dns:v0.21.0",
        &json!({
            "args": arguments,
            "env": [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"}, {"name": "AWS_SECRET_ACCESS_KEY", "value": "s"}],
        }),
    ));
    api.make(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dns-1", "namespace": "system"},
        "status": {"phase": "Running"},
    }));
    (api, Controllers::only(vec![Box::new(ExternalDns::default())]), zone, program)
}

fn ingress(name: &str, host: &str, target: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "a", "annotations": {"external-dns.alpha.kubernetes.io/target": target}},
        "spec": {"rules": [{"host": host}]},
    })
}

const TXT: &str = "\"heritage=external-dns,external-dns/owner=maps,external-dns/resource=ingress/a/";

#[test]
fn records_come_change_and_go_with_their_ingress() {
    let (mut api, mut work, zone, program) = begin(&[]);
    let held = ("A".to_owned(), "held.example.com.".to_owned());
    zone.records.lock().unwrap().insert(held, "192.0.2.7".to_owned());
    let one = api.make(ingress("one", "app.example.com", "k8s.example.com"));
    api.make(ingress("two", "held.example.com", "k8s.example.com"));
    api.make(ingress("three", "app.other.net", "k8s.example.com"));
    settle(&mut api, &mut work);
    let held = "A held.example.com. 192.0.2.7".to_owned();
    let expected = [
        held.clone(),
        "CNAME app.example.com. k8s.example.com".to_owned(),
        format!("TXT cname-app.example.com. {TXT}one\""),
    ];
    assert_eq!(zone.names(), expected, "what is somebody else's stays, and so do other domains");
    api.pass(&mut work, 120_000);
    assert_eq!(zone.calls.lock().unwrap().iter().filter(|call| call.starts_with("POST")).count(), 1);
    api.change(&one, |one| {
        one["metadata"]["annotations"]["external-dns.alpha.kubernetes.io/target"] = json!("192.0.2.1,2001:db8::1");
    });
    api.pass(&mut work, 60_000);
    let expected = [
        "A app.example.com. 192.0.2.1".to_owned(),
        held.clone(),
        "AAAA app.example.com. 2001:db8::1".to_owned(),
        format!("TXT a-app.example.com. {TXT}one\""),
        format!("TXT aaaa-app.example.com. {TXT}one\""),
    ];
    assert_eq!(zone.names(), expected);
    api.remove(&one, None);
    api.pass(&mut work, 59_000);
    assert_eq!(zone.names().len(), 5, "it looks once a minute");
    api.pass(&mut work, 1_000);
    assert_eq!(zone.names(), std::slice::from_ref(&held));
    api.make(ingress("one", "app.example.com", "k8s.example.com"));
    api.pass(&mut work, 60_000);
    let all: Vec<_> = api.all("networking.k8s.io", "ingresses");
    api.remove(&program, None);
    all.iter().for_each(|ingress| api.remove(ingress, None));
    api.pass(&mut work, 600_000);
    assert_eq!(zone.names().len(), 3, "nobody is left who would take records away");
}

#[test]
fn what_is_denied_is_an_error_that_passes() {
    let (mut api, mut work, zone, _) = begin(&["--txt-prefix=_ext-%{record_type}.", "--policy=upsert-only"]);
    let one = api.make(ingress("one", "*.example.com", "k8s.example.com"));
    let listed = "soft error\\nrecords retrieval failed: soft error\\nfailed to list hosted zones: operation error \
                  Route 53: ListHostedZones, https response error StatusCode: 403, RequestID: , api error \
                  AccessDenied: no (consecutive soft errors: 1)";
    let changed = "soft error\\nfailed to submit all changes for the following zones: [/hostedzone/Z1] (consecutive \
                   soft errors: 2)";
    for (call, expected) in [("GET hostedzone", listed), ("POST hostedzone/Z1/rrset", changed)] {
        *zone.denied.lock().unwrap() = Some(call);
        if call.starts_with("GET") {
            settle(&mut api, &mut work);
        } else {
            api.pass(&mut work, 60_000);
        }
        let line = api.lines.iter().rfind(|line| line.contains("level=error")).unwrap();
        assert!(line.starts_with("system/dns-1 time=") && line.contains(expected), "{line}");
        assert!(zone.names().is_empty());
    }
    *zone.denied.lock().unwrap() = None;
    api.pass(&mut work, 60_000);
    let txt = format!("TXT _ext-cname.*.example.com. {TXT}one\"");
    let expected = ["CNAME *.example.com. k8s.example.com".to_owned(), txt];
    assert_eq!(zone.names(), expected);
    api.remove(&one, None);
    api.pass(&mut work, 60_000);
    assert_eq!(zone.names(), expected, "upsert-only takes nothing away");
}

#[test]
fn events_bring_the_next_round_forward() {
    let (mut api, mut work, zone, _) = begin(&["--events", "--interval=10m"]);
    settle(&mut api, &mut work);
    api.make(ingress("one", "app.example.com", "192.0.2.1"));
    api.pass(&mut work, 4_000);
    assert!(zone.names().is_empty());
    api.pass(&mut work, 1_000);
    assert_eq!(zone.names().len(), 2);
}
