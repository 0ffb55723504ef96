//! What a container's program does to its cluster, for a program whose doing other Pods wait for.
//!
//! `kube-webhook-certgen` makes the Secret that an admission webhook's server mounts, and tells webhook
//! configurations its authority; charts run it before and after they install the server.

use base64::Engine;
use serde_json::{Value, json};

use super::SECRETS;
use crate::controllers::Desk;
use crate::controllers::api::{Key, Resource};
use crate::controllers::object::{items, namespace, text};
use crate::status::Refusal;

const MANAGER: &str = "kube-webhook-certgen";
const GROUP: &str = "admissionregistration.k8s.io";

/// Does what the containers of a Pod that ended well did.
pub(super) fn run(pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for container in items(pod, "/spec/containers") {
        let image = text(container, "/image");
        let program = image.split('@').next().unwrap_or(image).rsplit('/').next().unwrap_or(image);
        if program.split(':').next() == Some("kube-webhook-certgen") {
            certgen(pod, container, desk)?;
        }
    }
    Ok(())
}

fn certgen(pod: &Value, container: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let all: Vec<&str> =
        items(container, "/command").iter().chain(items(container, "/args")).filter_map(Value::as_str).collect();
    let option = |name: &str| {
        let inline = all.iter().find_map(|argument| argument.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='));
        let apart = all.iter().position(|argument| argument.strip_prefix("--") == Some(name));
        inline.or_else(|| apart.and_then(|at| all.get(at + 1).copied())).unwrap_or_default()
    };
    let title = option("secret-name");
    let place = match option("namespace") {
        "" | "$(POD_NAMESPACE)" => namespace(pod),
        stated => stated,
    };
    let key = Key::new(&SECRETS, place, title);
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    if all.contains(&"create") && !title.is_empty() && desk.api.get(&key).is_none() {
        // Nobody shakes hands with these: webhooks whose Service has endpoints are taken to let all through.
        let authority = encode(&desk.api.authority());
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": title, "namespace": place}, "type": "Opaque",
            "data": {"ca": authority, "cert": authority, "key": encode(&format!("{:016x}", desk.api.random()))},
        });
        desk.api.create(&SECRETS, secret, MANAGER)?;
    }
    let webhook = option("webhook-name");
    if all.contains(&"patch") && !webhook.is_empty() {
        let authority = desk.api.get(&key).map(|secret| text(&secret, "/data/ca").to_owned()).unwrap_or_default();
        for (plural, option_name) in [
            ("validatingwebhookconfigurations", "patch-validating"),
            ("mutatingwebhookconfigurations", "patch-mutating"),
        ] {
            let key = Key::new(&Resource::of(GROUP, plural), "", webhook);
            let Some((before, mut hooks)) = crate::controllers::fetch(desk, &key) else { continue };
            if option(option_name) == "false" || authority.is_empty() {
                continue;
            }
            for hook in hooks.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten() {
                hook["clientConfig"]["caBundle"] = json!(authority);
                if !option("patch-failure-policy").is_empty() {
                    hook["failurePolicy"] = json!(option("patch-failure-policy"));
                }
            }
            if hooks != *before {
                desk.api.update(&key.resource, "", hooks, MANAGER)?;
            }
        }
    }
    Ok(())
}
