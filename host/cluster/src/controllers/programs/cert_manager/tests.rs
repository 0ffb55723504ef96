//! Lives of issuers and certificates.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};

use super::*;
use crate::controllers::api::Api;
use crate::controllers::object::{condition, is_true};
use crate::controllers::programs::tests::deployment;
use crate::controllers::programs::value;
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, settle};
use crate::outside::{Certify, Outside};

const SERVER: &str = "https://acme.example.com/directory";

/// A world with one ACME server, and one host once it has an address.
#[derive(Debug, Default)]
struct World {
    address: Mutex<Option<IpAddr>>,
    certified: Mutex<Vec<String>>,
}

impl Outside for World {
    fn send(&self, _: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        Err("nobody".to_owned())
    }

    fn resolve(&self, host: &str) -> Vec<IpAddr> {
        self.address.lock().unwrap().iter().copied().filter(|_| host == "app.example.com").collect()
    }

    fn certify(&self, directory: &str, wanted: Option<&Certify<'_>>) -> Result<String, String> {
        if directory != SERVER {
            return Err("no such host".to_owned());
        }
        let Some(wanted) = wanted else { return Ok(String::new()) };
        assert_eq!((wanted.public_key.len(), wanted.public_key[0]), (65, 4), "a point on P-256");
        self.certified.lock().unwrap().extend_from_slice(wanted.names);
        Ok("a chain".to_owned())
    }
}

fn begin() -> (Memory, Controllers, Arc<World>) {
    let (mut api, world) = (Memory::default(), Arc::new(World::default()));
    api.outside = Some(Arc::clone(&world) as Arc<dyn Outside>);
    api.make(deployment(
        "cm",
        "quay.io/jetstack/cert-manager-controller:v1.20.0",
        &json!({
            "args": ["--cluster-resource-namespace=$(POD_NAMESPACE)"],
            "env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
        }),
    ));
    (api, Controllers::only(vec![Box::new(CertManager::default()), Box::new(Injector)]), world)
}

fn cluster_issuer(server: &str) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "prod"},
        "spec": {"acme": {
            "server": server, "email": "a@example.com", "privateKeySecretRef": {"name": "account"},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }},
    })
}

fn said(api: &Memory, object: &Value, kind: &str) -> (String, String) {
    let object = api.now_of(object).unwrap();
    let held = condition(&object, kind).unwrap();
    (text(held, "/status").to_owned(), text(held, "/reason").to_owned())
}

