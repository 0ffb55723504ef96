//! What calls to AWS need that no other service does: keys that change, and Signature Version 4.

mod access;
mod action;
mod host;
mod keys;
mod partition;
mod sign;

pub(crate) use access::Access;
pub(crate) use action::check_action;
pub(crate) use host::{is_spaces, spaces_host};
pub use keys::{Fixed, KeySource, Keys, SpacesKeys};
pub(crate) use partition::Partition;
pub(crate) use sign::sign;
