//! What a bucket is set to. Of these, versioning, encryption, ownership and the block of public access have effects
//! here; the others are checked and kept.

mod check;

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use super::bucket::find as bucket;
use super::model::Bucket;
use super::{acl, body, policy, xml};
use crate::aws::api::Operation;
use crate::aws::context::Context;
use crate::aws::realm::Realm;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::spaces;
use crate::aws::xml::Element;
use crate::service::{Answer, Call};
use check::PUBLIC;
pub(super) use check::{add_tag, malformed, tag_set};

/// The header that says which objects are too small to move to another class of storage.
const SMALLEST: &str = "x-amz-transition-default-minimum-object-size";

/// What is told of a setting that was never put.
enum Unset {
    /// A code and a message.
    Refused(&'static str, &'static str),
    /// A document, empty but for an element and its text.
    Shown(Option<(&'static str, &'static str)>),
}

/// A setting that is a document.
struct Setting {
    /// The flag of the query.
    flag: &'static str,
    root: &'static str,
    /// What policies call it: `s3:Put…`, `s3:Get…`.
    right: &'static str,
    put: &'static str,
    get: &'static str,
    /// Some settings are only ever replaced.
    delete: Option<&'static str>,
    unset: Unset,
    check: fn(&Context<'_, '_>, &Bucket, &Element) -> Result<(), Refusal>,
}

