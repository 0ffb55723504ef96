//! ServiceAccounts.

use serde_json::{Value, json};

use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::registry::Behaviour;

/// `ServiceAccount`
#[derive(Debug)]
pub(crate) struct ServiceAccount;

impl Behaviour for ServiceAccount {
    /// References to secrets are of the same namespace: only their names are kept.
    fn prepare_create(&self, object: &mut Value) {
        for secret in field::list_mut(object, "/secrets") {
            *secret = match secret.get("name") {
                Some(name) => json!({"name": name}),
                None => json!({}),
            };
        }
    }

    fn prepare_update(&self, object: &mut Value, _old: &Value) {
        self.prepare_create(object);
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        metadata::validate(object, true, &name::subdomain)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let annotation = "kubernetes.io/enforce-mountable-secrets";
        let has = |object| field::map(object, "/metadata/annotations").contains_key(annotation);
        match has(object) && !old.is_some_and(has) {
            true => {
                let better = "prefer separate namespaces to isolate access to mounted secrets";
                vec![format!("metadata.annotations[{annotation}]: deprecated in v1.32+; {better}")]
            }
            false => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_secrets_are_kept() {
        let mut account = json!({"secrets": [{"name": "a", "namespace": "b", "uid": "c"}]});
        ServiceAccount.prepare_create(&mut account);
        assert_eq!(account, json!({"secrets": [{"name": "a"}]}));
    }
}
