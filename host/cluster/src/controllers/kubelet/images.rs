//! Images: every one can be pulled, but those of registries under `.invalid`, which no name server knows (RFC 2606).

/// Whether an image cannot be pulled.
pub(super) fn is_missing(image: &str) -> bool {
    registry(image).is_some_and(|host| host == "invalid" || host.ends_with(".invalid"))
}

/// The registry's host, where the image names one.
fn registry(image: &str) -> Option<&str> {
    let (host, _) = image.split_once('/')?;
    let named = host.contains('.') || host.contains(':') || host == "localhost";
    named.then(|| host.split(':').next().unwrap_or(host))
}

/// An image with its tag.
fn tagged(image: &str) -> (String, String) {
    let (path, tag) = match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (image, "latest"),
    };
    (path.to_owned(), tag.to_owned())
}

/// Why the image cannot be pulled, as containerd says it.
pub(super) fn why_missing(image: &str) -> String {
    let (path, tag) = tagged(image);
    let (host, repository) = path.split_once('/').unwrap_or((&path, ""));
    format!(
        "failed to pull and unpack image \"{path}:{tag}\": failed to resolve reference \"{path}:{tag}\": failed to do \
         request: Head \"https://{host}/v2/{repository}/manifests/{tag}\": dial tcp: lookup {host}: no such host"
    )
}

/// The image as a container's status names it.
pub(super) fn full_name(image: &str) -> String {
    let (path, tag) = if image.contains('@') { (image.to_owned(), String::new()) } else { tagged(image) };
    let path = match (registry(image), path.contains('/')) {
        (Some(_), _) => path,
        (None, true) => format!("docker.io/{path}"),
        (None, false) => format!("docker.io/library/{path}"),
    };
    if tag.is_empty() { path } else { format!("{path}:{tag}") }
}
