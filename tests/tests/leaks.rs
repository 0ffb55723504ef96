//! Planted secrets are nowhere but in the local cloud's own files: not in state, logs, plans or
//! the audit log; not plain, not in base64, not compressed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read;
use std::path::{Path, PathBuf};

use maps_tests::{CloudServer, StackDir, scenario};
use serde_json::json;

/// A secret as it may be written: plain, and in base64 at each of the three alignments.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let mut spellings = vec![secret.as_bytes().to_vec()];
    for alignment in 0..3 {
        let padded = [vec![b'x'; alignment], secret.as_bytes().to_vec()].concat();
        let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        // The first and last groups also hold bits of the neighbours.
        let (from, to) = (if alignment == 0 { 0 } else { 4 }, text.len() - 4);
        spellings.push(text.as_bytes()[from..to].to_vec());
    }
    spellings
}

fn files_below(dir: &Path, but: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path == but {
            continue;
        }
        if path.is_dir() { found.extend(files_below(&path, but)) } else { found.push(path) }
    }
    found
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.get(..2) != Some(&[0x1f, 0x8b]) {
        return None;
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// Every long word of the secret kinds in the kubeconfig and `cloud.json`.
fn planted(cloud: &CloudServer) -> Vec<String> {
    let client = cloud.client();
    let id = client.clusters()[0]["id"].as_str().unwrap().to_owned();
    let mut secrets = vec![cloud.description()["credentials"]["digitalocean"]["token"].as_str().unwrap().to_owned()];
    let (status, credentials) = client.call("GET", &format!("/v2/kubernetes/clusters/{id}/credentials"), None);
    assert_eq!(status, 200);
    secrets.push(credentials["token"].as_str().unwrap().to_owned());
    secrets
}

/// Plans, runs and looks at a stack, and returns all that was printed.
fn printed(stack: &StackDir, cloud: &CloudServer) -> String {
    let flag = cloud.flag();
    let mut printed = String::new();
    for args in [
        vec!["plan", "stack.yaml", &flag],
        vec!["run", "stack.yaml", &flag, "--yes"],
        vec!["run", "stack.yaml", &flag, "--yes", "--output", "json"],
        vec!["plan", "stack.yaml", &flag, "--output", "json"],
        vec!["output", "stack.yaml", &flag],
    ] {
        let finished = stack.maps().run(&args);
        assert_eq!(finished.code, Some(0), "{args:?}: {finished:?}");
        printed.push_str(&finished.stdout);
        printed.push_str(&finished.stderr);
    }
    printed
}

/// None of these is in what was printed, nor in any file but the cloud's own.
fn search(stack: &StackDir, cloud: &CloudServer, printed: &str, secrets: Vec<String>) {
    assert!(secrets.iter().all(|secret| secret.len() > 20), "planted secrets are long");
    let files = files_below(stack.path(), cloud.dir());
    assert!(files.iter().any(|path| path.to_string_lossy().contains("audit")), "the audit log is searched: {files:?}");
    for secret in secrets {
        for spelling in spellings(&secret) {
            assert!(!holds(printed.as_bytes(), &spelling), "a secret was printed");
            for path in &files {
                let bytes = std::fs::read(path).unwrap();
                assert!(!holds(&bytes, &spelling), "a secret is in {}", path.display());
                if let Some(plain) = inflated(&bytes) {
                    assert!(!holds(&plain, &spelling), "a secret is in {}, compressed", path.display());
                }
            }
        }
    }
}

#[test]
fn planted_secrets_are_in_no_file_log_or_plan_outside_the_cloud() {
    let stack = StackDir::copy_of("maps");
    // An output that is wholly secret, so that outputs are tried as well.
    let text = stack.text().replacen("outputs:\n", "outputs:\n  admin: \"${cluster.kubeconfig}\"\n", 1);
    assert!(text.contains("admin:"), "the stack has an outputs section to add to");
    stack.write(&text);
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let printed = printed(&stack, &cloud);
    search(&stack, &cloud, &printed, planted(&cloud));
}

#[test]
fn values_of_parameters_and_access_keys_are_in_no_file_log_or_plan_outside_the_cloud() {
    let stack = scenario::secrets();
    // The secret of the key goes where it can be read back from the cloud, and into an output.
    stack.edit(
        "outputs:\n",
        "  kept:\n    type: secrets/parameter\n    with: {name: /keys/ckan, value: \"${key.secret_access_key}\"}\n\
         outputs:\n  secret: \"${key.secret_access_key}\"\n  password: \"${made.value}\"\n",
    );
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let mut all = printed(&stack, &cloud);
    let value = |name: &str| {
        let answer = cloud.aws().ssm("GetParameter", &json!({"Name": name, "WithDecryption": true}));
        answer.json()["Parameter"]["Value"].as_str().unwrap().to_owned()
    };
    let mut secrets: Vec<String> = ["/maps/ckan/api-key", "/maps/postgres/password", "/keys/ckan"].map(value).into();
    // Another key and another value, and one that somebody else wrote.
    stack.edit("rotate: \"1\"", "rotate: \"2\"");
    stack.edit("generate: {length: 40}", "generate: {length: 41}");
    let theirs = "written-by-somebody-else-entirely";
    let put = json!({"Name": "/maps/ckan/api-key", "Value": theirs, "Type": "SecureString", "Overwrite": true});
    assert_eq!(cloud.aws().ssm("PutParameter", &put).status, 200);
    all.push_str(&printed(&stack, &cloud));
    secrets.extend(["/maps/postgres/password", "/keys/ckan"].map(value));
    secrets.push(theirs.to_owned());
    secrets.push(cloud.description()["credentials"]["aws"]["secret_access_key"].as_str().unwrap().to_owned());
    search(&stack, &cloud, &all, secrets);
}
