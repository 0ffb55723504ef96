//! What each setting may be.

use std::collections::BTreeMap;

use super::super::model::Bucket;
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;

pub(in crate::aws::s3) fn malformed() -> Refusal {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Refusal::bad("MalformedXML", message)
}

pub(super) fn encryption(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
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

pub(super) fn lifecycle(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
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

pub(super) const PUBLIC: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

pub(super) fn public(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    let fits = |child: &Element| PUBLIC.contains(&child.name()) && ["true", "false"].contains(&child.text());
    if document.children().iter().all(fits) { Ok(()) } else { Err(malformed()) }
}

pub(super) const OWNERS: [&str; 3] = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

pub(super) fn ownership(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    let rule = document.child("Rule").and_then(|rule| rule.child_text("ObjectOwnership"));
    if rule.is_some_and(|rule| OWNERS.contains(&rule)) { Ok(()) } else { Err(malformed()) }
}

pub(super) fn tags(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    tag_set(document, 50).map(drop)
}

/// The tags of a document, at most so many.
pub(in crate::aws::s3) fn tag_set(document: &Element, most: usize) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in document.child("TagSet").ok_or_else(malformed)?.children() {
        let part = |name: &str| tag.child_text(name).ok_or_else(malformed);
        add_tag(&mut tags, part("Key")?, part("Value")?)?;
    }
    if tags.len() > most {
        let what = if most > 10 { "Bucket" } else { "Object" };
        return Err(Refusal::bad("BadRequest", format!("{what} tag count cannot be greater than {most}")));
    }
    Ok(tags)
}

/// Adds a tag that fits its limits and is not there yet.
pub(in crate::aws::s3) fn add_tag(tags: &mut BTreeMap<String, String>, key: &str, value: &str) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::bad("InvalidTag", message));
    if key.is_empty() || key.chars().count() > 128 {
        return invalid("The TagKey you have provided is invalid");
    }
    if value.chars().count() > 256 {
        return invalid("The TagValue you have provided is invalid");
    }
    if key.starts_with("aws:") {
        return invalid("System tags cannot be added/updated by requester");
    }
    match tags.insert(key.to_owned(), value.to_owned()) {
        None => Ok(()),
        Some(_) => invalid("Cannot provide multiple Tags with the same key"),
    }
}

pub(super) fn cors(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
    let rules = document.children();
    if rules.is_empty() || rules.len() > 100 || rules.iter().any(|rule| rule.name() != "CORSRule") {
        return Err(malformed());
    }
    for rule in rules {
        let all = |name: &str| rule.children().iter().filter(|child| child.name() == name).map(Element::text).collect();
        let (methods, origins): (Vec<&str>, Vec<&str>) = (all("AllowedMethod"), all("AllowedOrigin"));
        if methods.is_empty() || origins.is_empty() {
            return Err(malformed());
        }
        if let Some(method) = methods.iter().find(|method| !METHODS.contains(method)) {
            let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
            return Err(Refusal::bad("InvalidRequest", message));
        }
        if let Some(origin) = origins.iter().find(|origin| origin.matches('*').count() > 1) {
            let message = format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.");
            return Err(Refusal::bad("InvalidRequest", message));
        }
    }
    Ok(())
}

pub(super) fn website(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    let (index, whole) = (document.child("IndexDocument"), document.child("RedirectAllRequestsTo"));
    match (index.and_then(|index| index.child_text("Suffix")), whole) {
        (None, Some(target)) if target.child_text("HostName").is_some() && document.children().len() == 1 => Ok(()),
        (Some(suffix), None) if !suffix.is_empty() && !suffix.contains('/') => Ok(()),
        (Some(_), None) => Err(Refusal::bad("InvalidArgument", "The IndexDocument Suffix is not well formed")
            .with("ArgumentName", "IndexDocument")),
        (None, None) => {
            let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
            Err(Refusal::bad("InvalidArgument", message).with("ArgumentName", "IndexDocument"))
        }
        _ => Err(malformed()),
    }
}

pub(super) fn logging(context: &Context<'_, '_>, bucket: &Bucket, document: &Element) -> Result<(), Refusal> {
    let Some(enabled) = document.child("LoggingEnabled") else {
        return if document.children().is_empty() { Ok(()) } else { Err(malformed()) };
    };
    let (name, prefix) = (enabled.child_text("TargetBucket"), enabled.child_text("TargetPrefix"));
    let (Some(name), Some(_)) = (name, prefix) else { return Err(malformed()) };
    let invalid =
        |message: &str| Err(Refusal::bad("InvalidTargetBucketForLogging", message).with("TargetBucket", name));
    match context.transaction.get::<Bucket>(context.realm.buckets(), name)? {
        None => invalid("The target bucket for logging does not exist"),
        Some(target) if target.region != bucket.region => {
            let message = "The owner for the bucket to be logged and the target bucket must be in the same location.";
            Err(Refusal::forbidden("CrossLocationLoggingProhibitted", message))
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn acceleration(_: &Context<'_, '_>, bucket: &Bucket, document: &Element) -> Result<(), Refusal> {
    if bucket.name.contains('.') {
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        return Err(Refusal::bad("InvalidRequest", message));
    }
    match document.child_text("Status") {
        Some("Enabled" | "Suspended") => Ok(()),
        _ => Err(malformed()),
    }
}

pub(super) fn payment(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    match document.child_text("Payer") {
        Some("Requester" | "BucketOwner") => Ok(()),
        _ => Err(malformed()),
    }
}

pub(super) fn notification(_: &Context<'_, '_>, _: &Bucket, document: &Element) -> Result<(), Refusal> {
    // Nobody could be notified: queues, topics and functions are not played.
    match document.children().is_empty() {
        true => Ok(()),
        false => Err(Refusal::not_played("notifications of a bucket")),
    }
}
