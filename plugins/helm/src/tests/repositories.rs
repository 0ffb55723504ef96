//! Charts of repositories and registries, played by a test.

use maps_sdk::http::Response;
use maps_sdk::testing::Call;

use super::*;
use crate::source::digest;

/// A packed chart, made by hand: what a `.tgz` is, stored without compression.
fn packed(version: &str) -> Vec<u8> {
    let mut tar = Vec::new();
    let files = [
        ("web/Chart.yaml", format!("apiVersion: v2\nname: web\nversion: {version}\n")),
        ("web/templates/web.yaml", format!("apiVersion: v1\nkind: A\nsize: \"{version}\"\n")),
    ];
    for (path, text) in &files {
        let mut head = [0_u8; 512];
        head[..path.len()].copy_from_slice(path.as_bytes());
        head[100..108].copy_from_slice(b"0000644\0");
        head[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
        head[156] = b'0';
        head[257..265].copy_from_slice(b"ustar\x0000");
        head[148..156].fill(b' ');
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&head);
        tar.extend_from_slice(text.as_bytes());
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    gzip(&tar)
}

/// Stored blocks of RFC 1951 in a member of RFC 1952.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<&[u8]> = bytes.chunks(60_000).collect();
    for (at, block) in blocks.iter().enumerate() {
        out.push(u8::from(at + 1 == blocks.len()));
        let length = u16::try_from(block.len()).unwrap();
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    });
    out.extend_from_slice(&(!crc).to_le_bytes());
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
    out
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Result<Response, Problem> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Response { status, headers, body: body.into() })
}

fn index() -> String {
    let digest = digest(&packed("0.2.0")).replace("sha256:", "");
    format!(
        "apiVersion: v1\nentries:\n  web:\n  - {{name: web, version: 0.1.0, urls: [web-0.1.0.tgz]}}\n  - {{name: web, version: 0.2.0, digest: {digest}, urls: [\"https://cdn.example.com/web-0.2.0.tgz\"]}}\n  - {{name: web, version: 0.3.0-rc.1, urls: [web-0.3.0-rc.1.tgz]}}\n  - {{name: web, version: 0.0.9, digest: {digest}, urls: [web-0.1.0.tgz]}}\n"
    )
}

fn repository(call: &Call) -> Result<Response, Problem> {
    match call.url.as_str() {
        "https://charts.example.com/stable/index.yaml" => answer(200, &[], index()),
        "https://charts.example.com/stable/web-0.1.0.tgz" => answer(200, &[], packed("0.1.0")),
        "https://charts.example.com/stable/web-0.3.0-rc.1.tgz" => answer(200, &[], packed("0.3.0-rc.1")),
        "https://cdn.example.com/web-0.2.0.tgz" => {
            answer(302, &[("location", "https://store.example.com/x?sig=1")], "")
        }
        "https://store.example.com/x?sig=1" => answer(200, &[], packed("0.2.0")),
        _ => answer(404, &[], ""),
    }
}

const REPO: &str = "https://charts.example.com/stable/";

#[test]
fn the_version_that_is_meant_is_fetched() {
    for (version, expected) in
        [(None, "0.2.0"), (Some("0.1.0"), "0.1.0"), (Some("<0.2"), "0.1.0"), (Some(">0.0.0-0"), "0.3.0-rc.1")]
    {
        testing::http(repository);
        let made = create(inputs(json!({"chart": "web", "repo": REPO, "version": version}))).unwrap().outputs;
        assert_eq!((size(&made.manifests), made.chart_version.as_str()), (&*format!("{expected:?}"), expected));
        assert_eq!(made.digest, digest(&packed(expected)));
        assert_eq!(made.pins, [(made.origin, made.digest)].into());
    }
    let made = create(inputs(json!({"chart": "https://charts.example.com/stable/web-0.1.0.tgz"}))).unwrap();
    assert_eq!(made.outputs.origin, "https://charts.example.com/stable/web-0.1.0.tgz");
}

#[test]
fn what_cannot_be_had_of_a_repository_is_told() {
    testing::http(repository);
    for (wanted, said) in [
        (
            json!({"chart": "none", "repo": REPO}),
            "chart \"none\" not found in https://charts.example.com/stable/ repository",
        ),
        (
            json!({"chart": "web", "repo": REPO, "version": "9"}),
            "chart \"web\" version \"9\" not found in https://charts.example.com/stable/ repository",
        ),
        (
            json!({"chart": "web", "repo": "https://none.example.com"}),
            "looks like \"https://none.example.com\" is not a valid chart repository or cannot be reached: failed to fetch https://none.example.com/index.yaml : 404 Not Found",
        ),
        (json!({"chart": "web", "repo": "none"}), "could not find protocol handler for: "),
        (
            json!({"chart": "web", "repo": REPO, "version": "0.0.9"}),
            "the archive at https://charts.example.com/stable/web-0.1.0.tgz has the digest sha256:",
        ),
        (
            json!({"chart": "https://charts.example.com/none.tgz"}),
            "failed to fetch https://charts.example.com/none.tgz : 404 Not Found",
        ),
    ] {
        let problem = create(inputs(wanted.clone())).err().unwrap();
        assert!(problem.message.starts_with(said), "{wanted}: {problem}");
    }
}

#[test]
fn rt30_a_redirect_that_goes_round_ends() {
    testing::http(|call| answer(302, &[("location", call.url.as_str())], ""));
    let problem = create(inputs(json!({"chart": "https://charts.example.com/a.tgz"}))).err().unwrap();
    assert!(problem.message.contains("more than 10 times"), "{problem}");
}

