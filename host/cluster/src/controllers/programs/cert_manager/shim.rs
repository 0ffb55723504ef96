//! Certificates that Ingresses ask for by an annotation.

use serde_json::{Value, json};

use super::{CERTIFICATES, Program, VERSION, texts};
use crate::controllers::Desk;
use crate::controllers::api::{Deletion, Key};
use crate::controllers::object::{annotation, controlled_by, controller, fields, items, name, namespace, text, uid};
use crate::status::Refusal;

const COMPONENT: &str = "cert-manager-ingress-shim";
const MANAGER: &str = "cert-manager-ingress-shim";

/// Makes an Ingress's certificates, and takes away those that it no longer asks for.
pub(super) fn look(ingress: &Value, program: &Program, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let noted = |key: &str| annotation(ingress, &format!("cert-manager.io/{key}")).filter(|value| !value.is_empty());
    let own = |certificate: &Value| controller(certificate).is_some_and(|owner| text(owner, "/uid") == uid(ingress));
    let usual = (annotation(ingress, "kubernetes.io/tls-acme") == Some("true"))
        .then(|| program.option("default-issuer-name"))
        .flatten();
    let (kind, issuer) = match (noted("cluster-issuer"), noted("issuer"), usual) {
        (Some(issuer), _, _) => ("ClusterIssuer", issuer),
        (_, Some(issuer), _) => (noted("issuer-kind").unwrap_or("Issuer"), issuer),
        (_, _, Some(issuer)) => (program.option("default-issuer-kind").unwrap_or("Issuer"), issuer),
        _ => return Ok(()),
    };
    let group = noted("issuer-group").unwrap_or("cert-manager.io");
    let mut wanted: Vec<&str> = Vec::new();
    for (index, tls) in items(ingress, "/spec/tls").iter().enumerate() {
        let (title, hosts) = (text(tls, "/secretName"), texts(tls, "/hosts"));
        let lacks = match (title.is_empty(), hosts.is_empty()) {
            (true, _) => Some("secretName: Required value"),
            (_, true) => Some("hosts: Required value"),
            _ => None,
        };
        if let Some(lacks) = lacks {
            let why = format!("Skipped a TLS block: spec.tls[{index}].{lacks}");
            desk.warning(ingress, COMPONENT, "BadConfig", &why);
            continue;
        }
        wanted.push(title);
        let mut spec = json!({
            "dnsNames": hosts, "secretName": title, "usages": ["digital signature", "key encipherment"],
            "issuerRef": {"group": group, "kind": kind, "name": issuer},
        });
        for (key, field) in [("common-name", "commonName"), ("duration", "duration"), ("renew-before", "renewBefore")] {
            if let Some(value) = noted(key) {
                spec[field] = json!(value);
            }
        }
        let key = Key::new(&CERTIFICATES, namespace(ingress), title);
        match desk.api.get(&key) {
            None => {
                let made = json!({
                    "apiVersion": VERSION, "kind": "Certificate",
                    "metadata": {
                        "name": title, "namespace": namespace(ingress), "ownerReferences": [controlled_by(ingress)],
                        "labels": fields(ingress, "/metadata/labels").cloned().unwrap_or_default(),
                    },
                    "spec": spec,
                });
                desk.api.create(&CERTIFICATES, made, MANAGER)?;
                let said = format!("Successfully created Certificate {title:?}");
                desk.normal(ingress, COMPONENT, "CreateCertificate", &said);
            }
            Some(there) if own(&there) => {
                let mut new = Value::clone(&there);
                for (field, value) in spec.as_object().into_iter().flatten() {
                    new["spec"][field] = value.clone();
                }
                if new != *there {
                    desk.api.update(&CERTIFICATES, "", new, MANAGER)?;
                    let said = format!("Successfully updated Certificate {title:?}");
                    desk.normal(ingress, COMPONENT, "UpdateCertificate", &said);
                }
            }
            // Somebody else's is left as it is.
            Some(_) => {}
        }
    }
    let gone: Vec<Key> = desk
        .api
        .list(&CERTIFICATES, Some(namespace(ingress)))
        .iter()
        .filter(|certificate| own(certificate) && !wanted.contains(&name(certificate)))
        .map(|certificate| Key::to(&CERTIFICATES, certificate))
        .collect();
    for key in gone {
        desk.api.delete(&key, &Deletion::default())?;
        let said = format!("Successfully deleted unrequired Certificate {:?}", key.name);
        desk.normal(ingress, COMPONENT, "DeleteCertificate", &said);
    }
    Ok(())
}
