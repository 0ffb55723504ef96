//! Access control lists of buckets and objects. They are checked, kept and told; nobody but the owner's account calls
//! the local cloud, so that they never decide.

use http::StatusCode;
use sha2::{Digest as _, Sha256};

use super::bucket::find;
use super::model::Bucket;
use super::settings::{blocks, malformed, ownership};
use super::{body, object, xml};
use crate::aws::account::Account;
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::hex;
use crate::aws::xml::Element;
use crate::service::{Answer, Call};

/// Where a bucket keeps its list among its settings.
const SETTING: &str = "acl";
const EVERYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOGS: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];
/// Each header grants one permission.
const HEADERS: [(&str, &str); 5] = [
    ("x-amz-grant-full-control", "FULL_CONTROL"),
    ("x-amz-grant-read", "READ"),
    ("x-amz-grant-write", "WRITE"),
    ("x-amz-grant-read-acp", "READ_ACP"),
    ("x-amz-grant-write-acp", "WRITE_ACP"),
];

/// The id by which S3 knows the account: 64 hexadecimal digits.
fn canonical(account: &Account) -> String {
    hex(&Sha256::digest(&account.id))
}

/// The owner of everything.
pub(super) fn owner(account: &Account) -> Element {
    Element::new("Owner").with_text("ID", canonical(account))
}

fn grant(grantee: Element, permission: &str) -> Element {
    Element::new("Grant").with(grantee).with_text("Permission", permission)
}

fn user(id: &str) -> Element {
    Element::new("Grantee").typed("CanonicalUser").with_text("ID", id)
}

fn group(uri: &str) -> Element {
    Element::new("Grantee").typed("Group").with_text("URI", uri)
}

fn policy(account: &Account, grants: Vec<Element>) -> Element {
    Element::new("AccessControlPolicy").with(owner(account)).with(Element::list("AccessControlList", grants))
}

/// What a list by name grants.
fn canned(account: &Account, name: &str) -> Result<Element, Refusal> {
    let own = grant(user(&canonical(account)), "FULL_CONTROL");
    let more: &[(&str, &str)] = match name {
        "private" | "bucket-owner-read" | "bucket-owner-full-control" => &[],
        "public-read" => &[(EVERYONE, "READ")],
        "public-read-write" => &[(EVERYONE, "READ"), (EVERYONE, "WRITE")],
        "authenticated-read" => &[(AUTHENTICATED, "READ")],
        "log-delivery-write" => &[(LOGS, "WRITE"), (LOGS, "READ_ACP")],
        "aws-exec-read" => return Err(Refusal::not_played("the access list aws-exec-read")),
        _ => return Err(Refusal::bad("InvalidArgument", "").with("ArgumentName", "x-amz-acl")),
    };
    let more = more.iter().map(|(uri, permission)| grant(group(uri), permission));
    Ok(policy(account, std::iter::once(own).chain(more).collect()))
}

/// `id="…", uri="…"`: a header's grantees.
fn grantees(text: &str) -> Result<Vec<Element>, Refusal> {
    let invalid = || Refusal::bad("InvalidArgument", "Argument format not recognized");
    let one = |part: &str| {
        let (kind, name) = part.trim().split_once('=').ok_or_else(invalid)?;
        let name = name.trim_matches('"');
        match kind {
            "id" => Ok(user(name)),
            "uri" => Ok(group(name)),
            "emailAddress" => Err(Refusal::not_played("grants by mail address")),
            _ => Err(invalid()),
        }
    };
    text.split(',').map(one).collect()
}

/// The list of a document, rewritten so that its grantees have their types.
fn read(account: &Account, document: &Element) -> Result<Element, Refusal> {
    let grants = document.child("AccessControlList").filter(|_| document.name() == "AccessControlPolicy");
    let mut read = Vec::new();
    for each in grants.ok_or_else(malformed)?.children() {
        let permission = each.child_text("Permission").filter(|text| PERMISSIONS.contains(text));
        let grantee = each.child("Grantee").ok_or_else(malformed)?;
        let grantee = match (grantee.child_text("ID"), grantee.child_text("URI")) {
            (Some(id), None) => user(id),
            (None, Some(uri)) => group(uri),
            _ => return Err(malformed()),
        };
        read.push(grant(grantee, permission.ok_or_else(malformed)?));
    }
    Ok(policy(account, read))
}

