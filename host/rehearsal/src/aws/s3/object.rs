//! Objects: put, read, looked at.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use time::OffsetDateTime;
use time::macros::format_description;

use super::body::{Content, content};
use super::bucket::find;
use super::model::{About, Bucket, Encryption, NULL, Object, Version, forget, keep, load, object};
use super::{acl, bucket_arn, object_arn, policy, precondition, tags};
use crate::aws::context::Context;
use crate::aws::kms;
use crate::aws::realm::Realm;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::spaces;
use crate::aws::xml::Element;
use crate::entropy;
use crate::service::Answer;

/// Headers that come back as they were sent.
const KEPT: [&str; 6] =
    ["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/// The longest key, in bytes.
const KEY_BYTES: usize = 1024;

/// What a client says of an object to be, with the rights to its encryption checked.
pub(super) fn about(context: &mut Context<'_, '_>, bucket: &Bucket) -> Result<About, Refusal> {
    if context.call.header("x-amz-server-side-encryption-customer-algorithm").is_some() {
        return Err(Refusal::not_played("keys that a customer sends along"));
    }
    let mut headers = BTreeMap::new();
    for (name, value) in &context.call.headers {
        let Ok(value) = value.to_str() else { continue };
        if KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-") {
            // What frames the body on its way is no part of the object.
            let value = value.trim_start_matches("aws-chunked").trim_start_matches([',', ' ']);
            if !value.is_empty() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
    }
    headers.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    let tags = match context.call.header("x-amz-tagging") {
        Some(text) => tags::of_header(text)?,
        None => BTreeMap::new(),
    };
    if !tags.is_empty() {
        let arn = object_arn(&bucket.name, context.parameter(1));
        context.allow_on("s3:PutObjectTagging", Some(&arn), Vec::new(), policy::guard(bucket).as_ref())?;
    }
    let acl = acl::of_new(context, bucket)?;
    if acl.is_some() {
        let arn = object_arn(&bucket.name, context.parameter(1));
        context.allow_on("s3:PutObjectAcl", Some(&arn), Vec::new(), policy::guard(bucket).as_ref())?;
    }
    Ok(About { headers, encryption: encryption(context, bucket)?, tags, acl })
}

fn encryption(context: &mut Context<'_, '_>, bucket: &Bucket) -> Result<Encryption, Refusal> {
    let given = context.call.header("x-amz-server-side-encryption").map(str::to_owned);
    if context.realm == Realm::Spaces {
        return match given {
            None => Ok(Encryption::none()),
            Some(_) => Err(spaces::missing("x-amz-server-side-encryption")),
        };
    }
    let (algorithm, named) = match given {
        Some(algorithm) => {
            (algorithm, context.call.header("x-amz-server-side-encryption-aws-kms-key-id").map(str::to_owned))
        }
        None => default_encryption(bucket)?,
    };
    match algorithm.as_str() {
        "AES256" => Ok(Encryption { algorithm, key: None }),
        "aws:kms" => {
            let key = kms::resolve(context, named.as_deref().unwrap_or("alias/aws/s3"))
                .map_err(|error| Refusal { code: "KMS.NotFoundException".to_owned(), ..error.into() })?;
            use_key(context, &key, "kms:GenerateDataKey")?;
            Ok(Encryption { algorithm, key: Some(key.arn) })
        }
        _ => Err(Refusal::bad("InvalidArgument", "The encryption method specified is not supported")),
    }
}

fn default_encryption(bucket: &Bucket) -> Result<(String, Option<String>), Refusal> {
    let text = bucket.settings.get("encryption").ok_or_else(Refusal::internal)?;
    let document = Element::parse(text.as_bytes())?;
    let rule = document.child("Rule").and_then(|rule| rule.child("ApplyServerSideEncryptionByDefault"));
    let rule = rule.ok_or_else(Refusal::internal)?;
    let algorithm = rule.child_text("SSEAlgorithm").unwrap_or("AES256").to_owned();
    Ok((algorithm, rule.child_text("KMSMasterKeyID").map(str::to_owned)))
}

/// The caller has to have the right to the key, and the key has to be of use.
fn use_key(context: &Context<'_, '_>, key: &kms::Key, action: &str) -> Result<(), Refusal> {
    if !key.is_open_through("s3") {
        let via = format!("s3.{}.amazonaws.com", context.region);
        key.allow(context, action, vec![("kms:ViaService", vec![via])])?;
    }
    let usable = key.clone().usable();
    usable.map(drop).map_err(|error| Refusal { code: "KMS.DisabledException".to_owned(), ..error.into() })
}

/// Puts a new version in its place; what it replaces goes.
pub(super) fn add(
    context: &mut Context<'_, '_>,
    bucket: &Bucket,
    key: &str,
    mut version: Version,
) -> Result<Version, Refusal> {
    let found = object(context, bucket, key)?;
    let mut object = found.unwrap_or_else(|| Object { key: key.to_owned(), versions: Vec::new() });
    version.id = match bucket.versioning.as_deref() {
        Some("Enabled") => entropy::pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._", 32)?,
        _ => NULL.to_owned(),
    };
    if version.id == NULL {
        let replaced = object.versions.iter().position(|version| version.id == NULL);
        if let Some(replaced) = replaced.map(|at| object.versions.remove(at)) {
            forget(context, replaced.content.as_deref());
        }
    }
    object.versions.push(version.clone());
    keep(context, bucket, &object)?;
    Ok(version)
}

pub(super) fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let key = context.parameter(1).to_owned();
    let bucket = find(context, "s3:PutObject", Some(object_arn(context.parameter(0), &key)))?;
    if key.len() > KEY_BYTES {
        return Err(Refusal::bad("KeyTooLongError", "Your key is too long"));
    }
    let current = object(context, &bucket, &key)?;
    precondition::write(context.call, current.as_ref().and_then(Object::current))?;
    let Content { bytes, checksum } = content(context)?;
    let about = about(context, &bucket)?;
    let version = Version::new(context, &bytes, about, checksum)?;
    let version = add(context, &bucket, &key, version)?;
    let mut answer = describe(Answer::empty(StatusCode::OK), &bucket, &version);
    if let Some((name, value)) = &version.checksum {
        set(&mut answer, name, value);
    }
    Ok(answer)
}

