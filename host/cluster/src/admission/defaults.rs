//! Classes that stand in where none is named, finalizers of storage, and which claims may grow.

use serde_json::Value;

use super::{Request, Verb};
use crate::object::{at, flag, has, items, make, set, text};
use crate::quantity::Quantity;
use crate::status::Refusal;
use crate::view::View;

/// The default class by its annotations: the youngest, and of those the first by name.
fn default_class(view: &dyn View, key: &str, annotations: &[&str]) -> Option<String> {
    let mut classes = view.list(key, "");
    classes.retain(|class| {
        let given = at(at(class, "metadata"), "annotations");
        annotations.iter().any(|annotation| text(given, annotation) == "true")
    });
    let metadata = |class: &Value, field: &str| text(at(class, "metadata"), field).to_owned();
    classes.sort_by_key(|class| metadata(class, "name"));
    // Timestamps of one form sort as text.
    classes.sort_by_key(|class| std::cmp::Reverse(metadata(class, "creationTimestamp")));
    classes.first().map(|class| metadata(class, "name"))
}

/// DefaultStorageClass: a claim that names no class gets the default one.
pub(super) fn storage_class(view: &dyn View, request: &Request<'_>, claim: &mut Value) {
    const OLD: &str = "volume.beta.kubernetes.io/storage-class";
    if !request.is("", "persistentvolumeclaims") || request.verb != Verb::Create {
        return;
    }
    if has(at(claim, "spec"), "storageClassName") || has(at(at(claim, "metadata"), "annotations"), OLD) {
        return;
    }
    let annotations =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    if let (Some(class), Some(spec)) =
        (default_class(view, "storage.k8s.io/storageclasses", &annotations), make(claim, "spec"))
    {
        set(spec, "storageClassName", class);
    }
}

/// DefaultIngressClass: an Ingress that names no class gets the default one.
pub(super) fn ingress_class(view: &dyn View, request: &Request<'_>, ingress: &mut Value) {
    const OLD: &str = "kubernetes.io/ingress.class";
    if !request.is("networking.k8s.io", "ingresses") || request.verb != Verb::Create {
        return;
    }
    if has(at(ingress, "spec"), "ingressClassName") || has(at(at(ingress, "metadata"), "annotations"), OLD) {
        return;
    }
    let annotation = ["ingressclass.kubernetes.io/is-default-class"];
    if let (Some(class), Some(spec)) =
        (default_class(view, "networking.k8s.io/ingressclasses", &annotation), make(ingress, "spec"))
    {
        set(spec, "ingressClassName", class);
    }
}

/// StorageObjectInUseProtection: finalizers that hold what is in use.
pub(super) fn protect(request: &Request<'_>, object: &mut Value) {
    let finalizer = match (request.resource.group.as_str(), request.resource.plural.as_str()) {
        ("", "persistentvolumeclaims") => "kubernetes.io/pvc-protection",
        ("", "persistentvolumes") => "kubernetes.io/pv-protection",
        ("storage.k8s.io", "volumeattributesclasses") => "kubernetes.io/vac-protection",
        _ => return,
    };
    if request.verb != Verb::Create || !request.subresource.is_empty() {
        return;
    }
    let Some(metadata) = make(object, "metadata") else { return };
    let mut finalizers = items(metadata, "finalizers").to_vec();
    if !finalizers.iter().any(|known| known == finalizer) {
        finalizers.push(Value::from(finalizer));
        set(metadata, "finalizers", finalizers);
    }
}

/// PersistentVolumeClaimResize: only what is bound, of a class that says so, grows.
pub(super) fn check_resize(
    view: &dyn View,
    request: &Request<'_>,
    claim: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let Some(old) = old else { return Ok(()) };
    if !request.is("", "persistentvolumeclaims") || request.verb != Verb::Update {
        return Ok(());
    }
    let size = |claim| Quantity::parse(text(at(at(at(claim, "spec"), "resources"), "requests"), "storage")).ok();
    let grows = match (size(claim), size(old)) {
        (Some(new), Some(old)) => new > old,
        _ => false,
    };
    if !grows {
        return Ok(());
    }
    if text(at(old, "status"), "phase") != "Bound" {
        return Err(request.forbidden(Some(claim), "Only bound persistent volume claims can be expanded"));
    }
    let class = text(at(claim, "spec"), "storageClassName");
    let class = view.get("storage.k8s.io/storageclasses", "", class);
    match class.is_some_and(|class| flag(&class, "allowVolumeExpansion")) {
        true => Ok(()),
        false => Err(request.forbidden(
            Some(claim),
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    fn view() -> Objects {
        let mut view = Objects::default();
        let class = |name: &str, made: &str, default: &str| {
            json!({"metadata": {"name": name, "creationTimestamp": made,
                "annotations": {"storageclass.kubernetes.io/is-default-class": default,
                    "ingressclass.kubernetes.io/is-default-class": default}}, "allowVolumeExpansion": name == "new"})
        };
        for key in ["storage.k8s.io/storageclasses", "networking.k8s.io/ingressclasses"] {
            view.add(key, class("old", "2020-01-01T00:00:00Z", "true"));
            view.add(key, class("new", "2021-01-01T00:00:00Z", "true"));
            view.add(key, class("other", "2022-01-01T00:00:00Z", "false"));
        }
        view
    }

    #[test]
    fn classes() {
        let view = view();
        let claims = resource("", "v1", "persistentvolumeclaims");
        let ingresses = resource("networking.k8s.io", "v1", "ingresses");
        for (given, expect) in [(json!({}), json!("new")), (json!({"storageClassName": ""}), json!(""))] {
            let mut claim = json!({"metadata": {"name": "c"}, "spec": given});
            let create = request(Verb::Create, &claims, "c");
            storage_class(&view, &create, &mut claim);
            protect(&create, &mut claim);
            assert_eq!(claim["spec"]["storageClassName"], expect);
            assert_eq!(claim["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
        }
        let mut ingress = json!({"metadata": {"name": "i"}, "spec": {}});
        ingress_class(&view, &request(Verb::Create, &ingresses, "i"), &mut ingress);
        assert_eq!(ingress["spec"]["ingressClassName"], "new");
    }

    #[test]
    fn growth() {
        let view = view();
        let claims = resource("", "v1", "persistentvolumeclaims");
        let claim = |class: &str, size: &str, phase: &str| {
            json!({"metadata": {"name": "c"}, "status": {"phase": phase},
                "spec": {"storageClassName": class, "resources": {"requests": {"storage": size}}}})
        };
        let cases = [
            ("new", "2Gi", "Bound", ""),
            ("new", "1Gi", "Pending", ""),
            ("new", "2Gi", "Pending", "Only bound persistent volume claims can be expanded"),
            (
                "old",
                "2Gi",
                "Bound",
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
            ),
        ];
        for (class, size, phase, expect) in cases {
            let request = request(Verb::Update, &claims, "c");
            let old = claim(class, "1Gi", phase);
            let said = check_resize(&view, &request, &claim(class, size, phase), Some(&old)).err();
            let expect = match expect {
                "" => None,
                why => Some(format!("persistentvolumeclaims \"c\" is forbidden: {why}")),
            };
            assert_eq!(said.map(|refusal| refusal.message), expect);
        }
    }
}
