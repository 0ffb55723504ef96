//! Repositories over HTTP, whose indexes helm wrote.

use std::fs;

use crate::world::Expected::{Error, Version};
use crate::world::{VERSIONS, World};

/// A repository of all versions, with the index that helm makes of them.
fn repository(world: &World) -> String {
    world.helm(&["repo", "index", "packed"]).expect(0).stderr.clear();
    maps_tests::serve_folder(&world.path().join("packed"))
}

fn index(world: &World) -> String {
    fs::read_to_string(world.path().join("packed/index.yaml")).unwrap()
}

/// Puts an index into a folder of the repository.
fn put(world: &World, folder: &str, index: &str) {
    let folder = world.path().join("packed").join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("index.yaml"), index).unwrap();
}

#[test]
fn versions_mean_what_they_mean_to_helm() {
    let world = World::new();
    let url = repository(&world);
    assert_eq!(index(&world).matches("digest: ").count(), VERSIONS.len());
    for (version, found) in [
        (None, "1.1.0+build.5"),
        (Some("1.0.0"), "1.0.0"),
        (Some("v1.0.0"), "1.0.0"),
        (Some("1.0"), "1.0.0"),
        (Some("1.1.0+build.5"), "1.1.0+build.5"),
        (Some("^0"), "0.9.1"),
        (Some("~0.1"), "0.1.0"),
        (Some("<0.2 || >=1.2.0-0"), "1.2.0-rc.1"),
        (Some(">0-0"), "1.2.0-rc.1"),
    ] {
        let mut words = vec!["one", "web", "--repo", &url];
        words.extend(version.into_iter().flat_map(|version| ["--version", version]));
        world.both(&words, Version(found));
    }
    world.both(&["one", "web", "--repo", &format!("{url}/"), "--devel"], Version("1.2.0-rc.1"));
    // A URL of the archive itself, of which helm takes no version.
    let archive = format!("{url}/web-0.2.0.tgz");
    world.both(&["one", &archive], Version("0.2.0"));
    world.both(&["one", &archive, "--version", "9"], Version("0.2.0"));

    for (chart, version, message) in [
        ("none", None, format!("chart \"none\" not found in {url} repository")),
        ("none", Some("1.0.0"), format!("chart \"none\" version \"1.0.0\" not found in {url} repository")),
        ("web", Some("9"), format!("chart \"web\" version \"9\" not found in {url} repository")),
        ("web", Some("newest"), format!("chart \"web\" version \"newest\" not found in {url} repository")),
    ] {
        let mut words = vec!["one", chart, "--repo", &url];
        words.extend(version.into_iter().flat_map(|version| ["--version", version]));
        world.both(&words, Error(&message));
    }
}

#[test]
fn an_archive_lies_where_its_url_says() {
    let world = World::new();
    let url = repository(&world);
    let relative = index(&world);
    put(&world, "up", &relative.replace("- web-", "- ../web-"));
    put(&world, "rooted", &relative.replace("- web-", "- /web-"));
    put(&world, "gone", &relative.replace("- web-", "- gone-"));
    put(
        &world,
        "nowhere",
        &relative.lines().filter(|line| !line.contains("- web-")).fold(String::new(), |text, line| text + line + "\n"),
    );
    for folder in ["up", "rooted"] {
        world.both(&["one", "web", "--repo", &format!("{url}/{folder}"), "--version", "^0"], Version("0.9.1"));
    }
    world.helm(&["repo", "index", "packed", "--url", &url]).expect(0).stderr.clear();
    assert!(index(&world).contains(&format!("- {url}/web-0.1.0.tgz")), "{}", index(&world));
    put(&world, "absolute", &index(&world));
    world.both(&["one", "web", "--repo", &format!("{url}/absolute")], Version("1.1.0+build.5"));
    let missing = format!("failed to fetch {url}/gone/gone-1.0.0.tgz : 404 Not Found");
    world.both(&["one", "web", "--repo", &format!("{url}/gone"), "--version", "1.0.0"], Error(&missing));
    let words = ["one", "web", "--repo", &format!("{url}/nowhere"), "--version", "1.0.0"];
    world.both(&words, Error("chart \"web\" version \"1.0.0\" has no downloadable URLs"));
    let missing = format!("failed to fetch {url}/web-7.tgz : 404 Not Found");
    world.both(&["one", &format!("{url}/web-7.tgz")], Error(&missing));
}

