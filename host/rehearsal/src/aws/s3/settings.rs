//! What a bucket is set to: versioning, encryption, lifecycle, public access, ownership, tags.

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use super::bucket::find as bucket;
use super::model::BUCKETS;
use super::{body, xml};
use crate::aws::api::Operation;
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::service::{Answer, Call};

/// A setting that is a document.
struct Setting {
    /// The flag of the query.
    flag: &'static str,
    root: &'static str,
    /// What policies call it: `s3:Put…`, `s3:Get…`.
    right: &'static str,
    put: &'static str,
    get: &'static str,
    delete: &'static str,
    /// The code and message when there is none.
    absent: (&'static str, &'static str),
    check: fn(&Element) -> Result<(), Refusal>,
}

const SETTINGS: [Setting; 5] = [
    Setting {
        flag: "encryption",
        root: "ServerSideEncryptionConfiguration",
        right: "EncryptionConfiguration",
        put: "PutBucketEncryption",
        get: "GetBucketEncryption",
        delete: "DeleteBucketEncryption",
        absent: (
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
        check: check_encryption,
    },
    Setting {
        flag: "lifecycle",
        root: "LifecycleConfiguration",
        right: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        delete: "DeleteBucketLifecycle",
        absent: ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        check: check_lifecycle,
    },
    Setting {
        flag: "publicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        right: "BucketPublicAccessBlock",
        put: "PutPublicAccessBlock",
        get: "GetPublicAccessBlock",
        delete: "DeletePublicAccessBlock",
        absent: ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
        check: check_public,
    },
    Setting {
        flag: "ownershipControls",
        root: "OwnershipControls",
        right: "BucketOwnershipControls",
        put: "PutBucketOwnershipControls",
        get: "GetBucketOwnershipControls",
        delete: "DeleteBucketOwnershipControls",
        absent: ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
        check: check_ownership,
    },
    Setting {
        flag: "tagging",
        root: "Tagging",
        right: "BucketTagging",
        put: "PutBucketTagging",
        get: "GetBucketTagging",
        delete: "DeleteBucketTagging",
        absent: ("NoSuchTagSet", "The TagSet does not exist"),
        check: check_tags,
    },
];

/// Settings that nobody can make here: they are absent, as they would be there.
const ABSENT: [(&str, &str, &str); 5] = [
    ("policy", "NoSuchBucketPolicy", "The bucket policy does not exist"),
    ("cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    ("website", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ("replication", "ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    ("object-lock", "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
];
const UNPLAYED: [&str; 9] = [
    "acl",
    "logging",
    "accelerate",
    "requestPayment",
    "notification",
    "analytics",
    "inventory",
    "metrics",
    "intelligent-tiering",
];

/// The operation on a setting that a request asks for.
pub(super) fn find(call: &Call) -> Option<Operation> {
    let asks = |flag: &str| call.query(flag).is_some();
    if asks("versioning") {
        return match call.method {
            Method::GET => Some(Operation::read("GetBucketVersioning", get_versioning)),
            Method::PUT => Some(Operation::write("PutBucketVersioning", put_versioning)),
            _ => None,
        };
    }
    if let Some(setting) = SETTINGS.iter().find(|setting| asks(setting.flag)) {
        return match call.method {
            Method::GET => Some(Operation::read(setting.get, get)),
            Method::PUT => Some(Operation::write(setting.put, put)),
            Method::DELETE => Some(Operation::write(setting.delete, delete)),
            _ => None,
        };
    }
    if ABSENT.iter().any(|(flag, _, _)| asks(flag)) && call.method == Method::GET {
        return Some(Operation::read("(a setting that is not played)", absent));
    }
    let unplayed = ABSENT.iter().map(|(flag, _, _)| *flag).chain(UNPLAYED);
    let mut unplayed = unplayed.filter(|flag| asks(flag));
    unplayed.next().map(|_| Operation::read("(not played)", |_| Err(Refusal::not_played("this setting of a bucket"))))
}

/// What a new bucket is set to.
pub(super) fn defaults() -> BTreeMap<String, String> {
    let encryption = Element::new("ServerSideEncryptionConfiguration").with(
        Element::new("Rule")
            .with(Element::list("ApplyServerSideEncryptionByDefault", [Element::of("SSEAlgorithm", "AES256")]))
            .with_text("BucketKeyEnabled", false),
    );
    let public = PUBLIC.map(|name| Element::of(name, true));
    let public = Element::list("PublicAccessBlockConfiguration", public);
    let rule = Element::list("Rule", [Element::of("ObjectOwnership", "BucketOwnerEnforced")]);
    let ownership = Element::list("OwnershipControls", [rule]);
    [("encryption", encryption), ("publicAccessBlock", public), ("ownershipControls", ownership)]
        .map(|(flag, element)| (flag.to_owned(), element.document()))
        .into()
}

fn asked(context: &Context<'_, '_>) -> Result<&'static Setting, Refusal> {
    let found = SETTINGS.iter().find(|setting| context.call.query(setting.flag).is_some());
    found.ok_or_else(Refusal::internal)
}

fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    let bucket = bucket(context, &format!("s3:Get{}", setting.right), None)?;
    let text = bucket.settings.get(setting.flag);
    let text = text.ok_or_else(|| Refusal::missing(setting.absent.0, setting.absent.1))?;
    Ok(xml(Element::parse(text.as_bytes())?))
}

fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    let mut bucket = bucket(context, &format!("s3:Put{}", setting.right), None)?;
    let document = Element::parse(&body::plain(context)?)?;
    if document.name() != setting.root {
        return Err(malformed());
    }
    (setting.check)(&document)?;
    bucket.settings.insert(setting.flag.to_owned(), document.document());
    context.transaction.put(BUCKETS, &bucket.name, &bucket)?;
    let status = if setting.flag == "tagging" { StatusCode::NO_CONTENT } else { StatusCode::OK };
    Ok(Answer::empty(status))
}

fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    let mut bucket = bucket(context, &format!("s3:Put{}", setting.right), None)?;
    bucket.settings.remove(setting.flag);
    if setting.flag == "encryption" {
        // There is no bucket without: what is left is the default.
        bucket.settings.extend(defaults().remove_entry("encryption"));
    }
    context.transaction.put(BUCKETS, &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn absent(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let asked = ABSENT.iter().find(|(flag, _, _)| context.call.query(flag).is_some());
    let (flag, code, message) = asked.ok_or_else(Refusal::internal)?;
    let right = match *flag {
        "policy" => "s3:GetBucketPolicy",
        "cors" => "s3:GetBucketCORS",
        "website" => "s3:GetBucketWebsite",
        "replication" => "s3:GetReplicationConfiguration",
        _ => "s3:GetBucketObjectLockConfiguration",
    };
    bucket(context, right, None)?;
    Err(Refusal::missing(code, *message))
}

fn get_versioning(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = bucket(context, "s3:GetBucketVersioning", None)?;
    Ok(xml(Element::new("VersioningConfiguration").with_some("Status", bucket.versioning)))
}

fn put_versioning(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut bucket = bucket(context, "s3:PutBucketVersioning", None)?;
    let document = Element::parse(&body::plain(context)?)?;
    match document.child_text("Status").filter(|_| document.name() == "VersioningConfiguration") {
        Some(status @ ("Enabled" | "Suspended")) => bucket.versioning = Some(status.to_owned()),
        _ => return Err(malformed()),
    }
    if document.child_text("MfaDelete") == Some("Enabled") {
        return Err(Refusal::not_played("deletion with a second factor"));
    }
    context.transaction.put(BUCKETS, &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::OK))
}

fn malformed() -> Refusal {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Refusal::bad("MalformedXML", message)
}

fn check_encryption(document: &Element) -> Result<(), Refusal> {
    let rule = document.child("Rule").and_then(|rule| rule.child("ApplyServerSideEncryptionByDefault"));
    let rule = rule.filter(|_| document.children().len() == 1).ok_or_else(malformed)?;
    match (rule.child_text("SSEAlgorithm"), rule.child_text("KMSMasterKeyID")) {
        (Some("AES256"), None) | (Some("aws:kms"), _) => Ok(()),
        (Some("aws:kms:dsse"), _) => Err(Refusal::not_played("two layers of encryption")),
        (Some("AES256"), Some(_)) => {
            let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms";
            Err(Refusal::bad("InvalidArgument", message))
        }
        _ => Err(malformed()),
    }
}

fn check_lifecycle(document: &Element) -> Result<(), Refusal> {
    const ACTIONS: [&str; 6] = [
        "Expiration",
        "Transition",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransition",
        "AbortIncompleteMultipartUpload",
        "ExpiredObjectDeleteMarker",
    ];
    let rules = document.children();
    if rules.is_empty() || rules.len() > 1000 {
        return Err(malformed());
    }
    for rule in rules {
        let status = matches!(rule.child_text("Status"), Some("Enabled" | "Disabled"));
        let scoped = rule.child("Filter").is_some() != rule.child("Prefix").is_some();
        if rule.name() != "Rule" || !status || !scoped {
            return Err(malformed());
        }
        if !ACTIONS.iter().any(|action| rule.child(action).is_some()) {
            return Err(Refusal::bad("InvalidRequest", "At least one action needs to be specified in a rule"));
        }
        for action in rule.children().iter().filter(|child| ACTIONS.contains(&child.name())) {
            let days = ["Days", "NoncurrentDays", "DaysAfterInitiation"];
            for text in days.iter().filter_map(|name| action.child_text(name)) {
                if text.parse::<u32>().is_ok_and(|days| days > 0) {
                    continue;
                }
                let message = format!("'Days' for {} action must be a positive integer", action.name());
                return Err(Refusal::bad("InvalidArgument", message));
            }
        }
    }
    let mut ids: Vec<&str> = rules.iter().filter_map(|rule| rule.child_text("ID")).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::bad("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule"));
    }
    Ok(())
}

const PUBLIC: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn check_public(document: &Element) -> Result<(), Refusal> {
    let fits = |child: &Element| PUBLIC.contains(&child.name()) && ["true", "false"].contains(&child.text());
    if document.children().iter().all(fits) { Ok(()) } else { Err(malformed()) }
}

fn check_ownership(document: &Element) -> Result<(), Refusal> {
    let rule = document.child("Rule").and_then(|rule| rule.child_text("ObjectOwnership"));
    match rule {
        Some("BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter") => Ok(()),
        _ => Err(malformed()),
    }
}

fn check_tags(document: &Element) -> Result<(), Refusal> {
    let tags = document.child("TagSet").ok_or_else(malformed)?.children();
    let mut keys: Vec<&str> = tags.iter().filter_map(|tag| tag.child_text("Key")).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).any(|pair| pair[0] == pair[1]);
    if keys.len() != tags.len() || keys.iter().any(|key| key.is_empty() || key.chars().count() > 128) {
        return Err(Refusal::bad("InvalidTag", "The TagKey you have provided is invalid"));
    }
    if twice {
        return Err(Refusal::bad("InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    if keys.len() > 50 {
        return Err(Refusal::bad("BadRequest", "Bucket tag count cannot be greater than 50"));
    }
    Ok(())
}
