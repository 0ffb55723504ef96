//! The object store of a Cluster, reached as Barman Cloud does: by S3, signed with the key that the Secrets hold.

use base64::Engine;
use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::SECRETS;
use crate::controllers::Desk;
use crate::controllers::api::{Api, Key};
use crate::controllers::aws::{self, AwsKey, Call, Element, Service};
use crate::controllers::object::{items, name, namespace, text, truth};

/// Characters of keys that stand in URLs as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The region where nobody says one.
const REGION: &str = "us-east-1";

/// A folder of a bucket, and whoever works there.
pub(super) struct Store {
    settings: Value,
    key: AwsKey,
    region: String,
    bucket: String,
    /// The folder, with a slash behind it.
    folder: String,
}

impl Store {
    /// The folder of a Cluster below the destination.
    pub(super) fn server(cluster: &Value) -> &str {
        match text(cluster, "/spec/backup/barmanObjectStore/serverName") {
            "" => name(cluster),
            stated => stated,
        }
    }

    /// Where a Cluster is backed up to.
    pub(super) fn of(cluster: &Value, api: &dyn Api) -> Result<Self, String> {
        let settings = cluster.pointer("/spec/backup/barmanObjectStore").cloned().unwrap_or_default();
        Self::open(cluster, settings, Self::server(cluster), api)
    }

    /// Where another database, which a Cluster calls by this name, is backed up to.
    pub(super) fn of_another(cluster: &Value, title: &str, api: &dyn Api) -> Result<Self, String> {
        let all = items(cluster, "/spec/externalClusters");
        let settings = all.iter().find(|of| text(of, "/name") == title).and_then(|of| of.get("barmanObjectStore"));
        let settings = settings.cloned().ok_or_else(|| format!("missing external cluster {title}"))?;
        let server = match text(&settings, "/serverName") {
            "" => title.to_owned(),
            stated => stated.to_owned(),
        };
        Self::open(cluster, settings, &server, api)
    }

    fn open(cluster: &Value, settings: Value, server: &str, api: &dyn Api) -> Result<Self, String> {
        if truth(&settings, "/s3Credentials/inheritFromIAMRole") {
            return Err("Unable to locate credentials: roles of Pods are not played here".to_owned());
        }
        let part = |part: &str| value(cluster, &settings, part, api);
        let key = AwsKey { id: part("accessKeyId")?, secret: part("secretAccessKey")? };
        let region = match settings.pointer("/s3Credentials/region") {
            Some(_) => part("region")?,
            None => REGION.to_owned(),
        };
        let destination = text(&settings, "/destinationPath").strip_prefix("s3://").unwrap_or_default();
        let (bucket, folder) = destination.split_once('/').unwrap_or((destination, ""));
        if bucket.is_empty() {
            return Err(format!("Invalid s3 URL address: {}", text(&settings, "/destinationPath")));
        }
        let folder = folder.trim_matches('/');
        let folder = if folder.is_empty() { format!("{server}/") } else { format!("{folder}/{server}/") };
        Ok(Self { bucket: bucket.to_owned(), folder, key, region, settings })
    }

