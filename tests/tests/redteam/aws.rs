//! The red guest with keys of AWS that it never sees, in the real `maps`: what the host signs for it, with
//! which keys, and where to. The local cloud verifies each signature with code of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use maps_runtime::package::package;
use maps_tests::{CloudServer, Finished, Maps, StackDir, without_sections};
use serde_json::{Value as Json, json};

use crate::approval::yaml;
use crate::component::guest;
use crate::world::limits;

const WHO: &str = "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15";
const SSM: &str = "https://ssm.eu-central-1.amazonaws.com/";

/// The red guest's manifest, with keys of AWS and rules for its services.
fn manifest() -> String {
    let aws = "credentials:\n  aws:\n    type: aws\n    actions: [GetCallerIdentity, GetParameter]\n    reason: AWS takes signed requests\n";
    let rule = |id: &str, methods: &str, url: &str, more: &str| {
        format!(
            "    - {{id: {id}, effect: read, methods: [{methods}], url: \"{url}\", {more}credential: aws, reason: looks}}\n"
        )
    };
    yaml().replacen("credentials:\n", aws, 1)
        + &rule("who", "GET", "https://sts.eu-central-1.amazonaws.com/", "query: [Action, Version], ")
        + &rule("parameters", "POST", SSM, "")
        + &rule("zones", "GET", "https://route53.amazonaws.com/2013-04-01/hostedzone", "")
        + &rule("bucket", "GET", "https://maps-test.s3.eu-central-1.amazonaws.com/", "")
        + &rule("other", "GET", "https://api.other.example/", "")
}

/// A stack in which the red guest has the keys.
struct World {
    stack: StackDir,
    cloud: CloudServer,
    credential: Json,
}

impl World {
    async fn new(credential: Json) -> Self {
        let stack = StackDir::with("");
        let component = package(&without_sections(&guest("red")), &manifest(), None, &limits()).await.unwrap();
        std::fs::write(stack.path().join("red.wasm"), component).unwrap();
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        let world = Self { stack, cloud, credential };
        world.order("call-allowed", json!({}));
        world
    }

    /// Has the guest make one call while it is asked what would become of a thing.
    fn order(&self, act: &str, mut call: Json) {
        call["credential"] = "aws".into();
        let orders = json!({"act": act, "in": "preview", "call": call});
        let text = json!({
            "maps": "v1",
            "stack": "red",
            "inputs": {
                "token": {"type": "string", "secret": true, "from": "env.TOKEN"},
                "key": {"type": "string", "secret": true, "from": "env.KEY"},
            },
            "credentials": {
                "cloud": {"value": "${inputs.token}", "hosts": ["api.red.example"]},
                "keys": self.credential,
            },
            "plugins": {"red": {"source": "./red.wasm", "credentials": {"api": "cloud", "aws": "keys"}, "config": orders}},
            "resources": {"one": {"type": "red/previewed", "with": {"name": "one"}}},
        });
        self.stack.write(&text.to_string());
    }

    fn maps(&self) -> Maps {
        self.stack.maps().env("TOKEN", "red_v1_0123456789abcdef").env("KEY", &self.secret())
    }

    /// The cloud's own keys.
    fn key(&self) -> (String, String) {
        let aws = self.cloud.description()["credentials"]["aws"].clone();
        let part = |name: &str| aws[name].as_str().unwrap().to_owned();
        (part("access_key_id"), part("secret_access_key"))
    }

    fn secret(&self) -> String {
        self.key().1
    }

    /// What stands for the whole of AWS on this machine.
    fn endpoint(&self) -> String {
        self.cloud.description()["aws_endpoint_url"].as_str().unwrap().to_owned()
    }

    fn rehearsed(&self) -> Finished {
        self.maps().run(["plan", "stack.yaml", &self.cloud.flag(), "--output", "json"])
    }

    /// A plan in earnest, with this environment and nothing that asks the machine for its role.
    fn in_earnest(&self, environment: &[(&str, &str)]) -> Finished {
        let _ = self.maps().run(["plugin", "approve", "stack.yaml"]).expect(0);
        let maps = self.maps().env("AWS_EC2_METADATA_DISABLED", "true");
        let maps = environment.iter().fold(maps, |maps, (name, value)| maps.env(name, value));
        maps.run(["plan", "stack.yaml", "--output", "json"])
    }

