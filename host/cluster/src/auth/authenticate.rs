//! Who asks: bearer tokens, and nobody in particular.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::impersonate::impersonate;
use super::token::{self, Unreadable};
use super::{ANONYMOUS, AUTHENTICATED, Attributes, UNAUTHENTICATED, User};
use crate::status::Refusal;
use crate::view::View;

/// The `iss` of ServiceAccount tokens, which is also the audience that the server itself is.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// The `iss` of tokens in Secrets, which are for the server alone and do not end.
pub(crate) const SECRET_ISSUER: &str = "kubernetes/serviceaccount";

/// What is said of a token that nobody knows.
const INVALID: &str = "invalid bearer token";

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;

/// What the cluster knows tokens by.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Tokens that stand for someone as they are, such as the administrator's in a kubeconfig.
    pub(crate) tokens: Vec<(String, User)>,
    /// What signs ServiceAccount tokens.
    pub(crate) signing: [u8; 32],
}

impl std::fmt::Debug for Keys {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// What authentication looks at.
#[derive(Clone, Copy)]
pub(crate) struct Accounts<'a> {
    /// ServiceAccounts, and the Pods, Secrets and Nodes that tokens are bound to.
    pub(crate) view: &'a dyn View,
    /// Tokens and keys.
    pub(crate) keys: &'a Keys,
}

/// 401, as it is said to everybody.
fn unauthorized() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
}

/// Says who asks. A bearer token that is not valid is refused (401); who shows nothing is anonymous. With
/// `Impersonate-` headers it is who is impersonated, as far as whoever asks may do that (403).
pub(crate) fn authenticate(
    accounts: &Accounts<'_>,
    headers: &HeaderMap,
    asked: &Attributes<'_>,
) -> Result<User, Refusal> {
    let user = shown(accounts, headers)?;
    impersonate(accounts.view, user, headers, asked)
}

/// Who asks by what they show.
fn shown(accounts: &Accounts<'_>, headers: &HeaderMap) -> Result<User, Refusal> {
    match bearer(headers) {
        Some(token) => by_token(accounts, token, &[]).map(|known| known.user).map_err(|_| unauthorized()),
        None => Ok(User::new(ANONYMOUS, &[UNAUTHENTICATED])),
    }
}

/// Adds the group of everybody who is known.
fn authenticated(user: &mut User) {
    if !user.is_in(AUTHENTICATED) && user.name != ANONYMOUS {
        user.groups.push(AUTHENTICATED.to_owned());
    }
}

/// The token of `Authorization: Bearer token`; another scheme or no token is as no header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, rest) = header.split_once(' ')?;
    let token = rest.split(' ').next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A token that is valid.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) user: User,
    /// For whom, of those who asked.
    pub(super) audiences: Vec<String>,
}

/// Who a token stands for, with those of the `audiences` (none: the server itself) that it is meant for; or
/// why nobody, in the words of a TokenReview.
pub(super) fn by_token(accounts: &Accounts<'_>, token: &str, audiences: &[String]) -> Result<Known, String> {
    let own = [ISSUER.to_owned()];
    let wanted = if audiences.is_empty() { &own } else { audiences };
    if let Some((_, user)) = accounts.keys.tokens.iter().find(|(known, _)| known == token) {
        let mut user = user.clone();
        authenticated(&mut user);
        if !wanted.contains(&own[0]) {
            return Err(INVALID.to_owned());
        }
        return Ok(Known { user, audiences: own.to_vec() });
    }
    claimed(accounts, token, wanted).map_err(|error| match error.as_str() {
        INVALID => error,
        // Two authenticators say no: the one of the server's own tokens, and the one of ServiceAccounts.
        _ => format!("[{INVALID}, {error}]"),
    })
}

