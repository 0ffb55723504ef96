//! Programs of `cargo xtask peers` that serve: AWS, as others play it, and a registry of charts.
#![allow(clippy::expect_used)] // Without a peer a test has nothing to say.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use crate::aws::{Keys, REGION};
use crate::built;

/// How long a peer may take until it answers; a loaded machine takes many times what a free one does.
const START_LIMIT: Duration = Duration::from_secs(120);

/// One of them; ended when dropped.
#[derive(Debug)]
pub struct Peer {
    endpoint: String,
    // Dropped in this order: the process first, then the folder that it runs in.
    _child: Child,
    home: TempDir,
}

/// A child that does not outlive its test, also when that panics.
#[derive(Debug)]
struct Child(process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        // If it ended by itself, there is nothing left to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Peer {
    /// moto's server, which lets everybody do everything.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn moto() -> Self {
        Self::python("moto", &["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], &[])
    }

    /// ministack, told to enforce policies and signatures. Unless told otherwise it listens on all
    /// addresses, and for devices and files too.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn ministack() -> Self {
        let environment = [
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", "0"),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
            ("AUTH", "true"),
            ("MINISTACK_REGION", REGION),
        ];
        Self::python("ministack", &["-m", "ministack"], &environment)
    }

    /// An OCI registry without TLS, empty. With a line of an htpasswd file it lets in nobody else.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn registry(htpasswd: Option<&str>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut config =
            "version: 0.1\nstorage: {filesystem: {rootdirectory: store}}\nhttp: {addr: 127.0.0.1:0}\n".to_owned();
        if let Some(line) = htpasswd {
            config += "auth: {htpasswd: {realm: charts, path: htpasswd}}\n";
            fs::write(home.path().join("htpasswd"), line).expect("a file");
        }
        fs::write(home.path().join("config.yml"), config).expect("a file");
        Self::start(home, "docker-registry", "usr/bin/docker-registry", &["serve", "config.yml"], &[], "listening on ")
    }

    /// The folder that it runs in, where a registry keeps what it is given.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where it answers: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What both of them take for the account's root.
    pub fn root() -> Keys {
        Keys { id: "test".to_owned(), secret: "test".to_owned() }
    }

    fn python(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Self::start(home, name, "bin/python", arguments, environment, "Running on http://")
    }

    /// Starts it, and returns once it `says` where it listens.
    fn start(
        home: TempDir,
        name: &str,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        says: &str,
    ) -> Self {
        let target = built().parent().map(Path::to_path_buf).unwrap_or_default();
        let program = target.join("peers").join(name).join(program);
        assert!(program.exists(), "{} is not there: `cargo xtask peers` installs it", program.display());
        let (output, to_output) = std::io::pipe().expect("a pipe");
        let mut command = Command::new(program);
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
            if let Some((_, at)) = line.split_once(says) {
                let address = at.split([' ', '"']).next().unwrap_or_default();
                assert!(address.starts_with("127.0.0.1:"), "{name} listens on {address}");
                return Self { endpoint: format!("http://{address}"), _child: child, home };
            }
            before.push(line);
        }
    }
}