#[test]
fn a_redirect_that_no_rule_allows_says_which_host_to_grant() {
    testing::http(|call| match call.url.contains("cdn") {
        true => Err(Problem::new(maps_sdk::Class::Denied, "http-not-granted", "denied").help("as it is")),
        false => answer(302, &[("location", "https://cdn.example.com:8443/a.tgz")], ""),
    });
    let problem = create(inputs(json!({"chart": "https://charts.example.com/a.tgz"}))).err().unwrap();
    assert!(problem.message.contains("redirects to cdn.example.com:8443"), "{problem}");
    assert!(problem.help.unwrap().contains("let the plugin's `grant:` in the stack have cdn.example.com:8443 too"));
}

/// A registry that wants a token for everything.
fn registry(call: &Call) -> Result<Response, Problem> {
    let archive = packed("0.2.0");
    let layer = digest(&archive);
    let manifest = json!({"layers": [
        {"mediaType": "application/vnd.cncf.helm.chart.provenance.v1.prov", "digest": "sha256:0"},
        {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": layer},
    ]});
    let let_in = call.headers.contains(&("authorization".to_owned(), "Bearer let-me-in".to_owned()));
    if call.url.starts_with("https://auth.example.com/token?") {
        assert_eq!(call.url, "https://auth.example.com/token?scope=repository%3Acharts%2Fweb%3Apull&service=registry");
        return answer(200, &[], json!({"token": "let-me-in"}).to_string());
    }
    if call.url == "https://blobs.example.com/layer" {
        assert!(!let_in, "the token is the registry's");
        return answer(200, &[], archive);
    }
    if !let_in {
        let challenge =
            "Bearer realm=\"https://auth.example.com/token\",service=\"registry\",scope=\"repository:charts/web:pull\"";
        return answer(401, &[("www-authenticate", challenge)], "{}");
    }
    match call.url.strip_prefix("https://oci.example.com:5000/v2/charts/web/").unwrap_or_default() {
        "tags/list" => answer(
            200,
            &[("link", "</v2/charts/web/tags/list?last=b>; rel=\"next\"")],
            r#"{"tags": ["0.1.0", "latest", "0.3.0-rc.1"]}"#,
        ),
        "tags/list?last=b" => answer(200, &[], r#"{"tags": ["0.2.0", "0.1.5_build"]}"#),
        "manifests/0.2.0" | "manifests/0.1.5_build" => answer(200, &[], manifest.to_string()),
        rest if rest == format!("blobs/{layer}") => answer(307, &[("location", "https://blobs.example.com/layer")], ""),
        _ => answer(404, &[], r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#),
    }
}

#[test]
fn a_registry_s_token_is_asked_for_and_its_newest_chart_fetched() {
    for (chart, version) in [
        ("oci://oci.example.com:5000/charts/web", None),
        ("oci://oci.example.com:5000/charts/web", Some("^0.1 || ^0.2")),
        ("oci://oci.example.com:5000/charts/web", Some("0.2.0")),
        ("oci://oci.example.com:5000/charts/web:0.2.0", None),
        ("oci://oci.example.com:5000/charts/web", Some("0.1.5+build")),
    ] {
        testing::http(registry);
        let made = create(inputs(json!({"chart": chart, "version": version}))).unwrap().outputs;
        assert_eq!(made.chart_version, "0.2.0");
        assert_eq!(made.digest, digest(&packed("0.2.0")));
        assert_eq!(made.origin, format!("oci://oci.example.com:5000/charts/web@{}", made.digest));
        let pinned = "oci://oci.example.com:5000/charts/web:0.2.0".to_owned();
        assert_eq!(made.pins, [(pinned, made.digest)].into());
        let asked = testing::calls().iter().filter(|call| call.url.contains("/token?")).count();
        assert_eq!(asked, 1, "one token serves all");
    }
}

#[test]
fn what_cannot_be_had_of_a_registry_is_told() {
    testing::http(registry);
    for (chart, version, said) in [
        ("oci://oci.example.com:5000/charts/web", Some("9.0.0"), "oci.example.com:5000/charts/web:9.0.0: not found"),
        (
            "oci://oci.example.com:5000/charts/web",
            Some("^9"),
            "could not locate a version matching provided version string ^9",
        ),
        (
            "oci://oci.example.com:5000/charts/web:1.0.0",
            Some("2.0.0"),
            "chart reference and version mismatch: 2.0.0 is not 1.0.0",
        ),
        ("oci://oci.example.com:5000/Charts", None, "invalid reference: invalid repository \"Charts\""),
    ] {
        let problem = create(inputs(json!({"chart": chart, "version": version}))).err().unwrap();
        assert!(problem.message.contains(said), "{chart} {version:?}: {problem}");
    }
}

#[test]
fn a_layer_that_was_exchanged_is_refused() {
    testing::http(|call| match call.url.contains("/blobs/") {
        true => answer(200, &[], packed("6.6.6")),
        false => {
            let let_in =
                Call { headers: vec![("authorization".to_owned(), "Bearer let-me-in".to_owned())], ..call.clone() };
            registry(&let_in)
        }
    });
    let wanted = json!({"chart": "oci://oci.example.com:5000/charts/web", "version": "0.2.0"});
    assert_eq!(create(inputs(wanted)).err().unwrap().code, "chart-digest");
}
