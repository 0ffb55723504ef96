//! ServiceAccount: every Pod runs as an account that is there, with a token of it where the API can be asked.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Request, Verb};
use crate::object::{at, has, items, items_mut, set, text};
use crate::status::Refusal;
use crate::view::View;

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME: &str = "kube-api-access-";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Whether a Pod stands for one that a node runs by itself, which is to stay as it is.
fn is_mirror(pod: &Value) -> bool {
    has(at(at(pod, "metadata"), "annotations"), MIRROR)
}

fn account(view: &dyn View, request: &Request<'_>, pod: &Value, name: &str) -> Result<Arc<Value>, Refusal> {
    let namespace = request.namespace;
    view.get("/serviceaccounts", namespace, name).ok_or_else(|| {
        let why = format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        request.forbidden(Some(pod), &why)
    })
}

/// Gives a new Pod its account, the account's token as a volume, and the secrets that images are pulled with.
pub(super) fn admit(view: &dyn View, request: &Request<'_>, pod: &mut Value) -> Result<(), Refusal> {
    if !request.is("", "pods") || request.verb != Verb::Create || is_mirror(pod) {
        return Ok(());
    }
    let name = match text(at(pod, "spec"), "serviceAccountName") {
        "" => "default".to_owned(),
        name => name.to_owned(),
    };
    let account = account(view, request, pod, &name)?;
    let suffix = suffix(request.namespace, at(pod, "metadata"));
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(()) };
    set(spec, "serviceAccountName", name.as_str());
    set(spec, "serviceAccount", name.as_str());
    let automount = [at(spec, "automountServiceAccountToken"), at(&account, "automountServiceAccountToken")];
    if automount.into_iter().find_map(Value::as_bool).unwrap_or(true) {
        mount(spec, &suffix);
    }
    let secrets = items(&account, "imagePullSecrets");
    if items(spec, "imagePullSecrets").is_empty() && !secrets.is_empty() {
        set(spec, "imagePullSecrets", secrets);
    }
    Ok(())
}

