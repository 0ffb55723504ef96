//! Buckets, objects and uploads as they are kept. Contents lie apart, so that a listing does not read them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::context::Context;
use crate::aws::realm::Realm;
use crate::aws::refusal::Refusal;
use crate::entropy;
use crate::store::Documents;

/// The version of what was written without versioning.
pub(super) const NULL: &str = "null";

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct Bucket {
    pub(super) name: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Realm::is_aws")]
    pub(super) realm: Realm,
    pub(super) region: String,
    pub(super) created_ms: u64,
    /// `Enabled` or `Suspended`; absent where it never was.
    pub(super) versioning: Option<String>,
    /// Settings by the flag of the query, as the documents they were put as.
    pub(in crate::aws) settings: BTreeMap<String, String>,
}

impl Bucket {
    /// Where the store keeps its objects.
    pub(super) fn objects(&self) -> String {
        self.realm.objects(&self.name)
    }

    /// Where the store keeps its uploads.
    pub(super) fn uploads(&self) -> String {
        self.realm.uploads(&self.name)
    }
}

/// How an object is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    pub(super) algorithm: String,
    /// The ARN of a KMS key.
    pub(super) key: Option<String>,
}

impl Encryption {
    /// None that is told.
    pub(super) fn none() -> Self {
        Self { algorithm: String::new(), key: None }
    }
}

/// What a client says of an object besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// Headers that come back as they were.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) encryption: Encryption,
    pub(super) tags: BTreeMap<String, String>,
    /// The access list as a document; absent where it is the default one.
    pub(super) acl: Option<String>,
}

/// A version of an object; one without content is a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) content: Option<String>,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) modified_ms: u64,
    pub(super) about: About,
    /// The checksum's header and value.
    pub(super) checksum: Option<(String, String)>,
}

impl Version {
    /// A version of new content, without an id as yet.
    pub(super) fn new(
        context: &mut Context<'_, '_>,
        bytes: &[u8],
        about: About,
        checksum: Option<(String, String)>,
    ) -> Result<Self, Refusal> {
        // The tag of what is encrypted with a key of KMS says nothing of the content.
        let etag = match about.encryption.key {
            Some(_) => entropy::hex(16)?,
            None => super::checksum::tag(bytes),
        };
        Ok(Self {
            id: String::new(),
            content: Some(store(context, bytes)?),
            size: bytes.len() as u64,
            etag,
            modified_ms: context.now.real_ms,
            about,
            checksum,
        })
    }
}

/// An object with its versions, the newest last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) versions: Vec<Version>,
}

impl Object {
    /// What a client sees that asks for no version; none behind a delete marker.
    pub(super) fn current(&self) -> Option<&Version> {
        self.versions.last().filter(|version| version.content.is_some())
    }
}

/// A part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) content: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) modified_ms: u64,
}

/// An upload that is not complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) begun_ms: u64,
    pub(super) about: About,
    pub(super) parts: BTreeMap<u32, Part>,
}

/// Keeps content; the answer is its id.
pub(super) fn store(context: &mut Context<'_, '_>, bytes: &[u8]) -> Result<String, Refusal> {
    let id = entropy::hex(16)?;
    context.transaction.put(context.realm.contents(), &id, &STANDARD.encode(bytes))?;
    Ok(id)
}

/// Reads content back.
pub(super) fn load(context: &Context<'_, '_>, id: &str) -> Result<Vec<u8>, Refusal> {
    let text: Option<String> = context.transaction.get(context.realm.contents(), id)?;
    STANDARD.decode(text.ok_or_else(Refusal::internal)?).map_err(|_| Refusal::internal())
}

/// Takes content away.
pub(super) fn forget(context: &mut Context<'_, '_>, id: Option<&str>) {
    if let Some(id) = id {
        context.transaction.remove(context.realm.contents(), id);
    }
}

/// An object of a bucket.
pub(super) fn object(context: &Context<'_, '_>, bucket: &Bucket, key: &str) -> Result<Option<Object>, Refusal> {
    Ok(context.transaction.get(&bucket.objects(), key)?)
}

/// Keeps an object, or takes it away when it has no version left.
pub(super) fn keep(context: &mut Context<'_, '_>, bucket: &Bucket, object: &Object) -> Result<(), Refusal> {
    if object.versions.is_empty() {
        context.transaction.remove(&bucket.objects(), &object.key);
        return Ok(());
    }
    Ok(context.transaction.put(&bucket.objects(), &object.key, object)?)
}

/// Every bucket with its settings and the objects that a client sees.
pub(in crate::aws) fn inventory(documents: &Documents, realm: Realm) -> Result<Value, serde_json::Error> {
    let buckets: Vec<Bucket> = documents.list(realm.buckets())?;
    let shown = buckets.into_iter().map(|bucket| {
        let objects: Vec<Object> = documents.list(&bucket.objects())?;
        let seen = objects.iter().filter_map(|object| Some((object, object.current()?)));
        let seen = seen.map(|(object, version)| {
            json!({ "key": object.key, "size": version.size, "encryption": version.about.encryption.algorithm })
        });
        Ok(json!({
            "name": bucket.name,
            "region": bucket.region,
            "versioning": bucket.versioning,
            "settings": bucket.settings,
            "objects": seen.collect::<Vec<_>>(),
        }))
    });
    shown.collect()
}
