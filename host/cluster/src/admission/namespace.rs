//! NamespaceLifecycle: nothing is made in a namespace that is not there or is going.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Request, Verb};
use crate::object::{at, text};
use crate::status::{Refusal, Subject};
use crate::view::View;

/// These are never deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Refuses what does not fit the namespace's life.
pub(super) fn lifecycle(view: &dyn View, request: &Request<'_>, object: Option<&Value>) -> Result<(), Refusal> {
    let resource = request.resource;
    if resource.group.is_empty() && resource.plural == "namespaces" {
        return match request.verb == Verb::Delete && IMMORTAL.contains(&request.name) {
            true => Err(Refusal::forbidden(resource.subject(request.name), "this namespace may not be deleted")),
            false => Ok(()),
        };
    }
    let is_review = resource.group == "authorization.k8s.io" && resource.plural == "localsubjectaccessreviews";
    if request.namespace.is_empty() || is_review || !matches!(request.verb, Verb::Create | Verb::Update) {
        return Ok(());
    }
    let name = request.namespace;
    let Some(namespace) = view.get("/namespaces", "", name) else {
        return Err(Refusal::not_found(Subject { group: "", resource: "namespaces", name }));
    };
    if request.verb == Verb::Update || text(at(&namespace, "status"), "phase") != "Terminating" {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {name} because it is being terminated");
    let mut refusal = request.forbidden(object, &why);
    refusal.code = StatusCode::FORBIDDEN;
    let cause = json!([{
        "reason": "NamespaceTerminating",
        "message": format!("namespace {name} is being terminated"),
        "field": "metadata.namespace",
    }]);
    refusal.details.get_or_insert_default().insert("causes".to_owned(), cause);
    Err(refusal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    #[test]
    fn namespaces_live_and_die() {
        let mut view = Objects::default();
        view.add("/namespaces", json!({"metadata": {"name": "a"}, "status": {"phase": "Active"}}));
        view.add("/namespaces", json!({"metadata": {"name": "z"}, "status": {"phase": "Terminating"}}));
        let configmaps = resource("", "v1", "configmaps");
        let namespaces = resource("", "v1", "namespaces");
        let object = json!({"metadata": {"name": "c"}});
        let cases = [
            (&configmaps, Verb::Create, "a", "c", ""),
            (&configmaps, Verb::Create, "b", "c", "namespaces \"b\" not found"),
            (
                &configmaps,
                Verb::Create,
                "z",
                "c",
                "configmaps \"c\" is forbidden: unable to create new content in namespace z because it is being terminated",
            ),
            (&configmaps, Verb::Update, "z", "c", ""),
            (&configmaps, Verb::Delete, "z", "c", ""),
            (&namespaces, Verb::Delete, "", "z", ""),
            (
                &namespaces,
                Verb::Delete,
                "",
                "kube-system",
                "namespaces \"kube-system\" is forbidden: this namespace may not be deleted",
            ),
        ];
        for (resource, verb, namespace, name, expect) in cases {
            let request = Request { namespace, ..request(verb, resource, name) };
            let said = lifecycle(&view, &request, Some(&object)).err();
            assert_eq!(said.as_ref().map(|refusal| refusal.message.as_str()).unwrap_or_default(), expect);
            if namespace == "z" && verb == Verb::Create {
                let details = said.unwrap().details.unwrap();
                assert_eq!(details["causes"][0]["reason"], "NamespaceTerminating");
            }
        }
    }
}