/// Who a ServiceAccount's token stands for.
fn claimed(accounts: &Accounts<'_>, token: &str, wanted: &[String]) -> Result<Known, String> {
    let claims = match token::verify(&accounts.keys.signing, &[ISSUER, SECRET_ISSUER], token) {
        Ok(claims) => claims,
        Err(Unreadable::Foreign) => return Err(INVALID.to_owned()),
        Err(Unreadable::Forged) => return Err("go-jose/go-jose: error in cryptographic primitive".to_owned()),
    };
    let meant: Vec<String> = match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => vec![ISSUER.to_owned()],
    };
    let audiences: Vec<String> = wanted.iter().filter(|audience| meant.contains(audience)).cloned().collect();
    if audiences.is_empty() {
        let listed = |list: &[String]| super::rule::quoted(list);
        let (meant, wanted) = (listed(&meant), listed(wanted));
        return Err(format!("token audiences {meant} is invalid for the target audiences {wanted}"));
    }
    let user = match text(&claims, "/iss") {
        SECRET_ISSUER => of_secret(accounts, &claims, token),
        _ => service_account(accounts, &claims),
    };
    user.map(|user| Known { user, audiences })
}

/// The account of a token in a Secret, as long as both are there as they were.
fn of_secret(accounts: &Accounts<'_>, claims: &Value, token: &str) -> Result<User, String> {
    let claim = |name: &str| {
        claims.get(format!("kubernetes.io/serviceaccount/{name}")).and_then(Value::as_str).unwrap_or_default()
    };
    let (namespace, name, uid) = (claim("namespace"), claim("service-account.name"), claim("service-account.uid"));
    let now = accounts.view.now();
    let secret = accounts.view.get("/secrets", namespace, claim("secret.name"));
    let Some(secret) = secret.filter(|secret| !is_deleted(secret, now)) else {
        return Err("Token has been invalidated".to_owned());
    };
    if STANDARD.decode(text(&secret, "/data/token")).ok().as_deref() != Some(token.as_bytes()) {
        return Err("Token does not match server's copy".to_owned());
    }
    let account = accounts.view.get("/serviceaccounts", namespace, name);
    let Some(account) = account.filter(|account| !is_deleted(account, now)) else {
        return Err(format!("serviceaccounts {name:?} not found"));
    };
    let is = text(&account, "/metadata/uid");
    if is != uid {
        return Err(format!("ServiceAccount UID ({is}) does not match claim ({uid})"));
    }
    Ok(User { uid: uid.to_owned(), ..User::service_account(namespace, name) })
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The account that claims are about, as long as it and what the token is bound to are the same as then.
fn service_account(accounts: &Accounts<'_>, claims: &Value) -> Result<User, String> {
    let now = accounts.view.now();
    let moment = |claim: &str| claims.get(claim).and_then(Value::as_i64);
    if moment("exp").is_some_and(|expiry| now - LEEWAY > expiry) {
        return Err("service account token has expired".to_owned());
    }
    if moment("nbf").is_some_and(|start| now + LEEWAY < start) {
        return Err("service account token is not valid yet".to_owned());
    }
    let bound = claims.get("kubernetes.io").unwrap_or(&Value::Null);
    let (namespace, name) = (text(bound, "/namespace"), text(bound, "/serviceaccount/name"));
    let uid = text(bound, "/serviceaccount/uid");
    let Some(account) = accounts.view.get("/serviceaccounts", namespace, name) else {
        return Err(format!("serviceaccounts {name:?} not found"));
    };
    let is = text(&account, "/metadata/uid");
    if is != uid {
        return Err(format!("service account UID ({is}) does not match claim ({uid})"));
    }
    if is_deleted(&account, now) {
        return Err(format!("service account {namespace}/{name} has been deleted"));
    }
    let mut user = User { uid: uid.to_owned(), ..User::service_account(namespace, name) };
    for (kind, key) in [("pod", "/pods"), ("secret", "/secrets"), ("node", "/nodes")] {
        let Some(reference) = bound.get(kind) else { continue };
        let (name, uid) = (text(reference, "/name"), text(reference, "/uid"));
        let place = if kind == "node" { "" } else { namespace };
        let object = accounts.view.get(key, place, name);
        // A token that is bound to a Pod tells its Node too, which is not looked for.
        if kind != "node" || bound.get("pod").is_none() {
            let object = object.filter(|object| !is_deleted(object, now));
            let Some(object) = object else { return Err("service account token has been invalidated".to_owned()) };
            let is = text(&object, "/metadata/uid");
            if is != uid {
                let shown = if kind == "pod" { "pod UID" } else { "UID" };
                return Err(format!("{shown} ({is}) does not match service account {kind} ref claim ({uid})"));
            }
        }
        if kind != "secret" {
            user.extra.insert(format!("authentication.kubernetes.io/{kind}-name"), vec![name.to_owned()]);
            user.extra.insert(format!("authentication.kubernetes.io/{kind}-uid"), vec![uid.to_owned()]);
        }
    }
    if let Some(id) = claims.get("jti").and_then(Value::as_str) {
        user.extra.insert("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("JTI={id}")]);
    }
    Ok(user)
}

/// Whether an object's deletion began long enough ago for its tokens to be dead.
fn is_deleted(object: &Value, now: i64) -> bool {
    let moment = text(object, "/metadata/deletionTimestamp");
    let format = &time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(moment, format).is_ok_and(|moment| moment.unix_timestamp() < now - LEEWAY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;
    use crate::view::testing::Objects;

    const NOW: i64 = Objects::NOW;

    fn keys() -> Keys {
        Keys { tokens: vec![("root".to_owned(), User::new("admin", &[super::super::MASTERS]))], signing: [7; 32] }
    }

    fn view() -> Objects {
        let mut view = Objects::default();
        view.add("/serviceaccounts", json!({"metadata": {"name": "bot", "namespace": "a", "uid": "u1"}}));
        view.add("/pods", json!({"metadata": {"name": "p", "namespace": "a", "uid": "p1"}}));
        view
    }

    fn claims(uid: &str, pod: &str, expiry: i64, audience: &str) -> Value {
        json!({"iss": ISSUER, "aud": [audience], "exp": expiry, "nbf": NOW, "jti": "j", "kubernetes.io": {
            "namespace": "a", "serviceaccount": {"name": "bot", "uid": uid}, "pod": {"name": "p", "uid": pod}}})
    }

    #[test]
    fn headers() {
        let (keys, view) = (keys(), view());
        let accounts = Accounts { view: &view, keys: &keys };
        let cases = [
            (None, Some(ANONYMOUS)),
            (Some("Basic abc"), Some(ANONYMOUS)),
            (Some("Bearer "), Some(ANONYMOUS)),
            (Some("Bearer root"), Some("admin")),
            (Some("bearer root"), Some("admin")),
            (Some("Bearer wrong"), None),
        ];
        for (header, expect) in cases {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(http::header::AUTHORIZATION, header.parse().unwrap());
            }
            let found = authenticate(&accounts, &headers, &Attributes::default());
            match expect {
                Some(name) => assert_eq!(found.unwrap().name, name, "{header:?}"),
                None => assert_eq!(found.unwrap_err(), unauthorized(), "{header:?}"),
            }
        }
    }

    #[test]
    fn tokens_of_accounts() {
        let (keys, view) = (keys(), view());
        let accounts = Accounts { view: &view, keys: &keys };
        let later = NOW + 600;
        let cases = [
            (claims("u1", "p1", later, ISSUER), None),
            (claims("u2", "p1", later, ISSUER), Some("service account UID (u1) does not match claim (u2)")),
            (claims("u1", "p2", later, ISSUER), Some("pod UID (p1) does not match service account pod ref claim (p2)")),
            (claims("u1", "p1", NOW - 61, ISSUER), Some("service account token has expired")),
            (
                claims("u1", "p1", later, "vault"),
                Some(
                    r#"token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc.cluster.local"]"#,
                ),
            ),
        ];
        for (claims, expect) in cases {
            let found = by_token(&accounts, &token::sign(&keys.signing, &claims), &[]);
            let expect = expect.map(|error| format!("[invalid bearer token, {error}]"));
            assert_eq!(found.as_ref().err(), expect.as_ref(), "{claims}");
            if let Ok(known) = found {
                assert_eq!(known.user.name, "system:serviceaccount:a:bot");
                let groups = ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"];
                assert_eq!(known.user.groups, groups);
                assert_eq!(known.user.extra["authentication.kubernetes.io/pod-name"], ["p"]);
            }
        }
    }
}
