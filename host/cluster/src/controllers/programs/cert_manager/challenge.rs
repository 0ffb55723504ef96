//! Orders at ACME servers, and the challenges by which they prove whose a name is.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::{ACME, CHALLENGES, RETRY, SECRETS, derived, issuer_of, keys, texts, write};
use crate::controllers::Desk;
use crate::controllers::api::{Deletion, Key, Resource};
use crate::controllers::endpoints::SERVICES;
use crate::controllers::object::{annotation, controlled_by, ensure, items, name, namespace, text, uid};
use crate::controllers::programs::{ingress_nginx, value};
use crate::outside::Certify;
use crate::status::Refusal;

const CLASSES: Resource = Resource::of("networking.k8s.io", "ingressclasses");

/// Whether an issuer's solver is for a name, and answers over HTTP.
fn solves(solver: &Value, host: &str) -> bool {
    let selected = |field: &str| texts(solver, &format!("/selector/{field}"));
    let (names, zones) = (selected("dnsNames"), selected("dnsZones"));
    let in_zone = |zone: &String| host == zone || host.ends_with(&format!(".{zone}"));
    let any = names.is_empty() && zones.is_empty();
    solver.pointer("/http01/ingress").is_some()
        && !host.starts_with("*.")
        && (any || names.iter().any(|name| name == host) || zones.iter().any(in_zone))
}

/// Brings an Order forward: a challenge for each name, then the certificate.
pub(super) fn order(key: &Key, order: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let component = "cert-manager-orders";
    if ["valid", "invalid", "errored", "expired"].contains(&text(order, "/status/state")) {
        return Ok(());
    }
    let mut new = order.clone();
    let Some((_, issuer)) = issuer_of(&order["spec"]["issuerRef"], namespace(order), desk) else { return Ok(()) };
    let server = text(&issuer, "/spec/acme/server").to_owned();
    let solvers = items(&issuer, "/spec/acme/solvers");
    let names = texts(order, "/spec/dnsNames");
    let mut states = Vec::new();
    for host in &names {
        let Some(solver) = solvers.iter().find(|solver| solves(solver, host)) else {
            let why = format!(
                "Failed to determine a valid solver configuration for the set of domains on the Order: no configured challenge solvers can be used for this challenge ({host})"
            );
            desk.warning(order, component, "Solver", &why);
            let status = ensure(&mut new, &["status"]);
            (status["state"], status["reason"]) = (json!("errored"), json!(why));
            return write(key, new, desk);
        };
        let title = derived(name(order), host);
        match desk.api.get(&Key::new(&CHALLENGES, namespace(order), &title)) {
            Some(challenge) => states.push(text(&challenge, "/status/state").to_owned()),
            None => {
                let token = format!("{:016x}{:016x}", desk.api.random(), desk.api.random());
                let made = challenge(order, (&title, host, &token), solver, &server);
                desk.api.create(&CHALLENGES, made, component)?;
                let said = format!("Created Challenge resource {title:?} for domain {host:?}");
                desk.normal(order, component, "Created", &said);
                states.push(String::new());
            }
        }
    }
    let status = ensure(&mut new, &["status"]);
    if status.get("url").is_none() {
        let number = derived(name(order), uid(order));
        let number = number.rsplit('-').next().unwrap_or_default();
        let base = server.trim_end_matches("/directory");
        status["url"] = json!(format!("{base}/acme/order/{number}"));
        status["finalizeURL"] = json!(format!("{base}/acme/finalize/{number}"));
        let identified = names.iter().map(|host| {
            json!({
                "identifier": host, "initialState": "pending", "url": format!("{base}/acme/authz/{number}"),
                "wildcard": false,
            })
        });
        status["authorizations"] = identified.collect();
    }
    status["state"] = json!("pending");
    if let Some(bad) = states.iter().find(|state| ["invalid", "errored", "expired"].contains(&state.as_str())) {
        status["state"] = json!(bad);
        return write(key, new, desk);
    }
    if !states.iter().all(|state| state == "valid") {
        return write(key, new, desk);
    }
    let private = annotation(order, "cert-manager.io/private-key-secret-name").unwrap_or_default();
    let private = value(desk.api, &SECRETS, namespace(order), private, "tls.key").unwrap_or_default();
    let made = keys::public(&private)
        .and_then(|public_key| desk.api.certify(&server, Some(&Certify { names: &names, public_key: &public_key })));
    match made {
        Ok(chain) => {
            status["state"] = json!("valid");
            status["certificate"] = json!(keys::encode(&chain));
            desk.normal(order, component, "Complete", "Order completed successfully");
            write(key, new, desk)?;
            for host in &names {
                let key = Key::new(&CHALLENGES, namespace(order), &derived(name(order), host));
                desk.api.delete(&key, &Deletion::default())?;
            }
            Ok(())
        }
        Err(why) => {
            status["reason"] = json!(format!("Failed to finalize Order: {why}"));
            desk.again_after(RETRY, key.clone());
            write(key, new, desk)
        }
    }
}

