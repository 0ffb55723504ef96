//! What goes over the wire for each call: paths, queries and bodies of the Kubernetes API.
//!
//! Source: kubernetes.io, "Kubernetes API Concepts" and "Server-Side Apply"; apimachinery's `DeleteOptions`.

use std::fmt::Write as _;

use maps_engine::Problem;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::cluster::ApiResource;
use super::invalid;
use super::{Deleting, Listing};

/// Discovery of all groups at once; a server that has none answers as it always has.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
/// Bytes of an object's name, as the API server allows them.
const NAME_BYTES: usize = 253;

/// A request that is written, but for the server's own address.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) method: Method,
    /// With the query.
    pub(super) path: String,
    pub(super) content_type: Option<&'static str>,
    /// What is to be answered, where it is not plain JSON.
    pub(super) accept: Option<&'static str>,
    pub(super) body: Option<Vec<u8>>,
}

impl Wire {
    fn read(path: String) -> Self {
        Self { method: Method::GET, path, content_type: None, accept: None, body: None }
    }
}

/// What a server says of itself as a whole.
pub(super) fn root_of(path: &str, aggregated: bool) -> Wire {
    Wire { accept: aggregated.then_some(AGGREGATED), ..Wire::read(path.to_owned()) }
}

/// `apps/v1` as the path of its discovery, if it is one.
pub(super) fn discovery(api_version: &str) -> Result<Wire, Problem> {
    Ok(Wire::read(root(api_version)?))
}

fn root(api_version: &str) -> Result<String, Problem> {
    let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let version = |text: &str| !text.is_empty() && text.len() <= 63 && text.bytes().all(label);
    let group = |text: &str| {
        text.len() <= NAME_BYTES && text.split('.').all(|part| !part.is_empty() && part.bytes().all(label))
    };
    match api_version.split_once('/') {
        None if version(api_version) => Ok(format!("/api/{api_version}")),
        Some((name, of)) if group(name) && version(of) => Ok(format!("/apis/{name}/{of}")),
        _ => Err(invalid("kube-api-version", "the apiVersion is none: it is like `v1` or `apps/v1`".to_owned())),
    }
}

fn collection(kind: &ApiResource, namespace: Option<&str>) -> Result<String, Problem> {
    let api_version =
        if kind.group.is_empty() { kind.version.clone() } else { format!("{}/{}", kind.group, kind.version) };
    let mut path = root(&api_version)?;
    if let Some(namespace) = namespace {
        // Infallible: it writes to a text.
        let _ = write!(path, "/namespaces/{namespace}");
    }
    let _ = write!(path, "/{}", kind.name);
    Ok(path)
}

fn object(kind: &ApiResource, namespace: Option<&str>, name: &str) -> Result<String, Problem> {
    Ok(format!("{}/{}", collection(kind, namespace)?, encoded(name)))
}

/// Is it a name that a path can have and a rule can be held against?
pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    let bad = name.is_empty() || name.len() > NAME_BYTES || matches!(name, "." | "..");
    if bad || name.bytes().any(|byte| !byte.is_ascii_graphic() || b"/%\\;?#".contains(&byte)) {
        return Err(invalid("kube-name", "the object's name is none that Kubernetes takes".to_owned()));
    }
    Ok(())
}

/// Is it a namespace?
pub(super) fn check_namespace(namespace: &str) -> Result<(), Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if namespace.is_empty() || namespace.len() > 63 || !namespace.bytes().all(plain) {
        return Err(invalid("kube-namespace", "the namespace is none that Kubernetes takes".to_owned()));
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(super) fn get(kind: &ApiResource, namespace: Option<&str>, name: &str) -> Result<Wire, Problem> {
    Ok(Wire::read(object(kind, namespace, name)?))
}

/// A page of a list.
pub(super) fn list(kind: &ApiResource, listing: &Listing, limit: u32, from: Option<&str>) -> Result<Wire, Problem> {
    let mut path = collection(kind, listing.namespace.as_deref().filter(|_| kind.namespaced))?;
    let _ = write!(path, "?limit={limit}");
    let parts = [("labelSelector", &listing.label_selector), ("fieldSelector", &listing.field_selector)];
    for (name, value) in parts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
        let _ = write!(path, "&{name}={}", encoded(value));
    }
    if let Some(from) = from {
        let _ = write!(path, "&continue={}", encoded(from));
    }
    Ok(Wire::read(path))
}