/// The list that the headers of a request ask for, if they do.
fn of_headers(account: &Account, call: &Call) -> Result<Option<Element>, Refusal> {
    let mut grants = Vec::new();
    for (header, permission) in HEADERS {
        if let Some(text) = call.header(header) {
            grants.extend(grantees(text)?.into_iter().map(|grantee| grant(grantee, permission)));
        }
    }
    match (call.header("x-amz-acl"), grants.is_empty()) {
        (Some(name), true) => canned(account, name).map(Some),
        (None, false) => Ok(Some(policy(account, grants))),
        (None, true) => Ok(None),
        (Some(_), false) => {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            Err(Refusal::bad("InvalidRequest", message))
        }
    }
}

fn is_public(list: &Element) -> bool {
    let grants = list.child("AccessControlList").map_or(&[][..], Element::children);
    let uri = |grant: &Element| grant.child("Grantee").and_then(|grantee| grantee.child_text("URI").map(str::to_owned));
    grants.iter().filter_map(uri).any(|uri| uri == EVERYONE || uri == AUTHENTICATED)
}

/// A list that may be put on the bucket or something in it.
fn check(context: &Context<'_, '_>, bucket: &Bucket, list: &Element) -> Result<(), Refusal> {
    if ownership(bucket)? == "BucketOwnerEnforced" {
        return Err(Refusal::bad("AccessControlListNotSupported", "The bucket does not allow ACLs"));
    }
    if is_public(list) && blocks(bucket, "BlockPublicAcls") {
        let caller = context.caller.arn(context.account);
        let message = format!(
            "User: {caller} is not authorized to put a public access list because public access control lists (ACLs) \
             are prevented by the BlockPublicAcls setting in S3 Block Public Access."
        );
        return Err(Refusal::forbidden("AccessDenied", message));
    }
    Ok(())
}

/// The list that a new bucket or object is to have; none where the default one will do.
pub(super) fn of_new(context: &Context<'_, '_>, bucket: &Bucket) -> Result<Option<String>, Refusal> {
    // This one says what holds anyway, and is taken where all others are refused.
    if context.call.header("x-amz-acl") == Some("bucket-owner-full-control") {
        return Ok(None);
    }
    let Some(list) = of_headers(context.account, context.call)? else { return Ok(None) };
    check(context, bucket, &list)?;
    Ok(Some(list.document()))
}

/// The list of a new bucket, among its settings.
pub(super) fn plant(context: &Context<'_, '_>, bucket: &mut Bucket) -> Result<(), Refusal> {
    let asks = context.call.header("x-amz-acl").is_some_and(|name| name != "private")
        || HEADERS.iter().any(|(header, _)| context.call.header(header).is_some());
    if asks && ownership(bucket)? == "BucketOwnerEnforced" {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Refusal::bad("InvalidBucketAclWithObjectOwnership", message));
    }
    if asks {
        bucket.settings.extend(of_new(context, bucket)?.map(|list| (SETTING.to_owned(), list)));
    }
    Ok(())
}

fn asked(context: &Context<'_, '_>, bucket: &Bucket) -> Result<Element, Refusal> {
    let list = match of_headers(context.account, context.call)? {
        Some(list) => list,
        None => read(context.account, &Element::parse(&body::plain(context)?)?)?,
    };
    check(context, bucket, &list)?;
    Ok(list)
}

/// A kept list as it is told: the types of its grantees are lost on the way through the parser.
fn shown(context: &Context<'_, '_>, kept: Option<&String>) -> Result<Answer, Refusal> {
    let list = match kept {
        Some(text) => read(context.account, &Element::parse(text.as_bytes())?)?,
        None => canned(context.account, "private")?,
    };
    Ok(xml(list))
}

pub(super) fn get_of_bucket(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:GetBucketAcl", None)?;
    shown(context, bucket.settings.get(SETTING))
}

pub(super) fn put_of_bucket(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut bucket = find(context, "s3:PutBucketAcl", None)?;
    let list = asked(context, &bucket)?;
    bucket.settings.insert(SETTING.to_owned(), list.document());
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::OK))
}

pub(super) fn get_of_object(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let found = object::found(context, "s3:GetObjectAcl", "s3:GetObjectVersionAcl")?;
    shown(context, found.version().about.acl.as_ref())
}

pub(super) fn put_of_object(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut found = object::found(context, "s3:PutObjectAcl", "s3:PutObjectVersionAcl")?;
    let list = asked(context, found.bucket())?;
    found.change(context, |about| about.acl = Some(list.document()))?;
    Ok(Answer::empty(StatusCode::OK))
}
