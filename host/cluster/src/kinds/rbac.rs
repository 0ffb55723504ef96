//! Roles and bindings of RBAC. Whether a writer may grant what a role holds is not asked here but on admission.

use serde_json::{Value, json};

use super::labels::{form, label_selector};
use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

const GROUP: &str = "rbac.authorization.k8s.io";

/// `Role`
pub(crate) static ROLE: Role = Role { namespaced: true };
/// `ClusterRole`
pub(crate) static CLUSTER_ROLE: Role = Role { namespaced: false };
/// `RoleBinding`
pub(crate) static ROLE_BINDING: Binding = Binding { namespaced: true };
/// `ClusterRoleBinding`
pub(crate) static CLUSTER_ROLE_BINDING: Binding = Binding { namespaced: false };

/// `Role` and `ClusterRole`
#[derive(Debug)]
pub(crate) struct Role {
    namespaced: bool,
}

/// `RoleBinding` and `ClusterRoleBinding`
#[derive(Debug)]
pub(crate) struct Binding {
    namespaced: bool,
}

impl Behaviour for Role {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        for (index, rule) in field::list(object, "/rules").iter().enumerate() {
            errors.extend(policy_rule(rule, self.namespaced, &Path::new("rules").index(index)));
        }
        if field::has(object, "/aggregationRule") {
            let path = Path::new("aggregationRule.clusterRoleSelectors");
            let selectors = field::list(object, "/aggregationRule/clusterRoleSelectors");
            if selectors.is_empty() {
                let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
                errors.push(Invalid::required(&path, detail));
            }
            for (index, selector) in selectors.iter().enumerate() {
                errors.extend(label_selector(selector, &path.index(index)));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, self.namespaced, &name::path_segment);
        errors.extend(self.validate(object));
        errors
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        name::path_segment(name)
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn policy_rule(rule: &Value, namespaced: bool, path: &Path) -> Vec<Invalid> {
    let count = |name: &str| field::list(rule, &format!("/{name}")).len();
    let mut errors = Vec::new();
    if count("verbs") == 0 {
        errors.push(Invalid::required(path.child("verbs"), "verbs must contain at least one value"));
    }
    if count("nonResourceURLs") > 0 {
        let urls = rule.get("nonResourceURLs").unwrap_or(&Value::Null);
        let path = path.child("nonResourceURLs");
        if namespaced {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            errors.push(Invalid::invalid(&path, urls, detail));
        }
        if count("apiGroups") + count("resources") + count("resourceNames") > 0 {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.push(Invalid::invalid(&path, urls, detail));
        }
        return errors;
    }
    if count("apiGroups") == 0 {
        let detail = "resource rules must supply at least one api group";
        errors.push(Invalid::required(path.child("apiGroups"), detail));
    }
    if count("resources") == 0 {
        let detail = "resource rules must supply at least one resource";
        errors.push(Invalid::required(path.child("resources"), detail));
    }
    errors
}

impl Behaviour for Binding {
    fn default(&self, object: &mut Value) {
        field::default_text(object, "/roleRef/apiGroup", GROUP);
        for subject in field::list_mut(object, "/subjects") {
            if ["User", "Group"].contains(&field::text(subject, "/kind")) {
                field::default_text(subject, "/apiGroup", GROUP);
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let role = Path::new("roleRef");
        let text = |name: &str| field::text(object, &format!("/roleRef/{name}"));
        let mut errors = Vec::new();
        if text("apiGroup") != GROUP {
            errors.push(Invalid::not_supported(role.child("apiGroup"), &json!(text("apiGroup")), &[GROUP]));
        }
        let kinds: &[&str] = if self.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
        if !kinds.contains(&text("kind")) {
            errors.push(Invalid::not_supported(role.child("kind"), &json!(text("kind")), kinds));
        }
        match text("name") {
            "" => errors.push(Invalid::required(role.child("name"), "")),
            name => errors.extend(form(&role.child("name"), name, name::path_segment)),
        }
        for (index, subject) in field::list(object, "/subjects").iter().enumerate() {
            errors.extend(self.subject(subject, &Path::new("subjects").index(index)));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, self.namespaced, &name::path_segment);
        errors.extend(self.validate(object));
        if object.get("roleRef") != old.get("roleRef") {
            let text = |name: &str| json!(field::text(object, &format!("/roleRef/{name}"))).to_string();
            let mut error = Invalid::invalid("roleRef", &Value::Null, "cannot change roleRef");
            // The internal type is printed, with the names of its fields in Go.
            error.value = Some(format!(
                "{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}",
                text("apiGroup"),
                text("kind"),
                text("name")
            ));
            errors.push(error);
        }
        errors
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        name::path_segment(name)
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

impl Binding {
    fn subject(&self, subject: &Value, path: &Path) -> Vec<Invalid> {
        let text = |pointer: &str| field::text(subject, pointer);
        let (kind, name, group) = (text("/kind"), text("/name"), text("/apiGroup"));
        let mut errors = Vec::new();
        if name.is_empty() {
            errors.push(Invalid::required(path.child("name"), ""));
        }
        match kind {
            "ServiceAccount" => {
                if !name.is_empty() {
                    errors.extend(form(&path.child("name"), name, name::subdomain));
                }
                if !group.is_empty() {
                    errors.push(Invalid::not_supported(path.child("apiGroup"), &json!(group), &[""]));
                }
                if !self.namespaced && text("/namespace").is_empty() {
                    errors.push(Invalid::required(path.child("namespace"), ""));
                }
            }
            "User" | "Group" => {
                if name.is_empty() {
                    let detail = format!("{} name cannot be empty", kind.to_lowercase());
                    errors.push(Invalid::invalid(path.child("name"), &json!(name), detail));
                }
                if group != GROUP {
                    errors.push(Invalid::not_supported(path.child("apiGroup"), &json!(group), &[GROUP]));
                }
            }
            other => {
                let known = ["ServiceAccount", "User", "Group"];
                errors.push(Invalid::not_supported(path.child("kind"), &json!(other), &known));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rules() {
        let rules = json!({"rules": [{}, {"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["y"]}]});
        assert_eq!(
            said(&ROLE.validate(&rules)),
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
                "rules[1].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs",
                "rules[1].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and \
                 non-resource URLs",
            ]
        );
        assert_eq!(CLUSTER_ROLE.validate(&rules).len(), 4);
    }

    #[test]
    fn bindings() {
        let mut binding = json!({
            "metadata": {"name": "a"},
            "roleRef": {"kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}, {"kind": "x", "name": "y"}],
        });
        CLUSTER_ROLE_BINDING.default(&mut binding);
        assert_eq!(binding["subjects"][0]["apiGroup"], json!(GROUP));
        assert_eq!(
            said(&CLUSTER_ROLE_BINDING.validate(&binding)),
            [
                "subjects[1].namespace: Required value",
                "subjects[2].kind: Unsupported value: \"x\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
            ]
        );
        let old =
            json!({"metadata": {"name": "a"}, "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "a"}});
        let new =
            json!({"metadata": {"name": "a"}, "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "b"}});
        assert_eq!(
            said(&CLUSTER_ROLE_BINDING.validate_update(&new, &old)),
            [
                "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"b\"}: \
                 cannot change roleRef"
            ]
        );
    }
}