    /// What compression puts behind the names of files.
    pub(super) fn suffix(&self, part: &str) -> &'static str {
        match text(&self.settings, &format!("/{part}/compression")) {
            "gzip" => ".gz",
            "bzip2" => ".bz2",
            "snappy" => ".snappy",
            "lz4" => ".lz4",
            "xz" => ".xz",
            "zstd" => ".zst",
            _ => "",
        }
    }

    /// Writes an object.
    pub(super) fn put(&self, path: &str, body: String, desk: &mut Desk<'_>) -> Result<(), String> {
        let path = format!("/{}{path}", self.folder);
        self.send(&*desk.api, "PutObject", &Method::PUT, &path, "", &Bytes::from(body)).map(drop)
    }

    /// The folders right below one.
    pub(super) fn folders(&self, path: &str, desk: &Desk<'_>) -> Result<Vec<String>, String> {
        let prefix = format!("{}{path}", self.folder);
        let found = self.list(&prefix, "delimiter=%2F&", &*desk.api)?;
        let folders = found.iter().filter_map(|at| at.strip_prefix(&prefix));
        Ok(folders.map(|folder| folder.trim_end_matches('/').to_owned()).collect())
    }

    /// Is there anything at all below a folder?
    pub(super) fn has(&self, path: &str, desk: &Desk<'_>) -> Result<bool, String> {
        Ok(!self.list(&format!("{}{path}", self.folder), "max-keys=1&", &*desk.api)?.is_empty())
    }

    /// Takes away all that is below a folder.
    pub(super) fn remove(&self, path: &str, desk: &mut Desk<'_>) -> Result<(), String> {
        for key in self.list(&format!("{}{path}", self.folder), "", &*desk.api)? {
            let path = format!("/{key}");
            self.send(&*desk.api, "DeleteObject", &Method::DELETE, &path, "", &Bytes::new())?;
        }
        Ok(())
    }

    /// The objects below a prefix, and the folders where a delimiter is asked for.
    fn list(&self, prefix: &str, more: &str, api: &dyn Api) -> Result<Vec<String>, String> {
        let prefix = utf8_percent_encode(prefix, PLAIN);
        let query = format!("{more}list-type=2&prefix={prefix}");
        let body = self.send(api, "ListObjectsV2", &Method::GET, "/", &query, &Bytes::new())?;
        let root = Element::read(&body).ok_or_else(|| "the object store answered no XML".to_owned())?;
        let of = |part, field| root.all(part).map(|child| child.text(field).to_owned()).collect::<Vec<_>>();
        Ok([of("Contents", "Key"), of("CommonPrefixes", "Prefix")].concat())
    }

    fn send(
        &self,
        api: &dyn Api,
        operation: &str,
        method: &Method,
        path: &str,
        query: &str,
        body: &Bytes,
    ) -> Result<Bytes, String> {
        let endpoint = text(&self.settings, "/endpointURL");
        let host = endpoint.split_once("://").map_or("", |(_, host)| host).trim_end_matches('/');
        // A bucket's name with dots in it would not suit the service's certificate.
        let (host, folder) = match (host, self.bucket.contains('.')) {
            ("", true) => ("s3.amazonaws.com".to_owned(), format!("/{}", self.bucket)),
            ("", false) => (format!("{}.s3.amazonaws.com", self.bucket), String::new()),
            (host, true) => (host.to_owned(), format!("/{}", self.bucket)),
            (host, false) => (format!("{}.{host}", self.bucket), String::new()),
        };
        let encoded: Vec<String> = path.split('/').map(|part| utf8_percent_encode(part, PLAIN).to_string()).collect();
        let call = |region: &str| {
            let call = Call {
                service: Service::S3,
                operation,
                region,
                method: method.clone(),
                host: &host,
                path: format!("{folder}{}", encoded.join("/")),
                query: query.to_owned(),
                headers: Vec::new(),
                body: body.clone(),
            };
            aws::send(api, &self.key, &call)
        };
        let answer = call(&self.region).or_else(|failed| match expected(&failed.message) {
            // A bucket elsewhere says where it is, and the client asks again there.
            Some(region) if region != self.region => call(region),
            _ => Err(failed),
        });
        answer.map(http::Response::into_body).map_err(|failed| {
            if failed.code.is_empty() {
                return failed.message;
            }
            let why = failed.message.rsplit_once(&format!("{}: ", failed.code)).map_or("", |(_, why)| why);
            format!("An error occurred ({}) when calling the {operation} operation: {why}", failed.code)
        })
    }
}

/// The region that a refusal names as the right one.
fn expected(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("expecting '")?;
    rest.split('\'').next()
}

/// A value of the credentials.
fn value(cluster: &Value, settings: &Value, part: &str, api: &dyn Api) -> Result<String, String> {
    let reference = settings.pointer(&format!("/s3Credentials/{part}")).cloned().unwrap_or_default();
    let (title, field) = (text(&reference, "/name"), text(&reference, "/key"));
    let secret = api.get(&Key::new(&SECRETS, namespace(cluster), title));
    let secret = secret.ok_or_else(|| format!("while getting secret {title}: secrets {title:?} not found"))?;
    let encoded = secret.get("data").and_then(|data| data.get(field)).and_then(Value::as_str).unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
    let decoded = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.is_empty());
    decoded.ok_or_else(|| format!("missing key {field}, inside secret {title}"))
}
