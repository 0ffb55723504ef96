//! What the webhooks of known programs refuse, held against requests as those programs would hold them.
//!
//! ingress-nginx refuses a host and a path that another Ingress of its class has; cert-manager refuses issuers and
//! certificates that lack what they must say; external-secrets refuses stores and ExternalSecrets likewise. All other
//! webhooks let everything through.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::{Request, Verb};
use crate::controllers::programs::image_name;
use crate::object::{at, entries, has, items, text};
use crate::status::Refusal;
use crate::view::View;

/// A request that a webhook denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denied {
    code: StatusCode,
    reason: &'static str,
    why: String,
}

impl Denied {
    /// As controller-runtime's webhooks deny.
    fn forbidden(why: impl Into<String>) -> Self {
        Self { code: StatusCode::FORBIDDEN, reason: "Forbidden", why: why.into() }
    }

    /// As the API server tells it.
    pub(super) fn into_refusal(self, hook: &str) -> Refusal {
        let message = format!("admission webhook {hook:?} denied the request: {}", self.why);
        Refusal::new(self.code, self.reason, message)
    }
}

/// What the program behind a webhook says of a request.
pub(super) fn review(
    view: &dyn View,
    request: &Request<'_>,
    hook: &Value,
    object: Option<&Value>,
) -> Result<(), Denied> {
    let (Some(object), Verb::Create | Verb::Update) = (object, request.verb) else { return Ok(()) };
    let known = ["networking.k8s.io", "cert-manager.io", "external-secrets.io"];
    if !request.subresource.is_empty() || !known.contains(&request.resource.group.as_str()) {
        return Ok(());
    }
    let service = at(at(hook, "clientConfig"), "service");
    let images = images_behind(view, text(service, "namespace"), text(service, "name"));
    let runs = |image: &str| images.iter().any(|known| known == image);
    let plural = request.resource.plural.as_str();
    let found = match (request.resource.group.as_str(), plural) {
        ("networking.k8s.io", "ingresses") if runs("controller") => return ingress(view, request, object),
        ("cert-manager.io", "issuers" | "clusterissuers") if runs("cert-manager-webhook") => issuer(at(object, "spec")),
        ("cert-manager.io", "certificates") if runs("cert-manager-webhook") => certificate(at(object, "spec")),
        ("external-secrets.io", "secretstores" | "clustersecretstores") if runs("external-secrets") => {
            store(at(object, "spec"))
        }
        ("external-secrets.io", "externalsecrets") if runs("external-secrets") => external(at(object, "spec")),
        _ => Vec::new(),
    };
    match found.as_slice() {
        [] => Ok(()),
        [one] => Err(Denied::forbidden(one.as_str())),
        many => Err(Denied::forbidden(format!("[{}]", many.join(", ")))),
    }
}

/// What the Pods behind a Service run.
fn images_behind(view: &dyn View, namespace: &str, service: &str) -> Vec<String> {
    let Some(service) = view.get("/services", namespace, service) else { return Vec::new() };
    let wanted: Vec<(&str, &Value)> = entries(at(&service, "spec"), "selector").collect();
    let behind = |deployment: &Arc<Value>| {
        let template = at(at(deployment, "spec"), "template");
        let labels = at(at(template, "metadata"), "labels");
        let is = !wanted.is_empty() && wanted.iter().all(|(key, value)| at(labels, key) == *value);
        let containers = if is { items(at(template, "spec"), "containers") } else { &[] };
        containers.iter().map(|container| image_name(text(container, "image")).to_owned()).collect::<Vec<_>>()
    };
    view.list("apps/deployments", namespace).iter().flat_map(behind).collect()
}

/// The class of an Ingress.
fn class(ingress: &Value) -> &str {
    match text(at(ingress, "spec"), "ingressClassName") {
        "" => text(at(at(ingress, "metadata"), "annotations"), "kubernetes.io/ingress.class"),
        class => class,
    }
}

/// The hosts and paths of an Ingress.
fn routes(ingress: &Value) -> Vec<(&str, &str)> {
    let rules = items(at(ingress, "spec"), "rules").iter();
    rules
        .flat_map(|rule| {
            let paths = items(at(rule, "http"), "paths").iter();
            paths.map(|path| {
                (
                    text(rule, "host"),
                    match text(path, "path") {
                        "" => "/",
                        path => path,
                    },
                )
            })
        })
        .collect()
}

