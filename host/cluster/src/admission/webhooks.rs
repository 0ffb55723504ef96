//! Webhooks: whom they are about, and what comes of calling them.
//!
//! No code runs in the cluster's Pods, so no webhook can be asked. One whose Service has no ready endpoint fails as it
//! would fail (by its `failurePolicy`); one that is ready is taken to let everything through as it is, but for what
//! the programs that are known here refuse (`played`). A webhook at a URL outside of the cluster is never reached.

use serde_json::Value;

use super::Request;
use super::matching::{conditions_hold, fails_open, is_exempt, namespace_of, rules_match, selected, variables};
use crate::object::{at, int, items, text};
use crate::status::Refusal;
use crate::view::View;

/// The key of those that may change objects.
pub(super) const MUTATING: &str = "admissionregistration.k8s.io/mutatingwebhookconfigurations";
/// The key of those that may refuse them.
pub(super) const VALIDATING: &str = "admissionregistration.k8s.io/validatingwebhookconfigurations";

/// Calls the webhooks of one sort that are about a request.
pub(super) fn call(
    view: &dyn View,
    request: &Request<'_>,
    sort: &str,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    if is_exempt(request) {
        return Ok(());
    }
    let configurations = view.list(sort, "");
    if configurations.is_empty() {
        return Ok(());
    }
    let namespace = namespace_of(view, request, object, old);
    for configuration in &configurations {
        for hook in items(configuration, "webhooks") {
            let about = rules_match(items(hook, "rules"), request, text(hook, "matchPolicy"))
                && selected(hook, request, namespace.as_deref(), object, old);
            if about {
                ask(view, request, hook, object, old)?;
            }
        }
    }
    Ok(())
}

fn ask(
    view: &dyn View,
    request: &Request<'_>,
    hook: &Value,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let name = text(hook, "name");
    match conditions_hold(hook, &variables(request, object, old)) {
        Ok(true) => {}
        Ok(false) => return Ok(()),
        Err(_) if fails_open(hook) => return Ok(()),
        Err(error) => return Err(request.forbidden(object.or(old), &error)),
    }
    if request.dry_run && !matches!(text(hook, "sideEffects"), "None" | "NoneOnDryRun") {
        return Err(Refusal::bad_request(format!("admission webhook {name:?} does not support dry run")));
    }
    match reach(view, hook) {
        Ok(()) => super::played::review(view, request, hook, object).map_err(|denied| denied.into_refusal(name)),
        Err(_) if fails_open(hook) => Ok(()),
        Err(why) => Err(Refusal::internal(format!("failed calling webhook {name:?}: failed to call webhook: {why}"))),
    }
}

/// Whether a webhook could be called; the error is that of the HTTP client.
fn reach(view: &dyn View, hook: &Value) -> Result<(), String> {
    let client = at(hook, "clientConfig");
    let seconds = int(hook, "timeoutSeconds").unwrap_or(10);
    let service = at(client, "service");
    if service.is_null() {
        let url = text(client, "url");
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        return Err(format!("Post \"{url}?timeout={seconds}s\": dial tcp: lookup {host}: no such host"));
    }
    let (namespace, name) = (text(service, "namespace"), text(service, "name"));
    let port = int(service, "port").unwrap_or(443);
    let path = match text(service, "path") {
        "" => "/",
        path => path,
    };
    let failed =
        |why: String| Err(format!("Post \"https://{name}.{namespace}.svc:{port}{path}?timeout={seconds}s\": {why}"));
    let Some(known) = view.get("/services", namespace, name) else {
        return failed(format!("service {name:?} not found"));
    };
    let spec = at(&known, "spec");
    if !items(spec, "ports").iter().any(|each| int(each, "port") == Some(port)) {
        return failed(format!("no service port {port} found for service {name:?}"));
    }
    match is_ready(view, namespace, name) && !view.loses_webhook() {
        true => Ok(()),
        false => failed(format!("dial tcp {}:{port}: connect: connection refused", text(spec, "clusterIP"))),
    }
}

