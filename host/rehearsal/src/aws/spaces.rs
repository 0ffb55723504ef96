//! DigitalOcean's Spaces, which speak S3's language: its hosts and regions, its own keys, and what it does not have.
//!
//! Where DigitalOcean's documentation is silent, it is as strict as what clients met: a key to some buckets does
//! nothing but list them and work on their objects, and sees no setting. A bucket is known in its own region alone,
//! its name is taken in all, and a region in a signature's scope is not looked at.

use http::Method;

use super::api::{Dispatch, Operation, Surface};
use super::policy::Wanted;
use super::protocol::Protocol;
use super::realm::Realm;
use super::refusal::Refusal;
use super::s3;
use super::xml::Element;
use crate::digitalocean::{self, Permission, SpacesKey};
use crate::service::Call;
use crate::store::{Documents, Transaction};

/// What every host ends with.
const DOMAIN: &str = ".digitaloceanspaces.com";
/// Regions with Spaces.
const REGIONS: [&str; 12] =
    ["nyc3", "sfo2", "sfo3", "ams3", "fra1", "sgp1", "blr1", "syd1", "lon1", "tor1", "atl1", "ric1"];
/// Settings of a bucket that there are.
const SETTINGS: [&str; 8] = ["versioning", "lifecycle", "cors", "website", "logging", "policy", "policyStatus", "acl"];
/// Settings of S3's that there are not.
const ABSENT: [&str; 14] = [
    "encryption",
    "publicAccessBlock",
    "ownershipControls",
    "tagging",
    "accelerate",
    "requestPayment",
    "notification",
    "replication",
    "object-lock",
    "analytics",
    "inventory",
    "metrics",
    "intelligent-tiering",
    "session",
];
/// What lets a key read a bucket's objects, and find them.
const READS: [&str; 10] = [
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
    "s3:GetObjectAcl",
];
/// What lets it change them.
const WRITES: [&str; 8] = [
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging",
    "s3:AbortMultipartUpload",
];

/// The service.
pub(super) fn api() -> Surface {
    let hosts = REGIONS.iter().flat_map(|region| [format!("{region}{DOMAIN}"), format!("*.{region}{DOMAIN}")]);
    Surface {
        name: "spaces",
        protocol: Protocol::S3,
        hosts: hosts.collect(),
        global: false,
        dispatch: Dispatch::S3(Realm::Spaces),
        per_second: 0,
    }
}

/// The region that a host names, and the bucket before it.
pub(super) fn of_host(host: &str) -> Option<(&'static str, Option<&str>)> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let labels = name.strip_suffix(DOMAIN)?;
    let (bucket, region) = labels.rsplit_once('.').map_or((None, labels), |(bucket, region)| (Some(bucket), region));
    let region = REGIONS.iter().find(|known| **known == region)?;
    Some((region, bucket))
}

/// What stands in the place of an operation that Spaces does not have.
pub(super) fn absent(call: &Call) -> Option<Operation> {
    let asks = |flag: &&str| call.query(flag).is_some();
    if !ABSENT.iter().any(asks) || SETTINGS.iter().any(asks) {
        return None;
    }
    const NAME: &str = "(not a part of Spaces)";
    Some(match call.method {
        Method::GET | Method::HEAD => Operation::read(NAME, |_| Err(missing("this setting"))),
        _ => Operation::write(NAME, |_| Err(missing("this setting"))),
    })
}

/// 501: S3 has it, and Spaces does not.
pub(super) fn missing(what: &str) -> Refusal {
    let message = format!("A header or query you provided implies functionality that is not implemented: {what}.");
    Refusal::new(http::StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
}

/// May a key do this?
pub(super) fn may(key: &SpacesKey, wanted: &Wanted<'_>) -> bool {
    let least = match wanted.action {
        action if READS.contains(&action) => Permission::Read,
        action if WRITES.contains(&action) => Permission::ReadWrite,
        _ => Permission::FullAccess,
    };
    let bucket = wanted.resource.and_then(|arn| arn.strip_prefix("arn:aws:s3:::"));
    key.may(bucket.map(|name| name.split_once('/').map_or(name, |(bucket, _)| bucket)), least)
}

/// Refuses a lifecycle with what Spaces has not: other classes of storage, and objects told apart by tags or sizes.
pub(super) fn check_lifecycle(document: &Element) -> Result<(), Refusal> {
    for rule in document.children() {
        for name in ["Transition", "NoncurrentVersionTransition"] {
            if rule.child(name).is_some() {
                return Err(missing(name));
            }
        }
        let filter = rule.child("Filter").map(Element::children).unwrap_or_default();
        if let Some(other) = filter.iter().find(|child| child.name() != "Prefix") {
            return Err(missing(other.name()));
        }
    }
    Ok(())
}

/// A lifecycle as it is told: a rule for all objects has an empty prefix of its own in the place of a filter.
pub(super) fn told_lifecycle(document: &Element) -> Element {
    let rules = document.children().iter().map(|rule| {
        let whole = |child: &Element| {
            child.name() == "Filter" && child.child_text("Prefix").is_none_or(|prefix| prefix.trim().is_empty())
        };
        let children = rule.children().iter().map(|child| match whole(child) {
            true => Element::of("Prefix", ""),
            false => child.clone(),
        });
        Element::list("Rule", children)
    });
    Element::list("LifecycleConfiguration", rules)
}

/// What keys ask of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpacesBucket {
    /// There is none.
    Absent,
    /// It has a policy, which no key to some buckets gets along with.
    WithPolicy,
    /// It has none.
    Plain,
}

/// The bucket of a name.
pub(crate) fn spaces_bucket(transaction: &Transaction<'_>, name: &str) -> Result<SpacesBucket, serde_json::Error> {
    let bucket: Option<s3::Bucket> = transaction.get(Realm::Spaces.buckets(), name)?;
    Ok(match bucket {
        None => SpacesBucket::Absent,
        Some(bucket) if bucket.settings.contains_key("policy") => SpacesBucket::WithPolicy,
        Some(_) => SpacesBucket::Plain,
    })
}

/// Every bucket with its settings and the objects that a client sees.
pub(crate) fn spaces_inventory(documents: &Documents) -> Result<serde_json::Value, serde_json::Error> {
    s3::inventory(documents, Realm::Spaces)
}

/// Refuses a policy on a bucket that keys to some buckets are for.
pub(super) fn check_policy(transaction: &Transaction<'_>, bucket: &str) -> Result<(), Refusal> {
    if digitalocean::is_granted(transaction, bucket)? {
        let message = "Bucket policies are not compatible with limited-access keys, and one is for this bucket.";
        return Err(Refusal::bad("InvalidRequest", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_region_and_bucket() {
        for (host, expected) in [
            ("fra1.digitaloceanspaces.com", Some(("fra1", None))),
            ("fra1.digitaloceanspaces.com:4433", Some(("fra1", None))),
            ("gst.maps.fra1.digitaloceanspaces.com", Some(("fra1", Some("gst.maps")))),
            ("moon.digitaloceanspaces.com", None),
            ("digitaloceanspaces.com", None),
            ("s3.amazonaws.com", None),
        ] {
            assert_eq!(of_host(host), expected, "{host}");
        }
    }
}
