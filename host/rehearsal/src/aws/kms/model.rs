//! Keys and aliases as they are kept, and how a request names one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::context::Context;
use crate::aws::json::timestamp;
use crate::aws::policy::{Guard, Policy};
use crate::aws::refusal::Refusal;
use crate::entropy;
use crate::store::Documents;

/// Where the store keeps keys, by region and id.
pub(super) const KEYS: &str = "aws.kms.keys";
/// Aliases, by region and name.
pub(super) const ALIASES: &str = "aws.kms.aliases";
/// The services whose keys AWS manages.
const MANAGED: [&str; 2] = ["ssm", "s3"];

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Enabled,
    Disabled,
    /// With the moment in virtual time at which it is gone.
    PendingDeletion(u64),
}

/// A key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct Key {
    pub(super) id: String,
    pub(in crate::aws) arn: String,
    pub(super) description: String,
    /// The service, if AWS manages it.
    pub(super) managed_for: Option<String>,
    pub(super) state: State,
    pub(super) created_ms: u64,
    /// The key itself, in hexadecimal.
    pub(super) material: String,
    pub(super) tags: BTreeMap<String, String>,
    /// The key policy; absent where it is the default one.
    pub(super) policy: Option<String>,
    /// How many days lie between two rotations; absent where there are none.
    pub(super) rotation_days: Option<u16>,
}

/// Another name of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) region: String,
}

/// Why a key is of no use.
#[derive(Debug)]
pub(in crate::aws) enum KmsError {
    /// There is none of this name.
    NotFound(String),
    /// It is there, and in no state to be used.
    Unusable(Refusal),
    /// Something else.
    Other(Refusal),
}

impl From<KmsError> for Refusal {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::NotFound(why) => Self::bad("NotFoundException", why),
            KmsError::Unusable(refusal) | KmsError::Other(refusal) => refusal,
        }
    }
}

