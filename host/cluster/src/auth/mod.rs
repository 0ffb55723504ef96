//! Who asks, and whether they may: authentication, impersonation, RBAC and the reviews of both.
//!
//! In the order of a request: [`authenticate`] (impersonation with it), [`authorize`], and [`check_escalation`]
//! before a Role or a binding is stored.

mod aggregate;
mod authenticate;
mod bootstrap;
mod escalation;
mod impersonate;
mod issue;
mod rbac;
mod reviews;
mod rule;
mod token;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) use aggregate::aggregated;
pub(crate) use authenticate::{Accounts, Keys, authenticate};
pub(crate) use bootstrap::bootstrap;
pub(crate) use escalation::check_escalation;
pub(crate) use issue::{TOKEN_SECONDS, issue, secret_token};
pub(crate) use rbac::{Attributes, authorize};

pub(crate) use reviews::review;

/// The API group of Roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";
/// Its members may do anything.
pub(crate) const MASTERS: &str = "system:masters";
/// Who has said who they are.
const AUTHENTICATED: &str = "system:authenticated";
/// Who has not.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of whoever has not said who they are.
const ANONYMOUS: &str = "system:anonymous";

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// `system:serviceaccount:default:builder`
    pub(crate) name: String,
    /// The account's uid, empty where there is none.
    pub(crate) uid: String,
    /// Groups, in order.
    pub(crate) groups: Vec<String>,
    /// What else the authenticator knows.
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Someone with these groups.
    pub(crate) fn new(name: impl Into<String>, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Self { name: name.into(), groups, ..Self::default() }
    }

    /// A ServiceAccount, as its tokens authenticate it.
    pub(crate) fn service_account(namespace: &str, name: &str) -> Self {
        let of_namespace = format!("system:serviceaccounts:{namespace}");
        let groups = ["system:serviceaccounts", &of_namespace, AUTHENTICATED];
        Self::new(format!("system:serviceaccount:{namespace}:{name}"), &groups)
    }

    /// Whether they are in a group.
    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|of| of == group)
    }

    /// As `authentication.k8s.io/v1` UserInfo.
    pub(crate) fn info(&self) -> Value {
        let mut info = Map::from_iter([("username".to_owned(), Value::from(self.name.as_str()))]);
        if !self.uid.is_empty() {
            info.insert("uid".to_owned(), Value::from(self.uid.as_str()));
        }
        if !self.groups.is_empty() {
            info.insert("groups".to_owned(), json!(self.groups));
        }
        if !self.extra.is_empty() {
            info.insert("extra".to_owned(), json!(self.extra));
        }
        Value::Object(info)
    }
}

/// A moment as RFC 3339 in whole seconds; what no calendar has is empty.
fn stamp(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}