fn challenge(order: &Value, (title, host, token): (&str, &str, &str), solver: &Value, server: &str) -> Value {
    let base = server.trim_end_matches("/directory");
    json!({
        "apiVersion": format!("{ACME}/v1"), "kind": "Challenge",
        "metadata": {
            "name": title, "namespace": namespace(order), "ownerReferences": [controlled_by(order)],
        },
        "spec": {
            "type": "HTTP-01", "dnsName": host, "token": token, "key": format!("{token}.rehearsal"), "wildcard": false,
            "issuerRef": order["spec"]["issuerRef"], "solver": solver,
            "authorizationURL": format!("{base}/acme/authz/{token}"), "url": format!("{base}/acme/chall/{token}"),
        },
    })
}

/// Looks whether a challenge's host leads to the cluster.
pub(super) fn look(key: &Key, challenge: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let component = "cert-manager-challenges";
    if text(challenge, "/status/state") == "valid" {
        return Ok(());
    }
    let mut new = challenge.clone();
    let host = text(challenge, "/spec/dnsName");
    if text(challenge, "/status/state").is_empty() {
        desk.normal(challenge, component, "Started", "Challenge scheduled for processing");
        desk.normal(challenge, component, "Presented", "Presented challenge using HTTP-01 challenge mechanism");
    }
    let outcome = reached(challenge, host, desk);
    let status = ensure(&mut new, &["status"]);
    (status["processing"], status["presented"]) = (json!(outcome.is_err()), json!(outcome.is_err()));
    match outcome {
        Ok(()) => {
            status["state"] = json!("valid");
            status["reason"] = json!("Successfully authorized domain");
            let said = format!("Domain {host:?} verified with \"HTTP-01\" validation");
            desk.normal(challenge, component, "DomainVerified", &said);
        }
        Err(why) => {
            status["state"] = json!("pending");
            let url = format!("http://{host}/.well-known/acme-challenge/{}", text(challenge, "/spec/token"));
            status["reason"] = json!(format!(
                "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request '{url}': {}",
                why.replace("{url}", &format!("{url:?}"))
            ));
            desk.again_after(RETRY, key.clone());
        }
    }
    write(key, new, desk)
}

/// Whether a request to the host would come to the Ingress that answers the challenge.
fn reached(challenge: &Value, host: &str, desk: &Desk<'_>) -> Result<(), String> {
    let addresses = desk.api.resolve(host);
    if addresses.is_empty() {
        return Err(format!("Get {{url}}: dial tcp: lookup {host} on 10.245.0.10:53: no such host"));
    }
    let services = desk.api.list(&SERVICES, None);
    let own: BTreeSet<IpAddr> = services
        .iter()
        .filter(|service| text(service, "/spec/type") == "LoadBalancer")
        .flat_map(|service| items(service, "/status/loadBalancer/ingress"))
        .filter_map(|ingress| text(ingress, "/ip").parse().ok())
        .collect();
    if let Some(other) = addresses.iter().find(|address| !own.contains(address)) {
        return Err(format!("Get {{url}}: dial tcp {other}:80: connect: connection timed out"));
    }
    let solver = &challenge["spec"]["solver"]["http01"]["ingress"];
    let class = [text(solver, "/ingressClassName"), text(solver, "/class")].into_iter().find(|class| !class.is_empty());
    let served = match class {
        Some(class) => desk.api.get(&Key::new(&CLASSES, "", class)).is_some(),
        None => true,
    };
    match served && ingress_nginx::is_anywhere(&*desk.api) {
        true => Ok(()),
        false => Err("wrong status code '404', expected '200'".to_owned()),
    }
}
