//! What calls to AWS need that no other service does: keys that change, and Signature Version 4.

mod access;
mod host;
mod keys;
mod sign;

pub(crate) use access::Access;
pub use keys::{Fixed, KeySource, Keys};
pub(crate) use sign::sign;
