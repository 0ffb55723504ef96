//! What plugins with buckets of S3's kind share: the calls of a batch as one list, a bucket with its name and settings,
//! lifecycle rules.

pub mod batch;
pub mod bucket;
pub mod check;
pub mod lifecycle;
mod name;

pub use name::is_bucket_name;
