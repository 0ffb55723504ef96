//! PodSecurity: what a namespace's labels say of its Pods, by the Pod Security Standards.

mod checks;

use serde_json::Value;

use super::{Request, Verb};
use crate::invalid::Invalid;
use crate::object::{at, text};
use crate::status::Refusal;
use crate::view::View;
use checks::{Level, forbidden};

const LABEL: &str = "pod-security.kubernetes.io/";

/// A level with its version, as a label gives it: `restricted:latest`
#[derive(Debug, Clone, PartialEq, Eq)]
struct Policy {
    level: Level,
    version: String,
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.level.name(), self.version)
    }
}

/// What a namespace says for a mode (`enforce`, `warn`); labels that say nothing known count as `restricted`
/// where they would let through, as upstream has it.
fn policy(namespace: &Value, mode: &str) -> Policy {
    let labels = at(at(namespace, "metadata"), "labels");
    let level = match text(labels, &format!("{LABEL}{mode}")) {
        "" => Level::Privileged,
        name => Level::named(name).unwrap_or(Level::Restricted),
    };
    let version = match text(labels, &format!("{LABEL}{mode}-version")) {
        "" => "latest",
        version => version,
    };
    Policy { level, version: version.to_owned() }
}

/// What is wrong with a namespace's labels.
fn wrong(namespace: &Value) -> Vec<Invalid> {
    let labels = at(at(namespace, "metadata"), "labels");
    let mut errors = Vec::new();
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("{LABEL}{mode}");
        if labels.get(&key).is_some() && Level::named(text(labels, &key)).is_none() {
            let why = "must be one of privileged, baseline, restricted";
            errors.push(Invalid::invalid(format!("metadata.labels[{key}]"), at(labels, &key), why));
        }
        let key = format!("{LABEL}{mode}-version");
        let version = text(labels, &key);
        let is_version = version.strip_prefix("v1.").is_some_and(|minor| minor.parse::<u16>().is_ok());
        if labels.get(&key).is_some() && version != "latest" && !is_version {
            let why = "must be \"latest\" or \"v1.x\"";
            errors.push(Invalid::invalid(format!("metadata.labels[{key}]"), at(labels, &key), why));
        }
    }
    errors
}

/// The template of Pods that an object has.
fn template<'a>(request: &Request<'_>, object: &'a Value) -> Option<&'a Value> {
    let template = match (request.resource.group.as_str(), request.resource.plural.as_str()) {
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets")
        | ("", "replicationcontrollers")
        | ("batch", "jobs") => at(at(object, "spec"), "template"),
        ("", "podtemplates") => at(object, "template"),
        ("batch", "cronjobs") => at(at(at(at(object, "spec"), "jobTemplate"), "spec"), "template"),
        _ => return None,
    };
    Some(template).filter(|template| template.is_object())
}

/// Refuses a Pod that the namespace does not take; tells of what it would not like. Returns warnings.
pub(super) fn check(
    view: &dyn View,
    request: &Request<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    if !request.subresource.is_empty() || !matches!(request.verb, Verb::Create | Verb::Update) {
        return Ok(Vec::new());
    }
    if request.is("", "namespaces") {
        return namespace(view, request, object, old);
    }
    let is_pod = request.is("", "pods");
    let pod = if is_pod { Some(object) } else { template(request, object) };
    let Some(pod) = pod else { return Ok(Vec::new()) };
    // Of a Pod that is there, what is checked hardly changes.
    if is_pod && old.is_some_and(|old| at(old, "spec") == at(object, "spec")) {
        return Ok(Vec::new());
    }
    let Some(namespace) = view.get("/namespaces", "", request.namespace) else { return Ok(Vec::new()) };
    if is_pod {
        let enforced = policy(&namespace, "enforce");
        let found = forbidden(pod, enforced.level);
        if !found.is_empty() {
            let why = format!("violates PodSecurity {:?}: {}", enforced.to_string(), checks::detailed(&found));
            return Err(request.forbidden(Some(object), &why));
        }
    }
    let warned = policy(&namespace, "warn");
    let found = forbidden(pod, warned.level);
    Ok(match found.as_slice() {
        [] => Vec::new(),
        found => vec![format!("would violate PodSecurity {:?}: {}", warned.to_string(), checks::detailed(found))],
    })
}

