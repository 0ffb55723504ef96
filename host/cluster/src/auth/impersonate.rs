//! Asking as someone else: the `Impersonate-` headers, and what one has to hold to send them.
//!
//! Since 1.36 there are constrained modes beside the verb `impersonate`: with `impersonate:user-info` on the user
//! and `impersonate-on:user-info:get` on what is asked for, impersonation reaches only that. They are tried first,
//! and a refusal is worded by the first of them that applies.

use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::rbac::{self, Attributes, Decision};
use super::{ANONYMOUS, AUTHENTICATED, MASTERS, UNAUTHENTICATED, User};
use crate::kinds::name;
use crate::status::Refusal;
use crate::view::View;

/// The group of the names and groups, where a mode is constrained; and of uids and extras always.
const AUTHENTICATION: &str = "authentication.k8s.io";
const EXTRA: &str = "impersonate-extra-";
/// From so many groups or extras on, the right to all of them is asked for first.
const MANY: usize = 4;

/// Who is to be impersonated, if anybody.
fn wanted(headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut user = User { name: text("impersonate-user"), uid: text("impersonate-uid"), ..User::default() };
    let groups = headers.get_all("impersonate-group").iter();
    user.groups = groups.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    for (header, value) in headers {
        let Some(key) = header.as_str().strip_prefix(EXTRA) else { continue };
        let decoded = percent_decode_str(key).decode_utf8();
        let key = decoded.map_or_else(|_| key.to_owned(), |key| key.into_owned());
        let value = value.to_str().unwrap_or_default().to_owned();
        user.extra.entry(key).or_default().push(value);
    }
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    if user == User::default() {
        return Ok(None);
    }
    // Go's %#v of the structure, as the server prints it.
    let groups: Vec<String> = user.groups.iter().map(|group| format!("{group:?}")).collect();
    let groups = match groups.as_slice() {
        [] => "[]string(nil)".to_owned(),
        groups => format!("[]string{{{}}}", groups.join(", ")),
    };
    let extra: Vec<String> = user
        .extra
        .iter()
        .map(|(key, values)| {
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            format!("{key:?}:[]string{{{}}}", values.join(", "))
        })
        .collect();
    let extra = match extra.as_slice() {
        [] => "map[string][]string(nil)".to_owned(),
        extra => format!("map[string][]string{{{}}}", extra.join(", ")),
    };
    let shown = format!("&user.DefaultInfo{{Name:\"\", UID:{:?}, Groups:{groups}, Extra:{extra}}}", user.uid);
    Err(Refusal::bad_request(format!("requested {shown} without impersonating a user name")))
}

