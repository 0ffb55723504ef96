//! S3: buckets with their settings, objects with versions and conditional writes, uploads in parts.
//!
//! Path and virtual-host style. Encryption with a KMS key is enforced by the
//! rights to that key, a bucket's policy beside those of the caller. Lifecycle
//! rules, logging, websites, CORS, acceleration and who pays are kept and carry
//! nothing out; object locks, replication and notifications are not played.

mod acl;
mod address;
mod body;
mod bucket;
mod checksum;
mod copy;
mod delete;
mod list;
mod model;
mod multipart;
mod object;
mod policy;
mod precondition;
mod settings;
mod tags;
mod versions;

use http::{Method, StatusCode};

use super::api::{Dispatch, Operation, Surface};
use super::context::Context;
use super::protocol::Protocol;
use super::realm::Realm;
use super::refusal::Refusal;
use super::xml::Element;
use super::{regions, spaces};
use crate::service::{Answer, Call};
pub(super) use model::{Bucket, inventory};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The service.
pub(super) fn api() -> Surface {
    let mut hosts = vec!["s3.amazonaws.com".to_owned(), "*.s3.amazonaws.com".to_owned()];
    hosts.extend(regions::hosts("s3"));
    hosts.extend(regions::hosts("*.s3"));
    Surface {
        name: "s3",
        protocol: Protocol::S3,
        hosts,
        global: false,
        dispatch: Dispatch::S3(Realm::Aws),
        per_second: 0,
    }
}

/// The operation of a request, with bucket and key as its parameters.
pub(super) fn find(call: &Call, realm: Realm) -> Option<(Operation, Vec<String>)> {
    let address = address::of(call);
    if let Some(absent) = spaces::absent(call).filter(|_| realm == Realm::Spaces) {
        return Some((absent, vec![address.bucket, address.key]));
    }
    let operation = match (address.bucket.is_empty(), address.key.is_empty()) {
        (true, _) => (call.method == Method::GET).then(|| Operation::read("ListBuckets", bucket::list))?,
        (false, true) => of_bucket(call)?,
        (false, false) => of_object(call)?,
    };
    Some((operation, vec![address.bucket, address.key]))
}

fn of_bucket(call: &Call) -> Option<Operation> {
    let asks = |flag: &str| call.query(flag).is_some();
    if let Some(of_setting) = settings::find(call) {
        return of_setting;
    }
    Some(match call.method {
        Method::GET if asks("location") => Operation::read("GetBucketLocation", bucket::location),
        Method::GET if asks("versions") => Operation::read("ListObjectVersions", versions::list),
        Method::GET if asks("uploads") => Operation::read("ListMultipartUploads", multipart::list),
        Method::GET if call.query("list-type") == Some("2") => Operation::read("ListObjectsV2", list::second),
        Method::GET => Operation::read("ListObjects", list::first),
        Method::HEAD => Operation::read("HeadBucket", bucket::head),
        Method::PUT => Operation::write("CreateBucket", bucket::create),
        Method::DELETE => Operation::write("DeleteBucket", bucket::delete),
        Method::POST if asks("delete") => Operation::write("DeleteObjects", delete::several),
        _ => return None,
    })
}

fn of_object(call: &Call) -> Option<Operation> {
    let asks = |flag: &str| call.query(flag).is_some();
    let unplayed = ["retention", "legal-hold", "torrent", "restore", "select", "attributes"];
    if unplayed.iter().any(|flag| asks(flag)) {
        return Some(Operation::read("(not played)", |_| Err(Refusal::not_played("this part of an object"))));
    }
    if asks("tagging") {
        return match call.method {
            Method::GET => Some(Operation::read("GetObjectTagging", tags::get)),
            Method::PUT => Some(Operation::write("PutObjectTagging", tags::put)),
            Method::DELETE => Some(Operation::write("DeleteObjectTagging", tags::delete)),
            _ => None,
        };
    }
    if asks("acl") {
        return match call.method {
            Method::GET => Some(Operation::read("GetObjectAcl", acl::get_of_object)),
            Method::PUT => Some(Operation::write("PutObjectAcl", acl::put_of_object)),
            _ => None,
        };
    }
    let copies = call.header("x-amz-copy-source").is_some();
    Some(match call.method {
        Method::GET if asks("uploadId") => Operation::read("ListParts", multipart::list_parts),
        Method::GET => Operation::read("GetObject", object::get),
        Method::HEAD => Operation::read("HeadObject", object::head),
        Method::PUT if asks("uploadId") && copies => Operation::write("UploadPartCopy", multipart::copy_part),
        Method::PUT if asks("uploadId") => Operation::write("UploadPart", multipart::upload_part),
        Method::PUT if copies => Operation::write("CopyObject", copy::object),
        Method::PUT => Operation::write("PutObject", object::put),
        Method::POST if asks("uploads") => Operation::write("CreateMultipartUpload", multipart::create),
        Method::POST if asks("uploadId") => Operation::write("CompleteMultipartUpload", multipart::complete),
        Method::DELETE if asks("uploadId") => Operation::write("AbortMultipartUpload", multipart::abort),
        Method::DELETE => Operation::write("DeleteObject", delete::one),
        _ => return None,
    })
}

fn bucket_arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

fn xml(root: Element) -> Answer {
    Answer::of(StatusCode::OK, "application/xml", root.within(NAMESPACE).document())
}

/// A number of the query within 0 and a most.
fn number(context: &Context<'_, '_>, name: &'static str, most: usize) -> Result<usize, Refusal> {
    match context.call.query(name).map(str::parse::<usize>) {
        None => Ok(most),
        Some(Ok(number)) => Ok(number.min(most)),
        Some(Err(_)) => {
            let message = format!("Provided {name} not an integer or within integer range");
            Err(Refusal::bad("InvalidArgument", message).with("ArgumentName", name))
        }
    }
}
