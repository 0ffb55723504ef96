//! Authorities in webhook configurations, definitions and APIs, so that the API server trusts who answers there:
//! cert-manager's cainjector and webhook, and those that external-secrets has for itself.

use serde_json::{Value, json};

use super::{CERTIFICATES, SECRETS, keys, secret};
use crate::controllers::api::{Change, Key, Resource};
use crate::controllers::definition::DEFINITIONS;
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::object::{annotation, ensure, fields, label, text};
use crate::controllers::programs::{Program, image_name, is_up, value};
use crate::controllers::{Controller, Desk, Picks};
use crate::status::Refusal;

const GROUP: &str = "admissionregistration.k8s.io";
const VALIDATING: Resource = Resource::of(GROUP, "validatingwebhookconfigurations");
const MUTATING: Resource = Resource::of(GROUP, "mutatingwebhookconfigurations");
const API_SERVICES: Resource = Resource::of("apiregistration.k8s.io", "apiservices");
const ALL: [Resource; 4] = [VALIDATING, MUTATING, DEFINITIONS, API_SERVICES];
const CAINJECTOR: &str = "cert-manager-cainjector";
const WEBHOOK: &str = "cert-manager-webhook";
const EXTERNAL_SECRETS: &str = "external-secrets";

/// Fills in `caBundle`.
#[derive(Debug)]
pub(in crate::controllers) struct Injector;

/// Whether a Deployment's Pods run one of the programs.
fn is_of_us(deployment: &Value) -> bool {
    let containers = crate::controllers::object::items(deployment, "/spec/template/spec/containers");
    let known = [CAINJECTOR, WEBHOOK, EXTERNAL_SECRETS];
    containers.iter().any(|container| known.contains(&image_name(text(container, "/image"))))
}

/// Whether anybody is asked to fill this object in.
fn is_asked(object: &Value) -> bool {
    let noted = |key: &str| annotation(object, &format!("cert-manager.io/inject-{key}")).is_some();
    noted("ca-from") || noted("ca-from-secret") || noted("apiserver-ca") || is_external(object)
}

/// Whether external-secrets' own controller fills it in.
fn is_external(object: &Value) -> bool {
    label(object, "external-secrets.io/component") == Some("webhook")
        || label(object, "external-secrets.io/component") == Some("controller")
}

