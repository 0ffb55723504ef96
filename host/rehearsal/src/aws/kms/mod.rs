//! KMS: symmetric keys and their aliases. What is encrypted here is encrypted: the material is the key's own.
//!
//! Keys have the default key policy, by which the account's IAM policies
//! decide; a policy of another kind, other key types, grants and rotation are
//! not played. The keys that AWS manages are made in a region when first named,
//! and whoever may use their service may use them through it.

mod crypt;
mod keys;
mod model;

use super::api::{Dispatch, Operation, Surface};
use super::protocol::Protocol;
use super::regions;
pub(super) use crypt::{open, seal};
pub(super) use model::{Key, KmsError, inventory, resolve};

const OPERATIONS: &[Operation] = &[
    Operation::write("CreateKey", keys::create),
    Operation::read("DescribeKey", keys::describe),
    Operation::read("ListKeys", keys::list),
    Operation::write("EnableKey", keys::enable),
    Operation::write("DisableKey", keys::disable),
    Operation::write("ScheduleKeyDeletion", keys::schedule_deletion),
    Operation::write("CancelKeyDeletion", keys::cancel_deletion),
    Operation::read("ListResourceTags", keys::list_tags),
    Operation::write("CreateAlias", keys::create_alias),
    Operation::write("DeleteAlias", keys::delete_alias),
    Operation::read("ListAliases", keys::list_aliases),
    Operation::read("Encrypt", crypt::encrypt),
    Operation::read("Decrypt", crypt::decrypt),
    Operation::read("GenerateDataKey", crypt::generate),
    Operation::read("GenerateDataKeyWithoutPlaintext", crypt::generate_sealed),
];

/// The service.
pub(super) fn api() -> Surface {
    Surface {
        name: "kms",
        protocol: Protocol::Json,
        hosts: regions::hosts("kms"),
        global: false,
        dispatch: Dispatch::Target("TrentService", OPERATIONS),
        per_second: 0,
    }
}