/// ingress-nginx: one Ingress for a host and a path, but for canaries.
fn ingress(view: &dyn View, request: &Request<'_>, object: &Value) -> Result<(), Denied> {
    let is_canary = |ingress: &Value| {
        text(at(at(ingress, "metadata"), "annotations"), "nginx.ingress.kubernetes.io/canary") == "true"
    };
    let played = view.get("networking.k8s.io/ingressclasses", "", class(object));
    if is_canary(object) || played.is_none_or(|class| text(at(&class, "spec"), "controller") != "k8s.io/ingress-nginx")
    {
        return Ok(());
    }
    let own = routes(object);
    for other in view.list("networking.k8s.io/ingresses", "") {
        let metadata = at(&other, "metadata");
        let (place, name) = (text(metadata, "namespace"), text(metadata, "name"));
        let same = place == request.namespace && name == request.name;
        if same || class(&other) != class(object) || is_canary(&other) || has(metadata, "deletionTimestamp") {
            continue;
        }
        if let Some((host, path)) = routes(&other).into_iter().find(|route| own.contains(route)) {
            let host = if host.is_empty() { "_" } else { host };
            let why = format!("host {host:?} and path {path:?} is already defined in ingress {place}/{name}");
            return Err(Denied { code: StatusCode::BAD_REQUEST, reason: "BadRequest", why });
        }
    }
    Ok(())
}

fn required(at: &str, why: &str) -> String {
    format!("{at}: Required value: {why}")
}

/// cert-manager: exactly one type, and what an account needs.
fn issuer(spec: &Value) -> Vec<String> {
    let kinds = ["acme", "ca", "selfSigned", "vault", "venafi"];
    let stated: Vec<&str> = kinds.into_iter().filter(|kind| has(spec, kind)).collect();
    let mut wrong: Vec<String> = stated
        .iter()
        .skip(1)
        .map(|kind| format!("spec.{kind}: Forbidden: may not specify more than one issuer type"))
        .collect();
    if stated.is_empty() {
        wrong.push(required("spec", "at least one issuer must be configured"));
    }
    let acme = at(spec, "acme");
    if stated.contains(&"acme") {
        if text(acme, "server").is_empty() {
            wrong.push(required("spec.acme.server", "acme server URL is a required field"));
        }
        if text(at(acme, "privateKeySecretRef"), "name").is_empty() {
            let field = "spec.acme.privateKeySecretRef.name";
            wrong.push(required(field, "private key secret name is a required field"));
        }
        for (index, solver) in items(acme, "solvers").iter().enumerate() {
            if !has(solver, "http01") && !has(solver, "dns01") {
                wrong.push(required(&format!("spec.acme.solvers[{index}]"), "no solver type configured"));
            }
        }
    }
    if stated.contains(&"ca") && text(at(spec, "ca"), "secretName").is_empty() {
        wrong.push(required("spec.ca.secretName", ""));
    }
    wrong
}

/// cert-manager: where to put it, whom to ask, and for what.
fn certificate(spec: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if text(spec, "secretName").is_empty() {
        wrong.push(required("spec.secretName", "must be specified"));
    }
    if text(at(spec, "issuerRef"), "name").is_empty() {
        wrong.push(required("spec.issuerRef.name", "must be specified"));
    }
    let names = ["dnsNames", "uris", "ipAddresses", "emailAddresses", "otherNames"];
    let named = !text(spec, "commonName").is_empty() || !text(spec, "literalSubject").is_empty();
    if !named && names.iter().all(|field| items(spec, field).is_empty()) {
        wrong.push(
            "spec: Invalid value: \"\": at least one of commonName (from the commonName field or from a \
             literalSubject), dnsNames, uriSANs, ipAddresses, emailSANs or otherNames must be set"
                .to_owned(),
        );
    }
    wrong
}

/// external-secrets: exactly one provider.
fn store(spec: &Value) -> Vec<String> {
    let providers = entries(spec, "provider").filter(|(_, provider)| !provider.is_null()).count();
    match providers {
        1 => Vec::new(),
        count => vec![format!("secret stores must only have exactly one backend specified, found {count}")],
    }
}

