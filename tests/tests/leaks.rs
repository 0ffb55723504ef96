//! Planted secrets are nowhere but in the local cloud's own files: not in state, logs, plans or
//! the audit log; not plain, not in base64, not compressed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::{CloudServer, StackDir, leak, scenario};
use serde_json::json;

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

#[test]
fn planted_secrets_are_in_no_file_log_or_plan_outside_the_cloud() {
    let stack = StackDir::cluster();
    // An output that is wholly secret, so that outputs are tried as well.
    let text = stack.text().replacen("outputs:\n", "outputs:\n  admin: \"${cluster.kubeconfig}\"\n", 1);
    assert!(text.contains("admin:"), "the stack has an outputs section to add to");
    stack.write(&text);
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let printed = printed(&stack, &cloud);
    leak::search(stack.path(), cloud.dir(), &printed, &planted(&cloud));
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
    leak::search(stack.path(), cloud.dir(), &all, &secrets);
}
