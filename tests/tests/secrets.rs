//! Parameters, users, policies, access keys and buckets of AWS as an operator has them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::aws::Keys;
use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value, json};

const STACK: &str = include_str!("../stacks/secrets.yaml");

struct Account {
    stack: StackDir,
    cloud: CloudServer,
}

impl Account {
    fn new(text: &str) -> Self {
        let stack = StackDir::with(text);
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        Self { stack, cloud }
    }

    fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run([command, "stack.yaml", &flag, "--output", "json"].iter().chain(more))
    }

    fn up(&self) -> Finished {
        self.maps("run", &["--yes"]).expect(0)
    }

    /// What there is of one sort.
    fn there(&self, sort: &str) -> Vec<Value> {
        self.cloud.inventory()["aws"][sort].as_array().cloned().unwrap_or_default()
    }

    /// What a parameter holds.
    fn value(&self, name: &str) -> String {
        let answer = self.cloud.aws().ssm("GetParameter", &json!({"Name": name, "WithDecryption": true}));
        answer.json()["Parameter"]["Value"].as_str().unwrap_or_default().to_owned()
    }

    /// Writes a parameter as somebody else would.
    fn overwrite(&self, name: &str, value: &str) {
        let put = json!({"Name": name, "Value": value, "Type": "SecureString", "Overwrite": true});
        assert_eq!(self.cloud.aws().ssm("PutParameter", &put).status, 200);
    }

    /// The ids of the reader's access keys.
    fn keys(&self) -> Vec<String> {
        self.cloud.aws().iam("ListAccessKeys", &[("UserName", "external-secrets-ckan")]).texts("member/AccessKeyId")
    }

    /// How many calls of an action there were.
    fn calls(&self, service: &str, half: &str, action: &str) -> u64 {
        self.cloud.counts()[service][half][action].as_u64().unwrap_or_default()
    }
}

#[test]
fn the_stack_comes_up_stays_as_it_is_and_goes() {
    let account = Account::new(STACK);
    let before = account.cloud.inventory();
    let up = account.up();
    assert_eq!(up.changes(), [6, 0, 0, 0]);
    assert_eq!(account.value("/maps/postgres/password").len(), 40);
    let user = &account.there("users")[0];
    assert!(user["permissions_boundary"].as_str().unwrap().ends_with("policy/shop-bounds"), "{user}");
    assert!(user["inline_policies"]["inline"].as_str().unwrap().contains("parameter/maps/ckan/*"), "{user}");
    let bucket = &account.there("buckets")[0];
    assert_eq!((&bucket["versioning"], &bucket["region"]), (&json!("Enabled"), &json!("eu-central-1")), "{bucket}");

    let writes = account.cloud.calls("write");
    assert_eq!(account.up().changes(), [0; 4]);
    assert_eq!(account.cloud.calls("write"), writes);
    assert_eq!(account.calls("ssm", "read", "GetParameters"), 0, "no value is fetched that nobody changed");
    let _ = account.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(account.cloud.inventory(), before);
}

#[test]
fn the_key_that_was_made_opens_what_the_policy_says_and_no_more() {
    let kept =
        "  kept:\n    type: secrets/parameter\n    with: {name: /keys/ckan, value: \"${key.secret_access_key}\"}\n";
    let account = Account::new(&STACK.replace("outputs:\n", &format!("{kept}outputs:\n")));
    let _ = account.up();
    let keys = Keys { id: account.keys().remove(0), secret: account.value("/keys/ckan") };
    let reader = account.cloud.aws().by(&keys);
    let get = |name: &str| reader.ssm("GetParameter", &json!({"Name": name})).outcome();
    assert_eq!(get("/maps/ckan/api-key"), "200");
    assert_eq!(get("/maps/postgres/password"), "400 AccessDeniedException");
}

#[test]
fn what_others_do_is_shown_and_put_right() {
    let account = Account::new(STACK);
    let _ = account.up();
    let (given, made) = (account.value("/maps/ckan/api-key"), account.value("/maps/postgres/password"));
    account.overwrite("/maps/ckan/api-key", "not-what-the-stack-says");
    account.overwrite("/maps/postgres/password", "rotated-by-somebody-else");
    assert_eq!(account.up().changes(), [0, 1, 0, 0], "a given value is put right, a made one may be made by others");
    assert_eq!(account.value("/maps/ckan/api-key"), given);
    assert_eq!(account.value("/maps/postgres/password"), "rotated-by-somebody-else");
    assert_eq!(account.up().changes(), [0; 4]);
    account.stack.edit("generate: {length: 40}", "generate: {length: 40, rotate: two}");
    assert_eq!(account.up().changes(), [0, 1, 0, 0]);
    let anew = account.value("/maps/postgres/password");
    assert!(anew.len() == 40 && anew != made, "it is made anew");
    assert_eq!(account.up().changes(), [0; 4]);
}

