//! The `token` subresource of a ServiceAccount: TokenRequests.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::authenticate::{Accounts, ISSUER, Keys, SECRET_ISSUER};
use super::{stamp, token};
use crate::invalid::Invalid;
use crate::object::{at, has, int, items, make, set, text};
use crate::status::{Refusal, Subject};

/// For how long a token is good where the request does not say, in seconds.
pub(crate) const TOKEN_SECONDS: i64 = 60 * 60;
/// What projected volumes ask for; the token is then good for a year, in upstream's words for a safe rollout.
const PROJECTED_SECONDS: i64 = 60 * 60 + 7;
const YEAR: i64 = 365 * 24 * 60 * 60;

/// Issues a token for a ServiceAccount: the TokenRequest with its `status`.
///
/// `request` is the body, decoded; `id` is a new uuid for the token.
pub(crate) fn issue(
    accounts: &Accounts<'_>,
    namespace: &str,
    name: &str,
    mut request: Value,
    id: &str,
) -> Result<Value, Refusal> {
    for (field, expect, what) in [("name", name, "name"), ("namespace", namespace, "namespace")] {
        let given = text(at(&request, "metadata"), field);
        if !given.is_empty() && given != expect {
            let why = format!("must match the service account {what} if specified");
            return refuse(name, Invalid::invalid(format!("metadata.{field}"), &Value::from(given), why));
        }
    }
    let account = accounts.view.get("/serviceaccounts", namespace, name);
    let account = account.ok_or_else(|| not_found("serviceaccounts", name))?;

    let now = accounts.view.now();
    let spec = make(&mut request, "spec");
    let seconds = match spec {
        Some(spec) => {
            let seconds = int(spec, "expirationSeconds").unwrap_or(TOKEN_SECONDS);
            set(spec, "expirationSeconds", seconds);
            if items(spec, "audiences").is_empty() {
                set(spec, "audiences", json!([ISSUER]));
            }
            // The field is there in every answer.
            if !has(spec, "boundObjectRef") {
                set(spec, "boundObjectRef", Value::Null);
            }
            seconds
        }
        None => TOKEN_SECONDS,
    };
    if let Some(metadata) = make(&mut request, "metadata") {
        set(metadata, "name", name);
        set(metadata, "namespace", namespace);
        set(metadata, "creationTimestamp", stamp(now));
    }
    let wrong = match seconds {
        ..600 => Some("may not specify a duration less than 10 minutes"),
        600..=0x1_0000_0000 => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(why) = wrong {
        return refuse("", Invalid::invalid("spec.expirationSeconds", &Value::from(seconds), why));
    }

    let mut bound = Map::new();
    bound.insert("namespace".to_owned(), Value::from(namespace));
    bound.insert("serviceaccount".to_owned(), reference(name, &account));
    let reference = at(at(&request, "spec"), "boundObjectRef");
    let in_pod = !reference.is_null() && bind(accounts, namespace, name, reference, &mut bound)?;
    let audiences = at(at(&request, "spec"), "audiences").clone();
    let mut lasts = seconds;
    if in_pod && seconds == PROJECTED_SECONDS && audiences == json!([ISSUER]) {
        bound.insert("warnafter".to_owned(), Value::from(now + seconds));
        lasts = YEAR;
    }
    let claims = json!({
        "aud": audiences, "exp": now + lasts, "iat": now, "nbf": now, "iss": ISSUER, "jti": id,
        "sub": format!("system:serviceaccount:{namespace}:{name}"), "kubernetes.io": bound,
    });
    let token = token::sign(&accounts.keys.signing, &claims);
    set(&mut request, "status", json!({"token": token, "expirationTimestamp": stamp(now + seconds)}));
    Ok(request)
}

/// The token that a Secret of type `kubernetes.io/service-account-token` holds for its account: good as long as
/// that Secret is there.
pub(crate) fn secret_token(keys: &Keys, account: &Value, secret: &Value) -> String {
    let of = |object, field| text(at(object, "metadata"), field);
    let (namespace, name) = (of(account, "namespace"), of(account, "name"));
    let claims = json!({
        "iss": SECRET_ISSUER,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": of(secret, "name"),
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": of(account, "uid"),
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    token::sign(&keys.signing, &claims)
}

fn refuse<T>(name: &str, error: Invalid) -> Result<T, Refusal> {
    Err(Refusal::invalid(Subject { group: "authentication.k8s.io", resource: "TokenRequest", name }, &[error]))
}

fn not_found(resource: &str, name: &str) -> Refusal {
    Refusal::not_found(Subject { group: "", resource, name })
}

fn reference(name: &str, object: &Value) -> Value {
    json!({"name": name, "uid": text(at(object, "metadata"), "uid")})
}

/// Binds a token to an object; whether that is a Pod.
fn bind(
    accounts: &Accounts<'_>,
    namespace: &str,
    account: &str,
    wanted: &Value,
    bound: &mut Map<String, Value>,
) -> Result<bool, Refusal> {
    let (version, kind, name) = (text(wanted, "apiVersion"), text(wanted, "kind"), text(wanted, "name"));
    let core = !version.contains('/');
    let (claim, resource, place) = match (core, kind) {
        (true, "Pod") => ("pod", "pods", namespace),
        (true, "Secret") => ("secret", "secrets", namespace),
        (true, "Node") => ("node", "nodes", ""),
        _ => {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            let what = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
            return Err(Refusal::bad_request(what));
        }
    };
    let object = accounts.view.get(&format!("/{resource}"), place, name).ok_or_else(|| not_found(resource, name))?;
    if kind == "Pod" {
        let spec = at(&object, "spec");
        if text(spec, "serviceAccountName") != account {
            return Err(Refusal::bad_request(format!(
                "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
            )));
        }
        let node = text(spec, "nodeName");
        if let Some(object) = accounts.view.get("/nodes", "", node) {
            bound.insert("node".to_owned(), reference(node, &object));
        }
    }
    let (is, given) = (text(at(&object, "metadata"), "uid"), text(wanted, "uid"));
    if !given.is_empty() && is != given {
        let why = format!(
            "the UID in the bound object reference ({given}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        let mut refusal = Refusal::conflict(Subject { group: "", resource: kind, name }, &why);
        refusal.code = StatusCode::CONFLICT;
        return Err(refusal);
    }
    bound.insert(claim.to_owned(), reference(name, &object));
    Ok(kind == "Pod")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use base64::Engine as _;

    use super::*;
    use crate::auth::User;
    use crate::auth::authenticate::by_token;
    use crate::view::View as _;
    use crate::view::testing::Objects;

    const NOW: i64 = Objects::NOW;

    fn view() -> Objects {
        let mut view = Objects::default();
        view.add("/serviceaccounts", json!({"metadata": {"name": "bot", "namespace": "a", "uid": "u"}}));
        view.add(
            "/pods",
            json!({"metadata": {"name": "p", "namespace": "a", "uid": "pu"}, "spec": {"serviceAccountName": "bot"}}),
        );
        view.add("/pods", json!({"metadata": {"name": "q", "namespace": "a"}, "spec": {"serviceAccountName": "x"}}));
        view
    }

    #[test]
    fn tokens_are_those_of_their_account() {
        let keys = Keys { tokens: Vec::new(), signing: [3; 32] };
        let view = view();
        let accounts = Accounts { view: &view, keys: &keys };
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "name": "p"});
        let cases = [
            (json!({}), 3600, 3600, Value::Null),
            (json!({"spec": {"expirationSeconds": 600}}), 600, 600, Value::Null),
            (json!({"spec": {"expirationSeconds": 3607, "boundObjectRef": pod}}), 3607, YEAR, json!(NOW + 3607)),
        ];
        for (request, seconds, lasts, warns) in cases {
            let answer = issue(&accounts, "a", "bot", request, "id").unwrap();
            let token = text(at(&answer, "status"), "token");
            assert_eq!(answer["status"]["expirationTimestamp"], stamp(NOW + seconds));
            let claims = token::verify(&keys.signing, &[ISSUER], token).unwrap();
            assert_eq!(claims["exp"], NOW + lasts);
            assert_eq!(claims["kubernetes.io"]["warnafter"], warns);
            let user = by_token(&accounts, token, &[]).unwrap().user;
            assert_eq!((user.name.as_str(), user.uid.as_str()), ("system:serviceaccount:a:bot", "u"));
            assert_eq!(user.groups, User::service_account("a", "bot").groups);
        }
        let answer = issue(&accounts, "a", "bot", json!({"spec": {"audiences": ["vault"]}}), "id").unwrap();
        let token = text(at(&answer, "status"), "token");
        assert!(by_token(&accounts, token, &[]).is_err());
        assert_eq!(by_token(&accounts, token, &["vault".to_owned()]).unwrap().audiences, ["vault"]);
    }

    #[test]
    fn tokens_in_secrets_are_good_while_they_are_there() {
        let keys = Keys { tokens: Vec::new(), signing: [3; 32] };
        let mut view = view();
        let account = view.get("/serviceaccounts", "a", "bot").unwrap();
        let named = json!({"metadata": {"name": "s", "namespace": "a"}});
        let token = secret_token(&keys, &account, &named);
        let error = by_token(&Accounts { view: &view, keys: &keys }, &token, &[]).unwrap_err();
        assert_eq!(error, "[invalid bearer token, Token has been invalidated]");
        let other = json!({"metadata": {"name": "s", "namespace": "a"}, "data": {"token": "eA=="}});
        let mut wrong = Objects::default();
        wrong.add("/serviceaccounts", account.as_ref().clone()).add("/secrets", other);
        let error = by_token(&Accounts { view: &wrong, keys: &keys }, &token, &[]).unwrap_err();
        assert_eq!(error, "[invalid bearer token, Token does not match server's copy]");
        let data = base64::engine::general_purpose::STANDARD.encode(&token);
        view.add("/secrets", json!({"metadata": {"name": "s", "namespace": "a"}, "data": {"token": data}}));
        let known = by_token(&Accounts { view: &view, keys: &keys }, &token, &[]).unwrap();
        assert_eq!((known.user.name.as_str(), known.user.uid.as_str()), ("system:serviceaccount:a:bot", "u"));
    }

    #[test]
    fn refusals() {
        let keys = Keys { tokens: Vec::new(), signing: [3; 32] };
        let view = view();
        let accounts = Accounts { view: &view, keys: &keys };
        let bound = |kind: &str, name: &str, uid: &str| json!({"spec": {"boundObjectRef": {"kind": kind, "apiVersion": "v1", "name": name, "uid": uid}}});
        let cases = [
            ("no", json!({}), r#"serviceaccounts "no" not found"#),
            (
                "bot",
                json!({"spec": {"expirationSeconds": 60}}),
                r#"TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"#,
            ),
            (
                "bot",
                json!({"metadata": {"name": "other"}}),
                r#"TokenRequest.authentication.k8s.io "bot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified"#,
            ),
            ("bot", bound("Pod", "no", ""), r#"pods "no" not found"#),
            (
                "bot",
                bound("Pod", "q", ""),
                r#"cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name."#,
            ),
            ("bot", bound("Service", "s", ""), "cannot bind token to object of type /v1, Kind=Service"),
            (
                "bot",
                bound("Pod", "p", "zz"),
                r#"Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (zz) does not match the UID in record. The object might have been deleted and then recreated"#,
            ),
        ];
        for (name, request, expect) in cases {
            assert_eq!(issue(&accounts, "a", name, request, "id").unwrap_err().message, expect);
        }
    }
}