#[test]
fn accounts_are_registered_where_there_is_a_server() {
    let (mut api, mut work, _) = begin();
    let bad = api.make(cluster_issuer("https://nowhere.example.com/directory"));
    settle(&mut api, &mut work);
    assert_eq!(said(&api, &bad, "Ready"), ("False".into(), "ErrRegisterACMEAccount".into()));
    api.change(&bad, |bad| bad["spec"]["acme"]["server"] = json!(SERVER));
    settle(&mut api, &mut work);
    assert_eq!(said(&api, &bad, "Ready"), ("True".into(), "ACMEAccountRegistered".into()));
    let status = api.now_of(&bad).unwrap()["status"]["acme"].clone();
    assert!(text(&status, "/uri").starts_with("https://acme.example.com/acme/acct/"), "{status}");
    let account = value(&api, &SECRETS, "system", "account", "tls.key").unwrap();
    assert!(account.starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn an_ingress_gets_a_certificate_once_its_host_leads_here() {
    let (mut api, mut work, world) = begin();
    api.make(cluster_issuer(SERVER));
    let ingress = api.make(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "name": "app", "namespace": "a", "annotations": {"cert-manager.io/cluster-issuer": "prod"},
        },
        "spec": {"tls": [{"hosts": ["app.example.com"], "secretName": "app-tls"}, {"hosts": ["x"]}]},
    }));
    settle(&mut api, &mut work);
    let certificate = api.all(GROUP, "certificates").remove(0);
    assert_eq!(
        (text(&certificate, "/metadata/name"), text(&certificate, "/spec/issuerRef/kind")),
        ("app-tls", "ClusterIssuer")
    );
    assert_eq!(said(&api, &certificate, "Ready"), ("False".into(), "DoesNotExist".into()));
    let challenge = api.all(ACME, "challenges").remove(0);
    assert!(text(&challenge, "/status/reason").contains("lookup app.example.com"), "{challenge}");
    // The name leads elsewhere, then to the load balancer of what serves the class.
    *world.address.lock().unwrap() = Some("192.0.2.1".parse().unwrap());
    api.pass(&mut work, 10_000);
    let challenge = api.now_of(&challenge).unwrap();
    assert!(
        text(&challenge, "/status/reason").ends_with("dial tcp 192.0.2.1:80: connect: connection timed out"),
        "{challenge}"
    );
    let labels = json!({"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"});
    api.make(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "c", "namespace": "i"},
        "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }));
    api.make(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    }));
    api.make(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": "i", "labels": labels},
        "status": {"availableReplicas": 1},
    }));
    api.pass(&mut work, 10_000);
    assert_eq!(said(&api, &certificate, "Ready"), ("True".into(), "Ready".into()));
    let held = api.get(&Key::new(&SECRETS, "a", "app-tls")).unwrap();
    assert_eq!(text(&held, "/type"), "kubernetes.io/tls");
    assert_eq!(value(&api, &SECRETS, "a", "app-tls", "tls.crt").unwrap(), "a chain");
    assert!(value(&api, &SECRETS, "a", "app-tls", "tls.key").unwrap().contains("PRIVATE KEY"));
    assert!(api.all(ACME, "challenges").is_empty());
    assert_eq!(api.all("", "secrets").len(), 2, "the next key went");
    // Sixty of its ninety days pass.
    api.pass(&mut work, 59 * 86_400_000);
    assert_eq!(world.certified.lock().unwrap().len(), 1);
    api.pass(&mut work, 2 * 86_400_000);
    assert_eq!(world.certified.lock().unwrap().len(), 2);
    assert_eq!(api.now_of(&certificate).unwrap()["status"]["revision"], 2);
    api.change(&ingress, |ingress| ingress["spec"]["tls"] = json!([]));
    settle(&mut api, &mut work);
    assert!(api.all(GROUP, "certificates").is_empty());
}

#[test]
fn an_authority_of_ones_own_signs_and_is_injected() {
    let (mut api, mut work, _) = begin();
    let issuer = |name: &str, spec: Value| json!({"apiVersion": VERSION, "kind": "Issuer", "metadata": {"name": name, "namespace": "a"}, "spec": spec});
    let certificate = |name: &str, spec: Value| json!({"apiVersion": VERSION, "kind": "Certificate", "metadata": {"name": name, "namespace": "a"}, "spec": spec});
    let own = api.make(issuer("own", json!({"selfSigned": {}})));
    let signer = api.make(issuer("signer", json!({"ca": {"secretName": "root"}})));
    settle(&mut api, &mut work);
    assert!(is_true(&api.now_of(&own).unwrap(), "Ready"));
    assert_eq!(said(&api, &signer, "Ready"), ("False".into(), "ErrGetKeyPair".into()));
    api.make(certificate(
        "root",
        json!({
            "isCA": true, "commonName": "my root", "secretName": "root", "issuerRef": {"name": "own"},
        }),
    ));
    let leaf = api.make(certificate(
        "leaf",
        json!({
            "dnsNames": ["leaf.a.svc"], "secretName": "leaf", "issuerRef": {"name": "signer"},
        }),
    ));
    api.make(json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "w", "annotations": {"cert-manager.io/inject-ca-from": "a/leaf"}},
        "webhooks": [{"clientConfig": {}}],
    }));
    api.pass(&mut work, 20_000);
    assert!(is_true(&api.now_of(&leaf).unwrap(), "Ready"), "{:?}", api.now_of(&leaf));
    let root = value(&api, &SECRETS, "a", "root", "tls.crt").unwrap();
    assert_eq!(value(&api, &SECRETS, "a", "leaf", "ca.crt").unwrap(), root);
    let bundle = |api: &Memory| {
        let hooks = api.all("admissionregistration.k8s.io", "validatingwebhookconfigurations").remove(0);
        text(&hooks, "/webhooks/0/clientConfig/caBundle").to_owned()
    };
    assert_eq!(bundle(&api), "", "nobody injects yet");
    api.make(deployment("ca", "quay.io/jetstack/cert-manager-cainjector:v1.20.0", &json!({})));
    settle(&mut api, &mut work);
    assert_eq!(bundle(&api), keys::encode(&root));
}
