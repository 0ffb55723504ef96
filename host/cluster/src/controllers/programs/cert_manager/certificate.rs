//! A Certificate: what is asked for, and the Secret that holds what came of it.

use serde_json::{Value, json};

use super::keys::{self, Wanted};
use super::{BACK_OFF, CertManager, REQUESTS, SECRETS, Said, VERSION, secret, tell, texts, write};
use crate::controllers::Desk;
use crate::controllers::api::{Deletion, Key};
use crate::controllers::object::{
    annotation, condition, controlled_by, ensure, integer, is_true, name, namespace, rfc3339, set, text, truth, uid,
};
use crate::controllers::programs::{duration, value};
use crate::status::Refusal;

const COMPONENT: &str = "cert-manager-certificates-issuing";
const MANAGER: &str = "cert-manager-certificates-issuing";
/// Seconds that a certificate lasts where nobody says.
const NINETY_DAYS: i64 = 90 * 86_400;

/// What a Certificate's spec asks for, from now on.
pub(super) fn wanted(certificate: &Value, now: i64) -> Wanted {
    let mut names = texts(certificate, "/spec/dnsNames");
    names.extend(texts(certificate, "/spec/ipAddresses"));
    Wanted {
        common_name: text(certificate, "/spec/commonName").to_owned(),
        names,
        is_authority: truth(certificate, "/spec/isCA"),
        from: now,
        until: now.saturating_add(seconds(certificate, "/spec/duration").unwrap_or(NINETY_DAYS)),
    }
}

fn seconds(object: &Value, pointer: &str) -> Option<i64> {
    duration(text(object, pointer)).and_then(|millis| i64::try_from(millis / 1000).ok())
}

/// Why it has to be issued, if it has to be.
fn reason(certificate: &Value, due: bool, desk: &Desk<'_>) -> Option<(&'static str, &'static str)> {
    let key = Key::new(&SECRETS, namespace(certificate), text(certificate, "/spec/secretName"));
    let Some(held) = desk.api.get(&key) else {
        return Some(("DoesNotExist", "Issuing certificate as Secret does not exist"));
    };
    let part = |field: &str| value(&*desk.api, &SECRETS, &key.namespace, &key.name, field).unwrap_or_default();
    if part("tls.crt").is_empty() || part("tls.key").is_empty() {
        return Some(("MissingData", "Issuing certificate as Secret does not contain a certificate"));
    }
    let wanted = marks(certificate);
    let issuer = wanted.iter().filter(|(key, _)| key.starts_with("issuer"));
    let differs =
        |key: &str, value: &str| annotation(&held, &format!("cert-manager.io/{key}")).unwrap_or_default() != value;
    if issuer.clone().any(|(key, value)| differs(key, value)) {
        return Some(("IncorrectIssuer", "Issuing certificate as Secret was previously issued by another issuer"));
    }
    if wanted.iter().any(|(key, value)| differs(key, value)) {
        return Some(("RequestChanged", "Fields on existing CertificateRequest resource not up to date"));
    }
    due.then_some(("Renewing", "Renewing certificate as renewal was scheduled"))
}

/// The annotations of the Secret that tell what its certificate says.
fn marks(certificate: &Value) -> Vec<(&'static str, String)> {
    let reference = |field: &str, usual: &str| match text(certificate, &format!("/spec/issuerRef/{field}")) {
        "" => usual.to_owned(),
        stated => stated.to_owned(),
    };
    vec![
        ("alt-names", texts(certificate, "/spec/dnsNames").join(",")),
        ("certificate-name", name(certificate).to_owned()),
        ("common-name", text(certificate, "/spec/commonName").to_owned()),
        ("ip-sans", texts(certificate, "/spec/ipAddresses").join(",")),
        ("issuer-group", reference("group", "cert-manager.io")),
        ("issuer-kind", reference("kind", "Issuer")),
        ("issuer-name", reference("name", "")),
        ("uri-sans", String::new()),
    ]
}

