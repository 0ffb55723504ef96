//! Whose buckets these are: two clouds speak S3's language here.

use serde::{Deserialize, Serialize};

/// A cloud with buckets of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Realm {
    /// Amazon's.
    #[default]
    Aws,
    /// DigitalOcean's.
    Spaces,
}

impl Realm {
    /// Is it Amazon's?
    pub(super) fn is_aws(&self) -> bool {
        *self == Self::Aws
    }

    /// Where the store keeps buckets, by name.
    pub(super) fn buckets(self) -> &'static str {
        match self {
            Self::Aws => "aws.s3.buckets",
            Self::Spaces => "digitalocean.spaces.buckets",
        }
    }

    /// Where it keeps contents, by an id of their own.
    pub(super) fn contents(self) -> &'static str {
        match self {
            Self::Aws => "aws.s3.contents",
            Self::Spaces => "digitalocean.spaces.contents",
        }
    }

    /// Where it keeps a bucket's objects.
    pub(super) fn objects(self, bucket: &str) -> String {
        match self {
            Self::Aws => format!("aws.s3.objects.{bucket}"),
            Self::Spaces => format!("digitalocean.spaces.objects.{bucket}"),
        }
    }

    /// Where it keeps a bucket's uploads.
    pub(super) fn uploads(self, bucket: &str) -> String {
        match self {
            Self::Aws => format!("aws.s3.uploads.{bucket}"),
            Self::Spaces => format!("digitalocean.spaces.uploads.{bucket}"),
        }
    }
}
