//! CertificateApproval and CertificateSigning: who may do that for a signer.

use serde_json::Value;

use super::{Request, Verb};
use crate::auth::{Attributes, authorize};
use crate::object::{at, text};
use crate::status::Refusal;
use crate::view::View;

/// Refuses an approval, or a certificate, by somebody who may not give it for the request's signer.
pub(super) fn check(
    view: &dyn View,
    request: &Request<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let is_request =
        request.resource.group == "certificates.k8s.io" && request.resource.plural == "certificatesigningrequests";
    let (Some(old), Some(user), Verb::Update, true) = (old, request.user, request.verb, is_request) else {
        return Ok(());
    };
    let certificate = |of| text(at(of, "status"), "certificate").to_owned();
    let verb = match request.subresource {
        "approval" => "approve",
        "status" if certificate(object) != certificate(old) => "sign",
        _ => return Ok(()),
    };
    let signer = text(at(old, "spec"), "signerName");
    let domain = signer.split_once('/').map(|(domain, _)| format!("{domain}/*")).unwrap_or_default();
    let asked = Attributes { verb, group: "certificates.k8s.io", resource: "signers", ..Attributes::default() };
    // Who may for a signer by its name, or for all of its domain.
    let may = [signer, &domain].iter().any(|name| authorize(view, user, &Attributes { name, ..asked }).is_ok());
    match may {
        true => Ok(()),
        false => {
            let why = format!("user not permitted to {verb} requests with signerName {signer:?}");
            Err(request.forbidden(Some(object), &why))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::auth::User;
    use crate::view::testing::Objects;

    #[test]
    fn signers() {
        let requests = resource("certificates.k8s.io", "v1", "certificatesigningrequests");
        let mut view = Objects::default();
        for (user, verb, name) in [("all", "approve", "example.com/*"), ("one", "sign", "example.com/x")] {
            let rule = json!({"verbs": [verb], "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": [name]});
            view.add("rbac.authorization.k8s.io/clusterroles", json!({"metadata": {"name": user}, "rules": [rule]}));
            view.add(
                "rbac.authorization.k8s.io/clusterrolebindings",
                json!({"metadata": {"name": user}, "roleRef": {"kind": "ClusterRole", "name": user},
                    "subjects": [{"kind": "User", "name": user}]}),
            );
        }
        let old = json!({"metadata": {"name": "c"}, "spec": {"signerName": "example.com/x"}});
        let mut new = old.clone();
        new["status"] = json!({"certificate": "abc"});
        let refused = |verb: &str| {
            let why = format!("user not permitted to {verb} requests with signerName \"example.com/x\"");
            format!("certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: {why}")
        };
        let cases = [
            ("all", "approval", &old, String::new()),
            ("one", "approval", &old, refused("approve")),
            ("one", "status", &new, String::new()),
            ("all", "status", &new, refused("sign")),
            ("none", "status", &old, String::new()),
        ];
        for (name, subresource, object, expect) in cases {
            let user = User::new(name, &[]);
            let request = Request { subresource, user: Some(&user), ..request(Verb::Update, &requests, "c") };
            let said = check(&view, &request, object, Some(&old)).err();
            assert_eq!(said.map(|refusal| refusal.message).unwrap_or_default(), expect, "{name} {subresource}");
        }
    }
}
