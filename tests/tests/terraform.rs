//! Terraform and its AWS provider, as their makers ship them, against the local cloud: what they make is what they
//! find again, what they change is changed, and nothing of it is left once they have destroyed it.
//!
//! They are not pinned by `cargo xtask peers`, since their licence is no open one: where the machine does not have
//! them, the test says so and passes. The provider is looked for in `TF_PLUGIN_DIR` and in `/opt/tf-plugins`, laid
//! out as a filesystem mirror.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use maps_tests::CloudServer;
use maps_tests::aws::{Aws, Keys, REGION};
use serde_json::json;

const EVERYTHING: &str = include_str!("terraform/main.tf");

/// Where the provider lies on machines that have it.
const PLUGINS: &str = "/opt/tf-plugins";

/// How far the cloud's time goes on, twice a second: a change of records is in sync after a minute of it.
const STEP_MS: u64 = 30_000;

/// Terraform in a folder of its own, against a cloud of its own.
struct Terraform {
    // Dropped in this order: time, then the cloud, then their folder.
    _time: Time,
    cloud: CloudServer,
    home: tempfile::TempDir,
    program: PathBuf,
}

impl Terraform {
    /// None where the machine has no terraform or no provider for it.
    fn here() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|file| file.is_file());
        let plugins = std::env::var_os("TF_PLUGIN_DIR").map_or_else(|| PathBuf::from(PLUGINS), PathBuf::from);
        let has_provider = plugins.join("registry.terraform.io/hashicorp/aws").is_dir();
        let Some(program) = program.filter(|_| has_provider) else {
            println!("not run: no terraform in PATH, or no provider hashicorp/aws below {}", plugins.display());
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let mirror = format!("provider_installation {{\n  filesystem_mirror {{ path = {plugins:?} }}\n}}\n");
        fs::write(home.path().join("cli.tfrc"), mirror).unwrap();
        let cloud = CloudServer::start(&home.path().join("cloud"), &[]);
        let time = Time::fly(&cloud);
        Some(Self { _time: time, cloud, home, program })
    }

    /// A folder with a configuration, ready to be applied.
    fn folder(&self, name: &str, configuration: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("main.tf"), configuration).unwrap();
        self.succeeds(&folder, &["init"]);
        folder
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let description = self.cloud.description();
        let text = |pointer: &str| description.pointer(pointer).and_then(|value| value.as_str()).unwrap().to_owned();
        Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("TF_CLI_CONFIG_FILE", self.home.path().join("cli.tfrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_ENDPOINT_URL", text("/aws_endpoint_url"))
            .env("AWS_ACCESS_KEY_ID", text("/credentials/aws/access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", text("/credentials/aws/secret_access_key"))
            .env("AWS_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .expect("terraform starts")
    }

    /// Runs it; the answer is all that it said.
    #[track_caller]
    fn ends(&self, folder: &Path, arguments: &[&str], code: i32) -> String {
        let output = self.run(folder, arguments);
        let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
        assert_eq!(output.status.code(), Some(code), "terraform {}:\n{said}", arguments.join(" "));
        said
    }

    #[track_caller]
    fn succeeds(&self, folder: &Path, arguments: &[&str]) -> String {
        self.ends(folder, arguments, 0)
    }

    /// A plan that finds anything to do ends with 2.
    #[track_caller]
    fn has_nothing_to_do(&self, folder: &Path, variables: &[&str]) {
        let arguments = [&["plan", "-detailed-exitcode"], variables].concat();
        self.succeeds(folder, &arguments);
    }
}

/// Lets the cloud's time go by until dropped.
struct Time {
    stop: Option<Sender<()>>,
    flies: Option<JoinHandle<()>>,
}

impl Time {
    fn fly(cloud: &CloudServer) -> Self {
        let (stop, stopped) = mpsc::channel();
        let client = cloud.client();
        let flies = std::thread::spawn(move || {
            // The wait ends early when the sender is dropped, and that ends it all.
            while stopped.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
                client.control("POST", "/advance", Some(&json!({ "ms": STEP_MS })));
            }
        });
        Self { stop: Some(stop), flies: Some(flies) }
    }
}

impl Drop for Time {
    fn drop(&mut self) {
        drop(self.stop.take());
        // If the thread panicked, the test has failed or ended already.
        let _ = self.flies.take().map(JoinHandle::join);
    }
}

#[test]
fn terraform_makes_finds_changes_and_destroys_all_that_is_played() {
    let Some(terraform) = Terraform::here() else { return };
    let before = terraform.cloud.inventory();
    let folder = terraform.folder("everything", EVERYTHING);
    // Most of the time goes into waiting for records to be in sync, many of which can be waited for at once.
    let wide = ["-auto-approve", "-parallelism=40"];
    for round in [&[][..], &["-var=round=2"]] {
        terraform.succeeds(&folder, &[&["apply"], &wide[..], round].concat());
        terraform.has_nothing_to_do(&folder, round);
    }
    let second = "-var=round=2";
    // What is there already can be taken over, and is then what the configuration says.
    let imports = [("aws_ssm_parameter.plain", "/maps/plain"), ("aws_s3_bucket_policy.main", "maps-backups")];
    for (address, id) in imports {
        terraform.succeeds(&folder, &["state", "rm", address]);
        terraform.succeeds(&folder, &["import", second, address, id]);
    }
    terraform.has_nothing_to_do(&folder, &[second]);
    terraform.succeeds(&folder, &[&["destroy", second], &wide[..]].concat());
    assert_eq!(terraform.cloud.inventory(), before);
}

#[test]
fn terraform_keeps_its_state_in_a_bucket_and_heeds_its_lock() {
    let Some(terraform) = Terraform::here() else { return };
    let description = terraform.cloud.description();
    let text = |pointer: &str| description.pointer(pointer).and_then(|value| value.as_str()).unwrap().to_owned();
    let keys = Keys { id: text("/credentials/aws/access_key_id"), secret: text("/credentials/aws/secret_access_key") };
    let aws = Aws::new(&text("/aws_endpoint_url"), keys);
    let constraint = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    assert_eq!(aws.s3("PUT", "/state", &[], constraint).outcome(), "200");
    let configuration = r#"
        terraform {
          backend "s3" {
            bucket         = "state"
            key            = "maps/terraform.tfstate"
            use_lockfile   = true
            use_path_style = true
            encrypt        = true
          }
        }
        variable "round" { default = 1 }
        resource "terraform_data" "one" { input = var.round }
    "#;
    let folder = terraform.folder("backend", configuration);
    terraform.succeeds(&folder, &["apply", "-auto-approve"]);
    terraform.has_nothing_to_do(&folder, &[]);
    let lock = "/state/maps/terraform.tfstate.tflock";
    assert_eq!(aws.s3("GET", lock, &[], "").outcome(), "404 NoSuchKey", "the lock is gone with its run");
    // Somebody else's.
    assert_eq!(aws.s3("PUT", lock, &[], r#"{"ID":"1","Operation":"apply","Who":"ann"}"#).outcome(), "200");
    let refused = terraform.ends(&folder, &["apply", "-auto-approve", "-var=round=2"], 1);
    assert!(refused.contains("Error acquiring the state lock") && refused.contains("PreconditionFailed"), "{refused}");
    assert_eq!(aws.s3("DELETE", lock, &[], "").outcome(), "204");
    terraform.succeeds(&folder, &["apply", "-auto-approve", "-var=round=2"]);
    terraform.succeeds(&folder, &["destroy", "-auto-approve"]);
}