const SETTINGS: [Setting; 11] = [
    Setting {
        flag: "encryption",
        root: "ServerSideEncryptionConfiguration",
        right: "EncryptionConfiguration",
        put: "PutBucketEncryption",
        get: "GetBucketEncryption",
        delete: Some("DeleteBucketEncryption"),
        unset: Unset::Refused(
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
        check: check::encryption,
    },
    Setting {
        flag: "lifecycle",
        root: "LifecycleConfiguration",
        right: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        delete: Some("DeleteBucketLifecycle"),
        unset: Unset::Refused("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        check: check::lifecycle,
    },
    Setting {
        flag: "publicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        right: "BucketPublicAccessBlock",
        put: "PutPublicAccessBlock",
        get: "GetPublicAccessBlock",
        delete: Some("DeletePublicAccessBlock"),
        unset: Unset::Refused(
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ),
        check: check::public,
    },
    Setting {
        flag: "ownershipControls",
        root: "OwnershipControls",
        right: "BucketOwnershipControls",
        put: "PutBucketOwnershipControls",
        get: "GetBucketOwnershipControls",
        delete: Some("DeleteBucketOwnershipControls"),
        unset: Unset::Refused("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
        check: check::ownership,
    },
    Setting {
        flag: "tagging",
        root: "Tagging",
        right: "BucketTagging",
        put: "PutBucketTagging",
        get: "GetBucketTagging",
        delete: Some("DeleteBucketTagging"),
        unset: Unset::Refused("NoSuchTagSet", "The TagSet does not exist"),
        check: check::tags,
    },
    Setting {
        flag: "cors",
        root: "CORSConfiguration",
        right: "BucketCORS",
        put: "PutBucketCors",
        get: "GetBucketCors",
        delete: Some("DeleteBucketCors"),
        unset: Unset::Refused("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        check: check::cors,
    },
    Setting {
        flag: "website",
        root: "WebsiteConfiguration",
        right: "BucketWebsite",
        put: "PutBucketWebsite",
        get: "GetBucketWebsite",
        delete: Some("DeleteBucketWebsite"),
        unset: Unset::Refused(
            "NoSuchWebsiteConfiguration",
            "The specified bucket does not have a website configuration",
        ),
        check: check::website,
    },
    Setting {
        flag: "logging",
        root: "BucketLoggingStatus",
        right: "BucketLogging",
        put: "PutBucketLogging",
        get: "GetBucketLogging",
        delete: None,
        unset: Unset::Shown(None),
        check: check::logging,
    },
    Setting {
        flag: "accelerate",
        root: "AccelerateConfiguration",
        right: "AccelerateConfiguration",
        put: "PutBucketAccelerateConfiguration",
        get: "GetBucketAccelerateConfiguration",
        delete: None,
        unset: Unset::Shown(None),
        check: check::acceleration,
    },
    Setting {
        flag: "requestPayment",
        root: "RequestPaymentConfiguration",
        right: "BucketRequestPayment",
        put: "PutBucketRequestPayment",
        get: "GetBucketRequestPayment",
        delete: None,
        unset: Unset::Shown(Some(("Payer", "BucketOwner"))),
        check: check::payment,
    },
    Setting {
        flag: "notification",
        root: "NotificationConfiguration",
        right: "BucketNotification",
        put: "PutBucketNotificationConfiguration",
        get: "GetBucketNotificationConfiguration",
        delete: None,
        unset: Unset::Shown(None),
        check: check::notification,
    },
];

/// What is not kept here, and absent as it would be there.
const ABSENT: [(&str, &str, &str, &str, &str); 2] = [
    (
        "replication",
        "GetBucketReplication",
        "s3:GetReplicationConfiguration",
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    (
        "object-lock",
        "GetObjectLockConfiguration",
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
];
const UNPLAYED: [&str; 4] = ["analytics", "inventory", "metrics", "intelligent-tiering"];

/// The operation on a setting, where a request is about one: none for a method that the setting does not know.
pub(super) fn find(call: &Call) -> Option<Option<Operation>> {
    let asks = |flag: &str| call.query(flag).is_some();
    let of = |get: Operation, put: Operation, delete: Option<Operation>| match call.method {
        Method::GET => Some(get),
        Method::PUT => Some(put),
        Method::DELETE => delete,
        _ => None,
    };
    if asks("versioning") {
        let get = Operation::read("GetBucketVersioning", get_versioning);
        return Some(of(get, Operation::write("PutBucketVersioning", put_versioning), None));
    }
    if asks("policy") {
        let delete = Operation::write("DeleteBucketPolicy", policy::delete);
        let get = Operation::read("GetBucketPolicy", policy::get);
        return Some(of(get, Operation::write("PutBucketPolicy", policy::put), Some(delete)));
    }
    if asks("policyStatus") {
        return Some((call.method == Method::GET).then(|| Operation::read("GetBucketPolicyStatus", policy::status)));
    }
    if asks("acl") {
        let get = Operation::read("GetBucketAcl", acl::get_of_bucket);
        return Some(of(get, Operation::write("PutBucketAcl", acl::put_of_bucket), None));
    }
    if let Some(setting) = SETTINGS.iter().find(|setting| asks(setting.flag)) {
        let delete = setting.delete.map(|name| Operation::write(name, delete));
        return Some(of(Operation::read(setting.get, get), Operation::write(setting.put, put), delete));
    }
    if let Some((_, name, ..)) = ABSENT.iter().find(|(flag, ..)| asks(flag) && call.method == Method::GET) {
        return Some(Some(Operation::read(name, absent)));
    }
    let mut unplayed = ABSENT.iter().map(|(flag, ..)| *flag).chain(UNPLAYED).filter(|flag| asks(flag));
    let refused = Operation::read("(not played)", |_| Err(Refusal::not_played("this setting of a bucket")));
    unplayed.next().map(|_| Some(refused))
}

/// What a new bucket is set to.
pub(super) fn defaults(realm: Realm) -> BTreeMap<String, String> {
    if realm == Realm::Spaces {
        return BTreeMap::new();
    }
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

/// Whether one of the four blocks of public access is on.
pub(super) fn blocks(bucket: &Bucket, which: &str) -> bool {
    let document = bucket.settings.get("publicAccessBlock").and_then(|text| Element::parse(text.as_bytes()).ok());
    document.is_some_and(|document| document.child_text(which) == Some("true"))
}

/// Who owns new objects; where nothing is set, it is who writes them.
pub(super) fn ownership(bucket: &Bucket) -> Result<String, Refusal> {
    let Some(text) = bucket.settings.get("ownershipControls") else { return Ok("ObjectWriter".to_owned()) };
    let document = Element::parse(text.as_bytes())?;
    let rule = document.child("Rule").and_then(|rule| rule.child_text("ObjectOwnership"));
    Ok(rule.unwrap_or("ObjectWriter").to_owned())
}

/// The document that says who owns new objects.
pub(super) fn owned_by(who: &str) -> Result<(String, String), Refusal> {
    if !check::OWNERS.contains(&who) {
        let message = format!("Invalid x-amz-object-ownership header: {who}");
        return Err(Refusal::bad("InvalidArgument", message).with("ArgumentName", "x-amz-object-ownership"));
    }
    let rule = Element::list("Rule", [Element::of("ObjectOwnership", who)]);
    Ok(("ownershipControls".to_owned(), Element::list("OwnershipControls", [rule]).document()))
}

fn asked(context: &Context<'_, '_>) -> Result<&'static Setting, Refusal> {
    let found = SETTINGS.iter().find(|setting| context.call.query(setting.flag).is_some());
    found.ok_or_else(Refusal::internal)
}

fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    let bucket = bucket(context, &format!("s3:Get{}", setting.right), None)?;
    let document = match (bucket.settings.get(setting.flag), &setting.unset) {
        (Some(text), _) => Element::parse(text.as_bytes())?,
        (None, Unset::Refused(code, message)) => return Err(Refusal::missing(code, *message)),
        (None, Unset::Shown(child)) => {
            let root = Element::new(setting.root);
            child.iter().fold(root, |root, (name, text)| root.with_text(name, text))
        }
    };
    Ok(match (setting.flag, bucket.realm) {
        ("lifecycle", Realm::Aws) => with_header(xml(document), SMALLEST, smallest(&bucket)),
        ("lifecycle", Realm::Spaces) => xml(spaces::told_lifecycle(&document)),
        _ => xml(document),
    })
}

/// Which objects a lifecycle's transitions leave where they are.
fn smallest(bucket: &Bucket) -> &str {
    bucket.settings.get(SMALLEST).map_or("all_storage_classes_128K", String::as_str)
}

fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    let mut bucket = bucket(context, &format!("s3:Put{}", setting.right), None)?;
    let document = Element::parse(&body::plain(context)?)?;
    if document.name() != setting.root {
        return Err(malformed());
    }
    (setting.check)(context, &bucket, &document)?;
    if setting.flag == "lifecycle" && bucket.realm == Realm::Spaces {
        spaces::check_lifecycle(&document)?;
    }
    bucket.settings.insert(setting.flag.to_owned(), document.document());
    let mut answer = Answer::empty(if setting.flag == "tagging" { StatusCode::NO_CONTENT } else { StatusCode::OK });
    if setting.flag == "lifecycle" && bucket.realm.is_aws() {
        match context.call.header(SMALLEST) {
            Some(size @ ("all_storage_classes_128K" | "varies_by_storage_class")) => {
                bucket.settings.insert(SMALLEST.to_owned(), size.to_owned());
            }
            Some(_) => {
                let message = "Invalid TransitionDefaultMinimumObjectSize found";
                return Err(Refusal::bad("InvalidRequest", message));
            }
            None => drop(bucket.settings.remove(SMALLEST)),
        }
        answer = with_header(answer, SMALLEST, smallest(&bucket));
    }
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(answer)
}

fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let setting = asked(context)?;
    // A website alone has a right of its own for this.
    let verb = if setting.flag == "website" { "Delete" } else { "Put" };
    let mut bucket = bucket(context, &format!("s3:{verb}{}", setting.right), None)?;
    bucket.settings.remove(setting.flag);
    match setting.flag {
        // There is no bucket without: what is left is the default.
        "encryption" => bucket.settings.extend(defaults(Realm::Aws).remove_entry("encryption")),
        "lifecycle" => drop(bucket.settings.remove(SMALLEST)),
        _ => {}
    }
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn absent(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let asked = ABSENT.iter().find(|(flag, ..)| context.call.query(flag).is_some());
    let (_, _, right, code, message) = asked.ok_or_else(Refusal::internal)?;
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
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::OK))
}
