//! Which bucket and key a request is about, by its host and path.

use crate::aws::sigv4::decode;
use crate::aws::spaces;
use crate::service::Call;

/// A bucket and a key; each may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// The address of a request.
pub(super) fn of(call: &Call) -> Address {
    parse(&call.host, &call.path)
}

fn parse(host: &str, path: &str) -> Address {
    let path = path.strip_prefix('/').unwrap_or(path);
    if let Some(bucket) = of_host(host) {
        return Address { bucket: bucket.to_owned(), key: decode(path) };
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Address { bucket: decode(bucket), key: decode(key) }
}

/// The bucket that a virtual host names.
fn of_host(host: &str) -> Option<&str> {
    if let Some((_, bucket)) = spaces::of_host(host) {
        return bucket;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let labels = name.strip_suffix(".amazonaws.com")?;
    match labels.strip_suffix(".s3") {
        Some(bucket) => Some(bucket),
        // A bucket's own name may hold `.s3.`; the last one is the service's.
        None => labels.rsplit_once(".s3.").map(|(bucket, _)| bucket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_are_understood() {
        for (host, path, bucket, key) in [
            ("s3.eu-central-1.amazonaws.com", "/", "", ""),
            ("s3.eu-central-1.amazonaws.com", "/b", "b", ""),
            ("s3.eu-central-1.amazonaws.com", "/b/", "b", ""),
            ("s3.amazonaws.com", "/b/a%20c/d+e", "b", "a c/d+e"),
            ("b.s3.eu-central-1.amazonaws.com:443", "/a/b", "b", "a/b"),
            ("a.b.s3.amazonaws.com", "/k", "a.b", "k"),
            ("127.0.0.1:99", "/b/k", "b", "k"),
            ("fra1.digitaloceanspaces.com:4", "/b/k", "b", "k"),
            ("b.fra1.digitaloceanspaces.com", "/a/k", "b", "a/k"),
        ] {
            let expected = Address { bucket: bucket.to_owned(), key: key.to_owned() };
            assert_eq!(parse(host, path), expected, "{host}{path}");
        }
    }
}
