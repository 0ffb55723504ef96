//! APIServices: which server has which version of which group.

use serde_json::{Value, json};

use super::labels::form;
use super::{config_map, field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::{Behaviour, built_in};

/// `APIService`
#[derive(Debug)]
pub(crate) struct ApiService;

impl Behaviour for ApiService {
    fn default(&self, object: &mut Value) {
        if field::has(object, "/spec/service") {
            field::default(object, "/spec/service/port", 443);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({}));
        if !field::has(object, "/spec/service") {
            let mut local = json!({
                "type": "Available", "status": "True", "reason": "Local",
                "message": "Local APIServices are always available",
            });
            if let Some(now) = object.pointer("/metadata/creationTimestamp") {
                field::set(&mut local, "/lastTransitionTime", now.clone());
            }
            field::set(object, "/status", json!({"conditions": [local]}));
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let text = |name: &str| field::text(object, &format!("/spec/{name}"));
        let (group, version) = (text("group"), text("version"));
        let mut errors = Vec::new();
        let (given, required) = (field::text(object, "/metadata/name"), format!("{version}.{group}"));
        if given != required {
            let detail = format!("must be `spec.version+\".\"+spec.group`: {required:?}");
            errors.push(Invalid::invalid("metadata.name", &json!(given), detail));
        }
        match group {
            "" if version != "v1" => {
                let detail = "only v1 may have an empty group and it better be legacy kube";
                errors.push(Invalid::required(spec.child("group"), detail));
            }
            "" => {}
            group => errors.extend(form(&spec.child("group"), group, name::subdomain)),
        }
        errors.extend(form(&spec.child("version"), version, name::dns1035));
        for (name, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
            let priority = field::int(object, &format!("/spec/{name}"));
            if priority <= 0 || priority > most {
                let detail = format!("must be positive and less than {most}");
                errors.push(Invalid::invalid(spec.child(name), &json!(priority), detail));
            }
        }
        let bundle = object.pointer("/spec/caBundle").map_or(0, |bundle| config_map::decoded(bundle).len());
        let insecure = field::flag(object, "/spec/insecureSkipTLSVerify");
        let skip = spec.child("insecureSkipTLSVerify");
        if !field::has(object, "/spec/service") {
            if bundle > 0 {
                let detail = "local APIServices may not have a caBundle";
                errors.push(Invalid::invalid(spec.child("caBundle"), &json!(format!("{bundle} bytes")), detail));
            }
            if insecure {
                let detail = "local APIServices may not have insecureSkipTLSVerify";
                errors.push(Invalid::invalid(skip, &json!(true), detail));
            }
            return errors;
        }
        for name in ["namespace", "name"] {
            if field::text(object, &format!("/spec/service/{name}")).is_empty() {
                errors.push(Invalid::required(spec.child("service").child(name), ""));
            }
        }
        let port = field::int(object, "/spec/service/port");
        if let Some(said) = name::port_number(port).first() {
            let detail = format!("port is not valid: {said}");
            errors.push(Invalid::invalid(spec.child("service").child("port"), &json!(port), detail));
        }
        if insecure && bundle > 0 {
            errors.push(Invalid::invalid(skip, &json!(true), "may not be true if caBundle is present"));
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::path_segment);
        errors.extend(self.validate(object));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let known = ["True", "False", "Unknown"];
        let mut errors = Vec::new();
        for (index, condition) in field::list(object, "/status/conditions").iter().enumerate() {
            let status = field::text(condition, "/status");
            if !known.contains(&status) {
                let path = Path::new("status.conditions").index(index).child("status");
                errors.push(Invalid::not_supported(path, &json!(status), &known));
            }
        }
        errors
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        name::path_segment(name)
    }

    fn has_status(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

/// How much a group is preferred to others.
fn priority(group: &str) -> u32 {
    match group {
        "" => 18_000,
        "apps" => 17_800,
        "events.k8s.io" => 17_750,
        "authentication.k8s.io" => 17_700,
        "authorization.k8s.io" => 17_600,
        "autoscaling" => 17_500,
        "batch" => 17_400,
        "certificates.k8s.io" => 17_300,
        "networking.k8s.io" => 17_200,
        "policy" => 17_100,
        "rbac.authorization.k8s.io" => 17_000,
        "storage.k8s.io" => 16_800,
        "admissionregistration.k8s.io" | "apiextensions.k8s.io" => 16_700,
        "scheduling.k8s.io" => 16_600,
        "coordination.k8s.io" => 16_500,
        "node.k8s.io" => 16_300,
        "discovery.k8s.io" | "resource.k8s.io" => 16_200,
        _ => 16_100,
    }
}

/// An APIService for each version of a group that is served from the start.
pub(super) fn bootstrap() -> Vec<Value> {
    let mut served: Vec<(&str, &str)> = Vec::new();
    for kind in built_in().iter().filter(|kind| kind.group != "apiregistration.k8s.io") {
        for (version, _) in kind.versions {
            if !served.contains(&(kind.group, version)) {
                served.push((kind.group, version));
            }
        }
    }
    served
        .into_iter()
        .map(|(group, version)| {
            let rank = match (group, version) {
                ("", _) => 1,
                ("autoscaling", "v2") => 30,
                ("flowcontrol.apiserver.k8s.io", _) => 21,
                ("resource.k8s.io", _) => 20,
                _ => 15,
            };
            let mut spec = json!({
                "version": version, "groupPriorityMinimum": priority(group), "versionPriority": rank,
            });
            if !group.is_empty() {
                field::set(&mut spec, "/group", group);
            }
            let labels = json!({"kube-aggregator.kubernetes.io/automanaged": "onstart"});
            json!({
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                "metadata": {"name": format!("{version}.{group}"), "labels": labels}, "spec": spec,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        let service = json!({"metadata": {"name": "x"}, "spec": {"group": "a.b", "version": "v1", "service": {}}});
        let said: Vec<String> = ApiService.validate(&service).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "metadata.name: Invalid value: \"x\": must be `spec.version+\".\"+spec.group`: \"v1.a.b\"",
                "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
                "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
                "spec.service.namespace: Required value",
                "spec.service.name: Required value",
                "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
            ]
        );
    }

    #[test]
    fn local_ones_are_available() {
        let mut service = json!({"metadata": {"creationTimestamp": "now"}, "spec": {"version": "v1"}});
        ApiService.prepare_create(&mut service);
        assert_eq!(service["status"]["conditions"][0]["status"], json!("True"));
        assert_eq!(service["status"]["conditions"][0]["lastTransitionTime"], json!("now"));
    }
}
