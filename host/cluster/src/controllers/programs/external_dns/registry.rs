//! TXT records that say whose a record is: one a record, named after its type.

use std::collections::BTreeMap;

use super::plan::{Action, Edit};
use super::{Endpoint, Settings};

const TEMPLATE: &str = "%{record_type}";
const KINDS: [&str; 7] = ["A", "AAAA", "CNAME", "NS", "MX", "SRV", "NAPTR"];

/// The TXT records of this registry that are there, by name.
pub(super) type Labelled = BTreeMap<String, Endpoint>;

/// Splits what zones hold into records with their owners, and the TXT records that name those.
pub(super) fn read(records: Vec<Endpoint>, settings: &Settings) -> (Vec<Endpoint>, Labelled) {
    let mut labels: BTreeMap<(String, String), BTreeMap<String, String>> = BTreeMap::new();
    let (mut plain, mut labelled) = (Vec::new(), Labelled::new());
    for record in records {
        let parsed = if record.kind == "TXT" { record.targets.first().and_then(|text| parse(text)) } else { None };
        match parsed {
            Some(found) => {
                labels.insert(owned_name(&record.name, settings), found);
                labelled.insert(record.name.clone(), record);
            }
            None => plain.push(record),
        }
    }
    for record in &mut plain {
        let name = wildcard(&record.name, settings);
        let old = || if record.kind == "AAAA" { None } else { labels.get(&(name.clone(), String::new())) };
        if let Some(found) = labels.get(&(name.clone(), record.kind.clone())).or_else(old) {
            let part = |key: &str| found.get(key).cloned().unwrap_or_default();
            (record.owner, record.resource) = (part("owner"), part("resource"));
        }
    }
    (plain, labelled)
}

/// Adds to changes of records those of their TXT records.
pub(super) fn add(changes: &mut Vec<Edit>, labelled: &Labelled, settings: &Settings) {
    if settings.registry != "txt" {
        changes.sort_by(|one, other| order(one).cmp(&order(other)));
        return;
    }
    let mut more = Vec::new();
    for edit in changes.iter() {
        let name = txt_name(&edit.endpoint.name, &edit.endpoint.kind, settings);
        let held = labelled.get(&name);
        let made = Endpoint {
            targets: vec![serialize(&settings.owner, &edit.endpoint.resource)],
            kind: "TXT".to_owned(),
            ttl: None,
            name,
            ..edit.endpoint.clone()
        };
        let wanted = match (edit.action, held) {
            (Action::Create, Some(_)) => continue,
            // What is deleted has to be named as it is.
            (Action::Delete, Some(held)) => held.clone(),
            (Action::Delete, None) => continue,
            _ => made,
        };
        more.push(Edit { action: edit.action, owned: edit.owned.clone(), endpoint: wanted });
    }
    changes.extend(more);
    changes.sort_by(|one, other| order(one).cmp(&order(other)));
}

fn order(edit: &Edit) -> (Action, &str, &str) {
    (edit.action, &edit.endpoint.name, &edit.endpoint.kind)
}

/// `"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/a/b"`, with the quotes.
fn serialize(owner: &str, resource: &str) -> String {
    format!("\"heritage=external-dns,external-dns/owner={owner},external-dns/resource={resource}\"")
}

/// What such a text says; `None` for one of somebody else.
fn parse(text: &str) -> Option<BTreeMap<String, String>> {
    let mut parts = text.trim_matches('"').split(',').filter_map(|part| part.split_once('='));
    let mut found = BTreeMap::new();
    let mut heritage = false;
    parts.by_ref().for_each(|(key, value)| match key.strip_prefix("external-dns/") {
        Some(key) => {
            found.insert(key.to_owned(), value.to_owned());
        }
        None => heritage |= key == "heritage" && value == "external-dns",
    });
    heritage.then_some(found)
}

fn wildcard(name: &str, settings: &Settings) -> String {
    match name.strip_prefix("*.") {
        Some(rest) if !settings.wildcard.is_empty() => format!("{}.{rest}", settings.wildcard),
        _ => name.to_owned(),
    }
}

/// The name of the TXT record of a record.
fn txt_name(name: &str, kind: &str, settings: &Settings) -> String {
    let kind = kind.to_ascii_lowercase();
    let name = wildcard(name, settings);
    let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
    let templated = settings.prefix.contains(TEMPLATE) || settings.suffix.contains(TEMPLATE);
    let (prefix, suffix) = (settings.prefix.replace(TEMPLATE, &kind), settings.suffix.replace(TEMPLATE, &kind));
    let first = if templated { first.to_owned() } else { format!("{kind}-{first}") };
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{prefix}{first}{suffix}{dot}{rest}")
}

/// The name and the type (empty: of any) that a TXT record is about.
fn owned_name(txt: &str, settings: &Settings) -> (String, String) {
    let (first, rest) = match settings.suffix.is_empty() {
        true => (txt, String::new()),
        false => {
            let dots = settings.suffix.matches('.').count();
            let at = txt.match_indices('.').nth(dots).map_or(txt.len(), |(at, _)| at);
            (&txt[..at], txt[at..].to_owned())
        }
    };
    let strip = |prefix: &str, suffix: &str| first.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    let (prefix, suffix) = (&settings.prefix, &settings.suffix);
    if prefix.contains(TEMPLATE) || suffix.contains(TEMPLATE) {
        for kind in KINDS {
            let small = kind.to_ascii_lowercase();
            if let Some(name) = strip(&prefix.replace(TEMPLATE, &small), &suffix.replace(TEMPLATE, &small)) {
                return (format!("{name}{rest}"), kind.to_owned());
            }
        }
    }
    let Some(name) = strip(&prefix.replace(TEMPLATE, ""), &suffix.replace(TEMPLATE, "")) else {
        return (String::new(), String::new());
    };
    for kind in KINDS {
        if let Some(name) = name.strip_prefix(&format!("{}-", kind.to_ascii_lowercase())) {
            return (format!("{name}{rest}"), kind.to_owned());
        }
    }
    (format!("{name}{rest}"), String::new())
}