/// Refuses labels that mean nothing; tells of the Pods that a namespace would no longer take.
fn namespace(
    view: &dyn View,
    request: &Request<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    let errors = wrong(object);
    let name = text(at(object, "metadata"), "name");
    if !errors.is_empty() && old.is_none_or(|old| wrong(old).is_empty()) {
        return Err(Refusal::invalid(request.resource.kind_subject(name), &errors));
    }
    let Some(old) = old.filter(|_| errors.is_empty()) else { return Ok(Vec::new()) };
    let (new, before) = (policy(object, "enforce"), policy(old, "enforce"));
    if new.level <= before.level || new.level == Level::Privileged {
        return Ok(Vec::new());
    }
    let mut found: Vec<(String, String, usize)> = Vec::new();
    for pod in view.list("/pods", name) {
        let reasons = checks::reasons(&forbidden(&pod, new.level));
        if reasons.is_empty() {
            continue;
        }
        match found.iter_mut().find(|(known, ..)| *known == reasons) {
            Some((.., count)) => *count += 1,
            None => found.push((reasons, text(at(&pod, "metadata"), "name").to_owned(), 0)),
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let head =
        format!("existing pods in namespace {name:?} violate the new PodSecurity enforce level {:?}", new.to_string());
    let each = found.into_iter().map(|(reasons, pod, others)| match others {
        0 => format!("{pod}: {reasons}"),
        1 => format!("{pod} (and 1 other pod): {reasons}"),
        others => format!("{pod} (and {others} other pods): {reasons}"),
    });
    Ok(std::iter::once(head).chain(each).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    const RESTRICTED: &str = "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";

    #[test]
    fn namespaces_take_pods() {
        let pods = resource("", "v1", "pods");
        let deployments = resource("apps", "v1", "deployments");
        let spec = json!({"containers": [{"name": "c", "image": "x"}]});
        let pod = json!({"metadata": {"name": "p"}, "spec": spec});
        let deployment = json!({"metadata": {"name": "d"}, "spec": {"template": {"spec": spec}}});
        let warning = format!("would violate PodSecurity \"restricted:latest\": {RESTRICTED}");
        let refusal = format!("pods \"p\" is forbidden: violates PodSecurity \"restricted:v1.25\": {RESTRICTED}");
        let cases = [
            (json!({}), &pods, &pod, Ok(vec![])),
            (json!({"enforce": "baseline"}), &pods, &pod, Ok(vec![])),
            (json!({"enforce": "restricted", "enforce-version": "v1.25"}), &pods, &pod, Err(refusal)),
            (json!({"warn": "restricted"}), &pods, &pod, Ok(vec![warning.clone()])),
            (json!({"warn": "restricted", "enforce": "restricted"}), &deployments, &deployment, Ok(vec![warning])),
        ];
        for (labels, resource, object, expect) in cases {
            let labels: serde_json::Map<String, Value> = labels
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| (format!("{LABEL}{key}"), value.clone()))
                .collect();
            let mut view = Objects::default();
            view.add("/namespaces", json!({"metadata": {"name": "a", "labels": labels}}));
            let said = check(&view, &request(Verb::Create, resource, ""), object, None);
            assert_eq!(said.map_err(|refusal| refusal.message), expect, "{labels:?}");
        }
    }

    #[test]
    fn labels() {
        let namespaces = resource("", "v1", "namespaces");
        let mut view = Objects::default();
        for name in ["p", "q"] {
            view.add(
                "/pods",
                json!({"metadata": {"name": name, "namespace": "a"}, "spec": {"hostNetwork": true, "containers": []}}),
            );
        }
        let namespace =
            |level: &str| json!({"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": level}}});
        let update = request(Verb::Update, &namespaces, "a");
        let said = check(&view, &update, &namespace("bad"), Some(&namespace("baseline"))).unwrap_err().message;
        assert_eq!(
            said,
            "Namespace \"a\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"bad\": must be one of privileged, baseline, restricted"
        );
        let said = check(&view, &update, &namespace("baseline"), Some(&namespace("privileged"))).unwrap();
        let expect = [
            "existing pods in namespace \"a\" violate the new PodSecurity enforce level \"baseline:latest\"",
            "p (and 1 other pod): host namespaces",
        ];
        assert_eq!(said, expect);
    }
}