impl Controller for Injector {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if ALL.contains(&change.resource) {
            if is_asked(object) {
                picks.add(Key::to(&change.resource, object));
            }
            return;
        }
        let matters = match &change.resource {
            resource if *resource == DEPLOYMENTS => is_of_us(object),
            // Authorities are in Secrets of these sorts.
            resource if *resource == SECRETS => {
                ["kubernetes.io/tls", "Opaque"].contains(&text(object, "/type"))
                    && fields(object, "/data").is_some_and(|data| data.contains_key("ca.crt"))
            }
            _ => false,
        };
        if !matters {
            return;
        }
        if change.resource == DEPLOYMENTS && change.new.is_some() {
            picks.add(Key::to(&DEPLOYMENTS, object));
        }
        for resource in ALL {
            for found in picks.api.list(&resource, None).iter().filter(|found| is_asked(found)) {
                picks.add(Key::to(&resource, found));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(object) = desk.api.get(key) else { return Ok(()) };
        if key.resource == DEPLOYMENTS {
            return make_authority(&object, desk);
        }
        let Some(bundle) = bundle(&object, desk) else { return Ok(()) };
        let bundle = json!(keys::encode(&bundle));
        let mut new = Value::clone(&object);
        if key.resource == API_SERVICES {
            *ensure(&mut new, &["spec", "caBundle"]) = bundle;
        } else if key.resource == DEFINITIONS {
            if new.pointer("/spec/conversion/webhook").is_none() {
                return Ok(());
            }
            *ensure(&mut new, &["spec", "conversion", "webhook", "clientConfig", "caBundle"]) = bundle;
        } else {
            for hook in new.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten() {
                hook["clientConfig"]["caBundle"] = bundle.clone();
            }
        }
        if new != *object {
            desk.api.update(&key.resource, "", new, CAINJECTOR)?;
        }
        Ok(())
    }
}

/// The authority that an object is to trust, if whoever fills it in runs.
fn bundle(object: &Value, desk: &Desk<'_>) -> Option<String> {
    let api = &*desk.api;
    if is_external(object) {
        let programs = Program::all(api, EXTERNAL_SECRETS);
        let program = programs.iter().find(|program| program.has("certcontroller"))?;
        let title = program.option("secret-name")?;
        let place = program.option("secret-namespace").unwrap_or(program.namespace());
        return value(api, &SECRETS, place, title, "ca.crt");
    }
    if Program::all(api, CAINJECTOR).is_empty() {
        return None;
    }
    let noted = |key: &str| annotation(object, &format!("cert-manager.io/inject-{key}"));
    if noted("apiserver-ca") == Some("true") {
        return Some(api.authority());
    }
    let (place, title) = match (noted("ca-from-secret"), noted("ca-from")) {
        (Some(secret), _) => secret.split_once('/').map(|(place, title)| (place.to_owned(), title.to_owned()))?,
        (_, Some(certificate)) => {
            let (place, title) = certificate.split_once('/')?;
            let certificate = api.get(&Key::new(&CERTIFICATES, place, title))?;
            (place.to_owned(), text(&certificate, "/spec/secretName").to_owned())
        }
        _ => return None,
    };
    value(api, &SECRETS, &place, &title, "ca.crt").filter(|bundle| !bundle.is_empty())
}

/// Makes the Secret that a webhook serves with, for programs that make their own.
fn make_authority(deployment: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if !is_up(deployment) {
        return Ok(());
    }
    let deployment = std::sync::Arc::new(deployment.clone());
    let (title, place, host) = if let Some(program) = Program::of(desk.api, &deployment, WEBHOOK) {
        let Some(title) = program.option("dynamic-serving-ca-secret-name") else { return Ok(()) };
        let place = program.option("dynamic-serving-ca-secret-namespace").unwrap_or(program.namespace());
        (title.to_owned(), place.to_owned(), WEBHOOK.to_owned())
    } else if let Some(program) =
        Program::of(desk.api, &deployment, EXTERNAL_SECRETS).filter(|program| program.has("certcontroller"))
    {
        let Some(title) = program.option("secret-name") else { return Ok(()) };
        let place = program.option("secret-namespace").unwrap_or(program.namespace());
        let host = program.option("service-name").unwrap_or_default();
        (title.to_owned(), place.to_owned(), host.to_owned())
    } else {
        return Ok(());
    };
    let key = Key::new(&SECRETS, &place, &title);
    let before = desk.api.get(&key);
    if before.as_ref().is_some_and(|held| fields(held, "/data").is_some_and(|data| data.contains_key("ca.crt"))) {
        return Ok(());
    }
    let now = desk.api.now().unix;
    let (authority, authority_key) = keys::authority(&format!("{host}-ca"), now).map_err(Refusal::internal)?;
    let data = match host == WEBHOOK {
        true => vec![("ca.crt", authority.as_str()), ("tls.crt", &authority), ("tls.key", &authority_key)],
        false => vec![("ca.crt", authority.as_str()), ("ca.key", &authority_key)],
    };
    let mut made = secret(&title, &place, "Opaque", &data);
    if host != WEBHOOK {
        let key = keys::generate().map_err(Refusal::internal)?;
        let wanted = keys::Wanted {
            common_name: host.clone(),
            names: vec![format!("{host}.{place}.svc"), format!("{host}.{place}.svc.cluster.local")],
            is_authority: false,
            from: now,
            until: now.saturating_add(10 * 365 * 86_400),
        };
        let signed = keys::signed(&wanted, &key, (&format!("{host}-ca"), &authority_key)).map_err(Refusal::internal)?;
        *ensure(&mut made, &["data", "tls.crt"]) = json!(keys::encode(&signed));
        *ensure(&mut made, &["data", "tls.key"]) = json!(keys::encode(&key));
    }
    let manager = if host == WEBHOOK { WEBHOOK } else { "external-secrets-cert-controller" };
    match before {
        None => desk.api.create(&SECRETS, made, manager)?,
        Some(before) => {
            let mut new = Value::clone(&before);
            new["data"] = made["data"].clone();
            desk.api.update(&SECRETS, "", new, manager)?
        }
    };
    Ok(())
}
