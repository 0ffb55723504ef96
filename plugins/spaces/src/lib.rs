//! DigitalOcean's Spaces: buckets, and the keys that open them.

pub mod bucket;
pub mod key;

pub use bucket::Bucket;
pub use key::Key;

maps_sdk::plugin!(Bucket, Key);

#[cfg(test)]
mod tests;
