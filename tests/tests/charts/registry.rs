//! `oci://`: the registry of the OCI distribution project, with charts that helm pushed.

use std::fs;
use std::path::{Path, PathBuf};

use maps_tests::Peer;

use crate::world::Expected::{Error, Version};
use crate::world::{HTPASSWD, PASSWORD, USER, VERSIONS, World, guard};

/// `127.0.0.1:PORT`.
fn host(registry: &Peer) -> &str {
    registry.endpoint().trim_start_matches("http://")
}

/// Pushes every version; the digests of their manifests, in the order of [`VERSIONS`].
fn push(world: &World, host: &str, credentials: &[&str]) -> Vec<String> {
    let to = format!("oci://{host}/charts");
    let mut digests = Vec::new();
    for version in VERSIONS {
        let packed = world.packed(version).display().to_string();
        let done = world.helm(&[&["push", "--plain-http", &packed, &to], credentials].concat()).expect(0);
        let said = format!("{}{}", done.stdout, done.stderr);
        let digest = said.lines().find_map(|line| line.strip_prefix("Digest: ")).expect("the pushed digest");
        digests.push(digest.trim().to_owned());
    }
    digests
}

#[test]
fn references_and_versions_mean_what_they_mean_to_helm() {
    let world = World::new();
    let registry = Peer::registry(None);
    let host = host(&registry);
    let digests = push(&world, host, &[]);
    let of = |version: &str| digests[VERSIONS.iter().position(|one| *one == version).unwrap()].as_str();
    let web = format!("oci://{host}/charts/web");
    let (first, second, third) = (of("0.1.0"), of("0.2.0"), of("1.0.0"));

    for (reference, version, found) in [
        ("", None, "1.1.0"),
        ("", Some("1.0.0"), "1.0.0"),
        (":1.0.0", None, "1.0.0"),
        (":1.0.0", Some("1.0.0"), "1.0.0"),
        ("", Some("^0"), "0.9.1"),
        ("", Some("~0.1"), "0.1.0"),
        ("", Some("<1.1"), "1.0.0"),
        ("", Some(">0-0"), "1.2.0-rc.1"),
        ("", Some("*"), "1.1.0"),
        ("", Some("1.1.0+build.5"), "1.1.0+build.5"),
        (&format!("@{third}"), None, "1.0.0"),
        (&format!("@{third}"), Some("1.0.0"), "1.0.0"),
        // There need not be such a tag.
        (&format!("@{third}"), Some("7.7.7"), "1.0.0"),
        (&format!("@{third}"), Some("^7"), "1.0.0"),
        (&format!(":1.0.0@{third}"), None, "1.0.0"),
    ] {
        let reference = format!("{web}{reference}");
        let mut words = vec!["one", &reference, "--plain-http"];
        words.extend(version.into_iter().flat_map(|version| ["--version", version]));
        world.both(&words, Version(found));
    }
    world.both(&[&web, "--plain-http", "--devel"], Version("1.2.0-rc.1"));

    let none = format!("sha256:{}", "0".repeat(64));
    let missing =
        |named: &str| format!("failed to perform \"FetchReference\" on source: {host}/charts/{named}: not found");
    for (reference, version, message) in [
        ("web", Some("9.9.9"), missing("web:9.9.9")),
        ("web:9.9.9", None, missing("web:9.9.9")),
        // A tag is no constraint, even where it would fit one.
        ("web", Some("1.0"), missing("web:1.0")),
        ("none:1.0.0", None, missing("none:1.0.0")),
        (&format!("web@{none}"), None, missing(&format!("web@{none}"))),
        ("web", Some("^9"), "could not locate a version matching provided version string ^9".to_owned()),
        ("web:latest", None, "improper constraint: latest".to_owned()),
        ("web:1.1.0_build.5", None, "improper constraint: 1.1.0_build.5".to_owned()),
        ("web:1.1.0+build.5", None, "invalid reference: invalid tag \"1.1.0+build.5\"".to_owned()),
        ("web:1.0.0", Some("0.1.0"), "chart reference and version mismatch: 0.1.0 is not 1.0.0".to_owned()),
        ("web:1.0.0", Some("^1"), "chart reference and version mismatch: ^1 is not 1.0.0".to_owned()),
        (&format!("web:0.2.0@{third}"), None, format!("chart reference digest mismatch: {second} is not {third}")),
        (&format!("web@{third}"), Some("0.1.0"), format!("chart reference digest mismatch: {first} is not {third}")),
        (
            "web@sha256:12",
            None,
            "invalid reference: invalid digest \"sha256:12\": invalid checksum digest length".to_owned(),
        ),
        ("web@12", None, "invalid reference: invalid digest \"12\": invalid checksum digest format".to_owned()),
        ("web@sha0:12", None, "invalid reference: invalid digest \"sha0:12\": unsupported digest algorithm".to_owned()),
        ("Web", None, "invalid reference: invalid repository \"charts/Web\"".to_owned()),
        ("web--/x", None, "invalid reference: invalid repository \"charts/web--/x\"".to_owned()),
        (
            "none",
            None,
            format!(
                "GET \"http://{host}/v2/charts/none/tags/list\": response status code 404: name unknown: repository name not known to registry: map[name:charts/none]"
            ),
        ),
    ] {
        let reference = format!("oci://{host}/charts/{reference}");
        let mut words = vec!["one", &reference, "--plain-http"];
        words.extend(version.into_iter().flat_map(|version| ["--version", version]));
        world.both(&words, Error(&message));
    }
    // Without the flag both ask for TLS, which is not spoken here, and each says so in words of its own.
    let words = ["one", &web];
    assert_eq!(world.helm(&["template", "one", &web]).code, Some(1));
    let done = world.maps(&words).expect(1);
    assert!(done.stderr.contains(&format!("https://{host}/v2/charts/web/tags/list")), "{}", done.stderr);
}

