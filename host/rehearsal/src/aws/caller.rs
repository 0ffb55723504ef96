//! Who sent a request: a user with a key of its own, or with a session's.

use std::collections::BTreeMap;

use super::account::Account;
use super::iam::managed::lookup;
use super::iam::model::{AccessKey, KEYS, USERS, User, key_of};
use super::policy::{self, Decision, Guard, Policy, Reason, Wanted};
use super::realm::Realm;
use super::sigv4::{Denied, Signature};
use super::spaces;
use super::sts::{SESSIONS, Session};
use crate::clock::Now;
use crate::digitalocean::{SpacesKey, spaces_key};
use crate::store::Transaction;

/// The one that a request is for.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) key: String,
    /// With temporary credentials, which may do less.
    pub(super) session: bool,
    /// The key of Spaces that it is; a user in name only.
    pub(super) spaces: Option<SpacesKey>,
}

/// Why nobody was found.
#[derive(Debug)]
pub(super) enum Unknown {
    /// The credentials are not right.
    Denied(Denied),
    /// The store holds something else.
    Shape,
}

impl From<serde_json::Error> for Unknown {
    fn from(_: serde_json::Error) -> Self {
        Self::Shape
    }
}

impl Caller {
    /// The caller of a signature and the secret it has to be made with.
    pub(super) fn find(
        signature: &Signature,
        realm: Realm,
        transaction: &Transaction<'_>,
        now: Now,
    ) -> Result<(Self, String), Unknown> {
        let unknown = || Unknown::Denied(Denied::UnknownKey(signature.key.clone()));
        if realm == Realm::Spaces {
            let key = spaces_key(transaction, &signature.key)?.ok_or_else(unknown)?;
            if signature.token.is_some() {
                return Err(Unknown::Denied(Denied::Token));
            }
            let (user, secret) = (User::nominal(&key.name, &key.id), key.secret.clone());
            return Ok((Self { user, key: key.id.clone(), session: false, spaces: Some(key) }, secret));
        }
        let (user, secret, session) = match transaction.get::<Session>(SESSIONS, &signature.key)? {
            Some(session) => {
                if signature.token.as_deref() != Some(session.token.as_str()) {
                    return Err(Unknown::Denied(Denied::Token));
                }
                if session.expires_ms <= now.real_ms {
                    return Err(Unknown::Denied(Denied::Expired));
                }
                (session.user, session.secret, true)
            }
            None => {
                let key: Option<AccessKey> = transaction.get(KEYS, &signature.key)?;
                let key = key.filter(|key| key.active).ok_or_else(unknown)?;
                if signature.token.is_some() {
                    return Err(Unknown::Denied(Denied::Token));
                }
                (key.user, key.secret, false)
            }
        };
        let user = transaction.get(USERS, &key_of(&user))?.ok_or_else(unknown)?;
        Ok((Self { user, key: signature.key.clone(), session, spaces: None }, secret))
    }

    /// The caller's ARN.
    pub(super) fn arn(&self, account: &Account) -> String {
        self.user.arn(&account.id)
    }

    /// What the caller's policies say of a request.
    pub(super) fn decide(
        &self,
        transaction: &Transaction<'_>,
        guard: Option<&Guard>,
        wanted: &Wanted<'_>,
    ) -> Result<Decision, serde_json::Error> {
        if let Some(key) = &self.spaces {
            // A bucket's own policy can only take away: there are no other accounts here.
            return Ok(match guard {
                _ if !spaces::may(key, wanted) => Decision::Denied(Reason::NoIdentity),
                Some(guard) if guard.policy.denies(wanted) => Decision::Denied(Reason::ExplicitlyByResource),
                _ => Decision::Allowed,
            });
        }
        let mut identity: Vec<Policy> = self.user.inline.values().filter_map(|text| Policy::parse(text).ok()).collect();
        for arn in &self.user.attached {
            identity.extend(managed(transaction, arn)?);
        }
        let boundary = match &self.user.boundary {
            // A boundary whose policy is gone allows nothing.
            Some(arn) => Some(managed(transaction, arn)?.unwrap_or_default()),
            None => None,
        };
        Ok(policy::decide(&identity, boundary.as_ref(), guard, wanted))
    }

    /// The condition keys that every request has.
    pub(super) fn context(&self, account: &Account, region: &str) -> BTreeMap<String, Vec<String>> {
        let mut context: BTreeMap<String, Vec<String>> = [
            ("aws:username", self.user.name.clone()),
            ("aws:userid", self.user.id.clone()),
            ("aws:principalarn", self.arn(account)),
            ("aws:principalaccount", account.id.clone()),
            ("aws:principaltype", "User".to_owned()),
            ("aws:requestedregion", region.to_owned()),
            ("aws:securetransport", "true".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), vec![value]))
        .into();
        for (key, value) in &self.user.tags {
            context.insert(format!("aws:principaltag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
        }
        context
    }
}

/// A managed policy that can be evaluated.
fn managed(transaction: &Transaction<'_>, arn: &str) -> Result<Option<Policy>, serde_json::Error> {
    Ok(lookup(transaction, arn)?.and_then(|policy| Policy::parse(policy.document()).ok()))
}