/// external-secrets: something to fetch, and policies that fit each other.
fn external(spec: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let target = at(spec, "target");
    let (creation, deletion) = (text(target, "creationPolicy"), text(target, "deletionPolicy"));
    if deletion == "Delete" && !matches!(creation, "" | "Owner") {
        wrong.push(
            "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set \
             creationPolicy=Owner"
                .to_owned(),
        );
    }
    if deletion == "Merge" && creation == "None" {
        wrong.push(
            "deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with"
                .to_owned(),
        );
    }
    if items(spec, "data").is_empty() && items(spec, "dataFrom").is_empty() {
        wrong.push("either data or dataFrom should be specified".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::registry::{Registry, Resource};
    use crate::view::testing::Objects;

    /// A resource that a definition made.
    fn custom(group: &str, plural: &str) -> Arc<Resource> {
        let mut registry = Registry::new();
        let names = json!({"plural": plural, "singular": plural, "kind": plural, "listKind": format!("{plural}List")});
        registry.define(&json!({
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced", "names": names,
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
            },
            "status": {"acceptedNames": names, "conditions": [
                {"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"},
            ]},
        }));
        Arc::clone(registry.find(group, "v1", plural).unwrap())
    }

    /// A view with a program behind the Service `hook` of namespace `h`.
    fn behind(image: &str) -> Objects {
        let mut view = Objects::default();
        let service = json!({"metadata": {"name": "hook", "namespace": "h"}, "spec": {"selector": {"app": "w"}}});
        view.add("/services", service);
        view.add("apps/deployments", json!({
            "metadata": {"name": "w", "namespace": "h"},
            "spec": {"template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"image": image}]}}},
        }));
        view
    }

    #[test]
    fn what_is_incomplete_is_denied_by_the_program_that_would() {
        let hook = json!({"clientConfig": {"service": {"name": "hook", "namespace": "h"}}});
        let manager = "quay.io/jetstack/cert-manager-webhook:v1.20.0";
        let secrets = "ghcr.io/external-secrets/external-secrets:v2.9.0";
        let cases = [
            (
                manager,
                "cert-manager.io",
                "issuers",
                json!({}),
                "spec: Required value: at least one issuer must be configured",
            ),
            ("example.com/other:v1", "cert-manager.io", "issuers", json!({}), ""),
            (manager, "cert-manager.io", "issuers", json!({"selfSigned": {}}), ""),
            (
                manager,
                "cert-manager.io",
                "clusterissuers",
                json!({"acme": {"server": "s", "privateKeySecretRef": {"name": "k"}}, "ca": {"secretName": "c"}}),
                "spec.ca: Forbidden: may not specify more than one issuer type",
            ),
            (
                manager,
                "cert-manager.io",
                "certificates",
                json!({"dnsNames": ["a"]}),
                "[spec.secretName: Required value: must be specified, spec.issuerRef.name: Required value: must be specified]",
            ),
            (
                secrets,
                "external-secrets.io",
                "secretstores",
                json!({"provider": {}}),
                "secret stores must only have exactly one backend specified, found 0",
            ),
            (
                secrets,
                "external-secrets.io",
                "externalsecrets",
                json!({}),
                "either data or dataFrom should be specified",
            ),
            (secrets, "external-secrets.io", "externalsecrets", json!({"data": [{}]}), ""),
        ];
        for (image, group, plural, spec, expected) in cases {
            let resource = custom(group, plural);
            let asked = request(Verb::Create, &resource, "x");
            let denied = review(&behind(image), &asked, &hook, Some(&json!({"spec": spec}))).err();
            assert_eq!(denied.map(|denied| denied.why).unwrap_or_default(), expected, "{plural} {spec}");
        }
    }

    #[test]
    fn a_host_and_a_path_are_one_ingresss() {
        let hook = json!({"clientConfig": {"service": {"name": "hook", "namespace": "h"}}});
        let ingress = |name: &str, class: &str, host: &str, path: &str| {
            json!({
                "metadata": {"name": name, "namespace": "a"},
                "spec": {"ingressClassName": class, "rules": [{"host": host, "http": {"paths": [{"path": path}]}}]},
            })
        };
        let mut view = behind("registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:00");
        let controller = json!({"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}});
        view.add("networking.k8s.io/ingressclasses", controller);
        view.add("networking.k8s.io/ingresses", ingress("one", "nginx", "app", "/"));
        let resource = resource("networking.k8s.io", "v1", "ingresses");
        let cases = [
            (ingress("two", "nginx", "app", "/"), "host \"app\" and path \"/\" is already defined in ingress a/one"),
            (ingress("two", "nginx", "app", ""), "host \"app\" and path \"/\" is already defined in ingress a/one"),
            (ingress("two", "nginx", "app", "/x"), ""),
            (ingress("two", "other", "app", "/"), ""),
            (ingress("one", "nginx", "app", "/"), ""),
        ];
        for (object, expected) in cases {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let denied = review(&view, &request(Verb::Create, &resource, &name), &hook, Some(&object)).err();
            let refusal = denied.map(|denied| denied.into_refusal("v").message).unwrap_or_default();
            let head = "admission webhook \"v\" denied the request: ";
            assert_eq!(refusal.trim_start_matches(head), expected, "{object}");
        }
    }
}