#[test]
fn rt31_an_archive_that_its_index_does_not_know_is_refused() {
    let world = World::new();
    let url = repository(&world);
    let words = ["one", "web", "--repo", &url, "--version", "0.1.0"];
    world.both(&words, Version("0.1.0"));
    fs::copy(world.packed("0.2.0"), world.packed("0.1.0")).unwrap();
    // Helm takes the exchanged archive as it comes: here the two differ, and ours is meant to.
    assert!(world.helm(&[&["template"], &words[..]].concat()).expect(0).stdout.contains("\"0.2.0\""));
    let done = world.maps(&words).expect(1);
    let said = format!("Error: the archive at {url}/web-0.1.0.tgz has the digest sha256:");
    assert!(done.stderr.starts_with(&said) && done.stdout.is_empty(), "{}", done.stderr);
    world.both(&["one", "web", "--repo", &url, "--version", "0.2.0"], Version("0.2.0"));
}

#[test]
fn what_is_no_repository_is_told_as_helm_tells_it() {
    let world = World::new();
    let url = repository(&world);
    let frame = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
    for (at, (index, why)) in [
        ("", "empty index.yaml file".to_owned()),
        ("# nothing", "no API version specified".to_owned()),
        ("entries: {}", "no API version specified".to_owned()),
        ("[]", "json: cannot unmarshal array into Go value of type repo.IndexFile".to_owned()),
        ("7", "json: cannot unmarshal number into Go value of type repo.IndexFile".to_owned()),
        ("<html></html>", format!("{frame} string into Go value of type repo.IndexFile")),
        (
            "apiVersion: v1\nentries: []",
            format!("{frame} array into Go struct field IndexFile.entries of type map[string]repo.ChartVersions"),
        ),
        (
            "apiVersion: v1\nentries: {web: {}}",
            format!("{frame} object into Go struct field IndexFile.entries of type repo.ChartVersions"),
        ),
        (
            "apiVersion: v1\nentries: {web: [3]}",
            format!("{frame} number into Go struct field IndexFile.entries of type repo.ChartVersion"),
        ),
        (
            "apiVersion: v1\nentries: {web: [{name: web, version: 1.0}]}",
            format!("{frame} number into Go struct field ChartVersion.entries.Metadata.version of type string"),
        ),
        (
            "apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: x}]}",
            format!("{frame} string into Go struct field ChartVersion.entries.urls of type []string"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        put(&world, &at.to_string(), index);
        let repo = format!("{url}/{at}");
        let message = format!("looks like \"{repo}\" is not a valid chart repository or cannot be reached: {why}");
        world.both(&["one", "web", "--repo", &repo], Error(&message));
    }
    let missing = format!("{url}/none");
    for (repo, why) in [
        ("nowhere", "could not find protocol handler for: ".to_owned()),
        ("ftp://127.0.0.1", "could not find protocol handler for: ftp".to_owned()),
        (
            "oci://127.0.0.1:1/charts",
            "looks like \"oci://127.0.0.1:1/charts\" is not a valid chart repository or cannot be reached: failed to perform \"FetchReference\" on source: invalid reference".to_owned(),
        ),
        (
            &missing,
            format!("looks like \"{missing}\" is not a valid chart repository or cannot be reached: failed to fetch {missing}/index.yaml : 404 Not Found"),
        ),
    ] {
        let theirs = world.helm(&["template", "one", "web", "--repo", repo]).expect(1).stderr;
        assert_eq!(theirs.trim_end(), format!("Error: {}", why.trim_end()), "{repo}");
        let ours = world.maps(&["one", "web", "--repo", repo]).expect(1).stderr;
        assert_eq!(ours.lines().next().map(str::trim_end), theirs.lines().next().map(str::trim_end), "{repo}");
    }
}
