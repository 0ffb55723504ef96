//! The clouds: one of ours and two of others, each in a process of its own, on a port that the system chose.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use maps_rehearsal::{AwsLimits, Cloud as Rehearsal, Options, Running};
use maps_tests::aws::{Aws, Keys};
use maps_tests::built;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Whose AWS it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// Ours.
    Rehearsal,
    /// moto's server, which lets everybody do everything.
    Moto,
    /// ministack, told to enforce policies and signatures.
    Ministack,
}

/// For cases about what a service does.
pub(crate) const ALL: &[Cloud] = &[Cloud::Rehearsal, Cloud::Moto, Cloud::Ministack];
/// For cases about who may do it.
pub(crate) const ENFORCING: &[Cloud] = &[Cloud::Rehearsal, Cloud::Ministack];

/// How long a peer may take until it answers; a loaded machine takes many times what a free one does.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A running cloud; ended when dropped.
pub(crate) struct World {
    cloud: Cloud,
    aws: Aws,
    serves: Serves,
}

/// Who serves.
enum Serves {
    /// Ours, in this process.
    Ours(Box<Ours>),
    /// A child.
    Peer { _peer: Peer },
}

impl World {
    /// Ours.
    pub(crate) fn rehearsal() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        // Neither of the others throttles, and this is not about speed.
        let options = Options { aws: AwsLimits { route53_per_second: 0 }, ..Options::new(home.path()) };
        let running = runtime.block_on(Rehearsal::start(options)).expect("a local cloud");
        let file = running.file();
        let endpoint = file.aws_endpoint_url.clone().expect("one endpoint for all of AWS");
        let planted = file.credentials.aws.as_ref().expect("a planted key");
        let operator = Keys { id: planted.access_key_id.clone(), secret: planted.secret_access_key.clone() };
        let ours = Ours { running, runtime, _home: home };
        Self { cloud: Cloud::Rehearsal, aws: Aws::new(&endpoint, operator), serves: Serves::Ours(Box::new(ours)) }
    }

    /// moto.
    pub(crate) fn moto() -> Self {
        let peer = Peer::start("moto", &["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], &[]);
        Self::of_peer(Cloud::Moto, peer)
    }

    /// ministack. Unless told otherwise it listens on all addresses, and for devices and files too.
    pub(crate) fn ministack() -> Self {
        let environment = [
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", "0"),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
            ("AUTH", "true"),
            ("MINISTACK_REGION", maps_tests::aws::REGION),
        ];
        let peer = Peer::start("ministack", &["-m", "ministack"], &environment);
        Self::of_peer(Cloud::Ministack, peer)
    }

    fn of_peer(cloud: Cloud, peer: Peer) -> Self {
        // What both of them take for the account's root.
        let root = Keys { id: "test".to_owned(), secret: "test".to_owned() };
        Self { cloud, aws: Aws::new(&peer.endpoint, root), serves: Serves::Peer { _peer: peer } }
    }

    /// Which one it is.
    pub(crate) fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// A client that may do everything.
    pub(crate) fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Lets time pass, where it can be told to: with the others it is the number of questions that counts.
    pub(crate) fn pass(&self, time: Duration) {
        if let Serves::Ours(ours) = &self.serves {
            let (file, ms) = (ours.running.file(), u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
            let request = http.post(format!("{}/advance", file.control)).bearer_auth(&file.control_token);
            let answer = ours.runtime.block_on(request.body(format!(r#"{{"ms":{ms}}}"#)).send());
            answer.and_then(reqwest::Response::error_for_status).expect("the cloud lets time pass");
        }
    }
}

/// The local cloud. Dropped in this order: what serves, what it runs on, and the folder that it keeps its state in.
struct Ours {
    running: Running,
    runtime: Runtime,
    _home: TempDir,
}

/// A program of `cargo xtask peers` that serves.
struct Peer {
    endpoint: String,
    // Dropped in this order: the process first, then the folder that it runs in.
    _child: Child,
    _home: TempDir,
}

/// A child that does not outlive its test, also when that panics.
struct Child(process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        // If it ended by itself, there is nothing left to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Peer {
    /// Starts it, and returns once it says where it listens.
    fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let target = built().parent().map(Path::to_path_buf).unwrap_or_default();
        let python = target.join("peers").join(name).join("bin/python");
        assert!(python.exists(), "{} is not there: `cargo xtask peers` installs it", python.display());
        let home = tempfile::tempdir().expect("a folder");
        let (output, to_output) = std::io::pipe().expect("a pipe");
        let mut command = Command::new(python);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("PYTHONUNBUFFERED", "1")
            .envs(environment.iter().copied())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stderr(to_output.try_clone().expect("the pipe's end again"))
            .stdout(to_output);
        let child = Child(command.spawn().expect("it starts"));
        // The command holds the writing end: without it the pipe ends with the process.
        drop(command);
        let (say, hear) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody hears it any more once the peer listens, and it must be able to go on writing.
                let _ = say.send(line);
            }
        });
        let mut before = Vec::new();
        loop {
            let line = hear.recv_timeout(START_LIMIT);
            let line = line.unwrap_or_else(|e| panic!("{name} does not start ({e}):\n{}", before.join("\n")));
            if let Some((_, at)) = line.split_once("Running on http://") {
                let address = at.split_whitespace().next().unwrap_or_default();
                assert!(address.starts_with("127.0.0.1:"), "{name} listens on {address}");
                return Self { endpoint: format!("http://{address}"), _child: child, _home: home };
            }
            before.push(line);
        }
    }
}
