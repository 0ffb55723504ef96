//! One run of the whole stack for all tests of this program: each gets the folder as the run left it, with the cloud in
//! it, and serves that cloud by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use maps_tests::aws::Answer;
use maps_tests::{CloudServer, Finished, StackDir, copy_folder};
use serde_json::Value;

/// What the run was like.
pub(crate) struct Run {
    folder: PathBuf,
    /// What existed before it.
    pub(crate) before: Value,
    /// The run itself.
    pub(crate) first: Finished,
    /// Another one.
    pub(crate) second: Finished,
    /// The calls that changed something, before and after the second run.
    pub(crate) writes: [u64; 2],
}

static RUN: OnceLock<Run> = OnceLock::new();

/// The run; whoever asks first makes it.
pub(crate) fn run() -> &'static Run {
    RUN.get_or_init(|| {
        // In the target folder: nothing is left behind elsewhere, though nobody takes it away at the end.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stack_maps");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let platform = Platform::fresh();
        let before = platform.cloud.inventory();
        let first = platform.maps("run", &["--yes"]);
        let writes = platform.cloud.calls("write");
        let second = platform.maps("run", &["--yes"]);
        let writes = [writes, platform.cloud.calls("write")];
        platform.copy_into(&folder);
        Run { folder, before, first, second, writes }
    })
}

/// The stack's folder, with a cloud beside it.
pub(crate) struct Platform {
    pub(crate) cloud: CloudServer,
    pub(crate) stack: StackDir,
}

impl Platform {
    /// Nothing of it is there yet.
    pub(crate) fn fresh() -> Self {
        Self::of(StackDir::copy_of("maps"))
    }

    /// A stack of a test's own.
    pub(crate) fn of(stack: StackDir) -> Self {
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        Self { cloud, stack }
    }

    /// As the run of all tests left it.
    pub(crate) fn up() -> Self {
        let run = run();
        assert_eq!(run.first.code, Some(0), "{}\n{}", run.first.stdout, run.first.stderr);
        let stack = StackDir::with("");
        copy_folder(&run.folder, stack.path()).unwrap();
        fs::rename(stack.path().join("kept"), stack.path().join(".maps")).unwrap();
        Self::of(stack)
    }

    /// Keeps stack, state and cloud in a folder.
    fn copy_into(&self, folder: &Path) {
        copy_folder(self.stack.path(), folder).unwrap();
        let kept = folder.join("kept");
        fs::create_dir_all(&kept).unwrap();
        copy_folder(&self.stack.path().join(".maps"), &kept).unwrap();
    }

    pub(crate) fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run([command, "stack.yaml", &flag, "--output", "json"].iter().chain(more))
    }

    /// Runs the stack again.
    pub(crate) fn again(&self, more: &[&str]) -> Finished {
        self.maps("run", &[&["--yes"], more].concat())
    }

    pub(crate) fn plan(&self) -> Vec<Value> {
        self.maps("plan", &[]).expect(0).events()
    }

    /// A program of `cargo xtask peers` that talks to the stack's cluster: what it printed, if it succeeded.
    #[track_caller]
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.client(program).args(arguments).output().expect("it starts");
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Such a program, with a kubeconfig that leads to the cluster.
    pub(crate) fn client(&self, program: &str) -> Command {
        let kubeconfig = self.stack.path().join("kubeconfig");
        if !kubeconfig.exists() {
            fs::write(&kubeconfig, self.kubeconfig()).unwrap();
        }
        let mut command = Command::new(maps_tests::program(program));
        let home = self.stack.path();
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).env("TMPDIR", home);
        command.env("KUBECONFIG", kubeconfig).current_dir(home).stdin(Stdio::null());
        command
    }

    /// The cluster's kubeconfig, with the address at which the cloud serves it.
    fn kubeconfig(&self) -> String {
        let client = self.cloud.client();
        let id = client.clusters()[0]["id"].as_str().unwrap().to_owned();
        let (status, credentials) = client.call("GET", &format!("/v2/kubernetes/clusters/{id}/credentials"), None);
        assert_eq!(status, 200, "{credentials}");
        let host = format!("{id}.k8s.ondigitalocean.com");
        let description = self.cloud.description();
        let at = description["hosts"][&host].as_str().unwrap_or_else(|| panic!("nothing serves {host}"));
        let (ca, token) = (&credentials["certificate_authority_data"], &credentials["token"]);
        format!(
            "{{apiVersion: v1, kind: Config, current-context: c, clusters: [{{name: c, cluster: {{server: \"https://{at}\", \
             certificate-authority-data: {ca}}}}}], users: [{{name: u, user: {{token: {token}}}}}], \
             contexts: [{{name: c, context: {{cluster: c, user: u}}}}]}}"
        )
    }

    /// An object of the cluster, as a client sees it.
    #[track_caller]
    pub(crate) fn object(&self, namespace: &str, kind: &str, name: &str) -> Value {
        let text = self.ask("kubectl", &["-n", namespace, "get", kind, name, "-o", "json"]);
        serde_json::from_str(&text).unwrap()
    }

    /// A value of a Secret, decoded.
    #[track_caller]
    pub(crate) fn secret(&self, namespace: &str, name: &str, key: &str) -> String {
        use base64::Engine as _;
        let secret = self.object(namespace, "secret", name);
        let text = secret["data"][key].as_str().unwrap_or_else(|| panic!("{name} has no {key}: {secret}"));
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
    }

    /// The records of the stack's zone, by name and type.
    pub(crate) fn records(&self) -> BTreeMap<(String, String), Vec<String>> {
        let aws = self.cloud.aws();
        let zone = element(&aws.route53("GET", "/hostedzonesbyname", ""), "Id").unwrap();
        let zone = zone.rsplit('/').next().unwrap().to_owned();
        let answer = aws.route53("GET", &format!("/hostedzone/{zone}/rrset"), "");
        let mut records = BTreeMap::new();
        let body = String::from_utf8(answer.body).unwrap();
        for set in body.split("<ResourceRecordSet>").skip(1) {
            let within = |name: &str| texts(set, name).into_iter().next().unwrap_or_default();
            let name = within("Name").trim_end_matches('.').to_owned();
            records.insert((name, within("Type")), texts(set, "Value"));
        }
        records
    }
}

/// The texts between the tags of this name.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| Some(part.split_once(&close)?.0.replace("&quot;", "\"").replace("&#34;", "\""))).collect()
}

/// The text of the first element of this name.
pub(crate) fn element(answer: &Answer, name: &str) -> Option<String> {
    answer.texts(name).into_iter().next()
}

/// The steps of a plan's events that do something, as `action address`.
pub(crate) fn actions(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["event"] == "step" && event["action"] != "same")
        .map(|event| format!("{} {}", event["action"].as_str().unwrap(), event["address"].as_str().unwrap()))
        .collect()
}
