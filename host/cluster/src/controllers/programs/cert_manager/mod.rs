//! cert-manager: accounts of issuers, certificates for Ingresses and for whoever asks, and their renewal.
//!
//! What is played: the issuers `acme` (solver `http01` through an Ingress), `ca` and `selfSigned`. Keys are of the
//! curve P-256, whatever `privateKey` says. A challenge is valid once its host leads to a load balancer of the
//! cluster; the Pod, the Service and the Ingress that would answer it for a moment are not made.

mod certificate;
mod challenge;
mod injector;
mod issuer;
mod keys;
mod request;
mod shim;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Program, runs};
use crate::controllers::api::{Change, Key, Resource};
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::object::{controller, ensure, is_deleted, items, namespace, text, uid};
use crate::controllers::programs::ingress_nginx::INGRESSES;
use crate::controllers::scheduler::put_condition;
use crate::controllers::{Controller, Desk, Picks, fetch};
use crate::status::Refusal;

pub(in crate::controllers) use injector::Injector;

const IMAGE: &str = "cert-manager-controller";
const GROUP: &str = "cert-manager.io";
const VERSION: &str = "cert-manager.io/v1";
const ACME: &str = "acme.cert-manager.io";
const ISSUERS: Resource = Resource::of(GROUP, "issuers");
const CLUSTER_ISSUERS: Resource = Resource::of(GROUP, "clusterissuers");
const CERTIFICATES: Resource = Resource::of(GROUP, "certificates");
const REQUESTS: Resource = Resource::of(GROUP, "certificaterequests");
const ORDERS: Resource = Resource::of(ACME, "orders");
const CHALLENGES: Resource = Resource::of(ACME, "challenges");
const SECRETS: Resource = Resource::of("", "secrets");
const ALL: [Resource; 7] = [ISSUERS, CLUSTER_ISSUERS, CERTIFICATES, REQUESTS, ORDERS, CHALLENGES, INGRESSES];
/// Virtual milliseconds until what failed is tried again.
const RETRY: u64 = 10_000;
/// Virtual milliseconds until a request that failed is followed by another one, as the program backs off.
const BACK_OFF: u64 = 3_600_000;

/// Issues; it remembers when certificates are to be renewed, in virtual time.
#[derive(Debug, Default)]
pub(in crate::controllers) struct CertManager {
    renewals: HashMap<String, u64>,
}

impl Controller for CertManager {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        let mut pick = |resource: &Resource, place: Option<&str>| {
            for found in picks.api.list(resource, place) {
                picks.add(Key::to(resource, &found));
            }
        };
        if ALL.contains(&change.resource) {
            if change.new.is_none() && change.resource == CERTIFICATES {
                self.renewals.remove(uid(object));
            }
            if [ISSUERS, CLUSTER_ISSUERS].contains(&change.resource) {
                pick(&REQUESTS, None);
            }
            picks.add(Key::to(&change.resource, object));
            // Who asked hears of the answer.
            let owner = controller(object).map(|owner| (text(owner, "/kind"), text(owner, "/name")));
            let resource = owner.and_then(|(kind, name)| {
                let all = [
                    ("Certificate", CERTIFICATES),
                    ("CertificateRequest", REQUESTS),
                    ("Order", ORDERS),
                    ("Ingress", INGRESSES),
                ];
                all.into_iter().find(|(known, _)| *known == kind).map(|(_, resource)| (resource, name))
            });
            if let Some((resource, name)) = resource {
                picks.add(Key::new(&resource, namespace(object), name));
            }
        } else if change.resource == DEPLOYMENTS && runs(object, IMAGE) {
            ALL.iter().for_each(|resource| pick(resource, None));
        } else if change.resource == SECRETS {
            pick(&CERTIFICATES, Some(namespace(object)));
            pick(&ISSUERS, Some(namespace(object)));
            pick(&CLUSTER_ISSUERS, None);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(object) = desk.api.get(key).filter(|object| !is_deleted(object)) else { return Ok(()) };
        let Some(program) = Program::all(desk.api, IMAGE).into_iter().next() else { return Ok(()) };
        match &key.resource {
            resource if *resource == INGRESSES => shim::look(&object, &program, desk),
            resource if *resource == CERTIFICATES => self.certificate(key, &object, desk),
            resource if *resource == REQUESTS => request::look(key, &object, &program, desk),
            resource if *resource == ORDERS => challenge::order(key, &object, desk),
            resource if *resource == CHALLENGES => challenge::look(key, &object, desk),
            _ => issuer::look(key, &object, &program, desk),
        }
    }
}

/// The namespace of the Secrets of what lives in none.
fn secrets_of(object: &Value, program: &Program) -> String {
    match namespace(object) {
        "" => match program.option("cluster-resource-namespace") {
            Some(stated) if !stated.is_empty() && !stated.contains('$') => stated.to_owned(),
            _ => program.namespace().to_owned(),
        },
        own => own.to_owned(),
    }
}

/// What a condition is to say.
struct Said<'a> {
    kind: &'a str,
    status: bool,
    reason: &'a str,
    message: &'a str,
}

/// Sets a condition of an object of cert-manager's.
fn tell(object: &mut Value, said: &Said<'_>, desk: &Desk<'_>) {
    let mut condition = json!({
        "type": said.kind, "status": if said.status { "True" } else { "False" }, "reason": said.reason,
        "message": said.message, "lastTransitionTime": desk.timestamp(),
    });
    if let Some(generation) = object.pointer("/metadata/generation") {
        condition["observedGeneration"] = generation.clone();
    }
    put_condition(object, condition);
}

/// Writes what changed of a status.
fn write(key: &Key, new: Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let Some((before, _)) = fetch(desk, key) else { return Ok(()) };
    desk.put_status(&key.resource, &before, new)
}

/// The issuer that a reference names, with its key.
fn issuer_of(reference: &Value, place: &str, desk: &Desk<'_>) -> Option<(Key, std::sync::Arc<Value>)> {
    let title = text(reference, "/name");
    let key = match text(reference, "/kind") {
        "ClusterIssuer" => Key::new(&CLUSTER_ISSUERS, "", title),
        _ => Key::new(&ISSUERS, place, title),
    };
    let found = desk.api.get(&key)?;
    Some((key, found))
}

/// The texts of a list.
fn texts(object: &Value, pointer: &str) -> Vec<String> {
    items(object, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A name made of another one and of what it is about.
fn derived(from: &str, about: &str) -> String {
    let hash = about.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let short: String = from.chars().take(52).collect();
    format!("{}-{hash}", short.trim_end_matches(['-', '.']))
}

/// A Secret that an object owns, or nobody.
fn secret(title: &str, place: &str, kind: &str, data: &[(&str, &str)]) -> Value {
    let mut made = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": title, "namespace": place}, "type": kind,
    });
    for (field, value) in data {
        *ensure(&mut made, &["data", field]) = json!(keys::encode(value));
    }
    made
}
