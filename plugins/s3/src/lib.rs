//! What plugins with buckets of S3's kind share: the calls of a batch as one list, names, lifecycle rules.

pub mod batch;
pub mod lifecycle;
mod name;

pub use name::is_bucket_name;
