//! A Route 53 with one zone: batches whole or not at all, pages, changes that spread, and faults.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use maps_sdk::testing::{self, AwsCall};
use maps_sdk::{Class, Problem};
use serde_json::{Value, json};

use crate::name::Name;

pub(super) const ID: &str = "Z0EXAMPLE";
const PAGE: usize = 300;

/// What goes wrong at a change, once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Throttled,
    NotComplete,
    Lost,
}

#[derive(Default)]
struct State {
    /// By place: reversed name, type, identifier.
    records: BTreeMap<(String, String, String), Value>,
    changes: Vec<bool>,
    faults: VecDeque<Option<Fault>>,
    /// Says of a refused batch only that it is refused.
    terse: bool,
}

#[derive(Clone)]
pub(super) struct Cloud(Rc<RefCell<State>>);

fn refused(class: Class, code: &str, message: impl Into<String>) -> Result<Value, Problem> {
    Err(Problem::new(class, code, format!("it was refused: {} (request 5e-7)", message.into())))
}

fn place(name: &str, kind: &str, set: &str) -> (String, String, String) {
    (Name::new(name).place(), kind.to_owned(), set.to_owned())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

impl Cloud {
    /// An empty zone, `example.com`.
    pub(super) fn start() -> Self {
        let cloud = Self(Rc::default());
        for (kind, value) in [("NS", "ns-1.awsdns-00.org."), ("SOA", "ns-1.awsdns-00.org. a.example.com. 1 2 3 4 5")] {
            cloud.put(json!({"Name": "example.com", "Type": kind, "TTL": 900, "ResourceRecords": [{"Value": value}]}));
        }
        let serving = cloud.clone();
        testing::aws(move |call| serving.serve(call));
        cloud
    }

    /// Puts a record there by hand.
    pub(super) fn put(&self, mut record: Value) {
        record["Name"] = Name::new(text(&record, "Name")).shown().into();
        let at = place(text(&record, "Name"), text(&record, "Type"), text(&record, "SetIdentifier"));
        self.0.borrow_mut().records.insert(at, record);
    }

    /// Puts an address there by hand.
    pub(super) fn foreign(&self, name: &str, value: &str) {
        let name = format!("{name}.example.com");
        self.put(json!({"Name": name, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": value}]}));
    }

    /// Every change so far has spread.
    pub(super) fn settle(&self) {
        self.0.borrow_mut().changes.iter_mut().for_each(|spread| *spread = true);
    }

    /// What goes wrong at the next changes.
    pub(super) fn faults(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.0.borrow_mut().faults.extend(faults);
    }

    pub(super) fn terse(&self) {
        self.0.borrow_mut().terse = true;
    }

    /// The records but for the zone's own, as they are.
    pub(super) fn records(&self) -> Vec<Value> {
        let own = |record: &&Value| !["NS", "SOA"].contains(&text(record, "Type"));
        self.0.borrow().records.values().filter(own).cloned().collect()
    }

    /// Changes a record by hand.
    pub(super) fn meddle(&self, name: &str, change: impl Fn(&mut Value)) {
        let place = Name::new(&format!("{name}.example.com")).place();
        let mut state = self.0.borrow_mut();
        state.records.iter_mut().filter(|(at, _)| at.0 == place).for_each(|(_, record)| change(record));
    }

    /// Removes a record by hand.
    pub(super) fn remove(&self, name: &str) {
        let place = Name::new(&format!("{name}.example.com")).place();
        self.0.borrow_mut().records.retain(|at, _| at.0 != place);
    }

    /// Answers a call.
    pub(super) fn serve(&self, call: &AwsCall) -> Result<Value, Problem> {
        let input = &call.input;
        let zone = json!({
            "Id": ID, "Name": "example.com.", "CallerReference": "x", "Config": {"PrivateZone": false},
            "ResourceRecordSetCount": self.0.borrow().records.len(),
        });
        let known = [text(input, "HostedZoneId"), text(input, "Id")].contains(&ID);
        match call.action.as_str() {
            "ListHostedZonesByName" => Ok(json!({"HostedZones": [zone], "IsTruncated": false, "MaxItems": "100"})),
            "GetHostedZone" if known => {
                Ok(json!({"HostedZone": zone, "DelegationSet": {"NameServers": ["ns-1.awsdns-00.org"]}}))
            }
            "ListResourceRecordSets" if known => Ok(self.list(input)),
            "ChangeResourceRecordSets" if known => self.change(&input["ChangeBatch"]["Changes"]),
            "GetChange" => {
                let at = text(input, "Id").trim_start_matches('C').parse::<usize>().unwrap();
                match self.0.borrow().changes.get(at) {
                    Some(spread) => Ok(info(at, *spread)),
                    None => refused(Class::NotFound, "no-such-change", "no such change"),
                }
            }
            _ => refused(Class::NotFound, "no-such-hosted-zone", "No hosted zone found"),
        }
    }

    fn list(&self, input: &Value) -> Value {
        let start = match text(input, "StartRecordName") {
            "" => Default::default(),
            name => place(name, text(input, "StartRecordType"), text(input, "StartRecordIdentifier")),
        };
        let state = self.0.borrow();
        let mut records: Vec<Value> = state.records.range(start..).map(|(_, record)| record.clone()).collect();
        let next = if records.len() > PAGE { records.split_off(PAGE).first().cloned() } else { None };
        let mut page = json!({"ResourceRecordSets": records, "IsTruncated": next.is_some(), "MaxItems": "300"});
        if let Some(next) = next {
            page["NextRecordName"] = next["Name"].clone();
            page["NextRecordType"] = next["Type"].clone();
            page["NextRecordIdentifier"] = next["SetIdentifier"].clone();
        }
        page
    }

    fn change(&self, changes: &Value) -> Result<Value, Problem> {
        let fault = self.0.borrow_mut().faults.pop_front().flatten();
        match fault {
            Some(Fault::Throttled) => return refused(Class::Throttled, "throttling-exception", "Rate exceeded"),
            Some(Fault::NotComplete) => return refused(Class::Conflict, "prior-request-not-complete", "not complete"),
            Some(Fault::Lost) | None => {}
        }
        let mut working = self.0.borrow().records.clone();
        let (mut mistakes, mut count, mut length) = (Vec::new(), 0, 0);
        for change in changes.as_array().unwrap() {
            let mut record = change["ResourceRecordSet"].clone();
            let name = Name::new(text(&record, "Name")).shown();
            record["Name"] = name.clone().into();
            let values: Vec<String> = record["ResourceRecords"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|record| text(record, "Value").to_owned())
                .collect();
            let (kind, set) = (text(&record, "Type").to_owned(), text(&record, "SetIdentifier").to_owned());
            let times = if change["Action"] == "UPSERT" { 2 } else { 1 };
            count += values.len().max(1) * times;
            length += values.iter().map(String::len).sum::<usize>() * times;
            let at = place(&name, &kind, &set);
            let label = match set.as_str() {
                "" => format!("[name='{name}', type='{kind}']"),
                set => format!("[name='{name}', type='{kind}', set-identifier='{set}']"),
            };
            let cname = working.keys().any(|other| other.0 == at.0 && (other.1 == "CNAME") != (kind == "CNAME"));
            let target = record["AliasTarget"]["DNSName"].as_str().map(Name::new);
            let lost = target.filter(|target| !working.keys().any(|other| other.0 == target.place()));
            match (text(change, "Action"), working.get(&at)) {
                ("CREATE", Some(_)) => {
                    mistakes.push(format!("Tried to create resource record set {label} but it already exists"));
                }
                ("DELETE", None) => {
                    mistakes.push(format!("Tried to delete resource record set {label} but it was not found"));
                }
                ("DELETE", Some(kept)) if *kept != record => mistakes.push(format!(
                    "Tried to delete resource record set {label} but the values provided do not match the current values"
                )),
                ("DELETE", Some(_)) => drop(working.remove(&at)),
                _ if kind == "CNAME" && name == "example.com." => mistakes.push(format!(
                    "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone example.com."
                )),
                _ if !name.ends_with("example.com.") => {
                    mistakes.push(format!("RRSet with DNS name {name} is not permitted in zone example.com."));
                }
                _ if cname => mistakes.push(format!(
                    "RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records \
                     with the same DNS name in zone example.com."
                )),
                _ if lost.is_some() => mistakes.push(format!(
                    "Tried to create an alias that targets {}, type {kind} in zone {ID}, but that target was not found",
                    lost.unwrap().shown()
                )),
                _ => drop(working.insert(at, record)),
            }
        }
        if count > 1_000 || length > 32_000 {
            return refused(Class::Invalid, "invalid-change-batch", "[Number of records limit of 1000 exceeded.]");
        }
        if !mistakes.is_empty() {
            let told = if self.0.borrow().terse { "The batch is refused".to_owned() } else { mistakes.join(", ") };
            return refused(Class::Invalid, "invalid-change-batch", format!("[{told}]"));
        }
        let mut state = self.0.borrow_mut();
        state.records = working;
        state.changes.push(false);
        if let Some(Fault::Lost) = fault {
            return Err(Problem::new(Class::Timeout, "http-timeout", "no answer"));
        }
        Ok(info(state.changes.len() - 1, false))
    }
}

fn info(at: usize, spread: bool) -> Value {
    let status = if spread { "INSYNC" } else { "PENDING" };
    json!({"ChangeInfo": {"Id": format!("C{at}"), "Status": status, "SubmittedAt": "2026-01-01T00:00:00Z"}})
}