/// Whether something answers behind a Service.
fn is_ready(view: &dyn View, namespace: &str, service: &str) -> bool {
    let slices = view.list("discovery.k8s.io/endpointslices", namespace);
    let of = |slice: &Value| text(at(at(slice, "metadata"), "labels"), "kubernetes.io/service-name") == service;
    let ready = |endpoint: &Value| *at(at(endpoint, "conditions"), "ready") != Value::Bool(false);
    slices.iter().filter(|slice| of(slice)).any(|slice| items(slice, "endpoints").iter().any(ready))
        || view.get("/endpoints", namespace, service).is_some_and(|endpoints| {
            items(&endpoints, "subsets").iter().any(|subset| !items(subset, "addresses").is_empty())
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::Verb;
    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    fn hook(more: &Value) -> Value {
        let mut hook = json!({"name": "v.example.com", "sideEffects": "None", "failurePolicy": "Fail",
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}],
            "clientConfig": {"service": {"name": "hook", "namespace": "h", "path": "/v"}}});
        let fields = hook.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        hook
    }

    #[test]
    fn calls() {
        let configmaps = resource("", "v1", "configmaps");
        let failed = |why: &str| {
            let url = "Post \"https://hook.h.svc:443/v?timeout=10s\"";
            format!(
                "Internal error occurred: failed calling webhook \"v.example.com\": failed to call webhook: {url}: {why}"
            )
        };
        let service = json!({"metadata": {"name": "hook", "namespace": "h"}, "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 443}]}});
        let slice = json!({"metadata": {"name": "hook-x", "namespace": "h", "labels": {"kubernetes.io/service-name": "hook"}},
            "endpoints": [{"conditions": {"ready": true}}]});
        let selector = |value: &str| json!({"matchLabels": {"app": value}});
        let condition = |expression: &str| json!({"matchConditions": [{"name": "c", "expression": expression}]});
        let cases = [
            (json!({}), 0, failed("service \"hook\" not found")),
            (json!({}), 1, failed("dial tcp 10.0.0.1:443: connect: connection refused")),
            (json!({}), 2, String::new()),
            (json!({"failurePolicy": "Ignore"}), 0, String::new()),
            (json!({"objectSelector": selector("web")}), 0, failed("service \"hook\" not found")),
            (json!({"objectSelector": selector("db")}), 0, String::new()),
            (json!({"namespaceSelector": selector("web")}), 0, String::new()),
            (
                json!({"rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]}),
                0,
                failed("service \"hook\" not found"),
            ),
            (
                json!({"rules": [{"operations": ["DELETE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}]}),
                0,
                String::new(),
            ),
            (condition("object.metadata.name == 'other'"), 0, String::new()),
            (condition("request.operation == 'CREATE'"), 0, failed("service \"hook\" not found")),
            (
                condition("object.spec.x == 1"),
                0,
                "configmaps \"c\" is forbidden: expression 'object.spec.x == 1' resulted in error: no such key: spec"
                    .to_owned(),
            ),
        ];
        let object = json!({"metadata": {"name": "c", "labels": {"app": "web"}}});
        for (more, there, expect) in cases {
            let mut view = Objects::default();
            view.add("/namespaces", json!({"metadata": {"name": "a"}}));
            view.add(VALIDATING, json!({"metadata": {"name": "w"}, "webhooks": [hook(&more)]}));
            if there > 0 {
                view.add("/services", service.clone());
            }
            if there > 1 {
                view.add("discovery.k8s.io/endpointslices", slice.clone());
            }
            let said = call(&view, &request(Verb::Create, &configmaps, "c"), VALIDATING, Some(&object), None).err();
            assert_eq!(said.map(|refusal| refusal.message).unwrap_or_default(), expect, "{more}");
        }
    }
}
