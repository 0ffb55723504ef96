//! Issuers: accounts are registered, keys are looked at.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Program, RETRY, SECRETS, Said, keys, secret, secrets_of, tell, write};
use crate::controllers::Desk;
use crate::controllers::api::Key;
use crate::controllers::object::{ensure, is_true, text, truth};
use crate::controllers::programs::value;
use crate::status::Refusal;

/// Brings an issuer up to date.
pub(super) fn look(key: &Key, issuer: &Value, program: &Program, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut new = issuer.clone();
    let place = secrets_of(issuer, program);
    let outcome = if issuer.pointer("/spec/acme").is_some() {
        account(issuer, &mut new, &place, desk)?
    } else if issuer.pointer("/spec/ca").is_some() {
        let title = text(issuer, "/spec/ca/secretName");
        match pair(&place, title, desk) {
            Some(_) => Ok(("KeyPairVerified", "Signing CA verified".to_owned())),
            None if desk.api.get(&Key::new(&SECRETS, &place, title)).is_none() => {
                Err(("ErrGetKeyPair", format!("Error getting keypair for CA issuer: secret {title:?} not found")))
            }
            None => Err((
                "ErrInvalidKeyPair",
                format!("Error getting keypair for CA issuer: no data for \"tls.key\" in secret '{place}/{title}'"),
            )),
        }
    } else if issuer.pointer("/spec/selfSigned").is_some() {
        Ok(("IsReady", String::new()))
    } else {
        Err(("NotPlayed", "only the issuers acme, ca and selfSigned are played here".to_owned()))
    };
    let was_ready = is_true(issuer, "Ready");
    let (ready, (reason, message)) = match outcome {
        Ok(told) => (true, told),
        Err(told) => (false, told),
    };
    tell(&mut new, &Said { kind: "Ready", status: ready, reason, message: &message }, desk);
    write(key, new, desk)?;
    if !ready {
        desk.warning(issuer, "cert-manager-clusterissuers", reason, &message);
        desk.again_after(RETRY, key.clone());
    } else if !was_ready && reason == "KeyPairVerified" {
        desk.normal(issuer, "cert-manager-issuers", reason, &message);
    }
    Ok(())
}

type Told = Result<(&'static str, String), (&'static str, String)>;

/// Registers an account with its server, under a key that is made if it is not there.
fn account(issuer: &Value, new: &mut Value, place: &str, desk: &mut Desk<'_>) -> Result<Told, Refusal> {
    let acme = &issuer["spec"]["acme"];
    let (server, title) = (text(acme, "/server"), text(acme, "/privateKeySecretRef/name"));
    let field = match text(acme, "/privateKeySecretRef/key") {
        "" => "tls.key",
        stated => stated,
    };
    if desk.api.get(&Key::new(&SECRETS, place, title)).is_none() {
        if truth(acme, "/disableAccountKeyGeneration") {
            let why = format!(
                "the ACME issuer config has 'disableAccountKeyGeneration' set to true, but the secret was not found: secret {title:?} not found"
            );
            return Ok(Err(("ErrVerifyACMEAccount", why)));
        }
        let made = keys::generate().map_err(Refusal::internal)?;
        desk.api.create(&SECRETS, secret(title, place, "Opaque", &[(field, &made)]), "cert-manager")?;
    }
    let Some(key) = value(desk.api, &SECRETS, place, title, field) else {
        let why = format!("no data for {field:?} in secret '{place}/{title}'");
        return Ok(Err(("ErrVerifyACMEAccount", why)));
    };
    if let Err(why) = desk.api.certify(server, None) {
        let why = format!("Failed to register ACME account: Get {server:?}: {why}");
        return Ok(Err(("ErrRegisterACMEAccount", why)));
    }
    let hash = Sha256::digest(key.as_bytes());
    let number = hash.iter().take(4).fold(0_u64, |sum, byte| sum * 256 + u64::from(*byte));
    let host = url::Url::parse(server).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let mut told = json!({
        "uri": format!("https://{host}/acme/acct/{number}"),
        "lastPrivateKeyHash": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash),
    });
    if !text(acme, "/email").is_empty() {
        told["lastRegisteredEmail"] = acme["email"].clone();
    }
    *ensure(new, &["status", "acme"]) = told;
    Ok(Ok(("ACMEAccountRegistered", "The ACME account was registered with the ACME server".to_owned())))
}

/// The certificate and the key of an authority's Secret.
pub(super) fn pair(place: &str, title: &str, desk: &Desk<'_>) -> Option<(String, String)> {
    let part = |field: &str| value(&*desk.api, &SECRETS, place, title, field).filter(|value| !value.is_empty());
    Some((part("tls.crt")?, part("tls.key")?))
}