#[test]
fn a_change_of_everything_is_one_update_each() {
    let account = Account::new(STACK);
    let _ = account.up();
    account.stack.edit("description: \"for ckan\"", "description: \"for others\", tier: Advanced");
    account.stack.edit("tags: {team: a}", "tags: {team: b}");
    account.stack.edit("[\"ssm:*\", \"route53:*\"]", "[\"ssm:*\"]");
    account.stack.edit("parameter/maps/ckan/*", "parameter/maps/*");
    account.stack.edit("rotate: \"1\"}", "rotate: \"1\", status: Inactive}");
    account.stack.edit("versioning: true", "versioning: false");
    assert_eq!(account.up().changes(), [0, 6, 0, 0]);
    assert_eq!(account.up().changes(), [0; 4]);
    let writes = account.cloud.calls("write");
    account.stack.edit(", tier: Advanced", "");
    let refused = account.maps("run", &["--yes"]);
    assert!(refused.stdout.contains("tier-downgrade"), "{refused:?}");
    assert_eq!(account.cloud.calls("write"), writes);
}

#[test]
fn a_rotation_makes_the_new_key_before_the_old_one_goes() {
    let account = Account::new(STACK);
    let _ = account.up();
    let old = account.keys();
    account.stack.edit("rotate: \"1\"", "rotate: \"2\"");
    assert_eq!(account.up().changes(), [0, 0, 1, 0]);
    let new = account.keys();
    assert!(new.len() == 1 && new != old, "{old:?} {new:?}");
    assert_eq!(account.up().changes(), [0; 4]);
}

#[test]
fn a_key_whose_answer_was_lost_is_replaced_in_the_same_run() {
    for call in 1..30 {
        let account = Account::new(STACK);
        let hit = account.maps("run", &["--yes", "--fault", &format!("iam:lost@{call}")]).expect(0);
        if account.calls("iam", "write", "CreateAccessKey") == 2 {
            assert_eq!(account.keys().len(), 1, "{hit:?}");
            assert_eq!(account.calls("iam", "write", "DeleteAccessKey"), 1);
            assert_eq!(account.up().changes(), [0; 4]);
            return;
        }
    }
    panic!("no reply of CreateAccessKey was lost");
}

#[test]
fn what_others_made_is_left_alone() {
    let account = Account::new(STACK);
    let aws = account.cloud.aws();
    let put = json!({"Name": "/maps/ckan/api-key", "Value": "theirs", "Type": "String"});
    assert_eq!(aws.ssm("PutParameter", &put).status, 200);
    assert_eq!(aws.iam("CreateUser", &[("UserName", "external-secrets-ckan")]).status, 200);
    let place =
        "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(aws.s3("PUT", "/shop-backups", &[], place).status, 200);
    let taken = account.maps("run", &["--yes"]);
    for code in ["parameter-exists", "user-exists", "bucket-exists"] {
        assert!(taken.stdout.contains(code), "{code}: {taken:?}");
    }
    assert_eq!(account.value("/maps/ckan/api-key"), "theirs");
    let destroyed = account.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(account.value("/maps/ckan/api-key"), "theirs", "{destroyed:?}");
    assert_eq!((account.there("users").len(), account.there("buckets").len()), (1, 1));
}

/// So many parameters.
fn many(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|n| format!("p{n:03}: 1")).collect();
    let head = STACK.split("resources:").next().unwrap();
    format!(
        "{head}resources:\n  secret:\n    each: {{{}}}\n    type: secrets/parameter\n    with: {{name: \
         \"/many/${{each.key}}\", generate: {{}}}}\n",
        names.join(", ")
    )
}

#[test]
fn a_hundred_parameters_take_few_calls() {
    let account = Account::new(&many(100));
    assert_eq!(account.up().changes(), [100, 0, 0, 0]);
    let (reads, writes) = (account.cloud.calls("read"), account.cloud.calls("write"));
    assert!(reads <= 2 && writes == 100, "{reads} reads, {writes} writes");
    assert_eq!(account.up().changes(), [0; 4]);
    assert_eq!((account.cloud.calls("read") - reads, account.cloud.calls("write")), (2, writes));
    let _ = account.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(account.cloud.calls("write") - writes, 10);
}