fn set(answer: &mut Answer, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        answer.headers.insert(name, value);
    }
}

/// The headers of a version that each answer about it has.
pub(super) fn describe(answer: Answer, bucket: &Bucket, version: &Version) -> Answer {
    let mut answer = with_header(answer, "etag", &format!("\"{}\"", version.etag));
    if !version.about.encryption.algorithm.is_empty() {
        set(&mut answer, "x-amz-server-side-encryption", &version.about.encryption.algorithm);
    }
    if let Some(key) = &version.about.encryption.key {
        set(&mut answer, "x-amz-server-side-encryption-aws-kms-key-id", key);
    }
    if bucket.versioning.is_some() {
        set(&mut answer, "x-amz-version-id", &version.id);
    }
    answer
}

/// The version that a read asks for. Whether a key exists is told only to those who may list.
pub(super) fn version(
    context: &Context<'_, '_>,
    bucket: &Bucket,
    key: &str,
    wanted: Option<&str>,
) -> Result<Version, Refusal> {
    let found = object(context, bucket, key)?;
    if let Some(id) = wanted {
        let versions = found.map(|object| object.versions).unwrap_or_default();
        let version = versions.into_iter().find(|version| version.id == id);
        return match version {
            Some(version) if version.content.is_some() => Ok(version),
            Some(_) => Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )),
            None => Err(Refusal::missing("NoSuchVersion", "The specified version does not exist.")),
        };
    }
    if let Some(version) = found.as_ref().and_then(Object::current) {
        return Ok(version.clone());
    }
    let guard = policy::guard(bucket);
    context.allow_on("s3:ListBucket", Some(&bucket_arn(&bucket.name)), Vec::new(), guard.as_ref())?;
    Err(Refusal::missing("NoSuchKey", "The specified key does not exist.").with("Key", key))
}

/// A version of an object that a request is about, and not about its content.
pub(super) struct Found {
    bucket: Bucket,
    key: String,
    version: Version,
}

/// That version, once the caller may do this to it.
pub(super) fn found(context: &Context<'_, '_>, newest: &str, named: &str) -> Result<Found, Refusal> {
    let key = context.parameter(1).to_owned();
    let wanted = context.call.query("versionId");
    let action = if wanted.is_some() { named } else { newest };
    let bucket = find(context, action, Some(object_arn(context.parameter(0), &key)))?;
    let version = version(context, &bucket, &key, wanted)?;
    Ok(Found { bucket, key, version })
}