    /// The last line of the audit log, after a check that the secret is nowhere.
    #[track_caller]
    fn last(&self, finished: &Finished) -> Json {
        let secret = self.secret();
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!said.contains(&secret), "{said}");
        let mut lines = Vec::new();
        for file in files(self.stack.path(), self.cloud.dir()) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            let own = file.parent() == Some(&*self.stack.path().join("operator"));
            assert!(own || !text.contains(&secret), "the secret is in {}", file.display());
            if file.ends_with("audit.jsonl") {
                maps_runtime::audit::verify(&file).unwrap();
                lines.extend(text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()));
            }
        }
        lines.pop().unwrap_or_else(|| panic!("nothing was recorded: {said}"))
    }

    #[track_caller]
    fn answered(&self, finished: &Finished, rule: &str) {
        let line = self.last(finished);
        let expected = [json!("answered"), json!(rule), json!(200)];
        assert_eq!([&line["outcome"], &line["rule"], &line["status"]], expected.each_ref(), "{line} {finished:?}");
    }

    #[track_caller]
    fn refused(&self, finished: &Finished, code: &str) {
        let line = self.last(finished);
        assert_eq!([&line["outcome"], &line["code"]], ["denied", code], "{line} {finished:?}");
        assert_eq!(finished.code, Some(3), "{finished:?}");
    }

    /// A file of the operator's own, outside of what maps writes.
    fn own(&self, name: &str, text: &str, mode: u32) -> String {
        let folder = self.stack.path().join("operator");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn files(dir: &Path, but: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path != but);
    entries.flat_map(|path| if path.is_dir() { files(&path, but) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_rehearsal_signs_with_the_clouds_keys_and_asks_the_environment_for_nothing() {
    let world = World::new(json!({"from": "aws"})).await;
    world.order("call-allowed", json!({"url": WHO}));
    // None of these would be taken, and none of them is looked at.
    let misled = world.maps().env("AWS_PROFILE", "none").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let misled = misled.env("AWS_ACCESS_KEY_ID", "AKIAWRONG").env("AWS_SECRET_ACCESS_KEY", "wrong");
    let finished = misled.run(["plan", "stack.yaml", &world.cloud.flag(), "--output", "json"]);
    world.answered(&finished, "who");
    world.order("call-allowed", json!({"url": "https://route53.amazonaws.com/2013-04-01/hostedzone"}));
    world.answered(&world.rehearsed(), "zones");
    world.order("call-allowed", json!({"url": "https://maps-test.s3.eu-central-1.amazonaws.com/"}));
    let line = world.last(&world.rehearsed());
    // As S3 wants it signed: what is missing is the bucket.
    assert_eq!([&line["rule"], &line["status"]], [&json!("bucket"), &json!(404)], "{line}");
    // Keys of the stack's own are the operator's real ones, and stay where they are.
    let other = World::new(
        json!({"from": "aws", "access_key_id": "AKIAEXAMPLE", "secret_access_key": "${inputs.key}", "region": "eu-west-1"}),
    )
    .await;
    other.order("call-allowed", json!({"url": WHO}));
    other.answered(&other.rehearsed(), "who");
}

#[tokio::test]
async fn rt21_keys_sign_only_for_hosts_and_actions_that_all_sides_allow() {
    let world = World::new(json!({"from": "aws", "hosts": ["sts.eu-central-1.amazonaws.com", SSM_HOST]})).await;
    world.order("call", json!({"url": "https://route53.amazonaws.com/2013-04-01/hostedzone"}));
    world.refused(&world.rehearsed(), "credential-host");
    world.order("call", json!({"url": "https://api.other.example/"}));
    world.refused(&world.rehearsed(), "credential-host");
    world.order("call", json!({"url": WHO.replace("GetCallerIdentity", "AssumeRole")}));
    world.refused(&world.rehearsed(), "aws-action");
    let target = |name: &str| json!([["x-amz-target", name], ["content-type", "application/x-amz-json-1.1"]]);
    let parameter =
        |name: &str| json!({"url": SSM, "method": "POST", "headers": target(name), "body": {"Name": "/none"}});
    world.order("call", parameter("AmazonSSM.DeleteParameter"));
    world.refused(&world.rehearsed(), "aws-action");
    world.order("call-allowed", parameter("AmazonSSM.GetParameter"));
    let line = world.last(&world.rehearsed());
    // Signed as it should be: the service says that there is no such parameter, and not who it does not know.
    assert_eq!([&line["outcome"], &line["status"]], [&json!("answered"), &json!(400)], "{line}");
    for name in ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "Authorization"] {
        world.order("call", json!({"url": WHO, "headers": [[name, "x"]]}));
        world.refused(&world.rehearsed(), "http-header");
    }
}

const SSM_HOST: &str = "ssm.eu-central-1.amazonaws.com";

#[tokio::test]
async fn keys_are_found_where_awss_own_programs_find_them() {
    let world = World::new(json!({"from": "aws"})).await;
    world.order("call-allowed", json!({"url": WHO}));
    let ((id, secret), endpoint) = (world.key(), world.endpoint());
    let environment = [("AWS_ACCESS_KEY_ID", &*id), ("AWS_SECRET_ACCESS_KEY", &*secret)];
    let at = ("AWS_ENDPOINT_URL", &*endpoint);
    world.answered(&world.in_earnest(&[&environment[..], &[at]].concat()), "who");
    // For one service alone, before what is for all of them.
    let nowhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let of_sts = ("AWS_ENDPOINT_URL_STS", &*endpoint);
    world.answered(&world.in_earnest(&[&environment[..], &[nowhere, of_sts]].concat()), "who");
    // From the operator's files: a profile whose keys a program prints, with its endpoint.
    let printed = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret});
    let program = world.own("keys", &format!("#!/bin/sh\necho '{printed}'\n"), 0o700);
    let profile =
        format!("[profile maps]\ncredential_process = {program}\nendpoint_url = {endpoint}\nregion = eu-west-1\n");
    let config = world.own("config", &profile, 0o600);
    let keys = world.own(
        "credentials",
        &format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
        0o600,
    );
    let files = [("AWS_CONFIG_FILE", &*config), ("AWS_SHARED_CREDENTIALS_FILE", &*keys)];
    world.answered(&world.in_earnest(&[&files[..], &[("AWS_PROFILE", "maps")]].concat()), "who");
    world.answered(&world.in_earnest(&[&files[..], &[at]].concat()), "who");
    // A profile that the stack names counts before keys in the environment.
    let named = World { credential: json!({"from": "aws", "profile": "maps"}), ..world };
    named.order("call-allowed", json!({"url": WHO}));
    let wrong = [("AWS_ACCESS_KEY_ID", "AKIAWRONG"), ("AWS_SECRET_ACCESS_KEY", "wrong")];
    named.answered(&named.in_earnest(&[&files[..], &wrong].concat()), "who");
}