impl CertManager {
    /// Brings a Certificate up to date.
    pub(super) fn certificate(&mut self, key: &Key, certificate: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let now = desk.api.now().millis;
        let due = self.renewals.get(uid(certificate)).copied();
        let revision = integer(certificate, "/status/revision").unwrap_or_default();
        if is_true(certificate, "Issuing") {
            return self.issue(key, certificate, revision + 1, desk);
        }
        let Some((why, message)) = reason(certificate, due.is_some_and(|due| due <= now), desk) else {
            let mut new = certificate.clone();
            let told = "Certificate is up to date and has not expired";
            tell(&mut new, &Said { kind: "Ready", status: true, reason: "Ready", message: told }, desk);
            write(key, new, desk)?;
            return self.wait(key, certificate, due, desk);
        };
        // What failed is not tried again at once.
        let failed = condition(certificate, "Issuing").is_some_and(|held| text(held, "/reason") == "Failed");
        let later = self.renewals.get(uid(certificate)).is_some_and(|later| *later > now);
        if failed && later && why != "RequestChanged" {
            desk.again_after(due.unwrap_or(now).saturating_sub(now).max(1), key.clone());
            return Ok(());
        }
        desk.normal(certificate, "cert-manager-certificates-trigger", "Issuing", message);
        let mut new = certificate.clone();
        tell(&mut new, &Said { kind: "Issuing", status: true, reason: why, message }, desk);
        if why != "Renewing" {
            tell(&mut new, &Said { kind: "Ready", status: false, reason: why, message }, desk);
        }
        write(key, new, desk)?;
        desk.again(key.clone());
        Ok(())
    }

    /// Looks at it again when it has to be renewed: after two thirds of its life, or so long before its end.
    fn wait(&mut self, key: &Key, certificate: &Value, due: Option<u64>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let now = desk.api.now().millis;
        let due = due.filter(|due| *due > now).unwrap_or_else(|| {
            let life = seconds(certificate, "/spec/duration").unwrap_or(NINETY_DAYS);
            let before = seconds(certificate, "/spec/renewBefore").filter(|before| *before < life).unwrap_or(life / 3);
            now.saturating_add(u64::try_from(life - before).unwrap_or(1).saturating_mul(1000))
        });
        self.renewals.insert(uid(certificate).to_owned(), due);
        desk.again_after(due - now, key.clone());
        Ok(())
    }

    /// One issuing: a key, a request for it, and what comes back.
    fn issue(&mut self, key: &Key, certificate: &Value, revision: i64, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let (place, title) = (namespace(certificate), format!("{}-{revision}", name(certificate)));
        let next = format!("{}-next", super::derived(name(certificate), uid(certificate)));
        let request_key = Key::new(&REQUESTS, place, &title);
        let Some(request) = desk.api.get(&request_key) else {
            let private = match value(desk.api, &SECRETS, place, &next, "tls.key") {
                Some(private) => private,
                None => {
                    let private = keys::generate().map_err(Refusal::internal)?;
                    let mut made = secret(&next, place, "Opaque", &[("tls.key", &private)]);
                    made["metadata"]["ownerReferences"] = json!([controlled_by(certificate)]);
                    made["metadata"]["labels"] = json!({"cert-manager.io/next-private-key": "true"});
                    desk.api.create(&SECRETS, made, "cert-manager-certificates-key-manager")?;
                    private
                }
            };
            let wanted = wanted(certificate, desk.api.now().unix);
            let request = match keys::request(&wanted, &private) {
                Ok(request) => request,
                Err(why) => return self.fail(key, certificate, &format!("Failed to create CSR: {why}"), desk),
            };
            let mut spec = json!({
                "issuerRef": certificate["spec"]["issuerRef"], "request": keys::encode(&request),
                "usages": certificate.pointer("/spec/usages").cloned()
                    .unwrap_or_else(|| json!(["digital signature", "key encipherment"])),
            });
            for field in ["duration", "isCA"] {
                if let Some(value) = certificate.pointer(&format!("/spec/{field}")) {
                    spec[field] = value.clone();
                }
            }
            let made = json!({
                "apiVersion": VERSION, "kind": "CertificateRequest",
                "metadata": {
                    "name": title, "namespace": place, "ownerReferences": [controlled_by(certificate)],
                    "annotations": {
                        "cert-manager.io/certificate-name": name(certificate),
                        "cert-manager.io/certificate-revision": revision.to_string(),
                        "cert-manager.io/private-key-secret-name": next,
                    },
                },
                "spec": spec,
            });
            desk.api.create(&REQUESTS, made, "cert-manager-certificates-request-manager")?;
            let said = format!("Created new CertificateRequest resource {title:?}");
            desk.normal(certificate, "cert-manager-certificates-request-manager", "Requested", &said);
            return Ok(());
        };
        if condition(&request, "Ready").is_some_and(|ready| text(ready, "/reason") == "Failed") {
            let why = text(condition(&request, "Ready").unwrap_or(&Value::Null), "/message").to_owned();
            desk.api.delete(&request_key, &Deletion::default())?;
            let why = format!("The certificate request has failed to complete and will be retried: {why}");
            return self.fail(key, certificate, &why, desk);
        }
        if !is_true(&request, "Ready") {
            return Ok(());
        }
        let private = value(desk.api, &SECRETS, place, &next, "tls.key");
        let Some(private) = private else {
            // Somebody took the key away: begin anew.
            return desk.api.delete(&request_key, &Deletion::default());
        };
        put_secret(certificate, &private, &request, desk)?;
        let next = Key::new(&SECRETS, place, &next);
        desk.api.delete(&next, &Deletion::default())?;
        desk.normal(certificate, COMPONENT, "Issuing", "The certificate has been successfully issued");
        let (from, until) = (text(&request, "/status/notBefore"), text(&request, "/status/notAfter"));
        let mut new = certificate.clone();
        let status = ensure(&mut new, &["status"]);
        status["revision"] = json!(revision);
        let now = desk.api.now().unix;
        let wanted = wanted(certificate, now);
        let life = wanted.until - wanted.from;
        let before = seconds(certificate, "/spec/renewBefore").filter(|before| *before < life).unwrap_or(life / 3);
        status["notBefore"] = json!(if from.is_empty() { rfc3339(wanted.from) } else { from.to_owned() });
        status["notAfter"] = json!(if until.is_empty() { rfc3339(wanted.until) } else { until.to_owned() });
        status["renewalTime"] = json!(rfc3339(wanted.until - before));
        let conditions = ensure(&mut new, &["status", "conditions"]);
        if let Some(conditions) = conditions.as_array_mut() {
            conditions.retain(|condition| text(condition, "/type") != "Issuing");
        }
        let told = "Certificate is up to date and has not expired";
        tell(&mut new, &Said { kind: "Ready", status: true, reason: "Ready", message: told }, desk);
        set(&mut new, &["status", "failedIssuanceAttempts"], None);
        self.renewals.remove(uid(certificate));
        write(key, new, desk)?;
        desk.again(key.clone());
        Ok(())
    }