#[test]
fn rt31_what_a_registry_exchanged_is_refused() {
    let world = World::new();
    let registry = Peer::registry(None);
    let host = host(&registry);
    push(&world, host, &[]);
    let web = format!("oci://{host}/charts/web");
    world.both(&["one", &web, "--plain-http", "--version", "0.1.0"], Version("0.1.0"));
    // The archive of one version in the place of another's, and then a manifest.
    let blob = |version: &str| data(registry.home(), &fs::read(world.packed(version)).unwrap());
    fs::copy(blob("0.2.0"), blob("0.1.0")).unwrap();
    let words = ["one", &web, "--plain-http", "--version", "0.1.0"];
    assert_eq!(world.helm(&[&["template"], &words[..]].concat()).code, Some(1));
    let done = world.maps(&words).expect(1);
    assert!(done.stderr.contains("has the digest sha256:") && done.stdout.is_empty(), "{}", done.stderr);
    world.both(&["one", &web, "--plain-http", "--version", "0.2.0"], Version("0.2.0"));
}

/// Where the registry keeps a blob.
fn data(home: &Path, content: &[u8]) -> PathBuf {
    let blobs = home.join("store/docker/registry/v2/blobs/sha256");
    let folders = fs::read_dir(blobs).unwrap().flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap());
    let mut files = folders.map(|entry| entry.unwrap().path().join("data"));
    files.find(|file| fs::read(file).is_ok_and(|found| found == content)).expect("the blob")
}

#[test]
fn a_registry_with_a_password_lets_nobody_in_without_it() {
    let world = World::new();
    let registry = Peer::registry(Some(HTPASSWD));
    let host = host(&registry);
    let credentials = ["--username", USER, "--password", PASSWORD];
    push(&world, host, &credentials);
    let web = format!("oci://{host}/charts/web");
    let with = [&["template", "one", &web, "--plain-http"], &credentials[..]].concat();
    assert!(world.helm(&with).expect(0).stdout.contains("\"1.1.0\""));
    let why = "basic credential not found";
    world.both(&["one", &web, "--plain-http"], Error(&format!("GET \"http://{host}/v2/charts/web/tags/list\": {why}")));
    world.both(
        &["one", &web, "--plain-http", "--version", "1.0.0"],
        Error(&format!(
            "failed to perform \"FetchReference\" on source: GET \"http://{host}/v2/charts/web/manifests/1.0.0\": {why}"
        )),
    );
}

#[test]
fn a_token_is_asked_for_where_the_registry_wants_one() {
    let world = World::new();
    let registry = Peer::registry(None);
    push(&world, host(&registry), &[]);
    let web = format!("oci://{}/charts/web", guard(host(&registry)));
    world.both(&["one", &web, "--plain-http"], Version("1.1.0"));
    world.both(&["one", &web, "--plain-http", "--version", "0.2.0"], Version("0.2.0"));
}