#[tokio::test]
async fn keys_are_looked_for_once_a_run_and_again_only_before_they_end() {
    let world = World::new(json!({"from": "aws", "profile": "maps"})).await;
    let (id, secret) = world.key();
    let runs = world.own("runs", "", 0o600);
    // No call, no question.
    for (ends, times, expected) in [("", 0, 0), ("", 5, 1), ("9999-12-31T00:00:00Z", 5, 1), ("soon", 3, 3)] {
        let ends = match ends {
            "soon" => "$(date -u -d '+30 seconds' +%Y-%m-%dT%H:%M:%SZ)",
            other => other,
        };
        let mut printed = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret});
        if !ends.is_empty() {
            printed["Expiration"] = ends.into();
        }
        let printed = printed.to_string().replace('"', "\\\"");
        let script = format!("#!/bin/sh\necho run >> {runs}\necho \"{printed}\"\n");
        let program = world.own("keys", &script, 0o700);
        let config = world.own("config", &format!("[profile maps]\ncredential_process = {program}\n"), 0o600);
        std::fs::write(&runs, "").unwrap();
        world.order("call-allowed", json!({"url": WHO, "times": times}));
        if times == 0 {
            // Ordered in an operation that a plan does not have.
            world.stack.edit("\"preview\"", "\"create\"");
        }
        let environment = [("AWS_CONFIG_FILE", &*config), ("AWS_ENDPOINT_URL", &world.endpoint())];
        let finished = world.in_earnest(&environment);
        match times {
            0 => assert_eq!(finished.changes(), [1, 0, 0, 0], "{finished:?}"),
            _ => world.answered(&finished, "who"),
        }
        assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), expected, "{ends} {finished:?}");
    }
}