impl Found {
    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// Changes what is said of it; its content and its date stay.
    pub(super) fn change(
        &mut self,
        context: &mut Context<'_, '_>,
        change: impl FnOnce(&mut About),
    ) -> Result<(), Refusal> {
        change(&mut self.version.about);
        let mut object = object(context, &self.bucket, &self.key)?.ok_or_else(Refusal::internal)?;
        let kept = object.versions.iter_mut().find(|version| version.id == self.version.id);
        *kept.ok_or_else(Refusal::internal)? = self.version.clone();
        keep(context, &self.bucket, &object)
    }

    /// An answer that says which version it is of.
    pub(super) fn with_version_id(&self, answer: Answer) -> Answer {
        match self.bucket.versioning {
            Some(_) => with_header(answer, "x-amz-version-id", &self.version.id),
            None => answer,
        }
    }
}

/// Who reads what is encrypted with a key of KMS has to have the right to that key.
pub(super) fn use_key_of(context: &mut Context<'_, '_>, version: &Version) -> Result<(), Refusal> {
    if let Some(arn) = &version.about.encryption.key {
        let key = kms::resolve(context, arn)?;
        use_key(context, &key, "kms:Decrypt")?;
    }
    Ok(())
}

fn read(context: &mut Context<'_, '_>, with_body: bool) -> Result<Answer, Refusal> {
    let key = context.parameter(1).to_owned();
    let action = if context.call.query("versionId").is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let bucket = find(context, action, Some(object_arn(context.parameter(0), &key)))?;
    let version = version(context, &bucket, &key, context.call.query("versionId"))?;
    use_key_of(context, &version)?;
    if !precondition::read(context.call, &version)? {
        return Ok(describe(Answer::empty(StatusCode::NOT_MODIFIED), &bucket, &version));
    }
    let range = range(context.call.header("range"), version.size)?;
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut answer = describe(Answer::empty(status), &bucket, &version);
    for (name, value) in &version.about.headers {
        set(&mut answer, name, value);
    }
    set(&mut answer, "last-modified", &http_date(version.modified_ms));
    set(&mut answer, "accept-ranges", "bytes");
    if !version.about.tags.is_empty() {
        set(&mut answer, "x-amz-tagging-count", &version.about.tags.len().to_string());
    }
    if let (Some("ENABLED"), Some((name, value)), None) =
        (context.call.header("x-amz-checksum-mode"), &version.checksum, range)
    {
        set(&mut answer, name, value);
    }
    let (from, to) = range.unwrap_or((0, version.size));
    if range.is_some() {
        set(&mut answer, "content-range", &format!("bytes {from}-{}/{}", to - 1, version.size));
    }
    if with_body {
        let bytes = load(context, version.content.as_deref().unwrap_or_default())?;
        let (from, to) = (usize::try_from(from).unwrap_or(usize::MAX), usize::try_from(to).unwrap_or(usize::MAX));
        answer.body = bytes.get(from..to).ok_or_else(Refusal::internal)?.to_vec().into();
    } else {
        set(&mut answer, "content-length", &(to - from).to_string());
    }
    Ok(answer)
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    read(context, true)
}

pub(super) fn head(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    read(context, false)
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n`, from and behind; a header of another form is passed over.
fn range(header: Option<&str>, size: u64) -> Result<Option<(u64, u64)>, Refusal> {
    let Some((first, last)) = header.and_then(|header| header.strip_prefix("bytes=")?.split_once('-')) else {
        return Ok(None);
    };
    let bounds = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (Ok(from), _) if last.is_empty() => (from, size),
        (_, Ok(tail)) if first.is_empty() && tail > 0 => (size.saturating_sub(tail), size),
        _ => return Ok(None),
    };
    if bounds.0 < bounds.1 {
        return Ok(Some(bounds));
    }
    let refusal =
        Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The requested range is not satisfiable");
    Err(refusal.with("ActualObjectSize", size.to_string()))
}

fn http_date(ms: u64) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn ranges_are_cut_to_what_is_there() {
        for (header, expected) in [
            ("bytes=0-4", Some((0, 5))),
            ("bytes=5-", Some((5, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=8-100", Some((8, 10))),
            ("bytes=4-2", None),
            ("items=0-4", None),
        ] {
            assert_eq!(range(Some(header), 10).unwrap(), expected, "{header}");
        }
        assert_eq!(range(Some("bytes=10-"), 10).unwrap_err().code, "InvalidRange");
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