/// Who is meant: whoever asks, or whom they impersonate.
pub(super) fn impersonate(
    view: &dyn View,
    user: User,
    headers: &HeaderMap,
    asked: &Attributes<'_>,
) -> Result<User, Refusal> {
    let Some(wanted) = wanted(headers)? else { return Ok(user) };
    let mut first = None;
    for mode in modes(&user, &wanted) {
        let check = Check { view, user: &user, mode, asked };
        match check.allowed(&wanted) {
            Ok(who) => return Ok(who),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    Err(first.unwrap_or_else(|| Refusal::internal("all impersonation modes failed")))
}

/// A way of impersonating, as its verbs name it; `None` is the verb `impersonate`, without constraint.
type Mode = Option<&'static str>;

fn service_account(name: &str) -> Option<(&str, &str)> {
    let (namespace, account) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (name::label(namespace).is_empty() && name::subdomain(account).is_empty()).then_some((namespace, account))
}

fn node(name: &str) -> Option<&str> {
    name.strip_prefix("system:node:").filter(|node| name::subdomain(node).is_empty())
}

/// The modes that can serve, in the order in which they are tried.
fn modes(user: &User, wanted: &User) -> Vec<Mode> {
    let alone = wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty();
    let mut modes = Vec::new();
    match (node(&wanted.name), service_account(&wanted.name)) {
        (Some(node), _) if alone => {
            let own = user.extra.get("authentication.kubernetes.io/node-name").map(Vec::as_slice);
            let is_own = own.is_some_and(|own| *own == [node.to_owned()]);
            if is_own && service_account(&user.name).is_some() {
                modes.push(Some("associated-node"));
            }
            modes.push(Some("arbitrary-node"));
        }
        (None, Some(_)) if alone => modes.push(Some("serviceaccount")),
        (None, None) => modes.push(Some("user-info")),
        _ => {}
    }
    modes.push(None);
    modes
}

/// One mode's questions.
struct Check<'a> {
    view: &'a dyn View,
    user: &'a User,
    mode: Mode,
    asked: &'a Attributes<'a>,
}

impl Check<'_> {
    fn ask(&self, asked: &Attributes<'_>) -> Result<(), Refusal> {
        match rbac::decide(self.view, self.user, asked) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(reason) => Err(rbac::forbidden(self.user, asked, &reason)),
        }
    }

    fn allowed(&self, wanted: &User) -> Result<User, Refusal> {
        if let Some(mode) = self.mode {
            let verb = format!("impersonate-on:{mode}:{}", self.asked.verb);
            self.ask(&Attributes { verb: &verb, ..*self.asked })?;
        }
        let verb = self.mode.map_or_else(|| "impersonate".to_owned(), |mode| format!("impersonate:{mode}"));
        let group = if self.mode.is_some() { AUTHENTICATION } else { "" };
        let mut actual = wanted.clone();

        let mut asked =
            Attributes { verb: &verb, group, resource: "users", name: &wanted.name, ..Attributes::default() };
        if let (Some(node), true) = (node(&wanted.name), self.mode.is_some()) {
            // Whoever may be their own node may be it on any.
            let name = if self.mode == Some("associated-node") { "*" } else { node };
            asked = Attributes { resource: "nodes", name, ..asked };
            actual.groups = vec!["system:nodes".to_owned()];
        }
        if let Some((namespace, account)) = service_account(&wanted.name) {
            asked = Attributes { resource: "serviceaccounts", namespace, name: account, ..asked };
            if wanted.groups.is_empty() {
                let of_namespace = format!("system:serviceaccounts:{namespace}");
                actual.groups = vec!["system:serviceaccounts".to_owned(), of_namespace];
            }
        }
        self.ask(&asked)?;

        let own = Attributes { verb: &verb, group: AUTHENTICATION, ..Attributes::default() };
        if !wanted.uid.is_empty() {
            self.ask(&Attributes { resource: "uids", name: &wanted.uid, ..own })?;
        }
        self.groups(&Attributes { resource: "groups", group, ..own }, &wanted.groups)?;
        self.extra(&Attributes { resource: "userextras", ..own }, wanted)?;

        if actual.name == ANONYMOUS {
            join(&mut actual, UNAUTHENTICATED);
        } else if !actual.is_in(UNAUTHENTICATED) {
            join(&mut actual, AUTHENTICATED);
        }
        Ok(actual)
    }

    fn groups(&self, asked: &Attributes<'_>, groups: &[String]) -> Result<(), Refusal> {
        if self.mode.is_some() {
            if groups.iter().any(String::is_empty) {
                let why = "impersonating the empty string group is not allowed";
                return Err(rbac::forbidden(self.user, asked, why));
            }
            if groups.iter().any(|group| group == MASTERS) {
                let why = "impersonating the system:masters group is not allowed";
                return Err(rbac::forbidden(self.user, &Attributes { name: MASTERS, ..*asked }, why));
            }
            if groups.len() >= MANY && self.ask(&Attributes { name: "*", ..*asked }).is_ok() {
                return Ok(());
            }
        }
        groups.iter().try_for_each(|group| self.ask(&Attributes { name: group, ..*asked }))
    }

    fn extra(&self, asked: &Attributes<'_>, wanted: &User) -> Result<(), Refusal> {
        if self.mode.is_some() {
            for (key, values) in &wanted.extra {
                let why = match () {
                    () if key.is_empty() => "impersonating the empty string key in extra is not allowed".to_owned(),
                    () if *key != key.to_lowercase() => {
                        format!("impersonating a non-lowercase key in extra is not allowed: {key:?}")
                    }
                    () if values.iter().any(String::is_empty) => {
                        "impersonating the empty string value in extra is not allowed".to_owned()
                    }
                    () => continue,
                };
                return Err(rbac::forbidden(self.user, asked, &why));
            }
            let count: usize = wanted.extra.values().map(Vec::len).sum();
            if count >= MANY && self.ask(&Attributes { subresource: "*", name: "*", ..*asked }).is_ok() {
                return Ok(());
            }
        }
        for (key, values) in &wanted.extra {
            for value in values {
                self.ask(&Attributes { subresource: key, name: value, ..*asked })?;
            }
        }
        Ok(())
    }
}

