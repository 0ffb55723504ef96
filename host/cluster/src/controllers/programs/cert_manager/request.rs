//! A CertificateRequest: approved, and signed by its issuer.

use serde_json::{Value, json};

use super::{
    CERTIFICATES, GROUP, ORDERS, Program, RETRY, SECRETS, Said, certificate, derived, issuer, issuer_of, keys,
    secrets_of, tell, texts, write,
};
use crate::controllers::Desk;
use crate::controllers::api::Key;
use crate::controllers::object::{annotation, condition, controlled_by, ensure, is_true, name, namespace, text};
use crate::controllers::programs::value;
use crate::status::Refusal;

/// What came of a request.
enum Outcome {
    Pending(String),
    Failed(String),
    /// The chain, and the authority's own certificate where there is one.
    Signed(String, Option<String>),
}

/// Brings a request forward.
pub(super) fn look(key: &Key, request: &Value, program: &Program, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let group = text(request, "/spec/issuerRef/group");
    let ended = condition(request, "Ready").is_some_and(|ready| text(ready, "/reason") == "Failed");
    if ended || is_true(request, "Ready") || is_true(request, "Denied") || !["", GROUP].contains(&group) {
        return Ok(());
    }
    let mut new = request.clone();
    if condition(request, "Approved").is_none() {
        let message = "Certificate request has been approved by cert-manager.io";
        let said = Said { kind: "Approved", status: true, reason: "cert-manager.io", message };
        tell(&mut new, &said, desk);
        desk.normal(request, "cert-manager-certificaterequests-approver", "cert-manager.io", message);
    }
    let component = "cert-manager-certificaterequests-issuer";
    let (reason, message) = match outcome(request, program, desk)? {
        Outcome::Pending(message) => {
            desk.again_after(RETRY, key.clone());
            ("Pending", message)
        }
        Outcome::Failed(message) => {
            *ensure(&mut new, &["status", "failureTime"]) = json!(desk.timestamp());
            desk.warning(request, component, "Failed", &message);
            ("Failed", message)
        }
        Outcome::Signed(chain, authority) => {
            let status = ensure(&mut new, &["status"]);
            status["certificate"] = json!(keys::encode(&chain));
            if let Some(authority) = authority {
                status["ca"] = json!(keys::encode(&authority));
            }
            let message = "Certificate fetched from issuer successfully";
            desk.normal(request, component, "CertificateIssued", message);
            ("Issued", message.to_owned())
        }
    };
    tell(&mut new, &Said { kind: "Ready", status: reason == "Issued", reason, message: &message }, desk);
    write(key, new, desk)
}

fn outcome(request: &Value, program: &Program, desk: &mut Desk<'_>) -> Result<Outcome, Refusal> {
    let reference = &request["spec"]["issuerRef"];
    let kind = match text(reference, "/kind") {
        "" => "Issuer",
        kind => kind,
    };
    let title = text(reference, "/name");
    let Some((_, issuer)) = issuer_of(reference, namespace(request), desk) else {
        let resource = kind.to_ascii_lowercase();
        let why = format!("Referenced {kind:?} not found: {resource}.cert-manager.io {title:?} not found");
        return Ok(Outcome::Pending(why));
    };
    if !is_true(&issuer, "Ready") {
        return Ok(Outcome::Pending("Referenced issuer does not have a Ready status condition".to_owned()));
    }
    if issuer.pointer("/spec/acme").is_some() {
        return ordered(request, desk);
    }
    // What is asked for is read from the Certificate: nobody reads the request's own encoding here.
    let of = annotation(request, "cert-manager.io/certificate-name").unwrap_or_default();
    let of = desk.api.get(&Key::new(&CERTIFICATES, namespace(request), of));
    let private = annotation(request, "cert-manager.io/private-key-secret-name").unwrap_or_default();
    let private = value(desk.api, &SECRETS, namespace(request), private, "tls.key");
    let (Some(of), Some(private)) = (of, private) else {
        return Ok(Outcome::Failed("requests that no Certificate made are not played here".to_owned()));
    };
    let wanted = certificate::wanted(&of, desk.api.now().unix);
    let made = if issuer.pointer("/spec/selfSigned").is_some() {
        keys::self_signed(&wanted, &private).map(|made| (made.clone(), made))
    } else {
        let place = secrets_of(&issuer, program);
        let title = text(&issuer, "/spec/ca/secretName");
        let Some((authority, authority_key)) = issuer::pair(&place, title, desk) else {
            return Ok(Outcome::Pending(format!("secret {title:?} not found")));
        };
        let held = desk.api.get(&Key::new(&SECRETS, &place, title));
        let named =
            held.as_deref().and_then(|held| annotation(held, "cert-manager.io/common-name")).unwrap_or_default();
        keys::signed(&wanted, &private, (named, &authority_key)).map(|made| (made, authority))
    };
    Ok(match made {
        Ok((chain, authority)) => Outcome::Signed(chain, Some(authority)),
        Err(why) => Outcome::Failed(format!("Error signing certificate: {why}")),
    })
}

/// The name of the Order of a request.
pub(super) fn order_name(request: &Value) -> String {
    derived(name(request), text(request, "/spec/request"))
}

/// Orders from an ACME server.
fn ordered(request: &Value, desk: &mut Desk<'_>) -> Result<Outcome, Refusal> {
    let title = order_name(request);
    let Some(order) = desk.api.get(&Key::new(&ORDERS, namespace(request), &title)) else {
        let of = annotation(request, "cert-manager.io/certificate-name").unwrap_or_default();
        let Some(of) = desk.api.get(&Key::new(&CERTIFICATES, namespace(request), of)) else {
            return Ok(Outcome::Failed("requests that no Certificate made are not played here".to_owned()));
        };
        let mut spec = json!({
            "request": request["spec"]["request"], "issuerRef": request["spec"]["issuerRef"],
            "dnsNames": texts(&of, "/spec/dnsNames"),
        });
        if let Some(common) = of.pointer("/spec/commonName") {
            spec["commonName"] = common.clone();
        }
        let annotations = request.pointer("/metadata/annotations").cloned().unwrap_or_default();
        let made = json!({
            "apiVersion": "acme.cert-manager.io/v1", "kind": "Order",
            "metadata": {
                "name": title, "namespace": namespace(request), "annotations": annotations,
                "ownerReferences": [controlled_by(request)],
            },
            "spec": spec,
        });
        desk.api.create(&ORDERS, made, "cert-manager-certificaterequests-issuer-acme")?;
        let said = format!("Created Order resource {}/{title}", namespace(request));
        desk.normal(request, "cert-manager-certificaterequests-issuer-acme", "OrderCreated", &said);
        return Ok(Outcome::Pending(waiting(namespace(request), &title, "")));
    };
    Ok(match text(&order, "/status/state") {
        "valid" => {
            let chain = text(&order, "/status/certificate");
            let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, chain).unwrap_or_default();
            Outcome::Signed(String::from_utf8_lossy(&decoded).into_owned(), None)
        }
        state @ ("invalid" | "errored" | "expired") => {
            let why = text(&order, "/status/reason");
            Outcome::Failed(format!(
                "Failed to wait for order resource \"{title}\" to become ready: order is in {state:?} state: {why}"
            ))
        }
        state => Outcome::Pending(waiting(namespace(request), &title, state)),
    })
}

fn waiting(place: &str, title: &str, state: &str) -> String {
    format!("Waiting on certificate issuance from order {place}/{title}: {state:?}")
}