#[tokio::test]
async fn keys_and_an_endpoint_in_the_stack_are_used_as_they_are() {
    let world = World::new(json!({"from": "aws"})).await;
    let (id, endpoint) = (world.key().0, world.endpoint());
    let credential =
        json!({"from": "aws", "access_key_id": id, "secret_access_key": "${inputs.key}", "endpoint": endpoint});
    let world = World { credential, ..world };
    world.order("call-allowed", json!({"url": WHO}));
    world.answered(&world.in_earnest(&[]), "who");
    // A key in clear is told of, as every secret in a stack is.
    let clear = json!({"from": "aws", "access_key_id": id, "secret_access_key": "in-clear", "endpoint": endpoint});
    let world = World { credential: clear, ..world };
    world.order("call", json!({"url": WHO}));
    let finished = world.in_earnest(&[]);
    assert!(format!("{}{}", finished.stdout, finished.stderr).contains("secret-in-file"), "{finished:?}");
    let line = world.last(&finished);
    assert_eq!([&line["outcome"], &line["status"]], [&json!("answered"), &json!(403)], "{line}");
}

#[tokio::test]
async fn what_is_missing_is_told_with_what_to_do() {
    let world = World::new(json!({"from": "aws"})).await;
    world.order("call", json!({"url": WHO}));
    let nothing = world.own("nothing", "", 0o600);
    let files = [("AWS_CONFIG_FILE", &*nothing), ("AWS_SHARED_CREDENTIALS_FILE", &*nothing)];
    let finished = world.in_earnest(&files);
    world.refused(&finished, "aws-keys");
    assert!(format!("{}{}", finished.stdout, finished.stderr).contains("set AWS_PROFILE"), "{finished:?}");
    let named = World { credential: json!({"from": "aws", "profile": "nobody"}), ..world };
    named.order("call", json!({"url": WHO}));
    let finished = named.in_earnest(&files);
    named.refused(&finished, "aws-keys");
    assert!(format!("{}{}", finished.stdout, finished.stderr).contains("nobody"), "{finished:?}");
}

#[tokio::test]
async fn an_approval_names_what_is_signed_and_where() {
    let world = World::new(json!({"from": "aws", "hosts": [SSM_HOST]})).await;
    let page = world.maps().run(["plan", "stack.yaml"]);
    let said = "sign GetCallerIdentity, GetParameter to ssm.eu-central-1.amazonaws.com with the keys of AWS keys";
    assert!(page.code == Some(3) && page.stderr.contains(said), "{page:?}");
    let _ = world.maps().run(["plugin", "approve", "stack.yaml"]).expect(0);
    let lock = std::fs::read_to_string(world.stack.path().join("maps.lock")).unwrap();
    assert!(lock.contains("type: aws") && lock.contains("[GetCallerIdentity, GetParameter]"), "{lock}");
    let shown = world.maps().run(["plugin", "inspect", "./red.wasm"]).expect(0).stdout;
    assert!(shown.contains("aws  signs calls to AWS"), "{shown}");
    // One more host, or an endpoint elsewhere, is more than was approved.
    let wider = json!({"from": "aws", "hosts": [SSM_HOST], "endpoint": "https://elsewhere.example.com"});
    let world = World { credential: wider, ..world };
    world.order("call", json!({"url": WHO}));
    let page = world.maps().run(["plan", "stack.yaml"]);
    assert!(page.code == Some(3) && page.stderr.contains("elsewhere.example.com"), "{page:?}");
}