fn join(user: &mut User, group: &str) {
    if !user.is_in(group) {
        user.groups.push(group.to_owned());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use http::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::auth::rule::quoted;
    use crate::view::testing::Objects;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    const JANE: (&str, &str) = ("impersonate-user", "jane");
    const DEVS: (&str, &str) = ("impersonate-group", "devs");
    const BOT: (&str, &str) = ("impersonate-user", "system:serviceaccount:a:bot");
    const ALL: (&str, &str) = ("impersonate-group", MASTERS);

    type Given = &'static [(&'static str, &'static str)];

    #[test]
    fn who_may_be_whom() {
        let mut view = Objects::default();
        for (user, rules) in [
            ("all", json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users", "groups"]}])),
            ("bots", json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]}])),
            (
                "readers",
                json!([
                    {"verbs": ["impersonate:user-info"], "apiGroups": [AUTHENTICATION], "resources": ["users"], "resourceNames": ["jane"]},
                    {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]}
                ]),
            ),
        ] {
            view.add("rbac.authorization.k8s.io/clusterroles", json!({"metadata": {"name": user}, "rules": rules}));
            view.add(
                "rbac.authorization.k8s.io/clusterrolebindings",
                json!({"metadata": {"name": user}, "roleRef": {"kind": "ClusterRole", "name": user},
                    "subjects": [{"kind": "User", "name": user}]}),
            );
        }
        let bot_groups = r#"["system:serviceaccounts" "system:serviceaccounts:a" "system:authenticated"]"#;
        let cases: [(&str, Given, Result<&str, &str>); 10] = [
            ("all", &[], Ok("[]")),
            ("all", &[JANE], Ok(r#"["system:authenticated"]"#)),
            ("all", &[JANE, DEVS], Ok(r#"["devs" "system:authenticated"]"#)),
            ("root", &[JANE, ALL], Ok(r#"["system:masters" "system:authenticated"]"#)),
            ("bots", &[BOT], Ok(bot_groups)),
            ("readers", &[JANE], Ok(r#"["system:authenticated"]"#)),
            (
                "bots",
                &[JANE],
                Err(
                    r#"pods is forbidden: User "bots" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "n""#,
                ),
            ),
            (
                "readers",
                &[JANE, DEVS],
                Err(
                    r#"groups.authentication.k8s.io "devs" is forbidden: User "readers" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope"#,
                ),
            ),
            (
                "all",
                &[BOT],
                Err(
                    r#"pods is forbidden: User "all" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" in the namespace "n""#,
                ),
            ),
            (
                "all",
                &[DEVS],
                Err(
                    r#"requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"devs"}, Extra:map[string][]string(nil)} without impersonating a user name"#,
                ),
            ),
        ];
        let asked = Attributes { verb: "list", resource: "pods", namespace: "n", ..Attributes::default() };
        for (name, given, expect) in cases {
            let user = if name == "root" { User::new(name, &[MASTERS]) } else { User::new(name, &[]) };
            let found = impersonate(&view, user, &headers(given), &asked);
            let found = found.map(|user| quoted(&user.groups)).map_err(|refusal| refusal.message);
            assert_eq!(found, expect.map(str::to_owned).map_err(str::to_owned), "{name} {given:?}");
        }
    }
}