/// Server-side apply. `dry` is the host's to say, by the function that was called.
pub(super) fn apply(
    kind: &ApiResource,
    namespace: Option<&str>,
    name: &str,
    manager: &str,
    body: &Json,
    force: bool,
    dry: bool,
) -> Result<Wire, Problem> {
    let dry = if dry { "&dryRun=All" } else { "" };
    let path = object(kind, namespace, name)?;
    let path = format!("{path}?fieldManager={}&fieldValidation=Strict&force={force}{dry}", encoded(manager));
    // JSON is YAML.
    let content_type = Some("application/apply-patch+yaml");
    Ok(Wire { method: Method::PATCH, path, content_type, accept: None, body: Some(body.to_string().into_bytes()) })
}

pub(super) fn create(kind: &ApiResource, namespace: Option<&str>, manager: &str, body: &Json) -> Result<Wire, Problem> {
    let path = collection(kind, namespace)?;
    let path = format!("{path}?fieldManager={}&fieldValidation=Strict", encoded(manager));
    let body = Some(body.to_string().into_bytes());
    Ok(Wire { method: Method::POST, path, content_type: Some("application/json"), accept: None, body })
}

pub(super) fn delete(kind: &ApiResource, namespace: Option<&str>, deleting: &Deleting) -> Result<Wire, Problem> {
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
    if let Some(policy) = deleting.propagation {
        options["propagationPolicy"] = policy.into();
    }
    if let Some(uid) = &deleting.uid {
        options["preconditions"]["uid"] = uid.as_str().into();
    }
    if let Some(version) = &deleting.resource_version {
        options["preconditions"]["resourceVersion"] = version.as_str().into();
    }
    Ok(Wire {
        method: Method::DELETE,
        path: object(kind, namespace, &deleting.object.name)?,
        content_type: Some("application/json"),
        accept: None,
        body: Some(options.to_string().into_bytes()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rt13_no_name_leads_out_of_its_place() {
        for name in ["", ".", "..", "web/exec", "web%2Fexec", "web?x", "web#x", "a b", "web;x", "wéb", "a\\b", "a\n"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["web", "system:controller:x", "cert-manager.io", "A_b"] {
            check_name(name).unwrap();
        }
        for namespace in ["", "/", "a/b", "A", "..", "a.b", "x%2f"] {
            assert!(check_namespace(namespace).is_err(), "{namespace}");
        }
        for version in ["", "/v1", "apps/", "apps/v1/x", "../v1", "apps/v1?x", "Apps/v1", "a..b/v1", "v1/../x"] {
            assert!(root(version).is_err(), "{version}");
        }
        assert_eq!(root("v1").unwrap(), "/api/v1");
        assert_eq!(root("rbac.authorization.k8s.io/v1").unwrap(), "/apis/rbac.authorization.k8s.io/v1");
    }

    #[test]
    fn calls_are_written_as_the_api_has_them() {
        let kind = ApiResource {
            group: "apps".into(),
            version: "v1".into(),
            kind: "Deployment".into(),
            name: "deployments".into(),
            namespaced: true,
            verbs: Vec::new(),
        };
        let tried = apply(&kind, Some("maps"), "web", "helm", &json!({}), true, true).unwrap();
        let path = "/apis/apps/v1/namespaces/maps/deployments/web?fieldManager=helm&fieldValidation=Strict&force=true&dryRun=All";
        assert_eq!((tried.method, tried.path.as_str()), (Method::PATCH, path));
        let applied = apply(&kind, Some("maps"), "web", "helm", &json!({}), false, false).unwrap();
        assert!(applied.path.ends_with("&force=false") && applied.content_type == Some("application/apply-patch+yaml"));
        let listing = Listing {
            kind: super::super::TypeMeta { api_version: "apps/v1".into(), kind: "Deployment".into() },
            namespace: None,
            label_selector: Some("app in (a,b)".into()),
            field_selector: Some("metadata.name=x&limit=1".into()),
        };
        let page = list(&kind, &listing, 500, Some("a+b/=")).unwrap().path;
        assert_eq!(
            page,
            "/apis/apps/v1/deployments?limit=500&labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx%26limit%3D1&continue=a%2Bb%2F%3D"
        );
    }
}
