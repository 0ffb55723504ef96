//! `/v2/spaces/keys`: keys of Spaces, whose buckets and objects are S3's (see `aws::s3`).
//!
//! DigitalOcean's document is silent on some of it. A key may be granted only buckets that are there, and none with a
//! policy of its own; a key to everything stays one, and one to some buckets stays such.

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::{Context, Handler, body, page};
use crate::aws::{SpacesBucket, spaces_bucket};
use crate::clock::{Now, date};
use crate::entropy;
use crate::routes::Route;
use crate::service::Answer;
use crate::store::{Documents, Transaction};

/// Where the store keeps keys, by their id.
const KEYS: &str = "digitalocean/spaces/keys";
/// The name of the operator's key, which `cloud.json` tells.
const OPERATOR: &str = "rehearsal-operator";
/// How many keys an account may have.
const MOST: usize = 200;

const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Permission {
    /// Reads objects of a bucket.
    Read,
    /// Writes and deletes them too.
    ReadWrite,
    /// Does everything with every bucket.
    FullAccess,
}

/// A permission on a bucket; on none where it is on all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) bucket: String,
    pub(crate) permission: Permission,
}

/// A key of Spaces.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SpacesKey {
    /// `DO00…`
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) grants: Vec<Grant>,
    created_ms: u64,
}

impl SpacesKey {
    fn new(name: &str, grants: Vec<Grant>, now: Now) -> Result<Self, getrandom::Error> {
        let id = format!("DO00{}", entropy::pick(ID_LETTERS, 16)?);
        let secret = entropy::pick(SECRET_LETTERS, 43)?;
        Ok(Self { id, secret, name: name.to_owned(), grants, created_ms: now.real_ms })
    }

    /// May it do what needs `least`, on a bucket or, where none is named, on the account?
    pub(crate) fn may(&self, bucket: Option<&str>, least: Permission) -> bool {
        self.grants.iter().any(|grant| match grant.permission {
            Permission::FullAccess => true,
            permission => permission >= least && bucket == Some(grant.bucket.as_str()),
        })
    }

    fn is_full(&self) -> bool {
        self.grants.iter().any(|grant| grant.permission == Permission::FullAccess)
    }

    fn show(&self) -> Value {
        json!({
            "name": self.name, "grants": self.grants, "access_key": self.id, "created_at": date(self.created_ms),
        })
    }
}

/// A key by its id.
pub(crate) fn spaces_key(transaction: &Transaction<'_>, id: &str) -> Result<Option<SpacesKey>, serde_json::Error> {
    transaction.get(KEYS, id)
}

/// Is a bucket granted by a key that is not for all of them?
pub(crate) fn is_granted(transaction: &Transaction<'_>, bucket: &str) -> Result<bool, serde_json::Error> {
    let keys: Vec<SpacesKey> = transaction.list(KEYS)?;
    Ok(keys.iter().any(|key| key.grants.iter().any(|grant| grant.bucket == bucket)))
}

/// The operator's key to everything, made at the first start: its id and secret.
pub(crate) fn plant_spaces(transaction: &mut Transaction<'_>, now: Now) -> Result<(String, String), Refused> {
    let keys: Vec<SpacesKey> = transaction.list(KEYS).map_err(|_| Refused::Shape)?;
    if let Some(key) = keys.into_iter().find(|key| key.name == OPERATOR) {
        return Ok((key.id, key.secret));
    }
    let grants = vec![Grant { bucket: String::new(), permission: Permission::FullAccess }];
    let key = SpacesKey::new(OPERATOR, grants, now).map_err(Refused::Entropy)?;
    transaction.put(KEYS, &key.id, &key).map_err(|_| Refused::Shape)?;
    Ok((key.id, key.secret))
}

/// Why no key could be planted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The store holds something else.
    Shape,
    /// There is no randomness.
    Entropy(getrandom::Error),
}

/// The routes of keys.
pub(super) fn routes() -> Vec<Route<Handler>> {
    const ALL: &str = "/v2/spaces/keys";
    const ONE: &str = "/v2/spaces/keys/{access_key}";
    let table: [(Method, &'static str, Handler); 6] = [
        (Method::GET, ALL, list),
        (Method::POST, ALL, create),
        (Method::GET, ONE, get),
        (Method::PUT, ONE, update),
        (Method::PATCH, ONE, update),
        (Method::DELETE, ONE, delete),
    ];
    table.into_iter().map(|(method, template, handler)| Route { method, template, handler }).collect()
}

fn named(context: &Context<'_, '_>) -> Result<SpacesKey, Refusal> {
    spaces_key(context.transaction, context.parameter(0))?.ok_or_else(Refusal::not_found)
}

fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut keys: Vec<SpacesKey> = context.transaction.list(KEYS)?;
    let asked = |name| context.call.query(name).filter(|value: &&str| !value.is_empty());
    if let Some(name) = asked("name") {
        keys.retain(|key| key.name == name);
    }
    if let Some(bucket) = asked("bucket") {
        keys.retain(|key| key.grants.iter().any(|grant| grant.bucket == bucket));
    }
    if let Some(permission) = asked("permission") {
        keys.retain(|key| key.grants.iter().any(|grant| json!(grant.permission) == permission));
    }
    match asked("sort").unwrap_or("created_at") {
        "name" => keys.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id))),
        _ => keys.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id))),
    }
    if asked("sort_direction").unwrap_or("desc") == "desc" {
        keys.reverse();
    }
    let shown = keys.iter().map(SpacesKey::show).collect();
    Ok(Answer::json(StatusCode::OK, &page::cut(context.call, "keys", shown)?))
}

fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    Ok(Answer::json(StatusCode::OK, &json!({ "key": named(context)?.show() })))
}

/// A key as a request wants it.
#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    grants: Option<Vec<WantedGrant>>,
}

#[derive(Debug, Deserialize)]
struct WantedGrant {
    bucket: String,
    permission: String,
}

/// What a request grants. To everything and to some buckets at once cannot be.
fn granted(context: &Context<'_, '_>, wanted: Vec<WantedGrant>) -> Result<Vec<Grant>, Refusal> {
    let mut grants: Vec<Grant> = Vec::new();
    for WantedGrant { bucket, permission } in wanted {
        let permission = match permission.as_str() {
            "read" => Permission::Read,
            "readwrite" => Permission::ReadWrite,
            "fullaccess" => Permission::FullAccess,
            _ => return Err(Refusal::bad_request("invalid permission in grants.")),
        };
        match (permission, bucket.is_empty()) {
            (Permission::FullAccess, true) => {}
            (Permission::FullAccess, false) => {
                return Err(Refusal::bad_request("fullaccess permission cannot be scoped to a bucket."));
            }
            (_, true) => return Err(Refusal::bad_request("bucket is required for scoped permissions.")),
            (_, false) => match spaces_bucket(context.transaction, &bucket)? {
                SpacesBucket::Absent => return Err(Refusal::bad_request(format!("bucket {bucket} does not exist."))),
                SpacesBucket::WithPolicy => {
                    let message =
                        format!("bucket {bucket} has a bucket policy, which scoped keys are incompatible with.");
                    return Err(Refusal::bad_request(message));
                }
                SpacesBucket::Plain => {}
            },
        }
        if grants.iter().any(|grant| grant.bucket == bucket) {
            return Err(Refusal::bad_request("duplicate bucket in grants."));
        }
        grants.push(Grant { bucket, permission });
    }
    if grants.len() > 1 && grants.iter().any(|grant| grant.permission == Permission::FullAccess) {
        return Err(Refusal::bad_request("cannot mix fullaccess permission with scoped permissions."));
    }
    Ok(grants)
}

fn checked(name: Option<String>) -> Result<String, Refusal> {
    name.filter(|name| !name.trim().is_empty()).ok_or_else(|| Refusal::bad_request("name is required."))
}

fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let wanted: Wanted = body::required(context.call)?;
    let name = checked(wanted.name)?;
    let grants = granted(context, wanted.grants.unwrap_or_default())?;
    if context.transaction.list::<SpacesKey>(KEYS)?.len() >= MOST {
        return Err(Refusal::unprocessable("you have reached the limit of Spaces access keys."));
    }
    let key = SpacesKey::new(&name, grants, context.now)?;
    context.transaction.put(KEYS, &key.id, &key)?;
    let mut shown = key.show();
    shown["secret_key"] = json!(key.secret);
    Ok(Answer::json(StatusCode::CREATED, &json!({ "key": shown })))
}

fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut key = named(context)?;
    let wanted: Wanted = body::required(context.call)?;
    if wanted.name.is_some() || context.call.method == Method::PUT {
        key.name = checked(wanted.name)?;
    }
    if let Some(wanted) = wanted.grants {
        let was_full = key.is_full();
        key.grants = granted(context, wanted)?;
        if was_full != key.is_full() {
            return Err(Refusal::bad_request("cannot convert between fullaccess and scoped permissions."));
        }
    }
    context.transaction.put(KEYS, &key.id, &key)?;
    Ok(Answer::json(StatusCode::OK, &json!({ "key": key.show() })))
}

fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let key = named(context)?;
    context.transaction.remove(KEYS, &key.id);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Every key by name with its grants, but for the operator's, which is always there.
pub(super) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let keys: Vec<SpacesKey> = documents.list(KEYS)?;
    let shown = keys.iter().filter(|key| key.name != OPERATOR);
    Ok(shown.map(|key| json!({ "name": key.name, "grants": key.grants })).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_may_what_its_grants_say_and_nothing_else() {
        let now = Now { real_ms: 0, virtual_ms: 0 };
        let of = |permission, bucket: &str| {
            SpacesKey::new("k", vec![Grant { bucket: bucket.to_owned(), permission }], now).unwrap()
        };
        let (read, write, full) =
            (of(Permission::Read, "b"), of(Permission::ReadWrite, "b"), of(Permission::FullAccess, ""));
        for (key, bucket, least, may) in [
            (&read, Some("b"), Permission::Read, true),
            (&read, Some("b"), Permission::ReadWrite, false),
            (&read, Some("c"), Permission::Read, false),
            (&write, Some("b"), Permission::ReadWrite, true),
            (&write, Some("b"), Permission::FullAccess, false),
            (&write, None, Permission::Read, false),
            (&full, Some("c"), Permission::FullAccess, true),
            (&full, None, Permission::FullAccess, true),
        ] {
            assert_eq!(key.may(bucket, least), may, "{:?} {bucket:?} {least:?}", key.grants);
        }
        assert!(!SpacesKey::new("k", Vec::new(), now).unwrap().may(Some("b"), Permission::Read));
    }
}
