//! Buckets of Amazon S3, and of DigitalOcean's Spaces. Source: its API reference, version 2006-03-01.

use super::super::names::Shape;
use super::{About, Action, Field, READ, Service, WRITE, name, word};

/// The service.
pub(in super::super) static S3: Service = Service {
    name: "s3",
    fields: &[Field { name: "buckets", shape: Shape::Word, canonical: bucket }],
    actions: &[
        of(READ, "HeadBucket", &["Bucket"]),
        of(READ, "GetBucketLocation", &["Bucket"]),
        of(READ, "ListObjectVersions", &["Bucket"]),
        of(READ, "GetBucketTagging", &["Bucket"]),
        of(READ, "GetBucketVersioning", &["Bucket"]),
        of(READ, "GetBucketEncryption", &["Bucket"]),
        of(READ, "GetBucketLifecycleConfiguration", &["Bucket"]),
        of(READ, "GetPublicAccessBlock", &["Bucket"]),
        of(WRITE, "CreateBucket", &["Bucket"]),
        of(WRITE, "DeleteBucket", &["Bucket"]),
        of(WRITE, "DeleteObjects", &["Bucket", "Delete"]),
        of(WRITE, "PutBucketTagging", &["Bucket", "Tagging"]),
        of(WRITE, "DeleteBucketTagging", &["Bucket"]),
        of(WRITE, "PutBucketVersioning", &["Bucket", "VersioningConfiguration"]),
        of(WRITE, "PutBucketEncryption", &["Bucket", "ServerSideEncryptionConfiguration"]),
        of(WRITE, "PutBucketLifecycleConfiguration", &["Bucket", "LifecycleConfiguration"]),
        of(WRITE, "DeleteBucketLifecycle", &["Bucket"]),
        of(WRITE, "PutPublicAccessBlock", &["Bucket", "PublicAccessBlockConfiguration"]),
        of(WRITE, "DeletePublicAccessBlock", &["Bucket"]),
    ],
};

const BUCKET: About = name("buckets", "/Bucket");

const fn of(like: Action, name: &'static str, parameters: &'static [&'static str]) -> Action {
    Action { name, parameters, about: &[BUCKET], ..like }
}

/// It becomes a host's first label or a path's first segment, and must be neither more nor less.
fn bucket(text: &str) -> Result<String, &'static str> {
    const WHY: &str = "a bucket's name has 3 to 63 lower-case letters, digits, dots and `-`";
    let plain = !text.bytes().any(|byte| byte.is_ascii_uppercase()) && !text.contains("..");
    if plain && (3..=63).contains(&text.len()) && !text.starts_with(['.', '-']) && !text.ends_with(['.', '-']) {
        word(text, b".-", WHY)
    } else {
        Err(WHY)
    }
}