/// The end of a generated name: as if by chance, and yet the same for a Pod of the same name.
fn suffix(namespace: &str, metadata: &Value) -> String {
    // What upstream generates names of: no vowels, nor what looks like one another.
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let named = [text(metadata, "name"), text(metadata, "generateName")];
    let digest = Sha256::digest(format!("{namespace} {} {}", named[0], named[1]));
    digest.iter().take(5).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// Mounts the token in every container that has nothing at its path.
fn mount(spec: &mut Value, suffix: &str) {
    let mut volumes = items(spec, "volumes").iter().map(|volume| text(volume, "name"));
    let existing = volumes.find(|name| name.starts_with(VOLUME)).map(str::to_owned);
    let is_new = existing.is_none();
    let name = existing.unwrap_or_else(|| format!("{VOLUME}{suffix}"));
    let mut is_needed = false;
    for list in ["initContainers", "containers"] {
        for container in items_mut(spec, list) {
            if items(container, "volumeMounts").iter().any(|mount| text(mount, "mountPath") == MOUNT_PATH) {
                continue;
            }
            is_needed = true;
            push(container, "volumeMounts", json!({"mountPath": MOUNT_PATH, "name": name, "readOnly": true}));
        }
    }
    if is_new && is_needed {
        let sources = json!([
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [
                {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
        ]);
        push(spec, "volumes", json!({"name": name, "projected": {"defaultMode": 420, "sources": sources}}));
    }
}

fn push(object: &mut Value, list: &str, item: Value) {
    match object.get_mut(list).and_then(Value::as_array_mut) {
        Some(items) => items.push(item),
        None => set(object, list, vec![item]),
    }
}

/// Refuses a Pod that uses Secrets which its account, being strict about that, does not list.
pub(super) fn check(view: &dyn View, request: &Request<'_>, pod: &Value) -> Result<(), Refusal> {
    if !request.is("", "pods") || request.verb != Verb::Create {
        return Ok(());
    }
    let spec = at(pod, "spec");
    if is_mirror(pod) {
        let secret = items(spec, "volumes").iter().any(|volume| has(volume, "secret"));
        return match (text(spec, "serviceAccountName"), secret) {
            ("", false) => Ok(()),
            ("", true) => Err(request.forbidden(Some(pod), "a mirror pod may not reference secrets")),
            _ => Err(request.forbidden(Some(pod), "a mirror pod may not reference service accounts")),
        };
    }
    let account = account(view, request, pod, text(spec, "serviceAccountName"))?;
    let strict = text(at(at(&account, "metadata"), "annotations"), "kubernetes.io/enforce-mountable-secrets");
    match matches!(strict, "1" | "t" | "T" | "true" | "TRUE" | "True") {
        true => secrets(spec, &account).map_err(|why| request.forbidden(Some(pod), &why)),
        false => Ok(()),
    }
}

/// What a Pod uses beyond the Secrets of its account.
fn secrets(spec: &Value, account: &Value) -> Result<(), String> {
    let owner = text(at(account, "metadata"), "name");
    let listed = |list: &str, name: &str| items(account, list).iter().any(|secret| text(secret, "name") == name);
    let wrong = |what: String, kind: &str| {
        Err(format!("{what} is not allowed because service account {owner} does not reference that {kind}"))
    };
    for volume in items(spec, "volumes") {
        let name = text(at(volume, "secret"), "secretName");
        if has(volume, "secret") && !listed("secrets", name) {
            return wrong(format!("volume with secret.secretName={name:?}"), "secret");
        }
    }
    for (list, kind) in [("initContainers", "init container"), ("containers", "container")] {
        for container in items(spec, list) {
            let of = text(container, "name");
            for variable in items(container, "env") {
                let reference = at(at(variable, "valueFrom"), "secretKeyRef");
                let (env, name) = (text(variable, "name"), text(reference, "name"));
                if !reference.is_null() && !listed("secrets", name) {
                    return wrong(
                        format!("{kind} {of} with envVar {env} referencing secret.secretName={name:?}"),
                        "secret",
                    );
                }
            }
        }
    }
    for (index, secret) in items(spec, "imagePullSecrets").iter().enumerate() {
        let name = text(secret, "name");
        if !listed("imagePullSecrets", name) {
            return wrong(format!("imagePullSecrets[{index}].name={name:?}"), "imagePullSecret");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::testing::{name, request, resource};
    use super::*;
    use crate::object::flag;
    use crate::view::testing::Objects;

    fn has_token(pod: &Value) -> bool {
        let volumes = items(at(pod, "spec"), "volumes");
        let mounted = items(at(pod, "spec"), "containers").iter().all(|container| {
            let mounts = items(container, "volumeMounts");
            mounts.iter().any(|mount| text(mount, "name").starts_with(VOLUME) && flag(mount, "readOnly"))
        });
        volumes.iter().any(|volume| text(volume, "name").len() == VOLUME.len() + 5) && mounted
    }

    #[test]
    fn pods_have_accounts() {
        let mut view = Objects::default();
        view.add("/serviceaccounts", json!({"metadata": {"name": "default", "namespace": "a"}}));
        view.add(
            "/serviceaccounts",
            json!({"metadata": {"name": "quiet", "namespace": "a"}, "automountServiceAccountToken": false,
                "imagePullSecrets": [{"name": "pull"}]}),
        );
        view.add(
            "/serviceaccounts",
            json!({"metadata": {"name": "strict", "namespace": "a",
                "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}, "secrets": [{"name": "s"}]}),
        );
        let pods = resource("", "v1", "pods");
        let container = json!([{"name": "c"}]);
        let cases = [
            (json!({"containers": container}), Ok(("default", true))),
            (json!({"containers": container, "automountServiceAccountToken": false}), Ok(("default", false))),
            (json!({"containers": container, "serviceAccountName": "quiet"}), Ok(("quiet", false))),
            (
                json!({"containers": container, "serviceAccountName": "quiet", "automountServiceAccountToken": true}),
                Ok(("quiet", true)),
            ),
            (
                json!({"containers": container, "serviceAccountName": "no"}),
                Err("pods \"p\" is forbidden: error looking up service account a/no: serviceaccount \"no\" not found"),
            ),
            (
                json!({"containers": container, "serviceAccountName": "strict",
                    "volumes": [{"name": "v", "secret": {"secretName": "t"}}]}),
                Err(
                    "pods \"p\" is forbidden: volume with secret.secretName=\"t\" is not allowed because service account strict does not reference that secret",
                ),
            ),
        ];
        for (spec, expect) in cases {
            let mut pod = json!({"metadata": {"name": "p"}, "spec": spec});
            let request = request(Verb::Create, &pods, "");
            let found = admit(&view, &request, &mut pod).and_then(|()| check(&view, &request, &pod));
            assert_eq!(name(&pod), "p");
            let found = found.map(|()| (text(&pod["spec"], "serviceAccount"), has_token(&pod)));
            assert_eq!(found.map_err(|refusal| refusal.message), expect.map_err(str::to_owned), "{spec}");
        }
    }

    #[test]
    fn what_is_mounted_at_the_path_stays() {
        let mut view = Objects::default();
        view.add("/serviceaccounts", json!({"metadata": {"name": "default", "namespace": "a"}}));
        let pods = resource("", "v1", "pods");
        let own = json!([{"name": "own", "mountPath": MOUNT_PATH}]);
        let mut pod = json!({"spec": {"containers": [{"name": "c", "volumeMounts": own}]}});
        admit(&view, &request(Verb::Create, &pods, ""), &mut pod).unwrap();
        assert_eq!(pod["spec"]["containers"][0]["volumeMounts"], own);
        assert!(!has(&pod["spec"], "volumes"));
    }
}
