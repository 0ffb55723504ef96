//! KMS: symmetric keys and their aliases. What is encrypted here is encrypted: the material is the key's own.
//!
//! A key's policy decides, and lets the account's IAM policies decide where it
//! names the account, as the default one does. A rotation is kept and carries
//! nothing out; other key types and grants are not played. The keys that AWS manages are made in a region when first named,
//! and whoever may use their service may use them through it.

mod crypt;
mod keys;
mod model;
mod settings;

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
    Operation::write("UpdateKeyDescription", settings::update_description),
    Operation::read("GetKeyPolicy", settings::get_policy),
    Operation::write("PutKeyPolicy", settings::put_policy),
    Operation::read("ListKeyPolicies", settings::list_policies),
    Operation::read("GetKeyRotationStatus", settings::rotation),
    Operation::write("EnableKeyRotation", settings::enable_rotation),
    Operation::write("DisableKeyRotation", settings::disable_rotation),
    Operation::read("ListResourceTags", settings::list_tags),
    Operation::write("TagResource", settings::tag),
    Operation::write("UntagResource", settings::untag),
    Operation::write("CreateAlias", keys::create_alias),
    Operation::write("UpdateAlias", keys::update_alias),
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
