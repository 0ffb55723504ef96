//! What calls to AWS need that no other service does: keys that change, and Signature Version 4.

mod keys;
mod sign;

pub use keys::{KeySource, Keys};
pub use sign::sign;