    fn fail(&mut self, key: &Key, certificate: &Value, why: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        desk.warning(certificate, COMPONENT, "Failed", why);
        let mut new = certificate.clone();
        tell(&mut new, &Said { kind: "Issuing", status: false, reason: "Failed", message: why }, desk);
        let attempts = integer(certificate, "/status/failedIssuanceAttempts").unwrap_or_default() + 1;
        *ensure(&mut new, &["status", "failedIssuanceAttempts"]) = json!(attempts);
        *ensure(&mut new, &["status", "lastFailureTime"]) = json!(desk.timestamp());
        let wait = BACK_OFF.saturating_mul(1 << attempts.clamp(1, 6).saturating_sub(1));
        self.renewals.insert(uid(certificate).to_owned(), desk.api.now().millis.saturating_add(wait));
        desk.again_after(wait, key.clone());
        write(key, new, desk)
    }
}

/// Writes the Secret of the kind `kubernetes.io/tls`.
fn put_secret(certificate: &Value, private: &str, request: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let (place, title) = (namespace(certificate), text(certificate, "/spec/secretName"));
    let key = Key::new(&SECRETS, place, title);
    let before = desk.api.get(&key);
    let mut made =
        before.as_ref().map_or_else(|| secret(title, place, "kubernetes.io/tls", &[]), |before| Value::clone(before));
    *ensure(&mut made, &["data", "tls.crt"]) = request["status"]["certificate"].clone();
    *ensure(&mut made, &["data", "tls.key"]) = json!(keys::encode(private));
    match request.pointer("/status/ca").filter(|ca| !ca.is_null()) {
        Some(ca) => *ensure(&mut made, &["data", "ca.crt"]) = ca.clone(),
        None => set(&mut made, &["data", "ca.crt"], None),
    }
    for (mark, value) in marks(certificate) {
        *ensure(&mut made, &["metadata", "annotations", &format!("cert-manager.io/{mark}")]) = json!(value);
    }
    *ensure(&mut made, &["metadata", "labels", "controller.cert-manager.io/fao"]) = json!("true");
    for part in ["labels", "annotations"] {
        let stated = certificate.pointer(&format!("/spec/secretTemplate/{part}")).and_then(Value::as_object);
        for (key, value) in stated.into_iter().flatten() {
            *ensure(&mut made, &["metadata", part, key]) = value.clone();
        }
    }
    match before {
        None => desk.api.create(&SECRETS, made, MANAGER)?,
        Some(_) => desk.api.update(&SECRETS, "", made, MANAGER)?,
    };
    Ok(())
}