impl<E: Into<Refusal>> From<E> for KmsError
where
    E: std::error::Error,
{
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

pub(super) fn place(region: &str, name: &str) -> String {
    format!("{region}/{name}")
}

impl Key {
    /// A new one, with material of its own.
    pub(super) fn new(context: &Context<'_, '_>, managed_for: Option<&str>) -> Result<Self, getrandom::Error> {
        let id = entropy::uuid()?;
        Ok(Self {
            arn: context.arn("kms", &format!("key/{id}")),
            id,
            description: managed_for
                .map(|service| {
                    format!("Default key that protects my {} data when no other key is defined", service.to_uppercase())
                })
                .unwrap_or_default(),
            managed_for: managed_for.map(str::to_owned),
            state: State::Enabled,
            created_ms: context.now.real_ms,
            material: entropy::hex(32)?,
            tags: BTreeMap::new(),
            policy: None,
            rotation_days: None,
        })
    }

    /// Where it stands at a moment; `None` when it is gone.
    pub(super) fn state_at(&self, virtual_ms: u64) -> Option<State> {
        match self.state {
            State::PendingDeletion(at) if at <= virtual_ms => None,
            state => Some(state),
        }
    }

    /// As the API shows it.
    pub(super) fn metadata(&self, account: &str) -> Value {
        let (state, enabled) = match self.state {
            State::Enabled => ("Enabled", true),
            State::Disabled => ("Disabled", false),
            State::PendingDeletion(_) => ("PendingDeletion", false),
        };
        let mut metadata = json!({
            "AWSAccountId": account,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": timestamp(self.created_ms),
            "Enabled": enabled,
            "Description": self.description,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": state,
            "Origin": "AWS_KMS",
            "KeyManager": if self.managed_for.is_some() { "AWS" } else { "CUSTOMER" },
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
        });
        if let State::PendingDeletion(at) = self.state {
            metadata["DeletionDate"] = timestamp(at);
        }
        metadata
    }

    /// The key policy in effect: the default one leaves it all to the account's own.
    pub(super) fn policy(&self, account: &str) -> String {
        let default = json!({
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [{
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                "Action": "kms:*",
                "Resource": "*",
            }],
        });
        self.policy.clone().unwrap_or_else(|| default.to_string())
    }

    /// Goes on only if the key's policy, and the caller's where it leaves it to them, allow the action on the key.
    pub(in crate::aws) fn allow(
        &self,
        context: &Context<'_, '_>,
        action: &str,
        keys: Vec<(&str, Vec<String>)>,
    ) -> Result<(), Refusal> {
        let policy = Policy::parse_resource(&self.policy(&context.account.id)).map_err(|_| Refusal::internal())?;
        context.allow_on(action, Some(&self.arn), keys, Some(&Guard { policy, rules: true }))
    }

    /// Whether whoever may use a service may use this key through it.
    pub(in crate::aws) fn is_open_through(&self, service: &str) -> bool {
        self.managed_for.as_deref() == Some(service)
    }

    /// Only an enabled key encrypts and decrypts.
    pub(in crate::aws) fn usable(self) -> Result<Self, KmsError> {
        let refusal = match self.state {
            State::Enabled => return Ok(self),
            State::Disabled => Refusal::bad("DisabledException", format!("{} is disabled.", self.arn)),
            State::PendingDeletion(_) => {
                Refusal::bad("KMSInvalidStateException", format!("{} is pending deletion.", self.arn))
            }
        };
        Err(KmsError::Unusable(refusal))
    }
}

/// The key that an id, an ARN, an alias or an alias's ARN names.
pub(in crate::aws) fn resolve(context: &mut Context<'_, '_>, named: &str) -> Result<Key, KmsError> {
    let prefix = context.arn("kms", "");
    let foreign = named.starts_with("arn:") && !named.starts_with(&prefix);
    let local = named.strip_prefix(&prefix).unwrap_or(named);
    let (id, missing) = match local.strip_prefix("alias/") {
        Some(_) => {
            let missing = format!("Alias {prefix}{local} is not found.");
            let alias: Option<Alias> = context.transaction.get(ALIASES, &place(&context.region, local))?;
            match alias {
                Some(alias) => (alias.key, missing),
                None => return managed(context, local).and_then(|key| key.ok_or(KmsError::NotFound(missing))),
            }
        }
        None => {
            let id = local.strip_prefix("key/").unwrap_or(local);
            (id.to_owned(), format!("Key '{prefix}key/{id}' does not exist"))
        }
    };
    let key: Option<Key> = context.transaction.get(KEYS, &place(&context.region, &id))?;
    let alive = key.filter(|key| !foreign && key.state_at(context.now.virtual_ms).is_some());
    alive.ok_or(KmsError::NotFound(missing))
}

/// The key that AWS manages for a service, made when it is first named.
fn managed(context: &mut Context<'_, '_>, alias: &str) -> Result<Option<Key>, KmsError> {
    let service = alias.strip_prefix("alias/aws/").filter(|service| MANAGED.contains(service));
    let Some(service) = service else { return Ok(None) };
    let key = Key::new(context, Some(service))?;
    let region = context.region.clone();
    context.transaction.put(KEYS, &place(&region, &key.id), &key)?;
    let named = Alias { name: alias.to_owned(), key: key.id.clone(), region };
    context.transaction.put(ALIASES, &place(&named.region, alias), &named)?;
    Ok(Some(key))
}

/// The customer's keys and aliases; those that AWS manages are its own business.
pub(in crate::aws) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let keys: Vec<Key> = documents.list(KEYS)?;
    let aliases: Vec<Alias> = documents.list(ALIASES)?;
    let customers = keys.iter().filter(|key| key.managed_for.is_none());
    // A key that is to be deleted counts as gone, like everything begun.
    let shown = customers.filter(|key| !matches!(key.state, State::PendingDeletion(_))).map(|key| {
        let names = aliases.iter().filter(|alias| alias.key == key.id).map(|alias| json!(alias.name));
        json!({
            "description": key.description,
            "enabled": key.state == State::Enabled,
            "aliases": names.collect::<Vec<_>>(),
            "tags": key.tags,
        })
    });
    Ok(shown.collect())
}
